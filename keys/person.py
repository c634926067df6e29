"""An officer as a roster lists them: a number, roles and a key. Never a name."""

from dataclasses import dataclass
from typing import Final

from keys.errors import BROKEN_RULE, RosterRefused
from keys.hybrid import HybridPublicKey
from keys.roles import ROLES, KeyRole
from keys.toml_lines import INSTANT_MAX_MS

NUMBER_MAX: Final = 65_535


@dataclass(frozen=True, slots=True)
class Person:
    """An officer.

    Attributes:
        number: 1 to 65,535; says who, only to the party itself.
        roles: what they may sign as, in the order of ``ROLES``, at least one.
        key: their key.
        valid_from_ms: first instant of validity, UTC milliseconds.
        valid_until_ms: first instant after it.

    Raises:
        RosterRefused: a rule is broken; the text names it.
    """

    number: int
    roles: tuple[str, ...]
    key: HybridPublicKey
    valid_from_ms: int
    valid_until_ms: int

    def __post_init__(self) -> None:
        rule(1 <= self.number <= NUMBER_MAX, f"no number of a person: {self.number}")
        ordered = tuple(role for role in ROLES if role in self.roles)
        rule(bool(ordered) and ordered == self.roles, f"person {self.number} has unknown or unordered roles")
        rule(self.key.role is KeyRole.OFFICER, f"the key of person {self.number} has another job")
        check_validity(self.valid_from_ms, self.valid_until_ms, f"person {self.number}")

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
