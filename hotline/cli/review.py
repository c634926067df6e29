"""`hotline review`: look back at a thread: how long it took, what was decided and why, what was learnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of

if TYPE_CHECKING:
    from hotline.output import Output
    from hotline.reviewing import Lesson, Owed, Review
    from protocol.kinds import Catalogue

ENTRIES_MAX = 1000
"""Entries of a thread that a node gives."""


@click.command("review")
@click.argument("serial")
@common_options
@click.pass_context
def review_command(context: click.Context, serial: str) -> None:
    """Look back at the thread that a statement is in, for a review after the event.

    Shows the timeline, how each side kept its clocks and how fast it answered, every decision with who signed it and
    the grounds that were given at the time, and the lessons with what became of each. All figures come from the two
    logs, so the other side and every auditor find the same. The hash of the timeline fixes which entries they are
    of; the field `document_hash` of a `review-open` can name it. Grounds and lessons need a role that reads contents.

    Open a review with `send review-open --reply-to SERIAL`; say what was learnt with `send review-lesson`, and again
    in reply to it when it is done.

    \b
    Examples:
      hotline --home ARC review 'BOR 4'
      hotline --home ARC review 'BOR 4' --json
    """
    from hotline.banners import banner
    from hotline.reviewing import review, wanted
    from hotline.sending import fetch

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        spoken = fetch(desk, serial)
        counterpart = spoken.counterpart or None
        channel = desk.channel(counterpart)
        views: list[dict[str, Any]] = desk.request("thread", counterpart=counterpart, id=spoken.thread)
        docket = desk.request("docket", counterpart=channel.counterpart, at_ms=None)
        contents: dict[str, dict[str, Any]] = {}
        unread: dict[str, str] = {}
        for view in wanted(views, channel.catalogue):
            _open(desk, channel.counterpart, view, contents, unread)
    parties = tuple(sorted((channel.own, channel.counterpart)))
    found = review(views, channel.catalogue, parties=parties, contents=contents, unread=unread, now_ms=channel.now_ms)
    told = found.as_dict(channel.now_ms)
    told |= {"counterpart": channel.counterpart, "sizes": docket["sizes"], "digest": docket["digest"]}
    told["whole"] = len(views) < ENTRIES_MAX
    lines = [*banner(channel), *review_lines(found, output, channel.catalogue, now_ms=channel.now_ms)]
    if not told["whole"]:
        lines.append(f"The thread is longer: these are its first {ENTRIES_MAX} entries.")
    sizes = ", ".join(f"{name} {size}" for name, size in sorted(docket["sizes"].items()))
    output.result(told, [*lines, "", f"Of {sizes} entries; digest of the docket {docket['digest']}"])


def _open(desk: Any, counterpart: str, view: Any, contents: dict[str, dict[str, Any]], unread: dict[str, str]) -> None:
    """Read one statement, or note why that could not be."""
    from hotline.errors import Refused
    from hotline.reference import Reference
    from nodes.errors import ApiRefused

    serial = view["serial"]
    try:
        contents[serial] = desk.contents(desk.entry(Reference(counterpart, view["voice"], view["index"]))) or {}
    except (Refused, ApiRefused) as error:
        unread[serial] = error.code


def review_lines(found: Review, output: Output, catalogue: Catalogue, *, now_ms: int) -> list[str]:
    """Show a review to people."""
    from hotline.showing import view_line
    from hotline.zulu import duration, zulu_short

    spanned = duration(found.last_ms - found.began_ms)
    span = f"{zulu_short(found.began_ms)} to {zulu_short(found.last_ms)}"
    lines = [
        f"{output.paint('Timeline', 'bold')}  {len(found.entries)} statements in {spanned}, {span}",
        *(f"  {view_line(one, output)}" for one in found.entries),
        f"  hash of {found.hashed} entries {found.timeline.hex()}",
        "",
        output.paint("Clocks", "bold"),
        *(f"  {_owed_text(party, owed)}" for party, owed in found.owed.items()),
    ]
    for clock in found.late:
        lines.append(f"  {output.paint(_late_text(clock, output), 'red')}")
    lines += ["", output.paint("Decisions", "bold")]
    lines += list(_decision_lines(found, output, catalogue)) or ["  None was taken in this thread."]
    lines += ["", output.paint("Lessons", "bold")]
    lines += [line for one in found.lessons for line in _lesson_lines(one, output, now_ms=now_ms)] or [
        "  None is stated yet; one is with: hotline send review-lesson"
    ]
    if found.unread:
        some = ", ".join(f"{serial} ({code})" for serial, code in list(found.unread.items())[:3])
        lines += [
            "",
            f"Contents of {len(found.unread)} could not be read, so grounds and lessons are not whole: {some}",
        ]
    return lines


def _owed_text(party: str, owed: Owed) -> str:
    from hotline.printable import printable
    from hotline.zulu import duration

    counts = [f"{getattr(owed, name)} {name}" for name in ("kept", "missed", "disputed", "running")]
    told = owed.as_dict()
    answers = f"{told['answers']} answers" if told["answers"] != 1 else "1 answer"
    if told["answers"]:
        answers += (
            f", in the median {duration(told['answer_median_ms'])}, at most {duration(told['answer_longest_ms'])}"
        )
    return f"{printable(party):<4} {', '.join(counts)}; {answers}"


def _late_text(clock: Any, output: Output) -> str:
    from hotline.showing import clock_text
    from hotline.zulu import duration

    late = f" ({duration(clock['late_ms'])} late)" if clock["late_ms"] else ""
    return f"{clock['serial']:<9} {clock_text(clock, output.words)}{late}"


def _decision_lines(found: Review, output: Output, catalogue: Catalogue) -> Iterator[str]:
    from hotline.showing import field_lines, signers_text
    from hotline.zulu import zulu_short

    for one in found.decisions:
        about = f" on {one.on}" if one.on is not None else ""
        who = signers_text({"signers": one.signers}) or "nobody whose signature counts"
        yield f"  {one.serial:<9} {zulu_short(one.at_ms)}  {output.words.kind_name(one.kind)}{about}, by {who}"
        kind = catalogue.kind(one.kind)
        if one.grounds is not None and kind is not None:
            yield from (f"    {line}" for line in field_lines(kind, one.grounds, catalogue, output.words))


def _lesson_lines(lesson: Lesson, output: Output, *, now_ms: int) -> list[str]:
    from hotline.printable import printable
    from hotline.zulu import zulu_short

    if lesson.state is None:
        return [f"  {lesson.serials[0]:<9} contents not read"]
    state = output.words.coded("lesson-state", printable(lesson.state))
    due = "" if lesson.due_ms is None else f", due {zulu_short(lesson.due_ms)}"
    overdue = f"  {output.paint('OVERDUE', 'bold', 'red')}" if lesson.overdue(now_ms) else ""
    owner = printable(lesson.owner or "?")
    lines = [f"  {lesson.serials[0]:<9} {state}{due}, {owner}{overdue}", f"    {printable(lesson.text or '')}"]
    if len(lesson.serials) > 1:
        lines.append(f"    followed up by {', '.join(lesson.serials[1:])}")
    if lesson.changed:
        lines.append(f"    changed {', '.join(map(printable, lesson.changed))}")
    return lines
