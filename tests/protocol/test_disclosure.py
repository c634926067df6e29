"""Disclosure: what opens a field, to whom and from when, and that no rule is outdone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.resources import catalogue
from protocol.agreement_conduct import TIERS, TIMED_TRIGGERS, TRIGGERS, DisclosureRule
from protocol.disclosure import AUDIENCES, CATALOGUE, Case, Consent, openings, state, states
from protocol.disclosure_opening import Opening
from protocol.kind import Kind
from protocol.statement_secret import SECRET_BYTES, StatementSecret

DAY_MS = 86_400_000
T_MS = 1_790_000_000_000


def notification() -> Kind:
    """A kind with fields of several tiers."""
    kind = catalogue().kind("notification")
    assert kind is not None
    return kind


KIND = notification()
NAMES = [one.name for one in KIND.fields]
TITLE = NAMES.index("title")
IMPACT = NAMES.index("impact")
COMMITMENTS = tuple(bytes([number]) * 32 for number in range(len(NAMES)))


def rule(trigger: str, from_tier: str = "TLP:RED", to_tier: str = "TLP:CLEAR", **more: int) -> DisclosureRule:
    """A rule for every kind."""
    return DisclosureRule(("*",), from_tier, to_tier, trigger, "Article 9", **more)


def case(*rules: DisclosureRule, **found: object) -> Case:
    """A notification logged at T_MS."""
    made = Case(place=6, kind=KIND, commitments=COMMITMENTS, logged_at_ms=T_MS, rules=rules)
    return replace(made, **found)  # type: ignore[arg-type]


def since(one: Case, audience: str = "public", position: int = TITLE) -> int | None:
    """Since when a field is open in the end."""
    return state(one, position, audience, 1 << 60).since_ms


def test_without_a_rule_a_field_stays_at_its_tier() -> None:
    """The parties always see it; an auditor sees what the catalogue says; nothing says what would open the rest."""
    one = case()
    assert state(one, TITLE, "parties", T_MS).open
    assert [state(one, TITLE, audience, 1 << 60).open for audience in AUDIENCES[1:]] == [False] * 4
    found = state(one, IMPACT, "auditor", T_MS)
    assert (found.open, found.since_ms, found.ways[0].number) == (True, T_MS, CATALOGUE)
    assert state(one, TITLE, "public", T_MS).ways == ()


CONSENT = Consent(frozenset({COMMITMENTS[TITLE]}), "public", T_MS + 7, 8, 11)
LEGAL = replace(CONSENT, legal=True, at_ms=T_MS + 9)


@pytest.mark.parametrize(
    ("one", "opened_ms"),
    [
        (case(rule("embargo", after_ms=DAY_MS)), T_MS + DAY_MS),
        (case(rule("severity", severity_at_least=4)), None),
        (case(rule("severity", severity_at_least=4), severities=((3, T_MS, 6), (4, T_MS + 5, 8))), T_MS + 5),
        (case(rule("severity", severity_at_least=4, after_ms=3), severities=((4, T_MS + 5, 8),)), T_MS + 8),
        (case(rule("no-answer", after_ms=10)), None),
        (case(rule("no-answer", after_ms=10), due_ms=T_MS + 50), T_MS + 60),
        (case(rule("no-answer", after_ms=10), due_ms=T_MS + 50, answered_ms=T_MS + 60), None),
        (case(rule("no-answer", after_ms=10), due_ms=T_MS + 50, answered_ms=T_MS + 61), T_MS + 60),
        (case(rule("closed")), None),
        (case(rule("closed", after_ms=5), closed_ms=T_MS + 70), T_MS + 75),
        (case(rule("sunset"), over_ms=T_MS + 80), T_MS + 80),
        (case(rule("consent")), None),
        (case(rule("consent"), consents=(CONSENT,)), T_MS + 7),
        (case(rule("legal-order"), consents=(CONSENT,)), None),
        (case(rule("legal-order"), consents=(CONSENT, LEGAL)), T_MS + 9),
        (case(rule("embargo", after_ms=1, severity_at_least=2), severities=((2, T_MS + 40, 6),)), T_MS + 40),
        (case(rule("embargo", "TLP:AMBER+STRICT", after_ms=1)), None),
        (case(replace(rule("embargo", after_ms=1), kinds=("update",))), None),
    ],
)
def test_each_trigger_opens_from_its_time_on(one: Case, opened_ms: int | None) -> None:
    """Not a millisecond before, and at every time after."""
    assert since(one) == opened_ms
    if opened_ms is not None:
        assert not state(one, TITLE, "public", opened_ms - 1).open
        assert state(one, TITLE, "public", opened_ms).open


def test_rules_open_one_after_the_other() -> None:
    """To auditors at once and from there to the public: the way names both, and what is missing names the second."""
    one = case(rule("closed", "TLP:AMBER+STRICT"), rule("embargo", "TLP:RED", "TLP:AMBER+STRICT", after_ms=5))
    assert (since(one, "auditor"), since(one)) == (T_MS + 5, None)
    assert [way.number for way in state(one, TITLE, "public", T_MS + 9).ways] == [1]
    found = state(replace(one, closed_ms=T_MS), TITLE, "public", T_MS + 5)
    assert [way.number for way in found.ways] == [CATALOGUE, 2, 1]


def test_a_consent_opens_what_it_names_to_whom_it_names_and_no_wider_than_the_rule() -> None:
    """Another field stays closed; a narrower audience, or a narrower rule, bounds it."""
    partners = replace(CONSENT, audience="partners")
    assert since(case(rule("consent"), consents=(CONSENT,)), position=NAMES.index("summary")) is None
    assert since(case(rule("consent"), consents=(partners,))) is None
    assert since(case(rule("consent"), consents=(partners,)), "partners") == T_MS + 7
    narrow = case(rule("consent", "TLP:RED", "TLP:AMBER"), consents=(CONSENT,))
    assert (since(narrow), since(narrow, "partners")) == (None, T_MS + 7)
    assert since(case(rule("consent"), consents=(replace(CONSENT, audience="everybody"),))) is None


def test_a_statement_tightens_its_tiers_and_never_loosens_them() -> None:
    """What the catalogue holds closely stays so; a word that nobody knows closes everything."""
    assert not state(case(closest="parties"), IMPACT, "auditor", T_MS).open
    assert not state(case(closest="community"), IMPACT, "partners", T_MS).open
    assert not state(case(closest="nobody-knows"), IMPACT, "auditor", T_MS).open
    assert state(case(closest="auditor"), IMPACT, "auditor", T_MS).open


def test_only_what_is_open_is_given_out() -> None:
    """The gate gives the fields that the rules open, each with its salt, absent ones among them."""
    secret = StatementSecret(bytes(SECRET_BYTES), channel=bytes(32), statement_id=bytes(16))
    one = case(rule("consent"), consents=(CONSENT,))
    (only,) = openings(one, secret, {"title": "x", "summary": "y"}, "public", T_MS + 7)
    assert (only.name, only.value, only.salt) == ("title", "x", secret.salt("title"))
    assert openings(one, secret, {"title": "x"}, "public", T_MS + 6) == ()


times = st.integers(0, 9).map(lambda number: T_MS + number)


@st.composite
def rules(draw: st.DrawFn) -> DisclosureRule:
    """Any rule that an agreement may have, of short intervals."""
    low = draw(st.integers(0, 3))
    trigger = draw(st.sampled_from(TRIGGERS))
    after = st.integers(1, 4)
    made = rule(trigger, TIERS[low], TIERS[draw(st.integers(low + 1, 4))])
    made = replace(made, after_ms=draw(after if trigger in TIMED_TRIGGERS else st.one_of(st.none(), after)))
    least = draw(st.integers(0, 5) if trigger == "severity" else st.one_of(st.none(), st.integers(0, 5)))
    made = replace(made, severity_at_least=least)
    made.check("rule")
    return made


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    """Any circumstances."""
    maybe = st.one_of(st.none(), times)
    consents = st.builds(
        Consent,
        st.frozensets(st.sampled_from((COMMITMENTS[TITLE], COMMITMENTS[IMPACT]))),
        st.sampled_from(AUDIENCES[1:]),
        times,
        st.just(8),
        st.just(11),
        st.booleans(),
    )
    opened = st.builds(
        Opening,
        st.frozensets(st.sampled_from((COMMITMENTS[TITLE], COMMITMENTS[IMPACT]))),
        st.sampled_from(AUDIENCES[1:]),
        times,
        st.just(14),
    )
    return case(
        *draw(st.lists(rules(), max_size=5)),
        closest=draw(st.sampled_from((None, *AUDIENCES))),
        severities=tuple(draw(st.lists(st.tuples(st.integers(0, 5), times, st.just(6)), max_size=2))),
        due_ms=draw(maybe),
        answered_ms=draw(maybe),
        closed_ms=draw(maybe),
        over_ms=draw(maybe),
        consents=tuple(draw(st.lists(consents, max_size=3))),
        openings=tuple(draw(st.lists(opened, max_size=2))),
    )


@settings(max_examples=150)
@given(any_case(), st.sampled_from((TITLE, IMPACT)), st.integers(-1, 16))
def test_time_and_audience_only_ever_open(one: Case, position: int, after_ms: int) -> None:
    """What is open stays open; what a wide audience is told the closer ones are told; the parties see everything."""
    at_ms = T_MS + after_ms
    found = [state(one, position, audience, at_ms) for audience in AUDIENCES]
    later = [state(one, position, audience, at_ms + 1) for audience in AUDIENCES]
    for now, then in zip(found, later, strict=True):
        assert not now.open or (then.open and then.since_ms == now.since_ms)
        assert now.released_ms is None or (now.since_ms is not None and now.since_ms <= now.released_ms <= at_ms)
        assert not now.leaves(at_ms) or (then.leaves(at_ms + 1) and then.released_ms == now.released_ms)
    opened = [one.open for one in found]
    assert opened == sorted(opened, reverse=True)
    left = [one.leaves(at_ms) for one in found]
    assert left == sorted(left, reverse=True)
    assert opened[0] == (at_ms >= T_MS)


@settings(max_examples=150)
@given(any_case(), st.sampled_from((TITLE, IMPACT)), st.sampled_from(AUDIENCES))
def test_nothing_is_opener_than_some_rule_allows(one: Case, position: int, audience: str) -> None:
    """With no rule that reaches so far, nothing but the beginning opens; without the rule that opened it, it is not
    open by that rule; a further rule never closes."""
    found = state(one, position, audience, 1 << 60)
    wanted = AUDIENCES.index(audience)
    if found.open and wanted > one.start(position):
        assert any(TIERS.index(rule.to_tier) >= wanted for rule in one.rules)
        used = found.ways[-1]
        assert TIERS.index(used.tier) >= wanted
        assert TIERS.index(one.rules[used.number - 1].to_tier) >= TIERS.index(used.tier)
    fewer = replace(one, rules=one.rules[:-1])
    assert found.open or not state(fewer, position, audience, 1 << 60).open
    assert len(states(one, audience, T_MS)) == len(KIND.fields)


# --- openings by the rules --------------------------------------------------------------------------------------------

OPENED = Opening(frozenset({COMMITMENTS[TITLE]}), "public", T_MS + DAY_MS + 5, 14)
"""Logged five milliseconds after an embargo of a day."""


def test_what_a_rule_opens_leaves_only_once_its_opening_is_logged() -> None:
    """Open by an embargo and kept until the log says so; another field, and a narrower opening, release nothing."""
    secret = StatementSecret(bytes(SECRET_BYTES), channel=bytes(32), statement_id=bytes(16))
    one = case(rule("embargo", after_ms=DAY_MS))
    late_ms = T_MS + 2 * DAY_MS
    assert state(one, TITLE, "public", late_ms).open
    assert openings(one, secret, {"title": "x"}, "public", late_ms) == ()
    logged = replace(one, openings=(OPENED,))
    assert openings(logged, secret, {"title": "x"}, "public", OPENED.at_ms - 1) == ()
    (only,) = openings(logged, secret, {"title": "x"}, "public", OPENED.at_ms)
    assert only.name == "title"
    found = state(logged, TITLE, "partners", late_ms)
    assert (found.since_ms, found.released_ms, found.opening) == (T_MS + DAY_MS, OPENED.at_ms, 14)
    for other in (
        replace(OPENED, audience="partners"),
        replace(OPENED, fields=frozenset({COMMITMENTS[IMPACT]})),
        replace(OPENED, at_ms=T_MS + DAY_MS - 1),
        replace(OPENED, audience="everybody"),
    ):
        assert not state(replace(one, openings=(other,)), TITLE, "public", late_ms).leaves(late_ms)


def test_a_consent_and_a_legal_order_are_their_own_openings() -> None:
    """What they name is released as it opens, also where an embargo had opened it before."""
    for trigger in ("consent", "legal-order"):
        one = case(rule("embargo", after_ms=1), rule(trigger), consents=(LEGAL,))
        found = state(one, TITLE, "public", T_MS + DAY_MS)
        assert (found.since_ms, found.released_ms, found.opening) == (T_MS + 1, LEGAL.at_ms, None)


def test_what_begins_open_needs_no_opening() -> None:
    """An auditor is shown what the catalogue shows auditors."""
    found = state(case(), IMPACT, "auditor", T_MS)
    assert (found.leaves(T_MS), found.released_ms) == (True, T_MS)
