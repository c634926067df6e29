"""Incidents: facts about past public incidents, for the demonstration to replay.

The data lies in `hotline/data`, two files because it has two sources and two licences (`hotline/data/NOTICE.md`). Real
states are named only inside an attribution, which is a claim with a source and a likelihood.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from protocol.partial_time import parse_partial_time

FORMAT = "hotline-incidents/1"
FILES = ("incidents-attack.json", "incidents-vcdb.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A claim about who did it.

    Attributes:
        actor: name of a group, or the kind of actor.
        states_claimed: states said to stand behind the actor, ISO 3166-1 alpha-2, may be empty.
        origins_claimed: states the actor is said to act from, without a claim that these stand behind it.
        victim_countries: states the victims were in, where the source says so.
        source: who says it, an identifier.
        likelihood: ICD 203 word, as `very-likely`.
        confidence: low, moderate or high, in the judgement.
        grade: Admiralty grade of the source, as `B2`.
    """

    actor: str
    states_claimed: tuple[str, ...]
    origins_claimed: tuple[str, ...]
    victim_countries: tuple[str, ...]
    source: str
    likelihood: str
    confidence: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One past incident.

    Attributes:
        id: ours, as `attack-c0028` or `vcdb-00224226`.
        source: attack or vcdb.
        source_id: the source's own identifier.
        title: a short name that names no state.
        classes: RSIT classes, the main one first.
        effects: confidentiality, integrity, availability, in alphabetical order.
        sectors: NIS2 sectors, may be empty where the source does not tell.
        first_seen: partial time, as `2015-12`: what is not written is not known.
        last_seen: partial time.
        techniques: ATT&CK technique identifiers.
        identifiers: vulnerabilities, software and related cases named by the source.
        references: where to read more.
        attribution: a claim, or None where the source makes none.
    """

    id: str
    source: str
    source_id: str
    title: str
    classes: tuple[str, ...]
    effects: tuple[str, ...]
    sectors: tuple[str, ...]
    first_seen: str
    last_seen: str
    techniques: tuple[str, ...]
    identifiers: tuple[str, ...]
    references: tuple[str, ...]
    attribution: Attribution | None

    @property
    def last_possible_ms(self) -> int:
        """The last millisecond, UTC, that the end of the incident may mean: what incidents are ordered by."""
        when = parse_partial_time(self.last_seen)
        if when is None:
            raise ValueError(f"{self.id}: not a partial time: {self.last_seen}")
        return when.last_ms


def _tuples(record: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}


def _incident(record: dict[str, Any]) -> Incident:
    record = _tuples(record)
    claim = record["attribution"]
    record["attribution"] = None if claim is None else Attribution(**_tuples(claim))
    record["first_seen"] = record["first_seen"]["value"]
    record["last_seen"] = record["last_seen"]["value"]
    return Incident(**record)


def load_incidents() -> tuple[Incident, ...]:
    """Read all incidents, ordered by the last possible day, then by id."""
    incidents: list[Incident] = []
    for name in FILES:
        document = json.loads(resources.files("hotline").joinpath("data", name).read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError(f"{name}: format {document['format']}, expected {FORMAT}")
        incidents += [_incident(record) for record in document["incidents"]]
    return tuple(sorted(incidents, key=lambda incident: (incident.last_possible_ms, incident.id)))
