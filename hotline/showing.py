"""Statements for people: what is said, in which words of the catalogue, and what became of it.

Every text here may have been written by the other side, so all of it is made printable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.dockets import absence_text, course_text
from hotline.output import Output
from hotline.printable import printable
from hotline.words import ENGLISH, Words, padded
from hotline.zulu import zulu, zulu_short
from protocol.authority import is_emergency
from protocol.field import COLUMN_SEPARATOR, Field
from protocol.field_types import show_text
from protocol.kinds import Catalogue, Kind
from protocol.statement import Statement
from protocol.tagged import digest

DEMONSTRATION = "*** demonstration: nothing said here is meant ***"
UNOFFICIAL = "*** NOT OFFICIAL: talk between operators; it is quoted nowhere ***"
PROOFS = {
    "unproved": ("UNPROVED", "the agreement asks for a proof on a second channel before it is acted on"),
    "asked": ("UNPROVED, challenged", "the proof on a second channel that we asked for is not here"),
    "disowned": ("NOT THEIRS", "asked on a second channel, they said that it is not theirs: do not act on it"),
}
"""Of a grave message that was not proved: a word for lists, and what it means."""
EMERGENCY_RELEASE = "*** EMERGENCY: one person released this alone ***"
_URGENT = frozenset({"flash", "immediate"})
# Facts that are codes or ranks of a vocabulary and of which no rule says so.
_FACT_TERMS = {
    ("gone", "reason"): "gone-reason",
    ("line", "state"): "line-state",
    ("step", "rung_from"): "rung",
    ("step", "rung_to"): "rung",
}


def header_lines(statement: Statement, kind: Kind | None, output: Output) -> list[str]:
    """Show a statement's header."""
    words = output.words
    label = words.kind(kind) if kind is not None else printable(f"kind not understood: {statement.kind}")
    precedence = _marked(words, "precedence", statement.precedence)
    if statement.precedence in _URGENT:
        precedence = output.paint(precedence, "bold", "red")
    lines = [f"{output.paint(label, 'bold')}   {precedence}"]
    if statement.status != "actual":
        lines.append(output.paint(f"*** {_marked(words, 'status', statement.status)} ***", "bold", "yellow"))
    if kind is not None and not kind.official:
        lines.append(output.paint(UNOFFICIAL, "bold", "yellow"))
    if is_emergency(statement.facts):
        lines.append(output.paint(EMERGENCY_RELEASE, "bold", "red"))
    rows: list[tuple[str, str | None]] = [
        ("from", statement.party),
        ("severity", None if statement.severity is None else words.coded("severity", str(statement.severity))),
        ("outcome", None if statement.outcome is None else words.coded("outcome", statement.outcome)),
        ("issued", zulu(statement.issued_at_ms)),
        ("aware", _time(statement.aware_at_ms)),
        ("answer by", _time(statement.respond_by_ms)),
        ("release by", _time(statement.release_by_ms)),
        ("valid until", _time(statement.valid_until_ms)),
        ("language", statement.language),
        ("id", statement.id.hex()),
        ("hash", digest(statement.encode()).hex()),
    ]
    return lines + [said_row(name, value, words) for name, value in rows if value is not None]


def field_lines(kind: Kind, values: Mapping[str, Any], catalogue: Catalogue, words: Words = ENGLISH) -> list[str]:
    """Show the fields that are filled, in the catalogue's order."""
    lines: list[str] = []
    for item in kind.fields:
        value = values.get(item.name)
        if value is None:
            continue
        text = _value(item, value, catalogue, words)
        lines.append(f"  {words.field(kind, item)}:" + (f" {text[0]}" if len(text) == 1 else ""))
        if len(text) > 1:
            lines += [f"    {part}" for part in text]
    return lines


def row(name: str, value: str, words: Words = ENGLISH) -> str:
    """Show one fact of the header, whoever wrote it."""
    return said_row(name, printable(value), words)


def said_row(name: str, shown: str, words: Words) -> str:
    """Show one fact of the header that is printable already."""
    return f"  {padded(words.row(name), words.width)}{shown}"


def view_line(view: Mapping[str, Any], output: Output, *, title: str | None = None, said: str | None = None) -> str:
    """Show one judged entry in a line; `said` is printable already."""
    words = output.words
    kind = words.kind_name(str(view["kind"] or "not understood"))
    parts = [f"{view['serial']:<9}", zulu_short(view["logged_at_ms"]) if view["logged_at_ms"] is not None else "-" * 20]
    precedence = str(view["precedence"] or "")
    urgency = padded(words.coded("precedence", precedence) if precedence else "", 9)
    parts.append(output.paint(urgency, "red") if precedence in _URGENT else urgency)
    parts.append(padded(kind, 23))
    rung = state_text(view)
    parts.append(padded(words.state(rung) if rung else "", 13))
    if view.get("no_answer"):
        parts.append(absence_text(view, output))
    if view["ahead"] is not None:
        parts.append(output.paint(ahead_text(view), "bold"))
    if title:
        parts.append(printable(title))
    if said:
        parts.append(said)
    if view["status"] not in {None, "actual", "system"}:
        parts.append(output.paint(_marked(words, "status", str(view["status"])), "yellow"))
    if is_emergency(view.get("facts")):
        parts.append(output.paint(words.row("EMERGENCY, one person alone"), "bold", "red"))
    if view.get("proof") in PROOFS:
        parts.append(output.paint(words.row(PROOFS[view["proof"]][0]), "bold", "red"))
    if view.get("template"):
        parts.append(output.paint(words.row("TEMPLATE DIFFERS"), "bold", "red"))
    if not is_official(view["kind"]):
        parts.append(output.paint(words.row("not official"), "yellow"))
    if view["faults"]:
        parts.append(output.paint("FAULT " + ", ".join(view["faults"]), "bold", "red"))
    if view.get("missing"):
        parts.append(output.paint("unauthorised: no " + ", ".join(view["missing"]), "bold", "red"))
    return "  ".join(parts).rstrip()


