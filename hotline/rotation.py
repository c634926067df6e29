"""A key takes another's place, and is revoked where it was or may have been in other hands.

Officers' keys change while the node runs: the next roster has the new one. The node's own keys change while it is
stopped: the new roster is in force here at once and the first thing that the node logs, so nothing that it says stands
between. The counterpart learns of them from the roster's file, which goes to it by hand, because it takes no connection
and no cosignature by a key that it does not know; whoever stole the old one cannot keep the file back.

Source: spec/keys-and-rosters.md, "Rotation".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hotline.errors import CouldNot, Misused
from hotline.party_file import PartyFile, read_party
from hotline.reference import parse_reference
from hotline.root_signing import Secrets, open_roots
from hotline.roster_signers import ByRoots
from hotline.rosters import SignedNext, place_rosters, sign_rosters
from hotline.zulu import parse_instant
from keys import tls_identity
from keys.divided_node import NODE_JOB, mirror_job
from keys.keyring import NodeKeyring, OfficerKeyring
from keys.revoked import MIRROR, NODE, SEALING, TLS, RevokedKey
from keys.roster import NotePair, Roster, key_names
from keys.suite import HYBRID_SEED_BYTES
from nodes.config import NodeConfig
from nodes.files import make_directory, write_file
from nodes.governing import agreement_in_force
from nodes.home import ChannelHome, NodeHome
from nodes.home_lock import locked
from nodes.key_files import NodeFile, read_node_keyring, write_keyring
from nodes.node_keys import NodeKeys
from nodes.open_keys import held_keys
from nodes.rosters import HeldRoster, keep
from nodes.stopped import open_stores
from nodes.tls import own_certificate
from nodes.token_node import divide_job
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.head_signer import verifiers_of

NODE_SIDE = {
    NODE: (NODE,),
    MIRROR: (MIRROR,),
    TLS: (TLS,),
    SEALING: (SEALING,),
    "machine": (NODE, MIRROR, TLS, SEALING),
}
"""Keys of the node that are changed while it is stopped, one or all together."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Why a key is revoked, and since when it is not trusted.

    Attributes:
        reason: one of `keys.revoked.REASONS`.
        since: a time, or the serial of the first entry that is not trusted any more.
    """

    reason: str
    since: str


def revoking(
    home: NodeHome, revocation: Revocation | None, job: str, names: Callable[[Roster], list[bytes]], *, now_ms: int
) -> Callable[[ChannelHome, Roster, Roster], tuple[RevokedKey, ...]]:
    """What the next roster of each channel lists as revoked, from the roster before and the next one without that list.

    Args:
        home: the party's node home.
        revocation: why; None for a key that is only replaced.
        job: of the key.
        names: of the keys in the roster before, of which those go that the next one has no more. A roster that is made
            for a later time follows one that has the new keys.
        now_ms: now, UTC milliseconds.

    Raises:
        Misused: `since` is neither a time nor the serial of an own entry.
    """
    if revocation is None:
        return lambda _channel, before, _after: before.revoked
    since_ms, of, index = _since(home, revocation.since, now_ms=now_ms)

    def listed(channel: ChannelHome, before: Roster, after: Roster) -> tuple[RevokedKey, ...]:
        known = {one.key for one in before.revoked} | {name for _, name in key_names(after)}
        voice = channel.counterpart if job == MIRROR else home.party
        exact = index if (of, voice) == (channel.counterpart, home.party) else None
        trusted = trusted_at(home, channel, voice, since_ms) if exact is None else exact
        new = [RevokedKey(job, name, revocation.reason, trusted) for name in names(before) if name not in known]
        return (*before.revoked, *new)

    return listed


def since_when(home: NodeHome, text: str, *, now_ms: int) -> int:
    """The time that was typed, or the time of the entry whose serial was; UTC milliseconds.

    Raises:
        Misused: it is neither a time nor the serial of an own entry.
    """
    return _since(home, text, now_ms=now_ms)[0]


def _since(home: NodeHome, text: str, *, now_ms: int) -> tuple[int, str | None, int]:
    """The time that was typed, or that of the entry; with the entry's channel and place."""
    try:
        at_ms = parse_instant(text, now_ms=now_ms)
    except ValueError:
        found = parse_reference(text, party=home.party)
    else:
        if at_ms > now_ms:
            raise Misused("usage", f"--since {text} has not come yet: give when the key may have got into other hands")
        return at_ms, None, 0
    names = [one.counterpart for one in home.channels()]
    other = found.counterpart or (names[0] if len(names) == 1 else None)
    if found.voice != home.party or other not in names:
        raise Misused("serial-malformed", f"{text!r} is neither a time nor an own entry, such as '{home.party} 41'")
    for at, logged_ms in _times(home, home.channel(other), home.party):
        if at == found.index:
            return logged_ms, other, at
    raise Misused("no-such-entry", f"there is no entry {text}")


