#!/usr/bin/env python3
"""Sends a QUIC server what no honest client would, class by class: `hostile.py --addr HOST:PORT`.

After each class the server must still answer a probe. Every datagram, but for floods, comes from a socket of its own, so
that what comes back is known to be its answer: no more than three times its bytes (RFC 9000 §8), and for Version
Negotiation, Retry and stateless resets no more than its bytes (RFC 9000 §10.3.3). Ends with 0 if all of it held.
"""

import argparse
import asyncio
import functools
import json
import os
import random
import shlex
import socket
import ssl
import struct
import subprocess
import sys
import time

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.buffer import encode_uint_var as varint
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.tls import Epoch

VERSION_1, VERSION_2 = 0x00000001, 0x6B3343CF
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)
LARGEST = (1 << 62) - 1
CLASSES = {}
USED_PORTS = set()


def hostile(make):
    CLASSES[make.__name__] = make
    return make


# What packets are made of.


def long_header(kind=INITIAL, version=VERSION_1, destination=b"", source=b"", token=b"", first=0xC1):
    """Up to where the length stands."""
    header = bytes([first | kind << 4]) + struct.pack(">I", version)
    header += bytes([len(destination)]) + destination + bytes([len(source)]) + source
    return header + (varint(len(token)) + token if kind == INITIAL else b"")


def sealed_initial(frames, chance, size=1200, **fields):
    """An Initial packet whose protection is right, whatever its contents."""
    destination = fields.pop("destination", None)
    destination = chance.randbytes(8) if destination is None else destination
    number = fields.pop("number", 0)
    start = long_header(destination=destination, **{"source": chance.randbytes(8), **fields})
    # Two bytes of length, two of packet number, sixteen of authentication.
    payload = frames.ljust(max(4, size - len(start) - 20), b"\0")
    header = start + struct.pack(">HH", 0x4000 | len(payload) + 18, number)
    keys = CryptoPair()
    keys.setup_initial(cid=destination, is_client=True, version=fields.get("version", VERSION_1))
    return keys.encrypt_packet(header, payload, number)


def crypto_frame(offset, data):
    return b"\x06" + varint(offset) + varint(len(data)) + data


def honest_client(versions=(VERSION_1,)):
    connection = QuicConnection(
        configuration=QuicConfiguration(
            is_client=True, alpn_protocols=["echo"], server_name="localhost", supported_versions=list(versions)
        )
    )
    connection.connect(("127.0.0.1", 1), now=0.0)
    return connection


def honest_initial(versions=(VERSION_1,)):
    return honest_client(versions).datagrams_to_send(now=0.0)[0][0]


# The classes: each takes a source of chance and how many datagrams are wanted.


@hostile
def random_bytes(chance, count):
    return [chance.randbytes(chance.choice([2, 5, 9, 24, 150, 1199, 1200, 1500, 7000])) for _ in range(count)]


@hostile
def single_bytes(chance, count):
    return [bytes([value]) for value in range(256)]


@hostile
def empty_datagrams(chance, count):
    return [b""] * min(count, 20)


@hostile
def truncated_initials(chance, count):
    initial = honest_initial()
    lengths = sorted(chance.sample(range(1, len(initial)), min(count, len(initial) - 1)))
    return [initial[:length] for length in lengths]


@hostile
def unknown_versions(chance, count):
    versions = [0x1A2A3A4A, 0xDEADBEEF, 0xFF00001D, 0x00000002, 0xFFFFFFFF, chance.getrandbits(32)]
    packets = []
    for _ in range(count):
        ids = [chance.randbytes(chance.randint(0, 20)) for _ in range(2)]
        packet = long_header(version=chance.choice(versions), destination=ids[0], source=ids[1])
        packets.append(packet + chance.randbytes(chance.choice([0, 500, 1200])))
    return packets


@hostile
def version_negotiation(chance, count):
    start = [long_header(version=0, destination=chance.randbytes(8), source=chance.randbytes(8)) for _ in range(count)]
    return [part[:-1] + struct.pack(">II", VERSION_1, VERSION_2) + bytes(chance.randint(0, 3)) for part in start]


