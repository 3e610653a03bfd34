"""Results as a line, as a table of text, as Markdown and as a page."""

import html
import time

from .cases import BY_NAME, CASES
from .experiment import FAILED, PASSED, UNSUPPORTED

MARKS = {PASSED: "ok", FAILED: "FAIL", UNSUPPORTED: "-"}


def line(result):
    """One result for a person who waits."""
    start = f"{result.client} -> {result.server}  {result.case:20} {MARKS[result.status]:5}"
    if result.status == UNSUPPORTED:
        return f"{start} {', '.join(result.problems)}"
    before = [f"    the first time: {problem}" for problem in result.before]
    return "\n".join([f"{start} {result.figure()}", *before, *(f"    {problem}" for problem in result.problems)])


def columns(results):
    present = {result.case for result in results}
    return [case for case in CASES if case.name in present]


def pairs(results):
    return list(dict.fromkeys((result.client, result.server) for result in results))


def cell(result):
    if result is None:
        return ""
    if result.status == PASSED and result.goodput:
        return f"{sum(result.goodput) / len(result.goodput) / 1000:.2f}"
    return MARKS[result.status]


def rows(results):
    by_place = {(result.client, result.server, result.case): result for result in results}
    for client, server in pairs(results):
        yield client, server, [by_place.get((client, server, case.name)) for case in columns(results)]


def table(results):
    cases = columns(results)
    width = max([len(f"{client} -> {server}") for client, server in pairs(results)] + [16])
    text = [" ".join([f"{'client -> server':{width}}"] + [f"{case.short:>4}" for case in cases])]
    for client, server, found in rows(results):
        text.append(" ".join([f"{f'{client} -> {server}':{width}}"] + [f"{cell(result):>4}" for result in found]))
    return "\n".join(text)


def legend(results):
    return ", ".join(f"{case.short} {case.name}" for case in columns(results))


def summary(results):
    count = {status: sum(result.status == status for result in results) for status in MARKS}
    return f"{count[PASSED]} passed, {count[FAILED]} failed, {count[UNSUPPORTED]} not supported by one of the two"


def markdown(results, versions, machine):
    cases = columns(results)
    text = [
        "# The interop matrix",
        "",
        f"Made by `scripts/lab matrix --write` on {time.strftime('%Y-%m-%d')}, {machine}. {summary(results)}.",
        "",
        *(f"- {name}: {version}" for name, version in versions.items()),
        "",
        "`ok`: every pass criterion of the interop runner held, checked in captures of both sides of the link.",
        "`-`: one of the two does not support the case. Columns G and C are Mbit/s of a link with 10 Mbit/s.",
        "",
        "| client → server | " + " | ".join(case.short for case in cases) + " |",
        "|---|" + "---|" * len(cases),
    ]
    for client, server, found in rows(results):
        text.append(f"| {client} → {server} | " + " | ".join(cell(result) for result in found) + " |")
    text += ["", "| | case | network |", "|---|---|---|"]
    text += [f"| {case.short} | {case.name}: {case.text} | {case.scenario} |" for case in cases]
    timed = [result for result in results if result.status == PASSED and BY_NAME[result.case].most_seconds]
    measured = [result for result in results if result.goodput]
    if timed or measured:
        text += ["", "## Figures", "", "| case | client → server | figure | asked of Tern |", "|---|---|---|---|"]
        for result in sorted(timed + measured, key=lambda result: (list(BY_NAME).index(result.case), result.client)):
            case = BY_NAME[result.case]
            asked = (
                f"at most {case.most_seconds:g} s" if case.most_seconds else f"at least {case.least_goodput:g} kbit/s"
            )
            text.append(f"| {case.name} | {result.client} → {result.server} | {result.figure()} | {asked} |")
    missing = [result for result in results if result.status == UNSUPPORTED]
    if missing:
        text += ["", "## Not supported", ""]
        text += [
            f"- {result.client} → {result.server}, {result.case}: {'; '.join(result.problems)}" for result in missing
        ]
    repeated = [result for result in results if result.before]
    if repeated:
        text += ["", "## Passed at the second attempt", ""]
        text += [
            f"- {result.client} → {result.server}, {result.case}, the first: {'; '.join(result.before)}"
            for result in repeated
        ]
    failures = [result for result in results if result.status == FAILED]
    if failures:
        text += ["", "## Failures", ""]
        text += [
            f"- {result.client} → {result.server}, {result.case}: {'; '.join(result.problems)}" for result in failures
        ]
    return "\n".join(text) + "\n"


STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent) }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 88rem; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin-bottom: .25rem } .note { opacity: .75 }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: 1.25rem 0 }
th, td { padding: .35rem .55rem; border-bottom: 1px solid var(--line); text-align: center;
  font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left; white-space: nowrap }
.passed { background: color-mix(in srgb, #2a9d5c 22%, transparent) }
.failed { background: color-mix(in srgb, #d1443f 32%, transparent); font-weight: 600 }
.unsupported { opacity: .5 } abbr { text-decoration: none; cursor: help }
"""


def page(results, versions, machine):
    cases = columns(results)
    e = html.escape
    head = "".join(
        f'<th><abbr title="{e(f"{case.name}: {case.text} ({case.scenario})")}">{e(case.short)}</abbr></th>'
        for case in cases
    )
    body = ""
    for client, server, found in rows(results):
        body += f"<tr><td>{e(client)} → {e(server)}</td>"
        for result in found:
            kind = result.status if result else ""
            title = "; ".join([result.figure(), *result.problems]).strip("; ") if result else ""
            body += f'<td class="{kind}" title="{e(title)}">{e(cell(result))}</td>'
        body += "</tr>"
    failures = "".join(
        f"<li>{e(result.client)} → {e(result.server)}, {e(result.case)}: {e('; '.join(result.problems))}</li>"
        for result in results
        if result.status == FAILED
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Interop matrix</title><style>{STYLE}</style>
<h1>Interop matrix</h1>
<p class="note">{e(time.strftime('%Y-%m-%d'))}, {e(machine)}. {e(summary(results))}.<br>
{e(' · '.join(f'{name}: {version}' for name, version in versions.items()))}</p>
<div class="wide"><table><tr><th>client → server</th>{head}</tr>{body}</table></div>
<p class="note">{e(legend(results))}</p>
{f'<h2>Failures</h2><ul>{failures}</ul>' if failures else ''}
</html>
"""
