"""`hotline send`: compose, sign and send a statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from hotline.cli.completing import complete_kinds, complete_words
from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.composing import Letter
    from hotline.desk import Channel, Desk, Officer, Spoken
    from hotline.sending import Place
    from hotline.templates import Held
    from protocol.kinds import Catalogue

WAIT_TIMEOUT_S = 30.0


class Seconds(click.FloatRange):
    """How long to wait: a number of seconds of a day, and a number."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(min=0, max=86_400)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read what was typed; what is no number of seconds is misuse."""
        found = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is no number of seconds", param, ctx) if isnan(found) else found


WAITING = 4

_SENDING: tuple[Callable[[Any], Any], ...] = (
    click.option("--to", "counterpart", metavar="ABC", help="The other party; needed with several channels."),
    click.option("--set", "values", multiple=True, metavar="FIELD=VALUE", help="One field; repeat it for several."),
    click.option("--file", "file", type=click.Path(), help="TOML file with fields and header choices."),
    click.option(
        "--precedence",
        shell_complete=complete_words("flash", "immediate", "priority", "routine"),
        help="flash, immediate, priority or routine. Default: the kind's.",
    ),
    click.option("--severity", shell_complete=complete_words(*"012345"), help="0 to 5, where the kind has one."),
    click.option(
        "--status",
        shell_complete=complete_words("actual", "exercise", "test", "system"),
        help="actual, exercise, test or system. Default: the thread's, or actual.",
    ),
    click.option("--outcome", help="Where the kind has outcomes, which one."),
    click.option("--aware-at", help="When your side became aware: 2026-11-21T04:10Z, -2h. Default where needed: now."),
    click.option("--respond-by", help="By when an answer is asked for: a time, or +4h."),
    click.option("--release-by", help="Logged after this time it does not count."),
    click.option("--valid-until", help="When it lapses by itself."),
    click.option("--language", help="Language of the text. Default: the agreement's first."),
    click.option(
        "--wait", type=click.Choice(["logged", "held"]), default="logged", show_default=True, help="How far to wait."
    ),
    click.option(
        "--timeout",
        type=Seconds(),
        default=WAIT_TIMEOUT_S,
        show_default=True,
        help="Seconds to wait at most; the state says how far it came.",
    ),
    click.option("--quote-unofficial", is_flag=True, help="The text may quote talk between operators; it is noted."),
    click.option("--act-unproved", is_flag=True, help="Act on a grave message without its proof; it is noted."),
    click.option("--yes", is_flag=True, help="Send without being asked."),
)


def sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that sends."""
    for option in reversed(_SENDING):
        command = option(command)
    return command


@click.command("send")
@click.argument("kind", shell_complete=complete_kinds)
@click.option("--reply-to", metavar="'BOR 4'", help="The statement that this answers.")
@click.option("--thread", metavar="'ARC 3'", help="Any statement of the thread that this continues.")
@click.option(
    "--emergency", is_flag=True, help="Release it alone, by the agreement's emergency clause; reviewed after."
)
@click.option("--template", metavar="NAME", help="Follow a template that is in force; see: hotline templates list.")
@click.option("--slot", "slots", multiple=True, metavar="NAME=VALUE", help="One slot of the template; repeat it.")
@click.option("--automated", is_flag=True, help="For programs: put in a draft without signatures; persons sign it.")
@sending_options
@common_options
@click.pass_context
def send_command(
    context: click.Context,
    /,
    kind: str,
    reply_to: str | None,
    thread: str | None,
    emergency: bool,
    automated: bool,
    template: str | None,
    slots: tuple[str, ...],
    **options: Any,
) -> int:
    """Compose, sign and send a statement.

    Fields come from --set, from a TOML file, or are asked for. Several --as sign in one go; with too few signatures
    the statement waits as a draft at the node (exit 4). A file names fields and header choices side by side, as
    `catalogue show KIND` names them: severity = 3, title = "...", class = ["outage"].

    \b
    Examples:
      hotline send notification --to BOR --severity 3 --set title="..." --set class=... --set summary="..."
      hotline send notification --file notice.toml --as duty --as release --wait held
      hotline send update --thread 'ARC 3' --file update.toml
      hotline send goodwill --set message="A quiet new year to your desk."
      hotline send notification --template outage --slot place="the north" --severity 2 --set class=outage
    """
    settings = settings_of(context)
    return run_send(
        settings,
        kind,
        reply_to=reply_to,
        thread=thread,
        emergency=emergency,
        automated=automated,
        template=template,
        slots=slots,
        **options,
    )


def run_send(
    settings: Settings,
    kind_name: str,
    *,
    reply_to: str | None = None,
    thread: str | None = None,
    preset: dict[str, Any] | None = None,
    facts_of: FactsOf | None = None,
    counterpart: str | None = None,
    file: str | None = None,
    wait: str = "logged",
    timeout: float = WAIT_TIMEOUT_S,
    yes: bool = False,
    emergency: bool = False,
    automated: bool = False,
    template: str | None = None,
    slots: Sequence[str] = (),
    quote_unofficial: bool = False,
    act_unproved: bool = False,
    again: Letter | None = None,
    officers: list[Officer] | None = None,
    **choices: Any,
) -> int:
    """Do what `send` does; `ack`, `ask` and `answer` come here too.

    Args:
        settings: of this run.
        kind_name: name of the kind.
        reply_to: serial of the statement answered.
        thread: serial of any statement of the thread.
        preset: values that the command itself gives, by field.
        facts_of: gives facts of the header, from the place where the statement is to stand; or None.
        counterpart: short name, or None.
        file: TOML file.
        wait: "logged" or "held".
        timeout: seconds.
        yes: send without asking.
        emergency: released by one person under the agreement's clause.
        automated: a draft that a program puts in.
        template: name of the template that is followed, or None.
        slots: what fills it, as `NAME=VALUE`.
        quote_unofficial: the text may have a piece of an unofficial statement in it.
        act_unproved: it may answer a grave message that was not proved on a second channel.
        again: what a draft said that is made anew; nothing is asked for then.
        officers: who act, where their keys are open already.
        choices: the remaining options of `sending_options`.

    Returns:
        The exit status: 0, or 4 for a draft.
    """
    from hotline.asking import ask_letter
    from hotline.banners import banner
    from hotline.clock import now_ms
    from hotline.composing import Choices, Letter, choice_of, find_kind, pairs
    from hotline.guards import check_proof, check_quotes, idle_reply, longer_than_agreed
    from hotline.journalling import note_override
    from hotline.sending import make, place_of, sign, submit
    from hotline.templates import check_register, find_template, follow, mark
    from hotline.waiting import withdrawn_already
    from nodes.files import read_file
    from nodes.resources import catalogue
    from protocol.template import REGISTER_KIND

    held: Held | None = None
    find_kind(kind_name, catalogue())
    at_ms = now_ms()
    settings_given, chosen = pairs(choices.pop("values", ())), Choices()
    for name, text in choices.items():
        if text is not None:
            chosen = choice_of(name, str(text), now_ms=at_ms).over(chosen)
    text_of_file = None if file is None else read_file(Path(file))

    def letter_in(known: Catalogue) -> Letter:
        """What was given, read in the catalogue of the channel."""
        letter = Letter(kind=find_kind(kind_name, known), values=dict(preset or {}))
        if again is not None:
            letter.values, letter.choices, letter.facts = dict(again.values), again.choices, dict(again.facts)
        if text_of_file is not None:
            letter.set_file(text_of_file, where=file or "", catalogue=known, now_ms=at_ms)
        for name, text in settings_given:
            letter.set_text(name, text, catalogue=known, now_ms=at_ms)
        letter.choices = chosen.over(letter.choices)
        return letter

    def conclude(desk: Desk, officers: list[Officer], scene: Scene, letter: Letter) -> int:
        """Check, sign and hand over."""
        channel, known = scene.channel, scene.channel.catalogue
        if held is not None and (beyond := mark(letter, held)):
            fields = ", ".join(beyond)
            settings.output.note(f"Text goes beyond the template in {fields}: it needs the signatures of free text.")
        answered = scene.replied.statement if scene.replied is not None else None
        letter.check(known, now_ms=at_ms, replied=None if answered is None else answered.facts)
        if letter.kind.name == REGISTER_KIND:
            check_register(letter.values, known)
        quoted = check_quotes(desk, channel, letter, allowed=quote_unofficial)
        named = scene.replied if scene.replied is not None else scene.anchored
        unproved = check_proof(settings, named, letter, allowed=act_unproved, yes=yes)
        if (late := longer_than_agreed(letter, channel)) is not None:
            settings.output.note(late)
        if (idle := idle_reply(desk, channel, letter, scene.replied)) is not None:
            settings.output.note(idle)
        if (before := withdrawn_already(desk, channel, letter)) is not None:
            found, line = before
            settings.output.result({**found, "counterpart": channel.counterpart}, [line])
            return WAITING if found["state"] == "draft" else 0
        place = place_of(letter.kind, reply_to=scene.replied, thread=scene.anchored, own=channel.own)
        composed = make(letter, place, channel, now_ms=now_ms(), emergency=emergency)
        for line in banner(channel):
            settings.output.note(line)
        shown = preview(letter, place, channel.counterpart, settings, known)
        if emergency:
            shown.append("*** EMERGENCY: you release this alone, and another person has to review it ***")
        if settings.may_ask and not yes:
            for line in shown:
                settings.output.note(line)
        if settings.may_ask or not automated:
            settings.confirm(f"Sign and send this to {channel.counterpart}?", yes=yes)
        for officer in officers:
            officer.show([*banner(channel), *shown, *([] if idle is None else [idle])])
        signatures = (
            () if automated else sign(composed.statement, composed.statement_bytes, letter.kind, channel, officers)
        )
        outcome = submit(desk, channel, composed, signatures, wait=wait, timeout_s=timeout, automated=automated)
        for act, places in (("unofficial-quoted", quoted), ("unproved-acted-on", unproved)):
            note_override(desk, officers[0], channel, act, composed.statement_bytes, places)
        show_outcome(settings, {**outcome, "changes_nothing": idle}, counterpart=channel.counterpart)
        return WAITING if outcome["state"] in {"draft", "held-back"} else 0

    with open_desk(settings, officers) as (desk, officers):
        scene = look(desk, counterpart, reply_to=reply_to, thread=thread)
        letter = letter_in(scene.channel.catalogue)
        if facts_of is not None:
            letter.facts |= facts_of(desk, scene)
        held = None if template is None else find_template(desk, scene.channel, template)
        if held is not None:
            follow(letter, held, filled(settings, held, slots), catalogue=scene.channel.catalogue, now_ms=at_ms)
        if again is not None or letter.values or not letter.kind.fields or not settings.may_ask:
            return conclude(desk, officers, scene, letter)
    # What would stop the sending was found before a person writes; the node is not kept waiting while one does.
    ask_letter(letter, scene.channel.catalogue, settings.output.words, now_ms=at_ms)
    with open_desk(settings, officers) as (desk, officers):
        return conclude(desk, officers, look(desk, counterpart, reply_to=reply_to, thread=thread), letter)


FactsOf: TypeAlias = "Callable[[Desk, Scene], dict[str, Any]]"
"""What a command states in the header, given the place where the statement is to stand."""


def filled(settings: Settings, held: Held, given: Sequence[str]) -> dict[str, str]:
    """What fills the slots of a template, asked for where nobody gave it and somebody is there."""
    from hotline.composing import pairs

    found = dict(pairs(given))
    for slot in held.template.slots.values():
        if slot.name not in found and settings.may_ask:
            hint = f", {slot.hint}" if slot.hint else ""
            question = f"{slot.name} ({slot.type}, at most {slot.bytes_max} bytes{hint})"
            found[slot.name] = str(click.prompt(question, err=True)).strip()
    return found


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a statement is to stand.

    Attributes:
        channel: verified.
        replied: the entry it answers, or None.
        anchored: an entry of the thread that it continues, or None.
    """

    channel: Channel
    replied: Spoken | None
    anchored: Spoken | None