def trusted_at(home: NodeHome, channel: ChannelHome, voice: str, since_ms: int) -> int:
    """How many entries of a voice were logged before a time, UTC milliseconds, by its own clock."""
    times = _times(home, channel, voice)
    return next((at for at, logged_ms in times if logged_ms >= since_ms), len(times))


def _times(home: NodeHome, channel: ChannelHome, voice: str) -> list[tuple[int, int]]:
    """Number and logging time of each entry of a voice that reads."""
    found: list[tuple[int, int]] = []
    number = 0
    with open_stores(home, channel) as stores:
        # The present log comes first, and behind it those that ended.
        for store in reversed(stores):
            size = store.head(voice).size
            for start in range(0, size, 256):
                for data in store.read(voice, start, min(size, start + 256)):
                    found.append((number, _logged_ms(data, found[-1][1] if found else 0)))
                    number += 1
    return found


def _logged_ms(data: bytes, before_ms: int) -> int:
    try:
        return max(before_ms, Entry.parse(data).logged_at_ms)
    except ProtocolError:
        return before_ms


def new_officer_key(
    home: NodeHome, card: PartyFile, name: str, *, all_of_them: bool
) -> tuple[PartyFile, OfficerKeyring]:
    """Another key for an officer, in memory.

    Args:
        home: the party's node home.
        card: who the people are.
        name: of the officer's home.
        all_of_them: whether their passkeys go as well.

    Returns:
        The card with it, and the new keyring.

    Raises:
        Misused: no such officer, or one who has left.
    """
    member = card.member(name)
    if member is None or member.retired:
        raise Misused("officer-missing", f"{card.short} has no officer {name!r} who could have another key")
    number = member.person.number
    ring = OfficerKeyring.generate(card.short, name, secrets.token_bytes, number=number, suite=card.roots.suite)
    before = member.person
    person = replace(before, key=ring.signer().public, passkeys=() if all_of_them else before.passkeys)
    return card.with_changed(replace(member, person=person)), ring


def keys_of(roster: Roster, number: int) -> list[bytes]:
    """The ids of all keys that a roster gives a person. The card is not asked: it may be ahead of every roster, where a
    command was interrupted, and then has a key that nobody ever signed with."""
    person = roster.person(number)
    return [] if person is None else [key.key_id for key in person.keys]


