"""The emulated link without clock and sockets: whatever is random has a seed, whatever takes time has a parameter."""

import random

from .impairments import Blackhole, Corrupt, Dice, DropList, Rebind
from .link import Direction, is_ours
from .packets import ETHERNET, Frame, udp_frame
from .scenarios import DEFAULT, REBIND_ADDRESS, TO_CLIENT, TO_SERVER, Scenario, corrupting

NEAR, FAR = ("193.167.0.100", 40000), ("193.167.100.100", 443)
NEAR6, FAR6 = ("fd00:cafe:cafe::100", 40000), ("fd00:cafe:cafe:100::100", 443)


def frame(payload=b"x" * 100, near=NEAR, far=FAR, ecn=0):
    return Frame(udp_frame(near, far, payload, ecn))


def run(expect):
    for part in (checksums, dice, drop_list, blackhole, corruption, queue_and_delay, rebinding, neighbours, words):
        part(expect)


def checksums(expect):
    for near, far in ((NEAR, FAR), (NEAR6, FAR6)):
        for length in (1, 2, 33, 1200, 1201):
            packet = frame(random.Random(length).randbytes(length), near, far, ecn=2)
            kind = f"IPv{packet.version}, {length} bytes"
            expect(packet.checksums_hold(), f"a new packet has right checksums ({kind})")
            packet.set_port("source", 65535)
            packet.set_address("source", bytes(reversed(packet.address("source"))))
            expect(packet.checksums_hold(), f"port and address change with their checksums ({kind})")
            packet.set_payload_byte(length - 1, packet.payload[-1] ^ 0x5A)
            packet.set_payload_byte(0, packet.payload[0] ^ 0xA5)
            expect(packet.checksums_hold(), f"first and last byte change with the checksum ({kind})")
            expect(packet.ecn == 2, f"changes leave the ECN bits alone ({kind})")
            packet.data[packet.transport + 6] ^= 1
            packet.set_port("source", 1)
            expect(not packet.checksums_hold(), f"a wrong checksum stays wrong ({kind})")
    packet = frame()
    packet.data[packet.transport + 6 : packet.transport + 8] = b"\0\0"
    packet.set_port("source", 1)
    expect(packet.data[packet.transport + 6 : packet.transport + 8] == b"\0\0", "no checksum stays no checksum")
    # Every checksum there is: a carry is easy to get wrong.
    packet = frame(b"\0\0")
    for value in range(0, 65536, 7):
        packet.set_port("destination", value)
        if not packet.checksums_hold():
            expect(False, f"the checksum is right for port {value}")
            break
    padded = Frame(udp_frame(NEAR, FAR, b"abc") + b"padding of the interface")
    expect(bytes(padded.payload) == b"abc", "padding of a short frame is no payload")
    padded.set_payload_byte(2, 1)
    expect(padded.checksums_hold(), "padding of a short frame is in no checksum")


def dice(expect):
    for percent, low, high in ((0, 0, 0), (0.1, 2, 25), (2, 150, 250), (30, 2800, 3200), (100, 10000, 10000)):
        free = Dice(random.Random(1), percent, 0)
        hits = sum(free.hit() for _ in range(10000))
        expect(low <= hits <= high, f"{percent} % of 10,000 are hit, not {hits}")
    bounded = Dice(random.Random(2), 90, 3)
    text = "".join("x" if bounded.hit() else "." for _ in range(10000))
    expect("xxxx" not in text and "xxx" in text, "no more than three in a row are hit")


def drop_list(expect):
    dropped = DropList({TO_SERVER: [2, 4]})
    passed = [dropped(frame(), TO_SERVER, 0) for _ in range(5)]
    expect(passed == [True, False, True, False, True], f"the second and fourth packet are dropped: {passed}")
    expect(all(dropped(frame(), TO_CLIENT, 0) for _ in range(5)), "the other direction has its own list")
    other = Frame(bytes(12) + b"\x08\x00" + bytes([0x45]) + bytes(40))
    counted = DropList({TO_SERVER: [1]})
    expect(counted(other, TO_SERVER, 0) and not counted(frame(), TO_SERVER, 0), "only UDP packets count")


def blackhole(expect):
    hole = Blackhole(5, 2)
    moments = [0, 4.9, 5.0, 6.9, 7.0, 11.9, 12.1]
    passed = [hole(frame(), TO_SERVER, 100 + moment) for moment in moments]
    expect(passed == [True, True, False, False, True, True, False], f"five seconds on, two off: {passed}")


