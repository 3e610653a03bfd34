"""Runs cases by turns: every round does each case with each stack in turn, so that what else the machine does disturbs
all alike."""

import statistics
import time

from .cases import Case
from .processes import Failure, Server, ask, observe
from .records import LAP, TURNS, Records, title
from .stacks import FLOOR, OURS, PEER, SIBLING, FileStack, Stack
from .world import World, say

WARM_UP = 0.05
PATIENCE, SHORT_PATIENCE = 110.0, 15.0
# Whose turns are several in each round.
CLOSE = (OURS, SIBLING, FLOOR)
# A stack that falls over in a case does so again, and each time may cost its whole patience.
ENOUGH = 2


def start_up(stack: Stack | FileStack, world: World) -> None:
    """Measures what a client needs to start and to shake hands once, the median of three."""
    if stack.kind not in (OURS, SIBLING, FLOOR, PEER):
        return
    stack.start_up = (0.0, 0.0)
    runs = []
    with Server(stack, world, world.loopback) as server:
        for _ in range(3):
            if isinstance(stack, FileStack):
                command = stack.client_command(world.loopback.host, server.port, 1, 1)
                runs.append(observe([*world.loopback.client, *command], server, world, 20))
            else:
                runs.append(ask(server, world, "--mode", "hs", "--count", "1", timeout=20))
    stack.start_up = tuple(statistics.median(getattr(run.client, name) for run in runs) for name in ("user", "system"))
    if isinstance(stack, FileStack):
        stack.start_up_wall = statistics.median(run.wall for run in runs)


def wanted(cases: list[Case], stacks: list, rounds: int) -> list[tuple[int, Case, Stack | FileStack]]:
    """All that is to be measured, in its order. Further turns of a round have numbers of their own."""
    return [
        (turn * LAP + number, case, stack)
        for number in range(1, rounds + 1) for case in cases if number <= case.rounds
        for turn in range(TURNS) for stack in stacks if case.takes(stack) and turn < turns(case, stack)
    ]  # fmt: skip


def turns(case: Case, stack: Stack | FileStack) -> int:
    """How often in each round."""
    return TURNS if case.group == "bulk" and stack.kind in CLOSE else 1


def enough(case: Case, stack: Stack | FileStack) -> int:
    return ENOUGH * turns(case, stack)


def run(cases: list[Case], world: World, records: Records, rounds: int, seconds: float | None = None) -> bool:
    """Whether all is done: after so many seconds nothing more is begun."""
    deadline = time.monotonic() + seconds if seconds else None
    whole = wanted(cases, world.stacks, rounds)
    plan = [entry for entry in whole if not records.has(entry[2].name, entry[1].name, entry[0])]
    if not plan:
        return True
    records.begin()
    broken = set()
    for stack in world.stacks:
        try:
            start_up(stack, world)
        except (Failure, OSError, KeyError) as failure:
            broken.add(stack.name)
            records.fail(stack.name, "start", 0, str(failure))
            say(f"failed: {records.failures[-1]}")
    _warm_up(plan, world, broken, deadline)
    for number, case, stack in plan:
        if stack.name in broken or records.failed(stack.name, case.name) >= enough(case, stack):
            continue
        if deadline and time.monotonic() > deadline:
            left = sum(not records.has(stack.name, case.name, number) for number, case, stack in plan)
            say(f"time is up: {left} of {len(whole)} measurements are left. The same command goes on.")
            return False
        world.round = number % LAP
        try:
            records.add(stack.name, case.name, number, case.measure(stack, world))
        except (Failure, OSError, KeyError, TypeError) as failure:
            records.fail(stack.name, case.name, number, f"{type(failure).__name__}: {failure}")
            say(f"failed: {records.failures[-1]}")
        _tell(number, case, stack, records)
    return True


def _warm_up(plan, world: World, broken: set[str], deadline: float | None) -> None:
    """Fills caches, wakes the processor's clock. Nothing of it counts, not even a failure: the rounds will tell."""
    say("warming up")
    world.scale, world.patience = WARM_UP, SHORT_PATIENCE
    for case, stack in {(case.name, stack.name): (case, stack) for _, case, stack in plan}.values():
        if not case.warms_up or stack.name in broken or deadline and time.monotonic() > deadline:
            continue
        try:
            case.measure(stack, world)
        except (Failure, OSError, KeyError, TypeError):
            pass
    world.scale, world.patience = 1.0, PATIENCE


def _tell(number: int, case: Case, stack: Stack | FileStack, records: Records) -> None:
    figures = records.values.get(stack.name, {}).get(case.name, {})
    last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in list(figures.items())[:3])
    say(f"{title(number)}, {case.name}, {stack.name}: {last or 'nothing'}")
