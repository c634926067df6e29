"""The incident data is whole, ordered, made of facts, and names states only in claims."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hotline.incidents import FILES, Incident, load_incidents
from protocol.partial_time import parse_partial_time

DATA = Path(__file__).resolve().parents[2] / "hotline" / "data"
WORDS_MAX = 8
CHARACTERS_MAX = 80
VOCABULARIES = Path(__file__).resolve().parents[2] / "protocol" / "catalogue" / "vocabularies"


@cache
def codes(name: str) -> frozenset[str]:
    """The codes of one vocabulary of the catalogue."""
    return frozenset(term["code"] for term in tomllib.loads((VOCABULARIES / f"{name}.toml").read_text())["terms"])


def documents() -> dict[str, Any]:
    return {name: json.loads((DATA / name).read_bytes()) for name in FILES}


def strings(value: object) -> list[str]:
    """Every text in a record, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return []


@pytest.fixture(scope="module")
def incidents() -> tuple[Incident, ...]:
    return load_incidents()


def test_there_are_enough(incidents: tuple[Incident, ...]) -> None:
    """43 campaigns and 100 incidents, each once."""
    assert len(incidents) == 143
    assert len({incident.id for incident in incidents}) == 143
    assert sum(incident.source == "attack" for incident in incidents) == 43


def test_they_are_ordered_by_last_possible_day(incidents: tuple[Incident, ...]) -> None:
    """A year that is all that is known comes after every day of that year, and equal days go by id."""
    keys = [(incident.last_possible_ms, incident.id) for incident in incidents]
    assert keys == sorted(keys)
    whole_2012 = next(place for place, incident in enumerate(incidents) if incident.last_seen == "2012")
    in_2012 = next(place for place, incident in enumerate(incidents) if incident.last_seen == "2012-12-24")
    assert in_2012 < whole_2012


def test_each_file_is_ordered_too() -> None:
    """The files themselves are in the same order, so that a change shows as a changed line."""
    for document in documents().values():
        keys = []
        for record in document["incidents"]:
            when = parse_partial_time(record["last_seen"]["value"])
            assert when is not None
            keys.append((when.last_ms, record["id"]))
        assert keys == sorted(keys)


def test_dates_say_how_well_they_are_known() -> None:
    """The fidelity written is the fidelity of the value, and nothing ends before it began."""
    for document in documents().values():
        for record in document["incidents"]:
            first, last = (parse_partial_time(record[name]["value"]) for name in ("first_seen", "last_seen"))
            assert first is not None
            assert last is not None
            assert record["first_seen"]["fidelity"] == first.fidelity
            assert record["last_seen"]["fidelity"] == last.fidelity
            assert first.first_ms <= last.last_ms


def test_codes_are_of_their_vocabularies(incidents: tuple[Incident, ...]) -> None:
    """Classes, sectors and effects are the catalogue's codes, without doubles; every incident has a main class."""
    for incident in incidents:
        assert incident.classes
        assert set(incident.classes) <= codes("incident-class")
        assert set(incident.sectors) <= codes("sector")
        assert set(incident.effects) <= codes("security-property")
        assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in incident.techniques)
        for values in (incident.classes, incident.sectors, incident.effects, incident.techniques):
            assert len(set(values)) == len(values)


def test_an_attribution_is_a_claim(incidents: tuple[Incident, ...]) -> None:
    """Who says it, how likely, how sure and how good the source is, always together; some incidents have none."""
    claims = [incident.attribution for incident in incidents if incident.attribution]
    assert 40 < len(claims) < len(incidents)
    for claim in claims:
        assert claim.actor
        assert claim.source
        assert claim.likelihood in codes("likelihood")
        assert claim.confidence in codes("confidence")
        assert re.fullmatch(r"[A-F][1-6]", claim.grade)
        for states in (claim.states_claimed, claim.origins_claimed, claim.victim_countries):
            assert all(re.fullmatch(r"[A-Z]{2}", state) for state in states)


def test_states_are_named_only_in_claims(incidents: tuple[Incident, ...]) -> None:
    """No title names a state that any claim names, by the names that the sources use."""
    names = re.compile(
        r"ukrain|russia|chin(a|ese)|iran|korea|pakistan|india|israel|albania|australia|america", re.IGNORECASE
    )
    for incident in incidents:
        outside = [incident.title, *incident.identifiers, *incident.references]
        assert not any(names.search(text) for text in outside), incident.id


def test_there_are_no_sentences() -> None:
    """Records hold names and codes: nothing long, nothing with the shape of a sentence."""
    for document in documents().values():
        for text in strings(document["incidents"]):
            assert len(text) <= CHARACTERS_MAX, text
            assert len(text.split()) <= WORDS_MAX, text
            assert not re.search(r"[a-z]\. [A-Z]", text), text


def test_source_and_licence_are_stated() -> None:
    """Each file names its source and licence in its head, and the notice repeats them for people."""
    notice = (DATA / "NOTICE.md").read_text(encoding="utf-8")
    for name, document in documents().items():
        assert list(document) == ["format", "source", "licence", "notice", "incidents"]
        assert f"`{name}`" in notice
    assert documents()["incidents-vcdb.json"]["licence"] == "CC-BY-SA-4.0"
    assert documents()["incidents-attack.json"]["notice"] in notice
