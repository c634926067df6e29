"""Every file of spec/vectors/keys/ is judged as it says."""

import importlib.util
import io
from pathlib import Path
from typing import Any

import pytest

from keys import envelope, keyring, roster, sealed_stream, tls_identity
from keys.divided_node import DividedNodeKeyring
from keys.errors import KeysError
from keys.gate import check_ed25519, check_p384, check_x25519
from keys.hybrid import HybridPublicKey
from keys.note_key import NoteVerifier
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.root_set import RootChain
from keys.roster_people import check_people_only
from keys.sealing import SealingPrivateKey, SealingPublicKey
from keys.suite import SUITE_1, SUITES
from keys.token_keyring import TokenKeyring
from keys.witness_keyring import WitnessKeyring

VECTORS = Path(__file__).resolve().parents[2] / "spec" / "vectors"
NAMES = sorted(path.stem for path in (VECTORS / "keys").glob("*.txt"))

KEYRINGS: dict[str, Any] = {
    "node": keyring.NodeKeyring,
    "officer": keyring.OfficerKeyring,
    "root": keyring.RootKeyring,
    "reserve": keyring.ReserveKeyring,
    "token": TokenKeyring,
    "node-token": DividedNodeKeyring,
    "witness": WitnessKeyring,
}

Header = dict[str, list[str]]


def read(name: str) -> tuple[Header, bytes]:
    """The header of a vector, all values of each name, and its body."""
    head, _, body = (VECTORS / "keys" / f"{name}.txt").read_bytes().partition(b"\n\n")
    header: Header = {}
    for line in head.decode().split("\n"):
        key, _, value = line.partition(":")
        header.setdefault(key, []).append(value.removeprefix(" "))
    return header, body


def judge(header: Header, body: bytes) -> None:
    """Do what the subject asks for; raise as the code does."""

    def raw(name: str) -> bytes:
        return bytes.fromhex(header[name][0])

    def root_set() -> RootSet:
        keys = (HybridPublicKey(bytes.fromhex(key), KeyRole.ROOT) for key in header.get("key", []))
        return RootSet(int(header["threshold"][0]), tuple(keys))

    match header["subject"][0]:
        case "ed25519 key":
            check_ed25519(raw("key"))
        case "x25519 key":
            check_x25519(raw("key"))
        case "p384 key":
            check_p384(raw("key"))
        case "sealing key":
            SealingPublicKey(raw("key"))
        case "hybrid key":
            HybridPublicKey(raw("key"), KeyRole(header["role"][0]))
        case "hybrid signature":
            HybridPublicKey(raw("key"), KeyRole(header["role"][0])).verify(
                header["purpose"][0],
                channel=raw("channel"),
                author=header["author"][0],
                message=raw("message"),
                signature=raw("signature"),
            )
        case "root set":
            root_set()
        case "quorum":
            signatures = [line.partition(" ") for line in header.get("signature", [])]
            root_set().check(
                [(int(number), bytes.fromhex(value)) for number, _, value in signatures],
                header["purpose"][0],
                channel=raw("channel"),
                author=header["author"][0],
                message=raw("message"),
            ).require()
        case "vkey":
            NoteVerifier.parse(header["vkey"][0])
        case "note signature":
            NoteVerifier.parse(header["vkey"][0]).verify(raw("message"), raw("signature"))
        case "wrap":
            suite = SUITES[header.get("suite", [SUITE_1.name])[0]]
            SealingPrivateKey.from_seed(raw("seed"), suite).unwrap(raw("ciphertext"), raw("info"))
        case "key file":
            envelope.unseal(raw("blob"), raw("passphrase"), purpose=header["purpose"][0])
        case "keyring":
            KEYRINGS[header["kind"][0]].parse(body)
        case "certificate":
            tls_identity.certificate_key(raw("certificate"))
        case "roster":
            roster.parse(body)
        case "roster of roots":
            roster.check_apart(roster.parse(body), root_set())
        case "root set text":
            RootChain.first(header["party"][0], raw("channel"), root_set()).following(body)
        case "stream":
            source = io.BytesIO(body)
            for _ in sealed_stream.open_stream(source.read, raw("passphrase"), purpose=header["purpose"][0]):
                pass
        case "succession by admins":
            _, previous = read(header["previous"][0])
            check_people_only(roster.parse(previous), roster.parse(body))
        case "roster of a desk":
            demonstration = header["demonstration"][0] == "yes"
            roster.check_desks(roster.parse(body), domain=header["domain"][0], demonstration=demonstration)
        case "succession":
            _, previous = read(header["previous"][0])
            roster.check_succession(roster.parse(previous), previous, roster.parse(body))
        case subject:
            raise AssertionError(f"a subject that the test does not know: {subject}")


@pytest.mark.parametrize("name", NAMES)
def test_vector_is_judged_as_it_says(name: str) -> None:
    """Accepted, or refused with the kind of failure in the header."""
    header, body = read(name)
    outcome = "accepted"
    try:
        judge(header, body)
    except KeysError as error:
        outcome = error.kind
    assert outcome == header["expect"][0]


def test_generator_still_makes_these_files() -> None:
    """The committed files are those of the committed script, but for the randomness inside hedged ones."""
    spec = importlib.util.spec_from_file_location("make_keys", VECTORS / "make_keys.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = dict(script.vectors())
    assert sorted(made) == NAMES
    for name, contents in made.items():
        if b"\nhedged: yes\n" not in contents:
            assert (VECTORS / "keys" / f"{name}.txt").read_bytes() == contents, name
