"""Public keys of passkeys, as authenticators give them: COSE keys, in the one spelling of CTAP2.

WebAuthn asks for COSE keys without optional parts, and authenticators write CBOR in one order with the shortest
lengths. So a key of each algorithm is a fixed frame around its coordinates, and what differs from the frame by one
byte is another spelling, or another key, and is refused. Nothing of CBOR is interpreted.

    ES256   a5 01 02 03 26 20 01 21 58 20 <x, 32> 22 58 20 <y, 32>      77 bytes: kty EC2, alg -7, crv P-256
    EdDSA   a4 01 01 03 27 20 06 21 58 20 <public key, 32>              42 bytes: kty OKP, alg -8, crv Ed25519

Source: WebAuthn Level 2, sections 5.8.5 and 6.5.1.1; RFC 9053, section 7; spec/passkeys.md, "Keys".
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keys.errors import MALFORMED, KeyRefused, SignatureRefused
from keys.gate import check_ed25519

ES256: Final = "es256"
EDDSA: Final = "eddsa"
NUMBERS: Final = {ES256: -7, EDDSA: -8}
"""The algorithms by which a passkey may sign, with their numbers in COSE."""

P256: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""The prime of the field under P-256."""

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The number of points of P-256, which is prime: no point of the curve is of small order."""

_ES256_HEAD: Final = bytes.fromhex("a5010203262001215820")
_ES256_MIDDLE: Final = bytes.fromhex("225820")
_EDDSA_HEAD: Final = bytes.fromhex("a4010103272006215820")
_ES256_BYTES: Final = len(_ES256_HEAD) + 32 + len(_ES256_MIDDLE) + 32
_EDDSA_BYTES: Final = len(_EDDSA_HEAD) + 32

ED25519_SIGNATURE_BYTES: Final = 64
ES256_SIGNATURE_BYTES_MAX: Final = 72
"""SEQUENCE and two INTEGERs of at most 33 bytes, each with its tag and length."""


@dataclass(frozen=True, slots=True)
class CoseKey:
    """A public key that a passkey signs with.

    Attributes:
        raw: the COSE key, 77 bytes for ES256 or 42 for EdDSA.

    Raises:
        KeyRefused: another spelling or algorithm, no point of the curve, or an Ed25519 key that the gate refuses.
    """

    raw: bytes
    _key: EllipticCurvePublicKey | Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", _load(self.raw))

    @property
    def algorithm(self) -> str:
        """`es256` or `eddsa`."""
        return ES256 if len(self.raw) == _ES256_BYTES else EDDSA

    @property
    def point(self) -> bytes:
        """The coordinates alone: x and y, 64 bytes, or an Ed25519 key, 32."""
        return _coordinates(self.raw)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check a signature.

        Args:
            signature: for ES256 an Ecdsa-Sig-Value in DER, of which there is one spelling for each pair of numbers;
                for EdDSA 64 bytes.
            data: what was signed.

        Raises:
            SignatureRefused: `malformed`, or it is not by this key over that.

        Source: WebAuthn Level 2, section 6.5.6. It does not ask for the lower of the two s of ECDSA, and
        authenticators give either; so both count. Nothing here depends on a statement having one signature only.
        """
        key = self._key
        try:
            if isinstance(key, Ed25519PublicKey):
                if len(signature) != ED25519_SIGNATURE_BYTES:
                    raise SignatureRefused("an EdDSA signature has 64 bytes", kind=MALFORMED)
                key.verify(signature, data)
            else:
                _check_der(signature)
                key.verify(signature, data, ECDSA(SHA256()))
        except InvalidSignature:
            raise SignatureRefused("the passkey's signature does not verify") from None


def from_point(algorithm: str, point: bytes) -> CoseKey:
    """The COSE key of coordinates.

    Args:
        algorithm: `es256` or `eddsa`.
        point: as `CoseKey.point`.

    Raises:
        KeyRefused: as `CoseKey`.
    """
    if algorithm == ES256:
        return CoseKey(_ES256_HEAD + point[:32] + _ES256_MIDDLE + point[32:])
    return CoseKey(_EDDSA_HEAD + point)


def leading_key(data: bytes) -> CoseKey:
    """The COSE key that some bytes begin with; what follows it is not looked at.

    Raises:
        KeyRefused: they begin with none that a passkey may have.
    """
    length = _ES256_BYTES if data.startswith(_ES256_HEAD) else _EDDSA_BYTES
    return CoseKey(data[:length])


def _coordinates(raw: bytes) -> bytes:
    if raw.startswith(_ES256_HEAD):
        start = len(_ES256_HEAD)
        return raw[start : start + 32] + raw[start + 32 + len(_ES256_MIDDLE) :]
    return raw[len(_EDDSA_HEAD) :]


def _load(raw: bytes) -> EllipticCurvePublicKey | Ed25519PublicKey:
    if len(raw) == _EDDSA_BYTES and raw.startswith(_EDDSA_HEAD):
        check_ed25519(_coordinates(raw))
        return Ed25519PublicKey.from_public_bytes(_coordinates(raw))
    middle = len(_ES256_HEAD) + 32
    framed = raw.startswith(_ES256_HEAD) and raw[middle : middle + len(_ES256_MIDDLE)] == _ES256_MIDDLE
    if len(raw) != _ES256_BYTES or not framed:
        raise KeyRefused("a passkey's key is a COSE key for ES256 on P-256 or for EdDSA on Ed25519, in one spelling")
    point = _coordinates(raw)
    if max(int.from_bytes(point[:32]), int.from_bytes(point[32:])) >= P256:
        raise KeyRefused("a coordinate of the passkey's key is a second spelling of another")
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + point)
    except ValueError:
        raise KeyRefused("the passkey's key is no point of P-256") from None


def _check_der(signature: bytes) -> None:
    """An Ecdsa-Sig-Value in its one spelling, of two numbers that a signature may have."""
    if len(signature) > ES256_SIGNATURE_BYTES_MAX:
        raise SignatureRefused("an ES256 signature has at most 72 bytes", kind=MALFORMED)
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise SignatureRefused("the ES256 signature is not DER", kind=MALFORMED) from None
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER) or encode_dss_signature(r, s) != signature:
        raise SignatureRefused("the ES256 signature is a second spelling, or of numbers out of range", kind=MALFORMED)
