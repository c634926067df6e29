"""`hotline keys status`: what runs out when, what was never tried, and who does what; the doctor says the same."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotline.clock import now_ms
from hotline.key_status import REHEARSE_EVERY_MS, dues
from hotline.party_file import read_party, write_party
from hotline.root_backups import RootBackup, note_made, note_tried, path_of
from hotline.setup import YEAR_MS
from nodes.home import NodeHome
from tests.hotline.people import acting, hotline, make_home, ok, paired
from tests.hotline.test_doctor import checks

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000


def by_name(home: Path, *, at_ms: int | None = None) -> dict[str, tuple[str, str]]:
    """State and text of each due, by name."""
    found = dues(NodeHome.open(home), now_ms=now_ms() if at_ms is None else at_ms)
    return {due.name: (due.state, due.text) for due in found}


@pytest.fixture(scope="module")
def arc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paired home that stays as it is."""
    return paired(tmp_path_factory.mktemp("status"))[0]


def test_every_key_is_listed_with_its_end(arc: Path) -> None:
    """Roots of the party; node, sealing, log, mirror, TLS, next log and persons of each channel."""
    found: list[dict[str, Any]] = ok("--home", arc, "keys", "status")["keys"]
    jobs = [one["job"] for one in found]
    assert jobs[:2] == ["root 1", "root 2"]
    assert jobs[2:8] == ["node", "sealing", "log 1", "mirror", "TLS", "next log 2"]
    assert jobs[8:] == ["person 1", "person 2", "person 3", "person 4"]
    assert len({one["key_id"] for one in found}) == len(found)
    assert found[8]["of"] == "duty: duty"
    assert all(one["until_ms"] > now_ms() + YEAR_MS for one in found[2:])
    roster = (arc / "channels/BOR/rosters/ARC-1.toml").read_text()
    assert all(one["key_id"] in roster for one in found if one["job"] in {"node", "sealing", "TLS", "person 3"})


def test_what_is_due_says_who_does_what(arc: Path) -> None:
    """Everything that is not well has a next step and somebody who takes it; what is well has neither."""
    done = ok("--home", arc, "keys", "status")
    assert done["open"] == sum(due["state"] != "ok" for due in done["dues"]) > 0
    for due in done["dues"]:
        assert bool(due["next"]) == bool(due["who"]) == (due["state"] != "ok"), due
    page = hotline("--home", arc, "keys", "status").out
    assert "the keepers of the root keys: Copy" in page
    assert "ok     BOR roster of ARC: version 1" in page


def test_rosters_and_people_run_out_in_time(arc: Path) -> None:
    """Two years on: a month before it is soon, afterwards late; rules that nobody could meet are named."""
    end_ms = now_ms() + 2 * YEAR_MS
    assert by_name(arc)["BOR roster of ARC"][0] == "ok"
    assert "BOR person 1" not in by_name(arc)
    soon = by_name(arc, at_ms=end_ms - 20 * DAY_MS)
    assert (soon["BOR roster of ARC"][0], soon["BOR roster of BOR"][0], soon["BOR person 1"][0]) == ("soon",) * 3
    assert soon["BOR rule 1"] == (
        "soon",
        "in thirty days nobody would be left to sign as duty, release/senior for any kind of severity 4 or more",
    )
    late = by_name(arc, at_ms=end_ms + DAY_MS)
    assert (late["BOR roster of ARC"][0], late["BOR person 1"][0], late["BOR rule 2"][0]) == ("late",) * 3
    assert late["BOR agreement"][0] == "late"
    assert "BOR person 1" not in by_name(arc, at_ms=end_ms + 40 * DAY_MS)


def test_who_was_retired_is_nobodys_business(arc: Path, tmp_path: Path) -> None:
    """Their number runs out in the roster, and nothing about it is due."""
    copy = shutil.copytree(arc, tmp_path / "ARC")
    card = read_party(copy / "party.toml")
    first, *others = card.members
    write_party(copy / "party.toml", replace(card, members=(replace(first, retired=True), *others)))
    late = by_name(copy, at_ms=now_ms() + 2 * YEAR_MS + DAY_MS)
    assert f"BOR person {first.person.number}" not in late
    assert late[f"BOR person {others[0].person.number}"][0] == "late"


