"""The scrub: a slow pass over everything stored of one channel, that compares it with what was signed.

Disks change bytes, and neither they nor SQLite notice. So each entry is hashed again, each body, and each tile of the
tree, a little at a time and off the event loop; the roots are compared with checkpoints that carry signatures. What is
damaged is asked back from the counterpart, which has the same two logs, is believed for the signed root's sake alone,
and is written over the damage. A person is told both times, and our log says so in a `fault` entry.

Where the hashes of a log give the signed root they are the truth, and each entry is checked by its own. Where they do
not, the entries are tried in their place; where that does not fit either, what the counterpart gives back.

Source: spec/disputes.md, "Damage".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from nodes.clock import Reading
from nodes.errors import FileRefused
from nodes.files import read_file, write_file
from nodes.store import LogStore, StoreDamaged, StoreFull
from nodes.threads import on_thread
from protocol.checkpoint import Checkpoint
from protocol.effects import GivenBack
from protocol.glance import glance
from protocol.merkle import Frontier, Hash, complete_root, leaf_hash

STEP: Final = 64
"""Entries looked at before others have their turn: about a hundredth of a second."""

ROWS: Final = 4_096
"""Hashes read at a time for a root."""

TILE: Final = 256
PACE_BYTES_S: Final = 2 * 1_048_576
"""Read a second where nobody waits for it: a node of 7 GB in an hour, at a hundredth of what its disk can do."""

EVERY_MS: Final = 86_400_000
FIRST_MS: Final = 600_000
"""After a start, before a pass begins that nobody asked for."""

AGAIN_S: Final = 5.0
"""Between two tries to have back what is damaged."""

SAVE_EVERY_MS: Final = 60_000
SAID_MAX: Final = 16
"""`fault` entries of one pass; a disk that falls to pieces does not fill the log with it."""

FILE_BYTES_MAX: Final = 65_536


class Host(Protocol):
    """What a line does for its scrub."""

    def alarm(self, code: str, text: str) -> None:
        """Tell people."""

    async def say_fault(self, code: str, voice: str, index: int) -> None:
        """Log a `fault`."""

    async def fetch_back(self, voice: str, index: int) -> GivenBack | None:
        """Ask the counterpart for an entry; None where it cannot be asked or gives nothing."""

    def signed(self, voice: str) -> Checkpoint | None:
        """The newest checkpoint of a log that is signed and under which everything is here."""

    def mended(self) -> None:
        """Something can be read again that could not."""


@dataclass(slots=True)
class Damage:
    """What was found of one log.

    Attributes:
        entries: places where entry and hash do not fit each other, or one of them cannot be read.
        bodies: places whose body is not the one that the entry names.
    """

    entries: set[int] = field(default_factory=set)
    bodies: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.entries or self.bodies)

    def all(self) -> set[int]:
        """Every place."""
        return self.entries | self.bodies


class Scrub:
    """See the module; one a line.

    Args:
        store: of the channel.
        host: the line.
        executor: threads for crypto and disk.
        path: where the position is kept.
        read: reads the clocks.
        log: of the line.
        pace: bytes a second; 0 never begins by itself.

    Attributes:
        passes: whole passes since the start.
        repaired: places mended since the start.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        host: Host,
        executor: Executor,
        path: Path,
        read: Reading,
        log: structlog.typing.FilteringBoundLogger,
        pace: int = PACE_BYTES_S,
    ) -> None:
        self._store = store
        self._host = host
        self._executor = executor
        self._path = path
        self._read = read
        self._log = log
        self._pace = pace
        self._wake = asyncio.Event()
        self._hurried = False
        self._running = False
        self._voice, self._place, self._size = store.own, 0, 0
        self._damage: dict[str, Damage] = {}
        self._said = 0
        self._at_ms: int | None = None
        self._saved_mono = 0
        self.passes = 0
        self.repaired = 0

    def hurry(self) -> None:
        """Begin a pass now, or go on with the present one, at full speed."""
        self._hurried = True
        self._wake.set()

    def shown(self) -> dict[str, Any]:
        """How far it is, as `hotline scrub` and `status` show it."""
        return {
            "running": self._running,
            "voice": self._voice,
            "position": self._place,
            "size": self._size,
            "at_ms": self._at_ms,
            "passes": self.passes,
            "damaged": sum(len(damage.all()) for damage in self._damage.values()),
            "repaired": self.repaired,
        }

    async def run(self) -> None:
        """Pass over the logs again and again, for ever."""
        await on_thread(self._executor, self._load)
        began = self._read().mono_ms
        while True:
            if not self._hurried:
                await self._rest(began)
            self._running = True
            try:
                await self._pass()
            except (StoreFull, StoreDamaged, FileRefused) as error:
                self._host.alarm("scrub-stopped", error.text)
                await asyncio.sleep(AGAIN_S)
            finally:
                self._running = False

    async def _rest(self, began_mono: int) -> None:
        """Sleep until a pass is due, or somebody wants one, or what is damaged may be had back."""
        while not self._hurried:
            wait_s = self._due_in_ms(began_mono) / 1000 if self._pace else float("inf")
            if any(self._damage.values()):
                wait_s = min(wait_s, AGAIN_S)
            if wait_s <= 0:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(min(wait_s, EVERY_MS / 1000)):
                    await self._wake.wait()
            except TimeoutError:
                if any(self._damage.values()):
                    await self._mend_all()

    def _due_in_ms(self, began_mono: int) -> int:
        now = self._read()
        first = began_mono + FIRST_MS - now.mono_ms
        return first if self._at_ms is None else max(first, self._at_ms + EVERY_MS - now.wall_ms)

    # --- one pass -----------------------------------------------------------------------------------------------------

    async def _pass(self) -> None:
        self._said = 0
        voices = [self._store.own, self._store.their]
        for voice in voices[voices.index(self._voice) :]:
            top = self._host.signed(voice)
            if self._voice != voice:
                self._voice, self._place = voice, 0
            self._size = 0 if top is None else top.size
            self._place = min(self._place, self._size)
            damage = self._damage.setdefault(voice, Damage())
            while self._place < self._size:
                end = min(self._size, self._place + STEP)
                read = await on_thread(self._executor, partial(self._look, voice, self._place, end, damage))
                self._place = end
                await self._slow(read)
            if damage:
                self._tell(voice, damage)
            await self._mend(voice)
            if top is not None:
                await self._check_tree(voice, top, damage)
        self._voice, self._place, self._hurried = voices[0], 0, False
        self._at_ms = self._read().wall_ms
        self.passes += 1
        await on_thread(self._executor, self._save)
        self._log.info("scrubbed", damaged=sum(len(one.all()) for one in self._damage.values()))

    async def _slow(self, read: int) -> None:
        now = self._read().mono_ms
        if now - self._saved_mono >= SAVE_EVERY_MS:
            self._saved_mono = now
            await on_thread(self._executor, self._save)
        # Also in a hurry: others have their turn.
        await asyncio.sleep(0 if self._hurried or not self._pace else read / self._pace)

    def _look(self, voice: str, start: int, end: int, damage: Damage) -> int:
        """Hash a few entries and bodies again; gives the bytes read."""
        rows = self._store.hash_rows(voice, 0, start, end)
        entries, bodies = self._store.looked_at(voice, start, end)
        read = 0
        for index, row, entry, body in zip(range(start, end), rows, entries, bodies, strict=True):
            read += len(entry or b"") + len(body or b"")
            if entry is None or leaf_hash(entry) != row:
                damage.entries.add(index)
                continue
            seen = glance(entry)
            if seen.body_digest is not None and (body is None or not seen.fits(body)):
                damage.bodies.add(index)
        return read

    async def _check_tree(self, voice: str, top: Checkpoint, damage: Damage) -> None:
        """Compare every tile with the one above, and the root with the signed one."""
        wrong = await on_thread(self._executor, partial(self._wrong_tiles, voice, top.size))
        if wrong:
            self._host.alarm("log-damaged", f"{len(wrong)} tiles of the log of {voice} on this disk are damaged")
            leaves = {index: row for index, row in wrong.items() if row is not None}
            await on_thread(self._executor, partial(self._write, voice, leaves=leaves))
            await self._tell_mended(voice, leaves)
        root = await on_thread(self._executor, partial(self._root, voice, top.size, {}))
        if root != top.root and not damage:
            text = f"the log of {voice} on this disk is whole in itself and is not the one that was signed"
            self._host.alarm("log-damaged", text)

    def _wrong_tiles(self, voice: str, size: int) -> dict[int, Hash | None]:
        """A leaf under each hash of an upper level that the hashes below do not give."""
        wrong: dict[int, Hash | None] = {}
        level = 1
        while size >> (8 * level):
            for index in range(size >> (8 * level)):
                below = self._store.hash_rows(voice, level - 1, index * TILE, (index + 1) * TILE)
                known = [one for one in below if one is not None]
                (row,) = self._store.hash_rows(voice, level, index, index + 1)
                if len(known) == TILE and complete_root(known) != row:
                    leaf = index << (8 * level)
                    wrong[leaf] = self._store.hash_rows(voice, 0, leaf, leaf + 1)[0]
            level += 1
        return wrong

    def _root(self, voice: str, size: int, instead: Mapping[int, Hash]) -> Hash | None:
        """The root that the leaves on disk give, with some put in the place of others; None where one is missing."""
        frontier = Frontier.empty()
        for start in range(0, size, ROWS):
            rows = self._store.hash_rows(voice, 0, start, min(size, start + ROWS))
            leaves = [instead.get(index, row) for index, row in enumerate(rows, start)]
            whole = [leaf for leaf in leaves if leaf is not None]
            if len(whole) != len(leaves):
                return None
            frontier = frontier.extend(whole)
        return frontier.root()

    # --- mending ------------------------------------------------------------------------------------------------------

    async def _mend_all(self) -> None:
        for voice in (self._store.own, self._store.their):
            await self._mend(voice)

    async def _mend(self, voice: str) -> None:
        """Have back what is damaged of one log, as far as the counterpart gives it."""
        damage, top = self._damage.get(voice, Damage()), self._host.signed(voice)
        if not damage or top is None:
            return
        places = sorted(index for index in damage.entries if index < top.size)
        truth = await on_thread(self._executor, partial(self._truth, voice, top, places))
        if truth is not None and truth.leaves:
            # The entries are right, and their hashes are not: nobody need be asked.
            await on_thread(self._executor, partial(self._write, voice, leaves=truth.leaves))
            damage.entries -= truth.leaves.keys()
            await self._tell_mended(voice, truth.leaves)
            return
        given: dict[int, GivenBack] = {}
        for index in sorted(damage.all()):
            found = await self._host.fetch_back(voice, index)
            if found is None:
                break
            given[index] = found
        if given:
            await self._take(voice, top, damage, given, None if truth is None else truth.rows)

    def _truth(self, voice: str, top: Checkpoint, places: list[int]) -> _Truth | None:
        """What must stand at the damaged places, where the disk alone tells; None where it does not."""
        rows = {index: self._store.hash_rows(voice, 0, index, index + 1)[0] for index in places}
        if self._root(voice, top.size, {}) == top.root:
            return _Truth({index: row for index, row in rows.items() if row is not None}, {})
        leaves: dict[int, Hash] = {}
        for index in places:
            (entry,), _ = self._store.looked_at(voice, index, index + 1)
            if entry is not None:
                leaves[index] = leaf_hash(entry)
        if len(leaves) == len(places) and self._root(voice, top.size, leaves) == top.root:
            return _Truth({}, leaves)
        return None

    async def _take(
        self, voice: str, top: Checkpoint, damage: Damage, given: dict[int, GivenBack], rows: Mapping[int, Hash] | None
    ) -> None:
        """Write what came back, where it is what was signed."""
        right = await on_thread(self._executor, partial(self._right, voice, top, damage, given, rows))
        if len(right) < len(given):
            index = min(given.keys() - right)
            self._host.alarm("repair-refused", f"what came back as {voice} {index} is not what was signed")
        if not right:
            return
        entries = {index: given[index].entry for index in right if index in damage.entries}
        bodies = {index: body for index in right if (body := given[index].body) is not None}
        leaves = {index: leaf_hash(entry) for index, entry in entries.items()}
        await on_thread(self._executor, partial(self._write, voice, entries=entries, bodies=bodies, leaves=leaves))
        damage.entries -= right
        damage.bodies -= right
        await self._tell_mended(voice, right)

    def _right(
        self,
        voice: str,
        top: Checkpoint,
        damage: Damage,
        given: Mapping[int, GivenBack],
        rows: Mapping[int, Hash] | None,
    ) -> set[int]:
        leaves = {index: leaf_hash(one.entry) for index, one in given.items()}
        if rows is None:
            # All of it together gives the signed root, or none of it is believed.
            if damage.entries - given.keys() or self._root(voice, top.size, leaves) != top.root:
                return set()
            return set(given)
        known = {index: rows.get(index) for index in given}
        for index in given.keys() - damage.entries:
            known[index] = self._store.hash_rows(voice, 0, index, index + 1)[0]
        return {index for index in given if leaves[index] == known[index]}

    def _write(
        self,
        voice: str,
        *,
        leaves: Mapping[int, Hash],
        entries: Mapping[int, bytes] | None = None,
        bodies: Mapping[int, bytes] | None = None,
    ) -> None:
        self._store.mend(voice, entries=entries or {}, bodies=bodies or {}, leaves=leaves)

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, voice: str, damage: Damage) -> None:
        places = sorted(damage.all())
        text = f"{len(places)} entries of {voice} on this disk are damaged, {_ranges(voice, places)}"
        self._host.alarm("log-damaged", text)

    async def _tell_mended(self, voice: str, places: Iterable[int]) -> None:
        ordered = sorted(places)
        self.repaired += len(ordered)
        self._host.alarm(
            "log-repaired", f"{len(ordered)} entries of {voice} are whole again, {_ranges(voice, ordered)}"
        )
        self._host.mended()
        for index in ordered:
            if index - 1 not in ordered and self._said < SAID_MAX:
                self._said += 1
                await self._host.say_fault("log-repaired", voice, index)

    # --- the position -------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        try:
            values = json.loads(read_file(self._path, bytes_max=FILE_BYTES_MAX))
        except (FileRefused, ValueError):
            return
        if not isinstance(values, dict):
            return
        voice, place, at_ms = values.get("voice"), values.get("position"), values.get("at_ms")
        if voice in (self._store.own, self._store.their) and type(place) is int and place >= 0:
            self._voice, self._place = str(voice), place
        if type(at_ms) is int:
            self._at_ms = at_ms

    def _save(self) -> None:
        data = json.dumps({"at_ms": self._at_ms, "position": self._place, "voice": self._voice})
        write_file(self._path, data.encode() + b"\n")
        if self._place == 0 and self._at_ms is not None:
            note_whole(self._path.parent.parent.parent)


@dataclass(frozen=True, slots=True)
class _Truth:
    """What must stand at damaged places: by their own hashes, or, where those are wrong, the hashes to be written."""

    rows: Mapping[int, Hash]
    leaves: Mapping[int, Hash]


def _ranges(voice: str, places: list[int]) -> str:
    """The first and the last of them, for people."""
    return f"{voice} {places[0]}" if len(places) == 1 else f"between {voice} {places[0]} and {voice} {places[-1]}"


def note_whole(home: Path) -> None:
    """Write when every channel of a home was last passed over whole, for `doctor` and metrics.

    Raises:
        FileRefused: it cannot be written.
    """
    times = []
    for path in sorted(home.glob("channels/*/scrub.json")):
        try:
            at_ms = json.loads(read_file(path, bytes_max=FILE_BYTES_MAX)).get("at_ms")
        except (FileRefused, ValueError, AttributeError):
            return
        if type(at_ms) is not int:
            return
        times.append(at_ms)
    if times and len(times) == sum(1 for one in home.glob("channels/*/log.db")):
        write_file(home / "scrub.json", json.dumps({"at_ms": min(times)}).encode() + b"\n")
