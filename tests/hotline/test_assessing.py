"""What the other side commits to need be no value of its field: it counts nothing, and stops nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hotline.assessing import OPENERS, incident, recorded, sound
from nodes.resources import catalogue
from protocol.kinds import Kind
from tests.protocol.test_assessment import RULES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
FIELDS = ("attribution", "sectors", "class", "identifiers", "first_seen", "functions", "criteria")


def kind_of(name: str) -> Kind:
    """A kind of the catalogue."""
    found = catalogue().kind(name)
    assert found is not None
    return found


def view(serial: str, kind: str) -> dict[str, Any]:
    """An entry of a thread, as a node shows it."""
    return {
        "serial": serial,
        "kind": kind,
        "effective": True,
        "voice": "BOR",
        "severity": 3,
        "status": "actual",
        "state": "made",
        "thread": "00",
        "logged_at_ms": 1,
    }


def test_a_value_that_is_none_of_its_field_is_left_out() -> None:
    """And the others stay."""
    given_values = {"sectors": ["energy"], "attribution": 5, "class": ["no-such"], "title": "a"}
    assert sound(kind_of("notification"), given_values, catalogue()) == {"sectors": ["energy"], "title": "a"}


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_was_committed_to_is_assessed(told: dict[str, Any], stated: dict[str, Any]) -> None:
    """A notification and an assessment whose fields hold anything."""
    contents = {
        "BOR 1": sound(kind_of(OPENERS[0]), told, catalogue()),
        "BOR 2": sound(kind_of("assessment"), stated, catalogue()),
    }
    found = incident([view("BOR 1", OPENERS[0]), view("BOR 2", "assessment")], contents)
    assert found is not None
    assert 0 <= found.case(RULES).assessment.points[0] <= 100
    (one,) = recorded(found, {"BOR 2": {"band": "watch", "rules": RULES.digest}}, RULES)
    assert one.ours
