"""Auditing retention: from two logs alone, what was destroyed before its time, and what was kept beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.agreement_conduct import KEEP, KindClock
from protocol.entry import Entry
from protocol.errors import AgreementRefused
from protocol.finding import Report
from protocol.retention import ERASE_WITHIN_MS, kept_until_ms
from tests.builders import START_MS, make_agreement
from tests.protocol.test_amended_audit import audited
from tests.protocol.test_governance import Treaty, amended

DAY = 86_400_000
TEN_DAYS = KindClock(kind="goodwill", clock=KEEP, within_ms=10 * DAY, source="Article 12")


def told(**changes: Any) -> tuple[Treaty, tuple[str, int]]:
    """ARC said something that is kept for ten days, and BOR holds it."""
    world = Treaty(**{"kind_clocks": (TEN_DAYS,), **changes})
    place = world.say("ARC", "goodwill")
    world.state("BOR", "arrival")
    return world, place


def gone(world: Treaty, party: str, place: tuple[str, int], at_ms: int, **changes: Any) -> None:
    """A party says that it destroyed a body."""
    statement = Entry.parse(world.logs[place[0]].entries[place[1]]).parse_statement()
    facts = {"party": place[0], "index": place[1], "digest": statement.body_digest, "length": statement.body_length}
    world.state(party, "gone", {**facts, "reason": "retention", **changes}, at_ms=at_ms)


def breaches(world: Treaty) -> list[tuple[str, str]]:
    """Code and place of what an audit says was not done in time, of retention."""
    report = audited(world, world.files("ARC"), world.files("BOR"), at_ms=START_MS)
    assert report.verdict == "verified"
    return [(one.code, one.where) for one in report.breaches if one.code.startswith("eras")]


def test_a_body_that_both_destroyed_in_time_is_no_finding() -> None:
    """The audit says how many each party destroyed, and its proofs hold as before."""
    world, place = told()
    for party in ("ARC", "BOR"):
        gone(world, party, place, START_MS + 11 * DAY)
        world.state(party, "arrival", at_ms=START_MS + 40 * DAY)
    report: Report = audited(world, world.files("ARC"), world.files("BOR"))
    assert [one for one in report.checked if one.startswith("15.")] == [
        "15. retention: bodies that a party says it destroyed: ARC 1, BOR 1"
    ]
    assert breaches(world) == []


def test_a_body_that_was_destroyed_too_early_is_a_breach() -> None:
    """Before its time, of a kind that is kept for good; it names who said so, and where."""
    world, place = told()
    gone(world, "BOR", place, START_MS + 9 * DAY)
    kept = world.say("BOR", "goodwill", at_ms=START_MS + 9 * DAY)
    gone(world, "BOR", kept, START_MS + 10 * DAY)
    found = breaches(world)
    assert [code for code, _ in found] == ["erased-early", "erased-early"]
    assert all("BOR" in where for _, where in found)
    other, place = told(kind_clocks=())
    gone(other, "ARC", place, START_MS + 900 * DAY)
    assert [code for code, _ in breaches(other)] == ["erased-early"]


def test_a_body_that_was_kept_too_long_is_a_breach() -> None:
    """A week behind its time, by the log of each party; what another body's digest names does not count."""
    world, place = told()
    gone(world, "ARC", place, START_MS + 11 * DAY)
    gone(world, "BOR", place, START_MS + 11 * DAY, digest=bytes(32))
    world.state("BOR", "arrival", at_ms=START_MS + 10 * DAY + ERASE_WITHIN_MS - DAY)
    assert breaches(world) == []
    world.state("BOR", "arrival", at_ms=START_MS + 11 * DAY + ERASE_WITHIN_MS)
    found = breaches(world)
    assert [code for code, _ in found] == ["erasure-overdue"]
    assert "bor" in found[0][1]


def test_an_amendment_gives_a_week_from_where_it_is_in_force() -> None:
    """It may lengthen what is kept, or shorten it; what it shortened is not overdue at once."""
    world = Treaty()
    place = world.say("ARC", "goodwill")
    new = amended(world.agreement, kind_clocks=(TEN_DAYS,))
    at_ms = START_MS + 100 * DAY
    world.state("ARC", "arrival", at_ms=at_ms)
    world.countersign("ARC", world.amend("BOR", new), new)
    world.under(new)
    for party in ("ARC", "BOR"):
        world.state(party, "arrival", at_ms=at_ms + ERASE_WITHIN_MS - DAY)
    assert breaches(world) == []
    gone(world, "ARC", place, at_ms + ERASE_WITHIN_MS)
    for party in ("ARC", "BOR"):
        world.state(party, "arrival", at_ms=at_ms + 2 * ERASE_WITHIN_MS)
    assert [code for code, _ in breaches(world)] == ["erasure-overdue"]


def test_retention_is_of_a_kind_or_of_all_others() -> None:
    """The kind's own term goes before the one of all kinds; a document is kept for good."""
    anything = KindClock(kind="*", clock=KEEP, within_ms=400 * DAY, source="Article 12")
    agreement = make_agreement(format=2, kind_clocks=(TEN_DAYS, anything))
    assert (agreement.keep_ms("goodwill"), agreement.keep_ms("notification")) == (10 * DAY, 400 * DAY)
    assert make_agreement(format=2, kind_clocks=(TEN_DAYS,)).keep_ms("notification") is None
    world = Treaty(kind_clocks=(TEN_DAYS, anything))
    assert kept_until_ms(agreement, world.statement("ARC", "goodwill"), 5) == 5 + 10 * DAY
    assert kept_until_ms(agreement, Entry.parse(world.logs["ARC"].entries[0]).parse_statement(), 5) is None
    assert kept_until_ms(agreement, world.statement("ARC", "arrival"), 5) is None


@pytest.mark.parametrize("clock", ["answer", KEEP])
def test_only_retention_can_be_of_all_kinds(clock: str) -> None:
    """A clock that people run against is of one kind."""
    anything = KindClock(kind="*", clock=clock, within_ms=DAY, source="Article 12")
    if clock == KEEP:
        anything.check("kind_clock[1]")
    else:
        with pytest.raises(AgreementRefused, match="the name of one kind"):
            anything.check("kind_clock[1]")
