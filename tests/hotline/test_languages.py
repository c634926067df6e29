"""What a reader of another language sees: labels in that language, the English beside what nobody has reviewed."""

import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import pytest

from hotline.cli.main import cli, run
from hotline.output import Output, table
from hotline.printable import printable
from hotline.showing import PROOFS, header_lines, row, verdict_lines
from hotline.words import ENGLISH, Words, columns, cut, padded
from nodes.backup_files import KEYS, paths
from nodes.home import NodeHome
from nodes.resources import catalogue, language_file
from protocol.wording import LANGUAGES, Wording, own_strings
from tests.hotline.nodes import running
from tests.hotline.people import Done, acting, hotline, make_home, ok, paired
from tests.protocol.statement_samples import sample_statement

ROOT = Path(__file__).resolve().parents[2]
NOTICE = ("--set", "title=Intrusion\u200cat a port", "--set", "class=outage", "--set", "summary=Two hosts.")
ISOLATE, END = "\u2067", "\u2069"


def words(language: str) -> Words:
    """The words of a language as they come with the program."""
    return Words(Wording.load(language_file(language), language))


def kind_shown(language: str, name: str = "notification") -> str:
    """What `catalogue show` says in a language."""
    done = hotline("--lang", language, "catalogue", "show", name)
    assert done.status == 0, done.err
    return done.out


def test_in_english_nothing_stands_beside() -> None:
    """Without a language, and with English asked for, the screen is the same."""
    assert hotline("catalogue", "show", "update") == hotline("--lang", "en", "catalogue", "show", "update")
    assert ENGLISH.coded("severity", "3") == "3"
    assert ENGLISH.state("partly") == "partly"


def test_what_nobody_reviewed_has_its_english_in_brackets() -> None:
    """Labels, helps and the words of vocabularies; codes stay as they are, because they are what is signed."""
    shown = kind_shown("fr")
    assert "notification: Notification d’incident [Incident notification]" in shown
    assert "energy  énergie [energy]" in shown
    assert "Ce qu’un agent de permanence lit d’abord. Aucun nom de personne. [What a duty officer" in shown
    assert words("ru").coded("severity", "3") == "3 (высокая [high])"
    assert words("zh").state("answered") == "answered (已答复)"


def test_marks_are_shown_as_they_are() -> None:
    """No language has a word of its own for TLP or PAP."""
    for language in ("fr", "ar", "zh"):
        shown = kind_shown(language)
        assert "(optional, TLP:AMBER+STRICT)" in shown
        assert "AMBER  PAP:AMBER\n" in shown


def test_arabic_stands_in_isolates_and_only_ours_does() -> None:
    """The label is set apart from the line around it; the same characters in foreign text are escaped."""
    shown = kind_shown("ar", "goodwill")
    assert f"goodwill: {ISOLATE}رسالة مودة{END} [Goodwill message]" in shown
    assert shown.count(ISOLATE) == shown.count(END) > 0
    assert ISOLATE not in kind_shown("zh", "goodwill")
    assert row("from", f"{ISOLATE}BOR{END}", words("ar")).count(ISOLATE) == 1
    assert printable(ISOLATE) == "\\u{2067}"


