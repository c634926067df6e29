"""Kinds for people and for programs: all that the catalogue says of one, and what the agreements at hand make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hotline.cli.settings import Settings
from hotline.words import Words
from hotline.zulu import duration
from nodes.errors import HomeRefused
from nodes.governing import agreement_in_force
from nodes.home import NodeHome
from protocol.agreement import Agreement
from protocol.authority import slots_needed
from protocol.clocks import pause_terms
from protocol.field import Field
from protocol.field_types import how_typed
from protocol.kind import CLOCKS
from protocol.kinds import Catalogue, Kind
from protocol.statement import PRECEDENCES
from protocol.template import TEMPLATE
from protocol.wording import field_key, kind_key, term_key


def said(words: Words, key: str, english: str) -> dict[str, str]:
    """A string in the reader's language, and whether anybody has reviewed it."""
    found = words.said(key, english)
    return {"text": found.text, "state": found.state}


def kind_dict(kind: Kind, known: Catalogue, words: Words, agreements: Mapping[str, Agreement]) -> dict[str, Any]:
    """Everything that the catalogue says of a kind, and what agreements make of it, for programs."""
    return {
        "kind": kind.name,
        "version": kind.version,
        "procedure": kind.procedure,
        "step": kind.step,
        "label": kind.label(),
        "help": kind.help(),
        "said": said(words, f"{kind_key(kind)}.label", kind.label()),
        "opens_thread": kind.opens_thread,
        "continues_thread": kind.continues_thread,
        "in_reply_to": kind.in_reply_to,
        "replies_to": list(kind.replies_to),
        "reply_voice": kind.reply_voice,
        "answered_by": list(kind.answered_by),
        "held_by": list(kind.held_by),
        "declined_by": list(kind.declined_by),
        "activated_by": list(kind.activated_by),
        "followed_by": list(kind.followed_by),
        "outcomes": list(kind.outcomes),
        "header": {
            "severity": kind.severity,
            "aware_at": kind.aware_at,
            "respond_by": kind.respond_by,
            "valid_until": kind.valid_until,
            "precedence": kind.precedence,
        },
        "clocks": dict(kind.clocks),
        "register": kind.register,
        "always": kind.always,
        "official": kind.official,
        "authority": list(kind.authority),
        "under": {
            counterpart: {"clocks": clocks_under(kind, agreement), "authority": authority_under(kind, agreement)}
            for counterpart, agreement in agreements.items()
        },
        "facts": dict(kind.facts),
        "fact_codes": {name: codes for name in kind.facts if (codes := _fact_terms(kind, name, known))},
        "common_facts": dict(kind.common_facts),
        "rules": [{"type": rule.type, "fields": list(rule.fields), "text": rule.label()} for rule in kind.rules],
        "fields": [_field_dict(kind, item, None, known, words) for item in kind.fields],
    }


def _field_dict(kind: Kind, of: Field, column: Field | None, known: Catalogue, words: Words) -> dict[str, Any]:
    item = column or of
    vocabulary = known.vocabulary(item.vocabulary) if item.vocabulary else None
    terms = [
        {
            "code": term.code,
            "label": term.label(),
            "said": said(words, f"{term_key(item.vocabulary or '', term.code)}.label", term.label()),
        }
        for term in (vocabulary.terms if vocabulary is not None else ())
        if not item.only or term.code in item.only
    ]
    return {
        "name": item.name,
        "type": item.type,
        "required": item.required,
        "max": item.max,
        "tier": item.tier,
        "label": item.label(),
        "help": item.help(),
        "said": said(words, f"{field_key(kind, of, column)}.label", item.label()),
        "how": how_typed(item),
        "vocabulary": item.vocabulary,
        "terms": terms,
        "columns": [_field_dict(kind, of, one, known, words) for one in item.columns],
    }


def kind_lines(kind: Kind, known: Catalogue, words: Words, agreements: Mapping[str, Agreement]) -> list[str]:
    """The same for people: the header first, then each field with how it is typed and which codes it takes."""
    lines = [f"{kind.name}: {words.kind(kind)}", f"  {words.kind_help(kind)}", ""]
    stands = [word for word, so in (("opens one", kind.opens_thread), ("in one", kind.continues_thread)) if so]
    voice = {"own": "your own", "other": "the other side's", "either": "either side's"}[kind.reply_voice]
    needs = {name: getattr(kind, name) for name in ("severity", "aware_at", "respond_by", "valid_until")}
    rows = [
        ("procedure", f"{kind.procedure}, {kind.step}"),
        ("thread", " or ".join(stands)),
        ("answers", f"{_answered(kind, known)} ({voice}; {kind.in_reply_to})" if kind.replies_to else ""),
        ("answered by", ", ".join(kind.answered_by)),
        ("held by", ", ".join(kind.held_by)),
        ("declined by", ", ".join(kind.declined_by)),
        ("activated by", ", ".join(kind.activated_by)),
        ("followed by", ", ".join(kind.followed_by)),
        ("outcome", ", ".join(kind.outcomes)),
        *((name, need) for name, need in needs.items() if need != "none"),
        *((name, duration(limit)) for name, limit in kind.clocks.items()),
        ("register", kind.register),
        ("always", "passes in a suspension, after sunset and after withdrawal" if kind.always else ""),
        ("official", "" if kind.official else "no: it does not speak for the party"),
        ("precedence", f"{kind.precedence} unless you say otherwise"),
        ("signatures", f"{', '.join(kind.authority)} unless the agreement says otherwise" if kind.authority else ""),
        *((f"fact {name}", f"{fact}{_fact_codes(kind, name, known)}") for name, fact in kind.facts.items()),
    ]
    for counterpart, agreement in agreements.items():
        rows += [(f"with {counterpart}", line) for line in _under(kind, agreement)]
    lines += [f"  {name:<13} {value}" for name, value in rows if value]
    lines += [
        f"  {'rule' if place == 0 else '':<13} {words.rule(kind, rule.label())}"
        for place, rule in enumerate(kind.rules)
    ]
    for item in kind.fields:
        need = "required" if item.required else "optional"
        label = words.field(kind, item)
        lines += ["", f"  {item.name}  ({need}, {item.tier})  {label}", f"      typed as {how_typed(item)}"]
        if item.help():
            lines.append(f"      {words.field_help(kind, item)}")
        for column in (item, *item.columns):
            vocabulary = known.vocabulary(column.vocabulary) if column.vocabulary else None
            if vocabulary is None:
                continue
            codes = [term.code for term in vocabulary.terms if not column.only or term.code in column.only]
            if words.wording is None:
                lines.append(f"      {column.name}: {', '.join(codes)}")
                continue
            name = column.name if column is item else f"{column.name}, {words.field(kind, item, column)}"
            lines.append(f"      {name}:")
            lines += [f"        {code}  {words.term(vocabulary, code)}" for code in codes]
    return lines


