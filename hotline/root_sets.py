"""New versions of a party's root sets: made at the node's home, signed where the roots are, published from the home.

What travels between is one file, with nothing secret in it: for each channel the text of the version in force and the
signed statement of the next one, and how the party's card is to list its roots. It is canonical msgpack:

    ["hotline-root-sets", 1, party, threshold, [[number, key], ...], [[counterpart, text before, signed], ...]]

Source: spec/keys-and-rosters.md, "Root sets".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hotline.documents import sign_as_root, sign_document
from hotline.errors import CouldNot, Misused, Refused
from hotline.party_file import PartyFile, read_party, write_party
from hotline.setup import YEAR_MS
from keys import root_set
from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.keyring import RootKeyring
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.root_set import RootChain, RootSetVersion
from nodes.errors import ApiRefused, NodeError
from nodes.files import make_directory, write_file
from nodes.governing import agreement_in_force
from nodes.home import ChannelHome, NodeHome
from nodes.root_sets import HeldRoots, follow
from nodes.root_sets import load as roots_in_force
from nodes.rosters import newest as newest_roster
from nodes.signed import SignedStatement
from protocol import canonical
from protocol.errors import ProtocolError
from protocol.reading import ROOT_SET_KIND
from protocol.signature import ROOT_ROLE, verify_signature

if TYPE_CHECKING:
    from protocol.agreement import Agreement

YEARS: Final = 5
"""How long a root set is meant to be used. Roots lie in safes; five years is how long people stay in one office."""

FILE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Sixteen megabytes: a party with forty channels."""

_CHANNELS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Row:
    """The next version on one channel.

    Attributes:
        counterpart: short name of the other party.
        before: text of the version in force.
        signed: the statement with the next version's text as its body.
    """

    counterpart: str
    before: bytes
    signed: SignedStatement

    @property
    def coming(self) -> RootSetVersion:
        """The next version; raises RootSetRefused where the body is none."""
        return root_set.parse(self.signed.body or b"")


@dataclass(frozen=True, slots=True)
class RootSetFile:
    """What travels.

    Attributes:
        party: short name.
        roots: as the party's card is to list them.
        rows: one for each channel.
    """

    party: str
    roots: RootSet
    rows: tuple[Row, ...]

    def encode(self) -> bytes:
        """Give the file's bytes."""
        listed = [[number, key.raw] for number, key in zip(self.roots.numbers, self.roots.keys, strict=True)]
        rows = [[row.counterpart, row.before, row.signed.encode()] for row in self.rows]
        return canonical.encode(["hotline-root-sets", 1, self.party, self.roots.threshold, listed, rows])

    @classmethod
    def parse(cls, data: bytes) -> RootSetFile:
        """Read a file strictly; who signed is checked by `sets_before` and `publish`.

        Raises:
            Refused: `root-set-malformed`.
        """
        try:
            value: Any = canonical.decode(data, bytes_max=FILE_BYTES_MAX, items_max=16 * _CHANNELS_MAX)
            magic, version, party, threshold, listed, rows = value
            if (magic, type(version), version) != ("hotline-root-sets", int, 1) or len(rows) > _CHANNELS_MAX:
                raise ValueError("another form")
            numbers, keys = zip(*listed, strict=True)
            made = cls(
                _text(party),
                RootSet(threshold, tuple(HybridPublicKey(key, KeyRole.ROOT) for key in keys), tuple(numbers)),
                tuple(Row(_text(name), before, SignedStatement.parse(signed)) for name, before, signed in rows),
            )
            if made.encode() != data or any(row.coming.party != party for row in made.rows):
                raise ValueError("a second spelling, or of two parties")
        except (KeysError, NodeError, ProtocolError, TypeError, ValueError) as error:
            raise Refused("root-set-malformed", f"this is no file of root sets: {error}") from error
        return made


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a name is no text")
    return value


def next_number(home: NodeHome, card: PartyFile) -> int:
    """A number that no root of this party ever had."""
    used = set(card.roots.numbers)
    for channel in home.channels():
        for version in _chain(channel, card.short).versions:
            used.update(version.roots.numbers)
    return max(used) + 1


