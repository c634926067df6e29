"""What is inside the key file of an officer whose Ed25519 key is in a token: the other half, and where the token is.

The PIN is in it, so that one passphrase is all that a person types. Whoever has the token alone does not know the PIN;
whoever has the file and its passphrase alone does not have the token.

Source: spec/keys-and-rosters.md, "Keyrings", "Tokens".
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from keys.errors import BROKEN_RULE, EnvelopeRefused
from keys.gate import check_ed25519
from keys.keyring_text import Fields, check_same, encode
from keys.suite import MLDSA_SEED_BYTES, SUITE_1, Suite

_PARTY = re.compile(r"[A-Z]{2,4}")
_OFFICER = re.compile(r"[a-z][a-z0-9-]{0,31}")
_SERIAL = re.compile(r"[!-~]{1,32}")
_PIN = re.compile(r"[ -~]{1,64}")
OBJECT_ID_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class TokenKeyring:
    """An officer's key, one half of it in a token.

    Attributes:
        party: short name.
        name: what the officer is called on this machine; it is never published.
        number: the number in the roster.
        ed25519: the public key in the token, 32 bytes.
        mldsa_seed: 32 secret bytes.
        serial: the token's serial number, as it says it.
        object_id: the id of the key in the token, 16 bytes.
        pin: of the token's user.
        suite: of the key.
    """

    PURPOSE: ClassVar[str] = "token"

    party: str
    name: str
    number: int
    ed25519: bytes
    mldsa_seed: bytes
    serial: str
    object_id: bytes
    pin: str
    suite: Suite = SUITE_1

    def __post_init__(self) -> None:
        _rule(bool(_PARTY.fullmatch(self.party)), "no short name of a party")
        _rule(bool(_OFFICER.fullmatch(self.name)), "no name of an officer")
        _rule(1 <= self.number <= 65_535, "no number of a person")
        _rule(len(self.mldsa_seed) == MLDSA_SEED_BYTES, "a seed of another length")
        _rule(len(self.object_id) == OBJECT_ID_BYTES, "an id of another length")
        _rule(is_serial(self.serial), "no serial number of a token")
        _rule(is_pin(self.pin), "no PIN")
        check_ed25519(self.ed25519)

    def __repr__(self) -> str:
        return f"TokenKeyring({self.party}, {self.name}, number={self.number}, token {self.serial})"

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        return encode(
            self.PURPOSE,
            party=self.party,
            name=self.name,
            number=self.number,
            ed25519=self.ed25519.hex(),
            serial=self.serial,
            object_id=self.object_id.hex(),
            pin=self.pin,
            suite=self.suite,
            **{_seed_name(self.suite): self.mldsa_seed.hex()},
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form.

        Raises:
            EnvelopeRefused: malformed, of another kind, a second spelling, or a broken rule.
            KeyRefused: a public key that the gate refuses.
        """
        fields = Fields(data, cls.PURPOSE)
        suite = fields.suite()
        keyring = cls(
            party=fields.text("party"),
            name=fields.text("name"),
            number=fields.number("number"),
            ed25519=fields.seed("ed25519"),
            mldsa_seed=fields.seed(_seed_name(suite)),
            serial=fields.text("serial"),
            object_id=fields.seed("object_id"),
            pin=fields.text("pin"),
            suite=suite,
        )
        check_same(keyring.encode(), data)
        return keyring


def is_serial(text: str) -> bool:
    """Whether a token may have such a serial number."""
    return bool(_SERIAL.fullmatch(text))


def is_pin(text: str) -> bool:
    """Whether a token's user may have such a PIN."""
    return bool(_PIN.fullmatch(text))


def _seed_name(suite: Suite) -> str:
    """What the lattice half is called in the file: ``mldsa65_seed``, ``mldsa87_seed``."""
    return suite.signature.lattice.replace("-", "").lower() + "_seed"


def _rule(holds: bool, text: str) -> None:
    if not holds:
        raise EnvelopeRefused(f"the keyring is refused: {text}", kind=BROKEN_RULE)
