"""What a received packet costs a server with few connections and with many, which `tern bench router` finds out."""

import subprocess

from .cases import Case, Values
from .processes import Failure, last_object
from .stacks import OURS, Stack

COUNTS = "10,1000,10000"


def router_cases(rounds: int) -> list[Case]:
    def measure(stack: Stack, world) -> Values:
        command = [*world.loopback.server, stack.server[0], "bench", "router", "--json", "--rounds", str(rounds),
                   "--connections", COUNTS]  # fmt: skip
        output = subprocess.run(command, capture_output=True, text=True, timeout=290, check=False, cwd=world.scratch)
        figures = last_object(output.stdout)
        if not figures:
            raise Failure(f"tern bench router said nothing: {output.stderr.strip()[-200:]}")
        names = [f"{int(count)}/{int(active)}" for count, active in zip(figures["connections"], figures["active"])]
        spread = zip(figures["lowest"], figures["ns_per_packet"], figures["highest"])
        return dict(zip(names, map(list, spread)))

    # It takes its own rounds by turns: connecting so many takes longest.
    return [Case("router", "packets through the router", "router", measure, ("down",), 1, (OURS,), warms_up=False)]
