"""One line in operation: its logs, its session, its intake.

What the two nodes say to each other is decided by the channel and moved by the driver; statements of our own party come
in by the intake. This is what holds them together: entries get their place, what arrives is judged, rosters come into
force, and people are told.

Source: spec/channel.md; spec/local-api.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

import structlog

from keys.errors import KeyAway, KeyWithheld
from keys.roster import Roster
from nodes import restored
from nodes.admission import Admitted, Desk
from nodes.alarms import Alarms
from nodes.arrivals import Arrivals, placed_size
from nodes.budget import Budget
from nodes.clock import Reading, SteadyClock, now
from nodes.decisions import Decisions
from nodes.drafts import Drafts
from nodes.driver import Driver
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.home import ChannelHome
from nodes.intake import IN_FORCE_NEXT, Intake
from nodes.journal import Journal
from nodes.judging import Judging
from nodes.kept import DRAFT, HELD_BACK, QUEUE, REFUSED, REVIEW
from nodes.latency import Latency
from nodes.machine_voice import MachineVoice
from nodes.node_keys import NodeKeys
from nodes.past import Past
from nodes.projection import Projection
from nodes.proofs import Proofs
from nodes.published import Published
from nodes.receipts import receipt_of
from nodes.resources import catalogue_of
from nodes.restored import Return
from nodes.reviews import Reviews
from nodes.root_sets import HeldRoots, founding_roots, roots_text
from nodes.rosters import HeldRoster
from nodes.scrub import PACE_BYTES_S
from nodes.sequencer import Item, KeysAway, Placed, Sequencer
from nodes.signed import SignedStatement
from nodes.speaking import Speaking
from nodes.standing import Standing
from nodes.store import THEIR_COSIGNED, LogStore, StoreDamaged, StoreFull
from nodes.templates import check_template
from nodes.threads import on_thread
from nodes.unofficial import Unofficial
from nodes.upkeep import Upkeep
from nodes.verified import Verified
from nodes.voices import VoiceReader
from nodes.waiters import Waiters
from protocol.agreement import Agreement
from protocol.body import Opened, open_body
from protocol.branches import FORK_NOTE
from protocol.channel import Channel
from protocol.checkpoint import Checkpoint
from protocol.compose import check_opened
from protocol.effects import (
    Alarm,
    Close,
    Effect,
    GivenBack,
    LineChanged,
    Live,
    Say,
    StoreCosigned,
    StoreMirror,
    StoreOwn,
)
from protocol.entry import Entry
from protocol.errors import BodyRefused, ProtocolError
from protocol.governance import AMEND, GOVERNING_KINDS, WITHDRAW, review_due
from protocol.head_signer import remind
from protocol.kinds import Catalogue
from protocol.line_keys import LineKeys, LineSigners, voice_keys
from protocol.pulse import Pulse
from protocol.statement import ACTUAL, Statement
from protocol.tagged import digest
from protocol.verdict import Verdict

TIDY_EVERY_S = 2.0

DAMAGE = frozenset({"log-damaged", "store-damaged"})
"""Alarms after which nothing that was derived can be relied on."""

WRONG_VOICES = frozenset({"wrong-party", "wrong-channel"})
"""Faults of an entry that say whose log it should not be in."""


class Line:
    """See the module.

    Attributes:
        home: its files.
        own, counterpart: short names.
        founding: the agreement that the channel began with.
        agreement, catalogue: in force, as far as both logs are judged.
        store, projection: what is kept and what is derived.
        past: the logs that ended; `voices` has them and the present ones in one row, and people's numbers are of that.
        journal: of the party, for what people do on this line.
        alarms: raised since the start, with their evidence.
        standing: who stands for both parties.
        judging: of what is new in both logs.
        latency: how long our entries waited for their receipt.
        driver: moves what the channel decides.
        unconnected: set while there is no session.
        intake: statements of our own party on their way into the log.
        proofs: whether grave messages were proved on a second channel.
        unofficial: texts of talk between operators.
        upkeep: what is stored is looked at again, and mended.
    """

    def __init__(
        self,
        *,
        home: ChannelHome,
        agreement: Agreement,
        catalogue: Catalogue,
        store: LogStore,
        mark: HighWater,
        mark_apart: bool,
        projection: Projection,
        verified: Verified,
        own_rosters: list[HeldRoster],
        their_rosters: list[HeldRoster],
        roots: Sequence[HeldRoots] = (),
        keyring: NodeKeys,
        journal: Journal,
        executor: Executor,
        broken: Callable[[NodeError], None],
        rekeyed: Callable[[], None],
        read: Reading = now,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
        silent: bool = False,
        scrub_bytes_s: int = PACE_BYTES_S,
        past: Past | None = None,
    ) -> None:
        self.home = home
        self.founding = agreement
        reign = self._reign = projection.reign
        agreement, catalogue = reign.agreement, reign.catalogue
        self.agreement = agreement
        self.catalogue = catalogue
        self.channel = agreement.channel
        self.own, self.counterpart = store.own, store.their
        self.store = store
        self.projection = projection
        self.past = Past((), agreement.shorts) if past is None else past
        self.voices: VoiceReader = projection.store
        self.journal = journal
        self.latency = Latency()
        self.log: structlog.typing.FilteringBoundLogger = structlog.get_logger(line=self.counterpart)
        self._read = read
        self._mark = mark
        self._mark_apart = mark_apart
        self._executor = executor
        self._broken = broken
        self._rekeyed = rekeyed
        self._keyring = keyring
        self._sealing = keyring.sealing()
        self._node_signer = keyring.node_signer()
        own_head, their_head = store.head(self.own), store.head(self.counterpart)
        clock = self._clock = SteadyClock(max(own_head.last_ms, their_head.last_ms), read)
        self._waiters = Waiters()
        self.alarms = Alarms(
            folder=home.evidence, clock=clock, executor=executor, log=self.log, changed=self._waiters.notify
        )
        known_roots = {party: founding_roots(self.founding, party) for party in self.founding.shorts}
        known_roots |= {held.newest.party: held for held in roots}
        self.standing = Standing(
            home=home,
            agreement=agreement,
            store=store,
            past=self.past,
            voices=self.voices,
            projection=projection,
            own=own_rosters,
            their=their_rosters,
            roots=known_roots,
            executor=executor,
            alarm=self.alarm,
            in_force=self._roster_in_force,
            rooted=self._roots_in_force,
        )
        keys = self._keys()
        self._signers = keys.signers
        beat = agreement.beat
        self._pulse = Pulse(
            beat.every_ms,
            agreement.line.tally_every_ms,
            read(),
            degraded_after=beat.degraded_after_missed,
            down_after=beat.down_after_missed,
        )
        projection.attend(
            now_ms=lambda: clock.now().wall_ms,
            line_state=lambda: self._pulse.state,
            heard_ms=lambda: self._pulse.last_beat_at_ms,
        )
        self._core = Channel(
            channel=self.channel,
            keys=keys,
            shelf=store,
            pulse=self._pulse,
            offset_alarm_ms=agreement.line.offset_alarm_ms,
            signed=mark.signed(own_head.size),
            owed=mark.owed(own_head.size),
            bereft=restored.is_bereft(home),
        )
        self._return = Return(home=home, silent=silent, found=(own_head.size, their_head.size), log=self.log)
        self.driver = Driver(
            core=self._core,
            store=store,
            mark=mark,
            clock=clock,
            executor=executor,
            log=self.log,
            deliver=self._deliver,
            broken=broken,
            beat_ms=agreement.beat.every_ms,
            budget=self._budget(agreement),
        )
        self._sequencer = Sequencer(
            store=store,
            mark=mark,
            keys=keys,
            clock=clock,
            executor=executor,
            committed=self._on_committed,
            broken=broken,
            away=self._without_keys,
        )
        machine = self._machine = MachineVoice(
            agreement=agreement,
            catalogue=catalogue,
            store=store,
            signer=self._node_signer,
            clock=clock,
            entropy=entropy,
        )
        self._arrivals = Arrivals(
            after_ms=agreement.line.arrival_after_ms,
            catalogue=catalogue,
            say=lambda: self._speaking.say("arrival", None),
            placed=lambda: on_thread(self._executor, placed_size, self.store),
            read=read,
        )
        self.unconnected = asyncio.Event()
        self.unconnected.set()
        self._published = Published(projection, self.counterpart)
        self.judging = Judging(
            projection=projection,
            executor=executor,
            whole=lambda: self.live or self._return.whole,
            begin=self.standing.recall,
            heed=self._heed,
            claim=lambda docket: self.driver.tell(partial(self._core.docket, *docket)),
            failed=self._not_judged,
            changed=self._waiters.notify,
        )
        self._speaking = Speaking(
            home=home,
            store=store,
            past=self.past,
            core=self._core,
            sequencer=self._sequencer,
            machine=machine,
            standing=self.standing,
            returned=self._return,
            arrivals=self._arrivals,
            executor=executor,
            judged=self.judged[0],
            said=self.judging.said,
            signed=self._on_signed,
            alarm=self.alarm,
            look_through=lambda: self.upkeep.scrub.hurry(),
            broken=broken,
        )
        self._desk = Desk(
            party=self.own,
            agreement=agreement,
            catalogue=catalogue,
            sealing=self._sealing,
            verified=verified,
            chain=known_roots[self.own].chain,
        )
        self.intake = Intake(
            host=self,
            store=store,
            desk=self._desk,
            clock=clock,
            executor=executor,
            waiters=self._waiters,
            base=self.past.base(self.own),
        )
        self._desk.governed(reign, projection.governance.earlier())
        self.proofs = Proofs(
            own=self.own,
            replies=projection,
            terms=lambda: (self.agreement, self.catalogue),
            open_contents=self.open_contents,
        )
        self.unofficial = Unofficial(
            voices=(self.own, self.counterpart),
            inbox=projection,
            catalogue=lambda: self.catalogue,
            open_contents=self.open_contents,
        )
        self.upkeep = Upkeep(
            store=store,
            mark=mark,
            driver=self.driver,
            executor=executor,
            path=home.path / "scrub.json",
            read=read,
            log=self.log,
            alarm=self.alarm,
            say=self._speaking.say,
            mended=self._mended,
            pace=scrub_bytes_s,
        )
        self._background: set[asyncio.Task[None]] = set()

    def _keys(self) -> LineKeys:
        own, their = self.standing.own[-1], self.standing.their[-1]
        return LineKeys(
            own=voice_keys(self.agreement, own.roster, own.tls_pins),
            their=voice_keys(self.agreement, their.roster, their.tls_pins),
            signers=LineSigners(
                node=self._node_signer,
                log=self._keyring.log_signers(self.channel, self.agreement.origin(self.own, own.roster.epoch)),
                mirror=self._keyring.mirror_signers(self.channel, self.agreement.mirror_name(self.own)),
            ),
        )

    # --- what the channel decides -------------------------------------------------------------------------------------

    def _deliver(self, effect: Effect) -> None:
        if isinstance(effect, StoreMirror | StoreCosigned):
            self.judging.said()
        match effect:
            case StoreMirror():
                self._arrivals.heard(effect.start, (seen.kind for seen in effect.glances))
                self.judging.want()
            case StoreCosigned(_, size):
                self.latency.held(size=size, mono_ms=self._clock.now().mono_ms)
                self._waiters.receipt(size, self._held_at_ms(size))
            case StoreOwn():
                self._return.came(effect.frontier.size, self._core.goal_size)
                self.judging.want()
            case Live():
                self._return.whole = True
                self._go_live()
            case LineChanged(state):
                self.log.info("line", state=state)
            case GivenBack() | Close():
                self.upkeep.heed(effect)
            case Alarm(code, text, objects):
                self.upkeep.heed(effect)
                if not self._core.live:
                    self._speaking.halt(NodeError(code, text))
                self.alarm(code, text)
                if objects:
                    self._spawn(self.alarms.keep(code, objects))
            case Say(kind, facts):
                self._spawn(self._speaking.say(kind, dict(facts)))
            case _:
                pass
        self._notify()

    def _held_at_ms(self, size: int) -> int:
        """When the receipt for so many entries came. It is durable by now; a time that cannot be read back is now."""
        try:
            return self.store.cosigned_at(size - 1) or self._clock.take()
        except StoreDamaged:
            return self._clock.take()

    def alarm(self, code: str, text: str) -> None:
        """Raise an alarm: in the log, and in what `status` shows. The same one again within a minute is dropped."""
        if code in DAMAGE:
            self._doubt()
        self.alarms.tell(code, text)

    def _doubt(self) -> None:
        """What was derived may come from damage: nothing is claimed of it until it is derived anew."""
        if self.judging.doubt():
            self.upkeep.scrub.hurry()
            # At once, and not behind whatever the channel is called for; what is said of the docket is said here too.
            self._core.docket_unknown()
            self._spawn(self.judging.note_doubt())

    def _not_judged(self, error: NodeError) -> None:
        self.alarm(error.code, error.text)
        if isinstance(error, StoreDamaged):
            self.upkeep.scrub.hurry()

    async def _keep_fork(self) -> None:
        note = self.store.note(FORK_NOTE)
        try:
            if note is not None:
                await self.alarms.keep_fork(note)
        except ProtocolError:
            self.alarm("log-damaged", "the evidence of a fork that was kept in the store is not what it was")

    def broke(self, error: NodeError) -> None:
        """A write failed: the process must end."""
        self._broken(error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """Work beside the tasks of `run` is done; what it did not foresee must not pass unseen."""
        self._background.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._broken(error if isinstance(error, NodeError) else NodeError("internal-error", repr(error)))

    def _notify(self) -> None:
        self._waiters.notify()

    async def changed(self) -> None:
        """Wait until something that people see has changed."""
        await self._waiters.changed()

    def their_pins(self) -> frozenset[bytes]:
        """Hashes of the TLS keys that the counterpart may come with."""
        return self.their_rosters[-1].tls_pins

    def their_certificates(self) -> tuple[bytes, ...]:
        """Its certificates, in DER."""
        return self.their_rosters[-1].roster.tls

    # --- running ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until cancelled."""
        self.upkeep.begin()
        await on_thread(self._executor, self._remind)
        if self._core.disputed:
            self.alarm("fork", f"{self.counterpart} signed two logs that cannot be one, as was found before")
            self._spawn(self._keep_fork())
        if self._core.goal_size is not None:
            here = self.store.head(self.own).size
            text = f"the high-water mark says that we signed {self._core.goal_size} entries; here are {here}"
            self.alarm("rolled-back-self", text)
        if self._mark_apart and self._mark.equals(self.store.head(self.own)):
            # The start-up rule's exception: a mark that no backup reaches, and that equals the data, is an answer too.
            self._core.live = True
            self._go_live()
        self._arrivals.recall(self.store)
        works = (
            self._sequencer.run,
            self.driver.tick,
            self.driver.pump,
            self.judging.run,
            self._arrivals.run,
            self.drafts.run,
            self.reviews.run,
            self._tidy,
            self.upkeep.scrub.run,
        )
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work())

    async def _heed(self, judged: Sequence[Verdict]) -> None:
        for verdict in judged:
            if verdict.faults and verdict.party == self.counterpart:
                serial = f"{verdict.party} {verdict.index}"
                self.log.warning("entry with faults", serial=serial, codes=list(verdict.faults))
            if verdict.party == self.counterpart and (wrong := WRONG_VOICES.intersection(verdict.faults)):
                await self._keep_wrong_voice(min(wrong), verdict)
            if verdict.kind is not None and verdict.kind.name in IN_FORCE_NEXT and verdict.effective:
                await self.standing.adopt(verdict.party, verdict.index)
            if verdict.kind is not None and verdict.kind.name in GOVERNING_KINDS and verdict.effective:
                self._hear_of_agreement(verdict)
        self._published.heed(judged)
        if self._published.waiting:
            for text in await on_thread(self._executor, self._published.look):
                self.alarm("published-unagreed", text)
        await self._govern()

    def _hear_of_agreement(self, verdict: Verdict) -> None:
        """People are told what the other party says of the agreement, and of every withdrawal."""
        assert verdict.kind is not None  # noqa: S101 - whoever calls has looked.
        if verdict.kind.name == AMEND and verdict.party == self.counterpart:
            self.alarm("agreement-proposed", f"{verdict.serial} proposes another text of the agreement")
        elif verdict.kind.name == WITHDRAW and verdict.statement is not None and verdict.statement.status == ACTUAL:
            self.alarm("agreement-withdrawn", f"{verdict.serial} withdraws from the agreement")

    async def _govern(self) -> None:
        """What has come into force governs what this node says, admits and expects from here on.

        Nothing is kept for it: where it is in force follows from the logs, after a crash as well.
        """
        reign = self.projection.reign
        if reign is self._reign:
            return
        news, self._reign = reign.agreement is not self.agreement, reign
        agreement = self.agreement = reign.agreement
        self.catalogue = reign.catalogue
        self._machine.governed(reign)
        self._arrivals.governed(reign)
        self._desk.governed(reign, self.projection.governance.earlier())
        if news:
            await self.driver.tell(partial(self._keep_pace, agreement))
            self.alarm("agreement-amended", f"in force: {agreement.digest.hex()}")
        self._notify()

    def _keep_pace(self, agreement: Agreement) -> None:
        """Beats, rates and the difference of clocks, as an agreement that came into force has them."""
        beat, line = agreement.beat, agreement.line
        self._pulse.governed(
            beat.every_ms,
            line.tally_every_ms,
            degraded_after=beat.degraded_after_missed,
            down_after=beat.down_after_missed,
        )
        self._core.governed(offset_alarm_ms=line.offset_alarm_ms)
        self.driver.governed(beat_ms=beat.every_ms, budget=self._budget(agreement))

    def _budget(self, agreement: Agreement) -> Budget:
        return Budget(per_s=agreement.line.entries_per_s, burst=agreement.line.burst_entries, read=self._read)

    async def _keep_wrong_voice(self, code: str, verdict: Verdict) -> None:
        """An entry that speaks for another: its receipt shows to anyone that this log has it."""
        serial = f"{verdict.party} {verdict.index}"
        self.alarm(code, f"{serial} names another party or channel than its log's")
        try:
            proof = await on_thread(self._executor, self.receipt, verdict.party, verdict.index)
        except NodeError as error:
            # Judged before it was cosigned, which the next one of its kind need not be.
            self.log.warning("evidence not kept", code=error.code, detail=error.text)
            return
        await self.alarms.keep(code, {"receipt": proof})

    async def adopt(self, index: int) -> None:
        """A roster or root set of ours has its place in our log, and is in force from here."""
        await self.standing.adopt(self.own, self.past.base(self.own) + index)

    async def _roster_in_force(self, party: str, held: HeldRoster) -> None:
        keys = self._keys()
        self._signers = keys.signers
        self._sequencer.keys = keys
        await self.driver.tell(lambda: self._core.rekeyed(keys))
        self._rekeyed()
        version = held.roster.version
        self.log.info("roster in force", party=party, version=version)
        if party == self.counterpart:
            facts = {"party": party, "version": version, "digest": digest(held.text)}
            await self._speaking.say("roster-held", facts)

    async def _roots_in_force(self, party: str, held: HeldRoots) -> None:
        version = held.newest.version
        self.log.info("root set in force", party=party, version=version)
        if party == self.own:
            self._desk.rooted(held.chain)
            return
        self.alarm("roots-changed", f"{party} has root set {version}: {roots_text(held)}")
        facts = {"party": party, "version": version, "digest": digest(held.chain.texts[-1])}
        await self._speaking.say("root-set-held", facts)

    async def _tidy(self) -> None:

        def tidy() -> None:
            self.store.flush()
            self.store.tidy()

        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            try:
                await on_thread(self._executor, tidy)
            except StoreFull as error:
                self.alarm(error.code, error.text)

    @property
    def drafts(self) -> Drafts:
        """What waits for people."""
        return self.intake.drafts

    @property
    def decisions(self) -> Decisions:
        """What people decide about that."""
        return self.intake.decisions

    @property
    def reviews(self) -> Reviews:
        """What one person released in an emergency."""
        return self.intake.reviews

    # --- our voice ----------------------------------------------------------------------------------------------------

    def _go_live(self) -> None:
        if self._speaking.may_start():
            self._spawn(self._start_voice())

    async def _start_voice(self) -> None:
        await self._speaking.start(self.intake)
        self.judging.want()

    async def _on_signed(self, checkpoint: Checkpoint, note: bytes) -> None:
        await self.driver.tell(lambda: self._core.signed(checkpoint, note))
        self.judging.want()
        self._notify()

    def _on_committed(self, checkpoint: Checkpoint, note: bytes, entries: int) -> None:
        self._arrivals.settled()
        self.latency.logged(size=checkpoint.size, entries=entries, mono_ms=self._clock.now().mono_ms)
        self.driver.hint(lambda: self._core.signed(checkpoint, note))
        self.judging.want()
        self._notify()

    def _mended(self) -> None:
        """What was damaged is whole again, and what was not signed because of it can be."""
        self.driver.mended()
        self.judging.mended(whole=self.upkeep.scrub.whole)
        self._spawn(self.driver.ask(lambda: self._core.mended(self._clock.now())))
        if self._core.live:
            self._go_live()

    def keys_away(self, why: str) -> None:
        """Keys that are not in this process are missed: nothing is signed until they are back."""
        self._speaking.halt(KeysAway(KeyAway.code, why))

    async def keys_back(self) -> None:
        """Keys that are not in this process can be used again: what waited for them goes on."""
        await on_thread(self._executor, self._remind)
        await self.driver.ask(lambda: self._core.keys_back(self._clock.now()))
        if self.live:
            self._spawn(self._log_queue())
        elif self._core.live:
            self._go_live()

    def _remind(self) -> None:
        """Show keys that are elsewhere what they signed before, so that a holder that was put back knows of it."""
        signers = self._signers
        for head, note in ((signers.log, self._mark.note), (signers.mirror, self.store.note(THEIR_COSIGNED))):
            try:
                remind(head, note)
            except KeyAway:
                return
            except KeyWithheld as error:
                self.alarm(error.code, str(error))

    async def _log_queue(self) -> None:
        with contextlib.suppress(KeysAway):
            await self.intake.log_queue()

    def _without_keys(self, error: NodeError) -> None:
        """Keys that are elsewhere were missed, of which people are told by whoever watches them; or are withheld."""
        self._speaking.halt(error)
        if not isinstance(error, KeysAway):
            self.alarm(error.code, error.text)

    async def place(self, statement: Statement, signed: SignedStatement) -> Placed:
        """Give an admitted statement its place in our log; done when a crash can no longer lose it."""
        return await self._speaking.place(statement, signed)

    def straight(self, make: Callable[[], Item | None]) -> asyncio.Future[Placed | None] | None:
        """Make an item on a thread and give it its place there, where nothing is under way; see `Sequencer`."""
        return self._speaking.straight(make)

    @property
    def live(self) -> bool:
        """Whether new entries may be signed: the counterpart has said how far it holds our log."""
        return self._speaking.live

    async def say_now(self, kind: str, facts: dict[str, Any]) -> None:
        """Log a statement of the node's own while somebody waits for it.

        Raises:
            NodeError: it could not be logged, and is not.
        """
        await self._speaking.say_now(kind, facts)

    @property
    def put_back(self) -> bool:
        """Whether what waits here may have been decided about on a disk that is gone."""
        return self._return.put_back

    @property
    def held_size(self) -> int:
        """How far the counterpart holds our log."""
        return self._core.cosigned_size

    @property
    def own_rosters(self) -> list[HeldRoster]:
        """Ours that verified, the last in force."""
        return self.standing.own

    @property
    def their_rosters(self) -> list[HeldRoster]:
        """Theirs that verified, the last in force."""
        return self.standing.their

    def counters(self) -> Mapping[bytes, int]:
        """Of our passkeys, by credential, as far as our log is judged."""
        return self.projection.counters(self.own)

    def rosters(self) -> tuple[Roster, Roster]:
        """Ours and theirs, in force."""
        return self.standing.rosters()

    def sealed_before(self) -> frozenset[bytes]:
        """Ids of the counterpart's sealing keys before the one in force that nobody else has."""
        return self.standing.sealed_before()

    # --- officers -----------------------------------------------------------------------------------------------------

    def open_contents(self, voice: str, index: int) -> Opened:
        """Open an entry's body with the party's sealing key, and check every commitment. Call it on a thread.

        Raises:
            BodyRefused: it has none, or it does not hold.
            ProtocolError: the entry cannot be read, or the contents are not those committed to.
        """
        entries = self.voices.read(voice, index, index + 1)
        body = self.voices.body(voice, index)
        if not entries or body is None:
            raise BodyRefused("no-body", "body", "the entry has none")
        return self.open_statement(Entry.parse(entries[0]).statement, body)

    def open_statement(self, raw: bytes, body: bytes) -> Opened:
        """Open the body of a statement, logged or not; as `open_contents`."""
        statement = Statement.parse(raw)
        # What it means is read in the catalogue that it names, which may be that of an agreement before.
        kind = (catalogue_of(statement.catalogue) or self.catalogue).kind(statement.kind)
        if kind is None or kind.document:
            raise BodyRefused("no-body", "body", "not a kind whose body is sealed")
        opened = open_body(statement, body, party=self.own, key=self._sealing)
        check_opened(statement, opened, kind)
        return opened

    def check_template(self, admitted: Admitted, at_ms: int) -> None:
        """Refuse what its header says of a template, and its body belies. Call it on a thread."""
        signed = admitted.signed
        check_template(
            admitted,
            projection=self.projection,
            open_entry=self.open_contents,
            open_body=lambda: self.open_statement(signed.statement, signed.body or b""),
            at_ms=at_ms,
        )

    @property
    def judged(self) -> tuple[int, int]:
        """How far our present log and theirs are judged."""
        own, their = self.projection.sizes
        return max(0, own - self.past.base(self.own)), max(0, their - self.past.base(self.counterpart))

    def receipt(self, voice: str, index: int) -> bytes:
        """The receipt of one entry of a voice; see `nodes.receipts`."""
        return receipt_of(self.store, self.past, voice, index)

    def beat_age_ms(self) -> int | None:
        """How long ago the last beat of the counterpart came, milliseconds; None where none came since the start."""
        return self._pulse.beat_age_ms(self._clock.now())

    @property
    def state(self) -> str:
        """Whether the line is up, degraded or down."""
        return self._pulse.state

    def status(self) -> dict[str, Any]:
        """The line at a glance, as `hotline status --json` shows a channel."""
        return {
            "counterpart": self.counterpart,
            "line": self._pulse.state,
            "last_beat_at_ms": self._pulse.last_beat_at_ms,
            "round_trip_ms": self._pulse.round_trip_ms,
            "clock_offset_ms": self._pulse.clock_offset_ms,
            "own_size": self.store.head(self.own).size,
            "own_held": self._core.cosigned_size,
            "their_size": self._core.mirror_size,
            "due": self.projection.due_count(),
        }

    def details(self) -> dict[str, Any]:
        """What is worth knowing beyond `status`: whether we may sign, what waits, alarms."""
        return {
            "live": self.live,
            "recovery": self._return.shown(self.store.head(self.own).size, self._core.goal_size),
            "disputed": self._core.disputed,
            "branches": [{"number": one.number, "start": one.start, "size": one.size} for one in self.store.branches()],
            "scrub": self.upkeep.scrub.shown(),
            "succeeded": [
                {"party": one.party, "epoch": one.epoch, "entries": one.size, "reason": one.succession.reason}
                for one in self.past.ended
            ],
            "purpose": self.agreement.purpose,
            "ends_ms": self._reign.ends_of(self.own),
            "review_due": review_due(self.agreement, self._clock.now().wall_ms),
            "queued": len(self.store.waiting(QUEUE)),
            "refused": len(self.store.waiting(REFUSED)),
            "drafts": len(self.store.waiting(DRAFT)),
            "held_back": len(self.store.waiting(HELD_BACK)),
            "reviews": len(self.store.waiting(REVIEW)),
            "ahead": self.store.ahead_indexes(),
            **self.projection.over_all(self._clock.now().wall_ms),
            "no_answer": self.projection.absences(self._clock.now().wall_ms),
            "alarms": list(self.alarms),
        }

    def returned(self) -> dict[str, Any]:
        """How far the return of both logs is, for `nodes/recovery.py`: entries here, entries there are, whether ours is
        whole, and how far both are judged."""
        return {
            "own": self.store.head(self.own).size,
            "own_goal": self._core.goal_size,
            "their": self.store.head(self.counterpart).size,
            "their_goal": self._core.announced_size,
            "whole": self._return.whole,
            "judged": self.judged,
        }

    def close(self) -> None:
        """Let go of files."""
        for task in self._background:
            task.cancel()
        self.projection.close()
        self.past.close()
        self.store.close()
        self._mark.close()
