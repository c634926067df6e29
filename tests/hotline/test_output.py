"""What a command shows."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from hotline.output import Output, table, to_json


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_json_is_harmless_on_a_terminal(value: object) -> None:
    """One line of printable ASCII, whatever a peer wrote, that reads back as the same value."""
    text = to_json(value)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == value


def test_with_json_standard_output_is_one_object() -> None:
    """Lines for people are left out, and an error has code, text and next step."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(as_json=True, out=out, err=err)
    output.note("going on")
    output.error(code="line-down", text="no beat since noon", next_step="look at the network")
    assert json.loads(out.getvalue()) == {
        "error": {"code": "line-down", "text": "no beat since noon", "next": "look at the network"}
    }
    assert err.getvalue() == "going on\n"


def test_errors_and_hints_are_different_lines() -> None:
    """For people: the error on one line, what to do on the next, nothing on standard output."""
    out, err = io.StringIO(), io.StringIO()
    Output(out=out, err=err).error(code="line-down", text="evil \x1b[2J", next_step="look")
    assert out.getvalue() == ""
    assert err.getvalue() == "error line-down: evil \\u{1b}[2J\nnext: look\n"


def test_colour_is_for_terminals_only() -> None:
    """Without a terminal, and in JSON, no colour is written."""
    assert Output().paint("x", "red") == "x"
    assert Output(colour=True, as_json=True).paint("x", "red") == "x"
    assert Output(colour=True).paint("x", "bold", "red") == "\x1b[1;31mx\x1b[0m"


def test_columns_line_up() -> None:
    """Cells are padded but for the last."""
    assert table([("a", "bb"), ("ccc", "d")], heads=("x", "y")) == ["x    y", "a    bb", "ccc  d"]
