"""Passkeys: how officers sign with a WebAuthn authenticator, and how that is verified without a browser.

An authenticator signs no message of ours. It signs what it says of the ceremony and the hash of what the browser says,
in which a challenge of ours stands. So the challenge is SHA-256 of the preimage that any other key of the project
would sign (`keys/preimage.py`): purpose, channel, author and the hash of the exact bytes are bound by it, under an
algorithm's name of its own. Relying party and origin are pinned in the roster. The assertion, with all that is needed
to verify it, is the signature; whoever has roster and entry verifies it, years later and without the party's server.

A passkey is not post-quantum: who breaks P-256 or Ed25519 forges what it may sign, and what that is the agreement says.

Source: WebAuthn Level 2, section 7.2, and Level 3; spec/passkeys.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from keys.authenticator_data import CREDENTIAL_BYTES_MAX, HEAD_BYTES, check_assertion_data
from keys.client_data import CLIENT_DATA_BYTES_MAX, GET, check_client_data
from keys.cose_key import ES256_SIGNATURE_BYTES_MAX, CoseKey
from keys.errors import BROKEN_RULE, MALFORMED, OTHER_CREDENTIAL, KeyRefused, SignatureRefused
from keys.key_id import key_id
from keys.preimage import preimage
from keys.roles import KeyRole

ALGORITHM: Final = "webauthn"
"""The algorithm's name in signatures and preimages, whichever of the two the passkey's key is for."""

LOCALHOST: Final = "localhost"
"""The relying party of demonstrations and tests; no roster of another agreement may name it."""

NUMBER_MAX: Final = 8
"""Passkeys of one person: two devices at two places, and room for those that come after them."""

SIGNATURE_BYTES_MAX: Final = 8 + CREDENTIAL_BYTES_MAX + HEAD_BYTES + CLIENT_DATA_BYTES_MAX + ES256_SIGNATURE_BYTES_MAX

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?=.{{4,200}}\Z)(?:{_LABEL}\.)+{_LABEL}")
_PORT: Final = re.compile(r"(?::[1-9][0-9]{0,4})?")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator and a browser gave: the value of a passkey's signature.

    Attributes:
        credential: id of the credential that signed, 1 to 1,023 bytes.
        data: authenticator data, 37 bytes.
        client_data: JSON of the browser, at most 768 bytes.
        signature: over the data and the hash of the client data.
    """

    credential: bytes
    data: bytes
    client_data: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The four parts in that order, each a u16 length and so many bytes: the one spelling."""
        return _join((self.credential, self.data, self.client_data, self.signature))

    @classmethod
    def parse(cls, value: bytes) -> "Assertion":
        """Read the value of a signature. Nothing of it is verified here but its lengths.

        Raises:
            SignatureRefused: `malformed`; it is no four parts, or a part has no length that it may have.
        """
        if len(value) > SIGNATURE_BYTES_MAX:
            raise SignatureRefused(f"an assertion has at most {SIGNATURE_BYTES_MAX} bytes", kind=MALFORMED)
        parts = _split(value)
        if parts is None or len(parts) != 4:
            raise SignatureRefused("an assertion has four parts", kind=MALFORMED)
        made = cls(*parts)
        short = len(made.client_data) <= CLIENT_DATA_BYTES_MAX and len(made.signature) <= ES256_SIGNATURE_BYTES_MAX
        if not short or not 1 <= len(made.credential) <= CREDENTIAL_BYTES_MAX or len(made.data) != HEAD_BYTES:
            raise SignatureRefused("a part of the assertion has another length", kind=MALFORMED)
        return made

    @property
    def counter(self) -> int:
        """How many assertions the authenticator says it has made; 0 where it does not count."""
        return int.from_bytes(self.data[33:37])


@dataclass(frozen=True, slots=True)
class Passkey:
    """A person's passkey, as a roster lists it: everything that its assertions are verified by.

    Attributes:
        number: of the person's passkeys, from 1.
        credential: its id, 1 to 1,023 bytes.
        key: what it signs with.
        rp_id: the relying party it was made for: the desk's own name, or `localhost`.
        origin: of the page, exactly: `https://` and that name, or `http://localhost`, and a port if it has one.

    Raises:
        KeyRefused: a number, id, relying party or origin that cannot be (`broken rule`).
    """

    number: int
    credential: bytes
    key: CoseKey
    rp_id: str
    origin: str

    def __post_init__(self) -> None:
        _rule(1 <= self.number <= NUMBER_MAX, f"a person's passkeys have numbers from 1 to {NUMBER_MAX}")
        _rule(1 <= len(self.credential) <= CREDENTIAL_BYTES_MAX, "a credential id has 1 to 1,023 bytes")
        check_origin(self.rp_id, self.origin)

    @property
    def algorithm(self) -> str:
        """The algorithm's name in signatures."""
        return ALGORITHM

    @property
    def role(self) -> KeyRole:
        """Passkeys are officers' keys, and no others."""
        return KeyRole.OFFICER

    @property
    def raw(self) -> bytes:
        """All of it in one spelling."""
        texts = (self.rp_id.encode("ascii"), self.origin.encode("ascii"))
        return _join((bytes([self.number]), self.credential, self.key.raw, *texts))

    @classmethod
    def from_raw(cls, raw: bytes) -> "Passkey":
        """The passkey that `raw` gave.

        Raises:
            KeyRefused: it is none.
        """
        parts = _split(raw)
        if parts is None or len(parts) != 5 or len(parts[0]) != 1 or not (parts[3] + parts[4]).isascii():
            raise KeyRefused("these bytes are no passkey")
        number, credential, key, rp_id, origin = parts
        return cls(number[0], credential, CoseKey(key), rp_id.decode("ascii"), origin.decode("ascii"))

    @property
    def key_id(self) -> bytes:
        """32 bytes that name this passkey with its relying party and origin."""
        return key_id(algorithm=ALGORITHM, role=KeyRole.OFFICER, raw=self.raw)

    def verify(self, purpose: str, *, channel: bytes, author: str, message: bytes, signature: bytes) -> None:
        """Check an assertion over a message.

        Args:
            purpose, channel, author, message: as for `HybridPublicKey.verify`.
            signature: an encoded `Assertion`.

        Raises:
            SignatureRefused: it does not hold; `kind` says why.
            KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.

        Source: spec/passkeys.md, "Verifying", steps 1 to 6; WebAuthn Level 2, section 7.2, steps 5 to 20. Step 21, the
        counter, depends on the assertions before, and is judged where they are known.
        """
        found = Assertion.parse(signature)
        if found.credential != self.credential:
            raise SignatureRefused("the assertion is by another credential", kind=OTHER_CREDENTIAL)
        asked = challenge(purpose, channel=channel, author=author, message=message)
        check_client_data(found.client_data, ceremony=GET, challenge=asked, origin=self.origin)
        check_assertion_data(found.data, rp_id=self.rp_id)
        self.key.verify(found.signature, found.data + sha256(found.client_data).digest())


