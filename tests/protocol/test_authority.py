"""Slots and persons: the fullest seating there is, each person in one slot at most."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from keys.roles import ROLES
from nodes.resources import catalogue
from protocol.authority import missing_slots, missing_text, slots_needed
from tests.builders import make_agreement

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


def test_the_agreement_decides_and_the_catalogue_stands_in() -> None:
    """Where no rule covers a kind, its default slots hold."""
    kind = catalogue().kind("notification")
    assert kind is not None
    assert slots_needed(make_agreement(), kind, 4, "flash") == (("duty",), ("release", "senior"))
    default = slots_needed(make_agreement(rules=()), kind, 4, "flash")
    assert default == tuple(tuple(slot.split("/")) for slot in kind.authority)
