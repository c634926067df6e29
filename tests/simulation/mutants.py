"""Mistakes that somebody could make, as data: one edit each, a seed that shows it, and the invariant that does.

A mutant is applied to the source of one function, which is compiled anew in its own module and put in its place for as
long as a test runs. Nothing in the packages knows of it. A mutant whose text is no longer found fails its test: whoever
changed the function says what the mistake looks like now.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from nodes.clock import SteadyClock
from nodes.driver import Driver
from nodes.intake import Intake
from nodes.line import Line
from nodes.sequencer import Sequencer
from protocol.branches import Branches
from protocol.incoming import Incoming
from protocol.judge import Judge
from protocol.outbox import Outbox


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes:
        name: what it does.
        where: the class whose method it is.
        method: which.
        old: text that stands there once; a method begins at the margin.
        new: what stands there instead.
        killed_by: code of the invariant that sees it.
        seed: of a world that shows it.
    """

    name: str
    where: type
    method: str
    old: str
    new: str
    killed_by: str
    seed: int


MUTANTS = (
    Mutant(
        "cosign what is not written",
        Driver,
        "_store_mirror",
        """store.append_their(effect.start, rows, effect.frontier, effect.note, effect.last_ms)
    entries = store.read(store.their, effect.start, end)
    bodies = [store.body(store.their, index) for index in range(effect.start, end)]""",
        "entries, bodies = list(effect.entries), list(effect.bodies)",
        "I3",
        0,
    ),
    Mutant(
        "send a signature before it is durable", Sequencer, "_sign", "self._mark.put(note, checkpoint)", "pass", "I3", 0
    ),
    Mutant("count what nobody signed", Judge, "conclude", "if all(results):", "if True:", "P9", 5),
    Mutant(
        "answer before a statement is kept",
        Intake,
        "_take",
        "await self._keep(name, statement.id, signed)",
        "pass",
        "I3",
        0,
    ),
    Mutant(
        "log a statement again that was logged",
        Intake,
        "_take",
        "if self._store.find(statement.id) is not None:",
        "if False:",
        "I4",
        0,
    ),
    Mutant(
        "let time go back",
        SteadyClock,
        "take",
        "self._last_ms = max(self._last_ms, self.now().wall_ms, 0)",
        "self._last_ms = max(self.now().wall_ms, 0)",
        "I15",
        1,
    ),
    Mutant(
        "state the own log as the one held",
        Sequencer,
        "_commit",
        "held = LogState(mirror.size, mirror.root)",
        "held = LogState(before.size, before.root)",
        "I7",
        0,
    ),
    Mutant(
        "begin to sign without asking",
        Outbox,
        "heed",
        "if checkpoint.size > head.size:",
        """if checkpoint.size > head.size:
        self.live = True
        return [Live()]
    if False:""",
        "I2",
        57,
    ),
    Mutant("pass over a second log", Branches, "_accuse", "self.disputed = True", "return []", "L1", 460),
    Mutant(
        "drop an alarm with what the disk had no room for",
        Driver,
        "_carry_out",
        "done += [later for later in queue if isinstance(later, Alarm)]",
        "pass",
        "L1",
        43,
    ),
    Mutant(
        "give a voice up for a full disk",
        Line,
        "_start_voice",
        "await asyncio.sleep(START_AGAIN_S)",
        "break",
        "L1",
        31,
    ),
    Mutant("go on after a write that failed", Intake, "_on_thread", "self._host.broke(error)", "pass", "I22", 21),
    Mutant(
        "go on after a mark that was not written",
        Line,
        "_start_voice",
        "self._broken(error)",
        "pass",
        "I22",
        17,
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
    Mutant(
        "never sign what a crash left unsigned",
        Sequencer,
        "_resume",
        "return checkpoint, self._sign(checkpoint, self._clock.take())",
        "return None",
        "broke",
        49,
    ),
    Mutant("forget the queue", Line, "_log_first", "await self.intake.log_queue()", "pass", "L1", 0),
    Mutant(
        "mirror entries that are not what was signed",
        Incoming,
        "check",
        """if proof or frontier.root() != checkpoint.root:""",
        "if False:",
        "I7",
        10,
    ),
    Mutant("answer twice for one receipt", Outbox, "take_receipt", "self._cosigned = told", "pass", "L1", 0),
)


def mutated(mutant: Mutant) -> Any:
    """The function with the mistake in it."""
    raw = mutant.where.__dict__[mutant.method]
    function: Any = raw.__func__ if isinstance(raw, classmethod) else raw
    text = textwrap.dedent(inspect.getsource(function))
    if text.count(mutant.old) != 1:
        raise AssertionError(f"{mutant.name}: the text is there {text.count(mutant.old)} times:\n{text}")
    lines = text.splitlines(keepends=True)
    while lines[0].lstrip().startswith("@"):
        lines.pop(0)
    source = "".join(lines).replace(mutant.old, mutant.new)
    module = sys.modules[function.__module__]
    scope: dict[str, Any] = {}
    exec(compile(source, f"<{mutant.name}>", "exec"), module.__dict__, scope)  # the mistake under test
    made = scope[mutant.method]
    return classmethod(made) if isinstance(raw, classmethod) else made


@contextlib.contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """The mistake is in force."""
    with patch.object(mutant.where, mutant.method, mutated(mutant)):
        yield
