"""Auditing a voice whose log was succeeded: both logs, and the succession between them."""

from __future__ import annotations

from protocol.audit import audit
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from tests.builders import START_MS
from tests.successions import Succeeded

Files = dict[str, bytes]


def world() -> Succeeded:
    """ARC's log ends at three entries of four, which BOR says to know, and goes on; BOR answers."""
    made = Succeeded()
    asked = made.say("ARC", "clarification-request")
    leaf = made.logs["ARC"].leaves[asked[1]]
    made.say("ARC", "goodwill")
    made.say("BOR", "goodwill")
    made.succeed("ARC", size=3)
    made.holds_roster("BOR")
    made.say("BOR", "clarification-response", thread=leaf, reply=leaf, outcome="answered")
    made.say("ARC", "goodwill")
    return made


def audited(made: Succeeded, arc: Files) -> Report:
    """The audit of both voices, of ARC's with these files."""
    evidence = MemoryEvidence("arc", arc), MemoryEvidence("bor", made.files("BOR"))
    return audit(*evidence, made.policy("ARC"), catalogue=made.catalogue, at_ms=START_MS)


def codes(report: Report) -> set[str]:
    """What was found against it."""
    return {found.code for found in report.findings if found.severity in {"refuted", "unchecked"}}


def test_both_logs_of_a_voice_and_the_succession_between_them_are_verified() -> None:
    """Nothing is found, and the audit says where the log before ended."""
    made = world()
    report = audited(made, made.files("ARC"))
    assert (codes(report), report.verdict) == (set(), "verified")
    assert any("ARC log 1 ends at 3 entries" in line for line in report.checked)


def test_a_voice_without_its_log_before_is_not_verified() -> None:
    """The successor alone cannot be judged."""
    made = world()
    arc = {name: data for name, data in made.files("ARC").items() if not name.startswith("before/")}
    report = audited(made, arc)
    assert (codes(report), report.verdict) == ({"log-before-missing"}, "unchecked")


def test_a_log_before_that_ends_elsewhere_refutes() -> None:
    """The export of the log before goes further than the succession says, or less far."""
    for size in (2, 4):
        made = Succeeded()
        for _ in range(2):
            made.say("ARC", "goodwill")
        other = made.checkpoint("ARC", size)
        made.say("BOR", "goodwill")
        log = made.logs["ARC"]
        made.succeed("ARC", size=3)
        short = {"past": made.past["ARC"]}
        made.past["ARC"] = type(log)(
            log.entries[:size], log.bodies[:size], log.leaves[:size], log.frontiers[: size + 1]
        )
        made.ended["ARC"] = other
        files = made.files("ARC")
        made.past["ARC"] = short["past"]
        assert "succession-differs" in codes(audited(made, files))


def test_a_changed_entry_of_the_log_before_is_found() -> None:
    """Its tree is checked like any other."""
    made = world()
    files = made.files("ARC")
    name = "before/1/tile/entries/000.p/3"
    data = bytearray(files[name])
    data[-1] ^= 1
    assert codes(audited(made, {**files, name: bytes(data)})) & {"entry-differs", "tile-differs"}


def test_a_stray_file_among_the_logs_before_is_found() -> None:
    """In a log's folder, or beside them."""
    made = world()
    for name in ("before/1/notes.txt", "before/7/tile/0/000.p/3", "before/x"):
        assert codes(audited(made, {**made.files("ARC"), name: b"x"})) == {"file-unexpected"}


def test_a_policy_that_does_not_know_the_successor_does_not_verify_it() -> None:
    """Whoever audits says whose keys count."""
    made = world()
    evidence = MemoryEvidence("arc", made.files("ARC")), MemoryEvidence("bor", made.files("BOR"))
    policy = Succeeded().policy("ARC")
    assert audit(*evidence, policy, catalogue=made.catalogue, at_ms=START_MS).verdict == "refuted"
