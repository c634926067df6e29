"""The screen of a watch: a function from what was seen, the time and the size to lines.

Every text passes `printable` before it is cut and coloured. No meaning is in a colour alone: what is red is in capitals
as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotline.banners import merged
from hotline.dockets import absence_words
from hotline.output import Output
from hotline.paging import about, left, mute_line
from hotline.printable import printable
from hotline.showing import state_text
from hotline.watch.picture import LineSeen, Picture, View, is_unread
from hotline.words import Words, cut
from hotline.zulu import duration, zulu_short

KEYS: Final = "a acknowledge all   1-9 one   space further   q quit"
SIZE_MIN: Final = (40, 10)
LISTED_MAX: Final = 9
"""Pages that a key of their own acknowledges."""

_COLOUR: Final = {"flash": ("bold", "red"), "immediate": ("bold", "red"), "priority": ("yellow",)}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the screen.

    Attributes:
        text: of one line, printable.
        colours: how it is set apart where there is colour.
    """

    text: str
    colours: tuple[str, ...] = ()


def screen(
    picture: Picture, output: Output, *, now_ms: int, width: int, height: int, page: int = 0, sound: bool = True
) -> list[str]:
    """The lines of a screen, exactly as many as it has.

    Args:
        picture: what was seen.
        output: whether there is colour, and in which language kinds are named.
        now_ms: UTC milliseconds, by the node's clock.
        width, height: of the screen, in characters.
        page: of what does not fit, from 0.
        sound: whether this desk makes a sound; said where it does not.
    """
    width, height = max(width, SIZE_MIN[0]), max(height, SIZE_MIN[1])
    head = list(_head(picture, now_ms=now_ms, sound=sound))[: height - 2]
    body = list(_body(picture, output, now_ms=now_ms))
    room = height - len(head) - 1
    pages = max(1, -(-len(body) // room))
    place = page % pages
    shown = body[place * room : (place + 1) * room]
    shown += [Row("")] * (room - len(shown))
    foot = Row((f"part {place + 1} of {pages}   " if pages > 1 else "") + KEYS)
    return [_cut(row, width, output) for row in (*head, *shown, foot)]


def _cut(row: Row, width: int, output: Output) -> str:
    text = cut(row.text, width)
    return output.paint(text, *row.colours) if row.colours and text else text


def _head(picture: Picture, *, now_ms: int, sound: bool) -> Iterator[Row]:
    """What is never scrolled away: who watches, when, and everything that must not be overlooked."""
    yield Row(f"{picture.party} watch, person {picture.person}   {zulu_short(now_ms)}", ("bold",))
    if picture.silent_ms is not None:
        since = f"{zulu_short(picture.silent_ms)} ({duration(max(0, now_ms - picture.silent_ms))})"
        yield Row(f"*** THIS DESK IS SILENT since {since}: {picture.silent_why} ***", ("bold", "red"))
        yield Row("    The node does not answer. What stands below is old; the line may be up or down.", ("bold",))
    if not sound:
        yield Row("*** no sound at this desk ***", ("yellow",))
    for text in banners_of(picture):
        yield Row(text, ("bold", "yellow"))
    for mute in picture.mutes:
        yield Row(f"*** {mute_line(mute)} ***", ("bold", "yellow"))


def banners_of(picture: Picture) -> list[str]:
    """What every screen says of the lines, each with whom it concerns where not all are the same."""
    return merged({line.counterpart: line.banners for line in picture.lines})


def _body(picture: Picture, output: Output, *, now_ms: int) -> Iterator[Row]:
    for line in picture.lines:
        yield _line(line, now_ms)
    calling = picture.calling
    yield Row(f"-- calls for you ({len(calling)}) " + "-" * 20)
    for number, page in enumerate(calling, 1):
        yield _page(page, number, now_ms)
    rest = [page for page in picture.pages if page not in calling and page["about"] in {"alarm", "warning", "draft"}]
    for page in rest:
        taken = f"; taken by {page['acked_by']}" if page["acked_ms"] is not None else ""
        yield Row(printable(f"     {about(page)}{left(page, now_ms)}{taken}"))
    owed = picture.owed()
    yield Row(f"-- due ({len(owed)}) " + "-" * 20)
    for _, clock in owed:
        yield _clock(clock, picture.party, now_ms, output.words)
    news = picture.news()
    unread = sum(1 for _, view in news if is_unread(view))
    yield Row(f"-- said to us ({unread} not opened) " + "-" * 20)
    for _, view in news:
        yield _said(view, output)


def _line(line: LineSeen, now_ms: int) -> Row:
    status = line.status
    state = str(status["line"]).upper()
    beat = status["last_beat_at_ms"]
    seen = "no beat yet" if beat is None else f"last beat {duration(max(0, now_ms - beat))} ago"
    behind = max(0, status["own_size"] - status["own_held"])
    parts = [f"{line.counterpart:<4} line {state:<8}", seen]
    parts.append(f"{behind} of ours not held" if behind else "all of ours held")
    details = status.get("details") or {}
    parts += [f"{details[name]} {name}" for name in ("queued", "drafts") if details.get(name)]
    if details and not details.get("live", True):
        parts.append("NOTHING IS SENT YET")
    if details.get("disputed"):
        parts.append("DISPUTED")
    colours = () if state == "UP" else ("bold", "red") if state == "DOWN" else ("yellow",)
    return Row(", ".join(parts), colours)


def _page(page: View, number: int, now_ms: int) -> Row:
    key = f"[{number}]" if number <= LISTED_MAX else "   "
    return Row(printable(f"{key} {about(page)}{left(page, now_ms)}  ({page['id']})"), ("bold", "red"))


def _clock(clock: View, party: str, now_ms: int, words: Words) -> Row:
    left_ms = int(clock["due_ms"]) - now_ms
    ours = clock["owed_by"] == party
    when = f"in {duration(left_ms)}" if left_ms >= 0 else f"OVERDUE by {duration(-left_ms)}"
    if clock.get("paused"):
        when, left_ms = "SUSPENDED", 0
    status = "" if clock["status"] == "actual" else f" {str(clock['status']).upper()}"
    who = "by us" if ours else f"by {clock['owed_by']}"
    text = f"     {when:<22} {clock['name']} {who}: {str(clock['precedence']).upper()} {clock['serial']}"
    why = f"  {absence_words(clock, words)}" if left_ms < 0 and clock.get("no_answer") else ""
    colours = ("bold", "red") if left_ms < 0 and ours else ("yellow",) if left_ms < 0 else ()
    return Row(f"{printable(text)} {words.kind_name(str(clock['kind']))}{printable(status)}{why}", colours)


def _said(view: View, output: Output) -> Row:
    unread, words, state = is_unread(view), output.words, state_text(view)
    at_ms = view["logged_at_ms"]
    parts = [
        "  NEW" if unread else "     ",
        printable(f"{str(view['precedence'] or '').upper():<9}"),
        printable(f"{view['serial']:<9}"),
        zulu_short(at_ms) if at_ms is not None else "-" * 20,
        words.kind_name(str(view["kind"] or "not understood")),
        words.state(state) if state else "",
    ]
    if view["status"] not in {None, "actual", "system"}:
        parts.append(printable(f"*** {str(view['status']).upper()} ***"))
    if view["ahead"] is not None:
        parts.append(f"came ahead of {view['ahead']}")
    if view["faults"]:
        parts.append(printable("FAULT " + ", ".join(view["faults"])))
    if view.get("missing"):
        parts.append(printable("UNAUTHORISED: no " + ", ".join(view["missing"])))
    text = " ".join(part for part in parts if part).rstrip()
    return Row(text, _COLOUR.get(str(view["precedence"]), ()) if unread else ())
