"""The suites: which algorithms the hybrid keys and the sealing keys of a channel are of, as one table.

A suite is one choice for everything that a party signs with a hybrid key and seals to. The agreement names it, and all
keys of both parties on that channel are of it: roots, nodes, officers, sealing keys. There is no list that two programs
choose from when they meet, so there is nothing that somebody in between could lower.

A suite is called by the name of its signature algorithm, which stands in every preimage, key id and signature. Public
keys of two suites never have one length, and neither have signatures or wraps: so a key knows its own suite, and what
is of another suite fails before anything is computed.

Logs, mirrors, witnesses and TLS have the keys that the public formats and the TLS library give them, in every suite.

Source: FIPS 203; FIPS 204; RFC 9180; spec/keys-and-rosters.md, "Suites".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.errors import KeyRefused, KeysMisused
from keys.gate import P384_ORDER, check_p384, check_x25519

ED25519_PUBLIC_BYTES: Final = 32
ED25519_SIGNATURE_BYTES: Final = 64

HYBRID_SEED_BYTES: Final = 64
"""32 bytes for Ed25519, then 32 for ML-DSA, in every suite; they must be independent."""

MLDSA_SEED_BYTES: Final = 32
MLKEM_SEED_BYTES: Final = 64
WRAPPED_SECRET_BYTES: Final = 32
TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureForm:
    """The lattice half of a hybrid signature; the other half is Ed25519.

    Attributes:
        algorithm: name of both halves together, as preimages and signatures have it.
        lattice: name of the lattice half, for people.
        lattice_public_bytes: length of its public key.
        lattice_signature_bytes: length of its signature.
        load_private: the lattice's private key of a seed of 32 bytes.
        load_public: the lattice's public key of its bytes.
    """

    algorithm: str
    lattice: str
    lattice_public_bytes: int
    lattice_signature_bytes: int
    load_private: Callable[[bytes], Any]
    load_public: Callable[[bytes], Any]

    @property
    def public_bytes(self) -> int:
        """Length of a public key, both halves."""
        return ED25519_PUBLIC_BYTES + self.lattice_public_bytes

    @property
    def signature_bytes(self) -> int:
        """Length of a signature, both halves."""
        return ED25519_SIGNATURE_BYTES + self.lattice_signature_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveForm:
    """The curve half of a sealing key.

    Attributes:
        name: for people.
        public_bytes, seed_bytes: lengths.
        check: the gate; raises KeyRefused.
        load_public: the library's key of public bytes that passed the gate.
        load_private: the library's private key of a seed.
        raw: the public bytes of the library's public key.
    """

    name: str
    public_bytes: int
    seed_bytes: int
    check: Callable[[bytes], None]
    load_public: Callable[[bytes], Any]
    load_private: Callable[[bytes], Any]
    raw: Callable[[Any], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingForm:
    """How secrets are sealed.

    Attributes:
        algorithm: name of KEM, KDF and AEAD together, as key ids have it.
        lattice: name of the lattice half, for people.
        lattice_public_bytes: length of its public key.
        encapsulated_bytes: what both halves add to a wrap, without the tag.
        curve: the other half.
        load_private: the lattice's private key of a seed of 64 bytes.
        load_public: the lattice's public key of its bytes; raises ValueError.
        join_private, join_public: the library's key of both halves, lattice first.
        hpke: the library's HPKE with this KEM, KDF and AEAD.
    """

    algorithm: str
    lattice: str
    lattice_public_bytes: int
    encapsulated_bytes: int
    curve: CurveForm
    load_private: Callable[[bytes], Any]
    load_public: Callable[[bytes], Any]
    join_private: Callable[[Any, Any], Any]
    join_public: Callable[[Any, Any], Any]
    hpke: hpke.Suite

    @property
    def public_bytes(self) -> int:
        """Length of a public key, both halves."""
        return self.lattice_public_bytes + self.curve.public_bytes

    @property
    def seed_bytes(self) -> int:
        """Length of a seed: 64 bytes for ML-KEM, then those of the curve."""
        return MLKEM_SEED_BYTES + self.curve.seed_bytes

    @property
    def overhead_bytes(self) -> int:
        """What a wrap adds to a secret."""
        return self.encapsulated_bytes + TAG_BYTES

    @property
    def wrap_bytes(self) -> int:
        """Length of the wrap of a statement's secret."""
        return self.overhead_bytes + WRAPPED_SECRET_BYTES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Suite:
    """One suite. There is one object for each, so that suites are compared by identity.

    Attributes:
        signature: how nodes, officers and roots sign.
        sealing: how secrets are sealed to a party.
        people_max: persons in a roster; as many as fit into its text.
    """

    signature: SignatureForm
    sealing: SealingForm
    people_max: int

    @property
    def name(self) -> str:
        """What agreements, rosters and key files call it: the name of its signature algorithm."""
        return self.signature.algorithm

    def __repr__(self) -> str:
        return f"Suite({self.name})"


