"""Arithmetic that cannot be wrong shows nothing: `scripts/bench selftest` feeds recorded values to tables and verdicts,
changes one at a time, and looks at what becomes of it. It measures nothing."""

import copy
import json
import pathlib
import tempfile

from . import counts, results, verdicts
from .cases import bulk_values, endpoint_cases
from .processes import Failure, Run, Use, last_object
from .records import LAP, TURNS, Records
from .report import Report, cell, table
from .stacks import FLOOR, FLOOR_NAME, OURS, PEER, SIBLING_NAME, TERN, Stack
from .suite import enough, wanted

BEST, OTHER = "quinn 0.11", "aioquic 1.7"
NOTHING = {f"{end}_{name}": [0] for end in ("client", "server") for name in ("allocations", "system_calls")}
# A run in which every point is met, three rounds each.
KEPT = {
    TERN: {
        "down1": {"mbit": [9000, 9600, 9200], "cpu": [1.6, 1.5, 1.7]},
        "up1": {"mbit": [9200, 9200, 9200], "cpu": [1.6, 1.6, 1.6]},
        "down100": {"mbit": [9000, 9000, 9000], "cpu": [1.6, 1.6, 1.6]},
        "ping_loop": {"p50": [100, 90, 110], "p99": [200, 250, 180]},
        "ping_pool": {"p50": [140, 140, 140], "p99": [300, 300, 300]},
        "hs16": {"per_s": [2000, 2100, 1900]},
        "idle10000": {"kib": [38, 39], "cpu_percent": [0.1, 0.2]},
        "router": {"10/10": [900, 1000, 1200], "10000/10": [1000, 1100, 1200], "10000/10000": [1100, 1200, 1300]},
        "counts_down1": {**NOTHING, "wakes_per_64k": [0.9]},
        "counts_up1": {**NOTHING, "wakes_per_64k": [1]},
        "lossy_cubic": {"mbit": [8, 8, 8]},
        "lossy_bbr": {"mbit": [60, 61, 62]},
        "ramp": {"second3": [91, 92, 93]},
        "jumbo8952": {"mbit": [20000]},
        "jumbo65000": {"mbit": [28000]},
    },
    FLOOR_NAME: {
        "down1": {"mbit": [9500, 9500, 9500], "cpu": [1.5, 1.5, 1.5]},
        "up1": {"mbit": [9500, 9500, 9500], "cpu": [1.5, 1.5, 1.5]},
        "down100": {"mbit": [9500, 9500, 9500], "cpu": [1.5, 1.5, 1.5]},
        "ping_loop": {"p50": [80, 80, 80], "p99": [100, 100, 100]},
        "hs16": {"per_s": [2000]},
        "idle10000": {"kib": [34, 34]},
    },
    # Faster and thriftier than all, and no rival.
    SIBLING_NAME: {"down1": {"mbit": [90000] * 3, "cpu": [0.1] * 3}},
    verdicts.LIBRARIES: {"idle10000": {"kib": [32]}},
    BEST: {
        "down1": {"mbit": [8000, 7000, 7900], "cpu": [1.9, 1.9, 1.9]},
        "up1": {"mbit": [8000, 8000, 8000], "cpu": [1.9, 1.9, 1.9]},
        "down100": {"mbit": [8000, 8000, 8000], "cpu": [1.9, 1.9, 1.9]},
        "ping_loop": {"p50": [120, 110, 130], "p99": [220, 220, 220]},
        "hs16": {"per_s": [1800, 1999]},
    },
    OTHER: {"down1": {"mbit": [150], "cpu": [60]}, "ping_loop": {"p50": [500]}, "hs16": {"per_s": [200]}},
    "ngtcp2's own (HTTP/3)": {"lossy_cubic": {"mbit": [8, 8, 8]}, "lossy_bbr": {"mbit": [50]}},
}
# What turns which point to "missed", and how often: (stack, case, figure, values, point, checks).
SPOILED = (
    (TERN, "down1", "mbit", [9084] * 3, 1, 1),  # 1.1499 of the fastest peer's 7900, and enough of all else
    (BEST, "down1", "mbit", [8100, 8100, 1], 1, 1),
    (TERN, "up1", "mbit", [9020] * 3, 1, 2),  # 1.1275 of the peer and 0.9495 of the C program
    (TERN, "down100", "mbit", [8730] * 3, 1, 1),  # 0.9489 of our own 9200
    (FLOOR_NAME, "up1", "mbit", [9700] * 3, 1, 1),
    (TERN, "down1", "cpu", [1.63] * 3, 2, 1),
    (BEST, "up1", "cpu", [1.6] * 3, 2, 1),  # lower than every peer's: not equal
    (TERN, "ping_loop", "p50", [120] * 3, 3, 1),
    (TERN, "ping_pool", "p50", [157] * 3, 3, 1),
    (TERN, "ping_loop", "p99", [251] * 3, 3, 1),
    (TERN, "hs16", "per_s", [1899.5] * 3, 4, 2),
    (BEST, "hs16", "per_s", [2000] * 3, 4, 1),
    (TERN, "idle10000", "kib", [40.1] * 2, 5, 2),
    (FLOOR_NAME, "idle10000", "kib", [30] * 2, 5, 1),
    (TERN, "idle10000", "cpu_percent", [1.0], 5, 1),
    (TERN, "router", "10000/10", [1201] * 3, 6, 1),
    (TERN, "counts_up1", "server_system_calls", [0.051], 7, 1),
    (TERN, "counts_down1", "wakes_per_64k", [1.01], 7, 1),
    (TERN, "lossy_cubic", "mbit", [7.99] * 3, 8, 1),
    (TERN, "ramp", "second3", [89.9] * 3, 8, 1),
    (TERN, "jumbo65000", "mbit", [27599], 9, 1),
)


