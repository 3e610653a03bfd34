"""A gate that cannot fail is a defect, and so is a counter that counts something else: `scripts/counts selftest`."""

import pathlib
import subprocess
import tempfile

from . import figures, programs, thresholds
from .cases import CASES

CASE = next(case for case in CASES if case.name == "down1")
SIZE = CASE.long - CASE.short
PACKETS = SIZE // 1_400
ROUNDS = 1_000


class Report:
    def __init__(self):
        self.count, self.problems = 0, 0

    def __call__(self, holds, sentence):
        self.count += 1
        if not holds:
            self.problems += 1
            print(f"  FAIL  {sentence}")

    def fails(self, kind, sentence, words, body, *arguments):
        """`body` must fail, and must say `words`."""
        try:
            body(*arguments)
        except kind as error:
            self(words in str(error), f"{sentence}: it says {error}")
        else:
            self(False, f"{sentence}: nothing is said")


def run(scratch):
    expect = Report()
    arithmetic(expect)
    gate(expect)
    counter(expect, scratch)
    print(f"scripts/counts: {expect.count - expect.problems} of {expect.count} checks of its own hold")
    return 1 if expect.problems else 0


def made_up(packets, start=100, **more):
    """Counts of a transfer of that many packets: what grows with them, and a start that must not matter."""
    counts = {
        "allocations": start + packets // 2, "calls": start + packets // 50, "call recvmmsg": packets // 50,
        "copied_bytes": start + packets * 1_400, "retains": start + packets * 3, "wakes": packets // 100,
        "packets_received": packets}
    return {**counts, **more}


def arithmetic(expect):
    short, long = made_up(1_000, start=7_000), made_up(1_000 + PACKETS, start=7_000)
    found = figures.ratios(CASE, "client", short, long)
    for figure, value in (
        ("allocations per packet", 0.5), ("system calls per packet", 0.02), ("recvmmsg per packet", 0.02),
        ("futex per packet", 0), ("retains per packet", 3), ("copied bytes per byte", 1),
        ("application wakes per 64 KiB", 65_536 / 1_400 / 100),
    ):
        expect(abs(found[figure] - value) < 0.001, f"{found[figure]} {figure} instead of {value}")
    expect("locks per packet" not in found, "a figure comes from a count that nobody took")
    middle = figures.medians([{"a": 1.0}, {"a": 9.0, "b": 4.0}, {"a": 2.0}])
    expect(middle == {"a": 2.0, "b": 0.0}, f"the medians are {middle}")
    for text, words, counts in (
        ("packets that cannot be those with the data", "not the packets", made_up(1_000 + PACKETS * 3)),
        ("a counter that sees no allocations", "no allocations", {**long, "allocations": 0}),
        ("a counter that sees no references", "no retains", {**long, "retains": 0}),
    ):
        expect.fails(programs.Failure, text, words, figures.ratios, CASE, "client", short, counts)
    told = {"calls": 900, "call recvmmsg": 500, "receive_calls": 498}
    expect(programs.agree("client", told) is None, "the counter and tern agree, and that is refused")
    for seen in (400, 600):
        expect.fails(
            programs.Failure, "a counter that does not agree with tern", f"saw {seen}", programs.agree, "client",
            {**told, "call recvmmsg": seen})


def gate(expect):
    found = {"client": figures.ratios(CASE, "client", made_up(1_000), made_up(1_000 + PACKETS))}
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name, "6.3", CASE.name)
        thresholds.write(path, CASE, found, 3)
        limits = thresholds.read(path)
        expect(not thresholds.complaints(CASE, found, limits), "what was just measured exceeds the limits made of it")
        expect(not thresholds.uncounted(found, limits), "what was just measured is missing")
        expect(limits["client", "system calls per packet"] <= 0.05, "a limit is above the goal that is met")
        for figure, limit in limits.items():
            told = thresholds.complaints(CASE, found, {**limits, figure: limit / 3 - 0.01})
            words = f"{figure[1]} are", "Look at: ", CASE.name
            is_told = len(told) == 1 and all(word in told[0] for word in words)
            expect(is_told, f"more than the limit of {figure} is no offence: {told}")
        worse = {"client": {figure: value * 2.5 + 0.05 for figure, value in found["client"].items()}}
        told = thresholds.complaints(CASE, worse, limits)
        expect(len(told) == len(limits), f"two and a half times as much exceeds {len(told)} of {len(limits)} limits")
        del found["client"]["allocations per packet"]
        missing = thresholds.uncounted(found, limits)
        expect(missing == ["allocations per packet"], f"a count was left out, and missed are {missing}")
        for text in ("client 0.1 allocations per packt", "client many allocations per packet", "# nothing"):
            path.write_text(text + "\n")
            expect.fails(thresholds.Mistake, f"the line “{text}”", str(path), thresholds.read, path)
        path.with_name("6.3").parent.parent.joinpath("6.10").mkdir()
        expect(thresholds.folder(pathlib.Path(name), "6.3").name == "6.3", "a version's own limits are not taken")
        expect(thresholds.folder(pathlib.Path(name), "7.0").name == "6.10", "the newest limits are not taken")


def counter(expect, scratch):
    """What a C program does so many times, in each of two threads, is counted so many times."""
    tools = programs.Tools(str(scratch / "known"), scratch)
    few, many = (programs.Counted(tools, str(rounds)).finish()[1] for rounds in (0, ROUNDS))
    known = {"allocations": 6, "copies": 2, "copied_bytes": 2 * 1_000, "call getppid": 1, "call futex": 1}
    for name, times in known.items():
        if name.startswith("call ") and "calls" not in many:
            continue
        grown, made = many.get(name, 0) - few.get(name, 0), 2 * ROUNDS * times
        # The main thread may have to wait for the others, or not.
        spare = 20 if name == "call futex" else 0
        expect(made - spare <= grown <= made + spare, f"{made} {name} were made and {grown} counted")
