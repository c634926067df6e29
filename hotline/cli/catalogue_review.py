"""`hotline catalogue review`: what nobody has reviewed in a language, and how a ministry records that it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.completing import complete_kinds, complete_words
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from protocol.wording import Wording

_FILE_BYTES_MAX = 4_194_304


@click.command("review")
@click.argument("language", metavar="LANG", shell_complete=complete_words("fr", "es", "ru", "ar", "zh"))
@click.option("--kind", "kinds", multiple=True, shell_complete=complete_kinds, help="Only what this kind shows.")
@click.option("--out", "out", type=click.Path(), help="Write what is unreviewed to a file, to be worked through.")
@click.option("--from", "reviewed", type=click.Path(), help="Record the lines of such a file as reviewed.")
@click.option("--by", metavar="OFFICE", help="With --from: which office reviewed them; never a person's name.")
@common_options
@click.pass_context
def review_command(
    context: click.Context, language: str, kinds: tuple[str, ...], out: str | None, reviewed: str | None, by: str | None
) -> None:
    """List the strings of a language that nobody has reviewed, or record that your ministry has.

    The strings that come with the program were made by a machine: each is shown with its English until it is
    reviewed. Write them to a file, put right what is wrong, take out the lines you do not answer for, and record the
    rest in your home, where it counts before what the program brings.

    \b
    Examples:
      hotline catalogue review fr --kind notification
      hotline catalogue review fr --out french.toml
      hotline --home ARC catalogue review fr --from french.toml --by "Language service"
    """
    from hotline.language_files import check_language, read_wording
    from nodes.files import write_file
    from nodes.resources import catalogue, language_file
    from protocol.wording import SOURCE_LANGUAGE, own_strings, wanted

    settings, lang = settings_of(context), language
    check_language(lang)
    if lang == SOURCE_LANGUAGE:
        raise Misused("language-unknown", "English is the source; there is nothing to review in it")
    known = catalogue()
    for name in kinds:
        if known.kind(name) is None:
            raise Misused("no-such-kind", f"there is no kind {name!r}; see: hotline catalogue list")
    strings = wanted(known, own_strings(language_file(SOURCE_LANGUAGE)), kinds=kinds or None)
    wording = read_wording(lang, settings.home or Path())
    if reviewed is not None:
        _record(settings, lang, Path(reviewed), strings, wording, by=by)
        return
    open_keys = [key for key, english in sorted(strings.items()) if wording.label(key, english).state == "unreviewed"]
    without = [key for key, english in sorted(strings.items()) if wording.label(key, english).state == "source"]
    found = [{"key": key, "en": strings[key], "text": wording.strings[key].text} for key in open_keys]
    if out is not None:
        write_file(Path(out), _file(found), replace=False)
    lines = [f"{one['key']}\n  {one['en']}\n  {one['text']}" for one in found] if out is None else []
    lines.append(f"{len(found)} unreviewed, {len(strings) - len(found) - len(without)} reviewed, of {len(strings)}")
    if without:
        lines.append(f"{len(without)} have no string in this language and are shown in English")
    settings.output.result(
        {"lang": lang, "strings": len(strings), "unreviewed": found, "untranslated": without, "out": out}, lines
    )


def _record(
    settings: Settings, lang: str, path: Path, strings: Mapping[str, str], wording: Wording, *, by: str | None
) -> None:
    """Record the lines of a file as reviewed in the home.

    Raises:
        Misused: no office, or a line that is no string of this language.
    """
    from hotline.clock import now_ms
    from hotline.language_files import read_reviews, write_reviews
    from hotline.zulu import zulu
    from nodes.files import read_file
    from protocol import toml_text
    from protocol.plain_text import problem_of_line
    from protocol.wording import REVIEWER_BYTES_MAX, Said

    home = settings.any_home()
    if by is None or problem_of_line(by) is not None or len(by.encode()) > REVIEWER_BYTES_MAX:
        raise Misused("missing-field", f"give --by OFFICE, one line of {REVIEWER_BYTES_MAX} bytes at most")
    try:
        texts: dict[str, Any] = toml_text.loads(read_file(path, bytes_max=_FILE_BYTES_MAX))
    except toml_text.TomlRefused as error:
        raise Refused("wording-refused", f"{path}: {error}") from error
    kept = dict(read_reviews(home.path, lang).strings)
    for key, text in texts.items():
        if key not in strings or not isinstance(text, str) or problem_of_line(text) is not None:
            raise Refused(
                "wording-refused", f"{path}: {key[:120]!r} is no string of the catalogue, or its text no line"
            )
        kept[key] = Said(english=strings[key], text=text, state="reviewed", by=by, on=zulu(now_ms())[:10])
    file = write_reviews(home.path, lang, kept)
    changed = sum(wording.label(key, strings[key]).text != text for key, text in texts.items())
    settings.output.result(
        {"lang": lang, "recorded": len(texts), "changed": changed, "file": str(file)},
        [f"{len(texts)} strings are reviewed by {by}, {changed} of them with another text: {file}"],
    )


def _file(found: list[dict[str, str]]) -> bytes:
    from hotline.party_file import toml_string

    lines = ["# Put right what is wrong; take out the lines that you do not answer for.\n"]
    lines += [f"# {one['en']}\n{toml_string(one['key'])} = {toml_string(one['text'])}\n" for one in found]
    return "".join(lines).encode()