@hostile
def retries(chance, count):
    return [
        long_header(RETRY, destination=chance.randbytes(8), source=chance.randbytes(8)) + chance.randbytes(80)
        for _ in range(count)
    ]


@hostile
def corrupted_initials(chance, count):
    packets = []
    for _ in range(count):
        packet = bytearray(honest_initial())
        for _ in range(chance.choice([1, 2, 10, 100])):
            packet[chance.randrange(len(packet))] ^= 1 << chance.randrange(8)
        packets.append(bytes(packet))
    return packets


@hostile
def replayed_initials(chance, count):
    return [honest_initial()] * count


@hostile
def coalesced_packets(chance, count):
    packets = []
    for _ in range(count):
        other = chance.randbytes(8)
        second = chance.choice(
            [
                chance.randbytes(60),
                bytes(90),
                b"\x41" + chance.randbytes(45),
                long_header(HANDSHAKE, destination=other) + varint(16000),
                long_header(HANDSHAKE, destination=other) + varint(70) + chance.randbytes(70),
                long_header(ZERO_RTT, destination=other) + varint(40) + chance.randbytes(40),
                honest_initial(),
            ]
        )
        packets.append(honest_initial() + second)
    return packets


@hostile
def wrong_connection_ids(chance, count):
    """Longer than version 1 allows, lengths that lie, and too short for a first packet."""
    packets = []
    for length in (21, 40, 160, 255):
        for version in (VERSION_1, 0x1A2A3A4A):
            packets.append(long_header(version=version, destination=chance.randbytes(length)) + chance.randbytes(1200))
            packets.append(long_header(version=version, source=chance.randbytes(length)) + chance.randbytes(1200))
        packets.append(b"\xc1" + struct.pack(">IB", VERSION_1, length) + chance.randbytes(12))
    for length in range(8):
        frames = crypto_frame(0, chance.randbytes(90))
        packets.append(sealed_initial(frames, chance, destination=chance.randbytes(length)))
    return packets


@hostile
def small_initials(chance, count):
    """RFC 9000 §14.1: in less than 1,200 bytes they must be dropped."""
    return [sealed_initial(crypto_frame(0, chance.randbytes(250)), chance, size=0) for _ in range(count)]


