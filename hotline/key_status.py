"""What becomes of the keys of a party, and when: what runs out, what was never tried, who does what about it.

Everything here is read from the home as it lies there; no key file is opened and no node is asked. A due names one
thing, how it stands, and if it does not stand well the next step and who takes it. The doctor shows the same.

Source: spec/keys-and-rosters.md, "Roster"; spec/root-shares.md, "Record".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal

from hotline.errors import HotlineError
from hotline.party_file import Member, PartyFile, read_party
from hotline.root_backups import RootBackup, read_backups
from hotline.zulu import duration
from keys import roster as roster_text
from keys.errors import KeysError
from keys.person import Person
from keys.roster import Roster
from keys.roster_people import admins_at
from nodes.caretaker import ROOTS_SOON_MS, ROSTER_SOON_MS
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.governing import agreement_in_force, reign_in_force
from nodes.home import ChannelHome, NodeHome
from nodes.root_sets import load as load_roots
from nodes.stopped import read_agreement
from protocol.agreement import Agreement
from protocol.agreement_checks import ANY_KIND
from protocol.agreement_terms import AuthorityRule
from protocol.authority import able_to_sign, missing_slots
from protocol.governance import Reign

DAY_MS: Final = 86_400_000
REHEARSE_EVERY_MS: Final = 365 * DAY_MS
"""Paper fades slowly; people who know where it is leave faster."""

BACKUP_OLD_MS: Final = 7 * DAY_MS
RECORD_BYTES_MAX: Final = 64 * 1024

KEEPERS: Final = "the keepers of the root keys"
ADMINISTRATOR: Final = "the administrator"

State = Literal["ok", "soon", "late", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing and how it stands.

    Attributes:
        name: what, such as `root 1 backup` or `BOR roster of ARC`.
        state: ok; soon, within thirty days; late, when it ought to have been done; broken, when a file cannot be read
            that must be there.
        text: how it stands, in a few words.
        at_ms: when it ends or was to be done, UTC milliseconds; None where there is no such time.
        who: takes the next step; empty where nothing is to be done.
        next: the step; empty as above.
    """

    name: str
    state: State
    text: str
    at_ms: int | None = None
    who: str = ""
    next: str = ""


def dues(home: NodeHome, *, now_ms: int) -> Iterator[Due]:
    """Everything about the keys of a home: its roots, its channels, its backup.

    Args:
        home: a party's node home.
        now_ms: now, UTC milliseconds.

    Raises:
        CouldNot: `home-file-malformed`; the party's card does not parse.
    """
    card = read_party(home.party_path)
    yield from root_dues(home, card, now_ms=now_ms)
    yield _node_keys(home)
    for channel in home.channels():
        yield from channel_dues(home, channel, now_ms=now_ms)
        yield from people_dues(home, channel, card, now_ms=now_ms)
    yield _backup(home, now_ms)


def root_dues(home: NodeHome, card: PartyFile, *, now_ms: int) -> Iterator[Due]:
    """Where the root keys are, and whether each is on paper and was tried."""
    kept = sorted(home.roots.glob("root-*.key")) if home.roots.is_dir() else []
    if kept:
        yield Due(
            name="root keys",
            state="late",
            text=f"{len(kept)} root keys are on this machine",
            who=KEEPERS,
            next=f"Copy {home.roots} to two safe places, check the copies, and delete it here.",
        )
    else:
        yield Due(name="root keys", state="ok", text="they are not on this machine")
    try:
        known = read_backups(home)
    except (HotlineError, NodeError) as error:
        yield Due(name="root backups", state="late", text=error.text, who=KEEPERS, next="Try each backup once.")
        return
    for number in card.roots.numbers:
        yield _root_backup(home, number, known.get(number), now_ms)


