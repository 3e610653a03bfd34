"""Many cases between many peers, some at the same time, and one table of it."""

import concurrent.futures
import json
import os
import platform
import signal
import subprocess
import sys
import threading

from . import report
from .cases import CASES, QUICK
from .experiment import FAILED, Result
from .peers import ROOT, Misunderstood


def plan(options, registry):
    """(case, client, server) in the order of the table."""
    present = [name for name, peer in registry.items() if peer.is_present]
    if options.self:
        couples = [("tern", "tern")]
    elif options.clients or options.servers:
        couples = [(c, s) for c in options.clients or present for s in options.servers or present]
    elif options.quick:
        couples = [("tern", "tern"), ("tern", "aioquic"), ("aioquic", "tern")]
    else:
        others = [name for name in present if name != "tern"]
        couples = [("tern", "tern")] + [pair for name in others for pair in (("tern", name), (name, "tern"))]
    unknown = {name for pair in couples for name in pair} - set(registry)
    if unknown:
        raise Misunderstood(f"there is no peer {', '.join(sorted(unknown))}: choose of {', '.join(registry)}.")
    for name in sorted({name for pair in couples for name in pair} - set(present)):
        print(f"warning: {name} is left out: {registry[name].advice}.", file=sys.stderr)
    couples = [pair for pair in couples if set(pair) <= set(present)]
    wanted = options.cases or (QUICK if options.quick else [case.name for case in CASES])
    strange = set(wanted) - {case.name for case in CASES}
    if strange:
        raise Misunderstood(f"there is no case {', '.join(sorted(strange))}: see scripts/lab list.")
    return [(case, *pair) for pair in couples for case in CASES if case.name in wanted]


class Crew:
    """Runs each experiment in a process of its own, which takes its laboratory down when it is told to end."""

    def __init__(self, options):
        self.options, self.running, self.lock, self.ended = options, set(), threading.Lock(), False

    def run(self, task):
        """A result; with --second-chance that of a second run where the first failed, which it then tells of."""
        result = self.attempt(task)
        if result is None or result.status != FAILED or not self.options.second_chance:
            return result
        again = self.attempt(task)
        if again is not None and again.status != FAILED:
            again.before = result.problems
        return again

    def attempt(self, task):
        case, client, server = task
        command = [sys.executable, "-m", "lab"]
        if self.options.tern:
            command += ["--tern", self.options.tern]
        command += ["run", case.name, "--client", client, "--server", server, "--json"]
        repetitions = self.options.repetitions or (1 if self.options.quick else None)
        if repetitions and case.repetitions > 1:
            command += ["--repetitions", str(repetitions)]
        with self.lock:
            if self.ended:
                return None
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            self.running.add(process)
        output, _ = process.communicate()
        with self.lock:
            self.running.discard(process)
        if self.ended:
            return None
        try:
            return Result(**json.loads(output.strip().splitlines()[-1]))
        except (IndexError, ValueError):
            problem = f"the experiment itself ended with status {process.returncode}"
            return Result(case.name, client, server, FAILED, [problem])

    def end(self):
        with self.lock:
            self.ended = True
            for process in self.running:
                process.send_signal(signal.SIGTERM)
        for process in list(self.running):
            process.wait()


def run(options, registry):
    tasks = plan(options, registry)
    if not tasks:
        raise Misunderstood("there is nothing to run: no peer of any pair is present.")
    crew, results = Crew(options), []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            for result in pool.map(crew.run, tasks):
                results.append(result)
                print(report.line(result), flush=True)
                if result.folder:
                    print(f"    captures, keys and logs: {result.folder}", flush=True)
        except BaseException:
            crew.end()
            pool.shutdown(cancel_futures=True)
            raise
    versions = {name: registry[name].version() for name in sorted({n for r in results for n in (r.client, r.server)})}
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    if "tern" in versions and commit.returncode == 0:
        versions["tern"] = f"{commit.stdout.strip()}, {versions['tern']}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    print(f"\n{report.table(results)}\n\n{report.legend(results)}")
    print("\n".join(f"{name}: {version}" for name, version in versions.items()))
    write(options, results, versions, machine)
    print(report.summary(results))
    return 1 if any(result.status == FAILED for result in results) else 0


def write(options, results, versions, machine):
    page = options.html or ROOT / ".build/lab/matrix.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(report.page(results, versions, machine))
    print(f"page: {page}")
    if options.write:
        target = ROOT / "Benchmarks/INTEROP.md"
        target.write_text(report.markdown(results, versions, machine))
        print(f"table: {target}")
