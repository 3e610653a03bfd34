#!/usr/bin/env python3
"""One end of the interop laboratory on aioquic, by the contract of the QUIC interop runner.

ROLE is client or server, TESTCASE names what to do, REQUESTS are the client's URLs, SSLKEYLOGFILE and QLOGDIR where to
write. WWW, DOWNLOADS, CERTS and PORT stand for the runner's mounts and its port. Ends with 127 for an unknown TESTCASE.
"""

import asyncio
import contextlib
import os
import pathlib
import signal
import sys
import urllib.parse

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.logger import QuicFileLogger
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite

CASES = {"handshake", "transfer", "chacha20", "retry", "resumption", "zerortt", "keyupdate", "multiconnect", "v2"}
# What aioquic 1.7 has no code for:
#   http3                not spoken by this program;
#   ecn                  its sockets neither set nor read the ECN bits: the word occurs only where the counts of an
#                        ACK frame are skipped (quic/packet.py), and sendto is called without ancillary data;
#   connectionmigration  is asked of servers only, and quic/connection.py fills in no preferred_address when it makes
#                        its own transport parameters; as a client it moves to one by itself, in `transfer`.
UNSUPPORTED = 127

WINDOW = 4 << 20
PIECE = 64 << 10
IN_FLIGHT = 64


def configuration(is_client, case):
    result = QuicConfiguration(
        is_client=is_client,
        alpn_protocols=["hq-interop"],
        supported_versions=[QuicProtocolVersion.VERSION_1],
        max_data=4 * WINDOW,
        max_stream_data=WINDOW,
        # Many packets in a row may be lost where 30 of 100 are.
        idle_timeout=180 if case == "multiconnect" else 30,
    )
    if case == "v2":
        result.supported_versions.insert(0, QuicProtocolVersion.VERSION_2)
        if is_client:
            # The server is to choose (RFC 9368 section 2.3).
            result.original_version = QuicProtocolVersion.VERSION_1
    if case == "chacha20" and is_client:
        result.cipher_suites = [CipherSuite.CHACHA20_POLY1305_SHA256]
    if os.environ.get("QLOGDIR"):
        os.makedirs(os.environ["QLOGDIR"], exist_ok=True)
        result.quic_logger = QuicFileLogger(os.environ["QLOGDIR"])
    return result


def folder(name, default):
    return pathlib.Path(os.environ.get(name) or default)


# The server.


