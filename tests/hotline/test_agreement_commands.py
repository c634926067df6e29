"""`hotline agreement`: from the model to an amendment in force, and a withdrawal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hotline.agreement_lint import line_of, lint
from hotline.agreements import base_terms, model_text
from hotline.terms import Terms
from nodes.resources import catalogue
from protocol.authority import slots_needed
from tests.builders import make_agreement
from tests.hotline.nodes import running, until
from tests.hotline.people import acting, hotline, ok, paired
from tests.protocol.statement_samples import full_agreement

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 22)
AT_MS = 1_795_300_000_000


def problems(text: bytes) -> list[tuple[str, int, str]]:
    """Severity, line and code of every problem of a draft."""
    _, found = lint(text, base_terms(at_ms=AT_MS), catalogue(), today=TODAY)
    return [(one.severity, one.line, one.code) for one in found]


def test_the_model_can_stand_and_names_its_sources() -> None:
    """No error; what is unusual in it is what only the parties can fill in. Every clock says where it is from."""
    assert [(one[0], one[2]) for one in problems(model_text())] == [("warning", "no-sunset"), ("warning", "no-witness")]
    terms = base_terms(at_ms=AT_MS).with_draft(model_text(), where="the model")
    sources = " ".join(clock.source for clock in terms.kind_clocks)
    assert all(name in sources for name in ("NIS2", "Vienna Document", "International Health Regulations"))
    assert terms.emergency is not None
    assert terms.challenge is not None


def test_the_examples_of_the_model_can_stand() -> None:
    """A witness, an auditor and a quorum, once the marks before them are taken away."""
    text = model_text().replace(b"\n#: ", b"\n")
    assert [(one[0], one[2]) for one in problems(text)] == [("warning", "no-sunset")]
    terms = base_terms(at_ms=AT_MS).with_draft(text, where="the model")
    assert (len(terms.witnesses), len(terms.auditors), terms.witness_quorum) == (1, 1, 1)


def test_what_a_draft_leaves_out_stays_unless_it_is_the_whole_text() -> None:
    """A single person's release can be taken away again, and so can an end; what an agreement must have stays."""
    first = base_terms(at_ms=AT_MS).with_draft(model_text(), where="the model")
    terms = replace(first, sunset_date=first.review_date)
    text = re.sub(rb"(?ms)^\[emergency\]\n.*?(?=^\[)", b"", model_text())
    assert terms.with_draft(text, where="draft") == terms
    kept, gone = terms.without_left_out(text, where="draft")
    assert set(gone) == {"sunset_date", "emergency"}
    assert (kept.sunset_date, kept.emergency) == (None, None)
    assert replace(kept, sunset_date=terms.sunset_date, emergency=terms.emergency) == terms


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("notice_days = 180", "notice_days = 9999", ("error", "out-of-range", "notice_days = 9999")),
        ('clock = "lapse"', 'clock = "alarm"', ("error", "bad-clocks", 'clock = "alarm"')),
        ('kind = "diplomatic-flag"', 'kind = "diplomatic-flags"', ("warning", "no-such-kind", "[[kind_clock]]")),
        ('needs = "release/senior"', 'needs = "minister"', ("error", "bad-slot", 'needs = "minister"')),
        ("[suspension]", "[suspence]", ("error", "not-understood", "")),
        ("percent = 50", "percent = 500", ("error", "out-of-range", "next_after_percent = 500")),
        ("notice_days = 180", "notice_days = 0", ("warning", "no-notice", "notice_days = 0")),
        ('languages = ["en"]', 'languages = ["eb"]', ("warning", "language-unknown", "languages =")),
        ('languages = ["en"]', 'languages = ["en", "pt"]', ("warning", "language-without-texts", "languages =")),
        ('clock = "lapse"', 'clock = "answer"', ("warning", "clock-idle", "[[kind_clock]]")),
        (
            "within_ms = 14400000\nsource",
            "within_ms = 14399999\nsource",
            ("warning", "answer-before-holding", "[[kind_clock]]"),
        ),
    ],
)
def test_a_problem_is_told_with_its_line(old: str, new: str, found: tuple[str, str, str]) -> None:
    """The severity, the code, and the line on which it stands."""
    text = model_text().decode()
    assert old in text
    changed = text.replace(old, new, 1)
    severity, code, wanted = found
    told = [one for one in problems(changed.encode()) if one[2] == code]
    assert told
    lines = changed.split("\n")
    at = told[0][1]
    assert told[0][0] == severity
    assert (lines[at - 1] if at else "").startswith(wanted)