def _root_backup(home: NodeHome, number: int, backup: RootBackup | None, now_ms: int) -> Due:
    name = f"root {number} backup"
    command = f"hotline --home {home.path} root shares"
    if backup is None:
        step = f"{command} make --root {number}"
        text = "no paper backup was made or tried from this home"
        return Due(name=name, state="late", text=text, who=KEEPERS, next=step)
    count = f"{backup.needed} of {backup.of}" if backup.of is not None else f"{backup.needed} needed"
    text = f"set {backup.set_number}, {count}"
    if backup.tried_at_ms is None:
        return Due(name=name, state="late", text=f"{text}, never tried", who=KEEPERS, next=f"{command} rehearse")
    due_ms = backup.tried_at_ms + REHEARSE_EVERY_MS
    state = _state(due_ms, now_ms)
    text += f", tried {_day(backup.tried_at_ms)}"
    step = "" if state == "ok" else f"{command} rehearse"
    return Due(name=name, state=state, text=text, at_ms=due_ms, who=KEEPERS if step else "", next=step)


def _node_keys(home: NodeHome) -> Due:
    """Where the node's keys are: in the home, or with a signer."""
    try:
        config = NodeConfig.load(home.config_path)
    except NodeError as error:
        return Due(name="node keys", state="broken", text=error.text, who=ADMINISTRATOR, next="Correct node.toml.")
    if config.signer is None:
        half = ", their Ed25519 halves in a token" if config.pkcs11_module is not None else ""
        return Due(name="node keys", state="ok", text=f"they are in {home.keyring_path.name} of the home{half}")
    text = f"the signer at {config.signer} has them"
    if not home.keyring_path.exists():
        return Due(name="node keys", state="ok", text=text)
    step = f"When the line is up, delete the copy in the home: shred -u {home.keyring_path}"
    return Due(name="node keys", state="late", text=f"{text}, and so has the home", who=ADMINISTRATOR, next=step)


def channel_dues(home: NodeHome, channel: ChannelHome, *, now_ms: int) -> Iterator[Due]:
    """The rosters of both parties, what waits for our node to log it, and the agreement's dates."""
    name = channel.counterpart
    try:
        reign = reign_in_force(channel)
    except NodeError as error:
        step = "Bring it back from your backup."
        yield Due(name=f"{name} agreement", state="broken", text=error.text, who=ADMINISTRATOR, next=step)
        return
    agreement = reign.agreement
    yield from _agreement(name, reign, home.party, now_ms)
    for short in agreement.shorts:
        yield _root_set(channel, agreement, short, own=short == home.party, now_ms=now_ms)
        yield _roster(channel, short, own=short == home.party, now_ms=now_ms)
    waiting = sorted(channel.outbox.glob("ro*-*.statement")) if channel.outbox.is_dir() else []
    if waiting:
        text = f"{len(waiting)} signed rosters or root sets wait for the node to log them"
        step = f"hotline --home {home.path} node run"
        yield Due(name=f"{name} outbox", state="late", text=text, who=ADMINISTRATOR, next=step)


def _agreement(name: str, reign: Reign, party: str, now_ms: int) -> Iterator[Due]:
    """Its review and its end; what has ended has nothing left to review."""
    ends_ms = reign.ends_of(party)
    review_ms = _day_ms(reign.agreement.review_date)
    # The day itself is still in time.
    state: State = "ok" if now_ms < review_ms + DAY_MS else "late"
    if not reign.ended_at(now_ms, party):
        yield Due(
            name=f"{name} agreement",
            state=state,
            text=f"to be reviewed by {reign.agreement.review_date.isoformat()}",
            at_ms=review_ms,
            who="" if state == "ok" else "both parties",
            next="" if state == "ok" else "Review it with the other party; it goes on meanwhile.",
        )
    if ends_ms is not None:
        state = _state(ends_ms, now_ms)
        why = "" if reign.withdrawn_by is None else f", withdrawn by {reign.agreement.shorts[reign.withdrawn_by]}"
        yield Due(
            name=f"{name} agreement's end",
            state=state,
            text=f"the agreement {'ended' if state == 'late' else 'ends'} on {_day(ends_ms)}{why}",
            at_ms=ends_ms,
            who="" if state == "ok" else "both parties",
            next="" if state == "ok" else "Agree on an amendment with a later date: hotline agreement amend.",
        )


