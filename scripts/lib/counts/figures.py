"""From counts to figures: what one packet, or 64 KiB, costs once a transfer is under way."""

import statistics
from dataclasses import dataclass

from .programs import Failure

WAKE_UNIT = 65_536
# A packet that carries less, on average, is none with data.
SMALLEST, LARGEST = 1_200, 1_452
# What no process can do without: a counter that says so does not count.
ALWAYS = ("allocations", "copied_bytes", "calls", "retains")


@dataclass(frozen=True)
class Kind:
    """A count, what it is called, and what it is divided by. A packet is one with data: sent by one process and
    received by the other."""

    count: str
    title: str
    per: str
    # Where to look when it is more than it was; empty where nothing is demanded.
    hint: str = ""
    # Above this the figure is too high whatever was measured.
    goal: float | None = None
    # Whether the code alone decides it. Otherwise it follows from how many packets a turn of the loop finds.
    exact: bool = False

    @property
    def figure(self):
        return f"{self.title} per {self.per}"


KINDS = [
    Kind("allocations", "allocations", "packet", "scripts/counts --sites CASE names the callers of malloc",
         exact=True),
    Kind(
        "allocations_beyond_chunks", "allocations beyond one per chunk", "packet",
        "scripts/counts --sites CASE names the callers of malloc", exact=True),
    Kind("calls", "system calls", "packet", "the single calls are listed above", 0.05),
    Kind("call futex", "futex", "packet", "a thread waits for another: Monitor, JobQueue, or a task off the loop"),
    Kind("call write", "write", "packet", "another thread wakes the loop: JobQueue.takeWake"),
    Kind("wakes", "application wakes", "64 KiB", "Monitor.update and whether its body says that it is worth a look", 1),
    Kind("loop_wake_writes", "loop wake writes", "64 KiB", "JobQueue.takeWake: who signals from another thread"),
    Kind("loop_sleeps", "loop sleeps", "64 KiB"),
    Kind("thread_sleeps", "thread sleeps", "64 KiB"),
    Kind("locks", "locks", "packet", "every Mutex.withLock on the way of a packet: once per burst is enough"),
    Kind("contended_locks", "contended locks", "64 KiB", "a Mutex is held by one thread while another wants it"),
    Kind("copied_bytes", "copied bytes", "byte", "memcpy of 512 bytes or more, ours or the libraries'",
         exact=True),
    Kind("retains", "retains", "packet", "swift_retain: perf record -g, and borrow what is only looked at"),
    Kind("releases", "releases", "packet"),
    Kind(
        "exclusivity_checks", "exclusivity checks", "packet",
        "swift_beginAccess: a stored property of a class that the compiler cannot check at compile time"),
]
BY_FIGURE = {kind.figure: kind for kind in KINDS}


def ratios(case, process, short, long):
    """The growth from a short to a long transfer, which leaves start-up, handshake and end out."""
    blind = [name for name in ALWAYS if long.get(name) == 0]
    if blind:
        raise Failure(f"{case.name}: the counter saw no {' and no '.join(blind)} in the {process} at all")
    grown = {name: value - short.get(name, 0) for name, value in long.items() if isinstance(value, int)}
    size = case.long - case.short
    packets = grown.get(case.packets[process], 0)
    if not size / LARGEST <= packets <= size / SMALLEST:
        raise Failure(
            f"{case.name}: {packets} more packets in the {process} for {size} more bytes: "
            "these are not the packets that carry them")
    if "chunks_delivered" in grown:
        grown["allocations_beyond_chunks"] = max(grown.pop("allocations") - grown["chunks_delivered"], 0)
    if "calls" in grown:
        for kind in KINDS:
            if kind.count.startswith("call "):
                grown.setdefault(kind.count, 0)
    units = {"packet": packets, "64 KiB": size / WAKE_UNIT, "byte": size}
    figures = {kind.figure: grown[kind.count] / units[kind.per] for kind in KINDS if kind.count in grown}
    for name, value in sorted(grown.items()):
        if name.startswith("call "):
            figures[f"{name.removeprefix('call ')} per packet"] = value / packets
    return figures


def medians(runs):
    """Of the same figures of several runs; a call that one of them did not make was made no times there."""
    return _across(runs, statistics.median)


def highest(runs):
    return _across(runs, max)


def _across(runs, summary):
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: summary([run.get(name, 0.0) for run in runs]) for name in names}