class Expectations:
    def __init__(self) -> None:
        self.count, self.problems = 0, []

    def __call__(self, holds: bool, sentence: str) -> None:
        self.count += 1
        if not holds:
            self.problems.append(sentence)
            print(f"  FAIL  {sentence}")


def run() -> int:
    expect = Expectations()
    for part in (points, missing, cells, columns, ratios, shares, counted, resuming, sections, plan, lies):
        part(expect)
    print(f"scripts/bench selftest: {expect.count - len(expect.problems)} of {expect.count} hold")
    return 1 if expect.problems else 0


def recorded(change=None) -> Records:
    values = copy.deepcopy(KEPT)
    if change:
        stack, case, figure, replaced = change
        values[stack][case][figure] = replaced
    return Records.from_json({"values": values})


def missed(records: Records) -> list[int]:
    return [check.point for check in verdicts.checks(records) if check.holds is not True]


def points(expect) -> None:
    expect(missed(recorded()) == [], f"a run that keeps all promises misses nothing: {missed(recorded())}")
    found = {check.point for check in verdicts.checks(recorded())}
    expect(found == set(range(1, 10)), f"there is a check for each of the nine points: {sorted(found)}")
    for stack, case, figure, values, point, times in SPOILED:
        found = missed(recorded((stack, case, figure, values)))
        expect(found == [point] * times, f"{case} {figure} of {stack} at {values[0]} misses point {point}: {found}")
    lines = verdicts.table(recorded((TERN, "ramp", "second3", [50])))
    expect(lines[0] == "Met: 1, 2, 3, 4, 5, 6, 7, 9. Missed: 8.", f"one missed figure is a missed point: {lines[0]}")
    row = next(line for line in lines if "third second" in line)
    expect(row.endswith("| 0.500 | ≥ 0.9 | **missed** |"), f"a missed point is shown as such: {row}")


def missing(expect) -> None:
    """What was not measured is neither met nor missed."""
    records = recorded()
    for stack in (BEST, OTHER):
        del records.values[stack]
    verdict = {check.text: check.verdict for check in verdicts.checks(records)}
    expect(verdict["1 stream down, to the fastest peer"] == "not measured", "without peers, nobody is ahead of them")
    expect(verdict[f"1 stream down, to the {FLOOR_NAME}"] == "met", "without peers, the floor is still there")
    empty = {check.verdict for check in verdicts.checks(Records())}
    expect(empty == {"not measured"}, f"of nothing, nothing is met: {empty}")


