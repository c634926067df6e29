"""What people see of disputed branches: each entry by itself, under its fault, with nothing derived from it.

An entry of a branch is named by serial and branch: `BOR 17~1`. It is not judged: judgement takes an entry's place in
one log, and which of two logs is meant is what the dispute is about.

Source: spec/disputes.md, "Branches".
"""

from __future__ import annotations

from typing import Any, Final

from nodes.docket_views import header_of
from nodes.errors import ApiRefused
from nodes.store import LogStore
from protocol.glance import glance
from protocol.kinds import Catalogue
from protocol.merkle import leaf_hash

SHOWN_MAX: Final = 64
"""Entries of all branches in an inbox, the newest first."""

View = dict[str, Any]


def branch_entry(store: LogStore, number: int, index: int) -> tuple[bytes, bytes | None]:
    """An entry of a branch and its body.

    Raises:
        ApiRefused: `no-such-entry`.
    """
    entries = store.read_branch(number, index, index + 1)
    if not entries:
        raise ApiRefused("no-such-entry", f"branch {number} of {store.their} has no entry {index}")
    return entries[0], store.branch_body(number, index)


def branch_view(store: LogStore, number: int, index: int) -> View:
    """One entry of a branch, in the shape of any other.

    Raises:
        ApiRefused: `no-such-entry`.
    """
    entry, _ = branch_entry(store, number, index)
    leaf = leaf_hash(entry)
    return {
        "serial": f"{store.their} {index}~{number}",
        "voice": store.their,
        "index": index,
        "branch": number,
        "leaf": leaf.hex(),
        "effective": False,
        "faults": ["disputed"],
        "notes": [],
        "signers": [],
        "missing": [],
        "thread_serial": None,
        "reply_serial": None,
        "ahead": None,
        "held_at_ms": None,
        "rung": "disputed",
        "state": None,
        "rungs": {},
        "clocks": [],
        **header_of(entry, leaf),
    }


def disputed_views(store: LogStore, catalogue: Catalogue) -> list[View]:
    """What people said in branches, the newest of each branch first."""
    found: list[View] = []
    for branch in reversed(store.branches()):
        for index in range(branch.size - 1, branch.start - 1, -1):
            if len(found) >= SHOWN_MAX:
                return found
            entry, _ = branch_entry(store, branch.number, index)
            name = glance(entry).kind
            kind = None if name is None else catalogue.kind(name)
            if kind is None or not (kind.machine or kind.document):
                found.append(branch_view(store, branch.number, index))
    return found
