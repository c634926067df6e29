"""`hotline contacts`: the desks of the agreement, without a node; a card that fits on paper and loads nothing."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hotline.contacts import STEPS, WIDTH, Contacts, card, lines_of, page
from hotline.words import Words, columns
from nodes.resources import language_file
from protocol.agreement import Agreement
from protocol.agreement_terms import Desk
from protocol.wording import Wording
from tests.builders import make_agreement
from tests.hotline.people import hotline, ok, paired

pytestmark = pytest.mark.slow

NOW = 1_795_305_600_000
"""Noon of 2026-11-22."""

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
    text = "\n".join(lines_of(contacts(), now_ms=NOW))
    assert "diplomatic  +41 22 000 0001, then +41 22 000 0002" in text
    assert "08:00 to 18:00 Geneva, weekdays; en, fr" in text
    assert "The agreement names no desk" in text


@pytest.mark.parametrize("purpose", ["line", "demonstration"])
def test_a_card_fits_on_paper_and_says_what_to_do(purpose: str) -> None:
    """Eighty columns, every step, and what it was printed from."""
    lines = card(contacts(purpose=purpose), now_ms=NOW)
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
        now_ms=NOW,
    )
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"(src|href|url)\s*[=(]|https?:", text)


def test_a_card_is_in_the_readers_language() -> None:
    """Labels, with the English that nobody has reviewed beside them; as wide as characters are, and escaped as ever."""
    for language in ("fr", "es", "ru", "ar", "zh"):
        words = Words(Wording.load(language_file(language), language))
        lines = card(contacts(), now_ms=NOW, words=words)
        assert max(map(columns, lines)) <= WIDTH
        text = " ".join(" ".join(lines).split())
        for english in ("when the line is down", "call them here", "our own desks", "the agreement names no desk"):
            assert f"[{english}]" in text, (language, english)
        assert "[DIPLOMATIC DESK]" in text
        assert "[what to do]" in page(contacts(), now_ms=NOW, words=words)
    assert "BUREAU DIPLOMATIQUE [DIPLOMATIC DESK]" in "\n".join(
        card(contacts(), now_ms=NOW, words=Words(Wording.load(language_file("fr"), "fr")))
    )


@pytest.mark.parametrize(("ends_ms", "words"), [(NOW, "PAST SUNSET since 2026-11-22"), (None, "past review: the")])
def test_a_card_says_that_its_agreement_is_past_its_time(ends_ms: int | None, words: str) -> None:
    """On paper as on the screen; nothing more to review once it has ended."""
    old = replace(contacts(purpose="line", review_date=date(2026, 1, 1)), ends_ms=ends_ms)
    for shown in (card(old, now_ms=NOW), lines_of(old, now_ms=NOW), page(old, now_ms=NOW).split("\n")):
        assert sum(one.count("***") for one in shown) == 2
        assert words in "\n".join(shown)


def test_every_screen_of_a_home_says_that_its_agreement_is_past_its_time(tmp_path: Path) -> None:
    """Past its sunset, and past its review before that; the doctor and the dues say it once, and in their own way."""
    arc, _ = paired(tmp_path)
    agreement = arc / "channels" / "BOR" / "agreement.toml"
    text = agreement.read_text()
    screens = (
        ("contacts",), ("contacts", "--card"), ("pair", "show"), ("pair", "show", "BOR"), ("keys", "status"),
        ("keys", "list"), ("officer", "list"), ("officer", "passkey", "list"), ("root", "set", "show"),
        ("evidence", "list"), ("status",),
    )  # fmt: skip
    for sunset, words in (("", "past review"), ("sunset_date = 2020-01-02\n", "PAST SUNSET")):
        agreement.write_text(re.sub(r"review_date = .*\n", f"review_date = 2020-01-01\n{sunset}", text))
        for screen in screens:
            assert hotline("--home", arc, *screen).out.count(words) == 1, (screen, words)
    names = [one["name"] for one in ok("--home", arc, "keys", "status")["dues"]]
    assert (names.count("BOR agreement"), names.count("BOR agreement's end")) == (0, 1)
    checks = [one["name"] for one in hotline("--home", arc, "doctor", "--json").json["checks"]]
    assert (checks.count("BOR agreement"), checks.count("BOR agreement's end")) == (0, 1)


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
