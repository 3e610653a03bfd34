"""What the emulated network does, in the words and units of the interop runner's simulator."""

import dataclasses
import json

TO_SERVER, TO_CLIENT = "server", "client"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A network between client and server; rates in percent, times in seconds, bandwidth in bit/s, queue in packets."""

    delay: float = 0.015
    bandwidth: float = 10e6
    queue: int = 25
    drop: dict = dataclasses.field(default_factory=dict)  # direction: percent
    corrupt: dict = dataclasses.field(default_factory=dict)  # direction: percent
    burst: dict = dataclasses.field(default_factory=dict)  # direction: the longest run that is hit
    dropped: dict = dataclasses.field(default_factory=dict)  # direction: numbers of UDP packets, from 1
    blackhole: tuple = ()  # on, off
    rebind: tuple = ()  # first, every
    rebind_address: bool = False
    seed: int | None = None

    def with_seed(self, seed):
        return dataclasses.replace(self, seed=seed)

    def to_json(self):
        return json.dumps(dataclasses.asdict(self))

    @staticmethod
    def from_json(text):
        return Scenario(**json.loads(text))

    def __str__(self):
        text = f"{self.delay * 1e3:g} ms, {self.bandwidth / 1e6:g} Mbit/s, queue {self.queue}"
        for name, rates in (("drop", self.drop), ("corrupt", self.corrupt)):
            if rates:
                text += f", {name} {rates.get(TO_SERVER, 0)}/{rates.get(TO_CLIENT, 0)} %"
        if self.burst:
            text += f", at most {max(self.burst.values())} in a row"
        for direction, numbers in self.dropped.items():
            text += f", packets {min(numbers)} to {max(numbers)} to the {direction} dropped"
        if self.blackhole:
            text += f", {self.blackhole[0]:g} s on, {self.blackhole[1]:g} s off"
        if self.rebind:
            what = "port and address" if self.rebind_address else "port"
            text += f", new {what} after {self.rebind[0]:g} s, then every {self.rebind[1]:g} s"
        return text


def both(value):
    return {TO_SERVER: value, TO_CLIENT: value}


DEFAULT = Scenario()
LONG = Scenario(delay=0.75)
BLACKHOLE = Scenario(blackhole=(5, 2))
AMPLIFICATION = Scenario(dropped={TO_SERVER: [2, 3, 4, 5, 6, 7]})
REBIND_PORT = Scenario(rebind=(1, 5))
REBIND_ADDRESS = Scenario(rebind=(1, 5), rebind_address=True)


def lossy(percent, burst=3):
    return Scenario(drop=both(percent), burst=both(burst) if burst else {})


def corrupting(percent, burst=3):
    return Scenario(corrupt=both(percent), burst=both(burst))
