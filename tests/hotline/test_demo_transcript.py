"""The demonstration's transcript: what a person who watches sees, and what can never reach the screen."""

import io

import pytest

from hotline.demo.transcript import MARK, WIDTH, Transcript, shorten
from hotline.output import Output

NOW_MS = 1_795_000_000_000
HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u200b\r\nARC > forged"


def transcript(*, colour: bool = False, as_json: bool = False) -> tuple[Transcript, io.StringIO, io.StringIO]:
    """A transcript, with what goes to standard output and to standard error."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(as_json=as_json, colour=colour, out=out, err=err)
    return Transcript(output.line, output.paint, lambda: NOW_MS), out, err


def speak(to: Transcript, text: str) -> None:
    """Tell of a statement with this text."""
    to.said(voice="BOR", serial="BOR 4", precedence="flash", label="Notification", text=text, facts=("held in 9 ms",))


@pytest.mark.parametrize("colour", [False, True])
def test_text_of_the_other_side_cannot_act_on_the_screen(colour: bool) -> None:
    """Escapes, direction marks, hidden characters and line ends show as code points, wherever the text stands."""
    told, out, _ = transcript(colour=colour)
    speak(told, HOSTILE)
    told.note(HOSTILE, HOSTILE)
    told.check("name", False, HOSTILE.replace("\n", ""))
    told.head([HOSTILE])
    told.tail([HOSTILE])
    shown = out.getvalue()
    for code in ("36", "32", "2", "31", "1", "1;31", "0"):
        shown = shown.replace(f"\x1b[{code}m", "")
    assert all(character == "\n" or character.isprintable() for character in shown)
    assert not any(line.startswith("ARC >") for line in shown.splitlines())
    assert "\\u{1b}" in shown


def test_each_side_has_its_direction() -> None:
    """The first party's lines point right, the second's left; urgent ones stand in capitals; the time is Zulu."""
    told, out, _ = transcript()
    speak(told, "Intrusion at a port")
    told.said(voice="ARC", serial="ARC 2", precedence="routine", label="Opened", text="BOR 4")
    first, second = (line.split("  ", 1) for line in out.getvalue().splitlines())
    assert len(first[0]) == len("09:14:07Z")
    assert " ".join(first[1].split()) == "< BOR BOR 4 FLASH Notification Intrusion at a port [held in 9 ms]"
    assert second[1].startswith("ARC >      ARC 2    routine    Opened")


def test_lines_fit_the_width() -> None:
    """However long the words, the line keeps its width and shows that it was cut."""
    told, out, _ = transcript()
    speak(told, "word " * 100)
    told.note("line", "word " * 100)
    told.said(voice="ARC", serial="ARC 2", precedence="routine", label="Opened", text="x", more=["y" * 300])
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "..." in lines[0]
    assert shorten("four", 4) == "four"


def test_it_says_that_it_is_a_demonstration_first_and_last() -> None:
    """Nobody who sees only the beginning or only the end can take it for the real thing."""
    told, out, _ = transcript()
    told.head(["a"])
    told.tail(["b"])
    lines = out.getvalue().splitlines()
    assert lines[0].startswith(MARK)
    assert lines[-1].startswith(MARK)


def test_colour_only_where_it_is_wanted() -> None:
    """Without a terminal there is not one escape; with JSON the transcript leaves standard output alone."""
    plain, out, _ = transcript()
    speak(plain, "text")
    assert "\x1b" not in out.getvalue()
    coloured, out, _ = transcript(colour=True)
    speak(coloured, "text")
    assert "\x1b[1;31m" in out.getvalue()
    assert coloured.lines == plain.lines
    beside, out, err = transcript(as_json=True, colour=True)
    speak(beside, "text")
    assert out.getvalue() == ""
    assert err.getvalue().splitlines() == plain.lines
