"""Who takes part: commands that speak the interop runner's contract by their environment."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).parents[3]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tern"
PYTHON = ROOT / ".build/interop/venv/bin/python"


class Misunderstood(Exception):
    """What was asked for does not exist. The text says what does."""


@dataclasses.dataclass(frozen=True)
class Limit:
    """What a peer is known not to do, though the contract lets it not say so: a problem that is excused with its
    consequences, and no other."""

    role: str
    case: str
    problem: str
    reason: str
    consequences: tuple = ()

    def excuses(self, problems):
        is_theirs = [any(text in problem for text in (self.problem, *self.consequences)) for problem in problems]
        return all(is_theirs) and any(self.problem in problem for problem in problems)


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    command: list
    version_command: list
    needs: pathlib.Path
    advice: str
    limits: tuple = ()

    @property
    def is_present(self):
        return self.needs.exists()

    def version(self):
        try:
            answer = subprocess.run(self.version_command, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        return (answer.stdout.strip().splitlines() or ["unknown"])[0]


STAYS = Limit(
    "client",
    "connectionmigration",
    "the client sent to one server address only",
    "the client does not move to a preferred address",
    ("the server sent no PATH_CHALLENGE from its preferred address",),
)
# Each seen in a capture.
LIMITS = {
    "quinn": (
        STAYS,
        Limit(
            "client",
            "amplificationlimit",
            "MaximumPathDepthExceeded",
            "the client takes no chain of nine certificates",
            ("of 1 files, 1 are missing",),
        ),
        *(
            Limit("client", case, "PATH_CHALLENGE frames were never answered", "the client answers the last one only")
            for case in ("rebind-port", "rebind-addr")
        ),
    ),
    "quicgo": (STAYS,),
}


def registry(tern=None):
    """All peers by name; `tern` is the built command line."""
    tern = pathlib.Path(tern) if tern else ROOT / ".build/release/tern"
    python = str(PYTHON)
    peers = [
        Peer(
            "tern",
            ["env", f"TERN={tern}", str(ROOT / "scripts/interop-endpoint")],
            [str(tern), "version"],
            tern,
            "build it with `swift build -c release --product tern`, or name it with --tern",
        ),
        Peer(
            "aioquic",
            [python, str(ROOT / "Tests/Interop/aioquic_endpoint.py")],
            [python, "-c", "import aioquic; print('aioquic', aioquic.__version__)"],
            PYTHON,
            "scripts/interop --install gets it",
        ),
    ]
    # Both are built from Debian 13's packages; those of Rust have their version in their names.
    versions = {
        "quinn": "cd usr/share/cargo/registry && ls -d quinn-[0-9]*",
        "quicgo": "echo 'quic-go of Debian 13'",
    }
    for name, version in versions.items():
        program = CACHE / "interop" / name
        limits = LIMITS.get(name, ())
        version_command = ["sh", "-c", f"cd '{program}.tree' && {version}"]
        peers.append(Peer(name, [str(program)], version_command, program, f"scripts/lib/peers {name} gets it", limits))
    return {peer.name: peer for peer in peers}


def missing_tools():
    """Debian's packages with the programs that the laboratory itself calls."""
    programs = {"ip": "iproute2", "tshark": "tshark", "dumpcap": "wireshark-common", "ethtool": "ethtool"}
    programs |= {"iperf3": "iperf3", "openssl": "openssl"}
    return sorted({package for program, package in programs.items() if not shutil.which(program)})
