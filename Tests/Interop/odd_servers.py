#!/usr/bin/env python3
"""Servers with something wrong, for `tern probe`: `odd_servers.py KIND [PORT]`, on a port that it prints.

  silent   a UDP port that swallows everything
  tcp      a TCP port, and no UDP
  draft    answers every long header by Version Negotiation that offers draft 29 and Google's Q050
  closed   no server at all: a port that was free a moment ago
  balancer passes on to the server on PORT, by the client's address: clients that move are lost
"""

import selectors
import socket
import sys
import time

DRAFT_29 = 0xFF00001D
Q050 = 0x51303530
RESERVED = 0x1A2A3A4A


def negotiation(datagram):
    """The Version Negotiation packet that answers a long header (RFC 8999 §6); nothing for other datagrams."""
    if len(datagram) < 1200 or not datagram[0] & 0x80:
        return b""
    length = datagram[5]
    destination = datagram[6 : 6 + length]
    rest = datagram[6 + length :]
    source = rest[1 : 1 + rest[0]]
    versions = b"".join(version.to_bytes(4, "big") for version in (RESERVED, DRAFT_29, Q050))
    return b"\x80" + bytes(4) + bytes([len(source)]) + source + bytes([len(destination)]) + destination + versions


def balance(server, port):
    """One socket toward the real server for each address that began with a long header; others get nowhere."""
    flows = {}
    waiting = selectors.DefaultSelector()
    waiting.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            datagram, sender = key.fileobj.recvfrom(65536)
            if key.fileobj is not server:
                server.sendto(datagram, key.data)
                continue
            if sender not in flows:
                if not datagram[0] & 0x80:
                    continue
                flows[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                waiting.register(flows[sender], selectors.EVENT_READ, sender)
            flows[sender].sendto(datagram, ("127.0.0.1", port))


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    wanted = {"silent": 2, "tcp": 2, "draft": 2, "closed": 2, "balancer": 3}
    if wanted.get(kind) != len(sys.argv):
        sys.exit(__doc__)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    port = server.getsockname()[1]
    if kind == "tcp":
        server.listen()
    if kind == "closed":
        server.close()
    print(f'{{"event": "listening", "addr": "127.0.0.1:{port}"}}', flush=True)
    if kind == "balancer":
        balance(server, int(sys.argv[2]))
    while kind == "draft":
        datagram, sender = server.recvfrom(65536)
        if answer := negotiation(datagram):
            server.sendto(answer, sender)
    time.sleep(900)


if __name__ == "__main__":
    main()
