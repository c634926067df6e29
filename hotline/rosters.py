"""New versions of a party's rosters, signed by its roots, on their way to the logs.

The signed statement of a new roster goes to the running node, or into the outbox that the node takes up at its next
start. It counts from the entry after the one that carries it; until then the node goes on with the one before.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from hotline.errors import CouldNot, Misused, Refused
from hotline.party_file import PartyFile, read_party, write_party
from hotline.root_signing import ROSTER_EARLY_MS, ROSTER_YEARS, Secrets, open_roots
from hotline.roster_signers import ByAdmins, ByRoots, RosterSigners
from hotline.setup import YEAR_MS
from keys import roster as roster_text
from keys.errors import KeysError
from keys.roster import Roster
from keys.roster_people import ADMIN
from nodes import later
from nodes.errors import ApiRefused
from nodes.files import make_directory, read_file, write_file
from nodes.governing import agreement_in_force
from nodes.home import ChannelHome, NodeHome
from nodes.home_lock import locked
from nodes.root_sets import load_expected as roots_in_force
from nodes.rosters import check_following, check_roster, keep, newest
from nodes.signed import SignedStatement

IN_FORCE_WAIT_S = 5.0
"""How long to wait until a running node has taken up a roster that it logged."""


RosterChange = Callable[[ChannelHome, Roster, Roster], Roster]
"""What else becomes of a channel's next roster: of the one before, and the next as it would be."""


@dataclass(frozen=True, slots=True)
class SignedNext:
    """The next rosters of one channel, signed and not written yet.

    Attributes:
        channel: its home.
        version: of the first of them.
        rosters: when each is to be logged, UTC milliseconds, and the statement; the first is for now.
    """

    channel: ChannelHome
    version: int
    rosters: tuple[tuple[int, SignedStatement], ...]

    @property
    def first(self) -> Roster:
        """The roster for now."""
        return roster_text.parse(self.rosters[0][1].body or b"")


def sign_rosters(
    home: NodeHome,
    card: PartyFile,
    signers: RosterSigners,
    *,
    now_ms: int,
    change: RosterChange | None = None,
) -> list[SignedNext]:
    """Sign the next roster of every channel with the people of a card; nothing is written.

    Args:
        home: the party's node home.
        card: who the people are.
        signers: who signs.
        now_ms: now, UTC milliseconds.
        change: what else becomes of each.

    Raises:
        Refused: the admins who are to sign may not sign that.
    """
    end_ms = now_ms + ROSTER_YEARS * YEAR_MS
    also = change or _as_it_is
    return [_sign(channel, card, signers, also, now_ms=now_ms, end_ms=end_ms) for channel in home.channels()]


def _as_it_is(_channel: ChannelHome, _before: Roster, after: Roster) -> Roster:
    return after


def place_rosters(home: NodeHome, signed: Iterable[SignedNext]) -> list[dict[str, object]]:
    """Give signed rosters to the node, or let them wait for it.

    Returns:
        For each channel: counterpart, version, and state, "logged" or "outbox".
    """
    return [_place(home, one) for one in signed]


def check_joining(
    home: NodeHome, card: PartyFile, signers: RosterSigners, roles: Collection[str], *, now_ms: int
) -> None:
    """Whether these signers may sign somebody in, looked at before a key is made for them.

    Raises:
        Refused: `admins-not-enough` or `admins-may-not`.
    """
    if isinstance(signers, ByAdmins) and ADMIN in roles:
        raise Refused("admins-may-not", "the roots sign admins in: give --roots")
    sign_rosters(home, card, signers, now_ms=now_ms)


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
        The party's card as it is now, and for each channel the same as `place_rosters`.

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
    signers = ByRoots(tuple(open_roots(party, opened)))
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
    made = [_sign(channel, party, signers, _as_it_is, now_ms=now_ms, end_ms=end_ms) for channel in home.channels()]
    write_party(home.party_path, party)
    return party, place_rosters(home, made)


def _sign(
    channel: ChannelHome,
    party: PartyFile,
    signers: RosterSigners,
    change: RosterChange,
    *,
    now_ms: int,
    end_ms: int,
) -> SignedNext:
    agreement = agreement_in_force(channel)
    in_force = roots_in_force(channel, agreement, party.short)
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
            people=party.people_at(at_ms),
        )
        if isinstance(signers, ByRoots):
            following = replace(following, valid_from_ms=now_ms - ROSTER_EARLY_MS, valid_until_ms=end_ms)
        following = change(channel, previous, following)
        roster_text.check_succession(previous, text, following)
        signers.check(agreement, previous, following, now_ms=at_ms)
        text = roster_text.render(following)
        signed = signers.sign(text, agreement, party.short, now_ms=now_ms, in_force=in_force.chain.roots)
        made.append((at_ms, signed))
    return SignedNext(channel, version + 1, tuple(made))


def _place(home: NodeHome, made: SignedNext) -> dict[str, object]:
    channel, version = made.channel, made.version
    # Those of before are void from here on: they follow a roster that this one follows as well.
    for _, path in later.waiting(channel):
        path.unlink()
    make_directory(channel.outbox)
    (_, signed), *following_ones = made.rosters
    waiting = channel.outbox / f"roster-{version:06d}.statement"
    write_file(waiting, signed.encode())
    make_directory(channel.later)
    for number, (at_ms, one) in enumerate(following_ones, start=1):
        write_file(channel.later / later.name_of(version + number, at_ms), one.encode())
    state = "outbox"
    if _submit(home, channel, signed):
        waiting.unlink(missing_ok=True)
        state = "logged"
        _wait_until_kept(channel, home.party, version)
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


def import_roster(home: NodeHome, signed: SignedStatement, *, now_ms: int) -> tuple[Roster, bool]:
    """Take the counterpart's next roster, at the node that runs or in the home of one that does not.

    Args:
        home: of the node.
        signed: the roster.
        now_ms: now, UTC milliseconds.

    Returns:
        The roster, and whether a node took it.

    Raises:
        CouldNot: `channel-unknown`; it is of nobody whom this party is paired with.
        NodeError: `roster-refused`; it does not verify, or is not the next version.
    """
    from nodes.client import NodeClient

    try:
        party = roster_text.parse(signed.body or b"").party
    except KeysError as error:
        raise Refused("roster-refused", f"the file holds no roster: {error}") from error
    channel = next((one for one in home.channels() if one.counterpart == party), None)
    if channel is None:
        raise CouldNot("channel-unknown", f"the roster is of {party}, with whom {home.party} has no channel")
    try:
        with NodeClient.connect(home.socket) as client:
            client.request("roster-import", counterpart=channel.counterpart, signed=signed.encode())
        return roster_text.parse(signed.body or b""), True
    except ApiRefused as error:
        if error.code != "node-not-running":
            raise
    with locked(home.path):
        agreement = agreement_in_force(channel)
        held = newest(channel, agreement, party)
        chain = roots_in_force(channel, agreement, party).chain
        # No log says when admins signed it, so they have to be valid now (`nodes.standing.Standing.take`).
        roster = check_roster(agreement, party, signed, held, chain=chain, admins=agreement.roster_admins, at_ms=now_ms)
        check_following(held, roster)
        keep(channel, roster)
        # The node says so before anything else, when it starts.
        write_file(channel.succession_accepted, b"")
    return roster.roster, False
