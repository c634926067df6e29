"""A world from one seed: three nodes, two channels, officers, an adversary, and everything that goes wrong.

The nodes are the classes that `nodes/` runs: lines, drivers, sequencers, intakes, projections, diallers, listeners. The
world gives them disks, clocks, a network and chance, starts them again when they end, and watches. Nothing here decides
what a node decides.

    World(7).run()

ends with both sides of each channel in agreement, or raises a Violation.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any, ParamSpec, TypeVar, cast
from unittest.mock import patch
from zlib import crc32

import structlog

from keys import roster as rosters
from keys.hybrid import Signer
from keys.revoked import REVOKED_MAX, RevokedKey
from keys.roles import KeyRole
from keys.roster import Roster
from keys.suite import SUITE_1, SUITE_2
from keys.tls_identity import spki_pin
from nodes.dialler import Dialler
from nodes.errors import NodeError
from nodes.journal import Journal
from nodes.kept import REFUSED
from nodes.line import Line
from nodes.peer import Listener
from nodes.resources import catalogue
from nodes.signed import SignedStatement
from nodes.store import (
    OWN_COSIGNED,
    THEIR_COSIGNED,
    THEIR_NEWEST,
    THEIR_SIGNED,
    LogStore,
    Row,
    StoreFull,
)
from nodes.verified import Verified
from protocol.agreement import Agreement
from protocol.checkpoint import Checkpoint
from protocol.cosignature import VerifiedCheckpoint
from protocol.effects import (
    Alarm,
    Effect,
    Instant,
    KeepMark,
    KeepNote,
    Live,
    Received,
    Say,
    Send,
    StoreAhead,
    StoreBranch,
    StoreCosigned,
    StoreMirror,
    StoreOwn,
)
from protocol.frames import FrameType
from protocol.signature import Signature
from protocol.statement import Statement
from tests.builders import START_MS, hybrid
from tests.simulation import parties, passkeys, people, rooting, treaties
from tests.simulation.adversary import OFTEN, WHAT, Adversary
from tests.simulation.auditor import STOLEN, STOLEN_ROOTS, audited
from tests.simulation.derived import KeptProjection, let_go
from tests.simulation.disk import FATES, TORN, ChannelDisk, FaultyMark, FaultyStore, Image
from tests.simulation.faults import LONG, LONG_ONE_IN, SECOND, Fault, draw
from tests.simulation.ghost import ACCUSATIONS, BEYOND_MENDING, Ghost, Violation, readable
from tests.simulation.journals import KeptJournal
from tests.simulation.loop import Process, SimLoop, Unhandled
from tests.simulation.network import NOBODY, End, Network
from tests.simulation.officers import TREATIES, Desk
from tests.simulation.paging import EVERY_US as PAGED_EVERY_US
from tests.simulation.paging import ONE_IN, Watchkeepers
from tests.simulation.remembering import forget

_P = ParamSpec("_P")
_T = TypeVar("_T")

HEAL_US = 180_000_000
"""How long both sides may take to agree once nothing goes wrong any more."""

BACKLOG_US = 4_000_000
"""How long a line stands still while much is said."""

LOOK_US = 20_000
"""How often it is looked at whether they do."""


BY_AMENDMENT = frozenset({"wrong-agreement", "amendment-refused"})
"""Why a node refuses what was made for an agreement that is not in force any more."""

BY_ORDER = frozenset({"agreement-superseded", "amendment-refused"})
"""Faults of honest entries where another text was accepted first, or meanwhile."""

BY_ROSTER = frozenset({"roster-expired", "key-not-in-roster", "role-not-held", "bad-signature"})
"""Why a statement is refused that was signed by somebody whom a new roster does not have so any more."""

AUDITED = 20
"""One world in so many is audited at its end."""

BY_DAMAGE = frozenset({"high-water-differs", "store-damaged"})
"""Why nothing is taken for the moment where a disk changed its bits."""

PUT_BACK = frozenset({"after-not-of-log", "seen-not-of-log", "reference-unknown", "held-not-of-log"})
"""Faults of statements that were written in a past which an old disk undid."""


CHANGING = (StoreMirror, StoreOwn, StoreCosigned, StoreAhead, StoreBranch, KeepNote, KeepMark, Live, Received, Say)
"""Effects that change what a node holds or says."""


_FRAME_COUNTED = {kind: f"frame {kind.name}" for kind in FrameType}


class WatchedLine(Line):
    """A line that says what it does."""

    world: World
    process: Process

    def _deliver(self, effect: Effect) -> None:
        if self.process.alive:
            self.world.count(f"effect {type(effect).__name__}")
            if isinstance(effect, Received):
                self.world.check(self.world.ghost.counted, self.own, effect.beat)
            if isinstance(effect, Alarm):
                self.world.check(self.world.ghost.accused, self.own, self.counterpart, effect)
        super()._deliver(effect)

    def alarm(self, code: str, text: str) -> None:
        if self.process.alive:
            self.world.trace("alarm", self.own, self.counterpart, code)
            self.world.count(f"alarm {code}")
            # Entries changed on the way cannot be told from entries that were sent so.
            excused = code == "root-differs" and bool(self.world.plan.armed & {"forge", "cross"})
            self.world.check(self.world.ghost.alarmed, self.own, self.counterpart, code, excused=excused)
        super().alarm(code, text)


class Life(Process):
    """A process of one party's node, with what runs in it."""

    lines: dict[str, WatchedLine]
    listener: Listener
    journal: Journal


