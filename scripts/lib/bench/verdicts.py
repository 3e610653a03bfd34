"""What issue and README promise, point by point, and whether this run shows it."""

import dataclasses

from .records import Records
from .stacks import FLOOR_NAME, SIBLING_NAME, TERN

LIBRARIES = "ngtcp2 and GnuTLS alone"
NO_RIVALS = (TERN, SIBLING_NAME, FLOOR_NAME, LIBRARIES)


@dataclasses.dataclass(frozen=True)
class Check:
    """`holds` is nothing where a figure is missing."""

    point: int
    text: str
    value: float | None
    bound: float
    at_least: bool
    detail: str = ""
    strict: bool = False

    @property
    def holds(self) -> bool | None:
        if self.value is None:
            return None
        if self.strict:
            return self.value > self.bound if self.at_least else self.value < self.bound
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def verdict(self) -> str:
        return {True: "met", False: "missed", None: "not measured"}[self.holds]

    @property
    def sign(self) -> str:
        return (">" if self.at_least else "<") if self.strict else ("≥" if self.at_least else "≤")


def fraction(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def fastest(records: Records, case: str, figure: str, is_time: bool = False) -> tuple[str, float] | None:
    """The best peer's name and median."""
    found = [
        (stack, value)
        for stack in records.values if stack not in NO_RIVALS
        if (value := records.median(stack, case, figure)) is not None
    ]  # fmt: skip
    if not found:
        return None
    return (min if is_time else max)(found, key=lambda entry: entry[1])


def both_ratios(records: Records, case: str, figure: str, is_time: bool) -> tuple[float | None, float | None]:
    """Tern to the C program and to the fastest peer. Peers have their handlers where they have them."""
    mine = records.median(TERN, case, figure)
    theirs = "ping_loop" if case == "ping_pool" else case
    peer = fastest(records, theirs, figure, is_time)
    others = records.median(FLOOR_NAME, theirs, figure), peer[1] if peer else None
    return tuple(fraction(other, mine) if is_time else fraction(mine, other) for other in others)


def checks(records: Records) -> list[Check]:
    parts = (goodput, cost, latency, handshakes, idle, router, counts, loss, jumbo)
    return [check for part in parts for check in part(records)]


def goodput(records: Records) -> list[Check]:
    result = []
    for case, name, bound in (("down1", "1 stream down", 1.15), ("up1", "1 stream up", 1.15),
                              ("down100", "100 streams down", 1.05)):  # fmt: skip
        to_floor, to_peer = both_ratios(records, case, "mbit", False)
        peer = fastest(records, case, "mbit")
        result.append(Check(1, f"{name}, to the fastest peer", to_peer, bound, True, peer[0] if peer else ""))
        if case != "down100":
            result.append(Check(1, f"{name}, to the {FLOOR_NAME}", to_floor, 0.95, True))
    mine = fraction(records.median(TERN, "down100", "mbit"), records.median(TERN, "down1", "mbit"))
    return [*result, Check(1, "100 streams down, to our own 1 stream", mine, 0.95, True)]


def cost(records: Records) -> list[Check]:
    result = []
    for case, name in (("down1", "1 stream down"), ("up1", "1 stream up"), ("down100", "100 streams down")):
        mine, floor = records.median(TERN, case, "cpu"), records.median(FLOOR_NAME, case, "cpu")
        peer = fastest(records, case, "cpu", is_time=True)
        text = f"processor time per GB, {name}"
        to_peer = fraction(mine, peer[1] if peer else None)
        result.append(Check(2, f"{text}, to the {FLOOR_NAME}", fraction(mine, floor), 1.08, False))
        whose = peer[0] if peer else ""
        result.append(Check(2, f"{text}, to the thriftiest peer", to_peer, 1, False, whose, strict=True))
    return result


def latency(records: Records) -> list[Check]:
    result = []
    peer = fastest(records, "ping_loop", "p50", is_time=True)
    for case, name, bound in (("ping_loop", "on the loop", 1.0), ("ping_pool", "on the global pool", 1.3)):
        mine = records.median(TERN, case, "p50")
        result.append(Check(3, f"p50 with handlers {name}, to the best peer", fraction(mine, peer[1] if peer else None),
                            bound, False, peer[0] if peer else "", strict=case == "ping_loop"))  # fmt: skip
        result.append(Check(3, f"p99 to p50 with handlers {name}", fraction(records.median(TERN, case, "p99"), mine),
                            2.5, False))  # fmt: skip
    return result


def handshakes(records: Records) -> list[Check]:
    to_floor, to_peer = both_ratios(records, "hs16", "per_s", False)
    peer = fastest(records, "hs16", "per_s")
    return [
        Check(4, f"handshakes, 16 at once, to the {FLOOR_NAME}", to_floor, 0.95, True),
        Check(4, "handshakes, 16 at once, to the fastest peer", to_peer, 1, True, peer[0] if peer else "", strict=True),
    ]


def idle(records: Records) -> list[Check]:
    case = "idle10000"
    mine = records.median(TERN, case, "kib")
    # The lower of the two floors: the program's own table of connections is no excuse.
    floors = [value for name in (FLOOR_NAME, LIBRARIES) if (value := records.median(name, case, "kib")) is not None]
    beyond = mine - min(floors) if mine is not None and floors else None
    cpu = records.median(TERN, case, "cpu_percent")
    return [
        Check(5, "10,000 idle connections: KiB each beyond the C floor", beyond, 8, False),
        Check(5, "10,000 idle connections: KiB each", mine, 40, False, "quinn's", strict=True),
        Check(5, "10,000 idle connections: % of a processor", cpu, 1, False, strict=True),
    ]


def router(records: Records) -> list[Check]:
    few = records.median(TERN, "router", "10/10")
    return [
        Check(6, f"a packet with 10,000 connections, {name}, to one with 10",
              fraction(records.median(TERN, "router", f"10000/{active}"), few), 1.2, False)
        for active, name in ((10, "10 of them in turn"), (10_000, "all in turn"))
    ]  # fmt: skip


def counts(records: Records) -> list[Check]:
    result = []
    for case, name in (("down1", "1 stream down"), ("up1", "1 stream up")):
        for end in ("client", "server"):
            for figure, text, bound in (
                ("allocations", "allocations per packet", 0.0005),
                ("system_calls", "system calls per packet", 0.05),
            ):
                value = records.median(TERN, f"counts_{case}", f"{end}_{figure}")
                result.append(Check(7, f"{name}, {end}: {text}", value, bound, False))
        value = records.median(TERN, f"counts_{case}", "wakes_per_64k")
        result.append(Check(7, f"{name}: wake-ups of the application per 64 KiB", value, 1, False))
    return result


def loss(records: Records) -> list[Check]:
    result = []
    for name in ("cubic", "bbr"):
        mine, peer = records.median(TERN, f"lossy_{name}", "mbit"), fastest(records, f"lossy_{name}", "mbit")
        value = fraction(mine, peer[1] if peer else None)
        result.append(Check(8, f"1 % loss, 20 ms, {name}, to ngtcp2's own programs", value, 1, True))
    share = fraction(records.median(TERN, "ramp", "second3"), 100)
    return [*result, Check(8, "100 Mbit/s, 50 ms: share of the link in the third second", share, 0.9, True)]


def jumbo(records: Records) -> list[Check]:
    sizes = [records.median(TERN, f"jumbo{size}", "mbit") for size in (8952, 65000)]
    best = max((size for size in sizes if size is not None), default=None)
    mine = records.median(TERN, "down1", "mbit")
    return [Check(9, "1 stream down with jumbo datagrams, to standard ones", fraction(best, mine), 3, True)]


def table(records: Records) -> list[str]:
    """The last section: what is met as a whole, and every point with its figures."""
    found = checks(records)
    points = sorted({check.point for check in found})
    verdicts = {point: [check.holds for check in found if check.point == point] for point in points}
    words = {
        "Met": [point for point, held in verdicts.items() if all(held)],
        "Missed": [point for point, held in verdicts.items() if False in held],
        "Not measured, or not all of it": [
            point for point, held in verdicts.items() if None in held and False not in held],
    }  # fmt: skip
    lines = [". ".join(f"{word}: {', '.join(map(str, which))}" for word, which in words.items() if which) + ".", "",
             "| Point | | Figure | Bound | |", "|---|---|---|---|---|"]  # fmt: skip
    for check in found:
        value = "–" if check.value is None else f"{check.value:.3g}" if check.value >= 100 else f"{check.value:.3f}"
        text = f"{check.text} ({check.detail})" if check.detail and check.value is not None else check.text
        shown = f"**{check.verdict}**" if check.holds is False else check.verdict
        lines.append(f"| {check.point} | {text} | {value} | {check.sign} {check.bound:g} | {shown} |")
    return [*lines, ""]
