"""The reader's side of a kind's rules: what the values of a statement say of one another, checked again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hotline.desk import Desk, Spoken
from protocol.fields import check_fields
from protocol.rules import check_rules, header_of

_HASH = re.compile(r"[0-9a-f]{64}")


def broken_texts(desk: Desk, spoken: Spoken, contents: Mapping[str, Any] | None) -> list[str]:
    """Give what is wrong with the values of a statement that was opened: its author's program should have refused it.

    Args:
        desk: for the statement that it answers.
        spoken: the statement.
        contents: its values; None where it has none, or none that could be opened.

    Returns:
        One clause for each problem of a field, or, where all fields are good, for each rule that is broken.
    """
    statement, kind, known = spoken.statement, spoken.kind, spoken.catalogue
    if contents is None or statement is None or kind is None or known is None or kind.document:
        return []
    problems = check_fields(kind, contents, known)
    if problems:
        return [f"{one.field} {one.text}" for one in problems]
    replied = None
    if any(rule.as_replied for rule in kind.rules) and statement.in_reply_to is not None:
        replied = _facts_of(desk, spoken, statement.in_reply_to.hex())
    return [one.text for one in check_rules(kind, contents, header_of(statement, replied), known)]


def _facts_of(desk: Desk, spoken: Spoken, leaf: str) -> Mapping[str, Any] | None:
    for view in desk.request("thread", counterpart=spoken.counterpart or None, id=spoken.thread):
        if view["leaf"] == leaf:
            return {name: _as_stated(value) for name, value in (view["facts"] or {}).items()}
    return None


def _as_stated(value: object) -> object:
    """A fact as the header has it: the node shows hashes in hexadecimal."""
    return bytes.fromhex(value) if isinstance(value, str) and _HASH.fullmatch(value) else value
