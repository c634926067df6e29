"""Tokens: an Ed25519 key that a PKCS#11 device makes, keeps and signs with, and never gives out.

Every signature opens a session of its own and closes it: a token that was pulled out is missed at the next signature
and found again when it is back, and nobody stays logged in. A PIN that is refused is never tried again by itself,
because tokens lock after a few.

The library is loaded when a token is used, and not before.

Source: PKCS #11 v3.0, section 2.3 (EdDSA); spec/keys-and-rosters.md, "Tokens".
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keys.errors import KeyRefused
from keys.gate import check_ed25519
from keys.token_keyring import OBJECT_ID_BYTES
from nodes.errors import NodeError
from nodes.hardening import keep_memory_private

if TYPE_CHECKING:
    from pkcs11 import Session, Token
    from pkcs11._pkcs11 import lib as Library  # noqa: N812 - the name is the library's.
    from pkcs11.types import SignMixin

_CURVE: Final = b"\x13\x0cedwards25519"
"""CKA_EC_PARAMS: a PrintableString."""

_SIGNATURE_BYTES: Final = 64
# A session's login is its process's; two at once would log each other out.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """One key in one token.

    Attributes:
        module: the PKCS#11 library of the token's maker.
        serial: the token's serial number.
        object_id: the key's id in the token, 16 bytes.
        pin: of the token's user; never shown.
    """

    module: Path
    serial: str
    object_id: bytes
    pin: str = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Sign with Ed25519 in the token.

        Raises:
            NodeError: `token-missing`, `token-pin-refused`, `token-key-missing`, `token-failed`: nothing was signed.
        """
        from pkcs11 import Mechanism

        with _session(self.module, self.pin, serial=self.serial) as session:
            signature = bytes(self.find(session).sign(data, mechanism=Mechanism.EDDSA))
        if len(signature) != _SIGNATURE_BYTES:
            raise NodeError("token-failed", f"the token gave {len(signature)} bytes instead of a signature")
        return signature

    def check(self) -> None:
        """See that the token is there and has the key.

        Raises:
            NodeError: as `sign`.
        """
        with _session(self.module, self.pin, serial=self.serial) as session:
            self.find(session)

    def find(self, session: Session) -> SignMixin:
        """The key, in a session with its token.

        Raises:
            NodeError: `token-key-missing`.
        """
        from pkcs11 import ObjectClass
        from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey
        from pkcs11.types import SignMixin

        try:
            found = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=self.object_id)
        except (NoSuchKey, MultipleObjectsReturned) as error:
            raise NodeError("token-key-missing", f"token {self.serial} has no such key") from error
        if not isinstance(found, SignMixin):
            raise NodeError("token-key-missing", f"the key in token {self.serial} may not sign")
        return found


def check_keys(module: Path, *, serial: str, pin: str, ids: Sequence[bytes]) -> None:
    """See that a token is there and has these keys, in one session.

    Raises:
        NodeError: as `TokenKey.sign`.
    """
    with _session(module, pin, serial=serial) as session:
        for object_id in ids:
            TokenKey(module=module, serial=serial, object_id=object_id, pin=pin).find(session)


def make_key(
    module: Path, *, pin: str, name: str, label: str | None = None, serial: str | None = None
) -> tuple[TokenKey, bytes]:
    """Make a key pair inside a token; the private key cannot leave it.

    Args:
        module: the PKCS#11 library.
        pin: of the token's user.
        name: what the key is called in the token.
        label: of the token, as it was given when the token was set up; or
        serial: its serial number.

    Returns:
        The key, and its public half: 32 bytes.

    Raises:
        NodeError: as `TokenKey.sign`, or `token-failed` where the token does not do Ed25519 or would give the key out.
    """
    from pkcs11 import Attribute, KeyType, Mechanism

    object_id = secrets.token_bytes(OBJECT_ID_BYTES)
    with _session(module, pin, serial=serial, label=label, writing=True) as session:
        kept = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        curve = {Attribute.EC_PARAMS: _CURVE}
        parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
        public, private = parameters.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            store=True,
            label=name,
            id=object_id,
            private_template=kept,
        )
        if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
            private.destroy()
            public.destroy()
            raise NodeError("token-failed", "the token would give the key out")
        raw = _point(bytes(public[Attribute.EC_POINT]))
        found = _serial(session.token)
    return TokenKey(module=module, serial=found, object_id=object_id, pin=pin), raw


def _point(value: bytes) -> bytes:
    """The public key in what a token gives: alone, or as an octet string of DER.

    Raises:
        NodeError: `token-failed`; something else.
    """
    raw = value[2:] if len(value) == 34 and value[:2] == b"\x04\x20" else value
    try:
        check_ed25519(raw)
    except KeyRefused as error:
        raise NodeError("token-failed", f"the token's public key is refused: {error}") from error
    return raw


def _serial(token: Token) -> str:
    return token.serial.decode("ascii", "replace").strip("\0 ")


@contextmanager
def _session(
    module: Path, pin: str, *, serial: str | None = None, label: str | None = None, writing: bool = False
) -> Iterator[Session]:
    """A session with a token, found by serial number or label; every failure of the token gets its code."""
    import pkcs11
    from pkcs11 import exceptions

    # The PIN is in memory from here on.
    keep_memory_private()
    what = f"token {serial or label}"
    with _ONE_AT_A_TIME:
        try:
            library = pkcs11.lib(str(module))
        except (exceptions.PKCS11Error, RuntimeError) as error:
            raise NodeError("token-module-refused", f"{module} cannot be loaded") from error
        try:
            token = _found(library, serial, label)
            if token is None:
                # Some libraries see a token that came back only when they are begun anew.
                library.reinitialize()
                token = _found(library, serial, label)
            if token is None:
                raise NodeError("token-missing", f"{what} is not there")
            with token.open(rw=writing, user_pin=pin) as session:
                yield session
        except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange) as error:
            raise NodeError("token-pin-refused", f"{what} refuses the PIN") from error
        except (exceptions.PinLocked, exceptions.PinExpired, exceptions.UserPinNotInitialized) as error:
            raise NodeError("token-pin-refused", f"{what} is locked, or has no PIN of a user") from error
        except exceptions.PKCS11Error as error:
            # Libraries differ in what they say of a token that was pulled out. Begun anew, they see what is there.
            if _is_gone(library, serial, label):
                raise NodeError("token-missing", f"{what} is not there any more") from error
            raise NodeError("token-failed", f"{what}: {type(error).__name__}") from error


def _found(library: Library, serial: str | None, label: str | None) -> Token | None:
    """The one token with this serial number or label.

    Raises:
        NodeError: `token-missing`; there are several.
    """
    found = [
        token
        for token in library.get_tokens()
        if (serial is None or _serial(token) == serial) and (label is None or token.label == label)
    ]
    if len(found) > 1:
        raise NodeError("token-missing", f"{len(found)} tokens are called {serial or label}: leave one")
    return found[0] if found else None


def _is_gone(library: Library, serial: str | None, label: str | None) -> bool:
    """Begin the library anew, so that the next call is not the victim of this one, and look for the token."""
    from pkcs11.exceptions import PKCS11Error

    try:
        library.reinitialize()
        return _found(library, serial, label) is None
    except PKCS11Error:
        return True
