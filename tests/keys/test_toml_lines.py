"""The small part of TOML: what is written is TOML, and only what is written is read."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import KeysMisused, RosterRefused
from keys.toml_lines import INSTANT_MAX_MS, INTEGER_MAX, LineReader, LineWriter, instant_ms, instant_text

PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), max_size=30)


@given(st.integers(0, INSTANT_MAX_MS))
def test_instants_read_back(at_ms: int) -> None:
    """Every millisecond from 1970 to 9999 has one text and comes back."""
    assert instant_ms(instant_text(at_ms)) == at_ms


def test_instants_at_the_ends() -> None:
    """The first and the last instant, written out; beyond them is our own mistake."""
    assert instant_text(0) == "1970-01-01T00:00:00.000Z"
    assert instant_text(INSTANT_MAX_MS) == "9999-12-31T23:59:59.999Z"
    for at_ms in (-1, INSTANT_MAX_MS + 1):
        with pytest.raises(KeysMisused):
            instant_text(at_ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T09:14:07Z",
        "2026-11-21T09:14:07.00Z",
        "2026-11-21T09:14:07.0000Z",
        "2026-11-21T09:14:07.000+00:00",
        "2026-11-21t09:14:07.000z",
        "2026-11-21 09:14:07.000Z",
        "2026-02-30T09:14:07.000Z",
        "2026-11-21T24:00:00.000Z",
        "2026-11-21T09:14:60.000Z",
        "1969-12-31T23:59:59.999Z",
        "0000-01-01T00:00:00.000Z",
        "２026-11-21T09:14:07.000Z",
        "2026-11-21T09:14:07.000Z\n",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    """One spelling, real days, and nothing before 1970."""
    with pytest.raises(RosterRefused):
        instant_ms(text)


@given(PLAIN, st.lists(PLAIN, min_size=1, max_size=4), st.integers(0, INTEGER_MAX), st.binary(max_size=50))
def test_what_is_written_is_toml_and_reads_back(text: str, texts: list[str], number: int, data: bytes) -> None:
    """Another TOML reader and ours find the same values."""
    out = LineWriter()
    out.comment("for people")
    out.string("text", text)
    out.strings("texts", texts)
    out.blank()
    out.header("[table]")
    out.integer("number", number)
    out.instant("at", number % INSTANT_MAX_MS)
    out.base64("data", data)
    written = out.encode()

    loaded = tomllib.loads(written.decode())
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number % INSTANT_MAX_MS)
    assert loaded["text"] == text
    assert loaded["texts"] == texts
    assert (loaded["table"]["number"], loaded["table"]["at"]) == (number, at)

    reader = LineReader(written, bytes_max=10_000)
    assert reader.string("text") == text
    assert list(reader.strings("texts")) == texts
    assert reader.follows("[table]")
    reader.header("[table]")
    assert reader.integer("number") == number
    assert reader.instant("at") == number % INSTANT_MAX_MS
    assert reader.base64("data") == data
    reader.end()


@pytest.mark.parametrize("text", ['"', "\\", "é", "\n", "\x7f"])
def test_what_would_need_an_escape_is_not_written(text: str) -> None:
    """Strings are plain; the caller has a mistake if they are not."""
    with pytest.raises(KeysMisused):
        LineWriter().string("text", text)
    with pytest.raises(KeysMisused):
        LineWriter().strings("texts", [text])


def test_no_list_is_empty_and_no_number_negative() -> None:
    """Two values that the format has no use for."""
    with pytest.raises(KeysMisused):
        LineWriter().strings("texts", [])
    with pytest.raises(KeysMisused):
        LineWriter().integer("number", -1)


def test_error_names_the_line() -> None:
    """Lines are counted as an editor counts them, comments included."""
    reader = LineReader(b"# one\n\nname = 07\n", bytes_max=100)
    with pytest.raises(RosterRefused, match="line 3"):
        reader.integer("name")


def test_end_is_the_end() -> None:
    """Reading on after the last line, or stopping before it, is refused."""
    reader = LineReader(b"name = 7\n", bytes_max=100)
    with pytest.raises(RosterRefused, match="nothing more"):
        reader.end()
    with pytest.raises(RosterRefused, match="too early"):
        reader.integer("name")
