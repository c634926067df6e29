"""A review of a thread: figures of its clocks, decisions with their grounds, lessons from statement to closure."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from hotline.reviewing import Review, review, wanted
from nodes.resources import catalogue
from tests.hotline.nodes import running
from tests.hotline.people import acting, ok, paired

CATALOGUE = catalogue()
DAY_MS = 86_400_000
NOW_MS = 1_795_255_200_000
PLACES = {
    "lesson": "Call earlier.", "owner": "Duty desk", "whose": "both", "due": "2026-11-21", "state": "open"
}  # fmt: skip


def view(serial: str, kind: str, at_ms: int, **more: Any) -> dict[str, Any]:
    """An entry as a node judged it."""
    voice, _, index = serial.partition(" ")
    return {
        "serial": serial,
        "voice": voice,
        "index": int(index),
        "leaf": leaf(serial),
        "thread": leaf("ARC 1"),
        "kind": kind,
        "logged_at_ms": at_ms,
        "effective": True,
        "has_body": True,
        "in_reply_to": None,
        "reply_serial": None,
        "signers": [{"person": 1, "role": "duty"}],
        "clocks": [],
        "rungs": {},
        **more,
    }


def leaf(serial: str) -> str:
    """A leaf hash for it."""
    return hashlib.sha256(serial.encode()).hexdigest()


def clock(party: str, state: str, due_ms: int, done_ms: int | None = None, **more: Any) -> dict[str, Any]:
    """A clock as a node shows it."""
    return {"name": "answer", "owed_by": party, "state": state, "due_ms": due_ms, "done_ms": done_ms, **more}


def look(
    views: list[dict[str, Any]], contents: dict[str, dict[str, Any]] | None = None, now_ms: int = NOW_MS
) -> Review:
    """Look back at a thread."""
    return review(
        views, CATALOGUE, parties=("ARC", "BOR"), contents=contents or {}, unread={}, now_ms=now_ms
    )  # fmt: skip


def test_clocks_and_answers_are_counted_for_whoever_owed_them() -> None:
    """How long an answer took runs from where it was held."""
    asked = view("ARC 1", "clarification-request", 1000, clocks=[clock("BOR", "kept", 9000, 5000)])
    asked["rungs"] = {"held": {"at_ms": 1500}, "answered": {"at_ms": 5000}}
    other = view("ARC 2", "clarification-request", 2000, clocks=[clock("BOR", "missed", 3000, 8000)])
    other["rungs"] = {"held": {"at_ms": 2500}, "answered": {"at_ms": 8000}}
    found = look([asked, other, view("BOR 3", "clarification-response", 5000, clocks=[clock("ARC", "running", 1)])])
    assert found.owed["BOR"].as_dict() == {
        "kept": 1,
        "missed": 1,
        "disputed": 0,
        "running": 0,
        "answers": 2,
        "answer_median_ms": 4500,
        "answer_longest_ms": 5500,
    }
    assert (found.owed["ARC"].running, found.owed["ARC"].took_ms) == (1, ())
    assert [(one["serial"], one["late_ms"]) for one in found.late] == [("ARC 2", 5000), ("BOR 3", NOW_MS - 1)]


def test_a_clock_that_stands_still_is_not_late() -> None:
    """A suspension is nobody's silence."""
    assert look([view("ARC 1", "notification", 1, clocks=[clock("BOR", "running", 1, paused=True)])]).late == ()


def test_decisions_stand_with_signers_and_grounds_and_requests_are_none() -> None:
    """What was not read has no grounds, and says so by having none at all."""
    views = [
        view("BOR 7", "review-close", 1),
        view("ARC 8", "object", 2, reply_serial="BOR 7"),
        view("ARC 9", "holding-reply", 3),
        view("ARC 10", "decline", 4, effective=False),
    ]
    found = look(views, {"ARC 8": {"reason": "Two are open.", "instead": "In May."}})
    assert [(one.serial, one.on, one.grounds) for one in found.decisions] == [
        ("ARC 8", "BOR 7", {"reason": "Two are open."}),
        ("ARC 9", None, None),
    ]
    assert found.decisions[0].signers == ((1, "duty"),)
    assert [one["serial"] for one in wanted(views, CATALOGUE)] == ["ARC 8", "ARC 9", "ARC 10"]


