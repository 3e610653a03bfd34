"""Runs programs with the counting library preloaded, and collects what they and the library say."""

import contextlib
import json
import os
import signal
import subprocess
import threading


class Failure(Exception):
    """Nothing was measured, and why."""


class Tools:
    """The programs of a run, and where they work: a folder with a certificate, the counting library and the names of
    system calls by number, as scripts/counts makes it."""

    library = "preload.so"

    def __init__(self, tern, scratch):
        self.tern, self.scratch, self.counter = tern, scratch, str(scratch / self.library)
        self.names = dict(line.split() for line in (scratch / "calls").read_text().splitlines())

    def read(self, program, told, usage):
        """The counts that the library told, and the kernel's own of a process that has ended."""
        counts = {"thread_sleeps": usage.ru_nvcsw, "calls": 0}
        for line in told.splitlines():
            name, value = line.split(" ", 1)
            if name == "no_system_calls":
                del counts["calls"]
                counts["no_system_calls"] = value
            elif name.startswith("call_"):
                number = name.removeprefix("call_")
                counts[f"call {self.names.get(number, number)}"] = int(value)
                counts["calls"] += int(value)
            else:
                counts[name] = int(value)
        if "allocations" not in counts:
            raise program.failure("says nothing of its counts: the counting library was not loaded")
        return counts


class Lines:
    """What comes out of a pipe, collected by a thread."""

    def __init__(self, pipe):
        self.lines: list[str] = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(pipe), daemon=True)
        self.reader.start()

    def text(self):
        """Waits until the other end is closed."""
        self.reader.join()
        return "".join(self.lines)


class Counted:
    """A program under the counter. `finish` returns the last JSON object that it printed, and its counts."""

    def __init__(self, tools, *words):
        self.tools, self.words = tools, words
        source, sink = os.pipe()
        environment = {**os.environ, "LD_PRELOAD": tools.counter, "TERN_COUNTS_FD": str(sink)}
        self.process = subprocess.Popen(
            [tools.tern, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tools.scratch,
            env=environment, pass_fds=[sink])
        os.close(sink)
        # Read from the start: a full pipe would stop the program.
        self.errors, self.report = Lines(self.process.stderr), Lines(os.fdopen(source))

    def line(self):
        return self.process.stdout.readline()

    def finish(self, ending=None, patience=60):
        if ending is not None:
            self.process.send_signal(ending)
        alarm = threading.Timer(patience, self.process.kill)
        alarm.start()
        output = self.process.stdout.read()
        told = self.report.text()
        _, status, usage = os.wait4(self.process.pid, 0)
        alarm.cancel()
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            raise self.failure(f"ended with {self.process.returncode}: {output}")
        return self.answer(output), self.tools.read(self, told, usage)

    def failure(self, why):
        self.abandon()
        return Failure(f"tern {' '.join(self.words)} {why.strip()} {self.errors.text().strip()}".strip())

    def answer(self, output):
        try:
            return json.loads(output.strip().splitlines()[-1])
        except (IndexError, ValueError):
            raise self.failure(f"printed no JSON: {output}") from None

    def abandon(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def engine(tools, size, *flags):
    """Two engines in one thread: the counts of the process."""
    with contextlib.closing(_Both(tools)) as run:
        answer, counts = run.start("bench", "engine", "--json", "--gb", f"{size / 1e9:g}", *flags).finish()
    return {"engine": {**counts, **_numbers(answer)}}


def pair(tools, size, mode, *flags):
    """A server and a client, two processes over loopback: the counts of each."""
    with contextlib.closing(_Both(tools)) as run:
        server = run.start("peer", "server", "--addr", "127.0.0.1:0", "--cert", "leaf.pem", "--key", "leaf.key")
        try:
            address = json.loads(server.line())["addr"]
        except (ValueError, KeyError):
            raise server.failure("did not say where it listens") from None
        client = run.start(
            "peer", "client", "--addr", address, "--ca", "ca.pem", "--mode", mode, "--bytes", str(size), *flags)
        results = {"client": client.finish(), "server": server.finish(signal.SIGTERM)}
    results = {name: {**counts, **_numbers(answer)} for name, (answer, counts) in results.items()}
    for name, counts in results.items():
        agree(name, counts)
    return results


def agree(name, counts):
    """Two that count the same thing independently: the library every call, tern its own calls before it shuts down."""
    if "calls" not in counts:
        return
    seen, told = counts.get("call recvmmsg", 0), counts["receive_calls"]
    if not told <= seen <= told + 20:
        raise Failure(f"the {name} says that it received with {told} system calls, the counter saw {seen}")


def _numbers(answer):
    return {name: value for name, value in answer.items() if isinstance(value, int) and not isinstance(value, bool)}


class _Both:
    """Whatever happens, no program is left behind."""

    def __init__(self, tools):
        self.tools, self.started = tools, []

    def start(self, *words):
        self.started.append(Counted(self.tools, *words))
        return self.started[-1]

    def close(self):
        for program in self.started:
            program.abandon()
