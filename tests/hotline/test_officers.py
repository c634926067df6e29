"""Who may speak and how that changes: on the card, in rosters, and on a line that runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotline import officers
from hotline.clock import now_ms
from hotline.errors import HotlineError
from hotline.party_file import PartyFile, read_party, write_party
from hotline.setup import YEAR_MS
from keys.roster import Roster, parse
from nodes.home import NodeHome
from nodes.later import waiting
from nodes.signed import SignedStatement
from tests.hotline.nodes import running
from tests.hotline.people import Done, acting, hotline, make_home, ok, paired
from tests.processes.pair import wait_until

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000
NOW = 1_900_000_000_000


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paired home that stays as it is."""
    return paired(tmp_path_factory.mktemp("officers"))[0]


@pytest.fixture
def card(template: Path) -> PartyFile:
    """A card whose people are valid around NOW."""
    found = read_party(template / "party.toml")
    members = (
        replace(one, person=replace(one.person, valid_from_ms=NOW - YEAR_MS, valid_until_ms=NOW + YEAR_MS))
        for one in found.members
    )
    return replace(found, members=tuple(members))


def shown(card: PartyFile, name: str, at_ms: int) -> tuple[tuple[str, ...], int] | None:
    """Roles and end of a person as a roster of that time lists them."""
    member = card.member(name)
    assert member is not None
    person = member.listed_at(at_ms)
    return None if person is None else (person.roles, person.valid_until_ms - NOW)


def refused(call: Any) -> str:
    """The code of what is refused."""
    with pytest.raises(HotlineError) as stop:
        call()
    return stop.value.code


def test_a_delegated_role_ends_by_itself(card: PartyFile) -> None:
    """While it lasts the person's validity ends with it; afterwards a roster gives them back their own."""
    end = NOW + 10 * DAY_MS
    after = officers.delegate(card, "duty", "release", until_ms=end, now_ms=NOW)
    assert shown(card, "duty", NOW) == (("duty",), YEAR_MS)
    assert shown(after, "duty", NOW) == (("duty", "release"), 10 * DAY_MS)
    assert shown(after, "duty", end - 1) == (("duty", "release"), 10 * DAY_MS)
    assert shown(after, "duty", end) == (("duty",), YEAR_MS)
    assert after.changes_after(NOW) == [end]
    both = officers.delegate(after, "duty", "legal", until_ms=end + DAY_MS, now_ms=NOW)
    assert shown(both, "duty", NOW) == (("duty", "release", "legal"), 10 * DAY_MS)
    assert shown(both, "duty", end) == (("duty", "legal"), 11 * DAY_MS)
    assert both.changes_after(NOW) == [end, end + DAY_MS]
    again = officers.delegate(both, "duty", "release", until_ms=end + 2 * DAY_MS, now_ms=NOW)
    assert again.changes_after(NOW) == [end + DAY_MS, end + 2 * DAY_MS]
    assert shown(officers.recall(again, "duty"), "duty", NOW) == (("duty",), YEAR_MS)


def test_somebody_who_is_away_stands_in_no_roster(card: PartyFile) -> None:
    """Their alternate has their roles meanwhile; both have their own again at the same time."""
    end = NOW + 10 * DAY_MS
    after = officers.absent(card, "release", until_ms=end, alternate="senior", now_ms=NOW)
    assert shown(after, "release", NOW) is None
    assert shown(after, "senior", NOW) == (("release", "senior"), 10 * DAY_MS)
    assert [one.number for one in after.people_at(NOW)] == [1, 3, 4]
    assert shown(after, "release", end) == (("release",), YEAR_MS)
    assert shown(after, "senior", end) == (("senior",), YEAR_MS)
    assert after.changes_after(NOW) == [end]
    alone = officers.absent(card, "release", until_ms=end, alternate=None, now_ms=NOW)
    assert shown(alone, "senior", NOW) == (("senior",), YEAR_MS)
    assert shown(officers.recall(alone, "release"), "release", NOW) == (("release",), YEAR_MS)