def _fact_terms(kind: Kind, fact: str, known: Catalogue) -> list[str]:
    """The codes that a fact takes; none where no rule of the kind names a vocabulary for it."""
    ruled = (rule.vocabulary for rule in kind.rules if rule.fields[:1] == (f"fact.{fact}",) and rule.vocabulary)
    named = next(ruled, None)
    vocabulary = None if named is None else known.vocabulary(named)
    return [] if vocabulary is None else [term.code for term in vocabulary.terms]


def _fact_codes(kind: Kind, fact: str, known: Catalogue) -> str:
    codes = _fact_terms(kind, fact, known)
    return f": {', '.join(codes)}" if codes else ""


def _answered(kind: Kind, known: Catalogue) -> str:
    """The kinds that a kind may answer; in a few words where it may answer all."""
    spoken = {one.name for one in known.kinds if one.procedure not in {"machine", "document", "receipt"}}
    return "whatever people say" if spoken <= set(kind.replies_to) else ", ".join(kind.replies_to)


def clocks_under(kind: Kind, agreement: Agreement) -> dict[str, int]:
    """The clocks of a kind that an agreement sets, be it in its terms of suspension or exercise, in milliseconds."""
    pause = pause_terms(kind, agreement)
    general = {} if pause is None else {"notice_ms": pause.notice_ms, "longest_ms": pause.longest_ms}
    found = {name: agreement.kind_clock(kind.name, name.removesuffix("_ms")) for name in CLOCKS}
    return general | {name: limit for name, limit in found.items() if limit is not None}


def authority_under(kind: Kind, agreement: Agreement) -> list[dict[str, Any]]:
    """The signatures that a kind needs under an agreement, one row for each set of slots, with the cases it is for.

    Returns:
        Rows of `needs`, and `cases`: precedence, severity (None where it has none) and whether it follows a template.
    """
    if kind.machine or kind.by_roots:
        return []
    severities = {"required": [*range(6)], "optional": [None, *range(6)], "none": [None]}[kind.severity]
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for template in (False, True) if any(rule.template for rule in agreement.rules) else (False,):
        facts = {TEMPLATE: bytes(32)} if template else None
        for severity in severities:
            for precedence in PRECEDENCES:
                slots = slots_needed(agreement, kind, severity, precedence, facts)
                case = {"precedence": precedence, "severity": severity, "template": template}
                rows.setdefault(tuple("/".join(slot) for slot in slots), []).append(case)
    return [{"needs": list(needs), "cases": cases} for needs, cases in rows.items()]


def _under(kind: Kind, agreement: Agreement) -> list[str]:
    """What an agreement makes of a kind, in words."""
    lines = [f"{name} {duration(limit)}" for name, limit in clocks_under(kind, agreement).items()]
    rows = authority_under(kind, agreement)
    for row in rows:
        needs = " and ".join(row["needs"])
        lines.append(needs if len(rows) == 1 else f"{needs}: {_cases(row['cases'])}")
    return lines


def _cases(cases: Sequence[Mapping[str, Any]]) -> str:
    """Say which cases a rule is for: the precedences, and of each set of them the severities."""
    found: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    keys = sorted({(one["template"], -1 if one["severity"] is None else one["severity"]) for one in cases})
    for template, severity in keys:
        wanted = None if severity < 0 else severity
        fits = [one for one in cases if (one["template"], one["severity"]) == (template, wanted)]
        said = tuple(one["precedence"] for one in fits)
        found.setdefault((template, said), []).append("none" if wanted is None else str(wanted))
    parts = []
    for (template, said), severities in found.items():
        which = "any precedence" if len(said) == len(PRECEDENCES) else ", ".join(said)
        parts.append(f"{'by template, ' if template else ''}{which} at severity {', '.join(severities)}")
    return "; ".join(parts)


def agreements_of(settings: Settings) -> dict[str, Agreement]:
    """The agreements that the home at hand knows, by counterpart; none where there is no home.

    Of a node's home those in force as far as it has judged, of an officer's those that were pinned.
    """
    try:
        home = settings.any_home()
    except HomeRefused:
        return {}
    if isinstance(home, NodeHome):
        channels = {channel.counterpart: channel for channel in home.channels()}
        return {name: agreement_in_force(channel) for name, channel in channels.items()}
    return {name: Agreement.parse(text) for name, text in home.pins().items()}
