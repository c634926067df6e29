"""A power cut at any moment of a real node's run, and what the product's own store then finds.

A run is recorded once; then the disk is put together as it might be after a cut behind any step, with every unsynced
write lost, kept or torn, and opened by the classes that a node opens it with. Whatever had left the node by then must
be held: what an officer was told, what was signed and sent, what was cosigned, what a heartbeat claimed.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.home import NodeHome
from nodes.projection import Projection
from nodes.resources import catalogue
from nodes.rosters import load as load_rosters
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, THEIR_SIGNED
from protocol.entry import Entry
from protocol.merkle import Frontier, leaf_hash
from tests.faults.disk import MODES, Disk
from tests.faults.ledger import Ledger, places
from tests.faults.machine import QuickMachine, quick_machines, wait_level
from tests.faults.promises import Promises, size_of
from tests.faults.record import Op, Recorder
from tests.faults.saying import Renewals
from tests.lines import other
from tests.nodes.homes import agreement, said

TIDY_S = 0.1
ROUNDS = 6
RAM = Path("/dev/shm")
PROJECT_EVERY = 25
"""Judging everything anew takes a hundred times as long as the rest, and nothing that is promised hangs on it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one node from its first start.

    Attributes:
        party: whose.
        before: its files before.
        ops: every step, and what left.
        logs: the two logs at its end, by voice.
    """

    party: str
    before: dict[str, bytes]
    ops: tuple[Op, ...]
    logs: dict[str, list[bytes]]


def record(directory: Path, *, party: str) -> Run:
    """Record a run: a first start, a new roster, statements of both sides one by one and together, a clean stop, the
    same after another start, and kill -9 at its end."""
    with quick_machines(directory, tidy_s=TIDY_S, threads=1) as (arc, bor):
        machine, peer = (arc, bor) if party == "ARC" else (bor, arc)
        before = {
            str(path.relative_to(machine.home.path)): path.read_bytes()
            for path in machine.home.path.rglob("*")
            if path.is_file()
        }
        peer.start()
        ops: list[Op] = []
        renewals = Renewals()
        for number in (0, 1):
            recorder = Recorder(machine, directory / "record")
            recorder.start()
            _talk(machine, peer, renewals)
            if number == 0:
                machine.stop()
            else:
                machine.kill()
            ops += recorder.ended()
        logs = {voice: machine.entries(voice) for voice in ("ARC", "BOR")}
    return Run(party=party, before=before, ops=tuple(ops), logs=logs)


def _talk(machine: QuickMachine, peer: QuickMachine, renewals: Renewals) -> None:
    ledger = Ledger()
    ledger.insist(machine, renewals(machine.party))
    for _ in range(ROUNDS // 2):
        for speaker in (machine, peer):
            ledger.insist(speaker, said(speaker.party))
    for _ in range(ROUNDS // 2):
        threads = [
            threading.Thread(target=ledger.insist, args=(speaker, said(speaker.party)), kwargs={"wait": wait})
            for speaker in (machine, peer)
            for wait in ("logged", "held")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    wait_level(machine, peer)


class LostPromise(AssertionError):
    """Something that had left the node is not on its disk."""


def _hold(held: bool, text: str) -> None:
    if not held:
        raise LostPromise(text)


def check(home: Path, run: Run, promises: Promises, *, project: bool) -> None:
    """Open what a power cut left as a node does, and see that it holds every promise.

    Raises:
        LostPromise: it does not.
        NodeError: it cannot be opened.
    """
    channel = NodeHome(home).channel(other(run.party))
    store = SqliteStore.open(channel.log_db, own=run.party, their=other(run.party))
    mark = None
    try:
        for voice, log in run.logs.items():
            _check_voice(store, voice, log)
        own, their = store.head(store.own), store.head(store.their)
        mark = HighWater.open(channel.high_water)
        signed = mark.checkpoint
        _hold((0 if signed is None else signed.size) >= promises.signed, f"{promises.signed} entries were signed")
        if signed is not None:
            _hold(signed.size <= own.size, f"the mark is at {signed.size}, the log at {own.size}")
            _hold(store.root(store.own, signed.size) == signed.root, "the mark has another root")
        _hold(their.size >= promises.cosigned, f"{promises.cosigned} entries were cosigned, {their.size} are here")
        _hold(own.size >= promises.said[0], f"a beat said {promises.said[0]} entries")
        _hold(their.size >= promises.said[1], f"a beat said {promises.said[1]} entries held")
        for name, head in ((OWN_COSIGNED, own), (THEIR_COSIGNED, their), (THEIR_SIGNED, their)):
            note = store.note(name)
            _hold(note is None or size_of(note) <= head.size or name == THEIR_SIGNED, f"{name} is ahead")
        found = places(store.read(store.own, 0, own.size))
        for statement_id, index in promises.logged.items():
            _hold(found.get(statement_id) == [index], f"{statement_id} was at {index}: {found.get(statement_id)}")
        if project:
            load_rosters(channel, agreement(), run.party)
            _project(channel.docket_db, store)
    finally:
        store.close()
        if mark is not None:
            mark.close()
    connection = apsw.Connection(str(channel.log_db))
    try:
        _hold(connection.pragma("integrity_check") == "ok", "SQLite finds the file damaged")
    finally:
        connection.close()


def _check_voice(store: SqliteStore, voice: str, log: Sequence[bytes]) -> None:
    """What is here of a log is its beginning, whole, with its bodies and hashes."""
    head = store.head(voice)
    entries = store.read(voice, 0, 1 << 40)
    _hold(entries == log[: head.size], f"{voice} is not the beginning of its log")
    frontier = Frontier.empty().extend([leaf_hash(entry) for entry in entries])
    _hold(frontier.root() == head.root == store.root(voice, head.size), f"{voice} has another root")
    for index in range(head.size):
        _hold(store.body(voice, index) is not None or not _has_body(entries[index]), f"{voice} {index} has no body")


def _has_body(entry: bytes) -> bool:
    return Entry.parse(entry).parse_statement().body_digest is not None


def _project(path: Path, store: SqliteStore) -> None:
    """Judge everything, from wherever the file of what is derived stands."""
    projection = Projection.open(path, store=store, agreement=agreement(), catalogue=catalogue())
    try:
        while projection.advance():
            pass
        own, their = projection.sizes
        _hold((own, their) == (store.head(store.own).size, store.head(store.their).size), "not all of it was judged")
    finally:
        projection.close()


def cut_again_and_again(run: Run, *, cuts: int, seed: str, unsynced: str = "") -> Counter[str]:
    """Cut the power so many times, each at some step, and check what is left.

    Args:
        run: the recorded one.
        cuts: how many times.
        seed: chooses steps and what is left.
        unsynced: file whose syncs are taken for nothing: a check that cannot fail shows nothing.

    Returns:
        Figures by name; `lost promises` only where syncs were taken for nothing.

    Raises:
        LostPromise: what is left does not hold what it should, or cannot be opened.
    """
    chance = random.Random(seed)
    steps = sorted(chance.randrange(len(run.ops) + 1) for _ in range(cuts))
    disk, promises = Disk(run.before), Promises(run.party)
    figures: Counter[str] = Counter()
    done = 0
    with tempfile.TemporaryDirectory(prefix="hotline-power-", dir=RAM if RAM.is_dir() else None) as directory:
        for number, step in enumerate(steps):
            for op in run.ops[done:step]:
                promises.hear(op)
                if not (unsynced and op.name == "sync" and op.path.endswith(unsynced)):
                    disk.do(op)
            done = step
            mode = MODES[number % len(MODES)]
            home = Path(directory) / "home"
            _put(home, disk.cut(mode, chance))
            try:
                check(home, run, promises, project=number % PROJECT_EVERY == 0 and not unsynced)
            except (LostPromise, NodeError) as error:
                if not unsynced:
                    story = f"seed {seed!r}, cut {number} after step {step} of {len(run.ops)}, {mode} left: {error}"
                    raise LostPromise(story) from error
                figures["lost promises"] += 1
            figures[f"{mode} left"] += 1
            shutil.rmtree(home)
    figures["cuts"] += cuts
    return figures


def _put(home: Path, files: dict[str, bytes]) -> None:
    """Write a home as a power cut left it. Directories were made when it was set up."""
    for name in ("channels/ARC", "channels/BOR"):
        (home / name).mkdir(parents=True, mode=0o700)
    for path, data in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(home / path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
