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
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from nodes.clock import Reading
from nodes.errors import FileRefused
from nodes.files import read_file, write_file
from nodes.soundness import STEP, Damage, look, right, right_head, root_of, truth, wrong_tiles
from nodes.store import LogStore, StoreBehind, StoreDamaged, StoreFull
from nodes.threads import on_thread
from protocol.checkpoint import Checkpoint
from protocol.effects import GivenBack
from protocol.merkle import Hash, leaf_hash

PACE_BYTES_S: Final = 2 * 1_048_576
"""Read a second where nobody waits for it: a node of 7 GB in an hour, at a hundredth of what its disk can do."""

EVERY_MS: Final = 86_400_000
FIRST_MS: Final = 600_000
"""After a start, before a pass begins that nobody asked for."""

AGAIN_S: Final = 5.0
"""Between two tries to have back what is damaged."""

PAUSE_S: Final = 1.0
"""Between two passes that somebody wanted at once."""

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
        self._passing = False
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

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be damaged, and no pass is under way that may find more."""
        return not self._passing and not any(self._damage.values())

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
            if self._hurried:
                # Whoever wants one pass after the other gets them, and no more of the machine than that.
                await asyncio.sleep(PAUSE_S)

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
        self._passing = True
        voices = [self._store.own, self._store.their]
        for voice in voices[voices.index(self._voice) :]:
            top = self._host.signed(voice)
            if self._voice != voice:
                self._voice, self._place = voice, 0
            # While a log grows its signature may be a moment ahead of it: what is here is looked at all the same.
            self._size = self._store.head(voice).size if top is None else top.size
            self._place = min(self._place, self._size)
            damage = self._damage.setdefault(voice, Damage())
            while self._place < self._size:
                end = min(self._size, self._place + STEP)
                read = await on_thread(self._executor, partial(look, self._store, voice, self._place, end, damage))
                self._place = end
                await self._slow(read)
            if damage:
                self._tell(voice, damage)
            await self._mend(voice)
            if top is not None:
                await self._check_tree(voice, top, damage)
        await self._mend_tables()
        self._voice, self._place, self._hurried = voices[0], 0, False
        self._at_ms = self._read().wall_ms
        await on_thread(self._executor, self._save)
        self.passes += 1
        self._passing = False
        if self.whole:
            # A disk may fail to read once what it gives the next time; whoever gave up on that may go on.
            self._host.mended()
        self._log.info("scrubbed", damaged=sum(len(one.all()) for one in self._damage.values()))

    async def _mend_tables(self) -> None:
        """What stands beside the entries: where it is damaged, nothing can be written to a log that is whole."""
        try:
            tables = await on_thread(self._executor, self._store.mend_tables)
        except StoreDamaged as error:
            self._host.alarm("log-damaged", f"a table beside the logs cannot be written anew: {error.text}")
            return
        if tables:
            names = ", ".join(tables)
            self._host.alarm("log-damaged", f"tables beside the logs on this disk are damaged: {names}")
            self._host.alarm("log-repaired", f"tables beside the logs were written anew: {names}")
            self.repaired += len(tables)

    async def _slow(self, read: int) -> None:
        now = self._read().mono_ms
        if now - self._saved_mono >= SAVE_EVERY_MS:
            self._saved_mono = now
            await on_thread(self._executor, self._save)
        # Also in a hurry: others have their turn.
        await asyncio.sleep(0 if self._hurried or not self._pace else read / self._pace)

    async def _check_tree(self, voice: str, top: Checkpoint, damage: Damage) -> None:
        """Compare every tile with the one above, and the root with the signed one."""
        leaves = await on_thread(self._executor, partial(wrong_tiles, self._store, voice, top.size))
        if leaves:
            self._host.alarm("log-damaged", f"{len(leaves)} tiles of the log of {voice} on this disk are damaged")
            await on_thread(self._executor, partial(self._write, voice, leaves=leaves))
            await self._tell_mended(voice, leaves)
        root = await on_thread(self._executor, partial(root_of, self._store, voice, top.size, {}))
        if root != top.root and not damage:
            text = f"the log of {voice} on this disk is whole in itself and is not the one that was signed"
            self._host.alarm("log-damaged", text)
        head = await on_thread(self._executor, partial(right_head, self._store, voice)) if root == top.root else None
        if head is not None:
            self._host.alarm("log-damaged", f"what the next entry of {voice} needs was changed on this disk")
            try:
                await on_thread(self._executor, partial(self._store.mend_head, voice, head))
            except StoreBehind:
                # It grew meanwhile, and with that it was written anew.
                return
            await self._tell_mended(voice, [head.size - 1])

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
        found = await on_thread(self._executor, partial(truth, self._store, voice, top, places))
        if found is not None and found.leaves:
            # The entries are right, and their hashes are not: nobody need be asked.
            await on_thread(self._executor, partial(self._write, voice, leaves=found.leaves))
            damage.entries -= found.leaves.keys()
            await self._tell_mended(voice, found.leaves)
            return
        given: dict[int, GivenBack] = {}
        for index in sorted(damage.all()):
            back = await self._host.fetch_back(voice, index)
            if back is None:
                break
            given[index] = back
        if given:
            await self._take(voice, top, damage, given, None if found is None else found.rows)

    async def _take(
        self, voice: str, top: Checkpoint, damage: Damage, given: dict[int, GivenBack], rows: Mapping[int, Hash] | None
    ) -> None:
        """Write what came back, where it is what was signed."""
        good = await on_thread(self._executor, partial(right, self._store, voice, top, damage, given, rows))
        if len(good) < len(given):
            index = min(given.keys() - good)
            self._host.alarm("repair-refused", f"what came back as {voice} {index} is not what was signed")
        if not good:
            return
        entries = {index: given[index].entry for index in good if index in damage.entries}
        bodies = {index: body for index in good if (body := given[index].body) is not None}
        leaves = {index: leaf_hash(entry) for index, entry in entries.items()}
        await on_thread(self._executor, partial(self._write, voice, entries=entries, bodies=bodies, leaves=leaves))
        damage.entries -= good
        damage.bodies -= good
        await self._tell_mended(voice, good)

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
