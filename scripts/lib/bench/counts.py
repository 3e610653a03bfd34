"""What is counted and not timed, per packet: `scripts/counts` finds it out, and this only asks."""

import json
import os
import pathlib
import subprocess
import tempfile

from .cases import Case, Values
from .processes import Failure
from .stacks import OURS, Stack

COUNTS = pathlib.Path(__file__).parents[2] / "counts"
FIGURES = {"allocations": "allocations per packet", "system_calls": "system calls per packet"}
WAKES = "application wakes per 64 KiB"


def values(runs: dict[str, list[dict[str, float]]]) -> Values:
    """From the figures of every run of every process; the application of these cases is the client."""
    result: Values = {
        f"{process}_{name}": [run[figure] for run in found if figure in run]
        for process, found in runs.items() for name, figure in FIGURES.items()
    }  # fmt: skip
    return result | {"wakes_per_64k": [run[WAKES] for run in runs["client"] if WAKES in run]}


def is_present() -> bool:
    return os.access(COUNTS, os.X_OK)


def counts(name: str):
    def measure(stack: Stack, world) -> Values:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "counts.json"
            command = [str(COUNTS), "--case", name, "--no-locks", "--json", str(path)]
            output = subprocess.run(command, capture_output=True, text=True, timeout=290, check=False)
            if not path.exists():
                raise Failure(f"scripts/counts told nothing: {output.stderr.strip()[-200:]}")
            return values(json.loads(path.read_text())[name])

    return measure


def counts_cases() -> list[Case]:
    return [
        Case(f"counts_{name}", f"what a packet takes, {title}", "counts", counts(name), ("counts",), 1, (OURS,),
             warms_up=False)
        for name, title in (("down1", "1 stream down"), ("up1", "1 stream up"))
    ]  # fmt: skip
