"""Who is measured: programs that take the flags of `tern peer`, and ngtcp2's own, which speak HTTP/3."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

OURS, SIBLING, FLOOR, PEER = "ours", "sibling", "floor", "peer"
TERN, SIBLING_NAME, FLOOR_NAME = "Tern", "Tern, sealed by GnuTLS", "C program"
CIPHER = ("--cipher", "aes128")
# How much less aioquic gets to do.
SLOW = 16


@dataclasses.dataclass
class Stack:
    """`kind`: the floor and the sibling are no rivals, and ratios to the floor stand apart."""

    name: str
    kind: str
    server: list[str]
    client: list[str]
    share: float = 1.0
    # Flags of the client, or words of its help, without which a case leaves the stack out.
    abilities: frozenset[str] = frozenset()
    # Processor seconds, user and system, of a client that only starts and shakes hands once.
    start_up: tuple[float, float] = (0.0, 0.0)

    def can(self, *abilities: str) -> bool:
        return set(abilities) <= self.abilities


# What every program of the contract does.
CONTRACT = frozenset({"down", "up", "ping", "hs"})
# Their servers send datagrams back, too.
RIVAL = CONTRACT | {"echoes"}


def abilities(program: str) -> frozenset[str]:
    """What the help of `tern peer` and of the C program names beyond the contract."""
    command = [program, "peer", "--help"] if pathlib.Path(program).name == "tern" else [program, "--help"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return CONTRACT
    words = set((answer.stdout + answer.stderr).replace(",", " ").replace("|", " ").replace(";", " ").split())
    extra = {"both", "idle", "dgrams", "--on", "--resumed", "--conns", "--interval", "--max-udp", "--cc"}
    found = extra & words
    return CONTRACT | found | ({"echoes"} if "dgrams" in found else set())


def tern(program: str) -> Stack:
    command = [program, "peer"]
    return Stack(
        TERN, OURS, [*command, "server", *CIPHER], [*command, "client", *CIPHER], abilities=abilities(program)
    )


def sibling(program: str) -> Stack | None:
    """Tern with the C program's AES-GCM, where Tern has another: moves bulk, and nothing else."""
    answer = subprocess.run([program, "version", "--json"], capture_output=True, text=True, timeout=20, check=False)
    if json.loads(answer.stdout)["aes_gcm"] != "Tern":
        return None
    command, flags = [program, "peer"], [*CIPHER, "--protection", "library"]
    able = abilities(program) & {"down", "up", "--max-udp"}
    return Stack(SIBLING_NAME, SIBLING, [*command, "server", *flags], [*command, "client", *flags], abilities=able)


def floor(program: str) -> Stack:
    """The C program over the same libraries."""
    return Stack(
        FLOOR_NAME, FLOOR, [program, "server", *CIPHER], [program, "client", *CIPHER], abilities=abilities(program)
    )


def rivals(folder: pathlib.Path, say) -> list[Stack]:
    """The other stacks that are in the folder."""
    python, quinn, go = folder / "venv/bin/python", folder / "quinn/quinn011", folder / "quicgo/quicgo50"
    aioquic = [folder / "aioquic" / f"aq_{role}.py" for role in ("server", "client")]
    size = ("--mtu", "1452")
    able = RIVAL | {"idle"}
    entries = [
        ([quinn], Stack("quinn 0.11", PEER, [str(quinn), "server", *CIPHER], [str(quinn), "client", *CIPHER])),
        # Chooses AES-128-GCM by itself.
        ([go], Stack("quic-go 0.50", PEER, [str(go), "server"], [str(go), "client"])),
        (
            [python, *aioquic],
            Stack(
                "aioquic 1.7",
                PEER,
                [str(python), str(aioquic[0]), *CIPHER, *size],
                [str(python), str(aioquic[1]), *CIPHER, *size],
                share=1 / SLOW,
            ),
        ),
    ]
    found = []
    for needed, stack in entries:
        missing = [path for path in needed if not path.exists()]
        if missing:
            say(f"skipped {stack.name}: there is no {missing[0]}")
        else:
            stack.abilities = able if stack.share == 1 else RIVAL
            found.append(stack)
    return found


@dataclasses.dataclass
class FileStack:
    """ngtcp2's own programs: HTTP/3 and files, so that time is what a process takes beyond one that fetches a byte."""

    name: str
    prefix: list[str]
    htdocs: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path
    kind: str = PEER
    share: float = 1.0
    abilities: frozenset[str] = frozenset({"down", "--cc"})
    start_up: tuple[float, float] = (0.0, 0.0)
    start_up_wall: float = 0.0
    cached: set[str] = dataclasses.field(default_factory=set)

    CIPHERS = "--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM"

    def can(self, *wanted: str) -> bool:
        return set(wanted) <= self.abilities

    def server_command(self, host: str, port: int, *more: str) -> list[str]:
        return [
            *self.prefix, "gtlsserver", "-q", "-d", str(self.htdocs), "--max-streams-bidi=200", "--timeout=3600s",
            *more, host, str(port), str(self.key), str(self.certificate),
        ]  # fmt: skip

    def client_command(self, host: str, port: int, size: int, streams: int, *more: str) -> list[str]:
        name = self.file(size // streams)
        count = ["-n", str(streams)] if streams > 1 else []
        return [
            *self.prefix, "gtlsclient", "-q", "--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close",
            "--sni=localhost", self.CIPHERS, *count, *more, host, str(port), f"https://localhost/{name}",
        ]  # fmt: skip

    def file(self, size: int) -> str:
        """A file of zeros, as the other programs send; it is sparse."""
        name = f"tern-bench-{size}"
        path = self.htdocs / name
        if not path.exists() or path.stat().st_size != size:
            with open(path, "wb") as file:
                file.truncate(size)
        if name not in self.cached:
            # The server maps it: what it reads first would come from the disk, and what the others send does not.
            with open(path, "rb") as file:
                while file.read(1 << 20):
                    pass
            self.cached.add(name)
        return name


def files(folder: pathlib.Path, say) -> FileStack | None:
    """ngtcp2 1.11's programs, which are Debian 13's: in the chroot of the peers, or of this machine."""
    certificate, key, htdocs = folder / "certs/leaf.pem", folder / "certs/leaf.key", folder / "htdocs"
    # The script would make the chroot that is not there, which takes minutes.
    chroot = pathlib.Path(os.environ.get("TERN_TRIXIE") or pathlib.Path.home() / ".cache/tern/trixie-peers")
    enter = ["env", f"PEERS={folder}", str(folder / "trixie.sh")] if (chroot / "usr/sbin/gtlsserver").exists() else []
    if not (certificate.exists() and key.exists() and htdocs.is_dir()):
        say(f"skipped ngtcp2's own programs: {folder} has no certs and htdocs")
        return None
    for prefix in [enter] if enter else [[]] if shutil.which("gtlsserver") else []:
        try:
            answer = subprocess.run(
                [*prefix, "gtlsserver", "--help"], capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        # 0.12 has it not.
        if "--pmtud-probes" in answer.stdout:
            return FileStack("ngtcp2's own (HTTP/3)", prefix, htdocs, certificate, key)
    say("skipped ngtcp2's own programs: there is no gtlsserver 1.x")
    return None
