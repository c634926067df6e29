"""Rules: how values go together, declared by kinds and checked by one engine."""

from typing import Any

import pytest

from protocol.catalogue_table import CatalogueRefused
from protocol.kinds import Catalogue, Kind
from protocol.rules import broken_rules, check_rules, facts_given, filled_facts, header_values
from protocol.tagged import digest
from tests.protocol.catalogue_samples import CATALOGUE, catalogue_files

DAY = 86_400_000
NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z

RULES = """
[[rules]]
type = "order"
field = "last_seen"
after = "first_seen"
text = { en = "The last lies after the first." }

[[rules]]
type = "order"
field = "detected"
after = "issued_at"
within_ms = 86_400_000
text = { en = "Within a day." }

[[rules]]
type = "value"
when = { field = "functions.effect", at_least = "degraded" }
field = "precedence"
at_least = "priority"
text = { en = "Priority at least." }

[[rules]]
type = "value"
field = "cross_border"
is = [true]
text = { en = "Across a border." }

[[rules]]
type = "count"
when = { field = "determination", is = ["suspected"] }
fields = ["sources", "norms"]
at_least = 2
at_most = 3
text = { en = "Two or three." }
"""


def kind_with(rules: str) -> tuple[Kind, Catalogue]:
    """The notification with other rules, in a catalogue of its own."""
    files = catalogue_files()
    own = files["kinds/notification.toml"].decode().split("\n[[rules]]")[0]
    known = Catalogue.load({**files, "kinds/notification.toml": (own + rules).encode()})
    found = known.kind("notification")
    assert found is not None
    return found, known


KIND, KNOWN = kind_with(RULES)


def broken(values: dict[str, Any], **header: Any) -> list[str]:
    """What the rules above say of some values."""
    said = header_values(facts=None, **{"precedence": "routine", "issued_at": NOW, **header})
    return [one.text for one in check_rules(KIND, values, said, KNOWN)]


@pytest.mark.parametrize(
    ("values", "header", "said"),
    [
        ({}, {}, []),
        ({"first_seen": "2023-05", "last_seen": "2023-04"}, {}, ["The last lies after the first."]),
        ({"first_seen": "2023-05-12T10Z", "last_seen": "2023-05"}, {}, []),
        ({"first_seen": "2023-05-12T10Z", "last_seen": "2023-05-12"}, {}, []),
        ({"last_seen": "2023-04"}, {}, []),
        ({"detected": "2023-11-15"}, {}, []),
        ({"detected": "2023-11-16"}, {}, ["Within a day."]),
        ({"detected": "2023-11-13"}, {}, ["Within a day."]),
        ({"functions": [{"effect": "none"}, {"effect": "lost"}]}, {}, ["Priority at least."]),
        ({"functions": [{"effect": "lost"}]}, {"precedence": "flash"}, []),
        ({"functions": [{"effect": "none"}]}, {}, []),
        ({"cross_border": False}, {}, ["Across a border."]),
        ({"cross_border": True}, {}, []),
        ({"determination": "suspected", "norms": ["b"]}, {}, ["Two or three."]),
        ({"determination": "suspected", "norms": ["b"], "sources": [{"grade": "B2"}]}, {}, []),
        ({"determination": "suspected", "norms": ["a", "b", "c", "d"]}, {}, ["Two or three."]),
        ({"determination": "blocked"}, {}, []),
    ],
)
def test_a_rule_that_is_broken_says_so(values: dict[str, Any], header: dict[str, Any], said: list[str]) -> None:
    """Order, value and count, with and without a condition; what is absent or not known exactly breaks no order."""
    assert broken(values, **header) == said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type = "order"', 'type = "whim"'),
        ('field = "last_seen"', 'field = "last_dream"'),
        ('after = "first_seen"', 'after = "first_dream"'),
        ('"functions.effect"', '"functions.colour"'),
        ('at_least = "degraded"', 'at_least = "dented"'),
        ('at_least = "priority"', 'at_least = "soon"'),
        ("is = [true]", 'is = [true]\nat_least = "x"'),
        ("is = [true]\n", ""),
        ('fields = ["sources", "norms"]', "fields = []"),
        ("at_least = 2\nat_most = 3\n", ""),
        ('text = { en = "Within a day." }', 'text = { fr = "Dans un jour." }'),
        ("within_ms = 86_400_000", "within_ms = 86_400_000\ncolour = 1"),
    ],
)
def test_a_rule_that_names_what_is_not_there_is_refused(old: str, new: str) -> None:
    """Fields, columns, ranks and types are looked up when the catalogue is read, not when somebody is in a hurry."""
    assert old in RULES
    with pytest.raises(CatalogueRefused):
        kind_with(RULES.replace(old, new, 1))