def test_who_has_left_is_listed_with_their_end_for_a_while(card: PartyFile) -> None:
    """So that what they signed last is judged by it; nothing gives them a role again, and their number is nobody's."""
    lent = officers.delegate(card, "keeper", "legal", until_ms=NOW + DAY_MS, now_ms=NOW)
    after = officers.retire(lent, "keeper", now_ms=NOW)
    assert shown(after, "keeper", NOW) == (("admin",), 0)
    assert shown(after, "keeper", NOW + 31 * DAY_MS) is None
    assert after.changes_after(NOW) == []
    assert after.next_number() == 5
    for again in (
        lambda: officers.retire(after, "keeper", now_ms=NOW),
        lambda: officers.delegate(after, "keeper", "legal", until_ms=NOW + DAY_MS, now_ms=NOW),
        lambda: officers.recall(after, "keeper"),
    ):
        assert refused(again) == "officer-not-changed"


def test_what_cannot_be_is_refused(card: PartyFile) -> None:
    """Nobody of that name, no role, a role they have, a time that is past or after their own end, oneself."""
    end = NOW + DAY_MS
    give = officers.delegate
    away = officers.absent(card, "duty", until_ms=end, alternate=None, now_ms=NOW)
    cases = {
        "officer-missing": lambda: give(card, "nobody", "legal", until_ms=end, now_ms=NOW),
        "officer-refused": lambda: give(card, "duty", "king", until_ms=end, now_ms=NOW),
    }
    for code, call in cases.items():
        assert refused(call) == code
    for call in (
        lambda: give(card, "duty", "duty", until_ms=end, now_ms=NOW),
        lambda: give(card, "duty", "legal", until_ms=NOW, now_ms=NOW),
        lambda: give(card, "duty", "legal", until_ms=NOW + YEAR_MS, now_ms=NOW),
        lambda: give(away, "duty", "legal", until_ms=end, now_ms=NOW),
        lambda: officers.recall(card, "duty"),
    ):
        assert refused(call) == "officer-not-changed"
    same = officers.absent
    assert refused(lambda: same(card, "duty", until_ms=end, alternate="duty", now_ms=NOW)) == "officer-not-changed"


def test_the_card_keeps_all_of_it(card: PartyFile, tmp_path: Path) -> None:
    """Written and read again it is the same; a role that there is not is no card."""
    after = officers.absent(card, "release", until_ms=NOW + 5, alternate="senior", now_ms=NOW)
    after = officers.retire(after, "keeper", now_ms=NOW)
    path = tmp_path / "party.toml"
    write_party(path, after)
    assert read_party(path) == after
    assert after.member("senior") is not None
    path.write_text(path.read_text().replace('"release 20', '"king 20'))
    assert refused(lambda: read_party(path)) == "home-file-malformed"


def rules_met(home: Path, *names: str) -> str | None:
    """What is said if these leave."""
    card = read_party(home / "party.toml")
    after = card
    for name in names:
        after = officers.retire(after, name, now_ms=now_ms())
    try:
        officers.check_rules(NodeHome.open(home), card, after, now_ms=now_ms())
    except HotlineError as error:
        return error.text
    return None


def test_nobody_leaves_whom_a_rule_needs(template: Path) -> None:
    """One of three may; two may not, as severe statements need two persons; and it says which roles and kinds."""
    assert rules_met(template, "release") is None
    assert rules_met(template, "keeper") is None
    assert (
        rules_met(template, "release", "senior")
        == "with BOR nobody would be left to sign as release/senior for any kind of severity 4 or more"
    )


def standing(home: Path) -> dict[str, tuple[str, list[str], list[str]]]:
    """Standing, roles now and rosters of each officer."""
    found = ok("--home", home, "officer", "list")["officers"]
    return {one["officer"]: (one["standing"], one["may_sign_as"], one["rosters"]) for one in found}


def test_before_pairing_the_card_alone_changes(tmp_path: Path) -> None:
    """No roots are needed, and the first rosters have it."""
    home = make_home(tmp_path, "ARC", officers=("duty", "release"))
    assert standing(home) == {"duty": ("valid", ["duty"], []), "release": ("valid", ["release"], [])}
    (home / "roots").rename(tmp_path / "roots")
    ok("--home", home, "officer", "delegate", "duty", "--role", "legal", "--until", "+5d")
    ok("--home", home, "officer", "absent", "release", "--until", "+5d")
    assert standing(home) == {"duty": ("valid", ["duty", "legal"], []), "release": ("absent", [], [])}
    ok("--home", home, "officer", "recall", "release")
    ok("--home", home, "officer", "retire", "release", "--yes")
    assert standing(home)["release"] == ("retired", [], [])
    page = hotline("--home", home, "officer", "list").out
    assert "duty (+ legal until" in page


