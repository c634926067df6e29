"""The driver of one line: gives its channel frames and time, and carries out what the channel decides.

The channel is called on threads, one call at a time, because it verifies and signs. Effects that write are carried out
in the same call, so that nothing that depends on a write can leave before it. What leaves goes through the session's
queue, and more of our log is read from disk only when that queue is empty: a slow peer costs nothing but its own time.

Source: spec/channel.md, "Effects".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import takewhile
from typing import Protocol

import structlog

from keys.errors import KeyElsewhere
from nodes.budget import Budget, frame_cost
from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.store import Ahead, LogStore, Row, StoreBroken, StoreDamaged, StoreFull
from nodes.threads import on_thread
from protocol.channel import Channel
from protocol.effects import (
    Alarm,
    Close,
    Effect,
    KeepMark,
    KeepNote,
    Send,
    StoreAhead,
    StoreBranch,
    StoreCosigned,
    StoreMirror,
    StoreNote,
    StoreOwn,
)
from protocol.frames import FrameType, encode
from protocol.handshake import Tie

TICK_MIN_S = 0.005
LAG_INLINE = 2
"""Entries that were just written and are read for sending without going to a thread, which would take longer."""


WRITTEN = frozenset({StoreMirror, StoreOwn, KeepMark, StoreCosigned, StoreAhead, StoreBranch, StoreNote, KeepNote})
"""Effects of which something is written; the others go on as they are."""

REPLACED, DUPLICATE = "replaced", "duplicate"
"""Why a session ends for a newer one: dialled by the same side, or by the other at the same time."""


class Session(Protocol):
    """A connection to the peer; `nodes.peer` has the one over websockets."""

    tie: Tie

    @property
    def busy(self) -> bool:
        """Whether messages still wait to leave."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Let messages leave, in their order: now, or once those before them have."""

    def close(self, code: str, text: str) -> None:
        """End the connection once what is queued has left."""