def look(desk: Desk, counterpart: str | None, *, reply_to: str | None, thread: str | None) -> Scene:
    """Find the channel and the entries that a person named.

    Raises:
        ApiRefused: there is no such channel or entry.
    """
    from hotline.reference import parse_reference

    party = desk.officer.home.party
    named = [None if text is None else parse_reference(text, party=party) for text in (reply_to, thread)]
    for reference in named:
        if counterpart is None and reference is not None:
            counterpart = reference.counterpart
    channel = desk.channel(counterpart)
    replied, anchored = (None if reference is None else desk.entry(reference) for reference in named)
    return Scene(channel, replied, anchored)


def preview(letter: Letter, place: Place, counterpart: str, settings: Settings, known: Catalogue) -> list[str]:
    """Show the exact content before it is signed."""
    from hotline.showing import field_lines, said_row
    from hotline.zulu import zulu

    choices, words = letter.choices, settings.output.words
    status = choices.status or place.status or "actual"
    lines = ["", f"To {counterpart}: {words.kind(letter.kind)}"]
    rows = [
        ("status", words.coded("status", status)),
        ("precedence", words.coded("precedence", choices.precedence or letter.kind.precedence)),
        ("severity", None if choices.severity is None else words.coded("severity", str(choices.severity))),
        ("outcome", None if choices.outcome is None else words.coded("outcome", choices.outcome)),
        ("aware", None if choices.aware_at_ms is None else zulu(choices.aware_at_ms)),
        ("answer by", None if choices.respond_by_ms is None else zulu(choices.respond_by_ms)),
        ("thread", "a new one" if place.thread is None else place.thread.hex()[:16]),
    ]
    lines += [said_row(name, value, words) for name, value in rows if value is not None]
    return [*lines, *field_lines(letter.kind, letter.values, known, words), ""]


