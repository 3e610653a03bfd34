"""A capture as datagrams, QUIC packets and frames: tshark's words, in the names of RFC 9000."""

import dataclasses
import json
import subprocess

from .namespaces import SERVER

INITIAL, ZERO_RTT, HANDSHAKE, RETRY, ONE_RTT = "Initial", "0-RTT", "Handshake", "Retry", "1-RTT"
VERSION_NEGOTIATION, UNKNOWN = "Version Negotiation", "unknown"
# In the order of their numbers, which differ between versions (RFC 9000 section 17.2, RFC 9369 section 3.2).
LONG_1 = [INITIAL, ZERO_RTT, HANDSHAKE, RETRY]
LONG_2 = [RETRY, INITIAL, ZERO_RTT, HANDSHAKE]
PAYLOADS = ("quic.payload", "quic.protected_payload", "quic.remaining_payload")
V1, V2 = 0x00000001, 0x6B3343CF
SERVER_PORT = 443


class NoTrace(Exception):
    """A capture could not be decoded."""


@dataclasses.dataclass
class Packet:
    """One QUIC packet; what is encrypted is there only where the key log has the key."""

    kind: str
    version: int = 0
    source_id: str = ""
    destination_id: str = ""
    number: int | None = None
    token: str = ""
    key_phase: int | None = None
    size: int = 0
    frames: list = dataclasses.field(default_factory=list)
    supported_versions: list = dataclasses.field(default_factory=list)

    def values(self, name):
        """Every value of a field anywhere in the packet."""
        return [value for frame in self.frames for value in found(frame, name)]

    @property
    def is_decrypted(self):
        return bool(self.frames)


@dataclasses.dataclass
class Datagram:
    time: float
    source: tuple
    destination: tuple
    from_client: bool
    size: int
    ecn: int = 0
    payload: str = ""
    packets: list = dataclasses.field(default_factory=list)

    @property
    def is_decrypted(self):
        return all(packet.is_decrypted for packet in self.packets)

    def kinds(self):
        return {packet.kind for packet in self.packets}

    def values(self, name):
        return [value for packet in self.packets for value in packet.values(name)]


class Trace(list):
    """The datagrams of one side of the link, in order."""

    def sent_by(self, role):
        return [datagram for datagram in self if datagram.from_client == (role == "client")]

    def packets(self, role, *kinds):
        return [packet for datagram in self.sent_by(role) for packet in datagram.packets if packet.kind in kinds]


def found(tree, name):
    """Every value below `name`, however deep, as text."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name:
                yield from value if isinstance(value, list) else [value]
            if isinstance(value, (dict, list)):
                yield from found(value, name)
    elif isinstance(tree, list):
        for part in tree:
            yield from found(part, name)


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def number(text, otherwise=0):
    return int(text, 0) if text else otherwise


def decode(path, keys=None, only="quic"):
    """Reads what matches the display filter `only` of a capture; `keys` is a key log."""
    command = [
        "tshark",
        "-n",
        "-r",
        str(path),
        "-Y",
        f"({only}) && !icmp && !icmpv6",
        "-T",
        "json",
        "--no-duplicate-keys",
    ]
    command += ["-J", "frame ip ipv6 udp quic tls", "-d", f"udp.port=={SERVER_PORT},quic"]
    if keys and keys.is_file():
        command += ["-o", f"tls.keylog_file:{keys}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    trace = Trace(datagram_of(layers) for layers in objects(process.stdout))
    remarks = process.stderr.read()
    if process.wait():
        raise NoTrace(f"tshark could not read {path.name}: {remarks.strip()}")
    return trace


def complete(trace, other):
    """An end without connection IDs is recognised by its address: behind a NAT that forgets, tshark can decrypt its
    packets on one side of the link only. Takes the packets of datagrams that are the same on the other side."""
    known = {datagram.payload: datagram for datagram in other if datagram.is_decrypted}
    for datagram in trace:
        if not datagram.is_decrypted and datagram.payload in known:
            datagram.packets = known[datagram.payload].packets


def transfer_seconds(path):
    """From the first to the last 1-RTT packet of the server: quick, because nothing has to be decrypted."""
    only = f"udp.srcport == {SERVER_PORT} && quic.header_form == 0"
    command = ["tshark", "-n", "-r", str(path), "-Y", only, "-T", "fields", "-e", "frame.time_relative"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return float(lines[-1]) - float(lines[0]) if len(lines) > 1 else 0.0


def objects(lines):
    """The elements of tshark's array one by one: the whole of it would take ten times the capture's memory."""
    text = []
    for line in lines:
        if line.startswith("  {"):
            text = [line]
        elif line.startswith("  }"):
            text.append("}")
            yield json.loads("".join(text))["_source"]["layers"]
        else:
            text.append(line)


def datagram_of(layers):
    network, transport = layers.get("ipv6") or layers["ip"], layers["udp"]
    name = "ipv6" if "ipv6" in layers else "ip"
    ports = int(transport["udp.srcport"]), int(transport["udp.dstport"])
    if name == "ip":
        ecn = network.get("ip.dsfield_tree", {}).get("ip.dsfield.ecn")
    else:
        ecn = network.get("ipv6.tclass_tree", {}).get("ipv6.tclass.ecn")
    return Datagram(
        time=float(layers["frame"]["frame.time_relative"]),
        source=(network[f"{name}.src"], ports[0]),
        destination=(network[f"{name}.dst"], ports[1]),
        from_client=network[f"{name}.src"] not in SERVER,
        size=int(transport["udp.length"]) - 8,
        ecn=number(ecn),
        payload=transport.get("udp.payload", ""),
        packets=[packet_of(tree) for tree in listed(layers.get("quic")) if isinstance(tree, dict)],
    )


def packet_of(tree):
    short = tree.get("quic.short")
    header = tree | short if isinstance(short, dict) else tree
    form = header.get("quic.header_form")
    version = number(header.get("quic.version"))
    if form == "0":
        kind = ONE_RTT
    elif form == "1" and version == 0:
        kind = VERSION_NEGOTIATION
    elif "quic.long.packet_type_v2" in header:
        kind = LONG_2[int(header["quic.long.packet_type_v2"])]
    elif "quic.long.packet_type" in header:
        kind = LONG_1[int(header["quic.long.packet_type"])]
    else:
        kind = UNKNOWN
    payload = next((header[name] for name in PAYLOADS if name in header), "")
    phase = header.get("quic.key_phase")
    return Packet(
        kind=kind,
        version=version,
        source_id=header.get("quic.scid", ""),
        destination_id=header.get("quic.dcid", ""),
        number=number(header.get("quic.packet_number"), None),
        token=header.get("quic.retry_token" if kind == RETRY else "quic.token", ""),
        key_phase=None if phase is None else int(phase in ("1", "True")),
        size=(len(payload) + 1) // 3,
        frames=[frame for frame in listed(header.get("quic.frame")) if isinstance(frame, dict)],
        supported_versions=[number(value) for value in found(tree, "quic.supported_version")],
    )
