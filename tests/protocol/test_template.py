"""Templates: fixed words with slots, and what goes beyond them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.kinds import Kind
from protocol.template import Template, TemplateRefused
from tests.protocol.catalogue_samples import CATALOGUE

SLOTS = [
    {"slot": "where", "type": "line", "bytes": 20, "hint": None},
    {"slot": "count", "type": "number", "bytes": 9, "hint": None},
    {"slot": "since", "type": "when", "bytes": 20, "hint": None},
    {"slot": "case", "type": "identifier", "bytes": 20, "hint": None},
]
WORDS = [
    {"field": "title", "text": "Outage in {where}"},
    {"field": "summary", "text": "{count} services in {where} are down."},
    {"field": "summary", "text": "It began {since}; our case is {case}."},
    {"field": "class", "text": "outage"},
]
GIVEN = {"where": "the north", "count": "12", "since": "2026-11-21T04:10Z", "case": "CASE-17"}


def values(**changed: Any) -> dict[str, Any]:
    """What a template-register says."""
    said = {"name": "outage", "edition": 1, "for_kind": "notification", "text_language": "en"}
    return {**said, "slots": SLOTS, "words": WORDS, **changed}


def kind(name: str = "notification") -> Kind:
    """A kind of the catalogue."""
    found = CATALOGUE.kind(name)
    assert found is not None
    return found


TEMPLATE = Template.read(values())
KEPT = {
    "title": "Outage in the north",
    "summary": "12 services in the north are down.\nIt began 2026-11-21T04:10Z; our case is CASE-17.",
}


def test_a_template_is_filled() -> None:
    """Every slot of every field, several lines of one text included."""
    assert TEMPLATE.fill(GIVEN) == {**KEPT, "class": "outage"}


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("where", ""), ("where", "x" * 21), ("where", "a\nb"), ("where", "\u202enorth"), ("count", "twelve"),
        ("count", "1 2"), ("since", "yesterday"), ("case", "; our case"), ("where", "a are down: !"),
    ],
)  # fmt: skip
def test_a_slot_takes_only_what_it_asks_for(slot: str, text: str) -> None:
    """Length, type, hidden characters, and words that would end the slot too early."""
    words = [*WORDS, {"field": "asks", "text": "{where} are down: {case}."}]
    with pytest.raises(TemplateRefused) as caught:
        Template.read(values(words=words)).fill({**GIVEN, slot: text})
    assert caught.value.code == "slot-unfit"


def test_every_slot_is_filled_and_no_other() -> None:
    """A slot that is left out, or that is not there, is refused by name."""
    for wrong in ({}, {**GIVEN, "colour": "red"}):
        with pytest.raises(TemplateRefused):
            TEMPLATE.fill(wrong)


@pytest.mark.parametrize(
    ("changed", "beyond"),
    [
        ({}, ()),
        ({"class": ["ddos"]}, ()),
        ({"severity_reason": None}, ()),
        ({"first_seen": "2026"}, ()),
        ({"title": "Outage in the south"}, ()),
        ({"title": "Sabotage in the north"}, ("title",)),
        ({"title": "Outage in the north and you did it, we know"}, ("title",)),
        ({"summary": KEPT["summary"] + "\nYou did it."}, ("summary",)),
        ({"summary": "12 services in the north are down."}, ("summary",)),
        ({"asks": ["Stop it."]}, ("asks",)),
        ({"names": ["Nightfall"], "title": "x"}, ("title", "names")),
        (
            {"functions": [{"sector": "energy", "effect": "lost", "cross_border": None, "function": "x"}]},
            ("functions",),
        ),
    ],
)
def test_text_beyond_the_template_is_found(changed: dict[str, Any], beyond: tuple[str, ...]) -> None:
    """Only text counts: codes, dates and flags say nothing outside the agreed vocabularies."""
    said = {**KEPT, "class": ["outage"], **changed}
    assert TEMPLATE.free_fields(kind(), said) == beyond


def test_a_template_for_another_kind_covers_nothing() -> None:
    """Every text of a statement of another kind is beyond it."""
    assert TEMPLATE.free_fields(kind("update"), {"summary": KEPT["summary"]}) == ("summary",)


@pytest.mark.parametrize(
    "changed",
    [
        {"slots": [*SLOTS, SLOTS[0]]},
        {"words": [{"field": "title", "text": "Outage in {place}"}]},
        {"words": [{"field": "title", "text": "{where}{case}"}]},
        {"words": [{"field": "title", "text": "Outage {where"}]},
        {"words": [{"field": "title", "text": "Outage {Where}"}]},
    ],
)
def test_words_that_are_no_template_are_refused(changed: dict[str, Any]) -> None:
    """A slot twice, one that is not declared, two side by side, and braces around anything else."""
    with pytest.raises(TemplateRefused) as caught:
        Template.read(values(**changed))
    assert caught.value.code == "template-malformed"


@given(st.text(max_size=60))
def test_what_is_filled_is_kept_and_nothing_is_filled_that_is_not(text: str) -> None:
    """Whatever a person types: it is refused, or the result keeps to the template."""
    try:
        filled = TEMPLATE.fill({**GIVEN, "where": text})
    except TemplateRefused:
        return
    assert TEMPLATE.free_fields(kind(), {"title": filled["title"], "summary": filled["summary"]}) == ()


def test_a_long_line_is_compared_in_one_pass() -> None:
    """Text made to be tried in many ways takes no longer than any other."""
    slots = [{"slot": f"s{n}", "type": "line", "bytes": 200, "hint": None} for n in range(24)]
    words = [{"field": "title", "text": "a".join(f"{{s{n}}}" for n in range(24))}]
    hard = Template.read(values(slots=slots, words=words))
    assert hard.free_fields(kind(), {"title": "a" * 4000 + "b"}) == ("title",)
