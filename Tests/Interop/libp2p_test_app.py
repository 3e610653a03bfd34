#!/usr/bin/env python3
"""py-libp2p in the roles of libp2p's unified test plan, with settings from the environment as the plan has them."""
import os
import socket
import sys
import time

import multiaddr
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.host.ping import ID, PingService, handle_ping
from libp2p.peer.peerinfo import info_from_p2p_addr


def redis(*words):
    """Asks Redis one thing: the value of a text, a list's last text, or None."""
    host, port = os.environ["REDIS_ADDR"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=60) as connection, connection.makefile("rwb") as file:
        parts = [word.encode() for word in words]
        file.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        file.flush()

        def read():
            kind, rest = (line := file.readline().strip())[:1], line[1:]
            if kind == b"*":
                return [read() for _ in range(int(rest))][-1]
            if kind == b"$":
                return file.read(int(rest) + 2)[:-2].decode() if int(rest) >= 0 else None
            if kind == b"-":
                raise OSError(rest.decode())
            return rest.decode()

        return read()


async def main():
    key = os.environ["TEST_KEY"] + "_listener_multiaddr"
    host = new_host(key_pair=create_new_key_pair(), enable_quic=True)
    async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")]):
        if os.environ["IS_DIALER"] == "false":
            host.set_stream_handler(ID, handle_ping)
            redis("RPUSH", key, str(host.get_addrs()[0]))
            await trio.sleep_forever()
        peer = info_from_p2p_addr(multiaddr.Multiaddr(redis("BLPOP", key, "60")))
        with trio.fail_after(30):
            start = time.monotonic()
            await host.connect(peer)
            [first] = await PingService(host).ping(peer.peer_id)
            whole = time.monotonic() - start
        print(f"latency:\n  handshake_plus_one_rtt: {whole * 1e3:.3f}\n  ping_rtt: {float(first):.3f}\n  unit: ms")
        sys.stdout.flush()
        # Its shutdown may take long, and nothing of it is tested here.
        os._exit(0)


trio.run(main)
