"""Pages of real nodes: what happens on a line calls a program, once, and no pager holds a line."""

import json
import time
from pathlib import Path

import pytest

from nodes.home import NodeHome
from nodes.node import Node
from tests.builders import START_MS
from tests.nodes.homes import letter, said, signed_by
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_admission import FIELDS

pytestmark = pytest.mark.slow

PAGER = """
[[page]]
role = "{role}"
events = [{events}]
run = ["{program}"]
limit_s = {limit_s}
"""


def equip(home: NodeHome, role: str, text: str, *, events: str = "", limit_s: int = 10) -> Path:
    """Give a home a pager for a role; what it was told goes to the file returned, a line a call."""
    told = home.path / f"{role}.told"
    program = home.path / f"{role}.sh"
    program.write_text(f"#!/bin/sh\n{text.format(told=told)}\n")
    program.chmod(0o755)
    named = events or '"flash", "statement", "due-soon", "overdue", "draft-waits"'
    with home.config_path.open("a") as settings:
        settings.write(PAGER.format(role=role, events=named, program=program, limit_s=limit_s))
    return told


def calls(told: Path) -> list[dict[str, object]]:
    """What a program was told so far."""
    return [json.loads(one) for one in told.read_text().splitlines()] if told.exists() else []


def settled(node: Node) -> bool:
    """Whether every call was made and written down."""
    return all(one.state == "done" for page in node.pages.engine.pages.values() for one in page.called.values())


def test_a_statement_calls_once_and_not_again_after_a_restart(tmp_path: Path) -> None:
    """The duty officer of the other side is told who said something, and not what."""
    homes = write_homes(tmp_path)
    told = equip(homes["BOR"], "duty", "cat >> {told}")

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            async with running(homes["BOR"]) as bor:
                outcome = await held(arc, said("ARC"))
                await until(lambda: bool(calls(told)) and settled(bor))
            async with running(homes["BOR"]) as bor:
                second = await held(arc, said("ARC"))
                await until(lambda: len(calls(told)) > 1 and settled(bor))
        found = calls(told)
        assert [one["serial"] for one in found] == [outcome.serial, second.serial]
        assert {(one["event"], one["counterpart"], one["role"]) for one in found} == {("statement", "ARC", "duty")}

    run(test)


def test_a_pager_that_hangs_holds_no_line_and_is_followed_by_the_next(tmp_path: Path) -> None:
    """Statements are held while it hangs; then it is an alarm, and the release officer is called."""
    homes = write_homes(tmp_path)
    equip(homes["BOR"], "duty", "sleep 60", limit_s=2)
    told = equip(homes["BOR"], "release", "cat >> {told}")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            began = time.monotonic()
            for _ in range(3):
                await held(arc, said("ARC"))
            assert time.monotonic() - began < 2
            await until(lambda: bool(calls(told)))
            assert line_of(bor).alarms.counts["pager-failed"] == 1
            assert bor.pages.pagers_shown()[0]["problem"] == "it took more than 1.5 s and was ended"

    run(test)


def test_a_draft_calls_the_role_that_it_waits_for(tmp_path: Path) -> None:
    """Our own release officer, until the signature is there."""
    homes = write_homes(tmp_path)
    told = equip(homes["ARC"], "release", "cat >> {told}")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            made = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
            await line_of(arc).intake.submit(signed_by(made, (1, "duty")))
            await until(lambda: bool(calls(told)))
            assert (calls(told)[0]["event"], calls(told)[0]["serial"]) == ("draft-waits", None)
            await held(arc, signed_by(made, (1, "duty"), (2, "release")))
            await until(lambda: all(one.cause.family != "draft" for one in arc.pages.engine.pages.values()))

    run(test)


def test_an_alarm_calls_and_is_acknowledged_once(tmp_path: Path) -> None:
    """It stands until a person takes note, also over a restart."""
    homes = write_homes(tmp_path)
    told = equip(homes["ARC"], "technical", "cat >> {told}", events='"alarm"')

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line_of(arc).alarm("rollback", "for a test")
            await until(lambda: bool(calls(told)) and settled(arc))
            assert calls(told)[0]["code"] == "rollback"
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await until(lambda: "BOR/alarm/rollback" in arc.pages.engine.pages)
            page = arc.pages.engine.pages["BOR/alarm/rollback"]
            assert await arc.pages.acknowledge([page.id, "p999"], "person 1") == [page.id]
            assert not [one for one in (await arc.pages.shown())["pages"] if one["sounding"]]

    run(test)


def test_a_state_that_is_no_state_is_an_alarm_and_no_end(tmp_path: Path) -> None:
    """People are called as if there had been none."""
    homes = write_homes(tmp_path)
    told = equip(homes["BOR"], "duty", "cat >> {told}")
    homes["BOR"].pages.write_text('{"format": 1, "pages": [{}]}')

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await until(lambda: bool(calls(told)))
            assert line_of(bor).alarms.counts["pages-not-kept"] == 1

    run(test)
