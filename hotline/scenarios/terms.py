"""The agreement under which a scenario is played: the usual terms, and what the scenario has otherwise.

Whoever plays it faster divides every interval of the agreement by one number, and has the agreement say the intervals
that the catalogue gives to kinds, divided too: the program has no other clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hotline.agreements import model_text
from hotline.scenarios.errors import Misspelt
from hotline.scenarios.scenario import Scenario
from hotline.scenarios.toml_spelling import spelt
from keys.errors import KeysError
from keys.suite import Suite
from protocol import toml_text
from protocol.agreement import DEMONSTRATION, Agreement
from protocol.agreement_conduct import CLOCK_NAMES, CadenceTerms, KindClock
from protocol.agreement_terms import DEFAULT_CLOCKS, BeatTerms, LineTerms, Party
from protocol.agreement_text import read
from protocol.clocks import pause_terms
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue

MODEL: Final = "model"
UNDER: Final = ("usual", MODEL)
REVIEW: Final = timedelta(days=365)


def scenario_agreement(
    scenarios: Sequence[Scenario],
    parties: tuple[Party, Party],
    catalogue: Catalogue,
    *,
    at_ms: int,
    pace: float = 1.0,
) -> Agreement:
    """The agreement that scenarios are played under.

    Args:
        scenarios: which; the terms are those of the first.
        parties: by short name in order.
        catalogue: that the agreement names.
        at_ms: when it is drawn up, UTC milliseconds.
        pace: by how much every interval is divided.

    Raises:
        Misspelt: the scenario's own terms cannot stand.
    """
    usual = Agreement(
        title="Agreement on a direct line",
        purpose=DEMONSTRATION,
        languages=("en",),
        created_ms=at_ms,
        review_date=(datetime.fromtimestamp(at_ms / 1000, tz=UTC) + REVIEW).date(),
        catalogue_version=catalogue.version,
        catalogue_digest=catalogue.digest,
        parties=parties,
        clocks=DEFAULT_CLOCKS,
        rules=(),
        beat=BeatTerms(),
        line=LineTerms(),
    )
    first = scenarios[0]
    if first.under not in UNDER:
        raise Misspelt(first.name, 0, f"under is one of {', '.join(UNDER)}")
    if first.under == MODEL:
        usual = amended(usual, model_text().decode(), scenario=first.name)
        usual = replace(usual, purpose=DEMONSTRATION)
    made = amended(usual, first.agreement, scenario=first.name)
    kinds = {step.what for one in scenarios for step in one.steps}
    return made if pace == 1 else faster(made, catalogue, kinds, pace)


def amended(agreement: Agreement, text: str, *, scenario: str, step: int = 0, pace: float = 1.0) -> Agreement:
    """The same agreement with what a text says otherwise.

    Args:
        agreement: as it was.
        text: TOML; tables of one name are merged, anything else is replaced.
        scenario, step: where the text stands, for errors.
        pace: by how much the intervals in the text are divided.

    Raises:
        Misspelt: the terms cannot stand.
    """
    if not text.strip():
        return agreement
    try:
        changes = toml_text.loads(text.encode())
        if pace != 1:
            changes = _paced(changes, pace)
        whole = _merged(toml_text.loads(agreement.text), changes)
        return Agreement(**read(spelt(whole).encode()))
    except (toml_text.TomlRefused, ProtocolError, KeysError) as error:
        raise Misspelt(scenario, step, f"agreement: {error}") from error


def _paced(value: Any, pace: float, name: str = "") -> Any:
    """A table in which every interval is divided."""
    if isinstance(value, dict):
        return {key: _paced(item, pace, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_paced(item, pace) for item in value]
    return max(1, int(value / pace)) if name.endswith("_ms") and value else value


def _merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(before)
    for name, value in changes.items():
        held = made.get(name)
        made[name] = _merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return made


def faster(agreement: Agreement, catalogue: Catalogue, kinds: set[str], pace: float) -> Agreement:
    """The same agreement with every interval for people divided; those of the machines stay what they are.

    Args:
        agreement: as it was.
        catalogue: whose clocks of single kinds the agreement sets anew.
        kinds: names of those.
        pace: the divisor.
    """
    made: Agreement = _divided(agreement, pace)
    return replace(made, kind_clocks=(*made.kind_clocks, *_kind_clocks(agreement, catalogue, kinds, pace)))


def _kind_clocks(agreement: Agreement, catalogue: Catalogue, kinds: set[str], pace: float) -> Iterator[KindClock]:
    """The clocks of single kinds that the catalogue has and the agreement leaves as they are, divided."""
    for name in sorted(kinds):
        kind = catalogue.kind(name)
        if kind is None:
            continue
        # What the agreement has of suspensions and exercises stands in place of the catalogue's, and was divided.
        said = () if pause_terms(kind, agreement) is None else ("notice", "longest")
        for spelling, within_ms in kind.clocks.items():
            clock = spelling.removesuffix("_ms")
            if clock in CLOCK_NAMES and clock not in said and agreement.kind_clock(name, clock) is None:
                yield KindClock(kind=name, clock=clock, within_ms=max(1, int(within_ms / pace)), source="the catalogue")


def _divided(value: Any, pace: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_divided(item, pace) for item in value)
    if isinstance(value, dict):
        return {name: _divided(item, pace) for name, item in value.items()}
    if not is_dataclass(value) or isinstance(value, type | BeatTerms | CadenceTerms | LineTerms | Party | Suite):
        return value
    changes: dict[str, Any] = {}
    for item in fields(value):
        if not item.init or item.name == "created_ms":
            continue
        one = getattr(value, item.name)
        if item.name.endswith("_ms") and isinstance(one, int) and one:
            changes[item.name] = max(1, int(one / pace))
        elif isinstance(one, tuple | dict) or is_dataclass(one):
            changes[item.name] = _divided(one, pace)
    return replace(value, **changes)
