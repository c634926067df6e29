"""Shapes: which fields a map or a row has, and what may stand in each."""

import pytest

from protocol.errors import Malformed, NotUnderstood
from protocol.schema import (
    Row,
    Table,
    array,
    boolean,
    hash32,
    integer,
    maybe,
    octets,
    one_of,
    party,
    row,
    text,
    time_ms,
    token,
)

TABLE = Table("thing", {"name": text(5), "id": octets(2)}, optional={"note": maybe(text(3))})


def test_a_table_takes_exactly_its_fields() -> None:
    """All fields that are asked for, and at most the optional ones beside them."""
    assert TABLE.check({"id": b"ab", "name": "x"}) == {"id": b"ab", "name": "x"}
    assert TABLE.check({"id": b"ab", "name": "x", "note": None})
    assert TABLE.fields == ("id", "name")


@pytest.mark.parametrize(
    ("value", "code", "where"),
    [
        ([], "bad-type", "thing"),
        ({"id": b"ab"}, "missing-field", "thing.name"),
        ({"id": b"abc", "name": "x"}, "bad-field", "thing.id"),
        ({"id": b"ab", "name": ""}, "bad-field", "thing.name"),
        ({"id": b"ab", "name": "x", "note": 3}, "bad-field", "thing.note"),
    ],
)
def test_a_table_names_the_field_that_is_wrong(value: object, code: str, where: str) -> None:
    """The error says which field, and never what stood in it."""
    with pytest.raises(Malformed) as caught:
        TABLE.check(value)
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(("name", "where"), [("new_field", "thing.new_field"), ("\x1b[2J", "thing")])
def test_an_unknown_field_is_not_understood(name: str, where: str) -> None:
    """A field of a later format is told apart from a fault, and its name repeated only where it is a harmless one."""
    with pytest.raises(NotUnderstood) as caught:
        TABLE.check({"id": b"ab", "name": "x", name: 1})
    assert (caught.value.code, caught.value.where) == ("not-understood", where)


def test_a_row_takes_exactly_its_places() -> None:
    """The length is fixed and each place has its check."""
    places = Row("frame", {"kind": token, "size": integer(0, 9)})
    assert places.check(["beat", 3]) == ["beat", 3]
    assert places.places == ("kind", "size")
    for value, code in ((["beat"], "bad-type"), ({}, "bad-type"), (["beat", True], "bad-field")):
        with pytest.raises(Malformed) as caught:
            places.check(value)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (integer(1, 3), [1, 3], [0, 4, True, "1", None, 1.0]),
        (boolean, [True, False], [0, 1, None]),
        (time_ms, [0, 253_402_300_799_999], [-1, 253_402_300_800_000, False]),
        (octets(2), [b"ab"], [b"a", "ab", bytearray(b"ab")]),
        (octets(1, 3), [b"a", b"abc"], [b"", b"abcd"]),
        (text(2), ["a", "ab"], ["", "abc", b"a"]),
        (one_of("a", "b"), ["a"], ["c", None, b"a"]),
        (maybe(text(2)), [None, "a"], ["", 0]),
        (array(text(2), 2), [[], ["a", "b"]], [["a", "b", "c"], ["abc"], ("a",), None]),
        (array(text(2), 2, 1), [["a"]], [[]]),
        (row(text(2), integer(0, 1)), [["a", 0]], [["a"], ["a", 2], ["a", 0, 0], ("a", 0)]),
        (hash32, [bytes(32)], [bytes(31)]),
        (party, ["AR", "ARCA"], ["A", "ARCAD", "Arc", "ARC\n", "ÄRC"]),
        (token, ["a", "holding-reply", "ed25519+ml-dsa-65"], ["", "A", "a-", "-a", "a--b", "a\n", "a" * 41, "ä"]),
    ],
)
def test_checks(check: object, good: list[object], bad: list[object]) -> None:
    """Each check takes its own type and range and nothing that only looks like it."""
    assert callable(check)
    assert all(check(value) for value in good)
    assert not any(check(value) for value in bad)
