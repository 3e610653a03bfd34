"""The emulated link: a router in user space between two interfaces, with the network of a scenario inside.

A packet waits in a queue, is serialised, travels for the delay, and meets the impairments where it arrives. ECN bits
and the don't-fragment bit stay as they are. Runs as `python3 -m lab.link INTERFACE INTERFACE SCENARIO STATISTICS`, says
"ready", and writes its statistics when it is told to end.
"""

import collections
import ctypes
import errno
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time

from .impairments import Corrupt, Rebind, impairments
from .packets import ETHERNET, ICMP6, Frame
from .scenarios import TO_CLIENT, TO_SERVER, Scenario

# The simulator's link adds two bytes to each packet, and its device holds one packet besides the queue.
LINK_HEADER = 2
DEVICE_QUEUE = 1
LARGEST_FRAME = 1514

# The interfaces have fixed hardware addresses: nobody needs to ask for them.
CLIENT_MAC, CLIENT_ROUTER_MAC = bytes.fromhex("02c11e4e0001"), bytes.fromhex("02c11e4e0002")
SERVER_MAC, SERVER_ROUTER_MAC = bytes.fromhex("025e54e40001"), bytes.fromhex("025e54e40002")

PACKET_IGNORE_OUTGOING = 23
PACKET_STATISTICS = 6
SOL_PACKET = 263
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
PR_SET_TIMERSLACK = 29
SOCKET_BUFFER = 16 << 20


class Direction:
    """One way over the link. It has no clock and no socket."""

    def __init__(self, way, scenario, chain):
        self.way, self.chain = way, chain
        self.seconds_per_byte = 8 / scenario.bandwidth
        self.delay, self.capacity = scenario.delay, scenario.queue + DEVICE_QUEUE + 1
        self.departures, self.travelling = collections.deque(), collections.deque()
        self.free = 0.0
        self.packets = self.udp = self.forwarded = self.bytes = self.oversized = 0
        self.dropped_by_queue = self.dropped_by_scenario = self.longest_queue = 0
        self.ecn = [0, 0, 0, 0]

    def offer(self, data, now):
        """Takes a frame at the near end. False: the queue was full."""
        frame = Frame(data)
        self.packets += 1
        self.udp += frame.is_udp
        self.ecn[frame.ecn] += 1
        self.oversized += len(data) > LARGEST_FRAME
        departures = self.departures
        while departures and departures[0] <= now:
            departures.popleft()
        if len(departures) >= self.capacity:
            self.dropped_by_queue += 1
            return False
        self.longest_queue = max(self.longest_queue, len(departures))
        self.free = max(self.free, now) + (frame.ip_length + LINK_HEADER) * self.seconds_per_byte
        departures.append(self.free)
        self.travelling.append((self.free + self.delay, frame))
        return True

    def due(self, now):
        """The frames that arrive at the far end until now."""
        while self.travelling and self.travelling[0][0] <= now:
            moment, frame = self.travelling.popleft()
            if all(impairment(frame, self.way, moment) for impairment in self.chain):
                self.forwarded += 1
                self.bytes += len(frame.data) - ETHERNET
                yield frame.data
            else:
                self.dropped_by_scenario += 1

    def next(self):
        return self.travelling[0][0] if self.travelling else None

    def statistics(self):
        names = ("packets", "udp", "forwarded", "bytes", "dropped_by_queue", "dropped_by_scenario", "longest_queue")
        return {name: getattr(self, name) for name in names} | {"oversized": self.oversized, "ecn": self.ecn}


class Link:
    """Both ways, which share the impairments: a rebinding concerns both."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.chain = impairments(scenario, random.Random(scenario.seed))
        self.to_server = Direction(TO_SERVER, scenario, self.chain)
        self.to_client = Direction(TO_CLIENT, scenario, self.chain)

    def statistics(self):
        result = {way.way: way.statistics() for way in (self.to_server, self.to_client)}
        for impairment in self.chain:
            if isinstance(impairment, Corrupt):
                result["corrupted"] = impairment.count
            if isinstance(impairment, Rebind):
                result["rebindings"] = impairment.moment
        return result


def is_ours(data):
    """Addressed to the router, and no talk between neighbours."""
    if data[0] & 1 or data[12:14] not in (b"\x08\x00", b"\x86\xdd"):
        return False
    frame = Frame(data)
    return frame.protocol != ICMP6 or not 133 <= data[min(frame.transport, len(data) - 1)] <= 137


def packet_socket(interface):
    result = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    result.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    # Beyond the system's limit, which root may.
    result.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER)
    result.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER)
    result.bind((interface, 0))
    result.setblocking(False)
    return result


def receive(source, direction):
    while True:
        try:
            data = source.recv(65536)
        except BlockingIOError:
            return
        except OSError as problem:
            # The interface went down, which ends with the laboratory.
            if problem.errno in (errno.ENETDOWN, errno.ENXIO):
                return
            raise
        if is_ours(data):
            direction.offer(data, time.monotonic())


def send(sink, data, addresses):
    data[:12] = addresses
    try:
        sink.send(data)
    except OSError as problem:
        if problem.errno not in (errno.ENETDOWN, errno.ENXIO, errno.ENOBUFS, errno.EAGAIN):
            raise


def run(near, far, scenario, statistics):
    link = Link(scenario)
    client, server = packet_socket(near), packet_socket(far)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    # The kernel may otherwise wake us 50 µs late, and other processes may keep the processor.
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    except OSError:
        pass
    print("ready", flush=True)
    ways = [
        (link.to_server, client, server, SERVER_MAC + SERVER_ROUTER_MAC),
        (link.to_client, server, client, CLIENT_MAC + CLIENT_ROUTER_MAC),
    ]
    while True:
        moments = [moment for moment in (link.to_server.next(), link.to_client.next()) if moment is not None]
        timeout = max(0.0, min(moments) - time.monotonic()) if moments else None
        ready, _, _ = select.select([client, server, wake], [], [], timeout)
        if wake in ready:
            break
        for direction, source, sink, addresses in ways:
            if source in ready:
                receive(source, direction)
            for data in direction.due(time.monotonic()):
                send(sink, data, addresses)
    result = link.statistics()
    # What the kernel threw away because we were too slow: the scenario knows nothing of it.
    missed = [struct.unpack("II", end.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1] for end in (client, server)]
    with open(statistics, "w") as file:
        json.dump(result | {"missed": sum(missed)}, file)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], Scenario.from_json(sys.argv[3]), sys.argv[4])
