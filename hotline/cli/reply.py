"""`hotline ack`, `ask` and `answer`: the three replies of every night, thin over `send`."""

from __future__ import annotations

from typing import Any

import click

from hotline.cli.send import require_text, run_send, sending_options
from hotline.cli.settings import common_options, settings_of

_ASK, _ANSWER = "clarification-request", "clarification-response"


@click.command("ack")
@click.argument("serial")
@click.option("--note", help="A note that goes with it.")
@sending_options
@common_options
@click.pass_context
def ack_command(context: click.Context, /, serial: str, note: str | None, **options: Any) -> int:
    """Acknowledge a statement: received and understood. It agrees to nothing.

    \b
    Example:
      hotline --home ARC ack 'BOR 4'
    """
    preset = {} if note is None else {"note": note}
    return run_send(settings_of(context), "acknowledge", reply_to=serial, preset=preset, **options)


@click.command("ask")
@click.argument("serial")
@click.option("--question", "questions", multiple=True, help="A question; repeat it for several.")
@click.option("--why", help="Why it is asked.")
@sending_options
@common_options
@click.pass_context
def ask_command(
    context: click.Context, /, serial: str, questions: tuple[str, ...], why: str | None, **options: Any
) -> int:
    """Ask for clarification of a statement.

    \b
    Example:
      hotline --home ARC ask 'BOR 4' --question "Was the outage intended?" --why "Our port is affected."
    """
    settings = settings_of(context)
    preset: dict[str, Any] = {}
    if options.get("file") is None:
        asked = list(questions) or [require_text(None, "--question", settings, _ASK, "questions", "text")]
        preset = {
            "questions": [{"number": place, "text": text} for place, text in enumerate(asked, 1)],
            "why": require_text(why, "--why", settings, _ASK, "why"),
        }
    return run_send(settings, _ASK, reply_to=serial, preset=preset, **options)


@click.command("answer")
@click.argument("serial")
@click.option("--text", "texts", multiple=True, help="The answer to a question; repeat it in the questions' order.")
@click.option("--state", "states", multiple=True, help="answered, partly, declined or not-known, in the same order.")
@sending_options
@common_options
@click.pass_context
def answer_command(
    context: click.Context, /, serial: str, texts: tuple[str, ...], states: tuple[str, ...], **options: Any
) -> int:
    """Answer a clarification request, question by question.

    Where no outcome is given it follows from the states: answered or not-known where all are, partly otherwise.

    \b
    Example:
      hotline --home BOR answer 'ARC 7' --text "It was not. Maintenance failed." --text "We do not know yet." \\
          --state answered --state not-known
    """
    settings = settings_of(context)
    preset: dict[str, Any] = {}
    if options.get("file") is None and (texts or states or not options.get("values")):
        given = list(texts) or [require_text(None, "--text", settings, _ANSWER, "answers", "text")]
        said = [states[place] if place < len(states) else "answered" for place in range(len(given))]
        preset = {
            "answers": [
                {"number": place, "state": state, "text": text or None, "grade": None}
                for place, (state, text) in enumerate(zip(said, given, strict=True), 1)
            ]
        }
    return run_send(settings, _ANSWER, reply_to=serial, preset=preset, **options)
