"""Erasure between two nodes: what is due is destroyed on both sides, the logs say so, and everything goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nodes.clock import now
from nodes.erasing import Due, due_bodies, erase, listed
from nodes.errors import ApiRefused
from nodes.line import Line
from nodes.node import Node
from protocol.agreement_conduct import KEEP, KindClock
from protocol.errors import BodyRefused
from tests.nodes.homes import said, terms
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_recovery import level, lose, recovered

pytestmark = pytest.mark.slow

AT_ONCE = KindClock(kind="goodwill", clock=KEEP, within_ms=1, source="Article 12")
PIECE = 24


def due(line: Line) -> list[Due]:
    """What is due now."""
    return list(due_bodies(line.store, line.agreement, now().wall_ms))


def left_of(directory: Path, bodies: list[bytes]) -> list[str]:
    """Files of a home in which any piece of these bodies stands."""
    # Not of the beginning, where every body names the same keys.
    pieces = [body[at : at + PIECE] for body in bodies for at in range(len(body) - 4096, len(body) - PIECE, 256)]
    files = [(str(path), path.read_bytes()) for path in directory.rglob("*") if path.is_file()]
    return [name for name, data in files if any(piece in data for piece in pieces)]


async def erase_all(node: Node) -> None:
    """As the command does it."""
    line = line_of(node)
    await until(lambda: len(due(line)) == 4)
    with pytest.raises(ApiRefused, match="retention"):
        await erase(line, [(line.own, 0)], now().wall_ms)
    assert await erase(line, [(one.voice, one.index) for one in due(line)], now().wall_ms) == []
    assert due(line) == []


def test_what_both_destroyed_is_in_no_file_and_the_line_goes_on(tmp_path: Path) -> None:
    """Nothing of the sealed bodies is left in either home while both run; entries, order and receipts stay. Then one
    loses its disk, has its logs back without them, and speaks again."""

    async def test() -> None:
        homes = write_homes(tmp_path)
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            lines = line_of(arc), line_of(bor)
            for _ in range(2):
                await held(arc, said("ARC"))
                await held(bor, said("BOR"))
            await until(lambda: level(arc, bor) and all(len(due(line)) == 4 for line in lines))
            places = [(one.voice, one.index) for one in due(lines[0])]
            bodies = [body for place in places if (body := lines[0].store.body(*place)) is not None]
            assert len(bodies) == 4
            for home in homes.values():
                assert left_of(home.path, bodies)
            for node in (arc, bor):
                await erase_all(node)
            for home in homes.values():
                assert left_of(home.path, bodies) == []
            await until(lambda: level(arc, bor))
            for line in lines:
                with pytest.raises(BodyRefused):
                    await asyncio.to_thread(line.open_contents, *places[0])
                assert line.store.erased_by(*places[0]) is not None
            shown = await asyncio.to_thread(listed, lines[0], now().wall_ms)
            assert shown == {"bodies": [], "count": 0, "retention": True}
            await held(arc, said("ARC"))
        lose(homes["ARC"])
        async with running(homes["BOR"]) as bor:
            await recovered(homes["ARC"])
            async with running(homes["ARC"]) as arc:
                await held(arc, said("ARC"))
                await until(lambda: level(arc, bor))
                line = line_of(arc)
                assert [line.store.body(*place) for place in places] == [None] * 4
                assert not line.store.lacks("ARC")
                assert not line.store.lacks("BOR")
                for node in (arc, bor):
                    codes = {one["code"] for one in line_of(node).alarms}
                    assert not codes & {"log-damaged", "fork", "held-differs", "root-differs", "docket-differs"}
                assert left_of(homes["ARC"].path, bodies) == []

    with terms(format=2, kind_clocks=(AT_ONCE,)):
        run(test)
