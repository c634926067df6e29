"""What a threshold set names that the catalogue does not have, and what of it nothing can reach."""

from __future__ import annotations

from collections.abc import Iterator

from hotline.intake.drafting import KIND
from protocol.field import Field
from protocol.kinds import Catalogue
from protocol.threshold_set import ANY, CONTEXT, CRITERIA, ONE, POINTS_MAX, Observable, ThresholdSet

GRADES = {"reliability": "ABCDEF", "credibility": "123456"}
"""What a column of grades is told apart into."""

Warned = tuple[str, str, str, str]
"""Code, place, what is unusual, what to do."""


def about_thresholds(rules: ThresholdSet, catalogue: Catalogue) -> Iterator[Warned]:
    """What is unusual about a threshold set."""
    for number, one in enumerate(rules.observables, 1):
        problem = _problem(one, catalogue)
        if problem:
            where = f"observable[{number}]"
            yield "observable-idle", where, problem, "Correct it; `catalogue show notification` has fields and codes."
    rungs = catalogue.vocabulary("rung")
    most = {name: _most(rules, name) for name in CRITERIA}
    for number, line in enumerate(rules.thresholds, 1):
        if rungs is not None and rungs.term(line.permits) is None:
            text = f"the ladder has no rung {line.permits}"
            yield "threshold-idle", f"threshold[{number}].permits", text, "Name a rung of the vocabulary `rung`."
        for criterion, least in zip(CRITERIA, line.minima, strict=True):
            if (line.counts == ONE or criterion != CRITERIA[0]) and least > most[criterion]:
                text = f"{least} of {criterion} cannot be reached: all that counts comes to {most[criterion]}"
                what = "Ask for less, or let more count towards it."
                yield "threshold-idle", f"threshold[{number}].{criterion}_at_least", text, what


def _problem(one: Observable, catalogue: Catalogue) -> str:
    """Why an observable can never be seen, or an empty text."""
    kind = catalogue.kind(KIND)
    if one.field == CONTEXT or kind is None:
        return ""
    if one.field == "severity":
        return "" if one.value in {ANY, *"012345"} else f"a severity is 0 to 5, not {one.value}"
    field = kind.field(one.subject)
    if field is None:
        return f"a {KIND} has no field {one.subject}"
    if not one.column:
        return f"{one.subject} has rows: name a column" if field.columns else _unknown(field, one.value, catalogue)
    if one.column in GRADES and any(column.type == "grade" for column in field.columns):
        return "" if one.value in {ANY, *GRADES[one.column]} else f"{one.value} is no {one.column} of a grade"
    column = next((each for each in field.columns if each.name == one.column), None)
    return f"{one.subject} has no column {one.column}" if column is None else _unknown(column, one.value, catalogue)


def _unknown(field: Field, value: str, catalogue: Catalogue) -> str:
    if value == ANY:
        return ""
    if field.type == "flag":
        return "" if value in {"yes", "no"} else f"{field.name} is yes or no, not {value}"
    known = None if field.vocabulary is None else catalogue.vocabulary(field.vocabulary)
    if known is None:
        return f"{field.name} has no codes; `*` counts whatever it says"
    return "" if known.term(value) is not None else f"{value} is no code of {known.name}"


def _most(rules: ThresholdSet, criterion: str) -> int:
    """The most that a criterion can come to: of each field and column the value with the most points, of the questions
    all."""
    best: dict[str, int] = {}
    whole = 0
    for one in rules.observables:
        if one.criterion != criterion:
            continue
        if one.field == CONTEXT:
            whole += one.points
        else:
            best[one.field] = max(best.get(one.field, 0), one.points)
    return min(POINTS_MAX, whole + sum(best.values()))
