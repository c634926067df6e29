"""Looking through an agreement, or a draft of one: what cannot stand, and what somebody should look at again.

Every problem is told with its line and with what to do. A draft has no parties, dates or catalogue yet, and is read
with those that it would get now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from hotline.language_codes import is_known
from hotline.rules_lint import about_rules, unfilled
from hotline.terms import Terms
from hotline.threshold_lint import about_thresholds
from keys.suite import Suite
from protocol.agreement_checks import ANY_KIND, refuse
from protocol.agreement_review import checks_of
from protocol.agreement_text import overlay, read
from protocol.audit_time import span
from protocol.codes import code as code_of
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue
from protocol.threshold_set import threshold_set_of
from protocol.wording import LANGUAGES

_NEXT = {
    ("bad-field", ""): "Write a date as 2027-05-01 and a number as 86400000, without quotes; a text stands in quotes.",
    ("not-understood", ""): "Correct the name, or leave it out: an agreement has no such term.",
    ("missing-field", ""): "Give it; spec/agreement.md lists what each block has.",
    ("bad-clocks", "kind_clock.clock"): "Name one of these clocks.",
    ("out-of-range", "sunset_date"): "Give a date behind review_date, or an earlier review_date.",
}
"""What to do, by code and place; no place for every other."""

PASSKEY_SEVERITY, PASSKEY_SLOTS = 2, 2
"""Above these somebody should look again: what asks for three persons, or is grave, is to stay as hard to forge as can
be, and nobody is to approve it by a touch on a page."""

_HEADER = re.compile(r"\[\[?([a-z_.]+)\]?\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing about a draft.

    Attributes:
        line: of the text, from 1; 0 where it is about the whole.
        severity: `error` where it cannot stand, else `warning`.
        code: as `hotline explain` has it, or of a warning.
        where: the term.
        text: what is wrong.
        next: what to do.
    """

    line: int
    severity: str
    code: str
    where: str
    text: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """Terms as they are read, with parties where the text has them."""

    terms: Any
    parties: tuple[Any, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terms, name)


def lint(
    text: bytes,
    base: Terms,
    catalogue: Catalogue,
    *,
    today: date,
    people: Sequence[tuple[int, str]] = (),
    keys: Suite | None = None,
) -> tuple[Any, list[Problem]]:
    """Look through a text.

    Args:
        text: an agreement, or a draft.
        base: what a draft is laid over.
        catalogue: the one that is at hand.
        today: in UTC.
        people: number and role of every person of our own party; none where they are not known.
        keys: the suite of our own keys; None where they are not known.

    Returns:
        What it says, and the problems in the order of the text; None where it cannot be read at all.
    """
    found: list[ProtocolError] = []
    try:
        values = _values(text, base, found)
    except ProtocolError as error:
        return None, [_problem(error, text)]
    if not values and not found:
        text_of = "nothing stands in it but blanks and comments"
        return None, [Problem(0, "error", "missing-field", "the text", text_of, "Begin with: hotline agreement new.")]
    parties = values.pop("parties", ())
    terms = replace(base, **{name: value for name, value in values.items() if name in _NAMES})
    draft = _Draft(terms=terms, parties=parties)
    for check in checks_of(draft):
        try:
            check()
        except ProtocolError as error:
            found.append(error)
    if keys is not None and keys is not terms.suite:
        found.append(refuse("other-suite", "suite", f"the keys of the home are of {keys.name}"))
    problems = [_problem(error, text) for error in found]
    problems += [
        Problem(line_of(text, where), "warning", code, where, why, what)
        for code, where, why, what in (*_warnings(draft, catalogue, today), *unfilled(draft, people))
    ]
    return draft, sorted(problems, key=lambda one: (one.severity != "error", one.line))


_NAMES = {item.name for item in fields(Terms)}


def _values(text: bytes, base: Terms, found: list[ProtocolError]) -> dict[str, Any]:
    try:
        return read(text)
    except ProtocolError:
        # No whole agreement, and so a draft, or a text with a mistake that is found again.
        return overlay(text, base, found.append)


