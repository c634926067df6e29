"""An expired roster marks what people say and cuts nothing; the next version, signed by the roots, mends it."""

from dataclasses import replace
from pathlib import Path

import pytest

from keys.roster import Roster, render
from nodes.admission import AdmissionRefused
from nodes.node import Node
from nodes.signed import SignedStatement
from protocol.statement import Statement
from protocol.tagged import digest
from tests.nodes.homes import FOREVER_MS, document, roster, said
from tests.nodes.pair import held, line_of, run, running, until, write_homes

LONG_AGO_MS = 1_600_000_000_000


def following(before: Roster, *, valid_until_ms: int) -> Roster:
    """The next version with the same people and keys."""
    return replace(before, version=before.version + 1, previous=digest(render(before)), valid_until_ms=valid_until_ms)


def faults(node: Node, voice: str, index: int) -> list[str] | None:
    """The faults of an entry as a node judges it, or None while it has not."""
    view = line_of(node).projection.entry(voice, index)
    return None if view is None else view["faults"]


def test_statements_count_again_after_the_next_roster(tmp_path: Path) -> None:
    """Admitted by the roots alone while the one before is expired; receipts and beats go on all the time."""
    homes = write_homes(tmp_path)
    expired = following(roster("ARC"), valid_until_ms=LONG_AGO_MS)
    renewed = following(expired, valid_until_ms=FOREVER_MS)

    async def enact(arc: Node, bor: Node, made: Roster) -> None:
        assert (await held(arc, document("ARC", "roster", render(made)))).state == "held"
        await until(lambda: line_of(arc).own_rosters[-1].roster.version == made.version)
        await until(lambda: line_of(bor).their_rosters[-1].roster.version == made.version)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line = line_of(arc)
            assert (await held(arc, said("ARC"))).state == "held"
            await enact(arc, bor, expired)
            with pytest.raises(AdmissionRefused) as caught:
                await line.intake.submit(said("ARC"))
            assert caught.value.code == "roster-expired"

            # What a node whose clock is wrong would log: it is held and receipted, and marked at both.
            late: SignedStatement = said("ARC")
            index = (await line.place(Statement.parse(late.statement), late)).index
            await until(lambda: line.status()["own_held"] > index)
            for node in (arc, bor):
                await until(lambda: faults(node, "ARC", index) is not None)  # noqa: B023
                assert faults(node, "ARC", index) == ["roster-expired"]
            assert (await held(bor, said("BOR"))).state == "held"
            assert {line_of(node).status()["line"] for node in (arc, bor)} == {"up"}

            await enact(arc, bor, renewed)
            outcome = await held(arc, said("ARC"))
            again = int((outcome.serial or "").split()[1])
            for node in (arc, bor):
                await until(lambda: faults(node, "ARC", again) is not None)  # noqa: B023
                assert faults(node, "ARC", again) == []
                assert faults(node, "ARC", index) == ["roster-expired"]

    run(test)
