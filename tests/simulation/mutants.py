"""Mistakes that somebody could make, as data: one edit each, a seed that shows it, and the invariant that does.

A mutant is applied to the source of one function, which is compiled anew in its own module and lends the function its
code for as long as a test runs. Nothing in the packages knows of it. A mutant whose text is no longer found fails its
test: whoever changed the function says what the mistake looks like now.
"""

from __future__ import annotations

import contextlib
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, cast

from keys.passkey import Passkey
from nodes.clock import SteadyClock
from nodes.driver import Driver
from nodes.highwater import HighWater
from nodes.intake import Intake
from nodes.sequencer import Sequencer
from nodes.speaking import Speaking
from protocol.branches import Branches
from protocol.channel import Channel
from protocol.governance import Governance
from protocol.heart import Heart
from protocol.incoming import Incoming
from protocol.judge import Judge
from protocol.mirror import Mirror
from protocol.outbox import Outbox
from protocol.reading import Reader
from protocol.trust import Trust


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes:
        name: what it does.
        where: the class whose method it is.
        method: which.
        old: text that stands there once; a method begins at the margin.
        new: what stands there instead.
        killed_by: code of the invariant that sees it, or codes where either may be the first.
        seed: of a world that showed it; changes elsewhere make other worlds of the same seed.
        further: more edits of the same kind in that method.
        forced: families of faults that show it, and `long` where a short world seldom does.
    """

    name: str
    where: type
    method: str
    old: str
    new: str
    killed_by: str
    seed: int
    further: tuple[tuple[str, str], ...] = ()
    forced: str = ""

    @property
    def edits(self) -> tuple[tuple[str, str], ...]:
        """What is replaced by what."""
        return ((self.old, self.new), *self.further)


MUTANTS = (
    Mutant(
        "cosign what is not written",
        Driver,
        "_store_mirror",
        "store.append_their(effect.start, rows, effect.frontier, effect.note, effect.last_ms)",
        "pass",
        "I3",
        0,
        (
            (
                """entries = store.read(store.their, effect.start, end)
    bodies = [store.body(store.their, index) for index in range(effect.start, end)]""",
                "entries, bodies = list(effect.entries), list(effect.bodies)",
            ),
        ),
    ),
    Mutant(
        "send a signature before it is durable", Sequencer, "_sign", "self._mark.put(note, checkpoint)", "pass", "I3", 0
    ),
    Mutant(
        "count what nobody signed", Judge, "conclude", "if all(results):", "if True:", "P9", 2, forced="unauthorised"
    ),
    Mutant(
        "believe whatever authenticator",
        Passkey,
        "verify",
        "check_assertion_data(found.data, rp_id=self.rp_id)",
        "pass",
        "P9",
        0,
        forced="passkeys roster unauthorised",
    ),
    Mutant(
        "answer before a statement is kept",
        Intake,
        "_queue",
        "await self._keep(QUEUE, statement_id, signed)",
        "pass",
        "I3",
        4,
        forced="long crash power",
    ),
    Mutant(
        "log a statement again that was logged",
        Intake,
        "_logged",
        "return self._store.find(statement_id) is not None",
        "return False",
        "I4",
        0,
        forced="crash",
    ),
    Mutant(
        "let time go back",
        SteadyClock,
        "take",
        "self._last_ms = max(self._last_ms, self.now().wall_ms, 0)",
        "self._last_ms = max(self.now().wall_ms, 0)",
        "I15",
        0,
        forced="clock-jump",
    ),
    Mutant(
        "state the own log as the one held",
        Sequencer,
        "_commit_whole",
        "held = LogState(mirror.size, mirror.root)",
        "held = LogState(before.size, before.root)",
        "I7",
        0,
    ),
    Mutant(
        "begin to sign without asking",
        Channel,
        "_on_state",
        "effects: list[Effect] = [*self._outbox.heed(*self._shown)]",
        "effects, self._outbox.standing = [], GOOD",
        "I2 P10",
        36,
        (("if known is not None:", "if False:"),),
        forced="old-disk",
    ),
    Mutant("pass over a second log", Branches, "_accuse", "self.disputed = True", "return []", "L1", 15, forced="fork"),
    Mutant(
        "give a voice up for a full disk",
        Speaking,
        "start",
        "await asyncio.sleep(START_AGAIN_S)",
        "break",
        "L1",
        8,
        forced="full crash",
    ),
    Mutant(
        "go on after a write that failed",
        Intake,
        "_on_thread",
        "self._host.broke(error)",
        "pass",
        "I22",
        7,
        forced="write-fails long",
    ),
    Mutant(
        "go on after a mark that was not written",
        Speaking,
        "start",
        "self._broken(error)",
        "pass",
        "I22",
        8,
        forced="write-fails crash",
    ),
    Mutant(
        "mirror an entry without its body",
        Incoming,
        "check",
        "missing = [mirror.size + place for place, seen in enumerate(glances) if seen.body_digest is not None]",
        "missing = []",
        "I10",
        0,
    ),
    Mutant("forget the queue", Speaking, "_log_first", "await intake.log_queue()", "pass", "L1", 2, forced="long"),
    Mutant(
        "mirror entries that are not what was signed",
        Incoming,
        "check",
        """if proof or frontier.root() != checkpoint.root:""",
        "if False:",
        "I7 I17",
        2,
        forced="forge",
    ),
    Mutant(
        "ignore the channel id of a beat, and its session",
        Heart,
        "received",
        "channel=self.channel,",
        "channel=beats.parse(frame['beat']).channel,",
        "I17",
        4,
        (("if beat.session != self._session:", "if False:"),),
        forced="cross",
    ),
    Mutant("skip the quoted size", Heart, "_signed_beat", "quoted=self._outbox.quoted,", "quoted=0,", "I9", 0),
    Mutant(
        "heed a state of any session",
        Channel,
        "_on_state",
        """handshake.check_vouched(
        key=self.keys.their.node,
        channel=self.channel,
        party=self._their,
        tie=self._tied(),
        version=self._version,
        own_hello=self._own_hello,
        their_hello=self._their_hello,
        items=frame.items,
    )""",
        "pass",
        "I17",
        0,
        forced="replay drop",
    ),
    Mutant(
        "let in behind a roster what was checked by the one before",
        Intake,
        "_place_roster",
        "await self._host.adopt(placed.index)",
        "pass",
        "P9",
        9,
        forced="roster",
    ),
    Mutant(
        "leave the last entry before a revocation without its mark",
        Trust,
        "ranges",
        "range(one.trusted, at)",
        "range(one.trusted, at - 1)",
        "P9",
        7,
        forced="roster long",
    ),
    Mutant(
        "look for a revoked key in the newest roster",
        Trust,
        "of",
        "self._signers[at - 1]",
        "self._signers[-1]",
        "P9",
        1,
        forced="roster long",
    ),
    Mutant(
        "take a root set that only the roots before it signed",
        Reader,
        "_check_document",
        "sets = [by.roots] if coming is None else [by.roots, coming.roots]",
        "sets = [by.roots]",
        "P9",
        0,
        forced="roots",
    ),
    Mutant(
        "take a torn mark for whole",
        HighWater,
        "_load",
        "if len(check) != 32 or sha256(data[: 12 + length]).digest() != check:",
        "if False:",
        "I3",
        3,
        forced="crash-at-write",
    ),
    Mutant(
        "let what nobody understands count",
        Reader,
        "_check_header",
        "faults.append(NOT_UNDERSTOOD)",
        "pass",
        "P15",
        0,
        forced="unheard-of",
    ),
    Mutant(
        "let an exercise count in a thread that is none",
        Judge,
        "_judge_statement",
        "if opener.status != statement.status:",
        "if False:",
        "P14",
        4,
        forced="unheard-of",
    ),
    Mutant(
        "judge by the founding agreement for ever",
        Governance,
        "number",
        "number = len(self.reigns) - 1",
        "number = 0",
        "P9",
        1,
        forced="amend",
    ),
    Mutant(
        "hold on to what a session left half done",
        Mirror,
        "session_ends",
        "self._incoming = None",
        "pass",
        "L1",
        0,
        forced="drop partition",
    ),
    Mutant(
        "tell nobody what was only seen",
        Channel,
        "_on_auth",
        '"newest_note": self._mirror.told_newest(),',
        '"newest_note": None,',
        "I9",
        1,
        forced="drop partition power",
    ),
    Mutant(
        "speak before what was lost is back",
        Channel,
        "_speak",
        "if self._outbox.standing != GOOD or self._recovery.goal is not None or not held:",
        "if False:",
        "P10",
        4,
        forced="old-disk",
    ),
    Mutant(
        "answer twice for one receipt",
        Outbox,
        "take_receipt",
        "self._cosigned, self._receipt = told, note",
        "pass",
        "L1",
        0,
    ),
)


def mutated(mutant: Mutant, function: FunctionType) -> CodeType:
    """What the function does with the mistake in it."""
    text = textwrap.dedent(inspect.getsource(function))
    for old, _ in mutant.edits:
        if text.count(old) != 1:
            raise AssertionError(f"{mutant.name}: the text is there {text.count(old)} times:\n{text}")
    lines = text.splitlines(keepends=True)
    while lines[0].lstrip().startswith("@"):
        lines.pop(0)
    source = "".join(lines)
    for old, new in mutant.edits:
        source = source.replace(old, new)
    scope: dict[str, Any] = {}
    exec(compile(source, f"<{mutant.name}>", "exec"), function.__globals__, scope)  # the mistake under test
    made: FunctionType = scope[mutant.method]
    return made.__code__


@contextlib.contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """The mistake is in force, also for whoever took hold of the function before."""
    raw = mutant.where.__dict__[mutant.method]
    function = cast(FunctionType, raw.__func__ if isinstance(raw, classmethod) else raw)
    right = function.__code__
    function.__code__ = mutated(mutant, function)
    try:
        yield
    finally:
        function.__code__ = right
