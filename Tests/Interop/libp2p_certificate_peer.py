#!/usr/bin/env python3
"""Shows the certificates of certificates.py to a libp2p host over QUIC, and tells what the host said, with aioquic.

    libp2p_certificate_peer.py client FOLDER HOST:PORT   dials the host once for each case, and in ways of its own
    libp2p_certificate_peer.py server FOLDER             listens once for each case, and waits to be dialled

Both print one JSON object a line. The server's first is {"ports": {name: port}}; all others tell of a connection:
{"name", "code" (the error code of its end; 0: it lives), "peer" (who the host is, by its certificate), "sni", "tickets"}.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import sys

from aioquic import tls
from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import certificates

# X25519MLKEM768, the group that Go and Rust offer first, whose key share has this many bytes.
LARGE_GROUP, LARGE_SHARE = 0x11EC, 1216
seen = {"sni": None, "hello": 0}
enlarges = False


class DER:
    """A certificate as bytes, because libraries refuse to read what is wrong."""

    def __init__(self, der):
        self.der = der

    def public_bytes(self, _):
        return self.der


def patch():
    """aioquic neither asks clients for certificates nor tells of server names, and its ClientHello is small."""
    original_init, original_pull, original_push = tls.Context.__init__, tls.pull_client_hello, tls.push_client_hello

    def init(self, *arguments, **named):
        original_init(self, *arguments, **named)
        if not self._is_client:
            self._request_client_certificate = True

    def pull(buffer):
        hello = original_pull(buffer)
        seen["sni"] = hello.server_name
        return hello

    def push(buffer, hello):
        if enlarges:
            hello.key_share.insert(0, (LARGE_GROUP, os.urandom(LARGE_SHARE)))
            hello.supported_groups = [LARGE_GROUP] + hello.supported_groups
        start = buffer.tell()
        original_push(buffer, hello)
        seen["hello"] = buffer.tell() - start

    tls.Context.__init__, tls.pull_client_hello, tls.push_client_hello = init, pull, push


def peer_of(protocol):
    """Who showed that certificate, judged by a second implementation of the rules; a text that is no id if nobody."""
    context = protocol._quic.tls
    shown = context._peer_certificate
    if shown is None:
        return None
    if context._peer_certificate_chain:
        return "more than one certificate"
    own = [item for item in shown.extensions if item.oid.dotted_string == certificates.LIBP2P]
    if len(own) != 1 or len(shown.extensions) != 1 or own[0].critical or shown.version != x509.Version.v3:
        return "other extensions than libp2p's"
    info = shown.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    value = own[0].value.value
    # SEQUENCE { OCTET STRING, OCTET STRING } of an Ed25519 key: 36 and 64 bytes.
    if value[:4] != b"\x30\x68\x04\x24" or value[4:8] != b"\x08\x01\x12\x20" or value[40:42] != b"\x04\x40":
        return "no extension with an Ed25519 key"
    public, signature = value[4:40], value[42:]
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public[4:]).verify(signature, b"libp2p-tls-handshake:" + info)
        shown.verify_directly_issued_by(shown)
    except Exception as error:
        return f"a wrong signature: {error!r}"
    return certificates.peer_id(public)


def configuration(folder, case, is_client, protocols=("libp2p",)):
    result = QuicConfiguration(
        is_client=is_client, alpn_protocols=list(protocols), verify_mode=0, idle_timeout=20,
        max_datagram_size=1200,
    )
    if case is not None:
        chain = [DER((folder / f"{case['name']}.{index}.der").read_bytes()) for index in range(case["count"])]
        result.certificate, result.certificate_chain = chain[0], chain[1:]
        key = (folder / f"{case['name']}.key").read_bytes()
        result.private_key = serialization.load_pem_private_key(key, None)
    return result


def tell(**fields):
    print(json.dumps(fields), flush=True)


class Protocol(QuicConnectionProtocol):
    """Knows when its connection ended, or shows that it lives."""

    case = None

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.end = asyncio.get_running_loop().create_future()
        self.sni = seen["sni"]

    def quic_event_received(self, event):
        if isinstance(event, events.ConnectionTerminated) and not self.end.done():
            self.end.set_result(event.error_code)
        if isinstance(event, events.StreamDataReceived) and event.end_stream and not self.end.done():
            # The host answers on a stream: it has accepted us.
            self.end.set_result(0)


async def dial(name, case, address, folder, protocols=("libp2p",), server_name=None):
    tickets = []
    settings = configuration(folder, case, True, protocols)
    settings.server_name = server_name
    host, port = address.rsplit(":", 1)
    code, peer = None, None
    with contextlib.suppress(ConnectionError):
        async with connect(
            host, int(port), configuration=settings, create_protocol=Protocol,
            session_ticket_handler=tickets.append, wait_connected=False,
        ) as protocol:
            protocol.sent = protocol._quic.get_next_available_stream_id()
            protocol._quic.send_stream_data(protocol.sent, b"hello", True)
            protocol.transmit()
            code = await asyncio.wait_for(protocol.end, 20)
            peer = peer_of(protocol)
    tell(name=name, code=code, peer=peer, sni=server_name, tickets=len(tickets), hello=seen["hello"])


async def client(folder, cases, address):
    global enlarges
    for case in cases:
        await dial(case["name"], case, address, folder)
    good = next(case for case in cases if case["name"] == "ed25519")
    await dial("no certificate", None, address, folder)
    await dial("another protocol", good, address, folder, protocols=("h3",))
    await dial("several protocols", good, address, folder, protocols=("h3", "libp2p"))
    await dial("a server name", good, address, folder, server_name="l")
    enlarges = True
    await dial("a large ClientHello", good, address, folder)


async def server(folder, cases):
    waiting = {}
    ports = {}
    for case in cases:
        ended = asyncio.get_running_loop().create_future()
        waiting[case["name"]] = ended

        class Serving(Protocol):
            done = ended

            def quic_event_received(self, event):
                if isinstance(event, events.ConnectionTerminated) and not self.done.done():
                    self.done.set_result((self, event.error_code))
                if isinstance(event, events.StreamDataReceived) and event.end_stream and not self.done.done():
                    self._quic.send_stream_data(event.stream_id, b"hello", True)
                    self.transmit()
                    self.done.set_result((self, 0))

        listening = await serve(
            "127.0.0.1", 0, configuration=configuration(folder, case, False), create_protocol=Serving)
        ports[case["name"]] = listening._transport.get_extra_info("sockname")[1]
    tell(ports=ports)
    for case in cases:
        protocol, code = await asyncio.wait_for(waiting[case["name"]], 60)
        tell(name=case["name"], code=code, peer=peer_of(protocol), sni=seen["sni"], tickets=0, hello=0)
    # What was answered last is still on its way.
    await asyncio.to_thread(sys.stdin.read)


async def main():
    patch()
    role, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    cases = json.loads((folder / "cases.json").read_text())
    if role == "client":
        await client(folder, [case for case in cases if case["expecting"] is None], sys.argv[3])
    else:
        await server(folder, cases)


if __name__ == "__main__":
    if len(sys.argv) != {"client": 4, "server": 3}.get(sys.argv[1] if len(sys.argv) > 1 else None):
        sys.exit(__doc__)
    asyncio.run(main())