def test_a_holding_clock_behind_the_answer_is_told_once() -> None:
    """At the clock of the answer where the draft has one, and else at its own."""
    for kind, other in (("rumour-query", 0), ("disclosure-propose", 1)):
        more = f'\n[[kind_clock]]\nkind = "{kind}"\nclock = "holding"\nwithin_ms = 30000000000\nsource = "x"\n'
        text = model_text() + more.encode()
        (line,) = [one[1] for one in problems(text) if one[2] == "answer-before-holding"]
        assert (line > model_text().count(b"\n")) == bool(other)


@pytest.mark.parametrize("text", [b"", b"# to be written\n\n"])
def test_a_draft_that_says_nothing_cannot_stand(tmp_path: Path, text: bytes) -> None:
    """A copy that failed is found as such, and becomes no agreement of the program's own terms."""
    assert problems(text) == [("error", 0, "missing-field")]
    draft = tmp_path / "draft.toml"
    draft.write_bytes(text)
    assert hotline("agreement", "lint", draft).status == 1
    assert "nothing stands in it" in hotline("agreement", "diff", draft, draft).err


def test_a_date_in_quotes_is_one_mistake_and_says_how_to_write_it() -> None:
    """The other date of the block is read all the same, and what to do is about agreements, not about statements."""
    text = b'review_date = "2027-05-01"\nsunset_date = 2028-05-01\n'
    _, found = lint(text, base_terms(at_ms=AT_MS), catalogue(), today=TODAY)
    errors = [one for one in found if one.severity == "error"]
    assert [(one.line, one.code, one.where) for one in errors] == [(1, "bad-field", "review_date")]
    assert "without quotes" in errors[0].next


def test_a_rule_that_asks_for_less_than_the_catalogue_is_told() -> None:
    """By the first rule that decides, and never for templates; the model has none."""
    rules = b"""
[[authority]]
kinds = ["notification"]
template = true
needs = ["duty"]
[[authority]]
kinds = ["*"]
severity_at_least = 5
needs = ["duty/release/senior", "release/senior", "senior"]
"""
    _, found = lint(rules, base_terms(at_ms=AT_MS), catalogue(), today=TODAY)
    weaker = [(one.where, one.text) for one in found if one.code == "rule-weaker"]
    assert weaker == [("authority[2].needs", "less than the catalogue asks for: measure-propose")]


def test_by_the_model_no_severity_needs_fewer_than_a_lower_one() -> None:
    """A measure of severity 5 needs the legal officer too, and a template goes with two persons at any severity."""
    terms = base_terms(at_ms=AT_MS).with_draft(model_text(), where="the model")
    agreement = make_agreement(format=2, rules=terms.rules)
    for name, templated, slots in (("measure-propose", False, 4), ("notification", True, 2)):
        kind = catalogue().kind(name)
        assert kind is not None
        facts = {"template": bytes(32)} if templated else None
        for severity in range(6):
            assert len(slots_needed(agreement, kind, severity, "priority", facts)) == slots


def test_every_problem_is_told_at_once() -> None:
    """Two mistakes are two lines of the answer, errors before warnings."""
    text = (
        model_text().decode().replace("notice_days = 180", "notice_days = 9999").replace("percent = 50", "percent = 0")
    )
    found = problems(text.encode())
    assert [one[2] for one in found if one[0] == "error"] == ["out-of-range", "out-of-range"]
    assert [one[0] for one in found] == sorted(one[0] for one in found)


