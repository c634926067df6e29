"""What `hotline witness` does to the home of a witness, and shows of it.

Source: spec/witness.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from keys.errors import KeysError
from keys.note_key import NoteVerifier
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.witness_store import Followed, WitnessStore
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError
from protocol.note import NOTE_BYTES_MAX
from protocol.policy import POLICY_BYTES_MAX, parse


def keys_given(vkeys: Sequence[str], policy: Path | None) -> list[tuple[NoteVerifier, ...]]:
    """The keys that a person names, by log.

    Args:
        vkeys: verifier keys.
        policy: a tlog-policy file, all of whose logs are meant; None for none.

    Raises:
        NodeError: `witness-log`; there is no key, or one cannot be read.
    """
    try:
        keys = [NoteVerifier.parse(one) for one in vkeys]
        if policy is not None:
            keys += [line.key for line in parse(read_file(policy, bytes_max=POLICY_BYTES_MAX)).logs]
    except (KeysError, ProtocolError) as error:
        raise NodeError("witness-log", f"a key cannot be read: {error}") from error
    if not keys:
        raise NodeError("witness-log", "give the keys of a log, or a policy that names them")
    ordered = sorted(set(keys), key=lambda key: (key.name, key.type))
    return [tuple(group) for _, group in groupby(ordered, key=lambda key: key.name)]


def pinned_at(path: Path, keys: Sequence[NoteVerifier]) -> bytes:
    """A checkpoint to begin with, verified.

    Raises:
        NodeError: `witness-pin`; it is not signed by all of the keys.
    """
    note = read_file(path, bytes_max=NOTE_BYTES_MAX)
    try:
        verify_note(note, keys, exactly=False)
    except ProtocolError as error:
        raise NodeError("witness-pin", f"{path}: {error}") from error
    return note


def shown(log: Followed) -> dict[str, Any]:
    """A log as `witness list --json` shows it."""
    return {
        "origin": log.origin,
        "keys": [key.vkey() for key in log.keys],
        "size": None if log.last is None else log.last.size,
        "root": None if log.last is None else log.last.root.hex(),
        "cosigned_at_ms": log.at_ms,
        "refused": log.refused,
    }


def log_named(store: WitnessStore, origin: str) -> Followed:
    """A log by its origin.

    Raises:
        NodeError: `witness-log`; it is not followed.
    """
    found = store.find(origin)
    if found is None:
        raise NodeError("witness-log", f"{origin[:200]} is not followed here")
    return found
