"""Tampering of every kind is refuted by the audit under the code that the page names; what is clean is verified."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hotline.audit_dirs import audit_evidence
from hotline.packs import audit_pack
from protocol.canonical import encode
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from tests.builders import NAMES, START_MS
from tests.hotline.audit_vectors import CASE, lay_out
from tests.hotline.people import hotline
from tests.tamper.make_tampering_page import PAGE, render
from tests.tamper.tampering import BOTH, NODE, PARTY, PLAINER, REFUTED, TOLD, Row, builders
from tests.vector_world import VECTORS, Kept

ROWS = (*REFUTED, *TOLD)
HERE = [row for row in ROWS if row.source != "audit"]
ELSEWHERE = [row for row in ROWS if row.source == "audit"]
KINDS_AT_LEAST = 40
RE_SIGNED_AT_LEAST = 25
REFUTED_EXIT = 1


def _audited(row: Row, folder: Path) -> Report:
    """What the audit says of a case."""
    if row.source == "judgement":
        world = row.build(Kept()).world
        files, policy, kinds = {party: world.files(party) for party in NAMES}, world.policy("ARC"), world.catalogue
    else:
        made = row.build()
        files, policy, kinds = made.files, made.policy, made.catalogue
        if made.packed:
            return _packed(made, folder)
    first, second = (MemoryEvidence(party.lower(), files[party]) for party in NAMES)
    return audit_evidence(first, second, policy, at_ms=START_MS, kinds=kinds)


def _packed(made: Any, folder: Path) -> Report:
    (folder / "policy").write_bytes(made.policy)
    with zipfile.ZipFile(folder / "line.hotline", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("pack.json", json.dumps(made.head))
        for party, exported in made.files.items():
            for name, data in exported.items():
                archive.writestr(f"{party}/{name}", data)
        for (party, index), fields in made.opened.items():
            archive.writestr(f"disclosed/{party}/{index}", encode([one.encode() for one in fields]))
    return audit_pack(folder / "line.hotline", folder / "policy", at_ms=made.at_ms)


def _codes(found: Sequence[tuple[str, str]], severity: str) -> set[str]:
    return {code for code, weight in found if weight == severity}


@pytest.mark.slow
@pytest.mark.parametrize("row", HERE, ids=lambda row: row.case)
def test_each_is_told_under_its_codes_and_refuted_where_it_is_to_be(row: Row, tmp_path: Path) -> None:
    """These codes refute, these are told besides, and nothing else is found."""
    report = _audited(row, tmp_path)
    found = [(one.code, one.severity) for one in report.findings]
    assert _codes(found, "refuted") == set(row.codes), row.what
    assert _codes(found, "warning") == set(row.beside), row.what
    assert {weight for _, weight in found} <= {"refuted", "warning"}
    assert report.verdict == ("refuted" if row.codes else "verified")


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.case)
def test_the_vectors_of_audits_say_the_same(row: Row) -> None:
    """What stands in a vector is what the row says of it; the audit itself runs with the vectors."""
    expected = json.loads((VECTORS / "audit" / row.case / CASE).read_bytes())["expected"]
    found = [(code, weight) for code, weight, _ in expected["findings"]]
    assert _codes(found, "refuted") == set(row.codes)
    assert _codes(found, "warning") == set(row.beside)
    assert expected["verdict"] == ("refuted" if row.codes else "verified")


@pytest.mark.slow
def test_the_command_verifies_what_is_untouched_and_refutes_what_is_not(tmp_path: Path) -> None:
    """The same logs before and after two entries changed places: exit status 0 and 1, and the code in its answer."""
    for case, status, codes in (("untouched", 0, []), ("entries-swapped", REFUTED_EXIT, ["entry-differs"])):
        made = builders("tamper")[case][1]()
        folder = tmp_path / case
        for party in NAMES:
            lay_out(folder / party, made.files[party])
        (folder / "policy").write_bytes(made.policy)
        places = (folder / "ARC", folder / "BOR")
        done = hotline("audit", *places, "--policy", folder / "policy", "--at", "2026-11-21T10:00Z", "--json")
        assert done.status == status, done.out + done.err
        assert sorted({one["code"] for one in done.json["findings"]}) == codes


def test_there_are_kinds_enough_and_each_once() -> None:
    """Forty at least, twenty-five of them by somebody with the true keys of a party; every case that was made is in."""
    assert len(REFUTED) >= KINDS_AT_LEAST
    assert sum(row.by in {NODE, PARTY, BOTH} for row in REFUTED) >= RE_SIGNED_AT_LEAST
    assert sum(row.by == PARTY for row in REFUTED) >= RE_SIGNED_AT_LEAST
    cases = [row.case for row in ROWS]
    assert PLAINER.keys() <= set(cases)
    assert len(set(cases)) == len(cases)
    assert {row.case for row in ROWS if row.source == "tamper"} == builders("tamper").keys() - {"untouched"}


def test_the_page_agrees_with_the_rows() -> None:
    """Run `python -m tests.tamper.make_tampering_page` after a change of the cases."""
    assert PAGE.read_text(encoding="utf-8") == render()
