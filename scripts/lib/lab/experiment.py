"""One case between one client and one server: from the empty network to the verdict."""

import dataclasses
import os
import pathlib
import random
import secrets
import shutil
import socket
import statistics
import subprocess
import time

from . import checks, materials, trace
from .capture import Capture
from .cases import PROBE_VERSION
from .namespaces import CLIENT, SERVER, Network, end, socket_in

PASSED, FAILED, UNSUPPORTED = "passed", "failed", "unsupported"
EXIT_UNSUPPORTED = 127
PORT = 443
READY_SECONDS = 10
GRACE_SECONDS = 3


@dataclasses.dataclass
class Result:
    case: str
    client: str
    server: str
    status: str = PASSED
    problems: list = dataclasses.field(default_factory=list)
    times: list = dataclasses.field(default_factory=list)
    goodput: list = dataclasses.field(default_factory=list)
    folder: str = ""
    # What was wrong with a run before this one that does not count.
    before: list = dataclasses.field(default_factory=list)

    def fail(self, *problems):
        self.status = FAILED
        self.problems += problems

    @property
    def seconds(self):
        """The median of the repetitions: when a probe timeout ends is luck."""
        return statistics.median(self.times) if self.times else 0.0

    def figure(self):
        """What a table shows besides the verdict."""
        if self.goodput:
            return f"{sum(self.goodput) / len(self.goodput):.0f} kbit/s"
        between = f" ({min(self.times):.1f} to {max(self.times):.1f})" if len(self.times) > 1 else ""
        return f"{self.seconds:.1f} s{between}" if self.seconds else ""


class Unsupported(Exception):
    """An end that says 127."""


