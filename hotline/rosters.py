"""New versions of a party's rosters, signed by its roots, on their way to the logs.

The signed statement of a new roster goes to the running node, or into the outbox that the node takes up at its next
start. It counts from the entry after the one that carries it; until then the node goes on with the one before.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import replace

from hotline.documents import ROSTER, sign_document
from hotline.errors import CouldNot, Misused
from hotline.party_file import PartyFile, read_party, write_party
from hotline.root_signing import ROSTER_EARLY_MS, ROSTER_YEARS, Secrets, open_roots
from hotline.setup import YEAR_MS
from keys import roster as roster_text
from keys.keyring import RootKeyring
from nodes import later
from nodes.errors import ApiRefused
from nodes.files import make_directory, read_file, write_file
from nodes.governing import agreement_in_force
from nodes.home import ChannelHome, NodeHome
from nodes.signed import SignedStatement

IN_FORCE_WAIT_S = 5.0
"""How long to wait until a running node has taken up a roster that it logged."""


def sign_next_rosters(home: NodeHome, opened: Secrets, *, now_ms: int) -> list[dict[str, object]]:
    """Sign the next roster of every channel with the people that the party's card has now.

    Args:
        home: the party's node home.
        opened: what opens the root keys.
        now_ms: now, UTC milliseconds.

    Returns:
        For each channel: counterpart, version, and state, "logged" or "outbox".

    Raises:
        CouldNot: too few root keys are there.
    """
    party = read_party(home.party_path)
    roots = open_roots(party, opened)
    end_ms = now_ms + ROSTER_YEARS * YEAR_MS
    return [_next(home, channel, party, roots, now_ms=now_ms, end_ms=end_ms) for channel in home.channels()]


def renew_rosters(
    home: NodeHome, opened: Secrets, *, now_ms: int, years: int = ROSTER_YEARS, leaving: Collection[int] = ()
) -> tuple[PartyFile, list[dict[str, object]]]:
    """Sign the next roster of every channel with the same people and keys, valid anew.

    Args:
        home: the party's node home.
        opened: what opens the root keys.
        now_ms: now, UTC milliseconds.
        years: how long rosters and persons are valid from now.
        leaving: numbers of persons whose validity stays as it is.

    Returns:
        The party's card as it is now, and for each channel the same as `sign_next_rosters`.

    Raises:
        Misused: no such person, or no span of time.
        CouldNot: there is no channel, or too few root keys are there.
    """
    party = read_party(home.party_path)
    if not home.channels():
        raise CouldNot("not-paired", f"{party.short} has no channel yet, so there is no roster to renew")
    if not 1 <= years <= 50:
        raise Misused("usage", "a roster is valid for 1 to 50 years")
    unknown = sorted(set(leaving) - {member.person.number for member in party.members})
    if unknown:
        raise Misused("usage", f"{party.short} has no person {unknown[0]}")
    # Opened before anything is written: without the roots nothing is half done.
    roots = open_roots(party, opened)
    end_ms = now_ms + years * YEAR_MS
    members = tuple(
        member
        if member.retired or member.person.number in leaving
        else replace(
            member,
            person=replace(member.person, valid_until_ms=max(member.person.valid_until_ms, end_ms)),
        )
        for member in party.members
    )
    party = replace(party, members=members)
    write_party(home.party_path, party)
    return party, [_next(home, channel, party, roots, now_ms=now_ms, end_ms=end_ms) for channel in home.channels()]


def _next(
    home: NodeHome, channel: ChannelHome, party: PartyFile, roots: list[RootKeyring], *, now_ms: int, end_ms: int
) -> dict[str, object]:
    agreement = agreement_in_force(channel)
    text = _latest(channel, party.short)
    version = roster_text.parse(text).version
    # This one, and one for each time at which a delegation or an absence ends: nobody fetches the roots for that.
    times = [now_ms, *party.changes_after(now_ms)]
    made: list[tuple[int, SignedStatement]] = []
    for at_ms in times:
        previous = roster_text.parse(text)
        following = replace(
            previous,
            version=previous.version + 1,
            previous=hashlib.sha256(text).digest(),
            valid_from_ms=now_ms - ROSTER_EARLY_MS,
            valid_until_ms=end_ms,
            people=party.people_at(at_ms),
        )
        roster_text.check_succession(previous, text, following)
        text = roster_text.render(following)
        signed = sign_document(ROSTER, text, agreement=agreement, party=party.short, roots=roots, issued_at_ms=now_ms)
        made.append((at_ms, signed))
    # Those of before are void from here on: they follow a roster that this one follows as well.
    for _, path in later.waiting(channel):
        path.unlink()
    make_directory(channel.outbox)
    (_, signed), *following_ones = made
    version += 1
    waiting = channel.outbox / f"roster-{version:06d}.statement"
    write_file(waiting, signed.encode())
    make_directory(channel.later)
    for number, (at_ms, one) in enumerate(following_ones, start=1):
        write_file(channel.later / later.name_of(version + number, at_ms), one.encode())
    state = "outbox"
    if _submit(home, channel, signed):
        waiting.unlink(missing_ok=True)
        state = "logged"
        _wait_until_kept(channel, party.short, version)
    return {"counterpart": channel.counterpart, "version": version, "state": state}


def _latest(channel: ChannelHome, party: str) -> bytes:
    """The text of the newest roster, whether the node has it or it still waits."""
    waiting = sorted(channel.outbox.glob("roster-*.statement")) if channel.outbox.is_dir() else []
    if waiting:
        return SignedStatement.parse(read_file(waiting[-1])).body or b""
    return read_file(channel.roster_path(party, channel.roster_versions(party)[-1]))


def _wait_until_kept(channel: ChannelHome, party: str, version: int) -> None:
    """Wait until the node has the roster in force, so that the next one is made after it."""
    until = time.monotonic() + IN_FORCE_WAIT_S
    while version not in channel.roster_versions(party) and time.monotonic() < until:
        time.sleep(0.02)


def _submit(home: NodeHome, channel: ChannelHome, signed: SignedStatement) -> bool:
    """Hand a statement that the roots signed to the node, if it runs."""
    from nodes.client import NodeClient

    try:
        with NodeClient.connect(home.socket) as client:
            answer = client.request("submit", counterpart=channel.counterpart, signed=signed.encode(), wait="logged")
    except ApiRefused as error:
        if error.code in {"node-not-running", "api-forbidden", "node-closed", "timed-out"}:
            return False
        raise
    return bool(answer["state"] in {"logged", "held"})
