"""What is run, and what its counts are related to."""

from dataclasses import dataclass
from typing import Callable

from . import programs

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Case:
    """One kind of transfer: how it is run, and what the packets with the data are called in each process' answer."""

    name: str
    title: str
    run: Callable
    packets: dict[str, str]
    # Before the short one ends, what is in flight has grown to its full size, and with it what the library keeps of it.
    short: int = 640 * MEGABYTE
    long: int = 1_280 * MEGABYTE
    # Whether two runs can differ: where two processes share processors.
    varies: bool = True


def _engine(*flags):
    return lambda tools, size: programs.engine(tools, size, *flags)


def _pair(mode, *flags):
    return lambda tools, size: programs.pair(tools, size, mode, *flags)


DOWN = {"client": "packets_received", "server": "packets_sent"}
UP = {"client": "packets_sent", "server": "packets_received"}
# Two engines in one thread hand datagrams to each other: each is sent and received.
BOTH = {"engine": "packets"}
# What `tern bench engine` moves before it measures is the same from half a gigabyte on.
HALF, WHOLE = 500 * MEGABYTE, 1_000 * MEGABYTE

CASES = [
    Case("engine", "two engines, chunks handed over", _engine(), BOTH, HALF, WHOLE, False),
    Case("engine-copy", "two engines, bytes copied in", _engine("--copy"), BOTH, HALF, WHOLE, False),
    Case("down1", "one stream down", _pair("down"), DOWN),
    Case("down1-pool", "one stream down, read on another thread", _pair("down", "--on", "pool"), DOWN),
    Case("up1", "one stream up", _pair("up"), UP),
    Case("down100", "100 streams down", _pair("down", "--streams", "100"), DOWN),
]
