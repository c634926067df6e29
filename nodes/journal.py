"""The journal of a party in operation: acts come in, get their place, and are signed, off the line's way.

A node act is made and signed here; an act of a person comes signed by that person's client. Whatever waits goes into
one commit, made as that of a line's log is (`nodes/sequencer.py`). Nothing waits for the journal that carries messages:
where it cannot be written, an alarm says so, the line goes on, and what was lost is counted and written down as soon as
that can be done. Nothing here ever reaches the counterpart.

Source: spec/journal.md.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial

import structlog

from keys.errors import KeysError
from keys.hybrid import Signer
from keys.sealing import Opener
from nodes.clock import Reading, SteadyClock, now
from nodes.errors import NodeError
from nodes.journal_acts import Acts, Author, JournalLog, JournalRefused, Recorded
from nodes.rosters import HeldRoster
from nodes.sequencer import Item, Placed, Sequencer, SignRefused
from nodes.signed import SignedStatement
from nodes.store import StoreBroken, StoreFull
from nodes.threads import on_thread
from protocol.body import open_body
from protocol.canonical import Value
from protocol.checkpoint import Checkpoint
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.journal import JournalSetting
from protocol.journal_kinds import JournalCatalogue
from protocol.statement import LogState, Statement
from protocol.tagged import digest

__all__ = ["BROKEN", "WAITING_MAX", "Author", "Journal", "JournalLog", "JournalRefused", "Recorded"]

WAITING_MAX = 1024
"""Acts that may wait to be written; more are counted as lost, so that no disk that hangs costs memory."""

BROKEN = "journal-broken"


Made = Callable[[], tuple[SignedStatement, Statement]]
Waiting = tuple[Made, "asyncio.Future[Placed | None]", bool]
"""How it is made, who waits for it, and whether it is lost if it cannot be written now."""


class Journal:
    """See the module.

    Args:
        party: short name.
        open_log: opens the log, or begins it; called on a thread, once.
        at_once: whether it is opened as soon as this runs, and not when the first act comes.
        catalogue: its kinds.
        node: the node's key.
        sealing: the party's key, which free text is sealed to.
        rosters: ours in force, by counterpart.
        executor: threads for crypto and disk.
        alarm: tells people.
        read: reads the clocks.
        entropy: gives so many fresh random bytes.
    """

    def __init__(
        self,
        *,
        party: str,
        open_log: Callable[[], JournalLog],
        at_once: bool,
        catalogue: JournalCatalogue,
        node: Signer,
        sealing: Opener,
        rosters: Callable[[], Mapping[str, HeldRoster]],
        executor: Executor,
        alarm: Callable[[str, str], None],
        read: Reading = now,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.catalogue = catalogue
        self._party = party
        self._open_log = open_log
        self._at_once = at_once
        self._log: JournalLog | None = None
        self._broken: NodeError | None = None
        self._sealing = sealing
        self._rosters = rosters
        self._executor = executor
        self._alarm = alarm
        self._clock = SteadyClock(0, read)
        self._acts = Acts(
            party=party,
            catalogue=catalogue,
            node=node,
            setting=self.setting,
            rosters=rosters,
            clock=self._clock,
            entropy=entropy,
        )
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._noted: dict[str, bytes] = {}
        self._submitted: dict[bytes, asyncio.Future[Placed | None]] = {}
        self._lost = 0
        self._lost_from_ms = 0
        self.log = structlog.get_logger(part="journal")
        self._sequencer: Sequencer | None = None
        self._settled = asyncio.Event()

    @property
    def broken(self) -> NodeError | None:
        """Why nothing can be written, or None."""
        return self._broken

    @property
    def lost(self) -> int:
        """Acts that are not in the journal and not yet said to be missing."""
        return self._lost

    async def ready(self) -> None:
        """Wait until the log is open.

        Raises:
            JournalRefused: `journal-broken`.
        """
        if self._log is None and self._broken is None:
            # It may have been tried before, without room on the disk.
            self._settled.clear()
        self._wake.set()
        await self._settled.wait()
        self._opened()

    def _opened(self) -> JournalLog:
        if self._log is None or self._broken is not None:
            why = "it is not open yet" if self._broken is None else self._broken.text
            raise JournalRefused(BROKEN, f"the journal cannot be used: {why}")
        return self._log

    def setting(self) -> JournalSetting:
        """Where an act is written down now. Call it on a thread, once the log is ready.

        Raises:
            JournalRefused: `journal-broken`.
        """
        log = self._opened()
        head = log.store.head(self._party)
        return JournalSetting(
            origin=log.origin,
            party=self._party,
            catalogue=self.catalogue.digest,
            after=LogState(head.size, head.root),
            sealing=self._sealing.public,
        )

    # --- running ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write what comes, until cancelled. What goes wrong here ends nothing but the journal."""
        try:
            if not self._at_once:
                await self._wake.wait()
            log = self._log = await self._opened_log()
            self._clock.not_before(log.store.head(self._party).last_ms)
            self._sequencer = Sequencer(
                store=log.store,
                mark=log.mark,
                keys=log,
                clock=self._clock,
                executor=self._executor,
                committed=lambda *_: None,
                broken=self._failed,
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sequencer.run())
                await self._sequencer.resume()
                self._settled.set()
                await self._drain_for_ever(log)
        except* (NodeError, ProtocolError, KeysError) as errors:
            self._failed(_as_node_error(errors.exceptions[0]))
        except* Exception as errors:
            self.log.exception("journal failed")
            self._failed(NodeError("internal-error", repr(errors.exceptions[0])))
        finally:
            self._settled.set()
            self._let_go()

    async def _opened_log(self) -> JournalLog:
        """Open the log, as soon as there is room for it."""
        while True:
            try:
                return await on_thread(self._executor, self._open_log)
            except StoreFull as error:
                self.log.error("journal not opened", code=error.code, detail=error.text)
                self._let_go()
                self._tell()
                self._wake.clear()
                self._settled.set()
                await self._wake.wait()

    async def _drain_for_ever(self, log: JournalLog) -> None:
        while True:
            self._wake.clear()
            if self._waiting or self._lost:
                await self._drain(log)
            await self._wake.wait()

    async def _drain(self, log: JournalLog) -> None:
        """Write what waits, in the order in which it came, and before it what must stand there."""
        waiting: list[Waiting] = list(self._waiting)
        self._waiting.clear()
        lost, rosters = self._lost, await on_thread(self._executor, self._rosters_to_note, log)
        before = self._before(log, rosters)
        # What must stand before an act does, or the act is not written.
        begun = await self._place(before)
        results = await self._place([make for make, _, _ in waiting]) if None not in begun else [None] * len(waiting)
        if None not in begun:
            self._lost -= lost
            for counterpart, held in rosters.items():
                self._noted[counterpart] = digest(held.text)
                # Lost in a crash, it is written down once more.
                log.store.later(_note_name(counterpart), self._noted[counterpart])
        await self._flush(log)
        for (_, future, counts), result in zip(waiting, results, strict=True):
            if result is None and counts:
                self._lose()
            if not future.done():
                future.set_result(result)
        if None in (*begun, *results):
            self._tell()

    async def _place(self, acts: Sequence[Made]) -> list[Placed | None]:
        """Write acts, as many as can be in one commit; None for each that could not be."""
        placed = [await self._begin(make) for make in acts]
        return [None if one is None else await _result(one) for one in placed]

    async def _flush(self, log: JournalLog) -> None:
        """Leave the newest checkpoint beside the entries too, where exports and backups look for it."""
        try:
            await on_thread(self._executor, log.store.flush)
        except StoreFull as error:
            self.log.error("checkpoint not kept", code=error.code, detail=error.text)

    async def _begin(self, make: Made) -> asyncio.Future[Placed] | None:
        """Make an entry and let it wait for its place; None where it cannot be made."""
        if self._sequencer is None:
            return None
        try:
            signed, statement = await on_thread(self._executor, make)
            return self._sequencer.submit(Item(signed.statement, statement, signed.signatures, signed.body))
        except (NodeError, ProtocolError, KeysError) as error:
            self.log.error("journal entry not made", detail=str(error))
            return None

    def _rosters_to_note(self, log: JournalLog) -> dict[str, HeldRoster]:
        """The rosters in force that the journal does not have yet."""
        found = {}
        for counterpart, held in sorted(self._rosters().items()):
            name = digest(held.text)
            if self._noted.get(counterpart) != name and log.store.note(_note_name(counterpart)) != name:
                found[counterpart] = held
        return found

    def _before(self, log: JournalLog, rosters: Mapping[str, HeldRoster]) -> list[Made]:
        """What must be written before anything else: keys that signatures need, that it begins, what was lost."""
        found: list[Made] = []
        for counterpart, held in rosters.items():
            facts: dict[str, Value] = {"counterpart": counterpart, "version": held.roster.version}
            found.append(partial(self._acts.make, "roster", facts, None, None, held.text))
        if log.store.head(self._party).size == 0:
            found.append(partial(self._acts.make, "begun", dict(log.begun), None, None))
        if self._lost:
            facts = {"lost": self._lost, "from_ms": self._lost_from_ms, "until_ms": self._clock.take()}
            found.append(partial(self._acts.make, "gap", facts, None, None))
        return found

    def _lose(self) -> None:
        if not self._lost:
            self._lost_from_ms = self._clock.take()
        self._lost += 1

    def _failed(self, error: NodeError) -> None:
        """Nothing more can be written until the next start."""
        if self._broken is None:
            self._broken = error
        self.log.error("journal broken", code=error.code, detail=error.text)
        self._let_go()
        self._tell()

    def _let_go(self) -> None:
        """Whoever waits is told that it is not written."""
        while self._waiting:
            _, future, counts = self._waiting.popleft()
            if counts:
                self._lose()
            if not future.done():
                future.set_result(None)

    def _tell(self) -> None:
        why = "there was no room on the disk" if self._broken is None else self._broken.text
        self._alarm(BROKEN, f"what people do here is not written down: {why}")

    # --- what is written ----------------------------------------------------------------------------------------------

    def write(
        self, kind: str, facts: Mapping[str, Value], text: str | None = None, by: Author | None = None
    ) -> asyncio.Future[Placed | None]:
        """Write an act down. Called on the event loop; nobody has to wait for what it returns.

        Args:
            kind: name of a journal kind.
            facts: its facts; one that may be absent may be left out.
            text: free text, which is sealed to the party itself.
            by: the person who signs in this process, or None for the node.

        Returns:
            Resolves to the place, or to None where it could not be written, which people are told of.
        """
        return self._enqueue(partial(self._acts.make, kind, dict(facts), text, by))

    def note(self, kind: str, facts: Mapping[str, Value]) -> asyncio.Future[Placed | None]:
        """Write down what a command left; as `write`. What cannot be written now is not lost: the note stays."""
        return self._enqueue(partial(self._acts.make, kind, dict(facts), None, None), counts=False)

    def _enqueue(self, make: Made, *, counts: bool = True) -> asyncio.Future[Placed | None]:
        future: asyncio.Future[Placed | None] = asyncio.get_running_loop().create_future()
        if self._broken is not None or len(self._waiting) >= WAITING_MAX:
            if counts:
                self._lose()
            self._tell()
            future.set_result(None)
            return future
        self._waiting.append((make, future, counts))
        self._wake.set()
        return future

    # --- what persons sign --------------------------------------------------------------------------------------------

    async def submit(self, signed: SignedStatement, *, person: int) -> Recorded:
        """Write down an act that a person's client signed.

        Args:
            signed: the act; the same one again is answered with the place it has.
            person: who logged in.

        Raises:
            JournalRefused: `journal-act-refused`; it is not one, or not by that person. `journal-broken`; it is, and
                could not be written.
        """
        await self.ready()
        log = self._opened()
        statement = await on_thread(self._executor, self._acts.check, log, signed, person)
        while (waiting := self._submitted.get(statement.id)) is not None:
            # It came before and is being written down; what is there twice would refute the journal.
            await asyncio.wait([waiting])
        index = log.store.find(statement.id)
        if index is None:
            placing = self._submitted[statement.id] = self._enqueue(lambda: (signed, statement), counts=False)
            placing.add_done_callback(lambda _: self._submitted.pop(statement.id, None))
            # Whoever acts is told that it was not written, so nothing of it is missing unseen.
            placed = await asyncio.shield(placing)
            if placed is None:
                raise JournalRefused(BROKEN, "the act could not be written down")
            return Recorded(placed.index, statement, person, placed.logged_at_ms)
        entry = Entry.parse(log.store.read(self._party, index, index + 1)[0])
        if entry.statement != signed.statement:
            raise JournalRefused("journal-act-refused", "another act has the same id")
        return Recorded(index, statement, person, entry.logged_at_ms, again=True)

    # --- reading ------------------------------------------------------------------------------------------------------

    def entries(self, start: int, end: int) -> list[bytes]:
        """Entries from `start` up to `end`. Call it on a thread."""
        store = self._opened().store
        return store.read(self._party, start, min(end, store.head(self._party).size)) if start < end else []

    def sealed(self, index: int) -> tuple[bytes, bytes | None, bytes | None]:
        """An entry, its body, and the secret that opens it, where there is one. Call it on a thread.

        Raises:
            JournalRefused: `no-such-entry`.
            ProtocolError: the body does not open.
        """
        entries = self.entries(index, index + 1)
        if not entries:
            raise JournalRefused("no-such-entry", f"there is no entry {index} in the journal")
        body = self._opened().store.body(self._party, index)
        statement = Entry.parse(entries[0]).parse_statement()
        if body is None or statement.opener is None:
            return entries[0], body, None
        return entries[0], body, self.secret_of(statement, body)

    def secret_of(self, statement: Statement, body: bytes) -> bytes:
        """What opens the text of an act, whether or not it is written down yet. Call it on a thread.

        Raises:
            ProtocolError: it does not open.
        """
        return open_body(statement, body, party=self._party, key=self._sealing).secret.raw

    def checkpoint(self) -> tuple[Checkpoint, bytes] | None:
        """How far it was signed, and the note."""
        mark = self._opened().mark
        return None if mark.checkpoint is None or mark.note is None else (mark.checkpoint, mark.note)

    def close(self) -> None:
        """Let go of the files."""
        if self._log is not None:
            self._log.store.close()
            self._log.mark.close()


def _note_name(counterpart: str) -> str:
    """Under which name the store keeps the digest of the roster that the journal has."""
    return f"roster {counterpart}"


async def _result(placed: asyncio.Future[Placed]) -> Placed | None:
    try:
        return await placed
    except (StoreFull, SignRefused, StoreBroken):
        return None


def _as_node_error(error: BaseException) -> NodeError:
    return error if isinstance(error, NodeError) else NodeError(BROKEN, str(error))
