"""A signed statement on its way to a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.suite import SUITE_1
from nodes.signed import SIGNATURES_MAX, SignedRefused, SignedStatement
from protocol import canonical
from protocol.limits import TOKEN_CHARS_MAX
from protocol.schema import TOKEN_PATTERN
from protocol.signature import SIGNER_PATTERN, Signature

signatures = st.builds(
    Signature,
    signer=st.from_regex(SIGNER_PATTERN, fullmatch=True),
    role=st.from_regex(TOKEN_PATTERN, fullmatch=True).filter(lambda text: len(text) <= TOKEN_CHARS_MAX),
    algorithm=st.just(SUITE_1.name),
    value=st.binary(min_size=1, max_size=9),
)
records = st.builds(
    SignedStatement,
    statement=st.binary(max_size=50),
    signatures=st.lists(signatures, max_size=3).map(tuple),
    body=st.none() | st.binary(max_size=50),
)


@given(records)
def test_a_record_reads_back(record: SignedStatement) -> None:
    """Reading what was written gives the same, and writing that gives the same bytes."""
    assert SignedStatement.parse(record.encode()) == record
    assert SignedStatement.parse(record.encode()).encode() == record.encode()


@given(st.binary(max_size=100))
def test_other_bytes_are_refused(data: bytes) -> None:
    """Whatever they are, there is one kind of error."""
    with pytest.raises(SignedRefused):
        SignedStatement.parse(data)


@pytest.mark.parametrize(
    "value",
    [
        ["hotline-statement", 2, b"", [], None],
        ["hotline-statement", 1, b"", [], None, None],
        ["hotline-statement", 1, "text", [], None],
        ["hotline-statement", 1, b"", [["node", "node", "a"]], None],
        ["hotline-statement", 1, b"", [["node", "node", "a", b""]] * (SIGNATURES_MAX + 1), None],
        ["hotline-statement", 1, b"", [], "body"],
    ],
)
def test_other_shapes_are_refused(value: list[object]) -> None:
    """Another version, another length, another type, too many signatures."""
    with pytest.raises(SignedRefused) as caught:
        SignedStatement.parse(canonical.encode(value))
    assert caught.value.code == "statement-file-malformed"


@pytest.mark.parametrize("signer", ["person/;", "person/", "person/0", "root/x", "person/1000000", "nobody", ""])
def test_a_signer_that_can_be_nobody_is_refused(signer: str) -> None:
    """What stands behind the stroke is a number; nothing that asks for it later is surprised."""
    record = SignedStatement(statement=b"1", signatures=(Signature(signer, "duty", SUITE_1.name, b"1"),), body=None)
    with pytest.raises(SignedRefused):
        SignedStatement.parse(record.encode())
