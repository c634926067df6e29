"""The state of paging as a file: written whole before calls are made, read at the start.

One JSON object. It holds header facts and codes, as a page does, and no contents.

Source: spec/paging.md, "State".
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from nodes.page import Called, Cause, Mute, Page, Reached
from nodes.paging import PAGES_MAX, Paging
from nodes.paging_rules import STEPS

FORMAT: Final = 1
STATE_BYTES_MAX: Final = 8 * 1024 * 1024
CALLED_STATES: Final = frozenset({"calling", "done", "failed", "given-up"})
_FIELDS: Final = {kind: tuple(one.name for one in fields(kind)) for kind in (Cause, Mute, Reached)}


class StateRefused(ValueError):
    """A file of the state is not what was written."""


def encode(paging: Paging) -> bytes:
    """The state of an engine. Any thread may ask: pages are values, and the lists of them are copied at once."""
    pages = [{**_flat(page), "brought": sorted(page.brought)} for page in list(paging.pages.values())]
    value = {
        "format": FORMAT,
        "number": paging.number,
        "pages": pages,
        "mutes": [_values(mute) for mute in list(paging.mutes.values())],
        "reached": {name: _values(one) for name, one in list(paging.reached.items())},
    }
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _flat(page: Page) -> dict[str, Any]:
    called = {name: [one.at_ms, one.state, one.tries] for name, one in page.called.items()}
    return {
        "id": page.id,
        "cause": _values(page.cause),
        "since_ms": page.since_ms,
        "acked_ms": page.acked_ms,
        "acked_by": page.acked_by,
        "called": called,
    }


def _values(record: Cause | Mute | Reached) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _FIELDS[type(record)]}


def load(paging: Paging, data: bytes) -> None:
    """Put the state into an engine that has none yet.

    Raises:
        StateRefused: it is not of this format.
    """
    try:
        value = json.loads(data)
        if value["format"] != FORMAT or len(value["pages"]) > PAGES_MAX:
            raise StateRefused("another format")
        pages = [_page(one) for one in value["pages"]]
        mutes = [Mute(**_typed(Mute, one)) for one in value["mutes"]]
        reached = {str(name): Reached(**_typed(Reached, one)) for name, one in value["reached"].items()}
        number = int(value["number"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StateRefused(f"{type(error).__name__}: {error}") from error
    paging.pages = {page.cause.key: page for page in pages}
    paging.mutes = {mute.role: mute for mute in mutes}
    paging.reached = reached
    paging.number = number


def _page(value: dict[str, Any]) -> Page:
    cause = Cause(**_typed(Cause, value["cause"]))
    if cause.family not in STEPS:
        raise StateRefused("another family")
    steps = len(STEPS[cause.family])
    called = {}
    for name, (at_ms, state, tries) in value["called"].items():
        place, number, _ = name.split("/", 2)
        if not 0 <= int(place) < steps or int(number) < 0 or state not in CALLED_STATES or int(tries) < 1:
            raise StateRefused("another call")
        called[name] = Called(int(at_ms), state, int(tries))
    acked_ms = value["acked_ms"]
    return Page(
        id=str(value["id"]),
        cause=cause,
        since_ms=int(value["since_ms"]),
        acked_ms=None if acked_ms is None else int(acked_ms),
        acked_by=str(value["acked_by"]),
        called=called,
        brought=frozenset(map(str, value["brought"])),
    )


def _typed(kind: type[Cause | Mute | Reached], values: dict[str, Any]) -> dict[str, Any]:
    """The values of a record, each of the type that its field names."""
    known = {one.name: str(one.type) for one in fields(kind)}
    if set(values) != set(known):
        raise StateRefused("another record")
    for name, value in values.items():
        wanted, _, optional = known[name].partition(" | ")
        expected = {"int": int, "bool": bool}.get(wanted, str)
        if type(value) is not expected and not (optional == "None" and value is None):
            raise StateRefused(f"{name} is of another type")
    return values
