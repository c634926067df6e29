"""`hotline disclosable` and `hotline disclose`: what may be told to whom, and agreeing to tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.docket import DOCKET_TIMEOUT_S, given_time
from hotline.cli.send import run_send, sending_options
from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused

if TYPE_CHECKING:
    from hotline.cli.send import Scene
    from hotline.desk import Desk

AUDIENCES = ("auditor", "partners", "community", "public")
PUBLISHED = frozenset({"accepted", "partly", "in-force"})
"""States of a proposal in which what it proposes may be published."""

_AUDIENCE = click.Choice(AUDIENCES)


@click.command("disclosable")
@click.option("--to", "audience", type=_AUDIENCE, help="For this audience. Default: the widest each field is open to.")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--at", "at", metavar="TIME", help="At a time, such as 2026-11-21T09:14Z, +30d or -2d.")
@click.option("--thread", metavar="'ARC 3'", help="Any statement of a thread. Default: the last threads.")
@common_options
@click.pass_context
def disclosable_command(
    context: click.Context, audience: str | None, counterpart: str | None, at: str | None, thread: str | None
) -> None:
    """Show which fields may be told to whom, since when and by which rule, and what would open the others.

    A field begins at the tier of the catalogue, or at a closer one that its statement states (--set closest=parties).
    Rules of the agreement open it wider. It all follows from headers: both sides and every auditor find the same, and
    nothing of the contents is shown here.

    \b
    Examples:
      hotline --home ARC disclosable --to public
      hotline --home ARC disclosable --thread 'ARC 3' --at +90d
    """
    from hotline.banners import banner
    from hotline.disclosures import statement_lines
    from hotline.sending import fetch
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        arguments: dict[str, Any] = {}
        if thread is not None:
            named = fetch(desk, thread)
            counterpart = counterpart or named.counterpart or None
            arguments["thread"] = named.thread
        channel = desk.channel(counterpart)
        told = desk.request(
            "disclosable",
            timeout_s=DOCKET_TIMEOUT_S,
            counterpart=channel.counterpart,
            audience=audience,
            at_ms=given_time(at, channel),
            **arguments,
        )
    found = told["found"]
    lines = [*banner(channel), f"At {zulu_short(told['at_ms'])}", ""]
    for view in found["statements"]:
        lines += statement_lines(view, output)
    if not found["statements"]:
        lines.append("No statement has fields.")
    if found["more"]:
        lines.append("and more; name a thread with --thread")
    output.result({"counterpart": channel.counterpart, **told}, lines)


@click.group("disclose")
@common_options
@click.pass_context
def disclose_command(context: click.Context) -> None:
    """Agree with the other side on what is told to others: an exact text, and fields that open beside it.

    One side proposes, the other consents, wholly or in part, objects, or withholds its consent for a while. Only then
    is something published, and `made` says so within the hour. These are statements like any other, with the signatures
    and clocks of the agreement; the text that is published is the one whose hash both signed.
    """


@disclose_command.command("propose")
@click.argument("serial", required=False)
@click.option("--audience", type=_AUDIENCE, required=True, help="Who is to be told.")
@click.option("--field", "names", multiple=True, metavar="FIELD", help="A field of SERIAL that opens; repeat it.")
@click.option("--text", help="The exact text.")
@click.option("--title", help="What it is about.")
@click.option("--when", help="When it is to be told: a date or a time.")
@click.option("--attribution", is_flag=True, help="It names somebody as the one who did it; rests on --set items=...")
@sending_options
@common_options
@click.pass_context
def propose_command(
    context: click.Context,
    /,
    serial: str | None,
    audience: str,
    names: tuple[str, ...],
    text: str | None,
    title: str | None,
    when: str | None,
    attribution: bool,
    **options: Any,
) -> int:
    """Propose to tell others: the exact text, to whom, when, and which fields of a statement open to them.

    \b
    Examples:
      hotline --home ARC disclose propose 'ARC 3' --audience public --field title --field class \\
          --title "Attack on a port" --text "A port was attacked; it works again." --when 2026-12-01
    """
    if names and serial is None:
        raise Misused("usage", "--field names fields of a statement: give its serial as well")

    def facts_of(desk: Desk, scene: Scene) -> dict[str, Any]:
        facts: dict[str, Any] = {"audience": audience}
        if attribution:
            facts["attribution"] = True
        if names and scene.replied is not None:
            from hotline.rule_openings import chosen, commitments

            facts["opens"] = commitments(scene.replied, chosen(scene.replied, names))
        return facts

    preset: dict[str, Any] = {name: value for name, value in (("title", title), ("text", text)) if value is not None}
    options["values"] = (*options.get("values", ()), *(() if when is None else (f"when={when}",)))
    if names:
        preset["named_fields"] = list(names)
    return run_send(
        settings_of(context), "disclosure-propose", reply_to=serial, preset=preset, facts_of=facts_of, **options
    )


@disclose_command.command("open")
@click.argument("serial")
@click.option("--audience", type=_AUDIENCE, required=True, help="To whom.")
@click.option(
    "--field", "names", multiple=True, required=True, metavar="FIELD", help="A field that is open; repeat it."
)
@sending_options
@common_options
@click.pass_context
def open_command(context: click.Context, /, serial: str, audience: str, names: tuple[str, ...], **options: Any) -> int:
    """Open fields that a rule of the agreement has opened: their embargo is over, their thread is closed.

    What opens by a rule without a consent leaves only once the log has its opening. This sends the first half, whose
    text says which fields of which statement open to whom, and nothing else; `made` sends the second, and releases
    them. The other side is told with the first and need not consent.

    \b
    Examples:
      hotline --home ARC disclose open 'ARC 3' --audience partners --field title --field class
      hotline --home ARC disclose made 'ARC 9' --place "Pack for partners" --when 2026-12-01T09:00Z
    """
    from hotline.rule_openings import check_open, chosen, commitments, text_of
    from hotline.sending import fetch
    from hotline.zulu import zulu

    settings = settings_of(context)
    with open_desk(settings) as (desk, officers):
        target = fetch(desk, serial)
        fields = chosen(target, names)
        channel = desk.channel(target.counterpart)
        check_open(desk, channel, target, fields, audience)
    preset = {"title": "Opening by the rules", "text": text_of(target, fields, audience), "named_fields": fields}
    options["values"] = (*options.get("values", ()), f"when={zulu(channel.now_ms)[:19]}Z")
    return run_send(
        settings,
        "disclosure-propose",
        reply_to=serial,
        preset=preset,
        facts_of=lambda desk, scene: {"audience": audience, "opens": commitments(target, fields)},
        officers=officers,
        **options,
    )


@disclose_command.command("consent")
@click.argument("serial")
@click.option("--note", help="A note that goes with it.")
@sending_options
@common_options
@click.pass_context
def consent_command(context: click.Context, /, serial: str, note: str | None, **options: Any) -> int:
    """Consent to a proposal as it is: its text, its audience, its fields.

    \b
    Example:
      hotline --home BOR disclose consent 'ARC 7'
    """
    preset = {} if note is None else {"note": note}
    return run_send(settings_of(context), "disclosure-consent", reply_to=serial, preset=preset, **options)


@disclose_command.command("partial")
@click.argument("serial")
@click.option("--field", "names", multiple=True, required=True, metavar="FIELD", help="A field that may open.")
@click.option("--reason", required=True, help="Why not all, such as ongoing-operation.")
@sending_options
@common_options
@click.pass_context
def partial_command(context: click.Context, /, serial: str, names: tuple[str, ...], reason: str, **options: Any) -> int:
    """Consent in part: of the fields that were proposed, those that may open. The text is not consented to.

    \b
    Example:
      hotline --home BOR disclose partial 'ARC 7' --field title --reason ongoing-operation
    """
    preset = {"named_fields": list(names), "reason": reason}
    return run_send(
        settings_of(context),
        "disclosure-partial",
        reply_to=serial,
        preset=preset,
        facts_of=lambda desk, scene: {"opens": _proposed(desk, scene, names)},
        **options,
    )


@disclose_command.command("object")
@click.argument("serial")
@click.option("--reason", required=True, help="Why, such as inaccurate.")
@sending_options
@common_options
@click.pass_context
def object_command(context: click.Context, /, serial: str, reason: str, **options: Any) -> int:
    """Object to a proposal.

    \b
    Example:
      hotline --home BOR disclose object 'ARC 7' --reason inaccurate
    """
    preset = {"reason": reason}
    return run_send(settings_of(context), "disclosure-object", reply_to=serial, preset=preset, **options)


@disclose_command.command("withhold")
@click.argument("serial")
@click.option("--reason", required=True, help="Why not now, such as victim-consent.")
@sending_options
@common_options
@click.pass_context
def withhold_command(context: click.Context, /, serial: str, reason: str, **options: Any) -> int:
    """Withhold consent until a time, with --respond-by. It counts twice for one proposal at most.

    \b
    Example:
      hotline --home BOR disclose withhold 'ARC 7' --reason victim-consent --respond-by +5d
    """
    preset = {"reason": reason}
    return run_send(settings_of(context), "disclosure-withhold", reply_to=serial, preset=preset, **options)


@disclose_command.command("withdraw")
@click.argument("serial")
@click.option("--reason", required=True, help="Why.")
@sending_options
@common_options
@click.pass_context
def withdraw_command(context: click.Context, /, serial: str, reason: str, **options: Any) -> int:
    """Withdraw a proposal of your own. What was consented to before stays open: it may have been told.

    \b
    Example:
      hotline --home ARC disclose withdraw 'ARC 7' --reason "Overtaken by events."
    """
    preset = {"reason": reason}
    return run_send(settings_of(context), "withdraw", reply_to=serial, preset=preset, **options)


@disclose_command.command("made")
@click.argument("serial")
@click.option("--place", required=True, help="Where it was published.")
@click.option("--when", required=True, help="When it was published: a time.")
@sending_options
@common_options
@click.pass_context
def made_command(context: click.Context, /, serial: str, place: str, when: str, **options: Any) -> int:
    """Say that a text was published that both sides had agreed to, or that is open by the rules. Its hash is taken from
    the proposal. For what `open` proposed, say it before anything leaves: it is the opening.

    \b
    Example:
      hotline --home ARC disclose made 'ARC 7' --place "Website of the ministry" --when 2026-12-01T09:00Z
    """
    options["values"] = (*options.get("values", ()), f"at={when}")
    preset = {"place": place}
    return run_send(
        settings_of(context), "disclosure-made", reply_to=serial, preset=preset, facts_of=_agreed, **options
    )


def _agreed(desk: Desk, scene: Scene) -> dict[str, Any]:
    """No facts; but what was not agreed to is not said to have been published by a slip of the hand."""
    from hotline.errors import Refused
    from hotline.rule_openings import open_by_rule

    proposal = scene.replied
    # What the node has not judged yet counts as not agreed to.
    state = None if proposal is None or proposal.view is None else proposal.view["state"]
    if proposal is not None and state not in PUBLISHED and not open_by_rule(desk, scene.channel, proposal):
        text = f"{proposal.serial} is {state or 'not judged, or no proposal'}; the other side has not consented to it"
        way = "Wait for the consent. What was published without it is reported with `hotline send disclosure-made`."
        raise Refused("disclosure-unagreed", text, next_step=way)
    return {}


def _proposed(desk: Desk, scene: Scene, names: Sequence[str]) -> list[bytes]:
    """The commitments to fields of the statement that a proposal is about."""
    from hotline.reference import Reference
    from hotline.rule_openings import chosen, commitments

    proposal = scene.replied
    about = None if proposal is None or proposal.view is None else proposal.view["reply_serial"]
    if about is None:
        raise Misused("usage", "what is proposed there opens no field of another statement")
    voice, _, index = str(about).partition(" ")
    target = desk.entry(Reference(scene.channel.counterpart, voice, int(index)))
    return commitments(target, chosen(target, names))
