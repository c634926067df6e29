"""The simulator's stage for scenarios: officers, auditors and what they see, in virtual time.

Source: `hotline.scenarios.stage.Stage`; the nodes are in `tests.scenario.nodes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hotline.desk import Channel, Officer, Spoken, read_entry
from hotline.journalling import make_act
from hotline.scenarios.live import seen_of
from hotline.scenarios.scenario import PARTIES
from hotline.scenarios.stage import AUDITOR, Audited, Declined, Seen
from keys import root_set
from keys import roster as rosters
from keys.person import Person
from keys.quorum import RootSet
from keys.revoked import OFFICER, RevokedKey
from keys.roles import KeyRole
from keys.root_set import RootSetVersion
from nodes.errors import NodeError
from nodes.home import OfficerHome
from nodes.journal import Journal
from nodes.root_sets import HeldRoots
from nodes.signed import SignedStatement
from protocol.archive import MemoryArchive
from protocol.audit import audit
from protocol.authority import missing_slots, slots_needed
from protocol.clocks import Clockwork
from protocol.docket import Docket
from protocol.event import event_of
from protocol.judge import Judge
from protocol.memory_ledger import MemoryLedger
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND
from protocol.signature import Signature
from protocol.standing import in_force, state_at
from protocol.statement import LogState, Statement
from protocol.tagged import digest
from protocol.trust import AFTER_LAST_TRUST, Trust
from protocol.verdict import Verdict, location
from protocol.walk import Walk, verify_here
from tests.builders import START_MS, YEAR_MS, hybrid
from tests.scenario.nodes import COUNTERPART, NAMES, Nodes, officer_key
from tests.simulation.auditor import exported


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


class Simulated(Nodes):
    """See the module."""

    pace = 1.0
    observers: Sequence[str] = (*PARTIES, AUDITOR)

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
        return Officer(home=home, number=number, key=self.renewed.get((party, number)) or officer_key(party, number))

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
        return self.run(party, self.lives[party].line.intake.submit(signed)).as_dict()

    def sign_draft(self, party: str, draft: str, signature: Signature) -> Mapping[str, Any]:
        return self.run(party, self.lives[party].line.intake.sign_draft(draft, signature)).as_dict()

    def outcome(self, party: str, statement_id: bytes) -> Mapping[str, Any]:
        line = self.lives[party].line
        if any(one.id == statement_id.hex() for one in line.decisions.closed()):
            raise Declined("no-such-draft", "somebody refused or cancelled it")
        try:
            return line.intake.outcome(statement_id).as_dict()
        except NodeError as error:
            raise Declined(error.code, str(error)) from error

    def put(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        return self.run(party, self.lives[party].line.intake.submit(signed, automated=True)).as_dict()

    def decide(
        self,
        party: str,
        op: str,
        officer: Officer,
        signed: SignedStatement,
        act: tuple[str, Mapping[str, Any], str | None],
    ) -> None:
        statement, line, (kind, facts, text) = Statement.parse(signed.statement), self.lives[party].line, act
        about = {"counterpart": COUNTERPART[party], "statement": digest(signed.statement), **facts}
        journal = self.lives[party].journal
        self.run(party, journal.ready())
        made = make_act(_Setting(journal, self.now_ms(party)), officer, self._rosters[party], kind, about, text)
        match op:
            case "stop":
                self.run(party, line.decisions.close(statement.id.hex(), made, person=officer.number))
            case "check":
                self.run(party, line.decisions.check(statement.id.hex(), made, person=officer.number))
            case _:
                self.run(party, line.reviews.end(statement.id, made, person=officer.number))

    def called(self, party: str, statement_id: bytes) -> tuple[str, ...]:
        draft, now_ms = self.lives[party].line.drafts.one(statement_id.hex()), self.now_ms(party)
        return tuple(one.role for one in draft.waits if one.since_ms <= now_ms)

    def forge(self, party: str, signed: SignedStatement) -> int:
        line = self.lives[party].line
        placed = self.run(party, _awaited(line.place(Statement.parse(signed.statement), signed)))
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
        number = NAMES.index(name) + 1
        people = tuple(person for person in self._rosters[party].people if person.number != number)
        self._next_roster(party, people, ())

    def revoke(self, party: str, name: str, trusted: int) -> None:
        number = NAMES.index(name) + 1
        fresh = hybrid(f"{party} {number} again", KeyRole.OFFICER)
        gone = officer_key(party, number).public.key_id
        people = tuple(
            replace(person, key=fresh.public) if person.number == number else person
            for person in self._rosters[party].people
        )
        self._next_roster(party, people, (RevokedKey(OFFICER, gone, "stolen", trusted),))
        self.renewed[party, number] = fresh

    def _next_roster(self, party: str, people: tuple[Person, ...], revoked: tuple[RevokedKey, ...]) -> None:
        before = self._rosters[party]
        made = replace(
            before,
            version=before.version + 1,
            previous=digest(rosters.render(before)),
            people=people,
            revoked=(*before.revoked, *revoked),
        )
        store = self.disks[party].store
        own, their = store.head(party), store.head(COUNTERPART[party])
        seen = {"after": LogState(own.size, own.root), "seen": LogState(their.size, their.root)}
        self.submit(party, self.document(party, "roster", rosters.render(made), **seen))
        self._rosters[party] = made

    def replace_root(self, party: str, number: int) -> int:
        before = self.roots[party].chain
        staying = tuple(one for one in before.roots.numbers if one != number)
        fresh = max(one for version in before.versions for one in version.roots.numbers) + 1
        numbers = (*staying, fresh)
        keys = tuple(hybrid(f"{party} {one}", KeyRole.ROOT).public for one in numbers)
        made = root_set.render(
            RootSetVersion(
                party=party,
                channel=self.agreement.channel,
                version=before.newest.version + 1,
                valid_until_ms=START_MS + YEAR_MS,
                previous=digest(before.texts[-1]),
                roster=self._rosters[party].version,
                roots=RootSet(2, keys, numbers),
            )
        )
        self.signing[party] = staying
        self.submit(party, self.document(party, ROOT_SET_KIND, made))
        self.signing[party] = numbers[-2:]
        self.roots[party] = HeldRoots(before.then(made))
        return fresh

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
        marked, missing = self._marked(verdict)
        return Seen(
            state=None if item is None else state_at(item, self.now_ms("ARC")),
            rung=None,
            faults=(*verdict.faults, *((AFTER_LAST_TRUST,) if marked else ())),
            clocks={},
            effective=verdict.effective and not missing,
            in_force=item is not None and in_force(item, self.now_ms("ARC")),
            phase=None if item is None or item.course is None else item.course.phase,
        )

    def _marked(self, verdict: Verdict) -> tuple[bool, bool]:
        """Whether a revoked key signed it behind its last trust, and whether it lacks authority without that."""
        found = [one for one, _ in self._fold().values() if one.voice == verdict.voice and one.effective]
        in_force = [
            (one.index, rosters.parse(self.disks[PARTIES[one.voice]].store.body(PARTIES[one.voice], one.index) or b""))
            for one in found
            if one.statement is not None and one.statement.kind == ROSTER_KIND
        ]
        mark = Trust(in_force).of(verdict.index, {number for number, _ in verdict.signers})
        statement, kind = verdict.statement, None if verdict.statement is None else verdict.statement.kind
        said = None if kind is None else self.catalogue.kind(kind)
        if mark is None or statement is None or said is None:
            return False, False
        needs = slots_needed(self.agreement, said, statement.severity, statement.precedence, statement.facts)
        left = [one for one in verdict.signers if one[0] not in mark.signers]
        return True, bool(missing_slots(needs, left))

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