def test_a_terminal_that_is_not_utf_8_gets_english() -> None:
    """It could show half of the words at best, and says why."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="iso-8859-1"), io.StringIO()
    from hotline.language_files import find_words

    assert find_words("fr", home=Path(), output=Output(out=out, err=err)) is ENGLISH
    assert "not set to UTF-8" in err.getvalue()


def test_wide_characters_take_two_columns() -> None:
    """So that columns stay columns in Chinese; marks and isolates take none."""
    assert [columns(text) for text in ("ab", "能源", f"{ISOLATE}طاقة{END}", "e\u0301")] == [2, 4, 4, 1]
    assert padded("能源", 6) == "能源  "
    assert table([("能源", "x"), ("abcd", "y")]) == ["能源  x", "abcd  y"]
    assert [cut(text, 4) for text in ("能源", "能源源", "abcde", f"{ISOLATE}طاقةط{END}")] == [
        "能源", "能…", "abc…", f"{ISOLATE}طاق…{END}",
    ]  # fmt: skip


def test_every_row_of_a_header_has_a_name_in_every_language() -> None:
    """A statement with every choice made shows no row that is English alone."""
    statement = sample_statement()
    for language in ("fr", "es", "ru", "ar", "zh"):
        output = Output(find_words=lambda language=language: words(language))  # type: ignore[misc]
        names = [line[2:36].strip() for line in header_lines(statement, None, output)[1:] if line.startswith("  ")]
        assert len(names) > 6
        assert [name for name in names if name.isascii() and "[" not in name] == []


def opened_files(*arguments: str) -> list[str]:
    """Names of the files of languages that a command opens."""
    program = (
        "import sys; seen = []; "
        "sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event == 'open' else None); "
        "from hotline.cli.main import run; from hotline.output import Output; import io; "
        "run(sys.argv[1:], Output(out=io.StringIO())); "
        "print(*(name.rpartition('/')[2] for name in seen if '/protocol/languages/' in name))"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.slow
def test_files_of_a_language_are_read_only_when_asked_for() -> None:
    """None for a reader of English; for another one file, once."""
    assert opened_files("catalogue", "show", "goodwill") == []
    assert opened_files("--lang", "fr", "catalogue", "show", "goodwill") == ["fr.toml"]


def test_every_row_that_a_screen_names_has_words() -> None:
    """A row added to a screen is added to en.toml, and so asked for in every language."""
    named = set()
    for path in ("showing.py", "contacts.py", "cli/show.py", "cli/send.py"):
        source = (ROOT / "hotline" / path).read_text(encoding="utf-8")
        named |= set(re.findall(r"row\(\s*\"([^\"]+)\"", source))
        named |= set(re.findall(r"^ {8}\(\"([a-z ]+)\", ", source, re.MULTILINE))
    named |= {word for word, _meaning in PROOFS.values()}
    assert "severity" in named
    assert {f"header.{name}" for name in named} <= set(own_strings(language_file("en")))


def test_a_language_that_is_not_there_stops_nobody() -> None:
    """As an option it is refused before anything is done; from the environment or a home it is English, and said."""
    assert hotline("--lang", "tlh", "catalogue", "list", "--json").json["error"]["code"] == "usage"
    assert hotline("catalogue", "review", "en", "--json").json["error"]["code"] == "language-unknown"
    out, err = io.StringIO(), io.StringIO()
    assert run(["catalogue", "show", "goodwill"], Output(out=out, err=err), lang="tlh") == 0
    assert "goodwill: Goodwill message\n" in out.getvalue()
    assert "there is no language 'tlh'" in err.getvalue()
    option = next(one for one in cli.params if one.name == "lang")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == LANGUAGES


def test_a_damaged_file_of_reviews_stops_nobody(tmp_path: Path) -> None:
    """The program's own strings are shown, and a line says which file does not hold."""
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "fr.toml").write_text('"kind.goodwill.label" = "x"\n')
    done = hotline("--home", tmp_path, "--lang", "fr", "catalogue", "show", "goodwill")
    assert "goodwill: Message de courtoisie [Goodwill message]" in done.out
    assert "no reviewed labels" in done.err


def test_programs_read_the_label_and_its_state() -> None:
    """With --json the English stays where it was, and the string of the language stands beside it."""
    shown = ok("--lang", "es", "catalogue", "show", "goodwill")
    assert shown["label"] == "Goodwill message"
    assert shown["said"] == {"text": "Mensaje de cortesía", "state": "unreviewed"}
    assert ok("catalogue", "show", "goodwill")["said"] == {"text": "Goodwill message", "state": "source"}


def review(home: Path, *arguments: str | Path) -> Done:
    """`hotline catalogue review fr` in a home."""
    return hotline("--home", home, "catalogue", "review", "fr", *arguments)


