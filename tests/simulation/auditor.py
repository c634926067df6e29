"""An auditor of a world: has what both parties export and a policy of their own, and comes to no other verdict.

The audit is the one that people run. What it may find are entries that nobody signed, where a node's voice was stolen.
"""

from __future__ import annotations

from typing import Final

from nodes.export import _keys, documents_of, log_files
from nodes.resources import catalogue
from nodes.store import OWN_COSIGNED, LogStore
from protocol.agreement import Agreement
from protocol.audit import audit
from protocol.checkpoint import parse_text
from protocol.evidence import MemoryEvidence
from protocol.exported_log import CHECKPOINT_FILE, POLICY_FILE
from protocol.note import parse as parse_note
from protocol.party_keys import render_policy
from tests.builders import START_MS
from tests.simulation import parties

STOLEN: Final = frozenset({"bad-signature", "unauthorised"})
"""What an audit refutes on where a node logged what nobody signed."""

STOLEN_ROOTS: Final = frozenset({"root-set-refused", "unauthorised"})
"""What it refutes on, one of them at least, where a node logged a root set that too few roots signed."""


def exported(store: LogStore, terms: Agreement) -> tuple[MemoryEvidence, bytes]:
    """A party's own log as it exports it, and a policy with the keys of both logs and mirrors."""
    own, other = store.own, store.their
    note = store.note(OWN_COSIGNED) or b""
    checkpoint = parse_text(parse_note(note).text)
    documents = dict(documents_of(store, own, checkpoint.size))
    keys = _keys(documents.values(), terms, own)
    held = dict(documents_of(store, other, store.head(other).size))
    theirs = _keys(held.values(), terms, other)
    policy = render_policy(keys.log, theirs.log, keys.mirror, theirs.mirror, own=own, other=other)
    files = {**dict(log_files(store, own, checkpoint, documents)), POLICY_FILE: policy, CHECKPOINT_FILE: note}
    return MemoryEvidence(own, files), policy


def audited(first: LogStore, second: LogStore, pair: tuple[str, str]) -> tuple[set[str], bytes | None]:
    """On what an audit of both exports refutes, or why it could not check; nothing where it verifies. And the docket's
    digest, where the audit came so far and had all of both logs."""
    one, policy = exported(first, parties.agreement(pair))
    other, _ = exported(second, parties.agreement(pair))
    report = audit(one, other, policy, catalogue=catalogue(), at_ms=START_MS)
    codes = {found.code for found in report.findings if found.severity in ("refuted", "unchecked")}
    sizes = {store.own: store.head(store.own).size for store in (first, second)}
    docket = report.docket
    whole = docket is not None and dict(zip(docket.names, docket.sizes, strict=True)) == sizes
    return codes, docket.digest if docket is not None and whole else None
