"""Ed25519 together with ML-DSA-65: how nodes, officers and roots sign.

Both halves sign the same preimage and both must verify, so that a forger has to break a curve *and* a lattice. The
purpose is bound twice: in the preimage, and for ML-DSA in its context string as well.

Key objects of the library are made at the first use and kept, because loading an ML-DSA key expands it and would cost
as much as part of a verification.

Source: RFC 8032; FIPS 204; spec/keys-and-rosters.md, "Hybrid keys".
"""

from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from keys.errors import KeyRefused, KeysMisused, SignatureRefused
from keys.gate import check_ed25519
from keys.key_id import key_id
from keys.passkey import Passkey
from keys.preimage import preimage, tag
from keys.roles import HYBRID_ROLES, KeyRole

ALGORITHM: Final = "ed25519+ml-dsa-65"

ED25519_PUBLIC_BYTES: Final = 32
MLDSA65_PUBLIC_BYTES: Final = 1952
PUBLIC_BYTES: Final = ED25519_PUBLIC_BYTES + MLDSA65_PUBLIC_BYTES

ED25519_SIGNATURE_BYTES: Final = 64
MLDSA65_SIGNATURE_BYTES: Final = 3309
SIGNATURE_BYTES: Final = ED25519_SIGNATURE_BYTES + MLDSA65_SIGNATURE_BYTES

SEED_BYTES: Final = 64
"""32 bytes for Ed25519, then 32 for ML-DSA-65; they must be independent."""


@dataclass(frozen=True, slots=True, repr=False)
class HybridPublicKey:
    """A public key for one job.

    Attributes:
        raw: 1,984 bytes, the Ed25519 key (32) followed by the ML-DSA-65 key (1,952).
        role: node, officer or root.

    Raises:
        KeyRefused: wrong length, a job that hybrid keys do not do, or an Ed25519 half that the gate refuses.
    """

    raw: bytes
    role: KeyRole
    _ed25519: Ed25519PublicKey | None = field(init=False, default=None, compare=False)
    _mldsa65: MLDSA65PublicKey | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        if self.role not in HYBRID_ROLES:
            raise KeyRefused(f"a hybrid key cannot serve as {self.role}")
        if len(self.raw) != PUBLIC_BYTES:
            raise KeyRefused(f"a hybrid public key has {PUBLIC_BYTES} bytes, not {len(self.raw)}")
        check_ed25519(self.ed25519_raw)

    def __repr__(self) -> str:
        return f"HybridPublicKey({self.role.value} {self.key_id.hex()[:16]})"

    @property
    def ed25519_raw(self) -> bytes:
        """The 32 bytes of the Ed25519 half."""
        return self.raw[:ED25519_PUBLIC_BYTES]

    @property
    def mldsa65_raw(self) -> bytes:
        """The 1,952 bytes of the ML-DSA-65 half."""
        return self.raw[ED25519_PUBLIC_BYTES:]

    @property
    def algorithm(self) -> str:
        """The algorithm's name in signatures."""
        return ALGORITHM

    @property
    def key_id(self) -> bytes:
        """32 bytes that name this key in this job."""
        return key_id(algorithm=ALGORITHM, role=self.role, raw=self.raw)

    def verify(self, purpose: str, *, channel: bytes, author: str, message: bytes, signature: bytes) -> None:
        """Check both halves of a signature.

        Args:
            purpose: what the signature must be for.
            channel: 32 bytes, or ``NO_CHANNEL``.
            author: the party, by short name, whose key this is.
            message: the bytes that were signed.
            signature: 3,373 bytes, Ed25519 (64) followed by ML-DSA-65 (3,309).

        Raises:
            SignatureRefused: wrong length, or a half that does not verify.
            KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.

        Source: spec/keys-and-rosters.md, "Hybrid keys", steps 1 to 4.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise SignatureRefused(f"a hybrid signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
        data = preimage(purpose, channel=channel, author=author, algorithm=ALGORITHM, message=message)
        try:
            self._ed25519_key().verify(signature[:ED25519_SIGNATURE_BYTES], data)
        except InvalidSignature:
            raise SignatureRefused("the Ed25519 half of the signature does not verify") from None
        try:
            self._mldsa65_key().verify(signature[ED25519_SIGNATURE_BYTES:], data, context=tag(purpose))
        except InvalidSignature:
            raise SignatureRefused("the ML-DSA-65 half of the signature does not verify") from None

    def _ed25519_key(self) -> Ed25519PublicKey:
        # Two threads may both make the object; the results are equal and either may stay.
        key = self._ed25519
        if key is None:
            key = Ed25519PublicKey.from_public_bytes(self.ed25519_raw)
            object.__setattr__(self, "_ed25519", key)
        return key

    def _mldsa65_key(self) -> MLDSA65PublicKey:
        key = self._mldsa65
        if key is None:
            key = MLDSA65PublicKey.from_public_bytes(self.mldsa65_raw)
            object.__setattr__(self, "_mldsa65", key)
        return key


@runtime_checkable
class Signer(Protocol):
    """Whatever can sign for one key: a key in memory, an agent process, a token, a passkey."""

    @property
    def public(self) -> HybridPublicKey | Passkey:
        """The key that verifies what this signs."""
        ...

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """Sign a message for a purpose; the arguments are those of :meth:`HybridPublicKey.verify`."""
        ...


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class HybridPrivateKey:
    """Both private keys in memory. Make it with :meth:`from_seed`; it never shows what it holds."""

    public: HybridPublicKey
    _ed25519: Ed25519PrivateKey
    _mldsa65: MLDSA65PrivateKey

    def __repr__(self) -> str:
        return f"HybridPrivateKey({self.public.role.value} {self.public.key_id.hex()[:16]})"

    @classmethod
    def from_seed(cls, seed: bytes, role: KeyRole) -> "HybridPrivateKey":
        """The key that 64 secret bytes give.

        Args:
            seed: 32 bytes for Ed25519, then 32 for ML-DSA-65.
            role: node, officer or root.

        Raises:
            KeysMisused: a seed of another length, or two equal halves.
            KeyRefused: a job that hybrid keys do not do.
        """
        if len(seed) != SEED_BYTES:
            raise KeysMisused(f"a hybrid seed has {SEED_BYTES} bytes, not {len(seed)}")
        if seed[:32] == seed[32:]:
            raise KeysMisused("the two halves of a hybrid seed are equal: that is no random seed")
        ed25519 = Ed25519PrivateKey.from_private_bytes(seed[:32])
        mldsa65 = MLDSA65PrivateKey.from_seed_bytes(seed[32:])
        raw = ed25519.public_key().public_bytes_raw() + mldsa65.public_key().public_bytes_raw()
        return cls(HybridPublicKey(raw, role), ed25519, mldsa65)

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """Sign with both halves.

        Returns:
            3,373 bytes. ML-DSA is hedged by the library, so two signatures of one message differ.

        Raises:
            KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.
        """
        data = preimage(purpose, channel=channel, author=author, algorithm=ALGORITHM, message=message)
        return self._ed25519.sign(data) + self._mldsa65.sign(data, context=tag(purpose))
