"""Each criterion is fed evidence that must pass, evidence that must not, and none at all."""

import argparse

from . import checks
from .cases import CASES, PROBE_VERSION
from .checks import Evidence
from .experiment import FAILED, PASSED, Result
from .matrix import Crew
from .peers import Limit
from .trace import HANDSHAKE, INITIAL, ONE_RTT, RETRY, V1, V2, VERSION_NEGOTIATION, ZERO_RTT, Datagram, Packet, Trace

CLIENT, SERVER = ("193.167.0.100", 40000), ("193.167.100.100", 443)
CHOSEN = "01:02:03:04:05:06:07:08"


def packet(kind, version=V1, source="aa", destination="bb", frames=(), **more):
    return Packet(kind, 0 if kind == ONE_RTT else version, source, destination, frames=list(frames), **more)


def datagram(role, *packets, size=1200, near=CLIENT, far=SERVER, **more):
    ends = (near, far) if role == "client" else (far, near)
    return Datagram(0.0, *ends, role == "client", size, packets=list(packets), **more)


def evidence(*datagrams, **more):
    """The same on both sides of the link."""
    return Evidence(client=Trace(datagrams), server=Trace(datagrams), **more)


def hello(role="client", **more):
    return datagram(role, packet(INITIAL, **more))


def crypto(offset, length=100):
    return {"quic.frame_type": "6", "quic.crypto.offset": str(offset), "quic.crypto.length": str(length)}


def messages(*types):
    return {"quic.frame_type": "6", "tls": {"tls.handshake": [{"tls.handshake.type": kind} for kind in types]}}


def offer(*suites):
    return crypto(0) | {"tls": {"tls.handshake.ciphersuites": {"tls.handshake.ciphersuite": list(suites)}}}


def limits(first, *raised):
    name = "tls.quic.parameter.initial_max_streams_bidi"
    start = datagram("server", packet(HANDSHAKE, frames=[{name: str(first)}]))
    return evidence(
        start, *(datagram("server", packet(ONE_RTT, frames=[{"quic.ms.max_streams": str(n)}])) for n in raised)
    )


def retried(token="77", echoed="77", numbers=(0, 1)):
    return evidence(
        hello(number=numbers[0]),
        datagram("server", packet(RETRY, token=token)),
        hello(number=numbers[1], token=echoed),
    )


def resumed(first, second):
    return evidence(
        datagram("server", packet(HANDSHAKE, source="01", frames=[messages(*first)])),
        datagram("server", packet(HANDSHAKE, source="02", frames=[messages(*second)])),
    )


def early(zero, one):
    return evidence(
        datagram("client", packet(ZERO_RTT, size=zero) if zero else packet(INITIAL)),
        datagram("client", packet(ONE_RTT, size=one)),
    )


def phases(client, server):
    return evidence(
        *(datagram("client", packet(ONE_RTT, key_phase=phase)) for phase in client),
        *(datagram("server", packet(ONE_RTT, key_phase=phase)) for phase in server),
    )


def marked(client, server, counts=("3", "4")):
    def sent(role, marks, count):
        frames = [{"quic.ack.ect0_count": count}] if count else []
        return [datagram(role, packet(ONE_RTT, frames=frames), ecn=mark) for mark in marks]

    return evidence(*sent("client", client, counts[0]), *sent("server", server, counts[1]))


def amplified(*sizes, chain=9000, validating=True, source=CHOSEN, is_strict=True):
    """One datagram of the client, then those of the server, then one that validates."""
    flight = [packet(INITIAL, source=source), packet(HANDSHAKE, source=source, frames=[crypto(chain - 100)])]
    sent = [datagram("server", *flight, size=size) for size in sizes]
    end = [datagram("client", packet(HANDSHAKE))] if validating else []
    return evidence(hello(destination="ff"), *sent, *end, datagram("server", *flight, size=5000), is_strict=is_strict)


def negotiated(client=V1, server=V2, handshake=(V2, V2)):
    return evidence(
        hello(version=client),
        hello("server", version=server),
        datagram("client", packet(HANDSHAKE, version=handshake[0])),
        datagram("server", packet(HANDSHAKE, version=handshake[1])),
    )


def moved(challenge="c1", response="c1", near=("193.167.0.101", 50000)):
    probing = [{"quic.path_challenge.data": challenge}] if challenge else [{"quic.frame_type": "1"}]
    return evidence(
        datagram("server", packet(ONE_RTT)),
        datagram("server", packet(ONE_RTT, frames=probing), near=near),
        datagram("client", packet(ONE_RTT, frames=[{"quic.path_response.data": response}])),
        datagram("server", packet(ONE_RTT), near=near),
    )


