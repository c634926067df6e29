"""An audit's report as one page: the verdict, what was found, and plots of how things went.

It loads nothing and runs nothing; its policy for contents allows its own sheet by hash and no more. Everything in it
may come from whoever is audited, so all of it is escaped, twice: characters that no terminal should see, and those of
HTML. The same report gives the same bytes.

Source: spec/audit.md, "Page".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from hotline import plots
from hotline.disclosures import value_text
from hotline.printable import printable
from hotline.zulu import zulu_short
from protocol.audit_story import RUNGS, Story
from protocol.audit_time import span
from protocol.codes import code
from protocol.finding import Finding, Report

STATES = ("kept", "missed", "disputed", "running")
_SHEET = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--dim:#57606a;--rule:#d0d7de;--good:#116329;--bad:#a40e26;
--odd:#7d4e00;--a:#0b5cad;--b:#8a3ffc;--gap:#f5c6cb}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--dim:#9da7b1;--rule:#30363d;--good:#56d364;
--bad:#ff7b72;--odd:#e3b341;--a:#79c0ff;--b:#d2a8ff;--gap:#5c2329}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem;border-top:1px solid var(--rule);padding-top:1rem}
.verdict{font-size:1.4rem;font-weight:700}.verified{color:var(--good)}.refuted{color:var(--bad)}.unchecked{color:var(--odd)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid var(--rule)}td{overflow-wrap:anywhere}.number{text-align:right}
.severity-refuted{color:var(--bad);font-weight:700}.severity-unchecked,.severity-warning{color:var(--odd);font-weight:700}
.dim{color:var(--dim)}code{font-size:.92em;overflow-wrap:anywhere}
svg{width:100%;height:auto}svg text{fill:var(--dim);font-size:13px}.end{text-anchor:end}
.voice0{fill:var(--a)}.voice1{fill:var(--b)}.gap{fill:var(--gap)}.mark{fill:var(--odd)}.axis{stroke:var(--dim);fill:none}
.level{stroke:var(--a);stroke-width:2;fill:none}
.part0{fill:var(--dim)}.part1{fill:var(--a)}.part2{fill:var(--b)}.part3{fill:var(--odd)}.part4{fill:var(--good)}
.clocks .part0{fill:var(--good)}.clocks .part1{fill:var(--bad)}.clocks .part2{fill:var(--odd)}
.clocks .part3{fill:var(--dim)}
@media print{body{max-width:none}h2{break-after:avoid}tr,svg{break-inside:avoid}}
"""


def audit_page(report: Report, *, title: str) -> bytes:
    """Write the page of a report.

    Args:
        report: finished.
        title: what was audited, for people.
    """
    hash_ = b64encode(sha256(_SHEET.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hash_}'; base-uri 'none'; form-action 'none'"
    body = "".join(_sections(report))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_text(title)}: {report.verdict}</title><style>{_SHEET}</style></head>\n"
        f"<body><h1>Audit of {_text(title)}</h1>\n{body}</body></html>\n"
    ).encode()


def _sections(report: Report) -> Iterable[str]:
    breaches = len(report.breaches)
    said = f", with {breaches} {'breach' if breaches == 1 else 'breaches'}" if breaches else ""
    yield f'<p class="verdict {report.verdict}">{report.verdict}{said}</p>\n'
    yield f"<p>{_meaning(report)}</p>\n"
    if report.docket is not None:
        sizes = ", ".join(
            f"{size} entries of {name}" for name, size in zip(report.docket.names, report.docket.sizes, strict=True)
        )
        digest = report.docket.digest.hex()
        yield f'<p class="dim">{sizes}, until {zulu_short(report.docket.at_ms)}. Docket <code>{digest}</code></p>\n'
    other = [one for one in report.findings if one not in report.breaches]
    yield from _findings("Breaches: what was not done in time", report.breaches)
    yield from _findings("Findings", other)
    listed, total = len(report.findings), sum(report.counts.values())
    if total > listed:
        yield f"<p>And {total - listed} more.</p>\n"
    yield from _opened(report)
    if report.story is not None:
        yield from _story(report.story)
    if report.docket is not None:
        yield from _matters("Still due when the logs end", report.docket.due)
        yield from _registers(report.docket.registers)
    yield _list("What was checked", report.checked)
    yield _list("What was not checked, and why", report.not_checked)


