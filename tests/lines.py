"""Two channels wired in memory: the nodes' part done by hand, so that a test can cut, drop and forge what it likes.

A `Side` carries out effects as a node's driver does, in the same order, on a store in memory. A `Wire` joins two sides
and delivers one frame at a time. Nothing is random and time passes only where a test says so.

    wire = Wire()
    wire.arc.append(3)
    wire.connect()
    wire.settle()
    assert wire.bor.mirror == wire.arc.own_log
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from keys.roster import Roster
from keys.suite import SUITE_1
from keys.tls_identity import spki_pin
from nodes.memory_store import MemoryStore
from nodes.store import OWN_SIGNED, Ahead, Row, StoreFull
from protocol.agreement import Agreement
from protocol.channel import Channel
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.effects import (
    Alarm,
    Close,
    Effect,
    Instant,
    KeepMark,
    KeepNote,
    LineChanged,
    Live,
    Say,
    Send,
    StoreAhead,
    StoreBranch,
    StoreCosigned,
    StoreMirror,
    StoreNote,
    StoreOwn,
)
from protocol.entry import Entry
from protocol.glance import glance
from protocol.handshake import Tie
from protocol.line_keys import LineKeys, LineSigners, VoiceKeys, voice_keys
from protocol.merkle import leaf_hash
from protocol.pulse import Pulse
from protocol.signature import NODE, Signature
from protocol.statement import LogState, Statement
from protocol.tagged import digest
from tests.builders import EPOCH, NAMES, START_MS, World, keyring, make_agreement, make_roster

BEAT_MS = 1_000
TALLY_MS = 3_600_000


@cache
def agreement() -> Agreement:
    """The agreement of every wire."""
    return make_agreement()


@cache
def world() -> World:
    """Where statements come from; nothing is logged there."""
    return World(begin=False)


@cache
def roster(party: str) -> Roster:
    """A party's roster."""
    return make_roster(party, agreement())


def pins(party: str) -> frozenset[bytes]:
    """Hashes of a party's TLS keys."""
    return frozenset(spki_pin(der) for der in roster(party).tls)


@cache
def public(party: str) -> VoiceKeys:
    """A party's public keys on the line."""
    return voice_keys(agreement(), roster(party), pins(party))


@cache
def line_keys(party: str) -> LineKeys:
    """All keys of a party's end of the line."""
    channel, ring = agreement().channel, keyring(party, agreement().channel)
    signers = LineSigners(
        node=ring.node_signer(),
        log=ring.log_signers(channel, agreement().origin(party, EPOCH)),
        mirror=ring.mirror_signers(channel, agreement().mirror_name(party)),
    )
    return LineKeys(own=public(party), their=public(other(party)), signers=signers)


def other(party: str) -> str:
    """The other party."""
    return NAMES[1 - NAMES.index(party)]


def entry_of(
    party: str,
    number: int,
    *,
    body: bytes | None = None,
    flash: bool = False,
    kind: str = "notification",
    facts: dict[str, Any] | None = None,
    sealed: bool = True,
) -> bytes:
    """An entry that a mirror can look into, with signatures that nobody verifies."""
    header: dict[str, Any] = {"precedence": "flash"} if flash else {}
    made: Statement = world().statement(party, "notification", **header)
    values = {name: getattr(made, name) for name in Statement.__dataclass_fields__}
    values["id"] = sha256(f"{party} {number}".encode()).digest()[:16]
    values["body_digest"] = None if body is None else digest(body)
    values["body_length"] = None if body is None else len(body)
    values["opener"] = None if body is None or not sealed else values["opener"]
    values["commitments"] = () if body is None or not sealed else values["commitments"]
    values["kind"] = kind
    values["facts"] = facts
    return Entry(
        statement=Statement(**values).encode(),
        signatures=(Signature(NODE, NODE, SUITE_1.name, b"not looked at"),),
        logged_at_ms=START_MS,
        held=LogState(0, sha256(b"").digest()),
    ).encode()


class Clock:
    """Time of one world; each side's wall clock may be off by its own amount."""

    def __init__(self) -> None:
        self.mono_ms = 1_000_000

    def at(self, offset_ms: int) -> Instant:
        """Now, for a side whose wall clock is off by so much."""
        return Instant(wall_ms=START_MS + self.mono_ms + offset_ms, mono_ms=self.mono_ms)


