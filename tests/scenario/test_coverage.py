"""Nothing that people can say is without a scenario: every kind, every row of the catalogue, every outcome."""

from __future__ import annotations

from functools import cache

from hotline.scenarios.paired import pace_of
from hotline.scenarios.scenario import PARTIES, Scenario
from hotline.scenarios.shelf import scenario, scenario_names
from hotline.scenarios.terms import scenario_agreement
from nodes.resources import catalogue
from protocol.agreement_terms import Party
from protocol.clocks import pause_terms
from protocol.procedures import STATES
from tests.builders import DOMAINS, START_MS, roots
from tests.scenario.nodes import NAMED

ROWS = (
    # The line.
    *("heartbeat", "line-check", "directory-ping", "receipt", "opened", "translated", "principal-informed", "nack"),
    *("service-note", "authenticity-challenge", "line-suspend", "line-resume", "planned-outage"),
    # Incidents.
    *("diplomatic-flag", "early-warning", "notification", "update", "final-report", "retraction", "correction"),
    *("clarification-request", "clarification-response", "holding-reply", "decline", "rumour-query", "rumour-answer"),
    *("assistance-request", "assistance-offer", "assistance-answer", "vulnerability-notice"),
    # Evidence and attribution.
    *("evidence-commit", "evidence-release", "custody-transfer", "custody-accept", "attribution-claim", "assessment"),
    # Escalation.
    *("threshold-crossed", "step", "consultation-request", "deescalation-offer", "red-line-declare", "constraint-note"),
    # Measures and confidence.
    *("measure", "cbm", "pause", "advance-notice"),
    # Disclosure.
    *("disclosure-propose", "disclosure-consent", "disclosure-made", "onward-release", "joint-statement"),
    # Third parties.
    *("intermediary-mandate", "delegation-mandate", "sealed-talk"),
    # Exercises and learning.
    *("exercise", "review", "metrics-report"),
    # Agreement, keys, audit.
    *("agreement", "template", "roster-update", "key-rotate", "key-revoke", "head-cosign", "audit", "observer"),
    "goodwill",
)
"""Rows of the catalogue of messages, each by the name of its first kind or of its family."""

OUTCOMES = (
    *("notice made", "notice updated", "notice corrected", "notice retracted", "notice lapsed"),
    *("request open", "request held", "request answered", "request partly", "request declined", "request not-known"),
    *("request unanswered-since", "request disputed"),
    *("proposal proposed", "proposal held", "proposal accepted", "proposal partly", "proposal objected"),
    *("proposal in-force", "proposal imposed", "proposal suspended", "proposal ended", "proposal lapsed"),
    "proposal withdrawn",
    *("declaration declared", "declaration understood", "declaration renewed", "declaration withdrawn"),
    "declaration lapsed",
    *("receipt held", "receipt opened", "receipt acknowledged"),
)
"""What may become of what was said."""


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All of them."""
    return tuple(map(scenario, scenario_names()))


def test_every_kind_that_people_send_is_sent_in_a_scenario() -> None:
    """A kind that is added comes with a scenario."""
    sent = {step.what for one in scenarios() for step in one.steps if step.verb in {"send", "draft"}}
    spoken = {kind.name for kind in catalogue().kinds if not kind.machine and not kind.document}
    assert spoken - sent == set()


def test_every_row_of_the_catalogue_has_a_scenario() -> None:
    """And no scenario claims a row that there is not."""
    claimed = {row for one in scenarios() for row in one.rows}
    spoken = {kind.name for kind in catalogue().kinds}
    assert set(ROWS) - claimed == set()
    assert claimed - set(ROWS) - spoken == set()


def test_every_outcome_of_a_procedure_has_a_scenario() -> None:
    """Each state of the tables, and what follows from a time, is reached and looked at in some scenario."""
    claimed = {outcome for one in scenarios() for outcome in one.outcomes}
    assert set(OUTCOMES) - claimed == set()
    states = {f"{procedure} {state}" for procedure, states in STATES.items() for state in states}
    own = {"request corrected", "request retracted"} | {f"{name} said" for name in STATES}
    own |= {f"{name} {state}" for name in ("proposal", "declaration") for state in ("corrected", "retracted")}
    assert states - own - set(OUTCOMES) == set()


def test_every_move_that_a_kind_can_make_is_rested_upon() -> None:
    """Each is made idle in turn by the tests, and then a scenario fails: no row of the procedures is without effect."""
    named = {what.split()[-1] for one in scenarios() for what in one.rests_on if what.startswith("procedures move")}
    steps = {kind.step for kind in catalogue().kinds}
    can = {
        (f"{move.procedure}.{move.step}", move.by)
        for move in catalogue().procedures.moves
        if move.step in steps and _replies(move.procedure, move.step)
    }
    assert {name for name, by in can if not named & {name, f"{name}.{by}"}} == set()


def _replies(procedure: str, step: str) -> bool:
    """Whether a kind of that step may name one of that procedure."""
    found = catalogue()
    asked = {kind.name for kind in found.kinds if kind.procedure == procedure}
    return any(kind.step == step and asked & set(kind.replies_to) for kind in found.kinds)


def test_a_scenario_that_claims_an_outcome_expects_it() -> None:
    """The sentence stands there."""
    for one in scenarios():
        said = " ".join(sentence for step in one.steps for sentence in step.expect)
        for outcome in one.outcomes:
            procedure, _, state = outcome.partition(" ")
            word = {"unanswered-since": "overdue", "in-force": "in force"}.get(state, state)
            assert word in said or state in said, f"{one.name} claims {outcome}"
            assert procedure in {*STATES, "receipt"}


def test_every_scenario_that_can_be_watched_has_an_agreement_at_its_pace() -> None:
    """Every interval divided so that it takes the seconds that it says, the terms can still stand."""
    first, second = (Party(short, NAMED[short], DOMAINS[short], roots(short)) for short in PARTIES)
    for one in scenarios():
        made = scenario_agreement([one], (first, second), catalogue(), at_ms=START_MS, pace=pace_of(one))
        assert made.clocks["flash"].open_within_ms <= 15 * 60_000


def test_a_scenario_keeps_the_agreements_own_notice() -> None:
    """Where the agreement says how early a suspension or an exercise is announced, no clock of a kind says it again."""
    first, second = (Party(short, NAMED[short], DOMAINS[short], roots(short)) for short in PARTIES)
    begun = 0
    for one in scenarios():
        made = scenario_agreement([one], (first, second), catalogue(), at_ms=START_MS, pace=pace_of(one))
        said = {(each.kind, each.clock) for each in made.kind_clocks}
        for kind in catalogue().kinds:
            if pause_terms(kind, made) is not None:
                begun += 1
                assert not said & {(kind.name, "notice"), (kind.name, "longest")}
    assert begun > 0


def test_every_scenario_rests_on_something_of_its_own() -> None:
    """Titles differ, and nobody only claims rows."""
    titles = [one.title for one in scenarios()]
    assert len(set(titles)) == len(titles)
    assert all(any(step.expect or step.refused for step in one.steps) for one in scenarios())
