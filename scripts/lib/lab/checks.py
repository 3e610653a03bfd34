"""The pass criteria of the interop runner. Each is a function of the evidence that returns what is wrong, and nothing
where all is well; evidence that is missing is wrong too."""

import dataclasses

from .trace import HANDSHAKE, INITIAL, ONE_RTT, RETRY, V1, V2, VERSION_NEGOTIATION, ZERO_RTT, Trace

CLIENT_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE = "1", "8", "11"
CHACHA20, RENEGOTIATION_INFO = 0x1303, 0x00FF
PREFERRED_ADDRESS = "13"
LARGEST_STREAM_LIMIT = 1000
SMALLEST_FLIGHT = 7500
LARGEST_ONE_RTT = 5000
NOT_ECT, CE = 0, 3
CONNECTION_CLOSE = {0x1C, 0x1D}
# PADDING, NEW_CONNECTION_ID, PATH_CHALLENGE and PATH_RESPONSE (RFC 9000 section 9.1).
PROBING_FRAMES = {0x00, 0x18, 0x1A, 0x1B}
LONG_HEADERS = (INITIAL, ZERO_RTT, HANDSHAKE)


@dataclasses.dataclass
class Evidence:
    """What an experiment leaves: files by name with their digests, and a trace of each side of the link."""

    files: dict = dataclasses.field(default_factory=dict)
    downloads: dict = dataclasses.field(default_factory=dict)
    client: Trace = dataclasses.field(default_factory=Trace)
    server: Trace = dataclasses.field(default_factory=Trace)
    transfer: float = 0.0  # from the first to the last 1-RTT packet of the server
    size: int = 0
    is_strict: bool = False  # our own server: where the runner turns a blind eye, we do not

    def sent(self, role):
        """What an end sent, as it was before the link changed it."""
        return (self.client if role == "client" else self.server).sent_by(role)

    def packets(self, role, *kinds):
        return [packet for datagram in self.sent(role) for packet in datagram.packets if packet.kind in kinds]


def files_are_equal(evidence):
    if not evidence.files:
        return ["there were no files to download"]
    wrong = [name for name, digest in evidence.files.items() if evidence.downloads.get(name) != digest]
    missing = sum(name not in evidence.downloads for name in wrong)
    total = len(evidence.files)
    return [f"of {total} files, {missing} are missing and {len(wrong) - missing} differ"] if wrong else []


def handshakes(count):
    """Counted by the connection IDs that the server chose for its Initial packets."""

    def criterion(evidence):
        found = len({packet.source_id for packet in evidence.packets("server", INITIAL)})
        return [] if found == count else [f"{found} handshakes instead of {count}"]

    return criterion


def only_version_1(evidence):
    problems = []
    for role in ("client", "server"):
        versions = {packet.version for packet in evidence.packets(role, *LONG_HEADERS)}
        if versions != {V1}:
            problems.append(f"the {role} spoke the versions {hexadecimal(versions)} instead of 1 only")
    return problems


def no_retry(evidence):
    return ["the server sent a Retry"] if evidence.packets("server", RETRY) else []


def client_hellos(least):
    """Counts what starts the CRYPTO stream of an Initial packet: repetitions are not decoded a second time."""

    def criterion(evidence):
        found = sum("0" in packet.values("quic.crypto.offset") for packet in evidence.packets("client", INITIAL))
        return [] if found >= least else [f"{found} ClientHellos instead of {least} or more"]

    return criterion


def only_chacha20(evidence):
    initials = evidence.packets("client", INITIAL)
    suites = {int(value, 0) for packet in initials for value in packet.values("tls.handshake.ciphersuite")}
    # The number that says that renegotiation is known is no cipher suite (RFC 5746 section 3.3).
    suites.discard(RENEGOTIATION_INFO)
    return [] if suites == {CHACHA20} else [f"the client offered the cipher suites {hexadecimal(suites)}"]


def stream_limit(files):
    """The first limit is modest, and the server raises it to as many streams as there are files."""

    def criterion(evidence):
        name = "tls.quic.parameter.initial_max_streams_bidi"
        first = [int(value) for packet in evidence.packets("server", HANDSHAKE) for value in packet.values(name)]
        raised = [int(value) for value in values(evidence.sent("server"), "quic.ms.max_streams")]
        if not first:
            return ["no initial_max_streams_bidi of the server in the capture"]
        if max(first) > LARGEST_STREAM_LIMIT:
            return [f"the server's first stream limit is {max(first)}: above {LARGEST_STREAM_LIMIT}"]
        if max(raised, default=0) < files:
            return [f"the server raised its stream limit to {max(raised, default=0)}, not to {files}"]
        return []

    return criterion


def retry_is_used(evidence):
    tokens = {packet.token for packet in evidence.packets("server", RETRY)}
    if not tokens or "" in tokens:
        return ["the server sent no Retry with a token"]
    highest = -1
    for packet in evidence.packets("client", INITIAL):
        if packet.number is None:
            continue
        if not packet.token:
            highest = max(highest, packet.number)
        elif packet.token not in tokens:
            return ["an Initial packet carries a token that no Retry gave"]
        elif packet.number <= highest:
            return [f"the client started its packet numbers again after the Retry: {packet.number} after {highest}"]
        else:
            return []
    return ["no Initial packet carries the token of the Retry"]


