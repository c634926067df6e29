"""Shares of a root key at a terminal: shown one at a time and wiped; typed in again, and mistakes mended one by one.

Words go to the terminal and nowhere else. The screen and what scrolled off it are wiped after each share, as far as
the terminal does what it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from hotline.errors import Misused, Refused
from hotline.root_shares import Given, Page, take_words
from hotline.slip39 import WORDS, read_phrase, word_at

WIPE = "\x1b[H\x1b[2J\x1b[3J"
"""Home, clear the screen, clear what scrolled off it."""

_MENDED = re.compile(r"([1-9][0-9]?)[.)]? +([A-Za-z]{4,8})")


def show_pages(pages: Sequence[Page]) -> None:
    """Show each share until the person says that it is on paper, then wipe it."""
    for page in pages:
        click.echo(WIPE, nl=False, err=True)
        click.echo(page.render(), err=True)
        click.prompt(
            f"Share {page.phrase.place} of {page.of}: write all of it down, compare it word by word, then press Enter",
            default="",
            show_default=False,
            err=True,
        )
        click.echo(WIPE, nl=False, err=True)


def ask_shares() -> list[Given]:
    """Ask for the words of as many shares as the first says are needed.

    Raises:
        Misused: `shares-too-few`; the person stopped before.
    """
    found: list[Given] = []
    while not found or len(found) < found[0].phrase.needed:
        given = _ask_share(len(found) + 1)
        if given is None:
            raise Misused("shares-too-few", f"{len(found)} shares were typed, and then none any more")
        if found and given.phrase.set_number != found[0].phrase.set_number:
            text = f"this share is of set {given.phrase.set_number}, the first of set {found[0].phrase.set_number}"
            click.echo(f"  {text}: another one, please", err=True)
            continue
        if given.phrase.place in {one.phrase.place for one in found}:
            click.echo(f"  share {given.phrase.place} was typed already: another one, please", err=True)
            continue
        found.append(given)
        click.echo(WIPE, nl=False, err=True)
        left = found[0].phrase.needed - len(found)
        done = f"Share {given.phrase.place} of set {given.phrase.set_number} is whole."
        click.echo(f"{done} Needed still: {left}", err=True)
    return found


def _ask_share(number: int) -> Given | None:
    """One share; None if the person typed nothing at all."""
    click.echo(
        f"Type the {WORDS} words of share {number}, in as many lines as you like, with or without their numbers; "
        "four letters of a word are enough. An empty line ends it.",
        err=True,
    )
    words: list[str] = []
    while len(words) < WORDS:
        line: str = click.prompt(f"from word {len(words) + 1}", default="", show_default=False, err=True)
        if not line.strip():
            if not words:
                return None
            click.echo(f"  {len(words)} words were typed; word {len(words) + 1} comes next", err=True)
            continue
        more = list(words)
        try:
            take_words(line, more)
        except Refused as error:
            click.echo(f"  {error.text}: type this line again", err=True)
            continue
        unknown = [place for place in range(len(words), len(more)) if word_at(more[place]) is None]
        if unknown or len(more) > WORDS:
            what = f"word {unknown[0] + 1} is not of the list" if unknown else f"a share has {WORDS} words, not more"
            click.echo(f"  {what}: type this line again", err=True)
            continue
        words = more
    while True:
        try:
            return Given(phrase=read_phrase(words), about={})
        except Refused as error:
            click.echo(f"  {error.text}", err=True)
        line = click.prompt(
            "The number of a word and the right word, such as 17 academic (empty: begin this share anew)",
            default="",
            show_default=False,
            err=True,
        )
        mended = _MENDED.fullmatch(line.strip())
        if not line.strip():
            return _ask_share(number)
        if mended is None or int(mended[1]) > WORDS or word_at(mended[2]) is None:
            click.echo("  this is no number with a word of the list", err=True)
            continue
        words[int(mended[1]) - 1] = mended[2]