def is_official(kind: str | None) -> bool:
    """Whether a kind is more than talk between operators; one that is not known here counts as if it were."""
    from nodes.resources import catalogue

    known = catalogue().kind(kind or "")
    return known is None or known.official


def fact_text(value: Any) -> str:
    """Say one fact that a node states; bytes in hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return ", ".join(fact_text(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {fact_text(one)}" for name, one in value.items())
    return str(value)


def _fact_row(kind: Kind | None, name: str, value: Any, words: Words) -> str:
    """Show one fact of the header: a time as a time, a code or rank with what it is called.

    A fact that its kind does not have may have any name, also that of a row; it is shown as such.
    """
    from nodes.resources import catalogue

    known_facts = {} if kind is None else {**kind.common_facts, **kind.facts}
    if name not in known_facts:
        return row(f'unknown fact "{printable(name)}"', fact_text(value), words)
    typed = known_facts[name]
    vocabulary = None if kind is None else _vocabulary_of_fact(kind, name)
    if typed.startswith("time") and type(value) is int and value >= 0:
        return row(name, zulu(value), words)
    if vocabulary is None:
        return row(name, fact_text(value), words)
    if isinstance(value, str):
        return said_row(name, words.coded(vocabulary, value), words)
    known = catalogue().vocabulary(vocabulary)
    found = None if known is None else next((term for term in known.terms if term.rank == value), None)
    if known is None or found is None:
        return row(name, fact_text(value), words)
    return said_row(name, f"{fact_text(value)} ({words.term(known, found.code)})", words)


def _vocabulary_of_fact(kind: Kind, name: str) -> str | None:
    for rule in kind.rules:
        if rule.vocabulary is not None and rule.fields == (f"fact.{name}",):
            return rule.vocabulary
    return _FACT_TERMS.get((kind.name, name))


def ahead_text(view: Mapping[str, Any]) -> str:
    """Say what a flash that is not judged yet stands before, and what can be said of who signed it."""
    signers = ", ".join(f"person {person} as {role}" for person, role in _signers(view)) or "nobody known"
    authorised = "authorised" if view["effective"] else "NOT authorised or at fault"
    return f"{_where(view)}; signed by {signers}; {authorised} as far as the log is judged"


def _where(view: Mapping[str, Any]) -> str:
    return f"AHEAD OF {view['ahead']}" if view["ahead"] else "in its place, not judged yet"


def state_text(view: Mapping[str, Any]) -> str:
    """Say how far a statement was taken note of, or what became of it."""
    state, rung = view.get("state"), view.get("rung")
    # What begins there says less than how far it was taken note of.
    if state is not None and state not in {"made", "said", "open", "proposed", "declared"}:
        return str(state)
    return str(rung or "")


def verdict_lines(view: Mapping[str, Any] | None, output: Output, *, kind: Kind | None = None) -> list[str]:
    """Show how an entry was judged, who signed, and how far it was taken note of; its facts as its kind types them."""
    words = output.words
    if view is None:
        return [row("judged", "not yet", words)]
    signers = signers_text(view)
    lines = []
    if view["ahead"] is not None:
        lines.append(output.paint(row("place", _where(view), words), "bold", "yellow"))
    facts = view.get("facts")
    unsigned = "the node" if facts is not None and view["effective"] else "nobody whose signature counts"
    lines.append(row("signed by", signers or unsigned, words))
    lines += [_fact_row(kind, name, value, words) for name, value in (facts or {}).items()]
    if view["ahead"] is not None:
        text = ("yes" if view["effective"] else "NO") + ", as far as the log is judged"
        lines.append(row("authorised", text, words))
    if view["faults"]:
        lines.append(output.paint(row("FAULTS", ", ".join(view["faults"]), words), "bold", "red"))
        lines.append(row("", "held and shown, without effect; run: hotline explain " + view["faults"][0], words))
    if view.get("distrusted"):
        mark = view["distrusted"]
        who = ", ".join(mark["signers"])
        text = f"{who}: key revoked at {mark['revoked_at']} ({mark['reason']}), trusted before entry {mark['trusted']}"
        lines.append(output.paint(row("REVOKED", text, words), "bold", "red"))
    if view.get("held_distrusted"):
        lines += _held_distrusted(view["held_distrusted"], output)
    for name, mark in view["rungs"].items():
        lines.append(row(name, f"{zulu_short(mark['at_ms'])} ({mark['serial']})", words))
    if view.get("proof") in PROOFS:
        word, meaning = PROOFS[view["proof"]]
        lines.append(output.paint(said_row("PROOF", words.row(word), words), "bold", "red"))
        lines.append(row("", f"{meaning}; run: hotline challenge '{view['serial']}'", words))
    elif view.get("proof") is not None:
        lines.append(row("proof", "proved on a second channel", words))
    if view["state"] is not None:
        lines.append(said_row("state", words.state(str(view["state"])), words))
    if view.get("course") and (text := course_text(view)):
        lines.append(row("in force", text, words))
    if view.get("no_answer"):
        lines.append(said_row("no answer", absence_text(view, output), words))
    for clock in view["clocks"]:
        lines.append(said_row("clock", clock_text(clock, words), words))
    return lines


def _held_distrusted(mark: Mapping[str, Any], output: Output) -> list[str]:
    """Say that a receipt is by a mirror's key that was revoked, from which entry on that counts, and what stands."""
    whose = str(mark["revoked_at"]).partition(" ")[0]
    text = f"receipt: mirror key of {whose} revoked at {mark['revoked_at']} ({mark['reason']}), not trusted from"
    stands = "a key that is not revoked cosigned this entry since" if mark["again"] else "no other key cosigned it yet"
    first = output.paint(row("REVOKED", f"{text} {mark['from']} on", output.words), "bold", "red")
    return [first, row("", stands, output.words)]


