"""Reviews: what one person released in an emergency, another person looks at afterwards.

That a review is due is on disk before the statement has its place. It is the party's own matter: the review is an act
in its journal, and the counterpart sees only, in the header, that one person released the statement.

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from nodes.admission import Admitted
from nodes.clock import SteadyClock
from nodes.draft_host import Host, about, check_act
from nodes.drafts import Drafts
from nodes.errors import NodeError
from nodes.kept import REVIEW, Kept
from nodes.login import CONTENT_ROLES
from nodes.signed import SignedStatement
from nodes.store import LogStore, StoreBroken, StoreDamaged
from nodes.waiters import Waiters
from protocol.statement import Statement
from protocol.tagged import digest

_T = TypeVar("_T")

LOOK_S: Final = 30.0
"""How often it is looked at what is overdue."""

REVIEWED = "emergency-review"
"""Act of the journal."""


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


class Reviews:
    """See the module.

    Args:
        host: the line.
        drafts: keeps what waits.
        store: where it waits.
        clock: the time.
        waiters: those who wait for a change.
    """

    def __init__(self, *, host: Host, drafts: Drafts, store: LogStore, clock: SteadyClock, waiters: Waiters) -> None:
        self._host = host
        self._drafts = drafts
        self._store = store
        self._clock = clock
        self._waiters = waiters

    async def _on_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        return await self._drafts.on_thread(call, *arguments)

    def all(self) -> list[Review]:
        """Those that are due, oldest first."""
        found = [Kept.parse(record) for _, record, _ in self._store.waiting(REVIEW)]
        named = [(Statement.parse(kept.signed.statement).id, kept) for kept in found]
        return [
            Review(id=statement_id.hex(), index=self._store.find(statement_id), kept=kept)
            for statement_id, kept in named
        ]

    async def begin(self, admitted: Admitted) -> None:
        """One person is about to release a statement: it is to be reviewed, whatever happens to this process now."""
        clause = self._host.agreement.emergency
        if clause is None:
            return
        signed = admitted.signed
        person = next((one.person for one in signed.signatures if one.person is not None), 0)
        until_ms = self._clock.now().wall_ms + clause.review_within_ms
        # Under another id than the statement's, which may stand in the queue as well.
        review = Kept(signed=signed, person=person, until_ms=until_ms)
        await self._drafts.put(REVIEW, _review_id(admitted.statement.id), review)
        facts = {**about(self._store.their, signed), "person": person, "review_by_ms": until_ms}
        self._host.journal.write("emergency-release", facts)

    async def end(self, statement_id: bytes, act: SignedStatement, *, person: int) -> None:
        """A person says whether an emergency release was right.

        Args:
            statement_id: of the statement released.
            act: an `emergency-review` that the person signed.
            person: who is logged in.

        Raises:
            NodeError: `no-such-draft`; there is none to review. `not-your-draft`; who released it may not review it,
                nor who reads no contents.
            JournalRefused: the act is not one for it, or cannot be written.
        """
        name = _review_id(statement_id)
        waiting = await self._on_thread(self._store.waiting_of, name)
        if waiting is None or waiting[0] != REVIEW:
            raise NodeError("no-such-draft", "there is no emergency release of that id to review")
        kept = Kept.parse(waiting[1])
        known = self._host.rosters()[0].person(person)
        if person in {one.person for one in kept.signed.signatures}:
            raise NodeError("not-your-draft", "who released a statement in an emergency does not review that")
        if known is None or not CONTENT_ROLES.intersection(known.roles):
            raise NodeError("not-your-draft", "whoever reviews a statement has a role that reads contents")
        check_act(act, REVIEWED, self._store.their, kept.signed)
        await self._host.journal.submit(act, person=person)
        await self._on_thread(self._store.drop_waiting, name)
        self._waiters.notify()

    async def run(self) -> None:
        """Say what was not reviewed in time, for ever."""
        while True:
            await self._look()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        now_ms = self._clock.now().wall_ms
        try:
            due = [one for one in await self._on_thread(self.all) if (one.kept.until_ms or 0) <= now_ms]
        except StoreDamaged as error:
            self._host.alarm(error.code, error.text)
            return
        except StoreBroken:
            raise
        for one in due:
            where = "" if one.index is None else f" {self._store.own} {one.index}"
            self._host.alarm("review-overdue", f"the emergency release{where} was not reviewed in time")


def _review_id(statement_id: bytes) -> bytes:
    """Under which name a statement's review waits."""
    return digest(b"review" + statement_id)[:16]
