"""Builders for tests: two parties with real keys, an agreement, rosters, and two logs that say what a test wants.

Nothing here is random: every key follows from a name, every id from a counter. Signing is the slow part (about a
millisecond a signature), so tests say little. Times are UTC milliseconds and move on by a second an entry.

    world = World()
    asked = world.say("ARC", "clarification-request")
    world.say("BOR", "clarification-response", thread=asked, reply=asked, outcome="answered")
    verdicts = world.judge()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

from keys import roster as rosters
from keys.hybrid import HybridPrivateKey
from keys.keyring import ChannelSeeds, NodeKeyring
from keys.note_key import NoteKeyType, NoteSigner
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.roster import NotePair, Person, Roster
from keys.suite import SUITE_1, Suite
from nodes.resources import catalogue
from protocol.agreement import Agreement
from protocol.agreement_terms import DEFAULT_CLOCKS, AuthorityRule, BeatTerms, LineTerms, Party
from protocol.archive import MemoryArchive
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.docket import Docket
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.event import event_of
from protocol.exported_log import DOCUMENT_FOLDERS
from protocol.judge import Judge
from protocol.kinds import Kind
from protocol.memory_ledger import MemoryLedger
from protocol.merkle import Frontier, leaf_hash
from protocol.party_keys import render_policy
from protocol.signature import Signature, sign_statement
from protocol.statement import EMPTY_LOG, LogState, Statement
from protocol.tagged import digest
from protocol.tiles import build_tiles, bundles_for_size, encode_bundle, entries_path, tile_path
from protocol.verdict import Verdict
from protocol.walk import Walk, verify_here

START_MS = 1_795_255_200_000
YEAR_MS = 366 * 86_400_000
EPOCH = 1
NAMES = ("ARC", "BOR")
DOMAINS = {"ARC": "line.arcadia.example", "BOR": "hotline.borealia.example"}
PEOPLE = ((1, ("duty",)), (2, ("release",)), (3, ("senior",)), (4, ("duty", "release")))

Place = tuple[str, int]
"""Voice and index of an entry."""


def seed(name: str, size: int) -> bytes:
    """Bytes that anyone can derive from a name; never for real keys."""
    return b"".join(sha256(f"builder {name} {block}".encode()).digest() for block in range(-(-size // 32)))[:size]


@cache
def hybrid(name: str, role: KeyRole, suite: Suite = SUITE_1) -> HybridPrivateKey:
    """A test key of a node, an officer or a root."""
    return HybridPrivateKey.from_seed(seed(f"{role} {name}", 64), role, suite)


@cache
def roots(party: str, suite: Suite = SUITE_1) -> RootSet:
    """A party's roots: two of three."""
    return RootSet(2, tuple(hybrid(f"{party} {number}", KeyRole.ROOT, suite).public for number in (1, 2, 3)))


def make_agreement(**changes: Any) -> Agreement:
    """An agreement of ARC and BOR; a notification of severity 4 or more needs two persons."""
    suite = changes.get("suite", SUITE_1)
    terms: dict[str, Any] = {
        "format": 1 if suite is SUITE_1 else 2,
        "title": "Direct line on cyber incidents",
        "purpose": "demonstration",
        "languages": ("en",),
        "created_ms": START_MS,
        "review_date": date(2027, 11, 21),
        "catalogue_version": catalogue().version,
        "catalogue_digest": catalogue().digest,
        "parties": (
            Party("ARC", "Republic of Arcadia", DOMAINS["ARC"], roots("ARC", suite)),
            Party("BOR", "Kingdom of Borealia", DOMAINS["BOR"], roots("BOR", suite)),
        ),
        "beat": BeatTerms(every_ms=1_000),
        "clocks": DEFAULT_CLOCKS,
        "line": LineTerms(),
        "rules": (
            AuthorityRule(("notification",), (("duty",), ("release", "senior")), severity_at_least=4),
            AuthorityRule(("*",), (("duty", "release", "senior"),)),
        ),
    }
    return Agreement(**{**terms, **changes})


@cache
def keyring(party: str, channel: bytes, suite: Suite = SUITE_1) -> NodeKeyring:
    """A node's keys, with one channel."""
    sealing = seed(f"{party} seal", suite.sealing.seed_bytes)
    made = NodeKeyring(party, seed(f"{party} node", 64), sealing, seed(f"{party} tls", 32), {}, suite)
    parts = [seed(f"{party} {name}", 32) for name in ("log ed", "log ml", "mirror ed", "mirror ml")]
    return made.with_channel(channel, ChannelSeeds(EPOCH, *parts))


