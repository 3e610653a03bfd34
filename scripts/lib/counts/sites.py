"""Who allocates: the callers of malloc in a run of one case, the most first."""

import bisect
import os
import re
import subprocess

from . import programs
from .cases import CASES

SHOWN, CALLERS = 16, 4
# What every allocation of Swift code goes through.
RUNTIME = re.compile(r"swift_(slowAlloc|allocObject)")


class Sites(programs.Tools):
    """Counts chains of callers in the place of everything else."""

    library = "sites.so"

    def read(self, program, told, usage):
        sites = {}
        for line in told.splitlines():
            times, _, callers = line.partition(" ")
            sites[callers] = int(times)
        if not sites:
            raise program.failure("says nothing of its allocations: the library was not loaded")
        return {f"site {callers}": times for callers, times in sites.items()}


def show(options):
    tools = Sites(options.tern, options.scratch)
    names = Names(options.tern)
    for case in CASES:
        if case.name not in options.case:
            continue
        short, long = case.run(tools, case.short), case.run(tools, case.long)
        for process, packets in case.packets.items():
            before, after = short[process], long[process]
            carriers = after[packets] - before[packets]
            grown = {
                name.removeprefix("site "): times - before.get(name, 0) for name, times in after.items()
                if name.startswith("site ")}
            table(f"{case.title}, {process}, per 1,000 packets with data:", merge(grown, names), carriers)
    return 0


def merge(sites, names):
    """The same callers in words, which inlined closures and thunks share."""
    names.learn(caller for callers in sites for caller in callers.split())
    merged = {}
    for callers, times in sites.items():
        words = " < ".join([word for word in map(names.of, callers.split()) if not RUNTIME.search(word)][:CALLERS])
        merged[words] = merged.get(words, 0) + times
    return merged


def table(title, sites, packets):
    print(title)
    for words, times in sorted(sites.items(), key=lambda site: -site[1])[:SHOWN]:
        if times * 1_000 > packets / 10:
            print(f"  {times * 1_000 / packets:8.2f}  {words or 'somebody without frame pointers'}")


class Names:
    """Names of places in tern, whose own symbols are not exported, and in libraries."""

    def __init__(self, tern):
        self.tern = os.path.realpath(tern)
        lines = subprocess.run(["nm", self.tern], capture_output=True, text=True, check=True).stdout.splitlines()
        words = [line.split() for line in lines]
        self.symbols = sorted((int(word[0], 16), word[2]) for word in words if len(word) == 3)
        self.starts = [start for start, _ in self.symbols]
        self.words: dict[str, str] = {}

    def learn(self, callers):
        raw = {caller: self.symbol(caller) for caller in set(callers)}
        symbols = sorted(set(raw.values()))
        plain = subprocess.run(
            ["swift-demangle", "--compact", "--simplified"], input="\n".join(symbols), capture_output=True, text=True,
            check=True).stdout.splitlines()
        readable = dict(zip(symbols, plain))
        self.words = {caller: readable[symbol] for caller, symbol in raw.items()}

    def symbol(self, caller):
        place, _, name = caller.partition("=")
        path, _, offset = place.rpartition("+")
        if os.path.realpath(path) == self.tern:
            # The address is that behind the call.
            index = bisect.bisect(self.starts, int(offset, 16) - 1) - 1
            return self.symbols[index][1] if index >= 0 else place
        return name or f"{os.path.basename(path)}+{offset}"

    def of(self, caller):
        return self.words.get(caller, caller)[:110]
