"""The store of one channel in memory: for simulations and tests, which crash it as often as they like.

What a write has returned from counts as durable; what only `later` was given does not. `crashed` gives the store as the
next start would find it.

Source: nodes/store.py; one conformance suite runs on this and on the others.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from nodes.store import OWN_COSIGNED, THEIR_SIGNED, Ahead, Branch, Head, Row, StoreBehind, StoreBroken
from protocol.glance import Glance, glance
from protocol.merkle import Frontier, Hash, HashReader, empty_root, node_hash

TILE_WIDTH = 256
TILE_LEVELS = 8


@dataclass
class _Voice:
    """One log: its entries, the hash of every complete subtree by level, and the roots that were asked for, by size."""

    entries: list[bytes] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)
    levels: list[list[Hash]] = field(default_factory=lambda: [[]])
    flashes: list[int] = field(default_factory=list)
    lacking: dict[int, Hash] = field(default_factory=dict)
    head: Head = field(default_factory=lambda: Head(0, empty_root(), Frontier.empty(), 0))
    roots: dict[int, Hash] = field(default_factory=dict)

    def copy(self) -> _Voice:
        """The same log, to go on by itself. What is in it nobody changes."""
        return _Voice(
            entries=self.entries.copy(),
            bodies=self.bodies.copy(),
            levels=[level.copy() for level in self.levels],
            flashes=self.flashes.copy(),
            lacking=self.lacking.copy(),
            head=self.head,
            roots=self.roots.copy(),
        )

    def append(self, row: Row) -> None:
        """Take one entry."""
        index = len(self.entries)
        self.entries.append(row.entry)
        if row.body is not None:
            self.bodies[index] = row.body
        elif row.lacks is not None:
            self.lacking[index] = row.lacks
        if row.flash:
            self.flashes.append(index)
        self.levels[0].append(row.leaf)
        level = 0
        while len(self.levels[level]) % 2 == 0:
            if level + 1 == len(self.levels):
                self.levels.append([])
            self.levels[level + 1].append(node_hash(*self.levels[level][-2:]))
            level += 1


class MemoryStore:
    """See `nodes.store.LogStore`."""

    def __init__(self, *, own: str, their: str) -> None:
        self.own = own
        self.their = their
        self._voices = {own: _Voice(), their: _Voice()}
        self._notes: dict[str, bytes] = {}
        self._later: dict[str, bytes] = {}
        self._ids: dict[bytes, int] = {}
        self._cosigned: dict[int, int] = {}
        self._ahead: dict[int, Ahead] = {}
        self._waiting: dict[bytes, tuple[str, bytes, int]] = {}
        self._branches: dict[int, tuple[int, list[tuple[bytes, bytes | None]], bytes]] = {}
        # By whose body it was, which entry's, and who says so: the digest, where that is said, and whether destroyed.
        self._gone: dict[tuple[str, int, str], tuple[Hash, int, bool]] = {}
        self._lock = threading.RLock()

    def crashed(self) -> MemoryStore:
        """A store with what a crash at this moment leaves."""
        with self._lock:
            left = MemoryStore(own=self.own, their=self.their)
            left._voices = {name: log.copy() for name, log in self._voices.items()}
            for name in ("_notes", "_ids", "_cosigned", "_ahead", "_waiting", "_branches", "_gone"):
                setattr(left, name, getattr(self, name).copy())
            return left

    # --- reading ----------------------------------------------------------------------------------------------------

    def head(self, voice: str) -> Head:
        return self._voices[voice].head

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        entries = self._voices[voice].entries[start:end]
        used = 0
        for count, entry in enumerate(entries if bytes_max is not None else ()):
            used += len(entry)
            if bytes_max is not None and count and used > bytes_max:
                return entries[:count]
        return entries

    def body(self, voice: str, index: int) -> bytes | None:
        return self._voices[voice].bodies.get(index)

    def _said(self, voice: str, index: int) -> list[tuple[str, tuple[Hash, int, bool]]]:
        """Who says what of the body that an entry names."""
        entries = self._voices[voice].entries
        found = [(one, said) for one in (self.own, self.their) if (said := self._gone.get((voice, index, one)))]
        seen = glance(entries[index]) if found and index < len(entries) else Glance()
        return [(one, said) for one, said in found if seen.sealed and said[0] == seen.body_digest]

    def gone(self, voice: str, index: int) -> bool:
        return bool(self._gone) and bool(self._said(voice, index))

    def erased_by(self, voice: str, index: int) -> tuple[str, int] | None:
        with self._lock:
            return next(((one, at) for one, (_, at, erased) in self._said(voice, index) if erased), None)

    def lacks(self, voice: str) -> bool:
        return bool(self._voices[voice].lacking)

    def bodies_from(self, voice: str, start: int, count: int) -> list[int]:
        with self._lock:
            return sorted(index for index in self._voices[voice].bodies if index >= start)[:count]

    def hashes(self, voice: str) -> HashReader:
        levels = self._voices[voice].levels

        def read(level: int, index: int) -> Hash:
            if level >= len(levels) or index >= len(levels[level]):
                raise StoreBroken("store-damaged", f"hash {index} of level {level} is missing")
            return levels[level][index]

        return read

    def tile(self, voice: str, level: int, index: int, width: int) -> bytes:
        read = self.hashes(voice)
        return b"".join(read(TILE_LEVELS * level, index * TILE_WIDTH + place) for place in range(width))

    def root(self, voice: str, size: int) -> Hash:
        log = self._voices[voice]
        found = log.roots.get(size)
        if found is None:
            found = log.roots[size] = Frontier.read(size, self.hashes(voice)).root()
        return found

    def looked_at(self, voice: str, start: int, end: int) -> tuple[list[bytes | None], list[bytes | None]]:
        with self._lock:
            log = self._voices[voice]
            return list(log.entries[start:end]), [log.bodies.get(index) for index in range(start, end)]

    def hash_rows(self, voice: str, level: int, start: int, end: int) -> list[Hash | None]:
        levels = self._voices[voice].levels
        row = levels[TILE_LEVELS * level] if TILE_LEVELS * level < len(levels) else []
        return [*row[start:end], *[None] * (end - max(start, min(end, len(row))))]

    def note(self, name: str) -> bytes | None:
        # In this order and without the lock: what is moved from one to the other is in the other first.
        found = self._later.get(name)
        return self._notes.get(name) if found is None else found

    def durable_note(self, name: str) -> bytes | None:
        with self._lock:
            return self._notes.get(name)

    def find(self, statement_id: bytes) -> int | None:
        return self._ids.get(statement_id)

    def cosigned_at(self, index: int) -> int | None:
        with self._lock:
            first = min((size for size in self._cosigned if size > index), default=None)
            return None if first is None else self._cosigned[first]

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        with self._lock:
            return [index for index in self._voices[voice].flashes if index >= start][:count]

    def ahead_indexes(self) -> list[int]:
        with self._lock:
            return sorted(self._ahead)

    def ahead(self) -> list[Ahead]:
        with self._lock:
            return [self._ahead[index] for index in sorted(self._ahead)]

    def branches(self) -> list[Branch]:
        with self._lock:
            return [
                Branch(
                    number, start, start + len(rows), note, sum(len(entry) + len(body or b"") for entry, body in rows)
                )
                for number, (start, rows, note) in sorted(self._branches.items())
            ]

    def read_branch(self, number: int, start: int, end: int) -> list[bytes]:
        with self._lock:
            first, rows, _ = self._branches.get(number, (0, [], b""))
            return [entry for entry, _ in rows[max(0, start - first) : max(0, end - first)]]

    def branch_body(self, number: int, index: int) -> bytes | None:
        with self._lock:
            first, rows, _ = self._branches.get(number, (0, [], b""))
            return rows[index - first][1] if first <= index < first + len(rows) else None

    def waiting(self, name: str) -> list[tuple[bytes, bytes, int]]:
        with self._lock:
            return [(key, record, at_ms) for key, (kept, record, at_ms) in self._waiting.items() if kept == name]

    def waiting_of(self, statement_id: bytes) -> tuple[str, bytes] | None:
        found = self._waiting.get(statement_id)
        return None if found is None else found[:2]

    # --- writing ----------------------------------------------------------------------------------------------------

    def _append(self, voice: str, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        log = self._voices[voice]
        if len(log.entries) != size:
            raise StoreBehind("store-behind", f"the log is not at size {size}")
        for index, row in enumerate(rows, size):
            log.append(row)
            if row.gone is not None and row.gone.party in self._voices:
                one = row.gone
                self._gone.setdefault((one.party, one.index, voice), (one.digest, index, one.erased))
                self._apply(one.party, one.index)
            self._apply(voice, index)
        log.head = Head(frontier.size, frontier.root(), frontier, last_ms)
        log.roots[frontier.size] = log.head.root

    def _apply(self, voice: str, index: int) -> None:
        """What is said of a body: it is not lacking, and where we said that we destroyed it, it is not here."""
        log = self._voices[voice]
        if not self.gone(voice, index):
            return
        log.lacking.pop(index, None)
        if self._own_erased(voice, index):
            log.bodies.pop(index, None)

    def _own_erased(self, voice: str, index: int) -> bool:
        return any(one == self.own and erased for one, (_, _, erased) in self._said(voice, index))

    def mend(
        self,
        voice: str,
        *,
        entries: Mapping[int, bytes],
        bodies: Mapping[int, bytes],
        leaves: Mapping[int, Hash],
    ) -> None:
        with self._lock:
            log = self._voices[voice]
            for index, entry in entries.items():
                log.entries[index] = entry
            log.bodies.update({at: body for at, body in bodies.items() if not self._own_erased(voice, at)})
            for index in bodies:
                log.lacking.pop(index, None)
            for index, leaf in leaves.items():
                log.levels[0][index] = leaf
            changed = set(leaves)
            for level, above in pairwise(log.levels):
                changed = {index // 2 for index in changed if index // 2 < len(above)}
                for index in changed:
                    above[index] = node_hash(level[2 * index], level[2 * index + 1])
            log.roots.clear()
            self.flush()

    def mend_tables(self) -> list[str]:
        return []

    def mend_head(self, voice: str, frontier: Frontier) -> None:
        with self._lock:
            log = self._voices[voice]
            if log.head.size != frontier.size:
                raise StoreBehind("store-behind", f"the log of {voice} is not at size {frontier.size}")
            log.head = Head(frontier.size, frontier.root(), frontier, log.head.last_ms)
            log.roots.clear()
            self.flush()

    def append_own(self, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        with self._lock:
            self._append(self.own, size, rows, frontier, last_ms)
            for index, row in enumerate(rows, size):
                if row.statement_id is not None:
                    # The first place of a statement is the one that counts.
                    self._ids.setdefault(row.statement_id, index)
            self.flush()

    def append_their(self, size: int, rows: Sequence[Row], frontier: Frontier, note: bytes, last_ms: int) -> None:
        with self._lock:
            self._append(self.their, size, rows, frontier, last_ms)
            self._notes[THEIR_SIGNED] = note
            self._ahead = {index: item for index, item in self._ahead.items() if index >= frontier.size}
            self.flush()

    def put_cosigned(self, note: bytes, size: int, at_ms: int) -> None:
        with self._lock:
            self._notes[OWN_COSIGNED] = note
            self._later.pop(OWN_COSIGNED, None)
            self._cosigned.setdefault(size, at_ms)
            self.flush()

    def put_ahead(self, item: Ahead) -> None:
        with self._lock:
            self._ahead[item.index] = item
            self.flush()

    def append_branch(
        self, number: int, start: int, entries: Sequence[bytes], bodies: Sequence[bytes | None], note: bytes
    ) -> None:
        with self._lock:
            first, rows, _ = self._branches.get(number, (start, [], b""))
            if first + len(rows) != start:
                raise StoreBehind("store-behind", f"branch {number} is not at size {start}")
            self._branches[number] = (first, [*rows, *zip(entries, bodies, strict=True)], note)
            self.flush()

    def later(self, name: str, note: bytes) -> None:
        with self._lock:
            self._later[name] = note

    def flush(self) -> None:
        if self._later:
            with self._lock:
                self._notes.update(self._later)
                self._later.clear()

    def put_waiting(self, name: str, statement_id: bytes, record: bytes, at_ms: int) -> None:
        with self._lock:
            before = self._waiting.get(statement_id)
            self._waiting[statement_id] = (name, record, at_ms if before is None else before[2])
            self.flush()

    def drop_waiting(self, statement_id: bytes) -> None:
        with self._lock:
            self._waiting.pop(statement_id, None)
            self.flush()

    def scour(self) -> list[str]:
        return []

    def tidy(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        self.flush()