def closed(*order):
    """A challenge on a new path, and a client that closes the connection instead of answering, in this order."""
    near = ("193.167.0.101", 50000)
    first = datagram("server", packet(ONE_RTT))
    challenge = datagram("server", packet(ONE_RTT, frames=[CHALLENGE]), near=near)
    close = datagram("client", packet(ONE_RTT, frames=[{"quic.frame_type": "29"}]))
    named = {"challenge": challenge, "close": close}
    return evidence(first, *(named[name] for name in order))


def migrated(parameter="13", new_id="cc", far=("193.167.100.100", 444)):
    return evidence(
        datagram("server", packet(HANDSHAKE, frames=[{"tls.quic.parameter.type": ["1", parameter]}])),
        datagram("client", packet(ONE_RTT)),
        datagram("client", packet(ONE_RTT, destination=new_id), far=far),
    )


def preferred(*frames, response="c1"):
    """What the server sends from its preferred address, and how the client answers."""
    far = ("193.167.100.100", 4443)
    return evidence(
        datagram("server", packet(ONE_RTT)),
        *(datagram("server", packet(ONE_RTT, frames=[frame]), far=far) for frame in frames),
        datagram("client", packet(ONE_RTT, frames=[{"quic.path_response.data": response}]), far=far),
    )


def answered(versions, source="", **more):
    return evidence(datagram("server", packet(VERSION_NEGOTIATION, 0, source, "", supported_versions=versions)), **more)


CHALLENGE = {"quic.frame_type": "26", "quic.path_challenge.data": "c1"}
RESPONSE = {"quic.frame_type": "27", "quic.path_response.data": "c9"}
STREAM = {"quic.frame_type": "8"}
FILES = {"a": "1", "b": "2"}
SIX = ("fd00::1", 40000), ("fd00::2", 443)

# criterion: (what must pass, what must not)
PROOFS = {
    "files_are_equal": (
        checks.files_are_equal,
        [Evidence(files=FILES, downloads=FILES | {"c": "3"})],
        [Evidence(files=FILES, downloads={"a": "1"}), Evidence(files=FILES, downloads={"a": "1", "b": "3"})],
    ),
    "handshakes": (
        checks.handshakes(2),
        [evidence(hello("server", source="01"), hello("server", source="02"), hello("server", source="01"))],
        [evidence(hello("server")), evidence(*(hello("server", source=f"{n}") for n in range(3)))],
    ),
    "only_version_1": (
        checks.only_version_1,
        [evidence(hello(), hello("server"))],
        [evidence(hello(), hello("server", version=V2)), evidence(hello())],
    ),
    "client_hellos": (
        checks.client_hellos(2),
        [evidence(hello(frames=[crypto(0)]), hello(frames=[crypto(0)]))],
        [evidence(hello(frames=[crypto(0)]), hello(frames=[crypto(100)]))],
    ),
    "only_chacha20": (
        checks.only_chacha20,
        [evidence(hello(frames=[offer("0x1303")])), evidence(hello(frames=[offer("0x00ff", "0x1303")]))],
        [evidence(hello(frames=[offer("0x1303", "0x1301")])), evidence(hello(frames=[offer("0x1301")]))],
    ),
    "stream_limit": (
        checks.stream_limit(1999),
        [limits(100, 500, 1999)],
        [limits(1001, 1999), limits(100, 1998), limits(100)],
    ),
    "retry_is_used": (
        checks.retry_is_used,
        [retried()],
        [retried(echoed="78"), retried(echoed=""), retried(token=""), retried(numbers=(0, 0))],
    ),
    "second_without_certificate": (
        checks.second_without_certificate,
        [resumed(["8", "11"], ["8", "20"])],
        [resumed(["8", "11"], ["8", "11"]), resumed(["8"], ["8"]), resumed(["8", "11"], [])],
    ),
    "zero_rtt_is_used": (
        checks.zero_rtt_is_used,
        [early(9000, 5000)],
        [early(9000, 5001), early(0, 100), early(9000, 0)],
    ),
    "both_update_keys": (
        checks.both_update_keys,
        [phases([0, 1], [0, 1])],
        [phases([0, 1], [0, 0]), phases([0], [0, 1]), phases([None], [1])],
    ),
    "ecn_is_used": (
        checks.ecn_is_used,
        [marked([2, 2, 0], [1, 1])],
        [
            marked([2, 2, 3], [2, 2]),
            marked([2, 2], [0, 0]),
            marked([2, 0], [2, 2]),
            marked([2], [2], ("3", "")),
            marked([2], [2], ("0", "4")),
        ],
    ),
    "amplification_is_limited": (
        checks.amplification_is_limited,
        [amplified(1200, 1200, 1200), amplified(1200, 1200, 1200, 1200, is_strict=False)],
        [
            amplified(1200, 1200, 1200, 1201, is_strict=False),
            amplified(1200, 1200, 1201),
            amplified(1200, chain=7499),
            amplified(1200, validating=False, source="01:02"),
        ],
    ),
    "only_ipv6": (
        checks.only_ipv6,
        [evidence(datagram("client", near=SIX[0], far=SIX[1]))],
        [evidence(datagram("client", near=SIX[0], far=SIX[1]), hello())],
    ),
    "version_2_is_chosen": (
        checks.version_2_is_chosen,
        [negotiated()],
        [negotiated(client=V2), negotiated(server=V1), negotiated(handshake=(V2, V1)), negotiated(handshake=(V1, V2))],
    ),
    "new_paths_are_validated": (
        checks.new_paths_are_validated,
        [moved(), closed("close", "challenge")],
        [moved(challenge=""), moved(response="c2"), moved(near=CLIENT), closed("challenge", "close")],
    ),
    "preferred_path_is_validated": (
        checks.preferred_path_is_validated,
        [preferred(RESPONSE, CHALLENGE, STREAM)],
        [
            preferred(RESPONSE, STREAM, CHALLENGE),
            preferred(CHALLENGE, STREAM, response="c2"),
            preferred(RESPONSE),
            preferred(),
            preferred({}),
        ],
    ),
    "addresses_change": (checks.addresses_change, [moved()], [moved(near=(CLIENT[0], 50000))]),
    "client_moves": (
        checks.client_moves,
        [migrated()],
        [migrated(parameter="14"), migrated(new_id="bb"), migrated(far=SERVER)],
    ),
    "version_negotiation_is_sent": (
        checks.version_negotiation_is_sent(PROBE_VERSION),
        [answered([V1, V2])],
        [answered([V2]), answered([V1, PROBE_VERSION]), answered([V1], source="01")],
    ),
}