def test_the_roots_are_opened_before_anything_is_written(tmp_path: Path) -> None:
    """Without them, and where a rule could not be met any more, card and channel stay as they are."""
    arc, _ = paired(tmp_path)
    before = (arc / "party.toml").read_bytes()

    def code(*arguments: str | Path) -> str:
        done: Done = hotline(*acting(arc, "officer", *arguments), "--json")
        return str(done.json["error"]["code"])

    assert code("retire", "release", "--roots", tmp_path) == "roots-missing"
    assert code("delegate", "duty", "--role", "release", "--until", "someday") == "usage"
    (arc / "roots").rename(tmp_path / "roots")
    assert code("absent", "release", "--until", "+5d") == "roots-missing"
    assert (arc / "party.toml").read_bytes() == before
    assert not list((arc / "channels" / "BOR" / "outbox").iterdir())


def later_rosters(home: Path) -> list[tuple[int, Roster]]:
    """Time and text of each roster that waits for its time."""
    found = waiting(NodeHome.open(home).channel("BOR"))
    return [(at_ms, parse(SignedStatement.parse(path.read_bytes()).body or b"")) for at_ms, path in found]


@pytest.mark.slow
def test_later_rosters_are_signed_anew_with_every_change(tmp_path: Path) -> None:
    """Each end has its roster, in order, each following the one before; a renewal keeps them, a recall takes them."""
    arc, _ = paired(tmp_path)
    end = now_ms() + 10 * DAY_MS
    ok(*acting(arc, "officer", "absent", "release", "--until", "+10d", "--alternate", "senior"))
    ((at_ms, first),) = later_rosters(arc)
    assert (first.version, abs(at_ms - end) < DAY_MS) == (3, True)
    done = ok(*acting(arc, "officer", "delegate", "duty", "--role", "legal", "--until", "+5d"))
    assert done["later"] == [one for one, _ in later_rosters(arc)]
    (_, second), (_, third) = later_rosters(arc)
    assert (second.version, third.version) == (4, 5)
    assert [one.number for one in second.people] == [1, 3, 4]
    assert [one.number for one in third.people] == [1, 2, 3, 4]
    ok(*acting(arc, "roster", "renew"))
    assert [one.version for _, one in later_rosters(arc)] == [5, 6]
    ok(*acting(arc, "officer", "recall", "duty"))
    for name in ("release", "senior"):
        ok(*acting(arc, "officer", "recall", name))
    assert later_rosters(arc) == []


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        yield arc, bor


@pytest.mark.slow
def test_a_delegation_on_a_running_line(homes: tuple[Path, Path]) -> None:
    """With the role the delegate signs what needs it, both sides judge it so; when it ends the node logs the roster
    that was signed beforehand, and the role is gone without anybody's doing."""
    arc, bor = homes
    goodwill = ("send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20", "--yes")
    keeper = ("--as", "keeper", *goodwill)
    assert hotline(*acting(arc, *keeper), "--json").status != 0
    delegated = ("officer", "delegate", "keeper", "--role", "technical", "--until")
    ok(*acting(arc, *delegated, "+1d"))
    serial = ok(*acting(arc, *keeper))["serial"]
    shown = ok(*acting(bor, "show", serial, "--peek"))
    assert (shown["view"]["faults"], shown["view"]["effective"]) == ([], True)
    assert standing(arc)["keeper"] == ("valid", ["technical", "admin"], ["BOR"])
    # Nothing needs to be quick enough for this end: nobody signs before it.
    ok(*acting(arc, *delegated, "+5s"))
    wait_until(lambda: not later_rosters(arc), lambda: "the later roster is not logged", timeout_s=90)
    wait_until(lambda: standing(arc)["keeper"] == ("valid", ["admin"], ["BOR"]), lambda: str(standing(arc)))
    assert hotline(*acting(arc, *keeper), "--json").status != 0
    assert ok(*acting(arc, *goodwill))["state"] == "held"
    wait_until(lambda: (bor / "channels" / "ARC" / "rosters" / "ARC-4.toml").exists(), lambda: "BOR has no roster 4")
