"""The engine and a C loop over the same libraries, each with both ends in one thread, in turns."""

import json
import re
import statistics
import subprocess

from .processes import Failure, last_object
from .world import say


def run(options) -> int:
    rounds = options.rounds or 5
    ours, theirs = [], []
    for number in range(1, rounds + 1):
        ours.append(tern(options))
        theirs.append(loop(options))
        say(f"round {number}: tern {ours[-1]:.2f} Gbit/s, C loop {theirs[-1]:.2f} Gbit/s")
    medians = [statistics.median(values) for values in (ours, theirs)]
    ratio = medians[0] / medians[1]
    say(f"median: tern {medians[0]:.2f} Gbit/s, C loop {medians[1]:.2f} Gbit/s, ratio {ratio:.3f}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"tern": ours, "loop": theirs, "ratio": ratio}, file, indent=1)
    return 0


def tern(options) -> float:
    command = [options.tern, "bench", "engine", "--json", "--gb", f"{options.gb:g}", *options.option]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    figures = last_object(output.stdout)
    if "gbit_per_s" not in figures:
        raise Failure(f"tern bench engine said nothing of its speed: {output.stderr.strip()[-200:]}")
    return figures["gbit_per_s"]


def loop(options) -> float:
    """Its output must have a line with "N Gbit/s"."""
    command = [options.loop, f"{options.gb:g}"]
    output = subprocess.run(command, cwd=options.scratch, capture_output=True, text=True, check=False).stdout
    match = re.search(r" ([0-9.]+) Gbit/s", output)
    if not match:
        raise Failure(f"the C loop said nothing of its speed: {output[-200:]}")
    return float(match[1])