def _problem(error: ProtocolError, text: bytes) -> Problem:
    where = error.where.removeprefix("agreement.")
    known = code_of(error.code)
    return Problem(line_of(text, where), "error", error.code, where, error.text or known.text, _next(error.code, where))


def _next(code: str, where: str) -> str:
    """What to do about a mistake in an agreement; the codes of the formats are those of statements as well."""
    block = re.sub(r"\[\d+\]", "", where)
    return _NEXT.get((code, block)) or _NEXT.get((code, "")) or code_of(code).next


def line_of(text: bytes, where: str) -> int:
    """The line of a term, from 1: of the term itself, of its block, or 0.

    Args:
        text: of the draft.
        where: such as `authority[2].needs`, `clock.flash` or `title`.
    """
    block, _, name = where.rpartition(".")
    if re.search(r"\[\d+\]$", where) or not block:
        block, name = (where, "") if re.search(r"\[\d+\]$", where) else ("", where)
    lines = text.decode("utf-8", "replace").split("\n")
    for wanted, term in ((block, name), (where, "")):
        start = _start(lines, wanted)
        if start is None:
            continue
        for number in range(start, len(lines)):
            line = lines[number].strip()
            if number > start and _HEADER.match(line):
                break
            if term and re.match(rf"{re.escape(term)}\s*=", line):
                return number + 1
        if wanted:
            return start + 1
    return 0


def _start(lines: list[str], block: str) -> int | None:
    """Index of the line on which a block begins; 0 for what stands at the top."""
    if not block:
        return 0
    name, _, number = block.removesuffix("]").partition("[")
    seen = 0
    for index, line in enumerate(lines):
        header = _HEADER.match(line.strip())
        if header is not None and header[1] == name:
            seen += 1
            if seen == int(number or 1):
                return index
    return None


def _warnings(draft: Any, catalogue: Catalogue, today: date) -> Iterator[tuple[str, str, str, str]]:
    """Code, place, what is unusual, what to do."""
    if draft.review_date < today:
        yield "review-past", "review_date", "it is past already", "Give a date within a year or two."
    if draft.sunset_date is None:
        yield "no-sunset", "sunset_date", "the agreement has no end", "Give a date, if it is to be agreed upon anew."
    elif draft.sunset_date < today:
        yield "sunset-past", "sunset_date", "the agreement has ended already", "Give a later date."
    if draft.notice_days == 0:
        text = "whoever withdraws is bound no longer from that moment on"
        yield "no-notice", "notice_days", text, "Give some days, so that what is open can be ended in order."
    yield from _languages(draft)
    if draft.catalogue_digest != catalogue.digest:
        yield "catalogue-other", "catalogue.digest", "not the catalogue of this program", "Leave it out."
    if draft.emergency is None:
        text = "no release by one person, at any hour"
        yield "no-emergency", "emergency", text, "Add [emergency], or make sure that two are always there."
    if draft.passkeys is None:
        text = "nobody signs with a passkey"
        yield (
            "no-passkeys",
            "passkeys",
            text,
            "Add [passkeys], if officers are to sign lesser matters with them.",
        )
    elif draft.passkeys.severity_at_most > PASSKEY_SEVERITY or draft.passkeys.slots_at_most > PASSKEY_SLOTS:
        text = "passkeys count for grave statements: they are not post-quantum, and sign what a page shows"
        yield "passkeys-grave", "passkeys", text, "Let them count up to severity 2 and two signatures."
    if draft.challenge is None:
        yield "no-challenge", "challenge", "nothing is proved on a second channel", "Add [challenge]."
    if not draft.witnesses:
        text = "no witness: the two parties together could rewrite both logs"
        yield "no-witness", "witness", text, "Add a [[witness]], if a third party is to be sure."
    for party in draft.parties:
        if not party.desks:
            text = f"{party.short} has no desk to call"
            yield "no-desk", f"party[{draft.parties.index(party) + 1}]", text, "Add [[party.desk]]."
    yield from _named_kinds(draft, catalogue)
    yield from about_rules(draft.rules, catalogue)
    found = threshold_set_of(draft)
    if found is None:
        text = "no thresholds: nothing says what several incidents come to"
        yield (
            "no-thresholds",
            "thresholds",
            text,
            "Add [thresholds], [[observable]] and [[threshold]]; the model has some.",
        )
    else:
        yield from about_thresholds(found, catalogue)