def newest_roster(channel: ChannelHome, short: str) -> tuple[Roster | None, str]:
    """A party's newest roster that is here, or None and why there is none."""
    versions = channel.roster_versions(short)
    if not versions:
        return None, "there is none"
    try:
        return roster_text.parse(read_file(channel.roster_path(short, versions[-1]))), ""
    except (KeysError, NodeError) as error:
        return None, str(error)


def _root_set(channel: ChannelHome, agreement: Agreement, short: str, *, own: bool, now_ms: int) -> Due:
    name = f"{channel.counterpart} roots of {short}"
    newest = load_roots(channel, agreement, short).newest
    signing = f"{newest.roots.threshold} of {len(newest.roots.keys)} sign"
    if newest.version == 1:
        return Due(name=name, state="ok", text=f"as the agreement lists them, {signing}")
    left = newest.valid_until_ms - now_ms
    state: State = "late" if left <= 0 else "soon" if left <= ROOTS_SOON_MS else "ok"
    when = f"meant for {duration(left)} more" if left > 0 else "past the time it was meant for"
    step = "Have the roots sign the next set: hotline root set new." if own else f"Ask {short} for its next root set."
    return Due(
        name=name,
        state=state,
        text=f"version {newest.version}, {signing}, {when}",
        at_ms=newest.valid_until_ms,
        who="" if state == "ok" else KEEPERS if own else f"{short}'s administrator",
        next="" if state == "ok" else step,
    )


def _roster(channel: ChannelHome, short: str, *, own: bool, now_ms: int) -> Due:
    name = f"{channel.counterpart} roster of {short}"
    roster, problem = newest_roster(channel, short)
    if roster is None:
        step = "Bring it back from your backup."
        return Due(name=name, state="broken", text=problem, who=ADMINISTRATOR, next=step)
    left = roster.valid_until_ms - now_ms
    state = _state(roster.valid_until_ms, now_ms)
    if state == "ok":
        text = f"version {roster.version}, valid for {duration(left)}"
        return Due(name=name, state="ok", text=text, at_ms=roster.valid_until_ms)
    return Due(
        name=name,
        state=state,
        text=f"version {roster.version} ran out" if left <= 0 else f"version {roster.version} ends in {duration(left)}",
        at_ms=roster.valid_until_ms,
        who=KEEPERS if own else f"{short}'s administrator",
        next="Have the roots sign a new one: hotline roster renew."
        if own
        else f"Ask {short} for hotline roster renew.",
    )


def people_dues(home: NodeHome, channel: ChannelHome, card: PartyFile, *, now_ms: int) -> Iterator[Due]:
    """Whose time runs out in our newest roster, who is in the card and not in it, and which rules nobody could meet."""
    roster, _ = newest_roster(channel, home.party)
    if roster is None:
        return
    names = {member.person.number: member.home for member in card.members}
    left_for_good = {member.person.number for member in card.members if member.retired}
    for person in roster.people:
        left = person.valid_until_ms - now_ms
        # Whoever was retired, or ran out long ago, has left; their number stays, and is nobody's business.
        if abs(left) <= ROSTER_SOON_MS and person.number not in left_for_good:
            yield Due(
                name=f"{channel.counterpart} person {person.number}",
                state="soon" if left > 0 else "late",
                text=f"{names.get(person.number, '?')} {'ends' if left > 0 else 'ended'} {_day(person.valid_until_ms)}",
                at_ms=person.valid_until_ms,
                who=KEEPERS,
                next="hotline roster renew, or leave them out of it with --leave.",
            )
    listed = {person.number: person for person in roster.people}
    missing = [one.home for one in card.members if _otherwise(one, listed.get(one.person.number), now_ms)]
    waiting = channel.outbox.is_dir() and any(channel.outbox.glob("roster-*.statement"))
    if missing and not waiting:
        yield Due(
            name=f"{channel.counterpart} people",
            state="late",
            text=f"the party's card has changes that no roster has: {', '.join(missing)}",
            who=KEEPERS,
            next="Have the roots sign a new one: hotline roster renew.",
        )
    yield from _unfillable(channel, roster, now_ms)
    yield from _admins(channel, roster, now_ms)