def show_outcome(settings: Settings, outcome: dict[str, Any], *, counterpart: str) -> None:
    """Show what became of a statement."""
    from hotline.zulu import zulu

    state = outcome["state"]
    lines = []
    if state == "draft" and outcome["hold"] is not None:
        lines = [
            f"Draft {outcome['draft']}: not sent; a person has to look first ({outcome['hold']}).",
            f"Next: hotline drafts --check {outcome['draft']} --as NAME",
        ]
    elif state == "draft":
        missing = ", ".join(outcome["missing"])
        lines = [
            f"Draft {outcome['draft']}: not sent; signatures still needed: {missing}.",
            f"Next: hotline sign {outcome['draft']} --as NAME",
        ]
    elif state == "held-back":
        lines = [
            f"Held back until {zulu(outcome['release_at_ms'])}: it is complete, and goes by itself then.",
            f"To stop it: hotline drafts --cancel {outcome['draft']}",
        ]
    elif state == "queued":
        lines = ["Queued: it has no position yet; the node waits for its counterpart to say how far it holds our log."]
    elif state == "logged":
        lines = [
            f"{outcome['serial']} is logged at {zulu(outcome['logged_at_ms'])}; {counterpart} does not hold it yet."
        ]
    else:
        lines = [f"{outcome['serial']} is held by {counterpart} since {zulu(outcome['held_at_ms'])}."]
    settings.output.result({"changes_nothing": None, **outcome}, [printable(line) for line in lines])


def require_text(value: str | None, name: str, settings: Settings, kind_name: str, field: str, column: str = "") -> str:
    """Give a text that a command needs, asked for where nobody gave it.

    Args:
        value: what was given, or None.
        name: the option it is given by.
        settings: of this run.
        kind_name, field, column: whose label is the question; no column where the field has none.

    Raises:
        Misused: nobody gave it and nobody is there to ask.
    """
    if value:
        return value
    if not settings.may_ask:
        raise Misused("missing-field", f"give {name}")
    from nodes.resources import catalogue

    kind = catalogue().kind(kind_name)
    item = None if kind is None else kind.field(field)
    question = name
    if kind is not None and item is not None:
        inner = next((one for one in item.columns if one.name == column), None)
        question = settings.output.words.field(kind, item, inner)
    entered: str = click.prompt(question, err=True)
    return entered
