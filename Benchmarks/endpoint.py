#!/usr/bin/env python3
"""What `scripts/bench endpoint` and `scripts/bench idle` run: own process pairs over loopback, by turns."""

import argparse
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESULTS = os.path.join(ROOT, "Benchmarks", "RESULTS.md")

CASES = {
    "down1": "1 stream down",
    "down100": "100 streams down",
    "up1": "1 stream up",
    "ping": "request and response",
    "hs1": "handshakes one by one",
    "hs16": "handshakes, 16 at once",
}
BULK = ("down1", "down100", "up1")
SLOW = 16  # how much less aioquic gets to do


class Failure(Exception):
    pass


class Stack:
    def __init__(self, name, server, client, share=1.0):
        self.name, self.server, self.client, self.share = name, server, client, share
        # Processor seconds of a client that only starts and shakes hands once.
        self.start_up = 0.0


CIPHER = ["--cipher", "aes128"]


def tern_itself(options):
    return Stack("Tern", [options.tern, "peer", "server", *CIPHER], [options.tern, "peer", "client", *CIPHER])


def stacks(options):
    """Tern, and the other stacks that are here."""
    peers = options.peers
    python = os.path.join(peers, "venv/bin/python")
    found = [tern_itself(options)]
    quinn, go = os.path.join(peers, "quinn/quinn011"), os.path.join(peers, "quicgo/quicgo50")
    aioquic = [os.path.join(peers, "aioquic", f"aq_{role}.py") for role in ("server", "client")]
    others = [
        ("quinn 0.11", [quinn], [quinn, "server", *CIPHER], [quinn, "client", *CIPHER], 1),
        # Chooses AES-128-GCM by itself.
        ("quic-go 0.50", [go], [go, "server"], [go, "client"], 1),
        ("aioquic 1.7", [python, *aioquic], [python, aioquic[0], *CIPHER], [python, aioquic[1], *CIPHER], 1 / SLOW),
    ]
    for name, needed, server, client, share in others:
        missing = [path for path in needed if not os.path.exists(path)]
        if missing:
            print(f"skipped {name}: there is no {missing[0]}", flush=True)
        else:
            found.append(Stack(name, server, client, share))
    return found


