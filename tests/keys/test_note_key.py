"""Note keys: ids, verifier lines and raw signatures of the three C2SP types."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeyRefused, KeysMisused, SignatureRefused
from keys.note_key import NoteKeyType, NoteSigner, NoteVerifier
from tests.keys.samples import note, seed

KINDS = st.sampled_from(NoteKeyType)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1, max_size=40)


@given(NAMES, KINDS)
@settings(max_examples=40)
def test_vkey_reads_back(name: str, kind: NoteKeyType) -> None:
    """Every key is read back from its line as it was."""
    verifier = NoteVerifier(name, kind, note("log", kind).verifier.raw)
    assert NoteVerifier.parse(verifier.vkey()) == verifier


def test_vkey_of_the_go_note_package() -> None:
    """The example key in the documentation of Go's note package has the id that we compute."""
    vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    verifier = NoteVerifier.parse(vkey)
    assert verifier.type is NoteKeyType.ED25519
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    decoded = base64.b64decode(line)
    assert decoded[:4] == verifier.key_id
    verifier.verify(text, decoded[4:])


@pytest.mark.parametrize("kind", NoteKeyType)
def test_id_is_as_c2sp_says(kind: NoteKeyType) -> None:
    """Four bytes of SHA-256 over name, newline, type and key."""
    verifier = note("log", kind).verifier
    assert verifier.key_id == sha256(b"arc.test/log\n" + bytes([kind]) + verifier.raw).digest()[:4]


@pytest.mark.parametrize("kind", NoteKeyType)
def test_signature_verifies_and_no_other_does(kind: NoteKeyType) -> None:
    """A signature has the length of its type and is good for its message and key alone."""
    signature = note("log", kind).sign(b"message")
    assert len(signature) == kind.signature_bytes
    note("log", kind).verifier.verify(b"message", signature)
    with pytest.raises(SignatureRefused, match="does not verify"):
        note("log", kind).verifier.verify(b"messages", signature)
    with pytest.raises(SignatureRefused, match="does not verify"):
        note("mirror", kind).verifier.verify(b"message", signature)
    with pytest.raises(SignatureRefused, match="bytes"):
        note("log", kind).verifier.verify(b"message", signature + b"\0")


@given(st.text(max_size=60))
def test_any_text_is_a_vkey_or_refused(text: str) -> None:
    """Nothing but KeyRefused ever comes out of reading a line."""
    try:
        parsed = NoteVerifier.parse(text)
    except KeyRefused:
        return
    assert parsed.vkey() == text


@given(st.data())
def test_changed_vkey_is_refused(data: st.DataObject) -> None:
    """One character changed anywhere gives no key, since the id no longer fits."""
    vkey = note("log", NoteKeyType.ED25519).verifier.vkey()
    index = data.draw(st.integers(0, len(vkey) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != vkey[index]))
    with pytest.raises(KeyRefused):
        NoteVerifier.parse(vkey[:index] + other + vkey[index + 1 :])


def test_names_are_bounded() -> None:
    """255 bytes are the most, counted as bytes and not as letters."""
    raw = note("log", NoteKeyType.ED25519).verifier.raw
    NoteVerifier("é" * 127, NoteKeyType.ED25519, raw)
    with pytest.raises(KeyRefused):
        NoteVerifier("é" * 128, NoteKeyType.ED25519, raw)


def test_signer_shows_nothing_and_wants_32_bytes() -> None:
    """No byte of the seed is in the repr; a seed of another length is our own mistake."""
    signer = note("log", NoteKeyType.MLDSA44)
    assert signer.seed.hex()[:8] not in repr(signer)
    with pytest.raises(KeysMisused):
        NoteSigner("name", NoteKeyType.ED25519, seed("a", 31))
