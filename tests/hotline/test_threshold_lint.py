"""A threshold set is looked through against the catalogue: what can never be seen, and what can never be reached."""

from dataclasses import replace
from pathlib import Path

import pytest

from hotline.agreements import base_terms, model_text
from hotline.errors import Refused
from hotline.threshold_files import read_rules
from hotline.threshold_lint import about_thresholds
from nodes.resources import catalogue
from protocol.agreement_review import checks_of
from protocol.agreement_text import overlay, write
from protocol.errors import AgreementRefused
from protocol.threshold_set import ThresholdSet
from tests.builders import START_MS
from tests.protocol.test_assessment import RULES, line, seen


@pytest.fixture
def model(tmp_path: Path) -> ThresholdSet:
    """The set of the model agreement."""
    (tmp_path / "model.toml").write_bytes(model_text())
    return read_rules(tmp_path / "model.toml", catalogue(), at_ms=START_MS)


def warned(rules: ThresholdSet) -> set[tuple[str, str]]:
    """Codes with places."""
    return {(code, where) for code, where, _, _ in about_thresholds(rules, catalogue())}


def test_the_model_has_a_set_that_can_all_be_seen_and_reached(model: ThresholdSet) -> None:
    """Every weight and line with a reason; all three criteria; lines for one and for sums."""
    assert warned(model) == set()
    assert {one.criterion for one in model.observables} == {"impact", "attribution", "miscalculation"}
    assert {one.counts for one in model.thresholds} == {"one", "sum"}
    reasons = [one.reason for one in model.observables] + [one.reason for one in model.thresholds]
    assert all(len(one.split()) > 1 for one in reasons)
    assert len(model.questions) >= 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weather", "bad"),
        ("functions", "lost"),
        ("functions.cost", "*"),
        ("functions.effect", "gone"),
        ("sectors", "space-travel"),
        ("attribution.reliability", "1"),
        ("cross_border", "maybe"),
        ("severity", "6"),
        ("summary", "bad"),
    ],
)
def test_what_no_notification_can_have_is_told(field: str, value: str) -> None:
    """With its place; a star counts whatever there is."""
    rules = replace(RULES, observables=(*RULES.observables, seen("impact", field, value, 5)))
    place = f"observable[{len(rules.observables)}]"
    assert warned(rules) == {("observable-idle", place)}


def test_a_line_that_cannot_be_reached_is_told() -> None:
    """Or that permits a rung which the ladder does not have."""
    lines = (line("high", "grave", 0, 90, 0), replace(line("far", "grave", 1, 0, 0), permits="moon"))
    assert warned(replace(RULES, thresholds=lines)) == {
        ("threshold-idle", "threshold[1].attribution_at_least"),
        ("threshold-idle", "threshold[2].permits"),
    }


def test_a_set_is_written_and_read_as_the_same() -> None:
    """Through the text of a draft; without the block that says how long things count it cannot stand."""
    terms = replace(
        base_terms(at_ms=START_MS),
        accumulation=RULES.accumulation,
        observables=RULES.observables,
        thresholds=RULES.thresholds,
    )
    faults: list[object] = []
    read = overlay(write(terms), base_terms(at_ms=START_MS), faults.append)
    assert (read["accumulation"], read["observables"], read["thresholds"]) == (
        RULES.accumulation,
        RULES.observables,
        RULES.thresholds,
    )
    assert faults == []


def test_a_file_without_rules_or_with_wrong_ones_is_refused(tmp_path: Path) -> None:
    """With the line where there is one."""
    path = tmp_path / "rules.toml"
    for text, code in (
        ('title = "a"\n', "no-thresholds"),
        ("[thresholds]\nversion = 1\nwindow_ms = 1\nhalf_life_ms = 1\n", "no-thresholds"),
        ("[thresholds]\nversion = 0\nwindow_ms = 1\nhalf_life_ms = 1\n", "out-of-range"),
    ):
        path.write_text(text)
        with pytest.raises(Refused) as caught:
            read_rules(path, catalogue(), at_ms=START_MS)
        assert caught.value.code == code


def test_weights_without_the_block_that_says_how_long_they_count_are_refused() -> None:
    """A set is whole, or not there at all."""
    terms = replace(base_terms(at_ms=START_MS), observables=RULES.observables)

    def check_all() -> None:
        for check in checks_of(terms):
            check()

    with pytest.raises(AgreementRefused):
        check_all()
