#!/usr/bin/env python3
"""A stand-in for Redis, with the few commands that programs of libp2p's test plan meet with.

redis_stub.py serve                          listens on the loopback, prints the port, and runs until it is killed
redis_stub.py set HOST:PORT KEY VALUE        sets a plain value
"""
import asyncio
import sys

VALUES = {}
CHANGED = asyncio.Condition()
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


def bulk(value):
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


async def popped(key):
    """The first value of a list, or what there is to say instead; None: nothing yet."""
    value = VALUES.get(key)
    if isinstance(value, bytes):
        return WRONG_TYPE
    if not value:
        return None
    first = value.pop(0)
    if not value:
        del VALUES[key]
    return first


async def answer(words):
    name, arguments = words[0].upper(), words[1:]
    if name == b"PING":
        return b"+PONG\r\n"
    if name == b"SET":
        async with CHANGED:
            VALUES[arguments[0]] = arguments[1]
            CHANGED.notify_all()
        return b"+OK\r\n"
    if name == b"GET":
        value = VALUES.get(arguments[0])
        return WRONG_TYPE if isinstance(value, list) else bulk(value)
    if name == b"RPUSH":
        async with CHANGED:
            values = VALUES.setdefault(arguments[0], [])
            if isinstance(values, bytes):
                return WRONG_TYPE
            values.extend(arguments[1:])
            CHANGED.notify_all()
        return b":%d\r\n" % len(values)
    if name == b"LPOP":
        value = await popped(arguments[0])
        return value if value == WRONG_TYPE else bulk(value)
    if name == b"BLPOP":
        async with CHANGED:
            while (value := await popped(arguments[0])) is None:
                await CHANGED.wait()
        return value if value == WRONG_TYPE else b"*2\r\n" + bulk(arguments[0]) + bulk(value)
    return b"-ERR unknown command\r\n"


async def serve_one(reader, writer):
    try:
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                count = int((await reader.readline())[1:])
                words.append((await reader.readexactly(count + 2))[:-2])
            # In two pieces, as a network may bring them.
            reply = await answer(words)
            writer.write(reply[:3])
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(reply[3:])
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve():
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def command(address, *words):
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    parts = [word.encode() for word in words]
    writer.write(b"*%d\r\n" % len(parts) + b"".join(map(bulk, parts)))
    reply = await reader.readline()
    if reply.startswith(b"-"):
        sys.exit(reply.decode())
    writer.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    elif len(sys.argv) == 5 and sys.argv[1] == "set":
        asyncio.run(command(sys.argv[2], "SET", sys.argv[3], sys.argv[4]))
    else:
        sys.exit(__doc__)
