"""`hotline catalogue`: all that is to be known of a kind, and what the agreements at hand make of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from hotline.cli.kind_shown import authority_under, clocks_under
from nodes.resources import catalogue
from protocol.agreement_conduct import KindClock, PauseTerms
from protocol.agreement_terms import AuthorityRule
from tests.builders import make_agreement
from tests.hotline.people import hotline, ok

HOME = Path(__file__).resolve().parents[1] / "homes" / "0.1.0" / "ARC"
KNOWN = catalogue()


@pytest.mark.parametrize("kind", KNOWN.kinds, ids=lambda kind: kind.name)
def test_every_kind_is_shown_whole(kind: Any) -> None:
    """Header, clocks, signatures, rules, facts and fields; for programs the same."""
    shown = hotline("catalogue", "show", kind.name)
    assert shown.status == 0
    for name in (*kind.clocks, *kind.facts, *(item.name for item in kind.fields)):
        assert name in shown.out
    for rule in kind.rules:
        assert rule.label() in shown.out
    found = ok("catalogue", "show", kind.name)
    assert found["clocks"] == dict(kind.clocks)
    assert (found["step"], found["register"], found["always"]) == (kind.step, kind.register, kind.always)
    assert [rule["text"] for rule in found["rules"]] == [rule.label() for rule in kind.rules]
    assert found["under"] == {}


def test_a_home_shows_who_has_to_sign_under_its_agreement(tmp_path: Path) -> None:
    """Under the agreement of the home at hand, and, where that has rules of severity, from which on."""
    home = tmp_path / "ARC"
    shutil.copytree(HOME, home)
    found = ok("--home", home, "catalogue", "show", "notification")["under"]
    assert found["BOR"]["authority"][0]["needs"] == ["duty/release/senior", "release/senior"]
    assert (
        "  with BOR      duty/release/senior and release/senior"
        in hotline("--home", home, "catalogue", "show", "notification").out
    )
    rules = (AuthorityRule(("*",), (("duty",), ("release",), ("senior",)), severity_at_least=4),)
    kind = KNOWN.kind("notification")
    assert kind is not None
    rows = authority_under(kind, make_agreement(rules=rules))
    severities = [{case["severity"] for case in row["cases"]} for row in rows]
    assert severities == [{0, 1, 2, 3}, {4, 5}]


def test_rules_for_templates_are_shown_apart() -> None:
    """What follows a template without free text may need fewer signatures; whoever asks sees when."""
    kind = KNOWN.kind("notification")
    assert kind is not None
    rules = (
        AuthorityRule(("notification",), (("duty",),), template=True),
        AuthorityRule(("notification",), (("duty",), ("senior",)), precedences=("flash",)),
    )
    rows = authority_under(kind, make_agreement(format=2, rules=rules))
    found = {tuple(row["needs"]): row["cases"] for row in rows}
    assert all(case["template"] for case in found[("duty",)])
    assert {case["precedence"] for case in found[("duty", "senior")]} == {"flash"}
    assert clocks_under(kind, make_agreement()) == {}


def test_the_agreements_own_clocks_of_a_kind_are_shown() -> None:
    """In place of the catalogue's, by the names that those have."""
    kind = KNOWN.kind("notification")
    assert kind is not None
    clock = KindClock("notification", "follow", 2_678_400_000, "the parties")
    assert clocks_under(kind, make_agreement(format=2, kind_clocks=(clock,))) == {"follow_ms": 2_678_400_000}


def test_the_agreements_terms_of_suspension_are_shown() -> None:
    """They stand in place of the catalogue's notice and longest time; a clock of the kind's own goes before them."""
    suspend, resume = KNOWN.kind("line-suspend"), KNOWN.kind("line-resume")
    assert suspend is not None
    assert resume is not None
    terms = PauseTerms(notice_ms=0, longest_ms=1_209_600_000)
    clock = KindClock("line-suspend", "longest", 3_600_000, "the parties")
    agreed = make_agreement(format=2, suspension=terms)
    assert clocks_under(suspend, agreed) == {"notice_ms": 0, "longest_ms": 1_209_600_000}
    own = make_agreement(format=2, suspension=terms, kind_clocks=(clock,))
    assert clocks_under(suspend, own) == {"notice_ms": 0, "longest_ms": 3_600_000}
    assert clocks_under(resume, agreed) == {}


def test_the_codes_of_a_fact_are_shown() -> None:
    """Whoever states a reason in the header can read which there are."""
    shown = hotline("catalogue", "show", "line-suspend").out
    assert "fact reason   code: maintenance, " in shown
    assert "maintenance" in ok("catalogue", "show", "line-suspend")["fact_codes"]["reason"]
