"""Transfers over the laboratory's emulated link: with loss, beside ngtcp2's own client and server, and how fast a
connection without loss fills the link."""

import dataclasses
import json
import pathlib
import shutil
import tempfile

from lab.namespaces import SERVER, Network, Unavailable
from lab.scenarios import Scenario, both

from .cases import Case, Values, bulk_values
from .processes import Failure, Place, Run, Server, ask, observe
from .stacks import FLOOR, OURS, FileStack, Stack

BANDWIDTH = 100e6
# Ethernet's largest frame, which is what a full datagram of 1,452 bytes comes to over IPv4.
FRAME = 1480
# How many packets the emulator may miss because the machine was too busy.
MISSED = 0.001


@dataclasses.dataclass(frozen=True)
class Link:
    """One way takes `delay`; `loss` percent of all datagrams vanish, each way. The queue holds what is under way."""

    delay: float
    loss: float = 0.0

    def scenario(self, seed: int) -> Scenario:
        queue = max(round(BANDWIDTH * 2 * self.delay / 8 / FRAME), 25)
        drop = both(self.loss) if self.loss else {}
        return Scenario(delay=self.delay, bandwidth=BANDWIDTH, queue=queue, drop=drop, seed=seed)


class Joined:
    """A context: two namespaces with the link between them."""

    def __init__(self, link: Link, seed: int) -> None:
        self.link, self.seed, self.network = link, seed, Network()
        self.folder = tempfile.TemporaryDirectory()
        self.statistics = pathlib.Path(self.folder.name) / "link.json"

    def __enter__(self) -> Place:
        if shutil.which("ethtool") is None:
            raise Failure("the emulated link needs ethtool: scripts/lab setup installs it")
        try:
            self.network.__enter__()
            self.network.start_link(self.link.scenario(self.seed), self.statistics)
        except Unavailable as problem:
            self.__exit__()
            raise Failure(str(problem)) from None
        inside = [("ip", "netns", "exec", name) for name in (self.network.client, self.network.server)]
        return Place(inside[0], inside[1], SERVER[0], is_loopback=False)

    def check(self, size: int) -> None:
        """That what was measured is what the link did."""
        figures = self.network.stop_link(self.statistics)
        packets = sum(figures[way]["packets"] for way in ("server", "client"))
        if figures["missed"] > packets * MISSED:
            raise Failure(f"the emulated link missed {figures['missed']} of {packets} packets: the machine is too busy")
        if figures["client"]["bytes"] < size:
            raise Failure(f"{size} bytes are said to have arrived, and {figures['client']['bytes']} went over the link")

    def __exit__(self, *_) -> None:
        self.network.__exit__()
        self.folder.cleanup()


def fetch(stack: Stack | FileStack, world, place: Place, algorithm: str, size: int, *more: str) -> Run:
    control = f"--cc={algorithm}" if isinstance(stack, FileStack) else "--cc"
    flags = [control] if isinstance(stack, FileStack) else [control, algorithm]
    with Server(stack, world, place, *flags) as server:
        if isinstance(stack, FileStack):
            command = stack.client_command(place.host, server.port, size, 1, *flags)
            return observe([*place.client, *command], server, world, world.patience + 10)
        return ask(server, world, "--mode", "down", "--bytes", str(size), *flags, *more)


def start_up(stack: Stack | FileStack, world, link: Link, algorithm: str) -> float:
    """Seconds for one byte without loss, process start and all: the same is taken from everybody's time."""
    name = f"{stack.name} {link.delay} {algorithm}"
    if name not in world.known:
        with Joined(Link(link.delay), 1) as place:
            world.known[name] = fetch(stack, world, place, algorithm, 1).wall
    return world.known[name]


def transfer(link: Link, algorithm: str, megabytes: int):
    def measure(stack: Stack | FileStack, world) -> Values:
        size = megabytes * 1_000_000
        beside = start_up(stack, world, link, algorithm)
        # The same dice for all in a round, and others in the next.
        joined = Joined(link, world.round)
        with joined as place:
            run = fetch(stack, world, place, algorithm, size)
            joined.check(size)
        seconds = run.wall - beside
        if seconds <= 0:
            raise Failure("too few bytes to tell the transfer from the start of the program")
        return bulk_values(run, size, size * 8e-6 / seconds)

    return measure


def ramp(stack: Stack, world) -> Values:
    """Percent of the link that payload took in each of the first seconds after the request."""
    joined = Joined(Link(delay=0.025), 1)
    with joined as place:
        size = round(BANDWIDTH / 8 * 5)
        run = fetch(stack, world, place, "cubic", size, "--interval", "1")
        joined.check(size)
    intervals = run.answer["intervals"]
    if len(intervals) < 3:
        raise Failure(f"only {len(intervals)} seconds: {json.dumps(run.answer)}")
    return {f"second{number}": 100 * count * 8 / BANDWIDTH for number, count in enumerate(intervals[:4], 1)}


def loss_cases() -> list[Case]:
    return [
        *(Case(f"lossy_{name}", f"1 % loss, {name}", "loss", transfer(Link(0.010, 1), name, 8), ("down", "--cc"),
               warms_up=False) for name in ("cubic", "bbr")),
        Case("ramp", "100 Mbit/s, 50 ms", "loss", ramp, ("down", "--interval"), kinds=(OURS, FLOOR), warms_up=False),
    ]  # fmt: skip

