"""Templates between two real nodes: registered, accepted, followed, and seen through."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import Done, acting, hotline, ok, paired

pytestmark = pytest.mark.slow

FILE = """
name = "outage"
edition = 1
for_kind = "goodwill"
text_language = "en"
approvals = ["Head of the press office"]
valid_until = "+300d"

[[slots]]
slot = "where"
type = "line"
bytes = 40
hint = "a region, not a town"

[[words]]
field = "message"
text = "Services in {where} are down."

[[words]]
field = "message"
text = "Nobody need do anything."
"""
HELD = ("--wait", "held", "--timeout", "20")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run, with one template in force."""
    arc, bor = paired(tmp_path_factory.mktemp("templates"))
    (arc.parent / "outage.toml").write_text(FILE)
    with running(arc, bor):
        proposed = ok(*acting(arc, "templates", "new", "--file", arc.parent / "outage.toml", *HELD))
        assert ok(*acting(arc, "templates", "list"))["templates"] == []
        ok(*acting(bor, "send", "accept", "--reply-to", proposed["serial"], *HELD))
        until = time.monotonic() + 20
        while not ok(*acting(arc, "templates", "list"))["templates"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        yield arc, bor


def code_of(done: Done) -> str:
    """The code of a command that failed with --json."""
    return str(done.json["error"]["code"])


def facts_of(home: Path, serial: str) -> dict[str, Any]:
    """What a statement's header states, as a home's node shows it."""
    shown = ok(*acting(home, "show", serial, "--peek"))
    assert shown["broken"] == shown["template_differs"] == []
    facts: dict[str, Any] = shown["view"]["facts"] or {}
    return facts


def test_a_template_is_listed_and_shown_at_both_sides(homes: tuple[Path, Path]) -> None:
    """By name, with its words, its slots and how it is used; in force only after both said so."""
    for home in homes:
        (listed,) = ok(*acting(home, "templates", "list"))["templates"]
        assert (listed["name"], listed["edition"], listed["kind"], listed["party"]) == ("outage", 1, "goodwill", "ARC")
    shown = hotline(*acting(homes[1], "templates", "show", "outage"))
    assert shown.status == 0
    assert "Services in {where} are down." in shown.out
    assert "hotline send goodwill --template outage" in shown.out
    assert code_of(hotline(*acting(homes[0], "templates", "show", "storm", "--json"))) == "no-such-template"


def test_a_statement_that_follows_it_says_so(homes: tuple[Path, Path]) -> None:
    """The words come from the template, the slot from the officer; the header names the template and no free text."""
    arc, bor = homes
    (listed,) = ok(*acting(bor, "templates", "list"))["templates"]
    sent = ok(*acting(bor, "send", "goodwill", "--template", "outage", "--slot", "where=the north", *HELD))
    assert facts_of(arc, sent["serial"]) == {"template": listed["leaf"]}
    shown = ok(*acting(arc, "show", sent["serial"], "--peek"))
    assert shown["contents"]["message"] == "Services in the north are down.\nNobody need do anything."


def test_words_beyond_it_are_marked_as_free(homes: tuple[Path, Path]) -> None:
    """An author who adds to the template may; the header says so, and rules of authority go by that."""
    arc, bor = homes
    message = "message=Services in the north are down, and we know why."
    sent = ok(*acting(arc, "send", "goodwill", "--template", "outage", "--slot", "where=x", "--set", message, *HELD))
    assert facts_of(bor, sent["serial"])["free"] is True


@pytest.mark.parametrize("slots", [(), ("--slot", "where="), ("--slot", f"where={'x' * 41}"), ("--slot", "when=now")])
def test_a_slot_that_is_not_filled_as_it_asks_is_refused(homes: tuple[Path, Path], slots: tuple[str, ...]) -> None:
    """Missing, empty, too long, or of another name: nothing is sent."""
    done = hotline(*acting(homes[0], "send", "goodwill", "--template", "outage", *slots, "--json"))
    assert (done.status, code_of(done)) == (2, "slot-unfit")


@pytest.mark.parametrize(
    ("facts", "message", "code"),
    [
        ("template = '{leaf}'", "Services in the north are down.\nNobody need do anything.", ""),
        ("template = '{leaf}'", "You did it.", "free-text"),
        ("template = '{leaf}'\nfree = true", "You did it.", ""),
        ("template = '" + "ab" * 32 + "'", "Services in the north are down.", "template-not-in-force"),
    ],
)
def test_a_node_refuses_a_header_that_its_body_belies(
    homes: tuple[Path, Path], facts: str, message: str, code: str
) -> None:
    """Whatever an officer's program says in the header, the node has looked at the body before it takes it."""
    arc, _ = homes
    (listed,) = ok(*acting(arc, "templates", "list"))["templates"]
    file = arc.parent / "belied.toml"
    file.write_text(f'message = """{message}"""\n[facts]\n{facts.format(leaf=listed["leaf"])}\n')
    done = hotline(*acting(arc, "send", "goodwill", "--to", "BOR", "--file", file, "--json"))
    assert (done.status, code_of(done) if done.status else "") == (1 if code else 0, code)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("{where} are", "{place} are", "template-malformed"),
        ('field = "message"', 'field = "title"', "template-malformed"),
        ('for_kind = "goodwill"', 'for_kind = "arrival"', "template-malformed"),
    ],
)
def test_a_template_that_nobody_could_follow_is_not_proposed(
    homes: tuple[Path, Path], old: str, new: str, code: str
) -> None:
    """Slots, fields and kind are looked up before anybody signs."""
    arc, _ = homes
    (arc.parent / "wrong.toml").write_text(FILE.replace(old, new))
    done = hotline(*acting(arc, "templates", "new", "--file", arc.parent / "wrong.toml", "--json"))
    assert code_of(done) == code
