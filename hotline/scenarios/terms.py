"""The agreement under which a scenario is played: the model's terms, and what the scenario has otherwise.

Whoever plays it faster divides every interval of the agreement by one number, and has the agreement say the intervals
that the catalogue gives to the kinds, divided too: the program has no other clock.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hotline.errors import HotlineError
from hotline.scenarios.errors import Misspelt
from hotline.scenarios.scenario import Scenario
from hotline.terms import Terms
from protocol.agreement import DEMONSTRATION
from protocol.agreement_terms import DEFAULT_CLOCKS, BeatTerms, LineTerms
from protocol.kinds import Catalogue

LINE_ARRIVAL_MS = 1_000
"""How soon a node says what has arrived, where it says nothing else."""


def scenario_terms(scenario: Scenario, catalogue: Catalogue, *, at_ms: int, pace: float = 1.0) -> Terms:
    """The terms that a scenario is played under.

    Args:
        scenario: which.
        catalogue: that the agreement names.
        at_ms: when it is drawn up, UTC milliseconds.
        pace: by how much every interval is divided.

    Raises:
        Misspelt: the scenario's own terms cannot stand.
    """
    usual = Terms(
        title="Agreement on a direct line",
        purpose=DEMONSTRATION,
        languages=("en",),
        created_ms=at_ms,
        review_date=(datetime.fromtimestamp(at_ms / 1000, tz=UTC) + timedelta(days=365)).date(),
        catalogue_version=catalogue.version,
        catalogue_digest=catalogue.digest,
        clocks=DEFAULT_CLOCKS,
        rules=(),
        beat=BeatTerms(),
        line=LineTerms(arrival_after_ms=LINE_ARRIVAL_MS),
    )
    try:
        made = usual.with_toml(scenario.agreement.encode(), where="agreement") if scenario.agreement else usual
    except HotlineError as error:
        raise Misspelt(scenario.name, 0, str(error)) from error
    return made if pace == 1 else faster(made, pace)


def faster(terms: Terms, pace: float) -> Terms:
    """The same terms with every interval for people divided; those of the machines stay what they are."""
    made: Terms = _divided(terms, pace)
    return made


def _divided(value: Any, pace: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_divided(item, pace) for item in value)
    if isinstance(value, dict):
        return {name: _divided(item, pace) for name, item in value.items()}
    if not is_dataclass(value) or isinstance(value, type | BeatTerms | LineTerms):
        return value
    changes: dict[str, Any] = {}
    for item in fields(value):
        if not item.init or item.name == "created_ms":
            continue
        one = getattr(value, item.name)
        if item.name.endswith("_ms") and isinstance(one, int) and one:
            changes[item.name] = max(1, int(one / pace))
        elif not isinstance(one, int | str | bytes):
            changes[item.name] = _divided(one, pace)
    return replace(value, **changes)
