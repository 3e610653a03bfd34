"""The link as it runs: packets between two namespaces, recorded by dumpcap and read by tshark."""

import pathlib
import socket
import statistics
import tempfile
import threading
import time

from . import checks, trace
from .capture import Capture
from .cases import PROBE_VERSION
from .experiment import PORT, probe
from .namespaces import CLIENT, SERVER, Network, socket_in
from .scenarios import DEFAULT, LONG, REBIND_ADDRESS, Scenario, both

FAST = Scenario(bandwidth=100e6, queue=200)
LOSSY = Scenario(bandwidth=100e6, queue=10000, drop=both(30), burst=both(3), seed=1)


def run(expect):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for part in (delay, bandwidth, losses, ecn_bits, new_address, decoding):
            part(expect, folder)


class Ends:
    """A network with a socket at each end."""

    def __init__(self, scenario, folder, family=0):
        self.scenario, self.statistics, self.family = scenario, folder / "link.json", family

    def __enter__(self):
        self.network = Network()
        self.network.__enter__()
        self.network.start_link(self.scenario, self.statistics)
        kind = (socket.AF_INET6 if self.family else socket.AF_INET), socket.SOCK_DGRAM
        self.client, self.server = socket_in(self.network.client, *kind), socket_in(self.network.server, *kind)
        self.server.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
        self.server.bind((SERVER[self.family], PORT))
        self.target = (SERVER[self.family], PORT)
        for end in (self.client, self.server):
            end.settimeout(5)
        return self

    def received(self, count, patience=1.0):
        """(time, data) of up to so many datagrams."""
        self.server.settimeout(patience)
        result = []
        try:
            while len(result) < count:
                data = self.server.recv(2048)
                result.append((time.monotonic(), data))
        except TimeoutError:
            pass
        return result

    def __exit__(self, *_):
        self.client.close()
        self.server.close()
        self.network.__exit__()


def delay(expect, folder):
    for scenario, family in ((DEFAULT, 0), (DEFAULT, 1), (LONG, 0)):
        with Ends(scenario, folder, family) as ends:
            times = []
            for _ in range(3 if scenario is LONG else 15):
                start = time.monotonic()
                ends.client.sendto(b"ping", ends.target)
                data, address = ends.server.recvfrom(2048)
                ends.server.sendto(data, address)
                ends.client.recv(2048)
                times.append(time.monotonic() - start)
        late = [1e3 * (time - 2 * scenario.delay) for time in times]
        family = "IPv6" if family else "IPv4"
        print(f"  round trip of {2e3 * scenario.delay:g} ms over {family}: {statistics.median(late):+.2f} ms")
        # Never early; how late is the machine's affair, and only a link that waits too often is later than this.
        expect(
            0 <= min(late) < 1e3 * scenario.delay,
            f"the round trip takes {2e3 * scenario.delay:g} ms, and {min(late):.2f} ms more",
        )


def bandwidth(expect, folder):
    for scenario, count in ((DEFAULT, 2000), (FAST, 12000)):
        with Ends(scenario, folder) as ends:
            payload, pause = bytes(1222), 1252 * 8 / scenario.bandwidth

            def send():
                # Twice the queue at once, then a tenth more than the link takes: the queue is never empty.
                start = time.monotonic()
                for number in range(count):
                    ahead = start + (number - 2 * scenario.queue) * pause / 1.1 - time.monotonic()
                    if ahead > 0.002:
                        time.sleep(ahead)
                    ends.client.sendto(payload, ends.target)

            sender, begin = threading.Thread(target=send), time.monotonic()
            sender.start()
            arrived = ends.received(count)
            sender.join()
            ticks = pathlib.Path(f"/proc/{ends.network.link.pid}/stat").read_text().rsplit(")", 1)[1].split()
            link = ends.network.stop_link(ends.statistics)["server"]
        # From the beginning: whoever comes late to the first packet finds others behind it.
        seconds = arrived[-1][0] - begin - scenario.delay
        rate = len(arrived) * 1252 * 8 / seconds
        share, load = rate / scenario.bandwidth, (int(ticks[11]) + int(ticks[12])) / 100 / seconds
        print(f"  {scenario.bandwidth / 1e6:g} Mbit/s: {share:.1%} of it, {load:.0%} of a processor")
        # Never more; a busy machine may stop us for a while.
        expect(0.7 <= share <= 1.01, f"{scenario.bandwidth / 1e6:g} Mbit/s are {share:.1%} of it")
        expect(link["dropped_by_queue"] > 0, "what does not fit into the queue is dropped")
        expect(link["forwarded"] == len(arrived), f"{link['forwarded']} were forwarded, {len(arrived)} arrived")