def name_of(criterion):
    return criterion.__qualname__.split(".")[0]


def run(expect):
    for name, (criterion, good, bad) in PROOFS.items():
        for number, example in enumerate(good):
            expect(criterion(example) == [], f"{name} accepts its good example {number}, but says {criterion(example)}")
        for number, example in enumerate(bad):
            expect(criterion(example), f"{name} refuses its bad example {number}")
        expect(criterion(Evidence()), f"{name} refuses evidence that is missing")
    # The one criterion that is about absence: with others that need presence.
    expect(checks.no_retry(evidence(hello())) == [], "no_retry accepts a capture without a Retry")
    expect(checks.no_retry(retried()), "no_retry refuses a capture with a Retry")
    used = {name_of(criterion) for case in CASES for criterion in case.criteria}
    expect(
        used == set(PROOFS) | {"no_retry"},
        f"every criterion has its proof, but not {used ^ (set(PROOFS) | {'no_retry'})}",
    )
    for case in CASES:
        expect(case.criteria or case.kind == "compliance", f"{case.name} has criteria")
    measured = checks.goodput(Evidence(size=10 << 20, transfer=9.0))
    expect(round(measured) == 9321, f"10 MB in 9 s are 9321 kbit/s, not {measured}")
    expect(checks.goodput(Evidence(size=1)) is None, "nothing in the capture is no goodput")
    limit = Limit("client", "a", "theirs", "why", ("their consequence",))
    expect(limit.excuses(["theirs", "their consequence"]), "what a peer does not do is excused, with what follows")
    expect(not limit.excuses(["their consequence"]), "what follows is not excused by itself")
    expect(not limit.excuses(["theirs", "ours"]), "nothing else is excused")
    expect(not limit.excuses([]), "where nothing is wrong, there is nothing to excuse")
    result = Result("a", "b", "c")
    result.fail("why")
    expect((result.status, result.problems) == ("failed", ["why"]), "a problem makes a result a failure")
    second_chance(expect)


def second_chance(expect):
    """Twice is failed, once is told, and without the option once is failed."""
    for verdicts, chance, status, told in (
        ((["a"], []), True, PASSED, ["a"]),
        ((["a"], ["b"]), True, FAILED, []),
        (([], ["b"]), True, PASSED, []),
        ((["a"], []), False, FAILED, []),
    ):
        runs = iter(verdicts)

        class Scripted(Crew):
            def attempt(self, task):
                result = Result(*task)
                if problems := next(runs):
                    result.fail(*problems)
                return result

        result = Scripted(argparse.Namespace(second_chance=chance)).run(("case", "client", "server"))
        expect((result.status, result.before) == (status, told), f"{verdicts} with a second chance {chance}: {result}")
