"""Auditing logs in which the agreement was amended: from the two exports alone."""

from __future__ import annotations

from datetime import date

from protocol.agreement import Agreement
from protocol.audit import audit
from protocol.audit_time import zulu
from protocol.evidence import MemoryEvidence
from protocol.finding import Finding, Report
from tests.builders import START_MS
from tests.protocol.test_governance import STRICT, TWO, Treaty, amended

Files = dict[str, bytes]
DAY_MS = 86_400_000


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
    late_ms = START_MS + 400 * DAY_MS
    assert "agreement-review-due" in codes(audited(world, world.files("ARC"), world.files("BOR"), at_ms=late_ms))


def test_an_agreement_that_has_ended_is_said_to_have() -> None:
    """By the time of the audit; what was said before stays said."""
    world = Treaty(review_date=date(2027, 1, 1), sunset_date=date(2027, 1, 1))
    world.say("ARC", "goodwill")
    world.say("BOR", "goodwill")
    files = world.files("ARC"), world.files("BOR")
    assert codes(audited(world, *files)) == set()
    late = audited(world, *files, at_ms=START_MS + 400 * DAY_MS)
    assert codes(late) == {"agreement-ended", "agreement-review-due"}
    assert late.verdict == "verified"
    assert "its sunset date" in next(one.text for one in late.findings if one.code == "agreement-ended")


def withdrawn_line() -> Treaty:
    """BOR withdraws, with 30 days of notice; ARC shows two days later that it holds that."""
    world = Treaty(notice_days=30, review_date=date(2030, 1, 1))
    world.say("ARC", "goodwill")
    world.say("BOR", "agreement-withdraw", signers=TWO, thread=("ARC", 0), at_ms=START_MS + DAY_MS)
    world.say("ARC", "goodwill", at_ms=START_MS + 3 * DAY_MS)
    return world


def withdrawal_of(report: Report) -> Finding:
    """The one finding that says that a party withdrew."""
    (found,) = (one for one in report.findings if one.code == "agreement-withdrawn")
    return found


def test_a_withdrawal_is_stated_with_who_when_and_what_ends() -> None:
    """By both parties' clocks; it refutes nothing. While nobody shows to hold it, that is said."""
    world = withdrawn_line()
    files = world.files("ARC"), world.files("BOR")
    report = audited(world, *files, at_ms=START_MS + 4 * DAY_MS)
    found = withdrawal_of(report)
    assert (found.code, found.severity, found.where, report.verdict) == (
        "agreement-withdrawn", "info", "BOR 2", "verified",
    )  # fmt: skip
    day = [zulu(START_MS + days * DAY_MS) for days in (1, 33, 31)]
    assert [found.text.count(one) for one in day] == [1, 1, 1]
    assert found.text.startswith(f"BOR withdrew at {day[0]}; ARC is bound until {day[1]}; BOR is bound until {day[2]}")
    assert any(line.startswith("5. withdrawal: BOR 2") for line in report.checked)
    late = audited(world, *files, at_ms=START_MS + 60 * DAY_MS)
    ended = next(one.text for one in late.findings if one.code == "agreement-ended")
    assert ended == f"since {day[1]}, after BOR withdrew"
    for party, other, more in (("ARC", "BOR", "is bound"), ("BOR", "ARC", "no notice runs")):
        alone = Treaty(notice_days=30, review_date=date(2030, 1, 1))
        alone.say(party, "agreement-withdraw", signers=TWO, thread=("ARC", 0), at_ms=START_MS + DAY_MS)
        found = withdrawal_of(audited(alone, alone.files("ARC"), alone.files("BOR")))
        assert found.text.startswith(f"{party} withdrew at {day[0]}")
        assert f"{other} has not yet shown that it holds it, and {more}" in found.text


def test_what_is_said_after_the_end_of_a_withdrawn_agreement_is_counted() -> None:
    """And an amendment that takes the withdrawal back is named."""
    world = withdrawn_line()
    world.say("BOR", "goodwill", at_ms=START_MS + 40 * DAY_MS)
    report = audited(world, world.files("ARC"), world.files("BOR"), at_ms=START_MS + 41 * DAY_MS)
    text = "only flashes and what always passes have effect; 1 entry since then without effect"
    assert text in withdrawal_of(report).text
    world = withdrawn_line()
    new = amended(world.agreement, review_date=date(2031, 1, 1))
    accepted = world.countersign("ARC", world.amend("BOR", new), new)
    report = audited(world, world.files("ARC"), world.files("BOR"), at_ms=START_MS + 60 * DAY_MS)
    assert "agreement-ended" not in codes(report)
    taken = f"taken back by the amendment that was accepted at {accepted[0]} {accepted[1]}"
    assert taken in withdrawal_of(report).text
