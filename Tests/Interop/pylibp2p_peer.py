#!/usr/bin/env python3
"""A py-libp2p peer on QUIC, that prints one JSON object a line.

    pylibp2p_peer.py listen [--key KIND] [--count N]        N hosts that listen, until standard input ends
    pylibp2p_peer.py dial [--key KIND] [--only CASE]... ADDRESS...   every case with every address

KIND is ed25519, secp256k1 or rsa. A listener's first line is {"hosts": [{"peer", "address"}]}; then it tells what
happens to its connections: {"opened": PEER, "by": PEER, "port": of the remote end} and {"ended": code, "reason", "by"}.
A dialler's first line is {"me": PEER}, all others are {"case", "address", "ok", "found"}.

Both ends serve, so that each case can be seen from either: /echo/1.0.0; /whoami/1.0.0 says who the other end is and
what port it has; /finish/1.0.0 says "bye" and is done; /reset/1.0.0 takes a number in four bytes, highest first, and
resets the stream with it; /watch/1.0.0 reads, and remembers the code that the stream is reset with, which /seen/1.0.0
tells; /hangup/1.0.0 takes a number and closes the connection with it.
"""

import argparse
import contextlib
import hashlib
import json
import logging
import os
import random
import socket
import sys

import multiaddr
import trio
from libp2p import new_host
from libp2p.crypto import ed25519, rsa, secp256k1
from libp2p.custom_types import TProtocol
from libp2p.host.ping import ID as PING
from libp2p.host.ping import PingService, handle_ping
from libp2p.identity.identify.identify import ID as IDENTIFY
from libp2p.identity.identify.identify import parse_identify_response
from libp2p.network.stream.exceptions import StreamEOF, StreamReset
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.stream_muxer.exceptions import MuxedStreamEOF
from libp2p.transport.quic.config import QUICTransportConfig
from libp2p.transport.quic.connection import QUICConnection
from libp2p.transport.quic.stream import QUICStream

ECHO, WHOAMI, FINISH = TProtocol("/echo/1.0.0"), TProtocol("/whoami/1.0.0"), TProtocol("/finish/1.0.0")
RESET, WATCH, SEEN = TProtocol("/reset/1.0.0"), TProtocol("/watch/1.0.0"), TProtocol("/seen/1.0.0")
HANGUP, NOBODY = TProtocol("/hangup/1.0.0"), TProtocol("/nobody/1.0.0")
LARGE, STREAMS = 20_000_000, 100

makers = {
    "ed25519": ed25519.create_new_key_pair,
    "secp256k1": secp256k1.create_new_key_pair,
    "rsa": lambda: rsa.create_new_key_pair(2048),
}
# What py-libp2p itself forgets: the code that a connection ended with, and the one of the last stream that was reset.
ended, seen = {}, {}


def tell(**fields):
    print(json.dumps(fields), flush=True)


