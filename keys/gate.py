"""Public keys that are no keys at all.

The crypto library loads any 32 bytes as an Ed25519 or X25519 public key. Two families of them are dangerous:

- Points of small order. Under the Ed25519 key 0100…00 (the neutral element) the signature R = 0100…00, S = 0 verifies
  over *every* message, so whoever smuggles such a key into a roster has signed everything. An X25519 key of small
  order makes the shared secret a constant.
- Second spellings. A coordinate of p or more names the same point as that coordinate less p: two key ids, one key.

P-384 has the cofactor 1, so that no point but the neutral one, which has no uncompressed spelling, is of small order;
there a point beside the curve is what gives the private key away bit by bit.

Every public key of the project passes here before it is used, stored or hashed into an id.

Source: RFC 8032, section 5.1.3; RFC 7748, sections 5 and 6.1; SEC 1, sections 2.3.3 and 3.2.2;
spec/keys-and-rosters.md, "The gate".
"""

from typing import Final

from keys.errors import KeyRefused

P: Final = 2**255 - 19
"""The prime of the field under both curves."""

P384_PRIME: Final = 2**384 - 2**128 - 2**96 + 2**32 - 1
P384_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
"""The number of points of P-384; private keys are below it."""

P384_B: Final = 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF
"""The b of y² = x³ - 3·x + b."""

_D: Final = -121665 * pow(121666, -1, P) % P
"""The d of the Edwards curve -x² + y² = 1 + d·x²·y²."""

_Y_ORDER_EIGHT: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""y of two of the four points of order 8; the other two have P less this number."""

_EDWARDS_SMALL: Final = frozenset(
    {
        1,  # order 1, the neutral element (0, 1)
        P - 1,  # order 2, the point (0, -1)
        0,  # order 4, the points (±√-1, 0)
        _Y_ORDER_EIGHT,
        P - _Y_ORDER_EIGHT,
    }
)
"""The y coordinates of all eight points whose order divides the cofactor 8. The sign bit of x does not matter."""


def _birational(y: int) -> int:
    """The u on the Montgomery curve of a point with this y on the Edwards curve: u = (1 + y) / (1 - y)."""
    return (1 + y) * pow(1 - y, -1, P) % P


_MONTGOMERY_SMALL: Final = frozenset(
    {
        0,  # order 2, and the image of the neutral element under the ladder
        P - 1,  # order 4 on the twist
        1,  # order 4 on the curve
        _birational(_Y_ORDER_EIGHT),  # order 8 on the curve
        _birational(P - _Y_ORDER_EIGHT),
    }
)
"""The u coordinates that a clamped scalar, always a multiple of 8, sends to zero."""


def check_ed25519(raw: bytes) -> None:
    """Refuse an Ed25519 public key that is malformed, a second spelling, no point, or of small order.

    Args:
        raw: 32 bytes, y in little endian with the sign of x in the top bit.

    Raises:
        KeyRefused: for each of the four reasons; the text names which.

    Source: spec/keys-and-rosters.md, "The gate", steps 1 to 4.
    """
    if len(raw) != 32:
        raise KeyRefused(f"an Ed25519 public key has 32 bytes, not {len(raw)}")
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= P:
        raise KeyRefused("the Ed25519 public key is a second spelling of another key")
    if y in _EDWARDS_SMALL:
        raise KeyRefused("the Ed25519 public key is a point of small order: it would sign every message")
    # x² = (y² - 1) / (d·y² + 1) has a root if, and only if, the product of the two is a square (Euler's criterion).
    # Such a key would verify nothing, so this protects no secret; it stops a key that no one holds from counting
    # towards a threshold of distinct keys.
    square = y * y % P
    if pow((square - 1) * (_D * square + 1) % P, (P - 1) // 2, P) != 1:
        raise KeyRefused("the Ed25519 public key is no point of the curve")


def check_x25519(raw: bytes) -> None:
    """Refuse an X25519 public key that is malformed, a second spelling, or of small order.

    Args:
        raw: 32 bytes, u in little endian; the unused top bit must be 0.

    Raises:
        KeyRefused: for each of the three reasons; the text names which.

    Source: spec/keys-and-rosters.md, "The gate", steps 5 to 7.
    """
    if len(raw) != 32:
        raise KeyRefused(f"an X25519 public key has 32 bytes, not {len(raw)}")
    u = int.from_bytes(raw, "little")
    if u >= P:
        raise KeyRefused("the X25519 public key is a second spelling of another key")
    if u in _MONTGOMERY_SMALL:
        raise KeyRefused("the X25519 public key is a point of small order: its shared secret is known to all")


def check_p384(raw: bytes) -> None:
    """Refuse a P-384 public key that is malformed, a second spelling, or no point of the curve.

    Args:
        raw: 97 bytes, 0x04 and then x and y, 48 bytes each in big endian: the one spelling that is taken.

    Raises:
        KeyRefused: for each of the reasons; the text names which.

    Source: spec/keys-and-rosters.md, "The gate", steps 8 to 10.
    """
    if len(raw) != 97 or raw[0] != 4:
        raise KeyRefused("a P-384 public key has 97 bytes, of which the first is 4")
    x, y = int.from_bytes(raw[1:49], "big"), int.from_bytes(raw[49:], "big")
    if x >= P384_PRIME or y >= P384_PRIME:
        raise KeyRefused("the P-384 public key is a second spelling of another key")
    if (y * y - (x * x - 3) * x - P384_B) % P384_PRIME:
        raise KeyRefused("the P-384 public key is no point of the curve")
