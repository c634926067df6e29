"""The vectors of audits: exports and a policy each, and what an audit finds in them."""

import json
from functools import cache
from pathlib import Path

import pytest

from protocol.checkpoint import CheckpointRefused, ExtensionRefused
from protocol.codes_findings import FINDINGS
from protocol.cosignature import BadLine, MissingLine, UnknownLine
from protocol.note import DoubledLine, NoteRefused
from protocol.policy import LogUnknown, PolicyRefused, QuorumMissing
from tests.hotline.audit_vectors import CASE, Json, files_in, lay_out, outcome
from tests.hotline.make_audit_vectors import FOLDER, make
from tests.vector_world import Files, Kept, files_of

NAMES = sorted(path.parent.name for path in FOLDER.glob(f"*/{CASE}"))

ELSEWHERE = {
    "verified": "the verdict, and no finding",
    "signature-bad": "of a receipt",
    "demonstration": "shown of a line, and not of its logs",
    "after-beyond": "before an entry has its place, which in an export it has; vectors of judgement",
    "export-exists": "of writing an export",
    "projection-broken": "of a node",
    "log-before-missing": "the catalogue of these vectors has no succession; protocol/test_succession_audit.py",
    "succession-differs": "likewise",
    "agreement-unchecked": "nor amendments; protocol/test_amended_audit.py",
    "emergency-release": "nor an agreement with the clause; protocol/test_audit.py",
    "journal-entry-refused": "of a journal; nodes/test_journal_audit.py",
    "journal-rewritten": "likewise",
    "root-set-missing": "of a channel with root sets, which these vectors do not have; protocol/test_root_sets.py",
    "disclosure-unagreed": "the catalogue of these vectors has no disclosure; hotline/test_disclosed_packs.py",
    "disclosure-false": "of a pack; hotline/test_disclosed_packs.py",
    "disclosure-early": "likewise",
    "disclosure-withheld": "likewise",
    "disclosure-unlogged": "likewise",
    "erased-early": "nor a term of retention; protocol/test_retention_audit.py",
    "erasure-overdue": "likewise",
    "pack-malformed": "of a pack; hotline/test_packs.py",
    "copies-differ": "of what nodes serve; hotline/test_live_audit.py",
    "log-went-back": "likewise",
    "view-frozen": "of a monitor; hotline/test_monitoring.py",
    "log-still": "likewise",
    "log-not-served": "of what nodes serve; hotline/test_live_audit.py",
    "certificate-refused": "likewise",
    "template-differs": "of whoever holds the bodies, and of no audit of headers",
}
"""Codes among the findings that no audit of files gives, and where they come from."""

FROM_FORMATS = (
    NoteRefused,
    DoubledLine,
    CheckpointRefused,
    ExtensionRefused,
    BadLine,
    UnknownLine,
    MissingLine,
    LogUnknown,
    QuorumMissing,
    PolicyRefused,
)
"""What may be wrong with a checkpoint or a policy; an audit reports it under the format's own code."""

FROM_ELSEWHERE = {"catalogue-differs", "agreement-review-due", "document-differs", "not-understood"}


@cache
def _files() -> Files:
    return files_of(FOLDER)


def _case(name: str) -> Json:
    found: Json = json.loads(_files()[f"{name}/{CASE}"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_audit_ends_as_the_case_says(name: str, tmp_path: Path) -> None:
    """Exit status, verdict, findings in their order and what was not checked are those in the file."""
    case = _case(name)
    lay_out(tmp_path, files_in(_files(), name))
    assert outcome(case, tmp_path) == case["expected"], case["what"]


def test_there_is_a_case_for_every_finding() -> None:
    """A code that an audit may give has files that lead to it; whoever adds a code adds a case, or says where it is."""
    expected = [_case(name)["expected"] for name in NAMES]
    given = {code for one in expected for code, _, _ in one.get("findings", ())}
    given |= {code for one in expected for code in one.get("not_checked", ())} | {one.get("error") for one in expected}
    assert {one.name for one in FINDINGS} - given == set(ELSEWHERE)
    assert given >= {one.CODE for one in FROM_FORMATS} | FROM_ELSEWHERE


def test_every_exit_status_and_every_weight_is_there() -> None:
    """Verified, refuted, misused and unchecked; findings that refute, leave unchecked, or warn."""
    expected = [_case(name)["expected"] for name in NAMES]
    assert {one["exit"] for one in expected} == {0, 1, 2, 3}
    weights = {weight for one in expected for _, weight, _ in one.get("findings", ())}
    assert weights == {"refuted", "unchecked", "warning"}


def test_the_maker_gives_the_files_that_are_there() -> None:
    """Exports of version 1 never change: a new run writes the same bytes, and no other file."""
    there = {name: data for name, data in _files().items() if name != "README.md"}
    assert make(Kept.of(FOLDER), {name: _case(name)["expected"] for name in NAMES}) == there
