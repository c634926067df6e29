"""The docket for people: five words for why there is no answer."""

import pytest

from hotline.dockets import absence_words
from hotline.words import ENGLISH

AT, LATER = 1_800_000_000_000, 1_800_003_600_000


@pytest.mark.parametrize(
    ("view", "text"),
    [
        ({"no_answer": None}, ""),
        ({"no_answer": "suspended", "down_since_ms": None}, "declared suspension"),
        ({"no_answer": "declined"}, "refusal"),
        ({"no_answer": "holding"}, "holding reply"),
        ({"no_answer": "silence", "unanswered_since_ms": AT}, "silence since 2027-01-15 08:00:00Z"),
        ({"no_answer": "fault", "down_since_ms": LATER}, "technical fault since 2027-01-15 09:00:00Z"),
        ({"no_answer": "fault", "down_since_ms": 0}, "technical fault"),
        (
            {"no_answer": "silence", "unanswered_since_ms": AT, "down_since_ms": LATER},
            "silence since 2027-01-15 08:00:00Z, technical fault since 2027-01-15 09:00:00Z",
        ),
    ],
)
def test_why_there_is_no_answer_is_said_with_its_time(view: dict[str, object], text: str) -> None:
    """Silence that began before the line went down stays silence, and the fault stands beside it."""
    assert absence_words(view, ENGLISH) == text
