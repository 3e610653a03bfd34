"""Where a report goes: the screen, a JSON file, and the sections of Benchmarks/RESULTS.md."""

import json
import pathlib

from .processes import Failure
from .records import TURNS, Records
from .report import Report
from .stacks import SLOW, TERN
from .verdicts import table

RESULTS = pathlib.Path(__file__).parents[3] / "Benchmarks/RESULTS.md"
NAMES = ("endpoint", "idle", "router", "growth", "loss", "jumbo", "counts", "verdicts")


def head(records: Records) -> str:
    rounds = records.rounds()
    words = {0: "No round yet", 1: "One round"}.get(
        rounds, f"Medians of {rounds} rounds by turns, with the lowest and the highest"
    )
    gb = records.circumstances.get("gb", 0)
    has_turns = any(len(records.all(TERN, case, "mbit")) == TURNS * rounds for case in ("down1", "up1", "down100"))
    turns = f"; Tern and the C program move bulk {TURNS} times in each" if has_turns else ""
    sittings = f", in {records.sittings} sittings" if records.sittings > 1 else ""
    return (
        f"{records.machine}. {words}{turns}{sittings}; {gb:g} GB a transfer (aioquic {gb / SLOW:g}), AES-128-GCM."
    )


def sections(records: Records) -> dict[str, list[str]]:
    report = Report(records)
    parts = {
        "endpoint": [*report.endpoint(), *report.limits()], "idle": report.idle(), "router": report.router(),
        "growth": report.growth(), "loss": report.loss(), "jumbo": report.jumbo(),
        "counts": report.counts(),
    }  # fmt: skip
    return {name: lines for name, lines in parts.items() if lines}


def publish(records: Records, options) -> int:
    """1 where something failed or, in the whole run, where a point is missed."""
    parts = sections(records)
    if options.action == "all":
        parts["verdicts"] = table(records)
    about = head(records)
    failures = [f"- Failed: {failure}" for failure in records.failures]
    for name, lines in parts.items():
        print("\n" + "\n".join(lines))
        if options.write:
            write(RESULTS, name, [about, "", *lines])
    print("\n".join([about, *failures]))
    if options.json:
        content = records.to_json() | {"tables": parts}
        pathlib.Path(options.json).write_text(json.dumps(content, indent=1) + "\n")
    return 1 if records.failures else 0


def write(path: pathlib.Path, name: str, lines: list[str]) -> None:
    """Replaces what stands between the two marks of a section."""
    text = path.read_text()
    start, end = f"<!-- {name}: written by scripts/bench -->\n", f"<!-- {name}: end -->"
    if start not in text or end not in text:
        raise Failure(f"{path} has no section {name}")
    before, rest = text.split(start, 1)
    _, after = rest.split(end, 1)
    path.write_text(before + start + "\n" + "\n".join(lines).strip() + "\n\n" + end + after)
