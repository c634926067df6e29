"""Acts for a journal: what is made is one, and nothing else is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.resources import catalogue, journal_catalogue
from protocol.body import open_body
from protocol.catalogue_table import CatalogueRefused
from protocol.errors import ComposeRefused
from protocol.journal import (
    TEXT_BYTES_MAX,
    JournalSetting,
    compose_act,
    fault_of,
    is_journal,
    journal_channel,
    journal_origin,
    text_of,
)
from protocol.journal_kinds import JournalCatalogue, JournalKind
from protocol.statement import EMPTY_LOG, LogState
from tests.builders import START_MS, keyring

ORIGIN = journal_origin("line.arcadia.example", bytes(16))
KINDS = journal_catalogue().kinds
SEALING = keyring("ARC", bytes(32)).sealing()
SETTING = JournalSetting(
    origin=ORIGIN, party="ARC", catalogue=journal_catalogue().digest, after=EMPTY_LOG, sealing=SEALING.public
)
SAMPLES: dict[str, Any] = {"uint": 3, "int": -1, "hash": bytes(32), "code": "watch", "party": "BOR", "flag": True}
SAMPLES |= {"hashes": [bytes(32)], "time": START_MS}


def made(kind: JournalKind, *, text: str | None = None, **changes: Any) -> Any:
    """An act of a kind, with every fact that it has."""
    facts = {name: SAMPLES[one.removesuffix("?")] for name, one in kind.facts.items()}
    if text is None and kind.text == "required":
        text = "why"
    values: dict[str, Any] = {"facts": facts, "text": text, "document": b"roster" if kind.document else None}
    return compose_act(
        kind, SETTING, statement_id=bytes(16), secret=bytes(32), issued_at_ms=START_MS, **{**values, **changes}
    )


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_makes_acts_that_are_of_the_journal(name: str) -> None:
    """With all of its facts, and with those alone that it must have; of no other journal, party or catalogue."""
    kind = KINDS[name]
    least = {one: SAMPLES[form] for one, form in kind.facts.items() if not form.endswith("?")}
    for statement, _ in (made(kind), made(kind, facts=least)):
        assert fault_of(statement, journal_catalogue(), origin=ORIGIN, party="ARC") is None
        assert fault_of(statement, journal_catalogue(), origin=f"{ORIGIN[:-1]}1", party="ARC") is not None
        assert fault_of(statement, journal_catalogue(), origin=ORIGIN, party="BOR") is not None
        other = replace(statement, catalogue=bytes(32))
        assert fault_of(other, journal_catalogue(), origin=ORIGIN, party="ARC") is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"thread": bytes(32)},
        {"in_reply_to": bytes(32)},
        {"outcome": "answered"},
        {"severity": 1},
        {"valid_until_ms": START_MS},
        {"status": "exercise"},
        {"precedence": "flash"},
        {"seen": LogState(1, bytes(32))},
        {"kind": "goodwill"},
        {"facts": {}},
        {"facts": {"role": "duty", "surplus": 1}},
        {"commitments": (bytes(32),), "opener": bytes(32)},
        {"agreement": bytes(32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_header_with_what_no_journal_has_is_refused(changes: dict[str, Any]) -> None:
    """Whatever a client may put there."""
    statement, _ = made(KINDS["unmute"])
    assert fault_of(replace(statement, **changes), journal_catalogue(), origin=ORIGIN, party="ARC") is not None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_a_text_is_sealed_to_the_party_alone(text: str) -> None:
    """It opens with the party's key, is what the header commits to, and stands nowhere in the open."""
    # Begun with what stands in no header by itself.
    text = f"Secret: {text}"
    statement, body = made(KINDS["flag"], text=text)
    opened = open_body(statement, body, party="ARC", key=SEALING)
    assert text_of(statement, body, opened.secret.raw) == text
    assert text.encode() not in statement.encode() + body


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("flag", {"text": ""}),
        ("flag", {"text": "x" * (TEXT_BYTES_MAX + 1)}),
        ("unmute", {"facts": {}}),
        ("unmute", {"facts": {"role": "Duty"}}),
        ("unmute", {"facts": {"role": "duty", "more": 1}}),
        ("unmute", {"document": b"text"}),
        ("roster", {"document": None}),
        ("hold", {"text": "a text"}),
    ],
)
def test_what_a_kind_does_not_have_is_not_made(name: str, changes: dict[str, Any]) -> None:
    """Refused before anything is sealed or signed."""
    with pytest.raises(ComposeRefused, match="journal-act-refused"):
        made(KINDS[name], **changes)


def test_a_journal_is_no_log_of_a_line() -> None:
    """Its name is another, and its channel follows from that alone."""
    assert is_journal(ORIGIN)
    assert not is_journal(f"line.arcadia.example/hotline/{'0' * 64}/0")
    assert journal_channel(ORIGIN) != journal_channel(f"{ORIGIN[:-1]}1")
    assert not set(KINDS) & {one.name for one in catalogue().kinds if one.name != "roster"}


@pytest.mark.parametrize(
    "text",
    [
        b"[a]\nby = 1\n",
        b'[A]\nby = "node"\nlabel = "x"\nhelp = "y"\n',
        b'[a]\nby = "node"\nlabel = "x"\nhelp = "y"\nmore = 1\n',
        b'[a]\nby = "node"\nlabel = "x"\nhelp = "y"\nfacts = { b = "text" }\n',
        b'[a]\nby = "node"\ntext = "required"\ndocument = true\nlabel = "x"\nhelp = "y"\n',
        b'[a]\nby = "person"\nnoted = true\nlabel = "x"\nhelp = "y"\n',
        b"\xff",
    ],
)
def test_kinds_that_are_none_are_refused(text: bytes) -> None:
    """A name, a value or a type that is not known."""
    with pytest.raises(CatalogueRefused):
        JournalCatalogue.load(text)
