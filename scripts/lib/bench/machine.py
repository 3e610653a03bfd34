"""Where, when and with which versions a run was made."""

import hashlib
import os
import pathlib
import platform
import subprocess
import time

from .records import TURNS
from .stacks import FileStack, Stack


def first_line(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stdout.strip().splitlines() or [""])[0]


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def buffers() -> str:
    most, usual = (int(pathlib.Path(f"/proc/sys/net/core/rmem_{name}").read_text()) for name in ("max", "default"))
    return f"socket buffers of at most {most // 1024:,} KiB, {usual // 1024:,} KiB unless asked for"


def description(tern: str, begun: float) -> str:
    load = "{:.2f}".format(os.getloadavg()[0])
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime(begun))}, {first_line([tern, 'version'])}; {processor()}, "
        f"{os.cpu_count()} processors, Linux {platform.release()}, {buffers()}; load average at the start {load}"
    )


def digest(path: str) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:16]


def circumstances(world, stacks: list[Stack | FileStack]) -> dict:
    """What must be the same for two observations to belong to one run."""
    return {
        "gb": world.gb, "pings": world.pings, "handshakes": world.handshakes, "turns": TURNS,
        "processor": processor(), "linux": platform.release(), "boot": first_line(
            ["cat", "/proc/sys/kernel/random/boot_id"]),
        "programs": {stack.name: digest(stack.server[0]) for stack in stacks if isinstance(stack, Stack)},
    }  # fmt: skip
