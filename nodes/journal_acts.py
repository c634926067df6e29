"""Acts for the journal: made and signed for the node, and checked where a person's client signed them.

Source: spec/journal.md, "Log".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keys.errors import KeysError
from keys.hybrid import Signer
from keys.note_key import NoteSigner
from keys.public_key import PublicKey
from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.rosters import HeldRoster
from nodes.signed import SignedStatement
from nodes.store import LogStore
from protocol.canonical import Value
from protocol.errors import BadSignature, ProtocolError
from protocol.journal import JournalSetting, check_act_body, compose_act, fault_of, journal_channel
from protocol.journal_kinds import NODE, PERSON, JournalCatalogue
from protocol.signature import NODE as NODE_SIGNER
from protocol.signature import Signature, sign_statement, verify_signature
from protocol.statement import ID_BYTES, Statement
from protocol.statement_secret import SECRET_BYTES


class JournalRefused(NodeError):
    """An act that the journal does not take, or cannot."""


@dataclass(frozen=True, slots=True)
class JournalLog:
    """A journal's log, opened.

    Attributes:
        origin: its name.
        store: its entries, in the own voice; the other one stays empty.
        mark: how far it was signed.
        log: its keys, 0x01 and 0x06.
        begun: facts of its first entry; of use where it has none yet.
    """

    origin: str
    store: LogStore
    mark: HighWater
    log: tuple[NoteSigner, NoteSigner]
    begun: Mapping[str, Value]

    @property
    def own(self) -> JournalLog:
        """As a sequencer asks for the log's name."""
        return self

    @property
    def signers(self) -> JournalLog:
        """As a sequencer asks for its keys."""
        return self


@dataclass(frozen=True, slots=True)
class Author:
    """A person who signs in this process.

    Attributes:
        person: number in the roster.
        role: signed as.
        key: the officer's.
    """

    person: int
    role: str
    key: Signer


@dataclass(frozen=True, slots=True)
class Recorded:
    """An act of a person that has its place.

    Attributes:
        index: in the journal.
        statement: what was signed.
        person: who signed.
        logged_at_ms: when, UTC milliseconds.
        again: whether it was there before it came now.
    """

    index: int
    statement: Statement
    person: int
    logged_at_ms: int
    again: bool = False


class Acts:
    """See the module.

    Args:
        party: short name.
        catalogue: the journal's kinds.
        node: the node's key.
        setting: says where an act is written down now.
        rosters: ours in force, by counterpart.
        clock: the time used in entries.
        entropy: gives so many fresh random bytes.
    """

    def __init__(
        self,
        *,
        party: str,
        catalogue: JournalCatalogue,
        node: Signer,
        setting: Callable[[], JournalSetting],
        rosters: Callable[[], Mapping[str, HeldRoster]],
        clock: SteadyClock,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._party = party
        self._catalogue = catalogue
        self._node = node
        self._setting = setting
        self._rosters = rosters
        self._clock = clock
        self._entropy = entropy

    def make(
        self, kind: str, facts: Mapping[str, Value], text: str | None, by: Author | None, document: bytes | None = None
    ) -> tuple[SignedStatement, Statement]:
        """Make and sign one act. Call it on a thread."""
        known = self._catalogue.kinds.get(kind)
        if known is None or known.by != (NODE if by is None else PERSON):
            raise JournalRefused("journal-act-refused", f"{kind!r} is no act of {'the node' if by is None else 'one'}")
        statement, body = compose_act(
            known,
            self._setting(),
            statement_id=self._entropy(ID_BYTES),
            secret=self._entropy(SECRET_BYTES),
            issued_at_ms=self._clock.take(),
            facts=facts,
            text=text,
            document=document,
        )
        raw = statement.encode()
        signature = sign_statement(
            raw,
            channel=statement.channel,
            party=self._party,
            signer=NODE_SIGNER if by is None else f"person/{by.person}",
            role=NODE_SIGNER if by is None else by.role,
            key=self._node if by is None else by.key,
        )
        return SignedStatement(statement=raw, signatures=(signature,), body=body), statement

    def check(self, log: JournalLog, signed: SignedStatement, person: int) -> Statement:
        """Check an act that a person's client signed. Call it on a thread.

        Args:
            log: the journal's.
            signed: the act.
            person: who logged in.

        Raises:
            JournalRefused: `journal-act-refused`; it is none, or not by that person.
        """
        try:
            statement = Statement.parse(signed.statement)
            check_act_body(statement, signed.body)
            self._check_signature(log, signed, statement, person)
        except (ProtocolError, KeysError) as error:
            raise JournalRefused("journal-act-refused", f"the act does not hold: {error}") from error
        fault = fault_of(statement, self._catalogue, origin=log.origin, party=self._party)
        if fault is None and self._catalogue.kinds[statement.kind].by != PERSON:
            fault = "the kind is one that a node signs"
        own, after = self._party, statement.after
        if fault is None and (after.size > log.store.head(own).size or log.store.root(own, after.size) != after.root):
            fault = "it was made for another past of the journal"
        if fault is not None:
            raise JournalRefused("journal-act-refused", fault)
        return statement

    def _check_signature(self, log: JournalLog, signed: SignedStatement, statement: Statement, person: int) -> None:
        if len(signed.signatures) != 1 or signed.signatures[0].person != person:
            raise JournalRefused("journal-act-refused", "it is not signed by the person who is logged in, and alone")
        signature = signed.signatures[0]
        keys = self._keys_of(signature, statement)
        channel = journal_channel(log.origin)
        for key in keys:
            try:
                verify_signature(signed.statement, signature, channel=channel, party=self._party, key=key)
            except BadSignature:
                continue
            return
        raise JournalRefused("journal-act-refused", f"no roster in force gives {signature.signer} that key and role")

    def _keys_of(self, signature: Signature, statement: Statement) -> list[PublicKey]:
        """The keys that rosters in force give that person in that role now."""
        facts = statement.facts or {}
        at_ms = self._clock.take()
        found: list[PublicKey] = []
        for counterpart, held in self._rosters().items():
            one = held.roster.person(signature.person or 0)
            if facts.get("counterpart") not in (None, counterpart) or one is None or signature.role not in one.roles:
                continue
            if one.valid_from_ms <= at_ms < one.valid_until_ms:
                key = one.key_for(signature.algorithm, signature.value)
                found += [] if key is None else [key]
        return found
