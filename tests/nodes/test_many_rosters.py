"""A counterpart that states rosters without end: what stays in memory, and what clients are shown."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from keys import roster as rosters
from keys.roles import KeyRole
from nodes.client import NodeClient
from nodes.clock import now
from nodes.home import NodeHome
from nodes.rosters import HELD_MAX
from nodes.signed import SignedStatement
from protocol.tagged import digest
from tests.builders import hybrid
from tests.nodes.homes import document, roster, write_home
from tests.nodes.pair import line_of, run, running

pytestmark = pytest.mark.slow

LAST = HELD_MAX + 3


def stated() -> list[SignedStatement]:
    """ARC's rosters from version 2 on."""
    found, text = [], rosters.render(roster("ARC"))
    for version in range(2, LAST + 1):
        text = rosters.render(replace(roster("ARC"), version=version, previous=digest(text)))
        found.append(document("ARC", "roster", text))
    return found


def asked(home: NodeHome, version: int) -> bytes:
    """What the node shows an officer of ours."""
    with NodeClient.connect(home.socket) as client:
        client.login(person=1, signer=hybrid("BOR 1", KeyRole.OFFICER))
        shown = client.request("roster", counterpart="ARC", voice="ARC", version=version)
    assert isinstance(shown, bytes)
    return shown


def test_the_first_and_the_newest_stay_in_memory(tmp_path: Path) -> None:
    """Those between are read from the disk for whoever asks; it is the same at a start."""
    home = write_home(tmp_path / "BOR", "BOR")
    brought = stated()
    for version, signed in enumerate(brought[:-1], start=2):
        home.channel("ARC").roster_statement_path("ARC", version).write_bytes(signed.encode())
        home.channel("ARC").roster_path("ARC", version).write_bytes(signed.body or b"")

    async def test() -> None:
        async with running(home) as node:
            line = line_of(node)
            for newest in (LAST - 1, LAST):
                if newest == LAST:
                    await line.standing.take(brought[-1], agreement=line.agreement, now_ms=now().wall_ms)
                versions = [one.roster.version for one in line.their_rosters]
                assert versions == [1, *range(newest - HELD_MAX + 1, newest + 1)]
                for version in (2, newest):
                    assert await asyncio.to_thread(asked, home, version) == brought[version - 2].encode()

    run(test)
