"""Passkeys: every vector is judged as it says, and an assertion holds for one message, place and page alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.authenticator_data import read_new_credential
from keys.client_data import CREATE, check_client_data
from keys.cose_key import EDDSA, ES256, CoseKey, from_point
from keys.errors import KeysError, SignatureRefused
from keys.passkey import SIGNATURE_BYTES_MAX, Assertion, Passkey, check_relying_party
from protocol.limits import SIGNATURE_BYTES_MAX as ENTRY_SIGNATURE_BYTES_MAX
from tests.authenticator import Authenticator
from tests.keys.make_passkey_vectors import DIRECTORY, vectors

NAMES = sorted(path.stem for path in DIRECTORY.glob("*.txt"))
CHANNEL = bytes(range(32))


def read(path: Path) -> dict[str, str]:
    """The lines of a vector."""
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return {name: value.removeprefix(" ") for name, _, value in lines}


def judge(lines: dict[str, str]) -> None:
    """Do what the subject asks for; raise as the code does."""

    def raw(name: str) -> bytes:
        return bytes.fromhex(lines[name])

    def passkey() -> Passkey:
        return Passkey(1, raw("credential"), CoseKey(raw("key")), lines["rp-id"], lines["origin"])

    match lines["subject"]:
        case "key":
            key = CoseKey(raw("key"))
            assert from_point(key.algorithm, key.point) == key
        case "passkey":
            demonstration = lines["demonstration"] == "yes"
            check_relying_party([passkey()], domain="arcadia.example", demonstration=demonstration)
        case "assertion":
            passkey().verify(
                lines["purpose"],
                channel=raw("channel"),
                author=lines["author"],
                message=raw("message"),
                signature=raw("signature"),
            )
        case "registration":
            asked, origin = raw("challenge"), lines["origin"]
            check_client_data(raw("client-data"), ceremony=CREATE, challenge=asked, origin=origin)
            read_new_credential(raw("data"), rp_id=lines["rp-id"])
        case subject:
            raise AssertionError(subject)


@pytest.mark.parametrize("name", NAMES)
def test_vector_is_judged_as_it_says(name: str) -> None:
    """Accepted, or refused with the kind of failure in the header."""
    lines = read(DIRECTORY / f"{name}.txt")
    outcome = "accepted"
    try:
        judge(lines)
    except KeysError as error:
        outcome = error.kind
    assert outcome == lines["expect"]


def test_generator_still_makes_these_files() -> None:
    """The committed files are those of the committed script."""
    made = dict(vectors())
    assert sorted(made) == NAMES
    for name, contents in made.items():
        assert (DIRECTORY / f"{name}.txt").read_bytes() == contents, name


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
def test_assertion_is_bound_to_purpose_channel_author_and_message(algorithm: str) -> None:
    """It verifies where it was made for, and nowhere else."""
    device = Authenticator("bound", algorithm)
    signature = device.sign("statement", channel=CHANNEL, author="ARC", message=b"text")
    device.public.verify("statement", channel=CHANNEL, author="ARC", message=b"text", signature=signature)
    for purpose, channel, author, message in (
        ("login", CHANNEL, "ARC", b"text"),
        ("statement", bytes(32), "ARC", b"text"),
        ("statement", CHANNEL, "BOR", b"text"),
        ("statement", CHANNEL, "ARC", b"texts"),
    ):
        with pytest.raises(SignatureRefused, match="another challenge"):
            device.public.verify(purpose, channel=channel, author=author, message=message, signature=signature)


def test_every_assertion_fits_into_an_entry() -> None:
    """The longest one is shorter than what an entry takes."""
    assert SIGNATURE_BYTES_MAX < 2_048 <= ENTRY_SIGNATURE_BYTES_MAX


def test_passkey_is_what_its_bytes_say() -> None:
    """Written and read again it is the same, with the same id; another origin is another id."""
    passkey = Authenticator("raw").public
    assert Passkey.from_raw(passkey.raw) == passkey
    assert Authenticator("raw", origin=passkey.origin + ":8443").public.key_id != passkey.key_id


@given(st.binary(max_size=300))
def test_no_bytes_but_an_assertion_pass(data: bytes) -> None:
    """Whatever parses is written again as the same bytes; all else is refused and raises nothing else."""
    try:
        found = Assertion.parse(data)
    except SignatureRefused:
        return
    assert found.encode() == data


@given(st.integers(0, 220), st.integers(0, 7))
def test_no_bit_of_an_assertion_can_change(byte: int, bit: int) -> None:
    """Each bit of the value matters, whichever part it is in."""
    device = Authenticator("bits", EDDSA)
    signature = bytearray(device.sign("statement", channel=CHANNEL, author="ARC", message=b"text"))
    signature[byte % len(signature)] ^= 1 << bit
    with pytest.raises(KeysError):
        device.public.verify("statement", channel=CHANNEL, author="ARC", message=b"text", signature=bytes(signature))