def clock_text(clock: Mapping[str, Any], words: Words = ENGLISH) -> str:
    """Say, printable, what a party owes, until when while it can still be given, and when it was given."""
    owed_by = printable(str(clock["owed_by"]))
    text = f"{words.clock(str(clock['name']))} by {owed_by}: {words.state(str(clock['state']))}"
    if clock["done_ms"] is not None:
        return f"{text}, done {zulu_short(clock['done_ms'])}"
    if clock.get("paused"):
        return f"{text}, stands still while the line is suspended"
    text = f"{text}, due {zulu_short(clock['due_ms'])}"
    return text if clock.get("wish_ms") is None else f"{text}, wished by {zulu_short(clock['wish_ms'])}"


def signers_text(view: Mapping[str, Any]) -> str:
    """Say who signed, as what; empty where nobody did whose signature counts."""
    return ", ".join(f"person {person} as {role}" if person else str(role) for person, role in _signers(view))


def _signers(view: Mapping[str, Any]) -> list[tuple[int | None, str]]:
    found: list[tuple[int | None, str]] = []
    for signer in view.get("signers", ()):
        if isinstance(signer, Mapping):
            found.append((signer.get("person"), str(signer.get("role", ""))))
        elif isinstance(signer, list | tuple) and len(signer) == 2:
            found.append((signer[0], str(signer[1])))
        else:
            found.append((None, str(signer)))
    return found


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else zulu(at_ms)


def _marked(words: Words, vocabulary: str, code: str) -> str:
    """A code of the header in capitals, as a mark; what the reader's language calls it behind it."""
    return code.upper() + words.coded(vocabulary, code).removeprefix(printable(code))


def _value(item: Field, value: Any, catalogue: Catalogue, words: Words) -> list[str]:
    """The printable lines of a value, with the labels of its codes.

    What a body holds may be anything, so nothing is taken for granted.
    """
    if item.vocabulary:
        return [
            ", ".join(_code(item, code, catalogue, words) for code in (value if isinstance(value, list) else [value]))
        ]
    try:
        if item.type == "flag" and words.wording is not None:
            return [words.state(show_text(item, value))]
        if item.columns and words.wording is not None:
            return [_record(item, one, catalogue, words) for one in value]
        text = show_text(item, value)
    except (TypeError, AttributeError, KeyError, ValueError):
        text = str(value)
    return [printable(part) for part in text.split("\n")]


def _record(item: Field, value: Any, catalogue: Catalogue, words: Words) -> str:
    """One record, its columns as they are typed, with the labels of its codes."""
    cells = []
    for column in item.columns:
        cell = value.get(column.name)
        if column.vocabulary and cell is not None:
            cells.append(_code(column, cell, catalogue, words))
        elif column.type == "flag" and cell is not None:
            cells.append(words.state(show_text(column, cell)))
        elif column.type != "ordinal":
            cells.append(printable(show_text(column, cell)))
    while cells and not cells[-1]:
        cells.pop()
    return f" {COLUMN_SEPARATOR} ".join(cells)


def _code(item: Field, code: Any, catalogue: Catalogue, words: Words) -> str:
    vocabulary = catalogue.vocabulary(item.vocabulary or "")
    if vocabulary is None or vocabulary.term(str(code)) is None:
        return printable(str(code))
    return f"{printable(str(code))} ({words.term(vocabulary, str(code))})"
