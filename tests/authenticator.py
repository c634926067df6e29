"""An authenticator and a browser in software, with real keys: what tests sign with where no browser is needed.

Both lie on request, each part by itself, so that every check has something to refuse.
"""

import json
from dataclasses import dataclass, field, replace
from hashlib import sha256, shake_256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from keys.authenticator_data import ATTESTED, USER_PRESENT, USER_VERIFIED
from keys.client_data import GET, base64url
from keys.cose_key import EDDSA, ES256, P256_ORDER, CoseKey, from_point
from keys.passkey import Assertion, Passkey, challenge

RP_ID = "desk.arcadia.example"


@dataclass(slots=True)
class Authenticator:
    """One device with one credential.

    Attributes:
        name: what its key and its credential's id follow from.
        algorithm: `es256` or `eddsa`.
        rp_id, origin: what the credential is for.
        counter: of the last assertion; stays 0 where it does not count.
        counts: whether it counts.
        number: of the person's passkeys.
    """

    name: str
    algorithm: str = ES256
    rp_id: str = RP_ID
    origin: str = ""
    counter: int = 0
    counts: bool = True
    number: int = 1
    _key: EllipticCurvePrivateKey | Ed25519PrivateKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.origin = self.origin or f"https://{self.rp_id}"
        secret = shake_256(f"authenticator {self.name}".encode()).digest(32)
        if self.algorithm == EDDSA:
            self._key = Ed25519PrivateKey.from_private_bytes(secret)
        else:
            self._key = derive_private_key(int.from_bytes(secret) % (P256_ORDER - 1) + 1, SECP256R1())

    @property
    def credential(self) -> bytes:
        """Its credential's id."""
        return shake_256(f"credential {self.name}".encode()).digest(20)

    @property
    def key(self) -> CoseKey:
        """Its public key."""
        if isinstance(self._key, Ed25519PrivateKey):
            return from_point(EDDSA, self._key.public_key().public_bytes_raw())
        numbers = self._key.public_key().public_numbers()
        return from_point(ES256, numbers.x.to_bytes(32) + numbers.y.to_bytes(32))

    @property
    def public(self) -> Passkey:
        """What a roster lists."""
        return Passkey(self.number, self.credential, self.key, self.rp_id, self.origin)

    def sign_raw(self, data: bytes) -> bytes:
        """Sign, the same each time."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, ECDSA(SHA256(), deterministic_signing=True))

    def data(
        self, *, flags: int = USER_PRESENT | USER_VERIFIED, rp_id: str | None = None, behind: bytes = b""
    ) -> bytes:
        """Authenticator data with the counter as it is."""
        head = sha256((rp_id or self.rp_id).encode()).digest()
        return head + bytes([flags]) + self.counter.to_bytes(4) + behind

    def new_credential(self, *, flags: int = USER_PRESENT | USER_VERIFIED | ATTESTED, behind: bytes = b"") -> bytes:
        """Authenticator data of a registration."""
        attested = bytes(16) + len(self.credential).to_bytes(2) + self.credential + self.key.raw
        return self.data(flags=flags, behind=attested + behind)

    def client_data(self, asked: bytes, *, ceremony: str = GET, **changes: Any) -> bytes:
        """What the browser says, as Chromium writes it; a change to None leaves a name out."""
        values = {"type": ceremony, "challenge": base64url(asked), "origin": self.origin, "crossOrigin": False}
        values |= changes
        return json.dumps(
            {name: value for name, value in values.items() if value is not None}, separators=(",", ":")
        ).encode()

    def assertion(self, client_data: bytes, data: bytes | None = None) -> Assertion:
        """Sign authenticator data and client data."""
        if data is None:
            self.counter += self.counts
            data = self.data()
        return Assertion(self.credential, data, client_data, self.sign_raw(data + sha256(client_data).digest()))

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """Sign a message as the project's keys do; see `keys.hybrid.Signer`."""
        asked = challenge(purpose, channel=channel, author=author, message=message)
        return self.assertion(self.client_data(asked)).encode()

    def cloned(self) -> "Authenticator":
        """A copy of the device, with the counter as it is now."""
        return replace(self)
