"""What runs out is said in time, once a day, and no more once it is mended."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from keys.roster import render
from nodes.caretaker import AGAIN_MS, DISK_LOW_BYTES, ROSTER_SOON_MS, Caretaker, running_out
from nodes.node import Node
from protocol.effects import Instant
from tests.nodes.homes import FOREVER_MS, agreement, document, roster
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_roster_expiry import following

NOW_MS = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)


def alarms(node: Node, code: str) -> list[str]:
    """Texts of the alarms of one code that a node raised."""
    return [one["text"] for one in line_of(node).alarms if one["code"] == code]


def test_a_roster_is_said_to_run_out_thirty_days_ahead() -> None:
    """To the millisecond; one that ran out is said as well, and a person of a good one by number."""
    good, (person, other, *_) = roster("ARC"), roster("BOR").people
    ends = replace(good, valid_until_ms=NOW_MS + ROSTER_SOON_MS)
    leaving = replace(person, valid_until_ms=NOW_MS + 1)
    gone = replace(other, valid_until_ms=NOW_MS)
    people = replace(roster("BOR"), people=(leaving, gone))
    assert list(running_out(agreement(), (good, roster("BOR")), wall_ms=NOW_MS)) == []
    assert list(running_out(agreement(), (ends,), wall_ms=NOW_MS - 1)) == []
    (said,) = running_out(agreement(), (ends,), wall_ms=NOW_MS)
    assert said == ("roster-expiring", "ARC's roster 1 is valid until 2027-01-31")
    (said,) = running_out(agreement(), (replace(good, valid_until_ms=1),), wall_ms=NOW_MS)
    assert said == ("roster-expiring", "ARC's roster 1 is valid until 1970-01-01")
    (said,) = running_out(agreement(), (people,), wall_ms=NOW_MS)
    assert said == ("roster-expiring", f"person {person.number} in BOR's roster 1 is valid until 2027-01-01")


def test_the_review_of_the_agreement_is_said_to_be_due() -> None:
    """From the day after its date."""
    day = agreement().review_date
    midnight_ms = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    rosters = (roster("ARC"), roster("BOR"))
    assert list(running_out(agreement(), rosters, wall_ms=midnight_ms + AGAIN_MS - 1)) == []
    (said,) = running_out(agreement(), rosters, wall_ms=midnight_ms + AGAIN_MS)
    assert said == ("agreement-review-due", f"to be reviewed by {day.isoformat()}")


def test_the_end_of_the_agreement_is_said() -> None:
    """From its first moment on, and not before."""
    rosters = (roster("ARC"), roster("BOR"))
    assert list(running_out(agreement(), rosters, wall_ms=NOW_MS, ends_ms=NOW_MS + 1)) == []
    (said,) = running_out(agreement(), rosters, wall_ms=NOW_MS, ends_ms=NOW_MS)
    assert said[0] == "agreement-ended"


def test_a_running_node_raises_it_and_falls_silent_when_it_is_mended(tmp_path: Path) -> None:
    """Once a day while it holds, at both nodes; after the next roster not again."""
    homes = write_homes(tmp_path)

    async def whole() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line = line_of(arc)
            wall_ms = 1_800_000_000_000
            ending = following(roster("ARC"), valid_until_ms=wall_ms + ROSTER_SOON_MS)
            at = [Instant(wall_ms=wall_ms, mono_ms=0)]
            caretakers = [Caretaker(node.home.path, node.lines, read=lambda: at[0]) for node in (arc, bor)]
            assert (await held(arc, document("ARC", "roster", render(ending)))).state == "held"
            await until(lambda: line_of(bor).their_rosters[-1].roster.version == 2)
            await until(lambda: line.own_rosters[-1].roster.version == 2)
            for caretaker in caretakers:
                caretaker.look(DISK_LOW_BYTES)
                caretaker.look(DISK_LOW_BYTES)
            for node in (arc, bor):
                (text,) = alarms(node, "roster-expiring")
                assert text.startswith("ARC's roster 2 is valid until")
                assert alarms(node, "disk-low") == []
            caretakers[0].look(DISK_LOW_BYTES - 1)
            assert len(alarms(arc, "disk-low")) == 1

            renewed = following(ending, valid_until_ms=FOREVER_MS)
            assert (await held(arc, document("ARC", "roster", render(renewed)))).state == "held"
            await until(lambda: line.own_rosters[-1].roster.version == 3)
            at[0] = Instant(wall_ms=wall_ms, mono_ms=AGAIN_MS)
            caretakers[0].look(None)
            assert len(alarms(arc, "roster-expiring")) == 1

    run(whole)


def test_a_node_looks_by_itself_when_it_starts(tmp_path: Path) -> None:
    """The alarm stands in its status with the first look, with nobody asking."""
    homes = write_homes(tmp_path)

    async def whole() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            ending = following(roster("ARC"), valid_until_ms=1_000)
            assert (await held(arc, document("ARC", "roster", render(ending)))).state == "held"
            await until(lambda: line_of(bor).their_rosters[-1].roster.version == 2)
        async with running(homes["BOR"]) as bor:
            await until(lambda: alarms(bor, "roster-expiring") != [])

    run(whole)
