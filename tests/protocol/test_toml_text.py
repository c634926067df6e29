"""TOML from somebody else: read in time that grows with its length, or refused."""

from __future__ import annotations

import time

import pytest

from protocol.toml_text import DEPTH_MAX, DOTS_MAX, TomlRefused, loads
from tests.builders import make_agreement

HOSTILE = {
    "a name of many parts": b"a" + b".a" * 60_000 + b" = 1",
    "a name of many quoted parts": b'"a"' + b'."a"' * 60_000 + b" = 1",
    "a table of many parts": b"[a" + b".a" * 60_000 + b"]",
    "brackets inside one another": b"a = " + b"[" * 60_000,
    "braces inside one another": b"a = " + b"{a = " * 60_000,
    "a number of many digits": b"a = " + b"1" * 60_000,
    "a number in base sixteen": b"a = 0x" + b"f" * 60_000,
    "strings that do not end": b'"\\' * 60_000,
    "long strings that do not end": b'a = """' + b'"" ' * 60_000,
    "plain strings that do not end": b"a = '''" + b"'' " * 60_000,
    "no UTF-8": b"a = \xff",
    "a day that is none": b"a = 2026-02-31",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_refused_at_once(text: bytes) -> None:
    """A text made to cost time, stack or memory is refused in a moment."""
    began = time.monotonic()
    with pytest.raises(TomlRefused):
        loads(text)
    assert time.monotonic() - began < 2


def test_dots_and_brackets_in_strings_and_comments_are_no_structure() -> None:
    """What stands in a string or a comment is not counted."""
    text = b'# a.b.c.d.e.f.g.h.i.j.k [[[[[[[[[[[[[[[[[[[[\na = "1.2.3.4.5.6.7.8.9.10.11"\n'
    text += b"b = '[[[[[[[[[[[[[[[[[[[['\nc = \"\"\"x\\\"\"\"y.1.2.3.4.5.6.7.8.9.0\"\"\"\"\nd = '''z'''''\n"
    assert loads(text) == {
        "a": "1.2.3.4.5.6.7.8.9.10.11",
        "b": "[" * 20,
        "c": 'x"""y.1.2.3.4.5.6.7.8.9.0"',
        "d": "z''",
    }


def test_what_is_at_the_limits_is_read() -> None:
    """As many dots and brackets as are allowed are."""
    name = ".".join("a" * (DOTS_MAX + 1))
    found = loads(
        f"{name} = {'[' * DEPTH_MAX}{']' * DEPTH_MAX}\nb = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]".encode()
    )
    assert len(found["b"]) == 9


def test_the_text_of_an_agreement_is_read() -> None:
    """What we write ourselves is within the limits."""
    assert loads(make_agreement().text)["format"] == 1
