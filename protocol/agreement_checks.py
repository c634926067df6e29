"""What every term of an agreement is checked for: lines, numbers, languages, kinds, precedences and slots.

Every error names the term by its place in the text.

Source: spec/agreement.md, "Reading", step 5.
"""

from typing import Final

from keys.roles import ROLES
from protocol.errors import AgreementRefused
from protocol.limits import TOKEN_CHARS_MAX
from protocol.plain_text import problem_of_line
from protocol.schema import TOKEN_PATTERN
from protocol.statement import LANGUAGE_PATTERN, PRECEDENCES

LINE_CHARS_MAX: Final = 200
"""Characters of a title or a name; more does not fit on a line of print."""

ANY_KIND: Final = "*"

Slot = tuple[str, ...]
"""Roles of which the person who fills the slot signs as one."""

Needs = tuple[Slot, ...]
"""What a statement needs: one signature for each slot, each by another person."""


def refuse(code: str, where: str, text: str = "") -> AgreementRefused:
    """The error for a term that cannot stand."""
    return AgreementRefused(code, where, text)


def check_line(value: str, where: str) -> None:
    """Refuse text that people could read in two ways, or that is longer than a line.

    Raises:
        AgreementRefused: `bad-text`.
    """
    problem = problem_of_line(value)
    if problem is not None:
        raise refuse("bad-text", where, problem)
    if len(value) > LINE_CHARS_MAX:
        raise refuse("bad-text", where, f"has more than {LINE_CHARS_MAX} characters")


def check_number(value: int, where: str, low: int, high: int) -> None:
    """Refuse a number out of range.

    Raises:
        AgreementRefused: `out-of-range`.
    """
    if not low <= value <= high:
        raise refuse("out-of-range", where, f"must be from {low} to {high}")


def check_languages(languages: tuple[str, ...], where: str) -> None:
    """Refuse anything but one or more language tags, each once.

    Raises:
        AgreementRefused: `bad-language`.
    """
    if not languages or len(set(languages)) < len(languages):
        raise refuse("bad-language", where, "one or more, each once")
    if any(LANGUAGE_PATTERN.fullmatch(language) is None for language in languages):
        raise refuse("bad-language", where, "a language as in BCP 47, such as en or pt-BR")


def parse_slot(text: str, where: str = "needs") -> Slot:
    """Read a slot: roles joined by a slash, such as `duty` or `senior/legal`.

    Raises:
        AgreementRefused: `bad-slot`: an unknown role, or one twice.
    """
    roles = tuple(text.split("/"))
    if any(role not in ROLES for role in roles) or len(set(roles)) < len(roles):
        raise refuse("bad-slot", where, "a slot is one or more different roles joined by a slash")
    return roles


def check_kinds(kinds: tuple[str, ...], where: str) -> None:
    """Raises AgreementRefused: `bad-rule`; kinds are names, each once, or `*` alone."""
    names_ok = kinds == (ANY_KIND,) or all(
        len(kind) <= TOKEN_CHARS_MAX and TOKEN_PATTERN.fullmatch(kind) for kind in kinds
    )
    if not kinds or len(set(kinds)) < len(kinds) or not names_ok:
        raise refuse("bad-rule", f"{where}.kinds", "names of kinds, each once, or * alone")


def check_precedences(precedences: tuple[str, ...], where: str) -> None:
    """Raises AgreementRefused: `bad-rule`; they stand in their order, each once."""
    if tuple(word for word in PRECEDENCES if word in precedences) != precedences:
        raise refuse("bad-rule", f"{where}.precedences", "from the most to the least urgent, each once")