def found(name: str) -> Kind:
    """A kind of the catalogue."""
    kind = CATALOGUE.kind(name)
    assert kind is not None
    return kind


def test_a_hash_in_the_header_is_that_of_the_text() -> None:
    """It is filled in where nobody gave it, and one of another text is broken."""
    kind = found("disclosure-propose")
    assert facts_given(kind) == {"text"}
    facts = filled_facts(kind, {"text": "Keep calm."}, {"audience": "public"})
    assert facts == {"audience": "public", "text": digest(b"Keep calm.")}
    assert broken_rules(kind, {"text": "Keep calm."}, header_values(facts=facts), CATALOGUE) == ()
    wrong = broken_rules(kind, {"text": "Be afraid."}, header_values(facts=facts), CATALOGUE)
    assert [rule.of for rule in wrong] == ["text"]
    strange = header_values(facts={**facts, "audience": "neighbours"})
    assert [rule.vocabulary for rule in broken_rules(kind, {}, strange, CATALOGUE)] == ["audience"]


def test_consent_is_to_the_text_that_was_proposed() -> None:
    """The hash is taken over from the statement answered; another one is broken; without it at hand nothing is said."""
    kind, text = found("disclosure-consent"), digest(b"Keep calm.")
    assert filled_facts(kind, {}, {}, {"text": text, "audience": "public"}) == {"text": text}
    same = header_values(facts={"text": text}, replied={"text": text})
    assert broken_rules(kind, {}, same, CATALOGUE) == ()
    other = header_values(facts={"text": bytes(32)}, replied={"text": text})
    assert len(broken_rules(kind, {}, other, CATALOGUE)) == 1
    assert broken_rules(kind, {}, header_values(facts={"text": bytes(32)}), CATALOGUE) == ()


def test_a_grave_claim_needs_two_sources() -> None:
    """Above likely, one source is not enough; the confidence does not matter."""
    kind, one = found("attribution-claim"), {"grade": "B2", "source": "x"}
    claim = {"actor": "x", "likelihood": "very-likely", "confidence": "low"}
    said = [rule.label() for rule in broken_rules(kind, {"claims": [claim], "sources": [one]}, {}, CATALOGUE)]
    assert said == ["A claim above likely needs two sources that are independent of one another."]
    assert broken_rules(kind, {"claims": [claim], "sources": [one, one]}, {}, CATALOGUE) == ()
    assert broken_rules(kind, {"claims": [{**claim, "likelihood": "likely"}]}, {}, CATALOGUE) == ()


def test_a_flag_accuses_nobody() -> None:
    """It has no field for an actor or a state, and what it implies must be said."""
    kind = found("diplomatic-flag")
    names = {column.name for item in kind.fields for column in (item, *item.columns)}
    assert not names & {"attribution", "claims", "actor", "state", "responsibility", "likelihood"}
    assert len(broken_rules(kind, {"no_attribution": False}, {}, CATALOGUE)) == 1
    assert kind.clocks["lapse_ms"] == kind.clocks["longest_ms"] == DAY
