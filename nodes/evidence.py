"""Evidence: the signed objects behind an alarm, kept on disk as they came, and made into files for a third party.

One file an alarm: a canonical map of name to bytes, beside the code and the time. Nothing in it is secret: notes, beats
and frames carry headers and signatures only. There is room for a fixed number of each code; a peer that keeps
misbehaving in one way fills no disk, and takes no room from what shows another.

Not everything that makes a node raise an alarm proves something to others. What does is made portable with what else it
takes from the home: proofs from our own log, a receipt, the agreement, the roster.

Source: spec/disputes.md, "What a node keeps" and "The evidence file".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keys.errors import KeysError
from keys.root_set import parse as parse_roots
from nodes.errors import FileRefused, NodeError
from nodes.files import make_directory, read_file, write_file
from nodes.home import ChannelHome
from nodes.root_sets import HeldRoots
from nodes.root_sets import load as load_roots
from nodes.rosters import HeldRoster, check_roster
from nodes.signed import SignedStatement
from nodes.soundness import checkpoint_of
from nodes.store import OWN_COSIGNED, OWN_SIGNED, LogStore, StoreDamaged
from protocol import beat as beats
from protocol import canonical
from protocol.accusation import FORK, MIRROR_FORK, ROLLBACK, WRONG_VOICE, Accusation
from protocol.agreement import Agreement
from protocol.checkpoint import Checkpoint, parse_text
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.fork import Fork, RootsDiffer, Step
from protocol.merkle import Frontier, prove_consistency
from protocol.note import parse as parse_note
from protocol.signature import by_admins
from protocol.statement import LogState

FILES_MAX = 16
"""Of one code. The first ones are kept: they show how it began."""

CODES_MAX = 32
"""Codes with evidence; there are fewer."""

KEPT_BYTES_MAX = 524_288
"""Bytes of a kept file: the largest frame, or two notes with their lines, and some more."""

_NAME = re.compile(r"(0|[1-9][0-9]{0,15})-([a-z][a-z-]{0,39})")
SUFFIX = ".evidence"


class NotPortable(NodeError):
    """Evidence that proves nothing to a third party."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One piece of evidence on disk.

    Attributes:
        name: of the file, without its ending.
        at_ms: when the alarm was raised, UTC milliseconds.
        code: of the alarm.
        objects: signed bytes by name.
    """

    name: str
    at_ms: int
    code: str
    objects: Mapping[str, bytes]


def keep(directory: Path, *, code: str, at_ms: int, objects: Mapping[str, bytes]) -> Path | None:
    """Keep the objects behind an alarm.

    Args:
        directory: of the channel's evidence.
        code: of the alarm.
        at_ms: when it was raised, UTC milliseconds.
        objects: signed bytes by name.

    Returns:
        The file, or None where there is nothing to keep, no room for more, or the same is kept already.

    Raises:
        FileRefused: the file system refused.
    """
    if not objects:
        return None
    make_directory(directory)
    known = names(directory)
    if sum(name.split("-", 1)[1] == code for name in known) >= FILES_MAX or len(known) >= FILES_MAX * CODES_MAX:
        return None
    path = directory / f"{at_ms}-{code}{SUFFIX}"
    try:
        write_file(path, canonical.encode({"at_ms": at_ms, "code": code, "objects": dict(objects)}), replace=False)
    except FileRefused as error:
        if error.code == "file-exists":
            return None
        raise
    return path


def names(directory: Path) -> list[str]:
    """The names of what is kept, the oldest first."""
    if not directory.is_dir():
        return []
    found = [path.stem for path in directory.iterdir() if path.suffix == SUFFIX and _NAME.fullmatch(path.stem)]
    return sorted(found, key=lambda name: (int(name.split("-", 1)[0]), name))


def read(directory: Path, name: str) -> Kept:
    """Read what is kept under a name.

    Raises:
        NodeError: `no-such-evidence`, or `evidence-malformed` where the file was changed.
        FileRefused: it cannot be read.
    """
    if _NAME.fullmatch(name) is None or name not in names(directory):
        raise NodeError("no-such-evidence", f"there is no evidence {name[:60]!r} in {directory}")
    data = read_file(directory / f"{name}{SUFFIX}", bytes_max=KEPT_BYTES_MAX)
    try:
        value = canonical.decode(data, bytes_max=KEPT_BYTES_MAX)
    except ProtocolError as error:
        raise NodeError("evidence-malformed", f"{name}: {error}") from error
    match value:
        case {"at_ms": int(at_ms), "code": str(code), "objects": dict(objects), **more} if not more:
            return Kept(name, at_ms, code, {key: one for key, one in objects.items() if isinstance(one, bytes)})
        case _:
            raise NodeError("evidence-malformed", f"{name}: it is not what a node keeps")


def portable(kept: Kept, *, home: ChannelHome, store: LogStore, agreement: Agreement) -> Accusation:
    """Make what is kept into evidence that a third party can check.

    Args:
        kept: of the channel.
        home: of the channel, for rosters.
        store: of the channel, for proofs from our own log.
        agreement: the one that founds the channel.

    Raises:
        NotPortable: it proves nothing to others, or not yet.
    """
    try:
        match kept.code:
            case "fork":
                return Accusation(FORK, Fork.parse(kept.objects).objects())
            case "fork-self":
                return _fork_of_ours(kept.objects, store)
            case "held-differs":
                return _mirror_fork(kept.objects, store, agreement)
            case "rollback":
                return _rollback(kept.objects, home, store, agreement)
            case "wrong-party" | "wrong-channel":
                return Accusation(WRONG_VOICE, {"agreement": agreement.text, "receipt": kept.objects["receipt"]})
            case _:
                pass
    except (ProtocolError, KeyError) as error:
        raise NotPortable("evidence-not-portable", f"{kept.name}: {error}") from error
    raise NotPortable("evidence-not-portable", f"{kept.name}: what is behind {kept.code} proves nothing to others")


def _fork_of_ours(objects: Mapping[str, bytes], store: LogStore) -> Accusation:
    """Our own keys signed two logs: what the counterpart showed, and what is here."""
    shown = objects["held"]
    if "signed" in objects:
        return Accusation(FORK, Fork(shown, objects["signed"], RootsDiffer(())).objects())
    difference, second = _beside(shown, store, (OWN_SIGNED, OWN_COSIGNED))
    return Accusation(FORK, Fork(shown, second, difference).objects())


def _mirror_fork(objects: Mapping[str, bytes], store: LogStore, agreement: Agreement) -> Accusation:
    """Their mirror cosigned for a beat what is not our log, which it cosigned as well."""
    claimed = beats.parse(objects["beat"]).cosignatures
    difference, second = _beside(claimed, store, (OWN_COSIGNED,))
    return Accusation(MIRROR_FORK, Fork(claimed, second, difference).objects())


def _beside(claimed: bytes, store: LogStore, notes: tuple[str, ...]) -> tuple[RootsDiffer, bytes]:
    """A checkpoint of our log that covers as much as one that is not of it, and the steps up to it."""
    size = _checkpoint(claimed).size
    reader = store.hashes(store.own)
    for name in notes:
        note = store.note(name)
        try:
            top = None if note is None else checkpoint_of(note, name)
        except StoreDamaged:
            continue
        if note is None or top is None or not size <= top.size <= store.head(store.own).size:
            continue
        if top.origin != _checkpoint(claimed).origin:
            # Of a log that ended, or of its successor: two logs of two names are no fork.
            continue
        steps: tuple[Step, ...] = ()
        if size < top.size:
            path = tuple(prove_consistency(size, top.size, reader))
            steps = (Step(size, Frontier.read(size, reader).root(), path),)
        return RootsDiffer(steps), note
    raise NotPortable("evidence-not-portable", f"nothing here covers {size} entries of our log yet; try again later")


def _checkpoint(note: bytes) -> Checkpoint:
    return parse_text(parse_note(note).text)


def _rollback(objects: Mapping[str, bytes], home: ChannelHome, store: LogStore, agreement: Agreement) -> Accusation:
    roots = load_roots(home, agreement, store.their)
    held = _roster_of(objects, home, store.their, agreement, roots)
    # Of the root sets those that the roster is verified by: the agreement says version 1.
    sets = [one for one in roots.signed if parse_roots(one.body or b"").roster < held.roster.version]
    return Accusation(
        ROLLBACK,
        {
            "agreement": agreement.text,
            "beat": objects["beat"],
            "roster": held.text,
            "roster-signed": _carried(held.signed),
            "signature": objects["signature"],
            **({"root-sets": canonical.encode([[_carried(one), one.body] for one in sets])} if sets else {}),
        },
    )


def _carried(signed: SignedStatement) -> bytes:
    """A signed statement as an entry of no log."""
    entry = Entry(
        statement=signed.statement,
        signatures=signed.signatures,
        logged_at_ms=0,
        held=LogState(0, Frontier.empty().root()),
    )
    return entry.encode()


def _roster_of(
    objects: Mapping[str, bytes], home: ChannelHome, party: str, agreement: Agreement, roots: HeldRoots
) -> HeldRoster:
    """The party's roster whose node key signed the beat; the newest one first."""
    for version in reversed(home.roster_versions(party)):
        signed = SignedStatement.parse(read_file(home.roster_statement_path(party, version)))
        if by_admins(signed.signatures):
            # It has the node's key of the one before, which shows it to anyone who has the agreement.
            continue
        held = check_roster(agreement, party, signed, chain=roots.chain)
        where: dict[str, Any] = {"channel": agreement.channel, "party": party, "key": held.roster.node}
        try:
            beats.verify(objects["beat"], objects["signature"], **where)
        except (ProtocolError, KeysError):
            continue
        return held
    raise NotPortable("evidence-not-portable", f"no roster of {party} that is here has the key that signed it")
