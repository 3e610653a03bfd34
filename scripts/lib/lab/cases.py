"""Every case of the interop runner, with its files, its network and its pass criteria, and a few of our own."""

import dataclasses
import string

from . import checks, scenarios

KB, MB = 1 << 10, 1 << 20
PROBE_VERSION = 0x57414954


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    short: str
    text: str
    files: list
    criteria: list
    case: str = ""  # the TESTCASE of both ends, where it is not the name
    server_case: str = ""
    scenario: scenarios.Scenario = scenarios.DEFAULT
    timeout: float = 60
    host: str = "server4"
    chain: int = 1
    is_measured: bool = False  # how fast counts, and packets are too many to decrypt
    repetitions: int = 1
    beside_tcp: bool = False
    kind: str = "transfer"  # or probe, or compliance
    # What we ask of ourselves, in seconds and kbit/s.
    most_seconds: float | None = None
    least_goodput: float | None = None

    def testcase(self, role):
        return (self.server_case if role == "server" else "") or self.case or self.name


def sized(*sizes):
    return [(None, size) for size in sizes]


def long_names(count, size):
    letters = string.ascii_lowercase
    return [((letters[i // 26] + letters[i % 26]) + letters[i % 26] * 248, size) for i in range(count)]


ONE = [checks.files_are_equal, checks.handshakes(1), checks.only_version_1]
PLAIN = ONE + [checks.no_retry]
FIFTY = [checks.files_are_equal, checks.handshakes(50), checks.only_version_1]
MANY = 1999

CASES = [
    Case("handshake", "H", "a handshake", sized(KB), PLAIN),
    Case("transfer", "DC", "three files at once", sized(2 * MB, 3 * MB, 5 * MB), ONE),
    Case(
        "longrtt",
        "LR",
        "a handshake over a long path",
        sized(KB),
        PLAIN + [checks.client_hellos(2)],
        case="handshake",
        scenario=scenarios.LONG,
    ),
    Case("chacha20", "C20", "ChaCha20-Poly1305 only", sized(3 * MB), ONE + [checks.only_chacha20]),
    Case(
        "multiplexing",
        "M",
        "1,999 files in one connection",
        sized(*[32] * MANY),
        ONE + [checks.stream_limit(MANY)],
        case="transfer",
    ),
    Case("retry", "S", "the address is validated by a Retry", sized(10 * KB), ONE + [checks.retry_is_used]),
    Case(
        "resumption",
        "R",
        "a second connection resumes the session",
        sized(5 * KB, 10 * KB),
        [checks.files_are_equal, checks.handshakes(2), checks.only_version_1, checks.second_without_certificate],
    ),
    Case(
        "zerortt",
        "Z",
        "requests in 0-RTT packets",
        long_names(40, 32),
        [checks.files_are_equal, checks.handshakes(2), checks.only_version_1, checks.zero_rtt_is_used],
    ),
    Case(
        "blackhole",
        "B",
        "the network is gone for two seconds",
        sized(10 * MB),
        ONE,
        case="transfer",
        scenario=scenarios.BLACKHOLE,
        repetitions=3,
        most_seconds=11.5,
    ),
    Case(
        "keyupdate",
        "U",
        "new keys during a transfer",
        sized(3 * MB),
        PLAIN + [checks.both_update_keys],
        server_case="transfer",
    ),
    Case("ecn", "E", "ECN marks and their reports", sized(100 * KB), PLAIN + [checks.ecn_is_used]),
    Case(
        "amplificationlimit",
        "A",
        "a long certificate chain to an address that is not validated",
        sized(5 * KB),
        ONE + [checks.amplification_is_limited],
        case="transfer",
        scenario=scenarios.AMPLIFICATION,
        chain=9,
    ),
    Case(
        "handshakeloss",
        "L1",
        "50 handshakes, 30 % of the packets lost",
        sized(*[KB] * 50),
        FIFTY,
        case="multiconnect",
        scenario=scenarios.lossy(30),
        timeout=300,
        most_seconds=60,
    ),
    Case(
        "transferloss",
        "L2",
        "a transfer, 2 % of the packets lost",
        sized(2 * MB),
        ONE,
        case="transfer",
        scenario=scenarios.lossy(2),
    ),
    Case(
        "handshakecorruption",
        "C1",
        "50 handshakes, 30 % of the packets damaged",
        sized(*[KB] * 50),
        FIFTY,
        case="multiconnect",
        scenario=scenarios.corrupting(30),
        timeout=300,
        most_seconds=60,
    ),
    Case(
        "transfercorruption",
        "C2",
        "a transfer, 2 % of the packets damaged",
        sized(2 * MB),
        ONE,
        case="transfer",
        scenario=scenarios.corrupting(2),
    ),
    Case("ipv6", "6", "IPv6", sized(5 * KB, 10 * KB), ONE + [checks.only_ipv6], case="transfer", host="server6"),
    Case(
        "v2",
        "V2",
        "the server chooses version 2",
        sized(KB),
        [checks.files_are_equal, checks.handshakes(1), checks.version_2_is_chosen],
    ),
    Case(
        "rebind-port",
        "BP",
        "a NAT changes the client's port",
        sized(10 * MB),
        ONE + [checks.new_paths_are_validated],
        case="transfer",
        scenario=scenarios.REBIND_PORT,
    ),
    Case(
        "rebind-addr",
        "BA",
        "a NAT changes the client's address and port",
        sized(10 * MB),
        ONE + [checks.addresses_change, checks.new_paths_are_validated],
        case="transfer",
        scenario=scenarios.REBIND_ADDRESS,
    ),
    Case(
        "connectionmigration",
        "CM",
        "the client moves to the server's preferred address",
        sized(2 * MB),
        ONE + [checks.client_moves, checks.preferred_path_is_validated],
        case="transfer",
        server_case="connectionmigration",
        host="server46",
    ),
    Case(
        "goodput",
        "G",
        "kbit/s of a transfer that is alone",
        sized(10 * MB),
        ONE,
        case="transfer",
        is_measured=True,
        repetitions=5,
        least_goodput=9200,
    ),
    Case(
        "crosstraffic",
        "C",
        "kbit/s of a transfer beside a cubic TCP connection",
        sized(25 * MB),
        ONE,
        case="transfer",
        timeout=180,
        is_measured=True,
        repetitions=5,
        beside_tcp=True,
        least_goodput=3500,
    ),
    # Not the runner's, but what it asks of a server and of both ends before it starts.
    Case(
        "readiness",
        "VN",
        "the server answers an unknown version",
        [],
        [checks.version_negotiation_is_sent(PROBE_VERSION)],
        case="handshake",
        kind="probe",
    ),
    Case("unsupported", "127", "both ends refuse a case that nobody knows", [], [], kind="compliance"),
    Case(
        "heavyloss",
        "L3",
        "a transfer, 20 % of the packets lost",
        sized(2 * MB),
        ONE,
        case="transfer",
        scenario=scenarios.lossy(20, burst=0),
        repetitions=3,
        timeout=120,
        most_seconds=25,
    ),
]

BY_NAME = {case.name: case for case in CASES}

# Chosen for what they can show in a short time.
QUICK = (
    "handshake transfer chacha20 multiplexing retry resumption zerortt keyupdate ecn amplificationlimit transferloss "
    "transfercorruption ipv6 v2 rebind-addr connectionmigration readiness unsupported"
).split()
