"""Text of the other side on its way to people, screens and logs."""

import io
import json
import unicodedata

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hotline.output import Output, to_json
from hotline.showing import fact_text, header_lines, row, verdict_lines
from nodes import logs
from nodes.resources import catalogue
from protocol.plain_text import problem_of_line, problem_of_text
from tests.builders import World

ACTING = {
    "escape": "\x1b[2J\x1b]0;title\x07",
    "C1": "\x9b31m",
    "carriage return": "good\rbad",
    "backspace": "good\b\b\b\bbad",
    "right to left": "abc\u202edef\u202c",
    "isolate": "\u2066abc\u2069",
    "zero width": "ad\u200bmin",
    "tag characters": "a\U000e0041\U000e0042",
    "line separator": "a\u2028b",
    "private": "\ue000",
    "unassigned": "\u0378",
    "filler": "\u3164",
    "byte order mark": "\ufeffa",
    "next line": "a\x85b",
    "null": "a\x00b",
}


UNASSIGNED = {"unassigned"}
"""Shown as a code point and let through: which characters there are changes from release to release."""


@pytest.mark.parametrize("what", sorted(ACTING.keys() - UNASSIGNED))
def test_text_that_acts_is_refused_where_it_is_written(what: str) -> None:
    """No field takes it, in one line or in many."""
    assert problem_of_line(ACTING[what]) is not None
    assert problem_of_text(ACTING[what]) is not None


@pytest.mark.parametrize("what", ACTING)
def test_text_that_acts_is_escaped_wherever_it_is_shown(what: str) -> None:
    """A hostile author's text in a header, a fact, and in JSON: nothing of it reaches the screen as it is."""
    shown = [row("name", ACTING[what]), row("name", fact_text([ACTING[what]])), to_json({"text": ACTING[what]})]
    for text in shown:
        assert all(character.isprintable() for character in text), text
    statement = World(begin=False).statement("ARC", "notification")
    assert all(line.isprintable() for line in header_lines(statement, None, Output()))


@pytest.mark.parametrize("kind", ["goodwill", "no-such-kind"])
@pytest.mark.parametrize("name", ["signed by", "FAULTS", *sorted(ACTING)])
def test_a_fact_of_any_name_is_no_row_of_ours(name: str, kind: str) -> None:
    """Its name reaches the screen escaped, and marked as one that the kind does not have."""
    name = ACTING.get(name, name)
    view = {
        "facts": {name: "person 3 as senior"}, "signers": [{"person": 1, "role": "duty"}], "effective": False,
        "ahead": None, "faults": ["unfit-facts"], "rungs": {}, "state": None, "clocks": [],
    }  # fmt: skip
    lines = verdict_lines(view, Output(), kind=catalogue().kind(kind))
    assert all(line.isprintable() for line in lines)
    assert [line.startswith("  unknown fact ") for line in lines if "person 3" in line] == [True]


def test_decomposed_text_is_refused() -> None:
    """Text that looks like other text has one normal form."""
    composed = "Ångström"
    assert problem_of_line(composed) is None
    assert problem_of_line(unicodedata.normalize("NFD", composed)) is not None


@given(st.text(max_size=200))
def test_no_text_forges_a_line_of_the_log(text: str) -> None:
    """Whatever a peer wrote stands inside one JSON object on one line."""
    written = io.StringIO()
    before = structlog.get_config()
    try:
        logs.configure("info")
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(written))
        structlog.get_logger().warning("connection refused", detail=text, address=text)
    finally:
        structlog.configure(**before)
    line = written.getvalue()
    assert line.count("\n") == 1
    assert line.strip("\n").isprintable()
    assert json.loads(line)["detail"] == text
