"""Disclosure for people: which fields are open to whom and why, a line for each group of fields that stand alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hotline.output import Output
from hotline.zulu import zulu_short
from protocol.disclosure import CATALOGUE

View = Mapping[str, Any]

_WAITS = {
    "consent": "both parties consent",
    "legal-order": "both parties' legal advisers sign an order",
    "embargo": "its embargo is over",
    "severity": "its severity is reached",
    "no-answer": "an answer that is owed stays away",
    "closed": "its thread is closed",
    "sunset": "the agreement is over",
}


def sentence(group: View) -> str:
    """Say of a group of fields why it is open, or what would open it."""
    ways: Sequence[View] = group["ways"]
    if group["open"]:
        last = ways[-1]
        since = zulu_short(group["since_ms"])
        if last["rule"] == CATALOGUE:
            return f"since {since}: it begins at {last['tier']}"
        by = "" if last["by"] is None else f", by {last['by']}"
        said = f"since {since}: rule {last['rule']}, {last['trigger']}{by} ({last['source']})"
        if group["released_ms"] is None:
            return f"{said}; its opening is not logged: hotline disclose open"
        return said if group["opening"] is None else f"{said}; opened with {group['opening']}"
    told = [_waiting(way) for way in ways]
    return "; ".join(told) if told else "no rule of the agreement opens it"


def _waiting(way: View) -> str:
    if way["at_ms"] is not None:
        return f"to {way['tier']} at {zulu_short(way['at_ms'])}: rule {way['rule']}, {way['trigger']} ({way['source']})"
    return f"to {way['tier']} when {_WAITS[way['trigger']]}: rule {way['rule']} ({way['source']})"


def statement_lines(view: View, output: Output) -> list[str]:
    """Show one statement: what of it is open, and what is not."""
    kind = output.words.kind_name(str(view["kind"]))
    lines = [output.paint(f"{view['serial']:<9}", "bold") + f"  {zulu_short(view['logged_at_ms'])}  {kind}"]
    for group in sorted(view["groups"], key=lambda one: not one["open"]):
        state = "open to" if group["open"] else "closed to"
        painted = output.paint(f"{state} {group['audience']}", "green" if group["open"] else "yellow")
        lines.append(f"  {painted}: {', '.join(group['fields'])}")
        lines.append(f"    {sentence(group)}")
    return lines


def value_text(value: Any) -> str:
    """An opened value as text: what nothing was said in, and what is no text, are told apart from words."""
    if value is None:
        return "(nothing was said)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