def test_a_lesson_is_tracked_through_what_answers_it_until_it_is_closed() -> None:
    """An answer to a follow-up follows up the first; another lesson is another one."""
    views = [
        view("BOR 5", "review-lesson", 1),
        view("BOR 6", "review-lesson", 2, in_reply_to=leaf("BOR 5")),
        view("ARC 7", "review-lesson", 3, in_reply_to=leaf("BOR 6")),
        view("ARC 8", "review-lesson", 4, in_reply_to=leaf("ARC 1")),
    ]
    done = {**PLACES, "state": "done", "changed": ["template 3"]}
    found = look(views, {"BOR 5": PLACES, "BOR 6": PLACES, "ARC 7": done, "ARC 8": PLACES})
    assert [one.serials for one in found.lessons] == [("BOR 5", "BOR 6", "ARC 7"), ("ARC 8",)]
    first, second = found.lessons
    assert (first.state, first.changed, first.overdue(NOW_MS + 99 * DAY_MS)) == ("done", ("template 3",), False)
    assert second.due_ms is not None
    assert not second.overdue(second.due_ms)
    assert second.overdue(second.due_ms + 1)


def test_a_lesson_whose_last_word_was_not_read_has_no_state() -> None:
    """It may have been closed."""
    views = [view("BOR 5", "review-lesson", 1), view("BOR 6", "review-lesson", 2, in_reply_to=leaf("BOR 5"))]
    (lesson,) = look(views, {"BOR 5": PLACES}).lessons
    assert (lesson.state, lesson.overdue(NOW_MS + 99 * DAY_MS)) == (None, False)


def test_the_timeline_is_hashed_with_what_nodes_stated_and_listed_without() -> None:
    """The hash is that of the leaf hashes behind one another."""
    views = [view("ARC 1", "notification", 1), view("BOR 2", "translated", 2), view("BOR 3", "no-such-kind", 3)]
    found = look(views)
    assert found.timeline == hashlib.sha256(b"".join(bytes.fromhex(leaf(one["serial"])) for one in views)).digest()
    assert found.hashed == len(views)
    assert "BOR 3" in [one["serial"] for one in found.entries]


def test_a_lesson_of_the_other_side_cannot_break_the_review() -> None:
    """A body holds what its author put there, as far as the node took it."""
    odd: dict[str, Any] = {"lesson": None, "due": 7, "state": "\x1b[31m", "changed": None}
    (lesson,) = look([view("BOR 5", "review-lesson", 1)], {"BOR 5": odd}).lessons
    assert (lesson.due_ms, lesson.changed) == (None, ())


@pytest.mark.slow
def test_both_sides_see_the_same_review(tmp_path: Path) -> None:
    """Between two real nodes: timeline, clocks, decisions with grounds, lessons; people read it as text."""
    arc, bor = paired(tmp_path)

    def send(home: Path, *arguments: str) -> str:
        told = ok(*acting(home, "send", *arguments, "--wait", "held", "--timeout", "20"))
        return str(told["serial"])

    def fields(**values: str) -> list[str]:
        return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]

    with running(arc, bor):
        opened = send(arc, "review-open", *fields(title="Look back", scope="All of it."))
        lesson = send(bor, "review-lesson", "--reply-to", opened, *fields(**PLACES))
        closing = send(bor, "review-close", "--reply-to", opened, *fields(summary="Done.", open_lessons="1"))
        send(arc, "object", "--reply-to", closing, *fields(reason="One is open."))
        told = [ok(*acting(home, "review", opened)) for home in (arc, bor)]
    assert told[0]["timeline"] == told[1]["timeline"]
    assert told[0]["lessons"] == told[1]["lessons"]
    assert told[0]["lessons"][0]["serials"] == [lesson]
    assert [one["grounds"] for one in told[0]["decisions"]] == [{"reason": "One is open."}]
    assert told[0]["decisions"] == told[1]["decisions"]