def processor_time(process):
    """Seconds of user and system time so far, of a process that still runs."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, command, options, *more):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        files = ["--cert", options.certificate, "--key", options.key]
        self.process = subprocess.Popen(
            [*command, "--addr", self.address, *files, "--quiet", "--idle", "3600", *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=options.scratch)
        try:
            self.wait_for_port(port)
        except Failure:
            self.stop()
            raise

    def wait_for_port(self, port):
        for _ in range(200):
            if self.process.poll() is not None:
                raise Failure(f"the server ended at once: {' '.join(self.process.args)}")
            for table in ("/proc/self/net/udp", "/proc/self/net/udp6"):
                with open(table) as file:
                    if any(line.split()[1].endswith(f":{port:04X}") for line in file.readlines()[1:]):
                        return
            time.sleep(0.05)
        raise Failure(f"the server did not open its port: {' '.join(self.process.args)}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def ask(stack, server, options, *flags):
    """Runs a client; returns what it found, and the processor seconds of both ends."""
    before = processor_time(server.process)
    client = subprocess.Popen(
        [*stack.client, "--addr", server.address, "--ca", options.authority, "--timeout", "110", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=options.scratch)
    output = client.stdout.read()
    _, status, usage = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    after = processor_time(server.process)
    line = output.strip().splitlines()[-1] if output.strip() else "{}"
    try:
        answer = json.loads(line)
    except ValueError:
        answer = {}
    if not answer.get("ok"):
        raise Failure(f"{stack.name}: {' '.join(flags)}: {line}")
    return answer, usage.ru_utime + usage.ru_stime - stack.start_up, after - before


def attempt(stack, case, options, record):
    size = int(options.gb * 1e9 * stack.share)
    count = max(int(options.handshakes * stack.share), 50)
    flags = {
        "down1": ["--mode", "down", "--bytes", str(size)],
        "down100": ["--mode", "down", "--bytes", str(size), "--streams", "100"],
        "up1": ["--mode", "up", "--bytes", str(size)],
        "ping": ["--mode", "ping", "--rounds", "2000"],
        "hs1": ["--mode", "hs", "--count", str(count)],
        "hs16": ["--mode", "hs", "--count", str(count), "--conc", "16"],
    }[case]
    with Server(stack.server, options) as server:
        answer, client, serving = ask(stack, server, options, *flags)
    if case in BULK:
        record(case, "mbit", answer["mbit"])
        record(case, "client_s_per_gb", max(client, 0) / (size / 1e9))
        record(case, "server_s_per_gb", serving / (size / 1e9))
    elif case == "ping":
        record(case, "p50_us", answer["p50_us"])
        record(case, "p99_us", answer["p99_us"])
    else:
        record(case, "per_s", answer["hs_per_s"])
        record(case, "client_ms", max(client, 0) * 1e3 / count)
        record(case, "server_ms", serving * 1e3 / count)


LIMITS = {
    "UDP, 1,350 bytes a call": (["gso", "1350", "1", "0"], r"recv ([0-9.]+) Gbit"),
    "UDP, 45 datagrams a call (GSO, GRO)": (["gso", "1350", "45", "1"], r"recv ([0-9.]+) Gbit"),
    "ngtcp2 and GnuTLS in one thread, no sockets": (["pump", "{gb}"], r"([0-9.]+) Gbit/s"),
}


def limit(name, options, record):
    command, pattern = LIMITS[name]
    command = [part.format(gb=options.gb) for part in command]
    program = os.path.join(options.scratch, command[0])
    if not os.path.exists(program):
        return
    output = subprocess.run(
        [program, *command[1:]], cwd=options.scratch, capture_output=True, text=True, timeout=100).stdout
    match = re.search(pattern, output)
    if not match:
        raise Failure(f"{command[0]} said nothing of its speed: {output}")
    record("limit", "mbit", float(match[1]) * 1e3)


class Records:
    """Values by row, case and figure, and their table."""

    def __init__(self):
        self.values = {}

    def recorder(self, row):
        def record(case, figure, value):
            self.values.setdefault(row, {}).setdefault(f"{case} {figure}", []).append(value)
        return record

    def cell(self, row, key, digits=0):
        values = self.values.get(row, {}).get(key)
        if not values:
            return "–"
        shown = [f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
        return shown[0] if len(values) == 1 else f"**{shown[0]}** ({shown[1]}–{shown[2]})"

    @staticmethod
    def line(cells):
        return "| " + " | ".join(cells) + " |"

    def table(self, title, rows, columns):
        columns = [column for column in columns if any(column[1] in self.values.get(row, {}) for row in rows)]
        if not columns:
            return []
        lines = [self.line([title, *(name for name, _, _ in columns)]), "|---" * (len(columns) + 1) + "|"]
        for row in rows:
            if row in self.values:
                lines.append(self.line([row, *(self.cell(row, key, digits) for _, key, digits in columns)]))
        return [*lines, ""]

    def report(self):
        rows = [row for row in self.values if row not in LIMITS]
        bulk = [(f"{CASES[case]}, Mbit/s", f"{case} mbit", 0) for case in BULK]
        rest = [
            ("latency p50, µs", "ping p50_us", 0), ("latency p99, µs", "ping p99_us", 0),
            ("handshakes/s, one by one", "hs1 per_s", 0), ("handshakes/s, 16 at once", "hs16 per_s", 0),
        ]
        cost = [
            (f"{CASES[case]}, {end}", f"{case} {end}_s_per_gb", 2) for case in BULK for end in ("client", "server")
        ]
        hand = [
            (f"{name}, {end}", f"{case} {end}_ms", 2)
            for case, name in (("hs1", "one by one"), ("hs16", "16 at once")) for end in ("client", "server")
        ]
        return [
            *self.table("Throughput", rows, bulk),
            *self.table("Latency and handshakes", rows, rest),
            *self.table("Processor seconds per GB", rows, cost),
            *self.table("Processor ms per handshake", rows, hand),
            *self.table("The machine's limits", list(LIMITS), [("Mbit/s", "limit mbit", 0)]),
        ]


def machine(options):
    """One line on where and with what this ran."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    if names:
        model = names[0]
    version = subprocess.run([options.tern, "version"], capture_output=True, text=True).stdout.split("\n")[0]
    load = "{:.2f}".format(os.getloadavg()[0])
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {version}; {model}, {os.cpu_count()} processors, "
        f"Linux {platform.release()}; load average at the start {load}"
    )


def rounds_in_words(options):
    if options.rounds == 1:
        return "One round"
    return f"Medians of {options.rounds} rounds by turns, with the lowest and the highest"


def keep(name, lines, options, figures):
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=1)
    if options.write:
        write_section(name, lines)


def write_section(name, lines):
    """Replaces what stands between the two marks of a section."""
    with open(RESULTS) as file:
        text = file.read()
    start, end = f"<!-- {name}: written by scripts/bench -->\n", f"<!-- {name}: end -->"
    if start not in text or end not in text:
        raise Failure(f"{RESULTS} has no section {name}")
    head, tail = text.split(start)[0], text.split(end)[1]
    with open(RESULTS, "w") as file:
        file.write(head + start + "\n" + "\n".join(lines).strip() + "\n\n" + end + tail)