def _p384_private(seed: bytes) -> ec.EllipticCurvePrivateKey:
    scalar = int.from_bytes(seed, "big")
    if not 0 < scalar < P384_ORDER:
        # One random seed in 2**190 is out of range, and a generator that gives only zeros or ones always.
        raise KeysMisused("the seed of a P-384 key is not below the order of the curve: that is no random seed")
    return ec.derive_private_key(scalar, ec.SECP384R1())


def _p384_public(raw: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), raw)


def _p384_raw(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


_X25519: Final = CurveForm(
    name="X25519",
    public_bytes=32,
    seed_bytes=32,
    check=check_x25519,
    load_public=x25519.X25519PublicKey.from_public_bytes,
    load_private=x25519.X25519PrivateKey.from_private_bytes,
    raw=lambda key: key.public_bytes_raw(),
)
_P384: Final = CurveForm(
    name="P-384",
    public_bytes=97,
    seed_bytes=48,
    check=check_p384,
    load_public=_p384_public,
    load_private=_p384_private,
    raw=_p384_raw,
)

SUITE_1: Final = Suite(
    signature=SignatureForm(
        algorithm="ed25519+ml-dsa-65",
        lattice="ML-DSA-65",
        lattice_public_bytes=1952,
        lattice_signature_bytes=3309,
        load_private=mldsa.MLDSA65PrivateKey.from_seed_bytes,
        load_public=mldsa.MLDSA65PublicKey.from_public_bytes,
    ),
    sealing=SealingForm(
        algorithm="hpke-mlkem768-x25519-hkdf-sha256-aes-256-gcm",
        lattice="ML-KEM-768",
        lattice_public_bytes=1184,
        encapsulated_bytes=1088 + 32,
        curve=_X25519,
        load_private=mlkem.MLKEM768PrivateKey.from_seed_bytes,
        load_public=mlkem.MLKEM768PublicKey.from_public_bytes,
        join_private=hpke.MLKEM768X25519PrivateKey,
        join_public=hpke.MLKEM768X25519PublicKey,
        hpke=hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
    ),
    people_max=40,
)
"""What an agreement has that names no suite."""

SUITE_2: Final = Suite(
    signature=SignatureForm(
        algorithm="ed25519+ml-dsa-87",
        lattice="ML-DSA-87",
        lattice_public_bytes=2592,
        lattice_signature_bytes=4627,
        load_private=mldsa.MLDSA87PrivateKey.from_seed_bytes,
        load_public=mldsa.MLDSA87PublicKey.from_public_bytes,
    ),
    sealing=SealingForm(
        algorithm="hpke-mlkem1024-p384-hkdf-sha384-aes-256-gcm",
        lattice="ML-KEM-1024",
        lattice_public_bytes=1568,
        encapsulated_bytes=1568 + 97,
        curve=_P384,
        load_private=mlkem.MLKEM1024PrivateKey.from_seed_bytes,
        load_public=mlkem.MLKEM1024PublicKey.from_public_bytes,
        join_private=hpke.MLKEM1024P384PrivateKey,
        join_public=hpke.MLKEM1024P384PublicKey,
        hpke=hpke.Suite(hpke.KEM.MLKEM1024_P384, hpke.KDF.HKDF_SHA384, hpke.AEAD.AES_256_GCM),
    ),
    people_max=30,
)
"""The higher parameter sets, of category 5 in FIPS 203 and FIPS 204."""

SUITES: Final = {suite.name: suite for suite in (SUITE_1, SUITE_2)}
"""Every suite by its name."""

_BY_HYBRID_BYTES: Final = {suite.signature.public_bytes: suite for suite in SUITES.values()}
_BY_SEALING_BYTES: Final = {suite.sealing.public_bytes: suite for suite in SUITES.values()}
_BY_WRAP_BYTES: Final = {suite.sealing.wrap_bytes: suite for suite in SUITES.values()}

SIGNATURE_BYTES: Final = frozenset(suite.signature.signature_bytes for suite in SUITES.values())
"""The lengths that a hybrid signature may have."""

WRAP_BYTES: Final = tuple(sorted(_BY_WRAP_BYTES))
"""The lengths that a wrap may have, ascending."""


def suite_of_hybrid(length: int) -> Suite:
    """The suite whose hybrid public keys have this length.

    Raises:
        KeyRefused: none has.
    """
    return _of_length(_BY_HYBRID_BYTES, length, "a hybrid public key")


def suite_of_sealing(length: int) -> Suite:
    """The suite whose sealing keys have this length.

    Raises:
        KeyRefused: none has.
    """
    return _of_length(_BY_SEALING_BYTES, length, "a sealing key")


def suite_of_wrap(length: int) -> Suite | None:
    """The suite whose wraps of a statement's secret have this length, None if none has."""
    return _BY_WRAP_BYTES.get(length)


def _of_length(by_length: dict[int, Suite], length: int, what: str) -> Suite:
    found = by_length.get(length)
    if found is None:
        lengths = " or ".join(f"{one:,}" for one in by_length)
        raise KeyRefused(f"{what} has {lengths} bytes, not {length}")
    return found
