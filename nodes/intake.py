"""Intake: statements of our own party on their way into the log, and how far each has come.

A statement is a *draft* while a signature is missing (`nodes/drafts.py`). Complete, it is held back as long as the
agreement wants, and logged, or stands in the *queue* while the counterpart has not yet said how far it holds our log.
One that was good when it came and is not any more, for instance because its roster expired meanwhile, is kept as
*refused* and shown. A roster counts from the entry behind it, so nothing is placed behind one that was checked by the
one before.

The same statement may come again, with more signatures or because an answer was lost: whatever comes of one statement
comes one after the other, so it is logged once.

Source: spec/local-api.md, "submit".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from keys.errors import KeyAway
from nodes.admission import AdmissionRefused, Admitted, Desk
from nodes.clock import SteadyClock
from nodes.decisions import Decisions
from nodes.draft_host import Host as DraftHost
from nodes.drafts import Drafts
from nodes.errors import NodeError
from nodes.kept import CLOSED, DRAFT, HELD_BACK, QUEUE, REFUSED, Kept
from nodes.outcome import Outcome, State
from nodes.reviews import Reviews
from nodes.sequencer import Item, KeysAway, Placed, SignRefused
from nodes.signed import SignedStatement
from nodes.store import LogStore, StoreBroken
from nodes.threads import on_thread
from nodes.waiters import Waiters
from protocol.authority import is_emergency
from protocol.canonical import encode
from protocol.entry import Entry
from protocol.merkle import leaf_hash
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND
from protocol.signature import Signature
from protocol.statement import LogState, Statement

_T = TypeVar("_T")

WAIT_LOOK_S = 0.25
ADMITTED_AT_ONCE = 2
"""Statements that are opened and verified at once. More would stand in each other's way, and in the event loop's."""
IN_FORCE_NEXT = frozenset({ROSTER_KIND, ROOT_SET_KIND})
"""Kinds by which the next entry is judged already."""
FLASH_MARK = encode("precedence") + encode("flash")
"""What stands in the bytes of every flash, which so has a desk of its own before anything of it was verified."""


class Host(DraftHost, Protocol):
    """What the intake needs of its line."""

    @property
    def held_size(self) -> int:
        """How far the counterpart holds our log."""

    def counters(self) -> Mapping[bytes, int]:
        """Of our passkeys, by credential, as far as our log is judged."""

    def sealed_before(self) -> frozenset[bytes]:
        """Ids of the counterpart's sealing keys before the one in force that nobody else has."""

    def place(self, statement: Statement, signed: SignedStatement) -> Awaitable[Placed]:
        """Give a statement its place in our log."""

    def straight(self, make: Callable[[], Item | None]) -> asyncio.Future[Placed | None] | None:
        """Make an item on a thread and give it its place there; None where it would have to wait."""

    def check_template(self, admitted: Admitted, at_ms: int) -> None:
        """Refuse what its header says of a template, and its body belies. Called on a thread."""

    def adopt(self, index: int) -> Awaitable[None]:
        """Let the roster or root set at a place of our log be in force."""

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

    Attributes:
        drafts: what waits for people.
        decisions: what people decide about that.
        reviews: what one person released in an emergency.
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
        self.drafts = Drafts(host=host, mill=self, store=store, clock=clock, executor=executor, waiters=waiters)
        self.decisions = Decisions(host=host, mill=self, drafts=self.drafts, store=store, clock=clock, waiters=waiters)
        self.reviews = Reviews(host=host, drafts=self.drafts, store=store, clock=clock, waiters=waiters)
        self._coming = 0
        self._straight: asyncio.Future[Placed | None] | None = None

    async def _on_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        try:
            return await on_thread(self._executor, call, *arguments)
        except StoreBroken as error:
            # Whoever asked is told, and nobody is told anything more.
            self._host.broke(error)
            raise

    def admit(self, signed: SignedStatement, *, unsigned: bool = False) -> Admitted:
        """Check a statement as it is now, by the rosters in force. Call it on a thread.

        Raises:
            AdmissionRefused: it would be faulty.
        """
        own, their = self._host.rosters()
        at_ms = self._clock.take()
        counters = self._host.counters()
        admitted = self._desk.admit(
            signed,
            roster=own,
            counterpart=their,
            at_ms=at_ms,
            counters=counters,
            unsigned=unsigned,
            sealed_before=self._host.sealed_before(),
        )
        if admitted.again and not self._logged(admitted.statement.id):
            raise AdmissionRefused("root-set-refused", "it is in force already, by another statement")
        if self._base and not self._is_ours(admitted.statement.after):
            raise AdmissionRefused("after-other-log", "the statement was made for the log before; make it anew")
        try:
            self._host.check_template(admitted, at_ms)
        except KeyAway:
            return replace(admitted, unopened=True)
        return admitted

    def _is_ours(self, after: LogState) -> bool:
        """Whether a statement was made for a past of this log."""
        own = self._store.own
        return after.size <= self._store.head(own).size and self._store.root(own, after.size) == after.root

    def turn(self, statement_id: bytes) -> asyncio.Lock:
        """Whoever works on one statement does so alone."""
        lock = self._locks.get(statement_id)
        if lock is None:
            lock = self._locks[statement_id] = asyncio.Lock()
        return lock

    # --- coming in ----------------------------------------------------------------------------------------------------

    async def submit(self, signed: SignedStatement, *, automated: bool = False, person: int = 0) -> Outcome:
        """Take a statement: log it, or keep it as a draft, held back, or in the queue.

        Args:
            signed: the statement with the signatures that there are.
            automated: whether a program made it. Then it may be without any, and a person may have to look first.
            person: who brought it; 0 where nobody logged in.

        Raises:
            AdmissionRefused: it would be faulty; nothing is kept.
            NodeError: it cannot be kept now (`disk-full`, `too-busy`, `log-damaged`).
        """
        if automated and signed.signatures:
            raise AdmissionRefused("automated-signed", "what a program puts in carries no signatures; persons add them")
        try:
            return await self._submit(signed, automated=automated, person=person)
        except SignRefused as error:
            if error.code == "log-damaged":
                # A page where it belongs: people are told, and what is stored is looked through and mended.
                self._host.alarm(error.code, error.text)
            raise

    async def _submit(self, signed: SignedStatement, *, automated: bool, person: int) -> Outcome:
        self._coming += 1
        try:
            async with self._flash_desk if FLASH_MARK in signed.statement else self._desks:
                admitted, placed = await self._admit_straight(signed, automated=automated)
        finally:
            self._coming -= 1
        if placed is not None:
            return self._placed_outcome(admitted.statement, placed.index, placed.leaf, placed.logged_at_ms)
        # Its task is its own: what has begun is ended, so that whoever goes away and comes again finds what came of it.
        kept = Kept(signed=signed, automated=automated, person=person if automated else 0)
        taking = asyncio.create_task(self._take_in_turn(admitted, kept, self.turn(admitted.statement.id)))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        return await asyncio.shield(taking)

    async def _take_in_turn(self, admitted: Admitted, kept: Kept, turn: asyncio.Lock) -> Outcome:
        async with turn:
            return await self._take(admitted, kept)

    async def _admit_straight(self, signed: SignedStatement, *, automated: bool) -> tuple[Admitted, Placed | None]:
        """Admit a statement, and if nothing else is under way give it its place in the same go."""
        found: list[Admitted] = []

        def make() -> Item | None:
            admitted = self.admit(signed)
            found.append(admitted)
            statement_id = admitted.statement.id
            known = self._logged(statement_id) or self._store.waiting_of(statement_id) is not None
            whole = not (admitted.missing or admitted.unopened)
            if known or not whole or admitted.kind.name in IN_FORCE_NEXT:
                return None
            if self._waits(admitted.statement, admitted):
                return None
            return Item(signed.statement, admitted.statement, signed.signatures, signed.body)

        alone = self._coming == 1 and not (self._locks or self._roster_waits() or automated)
        placing = self._host.straight(make) if alone else None
        if placing is None:
            return await self._on_thread(partial(self.admit, signed, unsigned=automated)), None
        self._straight = placing
        try:
            # Shielded, because whoever comes with the same statement waits for this.
            placed = await asyncio.shield(placing)
        except KeysAway:
            # Nothing was written. It is admitted, and stands in the queue until the keys are back.
            return found[0], None
        except StoreBroken as error:
            self._host.broke(error)
            raise
        return found[0], placed

    def _waits(self, statement: Statement, admitted: Admitted) -> bool:
        """Whether a complete statement is more than logged: held back, or to be reviewed."""
        return is_emergency(statement.facts) or self.drafts.hold_ms(statement, admitted.kind) > 0

    def _roster_waits(self) -> bool:
        return self._roster_task is not None and not self._roster_task.done()

    async def _known(self, statement_id: bytes) -> bool:
        """Whether a statement is in the log, once whatever goes there straight is."""
        while self._straight is not None and not self._straight.done():
            await asyncio.wait([self._straight])
        return self._logged(statement_id)

    def _logged(self, statement_id: bytes) -> bool:
        return self._store.find(statement_id) is not None

    async def _take(self, admitted: Admitted, kept: Kept) -> Outcome:
        statement = admitted.statement
        if await self._known(statement.id):
            return self.outcome(statement.id)
        waiting = self._store.waiting_of(statement.id)
        if waiting is not None:
            before = Kept.parse(waiting[1])
            if waiting[0] == CLOSED:
                raise AdmissionRefused("draft-closed", "somebody refused or cancelled it; nobody can sign it any more")
            if waiting[0] == HELD_BACK:
                return self.outcome(statement.id)
            if not before.checked:
                raise AdmissionRefused("draft-held", f"a person has to look at it first ({before.hold})")
            signed = replace(kept.signed, signatures=_merge(before.signed.signatures, kept.signed.signatures))
            kept = replace(before, signed=signed)
            admitted = await self._on_thread(partial(self.admit, signed, unsigned=kept.automated))
        if admitted.missing:
            if waiting is None:
                await self.drafts.keep(admitted, kept)
            else:
                await self.drafts.put(DRAFT, statement.id, kept)
            return self.outcome(statement.id)
        hold_ms = self.drafts.hold_ms(statement, admitted.kind)
        if hold_ms and (waiting is None or waiting[0] == DRAFT):
            await self.drafts.hold_back(statement, kept, hold_ms)
            return self.outcome(statement.id)
        if is_emergency(statement.facts) and (waiting is None or waiting[0] == DRAFT):
            await self.reviews.begin(admitted)
        if not self._host.live or admitted.unopened:
            await self._queue(statement.id, kept.signed)
            return self.outcome(statement.id)
        try:
            placed = await self._place(admitted)
        except KeysAway:
            await self._queue(statement.id, kept.signed)
            return self.outcome(statement.id)
        if waiting is not None:
            await self._on_thread(self._store.drop_waiting, statement.id)
        return self._placed_outcome(statement, placed.index, placed.leaf, placed.logged_at_ms)

    async def release(self, statement_id: bytes, signed: SignedStatement) -> None:
        """Log what was held back, or let it stand in the queue. Whoever calls has its turn."""
        if self._host.live:
            with contextlib.suppress(KeysAway):
                await self._log(statement_id, signed)
                return
        await self._queue(statement_id, signed)

    async def _queue(self, statement_id: bytes, signed: SignedStatement) -> None:
        """Let a complete statement stand in the queue. Whoever calls has its turn."""
        await self._keep(QUEUE, statement_id, signed)
        if self._host.live:
            # The counterpart answered while this was being written; nobody else will come back for it, unless it
            # stays there for want of keys.
            with contextlib.suppress(KeysAway):
                await self._log(statement_id, signed)

    async def _place(self, admitted: Admitted) -> Placed:
        """Give a statement its place, behind no roster and no root set that it was not checked by.

        Raises:
            AdmissionRefused: what came before it does not have its signers so any more.
        """
        while True:
            task = self._roster_task
            if task is not None and not task.done():
                await asyncio.wait([task])
            elif (admitted.roster_version, admitted.roots_version) != (
                self._host.rosters()[0].version,
                self._desk.roots_version,
            ):
                admitted = await self._on_thread(self.admit, admitted.signed)
            else:
                break
        if admitted.kind.name not in IN_FORCE_NEXT:
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

    async def log(self, signed: SignedStatement) -> None:
        """Log a complete statement that is not in the log yet, whether or not the line is live.

        Raises:
            AdmissionRefused: it would be faulty.
        """
        statement_id = Statement.parse(signed.statement).id
        async with self.turn(statement_id):
            if not await self._known(statement_id):
                await self._place(await self._on_thread(self.admit, signed))

    async def log_queue(self) -> None:
        """The line is live: log what stood in the queue, in its order, and release what was held back meanwhile."""
        self.drafts.hurry()
        for statement_id, record, _ in self._store.waiting(QUEUE):
            async with self.turn(statement_id):
                await self._log(statement_id, Kept.parse(record).signed)

    async def _log(self, statement_id: bytes, signed: SignedStatement) -> None:
        if not await self._known(statement_id):
            try:
                admitted = await self._on_thread(self.admit, signed)
                if admitted.unopened:
                    raise KeysAway(KeyAway.code, "the body cannot be opened now")
                await self._place(admitted)
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
        kept = Kept.parse(waiting[1])
        # What is complete lacked nothing when it came; it is looked at again when its turn comes.
        missing = () if waiting[0] in (QUEUE, HELD_BACK) else self.drafts.missing(kept.signed)
        return _waiting_outcome(Statement.parse(kept.signed.statement), waiting[0], kept, missing)

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

    async def sign_draft(self, draft_id: str, signature: Signature) -> Outcome:
        """Add a signature to a draft; the last one that was missing logs it."""
        draft = await self._on_thread(self.drafts.one, draft_id)
        return await self.submit(
            SignedStatement(
                statement=draft.statement, signatures=_merge(draft.signatures, (signature,)), body=draft.body
            )
        )


def _waiting_outcome(statement: Statement, name: str, kept: Kept, missing: tuple[str, ...]) -> Outcome:
    """The outcome of what has no place yet."""
    draft = name != QUEUE
    state: State = "held-back" if name == HELD_BACK else "draft" if draft else "queued"
    return Outcome(
        state=state,
        draft=statement.id.hex() if draft else None,
        serial=None,
        id=statement.id.hex(),
        thread=None if statement.thread is None else statement.thread.hex(),
        missing=missing,
        issued_at_ms=statement.issued_at_ms,
        logged_at_ms=None,
        held_at_ms=None,
        release_at_ms=kept.until_ms if name == HELD_BACK else None,
        hold=None if kept.checked else kept.hold,
    )


def _merge(first: Sequence[Signature], more: Sequence[Signature]) -> tuple[Signature, ...]:
    """Signatures of both, each signer and role once."""
    known = {(one.signer, one.role): one for one in (*first, *more)}
    return tuple(known.values())
