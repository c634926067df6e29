"""`hotline journal`: what a party writes down for itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import CouldNot, Misused
from protocol.limits import SIZE_MAX

if TYPE_CHECKING:
    from hotline.desk import Desk
    from nodes.home import NodeHome
    from nodes.journal_home import JournalFolder
    from protocol.canonical import Value
    from protocol.journal_kinds import JournalKind

LAST = 50
_HEADS = ("no", "at", "kind", "by", "about", "more")


@click.group("journal")
@common_options
def journal_command() -> None:
    """Write down and show what this party does at its node.

    The journal is a log of the party's own and is never sent to anybody. It has what was opened, exported, refused,
    held and muted, by whom and when; texts in it are sealed to the party. Its own auditor verifies an export of it.
    """


@journal_command.command("list")
@click.option("--last", type=click.IntRange(1, 1000), default=LAST, show_default=True, help="How many entries.")
@click.option("--kind", help="Only entries of this kind.")
@common_options
@click.pass_context
def list_command(context: click.Context, last: int, kind: str | None) -> None:
    """List the newest entries, without texts: when, what, by whom, about which statement and thread.

    A statement that is in no log is named by its hash, as `drafts` does. Beside a node's home the command needs no
    passphrase and no node.

    \b
    Examples:
      hotline --home ARC journal list
      hotline --home ARC journal list --kind contents-opened
    """
    from hotline.journal_list import row_of
    from hotline.output import table

    settings = settings_of(context)
    found, above = _newest(settings, last, kind)
    lines = table([row_of(one) for one in found], heads=_HEADS) if found else ["The journal has no such entries."]
    settings.output.result({"entries": found}, [*above, *lines])


@journal_command.command("show")
@click.argument("index", type=click.IntRange(0, SIZE_MAX))
@common_options
@click.pass_context
def show_command(context: click.Context, index: int) -> None:
    """Show one entry with its text; that is written down too.

    \b
    Example:
      hotline --home ARC journal show 17 --as senior
    """
    from hotline.journal_list import act_of, fact
    from hotline.printable import printable
    from protocol.entry import Entry
    from protocol.journal import text_of

    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        told = _asked(desk, index)
    shown = act_of(index, told["entry"])
    del shown["about"]
    if told["secret"] is not None and told["body"] is not None:
        shown["text"] = text_of(Entry.parse(told["entry"]).parse_statement(), told["body"], told["secret"])
    lines = [f"{index}  {shown['kind']}  {shown['at']}  by {shown['by']}"]
    lines += [f"  {fact(name, value, ': ')}" for name, value in shown["facts"].items() if value is not None]
    lines += [f"  {printable(part)}" for part in shown.get("text", "").split("\n") if part]
    settings.output.result(shown, lines)


def _asked(desk: Desk, index: int) -> Any:
    """One entry with its text, from the node."""
    from nodes.errors import ApiRefused

    try:
        return desk.request("journal-text", index=index)
    except ApiRefused as error:
        if error.code != "no-such-entry":
            raise
        raise Misused(error.code, error.text, next_step="`hotline journal list` shows the numbers.") from error


@journal_command.command("write")
@click.argument("kind")
@click.option("--about", metavar="SERIAL", help="An entry it is about, such as 'BOR 4'.")
@click.option("--set", "given", metavar="NAME=VALUE", multiple=True, help="A fact of the kind; may be repeated.")
@click.option("--text", help="Free text, sealed to your own party.")
@common_options
@click.pass_context
def write_command(
    context: click.Context, kind: str, about: str | None, given: tuple[str, ...], text: str | None
) -> None:
    """Write down an act of yours: a triage, a flag, a shift taken over, a contact checked. It sends nothing.

    `journal kinds` lists the acts and their facts.

    \b
    Examples:
      hotline --home ARC journal write triage --about 'BOR 4' --set decision=watch --as duty
      hotline --home ARC journal write take-over --set role=duty --set from_person=4 --as duty
    """
    from hotline.journalling import kind_named, write_act
    from hotline.reference import parse_reference

    settings = settings_of(context)
    known = kind_named(kind)
    facts = _parsed(known, given)
    with open_desk(settings) as (desk, officers):
        channel = desk.channel(
            None if about is None else parse_reference(about, party=officers[0].home.party).counterpart
        )
        if about is not None:
            reference = parse_reference(about, party=officers[0].home.party)
            facts |= {"counterpart": channel.counterpart, "voice": reference.voice, "index": reference.index}
        act = write_act(desk, officers[0], channel.rosters[channel.own], kind, facts, text)
    settings.output.result(
        {"index": act.index, "kind": kind, "logged_at_ms": act.logged_at_ms},
        [f"Written down as entry {act.index} of the journal."],
    )


@journal_command.command("kinds")
@common_options
@click.pass_context
def kinds_command(context: click.Context) -> None:
    """List the kinds of entry: who signs them, which facts they have, and whether there is a text.

    \b
    Example:
      hotline journal kinds
    """
    from nodes.resources import journal_catalogue

    kinds = journal_catalogue().kinds.values()
    lines = []
    for one in kinds:
        facts = ", ".join(f"{name} ({kind})" for name, kind in one.facts.items())
        lines += [f"{one.name}: {one.label}. Signed by a {one.by}; text {one.text}.", f"  {one.help}", f"  {facts}"]
    found = [
        {"name": one.name, "by": one.by, "text": one.text, "facts": dict(one.facts), "help": one.help} for one in kinds
    ]
    settings_of(context).output.result({"kinds": found}, lines)


@journal_command.command("export")
@click.argument("out", type=click.Path())
@click.option("--id", "journal_id", metavar="ID", help="An earlier journal; `journal policy` lists them.")
@common_options
@click.pass_context
def export_command(context: click.Context, out: str, journal_id: str | None) -> None:
    """Write the journal to a directory for your own auditor, who runs `hotline audit` on it. Texts stay sealed.

    \b
    Example:
      hotline --home ARC journal export arc-journal
    """
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from nodes.journal_export import export_journal

    settings = settings_of(context)
    home = settings.node_home()
    found = [one for one in _folders(home) if journal_id in (None, one.path.name)]
    if not found:
        raise Misused("journal-missing", f"{home.path} has no journal {journal_id}")
    done = export_journal(found[-1], Path(out))
    note_down(settings, home, "journal-exported", size=done.size, at_ms=now_ms())
    settings.output.result(
        {"origin": done.origin, "size": done.size, "files": done.files, "bytes": done.bytes, "directory": out},
        [f"The journal: {done.size} entries in {done.files} files, {done.bytes} bytes, in {out}.", f"  {done.origin}"],
    )


@journal_command.command("policy")
@common_options
@click.pass_context
def policy_command(context: click.Context) -> None:
    """Print the policy by which this home's journals are audited. Give it to your auditor beforehand.

    \b
    Example:
      hotline --home ARC journal policy > journal-policy
    """
    from protocol.policy import NONE, Policy

    settings = settings_of(context)
    policies = [one.policy() for one in _folders(settings.node_home())]
    whole = Policy(tuple(line for one in policies for line in one.logs), (), (), NONE)
    text = whole.encode().decode()
    settings.output.result({"policy": text}, text.splitlines())


@journal_command.command("renew")
@click.option("--yes", is_flag=True, help="Do it without being asked.")
@common_options
@click.pass_context
def renew_command(context: click.Context, yes: bool) -> None:
    """Set the journal aside, so that the node begins a new one at its next start. For one that cannot be written.

    The old one stays in the home and can be listed and exported; the new one names it.

    \b
    Example:
      hotline --home ARC journal renew
    """
    from nodes.home_lock import HomeLock
    from nodes.journal_home import set_aside

    settings = settings_of(context)
    home = settings.node_home()
    settings.confirm("Begin a new journal at the node's next start?", yes=yes)
    lock = HomeLock(home.path)
    lock.take()
    try:
        if not set_aside(home):
            raise CouldNot("journal-missing", f"{home.path} has no journal that goes on")
    finally:
        lock.release()
    settings.output.result({"renewed": True}, ["The next start of the node begins a new journal."])


def _folders(home: NodeHome) -> list[JournalFolder]:
    from nodes.journal_home import folders

    found = folders(home)
    if not found:
        raise CouldNot("journal-missing", f"{home.path} has no journal yet; it begins with the first act")
    return found


def _newest(settings: Settings, last: int, kind: str | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The newest entries, from the files beside a node's home, else from the node; and what stands above them."""
    from hotline.banners import at_desk
    from hotline.journal_list import DeskFinder, HomeFinder, act_of, add_subjects
    from nodes.home import NodeHome
    from nodes.journal_export import entries_from

    def listed(read: Iterable[tuple[int, bytes]]) -> list[dict[str, Any]]:
        acts = (act_of(index, raw) for index, raw in read)
        return [one for one in acts if kind in (None, one["kind"])]

    home = settings.any_home()
    if isinstance(home, NodeHome):
        folder = _folders(home)[-1]
        with folder.opened() as store:
            found = listed(entries_from(store, home.party, -last, last))
        add_subjects(found, HomeFinder(home))
        return found, settings.banner()
    with open_desk(settings) as (desk, _):
        size = desk.request("journal-setting")["after"][0]
        start = max(0, size - last)
        found = listed(enumerate(desk.request("journal-read", start=start, limit=last), start))
        add_subjects(found, DeskFinder(desk))
        return found, at_desk(desk, sorted(home.pins()))


def _parsed(kind: JournalKind, given: tuple[str, ...]) -> dict[str, Value]:
    """Facts as typed, each by its type.

    Raises:
        Misused: not NAME=VALUE, or no value of its type.
    """
    facts: dict[str, Value] = {}
    for one in given:
        name, separator, value = one.partition("=")
        wanted = kind.facts.get(name, "").removesuffix("?")
        if not separator or not wanted:
            raise Misused("journal-act-refused", f"{name[:40]!r} is no fact of {kind.name}: {', '.join(kind.facts)}")
        try:
            facts[name] = _read(value, wanted)
        except ValueError as error:
            raise Misused("journal-act-refused", f"{name}: {value[:40]!r} is no {wanted}") from error
    return facts


def _read(value: str, wanted: str) -> Value:
    if wanted in {"uint", "int", "time"}:
        return int(value)
    if wanted == "flag":
        if value not in {"yes", "true"}:
            raise ValueError(value)
        return True
    return bytes.fromhex(value) if wanted == "hash" else value
