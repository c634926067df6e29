"""`hotline drafts` and `hotline sign`: statements that wait for further persons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotline.cli.draft_renewal import VOID
from hotline.cli.draft_renewal import renew as make_anew
from hotline.cli.send import WAIT_TIMEOUT_S, WAITING, Seconds, show_outcome
from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused, Refused

if TYPE_CHECKING:
    from hotline.desk import Channel, Desk, Officer
    from protocol.canonical import Value


@click.command("drafts")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--discard", metavar="DRAFT", help="Forget a draft that you have signed; nobody can sign it any more.")
@click.option("--refuse", metavar="DRAFT", help="Refuse a draft that waits for your signature; needs --reason.")
@click.option("--cancel", metavar="DRAFT", help="Stop a complete statement that is held back.")
@click.option("--check", metavar="DRAFT", help="Let go on what a program put in and a person had to look at.")
@click.option("--renew", metavar="DRAFT", help="Make a draft anew that was made before an amendment.")
@click.option("--yes", is_flag=True, help="Sign what is made anew without being asked.")
@click.option("--quote-unofficial", is_flag=True, help="With --renew: the text may quote talk between operators.")
@click.option("--act-unproved", is_flag=True, help="With --renew: act on a grave message without its proof.")
@click.option("--review", metavar="ID", help="Review what another released alone in an emergency; needs --finding.")
@click.option("--finding", type=click.Choice(["justified", "unjustified"]), help="What the review found.")
@click.option("--reason", help="Why; written down in the party's journal, sealed.")
@common_options
@click.pass_context
def drafts_command(
    context: click.Context,
    counterpart: str | None,
    discard: str | None,
    refuse: str | None,
    cancel: str | None,
    check: str | None,
    renew: str | None,
    yes: bool,
    quote_unofficial: bool,
    act_unproved: bool,
    review: str | None,
    finding: str | None,
    reason: str | None,
) -> int:
    """List statements that wait for people, or decide about one.

    Listed are drafts with whom they wait for, what is held back until its release, what was refused or cancelled and
    why, and emergency releases that wait for their review. The journal names each by its hash. At most 64 drafts that
    one person signed first may wait on a channel. What is decided here is signed by you and written down in the
    journal; the counterpart never sees it. What was made before an amendment came into force cannot be signed any
    more: --renew makes the same anew under the terms in force, for everybody to sign again. It answers what the old one
    answered. A text that quotes talk between operators, or acts on what was not proved, needs that said anew.

    \b
    Examples:
      hotline --home ARC drafts
      hotline --home ARC drafts --refuse 5f3a --reason "the summary names a source" --as release
      hotline --home ARC drafts --cancel 5f3a
      hotline --home ARC drafts --discard 5f3a
      hotline --home ARC drafts --renew 5f3a
      hotline --home ARC drafts --renew 5f3a --quote-unofficial
    """

    settings = settings_of(context)
    chosen = [one for one in (discard, refuse, cancel, check, renew, review) if one is not None]
    if len(chosen) > 1:
        raise Misused("usage", "one decision at a time")
    if refuse is not None and not reason:
        raise Misused("reason-needed", "say why with --reason; the draft's author reads it")
    if review is not None and finding is None:
        raise Misused("finding-needed", "say with --finding what the review found")
    if renew is not None:
        insisted = {"quote_unofficial": quote_unofficial, "act_unproved": act_unproved}
        return make_anew(settings, _item, counterpart, renew, yes=yes, **insisted)
    if quote_unofficial or act_unproved:
        raise Misused("usage", "--quote-unofficial and --act-unproved go with --renew")
    with open_desk(settings) as (desk, officers):
        channel = desk.channel(counterpart)
        if discard is not None:
            draft_id = _whole_id(desk, channel, discard)
            desk.request("discard", counterpart=channel.counterpart, id=draft_id)
            settings.output.result({"discarded": draft_id}, [f"{draft_id}: discarded; nobody can sign it any more."])
        elif refuse is not None:
            _decide(settings, desk, officers[0], channel, refuse, "refusal", reason)
        elif cancel is not None:
            _decide(settings, desk, officers[0], channel, cancel, "release-cancel", reason)
        elif check is not None:
            _decide(settings, desk, officers[0], channel, check, "hold-check", reason)
        elif review is not None:
            _review(settings, desk, officers[0], channel, review, finding or "", reason)
        else:
            _list(settings, desk, channel)
    return 0


_DONE = {
    "refusal": ("refused", "refused; nobody can sign it any more, and its author sees why."),
    "release-cancel": ("cancelled", "cancelled; it is not sent."),
    "hold-check": ("checked", "checked; it may be signed now."),
}


def _decide(
    settings: Settings, desk: Desk, officer: Officer, channel: Channel, typed: str, kind: str, reason: str | None
) -> None:
    """Refuse, cancel or check a draft, by an act that the officer signs."""
    from hotline.journalling import make_act
    from protocol.tagged import digest

    item = _item(desk, channel, typed)
    if kind != "hold-check" and (kind == "release-cancel") != (item["hold"] == "window"):
        held = item["hold"] == "window"
        text = "is complete and held back" if held else "still waits for people, and is not held back"
        way = (
            f"drafts --cancel {typed}"
            if held
            else f"drafts --refuse {typed} --reason ... (or --discard, if it is yours)"
        )
        raise Misused("usage", f"{item['id']} {text}", next_step=f"Run: hotline {way}")
    facts: dict[str, Value] = {"counterpart": channel.counterpart, "statement": digest(item["statement"])}
    act = make_act(desk, officer, channel.rosters[channel.own], kind, facts, reason)
    op = "check" if kind == "hold-check" else "stop"
    desk.request(op, counterpart=channel.counterpart, id=item["id"], act=act.encode())
    name, text = _DONE[kind]
    settings.output.result({name: item["id"]}, [f"{item['id']}: {text}"])


def _review(
    settings: Settings, desk: Desk, officer: Officer, channel: Channel, typed: str, finding: str, reason: str | None
) -> None:
    """Review an emergency release, by an act that the officer signs."""
    from hotline.journalling import make_act
    from protocol.tagged import digest

    reviews = desk.request("closed", counterpart=channel.counterpart)["reviews"]
    found = [one for one in reviews if one["id"].startswith(typed.lower())]
    if len(found) != 1 or not typed:
        raise Misused("no-such-draft", f"no emergency release of the id {typed[:32]!r} waits for its review")
    statement = digest(found[0]["statement"])
    facts: dict[str, Value] = {"counterpart": channel.counterpart, "statement": statement, "finding": finding}
    act = make_act(desk, officer, channel.rosters[channel.own], "emergency-review", facts, reason)
    desk.request("review", counterpart=channel.counterpart, id=found[0]["id"], act=act.encode())
    settings.output.result({"reviewed": found[0]["id"], "finding": finding}, [f"{found[0]['id']}: found {finding}."])


def _list(settings: Settings, desk: Desk, channel: Channel) -> None:
    from hotline.banners import banner
    from hotline.output import table
    from nodes.clock import now
    from nodes.errors import ApiRefused

    found = [_waiting(item, channel) for item in desk.request("drafts", counterpart=channel.counterpart)]
    try:
        told = desk.request("closed", counterpart=channel.counterpart)
    except ApiRefused as error:
        # Whoever reads no contents is not told why something was refused either.
        if error.code != "not-permitted":
            raise
        told = {"closed": [], "reviews": []}
    closed = [_closed(item) for item in told["closed"]]
    reviews = [_reviewed(item, channel) for item in told["reviews"]]
    words = settings.output.words
    lines = banner(channel)
    lines += table([_row(item, settings, now().wall_ms) for item in found]) if found else ["No drafts."]
    if reviews:
        lines += ["", "*** EMERGENCY releases that another person has to review ***"]
        lines += table(
            [(one["id"], one["serial"] or "queued", words.kind_name(one["kind"]), one["text"]) for one in reviews]
        )
    if closed:
        lines += ["", "Refused or cancelled:"]
        lines += table([(one["id"], words.kind_name(one["kind"]), one["text"]) for one in closed])
    settings.output.result({"drafts": found, "closed": closed, "reviews": reviews}, lines)


def _waiting(item: dict[str, Any], channel: Channel) -> dict[str, Any]:
    from protocol.statement import Statement
    from protocol.tagged import digest

    statement = Statement.parse(item["statement"])
    return {
        "draft": item["id"],
        "hash": digest(item["statement"]).hex(),
        "counterpart": channel.counterpart,
        "kind": statement.kind,
        "precedence": statement.precedence,
        "severity": statement.severity,
        "status": statement.status,
        "emergency": (statement.facts or {}).get("emergency") is True,
        "issued_at_ms": statement.issued_at_ms,
        "created_at_ms": item["created_at_ms"],
        "signed": [f"{signer} as {role}" for signer, role, _, _ in item["signatures"]],
        "missing": item["missing"],
        "automated": item["automated"],
        "hold": item["hold"],
        "release_at_ms": item["until_ms"],
        "waits": [{"role": role, "slot": slot, "since_ms": since_ms} for role, slot, since_ms in item["waits"]],
    }


def _row(item: dict[str, Any], settings: Settings, now_ms: int) -> tuple[str, ...]:
    from hotline.zulu import zulu_short
    from protocol.codes import CODES

    words = settings.output.words

    if item["hold"] == "window":
        text = f"held back until {zulu_short(item['release_at_ms'])}"
    elif item["hold"] is not None:
        text = f"a person has to look first ({item['hold']})"
    elif blocked := [one for one in item["missing"] if one in CODES]:
        why = f"{blocked[0]}: {CODES[blocked[0]].text}"
        way = "renew" if blocked[0] == VOID else "discard"
        text = f"cannot be signed, {why}; run: hotline drafts --{way} {item['draft'][:8]}"
    else:
        text = "needs " + ", ".join(item["missing"])
        called = [one["role"] for one in item["waits"] if one["since_ms"] <= now_ms]
        later = [one for one in item["waits"] if one["since_ms"] > now_ms]
        if called:
            text += f"; called: {', '.join(dict.fromkeys(called))}"
        if later:
            text += f"; then {later[0]['role']} from {zulu_short(later[0]['since_ms'])}"
    marks = ("EMERGENCY " if item["emergency"] else "") + ("by a program, " if item["automated"] else "")
    kind, precedence = words.kind_name(item["kind"]), words.coded("precedence", item["precedence"])
    return (
        item["draft"],
        zulu_short(item["issued_at_ms"]),
        kind,
        precedence,
        f"{marks}{text}; hash {item['hash'][:12]}…",
    )


def _closed(item: dict[str, Any]) -> dict[str, Any]:
    """One that was refused or cancelled, with the reason, which is checked against what its author signed."""
    from hotline.printable import printable
    from hotline.zulu import zulu_short
    from protocol.errors import ProtocolError
    from protocol.journal import text_of
    from protocol.statement import Statement

    act, statement = Statement.parse(item["act"]), Statement.parse(item["statement"])
    reason = ""
    if item["act_body"] is not None and item["act_secret"] is not None:
        try:
            reason = text_of(act, item["act_body"], item["act_secret"])
        except ProtocolError as error:
            reason = f"(cannot be read: {error.code})"
    what = "refused" if act.kind == "refusal" else "cancelled"
    said = printable(reason) or "no reason given"
    text = f"{what} by person {item['person']} {zulu_short(item['closed_ms'])}: {said}"
    return {
        "id": item["id"],
        "kind": statement.kind,
        "closed": what,
        "person": item["person"],
        "closed_ms": item["closed_ms"],
        "reason": reason,
        "text": text,
    }


def _reviewed(item: dict[str, Any], channel: Channel) -> dict[str, Any]:
    from hotline.zulu import zulu_short
    from protocol.statement import Statement

    statement = Statement.parse(item["statement"])
    return {
        "id": item["id"],
        "serial": None if item["index"] is None else f"{channel.own} {item['index']}",
        "kind": statement.kind,
        "person": item["person"],
        "until_ms": item["until_ms"],
        "text": f"released by person {item['person']}; review by {zulu_short(item['until_ms'])}",
    }


@click.command("sign")
@click.argument("draft")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option(
    "--wait", type=click.Choice(["logged", "held"]), default="logged", show_default=True, help="How far to wait."
)
@click.option("--timeout", type=Seconds(), default=WAIT_TIMEOUT_S, show_default=True, help="Seconds to wait at most.")
@click.option("--yes", is_flag=True, help="Sign without being asked.")
@common_options
@click.pass_context
def sign_command(
    context: click.Context, draft: str, counterpart: str | None, wait: str, timeout: float, yes: bool
) -> int:
    """Sign a draft as another officer.

    Your own client opens the body, recomputes every commitment of the signed header, and shows what it says; then you
    sign that. The last signature that was missing sends it.

    \b
    Examples:
      hotline --home ARC sign 7ae505ff9028867bb62121d3374c4ec5 --as release
      hotline --home ARC sign 7ae5 --as release
    """
    from hotline.banners import banner
    from hotline.desk import open_told
    from hotline.sending import sign
    from hotline.showing import field_lines, header_lines
    from nodes.signed import signatures_from_wire
    from protocol.statement import Statement

    settings = settings_of(context)
    if not settings.officers:
        settings.officers = _obvious_signer(settings, draft, counterpart)
    with open_desk(settings) as (desk, officers):
        channel = desk.channel(counterpart)
        told = desk.request("draft", counterpart=channel.counterpart, id=_whole_id(desk, channel, draft))
        statement = Statement.parse(told["statement"])
        known = channel.catalogue
        kind = known.kind(statement.kind) if statement.catalogue == known.digest else None
        if kind is None or statement.channel != channel.agreement.channel or statement.party != channel.own:
            raise Refused("contents-differ", "the draft is not one of this party's on this channel")
        values = open_told(statement, kind, told)
        output = settings.output
        shown = [*banner(channel), *header_lines(statement, kind, output)]
        shown += field_lines(kind, values, known, output.words)
        for line in shown:
            output.note(line)
        settings.confirm(f"Sign this for {channel.counterpart}?", yes=yes)
        for officer in officers:
            officer.show([f"To {channel.counterpart}, draft {told['id']}", *shown])
        already = signatures_from_wire(told["signatures"])
        if "passkey-counter" in told["missing"]:
            # A passkey that has signed since: whoever signed with it signs anew, in the place of that.
            again = {f"person/{officer.number}" for officer in officers}
            already = tuple(one for one in already if one.signer not in again)
        outcome: dict[str, Any] = {}
        for signature in sign(statement, told["statement"], kind, channel, officers, already=already):
            outcome = desk.request(
                "sign",
                timeout_s=timeout + 10,
                counterpart=channel.counterpart,
                id=told["id"],
                signature=[signature.signer, signature.role, signature.algorithm, signature.value],
                wait=wait,
                timeout_ms=int(timeout * 1000),
            )
    show_outcome(settings, outcome, counterpart=channel.counterpart)
    return WAITING if outcome["state"] in {"draft", "held-back"} else 0


def _whole_id(desk: Desk, channel: Channel, typed: str) -> str:
    """Complete a draft's id from its first digits.

    Raises:
        Misused: none or several begin so.
    """
    return str(_item(desk, channel, typed)["id"])


def _item(desk: Desk, channel: Channel, typed: str) -> dict[str, Any]:
    """The one draft whose id begins so.

    Raises:
        Misused: none or several do.
    """
    items = desk.request("drafts", counterpart=channel.counterpart)
    found = [one for one in items if one["id"].startswith(typed.lower())]
    if len(found) != 1 or not typed:
        raise Misused("no-such-draft", f"{'several drafts' if found else 'no draft'} of the id {typed[:32]!r}")
    item: dict[str, Any] = found[0]
    return item


def _obvious_signer(settings: Settings, draft: str, counterpart: str | None) -> list[str]:
    """Without --as in a node home: the first officer here who fills a place that is still open."""
    from hotline.party_file import read_party
    from nodes.home import NodeHome

    home = settings.any_home()
    if not isinstance(home, NodeHome):
        return []
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        whole = _whole_id(desk, channel, draft)
        items = desk.request("drafts", counterpart=channel.counterpart)
        told = next(item for item in items if item["id"] == whole)
    wanted = {role for slot in told["missing"] for role in slot.split("/")}
    signed = {signer for signer, *_ in told["signatures"]}
    names = home.officer_names()
    for member in read_party(home.party_path).members:
        person = member.person
        if member.home in names and f"person/{person.number}" not in signed and wanted & set(person.roles):
            settings.output.note(f"signing as {member.home}")
            return [member.home]
    return []
