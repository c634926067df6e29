"""`hotline agreement`: the text that both parties sign, from the first draft to a withdrawal."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.pair import ROOTS_OPTIONS
from hotline.cli.send import run_send, sending_options
from hotline.cli.settings import SUITE_NAMES, Settings, common_options, settings_of, suite_option
from hotline.errors import CouldNot, Misused
from hotline.output import counted
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.agreement_diff import Change
    from nodes.governing import Treaty
    from nodes.home import ChannelHome, NodeHome
    from protocol.agreement import Agreement

WITH = click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
TEXT_MODE = 0o644


@click.group("agreement")
@common_options
def agreement_command() -> None:
    """Draft, compare, propose and countersign the text that both parties sign.

    \b
    A first agreement:    hotline agreement new -o draft.toml; edit it; hotline agreement lint draft.toml
                          hotline --home ARC pair propose offer.bin --agreement draft.toml
    An amendment:         hotline --home ARC agreement amend -o draft.toml; edit it; hotline agreement lint draft.toml
                          hotline --home ARC agreement propose draft.toml --roots /media/roots
      the other party:    hotline --home BOR agreement show; hotline --home BOR agreement countersign --roots ...
    """


@agreement_command.command("new")
@click.option("--model", is_flag=True, help="From the model that comes with the program; the default.")
@click.option("--from", "source", type=click.Path(), help="From this agreement or draft.")
@suite_option(f"Suite of both parties' keys, as `init` made them. Default: {SUITE_NAMES[0]}.", None)
@click.option("-o", "--out", type=click.Path(), required=True, help="Where the draft goes.")
@common_options
@click.pass_context
def new_command(context: click.Context, model: bool, source: str | None, suite: str | None, out: str) -> None:
    """Write a draft to begin with.

    \b
    Examples:
      hotline agreement new -o draft.toml
      hotline agreement new --suite ed25519+ml-dsa-87 -o draft.toml
      hotline agreement new --from theirs.toml -o draft.toml
    """
    from hotline.agreements import base_terms, model_text, with_suite
    from hotline.clock import now_ms
    from nodes.files import write_file

    if model and source is not None:
        raise Misused("usage", "--model and --from are two beginnings; give one")
    settings = settings_of(context)
    text = model_text() if source is None else _read(source)
    terms = base_terms(at_ms=now_ms()).with_draft(text, where=source or "the model")
    if suite is not None and suite != terms.suite.name:
        text = with_suite(text, suite)
        base_terms(at_ms=now_ms()).with_draft(text, where=source or "the model")
    write_file(Path(out), text, mode=TEXT_MODE, replace=False)
    settings.output.result(
        {"file": out, "from": source or "model"},
        [f"The draft is in {out}.", f"Next: edit it, then: hotline agreement lint {out}"],
    )


@agreement_command.command("lint")
@click.argument("file", type=click.Path())
@common_options
@click.pass_context
def lint_command(context: click.Context, file: str) -> int:
    """Say everything that cannot stand in a draft or an agreement, and what is unusual. Exit 1 if it cannot stand.

    With the home of a node, also whether its own people can meet the rules.

    \b
    Examples:
      hotline agreement lint draft.toml
      hotline --home ARC agreement lint draft.toml
    """
    from hotline.agreement_lint import lint
    from hotline.agreements import base_terms
    from hotline.clock import now_ms
    from hotline.party_file import read_party
    from nodes.resources import catalogue

    settings, at_ms = settings_of(context), now_ms()
    today = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC).date()
    own = None if settings.home is None else read_party(settings.node_home().party_path)
    people = [] if own is None else [(one.number, role) for one in own.people_at(at_ms) for role in one.roles]
    base = base_terms(at_ms=at_ms, own=own)
    keys = None if own is None else own.roots.suite
    _, problems = lint(_read(file), base, catalogue(), today=today, people=people, keys=keys)
    errors = sum(one.severity == "error" for one in problems)
    lines = []
    for one in problems:
        at = f"{file}:{one.line}" if one.line else file
        lines += [f"{at}: {one.severity} {one.code} at {one.where}: {one.text}", f"    {one.next}"]
    lines.append(f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}.")
    found = [
        {name: getattr(one, name) for name in ("line", "severity", "code", "where", "text", "next")} for one in problems
    ]
    settings.output.result(
        {"file": file, "errors": errors, "warnings": len(problems) - errors, "problems": found},
        [printable(line) for line in lines],
    )
    return 1 if errors else 0


@agreement_command.command("diff")
@click.argument("before", type=click.Path())
@click.argument("after", type=click.Path())
@common_options
@click.pass_context
def diff_command(context: click.Context, before: str, after: str) -> int:
    """Say what differs between two agreements or drafts, term by term, in words. Exit 1 if something does.

    \b
    Example:
      hotline agreement diff ours.toml theirs.toml
    """
    from hotline.agreement_diff import changes
    from hotline.clock import now_ms

    settings, at_ms = settings_of(context), now_ms()
    found = changes(_parsed(before, at_ms), _parsed(after, at_ms))
    settings.output.result(
        {"before": before, "after": after, "changes": _dicts(found)}, _diff_lines(found) or ["No term differs."]
    )
    return 1 if found else 0


@agreement_command.command("show")
@WITH
@click.option("--at", "serial", metavar="'ARC 17'", help="What governs this entry.")
@click.option("--text", is_flag=True, help="Print the whole text.")
@common_options
@click.pass_context
def show_command(context: click.Context, counterpart: str | None, serial: str | None, text: bool) -> None:
    """Show what is in force, since when, and what waits to be countersigned.

    \b
    Examples:
      hotline --home ARC agreement show
      hotline --home ARC agreement show --at 'BOR 12' --text
    """
    from hotline.agreement_diff import changes
    from hotline.banners import banners
    from hotline.clock import now_ms
    from hotline.zulu import zulu_short
    from nodes.governing import open_treaty

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    with open_treaty(home, channel) as treaty:
        reigns = treaty.governance.reigns
        number = len(reigns) - 1 if serial is None else _reign_at(treaty, serial, home)
        reign = reigns[number]
        waiting = [] if serial is not None else treaty.governance.open_proposals()
        proposals = [(treaty.serial(place), changes(reign.agreement, _proposed(treaty, place))) for place in waiting]
        history = [
            {
                "digest": one.agreement.digest.hex(),
                "amendment": None if one.amendment < 0 else treaty.serial(one.amendment),
                "accepted": None if one.accepted < 0 else treaty.serial(one.accepted),
            }
            for one in reigns
            if one.withdrawn_by is None
        ]
        parties = treaty.founding.shorts
        withdrawal = None if reign.withdrawal < 0 else treaty.serial(reign.withdrawal)
    agreement = reign.agreement
    ends_ms = reign.ends_of(home.party)
    found: dict[str, Any] = {
        "counterpart": channel.counterpart,
        "digest": agreement.digest.hex(),
        "founding": (agreement.founding or agreement.digest).hex(),
        "title": agreement.title,
        "review_date": agreement.review_date.isoformat(),
        "sunset_date": None if agreement.sunset_date is None else agreement.sunset_date.isoformat(),
        "ends_ms": ends_ms,
        "ended": reign.ended_at(now_ms(), home.party),
        "withdrawn_by": None if reign.withdrawn_by is None else parties[reign.withdrawn_by],
        "withdrawal": withdrawal,
        "agreements": history,
        "proposals": [{"serial": name, "changes": _dicts(found)} for name, found in proposals],
        "text": agreement.text.decode() if text else None,
    }
    if text:
        settings.output.result(found, [printable(agreement.text.decode(), lines=True)])
        return
    above = banners(agreement, ends_ms=ends_ms, now_ms=now_ms())
    lines = [*above, f"{agreement.title}, with {channel.counterpart}"]
    lines += [
        f"  digest    {agreement.digest.hex()}",
        f"  purpose   {agreement.purpose}",
        f"  review    {found['review_date']}",
        f"  sunset    {found['sunset_date'] or 'none'}",
        f"  notice    {agreement.notice_days} days",
        f"  people    {agreement.roster_admins} admins" if agreement.roster_admins else "  people    only by the roots",
    ]
    if found["withdrawn_by"] is not None:
        ends = "" if ends_ms is None else f"; it ends {zulu_short(ends_ms)}"
        at = "" if found["withdrawal"] is None else f", {found['withdrawal']}"
        lines.append(f"  withdrawn by {found['withdrawn_by']}{at}{ends}")
    for one in history:
        since = "the beginning" if one["accepted"] is None else f"{one['accepted']} (amendment {one['amendment']})"
        lines.append(f"  since {since}: {str(one['digest'])[:16]}")
    for name, differing in proposals:
        lines += [f"Proposed by {name}, not in force:", *_diff_lines(differing)]
    settings.output.result(found, [printable(line) for line in lines])


@agreement_command.command("amend")
@WITH
@click.option("-o", "--out", type=click.Path(), required=True, help="Where the draft goes.")
@common_options
@click.pass_context
def amend_command(context: click.Context, counterpart: str | None, out: str) -> None:
    """Write the agreement in force as a draft, to be changed and proposed.

    \b
    Example:
      hotline --home ARC agreement amend -o draft.toml
    """
    from hotline.terms import Terms
    from nodes.files import write_file
    from nodes.governing import agreement_in_force

    settings = settings_of(context)
    _, channel = _channel(settings, counterpart)
    terms = Terms.of(agreement_in_force(channel))
    write_file(Path(out), _draft_text(terms), mode=TEXT_MODE, replace=False)
    settings.output.result(
        {"file": out, "counterpart": channel.counterpart},
        [f"The agreement in force is in {out}.", f"Next: edit it, then: hotline agreement propose {out}"],
    )


@agreement_command.command("propose")
@click.argument("draft", type=click.Path())
@click.option("--whole", is_flag=True, help="The draft is the whole text: take away what it leaves out.")
@WITH
@click.option("--yes", is_flag=True, help="Propose without being asked.")
@ROOTS_OPTIONS[0]
@ROOTS_OPTIONS[1]
@common_options
@click.pass_context
def propose_command(
    context: click.Context,
    draft: str,
    whole: bool,
    counterpart: str | None,
    yes: bool,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Have our roots sign an amendment and say it on the line. It changes nothing until the other side countersigns.

    What the draft leaves out stays as it is. To take something away that an agreement need not have, such as the sunset
    date or the block of emergency releases, delete it from the draft that `amend` wrote, and give --whole.

    \b
    Examples:
      hotline --home ARC agreement propose draft.toml --roots /media/roots
      hotline --home ARC agreement propose draft.toml --whole --roots /media/roots
    """
    from hotline.agreement_diff import changes
    from hotline.agreements import amendment_of, propose
    from hotline.clock import now_ms
    from hotline.party_file import read_party
    from hotline.secret_files import root_secrets
    from hotline.terms import Terms
    from hotline.waiting import proposed_already
    from nodes.governing import open_treaty

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    with open_treaty(home, channel) as treaty:
        base = treaty.reign.agreement
        own = read_party(home.party_path)
        text = _read(draft)
        _, stays = Terms.of(base).without_left_out(text, where=draft)
        if stays and not whole:
            named = ", ".join(stays)
            settings.output.note(f"The draft leaves out what stays as it is: {named}. Give --whole to take it away.")
        amended = amendment_of(base, text, own=own, at_ms=now_ms(), where=draft, whole=whole)
        found = changes(base, amended)
        waits = proposed_already(channel, treaty, amended, own=home.party)
        if waits is not None:
            _tell_waiting(settings, waits, channel.counterpart)
            return
        for line in _diff_lines(found):
            settings.output.note(printable(line))
        _agreed(settings, f"Sign this amendment and propose it to {channel.counterpart}?", yes)
        opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
        done = propose(home, channel, treaty, amended, opened, at_ms=now_ms())
    settings.output.result(
        {**done, "counterpart": channel.counterpart, "digest": amended.digest.hex(), "changes": _dicts(found)},
        [_said(done, "The amendment"), f"Next: {channel.counterpart} runs: hotline agreement countersign"],
    )