class Side:
    """One end: a channel, its store, and what it asked for."""

    def __init__(self, party: str, clock: Clock, store: MemoryStore | None = None) -> None:
        self.party = party
        self.clock = clock
        self.offset_ms = 0
        self.store = MemoryStore(own=party, their=other(party)) if store is None else store
        self.mark: tuple[Checkpoint, bytes] | None = None
        self.bereft = False
        self.out: deque[bytes] = deque()
        self.events: list[Effect] = []
        self.full = False
        self.core = self._core()

    def _core(self) -> Channel:
        return Channel(
            channel=agreement().channel,
            keys=line_keys(self.party),
            shelf=self.store,
            pulse=Pulse(BEAT_MS, TALLY_MS, self.now()),
            offset_alarm_ms=agreement().line.offset_alarm_ms,
            signed=None if self._is_owed() else self.mark,
            owed=self.mark if self._is_owed() else None,
            bereft=self.bereft,
        )

    def _is_owed(self) -> bool:
        return self.mark is not None and self.mark[0].size > self.store.head(self.party).size

    def now(self) -> Instant:
        """The moment, by this side's clocks."""
        return self.clock.at(self.offset_ms)

    # --- what it holds ----------------------------------------------------------------------------------------------

    @property
    def own_log(self) -> list[bytes]:
        """Entries of its own log."""
        return self.store.read(self.party, 0, 1 << 40)

    @property
    def mirror(self) -> list[bytes]:
        """Entries of the other's."""
        return self.store.read(other(self.party), 0, 1 << 40)

    def found(self, kind: type) -> list[Any]:
        """What it asked for, of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def alarms(self) -> list[str]:
        """Codes of its alarms."""
        return [alarm.code for alarm in self.found(Alarm)]

    @property
    def closes(self) -> list[str]:
        """Codes it closed sessions with."""
        return [close.code for close in self.found(Close)]

    @property
    def states(self) -> list[str]:
        """States of the line, as they changed."""
        return [change.state for change in self.found(LineChanged)]

    @property
    def said(self) -> list[str]:
        """Kinds it wanted to log."""
        return [say.kind for say in self.found(Say)]

    @property
    def is_live(self) -> bool:
        """Whether it was told that it may sign."""
        return bool(self.found(Live)) and self.core.live

    # --- its own log ------------------------------------------------------------------------------------------------

    def append(self, count: int = 1, *, size: int = 20, body: bytes | None = None, flash: bool = False) -> None:
        """Log entries and sign: plain bytes, or where there is a body or a flash, statements."""
        head = self.store.head(self.party)
        rows = []
        for index in range(head.size, head.size + count):
            if body is None and not flash:
                entry = f"{self.party} {index} ".encode().ljust(size, b".")
            else:
                entry = entry_of(self.party, index, body=body, flash=flash)
            rows.append(Row(entry, leaf_hash(entry), body, None, flash))
        self.write(rows)
        self.sign()

    def append_gone(self, party: str, index: int, body: bytes, *, reason: str = "retention") -> None:
        """Log that a body is gone, and sign."""
        facts = {"party": party, "index": index, "digest": digest(body), "length": len(body), "reason": reason}
        entry = entry_of(self.party, self.store.head(self.party).size, kind="gone", facts=facts)
        self.write([Row(entry, leaf_hash(entry), None, None, False, gone=glance(entry).gone)])
        self.sign()

    def write(self, rows: Sequence[Row]) -> None:
        """Write entries without signing, as before a crash."""
        head = self.store.head(self.party)
        self.store.append_own(head.size, rows, head.frontier.extend([row.leaf for row in rows]), self.now().wall_ms)

    def sign(self) -> None:
        """Sign the log as it stands, and tell the channel."""
        head = self.store.head(self.party)
        checkpoint = Checkpoint(self.core.keys.own.origin, head.size, head.root)
        note = sign_checkpoint(checkpoint, self.core.keys.signers.log, self.now().wall_ms)
        self.mark = (checkpoint, note)
        self.store.later(OWN_SIGNED, note)
        self.core.signed(checkpoint, note)

    # --- carrying out -----------------------------------------------------------------------------------------------

    def carry_out(self, effects: Sequence[Effect]) -> None:
        """Do what the channel asks for, in order."""
        queue = deque(effects)
        while queue:
            effect = queue.popleft()
            try:
                match effect:
                    case StoreMirror():
                        queue.extendleft(reversed(self._store_mirror(effect)))
                    case StoreOwn():
                        queue.extendleft(reversed(self._store_own(effect)))
                    case KeepMark():
                        self.mark = (effect.checkpoint, effect.note)
                    case StoreCosigned():
                        self._room()
                        self.store.put_cosigned(effect.note, effect.size, self.now().wall_ms)
                    case StoreAhead():
                        self._room()
                        self.store.put_ahead(Ahead(effect.index, effect.entry, effect.body, effect.note))
                    case StoreBranch():
                        self._room()
                        self.store.append_branch(
                            effect.number, effect.start, effect.entries, effect.bodies, effect.note
                        )
                    case StoreNote():
                        self._room()
                        self.store.later(effect.name, effect.note)
                        self.store.flush()
                    case KeepNote():
                        self.store.later(effect.name, effect.note)
                        if effect.at_once and not self.full:
                            self.store.flush()
                    case Send():
                        self.out.append(effect.data)
                    case _:
                        pass
            except StoreFull:
                self.core.not_stored()
                self.events.append(Close("disk-full", ""))
                return
            self.events.append(effect)

    def _room(self) -> None:
        if self.full:
            raise StoreFull("disk-full", "")

    def _store_own(self, effect: StoreOwn) -> list[Effect]:
        self._room()
        self.store.append_own(effect.start, _rows(effect), effect.frontier, effect.last_ms)
        entries = self.store.read(self.party, effect.start, effect.frontier.size)
        bodies = [self.store.body(self.party, index) for index in range(effect.start, effect.frontier.size)]
        followed = self.core.returned(entries, bodies, self.now())
        assert followed is not None
        return followed

    def _store_mirror(self, effect: StoreMirror) -> list[Effect]:
        self._room()
        rows = _rows(effect)
        voice = other(self.party)
        self.store.append_their(effect.start, rows, effect.frontier, effect.note, effect.last_ms)
        entries = self.store.read(voice, effect.start, effect.frontier.size)
        bodies = [self.store.body(voice, index) for index in range(effect.start, effect.frontier.size)]
        followed = self.core.mirrored(entries, bodies, self.now())
        assert followed is not None
        return followed

    def receive(self, data: bytes) -> None:
        """Take one frame."""
        self.carry_out(self.core.receive(data, self.now()))

    def pump(self) -> None:
        """Send what the other side lacks."""
        while effects := self.core.pump():
            self.carry_out(effects)

    def tick(self) -> None:
        """Let the channel see the time."""
        self.carry_out(self.core.tick(self.now()))

    def restart(self, store: MemoryStore | None = None, *, keep_mark: bool = True) -> None:
        """Crash and start again from what was durable, or from another store."""
        self.store = self.store.crashed() if store is None else store
        if not keep_mark:
            self.mark = None
        self.out.clear()
        self.core = self._core()


def _rows(effect: StoreMirror | StoreOwn) -> list[Row]:
    return [
        Row(
            entry,
            leaf,
            body,
            seen.statement_id,
            seen.flash,
            gone=seen.gone,
            lacks=seen.body_digest if body is None else None,
        )
        for entry, leaf, seen, body in zip(effect.entries, effect.leaves, effect.glances, effect.bodies, strict=True)
    ]


class Wire:
    """Two sides and what is on its way between them.

    Args:
        arc: ARC's store; None for one of its own.
    """

    def __init__(self, *, arc: MemoryStore | None = None) -> None:
        self.clock = Clock()
        self.arc, self.bor = Side("ARC", self.clock, arc), Side("BOR", self.clock)
        self.sides = {"ARC": self.arc, "BOR": self.bor}
        self.tampering: Callable[[Side, bytes], bytes | None] = lambda _, data: data
        self._nonce = 0

    def tie(self, side: Side, *, dialled: bool) -> Tie:
        """One connection as a side sees it."""
        self._nonce += 1
        nonce = sha256(b"nonce %d" % self._nonce).digest()
        (own,), (their,) = pins(side.party), pins(other(side.party))
        return Tie(dialled=dialled, own_pin=own, their_pin=their, nonce=nonce)

    def connect(self) -> None:
        """A new connection, dialled by ARC."""
        for side in self.sides.values():
            side.out.clear()
            side.carry_out(side.core.opened(self.tie(side, dialled=side is self.arc), side.now()))

    def cut(self) -> None:
        """The connection is gone, with whatever was on its way."""
        for side in self.sides.values():
            side.out.clear()
            side.core.closed()

    def deliver(self, sender: Side) -> bool:
        """Deliver one frame of a side, as the tampering leaves it."""
        if not sender.out:
            return False
        data = self.tampering(sender, sender.out.popleft())
        if data is not None:
            self.sides[other(sender.party)].receive(data)
        return True

    def settle(self) -> None:
        """Deliver and pump until nothing moves."""
        moving = True
        while moving:
            for side in self.sides.values():
                side.pump()
            moved = [self.deliver(side) for side in self.sides.values()]
            moving = any(moved)

    def open(self) -> None:
        """Connect, and let everything happen that follows."""
        self.connect()
        self.settle()

    def pass_time(self, total_ms: int, *, step_ms: int = 100) -> None:
        """Let time pass; both sides see it, and what they send arrives."""
        for _ in range(total_ms // step_ms):
            self.clock.mono_ms += step_ms
            for side in self.sides.values():
                side.tick()
            self.settle()

    def converged(self) -> bool:
        """Whether both hold all of the other's log and have the receipt for all of theirs."""
        return all(
            side.mirror == self.sides[other(side.party)].own_log
            and side.core.cosigned_size == side.store.head(side.party).size
            for side in self.sides.values()
        )