def make_next(
    home: NodeHome,
    *,
    added: Mapping[int, HybridPublicKey],
    without: Sequence[int],
    threshold: int | None,
    years: int,
    now_ms: int,
    stolen: bool = False,
) -> RootSetFile:
    """Make the next version for every channel, unsigned.

    Args:
        home: the party's node home.
        added: new roots by their number.
        without: numbers of the roots that are left out.
        threshold: how many must sign from then on; as before by default.
        years: how long it is meant to be used from now.
        now_ms: now, UTC milliseconds.
        stolen: whether the roots that are left out are still here as well, and sign for the set in force.

    Raises:
        CouldNot: `not-paired`, or `roots-too-few`: those left cannot sign for the set in force.
        Misused: no such root, or a number or key that was there before.
        Refused: `root-set-refused`; it may not follow.
    """
    card = read_party(home.party_path)
    channels = home.channels()
    if not channels:
        raise CouldNot("not-paired", f"{card.short} has no channel yet; begin again with: hotline init")
    listed = dict(zip(card.roots.numbers, card.roots.keys, strict=True))
    unknown = sorted(set(without) - listed.keys())
    if unknown:
        raise Misused("usage", f"{card.short} has no root {unknown[0]}")
    staying = len(listed) - len(set(without))
    if staying < card.roots.threshold and not stolen:
        text = f"{staying} roots stay, and {card.roots.threshold} must sign for the set in force"
        raise CouldNot("roots-too-few", text)
    kept = {number: key for number, key in listed.items() if number not in without}
    if listed.keys() & added.keys() or set(listed.values()) & set(added.values()):
        raise Misused("usage", "a root that comes has a number and a key that no root had")
    kept |= added
    numbers = tuple(sorted(kept))
    try:
        roots = RootSet(threshold or card.roots.threshold, tuple(kept[number] for number in numbers), numbers)
    except KeysError as error:
        raise Misused("usage", str(error)) from error
    rows = tuple(_row(home, channel, roots, years=years, now_ms=now_ms) for channel in channels)
    return RootSetFile(card.short, roots, rows)


def _row(home: NodeHome, channel: ChannelHome, roots: RootSet, *, years: int, now_ms: int) -> Row:
    agreement = agreement_in_force(channel)
    chain = _chain(channel, home.party)
    used = {number for version in chain.versions for number in version.roots.numbers}
    numbered: dict[int, HybridPublicKey] = {}
    for number, key in zip(roots.numbers, roots.keys, strict=True):
        # A channel that was paired after a root was replaced counts its roots from 1 again.
        known = chain.roots.number_of(key)
        free = number if number not in used else max(used | numbered.keys()) + 1
        numbered[known or free] = key
    numbers = tuple(sorted(numbered))
    made = RootSetVersion(
        party=home.party,
        channel=agreement.channel,
        version=chain.newest.version + 1,
        valid_until_ms=now_ms + years * YEAR_MS,
        previous=hashlib.sha256(chain.texts[-1]).digest(),
        roster=newest_roster(channel, agreement, home.party).roster.version,
        roots=RootSet(roots.threshold, tuple(numbered[number] for number in numbers), numbers),
    )
    text = root_set.render(made)
    try:
        chain.following(text)
    except KeysError as error:
        raise Refused("root-set-refused", f"with {channel.counterpart}: {error}") from error
    signed = sign_document(ROOT_SET_KIND, text, agreement=agreement, party=home.party, issued_at_ms=now_ms)
    return Row(channel.counterpart, chain.texts[-1], signed)


def add_signatures(file: RootSetFile, rings: Sequence[RootKeyring]) -> RootSetFile:
    """Sign every channel's set with root keys of the set in force or of the new one; a root signs once.

    Raises:
        Refused: `wrong-party`, or `root-set-malformed`.
        CouldNot: `root-not-in-set`; a key is of neither set.
    """
    rows: list[Row] = []
    for row in file.rows:
        sets = sets_of(row)
        signatures = {one.signer: one for one in row.signed.signatures}
        for ring in rings:
            if ring.party != file.party:
                raise Refused("wrong-party", f"the key is a root of {ring.party}, and the file is of {file.party}")
            made = sign_as_root(row.signed.statement, row.coming.channel, file.party, ring, sets)
            signatures.setdefault(made.signer, made)
        ordered = tuple(signatures[name] for name in sorted(signatures))
        rows.append(replace(row, signed=replace(row.signed, signatures=ordered)))
    return replace(file, rows=tuple(rows))


def sets_of(row: Row) -> tuple[RootSet, RootSet]:
    """The set in force, as the file says, and the one that is to follow; who publishes compares with the log.

    Raises:
        Refused: `root-set-malformed`; the texts contradict each other.
    """
    coming = row.coming
    if coming.previous != hashlib.sha256(row.before).digest():
        raise Refused("root-set-malformed", f"with {row.counterpart}: the text before is not the one that is named")
    try:
        before = root_set.read_any(row.before)
    except KeysError as error:
        raise Refused("root-set-malformed", f"with {row.counterpart}: {error}") from error
    return before.roots, coming.roots