def _languages(draft: Any) -> Iterator[tuple[str, str, str, str]]:
    named = [("languages", tag) for tag in draft.languages]
    for number, party in enumerate(draft.parties, 1):
        named += [(f"party[{number}].desk", tag) for desk in party.desks for tag in desk.languages]
    for where, tag in named:
        if not is_known(tag):
            text = f"no language has the code {tag}"
            yield "language-unknown", where, text, "Correct it; codes of two letters are those of ISO 639-1."
        elif where == "languages" and tag.partition("-")[0] not in LANGUAGES:
            text = f"the program names kinds, fields and codes in {', '.join(LANGUAGES)}, and not in {tag}"
            yield "language-without-texts", where, text, "Statements may be in it; screens stay in another language."


def _named_kinds(draft: Any, catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    named = [(f"authority[{number}]", rule.kinds) for number, rule in enumerate(draft.rules, 1)]
    named += [(f"kind_clock[{number}]", (clock.kind,)) for number, clock in enumerate(draft.kind_clocks, 1)]
    named += [(f"disclosure[{number}]", rule.kinds) for number, rule in enumerate(draft.disclosure, 1)]
    named += [("emergency", draft.emergency.kinds)] if draft.emergency is not None else []
    for where, kinds in named:
        for name in kinds:
            kind = catalogue.kind(name)
            if name != ANY_KIND and kind is None:
                text = f"the catalogue has no kind {name}"
                yield "no-such-kind", where, text, "Correct the name; `catalogue list` has all."
            elif kind is not None and where.startswith(("authority", "emergency")) and (kind.machine or kind.by_roots):
                text = f"nobody signs {name} as a person"
                yield "rule-idle", where, text, "Leave the kind out of the rule."
    yield from _idle_clocks(draft, catalogue)
    yield from _answers_before_holding(draft, catalogue)


def _idle_clocks(draft: Any, catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """Clocks that nothing starts, because the other side owes no such thing on a kind."""
    for number, clock in enumerate(draft.kind_clocks, 1):
        kind = catalogue.kind(clock.kind)
        if kind is None:
            continue
        owed = {"answer": kind.answered_by, "holding": kind.held_by, "follow": kind.followed_by}
        if clock.clock in owed and not owed[clock.clock]:
            text = f"nothing is owed on {clock.kind} that a clock of {clock.clock} could run for"
            what = "Leave it out, or name the kind that is meant; `catalogue show` says what each is owed."
            yield "clock-idle", f"kind_clock[{number}]", text, what


def _answers_before_holding(draft: Any, catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """Answers that are owed before it is owed to say that there will be one, at the precedence of the kind."""
    within = {(clock.kind, clock.clock): clock.within_ms for clock in draft.kind_clocks}
    for number, clock in enumerate(draft.kind_clocks, 1):
        kind = catalogue.kind(clock.kind)
        if kind is None or not (kind.answered_by and kind.held_by) or clock.clock not in {"answer", "holding"}:
            continue
        terms, own = draft.clocks[kind.precedence], dict(kind.clocks)
        own |= {f"{name}_ms": within[kind.name, name] for name in ("answer", "holding") if (kind.name, name) in within}
        answer, holding = own.get("answer_ms", terms.answer_within_ms), own.get("holding_ms", terms.holding_within_ms)
        # Where both are of the draft, it is said once.
        if answer < holding and (clock.clock == "answer" or (kind.name, "answer") not in within):
            text = f"an answer to {kind.name} is due in {span(answer)}, and a holding reply only in {span(holding)}"
            what = "Give a longer clock of answer, or a shorter one of holding for this kind."
            yield "answer-before-holding", f"kind_clock[{number}]", text, what