class Clock:
    """The wall clock of one machine; the loop's time is its steady clock."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._offset_ms = 0
        self._drift = 0
        self._frozen_until_us = 0
        self._frozen_ms = 0
        self._shown = self._look()

    def freeze(self, until_us: int) -> None:
        """Show the present time until then."""
        self._frozen_ms = self.read().wall_ms
        self._frozen_until_us = until_us

    def thaw(self) -> None:
        """Show the time again."""
        self._frozen_until_us = 0
        self._shown = self._look()

    def jump(self, by_ms: int) -> None:
        """Show another time from now on."""
        self._offset_ms += by_ms
        self._shown = self._look()

    def set_drift(self, drift: int) -> None:
        """Run faster or slower from now on, by so many parts in a thousand."""
        self._offset_ms += self._loop.now_us // 1000 * (self._drift - drift) // 1000
        self._drift = drift
        self._shown = self._look()

    def _look(self) -> Instant:
        mono_ms = self._loop.now_us // 1000
        self._shown_until_us = 1000 * mono_ms + 1000
        if self._loop.now_us < self._frozen_until_us:
            return Instant(self._frozen_ms, mono_ms)
        return Instant(START_MS + mono_ms + mono_ms * self._drift // 1000 + self._offset_ms, mono_ms)

    def read(self) -> Instant:
        """Both clocks."""
        # Asked several times at each moment.
        if self._loop.now_us >= self._shown_until_us:
            self._shown = self._look()
        return self._shown


class World:
    """See the module.

    Args:
        seed: everything follows from it.
        stubbed: whether keys are stubs, which the caller has put in place.
        verbose: whether the trace is kept for reading.
        forced: families of faults that are armed in any case.
    """

    def __init__(
        self, seed: int, *, stubbed: bool = True, verbose: bool = False, forced: frozenset[str] = frozenset()
    ) -> None:
        self.seed = seed
        self.chance = Random(f"hotline {seed}")
        self._proposing = Random(f"proposing {seed}").random() < TREATIES
        # By a chance of its own, so that a seed whose world is made long draws what it drew before.
        long = LONG in forced or Random(f"length {seed}").randrange(LONG_ONE_IN) == 0
        self.plan = draw(self.chance, parties.PARTIES, parties.CHANNELS, forced=forced, long=long)
        # How often a write ends a process, or fails; much more often where that is what is looked for.
        self._crash_rate = 0.05 if "crash-at-write" in forced else 0.01
        self._failure_rate = 0.03 if "write-fails" in forced else 0.006
        forget()
        parties.use(SUITE_2 if SECOND in forced else SUITE_1)
        self.ministries = parties.ministries(stubbed=stubbed)
        self.counters: Counter[str] = Counter()
        self.lines_of_trace: list[str] | None = [] if verbose else None
        self._happened: list[tuple[int, tuple[object, ...]]] = []
        self.loop = SimLoop(self._job_delay_us, self._died)  # type: ignore[abstract]
        self.network = Network(self, parties.PARTIES)
        self.disks = {
            (party, pair[1 - pair.index(party)]): ChannelDisk(party, pair[1 - pair.index(party)])
            for pair in parties.CHANNELS
            for party in pair
        }
        self.ghost = Ghost(list(self.disks))
        self.clocks = {party: Clock(self.loop) for party in parties.PARTIES}
        self.journals = {
            party: KeptJournal(parties.keyring(party), seed_name=str(seed), read=self.clocks[party].read)
            for party in parties.PARTIES
        }
        self.lives: dict[str, Life] = {}
        often = 4 * OFTEN if forced & WHAT else OFTEN
        self.adversary = Adversary(self.chance, self.plan.armed, self.count, often=often)
        self.apart = {party: self.chance.random() < 0.3 for party in parties.PARTIES}
        self.faulty = True
        self._old: dict[str, dict[tuple[str, str], Image]] = {}
        self._full_until_us = dict.fromkeys(parties.PARTIES, 0)
        self._slow: dict[str, tuple[int, int]] = dict.fromkeys(parties.PARTIES, (0, 0))
        self._restart_us = dict.fromkeys(parties.PARTIES, 300_000)
        self._open_questions: dict[int, tuple[tuple[str, str], SignedStatement, list[int]]] = {}
        self.closing = False
        self._asked = 0
        self.rosters = {voice: self._first_roster(voice) for voice in self.disks}
        self.keys: dict[tuple[str, str], dict[int, Signer]] = {voice: {} for voice in self.disks}
        self.changed: set[tuple[str, str]] = set()
        self.amended: set[tuple[str, str]] = set()
        self._told: dict[tuple[str, str], Agreement] = {}
        self._treaty = Random(f"treaty {seed}")
        self.deciding = people.armed(seed, forced)
        self.touching = passkeys.armed(seed, forced)
        self._people = Random(f"people {seed}")
        self.stopped: set[tuple[str, str, bytes]] = set()
        amending = treaties.armed(seed, forced, self.plan.armed)
        if amending:
            self._plan_amendments()
        self.stolen_roots: set[bytes] = set()
        self._rooting = Random(f"roots {seed} acts")
        self.rooted = {voice: rooting.Rooted.first(voice, _pair_of(voice)) for voice in self.disks}
        # Roots that sign amendments under way may be out of force by then, and be refused, as they should.
        if not amending and rooting.armed(seed, forced, self.plan.armed):
            self._plan_roots()
        self._note_flipped: set[tuple[str, str]] = set()
        self._roster_question: dict[tuple[str, str], int] = {}
        self.healed_us = 0
        self._ordered: dict[tuple[str, str], list[tuple[int, ...]]] = {}
        self._look_again_us = 0
        for route in self.network.routes.values():
            route.delay_us = self.chance.randrange(500, 60_000)

    def _plan_amendments(self) -> None:
        """When roots sign: texts of either side, some of them at once, and what accepts them."""
        chance, until_us = self._treaty, self.plan.until_us
        for _ in range(chance.randint(1, 3)):
            pair = chance.choice(parties.CHANNELS)
            at_us = chance.randrange(1_500_000, until_us)
            voices = [pair, pair[::-1]] if chance.random() < 0.4 else [chance.choice((pair, pair[::-1]))]
            for voice in voices:
                self.loop.at_us(at_us, partial(self._amend, voice, accept=False), context=NOBODY)
            for _ in range(4):
                later_us = at_us + chance.randrange(300_000, 8_000_000)
                for one in (pair, pair[::-1]):
                    self.loop.at_us(later_us, partial(self._amend, one, accept=True), context=NOBODY)

    def _plan_roots(self) -> None:
        """When the roots of a party sign the next set, and when thieves do."""
        chance = self._rooting
        for _ in range(chance.randint(1, 4)):
            pair = chance.choice(parties.CHANNELS)
            voice = chance.choice((pair, pair[::-1]))
            at_us = chance.randrange(1_500_000, self.plan.until_us)
            self.loop.at_us(at_us, partial(self._change_roots, voice), context=NOBODY)
            self.loop.at_us(at_us + chance.randrange(4_000_000), partial(self._new_roster, voice, 1), context=NOBODY)
            if chance.random() < 0.5:
                at_us = chance.randrange(1_500_000, self.plan.until_us)
                self.loop.at_us(at_us, partial(self._steal_roots, voice), context=NOBODY)

    # --- the trace ----------------------------------------------------------------------------------------------------

    def trace(self, *what: object) -> None:
        """Something happened."""
        self._happened.append((self.loop.now_us, what))
        if self.lines_of_trace is not None:
            self.lines_of_trace.append(self._line_of_trace(what))

    def _line_of_trace(self, what: tuple[object, ...]) -> str:
        return f"{self.loop.now_us / 1_000_000:10.6f}  {' '.join(map(str, what))}"

    @property
    def trace_hash(self) -> str:
        """A name for everything that happened."""
        return sha256(repr(self._happened).encode()).hexdigest()

    def count(self, name: str) -> None:
        """Something happened that should happen sometimes."""
        self.counters[name] += 1

    def check(self, what: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Ask the ghost; what it finds ends the run, whoever would have caught it."""
        try:
            return what(*args, **kwargs)
        except Violation as error:
            self.loop.failure = self.loop.failure or error
            raise

    # --- what the network asks ----------------------------------------------------------------------------------------

    def listening(self, party: str) -> tuple[Process, Listener] | None:
        life = self.lives.get(party)
        return None if life is None or not life.alive else (life, life.listener)

    def sent(self, end: End, data: bytes) -> Sequence[bytes]:
        if not end.process.alive:
            return ()
        disk = self.disks.get((end.here, end.there))
        if disk is not None:
            kind = self.check(self.ghost.sent, disk, data)
            self.count(_FRAME_COUNTED[kind])
        if self.lines_of_trace is not None:
            self.lines_of_trace.append(self._line_of_trace(("send", end.here, end.there, readable(data))))
        if not self.faulty:
            return (data,)
        return self.adversary.send(end.here, end.there, data)

    def arrived(self, end: End, data: bytes) -> None:
        self.trace("recv", end.here, end.there, len(data), crc32(data))

    def jitter_us(self) -> int:
        return int(self.chance.random() * 2_000)

    def lead_astray(self, source: str, target: str) -> str:
        if self.faulty and "astray" in self.plan.armed and self.chance.random() < 0.1:
            self.count("led astray")
            return self.chance.choice([party for party in parties.PARTIES if party != source])
        return target

    def pin(self, party: str) -> bytes:
        return spki_pin(parties.tls_certificate(party))

    # --- what the disks ask -------------------------------------------------------------------------------------------

    def fate(self, process: Process, what: str) -> str:
        if not process.alive or not self.faulty:
            return "ok"
        fate = "ok"
        if self._full_until_us[process.name] > self.loop.now_us:
            fate = "full"
        elif "crash-at-write" in self.plan.armed and self.chance.random() < self._crash_rate:
            fate = self.chance.choice((*FATES[:2], TORN) if what == "mark" else FATES[:2])
        elif "write-fails" in self.plan.armed and self.chance.random() < self._failure_rate:
            fate = self.chance.choice(FATES[2:])
        if fate != "ok":
            self.trace("write", process.name, what, fate)
            self.count(f"write {what} {fate}")
        if fate.startswith("eio"):
            self.loop.at_us(self.loop.now_us + 500_000, self._must_have_ended, process, what, context=NOBODY)
        return fate

    def sectors(self, count: int) -> int:
        return self.chance.randrange(1, count)

    def _must_have_ended(self, process: Process, what: str) -> None:
        """A process whose write failed does not know what is on its disk, and goes no further."""
        if self.loop.is_frozen(process):
            self.loop.at_us(self.loop.now_us + 500_000, self._must_have_ended, process, what, context=NOBODY)
        elif process.alive:
            self.loop.failure = Violation("I22", f"{process.name} goes on after a write of {what} failed")

    def wrote_own(self, disk: ChannelDisk, process: Process, size: int, rows: Sequence[Row], last_ms: int) -> None:
        if process.alive:
            self.trace("log", disk.party, disk.counterpart, size, len(rows))
            self.count("group commit" if len(rows) > 1 else "commit")
            self.check(self.ghost.wrote_own, disk, size, rows)
            for row in rows:
                told = (disk.party, disk.counterpart, row.statement_id) in self.stopped
                # What was decided on a disk that is gone is not known any more.
                if told and not self.ghost.truth[disk.party, disk.counterpart].rolled_back:
                    self.loop.failure = Violation("R2", f"{disk.party} logged what was stopped, or what nobody signed")

    def wrote_their(self, disk: ChannelDisk, process: Process, start: int, rows: Sequence[Row]) -> None:
        if process.alive:
            self.trace("mirror", disk.party, disk.counterpart, start, len(rows))
            self.check(self.ghost.wrote_their, disk, start, rows)
            self.check(self.ghost.check_ahead, disk)

    def read_mark(self, disk: ChannelDisk, note: bytes | None) -> None:
        if note != (None if disk.mark is None else disk.mark[0]):
            raise Violation("I3", f"the mark of {disk.party} does not read back as it was durable")

    def wrote_mark(self, disk: ChannelDisk, process: Process, checkpoint: Checkpoint) -> None:
        if process.alive:
            self.check(self.ghost.wrote_mark, disk, checkpoint)

    def wrote_cosigned(self, disk: ChannelDisk, process: Process, note: bytes, size: int) -> None:
        if process.alive:
            self.trace("receipt", disk.party, disk.counterpart, size)
            self.check(self.ghost.wrote_cosigned, disk, note, size, self.disks[disk.counterpart, disk.party])

    # --- processes ----------------------------------------------------------------------------------------------------

    def _job_delay_us(self, process: Process) -> int:
        until_us, slow_us = self._slow[process.name]
        delay_us = 100 + int(self.chance.random() * 3_900)
        return delay_us + slow_us if self.loop.now_us < until_us else delay_us

    def _died(self, process: Process) -> None:
        self.end(process.name, after_us=self.chance.randrange(50_000, 3_000_000), silent=False)

    def start(self, party: str) -> None:
        """Start a party's node, as `nodes.node` does."""
        if self.closing or (party in self.lives and self.lives[party].alive):
            return
        life = Life(party)
        self.trace("start", party)
        entropy = self.chance.randbytes
        life.lines = {}
        life.journal = life.context.run(self.journals[party].open, lambda: life.lines)
        life.start(self.loop, life.journal.run())
        try:
            for (own, counterpart), disk in self.disks.items():
                if own == party:
                    life.lines[counterpart] = life.context.run(self._line, life, disk)
        except NodeError as error:
            raise Violation("start", f"{party} does not start: {error}") from error
        self.lives[party] = life
        by_channel = {line.channel: line for line in life.lines.values()}
        pin = self.pin(party)
        life.listener = Listener(
            lines=cast(Mapping[bytes, Line], by_channel),
            address=("simulated", 1),
            context=_no_context,
            own_pin=pin,
            entropy=entropy,
            read=self.clocks[party].read,
        )
        for counterpart, line in life.lines.items():
            life.start(self.loop, self._guard(life, line))
            dialler = Dialler(
                line=line,
                endpoints=lambda: (("simulated", 1),),
                open_connection=lambda _, to=counterpart: self.network.dial(life, to),  # type: ignore[misc]
                own_pin=pin,
                entropy=entropy,
            )
            life.start(self.loop, dialler.run())

    def _line(self, life: Life, disk: ChannelDisk) -> WatchedLine:
        party, counterpart = disk.party, disk.counterpart
        pair = _pair_of((party, counterpart))
        store = cast(LogStore, FaultyStore(disk, life, self))
        terms, verified = parties.agreement(pair), Verified()
        line = WatchedLine(
            home=self.ministries.home(party, counterpart),
            agreement=terms,
            catalogue=catalogue(),
            store=store,
            mark=FaultyMark(disk, life, self),
            mark_apart=self.apart[party],
            projection=KeptProjection(disk, store=store, agreement=terms, catalogue=catalogue(), verified=verified),
            verified=verified,
            own_rosters=[self.ministries.held[party, pair]],
            their_rosters=[self.ministries.held[counterpart, pair]],
            keyring=parties.keyring(party),
            journal=life.journal,
            executor=cast(Any, None),
            broken=lambda error: self._broke(life, error),
            rekeyed=lambda: None,
            read=self.clocks[party].read,
            entropy=self.chance.randbytes,
        )
        line.world, line.process = self, life
        if self.ghost.truth[party, counterpart].forked:
            _made_to_lie(line)
        self._watch(line)
        return line

    def _watch(self, line: WatchedLine) -> None:
        """What the other side never said changes nothing."""
        receive = line._core.receive

        def watched(data: bytes, now: Instant) -> list[Effect]:
            what = self.adversary.foreign(line.own, line.counterpart, data)
            if what is None:
                phase = line._core.phase
                effects = receive(data, now)
                if line.process.alive and phase == "state" and line._core.phase == "open":
                    self.check(self.ghost.opened, line.own, line.counterpart, data)
                return effects
            before = _standing(line)
            effects = receive(data, now)
            followed = [type(effect).__name__ for effect in effects if isinstance(effect, CHANGING)]
            # What is forged around a checkpoint of one who lies leaves that checkpoint what it is.
            accused = line._core.disputed and self.ghost.truth[line.counterpart, line.own].forked
            if line.process.alive and not accused and (followed or _standing(line) != before):
                found = Violation("I17", f"{line.own} heeds what was {what}: {followed}")
                self.loop.failure = self.loop.failure or found
            self.count(f"{what} changed nothing")
            return effects

        line._core.receive = watched  # type: ignore[method-assign]
        tick = line._core.tick

        def ticked(now: Instant, *, ahead_ms: int = 0) -> list[Effect]:
            effects = tick(now, ahead_ms=ahead_ms)
            for effect in effects:
                if isinstance(effect, Send) and line.process.alive:
                    self.check(self.ghost.quoted, self.disks[line.own, line.counterpart], effect.data)
            return effects

        line._core.tick = ticked  # type: ignore[method-assign]

    async def _guard(self, life: Life, line: WatchedLine) -> None:
        try:
            await line.run()
        except* NodeError as group:
            self._broke(life, cast(NodeError, group.exceptions[0]))

    def _broke(self, life: Life, error: NodeError) -> None:
        """The node ends by itself, because a write failed."""
        if not life.alive:
            return
        self.trace("broke", life.name, error.code)
        if error.code != "store-broken":
            raise Violation("broke", f"{life.name} ends for {error.code}: {error.text}")
        self.end(life.name, after_us=self.chance.randrange(50_000, 3_000_000), silent=False)

    def end(self, party: str, *, after_us: int, silent: bool) -> None:
        """A process ends at this instant, and is started again some time later."""
        life = self.lives.get(party)
        if life is None or not life.alive:
            return
        self.trace("end", party, "without power" if silent else "")
        self.loop.thaw(life)
        life.end()
        for line in life.lines.values():
            cast(KeptProjection, line.projection).leave(keep=not silent)
        self.network.leave(life, silent=silent)
        self.journals[party].crash()
        for (own, _), disk in self.disks.items():
            if own == party:
                disk.crash()
                self.ghost.check_kept(disk)
        self.loop.at_us(self.loop.now_us + after_us, self.start, party, context=NOBODY)

    def stop(self, party: str, after_us: int) -> None:
        """A clean stop: what waits to be written is written."""
        life = self.lives.get(party)
        if life is None or not life.alive:
            return
        for (own, _), disk in self.disks.items():
            if own == party and self._full_until_us[party] <= self.loop.now_us:
                disk.store.flush()
        self.end(party, after_us=after_us, silent=False)

    # --- officers -----------------------------------------------------------------------------------------------------

    def _desk(self, voice: tuple[str, str]) -> Desk:
        """The officers of a party on a channel."""
        keys = self.keys[voice]
        return Desk(
            _pair_of(voice),
            self.disks[voice],
            self.ghost.truth[voice],
            self.ghost.truth[voice[1], voice[0]],
            self.chance,
            lambda number: keys.get(number) or parties.officer(voice[0], number),
            self._terms(voice),
            proposing=self._proposing,
        )

    def _terms(self, voice: tuple[str, str]) -> Agreement:
        """What is in force, as a party's officers last heard from their node."""
        life = self.lives.get(voice[0])
        if life is not None and life.alive and voice[1] in life.lines:
            self._told[voice] = life.lines[voice[1]].agreement
        return self._told.get(voice) or parties.agreement(_pair_of(voice))

    def _amend(self, voice: tuple[str, str], *, accept: bool) -> None:
        """A party's roots sign another text, or countersign that of the other party."""
        life = self.lives.get(voice[0])
        if not self.faulty or life is None or not life.alive or not life.lines[voice[1]].live:
            return
        line = life.lines[voice[1]]
        try:
            signed = (
                treaties.countersignature(line, self._treaty)
                if accept
                else treaties.amendment(line, self._treaty, hold=self.deciding)
            )
        except NodeError:
            # Its disk is damaged just now, and the roots are asked another time.
            return
        if signed is not None:
            self.amended.update({voice, voice[::-1]})
            self.count("amendment countersigned" if accept else "amendment signed")
            self._question(voice, signed, [], self._desk(voice))

    def _speak(self, party: str, counterpart: str, *, flash: bool = False, small: bool = False) -> None:
        voice = party, counterpart
        desk = self._desk(voice)
        now_ms = self.clocks[party].read().wall_ms
        signed, further = desk.statement(now_ms, flash=flash, small=small)
        if self.deciding and not small and self._people.random() < people.PUT_IN:
            signed = replace(signed, signatures=())
            life = self.lives.get(party)
            if life is not None and life.alive:
                life.start(self.loop, self._put_in(life.lines[counterpart], voice, signed))
            return
        self._question(voice, signed, further, desk)

    async def _put_in(self, line: Line, voice: tuple[str, str], signed: SignedStatement) -> None:
        """A program drafts something, and nobody ever signs it."""
        self.stopped.add((*voice, Statement.parse(signed.statement).id))
        with contextlib.suppress(NodeError):
            outcome = await line.intake.submit(signed, automated=True, person=1)
            self.count("put in by a program")
            self.count(f"put in and held for a person: {outcome.hold is not None}")
            if outcome.state != "draft":
                self.loop.failure = Violation("R1", f"what a program put in is {outcome.state}")

    async def _stop(self, life: Life, line: Line, voice: tuple[str, str], signed: SignedStatement, draft: str) -> bool:
        """Refuse a draft, or cancel what is held back; False where it cannot be done now."""
        statement_id, held_back = bytes.fromhex(draft), line.intake.outcome(bytes.fromhex(draft)).state == "held-back"
        try:
            await line.journal.ready()
            act = people.decision(line, signed, held_back, self._desk(voice).key, self._people)
            await line.decisions.close(draft, act, person=2)
        except NodeError:
            return False
        if life.alive:
            self.stopped.add((*voice, statement_id))
            self.count("release cancelled" if held_back else "draft refused")
        return True

    def _question(self, voice: tuple[str, str], signed: SignedStatement, further: list[int], desk: Desk) -> None:
        self._asked += 1
        self._open_questions[self._asked] = voice, signed, further
        self._submit(self._asked, desk)

    def _submit(self, number: int, desk: Desk) -> None:
        if number not in self._open_questions:
            return
        voice, signed, further = self._open_questions[number]
        life = self.lives.get(voice[0])
        if life is not None and life.alive:
            life.start(self.loop, self._ask(life, number, desk, voice, signed, further))
        self.loop.at_us(
            self.loop.now_us + self.chance.randrange(2_000_000, 6_000_000), self._submit, number, desk, context=NOBODY
        )

    async def _ask(
        self,
        life: Life,
        number: int,
        desk: Desk,
        voice: tuple[str, str],
        signed: SignedStatement,
        further: list[int],
    ) -> None:
        """One attempt to get an answer from the node."""
        line = life.lines[voice[1]]
        statement_id = Statement.parse(signed.statement).id
        disk, peer = self.disks[voice], self.disks[voice[1], voice[0]]
        try:
            outcome = await line.intake.submit(signed)
            if life.alive:
                self._answered(disk, peer, statement_id, outcome.state)
            stops = self.deciding and outcome.draft is not None and self._people.random() < people.STOPPED
            if stops and await self._stop(life, line, voice, signed, statement_id.hex()):
                self._open_questions.pop(number, None)
                return
            while further and outcome.state == "draft":
                more = desk.sign(signed, further[0]).signatures[-1]
                outcome = await line.intake.sign_draft(statement_id.hex(), more)
                if life.alive:
                    self._answered(disk, peer, statement_id, outcome.state)
                break
            if outcome.state in ("logged", "queued") and self.chance.random() < 0.5:
                outcome = await line.intake.follow(outcome, "held", 3.0)
                if life.alive:
                    self._answered(disk, peer, statement_id, outcome.state)
        except StoreFull:
            self.count("officer told that the disk is full")
            return
        except NodeError as error:
            # A draft that was logged meanwhile, by another attempt of the same officer, is no draft any more.
            if life.alive and voice in self.amended and error.code in BY_AMENDMENT:
                self.count("officer refused by an amendment")
                self._open_questions.pop(number, None)
            elif self.deciding and error.code == "draft-closed":
                # By an attempt of the same officer that got no answer.
                self.stopped.add((*voice, statement_id))
                self._open_questions.pop(number, None)
            elif life.alive and voice in self.changed and error.code in BY_ROSTER:
                self.count("officer refused by a new roster")
                self._open_questions.pop(number, None)
            elif life.alive and self.ghost.truth[voice].rolled_back and error.code == "roster-refused":
                # The one before it went with the disk.
                self.count("officer refused a roster that does not follow")
                self._open_questions.pop(number, None)
            elif life.alive and not line.live and error.code in {"root-set-refused", "roster-refused"}:
                # A life begins with the first roots, and looks into its log when it may sign; the officer comes again.
                self.count("officer refused before the log was read")
            elif self.touching and error.code == passkeys.BY_COUNTER:
                self.count("officer refused by a counter")
                self._open_questions.pop(number, None)
            elif voice in self.ghost.flipped and error.code in BY_DAMAGE:
                self.count("officer told that the disk is damaged")
            elif life.alive and error.code == "no-such-statement":
                self.loop.failure = Violation("I3", f"{voice} was told that a statement is kept, and it is not")
            elif life.alive and error.code not in ("store-broken", "no-such-draft"):
                self.loop.failure = Violation("refused", f"{voice} was refused {error.code}: {error.text}")
            return
        waits = line.store.waiting_of(statement_id)
        if waits is not None and waits[0] == REFUSED:
            self.count("what waited was refused by a new roster")
            self._open_questions.pop(number, None)
        # The next roster is made once this one has its place.
        done = ("logged", "held") if number == self._roster_question.get(voice) else ("logged", "held", "queued")
        if life.alive and outcome.state in done:
            self._open_questions.pop(number, None)

    def _answered(self, disk: ChannelDisk, peer: ChannelDisk, statement_id: bytes, state: str) -> None:
        self.trace("answer", disk.party, disk.counterpart, statement_id.hex()[:8], state)
        self.count(f"answer {state}")
        self.check(self.ghost.answered, disk, peer, statement_id, state)

    # --- faults -------------------------------------------------------------------------------------------------------

    def strike(self, fault: Fault) -> None:
        """Carry out one fault."""
        if not self.faulty:
            return
        loop, party, other, us = self.loop, fault.party, fault.other, fault.amount * 1000
        self.trace("fault", fault.kind, party, other, fault.amount)
        self.count(f"fault {fault.kind}")

        def later(call: Callable[..., None], *arguments: object) -> None:
            loop.at_us(loop.now_us + us, call, *arguments, context=NOBODY)

        match fault.kind:
            case "drop":
                self.network.cut(party, other)
            case "delay":
                self.network.routes[party, other].delay_us = us
            case "partition":
                for a, b in ((party, other), (other, party)):
                    self.network.block(a, b, blocked=True)
                    later(self._unblock, a, b)
            case "one-way":
                self.network.block(party, other, blocked=True)
                later(self._unblock, party, other)
            case "crash" | "power":
                self.end(party, after_us=us, silent=fault.kind == "power")
            case "stop":
                self.stop(party, after_us=us)
            case "full":
                self._full_until_us[party] = loop.now_us + us
            case "slow-disk":
                self._slow[party] = (loop.now_us + 4_000_000, us)
            case "clock-jump":
                self.clocks[party].jump(fault.amount)
            case "clock-drift":
                self.clocks[party].set_drift(fault.amount)
            case "clock-frozen":
                self.clocks[party].freeze(loop.now_us + us)
            case "pause":
                self._pause(party, us)
            case "bit-flip":
                self._flip((party, other), fault.amount)
            case "unauthorised":
                self._stolen_voice(party, other)
            case "unheard-of":
                self._later_catalogue((party, other))
            case "roster":
                self._new_roster((party, other), fault.amount)
            case "burst":
                if fault.amount % 2:
                    # Nothing leaves meanwhile, so that there is a backlog for the flash to go ahead of.
                    self.network.cut(party, other)
                    for a, b in ((party, other), (other, party)):
                        self.network.block(a, b, blocked=True)
                        loop.at_us(loop.now_us + BACKLOG_US, self._unblock, a, b, context=NOBODY)
                for _ in range(fault.amount):
                    self._speak(party, other, small=True)
                # At its own node it waits for nothing that waits there too, so it comes last only if it comes later.
                flash = partial(self._speak, party, other, small=True, flash=True)
                loop.at_us(loop.now_us + BACKLOG_US // 2 * (fault.amount % 2), flash, context=NOBODY)
            case "old-disk" | "fork":
                self._old_disk(party, us, lying=fault.kind == "fork")

    def _pause(self, party: str, us: int) -> None:
        """A process is stopped for a while, as by a signal; its machine goes on."""
        life = self.lives.get(party)
        if life is not None and life.alive:
            self.loop.freeze(life)
            self.loop.at_us(self.loop.now_us + us, self._go_on, life, context=NOBODY)

    def _flip(self, voice: tuple[str, str], amount: int) -> None:
        """A disk changes a bit of what both sides have; at some time somebody looks."""
        disk, their = self.disks[voice], self.disks[voice[1], voice[0]]
        whose = self.chance.choice(voice)
        both = min(disk.store.head(whose).size, their.store.head(whose).size)
        truth = self.ghost.truth[whose, voice[1] if whose == voice[0] else voice[0]]
        if not both or truth.rolled_back or truth.forked:
            return
        index = self.chance.randrange(both)
        what = disk.flip(whose, index, amount)
        self.ghost.flipped.add(voice)
        if what == "note":
            self._note_flipped.add(voice)
        self.trace("flipped", *voice, what, "of", whose, index)
        self.count(f"flipped {what}")
        if amount % 2:
            self.loop.at_us(self.loop.now_us + self.chance.randrange(4_000_000), self._scrub, voice, context=NOBODY)

    def _scrub(self, voice: tuple[str, str]) -> None:
        """Somebody has the disk looked through."""
        life = self.lives.get(voice[0])
        if life is not None and life.alive:
            life.context.run(life.lines[voice[1]].upkeep.scrub.hurry)

    def _go_on(self, life: Life) -> None:
        if self.loop.is_frozen(life):
            self.trace("goes on", life.name)
            self.loop.thaw(life)

    def _unblock(self, a: str, b: str) -> None:
        self.network.block(a, b, blocked=False)

    def _stolen_voice(self, party: str, other: str) -> None:
        """A node logs what nobody signed: its line is told past every check that it would make."""
        life = self.lives.get(party)
        if life is None or not life.alive or not life.lines[other].live:
            return
        voice = party, other
        desk = self._desk(voice)
        signed, _ = desk.statement(self.clocks[party].read().wall_ms)
        forged = tuple(
            Signature(
                signer=one.signer,
                role=one.role,
                algorithm=one.algorithm,
                value=passkeys.unverified(one, desk.key) or bytes(len(one.value)),
            )
            for one in signed.signatures
        )
        self.ghost.unauthorised.add(Statement.parse(signed.statement).id)
        self._place(life, other, SignedStatement(statement=signed.statement, signatures=forged, body=signed.body))

    def _later_catalogue(self, voice: tuple[str, str]) -> None:
        """A node of another version logs a kind that nobody here knows, or an exercise in what is none."""
        life = self.lives.get(voice[0])
        if life is None or not life.alive or not life.lines[voice[1]].live:
            return
        now_ms = self.clocks[voice[0]].read().wall_ms
        mixed = self._desk(voice).mixed(now_ms) if self.chance.random() < 0.7 else None
        signed = mixed or self._desk(voice).unheard_of(now_ms)
        into = self.ghost.unheard_of if mixed is None else self.ghost.mixed
        into.add(Statement.parse(signed.statement).id)
        self._place(life, voice[1], signed)

    def _place(self, life: Life, other: str, signed: SignedStatement) -> None:
        async def place() -> None:
            with contextlib.suppress(NodeError):
                await life.lines[other].place(Statement.parse(signed.statement), signed)

        life.start(self.loop, place())

    def _first_roster(self, voice: tuple[str, str]) -> tuple[Roster, bytes]:
        made = parties.roster(voice[0], _pair_of(voice))
        return made, rosters.render(made)

    def _new_roster(self, voice: tuple[str, str], amount: int) -> None:
        """A party's roots sign the next roster: somebody goes, gets a new key or comes, or it runs out soon."""
        before, text = self.rosters[voice]
        asked = self._roster_question.get(voice)
        if (asked in self._open_questions) or self.ghost.truth[voice].rolled_back or not self.faulty:
            return
        # What is signed by the keys of before is on its way at the same time.
        desk, now_ms = self._desk(voice), self.clocks[voice[0]].read().wall_ms
        for _ in range(3):
            after_us = self.loop.now_us + self.chance.randrange(400_000)
            said = partial(self._question, voice, *desk.statement(now_ms, small=True), desk)
            self.loop.at_us(after_us, said, context=NOBODY)
        changes: dict[str, Any] = {"valid_until_ms": START_MS + parties.LIFE_MS}
        match 1 if self.touching else amount % 4:
            case 1 if self.touching:
                self.keys[voice][1] = device = passkeys.device(voice[0], f"{voice} 1 of {before.version + 1}")
                changes["people"] = tuple(
                    replace(one, key=None, passkeys=(device.public,)) if one.number == 1 else one
                    for one in before.people
                )
                self.count("somebody has a passkey")
            case 0:
                changes["people"] = tuple(one for one in before.people if one.number != 4)
            case 1:
                self.keys[voice][1] = key = hybrid(
                    f"{voice[0]} 1 of {before.version + 1}", KeyRole.OFFICER, parties.suite()
                )
                changes["people"] = tuple(
                    replace(one, key=key.public) if one.number == 1 else one for one in before.people
                )
                changes["revoked"] = self._revoked(voice, before, amount)
            case 2:
                people = [one for one in before.people if one.number != 5]
                changes["people"] = (*people, replace(people[0], number=5, key=parties.officer(voice[0], 5).public))
            case _:
                changes["valid_until_ms"] = max(
                    self.clocks[voice[0]].read().wall_ms + amount, before.valid_from_ms + amount
                )
                again_us = self.loop.now_us + 2 * amount * 1000
                self.loop.at_us(again_us, self._new_roster, voice, 4 * amount, context=NOBODY)
        made, signed = parties.following(before, text, _pair_of(voice), self.rooted[voice].signing, **changes)
        self.rosters[voice] = made, signed.body or b""
        self.changed.add(voice)
        self.count("roster signed")
        self._roster_question[voice] = self._asked + 1
        self._question(voice, signed, [], self._desk(voice))

    def _change_roots(self, voice: tuple[str, str]) -> None:
        """A party's roots sign the set after theirs, once the last roster has its place."""
        asked = self._roster_question.get(voice)
        if (asked in self._open_questions) or not self.faulty:
            return
        version = self.rosters[voice][0].version
        self.rooted[voice], signed = self.rooted[voice].following(_pair_of(voice), version, self._rooting)
        self.count("root set signed")
        self._roster_question[voice] = self._asked + 1
        self._question(voice, signed, [], self._desk(voice))

    def _steal_roots(self, voice: tuple[str, str]) -> None:
        """Thieves have the old roots and the node, and log a set that no root of its own has signed."""
        life = self.lives.get(voice[0])
        asked = self._roster_question.get(voice)
        if asked in self._open_questions or life is None or not life.alive or not life.lines[voice[1]].live:
            return
        version = self.rosters[voice][0].version
        _, signed = self.rooted[voice].following(_pair_of(voice), version, self._rooting, stolen=True)
        if Statement.parse(signed.statement).id in self.ghost.unauthorised:
            # The same once more; who places it so asks no intake, which would know.
            return
        self.ghost.unauthorised.add(Statement.parse(signed.statement).id)
        self.stolen_roots.add(Statement.parse(signed.statement).id)
        self.count("root set forged")
        self._place(life, voice[1], signed)

    def _revoked(self, voice: tuple[str, str], before: Roster, amount: int) -> tuple[RevokedKey, ...]:
        """Of a key that changes the one before was stolen, at some place of the log."""
        old = before.person(1)
        if old is None or old.key is None or len(before.revoked) == REVOKED_MAX:
            return before.revoked
        trusted = amount % (len(self.ghost.truth[voice].said) + 1)
        self.count("key revoked")
        return (*before.revoked, RevokedKey("officer", old.key.key_id, "stolen", trusted))

    def _old_disk(self, party: str, us: int, *, lying: bool) -> None:
        """The machine is put back to what it was at the last look, its high-water mark too unless that lies apart.

        Where it is put back to lie, its mark is as well, and its node signs on from there.
        """
        old = self._old.get(party)
        life = self.lives.get(party)
        if old is None or life is None or not life.alive:
            return
        self.end(party, after_us=us, silent=True)
        for voice, image in old.items():
            disk = self.disks[voice]
            disk.put_back(image, mark=lying or not self.apart[party])
            self.ghost.replaced(disk, lying=lying)
        self.count("a node lies" if lying else "a disk was replaced")

    def _look(self, party: str) -> None:
        """Remember a machine as it is, for putting it back."""
        self._old[party] = {voice: disk.image() for voice, disk in self.disks.items() if voice[0] == party}

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self) -> World:
        """Let it all happen.

        Raises:
            Violation: something that must hold does not.
        """
        with quiet(self):
            try:
                self._run()
            except Unhandled as error:
                raise Violation("unhandled", str(error)) from error
            finally:
                self._close()
        return self

    def _run(self) -> None:
        loop, plan = self.loop, self.plan
        for party in parties.PARTIES:
            loop.at_us(self.chance.randrange(0, 1_500_000), self.start, party, context=NOBODY)
        for at_us, party, other in plan.statements:
            flash = self.chance.random() < 0.1
            loop.at_us(at_us, partial(self._speak, party, other, flash=flash), context=NOBODY)
        for fault in plan.faults:
            loop.at_us(fault.at_us, self.strike, fault, context=NOBODY)
            if fault.kind in ("old-disk", "fork"):
                loop.at_us(fault.at_us * 2 // 3, self._look, fault.party, context=NOBODY)
        watch = Watchkeepers(self)
        if self.seed % ONE_IN == 0:
            loop.at_us(PAGED_EVERY_US, self.check, watch.look, context=NOBODY)
        loop.run_until(plan.until_us)
        self._heal()
        loop.run_until(loop.now_us + HEAL_US, done=self._settled)
        self.healed_us = loop.now_us - plan.until_us
        if not self.agreed():
            raise Violation("L1", f"no agreement after {HEAL_US // 1_000_000} s: {self._standing()}")
        loop.run_until(loop.now_us + 1_500_000)
        self.counters["append in parts"] += self.ghost.in_parts
        watch.finish()
        self._last_checks()

    def _order(self, line: Line) -> list[tuple[int, ...]]:
        """The order of what a node has judged, thread by thread."""
        return list(cast(Any, line.projection)._db.execute("SELECT thread, at, seq, place FROM thread_entry"))

    def _heal(self) -> None:
        """Nothing goes wrong any more. What an adversary got into ends, for TLS would have ended it before."""
        self.trace("heal")
        self.faulty = False
        self._ordered = {
            (party, other): self._order(line)
            for party, life in self.lives.items()
            if life.alive
            for other, line in life.lines.items()
        }
        for (a, b), route in self.network.routes.items():
            route.delay_us = min(route.delay_us, 60_000)
            self.network.cut(a, b)
            self.network.block(a, b, blocked=False)
        for party in parties.PARTIES:
            self._full_until_us[party] = 0
            self._slow[party] = (0, 0)
            self.clocks[party].thaw()
            if party in self.lives:
                self._go_on(self.lives[party])

    def explained(self, pair: tuple[str, str]) -> bool:
        """Whether a channel need not agree: a disk was replaced, and somebody said so with evidence."""
        for own, their in (pair, pair[::-1]):
            truth = self.ghost.truth[own, their]
            # One who lies says nothing of it; one who was put back finds it out.
            said = {code for party, other, code in self.ghost.alarms if (party, other) == (their, own)} & ACCUSATIONS
            found = {
                code for party, other, code in self.ghost.alarms if (party, other) == (own, their)
            } & BEYOND_MENDING
            if truth.forked and (said or self._says_nothing_new(own, their)):
                return True
            # What it signed before and nobody had seen may turn up when it has signed beside it.
            if truth.rolled_back and not truth.forked and (found & BEYOND_MENDING or "fork" in said):
                return True
        return False

    def _says_nothing_new(self, own: str, their: str) -> bool:
        """Whether one who lies only holds back: its log is the beginning of what the other side has of it."""
        mine, mirror = self.disks[own, their].store.head(own), self.disks[their, own].store
        return mine.size <= mirror.head(own).size and mirror.root(own, mine.size) == mine.root

    def _settled(self) -> bool:
        """Whether they agree, looked at now and then."""
        if self.loop.now_us < self._look_again_us:
            return False
        self._look_again_us = self.loop.now_us + LOOK_US
        return self.agreed()

    def agreed(self) -> bool:
        """Whether every channel is whole: all queued is logged, all logged is held and judged, dockets are the same."""
        return all(self._agreed(pair) or self.explained(pair) for pair in parties.CHANNELS)

    def _agreed(self, pair: tuple[str, str]) -> bool:
        lines = []
        for own, their in (pair, pair[::-1]):
            life = self.lives.get(own)
            if life is None or not life.alive:
                return False
            lines.append(life.lines[their])
        if any(voice in (pair, pair[::-1]) for voice, _, _ in self._open_questions.values()):
            return False
        for voice in self.ghost.flipped.intersection((pair, pair[::-1])):
            if not self.ghost.is_whole(self.disks[voice]):
                # What was found before, and could not be had back at that time, is looked for again.
                self._scrub(voice)
                return False
        for line, other in ((lines[0], lines[1]), (lines[1], lines[0])):
            log, mirrored = line.store.head(line.own), other.store.head(line.own)
            if log.size < 2 or (log.size, log.root) != (mirrored.size, mirrored.root):
                return False
            if line.held_size != log.size or line.store.waiting("queue") or not line.live:
                return False
            if line.projection.sizes != (log.size, line.store.head(line.counterpart).size):
                return False
        return True

    def _standing(self) -> str:
        """Where everybody stands, for whoever reads a failure."""
        found = []
        for (own, their), disk in self.disks.items():
            life = self.lives.get(own)
            line = None if life is None or not life.alive else life.lines[their]
            where = "down" if line is None else f"live={line.live} held={line.held_size} judged={line.projection.sizes}"
            waits = [len(disk.store.waiting(name)) for name in ("draft", "queue", "refused")]
            sizes = disk.store.head(own).size, disk.store.head(their).size
            found.append(f"{own}/{their} {sizes} {where} waits={waits}")
        return "; ".join([*found, f"open questions {len(self._open_questions)}"])

    def _last_checks(self) -> None:
        self._check_journals()
        for pair in parties.CHANNELS:
            if not self._agreed(pair):
                continue
            first, second = (self.lives[a].lines[b] for a, b in (pair, pair[::-1]))
            own, their, digest = first.projection.digest()
            for (name,) in cast(Any, first.projection)._db.execute("SELECT DISTINCT register FROM item"):
                if name is not None:
                    self.count(f"in force {name}")
            if second.projection.digest() != (their, own, digest):
                raise Violation("P10", f"the two nodes of {pair} compute different dockets")
            if self.seed % AUDITED == 0:
                self._audit(pair, first, second)
            if sorted(self._order(first)) != sorted(self._order(second)):
                raise Violation("P4", f"the two nodes of {pair} have different orders")
            for voice in (pair, pair[::-1]):
                self._check_verdicts(voice, first)
                self._check_marks(voice, first, second)
                self._check_once(voice)
                before = self._ordered.get((voice[0], voice[1]), [])
                put_back = self.ghost.truth[voice].rolled_back or self.ghost.truth[voice[::-1]].rolled_back
                now = set(self._order(self.lives[voice[0]].lines[voice[1]]))
                if not put_back and not now.issuperset(before):
                    raise Violation("P4", f"the order of what {voice[0]} had judged changed")

    def _check_journals(self) -> None:
        """Each party's journal is whole, and by whom it says; what was stopped is in it."""
        for party, kept in self.journals.items():
            acts = kept.acts()
            if not acts:
                continue
            report = kept.audited()
            if report.verdict != "verified":
                raise Violation("R3", f"the journal of {party} is {report.verdict}: {report.findings[:3]}")
            self.count("journal verified")

    def _audit(self, pair: tuple[str, str], first: Line, second: Line) -> None:
        """An auditor who has both exports comes to the verdict that the world knows."""
        truths = [self.ghost.truth[voice] for voice in (pair, pair[::-1])]
        if any(truth.rolled_back or truth.forked for truth in truths):
            return
        if self._note_flipped.intersection((pair, pair[::-1])):
            # It may be the receipt that would be exported, for which the next one stands in, and there was none.
            return
        self.count("audit")
        stolen = {said.statement_id for truth in truths for said in truth.said} & self.ghost.unauthorised
        found, docket = audited(first.store, second.store, pair)
        if docket is not None and docket != first.projection.digest()[2]:
            raise Violation("P10", f"an audit of {pair} computes another docket than the nodes")
        least = STOLEN if stolen - self.stolen_roots else frozenset[str]()
        most = least | STOLEN_ROOTS if stolen & self.stolen_roots else least
        if not least <= found <= most or bool(found) != bool(stolen):
            raise Violation("I20", f"an audit of {pair} refutes on {sorted(found)}")

    def _check_marks(self, voice: tuple[str, str], *lines: Line) -> None:
        """Both nodes mark what revoked keys signed behind the last trust and before the roster, and nothing else."""
        number = lines[0].agreement.shorts.index(voice[0])
        rows = "SELECT place >> 1, kind, effective, signers FROM judged WHERE place & 1 = ? ORDER BY place"
        judged = list(cast(Any, lines[0].projection)._db.execute(rows, (number,)))
        revoked_at: dict[bytes, tuple[int, int]] = {}
        last: Roster | None = None
        by_whom: list[tuple[int, bytes]] = []
        for index, kind, effective, signers in judged:
            if last is not None and any(one.startswith("1:") for one in signers.split()):
                person = last.person(1)
                if person is not None and person.key is not None:
                    by_whom.append((index, person.key.key_id))
            if kind == "roster" and effective:
                last = rosters.parse(lines[0].store.body(voice[0], index) or b"")
                for one in last.revoked:
                    revoked_at.setdefault(one.key, (index, one.trusted))
        for index, key in by_whom:
            at, trusted = revoked_at.get(key, (0, 0))
            wanted = f"{voice[0]} {at}" if trusted <= index < at else None
            for line in lines:
                projection = cast(Any, line.projection)
                mark = projection.distrusted.mark(projection._db, index << 1 | number)
                if (None if mark is None else mark["revoked_at"]) != wanted:
                    raise Violation("P9", f"{line.own} marks {voice[0]} {index} otherwise than {wanted}: {mark}")
            if wanted is not None:
                self.count("said with a key that was revoked")

    def _check_verdicts(self, voice: tuple[str, str], line: Line) -> None:
        truth, other = self.ghost.truth[voice], self.ghost.truth[voice[::-1]]
        for index, said in enumerate(truth.said):
            view = (
                cast(Any, line.projection)
                ._db.execute(
                    "SELECT faults, effective FROM judged WHERE place=?",
                    (index << 1 | line.agreement.shorts.index(voice[0]),),
                )
                .get
            )
            if view is None and truth.rolled_back and index >= self.disks[voice].store.head(voice[0]).size:
                # Signed before its disk was put back, at neither side any more, and said so: `tail-lost`.
                continue
            faults, effective = view
            stolen = said.statement_id in self.ghost.unauthorised
            tolerated = PUT_BACK if truth.rolled_back or other.rolled_back else frozenset()
            if voice in self.changed:
                tolerated |= {"roster-expired"}
            if self.touching:
                tolerated |= {passkeys.BY_COUNTER}
                if passkeys.BY_COUNTER in faults:
                    self.count("counter shown")
            if voice in self.amended:
                tolerated |= BY_ORDER
                if "agreement-superseded" in faults:
                    self.count("agreement superseded shown")
            if said.statement_id in self.ghost.unheard_of:
                if effective or "not-understood" not in faults:
                    raise Violation("P15", f"{voice[0]} {index} is of no kind that is known here, and has {faults}")
                self.count("not understood shown")
                continue
            if said.statement_id in self.ghost.mixed:
                if effective or "status-mixed" not in faults:
                    raise Violation("P14", f"{voice[0]} {index} is an exercise in a thread that is none, and counts")
                self.count("mixed status shown")
                continue
            if faults and set(faults.split()) <= tolerated:
                continue
            if stolen and effective:
                raise Violation("P9", f"{voice[0]} {index} counts, and nobody signed it")
            if stolen:
                self.count("unauthorised shown")
            if not stolen and faults:
                raise Violation("P9", f"{voice[0]} {index} ({said.kind}) is honest and has {faults}")

    def _check_once(self, voice: tuple[str, str]) -> None:
        disk, truth = self.disks[voice], self.ghost.truth[voice]
        self.ghost.check_kept(disk)
        for statement_id, state in self.ghost.acknowledged[voice].items():
            waits = disk.store.waiting_of(statement_id)
            refused = waits is not None and waits[0] == REFUSED and voice in self.changed | self.amended
            promised = statement_id not in self.ghost.forgiven and not truth.rolled_back and not refused
            if promised and state in ("logged", "held", "queued") and statement_id not in truth.places:
                raise Violation("I4", f"a statement acknowledged as {state} never came into the log of {voice[0]}")

    def _close(self) -> None:
        """End everything, and let its tasks come to an end."""
        self.closing = True
        for life in self.lives.values():
            # Where a world fails, somebody may stand still, who would keep tasks that never end.
            self.loop.thaw(life)
            if life.alive:
                life.end()
                self.network.leave(life, silent=True)
                for line in life.lines.values():
                    cast(KeptProjection, line.projection).leave()
        self.loop.run_until(self.loop.now_us + 10_000_000, heedless=True)
        for disk in self.disks.values():
            let_go(disk)


def _made_to_lie(line: Line) -> None:
    """Take from a node the rules by which it heeds what the other side holds of its log."""
    outbox = line._core._outbox
    take_receipt = outbox.take_receipt

    def take_what_fits(note: bytes, verified: VerifiedCheckpoint) -> list[Effect]:
        told = verified.checkpoint
        if told.size > line.store.head(line.own).size or line.store.root(line.own, told.size) != told.root:
            return []
        return take_receipt(note, verified)

    def heed_nothing(*told: object) -> list[Effect]:
        line._core.live = True
        return [Live()]

    outbox.heed = heed_nothing  # type: ignore[method-assign, assignment]
    line._core._recovery.learn = lambda *_: []  # type: ignore[method-assign]
    outbox.take_receipt = take_what_fits  # type: ignore[method-assign]


def _pair_of(voice: tuple[str, str]) -> tuple[str, str]:
    """The channel of a voice, as CHANNELS names it."""
    return next(pair for pair in parties.CHANNELS if set(pair) == set(voice))


def _standing(line: Line) -> tuple[object, ...]:
    """Everything of a line that a frame of the other side may change."""
    core, store = line._core, line.store
    heads = [store.head(voice).root for voice in (line.own, line.counterpart)]
    notes = [store.note(name) for name in (OWN_COSIGNED, THEIR_SIGNED, THEIR_NEWEST, THEIR_COSIGNED)]
    return heads, notes, store.ahead_indexes(), core.quoted, core.live, core.disputed, core.cosigned_size


def _no_context() -> Any:
    raise AssertionError("nothing here speaks TLS")


_SILENT = structlog.wrap_logger(
    structlog.ReturnLogger(), processors=[], wrapper_class=structlog.make_filtering_bound_logger(50)
).bind()
"""What nodes log with where nobody reads it: one for all, since to find out each time that nobody does takes longer."""


@contextlib.contextmanager
def quiet(world: World) -> Iterator[None]:
    """Nodes log into the trace, or nowhere."""
    if world.lines_of_trace is None:
        with patch.object(structlog, "get_logger", lambda **_: _SILENT):
            yield
        return
    lines = world.lines_of_trace

    def into_trace(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        words = " ".join(f"{name}={value}" for name, value in event.items() if name != "event")
        lines.append(world._line_of_trace(("node", event.get("event"), words)))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[into_trace],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
