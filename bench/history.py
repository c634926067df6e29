"""A long history for two homes, made quickly: real statements, real signatures, real appends; only no network.

Every notification of one side is opened and acknowledged by the other, so that threads, receipts and clocks are there
to fold. Statements are made by all cores; entries, checkpoints, high-water marks, mirrors and cosignatures are written
in groups by the stores that the nodes use, and what comes out is what two nodes would have after such a year.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.messages import letter_of, now_ms
from bench.pair import PARTIES, PASSPHRASE
from hotline.composing import Choices, Letter
from hotline.desk import Channel, Officer
from hotline.sending import Place, make, sign
from keys.keyring import NodeKeyring
from nodes.highwater import HighWater
from nodes.home import NodeHome
from nodes.key_files import read_keyring
from nodes.resources import catalogue
from nodes.rosters import load
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_SIGNED, THEIR_COSIGNED, Row
from protocol.agreement import Agreement
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.entry import Entry
from protocol.merkle import leaf_hash
from protocol.signature import Signature
from protocol.statement import LogState, Statement

GROUP = 20
"""Notifications of each side in one round; each gives three entries."""

Made = tuple[bytes, tuple[Signature, ...], bytes | None]
Wish = tuple[str, str, int, bytes | None, LogState, LogState]
"""Party, kind, number, leaf hash answered, own and other log."""


@dataclass(slots=True)
class _Writer:
    """One side's officer, as a worker needs it."""

    officer: Officer
    channel: Channel


_WRITERS: dict[str, _Writer] = {}


def _agreement(home: NodeHome) -> Agreement:
    return Agreement.parse(home.channels()[0].agreement_path.read_bytes())


def _prepare(where: Path) -> None:
    for party in PARTIES:
        home = NodeHome.open(where / party)
        agreement = _agreement(home)
        files = home.channels()[0]
        channel = Channel(
            own=party,
            counterpart=files.counterpart,
            agreement=agreement,
            rosters={short: load(files, agreement, short)[-1].roster for short in PARTIES},
            own_log=LogState(0, bytes(32)),
            their_log=LogState(0, bytes(32)),
            now_ms=0,
        )
        _WRITERS[party] = _Writer(Officer.open(home.officer("duty"), PASSPHRASE), channel)


def _make(wishes: Sequence[Wish]) -> list[Made]:
    made = []
    for party, kind_name, number, target, own_log, their_log in wishes:
        writer, kind, at_ms = _WRITERS[party], catalogue().kind(kind_name), now_ms()
        assert kind is not None
        letter = letter_of(number) if kind_name == "notification" else Letter(kind=kind, choices=Choices())
        if kind_name == "opened":
            letter.values = {"readable": True}
        letter.check(catalogue(), now_ms=at_ms)
        channel = Channel(
            own=party,
            counterpart=writer.channel.counterpart,
            agreement=writer.channel.agreement,
            rosters=writer.channel.rosters,
            own_log=own_log,
            their_log=their_log,
            now_ms=at_ms,
        )
        place = Place() if target is None else Place(thread=target, in_reply_to=target, status="actual")
        composed = make(letter, place, channel, now_ms=at_ms)
        signatures = sign(composed.statement, composed.statement_bytes, kind, channel, [writer.officer])
        made.append((composed.statement_bytes, signatures, composed.body))
    return made


class _Side:
    """One home: its store, its mark, its keys."""

    def __init__(self, where: Path, party: str) -> None:
        home = NodeHome.open(where / party)
        files, agreement = home.channels()[0], _agreement(home)
        self.party = party
        self.store = SqliteStore.open(files.log_db, own=party, their=files.counterpart)
        self.mark = HighWater.open(files.high_water)
        ring = read_keyring(home.keyring_path, NodeKeyring, PASSPHRASE)
        epoch = load(files, agreement, party)[-1].roster.epoch
        self.origin = agreement.origin(party, epoch)
        self.log_signers = ring.log_signers(agreement.channel, self.origin)
        self.mirror_signers = ring.mirror_signers(agreement.channel, agreement.mirror_name(party))
        self.last_ms = self.store.head(party).last_ms

    def state(self, voice: str) -> LogState:
        head = self.store.head(voice)
        return LogState(head.size, head.root)

    def close(self) -> None:
        self.store.tidy()
        self.store.close()
        self.mark.close()


def _append(own: _Side, other: _Side, made: Iterable[Made]) -> list[bytes]:
    """One group commit, its mirror and its receipt; returns the leaf hashes."""
    own.last_ms = at_ms = max(own.last_ms, now_ms())
    head, held = own.store.head(own.party), own.state(other.party)
    rows = []
    for raw, signatures, body in made:
        entry = Entry(statement=raw, signatures=signatures, logged_at_ms=at_ms, held=held).encode()
        rows.append(Row(entry, leaf_hash(entry), body, Statement.parse(raw).id, False))
    leaves = [row.leaf for row in rows]
    frontier = head.frontier.extend(leaves)
    own.store.append_own(head.size, rows, frontier, at_ms)
    checkpoint = Checkpoint(own.origin, frontier.size, frontier.root())
    note = sign_checkpoint(checkpoint, own.log_signers, at_ms)
    own.mark.put(note, checkpoint)
    own.store.later(OWN_SIGNED, note)
    other.store.append_their(head.size, rows, frontier, note, at_ms)
    cosigned = add_cosignatures(note, cosign(checkpoint, other.mirror_signers, at_ms))
    other.store.later(THEIR_COSIGNED, cosigned)
    own.store.put_cosigned(cosigned, frontier.size, at_ms)
    return leaves


def make_history(where: Path, entries: int) -> dict[str, float]:
    """Let both logs of a stopped pair grow to about so many entries together.

    Args:
        where: of the pair, whose nodes have run once.
        entries: of both voices together.

    Returns:
        How many there are, and how long it took.
    """
    begun = time.perf_counter()
    sides = {party: _Side(where, party) for party in PARTIES}
    pairs = (("ARC", "BOR"), ("BOR", "ARC"))
    total, number = sum(side.state(party).size for party, side in sides.items()), secrets.randbelow(1000)
    targets: dict[str, list[bytes]] = {party: [] for party in PARTIES}
    with ProcessPoolExecutor(initializer=_prepare, initargs=(where,)) as pool:
        while total < entries:
            wishes: dict[str, list[Wish]] = {}
            for own, other in pairs:
                logs = (sides[own].state(own), sides[own].state(other))
                answers = [(own, kind, 0, leaf, *logs) for leaf in targets[other] for kind in ("opened", "acknowledge")]
                wishes[own] = [*answers, *((own, "notification", number + n, None, *logs) for n in range(GROUP))]
                number += GROUP
            jobs = {own: [pool.submit(_make, some) for some in _parts(wishes[own])] for own in PARTIES}
            for own, other in pairs:
                made = [one for job in jobs[own] for one in job.result()]
                leaves = _append(sides[own], sides[other], made)
                targets[own] = leaves[-GROUP:]
                total += len(made)
    total = sum(side.state(party).size for party, side in sides.items())
    for side in sides.values():
        side.close()
    return {"entries": total, "made_in_s": round(time.perf_counter() - begun, 1)}


def _parts(wishes: list[Wish]) -> list[list[Wish]]:
    middle = len(wishes) // 2
    return [part for part in (wishes[:middle], wishes[middle:]) if part]