def _pair(signers: Sequence[NoteSigner]) -> NotePair:
    return NotePair(ed25519=signers[0].verifier.raw, mldsa44=signers[1].verifier.raw)


def make_roster(party: str, agreement: Agreement, **changes: Any) -> Roster:
    """A party's first roster: four persons, valid for a year."""
    ring = keyring(party, agreement.channel, agreement.suite)
    reserve = [
        NoteSigner("next", type_, seed(f"{party} next {type_}", 32))
        for type_ in (NoteKeyType.ED25519, NoteKeyType.MLDSA44)
    ]
    people = tuple(
        Person(
            number=number,
            roles=roles,
            key=hybrid(f"{party} {number}", KeyRole.OFFICER, agreement.suite).public,
            valid_from_ms=START_MS - 1000,
            valid_until_ms=START_MS + YEAR_MS,
        )
        for number, roles in PEOPLE
    )
    made = Roster(
        party=party,
        channel=agreement.channel,
        version=1,
        valid_from_ms=START_MS - 1000,
        valid_until_ms=START_MS + YEAR_MS,
        previous=None,
        node=ring.node_signer().public,
        epoch=EPOCH,
        log=_pair(ring.log_signers(agreement.channel, agreement.origin(party, EPOCH))),
        mirror=_pair(ring.mirror_signers(agreement.channel, agreement.mirror_name(party))),
        sealing=ring.sealing().public,
        tls=(ring.tls_certificate(party),),
        next_epoch=EPOCH + 1,
        next_log=_pair(reserve),
        people=people,
    )
    return replace(made, **changes)


@dataclass
class Log:
    """One voice: what it logged."""

    entries: list[bytes] = field(default_factory=list)
    bodies: list[bytes | None] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    frontiers: list[Frontier] = field(default_factory=lambda: [Frontier.empty()])
    last_ms: int = START_MS

    def state(self, size: int | None = None) -> LogState:
        """Size and root, now or at a size it had."""
        frontier = self.frontiers[len(self.entries) if size is None else size]
        return LogState(frontier.size, frontier.root())


