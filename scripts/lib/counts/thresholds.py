"""The limits of the figures: a file for each case, in a folder for each Swift version."""

import re

from .figures import BY_FIGURE

HEADER = """\
# {title}: what a packet with data may cost, once a transfer is under way.
# Checked by scripts/counts --check in medians of several runs. Renewed by scripts/counts --write: the highest of
# {rounds}, a quarter more{batches}, and a little.
"""
BATCHES = """, or twice as much for what depends on how many packets a turn
# finds, which is another number on another machine or a busier one"""
ROOM = 1.25
# Half as many calls again were seen on another machine. What this gate is for costs a call, a lock or a retain for
# each packet, which is far more.
BATCH_ROOM = 2
# For figures that are next to nothing: one allocation, call or lock more for every 250 packets is told.
LITTLE = 0.004
LINE = re.compile(r"(\S+) +([0-9.]+) +(\S.*)")


class Mistake(Exception):
    """A file that is not as it should be."""


def folder(root, version):
    """The limits for a Swift version, or for the newest that has some."""
    own = root / version
    if own.is_dir():
        return own
    others = [path for path in root.iterdir() if re.fullmatch(r"[0-9]+(\.[0-9]+)*", path.name)]
    return max(others, key=lambda path: [int(part) for part in path.name.split(".")], default=None)


def read(path):
    """(process, figure) → limit."""
    limits = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match or match[3] not in BY_FIGURE:
            raise Mistake(f"{path}: line {number} is no process, limit and known figure: {line}")
        limits[match[1], match[3]] = float(match[2])
    if not limits:
        raise Mistake(f"{path} has no limits: scripts/counts --write makes them")
    return limits


def limit(kind, value, case):
    """What is allowed where this was measured."""
    allowed = value * (BATCH_ROOM if case.varies and not kind.exact else ROOM) + LITTLE
    return min(allowed, kind.goal) if kind.goal is not None and value <= kind.goal else allowed


def write(path, case, found, rounds):
    """`found` is process → figure → value. What is demanded of nobody is left out."""
    lines = [
        f"{process:<7} {limit(kind, values[kind.figure], case):8.4f}  {kind.figure}"
        for process, values in found.items() for kind in BY_FIGURE.values() if kind.hint and kind.figure in values
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    header = HEADER.format(title=case.title.capitalize(), rounds=rounds, batches=BATCHES if case.varies else "")
    path.write_text(header + "\n".join(lines) + "\n")


def complaints(case, found, limits):
    """What is above its limit, by how much, and where to look."""
    result = []
    for (process, figure), allowed in limits.items():
        value = found.get(process, {}).get(figure)
        if value is not None and value > allowed:
            more = f" ({value / allowed:.1f} times)" if allowed else ""
            hint = BY_FIGURE[figure].hint.replace("CASE", case.name)
            result.append(
                f"{case.name}, {process}: {value:.4f} {figure} are {value - allowed:.4f} above the limit of "
                f"{allowed:.4f}{more}. Look at: {hint}.")
    return result


def uncounted(found, limits):
    """The figures with a limit that this machine did not count."""
    return sorted({figure for process, figure in limits if figure not in found.get(process, {})})
