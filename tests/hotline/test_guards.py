"""What an officer is told before a statement is signed that would not be what they think."""

from pathlib import Path
from typing import Any

from hotline.composing import Choices, Letter
from hotline.desk import Channel, Spoken
from hotline.guards import idle_reply, longer_than_agreed
from hotline.zulu import zulu_short
from nodes.docket_operations import effect_on
from nodes.resources import catalogue
from protocol.agreement_conduct import PauseTerms
from protocol.event import Event
from protocol.kinds import Catalogue
from protocol.statement import EMPTY_LOG
from tests.builders import START_MS, World, make_agreement
from tests.nodes.test_projection import HOUR_MS, Node

DAY_MS = 86_400_000


def test_an_end_beyond_what_may_be_is_told() -> None:
    """A suspension lasts as long as the agreement lets it, from its notice on; within that there is nothing to say."""
    terms = PauseTerms(notice_ms=DAY_MS, longest_ms=14 * DAY_MS)
    channel = Channel(
        own="ARC",
        counterpart="BOR",
        agreement=make_agreement(format=2, suspension=terms),
        rosters={},
        own_log=EMPTY_LOG,
        their_log=EMPTY_LOG,
        now_ms=START_MS,
    )
    kind = catalogue().kind("line-suspend")
    assert kind is not None

    def told(days: int) -> str | None:
        letter = Letter(kind=kind, values={}, choices=Choices(valid_until_ms=START_MS + days * DAY_MS))
        return longer_than_agreed(letter, channel)

    assert told(15) is None
    assert "may last 14 d, no longer" in (told(16) or "")
    goodwill = catalogue().kind("goodwill")
    assert goodwill is not None
    assert longer_than_agreed(Letter(kind=goodwill, values={}), channel) is None


class _Docket:
    """A node as far as it says what a statement would do, with a real docket."""

    def __init__(self, node: Node, catalogue: Catalogue, at_ms: int) -> None:
        self._projection, self._catalogue, self._at_ms = node.projection, catalogue, at_ms

    def request(self, op: str, **arguments: Any) -> Any:
        """What the operation gives, by a clock of the test's."""
        kind = self._catalogue.kind(arguments["kind"])
        assert op == "effect"
        assert kind is not None
        event = Event(0, 9, self._at_ms, 0, kind=kind.name, respond_by_ms=arguments["respond_by_ms"])
        return effect_on(self._projection, kind, event, arguments["voice"], arguments["index"])


def test_a_holding_reply_that_comes_too_late_is_told(tmp_path: Path) -> None:
    """A flash has four hours. At the end of them a holding reply gives time, and later the officer is told that it
    gives none; whoever answers late is told nothing. On a quiet line they run from where the other side holds it."""
    world = World()
    asked = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    held_ms = world.logs["ARC"].last_ms
    node = Node(tmp_path / "ARC", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    channel = Channel(
        own="ARC",
        counterpart="BOR",
        agreement=world.agreement,
        rosters={},
        own_log=EMPTY_LOG,
        their_log=EMPTY_LOG,
        now_ms=held_ms,
    )
    spoken = Spoken(
        counterpart="BOR",
        voice="BOR",
        index=asked[1],
        leaf=b"",
        statement=None,
        catalogue=None,
        kind=None,
        raw=b"",
        view=None,
        held_at_ms=None,
    )

    def told(name: str, after_ms: int) -> str | None:
        at_ms, kind = held_ms + after_ms, world.catalogue.kind(name)
        assert kind is not None
        letter = Letter(kind=kind, values={}, choices=Choices(respond_by_ms=at_ms + HOUR_MS))
        return idle_reply(_Docket(node, world.catalogue, at_ms), channel, letter, spoken)

    assert told("holding-reply", 4 * HOUR_MS) is None
    late = told("holding-reply", 4 * HOUR_MS + 1)
    assert late is not None
    assert f"An answer to BOR {asked[1]} was due at {zulu_short(held_ms + 4 * HOUR_MS)}" in late
    assert "lengthens nothing" in late
    assert told("clarification-response", 5 * HOUR_MS) is None
