"""What people decide about drafts: take back, refuse, cancel, let go on.

Whoever is asked to sign may refuse instead, and says why in the journal; nobody can sign that draft any more, and its
author sees by whom it was refused and why. What is held back may be cancelled until its release. What a program put in
goes on once somebody has looked at it. Each of these is an act that the person's own client signed.

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from nodes.clock import SteadyClock
from nodes.draft_host import Host, Mill, about, check_act
from nodes.drafts import Drafts
from nodes.errors import NodeError
from nodes.journal import JournalRefused
from nodes.kept import CLOSED, DRAFT, Kept
from nodes.outcome import Draft
from nodes.signed import SignedStatement
from nodes.store import LogStore
from nodes.waiters import Waiters
from protocol.authority import slots_needed
from protocol.statement import Statement
from protocol.tagged import digest

_T = TypeVar("_T")

CLOSED_KEPT: Final = 256
"""Drafts closed by one person that are kept: to be shown, and never to be sent. Whoever closes many lets go of their
own oldest and of nobody else's, and so cannot undo what another person stopped."""

REFUSAL, CANCEL, CHECK = "refusal", "release-cancel", "hold-check"
"""Acts of the journal."""


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


class Decisions:
    """See the module.

    Args:
        host: the line.
        mill: gives places.
        drafts: what waits.
        store: where it waits.
        clock: the time.
        waiters: those who wait for a change.
    """

    def __init__(
        self, *, host: Host, mill: Mill, drafts: Drafts, store: LogStore, clock: SteadyClock, waiters: Waiters
    ) -> None:
        self._host = host
        self._mill = mill
        self._drafts = drafts
        self._store = store
        self._clock = clock
        self._waiters = waiters

    async def _on_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        return await self._drafts.on_thread(call, *arguments)

    def closed(self) -> list[ClosedDraft]:
        """What was refused or cancelled, newest first."""
        found = [(row[0], Kept.parse(row[1])) for row in self._store.waiting(CLOSED)]
        found.sort(key=lambda one: one[1].closed_ms or 0, reverse=True)
        return [
            ClosedDraft(id=statement_id.hex(), kept=kept, act=SignedStatement.parse(kept.act))
            for statement_id, kept in found
            if kept.act is not None
        ]

    async def discard(self, draft_id: str, person: int) -> None:
        """Forget a draft that somebody has signed and does not want to be sent any more.

        Raises:
            NodeError: `no-such-draft`, or `not-your-draft` where they have not signed it.
        """
        async with self._mill.turn(_id_of(draft_id)):
            # It may have been completed meanwhile, and is then on its way.
            draft = await self._on_thread(self._drafts.one, draft_id)
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
            check_act(act, CANCEL if held_back else REFUSAL, self._store.their, kept.signed)
            if not self._may_close(draft, person):
                raise NodeError("not-your-draft", f"only who signed {draft_id[:40]}, or could, may stop it")
            closed = replace(kept, person=person, closed_ms=self._clock.now().wall_ms, act=act.encode(), until_ms=None)
            written = await self._submit(act, person)
            await self._drafts.put(CLOSED, bytes.fromhex(draft.id), closed)
        await self._on_thread(self._forget_oldest, person)
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
            check_act(act, CHECK, self._store.their, kept.signed)
            await self._host.journal.submit(act, person=person)
            await self._drafts.put(DRAFT, bytes.fromhex(draft.id), replace(kept, hold=None))
            if not draft.missing:
                await self._mill.release(bytes.fromhex(draft.id), kept.signed)
        self._host.journal.write("released", {**about(self._store.their, kept.signed), "reason": "checked"})

    def _found(self, draft_id: str) -> tuple[Draft, Kept]:
        draft = self._drafts.one(draft_id)
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

    async def _submit(self, act: SignedStatement, person: int) -> bool:
        """Write an act down that takes effect in any case, once it is one; False where the journal is broken."""
        try:
            await self._host.journal.submit(act, person=person)
        except JournalRefused as error:
            if error.code != "journal-broken":
                raise
            return False
        return True

    def _forget_oldest(self, person: int) -> None:
        for one in [one for one in self.closed() if one.kept.person == person][CLOSED_KEPT:]:
            self._store.drop_waiting(bytes.fromhex(one.id))


def _id_of(draft_id: str) -> bytes:
    """The id of a draft as typed.

    Raises:
        NodeError: `no-such-draft`.
    """
    try:
        return bytes.fromhex(draft_id)
    except ValueError as error:
        raise NodeError("no-such-draft", f"there is no draft {draft_id[:40]!r} here") from error
