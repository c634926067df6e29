"""The keys that a party's rosters name, as a person looks through them: job, id, since when, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hotline.key_status import newest_roster
from hotline.party_file import PartyFile
from keys import roster as roster_text
from keys.errors import KeysError
from keys.passkey import Passkey
from keys.roster import Roster
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.home import ChannelHome, NodeHome
from nodes.signed import SignedStatement
from protocol.errors import ProtocolError
from protocol.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """One public key.

    Attributes:
        channel: short name of the counterpart; empty for roots, which are of the party.
        job: what it does, such as `node`, `TLS`, `person 2`; `sealing before` for one that others sealed to once.
        of: what this machine calls whose it is, such as `duty`, or the roles; empty where that says nothing.
        key_id: hexadecimal digits: the key's id, or the pin of a TLS key, or the Ed25519 key of a log or mirror.
        since_version: of the party's rosters the first with this key in it; None for roots.
        since_ms: when that roster was stated, UTC milliseconds; None where its statement does not read.
        until_ms: first instant at which it is not valid any more, UTC milliseconds; None for roots, for revoked keys,
            and for sealing keys before the one in force.
    """

    channel: str
    job: str
    of: str
    key_id: str
    since_version: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None


def listed_keys(home: NodeHome, card: PartyFile) -> list[ListedKey]:
    """The party's roots, the keys in its newest roster of each channel, and the sealing keys before.

    Args:
        home: the party's node home.
        card: its card.
    """
    found = [
        ListedKey(channel="", job=f"root {number}", of="", key_id=key.key_id.hex())
        for number, key in zip(card.roots.numbers, card.roots.keys, strict=True)
    ]
    names = {member.person.number: member.home for member in card.members}
    for channel in home.channels():
        newest, _ = newest_roster(channel, home.party)
        if newest is not None:
            found += _of_channel(channel, newest, names)
    return found


def _of_channel(channel: ChannelHome, newest: Roster, names: dict[int, str]) -> list[ListedKey]:
    """The keys of one channel, each with the first roster that has it."""
    since: dict[tuple[bool, str], int] = {}
    sealing: list[str] = []
    for roster in _before(channel, newest):
        for one in _of_roster(channel.counterpart, roster, names):
            since.setdefault((one.job.startswith("revoked "), one.key_id), roster.version)
        if roster.sealing.key_id.hex() not in sealing:
            sealing.append(roster.sealing.key_id.hex())
    gone = {one.key.hex() for one in newest.revoked}
    present = [*_of_roster(channel.counterpart, newest, names)]
    present += [
        ListedKey(channel=channel.counterpart, job="sealing before", of="opens what was sealed to it", key_id=key_id)
        for key_id in sealing
        if key_id != newest.sealing.key_id.hex() and key_id not in gone
    ]
    times: dict[int, int | None] = {}
    listed = []
    for one in present:
        version = since[one.job.startswith("revoked "), one.key_id]
        if version not in times:
            times[version] = _stated_ms(channel, newest.party, version)
        listed.append(replace(one, since_version=version, since_ms=times[version]))
    return listed


def _before(channel: ChannelHome, newest: Roster) -> Iterator[Roster]:
    """The party's rosters up to the newest one, as far as they read."""
    for version in channel.roster_versions(newest.party):
        if version < newest.version:
            try:
                yield roster_text.parse(read_file(channel.roster_path(newest.party, version)))
            except (KeysError, NodeError):
                # The newest one reads; what was before is shown as far as it can be.
                continue
    yield newest


def _stated_ms(channel: ChannelHome, party: str, version: int) -> int | None:
    try:
        signed = SignedStatement.parse(read_file(channel.roster_statement_path(party, version)))
        return Statement.parse(signed.statement).issued_at_ms
    except (NodeError, ProtocolError):
        return None


def _of_roster(channel: str, roster: Roster, names: dict[int, str]) -> Iterator[ListedKey]:
    end_ms = roster.valid_until_ms
    tls = [("TLS" if place == 0 else "next TLS", pin.hex()) for place, pin in enumerate(roster.pins())]
    jobs = [
        ("node", roster.node.key_id.hex()),
        ("sealing", roster.sealing.key_id.hex()),
        (f"log {roster.epoch}", roster.log.ed25519.hex()),
        ("mirror", roster.mirror.ed25519.hex()),
        *tls,
        (f"next log {roster.next_epoch}", roster.next_log.ed25519.hex()),
    ]
    for job, key_id in jobs:
        yield ListedKey(channel=channel, job=job, of="", key_id=key_id, until_ms=end_ms)
    for person in roster.people:
        for key in person.keys:
            yield ListedKey(
                channel=channel,
                job=f"person {person.number}" + (f" passkey {key.number}" if isinstance(key, Passkey) else ""),
                of=f"{names.get(person.number, '?')}: {', '.join(person.roles)}",
                key_id=key.key_id.hex(),
                until_ms=min(end_ms, person.valid_until_ms),
            )
    for gone in roster.revoked:
        yield ListedKey(
            channel=channel,
            job=f"revoked {gone.job}",
            of=f"{gone.reason}, trusted before {gone.trusted}",
            key_id=gone.key.hex(),
        )
