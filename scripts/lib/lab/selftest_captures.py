"""A plain handshake of two real peers: what it is must be found in its captures, and what it is not must not."""

import pathlib
import tempfile

from . import checks, peers
from .cases import BY_NAME, CASES, PLAIN
from .experiment import Experiment
from .selftest_checks import name_of


def run(expect):
    peer = peers.registry()["aioquic"]
    if not peer.is_present:
        print(f"  left out, because there is no aioquic: {peer.advice}")
        return
    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment(BY_NAME["handshake"], peer, peer, pathlib.Path(folder) / "run")
        result = experiment.run()
    expect(result.status == "passed", f"the handshake passes: {result.problems}")
    evidence = experiment.evidence
    # The peer marks nothing with ECN, and its chain is short.
    fulfilled = {name_of(criterion) for criterion in PLAIN}
    for case in CASES:
        for criterion in case.criteria:
            if name_of(criterion) not in fulfilled:
                expect(criterion(evidence), f"{name_of(criterion)} refuses a plain handshake")
    for count in (0, 2, 50):
        expect(checks.handshakes(count)(evidence), f"one handshake is not {count}")
    damaged = {name: digest[::-1] for name, digest in evidence.downloads.items()}
    expect(
        checks.files_are_equal(checks.Evidence(files=evidence.files, downloads=damaged)), "damaged files are refused"
    )