def second_without_certificate(evidence):
    """Both handshakes must be decrypted, the first with a Certificate, the second without."""
    connections = {}
    for packet in evidence.packets("server", HANDSHAKE):
        connections.setdefault(packet.source_id, []).extend(packet.values("tls.handshake.type"))
    if len(connections) != 2:
        return [f"{len(connections)} connections have Handshake packets instead of 2"]
    first, second = connections.values()
    problems = []
    if CERTIFICATE not in first:
        problems.append("no Certificate is visible in the first handshake")
    if ENCRYPTED_EXTENSIONS not in second:
        problems.append("the second handshake could not be decrypted")
    if CERTIFICATE in second:
        problems.append("the server sent a Certificate in the second handshake")
    return problems


def zero_rtt_is_used(evidence):
    early = sum(packet.size for packet in evidence.packets("client", ZERO_RTT))
    late = sum(packet.size for packet in evidence.packets("client", ONE_RTT))
    problems = []
    if early == 0:
        problems.append("the client sent nothing in 0-RTT packets")
    if late == 0:
        problems.append("no 1-RTT packet of the client is in the capture")
    if late > LARGEST_ONE_RTT:
        problems.append(f"the client sent {late} bytes in 1-RTT packets: more than {LARGEST_ONE_RTT}")
    return problems


def both_update_keys(evidence):
    problems = []
    for role in ("client", "server"):
        phases = [packet.key_phase for packet in evidence.packets(role, ONE_RTT)]
        if 1 not in phases:
            seen = f"{phases.count(0)} with key phase 0" if 0 in phases else "none that could be decrypted"
            problems.append(f"the {role} sent no 1-RTT packet with key phase 1, {seen}")
    return problems


def ecn_is_used(evidence):
    """Datagrams of both are marked, but for a few probes; none arrives with CE; both report what they received."""
    problems = []
    for role in ("client", "server"):
        marks = [datagram.ecn for datagram in evidence.sent(role)]
        plain = marks.count(NOT_ECT)
        if CE in marks:
            problems.append(f"the {role} sent {marks.count(CE)} datagrams with CE")
        if not marks or plain * 2 >= len(marks):
            problems.append(f"the {role} marked {len(marks) - plain} of its {len(marks)} datagrams with ECT")
        counts = [
            int(value)
            for name in ("quic.ack.ect0_count", "quic.ack.ect1_count")
            for value in values(evidence.sent(role), name)
        ]
        if max(counts, default=0) == 0:
            problems.append(f"the {role} sent no ACK frame with ECN counts")
    return problems


def amplification_is_limited(evidence):
    """Until it has validated the client's address, the server sends at most three times of what it received (RFC 9000
    section 8.1); the runner lets four pass. A Handshake packet validates, and so does an ID of eight bytes that the
    server chose."""
    most = 3 if evidence.is_strict else 4
    flight = 0
    chosen = set()
    for packet in evidence.packets("server", INITIAL, HANDSHAKE):
        if len(packet.source_id) >= 8 * 3 - 1:
            chosen.add(packet.source_id)
        if packet.kind == HANDSHAKE:
            for frame in packet.frames:
                if "quic.crypto.offset" in frame:
                    flight = max(flight, int(frame["quic.crypto.offset"]) + int(frame["quic.crypto.length"]))
    problems = []
    if flight < SMALLEST_FLIGHT:
        problems.append(f"the server sent {flight} bytes of Handshake CRYPTO data, not the whole long chain")
    received = sent = 0
    for datagram in evidence.server:
        if datagram.from_client:
            validates = HANDSHAKE in datagram.kinds() or any(
                packet.kind == INITIAL and packet.destination_id in chosen for packet in datagram.packets
            )
            if validates:
                return problems
            received += datagram.size
        else:
            if VERSION_NEGOTIATION in datagram.kinds():
                problems.append("the server sent a Version Negotiation packet")
            sent += datagram.size
            if sent > most * received:
                return problems + [f"the server sent {sent} bytes after {received}, before it validated the address"]
    return problems + ["the client's address was never validated"]


def only_ipv6(evidence):
    everything = list(evidence.client) + list(evidence.server)
    if not everything:
        return ["the capture holds no QUIC packet"]
    old = sum(":" not in datagram.source[0] for datagram in everything)
    return [f"{old} datagrams travelled over IPv4"] if old else []