def free_ports(count):
    """Ports that nobody has: of two hosts that ask for any, py-libp2p may give both the same."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]


def make_host(kind, port=0):
    # Its streams silently drop what comes faster than it is read, beyond a limit that 20 MB would reach.
    settings = QUICTransportConfig(MAX_STREAM_RECEIVE_BUFFER=2 * LARGE)
    at = [multiaddr.Multiaddr(f"/ip4/127.0.0.1/udp/{port}/quic-v1")]
    return new_host(key_pair=makers[kind](), listen_addrs=at, enable_quic=True, quic_transport_opt=settings), at


def patch():
    original = QUICConnection._handle_connection_terminated

    async def terminated(self, event):
        ended[id(self)] = event.error_code
        # A dialler's lines are of its cases alone.
        if getattr(self, "_tells", False):
            tell(ended=event.error_code, reason=event.reason_phrase, by=str(self.remote_peer_id()))
        await original(self, event)

    original_read = QUICStream.read

    async def whole(self, n=None):
        try:
            return await original_read(self, n)
        except MuxedStreamEOF:
            # What arrives with the end, while it waits for its own lock, it takes for the end alone.
            if not self._receive_buffer:
                raise
            return await original_read(self, n)

    QUICConnection._handle_connection_terminated = terminated
    QUICStream.read = whole


async def read(stream, most=65536):
    """The next bytes; none at the end."""
    try:
        return await stream.read(most)
    except StreamEOF:
        return b""
    except StreamReset:
        # It calls this a reset too: an end that it reads after its own.
        if stream.muxed_stream._reset_error_code is None and stream.muxed_stream._read_closed:
            return b""
        raise


async def read_all(stream):
    pieces = []
    while piece := await read(stream):
        pieces.append(piece)
    return b"".join(pieces)


async def number(stream):
    value = b""
    while len(value) < 4:
        value += await read(stream, 4 - len(value))
    return int.from_bytes(value, "big")


# What both ends serve.


def serve(host):
    async def echo(stream):
        while piece := await read(stream):
            await stream.write(piece)
        await stream.close_write()

    async def whoami(stream):
        peer, address = stream.muxed_conn.peer_id, stream.get_remote_address()
        await stream.write(json.dumps({"peer": str(peer), "port": address[1]}).encode())
        await stream.close_write()

    async def finish(stream):
        await stream.write(b"bye")
        await stream.close_write()

    async def reset(stream):
        await stream.muxed_stream.reset(await number(stream))

    async def watch(stream):
        peer = str(stream.muxed_conn.peer_id)
        seen.pop(peer, None)
        await stream.write(b"!")
        try:
            await read_all(stream)
            seen[peer] = -1
        except StreamReset:
            seen[peer] = stream.muxed_stream._reset_error_code

    async def tell_seen(stream):
        peer = str(stream.muxed_conn.peer_id)
        with trio.move_on_after(10):
            while peer not in seen:
                await trio.sleep(0.01)
        await stream.write(str(seen.get(peer)).encode())
        await stream.close_write()

    async def hangup(stream):
        code = await number(stream)
        connection = stream.muxed_conn
        connection._quic.close(error_code=code, reason_phrase="as you wish")
        await connection._transmit()

    handlers = {ECHO: echo, WHOAMI: whoami, FINISH: finish, RESET: reset, WATCH: watch, SEEN: tell_seen,
                HANGUP: hangup, PING: handle_ping}
    for name, handler in handlers.items():
        host.set_stream_handler(name, quietly(handler))


def quietly(handler):
    """A stream that breaks must not take the host with it."""

    async def run(stream):
        try:
            await handler(stream)
        except Exception as error:
            logging.debug("a handler failed: %r", error)

    return run


class Notifee:
    """Tells of connections, and marks them to tell of their end."""

    def __init__(self, host):
        self.host = host

    async def connected(self, _, connection):
        quic = connection.muxed_conn
        quic._tells = True
        tell(opened=str(self.host.get_id()), by=str(quic.peer_id), port=quic._remote_addr[1])

    async def disconnected(self, *_):
        pass

    async def opened_stream(self, *_):
        pass

    async def closed_stream(self, *_):
        pass

    async def listen(self, *_):
        pass

    async def listen_close(self, *_):
        pass


async def listen(options):
    hosts = [make_host(options.key, port) for port in free_ports(options.count)]
    ready = []

    async def run(host, at, done):
        async with host.run(listen_addrs=at):
            serve(host)
            host.get_network().register_notifee(Notifee(host))
            address = next(str(item) for item in host.get_addrs() if "/quic-v1" in str(item))
            ready.append({"peer": str(host.get_id()), "address": address})
            done.set()
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        for host, at in hosts:
            done = trio.Event()
            nursery.start_soon(run, host, at, done)
            await done.wait()
        tell(hosts=ready)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        # Nothing that follows is of interest, and shutting a host down takes it seconds.
        os._exit(0)


# The cases. Each returns what it found, for the other end to compare, and throws where it is wrong already.


class Dialled:
    """A host that is connected to a peer."""

    def __init__(self, host, info):
        self.host, self.info, self.peer = host, info, info.peer_id

    async def open(self, *names):
        return await self.host.new_stream(self.peer, list(names))

    @property
    def quic(self):
        found = self.host.get_network().connections[self.peer]
        return (found[0] if isinstance(found, list) else found).muxed_conn

    async def echo(self, data):
        stream = await self.open(ECHO)
        answer = hashlib.sha256()
        count = 0

        async def write():
            for start in range(0, len(data), 1 << 18):
                await stream.write(data[start:start + (1 << 18)])
            await stream.close_write()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            while piece := await read(stream):
                answer.update(piece)
                count += len(piece)
        assert count == len(data), f"{count} of {len(data)} bytes came back"
        assert answer.digest() == hashlib.sha256(data).digest(), "other bytes came back"
        return count


async def connect(peer):
    # The other end's view: it must know us by the name that we have.
    said = json.loads(await read_all(await peer.open(WHOAMI)))
    assert said["peer"] == str(peer.host.get_id()), f"it takes us for {said['peer']}"
    assert said["port"] == peer.quic._socket.getsockname()[1], "it sees another port than ours"
    return str(peer.quic.remote_peer_id())


async def echo(peer):
    return await peer.echo(b"hello")


async def ping(peer):
    answers = await PingService(peer.host).ping(peer.peer, ping_amt=3)
    assert len(answers) == 3
    return len(answers)


async def identify(peer):
    message = parse_identify_response(await read_all(await peer.open(IDENTIFY)))
    observed = str(multiaddr.Multiaddr(message.observed_addr))
    port = peer.quic._socket.getsockname()[1]
    assert observed == f"/ip4/127.0.0.1/udp/{port}/quic-v1", f"it sees us at {observed}, and we have port {port}"
    return {"agent": message.agent_version, "version": message.protocol_version, "protocols": list(message.protocols),
            "addresses": [str(multiaddr.Multiaddr(item)) for item in message.listen_addrs],
            "record": len(message.signedPeerRecord)}


async def large(peer):
    return await peer.echo(random.randbytes(LARGE))


async def streams(peer):
    done, everyone = [], trio.Event()

    async def one(index):
        text = f"stream {index}".encode()
        stream = await peer.open(ECHO)
        await stream.write(text)
        answer = await read(stream, len(text))
        assert answer == text, f"{answer} on {text}"
        done.append(index)
        # None ends before all are open.
        if len(done) == STREAMS:
            everyone.set()
        await everyone.wait()
        await stream.close_write()
        assert await read_all(stream) == b""

    async with trio.open_nursery() as nursery:
        for index in range(STREAMS):
            nursery.start_soon(one, index)
    return len(done)


async def finish(peer):
    return (await read_all(await peer.open(FINISH))).decode()


async def reset(peer):
    stream = await peer.open(RESET)
    await stream.write((0x1004).to_bytes(4, "big"))
    try:
        raise AssertionError(f"{await read_all(stream)} and an end instead of a reset")
    except StreamReset:
        return stream.muxed_stream._reset_error_code


async def watch(peer):
    stream = await peer.open(WATCH)
    await read(stream, 1)
    await stream.muxed_stream.reset(0x1005)
    return int(await read_all(await peer.open(SEEN)))


async def ls(peer):
    names = await peer.host.send_command(peer.peer, "ls")
    # What is answered is a list of messages, as of Go and Rust: this client leaves their lengths in front of the names.
    return sorted(name[name.index("/"):] for name in names if "/" in name)


async def unknown(peer):
    try:
        stream = await peer.open(NOBODY)
    except Exception as error:
        # The next offer on another stream is taken: the connection lives.
        await peer.echo(b"still here")
        return type(error).__name__
    raise AssertionError(f"it takes {stream.get_protocol()}")


async def hangup(peer):
    connection = peer.quic
    stream = await peer.open(HANGUP)
    await stream.write((0x1005).to_bytes(4, "big"))
    with trio.fail_after(10):
        while id(connection) not in ended:
            await trio.sleep(0.01)
    # It would take the connection for a live one for a while.
    await peer.host.disconnect(peer.peer)
    return ended[id(connection)]


async def close(peer):
    await peer.host.connect(peer.info)
    await peer.echo(b"hello again")
    connection = peer.quic
    connection._quic.close(error_code=0x1006, reason_phrase="goodbye")
    await connection._transmit()
    return 0x1006


cases = {"connect": connect, "echo": echo, "ping": ping, "identify": identify, "large": large, "streams": streams,
         "finish": finish, "reset": reset, "watch": watch, "ls": ls, "unknown": unknown, "hangup": hangup,
         "close": close}


def innermost(error):
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def dial(options):
    host, at = make_host(options.key)
    async with host.run(listen_addrs=at):
        serve(host)
        tell(me=str(host.get_id()))
        for address in options.addresses:
            for name, case in cases.items():
                if options.only and name not in options.only:
                    continue
                try:
                    with trio.fail_after(60):
                        info = info_from_p2p_addr(multiaddr.Multiaddr(address))
                        await host.connect(info)
                        found = await case(Dialled(host, info))
                    tell(case=name, address=address, ok=True, found=json.dumps(found))
                except Exception as error:
                    logging.debug("case %s", name, exc_info=True)
                    tell(case=name, address=address, ok=False, found=innermost(error))
        os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    roles = parser.add_subparsers(dest="role", required=True)
    listener, dialler = roles.add_parser("listen"), roles.add_parser("dial")
    for role in listener, dialler:
        role.add_argument("--key", choices=makers, default="ed25519")
        role.add_argument("--log", action="store_true", help="what py-libp2p logs, to standard error")
    listener.add_argument("--count", type=int, default=1)
    dialler.add_argument("--only", action="append", choices=cases)
    dialler.add_argument("addresses", nargs="+")
    options = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG if options.log else logging.CRITICAL)
    patch()
    trio.run(listen if options.role == "listen" else dial, options)


if __name__ == "__main__":
    main()