@agreement_command.command("countersign")
@click.argument("serial", required=False)
@WITH
@click.option("--yes", is_flag=True, help="Countersign without being asked.")
@ROOTS_OPTIONS[0]
@ROOTS_OPTIONS[1]
@common_options
@click.pass_context
def countersign_command(
    context: click.Context,
    serial: str | None,
    counterpart: str | None,
    yes: bool,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Have our roots sign the other side's amendment: it comes into force.

    \b
    Examples:
      hotline --home BOR agreement countersign --roots /media/roots
      hotline --home BOR agreement countersign 'ARC 12' --yes
    """
    from hotline.agreement_diff import changes
    from hotline.agreements import countersign, place_of, proposed
    from hotline.clock import now_ms
    from hotline.secret_files import root_secrets
    from nodes.governing import open_treaty

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    with open_treaty(home, channel) as treaty:
        place = place_of(treaty, serial, own=home.party)
        amended = proposed(treaty, place)
        found = changes(treaty.reign.agreement, amended)
        settings.output.note(f"{treaty.serial(place)} proposes:")
        for line in _diff_lines(found):
            settings.output.note(printable(line))
        _agreed(settings, "Sign this text? It comes into force.", yes)
        opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
        done = countersign(home, channel, treaty, place, opened, at_ms=now_ms())
        named = treaty.serial(place)
    settings.output.result(
        {**done, "amendment": named, "digest": amended.digest.hex(), "changes": _dicts(found)},
        [_said(done, f"The countersignature of {named}"), "Next: hotline agreement show"],
    )


@agreement_command.command("withdraw")
@click.option("--reason", help="Why, in a few sentences.")
@sending_options
@common_options
@click.pass_context
def withdraw_command(context: click.Context, /, reason: str | None, **options: Any) -> int:
    """Say that our side leaves the agreement. It stays bound for the days of notice, and nothing ends before that.

    \b
    Example:
      hotline --home ARC agreement withdraw --reason "..." --as duty --as release --as senior
    """
    from hotline.cli.send import require_text

    settings = settings_of(context)
    preset: dict[str, Any] = {}
    if options.get("file") is None:
        preset["reason"] = require_text(reason, "--reason", settings, "agreement-withdraw", "reason")
    return run_send(settings, "agreement-withdraw", preset=preset, **options)


@agreement_command.command("desk")
@click.argument("name", type=click.Choice(["diplomatic", "technical"]))
@click.option("--voice", "voice", multiple=True, required=True, help="Telephone number, +00 000 0000; repeat it.")
@click.option("--hours", required=True, help="When somebody is there.")
@click.option("--language", "languages", multiple=True, required=True, help="Spoken there; repeat it.")
@common_options
@click.pass_context
def desk_command(
    context: click.Context, name: str, voice: tuple[str, ...], hours: str, languages: tuple[str, ...]
) -> None:
    """Write a desk of ours on the party's card; the next offer or amendment has it.

    \b
    Example:
      hotline --home ARC agreement desk diplomatic --voice "+99 1 000 0001" --hours always --language en
    """
    from dataclasses import replace

    from hotline.party_file import read_party, write_party
    from protocol.agreement_terms import DESKS, Desk

    settings = settings_of(context)
    home = settings.node_home()
    made = Desk(name, voice, hours, languages)
    made.check("desk")
    party = read_party(home.party_path)
    desks = {desk.name: desk for desk in party.desks} | {name: made}
    write_party(home.party_path, replace(party, desks=tuple(desks[one] for one in DESKS if one in desks)))
    settings.output.result(
        {"party": home.party, "desk": name, "voice": list(voice), "hours": hours, "languages": list(languages)},
        [f"{home.party}'s {name} desk is on the card.", "Next: it goes with the next offer, or an amendment."],
    )


def _draft_text(terms: Any) -> bytes:
    """A text to be edited: what is filled in by itself is left out."""
    from protocol.agreement_text import NEWEST

    skipped = ("format =", "created =", "founding =", "amends =")
    from dataclasses import replace

    lines = replace(terms, format=NEWEST).text().decode().split("\n")
    kept = [line for line in lines if not line.startswith(skipped)]
    start = next(number for number, line in enumerate(kept) if line.startswith("[catalogue]")) - 1
    return "\n".join([*kept[:start], *kept[start + 5 :]]).encode()


def _reign_at(treaty: Treaty, serial: str, home: NodeHome) -> int:
    """Number of the reign that governs an entry that people name."""
    from hotline.reference import parse_reference
    from protocol.entry import Entry

    reference = parse_reference(serial, party=home.party)
    shorts = treaty.founding.shorts
    if reference.voice not in shorts or reference.index >= treaty.voices.head(reference.voice).size:
        raise CouldNot("no-such-entry", f"{serial} is not in the logs")
    voice = shorts.index(reference.voice)
    entry = Entry.parse(treaty.voices.read(reference.voice, reference.index, reference.index + 1)[0])
    return treaty.governance.number(voice, reference.index, entry.held.size)


def _proposed(treaty: Treaty, place: int) -> Agreement:
    from protocol.agreement import Agreement

    return Agreement.parse(treaty.text_at(place) or b"")


def _channel(settings: Settings, counterpart: str | None) -> tuple[NodeHome, ChannelHome]:
    home = settings.node_home()
    channels = [one for one in home.channels() if counterpart in (None, one.counterpart)]
    if not channels:
        raise CouldNot("channel-unknown", f"{home.path} has no such channel")
    if len(channels) > 1:
        raise Misused("channel-not-chosen", f"say which with --with: {', '.join(one.counterpart for one in channels)}")
    return home, channels[0]


def _agreed(settings: Settings, question: str, yes: bool) -> None:
    if not yes and not settings.may_ask:
        raise Misused("terms-not-read", "give --yes once the terms have been read and are to be signed")
    settings.confirm(question, yes=yes)


def _tell_waiting(settings: Settings, waits: dict[str, Any], counterpart: str) -> None:
    """Say that the same amendment waits already; nothing is signed a second time."""
    if waits["serial"] is None:
        text = "The same amendment waits in the outbox already, until the node starts."
    else:
        text = f"{waits['serial']} proposes the same already; it waits until {counterpart} countersigns it."
    settings.output.result({**waits, "counterpart": counterpart}, [text])


def _said(done: dict[str, object], what: str) -> str:
    if done["state"] == "outbox":
        return f"{what} waits in the outbox until the node starts."
    return f"{what} is {done['serial']}."


def _read(path: str) -> bytes:
    from nodes.files import read_file
    from protocol.limits import AGREEMENT_BYTES_MAX

    return read_file(Path(path), bytes_max=AGREEMENT_BYTES_MAX)


def _parsed(path: str, at_ms: int) -> Any:
    """An agreement, or a draft with what it would be filled in with."""
    from hotline.agreements import base_terms
    from protocol.agreement import Agreement
    from protocol.errors import ProtocolError

    text = _read(path)
    try:
        return Agreement.parse(text)
    except ProtocolError:
        return base_terms(at_ms=at_ms).with_draft(text, where=path)


def _dicts(found: list[Change]) -> list[dict[str, str]]:
    return [{"term": one.term, "before": one.before, "after": one.after} for one in found]


def _diff_lines(found: list[Change]) -> list[str]:
    return [f"  {one.term}: {one.before} -> {one.after}" for one in found]
