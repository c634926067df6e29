"""The docket as it was: folded anew from the events that are kept, it is the one of that time, with its digest."""

from pathlib import Path

from nodes.docket_operations import answer
from nodes.docket_past import PastDocket, sizes_at
from protocol.pauses import SUSPENSIONS
from tests.builders import START_MS, World
from tests.nodes.test_projection import Node

DAY_MS = 86_400_000
THREE = ((1, "duty"), (2, "release"), (3, "senior"))


def _declared(world: World) -> tuple[str, str]:
    """A red line that is understood and withdrawn, and a question that waits; serials of the line and the question."""
    line = world.say("ARC", "red-line-declare", signers=THREE, valid_until_ms=START_MS + 90 * DAY_MS)
    world.say("BOR", "red-line-understood", signers=THREE, thread=line, reply=line)
    asked = world.say("BOR", "clarification-request", thread=line, reply=line)
    world.state("ARC", "arrival")
    world.say("ARC", "red-line-withdraw", signers=THREE, thread=line, reply=line, at_ms=START_MS + DAY_MS)
    world.state("BOR", "arrival", at_ms=START_MS + DAY_MS + 1000)
    world.state("ARC", "arrival", at_ms=START_MS + DAY_MS + 2000)
    return f"ARC {line[1]}", f"BOR {asked[1]}"


def test_every_pair_of_sizes_that_was_reached_has_its_digest_again(tmp_path: Path) -> None:
    """Judged one by one, the digest of each pair is remembered; folded anew up to there, it is the same."""
    world = World()
    _declared(world)
    node = Node(tmp_path / "ARC", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    reached = []
    while node.projection.advance(1):
        reached.append(node.projection.digest())
    assert len(reached) > 8
    for own, their, digest in reached:
        past = PastDocket(node.projection, (own, their))
        assert past.digest == digest, (own, their)
        past.close()


def test_what_was_in_force_then_is_shown_as_it_was(tmp_path: Path) -> None:
    """Before the withdrawal the red line is in force and understood; after it, it is in no register."""
    world = World()
    line, asked = _declared(world)
    node = Node(tmp_path / "ARC", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    now = START_MS + 2 * DAY_MS
    assert node.projection.registers(now) == {}
    then = START_MS + DAY_MS - 1
    sizes = sizes_at(node.projection, then)
    past = PastDocket(node.projection, sizes)
    found = past.registers(then)
    assert list(found) == ["red-lines"]
    assert [(one["serial"], one["state"], one["in_force"]) for one in found["red-lines"]] == [
        (line, "understood", True)
    ]
    assert [one["serial"] for one in past.waiting(then)] == [asked]
    past.close()


def test_one_docket_of_the_past_is_folded_at_a_time(tmp_path: Path) -> None:
    """While one is, another one gets none and the present is told all the same; behind it the next one is folded."""
    world = World()
    _declared(world)
    node = Node(tmp_path / "ARC", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    then = START_MS + DAY_MS - 1

    def ask(found: object, at_ms: int) -> object:
        # What asks is answered while the fold is at hand.
        return answer(node.projection, "ARC", then, None, lambda *_: "second")

    first = answer(node.projection, "ARC", then, None, ask)
    assert first is not None
    assert first["found"] is None
    present = answer(node.projection, "ARC", None, None, ask)
    assert present is not None
    assert present["found"]["found"] == "second"


def test_a_suspension_that_is_in_force_says_so_where_people_look(tmp_path: Path) -> None:
    """Unanswered on the day it is suspended, and silent when the suspension has been over for long."""
    world = World()
    asked = world.say("BOR", "clarification-request")
    pause = world.say(
        "ARC", "line-suspend", signers=THREE, valid_until_ms=START_MS + 3 * DAY_MS,
        facts={"reason": "political", "forced": True},
    )  # fmt: skip
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    node = Node(tmp_path / "BOR", world, "BOR")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    told = {}
    for days in (1, 90):
        node.projection.attend(now_ms=lambda: START_MS + days * DAY_MS, line_state=lambda: "up", heard_ms=lambda: None)  # noqa: B023
        view = node.projection.entry(*asked)
        assert view is not None
        told[days] = view["no_answer"], any(clock["paused"] for clock in view["clocks"])
    assert told == {1: ("suspended", True), 90: ("silence", False)}
    assert [item.index for item in node.projection.register_items(SUSPENSIONS)] == [pause[1]]
    due = node.projection.due(START_MS + DAY_MS)
    assert {one["paused"] for one in due if one["serial"] == f"BOR {asked[1]}"} == {True}


def test_silence_that_began_before_an_outage_is_silence_during_it(tmp_path: Path) -> None:
    """With the fault beside it; what came due during the outage is the fault's. A node that was started during it goes
    by the other's last entry, and a line that is only degraded excuses nobody."""
    world = World()
    asked = world.say("BOR", "clarification-request")
    world.state("ARC", "arrival")
    node = Node(tmp_path / "BOR", world, "BOR")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    projection, late_ms = node.projection, START_MS + 90 * DAY_MS

    def told(line: str, heard_ms: int | None) -> tuple[object, object]:
        projection.attend(now_ms=lambda: late_ms, line_state=lambda: line, heard_ms=lambda: heard_ms)
        view = projection.entry(*asked)
        assert view is not None
        (due,) = (one for one in projection.due(late_ms) if one["name"] == "answer")
        said = ("no_answer", "down_since_ms", "unanswered_since_ms")
        assert [due[name] for name in said] == [view[name] for name in said]
        assert list(projection.absences(late_ms)) == [view["no_answer"]]
        return view["no_answer"], view["down_since_ms"]

    assert told("up", late_ms) == told("degraded", late_ms) == ("silence", None)
    assert told("down", late_ms - DAY_MS) == ("silence", late_ms - DAY_MS)
    assert told("down", START_MS + 1) == ("fault", START_MS + 1)
    word, since_ms = told("down", None)
    assert word == "fault"
    assert isinstance(since_ms, int)
    world.state("ARC", "arrival", at_ms=START_MS + 80 * DAY_MS)
    node.feed("ARC")
    node.settle()
    assert told("down", None) == ("silence", START_MS + 80 * DAY_MS)
