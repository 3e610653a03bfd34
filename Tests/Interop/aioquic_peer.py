#!/usr/bin/env python3
"""One end of the interoperability matrix on aioquic: `aioquic_peer.py server|client`, with the flags of `tern peer`.

The server speaks ALPN echo (streams and datagrams come back) and perf (eight bytes, a length, are answered by that many).
The client prints one JSON object with "ok" and ends with 0 where that is true.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import ssl
import sys
import time

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.tls import CipherSuite, Epoch

VERSIONS = {"v1": 0x00000001, "v2": 0x6B3343CF}
CIPHERS = {
    "aes128": CipherSuite.AES_128_GCM_SHA256,
    "aes256": CipherSuite.AES_256_GCM_SHA384,
    "chacha20": CipherSuite.CHACHA20_POLY1305_SHA256,
}
PIECE = bytes(1 << 16)
# Bursts overflow the kernel's default buffer, and aioquic recovers slowly.
SOCKET_BUFFER = 4 << 20
WINDOW = 16 << 20


def is_unidirectional(stream):
    return stream % 4 >= 2


def configuration(options, is_client, protocols):
    result = QuicConfiguration(
        is_client=is_client,
        alpn_protocols=protocols,
        supported_versions=[VERSIONS[name] for name in options.versions.split(",")],
        max_datagram_frame_size=65535,
        max_data=WINDOW,
        max_stream_data=WINDOW,
        idle_timeout=options.idle,
    )
    if is_client and len(result.supported_versions) > 1:
        # Everybody understands version 1: the server may choose another (RFC 9368 §2.3).
        result.original_version = VERSIONS["v1"]
    if options.cipher:
        result.cipher_suites = [CIPHERS[options.cipher]]
    return result


def enlarge(transport):
    handle = transport.get_extra_info("socket")
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        handle.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)


def split_address(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


# The server.


class ServerProtocol(QuicConnectionProtocol):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.protocol = None
        self.answers = {}
        self.headers = {}
        self.owed = {}

    def datagram_received(self, data, address):
        super().datagram_received(data, address)
        self.pay()

    def quic_event_received(self, event):
        if isinstance(event, events.ProtocolNegotiated):
            self.protocol = event.alpn_protocol
        elif isinstance(event, events.DatagramFrameReceived):
            self._quic.send_datagram_frame(event.data)
        elif isinstance(event, events.StreamDataReceived):
            (self.measure if self.protocol == "perf" else self.echo)(event)
        elif isinstance(event, events.StopSendingReceived):
            # aioquic has reset the stream.
            self.owed.pop(event.stream_id, None)
        elif isinstance(event, events.StreamReset) and not is_unidirectional(event.stream_id):
            self._quic.reset_stream(event.stream_id, event.error_code)

    def echo(self, event):
        target = event.stream_id
        if is_unidirectional(target):
            if target not in self.answers:
                self.answers[target] = self._quic.get_next_available_stream_id(is_unidirectional=True)
            target = self.answers[target]
        self._quic.send_stream_data(target, event.data, event.end_stream)

    def measure(self, event):
        stream = event.stream_id
        header = self.headers.get(stream, b"")
        self.headers[stream] = header + event.data[: 8 - len(header)]
        if event.end_stream and not is_unidirectional(stream):
            self.owed[stream] = int.from_bytes(self.headers.pop(stream), "big")
            self.pay()

    def pay(self):
        """Keeps a little queued on every stream that bytes are owed on."""
        for stream in list(self.owed):
            while stream in self.owed and queued(self._quic, stream) < 4 * len(PIECE):
                count = min(self.owed[stream], len(PIECE))
                self.owed[stream] -= count
                is_last = self.owed[stream] == 0
                self._quic.send_stream_data(stream, PIECE[:count], is_last)
                if is_last:
                    del self.owed[stream]


def queued(connection, stream):
    # aioquic has no public word for how much waits to be sent.
    state = connection._streams.get(stream)
    return len(state.sender._buffer) if state else 0


async def run_server(options):
    server_configuration = configuration(options, False, (options.alpn or "echo,perf").split(","))
    server_configuration.load_cert_chain(options.cert, options.key)
    tickets = {}
    host, port = split_address(options.addr)
    server = await serve(
        host,
        port,
        configuration=server_configuration,
        create_protocol=ServerProtocol,
        retry=options.retry,
        session_ticket_handler=None if options.no_tickets else lambda ticket: tickets.__setitem__(ticket.ticket, ticket),
        session_ticket_fetcher=lambda name: tickets.pop(name, None),
    )
    enlarge(server._transport)
    if not options.quiet:
        name = server._transport.get_extra_info("sockname")
        print(json.dumps({"event": "listening", "addr": f"{host}:{name[1]}"}), flush=True)
    await asyncio.sleep(options.seconds or 1e9)


# The client.


class Failure(Exception):
    pass


def need(holds, otherwise):
    if not holds:
        raise Failure(otherwise)


class ClientProtocol(QuicConnectionProtocol):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.handshake = None
        self.received = {}
        self.counts = {}
        self.ends = {}
        self.answers = asyncio.Queue()
        self.datagrams = asyncio.Queue()
        self.saw_retry = False

    def datagram_received(self, data, address):
        super().datagram_received(data, address)
        self.saw_retry = self.saw_retry or self._quic._retry_count > 0

    def quic_event_received(self, event):
        if isinstance(event, events.HandshakeCompleted):
            self.handshake = event
        elif isinstance(event, events.DatagramFrameReceived):
            self.datagrams.put_nowait(event.data)
        elif isinstance(event, events.StreamDataReceived):
            self.receive(event)
        elif isinstance(event, events.StreamReset):
            self.fail([event.stream_id], Failure(f"the server reset stream {event.stream_id}"))
        elif isinstance(event, events.ConnectionTerminated):
            self.fail(list(self.ends), Failure(f"closed with {event.error_code:#x} {event.reason_phrase}"))

    def receive(self, event):
        stream = event.stream_id
        self.counts[stream] = self.counts.get(stream, 0) + len(event.data)
        if stream in self.received or stream % 4 == 3:
            self.received.setdefault(stream, bytearray()).extend(event.data)
        if event.end_stream:
            if stream % 4 == 3:
                self.answers.put_nowait(bytes(self.received.pop(stream)))
            elif stream in self.ends and not self.ends[stream].done():
                self.ends[stream].set_result(None)

    def fail(self, streams, error):
        for stream in streams:
            if stream in self.ends and not self.ends[stream].done():
                self.ends[stream].set_exception(error)

    def open(self, keeps=True, unidirectional=False):
        stream = self._quic.get_next_available_stream_id(is_unidirectional=unidirectional)
        self._quic.send_stream_data(stream, b"")
        if not unidirectional:
            self.ends[stream] = self._loop.create_future()
            if keeps:
                self.received[stream] = bytearray()
        return stream

    def send(self, stream, data, is_last=False):
        self._quic.send_stream_data(stream, data, is_last)
        self.transmit()

    async def round_trip(self, data):
        stream = self.open()
        self.send(stream, data, True)
        await self.ends[stream]
        del self.ends[stream]
        return bytes(self.received.pop(stream))

    def findings(self):
        return {
            "alpn": self.handshake.alpn_protocol,
            "version": {number: name for name, number in VERSIONS.items()}.get(self._quic._version),
            "cipher": self._quic.tls.key_schedule.cipher_suite.name,
            "retry": self.saw_retry,
            "resumed": self.handshake.session_resumed,
            "early": self.handshake.early_data_accepted,
        }


class Client:
    def __init__(self, options):
        self.options = options

    @contextlib.asynccontextmanager
    async def dial(self, ticket=None, waits=True, on_ticket=None):
        options = self.options
        protocol = options.alpn or ("perf" if options.mode in ("down", "up") else "echo")
        settings = configuration(options, True, [protocol])
        settings.server_name = options.sni
        settings.session_ticket = ticket
        if options.insecure:
            settings.verify_mode = ssl.CERT_NONE
        else:
            settings.load_verify_locations(options.ca)
        host, port = split_address(options.addr)
        async with connect(
            host,
            port,
            configuration=settings,
            create_protocol=ClientProtocol,
            session_ticket_handler=on_ticket,
            wait_connected=waits,
        ) as client:
            enlarge(client._transport)
            yield client

    async def echo(self):
        options = self.options
        async with self.dial() as client:
            for count in (0, 1, 1199, 65536, options.bytes):
                data = os.urandom(count)
                need(await client.round_trip(data) == data, f"the echo of {count} bytes differs")
            parts = [os.urandom(5000) for _ in range(options.streams)]
            answers = await asyncio.gather(*(client.round_trip(part) for part in parts))
            need(answers == parts, "a concurrent echo differs")
            if not options.no_uni:
                expected = {os.urandom(3000) for _ in range(3)}
                for part in expected:
                    client.send(client.open(unidirectional=True), part, True)
                need({await client.answers.get() for _ in expected} == expected, "a unidirectional echo differs")
            findings = client.findings()
            need(client.saw_retry or not options.expect_retry, "the server sent no Retry")
            need(options.expect_version in (None, findings["version"]), f"the version is {findings['version']}")
            if options.cipher:
                need(findings["cipher"] == CIPHERS[options.cipher].name, f"the cipher is {findings['cipher']}")
            return findings

    async def dgram(self):
        async with self.dial() as client:
            total, returned, expected = self.options.dgrams or 100, 0, set()
            for number in range(total):
                data = number.to_bytes(4, "big") + os.urandom(200 + number % 800)
                expected.add(data)
                client._quic.send_datagram_frame(data)
                client.transmit()
                with contextlib.suppress(asyncio.TimeoutError):
                    returned += await asyncio.wait_for(client.datagrams.get(), 0.5) in expected
            need(returned * 10 >= total * 9, f"only {returned} of {total} datagrams came back")
            return {"dgrams": returned, **client.findings()}

    async def zerortt(self):
        tickets = asyncio.Queue()
        async with self.dial(on_ticket=tickets.put_nowait) as client:
            need(await client.round_trip(b"first") == b"first", "the echo differs")
            ticket = await tickets.get()
        need(ticket.max_early_data_size, "the server's ticket does not allow 0-RTT")
        async with self.dial(ticket=ticket, waits=False) as client:
            need(await client.round_trip(b"early data") == b"early data", "the echo of early data differs")
            need(client.handshake.early_data_accepted, "the server refused 0-RTT data")
            return client.findings()

    async def migrate(self):
        async with self.dial() as client:
            moves = []
            for number in range(3):
                need(await client.round_trip(b"before") == b"before", "the echo before a move differs")
                moves.append(await self.move(client, announces=number != 1))
                data = os.urandom(20000)
                need(await client.round_trip(data) == data, "the echo after a move differs")
                await client.ping()
            findings = {"moves": moves, **client.findings()}
            client.close()
            await client.wait_closed()
            client._transport.close()
            return findings

    async def move(self, client, announces):
        """Another local port; without a new connection ID it looks like an address translator's doing."""
        old = client._transport
        name = old.get_extra_info("sockname")
        if announces:
            client._quic.change_connection_id()

        class Forwarder(asyncio.DatagramProtocol):
            def datagram_received(self, data, address):
                client.datagram_received(data, address)

        client._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Forwarder, local_addr=(name[0], 0), family=old.get_extra_info("socket").family
        )
        client.transmit()
        asyncio.get_running_loop().call_later(0.2, old.close)
        return [name[1], client._transport.get_extra_info("sockname")[1]]

    async def keyupdate(self):
        async with self.dial() as client:
            phases = []
            for number in range(4):
                data = os.urandom(3000)
                need(await client.round_trip(data) == data, "the echo differs")
                phases.append(client._quic._cryptos[Epoch.ONE_RTT].key_phase)
                await client.ping()
                client.request_key_update()
                await client.ping()
            need(phases == [0, 1, 0, 1], f"the key phases are {phases}")
            return {"key_updates": 4, **client.findings()}

    async def down(self):
        async def one(client, share):
            stream = client.open(keeps=False)
            client.send(stream, share.to_bytes(8, "big"), True)
            await client.ends[stream]
            return client.counts.get(stream, 0)

        return await self.transfer(one)

    async def up(self):
        async def one(client, share):
            stream = client.open(keeps=False)
            client.send(stream, bytes(8))
            left = share
            while left:
                while queued(client._quic, stream) > 4 * len(PIECE):
                    await asyncio.sleep(0)
                count = min(left, len(PIECE))
                left -= count
                client.send(stream, PIECE[:count], left == 0)
            await client.ends[stream]
            return share

        return await self.transfer(one)

    async def transfer(self, one):
        options = self.options
        async with self.dial() as client:
            share = options.bytes // options.streams
            started = time.perf_counter()
            moved = sum(await asyncio.gather(*(one(client, share) for _ in range(options.streams))))
            seconds = time.perf_counter() - started
            need(moved == share * options.streams, f"{moved} bytes instead of {share * options.streams}")
            return {"bytes": moved, "secs": round(seconds, 4), "mbit": round(moved * 8e-6 / seconds, 1), **client.findings()}


