"""What can go wrong with keys.

    KeysError                 base: catch this to catch all of them
    ├── KeysMisused           our own mistake: an argument that no caller should give (also a ValueError)
    ├── KeyRefused            a key is malformed, of small order, or of the wrong job
    ├── SignatureRefused      a signature does not verify, or too few do
    ├── SealRefused           a sealed secret does not open with this key and this info
    ├── EnvelopeRefused       a key file is malformed or damaged
    │   └── PassphraseRefused the key file is whole, the passphrase is not its own
    ├── KeyElsewhere          a key outside this process was not used (carries a code besides)
    │   ├── KeyAway           it cannot be reached now; it may be later
    │   └── KeyWithheld       whoever holds it refuses to use it for this, now and later
    ├── RosterRefused         a roster is malformed, breaks a rule, or does not follow its predecessor
    └── RootSetRefused        the same of a set of roots

Every error carries ``kind``, a short phrase that the negative vectors in spec/vectors/keys/ name as well, so that
another implementation can be held to the same outcomes without sharing our sentences.
"""

MALFORMED = "malformed"
BAD_KEY = "bad key"
BAD_SIGNATURE = "bad signature"
NO_QUORUM = "no quorum"
NOT_OPENED = "not opened"
DAMAGED = "damaged"
WRONG_PASSPHRASE = "wrong passphrase"
WRONG_PURPOSE = "wrong purpose"
TOO_COSTLY = "too costly"
BROKEN_RULE = "broken rule"
KEY_REUSED = "key reused"
NOT_A_SUCCESSOR = "not a successor"
OTHER_CEREMONY = "other ceremony"
OTHER_CHALLENGE = "other challenge"
OTHER_CREDENTIAL = "other credential"
OTHER_ORIGIN = "other origin"
CROSS_ORIGIN = "cross origin"
OTHER_RP = "other relying party"
NOT_PRESENT = "not present"
NOT_VERIFIED = "not verified"
OTHER_SUITE = "other suite"
AWAY = "away"
WITHHELD = "withheld"


class KeysError(Exception):
    """Base of all errors of this package.

    Attributes:
        kind: the kind of failure, one of the constants of this module.
    """

    kind: str = MALFORMED

    def __init__(self, text: str, *, kind: str | None = None) -> None:
        super().__init__(text)
        if kind is not None:
            self.kind = kind


class KeysMisused(KeysError, ValueError):
    """An argument that only a mistake in our own code can produce."""


class KeyRefused(KeysError):
    """A key that must not be used: wrong length, no point, small order, wrong job."""

    kind = BAD_KEY


class SignatureRefused(KeysError):
    """A signature that does not verify, or a quorum that is not met."""

    kind = BAD_SIGNATURE


class SealRefused(KeysError):
    """A wrapped secret that this key does not open under this info. The library tells no more, nor should we."""

    kind = NOT_OPENED


class EnvelopeRefused(KeysError):
    """A key file that is malformed or damaged; no passphrase will open it."""


class PassphraseRefused(EnvelopeRefused):
    """A whole key file and another passphrase: ask again."""

    kind = WRONG_PASSPHRASE


class KeyElsewhere(KeysError):
    """A key that is in another process or in a token was not used; nothing was signed or opened.

    Attributes:
        code: kebab-case, as people see it.
    """

    code: str


class KeyAway(KeyElsewhere):
    """It cannot be reached now: its process has ended, or its token was pulled out. It may be back at any moment."""

    kind = AWAY
    code = "keys-away"


class KeyWithheld(KeyElsewhere):
    """Whoever holds it refuses to use it for this: another root was signed at that size, or it is not its job."""

    kind = WITHHELD
    code = "signer-refused"


class RosterRefused(KeysError):
    """A roster that must not take effect; the last good one stands."""


class RootSetRefused(KeysError):
    """A set of roots that must not take effect; the one before stands."""
