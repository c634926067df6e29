"""A counterpart that says much of one kind: it hides nothing else from people, and what is shown costs no more."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from nodes.causes import STATEMENTS_MAX, _statements
from nodes.docket_db import DocketTables, connect
from nodes.projection import Projection
from protocol import docket
from protocol.clocks import Clockwork
from protocol.course import Course
from protocol.docket_item import Item
from protocol.event import Event
from protocol.memory_ledger import MemoryLedger
from protocol.pauses import SUSPENSIONS
from protocol.verdict import location
from tests.builders import START_MS, World
from tests.nodes.test_projection import Node

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MANY = 300
THREE = ((1, "duty"), (2, "release"), (3, "senior"))


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """ARC's, before anything was said."""
    made = Node(tmp_path / "ARC", World(), "ARC")
    made.feed("ARC")
    made.feed("BOR")
    made.settle()
    return made


def put(projection: Projection, items: list[Item]) -> None:
    """Let the docket have items, as the fold leaves them."""
    tables = projection._tables
    with projection._db:
        for item in items:
            tables.put(item)


def made(voice: int, index: int, kind: str, course: Course | None, **values: object) -> Item:
    """One item of a thread of its own."""
    place = 2 * index + voice
    terms: dict[str, object] = {
        "place": place,
        "thread": place,
        "kind": kind,
        "status": "actual",
        "precedence": "routine",
        "logged_at_ms": START_MS,
        "at": index,
        "state": "made",
        "held": (1, START_MS),
        "course": course,
    }
    return Item(**{**terms, **values})  # type: ignore[arg-type]


def test_what_the_other_side_leaves_undone_hides_nothing_that_we_owe(node: Node) -> None:
    """BOR owes hundreds of follow-ups, overdue for long: what ARC owes by next week is among what is due, and so is
    what BOR asked by flash, though hundreds of its routine statements were never opened."""
    owed = Course(follow_by_ms=START_MS + 1)
    theirs = [made(1, 10 + number, "notification", owed, opened=(2, START_MS)) for number in range(MANY)]
    theirs += [made(1, 500 + number, "notification", None) for number in range(MANY)]
    flash = made(1, 900, "clarification-request", None, precedence="flash", state="open", held=(9, START_MS + DAY_MS))
    ours = made(0, 10, "notification", Course(follow_by_ms=START_MS + 7 * DAY_MS), opened=(2, START_MS))
    put(node.projection, [*theirs, flash, ours])
    due = node.projection.due(START_MS + DAY_MS)
    assert {("ARC 10", "follow", "ARC"), ("BOR 900", "answer", "ARC"), ("BOR 10", "follow", "BOR")} <= {
        (one["serial"], one["name"], one["owed_by"]) for one in due
    }
    assert len({one["serial"] for one in due}) <= 200
    assert node.projection.due_count() == 2 * MANY + 2


def test_what_the_other_side_has_in_force_hides_nothing_of_ours(node: Node) -> None:
    """A register shows both voices, and warns of the end of both, however many of the other's end sooner or later."""
    late = Course(from_ms=START_MS, until_ms=START_MS + 90 * DAY_MS)
    soon = Course(from_ms=START_MS, until_ms=START_MS + 2 * DAY_MS)
    theirs = [made(1, 10 + number, "red-line-declare", late, state="declared") for number in range(MANY)]
    theirs += [made(1, 500 + number, "red-line-declare", soon, state="declared") for number in range(MANY)]
    ours = made(0, 10, "red-line-declare", Course(from_ms=START_MS, until_ms=START_MS + 3 * DAY_MS), state="declared")
    put(node.projection, [*theirs, ours])
    at_ms = START_MS + 2 * DAY_MS - HOUR_MS
    listed = node.projection.registers(at_ms, name="red-lines", limit=100)["red-lines"]
    assert "ARC 10" in {one["serial"] for one in listed}
    assert len(listed) == 100
    warned = [one["serial"] for one in node.projection.due(at_ms) if one["name"] == "end"]
    assert "ARC 10" in warned


def test_suspensions_without_end_leave_room_on_every_screen(node: Node) -> None:
    """Those of a party and status that end last are named, and ours beside them."""
    course = Course(from_ms=START_MS, until_ms=START_MS + 5 * DAY_MS)
    theirs = [
        made(1, 10 + number, "line-suspend", course, state="declared", status=status)
        for number, status in enumerate(("actual", "exercise") * MANY)
    ]
    soon = Course(from_ms=START_MS, until_ms=START_MS + DAY_MS)
    put(node.projection, [*theirs, made(0, 10, "line-suspend", soon, state="declared")])
    told = node.projection.over_all(START_MS + HOUR_MS)["suspended"]
    assert {(one["party"], one["status"]) for one in told} == {
        ("BOR", "actual"),
        ("BOR", "exercise"),
        ("ARC", "actual"),
    }
    assert len(told) <= 9


