"""Two nodes with some life, one or both disks lost or put back at a moment of a seed; all comes back (tests/nodes).

A case is a seed: how much is said, which disk is lost how, whether a recovery is cut off in the middle. Whatever it is,
both sides end with the same two logs, what both of them had is in them, and nobody was told of a fork.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import structlog

from nodes.home import NodeHome
from nodes.node import Node
from tests.nodes.homes import said
from tests.nodes.pair import held, line_of, running, until, write_homes
from tests.nodes.test_recovery import level, lose, recovered

NAME = "recovery"
COUNT = 1_000
CHUNK = 5

WAYS = ("keys", "recover", "old", "both-old", "both-other")
"""Only the keys are left and the node starts; the same by the command; an old copy; old copies of both sides, of the
same day, of different days."""


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Lose disks; see the package."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    figures: dict[str, int | float] = {"entries": 0, "disks lost": 0}
    for seed in range(first, first + count):
        try:
            with tempfile.TemporaryDirectory() as directory:
                asyncio.run(_case(Random(f"recovery {seed}"), Path(directory), figures))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            say(f"seed {seed}: {error!r}")
            raise
    return figures


async def _talk(homes: dict[str, NodeHome], chance: Random) -> None:
    async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
        for node in chance.choices((arc, bor), k=chance.randrange(1, 12)):
            await held(node, said(node.party))
        await until(lambda: level(arc, bor))


def _copy(home: NodeHome, to: Path) -> Path:
    shutil.copytree(home.path, to)
    return to


def _put_back(home: NodeHome, old: Path) -> None:
    shutil.rmtree(home.path)
    shutil.copytree(old, home.path)


async def _case(chance: Random, directory: Path, figures: dict[str, int | float]) -> None:
    homes = write_homes(directory)
    await _talk(homes, chance)
    way = chance.choice(WAYS)
    first = {party: _copy(home, directory / f"{party} first") for party, home in homes.items()}
    await _talk(homes, chance)
    second = {party: _copy(home, directory / f"{party} second") for party, home in homes.items()}
    await _talk(homes, chance)
    victim, other = chance.sample(sorted(homes), 2)
    if way in ("keys", "recover"):
        lose(homes[victim])
    else:
        _put_back(homes[victim], first[victim])
    if way == "both-old":
        _put_back(homes[other], first[other])
    if way == "both-other":
        _put_back(homes[other], second[other])
    figures["disks lost"] += 1 + way.startswith("both")
    async with running(homes[other]) as there:
        before = line_of(there).store.read(victim, 0, 1 << 40)
        if way == "recover":
            cut = asyncio.create_task(recovered(homes[victim]))
            await asyncio.sleep(chance.uniform(0, 0.4))
            cut.cancel()
            await asyncio.gather(cut, return_exceptions=True)
            await recovered(homes[victim])
        async with running(homes[victim]) as back:
            for node in (back, there):
                await held(node, said(node.party))
            await until(lambda: level(back, there))
            _check(back, there, before)
            figures["entries"] += sum(line_of(back).store.head(voice).size for voice in homes)


def _check(back: Node, there: Node, before: list[bytes]) -> None:
    stores = line_of(back).store, line_of(there).store
    for voice in (back.party, there.party):
        one, two = (store.read(voice, 0, 1 << 40) for store in stores)
        size = min(len(one), len(two))
        if one[:size] != two[:size]:
            raise AssertionError(f"two logs of {voice}")
    if stores[0].read(back.party, 0, len(before)) != before:
        raise AssertionError(f"what was held of {back.party} did not come back")
    for node in (back, there):
        accused = {alarm["code"] for alarm in line_of(node).alarms} & {"fork", "fork-self", "root-differs"}
        if accused:
            raise AssertionError(f"{node.party} was told {accused}")
