"""A compromise as everybody is told of it: what the rosters revoked, and the alarm that says so on each line.

Both are found again by whoever gives the command twice: what was revoked stands in the rosters, and what was said in
the party's own log or among its drafts. So nothing is revoked twice, and nobody is told twice.

Source: spec/keys-and-rosters.md, "Rotation"; docs/ceremonies/compromise.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from hotline.composing import Letter, find_kind
from hotline.desk import Channel, Desk, Officer, open_told
from hotline.reference import Reference
from hotline.sending import Place, make, sign, submit
from hotline.zulu import zulu
from keys import roster as roster_text
from keys.errors import KeysError
from keys.revoked import MIRROR, RevokedKey
from keys.roster import Roster, key_names
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.home import ChannelHome, NodeHome
from nodes.past import open_past
from nodes.signed import SignedStatement
from nodes.stopped import open_store, read_agreement
from protocol.errors import ProtocolError
from protocol.glance import glance
from protocol.statement import Statement

ALARM = "compromise-alarm"
SAID_TIMEOUT_S = 30.0
READ_AT_ONCE = 256

Names = Callable[[Roster], Collection[bytes]]
"""The names of the keys that one command is about, in a roster of the party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What a party's rosters on one channel revoked.

    Attributes:
        counterpart: of the channel.
        version: of the newest roster that did.
        keys: in the order in which they are listed.
    """

    counterpart: str
    version: int
    keys: tuple[RevokedKey, ...]

    @property
    def subject(self) -> RevokedKey:
        """The key that an alarm names; the others stand in its text."""
        return self.keys[0]


def person_names(number: int) -> Names:
    """The keys of a person."""
    return lambda roster: [key.key_id for one in roster.people if one.number == number for key in one.keys]


def job_names(jobs: Collection[str]) -> Names:
    """The keys of some jobs of the node."""
    return lambda roster: [name for job, name in key_names(roster) if job in jobs]


def revoked_since(
    home: NodeHome, jobs: Collection[str], names: Names, since_ms: int, *, kept: Collection[bytes] = ()
) -> list[Revoked] | None:
    """What was revoked of the keys that a command is about after the time from which they are not trusted.

    Args:
        home: the party's node home.
        jobs: of the keys; each must have been revoked.
        names: of the keys.
        since_ms: from when on they are not trusted, UTC milliseconds. What came into force after it is another key.
        kept: ids of keys that the party's card goes on giving. Where one of them is revoked, a command was interrupted.

    Returns:
        For each channel; None where something is still to be done on one of them.
    """
    found = []
    for channel in home.channels():
        keys: list[RevokedKey] = []
        newest = 0
        before: Roster | None = None
        for roster, stated_ms in _rosters(channel, home.party):
            if before is not None and stated_ms > since_ms:
                gone, known = set(names(before)), {one.key for one in before.revoked}
                new = [one for one in roster.revoked if one.key in gone - known]
                keys += new
                newest = roster.version if new else newest
            before = roster
        if {one.job for one in keys} != set(jobs) or {one.key for one in keys} & set(kept):
            return None
        found.append(Revoked(counterpart=channel.counterpart, version=newest, keys=tuple(keys)))
    return found or None


def _rosters(channel: ChannelHome, party: str) -> Iterator[tuple[Roster, int]]:
    """The party's rosters in order, those that still wait for the node as well, and when each was stated."""
    statements = [channel.roster_statement_path(party, version) for version in channel.roster_versions(party)]
    last = 0
    for path in [*statements, *sorted(channel.outbox.glob("roster-*.statement"))]:
        try:
            signed = SignedStatement.parse(read_file(path))
            roster = roster_text.parse(signed.body or b"")
            stated_ms = Statement.parse(signed.statement).issued_at_ms
        except (KeysError, NodeError, ProtocolError):
            # What does not read says nothing of what was revoked; then it is revoked anew.
            continue
        if roster.version > last:
            last = roster.version
            yield roster, stated_ms


