"""Auditing logs in which the agreement was amended: from the two exports alone."""

from __future__ import annotations

from datetime import date

from protocol.agreement import Agreement
from protocol.audit import audit
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from tests.builders import START_MS
from tests.protocol.test_governance import STRICT, TWO, Treaty, amended

Files = dict[str, bytes]


def amended_line() -> tuple[Treaty, Agreement]:
    """BOR proposes that a goodwill message needs two persons, ARC countersigns, and both go on under it."""
    world = Treaty()
    world.say("ARC", "goodwill")
    new = amended(world.agreement, rules=STRICT)
    world.countersign("ARC", world.amend("BOR", new), new)
    world.under(new)
    for party in ("ARC", "BOR"):
        world.say(party, "goodwill", signers=TWO)
    return world, new


def audited(world: Treaty, arc: Files, bor: Files, *, at_ms: int = START_MS) -> Report:
    """The audit of these files."""
    evidence = MemoryEvidence("arc", arc), MemoryEvidence("bor", bor)
    return audit(*evidence, world.policy("ARC"), catalogue=world.catalogue, at_ms=at_ms)


def codes(report: Report) -> set[str]:
    """What was found."""
    return {found.code for found in report.findings}


def test_an_amended_line_is_verified_from_its_logs() -> None:
    """The audit says which amendment was accepted, where, and what is in force."""
    world, new = amended_line()
    report = audited(world, world.files("ARC"), world.files("BOR"))
    assert (codes(report), report.verdict) == (set(), "verified")
    said = next(line for line in report.checked if "amendments" in line)
    assert "ARC 3" in said
    assert new.digest.hex() in said


def test_without_the_text_of_an_amendment_nobody_is_accused() -> None:
    """What was said under it cannot be judged, and that is all."""
    world, _ = amended_line()
    for folder in ("agreement-amend", "agreement-countersign"):
        arc, bor = (
            {name: data for name, data in world.files(party).items() if not name.startswith(folder)}
            for party in ("ARC", "BOR")
        )
        report = audited(world, arc, bor)
        assert report.verdict == "unchecked"
        assert codes(report) == {"agreement-missing"}
        assert any(line.startswith("agreement-unchecked") for line in report.not_checked)


def test_what_was_said_with_too_few_signatures_after_it_refutes() -> None:
    """An amendment binds the auditor as it binds the nodes."""
    world, _ = amended_line()
    world.say("BOR", "goodwill")
    report = audited(world, world.files("ARC"), world.files("BOR"))
    assert codes(report) == {"unauthorised"}


def test_the_review_date_is_that_of_the_agreement_in_force() -> None:
    """An amendment that moves it is why nothing is due."""
    world, _ = amended_line()
    late_ms = START_MS + 400 * 86_400_000
    assert "agreement-review-due" in codes(audited(world, world.files("ARC"), world.files("BOR"), at_ms=late_ms))


def test_an_agreement_that_has_ended_is_said_to_have() -> None:
    """By the time of the audit; what was said before stays said."""
    world = Treaty(review_date=date(2027, 1, 1), sunset_date=date(2027, 1, 1))
    world.say("ARC", "goodwill")
    world.say("BOR", "goodwill")
    files = world.files("ARC"), world.files("BOR")
    assert codes(audited(world, *files)) == set()
    late = audited(world, *files, at_ms=START_MS + 400 * 86_400_000)
    assert codes(late) == {"agreement-ended", "agreement-review-due"}
    assert late.verdict == "verified"