class Experiment:
    def __init__(self, case, client, server, folder, seed=None):
        self.case, self.client, self.server, self.folder = case, client, server, pathlib.Path(folder)
        self.seed = secrets.randbits(32) if seed is None else seed
        self.evidence = checks.Evidence()

    def run(self, repetitions=None, keep=False):
        """Runs all repetitions; a folder without failure is removed unless it is to be kept."""
        result = Result(self.case.name, self.client.name, self.server.name, folder=str(self.folder))
        try:
            for number in range(repetitions or self.case.repetitions):
                self._attempt(result, self.folder / str(number) if number else self.folder, self.seed + number)
                if result.status != PASSED:
                    break
        except Unsupported as who:
            result.status, result.problems = UNSUPPORTED, [f"{who} says that it does not support it"]
        except (trace.NoTrace, RuntimeError, OSError, subprocess.SubprocessError) as problem:
            result.fail(f"{type(problem).__name__}: {problem}")
        self._judge_figures(result)
        self._excuse(result)
        if result.status != FAILED and not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
            result.folder = ""
        return result

    def _judge_figures(self, result):
        """We ask more of ourselves than the runner does of anybody."""
        if result.status != PASSED or (self.client.name, self.server.name) != ("tern", "tern"):
            return
        if self.case.most_seconds and result.seconds > self.case.most_seconds:
            result.fail(f"it took {result.seconds:.1f} s: more than {self.case.most_seconds:g} s")
        mean = sum(result.goodput) / len(result.goodput) if result.goodput else 0
        if self.case.least_goodput and mean < self.case.least_goodput:
            result.fail(f"the goodput was {mean:.0f} kbit/s: less than {self.case.least_goodput:g}")

    def _excuse(self, result):
        """Where all that is wrong is what a peer is known not to do."""
        for role in ("client", "server"):
            for limit in getattr(self, role).limits:
                is_meant = (limit.role, limit.case) == (role, self.case.name)
                if result.status == FAILED and is_meant and limit.excuses(result.problems):
                    result.status, result.problems = UNSUPPORTED, [f"{getattr(self, role).name}: {limit.reason}"]

    def _attempt(self, result, folder, seed):
        self._prepare(folder, seed)
        with Network() as network:
            if self.case.kind == "compliance":
                self._refuse(result, network, folder)
                return
            network.start_link(self.case.scenario.with_seed(seed), folder / "link.json")
            captures = [
                Capture(network, getattr(network, role), folder / f"{role}.pcapng") for role in ("client", "server")
            ]
            server = self._start(network, folder, "server")
            self._wait_until_ready(network, server)
            if self.case.kind == "probe":
                self._probe(network)
                evidence = checks.Evidence()
            else:
                evidence = self._transfer(result, network, folder, server)
            if server.poll() not in (None, 0):
                result.fail(
                    f"the server ended by itself with status {server.returncode}: {last_line(folder, 'server')}"
                )
            end(server, GRACE_SECONDS)
            lost = [remark for remark in (capture.stop() for capture in captures) if remark]
            link = network.stop_link(folder / "link.json")
        if any(link[way]["oversized"] for way in ("server", "client")):
            result.fail("packets above 1514 bytes on the link: an offload is on, so captures do not show what travels")
        if link["missed"]:
            result.fail(f"the emulated link was too slow for {link['missed']} packets: this machine is too busy")
        self._judge(result, evidence, folder, lost)

    def _prepare(self, folder, seed):
        self.places = {name: folder / name for name in ("www", "downloads", "certs")}
        for path in [*self.places.values(), folder / "client/qlog", folder / "server/qlog"]:
            path.mkdir(parents=True, exist_ok=True)
        materials.make_certificates(self.places["certs"], self.case.chain)
        self.files = materials.make_files(self.places["www"], self.case.files, seed)

    def _start(self, network, folder, role, testcase=None, requests=()):
        peer = getattr(self, role)
        logs = folder / role
        environment = os.environ | {
            "ROLE": role,
            "TESTCASE": testcase or self.case.testcase(role),
            "SSLKEYLOGFILE": str(logs / "keys.log"),
            "QLOGDIR": str(logs / "qlog"),
            "LOGS": str(logs),
            "CERTS": str(self.places["certs"]),
            "PORT": str(PORT),
        }
        if role == "client":
            environment |= {"REQUESTS": " ".join(requests), "DOWNLOADS": str(self.places["downloads"])}
        else:
            environment |= {"WWW": str(self.places["www"])}
        with open(logs / "output.log", "ab") as output:
            return network.start(getattr(network, role), peer.command, env=environment, stdout=output, stderr=output)

    def _wait_until_ready(self, network, server):
        """Asks from the server's own namespace, so that nothing of it is on the link."""
        limit = time.monotonic() + READY_SECONDS
        with socket_in(network.server, socket.AF_INET, socket.SOCK_DGRAM) as asking:
            while time.monotonic() < limit:
                if server.poll() == EXIT_UNSUPPORTED:
                    raise Unsupported(self.server.name)
                if server.poll() is not None:
                    raise RuntimeError(f"the server ended with status {server.returncode} before it was ready")
                if probe(asking, 0.25):
                    return
        raise RuntimeError(f"the server answered no Version Negotiation within {READY_SECONDS} s")

    def _probe(self, network):
        with socket_in(network.client, socket.AF_INET, socket.SOCK_DGRAM) as asking:
            limit = time.monotonic() + READY_SECONDS
            while time.monotonic() < limit and not probe(asking, 0.5):
                pass

    def _transfer(self, result, network, folder, server):
        tcp = self._start_tcp(network, folder) if self.case.beside_tcp else None
        requests = [f"https://{self.case.host}:{PORT}/{name}" for name in self.files]
        client = self._start(network, folder, "client", requests=requests)
        try:
            client.wait(self.case.timeout)
        except subprocess.TimeoutExpired:
            result.fail(f"the client was not done after {self.case.timeout:g} s")
            end(client, GRACE_SECONDS)
        if tcp and tcp.poll() is not None:
            result.fail("the TCP connection beside ended before the transfer did: iperf.log says why")
        if tcp:
            end(tcp, number=2)
        if client.returncode == EXIT_UNSUPPORTED:
            raise Unsupported(self.client.name)
        if client.returncode:
            result.fail(f"the client ended with status {client.returncode}: {last_line(folder, 'client')}")
        downloads = {path.name: materials.digest(path) for path in self.places["downloads"].iterdir()}
        size = sum(size for _, size in self.case.files)
        return checks.Evidence(files=self.files, downloads=downloads, size=size)

    def _start_tcp(self, network, folder):
        """Its data travel the way of the files."""
        listening = network.start(
            network.client, ["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        limit = time.monotonic() + READY_SECONDS
        while ":5201" not in network.run(network.client, "ss", "-Hlnt").stdout:
            if time.monotonic() > limit or listening.poll() is not None:
                raise RuntimeError("iperf3 does not listen")
        with open(folder / "iperf.log", "wb") as output:
            command = ["iperf3", "-c", CLIENT[0], "-C", "cubic", "-t", int(self.case.timeout) + 30, "-i", "5"]
            return network.start(network.server, command, stdout=output, stderr=output)

    def _refuse(self, result, network, folder):
        slug = "".join(random.choices("abcdefghijklmnop", k=12))
        for role in ("client", "server"):
            process = self._start(network, folder, role, testcase=slug, requests=["https://server4/none"])
            try:
                process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                end(process, GRACE_SECONDS)
            if process.returncode != EXIT_UNSUPPORTED:
                result.fail(f"the {role} ended with {process.returncode} instead of 127 for an unknown test case")

    def _judge(self, result, evidence, folder, lost):
        only = "quic.header_form == 1" if self.case.is_measured else "quic"
        # Whichever end wrote one: both have the same keys.
        logs = [folder / role / "keys.log" for role in ("client", "server")]
        keys = next((log for log in logs if log.is_file() and log.stat().st_size), None)
        self.evidence = evidence
        evidence.is_strict = self.server.name == "tern"
        evidence.client = trace.decode(folder / "client.pcapng", keys, only)
        evidence.server = trace.decode(folder / "server.pcapng", keys, only)
        trace.complete(evidence.server, evidence.client)
        trace.complete(evidence.client, evidence.server)
        found = [problem for criterion in self.case.criteria for problem in criterion(evidence)]
        if found and lost:
            found += [f"the capture is incomplete: {remark.strip()}" for remark in lost]
        result.times.append(round(checks.seconds(evidence), 2))
        if self.case.is_measured:
            evidence.transfer = trace.transfer_seconds(folder / "client.pcapng")
            goodput = checks.goodput(evidence)
            if goodput is None:
                found.append("there is nothing in the capture to measure")
            else:
                result.goodput.append(round(goodput))
        if found:
            result.fail(*found)


def probe(asking, patience):
    """What the runner's network asks a server: 1,200 bytes of a version that is none (RFC 9000 section 6)."""
    packet = bytes([0xC0]) + PROBE_VERSION.to_bytes(4, "big") + b"\0\0"
    asking.settimeout(patience)
    try:
        asking.sendto(packet.ljust(1200, b"\0"), (SERVER[0], PORT))
        answer = asking.recv(2048)
    except (TimeoutError, ConnectionRefusedError):
        time.sleep(0.05)
        return False
    return len(answer) >= 7 and answer[0] & 0x80 and answer[1:5] == bytes(4)


def last_line(folder, role):
    lines = (folder / role / "output.log").read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