class World:
    """Two logs of one channel.

    Args:
        begin: whether each log already has its agreement and its first roster.
        changes: terms of the agreement that differ.
    """

    def __init__(self, *, begin: bool = True, **changes: Any) -> None:
        self.catalogue = catalogue()
        self.agreement = make_agreement(**changes)
        self.rosters = {party: make_roster(party, self.agreement) for party in NAMES}
        self.roster_texts: dict[str, list[bytes]] = {party: [] for party in NAMES}
        self.logs = {party: Log() for party in NAMES}
        self._ids = 0
        if begin:
            for party in NAMES:
                self.enact(party, "agreement", self.agreement.text)
                self.enact(party, "roster", rosters.render(self.rosters[party]))

    # --- saying -----------------------------------------------------------------------------------------------------

    def statement(self, party: str, kind: str, **header: Any) -> Statement:
        """A statement of a kind, with everything its kind requires filled in; the header's fields can be given.

        `thread` and `in_reply_to` take a Place as well as a leaf hash.
        """
        found = self.catalogue.kind(kind)
        other = NAMES[1 - NAMES.index(party)]
        self._ids += 1
        made: dict[str, Any] = {
            "channel": self.agreement.channel,
            "party": party,
            "kind": kind,
            "id": sha256(f"id {self._ids}".encode()).digest()[:16],
            "status": "actual",
            "precedence": "routine" if found is None else found.precedence,
            "issued_at_ms": self.logs[party].last_ms,
            "agreement": self.agreement.digest,
            "catalogue": self.catalogue.digest,
            "language": "en",
            "after": self.logs[party].state(),
            "seen": self.logs[other].state(),
        }
        if found is not None and not found.machine:
            self._require(made, found, party)
        made.update({name: self._leaf(value) for name, value in header.items()})
        return Statement(**made)

    def _require(self, made: dict[str, Any], kind: Kind, party: str) -> None:
        if kind.fields or not kind.document:
            body = f"sealed body {self._ids}".encode()
            made["opener"] = sha256(b"opener" + body).digest()
            made["body_digest"], made["body_length"] = digest(body), len(body)
        made["commitments"] = tuple(sha256(f"{self._ids} {item.name}".encode()).digest() for item in kind.fields)
        if kind.severity == "required":
            made["severity"] = 2
        if kind.aware_at == "required":
            made["aware_at_ms"] = START_MS
        if kind.respond_by == "required":
            made["respond_by_ms"] = self.logs[party].last_ms + 3_600_000
        if kind.outcomes:
            made["outcome"] = kind.outcomes[0]

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == 2 and value[0] in NAMES:
            return self.logs[value[0]].leaves[value[1]]
        return value

    def say(
        self,
        party: str,
        kind: str,
        *,
        signers: Sequence[tuple[int, str]] = ((1, "duty"),),
        at_ms: int | None = None,
        held: LogState | int | None = None,
        body: bytes | None = None,
        thread: Any = None,
        reply: Any = None,
        **header: Any,
    ) -> Place:
        """Log what persons say.

        Args:
            signers: person number and role signed as.
            at_ms: time of logging; one second after the last by default.
            held: of the other log: all of it by default, or so many entries.
            body: only kept, not judged.
            thread, reply: what it belongs to and answers, by Place.
            header: other fields of the header.
        """
        statement = self.statement(party, kind, thread=thread, in_reply_to=reply, **header)
        signatures = [self.sign(party, statement, f"person/{number}", role) for number, role in signers]
        return self.log(party, statement, signatures, at_ms=at_ms, held=held, body=body)

    def state(self, party: str, kind: str, facts: dict[str, Any] | None = None, **options: Any) -> Place:
        """Log what a node alone signs; meant for machine kinds."""
        at_ms, held = options.pop("at_ms", None), options.pop("held", None)
        found = self.catalogue.kind(kind)
        if found is None or found.machine:
            options["facts"] = facts or {}
        statement = self.statement(party, kind, **options)
        return self.log(party, statement, [self.sign(party, statement, "node", "node")], at_ms=at_ms, held=held)

    def enact(
        self,
        party: str,
        kind: str,
        text: bytes,
        numbers: Sequence[int] = (1, 2),
        *,
        admins: Sequence[int] = (),
        at_ms: int | None = None,
        **header: Any,
    ) -> Place:
        """Log a document that roots sign, or a roster that admins do."""
        statement = self.statement(party, kind, body_digest=digest(text), body_length=len(text), **header)
        statement = replace(statement, opener=None, commitments=())
        signatures = [self.sign(party, statement, f"root/{number}", "root") for number in (() if admins else numbers)]
        signatures += [self.sign(party, statement, f"person/{number}", "admin") for number in admins]
        if kind == "roster":
            self.roster_texts[party].append(text)
        return self.log(party, statement, signatures, body=text, at_ms=at_ms)

    def key_of(self, party: str, signer: str, suite: Suite | None = None) -> HybridPrivateKey:
        """The key that the builder has for a signer: of the agreement's suite, or of another one from the same seed."""
        name, _, number = signer.partition("/")
        of = self.agreement.suite if suite is None else suite
        return {
            "node": lambda: keyring(party, self.agreement.channel, of).node_signer(),
            "person": lambda: hybrid(f"{party} {number}", KeyRole.OFFICER, of),
            "root": lambda: hybrid(f"{party} {number}", KeyRole.ROOT, of),
        }[name]()

    def sign(
        self, party: str, statement: Statement, signer: str, role: str, *, suite: Suite | None = None
    ) -> Signature:
        """One signature, by the key that the builder has for the signer."""
        key = self.key_of(party, signer, suite)
        return sign_statement(
            statement.encode(), channel=self.agreement.channel, party=party, signer=signer, role=role, key=key
        )

    def log(
        self,
        party: str,
        statement: Statement,
        signatures: Sequence[Signature],
        *,
        at_ms: int | None = None,
        held: LogState | int | None = None,
        body: bytes | None = None,
    ) -> Place:
        """Log a statement as it is."""
        log, other = self.logs[party], self.logs[NAMES[1 - NAMES.index(party)]]
        if at_ms is None:
            at_ms = max(log.last_ms, other.last_ms) + 1000
        entry = Entry(
            statement=statement.encode(),
            signatures=tuple(signatures),
            logged_at_ms=at_ms,
            held=held if isinstance(held, LogState) else other.state(held),
        )
        log.last_ms = max(log.last_ms, at_ms)
        return self.append(party, entry.encode(), body)

    def append(self, party: str, data: bytes, body: bytes | None = None) -> Place:
        """Log any bytes."""
        log = self.logs[party]
        log.entries.append(data)
        log.bodies.append(body)
        log.leaves.append(leaf_hash(data))
        log.frontiers.append(log.frontiers[-1].append(log.leaves[-1]))
        return party, len(log.entries) - 1

    # --- judging ----------------------------------------------------------------------------------------------------

    def archive(self, sizes: tuple[int, int] | None = None) -> MemoryArchive:
        """A fresh memory over the logs, or over so much of them."""
        texts = [body for log in self.logs.values() for body in log.bodies if body is not None]
        documents = {digest(body): body for body in texts}
        whole = len(self.logs["ARC"].entries), len(self.logs["BOR"].entries)
        return MemoryArchive(
            roots=lambda voice, size: self.logs[NAMES[voice]].frontiers[size].root(),
            sizes=sizes or whole,
            document=lambda _voice, _index, wanted: documents.get(wanted),
        )

    def walk(self, archive: MemoryArchive) -> Walk:
        """A walk over the logs."""
        judge = Judge(agreement=self.agreement, catalogue=self.catalogue, archive=archive)

        def read(voice: int, start: int, count: int) -> list[bytes]:
            return self.logs[NAMES[voice]].entries[start : start + count]

        return Walk(judge=judge, read=read, verify=verify_here)

    def judge(self, *, final: bool = True, whole: int | None = None) -> dict[Place, Verdict]:
        """The verdict on every entry."""
        found = self.walk(self.archive()).advance(final=final, whole=whole)
        return {(verdict.party, verdict.index): verdict for verdict in found}

    def faults(self, place: Place, *, final: bool = True) -> tuple[str, ...]:
        """The faults of one entry."""
        return self.judge(final=final)[place].faults

    def docket(self) -> tuple[Docket, MemoryLedger]:
        """The docket folded from both logs."""
        ledger = MemoryLedger()
        docket = Docket(agreement=self.agreement, catalogue=self.catalogue, ledger=ledger)
        last = [0, 0]
        for verdict in self.walk(self.archive()).advance(final=True):
            if verdict.entry is not None:
                last[verdict.voice] = max(last[verdict.voice], verdict.entry.logged_at_ms)
            docket.add(event_of(verdict, last[verdict.voice]))
        return docket, ledger

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def checkpoint(self, party: str, size: int | None = None, *, cosigned: bool = True, at_ms: int = START_MS) -> bytes:
        """A signed checkpoint of a log: two lines, and the other party's mirror's two."""
        state = self.logs[party].state(size)
        other = NAMES[1 - NAMES.index(party)]
        channel, origin = self.agreement.channel, self.agreement.origin(party, EPOCH)
        made = Checkpoint(origin, state.size, state.root)
        note = sign_checkpoint(made, keyring(party, channel).log_signers(channel, origin), at_ms)
        if not cosigned:
            return note
        mirror = keyring(other, channel).mirror_signers(channel, self.agreement.mirror_name(other))
        return add_cosignatures(note, cosign(made, mirror, at_ms))

    def files(self, party: str, size: int | None = None) -> dict[str, bytes]:
        """The files of an export of a voice, as the format has them."""
        log = self.logs[party]
        size = len(log.entries) if size is None else size
        files = {"checkpoint": self.checkpoint(party, size), "policy": self.policy(party)}
        for index, width in bundles_for_size(size):
            files[entries_path(index, width)] = encode_bundle(log.entries[index * 256 : index * 256 + width])
        for level, index, width, data in build_tiles(log.leaves[:size]):
            files[tile_path(level, index, width)] = data
        for entry, body in zip(log.entries[:size], log.bodies[:size], strict=True):
            for folder, suffix in DOCUMENT_FOLDERS.items():
                if body is not None and folder == _kind(entry):
                    files[f"{folder}/{digest(body).hex()}.{suffix}"] = body
        return files

    def policy(self, party: str) -> bytes:
        """The policy that goes with the export of a voice."""
        channel = self.agreement.channel
        other = NAMES[1 - NAMES.index(party)]
        logs, mirrors = {}, {}
        for name in NAMES:
            ring = keyring(name, channel)
            logs[name] = [one.verifier for one in ring.log_signers(channel, self.agreement.origin(name, EPOCH))]
            mirrors[name] = [one.verifier for one in ring.mirror_signers(channel, self.agreement.mirror_name(name))]
        return render_policy(logs[party], logs[other], mirrors[party], mirrors[other], own=party, other=other)


def _kind(data: bytes) -> str:
    try:
        return Entry.parse(data).parse_statement().kind
    except ProtocolError:
        return ""


__all__ = ["EMPTY_LOG", "NAMES", "START_MS", "Log", "Place", "World"]
