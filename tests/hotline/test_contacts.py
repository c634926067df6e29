"""`hotline contacts`: the desks of the agreement, without a node; a card that fits on paper and loads nothing."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.contacts import STEPS, WIDTH, Contacts, card, lines_of, page
from protocol.agreement import Agreement
from protocol.agreement_terms import Desk
from tests.builders import make_agreement
from tests.hotline.people import hotline, ok, paired

pytestmark = pytest.mark.slow

DESKS = (
    Desk("diplomatic", ("+41 22 000 0001", "+41 22 000 0002"), "08:00 to 18:00 Geneva, weekdays", ("en", "fr")),
    Desk("technical", ("+41 22 000 0003",), "always", ("en",)),
)


def agreement(**changes: object) -> Agreement:
    """An agreement whose second party has desks."""
    plain = make_agreement()
    first, second = plain.parties
    return make_agreement(parties=(first, replace(second, desks=DESKS)), format=2, **changes)


def contacts(**changes: object) -> Contacts:
    """Seen from the first party."""
    return Contacts(own="ARC", agreement=agreement(**changes), amended=False, source="for a test")


def test_the_desks_of_both_are_shown() -> None:
    """Numbers in their order, hours and languages; a party without desks is said to have none."""
    text = "\n".join(lines_of(contacts()))
    assert "diplomatic  +41 22 000 0001, then +41 22 000 0002" in text
    assert "08:00 to 18:00 Geneva, weekdays; en, fr" in text
    assert "The agreement names no desk" in text


@pytest.mark.parametrize("purpose", ["line", "demonstration"])
def test_a_card_fits_on_paper_and_says_what_to_do(purpose: str) -> None:
    """Eighty columns, every step, and what it was printed from."""
    lines = card(contacts(purpose=purpose), made="2026-11-22")
    assert max(map(len, lines)) <= WIDTH
    text = " ".join(" ".join(lines).split())
    assert all(step in text for step in STEPS)
    assert "+41 22 000 0002" in text
    assert "Printed 2026-11-22" in text
    assert ("demonstration" in text) == (purpose == "demonstration")


def test_a_page_loads_nothing_and_takes_no_markup() -> None:
    """What the other party wrote into the agreement is text, and nothing is fetched when it is opened."""
    plain = agreement()
    first, second = plain.parties
    evil = replace(second, name="<script>alert(1)</script> & Co")
    text = page(
        Contacts(
            own="ARC", agreement=make_agreement(parties=(first, evil), format=2), amended=False, source="for a test"
        ),
        made="2026-11-22",
    )
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"(src|href|url)\s*[=(]|https?:", text)


def test_a_home_shows_its_contacts_without_a_node(tmp_path: Path) -> None:
    """Of a node and of an officer; nobody is asked for a passphrase."""
    arc, _ = paired(tmp_path)
    for home in (arc, arc / "officers" / "duty"):
        (found,) = ok("--home", home, "contacts")["contacts"]
        assert (found["counterpart"], found["demonstration"], found["amended"]) == ("BOR", True, False)
        assert set(found["desks"]) == {"ARC", "BOR"}
    assert "*** demonstration" in hotline("--home", arc, "contacts").out
    assert "WHAT TO DO" in hotline("--home", arc, "contacts", "BOR", "--card").out
    written = tmp_path / "card.html"
    ok("--home", arc, "contacts", "--html", written)
    assert written.read_text().startswith("<!doctype html>")
    written.write_text("somebody's own notes")
    assert hotline("--home", arc, "contacts", "--html", written, "--json").json["error"]["code"] == "file-exists"
    assert written.read_text() == "somebody's own notes"
    ok("--home", arc, "contacts", "--html", written, "--force")
    assert written.read_text().startswith("<!doctype html>")
    assert hotline("--home", arc, "contacts", "CEL", "--json").json["error"]["code"] == "channel-unknown"
