"""Slots and persons: the fullest seating there is, each person in one slot at most."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from keys.roles import ROLES
from nodes.resources import catalogue
from protocol.agreement_conduct import EmergencyTerms
from protocol.agreement_terms import AuthorityRule
from protocol.authority import missing_slots, missing_text, slots_needed
from protocol.faults import REFERENCE_UNFIT, REFERENCE_UNKNOWN
from tests.builders import START_MS, Place, World, make_agreement

ROLE_SETS = st.lists(st.sampled_from(ROLES), min_size=1, max_size=3, unique=True).map(tuple)
SLOTS = st.lists(ROLE_SETS, min_size=1, max_size=4)
SIGNERS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(ROLES)), max_size=6)


def _most_filled(needs: list[tuple[str, ...]], signers: list[tuple[int, str]]) -> int:
    """By trying every way of seating the persons."""
    persons = sorted({person for person, _ in signers})
    seats = [*persons, *[0] * len(needs)]
    return max(
        sum(
            any((person, role) in signers for role in slot)
            for slot, person in zip(needs, seating, strict=False)
            if person
        )
        for seating in permutations(seats, len(needs))
    )


@given(SLOTS, SIGNERS)
def test_as_few_slots_as_possible_stay_empty(needs: list[tuple[str, ...]], signers: list[tuple[int, str]]) -> None:
    """Against every way of seating the same persons."""
    missing = missing_slots(tuple(needs), signers)
    assert len(needs) - len(missing) == _most_filled(needs, signers)
    assert set(missing) <= {"/".join(slot) for slot in needs}


@given(SLOTS, SIGNERS, SIGNERS)
def test_more_signatures_never_take_authority_away(
    needs: list[tuple[str, ...]], signers: list[tuple[int, str]], more: list[tuple[int, str]]
) -> None:
    """Whoever else signs, what was filled stays filled."""
    assert len(missing_slots(tuple(needs), [*signers, *more])) <= len(missing_slots(tuple(needs), signers))


def test_a_person_moves_over_to_make_room() -> None:
    """Person 1 could fill both slots and person 2 only the first."""
    assert missing_slots((("duty",), ("duty", "senior")), [(1, "duty"), (1, "senior"), (2, "duty")]) == ()


def test_missing_slots_are_named_in_words() -> None:
    """As a draft says whom it waits for."""
    assert missing_text(("duty", "release/senior")) == "a duty officer, and a release or senior officer"


def test_an_emergency_needs_the_clause_of_the_agreement() -> None:
    """One person of its slot suffices for a kind it covers; without the clause, or for another kind, nobody does."""
    clause = EmergencyTerms(("notification",), ("release", "senior"), 3_600_000)
    notification, goodwill = catalogue().kind("notification"), catalogue().kind("goodwill")
    assert notification is not None
    assert goodwill is not None
    agreement = make_agreement(format=2, emergency=clause)
    facts = {"emergency": True}
    assert slots_needed(agreement, notification, 4, "flash", facts) == (("release", "senior"),)
    for where, kind in ((agreement, goodwill), (make_agreement(format=2, emergency=None), notification)):
        nobody = slots_needed(where, kind, 4, "flash", facts)
        assert missing_slots(nobody, [(number, role) for number, role in enumerate(ROLES, 1)]) == ("emergency",)
    assert "emergency clause" in missing_text(("emergency",))


def test_one_officer_leaves_no_agreement_by_a_rule_for_everything() -> None:
    """Only a rule, or an emergency clause, that names the withdrawal stands for the three persons of the catalogue."""
    kind = catalogue().kind("agreement-withdraw")
    assert kind is not None
    everything, named = (
        make_agreement(
            format=2, rules=(AuthorityRule(kinds, (("duty",),)),), emergency=EmergencyTerms(kinds, ("duty",), 1)
        )
        for kinds in (("*",), ("agreement-withdraw",))
    )
    assert len(slots_needed(everything, kind, None, "priority")) == 3
    assert slots_needed(everything, kind, None, "priority", {"emergency": True}) == (("emergency",),)
    assert slots_needed(named, kind, None, "priority") == (("duty",),)
    assert slots_needed(named, kind, None, "priority", {"emergency": True}) == (("duty",),)


def test_a_rule_for_templates_covers_what_adds_nothing() -> None:
    """Free text outside the slots takes a statement back to the rule for every statement."""
    rules = (
        AuthorityRule(("notification",), (("duty",),), template=True),
        AuthorityRule(("notification",), (("duty",), ("senior",))),
    )
    agreement, kind = make_agreement(format=2, rules=rules), catalogue().kind("notification")
    assert kind is not None
    wanted = {None: 2, "template": 1, "free": 2}
    found = {
        None: slots_needed(agreement, kind, 3, "routine"),
        "template": slots_needed(agreement, kind, 3, "routine", {"template": bytes(32)}),
        "free": slots_needed(agreement, kind, 3, "routine", {"template": bytes(32), "free": True}),
    }
    assert {name: len(slots) for name, slots in found.items()} == wanted


def test_a_template_that_is_none_lowers_no_authority() -> None:
    """The header names a template that its author could know, and for what is meant no rehearsed one; or it has no
    effect, whoever signed it."""
    four = ((1, "duty"), (2, "release"), (3, "senior"), (4, "legal"))
    rules = (AuthorityRule(("notification",), (("duty",),), template=True), *make_agreement().rules)
    world = World(format=2, rules=rules)

    def follow(leaf: bytes, status: str = "actual") -> Place:
        return world.say("BOR", "notification", severity=5, facts={"template": leaf}, status=status)

    def leaf_of(place: Place) -> bytes:
        return world.logs[place[0]].leaves[place[1]]

    def register(status: str) -> Place:
        until_ms = START_MS + 300 * 86_400_000
        return world.say("ARC", "template-register", signers=four, status=status, valid_until_ms=until_ms)

    real, rehearsed = register("actual"), register("exercise")
    other = world.say("ARC", "goodwill")
    wanted = {
        follow(leaf_of(real)): (),
        follow(leaf_of(real), "exercise"): (),
        follow(leaf_of(rehearsed), "exercise"): (),
        follow(leaf_of(rehearsed)): (REFERENCE_UNFIT,),
        follow(leaf_of(other)): (REFERENCE_UNFIT,),
        follow(bytes(32)): (REFERENCE_UNKNOWN,),
    }
    found = world.judge()
    assert {place: found[place].faults for place in wanted} == wanted


def test_the_agreement_decides_and_the_catalogue_stands_in() -> None:
    """Where no rule covers a kind, its default slots hold."""
    kind = catalogue().kind("notification")
    assert kind is not None
    assert slots_needed(make_agreement(), kind, 4, "flash") == (("duty",), ("release", "senior"))
    default = slots_needed(make_agreement(rules=()), kind, 4, "flash")
    assert default == tuple(tuple(slot.split("/")) for slot in kind.authority)
