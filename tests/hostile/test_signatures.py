"""Keys and signatures that a library takes and we must not, and signatures carried to where they do not belong."""

from dataclasses import replace
from hashlib import sha256

import pytest

from keys import roster as rosters
from keys.errors import KeysError, SignatureRefused
from keys.hybrid import HybridPublicKey
from keys.note_key import NoteKeyType, NoteSigner, NoteVerifier
from keys.roles import KeyRole
from keys.sealing import SealingPublicKey
from keys.tls_identity import certificate_key
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.limits import STATEMENT_BYTES_MAX
from protocol.policy import parse as parse_policy
from protocol.signature import Signature
from protocol.spelling import encode_base64
from tests.builders import World, hybrid, make_agreement, make_roster, seed

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
SMALL = (0, 1, P - 1, 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7)
BAD_KEYS = [y.to_bytes(32, "little") for y in SMALL] + [(P + 1).to_bytes(32, "little"), b"\xff" * 32]
CHANNEL = bytes(32)


def later(signature: bytes) -> bytes:
    """The same Ed25519 signature with S beyond the order of the group."""
    s = int.from_bytes(signature[32:64], "little") + L
    return signature[:32] + s.to_bytes(32, "little") + signature[64:]


def test_a_signature_has_no_second_form() -> None:
    """An Ed25519 half with S + L verifies nowhere: neither under a statement nor under a checkpoint."""
    key = hybrid("ARC 1", KeyRole.OFFICER)
    good = key.sign("statement", channel=CHANNEL, author="ARC", message=b"m")
    key.public.verify("statement", channel=CHANNEL, author="ARC", message=b"m", signature=good)
    with pytest.raises(SignatureRefused):
        key.public.verify("statement", channel=CHANNEL, author="ARC", message=b"m", signature=later(good))
    for type_ in (NoteKeyType.ED25519, NoteKeyType.COSIGNATURE):
        signer = NoteSigner("log.example", type_, seed("log", 32))
        signer.verifier.verify(b"m", signer.sign(b"m"))
        with pytest.raises(SignatureRefused):
            signer.verifier.verify(b"m", later(signer.sign(b"m")))


@pytest.mark.parametrize("bad", BAD_KEYS, ids=lambda bad: bad.hex()[:8])
def test_a_key_of_small_order_gets_in_nowhere(bad: bytes) -> None:
    """As a root, an officer, a log's or mirror's key, in an agreement, a roster, a policy and a certificate."""
    good = hybrid("ARC 1", KeyRole.ROOT).public
    with pytest.raises(KeysError):
        HybridPublicKey(bad + good.raw[32:], KeyRole.ROOT)
    for type_ in (NoteKeyType.ED25519, NoteKeyType.COSIGNATURE):
        with pytest.raises(KeysError):
            NoteVerifier("log.example", type_, bad)
    agreement = make_agreement()
    text = agreement.text.replace(
        encode_base64(agreement.parties[0].roots.keys[0].raw).encode(),
        encode_base64(bad + agreement.parties[0].roots.keys[0].raw[32:]).encode(),
    )
    with pytest.raises(ProtocolError):
        Agreement.parse(text)
    roster = make_roster("ARC", agreement)
    written = rosters.render(roster)
    for raw in (roster.log.ed25519, roster.node.raw, roster.people[0].keys[0].raw):
        swapped = written.replace(encode_base64(raw).encode(), encode_base64(bad + raw[32:]).encode())
        assert swapped != written
        with pytest.raises(KeysError):
            rosters.parse(swapped)
    key = NoteSigner("log.example", NoteKeyType.ED25519, seed("log", 32)).verifier
    parse_policy(vkey_line(key.name, key.raw))
    with pytest.raises(ProtocolError):
        parse_policy(vkey_line(key.name, bad))
    der = roster.tls[0]
    with pytest.raises(KeysError):
        certificate_key(der.replace(certificate_key(der), bad))


def vkey_line(name: str, raw: bytes) -> bytes:
    """A policy with one log's Ed25519 key, whatever its bytes are."""
    typed = b"\x01" + raw
    key_id = sha256(name.encode() + b"\n" + typed).digest()[:4].hex()
    return f"log {name}+{key_id}+{encode_base64(typed)}\nquorum none\n".encode()


def test_an_all_zero_key_seals_nothing() -> None:
    """An X25519 key with which everybody has the same secret."""
    with pytest.raises(KeysError):
        SealingPublicKey(bytes(1184 + 32))


def test_a_signature_of_one_place_verifies_in_no_other() -> None:
    """Other purpose, channel or author: the same bytes are worth nothing there."""
    key = hybrid("ARC 1", KeyRole.OFFICER)
    good = key.sign("statement", channel=CHANNEL, author="ARC", message=b"m")
    for purpose, channel, author in (
        ("beat", CHANNEL, "ARC"),
        ("handshake", CHANNEL, "ARC"),
        ("login", CHANNEL, "ARC"),
        ("statement", b"\x01" * 32, "ARC"),
        ("statement", CHANNEL, "BOR"),
    ):
        with pytest.raises(SignatureRefused):
            key.public.verify(purpose, channel=channel, author=author, message=b"m", signature=good)


def test_what_is_too_large_is_not_verified() -> None:
    """An entry beyond the limits is at fault before a single signature of it is looked at."""
    world = World()
    place = world.say("ARC", "notification")
    data = world.logs["ARC"].entries[place[1]]
    fat = data + bytes(70_000)
    world.append("ARC", fat)
    assert "malformed" in world.faults(("ARC", place[1] + 1))
    walk = world.walk(world.archive())
    judge = walk._judge
    for entry in world.logs["ARC"].entries[:-1]:
        judge.prepare(0, entry)
    assert judge.prepare(0, fat).checks == ()


def test_as_many_signatures_as_fit_cost_no_more_than_their_number() -> None:
    """Signers that no roster has are not verified at all."""
    world = World()
    statement = world.statement("ARC", "goodwill")
    assert len(statement.encode()) < STATEMENT_BYTES_MAX
    rows = [world.sign("ARC", statement, "person/1", "duty")]
    rows += [Signature(f"person/{number}", "duty", rows[0].algorithm, b"s" * 3_373) for number in range(100, 115)]
    world.log("ARC", statement, rows)
    judge = world.walk(world.archive())._judge
    prepared = [judge.prepare(0, entry) for entry in world.logs["ARC"].entries][-1]
    assert len(prepared.checks) == 1
    assert replace(statement, language="en") == statement
