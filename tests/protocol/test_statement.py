"""Statements: the header, read strictly and written in one spelling."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical import decode, encode
from protocol.errors import Malformed, NotUnderstood, ProtocolError
from protocol.limits import TIME_MS_MAX
from protocol.statement import EMPTY_LOG, HEADER, PRECEDENCES, STATUSES, LogState, Statement
from tests.protocol.statement_samples import sample_statement

hashes = st.binary(min_size=32, max_size=32)
times = st.integers(0, TIME_MS_MAX)
states = st.builds(LogState, st.integers(0, 2**63 - 1), hashes)
bodies = st.one_of(
    st.fixed_dictionaries({"facts": st.none() | st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3)}),
    st.fixed_dictionaries({"body_digest": hashes, "body_length": st.integers(1, 131_072)}),
    st.fixed_dictionaries(
        {
            "body_digest": hashes,
            "body_length": st.integers(1, 131_072),
            "opener": hashes,
            "commitments": st.lists(hashes, max_size=5).map(tuple),
        }
    ),
)
statements = st.builds(
    lambda body, **header: Statement(**header, **body),
    bodies,
    channel=hashes,
    party=st.from_regex(r"[A-Z]{2,4}", fullmatch=True),
    kind=st.sampled_from(["notification", "holding-reply", "of-tomorrow"]),
    id=st.binary(min_size=16, max_size=16),
    thread=st.none() | hashes,
    in_reply_to=st.none() | hashes,
    outcome=st.none() | st.sampled_from(["declined", "answered"]),
    status=st.sampled_from(STATUSES),
    precedence=st.sampled_from(PRECEDENCES),
    severity=st.none() | st.integers(0, 5),
    aware_at_ms=st.none() | times,
    issued_at_ms=times,
    release_by_ms=st.none() | times,
    respond_by_ms=st.none() | times,
    valid_until_ms=st.none() | times,
    agreement=hashes,
    catalogue=hashes,
    language=st.sampled_from(["en", "pt-BR", "zh-Hant", "es-419"]),
    after=states,
    seen=states,
)


@given(statements)
def test_what_is_written_is_read(statement: Statement) -> None:
    """Every statement comes back equal, and encodes to the bytes it came from."""
    data = statement.encode()
    parsed = Statement.parse(data)
    assert parsed == statement
    assert parsed.encode() == data


@given(statements, st.data())
def test_a_changed_byte_is_refused_or_is_another_statement(statement: Statement, data: Any) -> None:
    """No two byte strings are one statement."""
    encoded = bytearray(statement.encode())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        parsed = Statement.parse(bytes(encoded))
    except ProtocolError:
        return
    assert parsed != statement
    assert parsed.encode() == bytes(encoded)


def test_the_record_and_the_format_have_the_same_fields() -> None:
    """No field of the record can be left out of what is signed."""
    assert {field.name for field in fields(Statement)} == set(HEADER.fields)
    assert list(decode(sample_statement().encode(), bytes_max=65_535)) == list(HEADER.fields)  # type: ignore[arg-type]


def test_facts_are_put_in_order() -> None:
    """Facts may be given in any order, at any depth."""
    first = sample_statement(
        opener=None, commitments=(), body_digest=None, body_length=None, facts={"b": 1, "a": {"d": 1, "c": 2}}
    )
    second = sample_statement(
        opener=None, commitments=(), body_digest=None, body_length=None, facts={"a": {"c": 2, "d": 1}, "b": 1}
    )
    assert first.encode() == second.encode()
    assert Statement.parse(first.encode()).facts == {"a": {"c": 2, "d": 1}, "b": 1}


def test_the_size_does_not_tell_the_length_of_the_body_or_the_severity() -> None:
    """What depends on content has a fixed width: two statements that differ only in it are equally long."""
    lengths = {
        len(sample_statement(severity=severity, body_length=length).encode())
        for severity, length in ((0, 100), (5, 131_072), (3, 4_096))
    }
    assert len(lengths) == 1


def test_a_later_field_is_not_understood_and_a_missing_one_malformed() -> None:
    """A reader can tell a newer writer from a broken one."""
    header: Any = decode(sample_statement().encode(), bytes_max=65_535)
    with pytest.raises(NotUnderstood):
        Statement.parse(encode({**header, "zeal": 1}))
    del header["kind"]
    with pytest.raises(Malformed, match=r"missing-field at header\.kind"):
        Statement.parse(encode(header))


def test_no_thread_opens_one() -> None:
    """A statement without thread opens its own."""
    assert sample_statement(thread=None).opens_thread
    assert not sample_statement().opens_thread


def test_the_empty_log_has_the_hash_of_nothing_for_root() -> None:
    """As in the tree of the log format."""
    assert EMPTY_LOG.size == 0
    assert EMPTY_LOG.root.hex().startswith("e3b0c442")
