"""A scenario, read strictly from its file.

    title = "A clarification, answered in part"
    about = "What the reader learns from it, one or two sentences."
    rows = ["clarification-request", "clarification-response"]
    outcomes = ["request partly"]
    rests_on = ["kinds/clarification-response outcomes partly"]

    [[step]]
    by = "ARC"
    does = "send clarification-request"
    name = "question"

    [[step]]
    at = "+2h"
    by = "BOR"
    does = "send clarification-response"
    to = "question"
    outcome = "partly"
    expect = ["question is partly", "question answer clock is kept"]

Times are spans of the agreement: `+2h` after the step before, `2h` after the beginning. Whoever plays the scenario
faster divides every span, those of the agreement and those of the script, by the same number.

Source: spec/scenarios.md, "The file".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.scenarios.errors import Misspelt
from hotline.scenarios.scenario import PARTIES, VERBS, Scenario, Step
from hotline.zulu import parse_duration
from protocol import toml_text

SECONDS: Final = (8, 45)
"""How long a scenario takes at least and at most where people watch, unless it says so itself."""
STEP_S: Final = 0.4
TOGETHER_MS: Final = 600_000
"""What is closer than ten minutes happens together, for those who watch."""
NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TOP: Final = {
    "title": str,
    "about": str,
    "rows": list,
    "outcomes": list,
    "rests_on": list,
    "seconds": int,
    "simulated": bool,
    "under": str,
    "agreement": str,
    "verdict": str,
    "found": list,
}
_TIMES: Final = ("aware_at", "respond_by", "release_by", "valid_until")
_STEP: Final = {
    "at": str,
    "by": str,
    "does": str,
    "name": str,
    "to": str,
    "thread": str,
    "status": str,
    "precedence": str,
    "severity": int,
    "outcome": str,
    "language": str,
    **dict.fromkeys(_TIMES, str),
    "emergency": bool,
    "template": str,
    "slots": dict,
    "fields": dict,
    "facts": dict,
    "terms": str,
    "reason": str,
    "refused": str,
    "expect": list,
}
_AS_IT_IS: Final = ("to", "thread", "emergency", "template", "slots", "fields", "facts", "terms", "reason", "refused")
HEADER_NAMES: Final = ("status", "precedence", "severity", "outcome", "language", *_TIMES)


def read_scenario(name: str, text: bytes) -> Scenario:
    """Read a scenario.

    Args:
        name: of its file, without the ending.
        text: the file's bytes.

    Raises:
        Misspelt: it is not TOML, or says something that scenarios do not have.
    """
    try:
        values = toml_text.loads(text)
    except toml_text.TomlRefused as error:
        raise Misspelt(name, 0, str(error)) from error
    rows = values.pop("step", [])
    _check(name, 0, values, _TOP)
    for needed in ("title", "about", "rests_on"):
        if not values.get(needed):
            raise Misspelt(name, 0, f"{needed} is missing")
    if not isinstance(rows, list) or not rows:
        raise Misspelt(name, 0, "has no step")
    steps: list[Step] = []
    for number, row in enumerate(rows, 1):
        steps.append(_step(name, number, row, steps))
    return Scenario(
        name=name,
        title=values["title"],
        about=values["about"],
        rows=_texts(name, 0, values.get("rows", [])),
        outcomes=_texts(name, 0, values.get("outcomes", [])),
        rests_on=_texts(name, 0, values["rests_on"]),
        seconds=values.get("seconds", 0) or _seconds(steps),
        simulated=values.get("simulated", False),
        under=values.get("under", "usual"),
        agreement=values.get("agreement", ""),
        verdict=values.get("verdict", "verified"),
        found=_texts(name, 0, values.get("found", [])),
        steps=tuple(steps),
    )


def _seconds(steps: list[Step]) -> int:
    """How long it should take: long enough that people see one step after the other, the closest of them too."""
    gaps = [after.at_ms - before.at_ms for before, after in itertools.pairwise(steps)]
    apart = [gap for gap in gaps if gap >= TOGETHER_MS]
    least = steps[-1].at_ms / min(apart) * STEP_S if apart else 0.0
    return max(SECONDS[0], min(SECONDS[1], round(least)))


def span_ms(text: str) -> int:
    """Read a span of one or more parts: `2h`, `1h 30min`, `0`.

    Raises:
        ValueError: another form.
    """
    return 0 if text == "0" else sum(parse_duration(part) for part in text.split())


def _step(name: str, number: int, row: Any, before: list[Step]) -> Step:
    if not isinstance(row, dict):
        raise Misspelt(name, number, "is no table")
    _check(name, number, row, _STEP)
    verb, _, what = row.get("does", "wait").partition(" ")
    if verb not in VERBS:
        raise Misspelt(name, number, f"nobody can {verb!r}; it is one of {', '.join(VERBS)}")
    party, _, persons = row.get("by", "").partition(" ")
    if party not in (*PARTIES, "") or (not party and verb not in ("wait", "line")):
        raise Misspelt(name, number, f"by whom? {' or '.join(PARTIES)}, and then perhaps a person")
    known = {step.name for step in before} - {""}
    for key in ("to", "thread", "template"):
        if row.get(key, "") not in (*known, ""):
            raise Misspelt(name, number, f"nothing said before is called {row[key]!r}")
    own = row.get("name", "")
    if own and (own in known or not NAME.fullmatch(own)):
        raise Misspelt(name, number, f"{own!r} is taken, or is no name")
    return Step(
        number=number,
        at_ms=_at(name, number, row.get("at", "+1s" if before else "0"), before),
        party=party,
        persons=tuple(persons.split("+")) if persons else (),
        verb=verb,
        what=what,
        name=own,
        header={key: str(row[key]) for key in HEADER_NAMES if key in row},
        expect=_texts(name, number, row.get("expect", [])),
        **{
            key: row[key]
            for key in (
                "to",
                "thread",
                "emergency",
                "template",
                "slots",
                "fields",
                "facts",
                "terms",
                "reason",
                "refused",
            )
            if key in row
        },
    )


def _at(name: str, number: int, text: str, before: list[Step]) -> int:
    last_ms = before[-1].at_ms if before else 0
    try:
        at_ms = last_ms + span_ms(text[1:]) if text.startswith("+") else span_ms(text)
    except ValueError as error:
        raise Misspelt(name, number, f"at: {error}") from error
    if at_ms < last_ms:
        raise Misspelt(name, number, "is before the step before it")
    return at_ms


def _check(name: str, number: int, row: Mapping[str, Any], known: Mapping[str, type]) -> None:
    for key, value in row.items():
        if key not in known:
            raise Misspelt(name, number, f"there is no {key!r} in a scenario")
        if type(value) is not known[key]:
            raise Misspelt(name, number, f"{key} is not of type {known[key].__name__}")


def _texts(name: str, number: int, value: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(item, str) for item in value):
        raise Misspelt(name, number, "a list of something else than texts")
    return tuple(value)
