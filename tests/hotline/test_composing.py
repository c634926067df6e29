"""From flags and files to checked values."""

from dataclasses import replace

import pytest

from hotline.composing import Letter, choice_of, find_kind, outcome_of, pairs
from hotline.errors import Misused, Refused
from nodes.resources import catalogue

NOW = 1_795_305_236_589
KNOWN = catalogue()


def letter(kind: str) -> Letter:
    """An empty letter of a kind."""
    return Letter(kind=find_kind(kind, KNOWN))


def test_flags_and_a_file_give_the_same_letter() -> None:
    """Records as tables and as typed lines, codes as codes and as labels, header choices by name."""
    typed = letter("clarification-request")
    for name, text in pairs(["questions=Was it yours?", "questions=When did it begin?", "why=Our port", "severity=2"]):
        typed.set_text(name, text, catalogue=KNOWN, now_ms=NOW)
    read = letter("clarification-request")
    rows = b'[[questions]]\ntext = "Was it yours?"\n[[questions]]\ntext = "When did it begin?"'
    file = b'severity = 2\nwhy = "Our port"\n' + rows
    read.set_file(file, where="f.toml", catalogue=KNOWN, now_ms=NOW)
    assert typed.values == read.values
    assert typed.choices == read.choices
    assert [row["number"] for row in typed.values["questions"]] == [1, 2]
    typed.check(KNOWN, now_ms=NOW)


def test_a_time_of_awareness_that_nobody_gave_is_now() -> None:
    """The kind needs one; the author who says nothing has just become aware."""
    notice = letter("notification")
    for name, text in (("title", "x"), ("summary", "y"), ("class", "malware-configuration"), ("severity", "1")):
        notice.set_text(name, text, catalogue=KNOWN, now_ms=NOW)
    notice.check(KNOWN, now_ms=NOW)
    assert notice.choices.aware_at_ms == NOW


def test_the_facts_of_a_kind_are_taken_by_type() -> None:
    """Numbers, hashes, times from now and flags; one that is needed and absent is named."""
    types = {"starts_ms": "time", "rung_to": "uint?", "text": "hash?", "forced": "flag?", "by": "flag?"}
    notice = Letter(kind=replace(find_kind("goodwill", KNOWN), facts=types), values={"message": "hello"})
    with pytest.raises(Misused, match="starts_ms") as refused:
        notice.check(KNOWN, now_ms=NOW)
    assert refused.value.code == "facts-needed"
    file = b'[facts]\nstarts_ms = "+24h"\nrung_to = 3\nforced = true\nby = "no"\ntext = "%s"\n' % (b"ab" * 32)
    notice.set_file(file, where="f.toml", catalogue=KNOWN, now_ms=NOW)
    assert notice.facts == {"starts_ms": NOW + 86_400_000, "rung_to": 3, "forced": True, "text": b"\xab" * 32}
    notice.check(KNOWN, now_ms=NOW)
    with pytest.raises(Misused, match="no fact 'mood'"):
        notice.set_fact("mood", "good", now_ms=NOW)


@pytest.mark.parametrize(
    ("kind", "settings", "code"),
    [
        ("notification", ["title=x", "summary=y", "class=malware-configuration"], "severity-needed"),
        ("goodwill", ["message=hello", "severity=2"], "unfit-header"),
        ("goodwill", ["mesage=hello"], "unknown-field"),
        ("goodwill", ["message"], "usage"),
        ("notification", ["class=nonsense"], "bad-field"),
        ("notification", ["severity=9"], "bad-field"),
        ("goodwill", ["status=real"], "bad-field"),
        ("holding-reply", ["respond_by=soon"], "bad-field"),
    ],
)
def test_what_the_kind_does_not_take_is_misuse(kind: str, settings: list[str], code: str) -> None:
    """Each mistake is named by its code."""
    wanted = letter(kind)

    def fill() -> None:
        for name, text in pairs(settings):
            wanted.set_text(name, text, catalogue=KNOWN, now_ms=NOW)
        wanted.check(KNOWN, now_ms=NOW)

    with pytest.raises(Misused) as caught:
        fill()
    assert caught.value.code == code


def test_a_missing_field_is_refused_by_name() -> None:
    """The first problem is named, and how many there are beside it."""
    empty = letter("goodwill")
    with pytest.raises(Refused, match="message") as caught:
        empty.check(KNOWN, now_ms=NOW)
    assert caught.value.code == "missing-field"


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (["answered", "answered"], "answered"),
        (["not-known"], "not-known"),
        (["answered", "declined"], "partly"),
        ([], None),
    ],
)
def test_the_outcome_follows_from_the_answers(states: list[str], outcome: str | None) -> None:
    """All answered, none known, or partly."""
    assert outcome_of([{"state": state} for state in states]) == outcome


@pytest.mark.parametrize(
    ("name", "code"),
    [("notificaton", "no-such-kind"), ("line", "kind-not-for-people"), ("roster", "kind-not-for-people")],
)
def test_kinds_that_nobody_sends_are_refused(name: str, code: str) -> None:
    """Unknown kinds, and those that nodes or roots say."""
    with pytest.raises(Misused) as caught:
        find_kind(name, KNOWN)
    assert caught.value.code == code


def test_a_file_of_another_kind_is_refused() -> None:
    """A file that names its kind is for that kind only."""
    with pytest.raises(Misused):
        letter("goodwill").set_file(b'kind = "update"', where="f", catalogue=KNOWN, now_ms=NOW)


def test_later_choices_win() -> None:
    """A flag stands over a file; what the flag leaves open the file decides."""
    both = choice_of("severity", "3", now_ms=NOW).over(choice_of("status", "test", now_ms=NOW))
    assert (both.severity, both.status) == (3, "test")
