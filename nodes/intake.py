"""Intake: statements of our own party on their way into the log, and how far each has come.

A statement is a *draft* while a signature is missing; complete, it is logged at once, or stands in the *queue* while
the counterpart has not yet said how far it holds our log. One that was good when it came and is not any more, for
instance because its roster expired meanwhile, is kept as *refused* and shown. A roster counts from the entry behind it,
so nothing is placed behind one that was checked by the one before.

The same statement may come again, with more signatures or because an answer was lost: whatever comes of one statement
comes one after the other, so it is logged once.

Source: spec/local-api.md, "submit".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from keys.roster import Roster
from nodes.admission import AdmissionRefused, Admitted, Desk
from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.journal import Journal
from nodes.outcome import Draft, Outcome, State
from nodes.sequencer import Item, Placed, SignRefused
from nodes.signed import SignedStatement
from nodes.store import LogStore, StoreBroken
from nodes.threads import on_thread
from nodes.waiters import Waiters
from protocol.canonical import encode
from protocol.entry import Entry
from protocol.limits import DRAFTS_OF_ONE_MAX
from protocol.merkle import leaf_hash
from protocol.signature import Signature
from protocol.statement import LogState, Statement
from protocol.tagged import digest

_T = TypeVar("_T")

WAIT_LOOK_S = 0.25
ADMITTED_AT_ONCE = 2
"""Statements that are opened and verified at once. More would stand in each other's way, and in the event loop's."""
DRAFT, QUEUE, REFUSED = "draft", "queue", "refused"
FLASH_MARK = encode("precedence") + encode("flash")
"""What stands in the bytes of every flash, which so has a desk of its own before anything of it was verified."""


class Host(Protocol):
    """What the intake needs of its line."""

    @property
    def live(self) -> bool:
        """Whether new entries may be signed."""

    @property
    def held_size(self) -> int:
        """How far the counterpart holds our log."""

    @property
    def journal(self) -> Journal:
        """Where acts of people are written down."""

    def rosters(self) -> tuple[Roster, Roster]:
        """Ours and theirs, in force."""

    def place(self, statement: Statement, signed: SignedStatement) -> Awaitable[Placed]:
        """Give a statement its place in our log."""

    def straight(self, make: Callable[[], Item | None]) -> asyncio.Future[Placed | None] | None:
        """Make an item on a thread and give it its place there; None where it would have to wait."""

    def adopt(self, index: int) -> Awaitable[None]:
        """Let the roster at a place of our log be in force."""

    def alarm(self, code: str, text: str) -> None:
        """Tell people."""

    def broke(self, error: NodeError) -> None:
        """A write failed: the process must end."""


class Intake:
    """The intake of one line.

    Args:
        host: the line.
        store: its logs, and what waits.
        desk: says what is admitted.
        clock: the time used in entries.
        executor: threads for crypto and disk.
        waiters: those who wait for a change or a receipt.
        base: number at which the log begins in its voice; above 0 it succeeds another.
    """

    def __init__(
        self,
        *,
        host: Host,
        store: LogStore,
        desk: Desk,
        clock: SteadyClock,
        executor: Executor,
        waiters: Waiters,
        base: int = 0,
    ) -> None:
        self._host = host
        self._store = store
        self._desk = desk
        self._clock = clock
        self._executor = executor
        self._waiters = waiters
        self._base = base
        self._desks = asyncio.Semaphore(ADMITTED_AT_ONCE)
        self._flash_desk = asyncio.Semaphore(1)
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._roster_task: asyncio.Task[Placed] | None = None
        self._taking: set[asyncio.Task[Outcome]] = set()
        self._drafting = asyncio.Lock()
        self._coming = 0
        self._straight: asyncio.Future[Placed | None] | None = None

    async def _on_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        try:
            return await on_thread(self._executor, call, *arguments)
        except StoreBroken as error:
            # Whoever asked is told, and nobody is told anything more.
            self._host.broke(error)
            raise

    def _admit(self, signed: SignedStatement) -> Admitted:
        own, their = self._host.rosters()
        admitted = self._desk.admit(signed, roster=own, counterpart=their, at_ms=self._clock.take())
        if self._base and not self._is_ours(admitted.statement.after):
            raise AdmissionRefused("after-other-log", "the statement was made for the log before; make it anew")
        return admitted

    def _is_ours(self, after: LogState) -> bool:
        """Whether a statement was made for a past of this log."""
        own = self._store.own
        return after.size <= self._store.head(own).size and self._store.root(own, after.size) == after.root

    def _turn(self, statement_id: bytes) -> asyncio.Lock:
        """Whoever works on one statement does so alone."""
        lock = self._locks.get(statement_id)
        if lock is None:
            lock = self._locks[statement_id] = asyncio.Lock()
        return lock

    # --- coming in ----------------------------------------------------------------------------------------------------

    async def submit(self, signed: SignedStatement) -> Outcome:
        """Take a statement: log it, or keep it as a draft or in the queue.

        Raises:
            AdmissionRefused: it would be faulty; nothing is kept.
            NodeError: it cannot be kept now (`disk-full`, `too-busy`, `log-damaged`).
        """
        try:
            return await self._submit(signed)
        except SignRefused as error:
            if error.code == "log-damaged":
                # A page where it belongs: people are told, and what is stored is looked through and mended.
                self._host.alarm(error.code, error.text)
            raise

    async def _submit(self, signed: SignedStatement) -> Outcome:
        self._coming += 1
        try:
            async with self._flash_desk if FLASH_MARK in signed.statement else self._desks:
                admitted, placed = await self._admit_straight(signed)
        finally:
            self._coming -= 1
        if placed is not None:
            return self._placed_outcome(admitted.statement, placed.index, placed.leaf, placed.logged_at_ms)
        # Its task is its own: what has begun is ended, so that whoever goes away and comes again finds what came of it.
        taking = asyncio.create_task(self._take_in_turn(admitted, self._turn(admitted.statement.id)))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        return await asyncio.shield(taking)

    async def _take_in_turn(self, admitted: Admitted, turn: asyncio.Lock) -> Outcome:
        async with turn:
            return await self._take(admitted)

    async def _admit_straight(self, signed: SignedStatement) -> tuple[Admitted, Placed | None]:
        """Admit a statement, and if nothing else is under way give it its place in the same go."""
        found: list[Admitted] = []

        def make() -> Item | None:
            admitted = self._admit(signed)
            found.append(admitted)
            statement_id = admitted.statement.id
            known = self._logged(statement_id) or self._store.waiting_of(statement_id) is not None
            if known or admitted.missing or admitted.kind.name == "roster":
                return None
            return Item(signed.statement, admitted.statement, signed.signatures, signed.body)

        alone = self._coming == 1 and not (self._locks or self._roster_waits())
        placing = self._host.straight(make) if alone else None
        if placing is None:
            return await self._on_thread(self._admit, signed), None
        self._straight = placing
        try:
            # Shielded, because whoever comes with the same statement waits for this.
            placed = await asyncio.shield(placing)
        except StoreBroken as error:
            self._host.broke(error)
            raise
        return found[0], placed

    def _roster_waits(self) -> bool:
        return self._roster_task is not None and not self._roster_task.done()

    async def _known(self, statement_id: bytes) -> bool:
        """Whether a statement is in the log, once whatever goes there straight is."""
        while self._straight is not None and not self._straight.done():
            await asyncio.wait([self._straight])
        return self._logged(statement_id)

    def _logged(self, statement_id: bytes) -> bool:
        return self._store.find(statement_id) is not None

    async def _take(self, admitted: Admitted) -> Outcome:
        statement, signed = admitted.statement, admitted.signed
        if await self._known(statement.id):
            return self.outcome(statement.id)
        waiting = self._store.waiting_of(statement.id)
        if waiting is not None:
            before = SignedStatement.parse(waiting[1])
            signed = replace(signed, signatures=_merge(before.signatures, signed.signatures))
            admitted = await self._on_thread(self._admit, signed)
        if admitted.missing or not self._host.live:
            name = DRAFT if admitted.missing else QUEUE
            if name == DRAFT and waiting is None:
                await self._keep_draft(statement.id, signed)
            else:
                await self._keep(name, statement.id, signed)
            if name == QUEUE and self._host.live:
                # The counterpart answered while this was being written; nobody else will come back for it.
                await self._log(statement.id, signed)
                return self.outcome(statement.id)
            return _waiting_outcome(statement, name, admitted.missing)
        placed = await self._place(admitted)
        if waiting is not None:
            await self._on_thread(self._store.drop_waiting, statement.id)
        return self._placed_outcome(statement, placed.index, placed.leaf, placed.logged_at_ms)

    async def _place(self, admitted: Admitted) -> Placed:
        """Give a statement its place, behind no roster that it was not checked by.

        Raises:
            AdmissionRefused: the roster that came before it does not have its signers so any more.
        """
        while True:
            task = self._roster_task
            if task is not None and not task.done():
                await asyncio.wait([task])
            elif admitted.roster_version != self._host.rosters()[0].version:
                admitted = await self._on_thread(self._admit, admitted.signed)
            else:
                break
        if admitted.kind.name != "roster":
            return await self._host.place(admitted.statement, admitted.signed)
        # Its task is its own: whoever goes away does not take it back, nor let others in before it is in force.
        self._roster_task = asyncio.create_task(self._place_roster(admitted))
        return await asyncio.shield(self._roster_task)

    async def _place_roster(self, admitted: Admitted) -> Placed:
        placed = await self._host.place(admitted.statement, admitted.signed)
        await self._host.adopt(placed.index)
        return placed

    async def _keep(self, name: str, statement_id: bytes, signed: SignedStatement) -> None:
        await self._on_thread(self._store.put_waiting, name, statement_id, signed.encode(), self._clock.take())
        self._waiters.notify()

    async def _keep_draft(self, statement_id: bytes, signed: SignedStatement) -> None:
        """Keep a new draft, if there is room for one more of whoever signed it first.

        Raises:
            AdmissionRefused: `too-many-drafts`.
        """
        async with self._drafting:
            kept = await self._on_thread(self._drafts_of, _maker(signed))
            if kept >= DRAFTS_OF_ONE_MAX:
                text = f"{kept} drafts that {_maker(signed)} signed first wait for others; there is room for no more"
                raise AdmissionRefused("too-many-drafts", text)
            await self._keep(DRAFT, statement_id, signed)

    def _drafts_of(self, signer: str) -> int:
        return sum(_maker(SignedStatement.parse(record)) == signer for _, record, _ in self._store.waiting(DRAFT))

    async def log(self, signed: SignedStatement) -> None:
        """Log a complete statement that is not in the log yet, whether or not the line is live.

        Raises:
            AdmissionRefused: it would be faulty.
        """
        statement_id = Statement.parse(signed.statement).id
        async with self._turn(statement_id):
            if not await self._known(statement_id):
                await self._place(await self._on_thread(self._admit, signed))

    async def log_queue(self) -> None:
        """The line is live: log what stood in the queue, in its order."""
        for statement_id, record, _ in self._store.waiting(QUEUE):
            async with self._turn(statement_id):
                await self._log(statement_id, SignedStatement.parse(record))

    async def _log(self, statement_id: bytes, signed: SignedStatement) -> None:
        if not await self._known(statement_id):
            try:
                await self._place(await self._on_thread(self._admit, signed))
            except AdmissionRefused as error:
                await self._keep(REFUSED, statement_id, signed)
                self._host.alarm(error.code, f"a statement that waited cannot be logged: {error.text}")
                return
        await self._on_thread(self._store.drop_waiting, statement_id)

    # --- how far it has come ------------------------------------------------------------------------------------------

    def _placed_outcome(self, statement: Statement, index: int, leaf: bytes, logged_at_ms: int) -> Outcome:
        held_at_ms = self._store.cosigned_at(index) if index < self._host.held_size else None
        return Outcome(
            state="logged" if held_at_ms is None else "held",
            draft=None,
            serial=f"{self._store.own} {self._base + index}",
            id=statement.id.hex(),
            thread=(leaf if statement.thread is None else statement.thread).hex(),
            missing=(),
            issued_at_ms=statement.issued_at_ms,
            logged_at_ms=logged_at_ms,
            held_at_ms=held_at_ms,
        )

    def outcome(self, statement_id: bytes) -> Outcome:
        """How far a statement of ours has come.

        Raises:
            NodeError: `no-such-statement`.
        """
        index = self._store.find(statement_id)
        if index is not None:
            raw = self._store.read(self._store.own, index, index + 1)[0]
            entry = Entry.parse(raw)
            return self._placed_outcome(entry.parse_statement(), index, leaf_hash(raw), entry.logged_at_ms)
        waiting = self._store.waiting_of(statement_id)
        if waiting is None:
            raise NodeError("no-such-statement", f"there is no statement {statement_id.hex()} here")
        signed = SignedStatement.parse(waiting[1])
        # What is in the queue lacked nothing when it came; it is looked at again when its turn comes.
        missing = () if waiting[0] == QUEUE else self._missing(signed)
        return _waiting_outcome(Statement.parse(signed.statement), waiting[0], missing)

    async def wait(self, statement_id: bytes, state: State, timeout_s: float) -> Outcome:
        """Wait until a statement has come at least so far, or time is up; then say how far it is."""
        return await self.follow(self.outcome(statement_id), state, timeout_s)

    async def follow(self, outcome: Outcome, state: State, timeout_s: float) -> Outcome:
        """As `wait`, for a statement whose outcome so far is at hand and was looked up since anything else ran."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not outcome.reached(state):
            left_s = deadline - loop.time()
            if outcome.index is not None:
                held_at_ms = await self._waiters.held(outcome.index - self._base, left_s)
                return outcome if held_at_ms is None else replace(outcome, state="held", held_at_ms=held_at_ms)
            if left_s <= 0:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, WAIT_LOOK_S)):
                    await self._waiters.changed()
            outcome = self.outcome(bytes.fromhex(outcome.id))
        return outcome

    # --- drafts -------------------------------------------------------------------------------------------------------

    def drafts(self) -> list[Draft]:
        """What waits for signatures, oldest first. Each is checked anew, so call it on a thread."""
        return [self._draft(*row) for row in self._store.waiting(DRAFT)]

    def _draft(self, statement_id: bytes, record: bytes, at_ms: int) -> Draft:
        signed = SignedStatement.parse(record)
        return Draft(
            id=statement_id.hex(),
            statement=signed.statement,
            body=signed.body,
            signatures=signed.signatures,
            missing=self._missing(signed),
            created_at_ms=at_ms,
        )

    def _missing(self, signed: SignedStatement) -> tuple[str, ...]:
        """The slots without a signature, or the code of what has come to stand in the way."""
        try:
            return self._admit(signed).missing
        except AdmissionRefused as error:
            return (error.code,)

    def draft(self, draft_id: str) -> Draft:
        """One draft.

        Raises:
            NodeError: `no-such-draft`.
        """
        for statement_id, record, at_ms in self._store.waiting(DRAFT):
            if statement_id.hex() == draft_id:
                return self._draft(statement_id, record, at_ms)
        raise NodeError("no-such-draft", f"there is no draft {draft_id[:40]} here")

    async def discard(self, draft_id: str, person: int) -> None:
        """Forget a draft that somebody has signed and does not want to be sent any more.

        Raises:
            NodeError: `no-such-draft`, or `not-your-draft` where they have not signed it.
        """
        draft = await self._on_thread(self.draft, draft_id)
        async with self._turn(bytes.fromhex(draft.id)):
            # It may have been completed meanwhile, and is then on its way.
            draft = await self._on_thread(self.draft, draft_id)
            if person not in {one.person for one in draft.signatures}:
                raise NodeError("not-your-draft", f"only who signed the draft {draft_id[:40]} may discard it")
            await self._on_thread(self._store.drop_waiting, bytes.fromhex(draft.id))
        self._host.journal.write(
            "draft-discarded",
            {"counterpart": self._store.their, "statement": digest(draft.statement), "person": person},
        )
        self._waiters.notify()

    async def sign_draft(self, draft_id: str, signature: Signature) -> Outcome:
        """Add a signature to a draft; the last one that was missing logs it."""
        draft = await self._on_thread(self.draft, draft_id)
        return await self.submit(
            SignedStatement(
                statement=draft.statement, signatures=_merge(draft.signatures, (signature,)), body=draft.body
            )
        )


def _maker(signed: SignedStatement) -> str:
    """Who signed a statement first; later signatures are put behind."""
    return signed.signatures[0].signer if signed.signatures else ""


def _waiting_outcome(statement: Statement, name: str, missing: tuple[str, ...]) -> Outcome:
    """The outcome of what has no place yet."""
    draft = name != QUEUE
    return Outcome(
        state="draft" if draft else "queued",
        draft=statement.id.hex() if draft else None,
        serial=None,
        id=statement.id.hex(),
        thread=None if statement.thread is None else statement.thread.hex(),
        missing=missing,
        issued_at_ms=statement.issued_at_ms,
        logged_at_ms=None,
        held_at_ms=None,
    )


def _merge(first: Sequence[Signature], more: Sequence[Signature]) -> tuple[Signature, ...]:
    """Signatures of both, each signer and role once."""
    known = {(one.signer, one.role): one for one in (*first, *more)}
    return tuple(known.values())