def endpoint(options):
    where = machine(options)
    print(where, flush=True)
    records, failures = Records(), []
    chosen = stacks(options)
    for stack in chosen:
        with Server(stack.server, options) as server:
            _, stack.start_up, _ = ask(stack, server, options, "--mode", "hs", "--count", "1")
    # By turns: what else the machine does disturbs all alike.
    for number in range(options.rounds):
        for case in options.only or CASES:
            for stack in chosen:
                try:
                    attempt(stack, case, options, records.recorder(stack.name))
                except (Failure, KeyError) as failure:
                    failures.append(f"round {number + 1}, {case}: {failure}")
                    print(f"failed: {failures[-1]}", flush=True)
        if not options.only:
            for name in LIMITS:
                limit(name, options, records.recorder(name))
        print(f"round {number + 1} of {options.rounds} done", flush=True)
    lines = [
        f"{where}. {rounds_in_words(options)}; {options.gb:g} GB a transfer (aioquic {options.gb / SLOW:g}), "
        "AES-128-GCM.", "", *records.report(),
        *(f"Failed: {failure}" for failure in failures)]
    print("\n" + "\n".join(lines))
    keep("endpoint", lines, options, {"run": where, "gb": options.gb, "values": records.values})
    return 1 if failures else 0


def resident(process):
    with open(f"/proc/{process.pid}/smaps_rollup") as file:
        return int(re.search(r"^Rss:\s+(\d+) kB", file.read(), re.M)[1])


def floor_of_libraries(options, count):
    """KiB per connection and end of the C program over the same libraries; None without it."""
    program = os.path.join(options.scratch, "idle")
    if not os.path.exists(program):
        print("skipped the C program: there is no idle.c in the folder of --limits", flush=True)
        return None
    output = subprocess.run([program, str(count)], cwd=options.scratch, capture_output=True, text=True).stdout
    heaps = [float(value) for value in re.findall(r"server \w+ \w+ heap: ([0-9.]+) KB", output)]
    pair = re.search(r"([0-9.]+) KB RSS per pair", output)
    if len(heaps) != 2 or not pair:
        raise Failure(f"the C program said nothing of its memory: {output}")
    # Its client and its server share a process. What each end allocated is known, and what the pair keeps resident.
    return {"session": heaps[0], "connection": heaps[1], "resident": float(pair[1]) / 2}


def idle(options):
    where = machine(options)
    print(where, flush=True)
    stack = tern_itself(options)
    count = options.connections
    with Server(stack.server, options) as server:
        # What is loaded and kept for the first connection is not a connection's.
        ask(stack, server, options, "--mode", "hs", "--count", "16")
        time.sleep(1)
        before = resident(server.process)
        client = subprocess.Popen(
            [*stack.client, "--addr", server.address, "--ca", options.authority, "--mode", "idle", "--idle", "3600",
             "--count", str(count), "--hold", "6", "--timeout", "600"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=options.scratch)
        ready = client.stdout.readline()
        time.sleep(3)
        after = resident(server.process)
        rest = client.stdout.read()
        client.wait()
    if f'"ready": {count}' not in ready or client.returncode != 0:
        raise Failure(f"not all connections were held: {ready}{rest}")
    ours = (after - before) / count
    floor = floor_of_libraries(options, count)
    rows = [("Tern's server", f"{ours:.1f}")]
    verdict = []
    exceeds = False
    if floor:
        library = floor["session"] + floor["connection"]
        exceeds = ours - floor["resident"] > 16
        rows += [
            ("the C program, half of what a pair keeps resident", f"{floor['resident']:.1f}"),
            ("of that the server's heap: GnuTLS, ngtcp2", f"{floor['session']:.1f} + {floor['connection']:.1f}"),
        ]
        verdict = [
            f"Tern adds {ours - floor['resident']:.1f} KiB to the C program's resident memory ({ours - library:.1f} to "
            f"its heap); the bound is 16: {'missed' if exceeds else 'kept'}.", ""]
    lines = [
        f"{where}. {count:,} idle connections between two processes.", "", "| Per connection | KiB |", "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows), "", *verdict]
    print("\n" + "\n".join(lines))
    keep("idle", lines, options, {"run": where, "connections": count, "kib": ours, "floor": floor})
    return 1 if exceeds else 0


def router(options):
    where = machine(options)
    print(where, flush=True)
    flags = ["--rounds", str(options.rounds)]
    output = subprocess.run(
        [options.tern, "bench", "router", "--json", *flags], capture_output=True, text=True, check=True).stdout
    figures = json.loads(output.strip().splitlines()[-1])
    rows = zip(*(figures[name] for name in ("connections", "active", "ns_per_packet", "lowest", "highest", "ratio")))
    lines = [
        f"{where}. {rounds_in_words(options)}.", "",
        "| Connections | in turn | ns per received packet | ratio |", "|---|---|---|---|",
        *(f"| {a:,} | {b:,} | **{c:,.0f}** ({d:,.0f}–{e:,.0f}) | {f:.2f} |" for a, b, c, d, e, f in rows)]
    print("\n" + "\n".join(lines))
    keep("router", lines, options, {"run": where, **figures})
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["endpoint", "idle", "router"])
    for name in ("tern", "scratch", "authority", "certificate", "key", "peers"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gb", type=float, default=1)
    parser.add_argument("--handshakes", type=int, default=1000)
    parser.add_argument("--only", action="append", choices=CASES)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--json")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    try:
        return {"endpoint": endpoint, "idle": idle, "router": router}[options.what](options)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1


sys.exit(main())