def version_2_is_chosen(evidence):
    """Compatible version negotiation (RFC 9368): the client starts with version 1, the server answers in version 2."""
    problems = []
    first = evidence.packets("client", INITIAL)[:1]
    if not first or first[0].version != V1:
        problems.append("the client's first Initial packet is not of version 1")
    if V2 not in {packet.version for packet in evidence.packets("server", INITIAL)}:
        problems.append("no Initial packet of the server is of version 2")
    for role in ("client", "server"):
        versions = {packet.version for packet in evidence.packets(role, HANDSHAKE)}
        if versions != {V2}:
            problems.append(f"the Handshake packets of the {role} have the versions {hexadecimal(versions)}")
    return problems


def new_paths_are_validated(evidence):
    """The first packet on each path that is new to the server carries a PATH_CHALLENGE, and the client answers it."""
    challenges, paths, last, problems = set(), [], None, []
    for datagram in evidence.sent("server"):
        path = datagram.destination, datagram.source
        if path != last and path not in paths:
            if last is not None:
                challenge = datagram.values("quic.path_challenge.data")
                challenges.update(challenge)
                if not challenge:
                    where = f"{path[0][0]} port {path[0][1]}"
                    problems.append(f"the server's first packet to {where} carries no PATH_CHALLENGE")
            paths.append(path)
        last = path
    if len(paths) < 2:
        return ["the server saw one path only"]
    answered = set(values(evidence.sent("client"), "quic.path_response.data"))
    unanswered = challenges - answered - too_late(evidence)
    if unanswered:
        problems.append(f"{len(unanswered)} PATH_CHALLENGE frames were never answered")
    return problems


def too_late(evidence):
    """The challenges that reached a client that had closed the connection: it has no answer any more."""
    result, is_closed = set(), False
    for datagram in evidence.client:
        if datagram.from_client:
            is_closed = is_closed or bool(CONNECTION_CLOSE & {int(value, 0) for value in frame_types(datagram)})
        elif is_closed:
            result.update(datagram.values("quic.path_challenge.data"))
    return result


def frame_types(datagram):
    return datagram.values("quic.frame_type")


def preferred_path_is_validated(evidence):
    """From its preferred address the server sends a PATH_CHALLENGE before it sends anything but answers to the client's
    own probes, and the client answers (RFC 9000 section 9.6.2)."""
    sent = evidence.sent("server")
    first = sent[0].source if sent else None
    challenges = set()
    for datagram in sent:
        if datagram.source == first:
            continue
        challenges.update(datagram.values("quic.path_challenge.data"))
        types = {int(value, 0) for value in frame_types(datagram)}
        if not types:
            return ["a packet of the server from its preferred address could not be decrypted"]
        if types - PROBING_FRAMES:
            break
    if not challenges:
        return ["the server sent no PATH_CHALLENGE from its preferred address before it went on from there"]
    answered = set(values(evidence.sent("client"), "quic.path_response.data"))
    return [] if challenges & answered else ["the client answered no PATH_CHALLENGE of the server's preferred address"]


def addresses_change(evidence):
    addresses = {datagram.destination[0] for datagram in evidence.sent("server")}
    return [] if len(addresses) > 1 else ["the server sent to one client address only"]


def client_moves(evidence):
    """To the preferred address of the server, with an ID that it did not use before (RFC 9000 sections 9.5 and 9.6)."""
    handshake = evidence.packets("server", HANDSHAKE)
    problems = []
    if not any(PREFERRED_ADDRESS in packet.values("tls.quic.parameter.type") for packet in handshake):
        problems.append("the server sent no preferred_address")
    used, paths, last = set(), set(), None
    for datagram in evidence.sent("client"):
        path = datagram.source, datagram.destination
        ids = {packet.destination_id for packet in datagram.packets}
        if last is not None and path not in paths and ids & used:
            problems.append(f"the client used an old connection ID towards {path[1][0]} port {path[1][1]}")
        paths.add(path)
        used |= ids
        last = path
    if len({path[1] for path in paths}) < 2:
        problems.append("the client sent to one server address only")
    return problems


def version_negotiation_is_sent(probe_version):
    """The answer to an unknown version names the versions, and repeats the connection IDs the other way round."""

    def criterion(evidence):
        for packet in evidence.packets("server", VERSION_NEGOTIATION):
            if V1 not in packet.supported_versions:
                return [f"the Version Negotiation packet offers {hexadecimal(packet.supported_versions)}"]
            if probe_version in packet.supported_versions:
                return ["the Version Negotiation packet offers the version that it answers"]
            if packet.source_id or packet.destination_id:
                return ["the Version Negotiation packet carries connection IDs that the probe did not have"]
            return []
        return ["the server sent no Version Negotiation packet"]

    return criterion


def goodput(evidence):
    """In kbit/s, as the client sees it; None without two packets of the server."""
    return 8 * evidence.size / evidence.transfer / 1000 if evidence.transfer else None


def seconds(evidence):
    """From the first to the last datagram of the client: what a process needs to start and to end is no network's."""
    sent = evidence.sent("client")
    return sent[-1].time - sent[0].time if sent else 0.0


def values(datagrams, name):
    return [value for datagram in datagrams for value in datagram.values(name)]


def hexadecimal(numbers):
    return ", ".join(f"{value:#x}" for value in sorted(numbers)) or "none"
