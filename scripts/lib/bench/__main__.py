"""The command line of `scripts/bench`, which builds what is measured and calls this."""

import argparse
import json
import os
import pathlib
import signal
import sys
import time

from . import counts, engine, machine, results, stacks, suite
from .cases import Case, endpoint_cases, jumbo_cases
from .growth import growth_cases
from .limits import limit_cases, limit_stacks
from .loss import loss_cases
from .memory import idle_cases, library_stack
from .primitives import primitive_cases, primitive_stacks
from .processes import Failure, Loopback
from .records import Records
from .router import router_cases
from .world import World, say

# What `scripts/bench all --seconds N` ends with where it has to be called again.
UNFINISHED = 75


def groups(rounds: int) -> dict[str, list[Case]]:
    return {
        "endpoint": [*endpoint_cases(), *limit_cases(), *primitive_cases()], "idle": idle_cases(), "router": router_cases(rounds),
        "growth": growth_cases(), "loss": loss_cases(), "jumbo": jumbo_cases(),
        "counts": counts.counts_cases(),
    }  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    names = ["all", "engine", "endpoint", "idle", "router", "growth", "loss", "jumbo", "counts", "cases", "report",
             "selftest"]
    parser.add_argument("action", choices=names)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--gb", type=float, default=1.0)
    parser.add_argument("--pings", type=int, default=5_000)
    parser.add_argument("--handshakes", type=int, default=1_000)
    parser.add_argument("--only", action="append", default=[], metavar="CASE")
    parser.add_argument("--stacks", action="append", default=[], metavar="NAME")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peers", type=pathlib.Path)
    parser.add_argument("--option", action="append", default=[], help=argparse.SUPPRESS)
    for name in ("tern", "scratch", "loop"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    return parser.parse_args()


def chosen(options: argparse.Namespace, rounds: int) -> list[Case]:
    everything = groups(rounds)
    cases = [case for name, part in everything.items() if options.action in ("all", name) for case in part]
    unknown = set(options.only) - {case.name for case in cases}
    if unknown:
        raise Failure(f"there is no case {', '.join(sorted(unknown))}. See scripts/bench cases.")
    if options.only:
        return [case for case in cases if case.name in options.only]
    return cases


def present(options: argparse.Namespace, cases: list[Case]) -> World:
    """The stacks that are here and have something to do."""
    scratch = pathlib.Path(options.scratch)
    tern = stacks.tern(options.tern)
    reference = scratch / "reference"
    if counts.is_present():
        tern.abilities |= {"counts"}
    else:
        say(f"skipped the counts per packet: there is no {counts.COUNTS}")
    found = [tern]
    if reference.exists():
        found.append(stacks.floor(str(reference)))
    else:
        say(f"skipped the {stacks.FLOOR_NAME}: scripts/lib/reference has not built it")
    sibling = stacks.sibling(options.tern)
    found += [sibling] if sibling else []
    found += stacks.rivals(options.peers, say)
    files = stacks.files(options.peers, say)
    found += [files] if files else []
    if (scratch / "idle").exists():
        found.append(library_stack(scratch / "idle"))
    found += [*limit_stacks(scratch), *primitive_stacks(scratch)]
    busy = [stack for stack in found if any(case.takes(stack) for case in cases)]
    if options.stacks:
        words = [word.lower() for word in options.stacks]
        busy = [stack for stack in busy if any(word in stack.name.lower() for word in words)]
    return World(scratch, tern, busy, options.gb, options.pings, options.handshakes)


def measure(options: argparse.Namespace) -> int:
    rounds = options.rounds or (7 if options.action == "all" else 5)
    cases = chosen(options, rounds)
    world = present(options, cases)
    circumstances = machine.circumstances(world, world.stacks)
    keeps = options.action == "all"
    path = world.scratch / "records.jsonl" if keeps else None
    if path and options.fresh:
        path.unlink(missing_ok=True)
    records = Records(path, circumstances, machine.description(options.tern, time.time()))
    with Loopback() as world.loopback:
        is_done = suite.run(cases, world, records, rounds, options.seconds)
    status = results.publish(records, options)
    return status if is_done else UNFINISHED


def show(options: argparse.Namespace) -> int:
    for group, cases in groups(1).items():
        for case in cases:
            say(f"{group:10} {case.name:16} {case.title}")
    return 0


def report(options: argparse.Namespace) -> int:
    """The tables of a JSON file, or of what `all` has measured so far."""
    if options.json:
        records = Records.from_json(json.loads(pathlib.Path(options.json).read_text()))
        options.json = None
    else:
        path = pathlib.Path(options.scratch) / "records.jsonl"
        if not path.exists():
            raise Failure("scripts/bench all has measured nothing yet")
        head = json.loads(path.read_text().splitlines()[0])
        records = Records(path, head["circumstances"])
    options.action = "all"
    return results.publish(records, options)


def main() -> int:
    options = arguments()
    # So that namespaces are taken down, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    default = pathlib.Path(os.environ.get("PEERS") or pathlib.Path.home() / ".cache/tern/peers")
    options.peers = (options.peers or default).resolve()
    try:
        if options.action == "selftest":
            from . import selftest

            return selftest.run()
        actions = {"engine": engine.run, "cases": show, "report": report}
        return actions.get(options.action, measure)(options)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
