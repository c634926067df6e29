"""Proof files are taken apart and put together in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.proof import PROOF_BYTES_MAX, ProofFileRefused, TlogProof, parse

proofs = st.builds(
    TlogProof,
    st.none() | st.binary(max_size=50),
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=5),
    st.binary(min_size=1, max_size=60),
)


@given(proofs)
def test_a_proof_file_returns(proof: TlogProof) -> None:
    """All parts come back as they were, and the checkpoint is left verbatim."""
    assert parse(proof.encode()) == proof


@given(proofs, st.data())
def test_a_changed_byte_is_another_proof_or_none(proof: TlogProof, data: st.DataObject) -> None:
    """No two byte strings read as the same proof."""
    whole = proof.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes((data.draw(st.integers(0, 255)),)) + whole[at + 1 :]
    try:
        read = parse(changed)
    except ProofFileRefused:
        return
    assert (read == proof) == (changed == whole)


@given(st.binary(max_size=120).map(lambda data: b"c2sp.org/tlog-proof@v1\n" + data))
def test_garbage_is_refused(data: bytes) -> None:
    """Any bytes give a proof or ProofFileRefused, nothing else."""
    try:
        assert parse(data).encode() == data
    except ProofFileRefused:
        pass


def test_limits_come_first() -> None:
    """Too many bytes, hashes or extra data are refused, and the greatest extra data is not."""
    with pytest.raises(ProofFileRefused):
        parse(bytes(PROOF_BYTES_MAX + 1))
    with pytest.raises(ProofFileRefused):
        TlogProof(None, 0, [bytes(32)] * 64, b"x")
    with pytest.raises(ProofFileRefused):
        TlogProof(bytes(65_536), 0, [], b"x")
    great = TlogProof(bytes(65_535), 2**63 - 1, [bytes(32)] * 63, b"x")
    assert parse(great.encode()) == great