def cells(expect) -> None:
    for values, digits, text in (([], 0, "–"), ([3.14159], 2, "3.14"), ([3, 1, 2], 0, "**2** (1–3)"),
                                 ([1, 2, 3, 10], 1, "**2.5** (1.0–10.0)"), ([9000, 9600, 9200], 0,
                                                                            "**9,200** (9,000–9,600)")):  # fmt: skip
        expect(cell(values, digits) == text, f"{values} are shown as {text}, not {cell(values, digits)}")


def columns(expect) -> None:
    lines = table("T", ["a", "b"], [["x", "1", "–"], ["y", "–", "–"]])
    expect(lines == ["| T | a |", "|---|---|", "| x | 1 |", ""], f"empty rows and columns are left out: {lines}")
    shown = Report(recorded()).endpoint()
    expect(f"| {TERN} | **9,200** (9,000–9,600) | **9,200** (9,200–9,200) | **9,000** (9,000–9,000) |" in shown,
           "the throughput of a stack is a row, one column for each case")  # fmt: skip


def ratios(expect) -> None:
    """Of medians, not of means or of the best: 9200 to 9500 and to 7900."""
    shown = Report(recorded()).endpoint()
    for row in (
        "1 stream down | 0.97 | 1.16", "latency p50 | 0.80 | 1.20", "latency p50, pool | 0.57 | 0.86",
        "handshakes, 16 at once | 1.00 | 1.05",
    ):  # fmt: skip
        expect(f"| {row} | {BEST} |" in shown, f"the ratios have the row {row}")
    router = Report(recorded()).router()
    expect("| 10,000 | 10 | **1,100** (1,000–1,200) | 1.10 |" in router, f"its ratio is to its first: {router}")


def use(user: float, system: float) -> Use:
    return Use(user, system, 10)


def shares(expect) -> None:
    run = Run({}, use(1, 2), use(3, 4), 1.0, carried=2_100_000_000)
    values = bulk_values(run, 2_000_000_000, 8_000)
    expect(values["client_user"] == 0.5 and values["server_system"] == 2, f"processor time is per GB: {values}")
    expect(values["cpu"] == 5, f"both ends' time is the sum of the four: {values['cpu']}")


def counted(expect) -> None:
    runs = {"client": [{"allocations per packet": 0.5, "application wakes per 64 KiB": 2}, {}], "server": [{}]}
    found = counts.values(runs)
    expect(found["client_allocations"] == [0.5] and found["wakes_per_64k"] == [2], f"counts are taken over: {found}")
    expect(found["server_system_calls"] == [], "what was not counted is no figure")


def lies(expect) -> None:
    """What did not go over the loopback has not arrived, and what nobody can encrypt neither."""
    short = Run({}, use(1, 1), use(1, 1), 1.0, carried=999_999)
    for run, mbit in ((short, 8), (Run({}, use(1, 1), use(1, 1), 1.0, carried=2_000_000), 200_000)):
        try:
            bulk_values(run, 1_000_000, mbit)
            expect(False, f"{mbit} Mbit/s with {run.carried} bytes carried is refused")
        except Failure:
            expect(True, "")
    for text in ("", "no JSON", "[1]", '{"ok": true}\nrubbish'):
        expect(last_object(text) == {}, f"{text!r} is no answer")
    expect(last_object('{"ready": 1}\n{"ok": true}\n') == {"ok": True}, "the last line is the answer")


