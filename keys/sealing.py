"""Sealing a secret to a party: HPKE over ML-KEM-768 and X25519.

HPKE in base mode says nothing of the sender and, as the library offers it, takes no associated data. So whatever a
wrap is for stands in ``info``, and who wrapped it is shown by the signature over what carries the wrap.

Source: RFC 9180; the MLKEM768-X25519 KEM as in the crypto library; spec/keys-and-rosters.md, "Sealing keys".
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from keys.errors import KeyRefused, KeysMisused, SealRefused
from keys.gate import check_x25519
from keys.key_id import key_id
from keys.roles import KeyRole

ALGORITHM: Final = "hpke-mlkem768-x25519-hkdf-sha256-aes-256-gcm"

MLKEM768_PUBLIC_BYTES: Final = 1184
PUBLIC_BYTES: Final = MLKEM768_PUBLIC_BYTES + 32
SEED_BYTES: Final = 96
"""64 bytes for ML-KEM-768, then 32 for X25519."""

OVERHEAD_BYTES: Final = 1120 + 16
"""What a wrap adds to a secret: the encapsulated keys (1,088 and 32) and the tag."""

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True, repr=False)
class SealingPublicKey:
    """The key that others seal to.

    Attributes:
        raw: 1,216 bytes, the ML-KEM-768 key (1,184) followed by the X25519 key (32).

    Raises:
        KeyRefused: wrong length, coefficients out of range, or an X25519 half that the gate refuses.
    """

    raw: bytes
    _key: hpke.MLKEM768X25519PublicKey = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES:
            raise KeyRefused(f"a sealing key has {PUBLIC_BYTES} bytes, not {len(self.raw)}")
        check_x25519(self.x25519_raw)
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(self.mlkem768_raw)
        except ValueError:
            raise KeyRefused("the ML-KEM-768 half of the sealing key is malformed") from None
        x25519 = X25519PublicKey.from_public_bytes(self.x25519_raw)
        object.__setattr__(self, "_key", hpke.MLKEM768X25519PublicKey(mlkem, x25519))

    def __repr__(self) -> str:
        return f"SealingPublicKey({self.key_id.hex()[:16]})"

    @property
    def mlkem768_raw(self) -> bytes:
        """The 1,184 bytes of the ML-KEM-768 half."""
        return self.raw[:MLKEM768_PUBLIC_BYTES]

    @property
    def x25519_raw(self) -> bytes:
        """The 32 bytes of the X25519 half."""
        return self.raw[MLKEM768_PUBLIC_BYTES:]

    @property
    def key_id(self) -> bytes:
        """32 bytes that name this key."""
        return key_id(algorithm=ALGORITHM, role=KeyRole.SEALING, raw=self.raw)

    def wrap(self, secret: bytes, info: bytes) -> bytes:
        """Seal a secret to this key.

        Args:
            secret: any bytes; in practice 32.
            info: everything that the wrap is bound to. The same bytes are needed to unwrap.

        Returns:
            1,136 bytes more than the secret; different each time.
        """
        return _SUITE.encrypt(secret, self._key, info=info)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SealingPrivateKey:
    """The key that opens. Make it with :meth:`from_seed`; it never shows what it holds."""

    public: SealingPublicKey
    _key: hpke.MLKEM768X25519PrivateKey

    def __repr__(self) -> str:
        return f"SealingPrivateKey({self.public.key_id.hex()[:16]})"

    @classmethod
    def from_seed(cls, seed: bytes) -> "SealingPrivateKey":
        """The key that 96 secret bytes give: 64 for ML-KEM-768, then 32 for X25519.

        Raises:
            KeysMisused: a seed of another length.
        """
        if len(seed) != SEED_BYTES:
            raise KeysMisused(f"the seed of a sealing key has {SEED_BYTES} bytes, not {len(seed)}")
        mlkem = MLKEM768PrivateKey.from_seed_bytes(seed[:64])
        x25519 = X25519PrivateKey.from_private_bytes(seed[64:])
        raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        return cls(SealingPublicKey(raw), hpke.MLKEM768X25519PrivateKey(mlkem, x25519))

    def unwrap(self, ciphertext: bytes, info: bytes) -> bytes:
        """Open a secret.

        Args:
            ciphertext: what :meth:`SealingPublicKey.wrap` returned.
            info: the bytes it was bound to.

        Raises:
            SealRefused: another key, another info, or any damage; the three cannot be told apart.
        """
        try:
            return _SUITE.decrypt(ciphertext, self._key, info=info)
        except (InvalidTag, ValueError):
            raise SealRefused("the wrapped secret does not open with this key and this info") from None
