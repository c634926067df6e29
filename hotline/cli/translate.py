"""`hotline translate`: say that a statement of the other side was translated, thin over `send`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

from hotline.cli.completing import complete_words
from hotline.cli.send import run_send, sending_options
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused

_FILE_BYTES_MAX = 1_048_576


@click.command("translate")
@click.argument("serial")
@click.option("--into", "target", required=True, metavar="LANG", help="Language of the translation, such as fr.")
@click.option(
    "--state",
    required=True,
    shell_complete=complete_words("sight", "rough", "official"),
    help="sight (spoken while reading), rough (not checked) or official (your side stands by it).",
)
@click.option("--text", "text", type=click.Path(), help="File with the translation; its hash is said.")
@click.option(
    "--give", is_flag=True, help="Give the translation itself, too: the other side sees how it was understood."
)
@sending_options
@common_options
@click.pass_context
def translate_command(
    context: click.Context, /, serial: str, target: str, state: str, text: str | None, give: bool, **options: Any
) -> int:
    """Say that a statement of the other side was translated, into which language and how well.

    The translation stays with you unless you give it; its hash shows later that it was this one. It agrees to nothing.

    \b
    Examples:
      hotline --home ARC translate 'BOR 4' --into fr --state sight
      hotline --home ARC translate 'BOR 4' --into fr --state official --text french.txt --give
    """
    from nodes.files import read_file

    if give and text is None:
        raise Misused("missing-field", "give the translation with --text FILE")
    preset: dict[str, Any] = {"state": state, "target": target}
    if text is not None:
        data = read_file(Path(text), bytes_max=_FILE_BYTES_MAX)
        preset["text_hash"] = hashlib.sha256(data).hexdigest()
        if give:
            try:
                # As fields take it: no blanks around it. The hash is of the file as it is.
                preset["translation"] = data.decode("utf-8").strip()
            except UnicodeDecodeError as error:
                raise Misused("bad-field", f"{text} is not UTF-8") from error
    return run_send(settings_of(context), "translated", reply_to=serial, preset=preset, **options)