@pytest.mark.slow
def test_a_ministry_records_its_review_in_its_own_home(tmp_path: Path) -> None:
    """From the file of open strings to a screen without English beside them, under the name of the office."""
    home = make_home(tmp_path, "ARC")
    file = tmp_path / "french.toml"
    listed = ok("--home", home, "catalogue", "review", "fr", "--kind", "goodwill", "--out", file)
    assert {one["key"] for one in listed["unreviewed"]} >= {"kind.goodwill.label", "kind.goodwill.help"}
    assert not listed["untranslated"]
    file.write_text('"kind.goodwill.label" = "Message d’amitié"\n"kind.goodwill.help" = "Salutations."\n')
    assert review(home, "--from", file).status == 2
    recorded = ok("--home", home, "catalogue", "review", "fr", "--from", file, "--by", "Language service")
    assert (recorded["recorded"], recorded["changed"]) == (2, 2)
    left = ok("--home", home, "catalogue", "review", "fr")
    assert len(left["unreviewed"]) + len(left["untranslated"]) == left["strings"] - 2
    shown = hotline("--home", home, "--lang", "fr", "catalogue", "show", "goodwill").out
    assert "goodwill: Message d’amitié\n  Salutations.\n" in shown
    # Below the node's home its officers read the same.
    below = hotline("--home", home / "officers" / "duty", "--lang", "fr", "catalogue", "show", "goodwill").out
    assert "goodwill: Message d’amitié\n" in below
    # And it is work that nobody wants to do twice.
    assert "languages/fr.toml" in paths(NodeHome.open(home), KEYS)


@pytest.mark.slow
@pytest.mark.parametrize("line", ['"kind.nothing.label" = "x"', '"kind.goodwill.label" = "a\\u202eb"', "no toml"])
def test_a_review_of_what_is_not_there_is_refused(tmp_path: Path, line: str) -> None:
    """Nothing of the file is recorded."""
    home = make_home(tmp_path, "ARC", officers=())
    (tmp_path / "file.toml").write_text(line + "\n")
    assert review(home, "--from", tmp_path / "file.toml", "--by", "Language service").status == 1
    assert not (home / "languages").exists()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run."""
    arc, bor = paired(tmp_path_factory.mktemp("languages"))
    with running(arc, bor):
        yield arc, bor


def seen(words_there: str, *arguments: str | Path) -> str:
    """What a command says once certain words are in it: an entry is held before it is judged."""
    until, found = time.monotonic() + 10, ""
    while words_there not in found and time.monotonic() < until:
        found = hotline(*arguments).out
    assert words_there in found, found
    return found


@pytest.mark.slow
def test_an_officer_reads_in_the_language_of_their_home(homes: tuple[Path, Path]) -> None:
    """The home's `lang`, the environment before it, --lang before both; what the other side wrote stays escaped."""
    arc, bor = homes
    sent = ok(*acting(arc, "send", "notification", "--severity", "2", *NOTICE, "--wait", "held", "--timeout", "20"))
    settings = bor / "officers" / "duty" / "officer.toml"
    settings.write_text(settings.read_text() + 'lang = "ar"\n')
    shown = hotline(*acting(bor, "show", sent["serial"], "--peek")).out
    assert f"{ISOLATE}إخطار بحادث{END} [Incident notification]" in shown
    assert f"{ISOLATE}درجة الخطورة{END} [severity]" in shown
    assert f"2 ({ISOLATE}متوسطة{END} [medium])" in shown
    assert f"outage ({ISOLATE}انقطاع غير مقصود{END} [outage without intent])" in shown
    assert "Intrusion\\u{200c}at a port" in shown
    seen("notification (Notificación de incidente)", "--lang", "es", *acting(bor, "inbox"))
    seen("held (en poder)", "--lang", "es", *acting(bor, "threads"))
    again = hotline("--lang", "en", *acting(bor, "show", sent["serial"], "--peek")).out
    assert ISOLATE not in again


