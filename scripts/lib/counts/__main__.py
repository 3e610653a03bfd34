"""The actions of `scripts/counts`."""

import argparse
import json
import pathlib
import sys

from . import figures, programs, selftest, sites, thresholds
from .cases import CASES


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    for name in ("scratch", "thresholds"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("tern", "version"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--tern-with-locks")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--action", choices=["show", "check", "write", "selftest", "sites"], default="show")
    return parser.parse_args()


def measure(case, tern, options, rounds):
    """Process → the figures of every run."""
    tools = programs.Tools(tern, options.scratch)
    runs, obstacle = {}, None
    for _ in range(rounds if case.varies else 1):
        short, long = case.run(tools, case.short), case.run(tools, case.long)
        for process in case.packets:
            obstacle = obstacle or long[process].get("no_system_calls")
            runs.setdefault(process, []).append(figures.ratios(case, process, short[process], long[process]))
    return runs, obstacle


def with_locks(case, options, runs):
    """Adds the locks, which only a build of their own can count."""
    if not options.tern_with_locks:
        for found in runs.values():
            for run in found:
                run.pop("locks per packet", None)
        return
    counted, _ = measure(case, options.tern_with_locks, options, len(next(iter(runs.values()))))
    for process, found in runs.items():
        for run, other in zip(found, counted[process]):
            run["locks per packet"] = other["locks per packet"]


def show(case, process, runs):
    print(f"{case.title}, {process}:")
    middle = figures.medians(runs)
    for figure, value in middle.items():
        least, most = (pick(run.get(figure, 0.0) for run in runs) for pick in (min, max))
        if figure in figures.BY_FIGURE or value >= 0.0005:
            print(f"  {value:z9.4f}  {figure}" + (f"  ({least:z.4f} to {most:z.4f})" if len(runs) > 1 else ""))


def run(options):
    rounds = options.rounds or (5 if options.action == "write" else 3)
    home = thresholds.folder(options.thresholds, options.version)
    if options.action == "check" and home is None:
        raise thresholds.Mistake(f"{options.thresholds} has no limits: scripts/counts --write makes them")
    if options.action == "check" and home.name != options.version:
        print(f"there are no limits for Swift {options.version} yet: those for {home.name} have to do")
    problems, missed, report, obstacle = [], set(), {}, None
    for case in CASES:
        if options.case and case.name not in options.case:
            continue
        runs, reason = measure(case, options.tern, options, rounds)
        obstacle = obstacle or reason
        with_locks(case, options, runs)
        for process, found in runs.items():
            show(case, process, found)
        report[case.name] = runs
        if options.action == "write":
            highest = {process: figures.highest(found) for process, found in runs.items()}
            thresholds.write(
                options.thresholds / options.version / case.name, case, highest, rounds if case.varies else 1)
        elif options.action == "check":
            limits = thresholds.read(home / case.name)
            found = {process: figures.medians(found) for process, found in runs.items()}
            problems += thresholds.complaints(case, found, limits)
            missed.update(thresholds.uncounted(found, limits))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if not options.tern_with_locks:
        missed.discard("locks per packet")
    if missed:
        why = f" (system calls: {obstacle})" if obstacle else ""
        print(f"not counted on this machine{why}: {', '.join(sorted(missed))}")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


def main():
    options = arguments()
    try:
        if options.action == "selftest":
            return selftest.run(options.scratch)
        if options.action == "sites":
            return sites.show(options)
        return run(options)
    except (programs.Failure, thresholds.Mistake) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
