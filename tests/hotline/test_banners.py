"""What stands on every screen of a line, and when."""

from datetime import date

from hotline.banners import banners, merged, of_details
from tests.builders import make_agreement

NOW = 1_800_000_000_000
DAY = 86_400_000


def register(**changes: object) -> dict[str, object]:
    """A statement of a register, in force for a day."""
    return {"serial": "BOR 12", "status": "actual", "until_ms": NOW + DAY, **changes}


def test_a_quiet_line_has_no_banner() -> None:
    """Nothing that is always there."""
    agreement = make_agreement(purpose="a line", review_date=date(2030, 1, 1))
    assert banners(agreement, ends_ms=None, now_ms=NOW) == ()


def test_each_thing_that_holds_has_its_own() -> None:
    """Demonstration, suspension, exercise and review, the gravest first."""
    agreement = make_agreement(purpose="demonstration", review_date=date(2026, 12, 1))
    found = banners(agreement, ends_ms=NOW + 1, now_ms=NOW, suspended=[register()], exercising=[register()])
    assert [one.split()[1].rstrip(":") for one in found] == ["demonstration", "SUSPENDED", "EXERCISE", "past"]
    assert "until 2027-01-16 08:00:00Z by BOR 12" in found[1]


def test_what_has_ended_is_not_said_to_go_on() -> None:
    """Past its sunset an agreement that missed its review has only the banner of its end."""
    agreement = make_agreement(purpose="a line", review_date=date(2026, 12, 1))
    (text,) = banners(agreement, ends_ms=NOW, now_ms=NOW)
    assert text.startswith("*** PAST SUNSET since")


def test_an_exercise_suspends_nothing_that_is_meant() -> None:
    """Its suspension is said to be one of an exercise."""
    agreement = make_agreement(purpose="a line", review_date=date(2030, 1, 1))
    (text,) = banners(agreement, ends_ms=None, now_ms=NOW, suspended=[register(status="exercise")])
    assert text.startswith("*** EXERCISE: SUSPENDED")


def test_the_end_stands_alone_where_nothing_else_is_known() -> None:
    """From its moment on, in the same words as on every screen."""
    agreement = make_agreement(purpose="a line", review_date=date(2030, 1, 1))
    assert of_details({"ends_ms": NOW + 1}, now_ms=NOW) == of_details({}, now_ms=NOW) == ()
    assert of_details({"ends_ms": NOW}, now_ms=NOW) == banners(agreement, ends_ms=NOW, now_ms=NOW)


def test_what_all_lines_have_is_said_once() -> None:
    """And what only some have, with their names."""
    assert merged({"BOR": ["*** a ***", "*** b ***"], "CEL": ["*** a ***"]}) == ["*** a ***", "BOR: *** b ***"]
    assert merged({}) == []
