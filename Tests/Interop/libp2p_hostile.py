#!/usr/bin/env python3
"""Does to a libp2p host what no honest peer would, over QUIC with aioquic, and prints what became of it as JSON.

    libp2p_hostile.py listen                  prints {"ports", "peer", "victim"}: two ports of its own; behind the second
                                              it shows the certificate of "victim", without having its key
    libp2p_hostile.py replay ADDRESS VICTIM   dials ADDRESS with the certificate that the host at VICTIM shows
    libp2p_hostile.py flood ADDRESS COUNT     as many connections, all from 127.0.1.0/24
    libp2p_hostile.py stall ADDRESS COUNT     as many streams whose negotiation never ends, over twenty connections
    libp2p_hostile.py lengths ADDRESS         lengths of 1 GiB, and lengths that never end
    libp2p_hostile.py garbage ADDRESS         random bytes in place of a negotiation, and in place of packets

Addresses are HOST:PORT. Each prints {"counts": {what: how often}}; a stream that is refused is "reset CODE".
"""

import asyncio
import collections
import json
import os
import random
import sys

from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.quic import events
from aioquic.quic.connection import QuicConnection
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import certificates
import libp2p_certificate_peer as certificate_peer

HEADER = b"\x13/multistream/1.0.0\n"
ENDLESS = b"\xff" * 64
GIBIBYTE = b"\x80\x80\x80\x80\x04"


def line(text):
    return bytes([len(text) + 1]) + text + b"\n"


class Identity:
    """A host key with a certificate."""

    def __init__(self):
        self.host = certificates.Host(certificates.ED25519, ed25519.Ed25519PrivateKey.generate())
        self.key = certificates.ALGORITHMS["p256"][0]()
        self.der = certificates.certificate(self.key, [certificates.proof(self.host, self.key)])


