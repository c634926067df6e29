"""Accumulation: incidents in a window, each less the older it is, none twice, and nothing that was taken back."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.accumulation import Case, Share, accumulate, thousandths
from protocol.assessment import assess
from tests.protocol.test_assessment import DAY, RULES

NOW = 400 * DAY


def case(serial: str, days: float = 0, *, sectors: tuple[str, ...] = ("energy",), **more: Any) -> Case:
    """An incident of so many days ago, with an impact of 60."""
    found = assess(RULES, {"sectors": ["energy"], "functions": [{"effect": "lost"}]})
    groups = {"actor": (), "sector": sectors, "class": ()}
    return Case(serial=serial, at_ms=NOW - int(days * DAY), assessment=found, groups=groups, **more)


def shares(*cases: Case) -> dict[str, Share]:
    """By serial."""
    return {one.case.serial: one for one in accumulate(RULES, cases, at_ms=NOW).shares}


def sums(*cases: Case) -> dict[tuple[str, ...], tuple[int, bool, bool]]:
    """Impact, whether it is crossed and whether by one alone, by group."""
    return {one.group: (one.points[0], one.crossed, one.alone) for one in accumulate(RULES, cases, at_ms=NOW).sums}


def test_an_incident_counts_half_after_the_half_life() -> None:
    """In a straight line between, and nothing beyond the window."""
    terms = RULES.accumulation
    found = [thousandths(int(days * DAY), terms) for days in (0, 15, 30, 45, 60, 90, 90.1, -1)]
    assert found == [1000, 750, 500, 375, 250, 125, 0, 0]


def test_lesser_incidents_together_cross_what_none_crosses_alone() -> None:
    """Two of sixty, and not one; not two of which one is old."""
    assert sums(case("A 1")) == {("energy",): (60, False, False)}
    assert sums(case("A 1"), case("A 2", 3)) == {("energy",): (117, True, False)}
    assert sums(case("A 1"), case("A 2", 30)) == {("energy",): (90, False, False)}


def test_what_was_taken_back_or_was_an_exercise_counts_nothing() -> None:
    """A retraction lowers the sum; it is listed with the reason."""
    assert sums(case("A 1"), case("A 2", state="retracted")) == {("energy",): (60, False, False)}
    found = shares(case("A 1", state="exercise"), case("A 2", state="test"), case("A 3", 91), case("A 4", -1))
    assert {name: one.left_out for name, one in found.items()} == {
        "A 1": "exercise",
        "A 2": "test",
        "A 3": "old",
        "A 4": "ahead",
    }


def test_one_incident_that_was_told_twice_counts_once() -> None:
    """Also where two hang together by a third; the graver one counts, and of two alike the earlier."""
    graver = replace(case("B 3", 1), assessment=assess(RULES, {"protected_objects": ["dams"], "sectors": ["energy"]}))
    first = case("A 1", 2, marks=frozenset({"one"}))
    second = case("B 2", 1, marks=frozenset({"one", "two"}))
    third = replace(graver, marks=frozenset({"two"}))
    assert sums(first, second) == {("energy",): (57, False, False)}
    found = shares(first, second, third)
    assert (found["A 1"].same_as, found["B 2"].same_as, found["B 3"].same_as) == ("B 3", "B 3", "")
    assert shares(first, second)["B 2"].left_out == "same"
    # One that was retracted stands for nobody.
    assert shares(replace(third, state="retracted"), first)["A 1"].left_out == ""


def test_groups_are_apart_and_an_incident_may_be_in_two() -> None:
    """It counts in each of its sectors, and once in each."""
    found = sums(case("A 1", sectors=("energy", "health", "energy")), case("A 2", sectors=("health",)))
    assert found == {("energy",): (60, False, False), ("health",): (120, True, False)}
    assert sums(case("A 1", sectors=())) == {}


def test_it_explains_itself() -> None:
    """Which incidents add up, how much each counts, and how far it is."""
    (one,) = accumulate(RULES, (case("A 1"), case("A 2", 30)), at_ms=NOW).sums
    words = "\n".join(one.explanation())
    assert "many (energy): not crossed" in words
    assert "A 2: impact 60, counts 500 of 1000" in words
    assert "impact 90 of 100" in words
    assert "incidents 2 of 2" in words


CASES = st.lists(
    st.builds(
        lambda place, days, marks, state: case(f"A {place}", days, marks=frozenset(marks), state=state),
        st.integers(0, 10_000),
        st.floats(-2, 100),
        st.sets(st.sampled_from("abcd"), max_size=2),
        st.sampled_from(("", "", "", "retracted", "exercise")),
    ),
    max_size=8,
    unique_by=lambda one: one.serial,
)


@given(CASES, st.randoms(use_true_random=False))
def test_the_order_in_which_incidents_come_changes_nothing(cases: list[Case], chance: Any) -> None:
    """And saying one once more under another serial, with the same marks, changes no sum."""
    whole = accumulate(RULES, cases, at_ms=NOW)
    mixed = list(cases)
    chance.shuffle(mixed)
    assert accumulate(RULES, mixed, at_ms=NOW) == whole
    again = [replace(one, serial=f"B {one.serial}") for one in cases if one.marks]
    assert [one.points for one in accumulate(RULES, [*cases, *again], at_ms=NOW).sums] == [
        one.points for one in whole.sums
    ]
    less = [replace(one, state="retracted") for one in cases[:1]] + cases[1:]
    if not any(one.marks for one in cases):
        before = {one.group: one.points[0] for one in whole.sums}
        assert all(one.points[0] <= before[one.group] for one in accumulate(RULES, less, at_ms=NOW).sums)
