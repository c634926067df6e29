"""The demonstration's script: what happens, decided before anything runs."""

import re
from collections import Counter

import pytest

from hotline.composing import Choices, Letter, find_kind
from hotline.demo import letters
from hotline.demo.rules import ARC, BOR, COUNT_DEFAULT, PRECEDENCE, TWO_PERSONS_FROM_SEVERITY
from hotline.demo.script import Event, Expected, Kill, Restart, Say, build, choose, expected
from hotline.demo.stage import demonstration_terms
from hotline.incidents import Incident, load_incidents
from nodes.resources import catalogue
from protocol.field_types import show_text

INCIDENTS = load_incidents()
COUNTS = (1, 2, 3, 7, 12, COUNT_DEFAULT, len(INCIDENTS))
NOW_MS = 1_800_000_000_000


def script(count: int) -> tuple[Event, ...]:
    """The script of so many incidents."""
    return build(choose(INCIDENTS, count), catalogue())


def said(count: int) -> list[Say]:
    """What is said in it."""
    return [event for event in script(count) if isinstance(event, Say)]


def text_of(event: Say) -> str:
    """Every value of a statement as a person reads it."""
    kind = find_kind(event.kind, catalogue())
    return "\n".join(show_text(item, event.values.get(item.name)) for item in kind.fields if item.name != "attribution")


@pytest.mark.parametrize("count", COUNTS)
def test_every_statement_passes_the_catalogue(count: int) -> None:
    """Whatever the count, each letter has the fields and choices that its kind asks for, and no others."""
    for event in said(count):
        respond_by_ms = None if event.respond_within_ms is None else NOW_MS + event.respond_within_ms
        letter = Letter(
            kind=find_kind(event.kind, catalogue()),
            values=event.values,
            choices=Choices(**event.choices, respond_by_ms=respond_by_ms),
        )
        letter.check(catalogue(), now_ms=NOW_MS)


@pytest.mark.parametrize("count", COUNTS)
def test_every_run_has_the_special_events(count: int) -> None:
    """A flash, a draft for two persons, a retraction, a line check, greetings, and a node killed and started again."""
    events = said(count)
    assert len({event.key for event in events}) == len(events)
    assert sum(event.choices.get("precedence") == "flash" for event in events) == 1
    assert sum(event.as_draft for event in events) == 1
    kinds = Counter(event.kind for event in events)
    assert kinds["notification"] == count
    assert kinds["retraction"] == kinds["line-check"] == 1
    assert kinds["goodwill"] >= 2
    assert [event for event in script(count) if isinstance(event, Kill | Restart)] == [Kill("BOR"), Restart("BOR")]


def test_the_usual_run_has_every_answer_and_both_voices() -> None:
    """Questions are answered, in part, not known and refused, one after a holding reply; the sides take turns."""
    events = said(COUNT_DEFAULT)
    outcomes = {event.choices["outcome"] for event in events if event.kind == "clarification-response"}
    assert outcomes == {"answered", "partly", "not-known"}
    assert {"decline", "holding-reply", "update", "correction"} <= {event.kind for event in events}
    told = [event.voice for event in events if event.kind == "notification"]
    assert told == [ARC.short, BOR.short] * (COUNT_DEFAULT // 2)
    assert {event.choices["precedence"] for event in events if event.kind == "notification"} == {*PRECEDENCE, "flash"}


@pytest.mark.parametrize("count", COUNTS)
def test_the_agreement_asks_for_exactly_those_who_sign(count: int) -> None:
    """The number of officers of each statement is the number of slots that the agreement's own rules give it."""
    rules = demonstration_terms(NOW_MS).rules
    for event in said(count):
        severity = event.choices.get("severity")
        precedence = event.choices.get("precedence") or find_kind(event.kind, catalogue()).precedence
        rule = next((rule for rule in rules if rule.covers(event.kind, severity, precedence)), None)
        assert len(event.officers) == (1 if rule is None else len(rule.needs)), event.key
        if event.kind == "notification" and severity is not None and severity >= TWO_PERSONS_FROM_SEVERITY:
            assert len(event.officers) == 2


@pytest.mark.parametrize("count", COUNTS)
def test_answers_come_after_what_they_answer(count: int) -> None:
    """Nothing replies to something that is said later, and receipts are given by the other side."""
    voices: dict[str, str] = {}
    for event in said(count):
        if event.to is not None:
            assert event.to in voices
        if event.kind in {"opened", "acknowledge", "clarification-request"}:
            assert event.to is not None
            assert voices[event.to] != event.voice
        voices[event.key] = event.voice


def test_what_each_statement_must_come_to_follows_from_the_script() -> None:
    """Rungs and states of an answered, a partly answered, a refused, a corrected and the retracted statement."""
    events = script(COUNT_DEFAULT)
    wanted = expected(events)
    told = [one.key for one in said(COUNT_DEFAULT) if one.kind == "notification"]
    assert wanted["check"] == Expected("answered", "answered")
    assert wanted[told[0]] == Expected("acknowledged", "made")
    assert wanted[f"{told[1]}/clarification-request"] == Expected("answered", "answered")
    assert wanted[told[2]] == Expected("acknowledged", "updated")
    assert wanted[f"{told[3]}/clarification-request"] == Expected("answered", "partly")
    assert wanted[told[4]] == Expected("acknowledged", "corrected")
    assert wanted[f"{told[5]}/clarification-request"] == Expected("answered", "declined")
    assert sorted(one.state for one in wanted.values()).count("retracted") == 1
    assert not any(key.endswith(("/opened", "/acknowledge")) for key in wanted)


@pytest.mark.parametrize("count", COUNTS)
def test_incidents_are_taken_from_the_whole_record(count: int) -> None:
    """As many as asked for, each once, in order, from the first to the last; more than there are gives all."""
    chosen = choose(INCIDENTS, count)
    assert len(chosen) == count
    assert list(chosen) == sorted(set(chosen), key=INCIDENTS.index)
    if count > 1:
        assert (chosen[0], chosen[-1]) == (INCIDENTS[0], INCIDENTS[-1])
    assert choose(INCIDENTS, 10_000) == INCIDENTS


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.id)
def test_states_stand_in_attribution_claims_only(incident: Incident) -> None:
    """Each claim names source and likelihood, one row a state; no other field repeats a state's code."""
    values = letters.notification(incident, catalogue())
    claims = values.get("attribution", [])
    claim = incident.attribution
    if claim is None:
        assert claims == []
        return
    states = [*claim.states_claimed, *claim.origins_claimed]
    assert len(claims) == max(1, len(states))
    assert all(row["source"] and row["likelihood"] for row in claims)
    event = Say(key="one", voice="ARC", kind="notification", values=values)
    for state in states:
        assert re.search(rf"\b{state}\b", text_of(event)) is None


def test_the_incidents_dates_are_fields_as_exact_as_they_are_known() -> None:
    """A date known to the month is stated as a month; the times of the statement itself are left to the present."""
    incident = next(one for one in INCIDENTS if len(one.last_seen) == 7)
    values = letters.notification(incident, catalogue())
    assert (values["first_seen"], values["last_seen"]) == (incident.first_seen, incident.last_seen)
    assert all("aware_at_ms" not in event.choices for event in said(COUNT_DEFAULT))


def test_severity_says_why() -> None:
    """The rule's reasons add up to the level, within the schema."""
    for incident in INCIDENTS:
        level, reason = letters.severity(incident)
        assert 0 <= level <= 5
        assert incident.classes[0] in reason
