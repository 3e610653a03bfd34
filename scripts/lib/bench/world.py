"""What every measurement is given: files, amounts, and the place of the loopback."""

import dataclasses
import pathlib

from .processes import Place
from .stacks import FileStack, Stack


def say(text: str) -> None:
    print(text, flush=True)


@dataclasses.dataclass
class World:
    scratch: pathlib.Path
    tern: Stack
    stacks: list[Stack | FileStack]
    gb: float = 1.0
    pings: int = 5_000
    handshakes: int = 1_000
    datagrams: int = 200_000
    # The share of all amounts that is moved: less in a warm-up.
    scale: float = 1.0
    # Seconds that a client gets.
    patience: float = 110.0
    round: int = 0
    loopback: Place = dataclasses.field(default_factory=Place)
    # What is measured once, by name.
    known: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def authority(self) -> pathlib.Path:
        return self.scratch / "ca.pem"

    @property
    def certificate(self) -> pathlib.Path:
        return self.scratch / "leaf.pem"

    @property
    def key(self) -> pathlib.Path:
        return self.scratch / "leaf.key"