def rotate_node_side(
    home: NodeHome,
    opened: Secrets,
    jobs: Sequence[str],
    revocation: Revocation | None,
    *,
    now_ms: int,
    out: Path,
) -> list[dict[str, object]]:
    """Give the node another key, and have the roots sign the rosters that name it. The node must be stopped.

    Args:
        home: the party's node home.
        opened: what opens the node's and the root keys.
        jobs: of the keys, as in `NODE_SIDE`.
        revocation: why the old one is revoked; None where it is only replaced.
        now_ms: now, UTC milliseconds.
        out: a directory for the files that go to the counterparts.

    Returns:
        For each channel: counterpart, version, state, and the file.

    Raises:
        NodeError: the node runs.
        CouldNot: there is no channel, or too few root keys are there.
    """
    with locked(home.path):
        card = read_party(home.party_path)
        if not home.channels():
            raise CouldNot("not-paired", f"{card.short} has no channel yet, so no roster names its keys")
        if any(any(one.outbox.glob("roster-*.statement")) for one in home.channels() if one.outbox.is_dir()):
            raise CouldNot("roster-waits", "a roster waits for the node to log it: start the node, then stop it again")
        ring = read_node_keyring(home.keyring_path, opened.passphrase)
        module = NodeConfig.load(home.config_path).pkcs11_module
        signers = ByRoots(tuple(open_roots(card, opened)))
        following = ring
        for job in jobs:
            following = _other(following, job, module)
        keys = held_keys(following, module, home.config_path)
        listed = [revoking(home, revocation, job, partial(_names, job=job), now_ms=now_ms) for job in jobs]

        def change(channel: ChannelHome, before: Roster, after: Roster) -> Roster:
            for job in jobs:
                after = _named(after, channel, keys, job)
            new = [one for each in listed for one in each(channel, before, after)[len(before.revoked) :]]
            return replace(after, revoked=(*before.revoked, *new))

        made = sign_rosters(home, card, signers, now_ms=now_ms, change=change)
        files = write_rosters(out, home.party, made)
        write_keyring(home.keyring_path, following, opened.passphrase, replace=True)
        for one in made:
            signed = one.rosters[0][1]
            text = signed.body or b""
            keep(one.channel, HeldRoster(one.first, text, signed))
        placed = place_rosters(home, made)
    return [{**one, "file": str(path)} for one, path in zip(placed, files, strict=True)]


def _other(ring: NodeFile, job: str, module: Path | None) -> NodeFile:
    if isinstance(ring, NodeKeyring):
        return _other_whole(ring, job)
    # The halves of the keys that went stay in the token, where the ceremony's checklist has them deleted.
    divided = replace(ring, ring=_other_whole(ring.ring, job))
    if module is None:
        return divided
    if job == NODE:
        return divide_job(divided, module, NODE_JOB)
    for channel in ring.channels if job == MIRROR else ():
        divided = divide_job(divided, module, mirror_job(channel))
    return divided


def _other_whole(ring: NodeKeyring, job: str) -> NodeKeyring:
    if job == NODE:
        return replace(ring, node_seed=secrets.token_bytes(HYBRID_SEED_BYTES))
    if job == SEALING:
        return ring.with_sealing(secrets.token_bytes(ring.suite.sealing.seed_bytes))
    if job == TLS:
        return replace(ring, tls_seed=secrets.token_bytes(tls_identity.SEED_BYTES))
    channels = {
        name: replace(seeds, mirror_ed25519=secrets.token_bytes(32), mirror_mldsa44=secrets.token_bytes(32))
        for name, seeds in ring.channels.items()
    }
    return replace(ring, channels=channels)


def _named(roster: Roster, channel: ChannelHome, keys: NodeKeys, job: str) -> Roster:
    """A roster with the keys of a node."""
    if job == NODE:
        return replace(roster, node=keys.node_signer().public)
    if job == SEALING:
        return replace(roster, sealing=keys.sealing().public)
    if job == TLS:
        return replace(roster, tls=(own_certificate(keys),))
    agreement = agreement_in_force(channel)
    mirror = verifiers_of(keys.mirror_signers(roster.channel, agreement.mirror_name(roster.party)))
    return replace(roster, mirror=NotePair(mirror[0].raw, mirror[1].raw))


def _names(roster: Roster, job: str) -> list[bytes]:
    return [name for one, name in key_names(roster) if one == job]


def write_rosters(out: Path, party: str, made: Iterable[SignedNext]) -> list[Path]:
    """Write each channel's next roster to a file of its own, to be brought to the counterpart."""
    make_directory(out)
    files = []
    for one in made:
        path = out / f"{party}-{one.channel.counterpart}-{one.version}.roster"
        write_file(path, one.rosters[0][1].encode())
        files.append(path)
    return files
