"""Ethernet frames as the emulated link sees them: what they are, and how to change them without harm."""

import ipaddress

ETHERNET = 14
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
ICMP, UDP, ICMP6 = 1, 17, 58


def words(data):
    """The sum of the 16-bit words, for an Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data = bytes(data) + b"\0"
    return sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


def folded(total):
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Frame:
    """One frame. Changes keep the checksums right, and a wrong one wrong (RFC 1624)."""

    __slots__ = ("data", "transport", "version", "protocol")

    def __init__(self, data):
        self.data = bytearray(data)
        kind = self.data[12:14]
        self.version, self.transport, self.protocol = 0, len(self.data), -1
        if kind == IPV4 and len(self.data) >= ETHERNET + 20:
            self.version = 4
            self.transport = ETHERNET + (self.data[ETHERNET] & 15) * 4
            self.protocol = self.data[ETHERNET + 9]
            if int.from_bytes(self.data[ETHERNET + 6 : ETHERNET + 8], "big") & 0x1FFF:
                # A later fragment starts with no transport header.
                self.protocol = -1
        elif kind == IPV6 and len(self.data) >= ETHERNET + 40:
            self.version = 6
            self.transport = ETHERNET + 40
            self.protocol = self.data[ETHERNET + 6]

    @property
    def is_udp(self):
        return self.protocol == UDP and len(self.data) >= self.transport + 8

    @property
    def ip_length(self):
        """The length of the IP packet; frames below 60 bytes may be padded."""
        start = ETHERNET
        if self.version == 4:
            return int.from_bytes(self.data[start + 2 : start + 4], "big")
        if self.version == 6:
            return int.from_bytes(self.data[start + 4 : start + 6], "big") + 40
        return max(0, len(self.data) - ETHERNET)

    @property
    def ecn(self):
        if self.version == 4:
            return self.data[ETHERNET + 1] & 3
        return self.data[ETHERNET + 1] >> 4 & 3 if self.version == 6 else 0

    @property
    def payload(self):
        """Of a UDP datagram."""
        return self.data[self.transport + 8 : ETHERNET + self.ip_length]

    def _address_at(self, which):
        size, first = (4, ETHERNET + 12) if self.version == 4 else (16, ETHERNET + 8)
        return first + (size if which == "destination" else 0), size

    def address(self, which):
        start, size = self._address_at(which)
        return bytes(self.data[start : start + size])

    def port(self, which):
        start = self.transport + (2 if which == "destination" else 0)
        return int.from_bytes(self.data[start : start + 2], "big")

    def set_address(self, which, address):
        start, size = self._address_at(which)
        old = self.address(which)
        self.data[start : start + size] = address
        if self.version == 4:
            self._mend(ETHERNET + 10, old, address)
        # The transport's checksum covers the addresses too.
        self._mend_udp(old, address)

    def set_port(self, which, port):
        start = self.transport + (2 if which == "destination" else 0)
        old = bytes(self.data[start : start + 2])
        self.data[start : start + 2] = port.to_bytes(2, "big")
        self._mend_udp(old, self.data[start : start + 2])

    def set_payload_byte(self, index, value):
        start = self.transport + 8 + index
        even = start - (start - self.transport) % 2
        # Beyond the last byte of an odd payload the checksum counts a zero, whatever pads the frame.
        end = ETHERNET + self.ip_length
        old = bytes(self.data[even : min(even + 2, end)])
        self.data[start] = value
        self._mend_udp(old, self.data[even : min(even + 2, end)])

    def _mend_udp(self, old, new):
        at = self.transport + 6
        # Zero says that there is none (RFC 768).
        if self.is_udp and self.data[at : at + 2] != b"\0\0":
            self._mend(at, old, new)
            if self.data[at : at + 2] == b"\0\0":
                self.data[at : at + 2] = b"\xff\xff"

    def _mend(self, at, old, new):
        checksum = int.from_bytes(self.data[at : at + 2], "big")
        inverse = 0xFFFF * ((len(old) + 1) // 2) - words(old)
        total = folded((~checksum & 0xFFFF) + inverse + words(new))
        self.data[at : at + 2] = (~total & 0xFFFF).to_bytes(2, "big")

    def checksums_hold(self):
        """Computed from scratch, for the self-test."""
        if self.version == 4 and folded(words(self.data[ETHERNET : self.transport])) != 0xFFFF:
            return False
        if not self.is_udp or self.data[self.transport + 6 : self.transport + 8] == b"\0\0":
            return True
        segment = self.data[self.transport : ETHERNET + self.ip_length]
        pseudo = self.address("source") + self.address("destination")
        pseudo += len(segment).to_bytes(4, "big") + UDP.to_bytes(4, "big")
        return folded(words(pseudo) + words(segment)) == 0xFFFF


def udp_frame(source, destination, payload, ecn=0):
    """A frame with right checksums; source and destination are (address, port)."""
    (host, port), (other, other_port) = source, destination
    near, far = ipaddress.ip_address(host), ipaddress.ip_address(other)
    segment = port.to_bytes(2, "big") + other_port.to_bytes(2, "big")
    segment += (8 + len(payload)).to_bytes(2, "big") + b"\0\0" + payload
    pseudo = near.packed + far.packed + len(segment).to_bytes(4, "big") + UDP.to_bytes(4, "big")
    checksum = ~folded(words(pseudo) + words(segment)) & 0xFFFF or 0xFFFF
    segment = segment[:6] + checksum.to_bytes(2, "big") + segment[8:]
    if near.version == 6:
        header = (6 << 28 | ecn << 20).to_bytes(4, "big") + len(segment).to_bytes(2, "big")
        header += bytes([UDP, 64]) + near.packed + far.packed
        return bytes(12) + IPV6 + header + segment
    header = bytes([0x45, ecn]) + (20 + len(segment)).to_bytes(2, "big") + b"\0\0\x40\0"
    header += bytes([64, UDP, 0, 0]) + near.packed + far.packed
    checksum = ~folded(words(header)) & 0xFFFF
    return bytes(12) + IPV4 + header[:10] + checksum.to_bytes(2, "big") + header[12:] + segment
