"""What a browser says about a ceremony with a passkey: the collected client data.

It is JSON that the browser writes and the authenticator signs the hash of. JSON readers take a name twice, and then
two readers may see two origins; so this one refuses that, and all else that JSON does not have. Names that are not
known are passed over, as the standard asks: browsers add some on purpose.

Source: WebAuthn Level 2, sections 5.8.1 and 7.2, steps 9 to 14; Level 3, the same, for `crossOrigin` and `topOrigin`;
spec/passkeys.md, "Client data".
"""

import json
from base64 import urlsafe_b64encode
from typing import Any, Final

from keys.errors import CROSS_ORIGIN, MALFORMED, OTHER_CEREMONY, OTHER_CHALLENGE, OTHER_ORIGIN, SignatureRefused

GET: Final = "webauthn.get"
CREATE: Final = "webauthn.create"

CLIENT_DATA_BYTES_MAX: Final = 768
"""Type, challenge and origin take 400 at most; the rest is room for what browsers add."""


def check_client_data(data: bytes, *, ceremony: str, challenge: bytes, origin: str) -> None:
    """Check the client data of a ceremony.

    Args:
        data: as the browser gave it, at most 768 bytes.
        ceremony: `webauthn.get` or `webauthn.create`.
        challenge: the bytes that were asked to be signed.
        origin: of the page, exactly as pinned.

    Raises:
        SignatureRefused: `malformed`, `other ceremony`, `other challenge`, `other origin` or `cross origin`.
    """
    values = _read(data)
    if values.get("type") != ceremony:
        raise SignatureRefused(f"the client data are not of {ceremony}", kind=OTHER_CEREMONY)
    # One comparison of texts: padding, loose bits and the other alphabet of base64 are all another text.
    if values.get("challenge") != base64url(challenge):
        raise SignatureRefused("the passkey signed another challenge", kind=OTHER_CHALLENGE)
    if values.get("origin") != origin:
        raise SignatureRefused(f"the passkey signed for a page that is not {origin}", kind=OTHER_ORIGIN)
    crossed = values.get("crossOrigin", False)
    if crossed is not False or "topOrigin" in values:
        raise SignatureRefused("the page was inside another one", kind=CROSS_ORIGIN)


def base64url(data: bytes) -> str:
    """Base64 of RFC 4648, section 5, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > CLIENT_DATA_BYTES_MAX:
        raise SignatureRefused(f"the client data have more than {CLIENT_DATA_BYTES_MAX} bytes", kind=MALFORMED)
    try:
        values = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise SignatureRefused("the client data are no JSON, or have a name twice", kind=MALFORMED) from None
    if not isinstance(values, dict):
        raise SignatureRefused("the client data are no object", kind=MALFORMED)
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice")
    return values


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")