def resuming(expect) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "records.jsonl"
        first = Records(path, {"gb": 1}, "a machine")
        first.begin()
        first.add("A", "down1", 1, {"mbit": 5.0, "peak": None})
        first.fail("B", "down1", 1, "it fell over")
        with open(path, "a") as file:
            file.write('{"stack": "A", "case": "down1", "ro')
        second = Records(path, {"gb": 1})
        expect(second.has("A", "down1", 1), "what was measured counts as done")
        expect(not second.has("A", "down1", 2), "what was not measured does not")
        expect(not second.has("B", "down1", 1), "nor does what failed")
        second.add("A", "down1", 2, {"mbit": 7.0})
        second = Records(path, {"gb": 1})
        expect(second.has("A", "down1", 2), "what comes after a line cut short is read, too")
        expect(second.all("A", "down1", "mbit") == [5.0, 7.0], "values come back in their order")
        expect(second.all("A", "down1", "peak") == [], "what a program does not tell is no value")
        expect(second.failures == ["B, down1, round 1: it fell over"], "failures are still told")
        expect(second.machine == "a machine", "where it began is still known")
        second.begin()
        expect(second.failed("B", "down1") == 0, "another sitting is another chance")
        expect(Records(path, {"gb": 1}).failed("B", "down1") == 0, "also for those that read of it")
        third = Records(path, {"gb": 2})
        expect(third.values == {} and path.with_suffix(".old").exists(), "other amounts are another run")
        content = json.loads(json.dumps(second.to_json()))
        expect(Records.from_json(content).values == second.values, "JSON holds every value")


def sections(expect) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "R.md"
        mark = ("<!-- idle: written by scripts/bench -->\n", "<!-- idle: end -->")
        path.write_text(f"before\n{mark[0]}old{mark[1]}\nafter\n")
        results.write(path, "idle", ["new"])
        expect(path.read_text() == f"before\n{mark[0]}\nnew\n\n{mark[1]}\nafter\n", "a section replaces itself only")
        try:
            results.write(path, "router", ["new"])
            expect(False, "a section that is not there can't be written")
        except Failure:
            expect(True, "")
    text = results.RESULTS.read_text()
    for name in results.NAMES:
        expect(f"<!-- {name}: written by scripts/bench -->" in text, f"RESULTS.md has the section {name}")


def plan(expect) -> None:
    """Stacks alternate inside a case, cases inside a round, and the two that are close take more turns."""
    kinds = (("A", OURS), ("B", FLOOR), ("C", PEER))
    stacks = [Stack(name, kind, [], [], abilities=frozenset({"down", "ping"})) for name, kind in kinds]
    cases = [case for case in endpoint_cases() if case.name in ("down1", "up1", "ping_loop")]
    order = [(number % LAP, case.name, stack.name) for number, case, stack in wanted(cases, stacks, 2)]
    one = [("down1", stack) for stack in "ABC" + "AB" * (TURNS - 1)] + [("ping_loop", stack) for stack in "ABC"]
    expect(order == [(number, *name) for number in (1, 2) for name in one], f"A B C A B in every round: {order}")
    numbers = [(number, case.name, stack.name) for number, case, stack in wanted(cases, stacks, 2)]
    expect(len(set(numbers)) == len(numbers), "no two measurements have the same number")
    records = Records()
    for number, case, stack in wanted(cases, stacks, 2):
        records.add(stack.name, case.name, number, {"mbit": 1.0})
    expect(records.rounds() == 2, "further turns are no further rounds")
    expect(len(records.all("A", "down1", "mbit")) == 2 * TURNS, "each turn counts")
    bulk, ping = cases[0], cases[-1]
    expect(enough(bulk, stacks[0]) == TURNS * enough(bulk, stacks[2]), "who has more turns may fail in more")
    expect(enough(ping, stacks[0]) == enough(ping, stacks[2]), "and only there")
    records.fail("A", "down1", 2 * LAP + 2, "down")
    expect(records.failures[-1] == "A, down1, round 2, turn 3: down", f"a failure names its turn: {records.failures[-1]}")
    for stack in (TERN, FLOOR_NAME):
        for number, case, _ in wanted(cases[:1], stacks[:1], 2):
            records.add(stack, case.name, number, {"mbit": 1.0})
    expect(f"bulk {TURNS} times in each" in results.head(records), "the head says how many turns there were")
    records.values[TERN]["down1"]["mbit"].pop()
    expect("times in each" not in results.head(records), "and says nothing of turns that are not complete")