def _meaning(report: Report) -> str:
    return {
        "verified": "Everything that is there is what it claims to be, by the keys of the policy that was given.",
        "refuted": "Something that is there is not what it claims to be; the findings name file and entry.",
        "unchecked": "Nothing refutes, and something that is needed is absent; the findings say what.",
    }[report.verdict]


def _findings(heading: str, findings: Sequence[Finding]) -> Iterable[str]:
    if not findings:
        return
    yield f"<h2>{heading}</h2>\n<table><tr><th>what</th><th>where</th><th>detail</th></tr>\n"
    for one in findings:
        known = code(one.code)
        name = f'<span class="severity-{one.severity}">{one.severity}</span><br><code>{_text(one.code)}</code>'
        detail = f'{_text(one.text)}<br><span class="dim">{_text(known.means)} {_text(known.next)}</span>'
        yield f"<tr><td>{name}</td><td>{_text(one.where)}</td><td>{detail}</td></tr>\n"
    yield "</table>\n"


def _opened(report: Report) -> Iterable[str]:
    """What a pack opened, each the word of whoever said it, and what fits its commitment alone."""
    if report.disclosed is None:
        return
    yield "<h2>Opened fields</h2>\n"
    if not report.disclosed:
        yield "<p>None.</p>\n"
        return
    rows = [(one["serial"], one["kind"], one["field"], value_text(one["value"])) for one in report.disclosed]
    yield _table(("entry", "kind", "field", "what was said"), rows)


def _story(story: Story) -> Iterable[str]:
    axis = plots.span_of(*story.spoken)
    ends = zulu_short(axis[0]), zulu_short(axis[1])
    yield "<h2>When each side spoke</h2>\n"
    yield plots.two_voices(
        list(zip(story.names, story.spoken, strict=True)),
        span=axis,
        ends=ends,
        gaps=[(one.at_ms - one.lasted_ms, one.at_ms) for one in story.silences],
        marks=[(one.at_ms, f"{printable(one.serial)} {printable(one.text)}") for one in story.keys],
    )
    yield '<p class="dim">Shaded: silences that a node stated. Triangles: entries that changed keys or terms.</p>\n'
    yield "<h2>What waited for an answer</h2>\n"
    yield plots.level(story.opened, story.closed, span=axis, ends=ends)
    if story.clocks:
        names = sorted(story.clocks)
        rows = [(f"{name}, by {party}", [story.clocks[name, party][one] for one in STATES]) for name, party in names]
        yield f'<h2>Clocks</h2>\n<div class="clocks">{plots.stacked(rows, STATES)}</div>\n'
        yield _table(("clock", *STATES), [(label, *map(str, values)) for label, values in rows])
    if story.rungs:
        rows = [(name, [story.rungs[name][rung] for rung in RUNGS]) for name in sorted(story.rungs)]
        yield f"<h2>How far statements came</h2>\n{plots.stacked(rows, RUNGS)}\n"
        yield _table(("precedence", *RUNGS), [(label, *map(str, values)) for label, values in rows])
    if story.silences:
        rows_ = [(zulu_short(one.at_ms), one.serial, span(one.lasted_ms)) for one in story.silences]
        yield "<h2>Silences of the line</h2>\n" + _table(("until", "entry", "heard nothing for"), rows_)
    if story.keys:
        rows_ = [(zulu_short(one.at_ms), one.serial, one.text) for one in story.keys]
        yield "<h2>Keys and terms</h2>\n" + _table(("logged", "entry", "what"), rows_)


def _matters(heading: str, rows: Sequence[dict[str, object]]) -> Iterable[str]:
    if rows:
        found = sorted((int(str(row["due_ms"])), row) for row in rows if row["due_ms"] is not None)
        cells = [
            (zulu_short(due_ms), str(row["serial"]), str(row["kind"]), f"{row['name']} by {row['owed_by']}")
            for due_ms, row in found
        ]
        yield f"<h2>{heading}</h2>\n" + _table(("due", "entry", "kind", "clock"), cells)


def _registers(registers: dict[str, list[str]]) -> Iterable[str]:
    if registers:
        rows = [(name, ", ".join(registers[name])) for name in sorted(registers)]
        yield "<h2>In force when the logs end</h2>\n" + _table(("register", "entries"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{_text(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><tr>{top}</tr>\n{body}</table>\n"


def _list(heading: str, items: Sequence[str]) -> str:
    body = "".join(f"<li>{_text(one)}</li>\n" for one in items)
    return f"<h2>{heading}</h2>\n<ul>\n{body}</ul>\n" if items else ""


def _text(value: str) -> str:
    return escape(printable(value))