def test_a_rule_that_nothing_comes_to_and_one_that_nobody_can_fill_are_told() -> None:
    """The second is covered by the first; the third asks for three of one role."""
    rules = """
[[authority]]
kinds = ["*"]
needs = ["duty"]
[[authority]]
kinds = ["update"]
needs = ["duty"]
[[authority]]
kinds = ["roster"]
needs = ["legal", "legal", "legal"]
"""
    codes = [one[2] for one in problems(rules.encode())]
    assert {"rule-unreachable", "rule-hard-to-fill", "rule-idle"} <= set(codes)


def test_a_rule_that_our_own_people_cannot_meet_is_told() -> None:
    """One duty officer fills one of the two slots; with a senior beside, both."""
    text = b'[[authority]]\nkinds = ["*"]\nneeds = ["duty", "senior"]\n'
    for people, told in (([(1, "duty")], True), ([(1, "duty"), (2, "senior")], False), ([], False)):
        _, found = lint(text, base_terms(at_ms=AT_MS), catalogue(), today=TODAY, people=people)
        assert ("rule-not-filled" in {one.code for one in found}) is told


def test_the_line_of_a_term_is_found() -> None:
    """Of the term, of its block where it is absent, and none for what is nowhere."""
    text = b'title = "x"\n\n[[party]]\nshort = "A"\n[[party.desk]]\nname = "x"\n[[party]]\nshort = "B"\n[clock.flash]\n'
    assert [line_of(text, where) for where in ("title", "party[2].short", "party[2]", "clock.flash", "beat")] == [
        1, 8, 7, 9, 0,
    ]  # fmt: skip