def losses(expect, folder):
    with Ends(LOSSY, folder) as ends:
        for number in range(4000):
            ends.client.sendto(number.to_bytes(4, "big"), ends.target)
            if number % 100 == 99:
                time.sleep(0.005)
        numbers = [int.from_bytes(data, "big") for _, data in ends.received(4000, 0.5)]
    gaps = [after - before - 1 for before, after in zip(numbers, numbers[1:])]
    share = 1 - len(numbers) / 4000
    # With at most three in a row, 30 % become 29 %.
    expect(0.26 < share < 0.32, f"of 30 %, {share:.1%} are lost")
    expect(max(gaps) == 3 and numbers == sorted(numbers), f"at most three in a row are lost, not {max(gaps)}")


def ecn_bits(expect, folder):
    for family in (0, 1):
        level = (socket.IPPROTO_IP, socket.IP_TOS, 13) if not family else (socket.IPPROTO_IPV6, 67, 66)
        with Ends(DEFAULT, folder, family) as ends:
            ends.server.setsockopt(level[0], level[2], 1)
            seen = []
            for value in range(4):
                ends.client.setsockopt(level[0], level[1], value)
                ends.client.sendto(b"x", ends.target)
                _, ancillary, _, _ = ends.server.recvmsg(100, 100)
                seen += [data[0] & 3 for _, _, data in ancillary]
        expect(seen == [0, 1, 2, 3], f"IPv{6 if family else 4} keeps its ECN bits: {seen}")


def new_address(expect, folder):
    """Both ways, after the NAT has forgotten."""
    with Ends(REBIND_ADDRESS, folder) as ends:
        addresses = []
        for _ in range(2):
            ends.client.sendto(b"x", ends.target)
            data, address = ends.server.recvfrom(100)
            ends.server.sendto(b"y", address)
            expect(ends.client.recvfrom(100) == (b"y", ends.target), "the answer comes back to the client")
            addresses.append(address)
            time.sleep(1.1)
    expect(addresses[0][0] == CLIENT[0] and addresses[1][0] == "193.167.0.101", f"the address is new: {addresses}")


def decoding(expect, folder):
    """A server that answers with a right Version Negotiation, and one that names the version it was asked for."""
    for versions, is_right in (([1], True), ([1, PROBE_VERSION], False)):
        with Ends(DEFAULT, folder) as ends:
            captures = [
                Capture(ends.network, getattr(ends.network, role), folder / f"{role}.pcapng")
                for role in ("client", "server")
            ]

            def answer():
                _, address = ends.server.recvfrom(2048)
                body = b"".join(version.to_bytes(4, "big") for version in versions)
                ends.server.sendto(b"\xc0\0\0\0\0\0\0" + body, address)

            server = threading.Thread(target=answer)
            server.start()
            expect(probe(ends.client, 2), "a Version Negotiation packet counts as being ready")
            server.join()
            for capture in captures:
                expect(capture.stop() == "", "dumpcap loses nothing")
        sides = [trace.decode(folder / f"{role}.pcapng") for role in ("client", "server")]
        expect(
            [len(side) for side in sides] == [2, 2], f"both sides see two datagrams: {[len(side) for side in sides]}"
        )
        problems = checks.version_negotiation_is_sent(PROBE_VERSION)(checks.Evidence(client=sides[0], server=sides[1]))
        expect((problems == []) == is_right, f"the versions {versions} in a capture: {problems}")