def missing(file: RootSetFile) -> list[str]:
    """What signatures are still wanting, a line for each channel and set; empty when it can be published."""
    found: list[str] = []
    for row in file.rows:
        for name, roots in zip(("in force", "new"), sets_of(row), strict=True):
            signed = _signed_by(row, roots, file.party)
            if len(signed) < roots.threshold:
                rest = ", ".join(str(number) for number in roots.numbers if number not in signed)
                text = f"{roots.threshold - len(signed)} more of the set {name}, of roots {rest}"
                found.append(f"with {row.counterpart}: {text}")
    return found


def _signed_by(row: Row, roots: RootSet, party: str) -> set[int]:
    found: set[int] = set()
    for one in row.signed.signatures:
        key = None if one.root is None or one.role != ROOT_ROLE else roots.key(one.root)
        if key is None or one.root is None:
            continue
        try:
            verify_signature(row.signed.statement, one, channel=row.coming.channel, party=party, key=key)
        except ProtocolError:
            continue
        found.add(one.root)
    return found


def publish(home: NodeHome, file: RootSetFile) -> list[dict[str, object]]:
    """Hand the sets to the node, which logs them, or let them wait for it; and list the roots on the card.

    Returns:
        For each channel: counterpart, version, and state, "logged" or "outbox".

    Raises:
        Refused: `wrong-party`.
        CouldNot: `root-set-unsigned`, or `root-set-differs`: made for another set, roster or agreement. Nothing is
            done then on any channel.
    """
    card = read_party(home.party_path)
    if file.party != card.short:
        raise Refused("wrong-party", f"the file is of {file.party}, not of {card.short}")
    lacking = missing(file)
    if lacking:
        raise CouldNot("root-set-unsigned", "; ".join(lacking))
    ready = [(home.channel(row.counterpart), row) for row in file.rows]
    if sorted(row.counterpart for row in file.rows) != [channel.counterpart for channel in home.channels()]:
        raise CouldNot("root-set-differs", "there is another channel now than when the file was made")
    for channel, row in ready:
        _check_now(channel, agreement_in_force(channel), row)
    done = [_bring(home, channel, row) for channel, row in ready]
    write_party(home.party_path, replace(card, roots=file.roots))
    return done


def _check_now(channel: ChannelHome, agreement: Agreement, row: Row) -> HeldRoots:
    party = row.coming.party
    held = roots_in_force(channel, agreement, party)
    if row.signed.body == held.chain.texts[-1]:
        return held
    try:
        following = follow(held, agreement, row.signed)
    except NodeError as error:
        raise CouldNot("root-set-differs", f"with {row.counterpart}: {error.text}") from error
    roster = newest_roster(channel, agreement, party).roster.version
    if row.coming.roster != roster:
        text = f"it was made after roster {row.coming.roster}, and roster {roster} is in force"
        raise CouldNot("root-set-differs", f"with {row.counterpart}: {text}")
    return following


def _bring(home: NodeHome, channel: ChannelHome, row: Row) -> dict[str, object]:
    from nodes.client import NodeClient

    version = row.coming.version
    done: dict[str, object] = {"counterpart": channel.counterpart, "version": version}
    try:
        with NodeClient.connect(home.socket) as client:
            encoded = row.signed.encode()
            answer = client.request("submit", counterpart=channel.counterpart, signed=encoded, wait="logged")
    except ApiRefused as error:
        if error.code not in {"node-not-running", "api-forbidden", "node-closed", "timed-out"}:
            raise
        make_directory(channel.outbox)
        # Before any roster that waits: those were signed for the set before, or are made after this.
        write_file(channel.outbox / f"root-set-{version:03d}.statement", row.signed.encode())
        return {**done, "state": "outbox"}
    return {**done, "state": "logged" if answer["state"] in {"logged", "held"} else answer["state"]}


def _chain(channel: ChannelHome, party: str) -> RootChain:
    return roots_in_force(channel, agreement_in_force(channel), party).chain


def accept_from(home: NodeHome, file: RootSetFile) -> dict[str, object]:
    """Have our running node hold the other side's next root set, which came by another route than the line.

    Returns:
        counterpart, version, and the roots in one line.

    Raises:
        CouldNot: the file has nothing for us.
        ApiRefused: `node-not-running`, or `root-set-refused` where it does not verify.
    """
    from nodes.client import NodeClient

    row = next((one for one in file.rows if one.counterpart == home.party), None)
    if row is None or file.party == home.party:
        raise CouldNot("root-set-differs", f"the file has no root set of a counterpart for {home.party}")
    with NodeClient.connect(home.socket) as client:
        answer = client.request("hold-roots", counterpart=file.party, signed=row.signed.encode())
    return {"counterpart": file.party, "version": answer["version"], "roots": answer["roots"]}