def test_terms_are_the_text_of_an_offer() -> None:
    """Everything that an agreement may have comes back from its text without parties."""
    terms = Terms.of(full_agreement())
    assert Terms.from_text(terms.text()) == terms
    assert terms.agreement(*full_agreement().parties) == full_agreement()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run."""
    arc, bor = paired(tmp_path_factory.mktemp("line"))
    with running(arc, bor):
        yield arc, bor


def shown(home: Path) -> Any:
    """What `agreement show` says."""
    return hotline(*acting(home, "agreement", "show", "--json")).json


@pytest.mark.timeout(300)
def test_an_agreement_is_amended_by_commands_and_then_left(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """A draft of what is in force is proposed by one side's roots and countersigned by the other's; officers send under
    it; a withdrawal is a statement like any other."""
    arc, bor = homes
    draft = tmp_path / "draft.toml"
    assert shown(arc)["digest"] == shown(bor)["digest"]
    ok(*acting(arc, "agreement", "amend", "-o", draft))
    assert ok("agreement", "lint", draft)["errors"] == 0
    assert ok("--home", arc, "agreement", "lint", draft)["errors"] == 0
    nothing = hotline(*acting(arc, "agreement", "propose", draft, "--yes", "--json"))
    assert nothing.json["error"]["code"] == "bad-amendment"
    desk = ("--voice", "+99 1 000 0001", "--hours", "always", "--language", "en")
    ok(*acting(arc, "agreement", "desk", "diplomatic", *desk))
    draft.write_text(draft.read_text().replace("notice_days = 180", "notice_days = 30"))
    said = ok(*acting(arc, "agreement", "propose", draft, "--yes"))
    changed = {one["term"]: (one["before"], one["after"]) for one in said["changes"]}
    assert changed["notice_days"] == ("180", "30")
    assert changed["party[ARC].desk[diplomatic].hours"] == ("nothing", '"always"')
    until(lambda: shown(bor)["proposals"])
    until(lambda: shown(arc)["proposals"])
    again = ok(*acting(arc, "agreement", "propose", draft, "--yes"))
    assert (again["state"], again["serial"]) == ("proposed", said["serial"])
    assert len(shown(arc)["proposals"]) == 1
    assert ok(*acting(bor, "inbox"))["proposals"] == [said["serial"]]
    assert f"countersign '{said['serial']}'" in hotline(*acting(bor, "inbox")).out
    assert ok(*acting(arc, "inbox"))["proposals"] == []
    talk = "our second machine is slow since this morning and we look into it"
    note = ok(*acting(bor, "send", "service-note", "--set", f"message={talk}", "--yes"))["serial"]
    until(lambda: note in [one["serial"] for one in ok(*acting(arc, "inbox"))["entries"]])
    waits = ("--severity", "4", "--set", "title=a", "--set", "class=outage", "--set", f"summary=b: {talk}")
    quoting = ("--quote-unofficial", "--thread", note)
    old = hotline(*acting(arc, "send", "notification", *waits, *quoting, "--yes", "--json")).json["draft"]
    assert ok(*acting(arc, "inbox", "--as", "release"))["drafts"] == [{"draft": old, "kind": "notification"}]
    assert ok(*acting(arc, "inbox"))["drafts"] == []
    assert "agreement show" in hotline(*acting(arc, "agreement", "countersign", "--json")).json["error"]["next"]
    accepted = ok(*acting(bor, "agreement", "countersign", said["serial"], "--yes"))
    assert accepted["digest"] == said["digest"]
    until(lambda: {shown(home)["digest"] for home in homes} == {said["digest"]})
    (void,) = [one for one in ok(*acting(arc, "drafts"))["drafts"] if one["draft"] == old]
    assert (void["missing"], void["waits"]) == (["wrong-agreement"], [])
    said_so = hotline(*acting(arc, "drafts")).out
    assert "cannot be signed, wrong-agreement" in said_so
    assert f"hotline drafts --renew {old[:8]}" in said_so
    assert "anew" in hotline(*acting(arc, "sign", old, "--as", "release", "--json")).json["error"]["next"]
    refused = hotline(*acting(arc, "drafts", "--renew", old[:8], "--yes", "--json")).json["error"]
    assert (refused["code"], "--quote-unofficial" in refused["next"]) == ("unofficial-quoted", True)
    renewed = hotline(*acting(arc, "drafts", "--renew", old[:8], "--quote-unofficial", "--yes", "--json"))
    assert (renewed.status, renewed.json["state"]) == (4, "draft"), renewed.err
    (anew,) = ok(*acting(arc, "drafts"))["drafts"]
    assert (anew["draft"], anew["kind"], anew["severity"]) == (renewed.json["draft"], "notification", 4)
    assert anew["missing"] == ["release/senior"]
    still = hotline(*acting(arc, "drafts", "--renew", anew["draft"], "--json"))
    assert (still.status, anew["draft"] in still.json["error"]["next"]) == (2, True)
    same = ok(*acting(arc, "sign", anew["draft"], "--as", "release"))["serial"]
    anew = ok(*acting(arc, "show", same))
    assert anew["view"]["thread_serial"] == note
    contents = anew["contents"]
    assert (contents["title"], contents["class"], contents["summary"]) == ("a", ["outage"], f"b: {talk}")
    sent = ok(*acting(arc, "send", "goodwill", "--set", "message=Under the new text.", "--yes", "--wait", "held"))
    assert shown(arc)["agreements"][-1] == {
        "digest": said["digest"],
        "amendment": said["serial"],
        "accepted": accepted["serial"],
    }
    assert hotline(*acting(arc, "agreement", "show", "--at", sent["serial"], "--json")).json["digest"] == said["digest"]
    first = hotline(*acting(arc, "agreement", "show", "--at", "ARC 0", "--json")).json
    assert first["digest"] == first["founding"] != said["digest"]
    assert "notice_days = 30" in hotline(*acting(arc, "agreement", "show", "--text")).out
    ok(*acting(bor, "show", sent["serial"]))
    left = hotline(*acting(bor, "agreement", "withdraw", "--reason", "A test of leaving.", "--yes", "--json"))
    assert left.status == 4, left.err
    twice = hotline(*acting(bor, "agreement", "withdraw", "--reason", "Once more.", "--yes", "--json"))
    assert (twice.status, twice.json["draft"]) == (4, left.json["draft"])
    waiting = [{"draft": left.json["draft"], "kind": "agreement-withdraw"}]
    assert ok(*acting(bor, "inbox", "--as", "release"))["drafts"] == waiting
    assert ok(*acting(bor, "inbox"))["drafts"] == []
