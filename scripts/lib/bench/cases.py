"""What is measured between two processes over loopback, with the same stack at both ends."""

import dataclasses
from collections.abc import Callable

from .processes import Failure, Run, Server, ask, observe
from .stacks import FileStack, Stack

Values = dict[str, float | list[float] | None]


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of work. `rounds` bounds how often it is done, where once more would show nothing new."""

    name: str
    title: str
    group: str
    measure: Callable[..., Values]
    needs: tuple[str, ...]
    rounds: int = 1_000
    # Stacks by kind; nothing stands for all that can do it.
    kinds: tuple[str, ...] = ()
    # Round 0, in small: nothing of it is kept.
    warms_up: bool = True

    def takes(self, stack: Stack | FileStack) -> bool:
        return stack.can(*self.needs) and (not self.kinds or stack.kind in self.kinds)


# A transfer can't carry more than the processors of any machine encrypt: what is faster has not happened.
PLAUSIBLE = 100_000


def bulk_values(run: Run, size: int, mbit: float) -> Values:
    if mbit > PLAUSIBLE:
        raise Failure(f"{mbit:.0f} Mbit/s is not true")
    if run.carried is not None and run.carried < size:
        raise Failure(f"{size} bytes are said to have arrived, and {run.carried} went over the loopback")
    unit = size / 1e9
    return {
        "mbit": mbit,
        "client_user": run.client.user / unit, "client_system": run.client.system / unit,
        "server_user": run.server.user / unit, "server_system": run.server.system / unit,
        "cpu": (run.client.total + run.server.total) / unit,
        "client_peak": run.client.peak, "server_peak": run.server.peak,
    }  # fmt: skip


def bulk(mode: str, streams: int = 1, *more: str, server_flags: tuple[str, ...] = ()) -> Callable[..., Values]:
    def measure(stack: Stack | FileStack, world) -> Values:
        size = max(int(world.gb * 1e9 * stack.share * world.scale), 1_000_000) // streams * streams
        if isinstance(stack, FileStack):
            return files_down(stack, world, size, streams)
        flags = ["--mode", mode, "--bytes", str(size), *more]
        if streams > 1:
            flags += ["--streams", str(streams)]
        with Server(stack, world, world.loopback, *server_flags) as server:
            run = ask(server, world, *flags)
        # Both ways at once: so many bytes each way.
        return bulk_values(run, size * (2 if mode == "both" else 1), run.answer["mbit"])

    return measure


def files_down(stack: FileStack, world, size: int, streams: int) -> Values:
    with Server(stack, world, world.loopback) as server:
        place = server.place
        command = stack.client_command(place.host, server.port, size, streams)
        run = observe([*place.client, *command], server, world, world.patience + 10)
    seconds = run.wall - stack.start_up_wall
    if seconds <= 0:
        raise Failure("too few bytes to tell the transfer from the start of the program")
    return bulk_values(run, size, size * 8e-6 / seconds)


def ping(*flags: str) -> Callable[..., Values]:
    def measure(stack: Stack, world) -> Values:
        rounds = max(int(world.pings * world.scale), 100)
        with Server(stack, world, world.loopback, *flags) as server:
            answer = ask(server, world, "--mode", "ping", "--rounds", str(rounds), *flags).answer
        return {name: answer.get(f"{name}_us") for name in ("p50", "p99", "p999", "min")}

    return measure


def handshakes(at_once: int, *flags: str) -> Callable[..., Values]:
    def measure(stack: Stack, world) -> Values:
        count = max(int(world.handshakes * stack.share * world.scale), 50)
        with Server(stack, world, world.loopback) as server:
            run = ask(server, world, "--mode", "hs", "--count", str(count), "--conc", str(at_once), *flags)
        return {
            "per_s": run.answer["hs_per_s"],
            "client_ms": run.client.total * 1e3 / count, "server_ms": run.server.total * 1e3 / count,
        }  # fmt: skip

    return measure


def datagrams(stack: Stack, world) -> Values:
    """Tern's client sends to the server of each stack: the others' clients have no such mode."""
    count = max(int(world.datagrams * stack.share * world.scale), 1_000)
    with Server(stack, world, world.loopback) as server:
        ours = world.tern
        command = [*server.place.client, *ours.client, "--addr", f"{server.place.host}:{server.port}",
                   "--ca", str(world.authority), "--timeout", "60", "--mode", "dgrams",
                   "--dgrams", str(count)]  # fmt: skip
        run = observe(command, server, world, 90)
    if not run.answer.get("ok"):
        raise Failure(f"datagrams: {run.answer}")
    return {
        "per_s": run.answer["per_s"], "lost_percent": 100 * (1 - run.answer["returned"] / count),
        "server_us": run.server.total * 1e6 / count,
    }  # fmt: skip


def endpoint_cases() -> list[Case]:
    return [
        Case("down1", "1 stream down", "bulk", bulk("down"), ("down",)),
        Case("up1", "1 stream up", "bulk", bulk("up"), ("up",)),
        Case("down100", "100 streams down", "bulk", bulk("down", 100), ("down",)),
        Case("both", "both ways at once", "bulk", bulk("both"), ("both",)),
        Case("ping_loop", "request and response", "ping", on_loop, ("ping",)),
        Case("ping_pool", "request and response, handlers on the global pool", "ping", ping("--on", "pool"),
             ("ping", "--on")),
        Case("dgrams", "64-byte datagrams there and back", "dgrams", datagrams, ("echoes",)),
        Case("hs1", "handshakes one by one", "handshakes", handshakes(1), ("hs",)),
        Case("hs16", "handshakes, 16 at once", "handshakes", handshakes(16), ("hs",)),
        Case("resumed1", "resumed handshakes one by one", "handshakes", handshakes(1, "--resumed"),
             ("hs", "--resumed")),
        Case("resumed16", "resumed handshakes, 16 at once", "handshakes", handshakes(16, "--resumed"),
             ("hs", "--resumed")),
    ]  # fmt: skip


def on_loop(stack: Stack, world) -> Values:
    """Where there is a choice, handlers run on the event loop; the others do what they do."""
    return ping(*(["--on", "loop"] if stack.can("--on") else []))(stack, world)


JUMBO = (8_952, 65_000)


def jumbo_cases() -> list[Case]:
    """The datagrams of a path with 9,000-byte packets, and nearly the largest that UDP has: found by probing, where the
    programs have the option."""
    result = []
    for size in JUMBO:
        flags = ("--max-udp", str(size))
        measure = bulk("down", 1, *flags, server_flags=flags)
        result.append(Case(f"jumbo{size}", f"datagrams of up to {size:,} bytes", "jumbo", measure,
                           ("down", "--max-udp")))  # fmt: skip
    return result
