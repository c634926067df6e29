"""The simulator's stage for scenarios: two nodes in virtual time, with the intervals that the agreement really has.

The nodes are the classes that `nodes/` runs, on the loop, the network and the disks of `tests.simulation`, with nothing
going wrong but what the scenario asks for. Hours in which nobody does anything are leapt over, as if both machines had
slept: each timer that fell due meanwhile fires once.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, TypeVar, cast

import apsw

from hotline.desk import Channel, Officer, Spoken, read_entry
from hotline.journalling import make_act
from hotline.scenarios.live import seen_of
from hotline.scenarios.scenario import PARTIES, Scenario
from hotline.scenarios.stage import AUDITOR, Audited, Declined, Seen
from hotline.scenarios.terms import scenario_agreement
from keys import roster as rosters
from keys.hybrid import HybridPrivateKey
from keys.keyring import NodeKeyring
from keys.roles import KeyRole
from keys.roster import Roster
from keys.tls_identity import spki_pin
from nodes.dialler import Dialler
from nodes.errors import NodeError
from nodes.home import OfficerHome
from nodes.journal import Journal
from nodes.line import Line
from nodes.peer import Listener
from nodes.rosters import HeldRoster, check_roster
from nodes.signed import SignedStatement
from nodes.store import LogStore, Row
from nodes.verified import Verified
from protocol.agreement import Agreement
from protocol.agreement_terms import Party
from protocol.archive import MemoryArchive
from protocol.audit import audit
from protocol.checkpoint import Checkpoint
from protocol.clocks import Clockwork
from protocol.docket import Docket
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.event import event_of
from protocol.judge import Judge
from protocol.kinds import Catalogue
from protocol.memory_ledger import MemoryLedger
from protocol.signature import ROOT_ROLE, Signature, sign_statement
from protocol.standing import in_force, state_at
from protocol.statement import EMPTY_LOG, LogState, Statement
from protocol.tagged import digest
from protocol.verdict import Verdict, location
from protocol.walk import Walk, verify_here
from tests.builders import DOMAINS, START_MS, YEAR_MS, hybrid, keyring, make_roster, roots
from tests.simulation.auditor import exported
from tests.simulation.derived import KeptProjection, let_go
from tests.simulation.disk import ChannelDisk, FaultyMark, FaultyStore
from tests.simulation.homes import MemoryHome
from tests.simulation.journals import KeptJournal
from tests.simulation.loop import Process, SimLoop, Unhandled
from tests.simulation.network import NOBODY, End, Network

_T = TypeVar("_T")

NAMES: Final = ("duty", "release", "senior", "legal", "technical", "duty-2", "release-2", "senior-2")
"""The officers of each party; a number for a further one of the same role."""
COUNTERPART: Final = {"ARC": "BOR", "BOR": "ARC"}
NAMED: Final = {"ARC": "Republic of Arcadia", "BOR": "Kingdom of Borealia"}

DELAY_US: Final = 5_000
SETTLE_US: Final = 60_000_000
"""How long two nodes may take to come to rest."""
REST_US: Final = 2_500_000
"""How long they are left alone first: what arrived is logged within a second."""
LEAP_US: Final = 120_000_000
"""A wait longer than this is leapt over."""
LOOK_US: Final = 50_000


class Machine:
    """A party's clock; see `tests.simulation.world.Clock`."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self.offset_ms = 0

    def read(self) -> Any:
        """Both clocks."""
        from protocol.effects import Instant

        mono_ms = self._loop.now_us // 1000
        return Instant(START_MS + mono_ms + self.offset_ms, mono_ms)


class Life(Process):
    """A process of one party's node."""

    line: Line
    listener: Listener
    journal: Journal


class Heard(Line):
    """A line whose alarms are remembered from one life of its node to the next."""

    raised: list[str]

    def alarm(self, code: str, text: str) -> None:
        if code not in self.raised:
            self.raised.append(code)
        super().alarm(code, text)


class Shown(KeptProjection):
    """A projection that answers people from the file that it has in memory."""

    def reader(self) -> apsw.Connection:
        return self._db


