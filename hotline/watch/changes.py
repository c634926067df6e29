"""What has changed between two pictures: one record a change, for logs, pipes and programs, with a line for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hotline.paging import about, left, mute_line
from hotline.printable import printable
from hotline.watch.picture import Picture
from hotline.watch.view import banners_of
from hotline.zulu import zulu, zulu_short


def changes(before: Picture | None, after: Picture) -> Iterator[dict[str, Any]]:
    """Give the records, in order; each has `event`, `at` and `text`.

    Args:
        before: what was seen last; None at the beginning.
        after: what is seen now.
    """
    yield from (_record(after, **one) for one in _changes(before, after))


def line_of(record: dict[str, Any]) -> str:
    """A record as one line for people."""
    return printable(f"{zulu_short(record['at_ms'])} {record['event'].upper():<8} {record['text']}")


def _record(picture: Picture, *, event: str, text: str, **facts: Any) -> dict[str, Any]:
    return {"event": event, "at": zulu(picture.at_ms), "at_ms": picture.at_ms, "text": printable(text), **facts}


def _changes(before: Picture | None, after: Picture) -> Iterator[dict[str, Any]]:
    if after.silent_ms is not None:
        if before is None or before.silent_ms is None:
            yield {"event": "silent", "text": f"THIS DESK IS SILENT: {after.silent_why}; what was shown is old"}
        return
    if before is not None and before.silent_ms is not None:
        yield {"event": "answers", "text": "the node answers again"}
    known = [] if before is None else banners_of(before)
    for text in banners_of(after):
        if text not in known:
            yield {"event": "notice", "text": text}
    yield from _lines(before, after)
    yield from _mutes(before, after)
    yield from _pages(before, after)


def _lines(before: Picture | None, after: Picture) -> Iterator[dict[str, Any]]:
    states = {} if before is None else {line.counterpart: line.status["line"] for line in before.lines}
    for line in after.lines:
        state = line.status["line"]
        if states.get(line.counterpart) != state:
            text = f"the line with {line.counterpart} is {str(state).upper()}"
            yield {"event": "line", "text": text, "counterpart": line.counterpart, "state": state}


def _mutes(before: Picture | None, after: Picture) -> Iterator[dict[str, Any]]:
    old = {} if before is None else {mute["role"]: mute for mute in before.mutes}
    new = {mute["role"]: mute for mute in after.mutes}
    for role, mute in new.items():
        if old.get(role) != mute:
            yield {"event": "muted", "text": mute_line(mute), "role": role}
    for role in old:
        if role not in new:
            yield {"event": "unmuted", "text": f"{role} is called again", "role": role}


def _pages(before: Picture | None, after: Picture) -> Iterator[dict[str, Any]]:
    old = {} if before is None else {page["id"]: page for page in before.pages}
    for page in after.pages:
        was = old.pop(page["id"], None)
        text = f"{page['id']} {about(page)}{left(page, after.at_ms)}"
        if page["sounding"] and not (was is not None and was["sounding"] and was["overdue"] == page["overdue"]):
            yield {"event": "calls", "text": text, "page": dict(page)}
        elif page["acked_ms"] is not None and (was is None or was["acked_ms"] != page["acked_ms"]):
            yield {"event": "taken", "text": f"{text}; by {page['acked_by']}", "page": dict(page)}
    for name, page in old.items():
        yield {"event": "ended", "text": f"{name} {about(page)}", "page": dict(page)}
