"""Our own voice on a line: when it may speak, what it says first, and what the node itself has to say.

Nothing is signed before the counterpart has said how far it holds our log. Then the log is signed as it stands, its
first entries are logged, and what waited follows in its order. What the node would say before that waits as well.

Source: spec/channel.md, "Start"; spec/recovery.md.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from keys.errors import KeyAway, KeyElsewhere
from nodes.admission import AdmissionRefused
from nodes.arrivals import Arrivals
from nodes.errors import ApiRefused, NodeError
from nodes.files import read_file
from nodes.home import ChannelHome
from nodes.intake import Intake
from nodes.machine_voice import MachineVoice
from nodes.outcome import Outcome
from nodes.past import Past
from nodes.restored import Return
from nodes.root_sets import documents_waiting
from nodes.sequencer import Item, KeysAway, Placed, Sequencer, SignRefused
from nodes.signed import SignedStatement
from nodes.standing import Standing
from nodes.store import LogStore, StoreBroken, StoreDamaged, StoreFull
from nodes.threads import on_thread
from protocol.channel import Channel
from protocol.checkpoint import Checkpoint
from protocol.statement import Statement
from protocol.tagged import digest

UNSAID_MAX = 16
"""What a node has to say before it may; the last ones, should it have to wait for weeks."""
START_AGAIN_S = 1.0


class Speaking:
    """See the module.

    Args:
        home: of the channel.
        store: of the line.
        past: logs that ended.
        core: knows whether our log is the one that was signed before.
        sequencer: gives statements their places.
        machine: makes statements of the node's own.
        standing: rosters in force.
        returned: how far our log is back after a restore.
        arrivals: what of theirs is to be said to have arrived.
        executor: threads for crypto and disk.
        judged: how much of our log was judged at the start.
        said: called when something is on its way to its receipt.
        signed: called with a checkpoint of ours and its note, once they are durable.
        alarm: tells people.
        look_through: called where the disk may be why our log is not what we signed.
        broken: called when the process must end.

    Attributes:
        live: whether new entries may be signed.
    """

    def __init__(
        self,
        *,
        home: ChannelHome,
        store: LogStore,
        past: Past,
        core: Channel,
        sequencer: Sequencer,
        machine: MachineVoice,
        standing: Standing,
        returned: Return,
        arrivals: Arrivals,
        executor: Executor,
        judged: int,
        said: Callable[[], None],
        signed: Callable[[Checkpoint, bytes], Awaitable[None]],
        alarm: Callable[[str, str], None],
        look_through: Callable[[], None],
        broken: Callable[[NodeError], None],
    ) -> None:
        self.live = False
        self._home = home
        self._store = store
        self._past = past
        self._core = core
        self._sequencer = sequencer
        self._machine = machine
        self._standing = standing
        self._return = returned
        self._arrivals = arrivals
        self._executor = executor
        self._judged = judged
        self._said = said
        self._signed = signed
        self._alarm = alarm
        self._look_through = look_through
        self._broken = broken
        self._starting = False
        self._unsaid: deque[tuple[str, dict[str, Any] | None]] = deque(maxlen=UNSAID_MAX)

    def may_start(self) -> bool:
        """The counterpart has answered: whether `start` is to be called now."""
        if self._starting or self._return.silent:
            return False
        self._starting = True
        self._sequencer.go_on()
        return True

    def halt(self, error: NodeError) -> None:
        """Our log is not the one that we signed before, or the keys are away: nothing more is signed, whatever waits
        already."""
        if self.live:
            self.live = self._starting = False
            self._sequencer.halt(error)

    async def start(self, intake: Intake) -> None:
        """Sign the log as it stands, log its first entries, then what waited.

        Args:
            intake: of the line.
        """
        while True:
            try:
                await self._log_first(intake)
                break
            except StoreFull as error:
                # There will be room again, and nobody else would come back for what waits.
                self.live = False
                self._alarm(error.code, error.text)
                await asyncio.sleep(START_AGAIN_S)
            except (KeysAway, KeyAway):
                # Whoever watches the keys tells people, and has this begin again when they are back.
                self._starting = self.live = False
                break
            except KeyElsewhere as error:
                self._starting = self.live = False
                self._alarm(error.code, str(error))
                break
            except (SignRefused, StoreDamaged) as error:
                # As below; but where it is the disk, this goes on once that is mended.
                self._starting = self.live = False
                self._refused(error)
                break
            except StoreBroken as error:
                self.live = False
                self._broken(error)
                break
            except NodeError as error:
                # Nothing is signed any more; the line goes on for reading and receiving, and a person is told.
                self.live = False
                self._alarm(error.code, error.text)
                break

    async def _log_first(self, intake: Intake) -> None:
        signed = await self._sequencer.resume()
        if signed is not None:
            await self._signed(*signed)
        await self._say_roster_held()
        await self._standing.recall_own(self._judged)
        for path in [] if self._past.of(self._store.own) else sorted(self._home.bootstrap.glob("*.statement")):
            # Entries 0 and 1 of a first log: the agreement and the first roster, as the roots signed them at pairing.
            await intake.log(SignedStatement.parse(read_file(path)))
        # A roster in which the node's own keys are others stands before anything that is signed by them.
        await self._take_up(documents_waiting(self._home), intake.log)
        if not self._core.live:
            # Told meanwhile that our log is not the one that we signed before.
            return
        self.live = True
        if claim := await on_thread(self._executor, self._return.claim, self._store):
            self._alarm("tail-claimed", claim)
        await on_thread(self._executor, self._return.ended, self._store)
        self._arrivals.recall(self._store)
        while self._unsaid:
            await self.say(*self._unsaid.popleft())
        await intake.log_queue()
        await self._take_up(sorted(self._home.outbox.glob("*.statement")), intake.submit)

    async def _take_up(
        self, paths: Iterable[Path], take: Callable[[SignedStatement], Awaitable[Outcome | None]]
    ) -> None:
        """Log what waits in files."""
        for path in paths:
            try:
                outcome = await take(SignedStatement.parse(read_file(path)))
            except AdmissionRefused as error:
                # Made for another day, such as under an agreement that was amended since: it stops nothing else.
                self._alarm(error.code, f"{path.name}: {error.text}")
                path.rename(path.with_suffix(".refused"))
                continue
            if outcome is None or outcome.state != "draft":
                path.unlink()

    async def _say_roster_held(self) -> None:
        """After a succession of the counterpart's log, or a roster that was brought by hand: before anything else is
        said, that its new roster is held. From that entry on our log speaks of the successor."""
        marker = self._home.succession_accepted
        if not marker.exists():
            return
        held = self._standing.their[-1]
        facts = {"party": self._store.their, "version": held.roster.version, "digest": digest(held.text)}
        signed = await on_thread(self._executor, self._machine.statement, "roster-held", facts)
        await self.place(Statement.parse(signed.statement), signed)
        marker.unlink()

    async def say(self, kind: str, facts: dict[str, Any] | None) -> None:
        """Log a statement of the node's own; before the line is live it waits."""
        if not self.live:
            self._unsaid.append((kind, facts))
            return
        if not self._machine.knows(kind, facts):
            # The agreement's catalogue is older than that; the alarm that goes with it is raised all the same.
            return
        try:
            signed = await on_thread(self._executor, self._machine.statement, kind, facts)
            await self.place(Statement.parse(signed.statement), signed)
        except (KeysAway, KeyAway) as error:
            # It waits as what was to be said before the line was live.
            self._unsaid.append((kind, facts))
            self.halt(NodeError(KeyAway.code, str(error)))
        except KeyElsewhere as error:
            self._alarm(error.code, str(error))
        except StoreFull as error:
            self._alarm(error.code, error.text)
        except SignRefused as error:
            self._refused(error)

    async def say_now(self, kind: str, facts: dict[str, Any]) -> None:
        """Log a statement of the node's own while somebody waits for it.

        Raises:
            NodeError: it could not be logged, and is not.
        """
        if not self.live:
            raise ApiRefused("not-said", "nothing is logged until the other side has said how far it holds our log")
        if not self._machine.knows(kind, facts):
            raise ApiRefused("not-said", f"the agreement's catalogue has no {kind} with these facts")
        try:
            signed = await on_thread(self._executor, self._machine.statement, kind, facts)
            await self.place(Statement.parse(signed.statement), signed)
        except KeyElsewhere as error:
            raise NodeError(error.code, str(error)) from error
        except SignRefused as error:
            if not isinstance(error, KeysAway):
                self._refused(error)
            raise

    def _refused(self, error: NodeError) -> None:
        """Our log is not the one that we signed before; it may be the disk, which the counterpart can mend."""
        self._alarm(error.code, error.text)
        self._look_through()

    async def place(self, statement: Statement, signed: SignedStatement) -> Placed:
        """Give an admitted statement its place in our log; done when a crash can no longer lose it."""
        self._said()
        return await self._sequencer.submit(Item(signed.statement, statement, signed.signatures, signed.body))

    def straight(self, make: Callable[[], Item | None]) -> asyncio.Future[Placed | None] | None:
        """Make an item on a thread and give it its place there, where nothing is under way; see `Sequencer`."""
        if not (self.live and self._sequencer.idle):
            return None
        self._said()
        return self._sequencer.straight(make)