class NamedHome(OfficerHome):
    """An officer's home of which nothing is asked but whose it is."""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def party(self) -> str:
        return self.path.parent.parent.name


@dataclass(frozen=True)
class _Setting:
    """What a node tells an officer's client who makes an act for the journal."""

    journal: Journal
    now_ms: int

    def request(self, op: str, **arguments: Any) -> dict[str, Any]:
        """As the local API's `journal-setting`."""
        found = self.journal.setting()
        return {
            "after": [found.after.size, found.after.root],
            "catalogue": found.catalogue,
            "now_ms": self.now_ms,
            "origin": found.origin,
            "sealing": found.sealing.raw,
        }


class Simulated:
    """See the module, and `hotline.scenarios.stage.Stage`.

    Args:
        scenario: its agreement.
        catalogue: that the agreement names.
    """

    pace = 1.0
    observers: Sequence[str] = (*PARTIES, AUDITOR)

    def __init__(self, scenario: Scenario, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        first, second = (Party(short, NAMED[short], DOMAINS[short], roots(short)) for short in PARTIES)
        self.agreement = scenario_agreement([scenario], (first, second), catalogue, at_ms=START_MS)
        self._folder = tempfile.TemporaryDirectory(prefix="hotline-scenario-")
        self.loop = SimLoop(lambda _: 200, self._died)  # type: ignore[abstract]
        self.network = Network(cast(Any, self), PARTIES)
        for route in self.network.routes.values():
            route.delay_us = DELAY_US
        self.disks = {short: ChannelDisk(short, COUNTERPART[short]) for short in PARTIES}
        self.machines = {short: Machine(self.loop) for short in PARTIES}
        self.raised: dict[str, list[str]] = {short: [] for short in PARTIES}
        self.lives: dict[str, Life] = {}
        self._chance = Random(scenario.name)
        self._rosters = {short: _roster(short, self.agreement) for short in PARTIES}
        self._held = {short: self._begin(short) for short in PARTIES}
        self.journals = {
            short: KeptJournal(self._keyring(short), seed_name=scenario.name, read=self.machines[short].read)
            for short in PARTIES
        }
        self._seen: tuple[tuple[int, int], dict[int, tuple[Verdict, Any]]] | None = None

    def __enter__(self) -> Simulated:
        for short in PARTIES:
            self._start(short)
        self.settle()
        self._began_us = self.loop.now_us
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for short in PARTIES:
            self._end(short)
        self.loop.run_until(self.loop.now_us + 10_000_000, heedless=True)
        for disk in self.disks.values():
            let_go(disk)
        self._folder.cleanup()

    # --- the nodes ----------------------------------------------------------------------------------------------------

    def _home(self, short: str) -> MemoryHome:
        return MemoryHome(Path(self._folder.name) / short)

    def _begin(self, short: str) -> HeldRoster:
        """Write what a node reads at its first start; gives its roster."""
        documents = (("agreement", self.agreement.text), ("roster", rosters.render(self._rosters[short])))
        folder = self._home(short).path / "bootstrap"
        folder.mkdir(parents=True)
        signed = [self.document(short, kind, text) for kind, text in documents]
        for number, one in enumerate(signed):
            (folder / f"{number:03}.statement").write_bytes(one.encode())
        return check_roster(self.agreement, short, signed[1])

    def document(self, short: str, kind: str, text: bytes, **header: Any) -> SignedStatement:
        """A document as two of a party's roots sign it."""
        values: dict[str, Any] = {
            "channel": self.agreement.channel,
            "party": short,
            "kind": kind,
            "id": sha256(f"{short} {kind} ".encode() + text).digest()[:16],
            "status": "actual",
            "precedence": "routine",
            "issued_at_ms": START_MS,
            "agreement": self.agreement.digest,
            "catalogue": self.catalogue.digest,
            "language": "en",
            "after": EMPTY_LOG,
            "seen": EMPTY_LOG,
            "body_digest": digest(text),
            "body_length": len(text),
        }
        statement = Statement(**{**values, **header}).encode()
        signatures = tuple(
            sign_statement(
                statement,
                channel=self.agreement.channel,
                party=short,
                signer=f"root/{number}",
                role=ROOT_ROLE,
                key=hybrid(f"{short} {number}", KeyRole.ROOT),
            )
            for number in (1, 2)
        )
        return SignedStatement(statement=statement, signatures=signatures, body=text)

    def _start(self, short: str) -> None:
        life = Life(short)
        life.journal = life.context.run(self.journals[short].open, lambda: {COUNTERPART[short]: life.line})
        life.start(self.loop, life.journal.run())
        life.line = life.context.run(self._line, life, short)
        self.lives[short] = life
        pin = self.pin(short)
        life.listener = Listener(
            lines={life.line.channel: life.line},
            address=("simulated", 1),
            context=cast(Any, None),
            own_pin=pin,
            entropy=self._chance.randbytes,
            read=self.machines[short].read,
        )
        life.start(self.loop, life.line.run())
        dialler = Dialler(
            line=life.line,
            endpoints=lambda: (("simulated", 1),),
            open_connection=lambda _: self.network.dial(life, COUNTERPART[short]),
            own_pin=pin,
            entropy=self._chance.randbytes,
        )
        life.start(self.loop, dialler.run())

    def _line(self, life: Life, short: str) -> Line:
        disk, verified = self.disks[short], Verified()
        store = cast(LogStore, FaultyStore(disk, life, self))
        line = Heard(
            home=self._home(short),
            agreement=self.agreement,
            catalogue=self.catalogue,
            store=store,
            mark=FaultyMark(disk, life, self),
            mark_apart=True,
            projection=Shown(disk, store=store, agreement=self.agreement, catalogue=self.catalogue, verified=verified),
            verified=verified,
            own_rosters=[self._held[short]],
            their_rosters=[self._held[COUNTERPART[short]]],
            keyring=self._keyring(short),
            journal=life.journal,
            executor=cast(Any, None),
            broken=self._broke,
            rekeyed=lambda: None,
            read=self.machines[short].read,
            entropy=self._chance.randbytes,
        )
        line.raised = self.raised[short]
        return line

    def _keyring(self, short: str) -> NodeKeyring:
        return keyring(short, self.agreement.channel)

    def _broke(self, error: NodeError) -> None:
        self.loop.failure = error

    def _died(self, process: Process) -> None:
        raise AssertionError(f"{process.name} died")

    def _end(self, short: str) -> None:
        life = self.lives.get(short)
        if life is not None and life.alive:
            life.end()
            cast(KeptProjection, life.line.projection).leave()
            self.network.leave(life, silent=False)
            self.disks[short].crash()
            self.journals[short].crash()

    # --- what the network and the disks ask: nothing goes wrong -------------------------------------------------------

    def listening(self, party: str) -> tuple[Process, Listener] | None:
        life = self.lives.get(party)
        return None if life is None or not life.alive else (life, life.listener)

    def sent(self, end: End, data: bytes) -> Sequence[bytes]:
        return (data,) if end.process.alive else ()

    def arrived(self, end: End, data: bytes) -> None:
        pass

    def jitter_us(self) -> int:
        return 0

    def lead_astray(self, source: str, target: str) -> str:
        return target

    def pin(self, party: str) -> bytes:
        return _pin(self._rosters[party].tls[0])

    def count(self, name: str) -> None:
        pass

    def fate(self, process: Process, what: str) -> str:
        return "ok"

    def sectors(self, count: int) -> int:
        return 1

    def wrote_own(self, disk: ChannelDisk, process: Process, size: int, rows: Sequence[Row], last_ms: int) -> None:
        pass

    def wrote_their(self, disk: ChannelDisk, process: Process, start: int, rows: Sequence[Row]) -> None:
        pass

    def read_mark(self, disk: ChannelDisk, note: bytes | None) -> None:
        pass

    def wrote_mark(self, disk: ChannelDisk, process: Process, checkpoint: Checkpoint) -> None:
        pass

    def wrote_cosigned(self, disk: ChannelDisk, process: Process, note: bytes, size: int) -> None:
        pass

    # --- time ---------------------------------------------------------------------------------------------------------

    def until(self, at_ms: int) -> None:
        goal_us = self._began_us + at_ms * 1000
        if goal_us - self.loop.now_us > LEAP_US:
            self.loop.now_us = goal_us - LEAP_US // 4
        if goal_us > self.loop.now_us:
            self.loop.run_until(goal_us)

    def settle(self) -> None:
        self.loop.run_until(self.loop.now_us + REST_US)
        end_us, look_us = self.loop.now_us + SETTLE_US, 0

        def rests() -> bool:
            nonlocal look_us
            if self.loop.now_us < look_us:
                return False
            look_us = self.loop.now_us + LOOK_US
            return self._rests()

        if self._whole():
            self.loop.run_until(end_us, done=rests)
            if not self._rests():
                raise AssertionError("the two nodes do not come to rest")

    def _whole(self) -> bool:
        """Whether both nodes run and nothing is between them."""
        return all(life.alive for life in self.lives.values()) and not any(
            route.blocked for route in self.network.routes.values()
        )

    def _rests(self) -> bool:
        for short in PARTIES:
            line, other = self.lives[short].line, self.lives[COUNTERPART[short]].line
            log = line.store.head(short)
            if log.size < 2 or log.root != other.store.head(short).root or line.held_size != log.size:
                return False
            if line.store.waiting("queue") or line.projection.sizes != (log.size, line.store.head(other.own).size):
                return False
        return True

    def now_ms(self, party: str) -> int:
        return int(self.machines[party].read().wall_ms)

    def _run(self, party: str, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something as part of a node, until it is done."""
        life = self.lives[party]
        if not life.alive:
            work.close()
            raise Declined("node-not-running", f"the node of {party} does not run")
        task: asyncio.Task[_T] = life.start(self.loop, work)
        try:
            self.loop.run_until(self.loop.now_us + SETTLE_US, done=task.done)
            return task.result()
        except (NodeError, ProtocolError) as error:
            raise Declined(error.code, str(error)) from error
        except Unhandled as error:
            raise AssertionError(str(error)) from error

    # --- officers -----------------------------------------------------------------------------------------------------

    def channel(self, party: str) -> Channel:
        store = self.disks[party].store
        own, their = store.head(party), store.head(COUNTERPART[party])
        return Channel(
            own=party,
            counterpart=COUNTERPART[party],
            agreement=self.lives[party].line.agreement,
            rosters=self._rosters,
            own_log=LogState(own.size, own.root),
            their_log=LogState(their.size, their.root),
            now_ms=self.now_ms(party),
        )

    def officer(self, party: str, name: str) -> Officer:
        if name not in NAMES:
            raise KeyError(name)
        number = NAMES.index(name) + 1
        home = NamedHome(Path(self._folder.name) / party / "officers" / name)
        return Officer(home=home, number=number, key=_key(party, number))

    def spoken(self, party: str, voice: str, index: int) -> Spoken:
        line = self.lives[party].line
        entry = line.store.read(voice, index, index + 1)
        if not entry:
            raise Declined("no-such-entry", f"{party} has no entry {voice} {index}")
        view = line.projection.entry(voice, index)
        return read_entry(
            entry[0], counterpart=COUNTERPART[party], voice=voice, index=index, view=view, held_at_ms=None
        )

    def submit(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        return self._run(party, self.lives[party].line.intake.submit(signed)).as_dict()

    def sign_draft(self, party: str, draft: str, signature: Signature) -> Mapping[str, Any]:
        return self._run(party, self.lives[party].line.intake.sign_draft(draft, signature)).as_dict()

    def outcome(self, party: str, statement_id: bytes) -> Mapping[str, Any]:
        line = self.lives[party].line
        if any(one.id == statement_id.hex() for one in line.drafts.closed()):
            raise Declined("no-such-draft", "somebody refused or cancelled it")
        try:
            return line.intake.outcome(statement_id).as_dict()
        except NodeError as error:
            raise Declined(error.code, str(error)) from error

    def put(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        return self._run(party, self.lives[party].line.intake.submit(signed, automated=True)).as_dict()

    def decide(
        self,
        party: str,
        op: str,
        officer: Officer,
        signed: SignedStatement,
        act: tuple[str, Mapping[str, Any], str | None],
    ) -> None:
        statement, drafts, (kind, facts, text) = Statement.parse(signed.statement), self.lives[party].line.drafts, act
        about = {"counterpart": COUNTERPART[party], "statement": digest(signed.statement), **facts}
        journal = self.lives[party].journal
        self._run(party, journal.ready())
        made = make_act(_Setting(journal, self.now_ms(party)), officer, self._rosters[party], kind, about, text)
        match op:
            case "stop":
                self._run(party, drafts.close(statement.id.hex(), made, person=officer.number))
            case "check":
                self._run(party, drafts.check(statement.id.hex(), made, person=officer.number))
            case _:
                self._run(party, drafts.review(statement.id, made, person=officer.number))

    def called(self, party: str, statement_id: bytes) -> tuple[str, ...]:
        draft, now_ms = self.lives[party].line.drafts.one(statement_id.hex()), self.now_ms(party)
        return tuple(one.role for one in draft.waits if one.since_ms <= now_ms)

    def forge(self, party: str, signed: SignedStatement) -> int:
        line = self.lives[party].line
        placed = self._run(party, _awaited(line.place(Statement.parse(signed.statement), signed)))
        return int(placed.index)

    def enact(
        self, party: str, kind: str, text: bytes, *, thread: bytes | None, in_reply_to: bytes | None
    ) -> tuple[SignedStatement, Mapping[str, Any]]:
        channel = self.channel(party)
        signed = self.document(
            party,
            kind,
            text,
            agreement=channel.agreement.digest,
            after=channel.own_log,
            seen=channel.their_log,
            thread=thread,
            in_reply_to=in_reply_to,
            issued_at_ms=channel.now_ms,
        )
        return signed, self.submit(party, signed)

    def dismiss(self, party: str, name: str) -> None:
        before = self._rosters[party]
        number = NAMES.index(name) + 1
        made = replace(
            before,
            version=before.version + 1,
            previous=digest(rosters.render(before)),
            people=tuple(person for person in before.people if person.number != number),
        )
        store = self.disks[party].store
        own, their = store.head(party), store.head(COUNTERPART[party])
        seen = {"after": LogState(own.size, own.root), "seen": LogState(their.size, their.root)}
        self.submit(party, self.document(party, "roster", rosters.render(made), **seen))
        self._rosters[party] = made

    # --- looking ------------------------------------------------------------------------------------------------------

    def see(self, observer: str, voice: str, index: int) -> Seen | None:
        if observer == AUDITOR:
            return self._audited(voice, index)
        view = self.lives[observer].line.projection.entry(voice, index)
        if view is None:
            return None
        now_ms = self.now_ms(observer)
        return seen_of(view, self.lives[observer].line.projection.registers(now_ms), now_ms)

    def _audited(self, voice: str, index: int) -> Seen | None:
        """What an auditor who has both logs as they are now makes of an entry."""
        found = self._fold().get(location(PARTIES.index(voice), index))
        if found is None:
            return None
        verdict, item = found
        return Seen(
            state=None if item is None else state_at(item, self.now_ms("ARC")),
            rung=None,
            faults=tuple(verdict.faults),
            clocks={},
            effective=verdict.effective,
            in_force=item is not None and in_force(item, self.now_ms("ARC")),
            phase=None if item is None or item.course is None else item.course.phase,
        )

    def _fold(self) -> dict[int, tuple[Verdict, Any]]:
        stores = [self.disks[short].store for short in PARTIES]
        sizes = stores[0].head("ARC").size, stores[1].head("BOR").size
        if self._seen is None or self._seen[0] != sizes:
            texts: dict[bytes, bytes] = {}
            for short, store, size in zip(PARTIES, stores, sizes, strict=True):
                for index in range(size):
                    body = store.body(short, index)
                    if body is not None:
                        texts[digest(body)] = body
            archive = MemoryArchive(
                roots=lambda number, size: stores[number].root(PARTIES[number], size),
                sizes=sizes,
                document=lambda _voice, _index, wanted: texts.get(wanted),
            )
            judge = Judge(agreement=self.agreement, catalogue=self.catalogue, archive=archive)
            walk = Walk(
                judge=judge,
                read=lambda number, start, count: stores[number].read(PARTIES[number], start, start + count),
                verify=verify_here,
            )
            ledger = MemoryLedger()
            clockwork = Clockwork(self.agreement, self.catalogue, lambda: judge.governance.reigns)
            docket = Docket(
                agreement=self.agreement,
                catalogue=self.catalogue,
                ledger=ledger,
                digests=False,
                clockwork=clockwork,
            )
            found: dict[int, tuple[Verdict, Any]] = {}
            for verdict in walk.advance(final=True):
                docket.add(event_of(verdict, judge.state(verdict.voice).last_ms))
                found[location(verdict.voice, verdict.index)] = verdict, None
            self._seen = sizes, {place: (one, ledger.item(place)) for place, (one, _) in found.items()}
        return self._seen[1]

    def proof(self, party: str, voice: str, index: int) -> str | None:
        line = self.lives[party].line
        view = line.projection.entry(voice, index)
        return None if view is None else line.proofs.of(view)

    def ask(self, party: str, op: str, **arguments: Any) -> Any:
        if op != "quoted":
            raise Declined("request-malformed", f"the simulator does not answer {op}")
        return [list(one) for one in self.lives[party].line.unofficial.quoted(arguments["texts"])]

    def alarms(self, party: str) -> tuple[str, ...]:
        return tuple(self.raised[party])

    def line_state(self, party: str) -> str:
        return str(self.lives[party].line.status()["line"])

    # --- what happens to the line -------------------------------------------------------------------------------------

    def cut(self, down: bool) -> None:
        for a, b in (PARTIES, PARTIES[::-1]):
            self.network.block(a, b, blocked=down)
        if down:
            self.network.cut(*PARTIES)

    def power(self, party: str, up: bool) -> None:
        if up:
            self._start(party)
        else:
            self._end(party)

    def turn_clock(self, party: str, by_ms: int) -> None:
        self.machines[party].offset_ms += by_ms

    def audit(self) -> Audited:
        self.settle()
        first, second = (self.lives[short].line for short in PARTIES)
        own, their, summed = first.projection.digest()
        if second.projection.digest() != (their, own, summed):
            raise AssertionError("the two nodes compute different dockets")
        one, policy = exported(first.store, self.agreement)
        other, _ = exported(second.store, self.agreement)
        report = audit(one, other, policy, catalogue=self.catalogue, at_ms=self.now_ms("ARC"))
        codes = tuple(found.code for found in report.findings if found.severity in ("refuted", "unchecked"))
        return Audited(
            verdict=report.verdict,
            codes=codes,
            findings=tuple((found.code, f"{found.where}: {found.text}") for found in report.findings),
        )


async def _awaited(placing: Any) -> Any:
    return await placing


@cache
def _pin(certificate: bytes) -> bytes:
    return spki_pin(certificate)


def _key(party: str, number: int) -> HybridPrivateKey:
    return hybrid(f"{party} {number}", KeyRole.OFFICER)


def _roster(short: str, agreement: Agreement) -> Roster:
    """A party's roster, with an officer for every role and some alternates, valid for years."""
    valid = {"valid_from_ms": START_MS - YEAR_MS, "valid_until_ms": START_MS + 10 * YEAR_MS}
    made = make_roster(short, agreement, **valid)
    person = made.people[0]
    people = tuple(
        replace(person, number=number, roles=(name.partition("-")[0],), key=_key(short, number).public, **valid)
        for number, name in enumerate(NAMES, 1)
    )
    return replace(made, people=people)


__all__ = ["NOBODY", "Entry", "Simulated"]
