"""What happens to a packet at the far end of the emulated link. Each takes (frame, direction, now) and says whether it
arrives; it may have changed the frame. Time is a parameter, so that the self-test needs no clock."""

from .scenarios import TO_CLIENT, TO_SERVER

CORRUPTED_PREFIX = 50


def is_version_negotiation(payload):
    """A long header with version 0 (RFC 8999 section 6)."""
    return len(payload) > 4 and payload[0] & 0x80 and payload[1:5] == b"\0\0\0\0"


class Dice:
    """Hits `percent` of 100, but after `burst` hits in a row one gets through."""

    def __init__(self, random, percent, burst):
        self.random, self.percent, self.burst, self.run = random, percent, burst, 0

    def hit(self):
        if self.burst and self.run >= self.burst or self.random.uniform(0, 100) >= self.percent:
            self.run = 0
            return False
        self.run += 1
        return True


class Drop:
    def __init__(self, random, rates, bursts):
        self.dice = {way: Dice(random, rate, bursts.get(way, 0)) for way, rate in rates.items()}

    def __call__(self, frame, direction, now):
        return not (frame.is_udp and direction in self.dice and self.dice[direction].hit())


class Corrupt:
    """Changes one byte near the start of the UDP payload and mends the checksum, so that QUIC has to notice. Version
    Negotiation is spared: nothing protects it."""

    def __init__(self, random, rates, bursts):
        self.random, self.count = random, {TO_SERVER: 0, TO_CLIENT: 0}
        self.dice = {way: Dice(random, rate, bursts.get(way, 0)) for way, rate in rates.items()}

    def __call__(self, frame, direction, now):
        payload = frame.payload if frame.is_udp else b""
        if payload and direction in self.dice and not is_version_negotiation(payload) and self.dice[direction].hit():
            index = self.random.randrange(min(len(payload), CORRUPTED_PREFIX))
            frame.set_payload_byte(index, payload[index] ^ self.random.randrange(1, 256))
            self.count[direction] += 1
        return True


class DropList:
    def __init__(self, lists):
        self.lists = {way: set(numbers) for way, numbers in lists.items()}
        self.seen = {TO_SERVER: 0, TO_CLIENT: 0}

    def __call__(self, frame, direction, now):
        if not frame.is_udp:
            return True
        self.seen[direction] += 1
        return self.seen[direction] not in self.lists.get(direction, ())


class Blackhole:
    """Lets everything through for `on` seconds and nothing for `off`, again and again, from the first UDP packet on."""

    def __init__(self, on, off):
        self.on, self.off, self.start = on, off, None

    def __call__(self, frame, direction, now):
        if self.start is None and frame.is_udp:
            self.start = now
        return self.start is None or (now - self.start) % (self.on + self.off) < self.on


class Rebind:
    """A NAT that forgets all of its bindings at times: each flow goes on from a new port, and what is sent to the old
    one is lost. With `addresses` the flow also gets a new address in the client's network."""

    def __init__(self, random, first, every, addresses=False):
        self.random, self.first, self.every, self.addresses = random, first, every, addresses
        self.next, self.generation, self.moment = None, 0, []
        self.outward, self.inward, self.last_host = {}, {}, {}

    def __call__(self, frame, direction, now):
        if not frame.is_udp:
            return True
        if self.next is None:
            self.next, self.start = now + self.first, now
        while now >= self.next:
            self.moment.append(round(self.next - self.start, 3))
            self.next += self.every
            self.generation += 1
            self.outward.clear()
            self.inward.clear()
        return self._outward(frame) if direction == TO_SERVER else self._inward(frame)

    def _outward(self, frame):
        private = frame.address("source"), frame.port("source")
        if private not in self.outward:
            public = self._binding(private)
            self.outward[private], self.inward[public] = public, private
        address, port = self.outward[private]
        self._set(frame, "source", address, port)
        return True

    def _inward(self, frame):
        public = frame.address("destination"), frame.port("destination")
        if public not in self.inward:
            return False
        self._set(frame, "destination", *self.inward[public])
        return True

    @staticmethod
    def _set(frame, which, address, port):
        if frame.address(which) != address:
            frame.set_address(which, address)
        if frame.port(which) != port:
            frame.set_port(which, port)

    def _binding(self, private):
        address, port = private
        if self.generation == 0:
            return private
        if self.addresses:
            # Hosts 101 to 250 of the client's network, one for each time that it forgets.
            address = address[:-1] + bytes([101 + (self.generation - 1) % 150])
        taken = {used for _, used in self.inward} | {port}
        while port in taken:
            port = self.random.randrange(20000, 60000)
        return address, port


def impairments(scenario, random):
    """In the order in which a packet meets them."""
    result = []
    if scenario.blackhole:
        result.append(Blackhole(*scenario.blackhole))
    if scenario.dropped:
        result.append(DropList(scenario.dropped))
    if scenario.drop:
        result.append(Drop(random, scenario.drop, scenario.burst))
    if scenario.corrupt:
        result.append(Corrupt(random, scenario.corrupt, scenario.burst))
    if scenario.rebind:
        result.append(Rebind(random, *scenario.rebind, scenario.rebind_address))
    return result