class Driver:
    """See the module.

    Args:
        core: the channel.
        store: of the line.
        mark: the high-water mark of our log.
        clock: the time, and the time used in entries and cosignatures.
        executor: threads for crypto and disk.
        log: logger of the line.
        deliver: called on the loop with every effect that is not about frames, after its write.
        broken: called on the loop when the process must end.
        beat_ms: the line's cadence.
        budget: what the peer may send for long.
    """

    def __init__(
        self,
        *,
        core: Channel,
        store: LogStore,
        mark: HighWater,
        clock: SteadyClock,
        executor: Executor,
        log: structlog.typing.FilteringBoundLogger,
        deliver: Callable[[Effect], None],
        broken: Callable[[NodeError], None],
        beat_ms: int,
        budget: Budget,
    ) -> None:
        self.core = core
        self._store = store
        self._mark = mark
        self._clock = clock
        self._executor = executor
        self._log = log
        self._deliver_other = deliver
        self._broken = broken
        self._beat_ms = beat_ms
        self._budget = budget
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._last_frame_ms = 0
        self._hints: deque[Callable[[], None]] = deque()
        self._pump_wanted = asyncio.Event()
        self._tick_wanted = asyncio.Event()
        self._tick_at_ms = 0
        self._unreadable = False
        # Until it may be sent more: it asked again and again for what was sent to it.
        self._resting = False
        self._again_bytes = 0

    def governed(self, *, beat_ms: int, budget: Budget) -> None:
        """Go by the cadence and the rates that came into force."""
        self._beat_ms, self._budget = beat_ms, budget

    # --- calling the channel ------------------------------------------------------------------------------------------

    async def _call(self, call: Callable[[], list[Effect]]) -> None:
        """Call the channel on a thread, where its writes are carried out as well, and do the rest here."""
        async with self._lock:
            try:
                effects = await on_thread(self._executor, call)
            except StoreDamaged as error:
                effects = self._damaged(error)
            except KeyElsewhere as error:
                effects = self._without_keys(error)
            except NodeError as error:
                self._broken(error)
                return
            self._deliver(effects)

    def _damaged(self, error: StoreDamaged) -> list[Effect]:
        """Read, not written: nothing changed, and what is damaged is had back while the line goes on."""
        self.core.not_stored()
        return [Alarm("log-damaged", error.text), Close("log-damaged", error.text)]

    def _without_keys(self, error: KeyElsewhere) -> list[Effect]:
        """Something could not be signed: as where it could not be stored, the session ends and the next asks again."""
        self.core.not_stored()
        return [Close(error.code, str(error))]

    async def ask(self, call: Callable[[], list[Effect]]) -> None:
        """Let the channel do something by itself, and carry out what follows."""
        await self._call(partial(self._carry_out, call))

    async def tell(self, tell: Callable[[], None]) -> None:
        """Tell the channel something from which nothing follows at once but that more may be sent."""
        async with self._lock:
            self._heed_hints()
            tell()
            await self._send_more()

    def hint(self, tell: Callable[[], None]) -> None:
        """As `tell`, for whoever need not wait until the channel has heard it: at once, or when nobody is in it."""
        self._hints.append(tell)
        if self._lock.locked():
            self._pump_wanted.set()
            return
        self._heed_hints()
        if self.core.lag > LAG_INLINE:
            self._pump_wanted.set()
        elif self._takes_more():
            self._send_inline()

    def _heed_hints(self) -> None:
        while self._hints:
            self._hints.popleft()()

    def _carry_out(self, call: Callable[[], list[Effect]]) -> list[Effect]:
        """On a thread: the writes among the effects, in order; returns all that were carried out."""
        queue = deque(call())
        done: list[Effect] = []
        while queue:
            effect = queue.popleft()
            if type(effect) not in WRITTEN:
                done.append(effect)
                continue
            try:
                if isinstance(effect, StoreMirror):
                    queue.extendleft(reversed(self._store_mirror(effect)))
                elif isinstance(effect, StoreOwn):
                    queue.extendleft(reversed(self._store_own(effect)))
                elif isinstance(effect, KeepMark):
                    self._mark.learn(effect.note, effect.checkpoint)
                elif isinstance(effect, StoreCosigned):
                    self._store.put_cosigned(effect.note, effect.size, self._clock.take())
                elif isinstance(effect, StoreAhead):
                    self._store.put_ahead(Ahead(effect.index, effect.entry, effect.body, effect.note))
                elif isinstance(effect, StoreBranch):
                    self._store.append_branch(effect.number, effect.start, effect.entries, effect.bodies, effect.note)
                elif isinstance(effect, StoreNote):
                    self._store.later(effect.name, effect.note)
                    self._store.flush()
                elif isinstance(effect, KeepNote):
                    self._store.later(effect.name, effect.note)
                    if effect.at_once:
                        done += self._keep_at_once()
            except (StoreDamaged, StoreFull) as error:
                if isinstance(error, StoreDamaged) and isinstance(effect, StoreMirror | StoreOwn):
                    # What was just written does not read back: the disk cannot be trusted with anything now.
                    raise StoreBroken(error.code, error.text) from error
                # The disk is full, or the page where it belongs is damaged, which a pass over what is stored mends.
                code = "log-damaged" if isinstance(error, StoreDamaged) else error.code
                # Nothing was changed. The peer is told that we cannot hold more, and comes back later.
                self.core.not_stored()
                # What people must know hangs on no write, and the channel will not say it twice.
                done += [later for later in queue if isinstance(later, Alarm)]
                done += [
                    Alarm(code, error.text),
                    Send(encode(FrameType.PROBLEM, code="cannot-store", text="")),
                    Close(code, error.text),
                ]
                break
            done.append(effect)
        return done

    def _keep_at_once(self) -> list[Effect]:
        try:
            self._store.flush()
        except StoreFull as error:
            return [Alarm(error.code, error.text)]
        return []

    def _store_own(self, effect: StoreOwn) -> list[Effect]:
        store, end = self._store, effect.frontier.size
        store.append_own(effect.start, _rows(effect), effect.frontier, effect.last_ms)
        self._clock.not_before(effect.last_ms)
        entries = store.read(store.own, effect.start, end)
        bodies = [store.body(store.own, index) for index in range(effect.start, end)]
        followed = self.core.returned(entries, bodies, self._clock.now())
        if followed is None:
            raise StoreBroken(
                "store-damaged", "entries of our log that came back read otherwise than they were written"
            )
        return followed

    def _store_mirror(self, effect: StoreMirror) -> list[Effect]:
        rows = _rows(effect)
        store, end = self._store, effect.frontier.size
        try:
            store.append_their(effect.start, rows, effect.frontier, effect.note, effect.last_ms)
        except StoreDamaged as error:
            # The page it belongs on cannot be read: as with a full disk, nothing was written, and it will come again.
            raise StoreFull("log-damaged", error.text) from error
        entries = store.read(store.their, effect.start, end)
        bodies = [store.body(store.their, index) for index in range(effect.start, end)]
        followed = self.core.mirrored(entries, bodies, self._clock.now())
        if followed is None:
            raise StoreBroken("store-damaged", "entries of the counterpart read back differ from those written")
        return followed

    def _deliver(self, effects: Sequence[Effect]) -> None:
        # First what leaves, since the other side waits for it, and together: what was to leave after a Close does not.
        self._send(takewhile(lambda effect: not isinstance(effect, Close), effects))
        for effect in effects:
            if isinstance(effect, Send):
                continue
            if isinstance(effect, Close):
                self._log.warning("session ends", code=effect.code, detail=effect.text)
                if self._session is not None:
                    self._session.close(effect.code, effect.text)
                self._deliver_other(effect)
            else:
                self._deliver_other(effect)
        if effects and self.core.next_tick() < self._tick_at_ms:
            self._tick_wanted.set()
        if self.core.lag:
            self._pump_wanted.set()

    def _send(self, effects: Iterable[Effect]) -> None:
        messages = [effect.data for effect in effects if isinstance(effect, Send)]
        if messages and self._session is not None:
            self._session.send(messages)

    # --- sessions -----------------------------------------------------------------------------------------------------

    @property
    def dialled(self) -> bool | None:
        """Whether we dialled the present session; None without one."""
        return None if self._session is None else self._session.tie.dialled

    @property
    def fresh(self) -> bool:
        """Whether the present session showed life within the last cadence."""
        return self._session is not None and self._clock.now().mono_ms - self._last_frame_ms < self._beat_ms

    async def attach(self, session: Session) -> None:
        """A connection with a pinned key is there; it takes the place of the one before."""
        # Behind whatever is under way: what follows from that still goes to the session it belongs to.
        async with self._lock:
            if self._session is not None:
                # Where each side dialled the other at once, that is no second node.
                twice = self._session.tie.dialled == session.tie.dialled
                self._session.close(REPLACED if twice else DUPLICATE, "a newer connection took its place")
            self._session = session
            self._last_frame_ms = self._clock.now().mono_ms
            try:
                effects = self.core.opened(session.tie, self._clock.now())
            except StoreDamaged as error:
                effects = self._damaged(error)
            self._deliver(effects)

    async def receive(self, session: Session, messages: Sequence[bytes]) -> None:
        """Messages of a session in their order; of one that was replaced they are dropped.

        Those from which nothing is to be sent are taken together, because going to a thread and back costs more than
        most of them. A flash that came ahead ends such a round, so that people see it before more is written.
        """
        if session is not self._session:
            return
        self._last_frame_ms = self._clock.now().mono_ms
        before, held = self.core.mirror_size, self.core.cosigned_size
        left = deque(messages)

        def take() -> list[Effect]:
            effects: list[Effect] = []
            while left and session is self._session and not any(isinstance(one, Send | StoreAhead) for one in effects):
                effects += self._carry_out(partial(self.core.receive, left.popleft(), self._clock.now()))
            return effects

        while left and session is self._session:
            await self._call(take)
        entries = self.core.mirror_size - before
        if self.core.cosigned_size > held:
            self._budget.holds_more(self.core.cosigned_size - held)
        progress = entries + max(0, self.core.cosigned_size - held)
        pause_s = self._budget.take(entries, cost=sum(map(frame_cost, messages)), progress=progress)
        if pause_s:
            await asyncio.sleep(pause_s)

    async def detach(self, session: Session) -> None:
        """A connection is gone."""
        async with self._lock:
            if session is self._session:
                self._session = None
                self.core.closed()
                if self.core.next_tick() < self._tick_at_ms:
                    self._tick_wanted.set()

    def mended(self) -> None:
        """What could not be read can be read again."""
        self._unreadable = False
        self._pump_wanted.set()

    def drained(self) -> None:
        """The session's queue is empty: it takes more, if there is more. What comes to be later says so itself."""
        if self.core.lag:
            self._pump_wanted.set()

    # --- running ------------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Let the channel know the time whenever it wants to, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._tick_wanted.clear()
            # What came meanwhile may have moved the moment, and mostly it has not come yet.
            if self.core.next_tick() <= self._clock.now().mono_ms:
                await self._call(self._tick)
            self._tick_at_ms = self.core.next_tick()
            delay_s = max(TICK_MIN_S, (self._tick_at_ms - self._clock.now().mono_ms) / 1000)
            timer = loop.call_later(delay_s, self._tick_wanted.set)
            try:
                await self._tick_wanted.wait()
            finally:
                timer.cancel()

    def _tick(self) -> list[Effect]:
        return self._carry_out(lambda: self.core.tick(self._clock.now(), ahead_ms=self._clock.ahead_ms()))

    async def pump(self) -> None:
        """Send what the other side lacks of our log whenever the session takes more, for ever."""
        while True:
            await self._pump_wanted.wait()
            self._pump_wanted.clear()
            async with self._lock:
                await self._send_more()

    async def _send_more(self) -> None:
        """Queue the next of our log, if the session has nothing left to send; whoever calls has the lock."""
        self._heed_hints()
        if not self._takes_more():
            return
        if self.core.lag <= LAG_INLINE:
            self._send_inline()
            return
        try:
            effects = await on_thread(self._executor, self.core.pump)
        except NodeError as error:
            self._not_read(error)
        else:
            self._send_read(effects)

    def _takes_more(self) -> bool:
        """Whether there is more of our log, and a session that has nothing left to send and may be sent it."""
        session, waits = self._session, self._unreadable or self._resting
        return session is not None and not (session.busy or waits) and self.core.lag > 0

    def _send_inline(self) -> None:
        try:
            effects = self.core.pump()
        except NodeError as error:
            self._not_read(error)
        else:
            self._send_read(effects)

    def _send_read(self, effects: Sequence[Effect]) -> None:
        self._send(effects)
        again, self._again_bytes = self.core.again_bytes - self._again_bytes, self.core.again_bytes
        pause_s = self._budget.send_again(again) if again else 0.0
        if pause_s:
            self._resting = True
            asyncio.get_running_loop().call_later(pause_s, self._rested)
        if effects and self.core.lag:
            # What left at once leaves nobody behind who would ask for more.
            self._pump_wanted.set()

    def _rested(self) -> None:
        self._resting = False
        self._pump_wanted.set()

    def _not_read(self, error: NodeError) -> None:
        if isinstance(error, StoreDamaged):
            # The session stays: over it comes back what cannot be read.
            self._unreadable = True
            self._deliver([Alarm("log-damaged", error.text)])
        else:
            self._broken(error)


def _rows(effect: StoreMirror | StoreOwn) -> list[Row]:
    return [
        Row(
            entry,
            leaf,
            body,
            seen.statement_id,
            seen.flash,
            gone=seen.gone,
            lacks=seen.body_digest if body is None else None,
        )
        for entry, leaf, seen, body in zip(effect.entries, effect.leaves, effect.glances, effect.bodies, strict=True)
    ]
