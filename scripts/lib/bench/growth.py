"""How the cost grows: with streams and connections over loopback, with loss over the emulated link."""

from .cases import Case, bulk
from .loss import Link, transfer
from .stacks import FLOOR, OURS

STREAMS = (1, 10, 100, 1_000)
CONNECTIONS = (1, 10, 100)
LOSSES = (0, 0.1, 1, 5)
# The more is lost, the slower cubic is: about ten seconds each.
MEGABYTES = {0: 40, 0.1: 20, 1: 8, 5: 2}
ROUNDS = 1


def growth_cases() -> list[Case]:
    both = (OURS, FLOOR)
    return [
        *(Case(f"streams{count}", f"{count} streams down", "growth", bulk("down", count), ("down",), ROUNDS, both)
          for count in STREAMS),
        *(Case(f"connections{count}", f"{count} connections, one stream down each", "growth",
               bulk("down", 1, "--conns", str(count)), ("down", "--conns"), ROUNDS, both)
          for count in CONNECTIONS),
        *(Case(f"loss{percent:g}", f"{percent:g} % loss", "growth",
               transfer(Link(delay=0.010, loss=percent), "cubic", MEGABYTES[percent]), ("down", "--cc"), ROUNDS, both,
               warms_up=False)
          for percent in LOSSES),
    ]  # fmt: skip
