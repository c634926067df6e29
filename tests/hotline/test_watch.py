"""What `watch` shows, from pictures alone: nothing is overlooked, nothing acts on the screen, everything fits."""

import io
from dataclasses import replace
from typing import Any

import pytest

from hotline.output import Output
from hotline.watch.changes import changes, line_of
from hotline.watch.picture import LineSeen, Picture
from hotline.watch.view import screen

NOW = 1_800_000_000_000
MINUTE = 60_000
PLAIN = Output(out=io.StringIO(), err=io.StringIO())
COLOURED = replace(PLAIN, colour=True)


def status(state: str = "up", **details: Any) -> dict[str, Any]:
    """A line at a glance."""
    return {
        "counterpart": "BOR",
        "line": state,
        "last_beat_at_ms": NOW - 3_000,
        "own_size": 17,
        "own_held": 17,
        "their_size": 12,
        "details": {"live": True, **details},
    }


def said(serial: str = "BOR 17", precedence: str = "routine", **changes: Any) -> dict[str, Any]:
    """A statement of the counterpart."""
    return {
        "serial": serial,
        "precedence": precedence,
        "kind": "notification",
        "status": "actual",
        "logged_at_ms": NOW - MINUTE,
        "rung": "held",
        "rungs": {},
        "state": "made",
        "effective": True,
        "faults": [],
        "missing": [],
        "ahead": None,
        "signers": [],
        **changes,
    }


def page(name: str = "p1", **changes: Any) -> dict[str, Any]:
    """A page of a flash."""
    return {
        "id": name,
        "about": "statement",
        "counterpart": "BOR",
        "serial": "BOR 17",
        "kind": "notification",
        "precedence": "flash",
        "status": "actual",
        "clock": None,
        "code": None,
        "role": None,
        "since_ms": NOW - MINUTE,
        "due_ms": None,
        "overdue": False,
        "count": 1,
        "lasts": True,
        "acked_ms": None,
        "acked_by": None,
        "sounding": True,
        "yours": True,
        "calls": [],
        **changes,
    }


def clock(due_ms: int, owed_by: str = "ARC") -> dict[str, Any]:
    """Something that is owed."""
    return {
        "name": "answer",
        "owed_by": owed_by,
        "due_ms": due_ms,
        "serial": "BOR 12",
        "kind": "clarification-request",
        "status": "actual",
        "precedence": "immediate",
        "overdue": due_ms < NOW,
    }


def picture(**changes: Any) -> Picture:
    """A desk with one line."""
    line = {name: changes.pop(name) for name in ("due", "inbox", "banners") if name in changes}
    seen = LineSeen(status=changes.pop("status", status()), **line)
    return Picture(party="ARC", person=1, at_ms=NOW, lines=(seen,), **changes)


def shown(what: Picture, *, width: int = 100, height: int = 30, output: Output = PLAIN, **options: Any) -> list[str]:
    """The screen."""
    return screen(what, output, now_ms=NOW, width=width, height=height, **options)


def test_what_calls_stands_on_top_with_its_key() -> None:
    """Above what is due and what was said; a key for each."""
    text = "\n".join(shown(picture(pages=(page(),), due=(clock(NOW + MINUTE),), inbox=(said(),))))
    assert "[1] FLASH BOR 17 notification: not opened yet, 1 min ago  (p1)" in text
    assert text.index("calls for you (1)") < text.index("due (1)") < text.index("said to us (1 not opened)")


def test_due_counts_down_and_overdue_counts_up() -> None:
    """Whoever owes it is named; what is over is in capitals, whatever the colour."""
    text = "\n".join(shown(picture(due=(clock(NOW - 5 * MINUTE), clock(NOW + 90_000, "BOR")))))
    assert "OVERDUE by 5 min       answer by us: IMMEDIATE BOR 12" in text
    assert "in 1 min 30 s          answer by BOR: IMMEDIATE BOR 12" in text


def test_a_silent_desk_is_said_plainly() -> None:
    """Since when, why, and that what stands below is old."""
    text = "\n".join(shown(picture(silent_ms=NOW - 2 * MINUTE, silent_why="node-not-running", inbox=(said(),))))
    assert "*** THIS DESK IS SILENT since 2027-01-15 07:58:00Z (2 min): node-not-running ***" in text
    assert "What stands below is old" in text
    assert "BOR 17" in text


def test_banners_and_mutes_are_never_scrolled_away() -> None:
    """On the smallest screen, in every part of what does not fit."""
    mute = {"role": "duty", "until_ms": NOW + MINUTE, "even_flash": False, "by": "person 2", "entry": 7}
    what = picture(
        banners=("*** demonstration: nothing said here is meant ***",),
        mutes=(mute,),
        inbox=tuple(said(f"BOR {number}") for number in range(30)),
    )
    for part in range(4):
        lines = shown(what, width=60, height=12, page=part)
        assert lines[1].startswith("*** demonstration")
        assert lines[2].startswith("*** MUTED duty until")
        assert "part " in lines[-1]


