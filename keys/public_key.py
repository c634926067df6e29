"""The public keys of those who sign statements: hybrid keys, and the passkeys of officers.

Source: spec/keys-and-rosters.md, "Hybrid keys"; spec/passkeys.md, "Verifying".
"""

from keys import passkey
from keys.errors import KeyRefused
from keys.hybrid import HybridPublicKey
from keys.passkey import Passkey
from keys.roles import KeyRole

PublicKey = HybridPublicKey | Passkey
"""Each has `algorithm`, `role`, `raw`, `key_id` and `verify`."""


def load(algorithm: str, raw: bytes, role: KeyRole) -> PublicKey:
    """The key that `algorithm`, `raw` and `role` of another one give.

    Raises:
        KeyRefused: they give none.
    """
    if algorithm != passkey.ALGORITHM:
        return HybridPublicKey(raw, role)
    if role is not KeyRole.OFFICER:
        raise KeyRefused(f"a passkey cannot serve as {role}")
    return Passkey.from_raw(raw)
