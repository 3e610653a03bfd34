"""What the machine does without QUIC, and what the libraries do without sockets."""

import pathlib
import re
import subprocess

from .cases import Case, Values
from .processes import Failure
from .stacks import Stack

KIND = "limit"
PROGRAMS = {
    "UDP, 1,350 bytes a call": (["gso", "1350", "1", "0"], r"recv ([0-9.]+) Gbit"),
    "UDP, 45 datagrams a call (GSO, GRO)": (["gso", "1350", "45", "1"], r"recv ([0-9.]+) Gbit"),
    "ngtcp2 and GnuTLS in one thread, no sockets": (["pump", "{gb}"], r"([0-9.]+) Gbit/s"),
}


def measure(stack: Stack, world) -> Values:
    words, pattern = PROGRAMS[stack.name]
    command = [*world.loopback.server, stack.server[0], *(word.format(gb=world.gb) for word in words[1:])]
    output = subprocess.run(command, cwd=world.scratch, capture_output=True, text=True, timeout=100, check=False).stdout
    match = re.search(pattern, output)
    if not match:
        raise Failure(f"{words[0]} said nothing of its speed: {output[-200:]}")
    return {"mbit": float(match[1]) * 1e3}


def limit_stacks(folder: pathlib.Path) -> list[Stack]:
    return [
        Stack(name, KIND, [str(folder / words[0])], [], abilities=frozenset({"limit"}))
        for name, (words, _) in PROGRAMS.items() if (folder / words[0]).exists()
    ]  # fmt: skip


def limit_cases() -> list[Case]:
    return [Case("limit", "limits", "limits", measure, ("limit",), kinds=(KIND,), warms_up=False)]
