"""The tables: medians, with the lowest and the highest value where there is more than one."""

import statistics

from .primitives import FIGURES
from .records import Records
from .stacks import FLOOR_NAME, TERN
from .verdicts import both_ratios, fastest

BULK = {
    "down1": "1 stream down", "up1": "1 stream up", "down100": "100 streams down", "both": "both ways at once",
}  # fmt: skip


def line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(title: str, columns: list[str], rows: list[list[str]]) -> list[str]:
    """Without the columns and rows in which there is nothing."""
    rows = [row for row in rows if any(cell != "–" for cell in row[1:])]
    kept = [0, *(index for index in range(1, len(columns) + 1) if any(row[index] != "–" for row in rows))]
    if len(kept) < 2:
        return []
    names = [title, *columns]
    lines = [line([names[index] for index in kept]), "|---" * len(kept) + "|"]
    return [*lines, *(line([row[index] for index in kept]) for row in rows), ""]


def cell(values: list[float], digits: int = 0) -> str:
    if not values:
        return "–"
    shown = [f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
    return shown[0] if len(values) == 1 else f"**{shown[0]}** ({shown[1]}–{shown[2]})"


def ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


class Report:
    def __init__(self, records: Records) -> None:
        self.records = records

    def by_stack(self, title: str, columns: list[tuple[str, str, str, int]]) -> list[str]:
        """Columns are (name, case, figure, digits); stacks in the order in which they were measured."""
        stacks = [stack for stack in self.records.values
                  if any(self.records.all(stack, case, figure) for _, case, figure, _ in columns)]  # fmt: skip
        rows = [
            [stack, *(cell(self.records.all(stack, case, figure), digits) for _, case, figure, digits in columns)]
            for stack in stacks
        ]
        return table(title, [name for name, *_ in columns], rows)

    def endpoint(self) -> list[str]:
        pings = {"ping_loop": "event loop", "ping_pool": "global pool"}
        hands = {
            "hs1": "one by one", "hs16": "16 at once", "resumed1": "resumed, one by one",
            "resumed16": "resumed, 16 at once",
        }  # fmt: skip
        percentiles = {"p50": "p50", "p99": "p99", "p999": "p99.9"}
        return [
            *self.by_stack("Throughput, Mbit/s", [(name, case, "mbit", 0) for case, name in BULK.items()]),
            *self.by_stack(
                "Request and response, µs",
                [(f"{where}, {shown}", case, figure, 0)
                 for case, where in pings.items() for figure, shown in percentiles.items()]),
            *self.by_stack("Handshakes per second", [(name, case, "per_s", 0) for case, name in hands.items()]),
            *self.by_stack("64-byte datagrams", [
                ("there and back per second", "dgrams", "per_s", 0), ("lost, %", "dgrams", "lost_percent", 2),
                ("server's processor, µs each", "dgrams", "server_us", 2)]),
            *self.ratios(list(BULK), list(pings), list(hands)),
            *self.cost(),
            *self.by_stack(
                "Processor ms per handshake",
                [(f"{name}, {end}", case, f"{end}_ms", 2)
                 for case, name in hands.items() for end in ("client", "server")]),
        ]  # fmt: skip

    def ratios(self, bulk: list[str], pings: list[str], hands: list[str]) -> list[str]:
        """More is better in all columns: times are turned round."""
        names = {"ping_loop": "latency p50", "ping_pool": "latency p50, pool", "hs1": "handshakes, one by one",
                 "hs16": "handshakes, 16 at once", "resumed1": "resumed, one by one",
                 "resumed16": "resumed, 16 at once"}  # fmt: skip
        rows = []
        for case in (*bulk, *pings, *hands):
            figure, is_time = ("p50", True) if case in pings else ("mbit" if case in bulk else "per_s", False)
            to_floor, to_peer = both_ratios(self.records, case, figure, is_time)
            peer = fastest(self.records, "ping_loop" if case == "ping_pool" else case, figure, is_time)
            rows.append([BULK.get(case) or names[case], ratio(to_floor), ratio(to_peer),
                         peer[0] if peer and to_peer else "–"])  # fmt: skip
        columns = [f"to the {FLOOR_NAME}", "to the fastest peer", "which is"]
        return table(f"{TERN}, as a ratio (more is better)", columns, rows)

    def cost(self) -> list[str]:
        """Processor seconds per GB and peak memory, one row per case and stack."""
        figures = [(f"{end}, {kind}", f"{end}_{kind}") for end in ("client", "server") for kind in ("user", "system")]
        figures.append(("both ends", "cpu"))
        rows = []
        for case, name in BULK.items():
            for stack in self.records.stacks(case):
                mine, floor = self.records.median(stack, case, "cpu"), self.records.median(FLOOR_NAME, case, "cpu")
                rows.append([
                    f"{name}: {stack}",
                    *(cell(self.records.all(stack, case, figure), 2) for _, figure in figures),
                    ratio(mine / floor if mine and floor else None),
                    *(cell(self.records.all(stack, case, f"{end}_peak"), 0) for end in ("client", "server")),
                ])  # fmt: skip
        columns = [*(name for name, _ in figures), f"of the {FLOOR_NAME}'s", "peak MiB, client", "peak MiB, server"]
        return table("Processor seconds per GB", columns, rows)

    def limits(self) -> list[str]:
        columns = [(name, "primitives", figure, 2) for figure, name in FIGURES.items()]
        return [
            *self.by_stack("The machine's limits", [("Mbit/s", "limit", "mbit", 0)]),
            *self.by_stack("The library's arithmetic, µs", columns),
        ]

    def idle(self) -> list[str]:
        result = []
        for count in (1_000, 10_000):
            case = f"idle{count}"
            result += self.by_stack(f"{count:,} idle connections", [
                ("KiB each, server", case, "kib", 1), ("server's processor, % of one", case, "cpu_percent", 3),
                ("server's peak MiB", case, "server_peak", 0)])  # fmt: skip
        return result

    def router(self) -> list[str]:
        figures = self.records.values.get(TERN, {}).get("router", {})
        first = next((statistics.median(values) for values in figures.values()), None)
        rows = []
        for name, values in figures.items():
            connections, active = name.split("/")
            rows.append([f"{int(connections):,}", f"{int(active):,}", cell(values),
                         ratio(statistics.median(values) / first)])  # fmt: skip
        return table("Connections", ["in turn", "ns per received packet", "ratio"], rows)

    def growth(self) -> list[str]:
        result = []
        for title, prefix in (("Streams", "streams"), ("Connections", "connections"), ("Loss, %", "loss")):
            rows = []
            cases = sorted({case for cases in self.records.values.values() for case in cases
                            if case.startswith(prefix) and case[len(prefix):].replace(".", "").isdigit()},
                           key=lambda case: float(case[len(prefix):]))  # fmt: skip
            for stack in self.records.values:
                first = None
                for case in cases:
                    cpu = self.records.median(stack, case, "cpu")
                    if cpu is None:
                        continue
                    first = first or cpu
                    rows.append([
                        f"{float(case[len(prefix):]):,g}: {stack}", cell(self.records.all(stack, case, "mbit")),
                        cell(self.records.all(stack, case, "cpu"), 2), ratio(cpu / first),
                    ])  # fmt: skip
            result += table(title, ["Mbit/s", "processor seconds per GB, both ends", "ratio"], rows)
        return result

    def loss(self) -> list[str]:
        return [
            *self.by_stack("1 % loss, round trip 20 ms, Mbit/s",
                           [(name, f"lossy_{name}", "mbit", 2) for name in ("cubic", "bbr")]),
            *self.by_stack("100 Mbit/s, round trip 50 ms, no loss",
                           [(f"% of the link in second {number}", "ramp", f"second{number}", 1)
                            for number in (1, 2, 3, 4)]),
        ]  # fmt: skip

    def counts(self) -> list[str]:
        rows = []
        for case, name in (("counts_down1", "1 stream down"), ("counts_up1", "1 stream up")):
            figures = ("client_allocations", "server_allocations", "client_system_calls", "server_system_calls")
            rows.append([name, *(cell(self.records.all(TERN, case, figure), 4) for figure in figures),
                         cell(self.records.all(TERN, case, "wakes_per_64k"), 2)])  # fmt: skip
        columns = ["allocations, client", "allocations, server", "system calls, client", "system calls, server",
                   "wake-ups of the application per 64 KiB"]  # fmt: skip
        return table("Per packet with data", columns, rows)

    def jumbo(self) -> list[str]:
        if not any(case.startswith("jumbo") for cases in self.records.values.values() for case in cases):
            return []
        return self.by_stack("1 stream down, Mbit/s", [
            ("1,452 bytes", "down1", "mbit", 0), ("8,952 bytes", "jumbo8952", "mbit", 0),
            ("65,000 bytes", "jumbo65000", "mbit", 0)])  # fmt: skip
