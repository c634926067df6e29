"""Facts: fixed shapes; of machine kinds all present, of others what applies, and nothing else."""

import pytest

from protocol.facts import check_facts, check_open_facts
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


OPEN = {"phase": "uint", "starts_ms": "time?"}
COMMON = {"emergency": "flag?", "template": "hash?"}


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"phase": 1}, ()),
        ({"phase": 1, "starts_ms": 5, "emergency": True, "template": bytes(32)}, ()),
        (None, ("phase",)),
        ({}, ("facts",)),
        ([1], ("facts",)),
        ({"starts_ms": 5}, ("phase",)),
        ({"phase": 1, "starts_ms": None}, ("starts_ms",)),
        ({"phase": 1, "starts_ms": 2**62}, ("starts_ms",)),
        ({"phase": 1, "emergency": False}, ("emergency",)),
        ({"phase": 1, "emergency": 1}, ("emergency",)),
        ({"phase": 1, "said": "more"}, ("said",)),
    ],
)
def test_facts_of_people_are_there_or_left_out(facts: object, wrong: tuple[str, ...]) -> None:
    """Beside a body: what the kind asks for is there, what does not apply is left out and never nil or false."""
    assert check_open_facts(OPEN, COMMON, facts) == wrong


def test_no_facts_are_nil() -> None:
    """A kind that asks for none may go without, and has no second spelling of that."""
    assert check_open_facts({}, COMMON, None) == ()
    assert check_open_facts({}, COMMON, {}) == ("facts",)