@hostile
def lying_lengths(chance, count):
    packets = []
    for kind in (INITIAL, ZERO_RTT, HANDSHAKE):
        for length in (0, 1, 2, 17, 1400, 1 << 14, 1 << 30, LARGEST):
            start = long_header(kind, destination=chance.randbytes(8), source=chance.randbytes(8))
            packets.append(start + varint(length) + chance.randbytes(1170))
    start = long_header(destination=chance.randbytes(8), source=chance.randbytes(8))[:-1]
    packets += [start + varint(length) + chance.randbytes(1160) for length in (200, 1 << 14, 1 << 30, LARGEST)]
    return packets * max(1, count // len(packets))


@hostile
def invented_tokens(chance, count):
    frames = crypto_frame(0, chance.randbytes(300))
    sizes = [1, 20, 90, 500]
    return [sealed_initial(frames, chance, token=chance.randbytes(chance.choice(sizes))) for _ in range(count)]


@hostile
def short_headers(chance, count):
    sizes = [3, 19, 20, 21, 41, 42, 43, 300, 1300]
    return [bytes([0x40 | chance.randrange(64)]) + chance.randbytes(chance.choice(sizes)) for _ in range(count)]


@hostile
def cleared_fixed_bit(chance, count):
    firsts = [chance.randrange(64) | chance.choice([0x00, 0x80]) for _ in range(count)]
    return [bytes([first]) + struct.pack(">I", VERSION_1) + chance.randbytes(1195) for first in firsts]


@hostile
def illegal_frames(chance, count):
    """In packets whose protection is right."""
    v, noise = varint, chance.randbytes
    contents = [
        b"",
        b"\x01",
        b"\x01" * 1000,
        b"\x02" + v(2000) + v(0) + v(0) + v(0),
        b"\x02" + v(3) + v(0) + v(1 << 24) + v(0),
        b"\x02" + v(3) + v(0) + v(0) + v(7),
        b"\x02" + b"\xff" * 8,
        b"\x03" + v(0) + v(0) + v(0) + v(0) + v(LARGEST) + v(1) + v(1),
        b"\x04" + v(0) + v(0) + v(0),
        b"\x05" + v(0) + v(0),
        b"\x07" + v(5) + b"token",
        b"\x08" + v(0) + b"stream",
        b"\x0f" + v(4) + v(LARGEST) + v(5) + b"bytes",
        b"\x10" + v(LARGEST),
        b"\x12" + v((1 << 60) + 1),
        b"\x18" + v(1) + v(0) + b"\x08" + noise(24),
        b"\x18" + v(1) + v(9) + b"\x1e" + noise(60),
        b"\x19" + v(0),
        b"\x1a" + noise(8),
        b"\x1b" + noise(8),
        b"\x1c" + v(10) + v(0) + v(50000) + b"reason",
        b"\x1d" + v(0) + v(0),
        b"\x1e",
        b"\x31" + v(4) + b"data",
        b"\x40\x06" + v(0) + v(1) + b"a",
        v(0x1234),
        v(LARGEST),
        crypto_frame(LARGEST - 3, b"beyond"),
        crypto_frame(1 << 30, noise(60)),
        crypto_frame(300000, noise(60)),
        b"\x06" + v(0) + v(6000) + b"short",
        crypto_frame(0, b"\x01\x00\xff\xff" + noise(500)),
        crypto_frame(0, b"\x01\x00\x00\x00"),
        crypto_frame(0, b"\x02\x00\x00\x20" + noise(32)),
        crypto_frame(0, b"\x16\x03\x03" + noise(300)),
        b"".join(crypto_frame(3 * index + 1, b"x") for index in range(200)),
        b"".join(crypto_frame(0, bytes([index]) * 4) for index in range(100)),
    ]
    packets = [sealed_initial(frames, chance) for frames in contents]
    hello = crypto_frame(0, noise(100))
    packets += [sealed_initial(hello, chance, first=0xCD), sealed_initial(hello, chance, number=65535)]
    packets += [sealed_initial(hello, chance, source=b""), sealed_initial(hello, chance, source=noise(20))]
    return packets * max(1, count // len(packets))


@hostile
def mutated_hellos(chance, count):
    """Inside the protection, so that TLS and the transport parameters get to see them."""
    packets = []
    for _ in range(count):
        client = honest_client()
        hello = bytearray(client._crypto_streams[Epoch.INITIAL].sender._buffer)
        for _ in range(chance.choice([1, 1, 2, 5])):
            place = chance.randrange(len(hello))
            hello[place] = chance.choice([hello[place] ^ 1 << chance.randrange(8), 0, 0x7F, 0x80, 0xFF])
        packets.append(sealed_initial(crypto_frame(0, bytes(hello)), chance))
    return packets


@hostile
def version_2_initials(chance, count):
    return [honest_initial([VERSION_2]) for _ in range(min(count, 50))]


@hostile
def flood_of_initials(chance, count):
    """Handshakes that are never completed."""
    return [honest_initial() for _ in range(5 * count)]


@hostile
def oversized_datagrams(chance, count):
    packets = [chance.randbytes(chance.choice([9000, 30000, 65000])) for _ in range(min(count, 40))]
    return packets + [honest_initial() + bytes(50000) for _ in range(10)]


@hostile
def replayed_connections(chance, count):
    """All that an honest client sent, from other ports: while it is connected, and afterwards."""
    recorded = []
    asyncio.run(converse(recorded))
    return recorded * max(1, count // max(len(recorded), 1))


class Recorder:
    def __init__(self, transport, recorded):
        self.transport, self.recorded = transport, recorded

    def __getattr__(self, name):
        return getattr(self.transport, name)

    def sendto(self, data, address):
        self.recorded.append(data)
        self.transport.sendto(data, address)


async def converse(recorded):
    class Recorded(QuicConnectionProtocol):
        def connection_made(self, transport):
            super().connection_made(Recorder(transport, recorded))

    settings = QuicConfiguration(is_client=True, alpn_protocols=["echo"], verify_mode=ssl.CERT_NONE)
    settings.server_name = "localhost"
    async with asyncio.timeout(10), connect(*TARGET, configuration=settings, create_protocol=Recorded) as client:
        for text in (b"before", b"after"):
            reader, writer = await client.create_stream()
            writer.write(text)
            writer.write_eof()
            if await reader.read() != text:
                raise SystemExit("the echo differs while the connection is replayed")
            with open_socket() as other:
                for packet in list(recorded) * 10:
                    other.send(packet)
            await asyncio.sleep(0.2)


# Sending, and judging what comes back.


def open_socket():
    """On a port that was not used before: a server goes on answering the attempts that came from those."""
    family = socket.AF_INET6 if ":" in TARGET[0] else socket.AF_INET
    while True:
        result = socket.socket(family, socket.SOCK_DGRAM)
        result.setblocking(False)
        result.connect(TARGET)
        port = result.getsockname()[1]
        if port not in USED_PORTS:
            USED_PORTS.add(port)
            return result
        result.close()


def is_stateless(reply):
    """Version Negotiation, Retry, or a stateless reset: what is sent without a connection."""
    if not reply or not reply[0] & 0x80:
        return True
    return reply[1:5] == bytes(4) or (reply[1:5] == b"\0\0\0\x01" and reply[0] & 0x30 == 0x30)


def receive_all(handle):
    replies = []
    while True:
        try:
            replies.append(handle.recv(65535))
        except (BlockingIOError, ConnectionRefusedError):
            return replies


def send(handle, packet):
    for _ in range(100):
        try:
            handle.send(packet)
            return
        except (BlockingIOError, ConnectionRefusedError):
            time.sleep(0.001)


def attack(packets, problems):
    """In groups, so that neither files nor the server's buffer run out."""
    sent = received = 0
    for start in range(0, len(packets), 200):
        group = [(open_socket(), packet) for packet in packets[start : start + 200]]
        for index, (handle, packet) in enumerate(group):
            send(handle, packet)
            if index % 20 == 19:
                time.sleep(0.004)
        time.sleep(0.4)
        for handle, packet in group:
            replies = receive_all(handle)
            handle.close()
            count = sum(map(len, replies))
            sent, received = sent + len(packet), received + count
            if count > 3 * len(packet):
                problems.add(f"{len(packet)} bytes were answered by {count}")
            if any(is_stateless(reply) and len(reply) > len(packet) for reply in replies):
                problems.add(f"{len(packet)} bytes drew a longer stateless answer")
    return sent, received


def is_alive(probe):
    for _ in range(2):
        try:
            if subprocess.run(probe, capture_output=True, timeout=20).returncode == 0:
                return True
        except subprocess.TimeoutExpired:
            pass
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addr", default="127.0.0.1:4433")
    parser.add_argument("--only", help="class names, separated by commas")
    parser.add_argument("--count", type=int, default=100, help="datagrams of a class")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--probe", help="a command that succeeds while the server lives")
    parser.add_argument("--list", action="store_true", help="name the classes")
    options = parser.parse_args()
    if options.list:
        print("\n".join(CLASSES))
        return 0
    global TARGET
    host, port = options.addr.rsplit(":", 1)
    TARGET = (host.strip("[]"), int(port))
    own = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "aioquic_peer.py"), "client"]
    own += ["--addr", options.addr, "--insecure", "--bytes", "1000", "--timeout", "8"]
    alive = functools.partial(is_alive, shlex.split(options.probe) if options.probe else own)
    if not alive():
        print(json.dumps({"ok": False, "error": "the server did not answer before anything was sent"}))
        return 1
    failed = []
    for name in options.only.split(",") if options.only else CLASSES:
        problems = set()
        packets = CLASSES[name](random.Random(f"{options.seed} {name}"), options.count)
        sent, received = attack(packets, problems)
        if not alive():
            problems.add("the server does not answer any more")
        failed += [name] if problems else []
        report = {"class": name, "datagrams": len(packets), "bytes": sent, "answered": received}
        print(json.dumps({**report, "ok": not problems, "problems": sorted(problems)}), flush=True)
    print(json.dumps({"ok": not failed, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
