"""The sequencer: gives statements their places in our own log, many in one commit.

Whatever waits when a commit begins goes into it, up to what one append frame carries; whatever comes meanwhile goes
into the next, a flash before the rest. There is no timer and no batch window: a lone statement is committed at once.

One commit, in this order (spec/channel.md, "Commit points"):

1. entries are made: time (never going back), `held` (what the mirror durably holds);
2. they are written with compare-and-swap on the size, and synced;
3. they are read back, and the root is computed again from what came back;
4. the checkpoint is signed, never for a size at or below the last one signed with another root;
5. the signature is written to the high-water file, and synced. THIS IS THE COMMIT POINT: a crash before it leaves
   entries that nobody was told of, which the next start signs; a crash after it loses nothing;
6. whoever waits is told, and the channel sends.

Where the mark is of more than the log has, not even step 1 is taken; nor where keys that are in another process or in
a token cannot be used. Where these are missed only in 4, the entries stand unsigned and whoever waits goes on waiting,
until `resume` signs the log as it stands. Any other failure in 2 to 5, except a full disk in 2, ends the process: the
next start verifies what is there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from keys.errors import KeyAway, KeyElsewhere
from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.store import OWN_SIGNED, Head, LogStore, Row, StoreBroken, StoreDamaged, StoreFull
from nodes.threads import on_thread
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.entry import Entry
from protocol.glance import gone_of
from protocol.head_signer import HeadSigners, check_there
from protocol.limits import APPEND_ENTRIES_BYTES_MAX
from protocol.merkle import leaf_hash
from protocol.signature import Signature
from protocol.statement import LogState, Statement

WAITING_MAX = 10_000
"""Statements that may wait for their place; more are refused until these have it."""


_Waiting = tuple["Item", "asyncio.Future[Placed]"]


class _Named(Protocol):
    @property
    def origin(self) -> str:
        """Of the log."""


class _Signers(Protocol):
    @property
    def log(self) -> HeadSigners:
        """Its keys, 0x01 and 0x06."""


class LogKeys(Protocol):
    """What a sequencer needs of the keys of a line or of a journal."""

    @property
    def own(self) -> _Named:
        """The log that is written."""

    @property
    def signers(self) -> _Signers:
        """What it is signed with."""


class SignRefused(NodeError):
    """The log was signed otherwise before; nothing more is signed here. Nothing is broken, and reading goes on."""


class KeysAway(SignRefused):
    """Keys that are in another process or in a token cannot be used now; once they can, `resume` goes on."""


class _Unsigned(NodeError):
    """Entries are written and durable, and keys that are elsewhere were missed before the log was signed."""

    def __init__(self, placed: Sequence[Placed], error: KeyElsewhere) -> None:
        super().__init__(error.code, str(error))
        self.placed = placed
        self.error = error


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a statement came to be.

    Attributes:
        index: its place in our log.
        leaf: its leaf hash.
        logged_at_ms: the time in its entry.
    """

    index: int
    leaf: bytes
    logged_at_ms: int


@dataclass(frozen=True, slots=True)
class Item:
    """One statement on its way into the log.

    Attributes:
        raw: the statement's bytes, as signed.
        statement: the same, parsed.
        signatures: those that go with it.
        body: its body, or None.
    """

    raw: bytes
    statement: Statement
    signatures: tuple[Signature, ...]
    body: bytes | None

    def size(self) -> int:
        """About how many bytes its entry will have; never less."""
        return len(self.raw) + sum(len(one.value) + 96 for one in self.signatures) + 128


@dataclass(frozen=True, slots=True)
class _Committed:
    checkpoint: Checkpoint
    note: bytes
    placed: list[Placed]


