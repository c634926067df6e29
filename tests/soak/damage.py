"""A log file changed at random under two real nodes: all is as it was again, or the node says that it cannot start.

A case flips bits, or tears pages, anywhere in the file of a node that is stopped: entries, bodies, hashes, indexes,
what says how far the logs go, the file's own header. Both nodes are started and a scrub is run. Whatever the damage,
nothing else than what was signed is read as an entry, nobody is accused, and the node ends with a code or goes on.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import apsw

from nodes.errors import NodeError
from nodes.home import NodeHome
from nodes.node import Node
from nodes.sqlite_store import SqliteStore
from nodes.store import StoreBroken
from protocol.merkle import leaf_hash
from tests.lines import other
from tests.nodes.damage import settle
from tests.nodes.homes import said
from tests.nodes.pair import free_port, held, line_of, running, write_homes

NAME = "damage"
COUNT = 600
CHUNK = 10

ACCUSATIONS = {"docket-differs", "fork", "fork-self", "rollback", "root-differs", "held-differs", "repair-refused"}
SAID = 25
PATIENCE_S = 40.0


@cache
def _template() -> Path:
    """Two homes whose nodes have said something, stopped."""
    directory = Path(tempfile.mkdtemp(prefix="hotline-damage-"))
    homes = write_homes(directory)

    async def talk() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            for number in range(SAID):
                await held(arc, said("ARC", f"message {number}"))
                await held(bor, said("BOR", f"answer {number}"))

    asyncio.run(talk())
    for home in homes.values():
        settle(home.channel(other(home.party)).log_db)
    return directory


def _homes(directory: Path) -> dict[str, NodeHome]:
    """Copies of them on a port of their own."""
    shutil.copytree(_template(), directory, dirs_exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    for path in (directory / "ARC/channels/BOR/channel.toml", directory / "BOR/node.toml"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join(_readdressed(line, address) for line in lines) + "\n")
    return {name: NodeHome(directory / name) for name in ("ARC", "BOR")}


def _readdressed(line: str, address: str) -> str:
    if line.startswith("endpoints"):
        return f'endpoints = ["{address}"]'
    return f'listen = "{address}"' if line.startswith("listen") else line


def _leaves(path: Path) -> dict[str, list[bytes]]:
    """What is read of both logs."""
    store = SqliteStore.open(path, own="ARC", their="BOR", readonly=True)
    try:
        return {name: [leaf_hash(one) for one in store.read(name, 0, store.head(name).size)] for name in ("ARC", "BOR")}
    finally:
        store.close()


def _harm(path: Path, chance: Random) -> str:
    """Change the file somewhere."""
    data = bytearray(path.read_bytes())
    page = 4096
    if chance.random() < 0.5:
        count = chance.choice((1, 1, 1, 8, 64))
        for _ in range(count):
            place = chance.randrange(len(data))
            data[place] ^= 1 << chance.randrange(8)
        what = f"{count} bits"
    else:
        number = chance.randrange(len(data) // page)
        length = chance.choice((16, 512, page))
        start = number * page + chance.randrange(page - length + 1)
        data[start : start + length] = chance.randbytes(length) if chance.random() < 0.5 else bytes(length)
        what = f"{length} bytes of page {number + 1}"
    path.write_bytes(data)
    return what


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own.
        await asyncio.sleep(0.02)


async def _mended(homes: dict[str, NodeHome], truth: dict[str, list[bytes]]) -> tuple[str, int]:
    """Start both, scrub, and see; gives what became of it and how many places were mended."""
    try:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line = line_of(arc)
            scrub = line.upkeep.scrub
            async with asyncio.timeout(PATIENCE_S):
                await _until(lambda: line.live and line_of(bor).live)
                passes = scrub.passes
                scrub.hurry()
                await _until(lambda: scrub.passes > passes and not scrub.shown()["damaged"])
                await held(arc, said("ARC"))
                await held(bor, said("BOR"))
            _check(arc, bor, truth)
            return "mended" if scrub.repaired else "nothing to mend", scrub.repaired
    except StoreBroken as error:
        return f"stopped: {error.code}", 0
    except BaseExceptionGroup as group:
        raise AssertionError(str(group.exceptions)) from group
    except NodeError as error:
        return f"stopped: {error.code}", 0


def _check(arc: Node, bor: Node, truth: dict[str, list[bytes]]) -> None:
    for name, leaves in truth.items():
        entries = line_of(arc).store.read(name, 0, len(leaves))
        assert [leaf_hash(one) for one in entries] == leaves, f"the log of {name} is another one"
    for node in (arc, bor):
        codes = {alarm["code"] for alarm in line_of(node).alarms}
        assert not codes & ACCUSATIONS, f"{node.party} raises {codes & ACCUSATIONS}"


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Each case is another change of the same file."""
    truth = _leaves(_template() / "ARC/channels/BOR/log.db")
    found: Counter[str] = Counter()
    repaired = 0
    for number in range(first, first + count):
        with tempfile.TemporaryDirectory(prefix="hotline-damage-") as name:
            homes = _homes(Path(name))
            what = _harm(homes["ARC"].channel("BOR").log_db, Random(number))
            try:
                outcome, places = asyncio.run(_mended(homes, truth))
            except (AssertionError, TimeoutError, apsw.Error) as error:
                raise AssertionError(f"case {number}, {what}: {error!r}") from error
        found[outcome.split(":")[0]] += 1
        repaired += places
        say(f"case {number}: {what}: {outcome}")
    return {"places mended": repaired, **dict(sorted(found.items()))}
