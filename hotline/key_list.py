"""The keys that a party's rosters name, as a person looks through them: job, id, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.key_status import newest_roster
from hotline.party_file import PartyFile
from keys.passkey import Passkey
from keys.roster import Roster
from nodes.home import NodeHome


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """One public key.

    Attributes:
        channel: short name of the counterpart; empty for roots, which are of the party.
        job: what it does, such as `node`, `TLS`, `person 2`.
        of: what this machine calls whose it is, such as `duty`, or the roles; empty where that says nothing.
        key_id: hexadecimal digits: the key's id, or the pin of a TLS key, or the Ed25519 key of a log or mirror.
        until_ms: first instant at which it is not valid any more, UTC milliseconds; None for roots and revoked keys.
    """

    channel: str
    job: str
    of: str
    key_id: str
    until_ms: int | None


def listed_keys(home: NodeHome, card: PartyFile) -> list[ListedKey]:
    """The party's roots, and the keys in its newest roster of each channel.

    Args:
        home: the party's node home.
        card: its card.
    """
    found = [
        ListedKey(channel="", job=f"root {number}", of="", key_id=key.key_id.hex(), until_ms=None)
        for number, key in zip(card.roots.numbers, card.roots.keys, strict=True)
    ]
    names = {member.person.number: member.home for member in card.members}
    for channel in home.channels():
        roster, _ = newest_roster(channel, home.party)
        if roster is not None:
            found += _of_roster(channel.counterpart, roster, names)
    return found


def _of_roster(channel: str, roster: Roster, names: dict[int, str]) -> list[ListedKey]:
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
    listed = [ListedKey(channel=channel, job=job, of="", key_id=key_id, until_ms=end_ms) for job, key_id in jobs]
    for person in roster.people:
        for key in person.keys:
            listed.append(
                ListedKey(
                    channel=channel,
                    job=f"person {person.number}" + (f" passkey {key.number}" if isinstance(key, Passkey) else ""),
                    of=f"{names.get(person.number, '?')}: {', '.join(person.roles)}",
                    key_id=key.key_id.hex(),
                    until_ms=min(end_ms, person.valid_until_ms),
                )
            )
    for gone in roster.revoked:
        listed.append(
            ListedKey(
                channel=channel,
                job=f"revoked {gone.job}",
                of=f"{gone.reason}, trusted before {gone.trusted}",
                key_id=gone.key.hex(),
                until_ms=None,
            )
        )
    return listed
