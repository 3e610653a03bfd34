"""A node of py-libp2p on its standard input and output: /tls/1.0.0 and /yamux/1.0.0, as over a relay.

    pylibp2p_stream.py listen         sends back what arrives on streams
    pylibp2p_stream.py dial PEER      opens streams, and expects back what it sends

The first line of standard error is the node's peer id; a dialler says "done" there when all has come back.
"""
import os
import sys

import trio
from libp2p import generate_new_ed25519_identity
from libp2p.abc import IRawConnection
from libp2p.connection_types import ConnectionType
from libp2p.custom_types import TProtocol
from libp2p.peer.id import ID
from libp2p.security.tls.transport import TLSTransport
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.transport.upgrader import TransportUpgrader

SIZE = 300_000


class Pipe(IRawConnection):
    def __init__(self, is_initiator):
        self.is_initiator = is_initiator
        self.input = trio.lowlevel.FdStream(os.dup(0))
        self.output = trio.lowlevel.FdStream(os.dup(1))
        self.lock = trio.Lock()
        self.rest = b""

    async def read(self, n=None):
        if not self.rest:
            self.rest = bytes(await self.input.receive_some(65_536))
        count = len(self.rest) if n is None or n < 0 else n
        piece, self.rest = self.rest[:count], self.rest[count:]
        return piece

    async def write(self, data):
        async with self.lock:
            await self.output.send_all(data)

    async def close(self):
        await self.output.aclose()

    def get_remote_address(self):
        return None

    def get_transport_addresses(self):
        return []

    def get_connection_type(self):
        return ConnectionType.RELAYED


async def read_all(stream, count):
    data = b""
    while len(data) < count:
        piece = await stream.read(65_536)
        if not piece:
            break
        data += piece
    return data


async def ask(stream, number):
    data = bytes([number]) * SIZE
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.write, data)
        answer = await read_all(stream, SIZE)
    assert answer == data, f"stream {number}: {len(answer)} bytes came back"
    await stream.close()


async def echo(stream):
    data = await read_all(stream, SIZE)
    await stream.write(data)
    await stream.close()


async def main(role, peer):
    keys = generate_new_ed25519_identity()
    print(ID.from_pubkey(keys.public_key), file=sys.stderr, flush=True)
    upgrader = TransportUpgrader(
        {TProtocol("/tls/1.0.0"): TLSTransport(keys)}, {TProtocol("/yamux/1.0.0"): Yamux}
    )
    is_initiator = role == "dial"
    with trio.fail_after(60):
        secure = await upgrader.upgrade_security(Pipe(is_initiator), is_initiator, peer)
        muxed = await upgrader.upgrade_connection(secure, secure.get_remote_peer())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(muxed.start)
            await muxed.event_started.wait()
            if is_initiator:
                async with trio.open_nursery() as streams:
                    for number in range(5):
                        streams.start_soon(ask, await muxed.open_stream(), number)
                print("done", file=sys.stderr, flush=True)
                nursery.cancel_scope.cancel()
            else:
                while True:
                    nursery.start_soon(echo, await muxed.accept_stream())


trio.run(main, sys.argv[1], ID.from_base58(sys.argv[2]) if len(sys.argv) > 2 else None)