@pytest.mark.slow
def test_a_translation_is_told_to_the_other_side_and_shown_with_the_statement(homes: tuple[Path, Path]) -> None:
    """None at first; then rough into French, with its hash, for reader and author, in `show` and in the thread."""
    arc, bor = homes
    sent = ok(*acting(arc, "send", "notification", "--severity", "1", *NOTICE, "--wait", "held", "--timeout", "20"))
    before = hotline("--lang", "en", *acting(bor, "show", sent["serial"], "--peek")).out
    assert "  translation   none\n" in before
    text = bor.parent / "french.txt"
    text.write_text("Deux machines.\n")
    refused = hotline(*acting(bor, "translate", sent["serial"], "--into", "fr", "--state", "rough", "--give"))
    assert refused.status == 2
    made = ok(
        *acting(bor, "translate", sent["serial"], "--into", "fr", "--state", "rough", "--text", text, "--give"),
        *("--wait", "held", "--timeout", "20"),
    )
    wanted = {
        "serial": made["serial"],
        "state": "rough",
        "into": "fr",
        "text_hash": sha256(text.read_bytes()).hexdigest(),
    }
    told = f"rough into fr ({made['serial']})"
    seen(told, *acting(bor, "show", sent["serial"], "--peek", "--lang", "en"))
    assert ok(*acting(bor, "show", sent["serial"], "--peek"))["translations"] == [wanted]
    seen(told, *acting(arc, "show", sent["serial"], "--peek"))
    seen(
        f"rough (provisional) into fr ({made['serial']})",
        "--lang",
        "es",
        *acting(arc, "show", sent["serial"], "--peek"),
    )
    seen("rough into fr", *acting(arc, "threads", sent["serial"]))
    seen("Deux machines.", *acting(arc, "show", made["serial"], "--peek"))


def test_facts_of_the_header_are_read_like_fields() -> None:
    """A time as a time, a code with its label, a rank with the rung it stands for."""
    view: dict[str, Any] = {
        "ahead": None, "effective": True, "faults": [], "rungs": {}, "state": None, "clocks": [], "signers": [],
        "facts": {"starts_ms": 1_795_255_200_000, "rung_to": 2, "forced": True},
    }  # fmt: skip
    kind = catalogue().kind("step")
    assert kind is not None
    suspension = catalogue().kind("line-suspend")
    assert suspension is not None
    assert words("fr").rule(suspension, suspension.rules[0].label()).endswith(f" [{suspension.rules[0].label()}]")
    assert words("fr").rule(suspension, "another \u202e text") == "another \\u{202e} text"
    said = {**view, "facts": {"reason": "maintenance"}}
    assert "maintenance (entretien)" in "\n".join(
        verdict_lines(said, Output(find_words=lambda: words("fr")), kind=suspension)
    )
    english = "\n".join(verdict_lines(view, Output(), kind=kind))
    assert "2026-11-21T10:00:00.000Z" in english
    assert "2 (contact between diplomatic desks)" in english
    french = "\n".join(verdict_lines(view, Output(find_words=lambda: words("fr")), kind=kind))
    assert "prise d’effet [starts_ms]" in french
    assert "2 (contact entre bureaux diplomatiques [contact between diplomatic desks])" in french


@pytest.mark.slow
def test_the_docket_names_clocks_and_registers_in_the_readers_language(homes: tuple[Path, Path]) -> None:
    """Headings, registers, clocks and states; the code stays in front, because it is what one types."""
    arc, bor = homes
    asked = ok(
        *acting(arc, "send", "clarification-request", "--to", "BOR", "--set", "questions=Was it meant?"),
        *("--set", "why=Our port.", "--wait", "held", "--timeout", "20"),
    )
    due = seen("answer (réponse) by BOR", "--lang", "fr", *acting(bor, "due"))
    assert "clarification-request (Demande d’éclaircissements)" in due
    docket = hotline("--lang", "ru", *acting(bor, "docket")).out
    assert "ожидает ответа [waits for an answer]" in docket
    assert "red-lines (красные линии)" in hotline("--lang", "ru", *acting(bor, "registers", "red-lines")).out
    seen("answer (答复) by BOR: running (计时中)", "--lang", "zh", *acting(bor, "show", asked["serial"], "--peek"))
