"""What an authenticator says about a ceremony: for whom, whether a person was there and was known, and a counter.

    rpIdHash 32 | flags 1 | signCount 4 | attested credential data, if AT | extensions, if ED

An assertion has neither of the last two: nothing here asks for extensions, and a standard that lets a relying party
refuse what it did not ask for is taken at its word. So the data of an assertion have 37 bytes.

Source: WebAuthn Level 2, section 6.1; Level 3, the same, for the flags BE and BS; spec/passkeys.md, "Authenticator
data".
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from keys.cose_key import CoseKey, leading_key
from keys.errors import MALFORMED, NOT_PRESENT, NOT_VERIFIED, OTHER_RP, SignatureRefused

USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04
BACKUP_ELIGIBLE: Final = 0x08
BACKED_UP: Final = 0x10
ATTESTED: Final = 0x40
EXTENSIONS: Final = 0x80
_RESERVED: Final = 0x22

HEAD_BYTES: Final = 37
_AAGUID_BYTES: Final = 16

CREDENTIAL_BYTES_MAX: Final = 1_023
"""Of a credential id: WebAuthn Level 2, section 6.5.1."""

EXTENSION_BYTES_MAX: Final = 256
"""Of what an authenticator adds unasked when it makes a credential, such as the protection it gives it."""

DATA_BYTES_MAX: Final = HEAD_BYTES + _AAGUID_BYTES + 2 + CREDENTIAL_BYTES_MAX + 77 + EXTENSION_BYTES_MAX


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What an authenticator made.

    Attributes:
        credential: its id, 1 to 1,023 bytes.
        key: its public key.
        backup_eligible: whether its maker may copy it to other devices.
    """

    credential: bytes
    key: CoseKey
    backup_eligible: bool


def check_assertion_data(data: bytes, *, rp_id: str) -> int:
    """Check the authenticator data of an assertion.

    Args:
        data: as signed.
        rp_id: the relying party, as pinned.

    Returns:
        The signature counter; 0 where the authenticator has none.

    Raises:
        SignatureRefused: `malformed`, `other relying party`, `not present` or `not verified`.

    Source: WebAuthn Level 2, section 7.2, steps 15 to 18; Level 3, the same, for BE and BS.
    """
    flags = _check_head(data, rp_id)
    if len(data) != HEAD_BYTES or flags & (ATTESTED | EXTENSIONS):
        raise SignatureRefused("the data of an assertion have 37 bytes and no attachment", kind=MALFORMED)
    return int.from_bytes(data[33:37])


def read_new_credential(data: bytes, *, rp_id: str) -> NewCredential:
    """Check the authenticator data of a registration, and give the credential in it.

    Args:
        data: at most 1,411 bytes.
        rp_id: the relying party, as asked for.

    Raises:
        SignatureRefused: as `check_assertion_data`.
        KeyRefused: its key is none that may be used.

    Source: WebAuthn Level 2, sections 6.5.1 and 7.1, steps 13 to 16 and 24. What it says about the maker of the
    authenticator (attestation) is not asked for: the keepers of the roots see the device.
    """
    flags = _check_head(data, rp_id)
    start = HEAD_BYTES + _AAGUID_BYTES + 2
    if len(data) > DATA_BYTES_MAX or len(data) < start or not flags & ATTESTED:
        raise SignatureRefused("the authenticator made no credential", kind=MALFORMED)
    end = start + int.from_bytes(data[start - 2 : start])
    credential = data[start:end]
    if not 1 <= end - start <= CREDENTIAL_BYTES_MAX or len(credential) < end - start:
        raise SignatureRefused("the credential id has another length than it says", kind=MALFORMED)
    key = leading_key(data[end:])
    rest = len(data) - end - len(key.raw)
    if bool(rest) != bool(flags & EXTENSIONS) or rest > EXTENSION_BYTES_MAX:
        raise SignatureRefused("there is something behind the key, or too much of it", kind=MALFORMED)
    return NewCredential(credential, key, bool(flags & BACKUP_ELIGIBLE))


def _check_head(data: bytes, rp_id: str) -> int:
    """Whom it is for, and the flags that both ceremonies must have. Gives the flags."""
    if len(data) < HEAD_BYTES:
        raise SignatureRefused("authenticator data have at least 37 bytes", kind=MALFORMED)
    if data[:32] != sha256(rp_id.encode("ascii")).digest():
        raise SignatureRefused(f"the passkey signed for another relying party than {rp_id}", kind=OTHER_RP)
    flags = data[32]
    if flags & _RESERVED or (flags & BACKED_UP and not flags & BACKUP_ELIGIBLE):
        raise SignatureRefused("flags of the authenticator contradict one another or have no meaning", kind=MALFORMED)
    if not flags & USER_PRESENT:
        raise SignatureRefused("nobody touched the authenticator", kind=NOT_PRESENT)
    if not flags & USER_VERIFIED:
        raise SignatureRefused("the authenticator did not verify who used it", kind=NOT_VERIFIED)
    return flags