class FileServer(QuicConnectionProtocol):
    """HTTP/0.9: `GET /name` on a stream of the client is answered with the bytes."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.requests, self.files = {}, {}

    def datagram_received(self, data, address):
        super().datagram_received(data, address)
        self.refill()

    def quic_event_received(self, event):
        if isinstance(event, events.StreamDataReceived) and event.stream_id % 4 == 0:
            self.requests[event.stream_id] = self.requests.get(event.stream_id, b"") + event.data
            if event.end_stream or len(self.requests[event.stream_id]) > 4096:
                self.answer(event.stream_id, self.requests.pop(event.stream_id))
        elif isinstance(event, events.ConnectionTerminated):
            for file in self.files.values():
                file.close()
            self.files.clear()

    def answer(self, stream, request):
        words = request.decode("latin-1").split()
        path = folder("WWW", "/www") / words[1].lstrip("/") if len(words) == 2 and words[0] == "GET" else None
        if path is None or ".." in path.parts or not path.is_file():
            self._quic.reset_stream(stream, 0)
            return
        self.files[stream] = path.open("rb")
        self.refill()

    def refill(self):
        """Keeps a little queued on every stream, so that memory does not hold whole files."""
        for stream, file in list(self.files.items()):
            # aioquic has no public word for how much waits to be sent.
            state = self._quic._streams.get(stream)
            waiting = len(state.sender._buffer) if state else 0
            while waiting < 4 * PIECE and stream in self.files:
                piece = file.read(PIECE)
                is_last = len(piece) < PIECE
                self._quic.send_stream_data(stream, piece, is_last)
                waiting += len(piece)
                if is_last:
                    self.files.pop(stream).close()


async def run_server(case):
    settings = configuration(False, case)
    certificates = folder("CERTS", "/certs")
    settings.load_cert_chain(certificates / "cert.pem", certificates / "priv.key")
    tickets = {}
    with key_log(settings):
        await serve(
            "::",
            int(os.environ.get("PORT") or 443),
            configuration=settings,
            create_protocol=FileServer,
            retry=case == "retry",
            session_ticket_handler=lambda ticket: tickets.__setitem__(ticket.ticket, ticket),
            session_ticket_fetcher=lambda name: tickets.pop(name, None),
        )
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await ended.wait()


# The client.


class FileClient(QuicConnectionProtocol):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.files, self.ends = {}, {}
        self.has_data = asyncio.Event()

    async def download(self, url):
        path = urllib.parse.urlsplit(url).path
        stream = self._quic.get_next_available_stream_id()
        ended = self.ends[stream] = asyncio.get_running_loop().create_future()
        with (folder("DOWNLOADS", "/downloads") / path.rsplit("/", 1)[-1]).open("wb") as file:
            self.files[stream] = file
            self._quic.send_stream_data(stream, f"GET {path}\r\n".encode(), True)
            # Once for all requests of this turn: a packet for each would be more than the link's queue holds.
            asyncio.get_running_loop().call_soon(self.transmit)
            await ended
        del self.files[stream], self.ends[stream]

    def quic_event_received(self, event):
        if isinstance(event, events.StreamDataReceived) and event.stream_id in self.files:
            self.has_data.set()
            self.files[event.stream_id].write(event.data)
            if event.end_stream:
                self.settle(event.stream_id)
        elif isinstance(event, events.StreamReset):
            self.settle(event.stream_id, f"the server reset stream {event.stream_id}")
        elif isinstance(event, events.ConnectionTerminated):
            for stream in list(self.ends):
                self.settle(stream, f"the connection ended: {event.error_code:#x} {event.reason_phrase}")

    def settle(self, stream, problem=None):
        ended = self.ends.get(stream)
        if ended is None or ended.done():
            return
        if problem:
            ended.set_exception(ConnectionError(problem))
        else:
            ended.set_result(None)


async def fetch(settings, urls, early=False, key_update=False, ticket=None):
    address = urllib.parse.urlsplit(urls[0])
    permits = asyncio.Semaphore(IN_FLIGHT)

    async def one(client, url):
        async with permits:
            await client.download(url)

    async with connect(
        address.hostname,
        address.port or 443,
        configuration=settings,
        create_protocol=FileClient,
        session_ticket_handler=(lambda new: ticket.done() or ticket.set_result(new)) if ticket else None,
        wait_connected=not early,
    ) as client:
        downloads = asyncio.gather(*(one(client, url) for url in urls))
        if key_update:
            await client.has_data.wait()
            client.request_key_update()
        await downloads
        if ticket:
            await asyncio.wait_for(asyncio.shield(ticket), 10)


async def run_client(case):
    urls = os.environ.get("REQUESTS", "").split()
    if not urls:
        raise ConnectionError("REQUESTS is empty")
    settings = configuration(True, case)
    settings.load_verify_locations(str(folder("CERTS", "/certs") / "ca.pem"))
    settings.server_name = urllib.parse.urlsplit(urls[0]).hostname
    with key_log(settings):
        if case == "multiconnect":
            for url in urls:
                await fetch(settings, [url])
        elif case in ("resumption", "zerortt"):
            ticket = asyncio.get_running_loop().create_future()
            await fetch(settings, urls[:1], ticket=ticket)
            settings.session_ticket = ticket.result()
            await fetch(settings, urls[1:], early=case == "zerortt")
        else:
            await fetch(settings, urls, key_update=case == "keyupdate")


@contextlib.contextmanager
def key_log(settings):
    path = os.environ.get("SSLKEYLOGFILE")
    with open(path, "a", buffering=1) if path else contextlib.nullcontext() as file:
        settings.secrets_log_file = file
        yield


def main():
    role, case = os.environ.get("ROLE"), os.environ.get("TESTCASE")
    if role not in ("client", "server"):
        print(__doc__)
        return 0 if "--help" in sys.argv else 1
    if case not in CASES:
        print(f"the test case {case} is not supported")
        return UNSUPPORTED
    try:
        asyncio.run(run_client(case) if role == "client" else run_server(case))
    except (ConnectionError, TimeoutError) as problem:
        print(f"{case} failed: {problem or 'time is over'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
