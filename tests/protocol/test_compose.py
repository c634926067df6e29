"""Composing: a kind, values and choices become a statement, and what comes out is checked by whoever signs or reads."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.body import open_body
from protocol.compose import Composed, check_contents, check_document, check_opened, compose, contents_length
from protocol.errors import BodyRefused, CommitmentRefused, ComposeRefused
from protocol.kinds import Kind
from protocol.statement import Statement
from tests.protocol.catalogue_samples import sample_facts
from tests.protocol.statement_samples import (
    CREATED_MS,
    SECRET,
    STATEMENT_ID,
    catalogue,
    sample_kind,
    sample_setting,
    sealing,
    seed,
)

ACK = sample_kind("acknowledge")
FIELDS = {"case_number": "A-17", "note": "Understood."}


def made(kind: Kind = ACK, **choices: Any) -> Composed:
    """A composed statement; an acknowledgement with both fields unless told otherwise."""
    parts: dict[str, Any] = {"statement_id": STATEMENT_ID, "secret": SECRET, "issued_at_ms": CREATED_MS}
    if kind is ACK:
        parts["fields"] = FIELDS
    return compose(kind, sample_setting(), **{**parts, **choices})


@pytest.mark.parametrize("kind", catalogue().kinds, ids=lambda kind: kind.name)
def test_every_kind_of_the_catalogue_can_be_composed(kind: Kind) -> None:
    """Sealed, without body, as a document or with facts: what is made parses, and its contents check."""
    composed = made(
        kind,
        fields={item.name: "x" for item in kind.fields},
        facts={"size": 1} if kind.machine else sample_facts(kind),
        document=b"text\n" if kind.document else None,
    )
    assert Statement.parse(composed.statement_bytes) == composed.statement
    assert composed.statement.precedence == kind.precedence
    assert len(composed.statement.commitments) == len(kind.fields)
    assert (composed.body is None) == (not kind.fields and not kind.document)
    assert (composed.secret is None) == (not kind.fields)
    if kind.document:
        assert composed.body is not None
        assert check_document(composed.statement, composed.body) == b"text\n"
    fields = check_contents(composed.statement, composed.secret, composed.body, kind)
    assert fields == {item.name: "x" for item in kind.fields}


def test_choices_stand_in_the_header() -> None:
    """Whatever the author chooses is in what is signed."""
    choices: dict[str, Any] = {
        "status": "exercise", "precedence": "flash", "language": "fr", "thread": seed("t", 32),
        "in_reply_to": seed("r", 32), "outcome": "partly", "severity": 4, "aware_at_ms": 1, "release_by_ms": 2,
        "respond_by_ms": 3, "valid_until_ms": 4,
    }  # fmt: skip
    statement = Statement.parse(made(**choices).statement_bytes)
    assert {name: getattr(statement, name) for name in choices} == choices


def test_the_counterpart_reads_what_the_author_wrote() -> None:
    """Opened with its own key, every field is committed to; absent ones are left out."""
    composed = made(fields={"note": "Understood.", "case_number": None})
    assert composed.body is not None
    opened = open_body(composed.statement, composed.body, party="BOR", key=sealing("BOR"))
    assert check_opened(composed.statement, opened, ACK) == {"note": "Understood."}


def test_the_same_input_gives_the_same_header_but_for_the_wraps() -> None:
    """Nothing is drawn at random here; only the library's wraps differ, and with them the body's digest."""
    first, second = made(), made()
    assert replace(first.statement, body_digest=None) == replace(second.statement, body_digest=None)


def test_which_fields_are_filled_does_not_show() -> None:
    """One field filled or both: as many commitments, as many bytes."""
    first, second = made(fields={"note": "x"}), made()
    assert first.body is not None
    assert second.body is not None
    assert len(first.statement_bytes) == len(second.statement_bytes)
    assert len(first.body) == len(second.body)


@pytest.mark.parametrize(
    ("kind", "choices", "code"),
    [
        ("acknowledge", {"fields": {"colour": "red"}}, "unknown-field"),
        ("acknowledge", {"facts": {}}, "facts-unfit"),
        ("acknowledge", {"facts": {"colour": 1}}, "facts-unfit"),
        ("acknowledge", {"facts": {"emergency": False}}, "facts-unfit"),
        ("roster", {"document": b"x", "facts": {"emergency": True}}, "not-for-this-kind"),
        ("acknowledge", {"document": b"x"}, "not-for-this-kind"),
        ("acknowledge", {"secret": None}, "bad-secret"),
        ("acknowledge", {"secret": bytes(31)}, "bad-secret"),
        ("acknowledge", {"statement_id": bytes(8)}, "bad-secret"),
        ("acknowledge", {"fields": {"note": "x" * 140_000}}, "contents-too-large"),
        ("acknowledge", {"fields": {"note": 0.5}}, "bad-contents"),
        ("acknowledge", {"attachments": [{"name": "x"}]}, "bad-contents"),
        ("acknowledge", {"severity": 9}, "bad-header"),
        ("acknowledge", {"issued_at_ms": -1}, "bad-header"),
        ("acknowledge", {"thread": b"short"}, "bad-header"),
        ("roster", {}, "document-missing"),
        ("roster", {"document": b""}, "contents-too-large"),
        ("roster", {"document": b"x", "attachments": [{}]}, "not-for-this-kind"),
        ("arrival", {}, "facts-missing"),
        ("arrival", {"facts": {"share": 0.5}}, "bad-header"),
        ("arrival", {"facts": {"size": 2**70}}, "bad-header"),
    ],
)
def test_what_the_format_has_no_place_for_is_refused(kind: str, choices: dict[str, Any], code: str) -> None:
    """The caller's mistake is named before anything is signed."""
    with pytest.raises(ComposeRefused) as caught:
        made(ACK if kind == "acknowledge" else sample_kind(kind), **choices)
    assert caught.value.code == code


def test_contents_that_are_not_committed_to_are_refused() -> None:
    """Other contents, too few commitments and a field of another kind are all found out."""
    composed, other = made(), made(fields={"note": "Not understood."})
    assert other.body is not None
    swapped = replace(
        composed.statement, body_digest=other.statement.body_digest, body_length=other.statement.body_length
    )
    with pytest.raises(CommitmentRefused, match="wrong-commitment"):
        check_contents(swapped, SECRET, other.body, ACK)
    fewer = replace(composed.statement, commitments=composed.statement.commitments[:1])
    with pytest.raises(CommitmentRefused, match="wrong-count"):
        check_contents(fewer, SECRET, composed.body, ACK)
    other_kind = replace(ACK, fields=(*ACK.fields[:1], replace(ACK.fields[1], name="remark")))
    with pytest.raises(BodyRefused, match="unknown-field"):
        check_contents(composed.statement, SECRET, composed.body, other_kind)
    with pytest.raises(BodyRefused, match="body-missing"):
        check_contents(composed.statement, SECRET, None, ACK)
    with pytest.raises(BodyRefused, match="unexpected-body"):
        check_contents(composed.statement, SECRET, composed.body, sample_kind("arrival"))


def test_room_left_can_be_shown() -> None:
    """A form can tell how much its contents take."""
    assert contents_length({}) < contents_length(FIELDS)
