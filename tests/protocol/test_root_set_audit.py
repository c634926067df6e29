"""The audit of logs in which roots changed: what holds is verified, and what was done to it is named."""

from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest

from keys import roster as rosters
from protocol.audit import audit
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from tests.builders import START_MS, World
from tests.root_sets import RootWorld

Files = dict[str, bytes]


@cache
def _world() -> RootWorld:
    """Root 3 of ARC is replaced; the new roots sign the next roster, and people go on."""
    world = RootWorld()
    world.say("ARC", "goodwill")
    world.change("ARC")
    world.next_roster("ARC", (1, 4))
    world.say("ARC", "goodwill")
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    return world


def _audit(world: World, change: tuple[str, bytes | None] | None = None) -> Report:
    """Audit both voices, with one text of ARC's that is absent or another."""
    first, second = dict(world.files("ARC")), dict(world.files("BOR"))
    if change is not None:
        folder, data = change
        name = next(name for name in first if name.startswith(f"{folder}/"))
        del first[name]
        if data is not None:
            first[name] = data
    return audit(
        MemoryEvidence("A", first),
        MemoryEvidence("B", second),
        world.policy("ARC"),
        catalogue=world.catalogue,
        at_ms=START_MS,
    )


def _codes(report: Report, severity: str = "refuted") -> set[str]:
    return {one.code for one in report.findings if one.severity == severity}


def test_logs_in_which_roots_changed_are_verified() -> None:
    """The root set is counted; nothing is found."""
    report = _audit(_world())
    assert (report.verdict, report.findings) == ("verified", [])
    assert "6. root sets: 1, each signed by the roots before it and by its own" in report.checked


def test_an_absent_text_of_a_root_set_accuses_nobody() -> None:
    """Which roots sign after it is not known, and the audit says so."""
    report = _audit(_world(), ("root-set", None))
    assert (report.verdict, _codes(report)) == ("unchecked", set())
    assert "root-set-missing" in _codes(report, "unchecked")
    assert any(line.startswith("signature-unchecked") for line in report.not_checked)


def test_another_text_of_a_root_set_is_found() -> None:
    """The entry names its digest."""
    report = _audit(_world(), ("root-set", b"threshold = 1\n"))
    assert report.verdict == "refuted"
    assert _codes(report) <= {"document-differs", "file-unexpected", "document-name-differs"}


@pytest.mark.parametrize(
    ("signers", "later"),
    [((1, 2), "unauthorised"), ((4, 5), "unauthorised"), ((1, 4, 5), "unauthorised"), ((1, 2, 4), "unauthorised")],
    ids=["old only", "new only", "below the old threshold", "below the new threshold"],
)
def test_a_forged_root_set_refutes(signers: tuple[int, ...], later: str) -> None:
    """Whoever logged a set that lacks a quorum is found out."""
    world = RootWorld()
    world.state_roots("ARC", world.next_roots("ARC", (4, 5, 6)), signers)
    report = _audit(world)
    assert (report.verdict, _codes(report)) == ("refuted", {later})


def test_a_roster_that_retired_roots_dated_back_refutes() -> None:
    """It stands behind the set that left them out."""
    world = RootWorld()
    world.change("ARC", (4, 5, 6), signers=(1, 2, 4, 5))
    first = world.rosters["ARC"]
    text = rosters.render(replace(first, version=2, previous=sha256(rosters.render(first)).digest()))
    world.enact("ARC", "roster", text, (1, 2), issued_at_ms=START_MS)
    assert _codes(_audit(world)) == {"unauthorised", "unknown-signer"}
