"""Rosters of the counterpart that are brought by hand: what admins have to be for a node to take one."""

from dataclasses import replace
from pathlib import Path

import pytest

from hotline.documents import sign_document
from hotline.rosters import import_roster
from keys import roster as rosters
from keys.person import Person
from keys.roles import KeyRole
from keys.roster import Roster
from nodes.clock import now
from nodes.home import NodeHome
from nodes.rosters import RosterFileRefused, check_roster, keep, load
from nodes.signed import SignedStatement
from protocol.agreement_conduct import RosterTerms
from protocol.tagged import digest
from tests.builders import hybrid
from tests.nodes.homes import FOREVER_MS, agreement, document, roster, terms, write_home
from tests.nodes.pair import line_of, run, running

NOW_MS = now().wall_ms
ADMINS = (7, 8)


def follows(before: Roster, **changes: object) -> Roster:
    """The next version."""
    return replace(before, version=before.version + 1, previous=digest(rosters.render(before)), **changes)  # type: ignore[arg-type]


def administered(until_ms: int) -> Roster:
    """ARC's second roster: two admins, valid until a time."""
    people = tuple(Person(one, ("admin",), hybrid(f"ARC {one}", KeyRole.OFFICER).public, 0, until_ms) for one in ADMINS)
    return follows(roster("ARC"), people=(*roster("ARC").people, *people))


def brought(before: Roster, *, stated_ms: int) -> SignedStatement:
    """The third: an officer is gone. Both admins signed it, and wrote a time on it."""
    text = rosters.render(follows(before, people=before.people[1:]))
    admins = [(number, hybrid(f"ARC {number}", KeyRole.OFFICER)) for number in ADMINS]
    return sign_document("roster", text, agreement=agreement(), party="ARC", admins=admins, issued_at_ms=stated_ms)


def home_with(directory: Path, before: Roster) -> NodeHome:
    """BOR, which holds ARC's second roster."""
    home = write_home(directory / "BOR", "BOR")
    first = load(home.channel("ARC"), agreement(), "ARC")[-1]
    signed = document("ARC", "roster", rosters.render(before))
    keep(home.channel("ARC"), check_roster(agreement(), "ARC", signed, first))
    return home


@pytest.mark.parametrize(
    ("needed", "until_ms", "taken"),
    [(2, FOREVER_MS, True), (0, FOREVER_MS, False), (3, FOREVER_MS, False), (2, NOW_MS - 1, False)],
    ids=["two", "the roots only", "three are needed", "who were admins"],
)
def test_admins_count_as_the_agreement_has_it_and_while_they_are_valid(
    tmp_path: Path, needed: int, until_ms: int, taken: bool
) -> None:
    """A node that runs and one that does not have the same rules; a time that was written on the file is no proof."""
    with terms(format=2, rosters=RosterTerms(needed)):
        before = administered(until_ms)
        home = home_with(tmp_path, before)
        signed = brought(before, stated_ms=1)

        async def at_the_node() -> None:
            async with running(home) as node:
                line = line_of(node)
                if taken:
                    held = await line.standing.take(signed, agreement=line.agreement, now_ms=NOW_MS)
                    assert held.roster.version == 3
                    return
                with pytest.raises(RosterFileRefused):
                    await line.standing.take(signed, agreement=line.agreement, now_ms=NOW_MS)

        if not taken:
            with pytest.raises(RosterFileRefused):
                import_roster(home, signed, now_ms=NOW_MS)
        run(at_the_node)
        versions = [one.roster.version for one in load(home.channel("ARC"), agreement(), "ARC")]
        assert versions == ([1, 2, 3] if taken else [1, 2])