def test_new_statements_come_by_precedence() -> None:
    """A flash above newer routine ones; what was opened comes last."""
    inbox = (
        said("BOR 9", logged_at_ms=NOW),
        said("BOR 8", "flash"),
        said("BOR 7", "flash", rung="opened", rungs={"opened": {}}),
        said("BOR 6", "immediate"),
    )
    lines = [line for line in shown(picture(inbox=inbox)) if "notification" in line]
    assert [line.split("BOR ")[1][0] for line in lines] == ["8", "6", "9", "7"]
    assert [line.startswith("  NEW") for line in lines] == [True, True, True, False]


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (200, 60), (1, 1)])
def test_every_screen_fits(width: int, height: int) -> None:
    """As many lines as there are, none wider than the screen; below a smallest size the screen cuts."""
    what = picture(
        pages=tuple(page(f"p{number}") for number in range(40)),
        inbox=tuple(said(f"BOR {number}", faults=["unauthorised"] * 9) for number in range(40)),
        silent_ms=NOW,
    )
    lines = shown(what, width=width, height=height)
    assert len(lines) == max(height, 10)
    assert max(map(len, lines)) <= max(width, 40)


def test_colour_adds_nothing_but_colour() -> None:
    """Without it every word is the same."""
    what = picture(pages=(page(),), due=(clock(NOW - 1),), inbox=(said(precedence="flash"),), status=status("down"))
    plain, coloured = shown(what), shown(what, output=COLOURED)
    assert plain != coloured
    codes = ("\x1b[1m", "\x1b[31m", "\x1b[1;31m", "\x1b[33m", "\x1b[1;33m", "\x1b[0m")
    for code in codes:
        coloured = [line.replace(code, "") for line in coloured]
    assert plain == coloured


@pytest.mark.parametrize("evil", ["\x1b[2J", "\u202egnihton", "a\r\nb", "\x07", "\x9b31m"])
def test_text_from_elsewhere_cannot_act_on_the_screen(evil: str) -> None:
    """A kind, a fault, a reason or a code: what could act is shown as its number."""
    mute = {"role": evil, "until_ms": NOW, "even_flash": True, "by": evil, "entry": 7}
    what = picture(
        inbox=(said(kind=evil, status=evil, faults=[evil], missing=[evil]),),
        pages=(page(kind=evil, status=evil), page("p2", about="alarm", code=evil)),
        due=({**clock(NOW), "kind": evil, "name": evil, "owed_by": evil},),
        mutes=(mute,),
        banners=(evil,),
    )
    text = "".join(shown(what, width=300)) + "".join(map(line_of, changes(None, what)))
    assert not set(text) & set("\x1b\x07\x9b\u202e\r\n")


def test_what_is_not_meant_is_marked() -> None:
    """An exercise is named as one in each row."""
    what = picture(
        inbox=(said(status="exercise"),),
        pages=(page(status="exercise"),),
        due=({**clock(NOW), "status": "exercise"},),
    )
    assert sum("EXERCISE" in line for line in shown(what)) == 3


def test_a_line_says_how_it_is() -> None:
    """Down, in dispute, behind, or with statements that wait."""
    what = picture(status=status("down", disputed=True, queued=2, live=False))
    (line,) = [one for one in shown(what) if one.startswith("BOR ")]
    assert "line DOWN" in line
    assert "DISPUTED" in line
    assert "2 queued" in line
    assert "NOTHING IS SENT YET" in line


def test_a_draft_for_another_role_stands_there_and_does_not_call() -> None:
    """Whoever has signed it already cannot do what it waits for."""
    draft = page(about="draft", serial=None, role="release", yours=False)
    assert not picture(pages=(draft,)).calling
    assert any("waits for release" in line for line in shown(picture(pages=(draft,))))


def test_a_desk_without_a_sound_says_so() -> None:
    """Whoever relies on being woken has to know."""
    assert "*** no sound at this desk ***" in shown(picture(), sound=False)


def test_changes_are_one_record_each() -> None:
    """A page that calls, is taken and ends; a line that goes down; a mute; a silent desk that answers again."""
    steps = [
        picture(),
        picture(pages=(page(),)),
        picture(pages=(page(sounding=False, acked_ms=NOW, acked_by="person 1"),)),
        picture(status=status("down")),
        picture(status=status("down"), silent_ms=NOW, silent_why="node-closed"),
        picture(status=status("down"), silent_ms=NOW, silent_why="node-closed"),
        picture(status=status("down")),
    ]
    found = []
    before = None
    for one in steps:
        found += [record["event"] for record in changes(before, one)]
        before = one
    assert found == ["line", "calls", "taken", "line", "ended", "silent", "answers"]


def test_a_clock_that_runs_over_calls_again() -> None:
    """Due soon and overdue are two calls of one page."""
    soon = page("p3", about="clock", clock="answer", due_ms=NOW)
    first, second = picture(pages=(soon,)), picture(pages=({**soon, "overdue": True},))
    assert [record["event"] for record in changes(first, second)] == ["calls"]