def test_a_suspension_counts_from_the_moment_that_it_is_written(node: Node) -> None:
    """The register of suspensions is read once for many matters, and anew when something was written."""
    world = node.world
    asked = world.say("BOR", "clarification-request")
    world.state("ARC", "arrival")
    node.feed("BOR")
    node.feed("ARC")
    node.settle()
    node.projection.attend(now_ms=lambda: START_MS + 2 * HOUR_MS, line_state=lambda: "up", heard_ms=lambda: None)
    before = node.projection.entry(*asked)
    world.say(
        "BOR", "line-suspend", signers=THREE, valid_until_ms=START_MS + 3 * DAY_MS,
        facts={"reason": "political", "forced": True},
    )  # fmt: skip
    world.state("ARC", "arrival")
    node.feed("BOR")
    node.feed("ARC")
    node.settle()
    after = node.projection.entry(*asked)
    assert before is not None
    assert after is not None
    assert not any(clock["paused"] for clock in before["clocks"])
    assert any(clock["paused"] for clock in after["clocks"])
    assert len(node.projection.register_items(SUSPENSIONS)) == 1


def test_a_flash_is_found_behind_whatever_was_said_after_it(node: Node) -> None:
    """One flash, then more than is looked at, with a receipt and an exercise among it: the flash is a cause."""
    world = node.world
    flash = world.say("BOR", "line-check", precedence="flash")
    told = world.say("ARC", "goodwill")
    for _ in range(STATEMENTS_MAX):
        world.say("BOR", "goodwill")
    world.say("BOR", "opened", thread=told, reply=told)
    world.say("BOR", "line-check", precedence="flash", status="exercise")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    line = SimpleNamespace(
        projection=node.projection, counterpart="BOR", catalogue=world.catalogue, agreement=world.agreement
    )
    causes = list(_statements(line, ()))  # type: ignore[arg-type]
    assert f"BOR {flash[1]}" in {cause.serial for cause in causes}
    assert len({cause.key for cause in causes}) == len(causes)


def test_what_answers_an_entry_is_found_by_what_it_answers(node: Node) -> None:
    """Of one kind and newest first, by an index: whatever else is said in the thread is not looked through."""
    world = node.world
    told = world.say("BOR", "notification")
    asked = [world.say("ARC", "clarification-request", thread=told, reply=told) for _ in range(3)]
    world.say("BOR", "update", thread=told, reply=told)
    world.say("ARC", "clarification-request", thread=told, reply=told, status="exercise")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    found = node.projection.replies(*told, "clarification-request")
    assert [one["serial"] for one in found if one["effective"]] == [f"ARC {one[1]}" for one in reversed(asked)]
    assert len(node.projection.replies(*told, "clarification-request", limit=2)) == 2
    plan = "EXPLAIN QUERY PLAN SELECT place FROM judged WHERE reply=? AND reply >= 0 AND kind=? ORDER BY place DESC"
    assert "judged_reply (reply=? AND kind=?)" in str(list(node.projection.reader().execute(plan, (0, ""))))


class Counting(DocketTables):
    """Tables that count what is looked through, and hold so many items at most between two writes."""

    looked_through = 0

    def unheld(self, home: int, start: int, below: int) -> Iterator[int]:
        """See protocol.docket.Ledger."""
        for place in super().unheld(home, start, below):
            self.looked_through += 1
            yield place


def withheld(said: int, ours: int) -> list[Event]:
    """BOR says much and holds nothing of ARC, whose node logs again and again what it holds; then BOR holds all."""
    theirs = [
        Event(1, number, START_MS + number, 0, "line-check", location(1, number), status="actual", precedence="routine")
        for number in range(said)
    ]
    arrivals = [Event(0, number, START_MS + number, number * said // ours) for number in range(1, ours)]
    arrivals.insert(0, Event(0, 0, START_MS, 0))
    return [*theirs, *arrivals, Event(1, said, START_MS + said, ours)]


def test_a_node_that_holds_nothing_for_long_and_then_everything_costs_each_entry_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it brings at once is gone through once, written a part at a time, and comes to the same docket."""
    world, digests = World(), set()
    for most in (1, 7, 1 << 20):
        monkeypatch.setattr(docket, "_CHANGED_MAX", most)
        clockwork = Clockwork(world.agreement, world.catalogue)
        connection = connect(Path(":memory:"))
        tables = Counting(connection, store=SimpleNamespace(), names=("ARC", "BOR"), clockwork=clockwork)
        for ledger in (tables, MemoryLedger()):
            folded = docket.Docket(agreement=world.agreement, catalogue=world.catalogue, ledger=ledger)
            for event in withheld(200, 50):
                folded.add(event)
            digests.add(folded.homes[1].digest(1))
        assert tables.looked_through <= 200
        connection.close()
    assert len(digests) == 1