class Sequencer:
    """See the module.

    Args:
        store: of the channel.
        mark: the high-water mark of our log.
        keys: gives the log's keys.
        clock: the time used in entries.
        executor: threads for crypto and disk.
        committed: called on the loop with the new checkpoint, its note and the number of places given.
        broken: called on the loop when the process must end.
        away: called on the loop when nothing more is signed for want of keys; then `resume` is to be called some time.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        mark: HighWater,
        keys: LogKeys,
        clock: SteadyClock,
        executor: Executor,
        committed: Callable[[Checkpoint, bytes, int], None],
        broken: Callable[[NodeError], None],
        away: Callable[[NodeError], None] = lambda _: None,
    ) -> None:
        self.keys: LogKeys = keys
        self._store = store
        self._mark = mark
        self._clock = clock
        self._executor = executor
        self._committed = committed
        self._broken = broken
        self._away = away
        self._unsigned: list[tuple[asyncio.Future[Any], Placed]] = []
        self._waiting: deque[_Waiting] = deque()
        self._urgent: deque[_Waiting] = deque()
        self._busy = self._running = False
        self._mistaken: asyncio.Future[None] | None = None
        self._halted: NodeError | None = None

    def halt(self, error: NodeError) -> None:
        """Sign nothing more until `go_on`; whoever waits is told why."""
        self._halted = error
        self._go()

    def go_on(self) -> None:
        """What `halt` was called for is mended."""
        self._halted = None

    def submit(self, item: Item) -> asyncio.Future[Placed]:
        """Let a statement wait for its place.

        Returns:
            Resolves when a crash can no longer lose it. Whoever waits may go away; the statement stays.

        Raises:
            NodeError: `too-busy`; too many wait. Or what `halt` was given.
        """
        if self._halted is not None:
            raise self._halted
        # A flash waits for the commit under way and for other flashes, and for nothing else. Nothing that waits can
        # refer to anything else that does, because a reference names an entry that has its place.
        waiting = self._urgent if item.statement.precedence == "flash" else self._waiting
        if len(waiting) >= WAITING_MAX:
            raise NodeError("too-busy", f"{WAITING_MAX} statements wait for their place already")
        placed: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        waiting.append((item, placed))
        self._go()
        return placed

    async def run(self) -> None:
        """Let commits begin, until cancelled; raises what nobody foresaw in one of them."""
        self._mistaken = asyncio.get_running_loop().create_future()
        self._running = True
        try:
            self._go()
            await self._mistaken
        finally:
            self._running = False

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, nothing waits, and nothing stands in the way of a commit."""
        return self._running and not (self._busy or self._waiting or self._urgent) and self._halted is None

    def straight(self, make: Callable[[], Item | None]) -> asyncio.Future[Placed | None]:
        """Make an item on a thread and commit it there at once; for an idle sequencer, which saves going to and fro.

        Args:
            make: gives the item, or None where it may not go this way.

        Returns:
            Resolves to its place, to None, or to what `make` raised. Whoever waits may go away: what is committed
            is committed.
        """
        self._busy = True
        placed: asyncio.Future[Placed | None] = asyncio.get_running_loop().create_future()

        def commit() -> _Committed | Exception | None:
            try:
                item = make()
            except Exception as error:  # noqa: BLE001 - nothing was committed yet, and whoever asked is told of it.
                return error
            # What was found out meanwhile counts as well.
            return self._halted or (None if item is None else self._commit([item]))

        on_thread(self._executor, commit).add_done_callback(partial(self._ended, [placed]))
        return placed

    def _go(self) -> None:
        """Commit what waits, where nothing is under way."""
        while self._running and not self._busy and (self._waiting or self._urgent):
            taken = self._take()
            items, waiters = [item for item, _ in taken], [placed for _, placed in taken]
            if self._halted is not None:
                _fail(waiters, self._halted)
                continue
            self._busy = True
            on_thread(self._executor, self._commit, items).add_done_callback(partial(self._ended, waiters))

    def _ended(self, waiters: Sequence[asyncio.Future[Any]], work: asyncio.Future[Any]) -> None:
        """A commit is done, or has failed; the next one begins."""
        self._busy = False
        if work.cancelled():
            # The loop is ending.
            return
        error, result = work.exception(), None if work.exception() else work.result()
        if isinstance(error, _Unsigned):
            self._unsigned += zip(waiters, error.placed, strict=True)
            self._miss(_without_keys(error.error))
        elif isinstance(error, KeysAway):
            self._miss(error)
            _fail(waiters, error)
        elif isinstance(error, StoreFull | SignRefused):
            # Nothing was written; those who wait are told, and may try again when there is room.
            _fail(waiters, error)
        elif isinstance(error, NodeError):
            _fail(waiters, error)
            self._halted = error
            self._broken(error)
        elif error is not None:
            self._busy = True
            if self._mistaken is not None and not self._mistaken.done():
                self._mistaken.set_exception(error)
        elif isinstance(result, Exception):
            _fail(waiters, result)
        else:
            for waiter, place in zip(waiters, [None] if result is None else result.placed, strict=True):
                if not waiter.done():
                    waiter.set_result(place)
            if result is not None:
                self._committed(result.checkpoint, result.note, len(waiters))
        self._go()

    def _miss(self, error: NodeError) -> None:
        """Keys are missed: nothing more is begun until they are back."""
        self._halted = error
        self._away(error)

    async def resume(self) -> tuple[Checkpoint, bytes] | None:
        """Sign the log as it stands, where a crash came between writing and signing.

        Returns:
            The newest checkpoint and its note, or None for an empty log.

        Raises:
            SignRefused: the log was signed at another size or root before.
            KeysAway: keys that are elsewhere are still missed.
            StoreBroken: the signature could not be made durable; the process must end.
        """
        signed = await on_thread(self._executor, self._resume)
        unsigned, self._unsigned = self._unsigned, []
        for waiter, placed in unsigned:
            if not waiter.done():
                waiter.set_result(placed)
        return signed

    def _resume(self) -> tuple[Checkpoint, bytes] | None:
        head = self._store.head(self._store.own)
        checkpoint = Checkpoint(self.keys.own.origin, head.size, head.root)
        if head.size == 0:
            # An empty log is signed by nobody; but where it was not empty before, nothing may be written to it.
            self._check_mark(checkpoint)
            return None
        try:
            return checkpoint, self._sign(checkpoint, self._clock.take())
        except KeyElsewhere as error:
            raise _without_keys(error) from error

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        used = 0
        while waiting := self._urgent or self._waiting:
            used += waiting[0][0].size()
            if taken and used > APPEND_ENTRIES_BYTES_MAX:
                break
            taken.append(waiting.popleft())
        return taken

    def _commit(self, items: Sequence[Item]) -> _Committed:
        with self._mark.turn:
            before = self._store.head(self._store.own)
            # Nothing is even written where the log went further before, or is not what was signed.
            self._check_mark(Checkpoint(self.keys.own.origin, before.size, before.root))
            try:
                check_there(self.keys.signers.log)
            except KeyElsewhere as error:
                raise _without_keys(error) from error
            return self._commit_whole(items, before)

    def _commit_whole(self, items: Sequence[Item], before: Head) -> _Committed:
        store = self._store
        mirror = store.head(store.their)
        # Step 1.
        at_ms = self._clock.take()
        held = LogState(mirror.size, mirror.root)
        rows = [_row(item, at_ms, held) for item in items]
        leaves = [row.leaf for row in rows]
        frontier = before.frontier.extend(leaves)
        # Step 2.
        try:
            store.append_own(before.size, rows, frontier, at_ms)
        except StoreDamaged as error:
            # The page it belongs on cannot be read. Nothing was written, and it can be once the page is mended.
            raise SignRefused("log-damaged", error.text) from error
        # Step 3.
        self._check_read_back(before, rows, frontier.root())
        # Steps 4 and 5.
        checkpoint = Checkpoint(self.keys.own.origin, frontier.size, frontier.root())
        placed = [Placed(before.size + place, leaf, at_ms) for place, leaf in enumerate(leaves)]
        try:
            note = self._sign(checkpoint, at_ms)
        except KeyElsewhere as error:
            raise _Unsigned(placed, error) from error
        return _Committed(checkpoint, note, placed)

    def _check_read_back(self, before: Head, rows: Sequence[Row], root: bytes) -> None:
        own = self._store.own
        back = self._store.read(own, before.size, before.size + len(rows))
        if before.frontier.extend([leaf_hash(entry) for entry in back]).root() != root:
            raise StoreBroken("store-damaged", "entries read back differ from those written")
        for index, row in enumerate(rows, before.size):
            if self._store.body(own, index) != row.body:
                raise StoreBroken("store-damaged", "a body read back differs from the one written")

    def _sign(self, checkpoint: Checkpoint, at_ms: int) -> bytes:
        """Sign, and make the signature durable."""
        self._check_mark(checkpoint)
        note = sign_checkpoint(checkpoint, self.keys.signers.log, at_ms)
        self._mark.put(note, checkpoint)
        self._store.later(OWN_SIGNED, note)
        return note

    def _check_mark(self, checkpoint: Checkpoint) -> None:
        """Never a second root for a size, nor a size below the last one signed."""
        last = self._mark.checkpoint
        if last is not None and last.origin != checkpoint.origin:
            # The mark moves to a successor with the home; a home that names another log was put back from before that.
            raise SignRefused("high-water-differs", f"the mark is of the log {last.origin}")
        if last is not None:
            if checkpoint.size < last.size:
                raise SignRefused(
                    "high-water-ahead", f"the log was signed at {last.size} entries before; here are {checkpoint.size}"
                )
            same = checkpoint.size == last.size
            root = checkpoint.root if same else self._store.root(self._store.own, last.size)
            if root != last.root:
                raise SignRefused("high-water-differs", f"the log was signed with another root at {last.size} entries")


def _row(item: Item, at_ms: int, held: LogState) -> Row:
    entry = Entry(statement=item.raw, signatures=item.signatures, logged_at_ms=at_ms, held=held).encode()
    one = item.statement
    return Row(entry, leaf_hash(entry), item.body, one.id, one.precedence == "flash", gone=gone_of(one))


def _without_keys(error: KeyElsewhere) -> SignRefused:
    """What whoever waits is told of keys that are elsewhere: they may be back, or are withheld for good."""
    return (KeysAway if isinstance(error, KeyAway) else SignRefused)(error.code, str(error))


def _fail(waiters: Sequence[asyncio.Future[Any]], error: BaseException) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(error)