def challenge(purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
    """What a passkey is asked to sign for a message: SHA-256 of its preimage, 32 bytes.

    Raises:
        KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.
    """
    return sha256(preimage(purpose, channel=channel, author=author, algorithm=ALGORITHM, message=message)).digest()


def check_relying_party(passkeys: Sequence[Passkey], *, domain: str, demonstration: bool) -> None:
    """Check that passkeys are for a party's own desk.

    Args:
        passkeys: in a roster of the party.
        domain: the party's, by the agreement.
        demonstration: whether the agreement says that nothing under it is meant.

    Raises:
        KeyRefused: `broken rule`; a relying party that is neither the domain nor below it, or `localhost` in earnest.
    """
    for passkey in passkeys:
        check_desk(passkey.rp_id, domain=domain, demonstration=demonstration)


def check_desk(rp_id: str, *, domain: str, demonstration: bool) -> None:
    """The same of one relying party by its name."""
    if rp_id == LOCALHOST:
        _rule(demonstration, "a passkey for localhost counts in demonstrations only")
    else:
        own = rp_id == domain or rp_id.endswith("." + domain)
        _rule(own, f"it is for {rp_id}, which is not {domain} or below it")


def check_origin(rp_id: str, origin: str) -> None:
    """Check that a relying party has a name that may be one, and that a page is its own.

    Raises:
        KeyRefused: `broken rule`.
    """
    _rule(rp_id == LOCALHOST or bool(_DOMAIN.fullmatch(rp_id)), "the relying party is no domain name")
    start = ("http://" if rp_id == LOCALHOST else "https://") + rp_id
    good = origin.startswith(start) and bool(_PORT.fullmatch(origin[len(start) :]))
    _rule(good and origin_port(origin) <= 65_535, "the origin is not the relying party's own")


def origin_port(origin: str) -> int:
    """The port that an origin names, or the one of its scheme."""
    _, _, port = origin.removeprefix("https://").removeprefix("http://").partition(":")
    return int(port) if port else 443 if origin.startswith("https://") else 80


def _join(parts: Sequence[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(2) + part for part in parts)


def _split(data: bytes) -> list[bytes] | None:
    """Parts that follow one another without a rest, or None."""
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if at + 2 > len(data) or end > len(data):
            return None
        parts.append(data[at + 2 : end])
        at = end
    return parts


def _rule(holds: bool, text: str) -> None:
    if not holds:
        raise KeyRefused(f"the passkey is refused: {text}", kind=BROKEN_RULE)
