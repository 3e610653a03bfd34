"""Servers and clients as processes of their own, and what they used of the machine."""

import dataclasses
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

from .stacks import FileStack, Stack

TICK = 1 / os.sysconf("SC_CLK_TCK")
LOCAL = "127.0.0.1"


class Failure(Exception):
    """A run came to nothing. The others go on."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the two ends run: a command before the program, and the server's address."""

    client: tuple[str, ...] = ()
    server: tuple[str, ...] = ()
    host: str = LOCAL
    is_loopback: bool = True


class Loopback:
    """A network namespace with a loopback of its own, so that nobody else's packets and ports are there; where there
    can be none, the machine's."""

    def __init__(self) -> None:
        self.name = f"tern-bench-{os.getpid()}"
        self.place = Place()

    def __enter__(self) -> Place:
        if os.geteuid() == 0 and self._ip("netns", "add", self.name):
            self._ip("-n", self.name, "link", "set", "lo", "up")
            inside = ("ip", "netns", "exec", self.name)
            self.place = Place(inside, inside)
        return self.place

    def __exit__(self, *_) -> None:
        if self.place.client:
            self._ip("netns", "delete", self.name)

    @staticmethod
    def _ip(*words: str) -> bool:
        try:
            return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def processor_time(pid: int) -> tuple[float, float]:
    """Seconds of user and of system time so far, of a process that still runs."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) * TICK, int(fields[12]) * TICK


def peak_memory(pid: int) -> float | None:
    """The largest resident memory so far in MiB; nothing of a process that has ended."""
    try:
        match = re.search(r"^VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:
        return None
    return int(match[1]) / 1024 if match else None


def resident(pid: int) -> int:
    """KiB."""
    match = re.search(r"^Rss:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(match[1]) if match else 0


def loopback_bytes(pid: int) -> int:
    """What the loopback of the process's network carried so far."""
    match = re.search(r"^\s*lo:\s*(\d+)", pathlib.Path(f"/proc/{pid}/net/dev").read_text(), re.M)
    return int(match[1]) if match else 0


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOCAL, 0))
        return probe.getsockname()[1]


def last_object(text: str) -> dict:
    lines = text.strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except ValueError:
        answer = {}
    return answer if isinstance(answer, dict) else {}


class Server:
    """A context in which the server of a stack listens."""

    def __init__(self, stack: Stack | FileStack, world, place: Place, *more: str) -> None:
        self.stack, self.place, self.port = stack, place, free_port()
        if isinstance(stack, FileStack):
            command = stack.server_command(place.host, self.port, *more)
        else:
            files = ["--cert", str(world.certificate), "--key", str(world.key)]
            address = f"{place.host}:{self.port}"
            command = [*stack.server, "--addr", address, *files, "--quiet", "--idle", "3600", *more]
        self.process = subprocess.Popen(
            [*place.server, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=world.scratch)  # fmt: skip
        try:
            self._wait_for_port()
        except Failure:
            self.stop()
            raise

    def _wait_for_port(self) -> None:
        words = " ".join(self.process.args)
        for _ in range(400):
            if self.process.poll() is not None:
                raise Failure(f"the server ended at once: {words}")
            for table in ("udp", "udp6"):
                try:
                    lines = pathlib.Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]
                except OSError:
                    continue
                if any(line.split()[1].endswith(f":{self.port:04X}") for line in lines):
                    return
            time.sleep(0.025)
        raise Failure(f"the server did not open its port: {words}")

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.stop()


@dataclasses.dataclass
class Use:
    """What one process used."""

    user: float
    system: float
    peak: float | None = None

    @property
    def total(self) -> float:
        return self.user + self.system


@dataclasses.dataclass
class Run:
    """A client that came to its end, beside its server."""

    answer: dict
    client: Use
    server: Use
    wall: float
    # What went over the loopback meanwhile; nothing is known of another network.
    carried: int | None = None


def client_command(stack: Stack, server: Server, world, *flags: str) -> list[str]:
    address = f"{server.place.host}:{server.port}"
    return [*server.place.client, *stack.client, "--addr", address, "--ca", str(world.authority), *flags]


def ask(server: Server, world, *flags: str, timeout: float | None = None) -> Run:
    """Runs a client of the contract against the server of its stack."""
    stack = server.stack
    assert isinstance(stack, Stack)
    timeout = timeout or world.patience
    command = client_command(stack, server, world, "--timeout", f"{timeout:g}", *flags)
    run = observe(command, server, world, timeout + 10)
    if not run.answer.get("ok"):
        raise Failure(f"{' '.join(flags)}: {json.dumps(run.answer)}")
    return run


def observe(command: list[str], server: Server, world, timeout: float) -> Run:
    """Runs any client. What it used for its start is taken away."""
    before, carried = processor_time(server.pid), loopback_bytes(server.pid)
    begun = time.monotonic()
    client = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=world.scratch)  # fmt: skip
    # Of its own network nobody else knows the end: an end by force must come from here.
    limit = threading.Timer(timeout, client.kill)
    limit.start()
    peaks: list[float] = []
    over = threading.Event()
    sampler = threading.Thread(target=_sample, args=(client.pid, peaks, over))
    sampler.start()
    try:
        output = client.stdout.read() if client.stdout else ""
        # The process is still there, as a zombie: its time can be read once it is waited for.
        _, status, usage = os.wait4(client.pid, 0)
        wall = time.monotonic() - begun
    finally:
        limit.cancel()
        over.set()
        sampler.join()
    client.returncode = os.waitstatus_to_exitcode(status)
    if server.process.poll() is not None:
        raise Failure("the server ended meanwhile")
    after = processor_time(server.pid)
    user, system = server.stack.start_up
    answer = last_object(output)
    if client.returncode and not answer:
        raise Failure(f"the client ended with status {client.returncode}: {' '.join(command[-8:])}")
    return Run(
        answer,
        Use(max(usage.ru_utime - user, 0), max(usage.ru_stime - system, 0), max(peaks, default=None)),
        Use(after[0] - before[0], after[1] - before[1], peak_memory(server.pid)),
        wall,
        loopback_bytes(server.pid) - carried if server.place.is_loopback else None,
    )


def _sample(pid: int, peaks: list[float], over: threading.Event) -> None:
    """A process's peak can't be read once it has ended, and what `wait` tells holds ours as well."""
    while not over.wait(0.05):
        peak = peak_memory(pid)
        if peak is None:
            return
        peaks.append(peak)
