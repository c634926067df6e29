"""A hybrid key whose Ed25519 half is somewhere else: in a token that signs and never gives it out.

Tokens do not have ML-DSA yet, so that half stays a seed in a sealed file. What verifies cannot tell such a key from
another one. A forger needs both halves all the same: the token and the file.

Source: spec/keys-and-rosters.md, "Tokens".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from keys.errors import KeysMisused, SignatureRefused
from keys.hybrid import HybridPublicKey
from keys.preimage import preimage, tag
from keys.roles import KeyRole
from keys.suite import ED25519_PUBLIC_BYTES, MLDSA_SEED_BYTES, SUITE_1, Suite

Elsewhere = Callable[[bytes], bytes]
"""Signs these bytes with Ed25519, wherever the key is; gives 64 bytes, or raises what its own module says."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class DividedKey:
    """Signs as a hybrid key does. Make it with :meth:`of`; it never shows what it holds."""

    public: HybridPublicKey
    _mldsa: Any
    _elsewhere: Elsewhere

    def __repr__(self) -> str:
        return f"DividedKey({self.public.role.value} {self.public.key_id.hex()[:16]})"

    @classmethod
    def of(
        cls, ed25519: bytes, mldsa_seed: bytes, role: KeyRole, elsewhere: Elsewhere, suite: Suite = SUITE_1
    ) -> "DividedKey":
        """The key of these two halves.

        Args:
            ed25519: the public half of the key that is elsewhere, 32 bytes.
            mldsa_seed: 32 secret bytes.
            role: node, officer or root.
            elsewhere: signs with the key that is elsewhere.
            suite: which ML-DSA.

        Raises:
            KeysMisused: a length that cannot be.
            KeyRefused: a public half that the gate refuses, or a job that hybrid keys do not do.
        """
        if len(ed25519) != ED25519_PUBLIC_BYTES or len(mldsa_seed) != MLDSA_SEED_BYTES:
            raise KeysMisused("a divided key has 32 public and 32 secret bytes")
        mldsa = suite.signature.load_private(mldsa_seed)
        return cls(HybridPublicKey(ed25519 + mldsa.public_key().public_bytes_raw(), role), mldsa, elsewhere)

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """Sign with both halves; what comes from elsewhere is verified before it is used.

        Returns:
            Both halves, as any hybrid key gives them.

        Raises:
            SignatureRefused: what came from elsewhere is no signature of that key: it is another key, or it is broken.
            KeysMisused: arguments that :func:`keys.preimage.preimage` refuses.
        """
        data = preimage(purpose, channel=channel, author=author, algorithm=self.public.suite.name, message=message)
        first = self._elsewhere(data)
        try:
            Ed25519PublicKey.from_public_bytes(self.public.ed25519_raw).verify(first, data)
        except InvalidSignature:
            raise SignatureRefused("what came from the token is no signature of this key") from None
        lattice: bytes = self._mldsa.sign(data, context=tag(purpose))
        return first + lattice
