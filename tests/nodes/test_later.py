"""Rosters that were signed for a time to come: logged then, in order, and not before."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from keys.roster import Roster, render
from nodes.backup_files import KEYS, paths
from nodes.files import make_directory, write_file
from nodes.home import NodeHome
from nodes.later import Later, name_of, waiting
from nodes.line import Line
from nodes.signed import SignedStatement
from protocol.effects import Instant
from tests.nodes.homes import document, roster
from tests.nodes.pair import line_of, run, running, until, write_homes
from tests.nodes.test_roster_expiry import following as followed_by

WALL_MS = 1_800_000_000_000


def following(before: Roster) -> Roster:
    """The next version, as long valid."""
    return followed_by(before, valid_until_ms=before.valid_until_ms)


def has(line: Line, version: int) -> bool:
    """Whether a line's newest roster of ours is of this version."""
    return line.own_rosters[-1].roster.version == version


def put(home: NodeHome, version: int, at_ms: int, signed: SignedStatement) -> Path:
    """Lay a roster down for a time."""
    channel = home.channels()[0]
    make_directory(channel.later)
    path = channel.later / name_of(version, at_ms)
    write_file(path, signed.encode())
    return path


def test_each_is_logged_in_its_time(tmp_path: Path) -> None:
    """Before it nothing happens; then one follows the other, and the other side has both."""
    homes = write_homes(tmp_path)
    second = following(roster("ARC"))
    third = following(second)
    put(homes["ARC"], 3, WALL_MS + 2, document("ARC", "roster", render(third)))
    put(homes["ARC"], 2, WALL_MS + 1, document("ARC", "roster", render(second)))

    async def whole() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line, at = line_of(arc), [Instant(wall_ms=WALL_MS, mono_ms=0)]
            look = Later(arc.lines, read=lambda: at[0]).look
            await until(lambda: line.live)
            for passed_ms, version, left in ((0, 1, 2), (1, 2, 1), (2, 3, 0)):
                at[0] = Instant(wall_ms=WALL_MS + passed_ms, mono_ms=0)
                await look(line)
                assert len(waiting(line.home)) == left
                await until(partial(has, line, version))
            # Left behind by a crash after it was logged.
            put(homes["ARC"], 3, WALL_MS, document("ARC", "roster", render(third)))
            await look(line)
            assert not waiting(line.home)
            assert not [one for one in line.alarms if one["code"] == "roster-refused"]
            await until(lambda: line_of(bor).their_rosters[-1].roster.version == 3)

    run(whole)


def test_one_that_is_void_is_said_and_removed(tmp_path: Path) -> None:
    """Another roster took its place; one whose predecessor has not come yet waits."""
    homes = write_homes(tmp_path)
    other = replace(following(roster("ARC")), previous=bytes(32))
    path = put(homes["ARC"], 2, WALL_MS, document("ARC", "roster", render(other)))
    early = put(homes["ARC"], 3, WALL_MS, document("ARC", "roster", render(following(following(roster("ARC"))))))
    write_file(path.with_name("roster-something.statement"), b"not of ours")

    async def whole() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line = line_of(arc)
            look = Later(arc.lines, read=lambda: Instant(wall_ms=WALL_MS, mono_ms=0)).look
            await until(lambda: line.live)
            await look(line)
            assert not path.exists()
            assert early.exists()
            (said,) = [one["text"] for one in line.alarms if one["code"] == "roster-refused"]
            assert path.name in said
            assert line.own_rosters[-1].roster.version == 1

    run(whole)


def test_a_backup_has_them(tmp_path: Path) -> None:
    """A node that is put back ends a delegation as it would have."""
    homes = write_homes(tmp_path)
    path = put(homes["ARC"], 2, WALL_MS, document("ARC", "roster", render(following(roster("ARC")))))
    assert path.relative_to(homes["ARC"].path).as_posix() in set(paths(homes["ARC"], KEYS))
