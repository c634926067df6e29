"""Drafts: statements of ours that wait for people, from the first signature to their release.

A draft waits for the signatures that its kind, severity and precedence need, over its exact bytes. Whoever is asked to
sign may refuse it instead, and says why in the journal; nobody can sign it any more, and its author sees by whom and
why. What a program put in waits for a person's look where too much came at once, or where it cannot be. What is
complete is *held back* for the agreement's hold window and goes by itself at its end, unless somebody cancels it. What
one person released in an emergency waits for another's review.

All of it is on disk before anybody is told, and a start goes on where the process ended. A statement is worked on by
one at a time; see `nodes/intake.py`.

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from keys.roster import Roster
from nodes.admission import AdmissionRefused, Admitted
from nodes.clock import SteadyClock
from nodes.draft_waits import waits_of
from nodes.errors import NodeError
from nodes.journal import Journal, JournalRefused
from nodes.kept import CLOSED, DRAFT, HELD_BACK, REVIEW, Kept
from nodes.outcome import Draft
from nodes.signed import SignedStatement
from nodes.store import LogStore, StoreBroken
from nodes.threads import on_thread
from nodes.waiters import Waiters
from protocol.agreement import Agreement
from protocol.authority import is_emergency, slots_needed
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue, Kind
from protocol.limits import DRAFTS_OF_ONE_MAX
from protocol.statement import Statement
from protocol.tagged import digest

_T = TypeVar("_T")

LOOK_S: Final = 30.0
"""How often it is looked at what is due, however long nothing is; the wall clock may jump."""

HOUR_MS: Final = 3_600_000
CLOSED_KEPT: Final = 256
"""Closed drafts that are kept to be shown, newest last."""

AHEAD_MS: Final = 60_000
"""A clock may be so far off before a time in the future is called impossible."""

REFUSAL, CANCEL, CHECK, REVIEWED = "refusal", "release-cancel", "hold-check", "emergency-review"
"""Acts of the journal."""


class Host(Protocol):
    """What drafts need of their line."""

    @property
    def agreement(self) -> Agreement:
        """In force."""

    @property
    def catalogue(self) -> Catalogue:
        """The one it names."""

    @property
    def journal(self) -> Journal:
        """Where acts of people are written down."""

    @property
    def live(self) -> bool:
        """Whether new entries may be signed."""

    @property
    def put_back(self) -> bool:
        """Whether what waits here may have been decided about on a disk that is gone."""

    def rosters(self) -> tuple[Roster, Roster]:
        """Ours and theirs, in force."""

    def broke(self, error: NodeError) -> None:
        """A write failed: the process must end."""

    def alarm(self, code: str, text: str) -> None:
        """Tell people."""


class Mill(Protocol):
    """What drafts need of the intake, which gives statements their places."""

    def turn(self, statement_id: bytes) -> asyncio.Lock:
        """Whoever works on one statement does so alone."""

    def admit(self, signed: SignedStatement, *, unsigned: bool = False) -> Admitted:
        """Check a statement as it is now."""

    def release(self, statement_id: bytes, signed: SignedStatement) -> Awaitable[None]:
        """Log a complete statement, or let it stand in the queue. Whoever calls has its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDraft:
    """A draft that somebody refused or cancelled.

    Attributes:
        id: the statement's id, 32 hex digits.
        kept: the statement, by whom and when it was closed.
        act: the journal act, whose text says why; its body is sealed to the party.
    """

    id: str
    kept: Kept
    act: SignedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """An emergency release that another person has yet to review.

    Attributes:
        id: the statement's id, 32 hex digits.
        index: where it is in our log; None while it has no place.
        kept: the statement, who released it, and until when it is to be reviewed.
    """

    id: str
    index: int | None
    kept: Kept


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
        self._automated: list[int] = []

    async def _on_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        try:
            return await on_thread(self._executor, call, *arguments)
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
        waits = () if kind is None else waits_of(statement, kind, self._host.agreement, missing, created_at_ms=at_ms)
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

    def closed(self) -> list[ClosedDraft]:
        """What was refused or cancelled, newest first."""
        found = [(row[0], Kept.parse(row[1])) for row in self._store.waiting(CLOSED)]
        found.sort(key=lambda one: one[1].closed_ms or 0, reverse=True)
        return [
            ClosedDraft(id=statement_id.hex(), kept=kept, act=SignedStatement.parse(kept.act))
            for statement_id, kept in found
            if kept.act is not None
        ]

    def reviews(self) -> list[Review]:
        """Emergency releases that wait for their review, oldest first."""
        found = [Kept.parse(record) for _, record, _ in self._store.waiting(REVIEW)]
        named = [(Statement.parse(kept.signed.statement).id, kept) for kept in found]
        return [
            Review(id=statement_id.hex(), index=self._store.find(statement_id), kept=kept)
            for statement_id, kept in named
        ]

    # --- coming in ----------------------------------------------------------------------------------------------------

    async def keep(self, admitted: Admitted, kept: Kept) -> None:
        """Keep a new draft, if there is room for one more of whoever signed it first.

        Raises:
            AdmissionRefused: `too-many-drafts`.
        """
        statement, signed = admitted.statement, kept.signed
        async with self._drafting:
            waiting = await self._on_thread(self._drafts_of, _maker(signed))
            if waiting >= DRAFTS_OF_ONE_MAX:
                text = (
                    f"{waiting} drafts that {_maker(signed) or 'nobody'} signed first wait; there is room for no more"
                )
                raise AdmissionRefused("too-many-drafts", text)
            if kept.automated:
                # It carries no signature yet, so nothing that a person has to look at can be complete.
                kept = replace(kept, hold=self._hold_of(statement))
            await self.put(DRAFT, statement.id, kept)
        if kept.hold is not None:
            self._write("hold", signed, reason=kept.hold)

    def _drafts_of(self, signer: str) -> int:
        return sum(_maker(Kept.parse(record).signed) == signer for _, record, _ in self._store.waiting(DRAFT))

    def _hold_of(self, statement: Statement) -> str | None:
        """Why a person has to look at what a program put in, before anybody can sign it."""
        now_ms = self._clock.now().wall_ms
        self._automated = [at_ms for at_ms in self._automated if 0 <= now_ms - at_ms < HOUR_MS]
        self._automated.append(now_ms)
        if _is_impossible(statement, now_ms):
            return "anomaly"
        return "rate" if len(self._automated) > self._host.agreement.release.automated_per_hour else None

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
        await self._on_thread(self._store.put_waiting, name, statement_id, kept.encode(), self._clock.take())
        self._waiters.notify()

    # --- emergencies --------------------------------------------------------------------------------------------------

    async def note_emergency(self, admitted: Admitted) -> None:
        """One person is about to release a statement: it is to be reviewed, whatever happens to this process now."""
        clause = self._host.agreement.emergency
        if clause is None:
            return
        signed = admitted.signed
        person = next((one.person for one in signed.signatures if one.person is not None), 0)
        until_ms = self._clock.now().wall_ms + clause.review_within_ms
        # Under another id than the statement's, which may stand in the queue as well.
        review = Kept(signed=signed, person=person, until_ms=until_ms)
        await self.put(REVIEW, review_id(admitted.statement.id), review)
        self._write("emergency-release", signed, person=person, review_by_ms=until_ms)
        self._wake.set()

    async def review(self, statement_id: bytes, act: SignedStatement, *, person: int) -> None:
        """A person says whether an emergency release was right.

        Raises:
            NodeError: `no-such-draft`; there is none to review. `not-your-draft`; who released it may not review it.
            JournalRefused: the act is not one for it, or cannot be written.
        """
        name = review_id(statement_id)
        waiting = await self._on_thread(self._store.waiting_of, name)
        if waiting is None or waiting[0] != REVIEW:
            raise NodeError("no-such-draft", "there is no emergency release of that id to review")
        kept = Kept.parse(waiting[1])
        if person in {one.person for one in kept.signed.signatures}:
            raise NodeError("not-your-draft", "who released a statement in an emergency does not review that")
        self._check_act(act, REVIEWED, kept.signed)
        await self._host.journal.submit(act, person=person)
        await self._on_thread(self._store.drop_waiting, name)
        self._waiters.notify()

    # --- what people do -----------------------------------------------------------------------------------------------

    async def discard(self, draft_id: str, person: int) -> None:
        """Forget a draft that somebody has signed and does not want to be sent any more.

        Raises:
            NodeError: `no-such-draft`, or `not-your-draft` where they have not signed it.
        """
        async with self._mill.turn(_id_of(draft_id)):
            # It may have been completed meanwhile, and is then on its way.
            draft = await self._on_thread(self.one, draft_id)
            if person not in {one.person for one in draft.signatures}:
                raise NodeError("not-your-draft", f"only who signed the draft {draft_id[:40]} may discard it")
            await self._on_thread(self._store.drop_waiting, bytes.fromhex(draft.id))
        self._host.journal.write(
            "draft-discarded",
            {"counterpart": self._store.their, "statement": digest(draft.statement), "person": person},
        )
        self._waiters.notify()

    async def close(self, draft_id: str, act: SignedStatement, *, person: int) -> bool:
        """Refuse a draft, or cancel what is held back: nobody can sign or release it any more.

        Args:
            draft_id: which.
            act: the journal act that says so, a `refusal` of a draft or a `release-cancel`, signed by the person.
            person: who is logged in.

        Returns:
            Whether the act was written down. The draft is closed even where the journal cannot be written.

        Raises:
            NodeError: `no-such-draft`, or `not-your-draft` where the person neither signed it nor is asked to.
            JournalRefused: the act is not one for this draft.
        """
        async with self._mill.turn(_id_of(draft_id)):
            draft, kept = await self._on_thread(self._found, draft_id)
            held_back = kept.hold == "window"
            self._check_act(act, CANCEL if held_back else REFUSAL, kept.signed)
            if not self._may_close(draft, person):
                raise NodeError("not-your-draft", f"only who signed {draft_id[:40]}, or could, may stop it")
            closed = replace(kept, person=person, closed_ms=self._clock.now().wall_ms, act=act.encode(), until_ms=None)
            written = await self._submit(act, person)
            await self.put(CLOSED, bytes.fromhex(draft.id), closed)
        await self._on_thread(self._forget_oldest)
        return written

    async def check(self, draft_id: str, act: SignedStatement, *, person: int) -> None:
        """A person has looked at what was held for that, and it goes on.

        Raises:
            NodeError: `no-such-draft`; there is none that waits for it.
            JournalRefused: the act is not one for this draft, or cannot be written.
        """
        async with self._mill.turn(_id_of(draft_id)):
            draft, kept = await self._on_thread(self._found, draft_id)
            if kept.checked:
                raise NodeError("no-such-draft", f"the draft {draft_id[:40]} waits for no check")
            self._check_act(act, CHECK, kept.signed)
            await self._host.journal.submit(act, person=person)
            await self.put(DRAFT, bytes.fromhex(draft.id), replace(kept, hold=None))
            if not draft.missing:
                await self._mill.release(bytes.fromhex(draft.id), kept.signed)
        self._write("released", kept.signed, reason="checked")

    def _found(self, draft_id: str) -> tuple[Draft, Kept]:
        draft = self.one(draft_id)
        waiting = self._store.waiting_of(bytes.fromhex(draft.id))
        if waiting is None:
            raise NodeError("no-such-draft", f"there is no draft {draft_id[:40]} here")
        return draft, Kept.parse(waiting[1])

    def _may_close(self, draft: Draft, person: int) -> bool:
        """Whoever signed it, and whoever holds a role that one of its places asks for."""
        if person in {one.person for one in draft.signatures}:
            return True
        statement = Statement.parse(draft.statement)
        kind, known = self._host.catalogue.kind(statement.kind), self._host.rosters()[0].person(person)
        if kind is None or known is None:
            return False
        header = (statement.severity, statement.precedence, statement.facts)
        needs = slots_needed(self._host.agreement, kind, *header)
        return any(role in slot for slot in needs for role in known.roles)

    def _check_act(self, act: SignedStatement, kind: str, signed: SignedStatement) -> None:
        """The act is of that kind, and about that statement on this channel.

        Raises:
            JournalRefused: `journal-act-refused`.
        """
        try:
            statement = Statement.parse(act.statement)
        except ProtocolError as error:
            raise JournalRefused("journal-act-refused", f"the act does not parse: {error}") from error
        facts = statement.facts or {}
        about = facts.get("counterpart"), facts.get("statement")
        if statement.kind != kind or about != (self._store.their, digest(signed.statement)):
            raise JournalRefused("journal-act-refused", f"the act is no {kind} of this statement")

    async def _submit(self, act: SignedStatement, person: int) -> bool:
        """Write an act down that takes effect in any case, once it is one; False where the journal is broken."""
        try:
            await self._host.journal.submit(act, person=person)
        except JournalRefused as error:
            if error.code != "journal-broken":
                raise
            return False
        return True

    def _forget_oldest(self) -> None:
        for one in self.closed()[CLOSED_KEPT:]:
            self._store.drop_waiting(bytes.fromhex(one.id))

    def _write(self, kind: str, signed: SignedStatement, **facts: str | int) -> None:
        self._host.journal.write(
            kind, {"counterpart": self._store.their, "statement": digest(signed.statement), **facts}
        )

    # --- what time does -----------------------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Release what is due, and say what was not reviewed in time; for ever."""
        while True:
            self._wake.clear()
            left_s = await self._look()
            try:
                async with asyncio.timeout(min(left_s, LOOK_S)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self) -> float:
        """Do what is due; returns for how long nothing more is, in seconds."""
        now_ms = self._clock.now().wall_ms
        next_ms = now_ms + int(LOOK_S * 1000)
        held_back = await self._on_thread(self._store.waiting, HELD_BACK) if self._host.live else []
        for statement_id, record, _ in held_back:
            kept = Kept.parse(record)
            until_ms = kept.until_ms or 0
            if self._host.put_back and kept.hold == "window":
                await self._ask_again(statement_id)
            elif until_ms <= now_ms:
                await self._release(statement_id)
            else:
                next_ms = min(next_ms, until_ms)
        for review in await self._on_thread(self.reviews):
            until_ms = review.kept.until_ms or 0
            if until_ms <= now_ms:
                where = "" if review.index is None else f" {self._store.own} {review.index}"
                self._host.alarm("review-overdue", f"the emergency release{where} was not reviewed in time")
            else:
                next_ms = min(next_ms, until_ms)
        return max(0.01, (next_ms - now_ms) / 1000)

    async def _ask_again(self, statement_id: bytes) -> None:
        """On a disk that was put back, it may be what somebody cancelled since: a person says whether it goes."""
        async with self._mill.turn(statement_id):
            waiting = await self._on_thread(self._store.waiting_of, statement_id)
            if waiting is None or waiting[0] != HELD_BACK:
                return
            kept = replace(Kept.parse(waiting[1]), hold="restored", until_ms=None)
            await self.put(DRAFT, statement_id, kept)
        self._write("hold", kept.signed, reason="restored")

    async def _release(self, statement_id: bytes) -> None:
        async with self._mill.turn(statement_id):
            waiting = await self._on_thread(self._store.waiting_of, statement_id)
            # Somebody may have cancelled it at the last moment.
            if waiting is None or waiting[0] != HELD_BACK:
                return
            signed = Kept.parse(waiting[1]).signed
            await self._mill.release(statement_id, signed)
        self._write("released", signed, reason="window-over")


def review_id(statement_id: bytes) -> bytes:
    """Under which name a statement's review waits."""
    return digest(b"review" + statement_id)[:16]


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


def _id_of(draft_id: str) -> bytes:
    """The id of a draft as typed.

    Raises:
        NodeError: `no-such-draft`.
    """
    try:
        return bytes.fromhex(draft_id)
    except ValueError as error:
        raise NodeError("no-such-draft", f"there is no draft {draft_id[:40]!r} here") from error
