"""Ed25519 together with ML-DSA: how nodes, officers and roots sign.

Both halves sign the same preimage and both must verify, so that a forger has to break a curve *and* a lattice. The
purpose is bound twice: in the preimage, and for ML-DSA in its context string as well. Which ML-DSA it is, the suite
says; the name of the algorithm is in the preimage too, so that a signature of one suite is noise under another.

Key objects of the library are made at the first use and kept, because loading an ML-DSA key expands it and would cost
as much as part of a verification.

Source: RFC 8032; FIPS 204; spec/keys-and-rosters.md, "Hybrid keys".
"""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keys.errors import KeyRefused, KeysMisused, SignatureRefused
from keys.gate import check_ed25519
from keys.key_id import key_id
from keys.passkey import Passkey
from keys.preimage import preimage, tag
from keys.roles import HYBRID_ROLES, KeyRole
from keys.suite import (
    ED25519_PUBLIC_BYTES,
    ED25519_SIGNATURE_BYTES,
    HYBRID_SEED_BYTES,
    SUITE_1,
    Suite,
    suite_of_hybrid,
)


@dataclass(frozen=True, slots=True, repr=False)
class HybridPublicKey:
    """A public key for one job.

    Attributes:
        raw: the Ed25519 key (32 bytes) followed by the ML-DSA key; their length is that of one suite.
        role: node, officer or root.
        suite: of which they are (made here).

    Raises:
        KeyRefused: wrong length, a job that hybrid keys do not do, or an Ed25519 half that the gate refuses.
    """

    raw: bytes
    role: KeyRole
    suite: Suite = field(init=False, compare=False)
    _ed25519: Ed25519PublicKey | None = field(init=False, default=None, compare=False)
    _mldsa: Any = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        if self.role not in HYBRID_ROLES:
            raise KeyRefused(f"a hybrid key cannot serve as {self.role}")
        object.__setattr__(self, "suite", suite_of_hybrid(len(self.raw)))
        check_ed25519(self.ed25519_raw)

    def __repr__(self) -> str:
        return f"HybridPublicKey({self.role.value} {self.key_id.hex()[:16]})"

    @property
    def ed25519_raw(self) -> bytes:
        """The 32 bytes of the Ed25519 half."""
        return self.raw[:ED25519_PUBLIC_BYTES]

    @property
    def mldsa_raw(self) -> bytes:
        """The bytes of the ML-DSA half."""
        return self.raw[ED25519_PUBLIC_BYTES:]

    @property
    def algorithm(self) -> str:
        """The algorithm's name in signatures."""
        return self.suite.name

    @property
    def key_id(self) -> bytes:
        """32 bytes that name this key in this job."""
        return key_id(algorithm=self.suite.name, role=self.role, raw=self.raw)

    def verify(self, purpose: str, *, channel: bytes, author: str, message: bytes, signature: bytes) -> None:
        """Check both halves of a signature.

        Args:
            purpose: what the signature must be for.
            channel: 32 bytes, or ``NO_CHANNEL``.
            author: the party, by short name, whose key this is.
            message: the bytes that were signed.
            signature: Ed25519 (64 bytes) followed by ML-DSA, as long as the suite says.

        Raises:
            SignatureRefused: wrong length, or a half that does not verify.
            KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.

        Source: spec/keys-and-rosters.md, "Hybrid keys", steps 1 to 4.
        """
        form = self.suite.signature
        if len(signature) != form.signature_bytes:
            raise SignatureRefused(
                f"a signature of {form.algorithm} has {form.signature_bytes} bytes, not {len(signature)}"
            )
        data = preimage(purpose, channel=channel, author=author, algorithm=self.suite.name, message=message)
        try:
            self._ed25519_key().verify(signature[:ED25519_SIGNATURE_BYTES], data)
        except InvalidSignature:
            raise SignatureRefused("the Ed25519 half of the signature does not verify") from None
        try:
            self._mldsa_key().verify(signature[ED25519_SIGNATURE_BYTES:], data, context=tag(purpose))
        except InvalidSignature:
            raise SignatureRefused(f"the {form.lattice} half of the signature does not verify") from None

    def _ed25519_key(self) -> Ed25519PublicKey:
        # Two threads may both make the object; the results are equal and either may stay.
        key = self._ed25519
        if key is None:
            key = Ed25519PublicKey.from_public_bytes(self.ed25519_raw)
            object.__setattr__(self, "_ed25519", key)
        return key

    def _mldsa_key(self) -> Any:
        key = self._mldsa
        if key is None:
            key = self.suite.signature.load_public(self.mldsa_raw)
            object.__setattr__(self, "_mldsa", key)
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
    _mldsa: Any

    def __repr__(self) -> str:
        return f"HybridPrivateKey({self.public.role.value} {self.public.key_id.hex()[:16]})"

    @classmethod
    def from_seed(cls, seed: bytes, role: KeyRole, suite: Suite = SUITE_1) -> "HybridPrivateKey":
        """The key that 64 secret bytes give.

        Args:
            seed: 32 bytes for Ed25519, then 32 for ML-DSA.
            role: node, officer or root.
            suite: which ML-DSA.

        Raises:
            KeysMisused: a seed of another length, or two equal halves.
            KeyRefused: a job that hybrid keys do not do.
        """
        if len(seed) != HYBRID_SEED_BYTES:
            raise KeysMisused(f"a hybrid seed has {HYBRID_SEED_BYTES} bytes, not {len(seed)}")
        if seed[:32] == seed[32:]:
            raise KeysMisused("the two halves of a hybrid seed are equal: that is no random seed")
        ed25519 = Ed25519PrivateKey.from_private_bytes(seed[:32])
        mldsa = suite.signature.load_private(seed[32:])
        raw = ed25519.public_key().public_bytes_raw() + mldsa.public_key().public_bytes_raw()
        return cls(HybridPublicKey(raw, role), ed25519, mldsa)

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """Sign with both halves.

        Returns:
            Both halves. ML-DSA is hedged by the library, so two signatures of one message differ.

        Raises:
            KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.
        """
        data = preimage(purpose, channel=channel, author=author, algorithm=self.public.suite.name, message=message)
        lattice: bytes = self._mldsa.sign(data, context=tag(purpose))
        return self._ed25519.sign(data) + lattice
