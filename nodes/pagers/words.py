"""What a pager is told: header facts and codes in JSON, and the same as one line. Never contents.

A header is what anybody who sees the entry may read. Of what the counterpart wrote there only words of the catalogue
pass; the rest is numbers and names of this program.

Source: spec/paging.md, "What is told".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from nodes.page import Call, Cause, Item
from protocol.limits import TIME_MS_MAX

FORMAT: Final = "hotline-page-1"
ITEMS_SHOWN_MAX: Final = 10
"""Causes that one call names; the rest is a number."""

_PLURALS: Final = {
    "flash": "flashes",
    "statement": "statements",
    "due-soon": "clocks that run out",
    "overdue": "overdue clocks",
    "alarm": "alarms",
    "line-down": "lines down",
    "draft-waits": "drafts that wait",
    "test": "tests",
}


def facts(call: Call, *, party: str, role: str) -> bytes:
    """The facts of a call as one JSON object and a line feed.

    Args:
        call: what is said.
        party: short name of ours.
        role: whom the pager reaches.
    """
    first = call.items[0]
    value: dict[str, Any] = {
        "format": FORMAT,
        "id": call.id,
        "party": party,
        "role": role,
        "text": line(call, party=party),
        **_item(first),
        "count": call.count,
        "items": [_item(item) for item in call.items[:ITEMS_SHOWN_MAX]],
    }
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _item(item: Item) -> dict[str, Any]:
    cause = item.cause
    return {
        "page": item.page,
        "event": item.event,
        "counterpart": cause.counterpart or None,
        "serial": cause.serial or None,
        "kind": cause.kind or None,
        "precedence": cause.precedence if cause.serial or cause.role else None,
        "status": cause.status if cause.serial or cause.role else None,
        "clock": cause.clock or None,
        "due": None if cause.due_ms is None else zulu(cause.due_ms),
        "code": cause.code or None,
        "count": cause.count,
        "demonstration": cause.demonstration,
    }


def line(call: Call, *, party: str) -> str:
    """One line for people, such as a short message takes."""
    items = call.items
    first = _say(items[0])
    if call.count == 1:
        return f"[{party}] {first}"
    return f"[{party}] {_counted(items)}; first: {first}"


def _counted(items: Sequence[Item]) -> str:
    counts: Counter[str] = Counter()
    for item in items:
        counts[item.event] += item.cause.count
    names = [f"{count} {event if count == 1 else _PLURALS[event]}" for event, count in counts.items()]
    return ", ".join(names)


def _say(item: Item) -> str:
    cause = item.cause
    marks = "".join(
        f"{mark}: " for mark in ("demonstration" if cause.demonstration else "", _status(cause)) if mark
    ).upper()
    return marks + _SAYINGS[item.event](cause)


def _status(cause: Cause) -> str:
    return "" if cause.status == "actual" else cause.status


def _of(cause: Cause) -> str:
    kind = f", {cause.kind}" if cause.kind else ""
    return f"{cause.serial}{kind}, {cause.precedence}"


def _due(cause: Cause) -> str:
    return "" if cause.due_ms is None else f" {zulu(cause.due_ms)}"


_SAYINGS: Final[Mapping[str, Callable[[Cause], str]]] = {
    "flash": lambda cause: f"FLASH {_of(cause)}",
    "statement": lambda cause: f"new statement {_of(cause)}",
    "due-soon": lambda cause: f"{cause.clock} of {_of(cause)} is due{_due(cause)}",
    "overdue": lambda cause: f"OVERDUE {cause.clock} of {_of(cause)}, was due{_due(cause)}",
    "alarm": lambda cause: f"alarm {cause.code}" + (f" on the line with {cause.counterpart}" * bool(cause.counterpart)),
    "line-down": lambda cause: f"the line with {cause.counterpart} is down",
    "draft-waits": lambda cause: f"a draft to {cause.counterpart}, {cause.precedence}, waits for {cause.role}",
    "test": lambda cause: "test of this pager; nothing has happened",
}


def zulu(at_ms: int) -> str:
    """A time to the second: 2026-11-22T09:14:07Z."""
    return datetime.fromtimestamp(min(max(at_ms, 0), TIME_MS_MAX) / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
