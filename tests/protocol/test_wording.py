"""Wording: every string of the languages that come with the program is one of the catalogue's, and is a translation."""

import re
import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.resources import catalogue, language_file
from protocol.wording import LANGUAGES, Said, Wording, WordingRefused, copies_english, own_strings, wanted

TRANSLATED = LANGUAGES[1:]
WANTED = wanted(catalogue(), own_strings(language_file("en")))
INTERNATIONAL = tomllib.loads(language_file("international").decode())

# The thirty families whose labels and values every language has, with helps in French. A kind that is in none of them
# may wait for its words: it is shown in English.
FAMILIES: dict[str, tuple[str, ...]] = {
    "heartbeat": ("line",),
    "line check": ("line-check",),
    "receipt": ("arrival", "blobs-held", "acknowledge"),
    "opened": ("opened",),
    "translated": ("translated",),
    "refused": ("fault", "received-disputed"),
    "authenticity": ("authenticity-challenge", "authenticity-proof"),
    "suspension": ("line-suspend", "line-resume", "planned-outage"),
    "diplomatic flag": ("diplomatic-flag",),
    "early warning": ("early-warning",),
    "notification": ("notification", "final-report"),
    "update": ("update",),
    "retraction": ("retraction", "correction"),
    "clarification": ("clarification-request", "clarification-response"),
    "holding reply": ("holding-reply",),
    "decline": ("decline",),
    "evidence": ("evidence-commit", "evidence-release", "custody-transfer", "custody-accept"),
    "attribution": ("attribution-claim", "attribution-revise", "attribution-withdraw"),
    "assessment": ("assessment", "threshold-crossed"),
    "step": ("step", "step-end"),
    "consultation": ("consultation-request", "consultation-accept", "consultation-record"),
    "red line": ("red-line-declare", "red-line-understood", "red-line-renew", "red-line-withdraw"),
    "measure": (
        "measure-propose", "measure-accept", "measure-reject", "measure-activate", "measure-phase", "measure-review",
        "measure-extend", "measure-suspend", "measure-reverse", "measure-expire",
    ),
    "confidence building": ("cbm-declare", "cbm-acknowledge", "cbm-renew", "cbm-lapse"),
    "disclosure": (
        "disclosure-propose", "disclosure-consent", "disclosure-partial", "disclosure-object", "disclosure-withhold",
        "disclosure-made",
    ),
    "exercise": ("exercise-charter", "exercise-start", "exercise-inject", "exercise-freeze", "exercise-end"),
    "agreement": ("agreement", "agreement-propose", "agreement-amend", "agreement-countersign", "agreement-withdraw"),
    "keys": ("roster", "roster-held", "key-rotate", "key-revoke", "key-restore", "compromise-alarm"),
    "cosigned heads": ("clock", "gone", "succession"),
    "audit": ("audit-request", "audit-pack", "audit-finding", "audit-response"),
}  # fmt: skip
CORE = tuple(name for names in FAMILIES.values() for name in names)

# One character at least of the script a language is written in.
SCRIPTS = {"ru": "[а-яё]", "ar": "[\u0621-\u064a]", "zh": "[\u4e00-\u9fff]"}
LENGTH_FACTOR, LENGTH_FLOOR = 2.5, 24


def wording(language: str) -> Wording:
    """The strings of a language that come with the program."""
    return Wording.load(language_file(language), language)


def international(language: str) -> set[str]:
    """Words that a language shares with English."""
    return {*INTERNATIONAL["all"], *INTERNATIONAL.get(language, {})}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_made_from_what_the_catalogue_says(language: str) -> None:
    """A key that is gone, or another English now, is a stale string: translate it anew, or take its line out."""
    stale = [key for key, said in wording(language).strings.items() if WANTED.get(key) != said.english]
    assert stale == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_core_families_are_whole(language: str) -> None:
    """Labels of kinds, fields, columns and codes in five languages, and helps in French."""
    assert len(FAMILIES) == 30
    core = wanted(catalogue(), own_strings(language_file("en")), kinds=CORE)
    asked = {key for key in core if language == "fr" or not key.endswith(".help")}
    assert sorted(asked - set(wording(language).strings)) == []


def test_every_core_family_names_kinds_of_the_catalogue() -> None:
    """So that no family is whole for want of its kinds."""
    assert set(CORE) <= {kind.name for kind in catalogue().kinds}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_string_is_a_copy_of_the_english(language: str) -> None:
    """What reads the same in both languages stands in a list with the reason, and that list holds nothing else."""
    strings = wording(language).strings
    assert [key for key, said in strings.items() if copies_english(said, international(language))] == []
    same = {said.text for said in strings.values() if copies_english(said, ())}
    assert set(INTERNATIONAL.get(language, {})) <= same
    assert all(reason for words in INTERNATIONAL.values() for reason in words.values())


def test_a_copy_of_the_english_is_found() -> None:
    """In any case of letters, unless the very word is on the list."""
    copied = Said(english="Sector", text="sector", state="unreviewed")
    assert copies_english(copied, ("Sector",))
    assert not copies_english(copied, ("sector",))


