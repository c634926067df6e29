"""Brings how far our log goes to the agreement's witnesses, and keeps what they cosign. Nothing ever waits for them.

What is brought is what the counterpart cosigned: a receipt and a published checkpoint then carry the lines of both.
Each line of the node has a task of its own here, and a witness takes a thread only while it is asked.

Source: spec/witness.md, "Submitting".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog

from nodes.clock import Reading, now
from nodes.errors import NodeError
from nodes.store import OWN_COSIGNED
from nodes.witness_client import Cosigned, WitnessFailed, submit
from nodes.witness_terms import WitnessTerms
from nodes.witnessed import keep
from protocol.agreement_terms import Witness
from protocol.checkpoint import parse_text
from protocol.errors import ProtocolError
from protocol.line_keys import voice_keys
from protocol.note import Note, NoteSignature
from protocol.note import parse as parse_note

if TYPE_CHECKING:
    from nodes.line import Line

EVERY_S: Final = 1.0
"""A log that grows all the time is brought at most so often."""

AGAIN_S: Final = 1_800.0
"""A log that does not grow is cosigned anew, so that nobody takes an old view of it for the present one."""

RETRY_S: Final = 30.0
LOOK_S: Final = 10.0
SILENT_S: Final = 3_600.0
"""A witness that has not cosigned for so long is told of."""

THREADS: Final = 8


@dataclass(slots=True)
class Standing:
    """How a witness did.

    Attributes:
        size: leaves of the last checkpoint of ours that it is known to have cosigned.
        at_ms: when it signed that, UTC milliseconds; None for never since this node started.
        problem: why the last try failed, or empty.
        since_s: when it last cosigned, or when the node began to ask; seconds of the steady clock.
    """

    size: int = 0
    at_ms: int | None = None
    problem: str = ""
    since_s: float = 0.0


@dataclass(slots=True)
class Witnessing:
    """See the module.

    Attributes:
        line: whose log it is.
        terms: where witnesses are, by their names in agreements.
        threads: on which they are asked; of all lines together.
        read: reads the clocks.
        standing: by name of the witness.
    """

    line: Line
    terms: Mapping[str, WitnessTerms]
    threads: Executor
    read: Reading = now
    standing: dict[str, Standing] = field(default_factory=dict)

    def asked(self) -> list[Witness]:
        """The witnesses of the agreement in force that the settings have an address for."""
        return [one for one in self.line.agreement.witnesses if one.name in self.terms]

    def shown(self) -> list[dict[str, Any]]:
        """Every witness of the agreement, for `status`."""
        return [
            {
                "name": one.name,
                "asked": one.name in self.terms,
                "size": how.size,
                "at_ms": how.at_ms,
                "problem": how.problem,
            }
            for one in self.line.agreement.witnesses
            for how in (self.standing.get(one.name, Standing()),)
        ]

    async def run(self) -> None:
        """Look after the witnesses, for ever."""
        log = structlog.get_logger(part="witnesses", line=self.line.counterpart)
        while True:
            brought, left_s = None, RETRY_S
            try:
                brought = await asyncio.to_thread(self.line.store.note, OWN_COSIGNED)
                if brought is not None and self.asked():
                    left_s = RETRY_S if await self._round(brought) else AGAIN_S
            except (NodeError, ProtocolError) as error:
                # What the store does not give now is mended elsewhere.
                log.warning("not witnessed", detail=str(error))
            except Exception:
                # A mistake of ours. It must not pass unseen, and is no reason to cut a line.
                log.exception("witnesses failed")
            await self._pause(brought, left_s)

    async def _pause(self, brought: bytes | None, left_s: float) -> None:
        """Until there is something else to bring, or it is time to bring the same again."""
        until_s = self._now_s() + left_s
        await asyncio.sleep(EVERY_S)
        while (now_s := self._now_s()) < until_s:
            with contextlib.suppress(NodeError):
                if await asyncio.to_thread(self.line.store.note, OWN_COSIGNED) != brought:
                    return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_S, until_s - now_s)):
                    await self.line.changed()

    async def _round(self, data: bytes) -> bool:
        """Bring one checkpoint to all of them; whether one failed."""
        note, asked = parse_note(data), self.asked()
        size = parse_text(note.text).size
        results = await asyncio.gather(*(self._bring(note, one) for one in asked))
        lines: list[NoteSignature] = []
        for witness, result in zip(asked, results, strict=True):
            how = self._of(witness)
            if isinstance(result, Cosigned):
                how.size, how.at_ms, how.problem = size, result.at_ms, ""
                how.since_s = self._now_s()
                lines += result.lines
            else:
                how.problem = result.text
                await self._tell(witness, how, result)
        if lines:
            quorum = self.line.agreement.witness_quorum
            await asyncio.to_thread(keep, self.line.store, note.signed_also(lines), quorum)
        return any(isinstance(result, WitnessFailed) for result in results)

    async def _bring(self, note: Note, witness: Witness) -> Cosigned | WitnessFailed:
        agreement, roster = self.line.agreement, self.line.own_rosters[-1].roster
        ask = partial(
            submit,
            note,
            log=voice_keys(agreement, roster, frozenset()).log,
            witness=witness.verifiers(),
            terms=self.terms[witness.name],
            known=self._of(witness).size,
            read=self.line.store.hashes(self.line.own),
        )
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, ask)
        except WitnessFailed as error:
            return error

    async def _tell(self, witness: Witness, how: Standing, failure: WitnessFailed) -> None:
        if failure.code:
            self.line.alarm(failure.code, f"the witness {witness.name}: {failure.text}")
            if failure.note is not None:
                await self.line.alarms.keep(failure.code, {"shown-by-witness": failure.note})
        elif self._now_s() - how.since_s >= SILENT_S:
            text = f"the witness {witness.name} has not cosigned for an hour: {failure.text}"
            self.line.alarm("witness-silent", text)

    def _of(self, witness: Witness) -> Standing:
        return self.standing.setdefault(witness.name, Standing(since_s=self._now_s()))

    def _now_s(self) -> float:
        return self.read().mono_ms / 1000