async def run_client(options):
    async with asyncio.timeout(options.timeout):
        return await getattr(Client(options), options.mode)()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    roles = parser.add_subparsers(dest="role", required=True)
    server, client = roles.add_parser("server"), roles.add_parser("client")
    for role in (server, client):
        role.add_argument("--addr", default="127.0.0.1:4433")
        role.add_argument("--alpn")
        role.add_argument("--versions", default="v1,v2" if role is server else "v1")
        role.add_argument("--cipher", choices=CIPHERS)
        role.add_argument("--idle", type=float, default=60)
    server.add_argument("--cert", default="certs/leaf.pem")
    server.add_argument("--key", default="certs/leaf.key")
    server.add_argument("--retry", action="store_true")
    server.add_argument("--quiet", action="store_true")
    server.add_argument("--seconds", type=float, default=0)
    server.add_argument("--no-tickets", action="store_true")
    modes = ["echo", "dgram", "zerortt", "migrate", "keyupdate", "down", "up"]
    client.add_argument("--mode", choices=modes, default="echo")
    client.add_argument("--ca", default="certs/ca.pem")
    client.add_argument("--sni", default="localhost")
    client.add_argument("--insecure", action="store_true")
    client.add_argument("--no-uni", action="store_true")
    client.add_argument("--expect-retry", action="store_true")
    client.add_argument("--expect-version", choices=VERSIONS)
    client.add_argument("--timeout", type=float, default=30)
    for name, default in (("bytes", 1 << 20), ("streams", 1), ("dgrams", 0)):
        client.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def main():
    options = parse()
    if options.role == "server":
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run_server(options))
        return 0
    report = {"stack": "aioquic", "mode": options.mode}
    try:
        report |= {"ok": True, **asyncio.run(run_client(options))}
    except Exception as error:
        report |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(report), flush=True)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
