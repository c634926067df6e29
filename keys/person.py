"""An officer as a roster lists them: a number, roles, and what they sign with. Never a name."""

from dataclasses import dataclass
from typing import Final

from keys import passkey
from keys.errors import BROKEN_RULE, RosterRefused, SignatureRefused
from keys.hybrid import HybridPublicKey
from keys.passkey import Assertion, Passkey
from keys.roles import ROLES, KeyRole
from keys.toml_lines import INSTANT_MAX_MS

NUMBER_MAX: Final = 65_535


@dataclass(frozen=True, slots=True)
class Person:
    """An officer.

    Attributes:
        number: 1 to 65,535; says who, only to the party itself.
        roles: what they may sign as, in the order of ``ROLES``, at least one.
        key: their key, None where they sign with passkeys only.
        valid_from_ms: first instant of validity, UTC milliseconds.
        valid_until_ms: first instant after it.
        passkeys: by number, ascending; at least one where there is no key.

    Raises:
        RosterRefused: a rule is broken; the text names it.
    """

    number: int
    roles: tuple[str, ...]
    key: HybridPublicKey | None
    valid_from_ms: int
    valid_until_ms: int
    passkeys: tuple[Passkey, ...] = ()

    def __post_init__(self) -> None:
        rule(1 <= self.number <= NUMBER_MAX, f"no number of a person: {self.number}")
        ordered = tuple(role for role in ROLES if role in self.roles)
        rule(bool(ordered) and ordered == self.roles, f"person {self.number} has unknown or unordered roles")
        rule(bool(self.keys), f"person {self.number} has nothing to sign with")
        rule(self.key is None or self.key.role is KeyRole.OFFICER, f"the key of person {self.number} has another job")
        numbers = [one.number for one in self.passkeys]
        rule(numbers == sorted(set(numbers)), f"the passkeys of person {self.number} are not in ascending order")
        check_validity(self.valid_from_ms, self.valid_until_ms, f"person {self.number}")

    @property
    def keys(self) -> tuple[HybridPublicKey | Passkey, ...]:
        """Everything they sign with."""
        return self.passkeys if self.key is None else (self.key, *self.passkeys)

    def key_for(self, algorithm: str, signature: bytes) -> HybridPublicKey | Passkey | None:
        """The key that a signature has to be verified by.

        Args:
            algorithm: as the signature says.
            signature: its bytes; of a passkey's, only which credential it names is looked at.

        Returns:
            The key; None where they have none of that algorithm, or another credential.
        """
        if algorithm != passkey.ALGORITHM:
            return self.key if self.key is not None and algorithm == self.key.algorithm else None
        try:
            named = Assertion.parse(signature).credential
        except SignatureRefused:
            # Any of them refuses it, and then it is a bad signature and no unknown signer.
            return next(iter(self.passkeys), None)
        return next((one for one in self.passkeys if one.credential == named), None)

    def valid_at(self, at_ms: int) -> bool:
        """Whether the person may sign at this time, in UTC milliseconds."""
        return self.valid_from_ms <= at_ms < self.valid_until_ms


def check_validity(valid_from_ms: int, valid_until_ms: int, whose: str) -> None:
    """Refuse a validity that is empty or cannot be written. Times are UTC milliseconds, the end is not included."""
    rule(0 <= valid_from_ms < valid_until_ms <= INSTANT_MAX_MS, f"the validity of {whose} is empty or out of range")


def rule(holds: bool, text: str) -> None:
    """Refuse with this text, as a broken rule, unless it holds."""
    if not holds:
        raise RosterRefused(text, kind=BROKEN_RULE)
