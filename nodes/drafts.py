"""Drafts: statements of ours that wait for people, from the first signature to their release.

A draft waits for the signatures that its kind, severity and precedence need, over its exact bytes. What a program put
in waits for a person's look where too much came at once, or where it cannot be. What is complete is *held back* for the
agreement's hold window and goes by itself at its end. What people decide about any of it: `nodes/decisions.py`; what
one person released in an emergency: `nodes/reviews.py`.

All of it is on disk before anybody is told, and a start goes on where the process ended. A statement is worked on by
one at a time; see `nodes/intake.py`.

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Final, TypeVar

from keys.roles import ROLES
from nodes.admission import AdmissionRefused, Admitted
from nodes.clock import SteadyClock
from nodes.draft_host import Host, Mill, about
from nodes.draft_waits import waits_of
from nodes.errors import NodeError
from nodes.kept import DRAFT, HELD_BACK, Kept
from nodes.outcome import Draft
from nodes.signed import SignedStatement
from nodes.store import LogStore, StoreBroken, StoreDamaged
from nodes.threads import on_thread
from nodes.waiters import Waiters
from protocol.authority import is_emergency
from protocol.kinds import Kind
from protocol.limits import DRAFTS_OF_ONE_MAX
from protocol.statement import Statement

_T = TypeVar("_T")

LOOK_S: Final = 30.0
"""How often it is looked at what is due, however long nothing is; the wall clock may jump."""

HOUR_MS: Final = 3_600_000

AHEAD_MS: Final = 60_000
"""A clock may be so far off before a time in the future is called impossible."""


class Drafts:
    """See the module.

    Args:
        host: the line.
        mill: gives places.
        store: what waits.
        clock: the time.
        executor: threads for crypto and disk.
        waiters: those who wait for a change.
    """

    def __init__(
        self, *, host: Host, mill: Mill, store: LogStore, clock: SteadyClock, executor: Executor, waiters: Waiters
    ) -> None:
        self._host = host
        self._mill = mill
        self._store = store
        self._clock = clock
        self._executor = executor
        self._waiters = waiters
        self._drafting = asyncio.Lock()
        self._wake = asyncio.Event()
        # When programs put something in lately, UTC milliseconds; None until it has been looked up.
        self._automated: list[int] | None = None

    async def on_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        """Call something on a thread; a write that failed ends the process."""
        try:
            return await on_thread(self._executor, call, *arguments)
        except StoreDamaged:
            # Something that was stored cannot be read. Nothing was written, and it is mended while the process goes on.
            raise
        except StoreBroken as error:
            # What is on the disk now is not known; nothing more is said or kept.
            self._host.broke(error)
            raise

    # --- looking ------------------------------------------------------------------------------------------------------

    def all(self) -> list[Draft]:
        """What waits for people, oldest first. Each is checked anew, so call it on a thread."""
        rows = [*self._store.waiting(DRAFT), *self._store.waiting(HELD_BACK)]
        # What has its place waits no more, though it may be a moment until it is forgotten here.
        rows = [row for row in rows if self._store.find(row[0]) is None]
        return [self._draft(*row) for row in sorted(rows, key=lambda row: row[2])]

    def _draft(self, statement_id: bytes, record: bytes, at_ms: int) -> Draft:
        kept = Kept.parse(record)
        signed, missing = kept.signed, self.missing(kept.signed)
        statement = Statement.parse(signed.statement)
        kind = self._host.catalogue.kind(statement.kind)
        # What stands in the way is a code and no slot, and nobody is called for it.
        able = kind is not None and all(role in ROLES for slot in missing for role in slot.split("/"))
        waits = waits_of(statement, kind, self._host.agreement, missing, created_at_ms=at_ms) if kind and able else ()
        return Draft(
            id=statement_id.hex(),
            statement=signed.statement,
            body=signed.body,
            signatures=signed.signatures,
            missing=missing,
            created_at_ms=at_ms,
            automated=kept.automated,
            hold=kept.hold,
            until_ms=kept.until_ms,
            waits=waits if kept.checked else (),
        )

    def missing(self, signed: SignedStatement) -> tuple[str, ...]:
        """The slots without a signature, or the code of what has come to stand in the way."""
        try:
            return self._mill.admit(signed, unsigned=True).missing
        except AdmissionRefused as error:
            return (error.code,)

    def one(self, draft_id: str) -> Draft:
        """One draft. Call it on a thread.

        Raises:
            NodeError: `no-such-draft`.
        """
        for name in (DRAFT, HELD_BACK):
            for statement_id, record, at_ms in self._store.waiting(name):
                if statement_id.hex() == draft_id:
                    return self._draft(statement_id, record, at_ms)
        raise NodeError("no-such-draft", f"there is no draft {draft_id[:40]} here")

    # --- coming in ----------------------------------------------------------------------------------------------------

    async def keep(self, admitted: Admitted, kept: Kept) -> None:
        """Keep a new draft, if there is room for one more of whoever signed it first.

        Raises:
            AdmissionRefused: `too-many-drafts`.
        """
        statement, signed = admitted.statement, kept.signed
        async with self._drafting:
            waiting = await self.on_thread(self._drafts_of, _maker(signed))
            if waiting >= DRAFTS_OF_ONE_MAX:
                text = (
                    f"{waiting} drafts that {_maker(signed) or 'nobody'} signed first wait; there is room for no more"
                )
                raise AdmissionRefused("too-many-drafts", text)
            if kept.automated:
                # It carries no signature yet, so nothing that a person has to look at can be complete.
                if self._automated is None:
                    self._automated = await self.on_thread(self._put_in_lately)
                kept = replace(kept, hold=self._hold_of(statement, self._automated))
            await self.put(DRAFT, statement.id, kept)
        if kept.hold is not None:
            self._write("hold", signed, reason=kept.hold)

    def _drafts_of(self, signer: str) -> int:
        return sum(_maker(Kept.parse(record).signed) == signer for _, record, _ in self._store.waiting(DRAFT))

    def _put_in_lately(self) -> list[int]:
        """After a start: what of it still waits counts on."""
        rows = self._store.waiting(DRAFT)
        return [at_ms for _, record, at_ms in rows if Kept.parse(record).automated]

    def _hold_of(self, statement: Statement, put_in: list[int]) -> str | None:
        """Why a person has to look at what a program put in, before anybody can sign it."""
        now_ms = self._clock.now().wall_ms
        put_in[:] = [*(at_ms for at_ms in put_in if 0 <= now_ms - at_ms < HOUR_MS), now_ms]
        if _is_impossible(statement, now_ms):
            return "anomaly"
        return "rate" if len(put_in) > self._host.agreement.release.automated_per_hour else None

    def hold_ms(self, statement: Statement, kind: Kind) -> int:
        """How long a complete statement may still be cancelled. Receipts and talk of operators go at once, as do an
        emergency and what only roots sign."""
        if kind.procedure == "receipt" or kind.document or not kind.official or is_emergency(statement.facts):
            return 0
        return self._host.agreement.release.hold_ms(statement.precedence)

    async def hold_back(self, statement: Statement, kept: Kept, hold_ms: int) -> Kept:
        """Keep a complete statement until its time."""
        until_ms = self._clock.now().wall_ms + hold_ms
        kept = replace(kept, hold="window", until_ms=until_ms)
        await self.put(HELD_BACK, statement.id, kept)
        self._write("hold", kept.signed, reason="window", until_ms=until_ms)
        self._wake.set()
        return kept

    async def put(self, name: str, statement_id: bytes, kept: Kept) -> None:
        """Keep a statement under a name of `nodes/kept.py`."""
        await self.on_thread(self._store.put_waiting, name, statement_id, kept.encode(), self._clock.take())
        self._waiters.notify()

    def _write(self, kind: str, signed: SignedStatement, **facts: str | int) -> None:
        self._host.journal.write(kind, {**about(self._store.their, signed), **facts})

    # --- what time does -----------------------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Release what is due, for ever."""
        while True:
            self._wake.clear()
            left_s = await self._look()
            try:
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self) -> float:
        """Release what is due; returns when to look again, in seconds."""
        now_ms = self._clock.now().wall_ms
        next_ms = now_ms + int(LOOK_S * 1000)
        try:
            held_back = await self.on_thread(self._store.waiting, HELD_BACK) if self._host.live else []
            for statement_id, record, _ in held_back:
                kept = Kept.parse(record)
                until_ms = kept.until_ms or 0
                if self._host.put_back and kept.hold == "window":
                    await self._ask_again(statement_id)
                elif until_ms <= now_ms:
                    await self._release(statement_id)
                else:
                    next_ms = min(next_ms, until_ms)
        except StoreDamaged as error:
            self._host.alarm(error.code, error.text)
        except StoreBroken:
            raise
        except NodeError as error:
            # No room on the disk, or too much at once: it is tried again.
            self._host.alarm(error.code, error.text)
        return max(0.01, (next_ms - now_ms) / 1000)

    async def _ask_again(self, statement_id: bytes) -> None:
        """On a disk that was put back, it may be what somebody cancelled since: a person says whether it goes."""
        async with self._mill.turn(statement_id):
            waiting = await self.on_thread(self._store.waiting_of, statement_id)
            if waiting is None or waiting[0] != HELD_BACK:
                return
            kept = replace(Kept.parse(waiting[1]), hold="restored", until_ms=None)
            await self.put(DRAFT, statement_id, kept)
        self._write("hold", kept.signed, reason="restored")

    async def _release(self, statement_id: bytes) -> None:
        async with self._mill.turn(statement_id):
            waiting = await self.on_thread(self._store.waiting_of, statement_id)
            # Somebody may have cancelled it at the last moment.
            if waiting is None or waiting[0] != HELD_BACK:
                return
            signed = Kept.parse(waiting[1]).signed
            await self._mill.release(statement_id, signed)
        self._write("released", signed, reason="window-over")


def _is_impossible(statement: Statement, now_ms: int) -> bool:
    """Whether times in a header cannot be: known or made in the future, or over before it is sent."""
    begun = (statement.aware_at_ms, statement.issued_at_ms)
    ends = (statement.valid_until_ms, statement.respond_by_ms, statement.release_by_ms)
    return any(one is not None and one > now_ms + AHEAD_MS for one in begun) or any(
        one is not None and one <= now_ms for one in ends
    )


def _maker(signed: SignedStatement) -> str:
    """Who signed a statement first; later signatures are put behind."""
    return signed.signatures[0].signer if signed.signatures else ""
