"""Two nodes in virtual time, with nothing going wrong but what a scenario asks for.

The nodes are the classes that `nodes/` runs, on the loop, the network and the disks of `tests.simulation`. Hours in
which nobody does anything are leapt over, as if both machines had slept: each timer that fell due meanwhile fires once.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

import apsw

from hotline.scenarios.scenario import PARTIES, Scenario
from hotline.scenarios.stage import Declined
from hotline.scenarios.terms import scenario_agreement
from keys import roster as rosters
from keys.hybrid import HybridPrivateKey
from keys.keyring import NodeKeyring
from keys.roles import KeyRole
from keys.roster import Roster
from keys.tls_identity import spki_pin
from nodes.dialler import Dialler
from nodes.errors import NodeError
from nodes.journal import Journal
from nodes.line import Line
from nodes.peer import Listener
from nodes.root_sets import founding_roots
from nodes.rosters import HeldRoster, check_roster
from nodes.signed import SignedStatement
from nodes.store import LogStore, Row
from nodes.verified import Verified
from protocol.agreement import Agreement
from protocol.agreement_terms import Party
from protocol.checkpoint import Checkpoint
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue
from protocol.signature import ROOT_ROLE, sign_statement
from protocol.statement import EMPTY_LOG, Statement
from protocol.tagged import digest
from protocol.verdict import Verdict
from tests.builders import DOMAINS, START_MS, YEAR_MS, hybrid, keyring, make_roster, roots
from tests.simulation.derived import KeptProjection, let_go
from tests.simulation.disk import ChannelDisk, FaultyMark, FaultyStore
from tests.simulation.homes import MemoryHome
from tests.simulation.journals import KeptJournal
from tests.simulation.loop import Process, SimLoop, Unhandled
from tests.simulation.network import End, Network

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


class Nodes:
    """See the module.

    Args:
        scenario: its agreement.
        catalogue: that the agreement names.
    """

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
        self.roots = {short: founding_roots(self.agreement, short) for short in PARTIES}
        self.signing: dict[str, tuple[int, ...]] = dict.fromkeys(PARTIES, (1, 2))
        self.renewed: dict[tuple[str, int], HybridPrivateKey] = {}
        self._rosters = {short: _roster(short, self.agreement) for short in PARTIES}
        self._held = {short: self._begin(short) for short in PARTIES}
        self.journals = {
            short: KeptJournal(self._keyring(short), seed_name=scenario.name, read=self.machines[short].read)
            for short in PARTIES
        }
        self._seen: tuple[tuple[int, int], dict[int, tuple[Verdict, Any]]] | None = None

    def __enter__(self) -> Self:
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
            for number in self.signing[short]
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

    def run(self, party: str, work: Coroutine[Any, Any, _T]) -> _T:
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


@cache
def _pin(certificate: bytes) -> bytes:
    return spki_pin(certificate)


def officer_key(party: str, number: int) -> HybridPrivateKey:
    return hybrid(f"{party} {number}", KeyRole.OFFICER)


def _roster(short: str, agreement: Agreement) -> Roster:
    """A party's roster, with an officer for every role and some alternates, valid for years."""
    valid = {"valid_from_ms": START_MS - YEAR_MS, "valid_until_ms": START_MS + 10 * YEAR_MS}
    made = make_roster(short, agreement, **valid)
    person = made.people[0]
    people = tuple(
        replace(
            person,
            number=number,
            roles=(name.partition("-")[0],),
            key=officer_key(short, number).public,
            valid_from_ms=START_MS - YEAR_MS,
            valid_until_ms=START_MS + 10 * YEAR_MS,
        )
        for number, name in enumerate(NAMES, 1)
    )
    return replace(made, people=people)
