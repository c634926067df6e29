"""What waits already is told to whoever says it once more."""

from typing import Any

from hotline.composing import Choices, Letter
from hotline.desk import Channel
from hotline.waiting import withdrawn_already
from nodes.resources import catalogue
from protocol.statement import LogState
from tests.builders import make_agreement


class Nothing:
    """A node on which nothing waits."""

    def request(self, op: str, **arguments: Any) -> Any:
        """Only drafts are asked for."""
        assert op == "drafts"
        return []


def channel(withdrawn_by: str | None) -> Channel:
    """From which somebody has withdrawn."""
    empty = LogState(0, b"")
    return Channel(
        own="ARC",
        counterpart="BOR",
        agreement=make_agreement(),
        rosters={},
        own_log=empty,
        their_log=empty,
        now_ms=1,
        withdrawn_by=withdrawn_by,
    )


def letter(status: str | None = None) -> Letter:
    """A withdrawal."""
    kind = catalogue().kind("agreement-withdraw")
    assert kind is not None
    return Letter(kind=kind, values={}, choices=Choices(status=status))


def test_a_second_withdrawal_says_that_there_is_one() -> None:
    """Ours; theirs keeps nobody from withdrawing too, and an exercise may rehearse one."""
    told = withdrawn_already(Nothing(), channel("ARC"), letter())
    assert told is not None
    assert told[0] == {"state": "withdrawn", "draft": None}
    assert withdrawn_already(Nothing(), channel("ARC"), letter("exercise")) is None
    for other in ("BOR", None):
        assert withdrawn_already(Nothing(), channel(other), letter()) is None