class Peer(QuicConnectionProtocol):
    """Keeps what becomes of its streams and of itself."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.confirmed, self.over = asyncio.Event(), asyncio.Event()
        self.code, self.shown = None, None
        self.ends, self.data = {}, collections.defaultdict(bytes)
        self.changed = asyncio.Event()

    def quic_event_received(self, event):
        if isinstance(event, events.ConnectionTerminated):
            self.code = event.error_code
            self.over.set()
        elif isinstance(event, events.HandshakeCompleted):
            self.shown = self._quic.tls._peer_certificate
        elif isinstance(event, events.StreamReset):
            self.ends.setdefault(event.stream_id, f"reset {event.error_code:#x}")
        elif isinstance(event, events.StopSendingReceived):
            # Both directions must end, for the host to allow another stream.
            self._quic.reset_stream(event.stream_id, 0)
            self.transmit()
        elif isinstance(event, events.StreamDataReceived):
            self.data[event.stream_id] += event.data
            if event.end_stream:
                self.ends.setdefault(event.stream_id, "finished")
        self.changed.set()

    def datagram_received(self, data, address):
        super().datagram_received(data, address)
        # Nothing but the server's HANDSHAKE_DONE, which is no event, says that it has taken our certificate.
        if self._quic._handshake_confirmed:
            self.confirmed.set()

    async def until(self, condition, seconds=60):
        async def wait():
            while not condition():
                self.changed.clear()
                await self.changed.wait()

        try:
            await asyncio.wait_for(wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def settled(self, seconds=20):
        """Whether the host has taken us in."""
        waits = [asyncio.ensure_future(item.wait()) for item in (self.confirmed, self.over)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return self.confirmed.is_set() and not self.over.is_set()

    def say(self, data, end=False, on=None):
        """Sends on a new stream, or on one that there is."""
        stream = self._quic.get_next_available_stream_id() if on is None else on
        self._quic.send_stream_data(stream, data, end)
        return stream


def configuration(identity, is_client, key=None):
    result = certificate_peer.configuration(None, None, is_client)
    result.certificate, result.certificate_chain = certificate_peer.DER(identity.der), []
    result.private_key = key or identity.key
    return result


async def dial(address, identity, key=None, local="127.0.0.1"):
    host, port = address.rsplit(":", 1)
    _, peer = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Peer(QuicConnection(configuration=configuration(identity, True, key))), local_addr=(local, 0))
    peer.connect((host, int(port)))
    return peer


async def connected(address):
    peer = await dial(address, Identity())
    if not await peer.settled():
        raise ConnectionError(f"refused with {peer.code}")
    return peer


def tell(counts):
    print(json.dumps({"counts": dict(counts)}), flush=True)


async def listen():
    own, victim = Identity(), Identity()
    peers, ports = [], []

    class Served(Peer):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            peers.append(self)

    for identity in own, victim:
        settings = configuration(identity, False, own.key)
        listening = await serve("127.0.0.1", 0, configuration=settings, create_protocol=Served)
        ports.append(listening._transport.get_extra_info("sockname")[1])
    print(json.dumps({"ports": ports, "peer": own.host.peer, "victim": victim.host.peer}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        # The codes of all connections so far, which must be over.
        for peer in peers:
            await asyncio.wait_for(peer.over.wait(), 20)
        tell(collections.Counter(f"ended {peer.code:#x}" for peer in peers))


async def replay(address, victim):
    shown = (await connected(victim)).shown
    stolen = Identity()
    stolen.der = shown.public_bytes(serialization.Encoding.DER)
    peer = await dial(address, stolen)
    tell({"accepted" if await peer.settled() else f"ended {peer.code:#x}": 1})


async def flood(address, count):
    counts, gate, held = collections.Counter(), asyncio.Semaphore(32), []
    # Making keys would take most of the time; the host does not see who it is before it lets somebody in.
    identities = [Identity() for _ in range(64)]

    async def one(index):
        async with gate:
            peer = await dial(address, identities[index % 64], local=f"127.0.1.{1 + index % 250}")
            if await peer.settled():
                counts["accepted"] += 1
                held.append(peer)
            else:
                counts["silence" if peer.code is None else f"ended {peer.code:#x}"] += 1
                peer._transport.close()

    await asyncio.gather(*(one(index) for index in range(count)))
    tell(counts)
    # The places are kept until the host has been looked at.
    await asyncio.to_thread(sys.stdin.readline)
    for peer in held:
        peer.close()
    await asyncio.sleep(0.2)


async def stall(address, count):
    peers = [await connected(address) for _ in range(20)]
    beginnings = [b"", b"\x13", HEADER[:12], HEADER, HEADER + b"\x20/ipfs", HEADER + line(b"/nobody/1.0.0")]

    async def use(peer):
        mine = []
        while len(mine) < count // len(peers):
            # aioquic keeps what exceeds the limit of streams; but what it has not sent, nobody has seen.
            room = 150 - sum(1 for stream in mine if stream not in peer.ends)
            for _ in range(min(room, count // len(peers) - len(mine))):
                # An empty beginning would open no stream at all.
                mine.append(peer.say(beginnings[1 + len(mine) % 5]))
            peer.transmit()
            seen = len(peer.ends)
            if not await peer.until(lambda: len(peer.ends) > seen or peer.over.is_set()) or peer.over.is_set():
                break
        await peer.until(lambda: all(stream in peer.ends for stream in mine) or peer.over.is_set())
        result = collections.Counter(peer.ends.get(stream, "endless") for stream in mine)
        if peer.over.is_set():
            result[f"ended {peer.code:#x}"] += 1
        return result

    tell(sum(await asyncio.gather(*(use(peer) for peer in peers)), collections.Counter()))
    for peer in peers:
        peer.close()
    await asyncio.sleep(0.2)


async def lengths(address):
    peer = await connected(address)
    counts = {}
    for name in b"/ipfs/id/push/1.0.0", b"/message/1.0.0":
        for what, length in ("1 GiB", GIBIBYTE), ("no end", ENDLESS):
            stream = peer.say(HEADER + line(name) + length + bytes(1000))
            peer.transmit()
            await peer.until(lambda: stream in peer.ends or peer.over.is_set())
            counts[f"{name.decode()} {what}: {peer.ends.get(stream, 'endless')}"] = 1
    for what, start in ("no end", ENDLESS), ("header, no end", HEADER + ENDLESS), ("1 GiB", GIBIBYTE):
        stream = peer.say(start)
        peer.transmit()
        await peer.until(lambda: stream in peer.ends or peer.over.is_set())
        counts[f"negotiation {what}: {peer.ends.get(stream, 'endless')}"] = 1
    counts["alive"] = 0 if peer.over.is_set() else 1
    tell(counts)
    peer.close()
    await asyncio.sleep(0.2)


async def garbage(address):
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", file=sys.stderr)
    dice = random.Random(seed)
    peer = await connected(address)
    counts = collections.Counter()
    for size in [1, 2, 20, 100, 1000, 20000] * 10:
        # The first byte says that there is more than one, so that none waits for the rest.
        stream = peer.say(bytes([0x02]) + dice.randbytes(size), True)
        peer.transmit()
        await peer.until(lambda: stream in peer.ends or peer.over.is_set())
        counts[peer.ends.get(stream, "endless")] += 1
    host, port = address.rsplit(":", 1)
    for _ in range(1000):
        # To the socket, and, with the connection's own id in front, to the connection.
        packet = dice.randbytes(dice.randrange(1, 1200))
        peer._transport.sendto(packet, (host, int(port)))
        peer._transport.sendto(bytes([0x40]) + peer._quic._peer_cid.cid + packet, (host, int(port)))
    await peer.ping()
    counts["alive"] = 0 if peer.over.is_set() else 1
    tell(counts)
    peer.close()
    await asyncio.sleep(0.2)


async def main():
    certificate_peer.patch()
    command, *arguments = sys.argv[1:]
    attacks = {"listen": listen, "replay": replay, "flood": flood, "stall": stall, "lengths": lengths,
               "garbage": garbage}
    if command in ("flood", "stall"):
        arguments[1] = int(arguments[1])
    await attacks[command](*arguments)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    asyncio.run(main())
