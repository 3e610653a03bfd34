"""Connections that do nothing: what each keeps resident in the server, and what the server still does."""

import json
import pathlib
import re
import subprocess
import time

from .cases import Case, Values
from .processes import Failure, Server, ask, client_command, peak_memory, processor_time, resident
from .stacks import Stack
from .verdicts import LIBRARIES

SETTLE, WATCH = 3.0, 10.0
LIBRARY_KIND = "libraries"


def idle(count: int):
    def measure(stack: Stack, world) -> Values:
        if stack.kind == LIBRARY_KIND:
            return libraries(stack, count, world)
        with Server(stack, world, world.loopback) as server:
            # What is loaded and kept for the first connection is not a connection's.
            ask(server, world, "--mode", "hs", "--count", "16")
            time.sleep(1)
            before = resident(server.pid)
            hold = 2 * SETTLE + WATCH
            flags = ["--mode", "idle", "--idle", "3600", "--count", str(count), "--hold", f"{hold:g}",
                     "--timeout", "280"]  # fmt: skip
            client = subprocess.Popen(
                client_command(stack, server, world, *flags), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, cwd=world.scratch)  # fmt: skip
            try:
                line = client.stdout.readline()
                ready = json.loads(line).get("ready") if line.startswith("{") else None
                if ready != count:
                    raise Failure(f"{ready} of {count} connections came about: {line.strip()}")
                time.sleep(SETTLE)
                after, begun, used = resident(server.pid), time.monotonic(), processor_time(server.pid)
                time.sleep(WATCH)
                busy = sum(processor_time(server.pid)) - sum(used)
                seconds = time.monotonic() - begun
                # All must have lived through it; a client says so at its end.
                client.stdout.read()
                if client.wait(60) != 0:
                    raise Failure(f"the client ended with status {client.returncode}")
            finally:
                if client.poll() is None:
                    client.kill()
                    client.wait()
            return {
                "kib": (after - before) / count, "cpu_percent": 100 * busy / seconds,
                "server_peak": peak_memory(server.pid),
            }  # fmt: skip

    return measure


def libraries(stack: Stack, count: int, world) -> Values:
    """A C program with both ends in one process: half of what a pair keeps resident."""
    output = subprocess.run(
        [*stack.server, str(count)], cwd=world.scratch, capture_output=True, text=True, timeout=280, check=False
    ).stdout
    pair = re.search(r"([0-9.]+) KB RSS per pair", output)
    if not pair:
        raise Failure(f"the C program said nothing of its memory: {output[-200:]}")
    return {"kib": float(pair[1]) / 2}


def library_stack(program: pathlib.Path) -> Stack:
    return Stack(LIBRARIES, LIBRARY_KIND, [str(program)], [], abilities=frozenset({"idle"}))


def idle_cases() -> list[Case]:
    # Memory is the same every time; the second time shows that it is.
    return [
        Case(f"idle{count}", f"{count:,} idle connections", "idle", idle(count), ("idle",), rounds=1, warms_up=False)
        for count in (1_000, 10_000)
    ]
