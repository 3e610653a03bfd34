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
class Peer:
    name: str
    command: list
    version_command: list
    needs: pathlib.Path
    advice: str
    roles: tuple = ("client", "server")

    @property
    def is_present(self):
        return self.needs.exists()

    def version(self):
        try:
            answer = subprocess.run(self.version_command, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        return (answer.stdout.strip().splitlines() or ["unknown"])[0]


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
        program = CACHE / "peers" / name
        version_command = ["sh", "-c", f"cd '{program}.tree' && {version}"]
        peers.append(Peer(name, [str(program)], version_command, program, f"scripts/lib/peers {name} gets it"))
    return {peer.name: peer for peer in peers}


def missing_tools():
    """Debian's packages with the programs that the laboratory itself calls."""
    programs = {"ip": "iproute2", "tshark": "tshark", "dumpcap": "wireshark-common", "ethtool": "ethtool"}
    programs |= {"iperf3": "iperf3", "openssl": "openssl"}
    return sorted({package for program, package in programs.items() if not shutil.which(program)})