def corruption(expect):
    damage = Corrupt(random.Random(3), {TO_SERVER: 100}, {})
    places = set()
    for _ in range(2000):
        before, after = frame(), frame()
        damage(after, TO_SERVER, 0)
        changed = [i for i, (a, b) in enumerate(zip(before.payload, after.payload)) if a != b]
        if len(changed) != 1 or not after.checksums_hold():
            expect(False, f"one byte changes and the checksum is right: {changed}")
            break
        places.add(changed[0])
    expect(places == set(range(50)), "any of the first 50 bytes is hit, and no other")
    short = frame(b"abc")
    damage(short, TO_SERVER, 0)
    expect(bytes(short.payload) != b"abc" and short.checksums_hold(), "a short packet is damaged within its bounds")
    negotiation = frame(b"\xc0\0\0\0\0" + bytes(20))
    damage(negotiation, TO_SERVER, 0)
    expect(bytes(negotiation.payload) == b"\xc0\0\0\0\0" + bytes(20), "Version Negotiation is spared")
    clean = frame()
    damage(clean, TO_CLIENT, 0)
    expect(bytes(clean.payload) == b"x" * 100, "the other direction is left alone")


def queue_and_delay(expect):
    link = Direction(TO_SERVER, DEFAULT, [])
    full = udp_frame(NEAR, FAR, bytes(1222))  # with headers and the link's two bytes: 1,252 bytes, 1.0016 ms
    taken = sum(link.offer(full, 0.0) for _ in range(60))
    expect(taken == 27, f"25 packets wait in the queue, one in the device, one is sent: {taken} are taken of 60")
    expect(not list(link.due(0.0159)), "nothing arrives before it is serialised and has travelled")
    expect(len(list(link.due(0.0161))) == 1, "the first arrives after 1 ms and 15 ms")
    expect(len(list(link.due(0.0261))) == 10, "then one arrives every millisecond")
    expect(link.offer(full, 0.02), "there is room again when packets have left")
    expect(link.dropped_by_queue == 33, f"what finds no room is counted: {link.dropped_by_queue}")
    marked = Direction(TO_SERVER, DEFAULT, [])
    for value in range(4):
        marked.offer(udp_frame(NEAR6, FAR6, b"x", value), value)
    out = [Frame(data).ecn for data in marked.due(100)]
    expect(out == [0, 1, 2, 3] and marked.ecn == [1, 1, 1, 1], f"ECN bits are kept and counted: {out}")
    expect(all(data[ETHERNET + 6] & 0x40 for data in [full]), "our IPv4 packets must not be fragmented")


def rebinding(expect):
    for near, far in ((NEAR, FAR), (NEAR6, FAR6)):
        nat = Rebind(random.Random(4), 1, 5, addresses=True)

        def outward(now):
            packet = frame(near=near, far=far)
            nat(packet, TO_SERVER, now)
            return packet

        first, later, second, third = outward(10), outward(10.9), outward(11.1), outward(16.1)
        kind = f"IPv{first.version}"
        public = [(packet.address("source"), packet.port("source")) for packet in (first, later, second, third)]
        expect(
            public[0] == public[1] == (frame(near=near, far=far).address("source"), 40000), f"{kind}: first as it is"
        )
        expect(len({host for host, _ in public}) == 3, f"{kind}: each time a new address")
        expect(len({port for _, port in public}) == 3, f"{kind}: each time a new port")
        expect(second.checksums_hold() and third.checksums_hold(), f"{kind}: the checksums are right")
        expect(nat.moment == [1, 6], f"{kind}: after one second, then every five: {nat.moment}")
        back = Frame(udp_frame((far[0], 443), near, b"y"))
        back.set_address("destination", public[3][0])
        back.set_port("destination", public[3][1])
        expect(nat(back, TO_CLIENT, 16.2), f"{kind}: what is sent to the new binding arrives")
        expect(
            back.address("destination") == public[0][0] and back.port("destination") == 40000, f"{kind}: at the client"
        )
        expect(back.checksums_hold(), f"{kind}: with right checksums")
        stale = Frame(udp_frame((far[0], 443), near, b"y"))
        stale.set_address("destination", public[2][0])
        stale.set_port("destination", public[2][1])
        expect(not nat(stale, TO_CLIENT, 16.2), f"{kind}: what is sent to the old binding is lost")
    ports = Rebind(random.Random(5), 1, 5)
    ports(frame(), TO_SERVER, 0)
    packet = frame()
    ports(packet, TO_SERVER, 2)
    same = packet.address("source") == frame().address("source")
    expect(same and packet.port("source") != 40000, "without a new address only the port is new")


def neighbours(expect):
    expect(not is_ours(bytes(12) + b"\x08\x06" + bytes(28)), "ARP is not forwarded")
    expect(not is_ours(b"\x33\x33" + udp_frame(NEAR6, FAR6, b"x")[2:]), "multicast is not forwarded")
    expect(is_ours(udp_frame(NEAR, FAR, b"x")), "UDP is forwarded")


def words(expect):
    for scenario in (DEFAULT, REBIND_ADDRESS, corrupting(30), Scenario(seed=7)):
        again = Scenario.from_json(scenario.to_json())
        expect(
            str(again) == str(scenario) and again.seed == scenario.seed, f"a scenario survives its journey: {scenario}"
        )
