"""The command line of `scripts/lab`."""

import argparse
import json
import os
import pathlib
import signal
import sys
import time

from . import matrix, peers, report
from .cases import BY_NAME, CASES
from .experiment import PASSED, UNSUPPORTED, Experiment
from .namespaces import Unavailable, require


def main():
    options = arguments()
    # So that a laboratory is taken down, whoever ends us; a shell's background process would ignore the second.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return options.action(options)
    except Unavailable as problem:
        print(f"{'the laboratory is skipped' if options.optional else 'error'}: {problem}", file=sys.stderr)
        return 0 if options.optional else 1
    except peers.Misunderstood as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/lab", description="The interop laboratory.")
    parser.add_argument("--optional", action="store_true", help="end with 0 where there can be no laboratory")
    parser.add_argument("--tern", help="the built command line")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    actions.add_parser("list", help="the cases and the peers").set_defaults(action=show)

    one = actions.add_parser("run", help="one case between two peers")
    one.add_argument("case", choices=list(BY_NAME), metavar="CASE")
    one.add_argument("--client", default="tern")
    one.add_argument("--server", default="tern")
    one.add_argument("--repetitions", type=int)
    one.add_argument("--seed", type=int, help="repeats the losses, the damage and the files of another run")
    one.add_argument("--keep", action="store_true", help="keep the captures and logs of a case that passes, too")
    one.add_argument("--json", action="store_true", help="one object with everything about the result")
    one.set_defaults(action=run)

    many = actions.add_parser("matrix", help="a table of clients, servers and cases")
    many.add_argument("--self", action="store_true", help="tern with tern only")
    many.add_argument("--clients", type=names, help="A,B")
    many.add_argument("--servers", type=names, help="C,D")
    many.add_argument("--cases", type=names, help="E,F")
    many.add_argument("--quick", action="store_true", help="what fits into ten minutes: tern, and tern with aioquic")
    many.add_argument(
        "--repetitions", type=int, help="of what is measured; three or five unless given, one with --quick"
    )
    many.add_argument("--second-chance", action="store_true", help="a case fails where it fails twice")
    many.add_argument("--jobs", type=int, default=1, help="laboratories at the same time")
    many.add_argument("--write", action="store_true", help="keep the table in Benchmarks/INTEROP.md")
    many.add_argument("--html", type=pathlib.Path, help="where the page goes")
    many.set_defaults(action=run_matrix)

    actions.add_parser("selftest", help="shows that checks can fail and that the link is true").set_defaults(
        action=selftest
    )
    # What the script asks before it builds anything.
    actions.add_parser("ready", help="whether there can be a laboratory here").set_defaults(action=ready)
    return parser.parse_args()


def names(text):
    return [name for name in text.split(",") if name]


def show(options):
    for case in CASES:
        print(f"{case.name:20} {case.short:4} {case.text}: {case.scenario}; {case.timeout:g} s")
    for peer in peers.registry(options.tern).values():
        print(f"{peer.name:20} {peer.version() if peer.is_present else f'absent: {peer.advice}'}")
    return 0


def chosen(registry, name):
    if name not in registry:
        raise peers.Misunderstood(f"there is no peer {name}: choose of {', '.join(registry)}.")
    if not registry[name].is_present:
        raise Unavailable(f"the peer {name} is absent: {registry[name].advice}.")
    return registry[name]


def run(options):
    registry = peers.registry(options.tern)
    client, server = chosen(registry, options.client), chosen(registry, options.server)
    require()
    name = f"{time.strftime('%H%M%S')}-{options.case}-{client.name}-{server.name}-{os.getpid()}"
    experiment = Experiment(BY_NAME[options.case], client, server, peers.ROOT / ".build/lab" / name, options.seed)
    result = experiment.run(options.repetitions, options.keep)
    if options.json:
        print(json.dumps(vars(result)))
    else:
        print(report.line(result))
        if result.folder:
            print(f"  captures, keys and logs: {result.folder} (seed {experiment.seed})")
    return 0 if result.status in (PASSED, UNSUPPORTED) else 1


def run_matrix(options):
    registry = peers.registry(options.tern)
    require()
    return matrix.run(options, registry)


def ready(options):
    require()
    return 0


def selftest(options):
    from . import selftest as tests

    require()
    return tests.run()


if __name__ == "__main__":
    sys.exit(main())