def _otherwise(member: Member, listed: Person | None, now_ms: int) -> bool:
    """Whether the roster has somebody otherwise than the card; those who left long ago may be in it or not."""
    wanted = member.listed_at(now_ms)
    return listed != wanted and not (member.retired and wanted is None)


def _admins(channel: ChannelHome, roster: Roster, now_ms: int) -> Iterator[Due]:
    """Whether people can join and leave without the roots."""
    try:
        needed = agreement_in_force(channel).roster_admins
    except NodeError:
        return
    able = len(admins_at(roster, now_ms))
    if needed and able:
        text = f"{able} admins; {needed} together sign people in and out without the roots"
        state: State = "ok" if able >= needed else "soon"
        step = "" if able >= needed else "hotline officer add NAME --role admin, signed by the roots."
        who = KEEPERS if step else ""
        yield Due(name=f"{channel.counterpart} admins", state=state, text=text, who=who, next=step)


def rule_scope(rule: AuthorityRule) -> str:
    """What a rule of an agreement is about, in words: `any kind of severity 5 or more`."""
    text = "any kind" if rule.kinds == (ANY_KIND,) else ", ".join(rule.kinds)
    if rule.severity_at_least is not None:
        text += f" of severity {rule.severity_at_least} or more"
    if rule.precedences:
        text += f" that is {' or '.join(rule.precedences)}"
    return text + (" that follows a template" if rule.template else "")


def _unfillable(channel: ChannelHome, roster: Roster, now_ms: int) -> Iterator[Due]:
    """Rules of the agreement that the people of the roster could not meet, now or in thirty days."""
    try:
        agreement = read_agreement(channel)
    except NodeError:
        return
    for number, rule in enumerate(agreement.rules, start=1):
        for state, at_ms in (("late", now_ms), ("soon", now_ms + ROSTER_SOON_MS)):
            people = [one for one in roster.people if one.valid_at(at_ms)]
            lacking = missing_slots(rule.needs, able_to_sign(agreement, rule, people))
            if lacking:
                when = "now" if state == "late" else "in thirty days"
                yield Due(
                    name=f"{channel.counterpart} rule {number}",
                    state="late" if state == "late" else "soon",
                    text=f"{when} nobody would be left to sign as {', '.join(lacking)} for {rule_scope(rule)}",
                    who=KEEPERS,
                    next="Add an officer with that role, or renew one: hotline officer add, hotline roster renew.",
                )
                break


def _backup(home: NodeHome, now_ms: int) -> Due:
    step = f"hotline --home {home.path} backup FILE"
    try:
        at_ms = json.loads(read_file(home.path / "backup.json", bytes_max=RECORD_BYTES_MAX))["at_ms"]
        if type(at_ms) is not int:
            raise ValueError("at_ms is no number")
    except (NodeError, ValueError, KeyError, TypeError, RecursionError):
        return Due(name="home backup", state="late", text="none is known of", who=ADMINISTRATOR, next=step)
    late = now_ms - at_ms > BACKUP_OLD_MS
    return Due(
        name="home backup",
        state="late" if late else "ok",
        text=f"made {_day(at_ms)}",
        at_ms=at_ms + BACKUP_OLD_MS,
        who=ADMINISTRATOR if late else "",
        next=step if late else "",
    )


def _state(at_ms: int, now_ms: int) -> State:
    if at_ms <= now_ms:
        return "late"
    return "soon" if at_ms - now_ms <= ROSTER_SOON_MS else "ok"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).date().isoformat()


def _day_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