def test_a_card_that_no_roster_has_is_said(tmp_path: Path) -> None:
    """Somebody changed the card, and the roots have not signed it yet."""
    home = NodeHome.open(paired(tmp_path)[0])
    card = read_party(home.party_path)
    (first, *others) = card.members
    person = replace(first.person, valid_until_ms=first.person.valid_until_ms - DAY_MS)
    write_party(home.party_path, replace(card, members=(replace(first, person=person), *others)))
    state, text = by_name(home.path)["BOR people"]
    assert (state, text) == ("late", "the party's card has changes that no roster has: duty")
    (home.channel("BOR").roster_path("BOR", 1)).write_bytes(b"damaged")
    assert by_name(home.path)["BOR roster of BOR"][0] == "broken"
    assert checks(home.path)["BOR roster of BOR"]["result"] == "fail"


def test_a_backup_on_paper_is_due_until_it_was_tried(tmp_path: Path) -> None:
    """None, made, tried, a year later, another set: each has its state, and the doctor warns as long as it is open."""
    home = NodeHome.open(make_home(tmp_path, "ARC", officers=()))
    at_ms = now_ms()
    assert by_name(home.path)["root 1 backup"][0] == "late"
    assert checks(home.path)["root 1 backup"]["result"] == "warn"
    note_made(home, 1, RootBackup(set_number=7, needed=2, of=3, made_at_ms=at_ms))
    assert by_name(home.path)["root 1 backup"] == ("late", "set 7, 2 of 3, never tried")
    note_tried(home, 1, RootBackup(set_number=7, needed=2, tried_at_ms=at_ms))
    assert by_name(home.path)["root 1 backup"][0] == "ok"
    assert checks(home.path)["root 1 backup"]["result"] == "ok"
    assert by_name(home.path, at_ms=at_ms + REHEARSE_EVERY_MS - DAY_MS)["root 1 backup"][0] == "soon"
    assert by_name(home.path, at_ms=at_ms + REHEARSE_EVERY_MS + DAY_MS)["root 1 backup"][0] == "late"
    note_tried(home, 1, RootBackup(set_number=8, needed=2, tried_at_ms=at_ms))
    assert "set 8, 2 needed" in by_name(home.path)["root 1 backup"][1]
    path_of(home).write_text("{")
    assert by_name(home.path)["root backups"][0] == "late"
    note_made(home, 2, RootBackup(set_number=9, needed=2, of=3, made_at_ms=at_ms))
    assert json.loads(path_of(home).read_text()).keys() == {"2"}


def test_the_homes_backup_has_an_age(tmp_path: Path) -> None:
    """None is known of, fresh, old."""
    home = make_home(tmp_path, "ARC", officers=())
    assert by_name(home)["home backup"] == ("late", "none is known of")
    ok(*acting(home, "backup", tmp_path / "backup"))
    assert by_name(home)["home backup"][0] == "ok"
    assert by_name(home, at_ms=now_ms() + 8 * DAY_MS)["home backup"][0] == "late"


def test_root_keys_that_are_not_here_are_no_finding(tmp_path: Path) -> None:
    """They are moved off the machine after pairing."""
    home = make_home(tmp_path, "ARC", officers=())
    assert by_name(home)["root keys"][0] == "late"
    (home / "roots").rename(tmp_path / "medium")
    assert by_name(home)["root keys"] == ("ok", "they are not on this machine")


def test_an_officers_home_has_no_such_list(tmp_path: Path) -> None:
    """It is refused with what is needed."""
    home = make_home(tmp_path, "ARC")
    done = hotline("--home", home / "officers" / "duty", "keys", "status", "--json")
    assert (done.status, done.json["error"]["code"]) == (3, "home-missing")
