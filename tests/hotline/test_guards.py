"""What an officer is told before a statement is signed that would not be what they think."""

from hotline.composing import Choices, Letter
from hotline.desk import Channel
from hotline.guards import longer_than_agreed
from nodes.resources import catalogue
from protocol.agreement_conduct import PauseTerms
from protocol.statement import EMPTY_LOG
from tests.builders import START_MS, make_agreement

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
