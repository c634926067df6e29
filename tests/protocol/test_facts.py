"""Facts of machine kinds: fixed shapes, all present, nothing else."""

import pytest

from protocol.facts import check_facts
from tests.protocol.catalogue_samples import CATALOGUE

GONE = {"party": "ARC", "index": 3, "digest": bytes(32), "length": 4_096, "reason": "retention"}


def schema() -> dict[str, str]:
    """The schema of a machine kind with five facts."""
    kind = CATALOGUE.kind("gone")
    assert kind is not None
    return dict(kind.facts)


def test_facts_of_their_types_pass() -> None:
    """Facts as the kind asks for them have no problem."""
    assert check_facts(schema(), GONE) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("party", "arc"),
        ("party", "ARCAD"),
        ("index", -1),
        ("index", True),
        ("index", 2**63),
        ("index", None),
        ("digest", bytes(31)),
        ("digest", "00"),
        ("reason", "Because it was old"),
        ("reason", "a" * 41),
        ("free_text", "anything"),
    ],
)
def test_a_fact_of_another_shape_is_named(name: str, value: object) -> None:
    """A fact of the wrong type, out of bounds or not of the kind is named."""
    assert check_facts(schema(), {**GONE, name: value}) == (name,)


def test_missing_facts_are_named() -> None:
    """Every fact must be there, and a value that is no map is refused whole."""
    assert check_facts(schema(), {}) == ("digest", "index", "length", "party", "reason")
    assert check_facts(schema(), None) == ("facts",)
    assert check_facts(schema(), [1]) == ("facts",)


def test_optional_facts_take_nil_and_must_still_be_there() -> None:
    """A question mark lets nil in, and leaves one spelling of absence."""
    assert check_facts({"last": "hash?"}, {"last": None}) == ()
    assert check_facts({"last": "hash?"}, {}) == ("last",)


def test_lists_of_hashes_are_bounded_and_name_nothing_twice() -> None:
    """A list of hashes has 1 to 64 different items."""
    many = [bytes([n]) * 32 for n in range(65)]
    assert check_facts({"d": "hashes"}, {"d": many[:64]}) == ()
    for wrong in ([], many, [many[0], many[0]], [b""]):
        assert check_facts({"d": "hashes"}, {"d": wrong}) == ("d",)