def raise_alarm(
    home: NodeHome, desk: Desk, officers: Sequence[Officer], revoked: Revoked, *, since_ms: int, now_ms: int
) -> dict[str, object]:
    """Say on a line that a key is in other hands, unless that was said; with too few signatures it waits as a draft.

    Args:
        home: the party's node home.
        desk: of the first officer.
        officers: who sign.
        revoked: what was revoked on that channel.
        since_ms: from when on the keys are not trusted, UTC milliseconds.
        now_ms: now, UTC milliseconds.

    Returns:
        `counterpart`; `state`: `said` where it was said before, else how far it came; `serial`, `draft` and `missing`.

    Raises:
        HotlineError, NodeError, ProtocolError: it cannot be said.
    """
    channel = desk.channel(revoked.counterpart, fresh=True)
    known = _said(home, desk, revoked) or _drafted(desk, channel, revoked)
    if known is not None:
        return {"counterpart": revoked.counterpart, "state": "said", **known}
    letter = Letter(kind=find_kind(ALARM, channel.catalogue))
    listed = "; ".join(f"{one.job} {one.key.hex()[:16]} ({one.reason})" for one in revoked.keys)
    letter.values = {
        "key_kind": revoked.subject.job,
        "key_id": revoked.subject.key.hex(),
        "seen": f"Revoked by roster {revoked.version} of {channel.own}: {listed}.",
        "until_when": zulu(since_ms)[:19] + "Z",
    }
    if (trusted := _trusted(revoked)) is not None:
        letter.facts = {"trusted_size": trusted}
    letter.check(channel.catalogue, now_ms=now_ms)
    composed = make(letter, Place(), channel, now_ms=now_ms)
    signatures = sign(composed.statement, composed.statement_bytes, letter.kind, channel, officers)
    outcome = submit(desk, channel, composed, signatures, wait="logged", timeout_s=SAID_TIMEOUT_S)
    return {
        "counterpart": revoked.counterpart,
        "state": outcome["state"],
        "serial": outcome["serial"],
        "draft": outcome["draft"],
        "missing": outcome["missing"],
    }


def _trusted(revoked: Revoked) -> int | None:
    """How many entries of our own log are still trusted; a mirror's key signs none of them."""
    return min((one.trusted for one in revoked.keys if one.job != MIRROR), default=None)


def _said(home: NodeHome, desk: Desk, revoked: Revoked) -> dict[str, object] | None:
    """The newest alarm about that key in our present log."""
    for index in reversed(_alarms(home, home.channel(revoked.counterpart))):
        spoken = desk.entry(Reference(revoked.counterpart, home.party, index))
        if (desk.contents(spoken) or {}).get("key_id") == revoked.subject.key.hex():
            return {"serial": spoken.serial, "draft": None, "missing": []}
    return None


def _alarms(home: NodeHome, channel: ChannelHome) -> list[int]:
    """Numbers of the alarms in our own voice, as far as its present log goes back."""
    past = open_past(channel, read_agreement(channel), own=home.party)
    try:
        base = past.base(home.party)
    finally:
        past.close()
    with open_store(home, channel) as store:
        size = store.head(home.party).size
        starts = range(0, size, READ_AT_ONCE)
        read = (store.read(home.party, start, min(size, start + READ_AT_ONCE)) for start in starts)
        entries = itertools.chain.from_iterable(read)
        return [base + place for place, entry in enumerate(entries) if glance(entry).kind == ALARM]


def _drafted(desk: Desk, channel: Channel, revoked: Revoked) -> dict[str, object] | None:
    """The alarm about that key that waits for signatures."""
    kind = find_kind(ALARM, channel.catalogue)
    for item in desk.request("drafts", counterpart=channel.counterpart):
        statement = Statement.parse(item["statement"])
        if statement.kind != ALARM:
            continue
        told = desk.request("draft", counterpart=channel.counterpart, id=item["id"])
        if open_told(statement, kind, told).get("key_id") == revoked.subject.key.hex():
            return {"serial": None, "draft": item["id"], "missing": list(item["missing"])}
    return None
