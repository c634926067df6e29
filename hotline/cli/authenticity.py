"""`hotline challenge` and `hotline prove`: whether a grave message is really theirs, asked by another way."""

from __future__ import annotations

from typing import Any

import click

from hotline.cli.send import run_send, sending_options
from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused, Refused

WORDS = 6
"""Words of 256 each: 48 bits, drawn anew for each challenge and used once."""

_CHANNELS = click.Choice(["telephone", "secure-voice", "video", "in-person", "embassy", "courier"])
_BY = click.option("--by", "channel", type=_CHANNELS, default="telephone", show_default=True, help="The second way.")


@click.command("challenge")
@click.argument("serial")
@_BY
@sending_options
@common_options
@click.pass_context
def challenge_command(context: click.Context, /, serial: str, channel: str, **options: Any) -> int:
    """Ask the other side to prove, by a second way, that a statement is theirs.

    Sends a challenge with six words. Call the number that the agreement names, never one from the message, and let
    them read the words to you from their screen, or read yours to them. Their proof settles it; until then the
    statement is shown as unproved.

    \b
    Example:
      hotline --home ARC challenge 'BOR 4'
    """
    import secrets

    from keys.words import WORDS as LIST

    words = " ".join(LIST[byte] for byte in secrets.token_bytes(WORDS))
    settings = settings_of(context)
    preset = {"channel": channel, "nonce": words}
    status = run_send(settings, "authenticity-challenge", reply_to=serial, preset=preset, **options)
    # What was refused has no words to compare.
    settings.output.note(f"Words to compare by {channel}: {words}")
    return status


@click.command("prove")
@click.argument("serial")
@click.option("--words", help="The six words as you heard them by the second way.")
@click.option("--ours/--not-ours", default=None, help="Whether the statement challenged is your party's.")
@_BY
@sending_options
@common_options
@click.pass_context
def prove_command(
    context: click.Context, /, serial: str, words: str | None, ours: bool | None, channel: str, **options: Any
) -> int:
    """Answer a challenge: say that a statement is yours, or that it is not. Two persons sign that.

    SERIAL is the challenge. The words that you heard are compared with those in it; where they differ, nothing is sent,
    because whoever is on the telephone is not who sent the challenge.

    \b
    Example:
      hotline --home BOR prove 'ARC 9' --ours --words "acorn bridge candle dolphin eagle forest" --as duty --as release
    """
    from hmac import compare_digest

    from hotline.sending import fetch
    from nodes.proofs import CHALLENGE, plain_words

    settings = settings_of(context)
    if words is None or ours is None:
        raise Misused("missing-field", "give --words as you heard them, and --ours or --not-ours")
    with open_desk(settings) as (desk, _):
        spoken = fetch(desk, serial)
        if spoken.kind is None or spoken.kind.name != CHALLENGE:
            raise Misused("reply-unfit", f"{spoken.serial} is no challenge")
        contents = desk.contents(spoken) or {}
    heard, asked = plain_words(words), plain_words(str(contents.get("nonce", "")))
    if not asked or not compare_digest(heard.encode(), asked.encode()):
        raise Refused(
            "challenge-words-differ", f"the words heard are not those of {spoken.serial}; hang up, and call again"
        )
    preset = {"ours": ours, "channel": channel, "nonce": asked}
    options["outcome"] = options.get("outcome") or "answered"
    return run_send(settings, "authenticity-proof", reply_to=serial, preset=preset, **options)
