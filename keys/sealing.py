"""Sealing a secret to a party: HPKE over a lattice and a curve together, which ones the suite says.

HPKE in base mode says nothing of the sender and, as the library offers it, takes no associated data. So whatever a
wrap is for stands in ``info``, and who wrapped it is shown by the signature over what carries the wrap.

Source: RFC 9180; draft-ietf-hpke-pq, as in the crypto library; spec/keys-and-rosters.md, "Sealing keys".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag

from keys.errors import KeyRefused, KeysMisused, SealRefused
from keys.key_id import key_id
from keys.roles import KeyRole
from keys.suite import MLKEM_SEED_BYTES, SUITE_1, Suite, suite_of_sealing


@dataclass(frozen=True, slots=True, repr=False)
class SealingPublicKey:
    """The key that others seal to.

    Attributes:
        raw: the ML-KEM key followed by the key on the curve; their length is that of one suite.
        suite: of which they are (made here).

    Raises:
        KeyRefused: wrong length, coefficients out of range, or a curve half that the gate refuses.
    """

    raw: bytes
    suite: Suite = field(init=False, compare=False)
    _key: Any = field(init=False, compare=False)

    def __post_init__(self) -> None:
        suite = suite_of_sealing(len(self.raw))
        object.__setattr__(self, "suite", suite)
        form = suite.sealing
        form.curve.check(self.curve_raw)
        try:
            lattice = form.load_public(self.mlkem_raw)
        except ValueError:
            raise KeyRefused(f"the {form.lattice} half of the sealing key is malformed") from None
        object.__setattr__(self, "_key", form.join_public(lattice, form.curve.load_public(self.curve_raw)))

    def __repr__(self) -> str:
        return f"SealingPublicKey({self.key_id.hex()[:16]})"

    @property
    def mlkem_raw(self) -> bytes:
        """The bytes of the ML-KEM half."""
        return self.raw[: self.suite.sealing.lattice_public_bytes]

    @property
    def curve_raw(self) -> bytes:
        """The bytes of the half on the curve."""
        return self.raw[self.suite.sealing.lattice_public_bytes :]

    @property
    def key_id(self) -> bytes:
        """32 bytes that name this key."""
        return key_id(algorithm=self.suite.sealing.algorithm, role=KeyRole.SEALING, raw=self.raw)

    def wrap(self, secret: bytes, info: bytes) -> bytes:
        """Seal a secret to this key.

        Args:
            secret: any bytes; in practice 32.
            info: everything that the wrap is bound to. The same bytes are needed to unwrap.

        Returns:
            As many bytes more than the secret as the suite says; different each time.
        """
        return self.suite.sealing.hpke.encrypt(secret, self._key, info=info)


class Opener(Protocol):
    """Whatever opens what is sealed to one party: a key in memory, or one in another process."""

    @property
    def public(self) -> SealingPublicKey:
        """The key that others seal to."""
        ...

    @property
    def before(self) -> "Sequence[Opener]":
        """The keys that it took the place of, the newest first; each opens what was sealed to it."""
        ...

    def unwrap(self, ciphertext: bytes, info: bytes) -> bytes:
        """Open a secret, as :meth:`SealingPrivateKey.unwrap`; one that is elsewhere raises KeyElsewhere as well."""
        ...


def opener_named(opener: Opener, named: bytes) -> Opener | None:
    """The one of a party's keys, in force or before, that has an id.

    Args:
        opener: the key in force.
        named: 32 bytes, a key id.

    Returns:
        None where the party has no such key, or not any more.
    """
    return next((one for one in (opener, *opener.before) if one.public.key_id == named), None)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SealingPrivateKey:
    """The key that opens. Make it with :meth:`from_seed`; it never shows what it holds.

    Attributes:
        public: the key that others seal to.
        before: the keys that it took the place of, the newest first.
    """

    public: SealingPublicKey
    _key: Any
    before: "tuple[SealingPrivateKey, ...]" = ()

    def __repr__(self) -> str:
        return f"SealingPrivateKey({self.public.key_id.hex()[:16]})"

    @classmethod
    def from_seed(cls, seed: bytes, suite: Suite = SUITE_1) -> "SealingPrivateKey":
        """The key that secret bytes give: 64 for ML-KEM, then as many as the suite's curve takes.

        Raises:
            KeysMisused: a seed of another length, or no number that the curve has.
        """
        form = suite.sealing
        if len(seed) != form.seed_bytes:
            raise KeysMisused(f"the seed of a sealing key has {form.seed_bytes} bytes, not {len(seed)}")
        lattice = form.load_private(seed[:MLKEM_SEED_BYTES])
        curve = form.curve.load_private(seed[MLKEM_SEED_BYTES:])
        raw = lattice.public_key().public_bytes_raw() + form.curve.raw(curve.public_key())
        return cls(SealingPublicKey(raw), form.join_private(lattice, curve))

    def unwrap(self, ciphertext: bytes, info: bytes) -> bytes:
        """Open a secret.

        Args:
            ciphertext: what :meth:`SealingPublicKey.wrap` returned.
            info: the bytes it was bound to.

        Raises:
            SealRefused: another key, another info, or any damage; the three cannot be told apart.
        """
        try:
            return self.public.suite.sealing.hpke.decrypt(ciphertext, self._key, info=info)
        except (InvalidTag, ValueError):
            raise SealRefused("the wrapped secret does not open with this key and this info") from None