@pytest.mark.parametrize("language", TRANSLATED)
def test_nobody_has_reviewed_what_a_machine_made(language: str) -> None:
    """The program claims no review: that is for a ministry to record, in its own home."""
    assert {said.state for said in wording(language).strings.values()} == {"unreviewed"}


@pytest.mark.parametrize("language", SCRIPTS)
def test_a_string_is_written_in_the_script_of_its_language(language: str) -> None:
    """Cyrillic, Arabic or Han somewhere in each; names such as SHA-256 may stand beside."""
    script = re.compile(SCRIPTS[language], re.IGNORECASE)
    strings = wording(language).strings.items()
    assert [
        key for key, said in strings if not script.search(said.text) and said.text not in international(language)
    ] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_strings_hold_words_and_nothing_else(language: str) -> None:
    """No direction marks, no placeholders, nothing from another script that looks the same, and no long tale."""
    for key, said in wording(language).strings.items():
        assert not re.search(r"[{}%]\w|\$\w", said.text), key
        assert not any(unicodedata.category(one) in {"Cc", "Cf", "Co", "Cn"} for one in said.text), key
        assert len(said.text) <= max(LENGTH_FLOOR, LENGTH_FACTOR * len(said.english)), key
        if language in {"fr", "es"}:
            assert not re.search("[\u0370-\u05ff\u0600-\u06ff\u4e00-\u9fff]", said.text), key
        if language == "ru":
            mixed = re.search("[а-яё][a-z]|[a-z][а-яё]", said.text, re.IGNORECASE)
            assert mixed is None, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_of_a_language_is_sorted_one_line_a_string(language: str) -> None:
    """So that two persons' changes meet only where they changed the same string."""
    lines = [line for line in language_file(language).decode().splitlines() if not line.startswith("#")]
    keys = [line.partition(" = ")[0].strip('"') for line in lines]
    assert keys == sorted(set(keys))


def test_marks_are_never_translated() -> None:
    """TLP and PAP read the same in every language: no file may give their labels, and none is asked for."""
    assert not any(text.startswith(("TLP:", "PAP:")) for text in WANTED.values())
    line = '"vocabulary.tlp.TLP:RED.label" = { en = "TLP:RED", text = "TLP:ROUGE", state = "unreviewed" }'
    with pytest.raises(WordingRefused, match="never translated"):
        Wording.load(line.encode(), "fr")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"kind.update.label" = "Mise à jour"', "needs en, text and state"),
        ('"kind.update.label" = { en = "Update", text = "Mise à jour" }', "needs en, text and state"),
        (
            '"kind.update.label" = { en = "Update", text = "M", state = "unreviewed", who = "x" }',
            "needs en, text and state",
        ),
        ('"kind.update.label" = { en = "Update", text = "M", state = "source" }', "neither unreviewed nor"),
        ('"kind.update.label" = { en = "Update", text = "M", state = "reviewed" }', "by whom"),
        ('"kind.update.label" = { en = "U", text = "M", state = "reviewed", by = "x", on = "today" }', "YYYY-MM-DD"),
        (
            '"kind.update.label" = { en = "Update", text = "M\\u202e", state = "unreviewed" }',
            "not a line",
        ),
        ('"kind.update.label" = { en = "Update", text = "M\\nN", state = "unreviewed" }', "not a line"),
        ('"other.update.label" = { en = "Update", text = "M", state = "unreviewed" }', "key of another form"),
        ("not toml", "not TOML"),
    ],
)
def test_a_file_of_another_form_is_refused(line: str, why: str) -> None:
    """Nothing of it is taken."""
    with pytest.raises(WordingRefused) as refused:
        Wording.load(line.encode(), "fr")
    assert why in str(refused.value)


def test_a_string_counts_only_for_the_english_it_was_made_from() -> None:
    """Where an older catalogue says something else under the same key, the English stands alone."""
    line = '"kind.update.label" = { en = "Update", text = "Mise à jour", state = "unreviewed" }'
    french = Wording.load(line.encode(), "fr")
    found = french.label("kind.update.label", "Update")
    assert (found.text, found.beside) == ("Mise à jour", "Update")
    assert french.label("kind.update.label", "Supplement") == Said(
        english="Supplement", text="Supplement", state="source"
    )


def test_a_review_counts_before_what_comes_with_the_program_until_the_english_changes() -> None:
    """A reviewed string has no English beside it; one made from an older English does not count."""
    base = Wording.load(b'"kind.update.label" = { en = "Update", text = "A", state = "unreviewed" }', "fr")
    line = '"kind.update.label" = {{ en = "{}", text = "B", state = "reviewed", by = "x", on = "2026-11-22" }}'
    good, old = (Wording.load(line.format(english).encode(), "fr") for english in ("Update", "Updated"))
    assert (good.over(base).label("kind.update.label", "Update").text) == "B"
    assert good.over(base).label("kind.update.label", "Update").beside is None
    assert (old.over(base).label("kind.update.label", "Update").text) == "A"


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """A file of a home may hold anything: it is strings of a language, or it is refused."""
    try:
        found = Wording.load(data, "fr")
    except WordingRefused:
        return
    assert all(said.state in {"reviewed", "unreviewed"} for said in found.strings.values())
