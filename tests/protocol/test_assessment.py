"""Assessment: points by the agreement's rules, the best of each field, with the reasons and what would change it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.assessment import assess
from protocol.errors import AgreementRefused
from protocol.threshold_set import Accumulation, Observable, Threshold, ThresholdSet

DAY = 86_400_000


def seen(criterion: str, field: str, value: str, points: int, text: str | None = None) -> Observable:
    """An observable."""
    return Observable(criterion, field, value, points, f"because of {value}", text)


def line(
    name: str, band: str, impact: int, attribution: int, danger: int, *, counts: str = "one", **more: Any
) -> Threshold:
    """A line."""
    return Threshold(name, band, counts, impact, attribution, danger, permits="watch", reason="agreed", **more)


RULES = ThresholdSet(
    Accumulation(1, 90 * DAY, 30 * DAY),
    (
        seen("impact", "functions.effect", "lost", 40),
        seen("impact", "functions.cross_border", "yes", 10),
        seen("impact", "sectors", "energy", 20),
        seen("impact", "sectors", "health", 15),
        seen("impact", "protected_objects", "*", 60),
        seen("impact", "severity", "4", 30),
        seen("attribution", "attribution.likelihood", "likely", 30),
        seen("attribution", "attribution.confidence", "high", 20),
        seen("attribution", "attribution.reliability", "A", 10),
        seen("attribution", "attribution.credibility", "1", 5),
        seen("miscalculation", "context", "tension", 25, "Are there tensions?"),
        seen("miscalculation", "context", "exercise", 20, "Is there an exercise?"),
        seen("miscalculation", "cross_border", "yes", 10),
    ),
    (
        line("watch", "watch", 20, 0, 0),
        line("serious", "threshold", 40, 30, 0),
        line("grave", "grave", 60, 30, 40),
        line("many", "threshold", 100, 0, 0, counts="sum", by=("sector",), incidents_at_least=2),
    ),
)
VALUES = {
    "sectors": ["health", "energy"],
    "functions": [
        {"sector": "energy", "effect": "lost", "cross_border": None, "function": None},
        {"sector": "health", "effect": "degraded", "cross_border": True, "function": None},
    ],
    "attribution": [
        {"actor": "a", "likelihood": "likely", "confidence": None, "grade": "C1", "source": "s"},
        {"actor": "b", "likelihood": "unlikely", "confidence": "high", "grade": "A2", "source": "s"},
    ],
}


def points(values: dict[str, Any] = VALUES, **more: Any) -> tuple[int, int, int]:
    """What values come to."""
    return assess(RULES, values, **more).points


def test_of_each_field_the_best_counts_and_rows_are_not_mixed() -> None:
    """Energy and not health besides; the lost function without the other one's border; one claim with its own grade."""
    assert points() == (60, 35, 0)


def test_severity_and_answers_count() -> None:
    """Each question is a thing of its own; a flag is yes or no."""
    assert points({}, severity=4) == (30, 0, 0)
    assert points({"cross_border": True}, context=("tension", "exercise", "unknown")) == (0, 0, 55)
    assert points({"cross_border": False}) == (0, 0, 0)


def test_a_hundred_is_the_most_and_what_is_beyond_is_said() -> None:
    """Any value counts for a star."""
    found = assess(RULES, {**VALUES, "protected_objects": ["dams"]})
    assert (found.scores[0].points, found.scores[0].beyond) == (100, 20)
    assert "20 beyond 100 count nothing" in "\n".join(found.explanation())


def test_the_band_is_that_of_the_highest_line_crossed() -> None:
    """All minima are reached; a line for sums is none for one."""
    assert assess(RULES, VALUES).band == "threshold"
    assert assess(RULES, VALUES, context=("tension", "exercise")).band == "grave"
    assert assess(RULES, {"sectors": ["energy"]}).band == "watch"
    assert assess(RULES, {}).band == "none"
    assert [one.threshold.name for one in assess(RULES, {}).margins] == ["watch", "serious", "grave"]


def test_it_explains_itself() -> None:
    """Inputs with reasons, the rule, the margin, and what would change it."""
    words = "\n".join(assess(RULES, VALUES, context=("tension",)).explanation())
    for said in (
        "impact: 60 of 100",
        "40 for functions.effect lost: because of lost",
        "25 for yes to: Are there tensions?",
        "crosses serious: agreed",
        "it would not with 6 points less of attribution",
        "nearest above is grave (grave): it lacks 15 of miscalculation",
    ):
        assert said in words
    assert "nothing that counts was reported" in "\n".join(assess(RULES, {}).explanation())
    assert "no line is crossed" in "\n".join(assess(RULES, {}).explanation())


def test_the_digest_names_the_rules() -> None:
    """Another weight, line or version is another set."""
    others = [
        replace(RULES, accumulation=replace(RULES.accumulation, version=2)),
        replace(RULES, observables=RULES.observables[1:]),
        replace(RULES, thresholds=RULES.thresholds[::-1]),
        replace(RULES, observables=(replace(RULES.observables[0], points=41), *RULES.observables[1:])),
    ]
    assert len({RULES.digest, *(one.digest for one in others)}) == 5
    assert assess(RULES, VALUES).rules == RULES.digest
    assert [one.value for one in RULES.questions] == ["tension", "exercise"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted({one.subject for one in RULES.observables})), JSON), st.integers(0, 5))
def test_whatever_the_fields_hold_it_is_a_number(values: dict[str, Any], severity: int) -> None:
    """Between nothing and a hundred, and each that counted is named."""
    values.pop("context", None)
    found = assess(RULES, values, severity=severity)
    for score in found.scores:
        assert 0 <= score.points <= 100
        assert score.points + score.beyond == sum(one.observable.points for one in score.counted)


@pytest.mark.parametrize(
    "wrong",
    [
        seen("cost", "sectors", "energy", 1),
        seen("impact", "Sectors", "energy", 1),
        seen("impact", "sectors", "energy", 0),
        seen("impact", "sectors", "energy", 101),
        seen("impact", "sectors", "", 1),
        seen("miscalculation", "context", "tension", 1),
        seen("impact", "sectors", "energy", 1, "asked?"),
        line("Serious", "watch", 1, 0, 0),
        line("a", "none", 1, 0, 0),
        line("a", "watch", 0, 0, 0),
        line("a", "watch", 101, 0, 0),
        line("a", "watch", 1, 0, 0, counts="two"),
        line("a", "watch", 1, 0, 0, by=("sector",)),
        line("a", "watch", 1, 0, 0, counts="sum", by=("sector", "sector")),
        line("a", "watch", 1, 0, 0, counts="sum", by=("victim",)),
        line("a", "watch", 1, 0, 0, counts="sum", incidents_at_least=1),
        Accumulation(0, DAY, DAY),
        Accumulation(1, 0, DAY),
        Accumulation(1, DAY, 0),
    ],
)
def test_a_term_that_says_nothing_sensible_is_refused(wrong: Any) -> None:
    """With the place and the reason."""
    with pytest.raises(AgreementRefused):
        wrong.check("here")


def test_a_set_that_says_a_thing_twice_is_refused() -> None:
    """The same value of a field, or the same name of a line."""
    with pytest.raises(AgreementRefused):
        replace(RULES, observables=(*RULES.observables, RULES.observables[0])).check("")
    with pytest.raises(AgreementRefused):
        replace(RULES, thresholds=(*RULES.thresholds, RULES.thresholds[0])).check("")
    RULES.check("")
