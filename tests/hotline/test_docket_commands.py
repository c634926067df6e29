"""`docket`, `registers` and `due` between two real nodes."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow

NOTICE = ("--set", "title=Intrusion at a port", "--set", "class=system-compromise", "--set", "summary=Two hosts.")
LINE = (
    "--set", "title=Power grids", "--set", "conduct=service-disruption",
    "--set", "commitment=No outage is caused.",
    "--set", "consequence=diplomatic", "--set", "public=no",
    "--set", "accountable=Head of the cyber desk", "--valid-until", "+30d",
)  # fmt: skip


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run."""
    arc, bor = paired(tmp_path_factory.mktemp("docket"))
    with running(arc, bor):
        yield arc, bor


def send(home: Path, *arguments: str) -> str:
    """Send, wait until the other side holds it, and give its serial."""
    return str(ok(*acting(home, "send", *arguments, "--wait", "held", "--timeout", "20"))["serial"])


def until_listed(home: Path, register: str, number: int) -> list[dict[str, Any]]:
    """What a register has once so many are in it."""
    end = time.monotonic() + 10
    while True:
        found: list[dict[str, Any]] = ok(*acting(home, "registers", register))["found"][register]
        if len(found) == number or time.monotonic() > end:
            return found
        time.sleep(0.05)


def test_a_red_line_is_in_a_register_until_it_is_withdrawn(homes: tuple[Path, Path]) -> None:
    """Both sides list it, whoever holds the bodies reads it, and an earlier docket still has it."""
    arc, bor = homes
    serial = send(arc, "red-line-declare", *LINE)
    for home in homes:
        assert [one["serial"] for one in until_listed(home, "red-lines", 1)] == [serial]
    opened = ok(*acting(bor, "registers", "red-lines", "--contents"))
    assert opened["contents"][serial]["commitment"] == "No outage is caused."
    before = ok(*acting(arc, "docket"))
    send(arc, "red-line-withdraw", "--reply-to", serial, "--set", "reason=It is in a treaty now.")
    assert until_listed(arc, "red-lines", 0) == []
    sizes = before["sizes"]
    then = ok(*acting(arc, "docket", "--at-sizes", f"{sizes['ARC']},{sizes['BOR']}"))
    assert then["digest"] == before["digest"]
    assert [one["serial"] for one in then["found"]["registers"]["red-lines"]] == [serial]
    shown = hotline(*acting(arc, "docket", "--at", "+1h")).out
    assert "waits for an answer" in shown


def test_due_counts_down_and_the_docket_is_one_on_both_sides(homes: tuple[Path, Path]) -> None:
    """What one side owes the other sees too; at the same two sizes both nodes give the same digest."""
    arc, bor = homes
    told = send(arc, "notification", "--severity", "2", *NOTICE)
    asked = send(bor, "clarification-request", "--reply-to", told, "--set", "why=x", "--set", "questions=Since when?")
    end = time.monotonic() + 10
    owed: set[tuple[str, str]] = set()
    while (asked, "answer") not in owed and time.monotonic() < end:
        owed = {(one["serial"], one["name"]) for one in ok(*acting(arc, "due"))["due"]}
        time.sleep(0.05)
    assert (asked, "answer") in owed
    assert ok(*acting(bor, "due", "--missed"))["missed"] == []
    assert f"{asked}" in hotline(*acting(bor, "due")).out
    mine = ok(*acting(arc, "docket"))
    sizes = mine["sizes"]
    theirs = ok(*acting(bor, "docket", "--at-sizes", f"{sizes['BOR']},{sizes['ARC']}"))
    assert theirs["digest"] == ok(*acting(arc, "docket", "--at-sizes", f"{sizes['ARC']},{sizes['BOR']}"))["digest"]


def test_a_declared_suspension_shows_where_people_look(homes: tuple[Path, Path]) -> None:
    """A question waits, the other side suspends: status, threads, inbox and due say so; resumed, none does."""
    arc, bor = homes
    asked = send(arc, "clarification-request", "--to", "BOR", "--set", "why=x", "--set", "questions=Since when?")
    pause = send(
        bor, "line-suspend", "--to", "ARC", "--valid-until", "+2d", "--set", "reason=maintenance",
        "--set", "forced=yes", "--set", "scope=diplomatic", "--set", "accountable=Duty officer",
    )  # fmt: skip
    assert [one["serial"] for one in until_listed(arc, "suspensions", 1)] == [pause]
    status = ok("--home", arc, "status")["channels"][0]["details"]
    assert [(one["party"], one["serial"]) for one in status["suspended"]] == [("BOR", pause)]
    assert status["no_answer"]["suspended"] >= 1
    shown = hotline("--home", arc, "status").out
    assert re.search(rf"\*\*\* SUSPENDED until .* by {pause}: clocks stand still", shown)
    assert "declared suspension" in shown
    views = {one["serial"]: one["no_answer"] for one in ok(*acting(bor, "inbox"))["entries"]}
    assert views[asked] == "suspended"
    assert "declared suspension" in hotline(*acting(arc, "threads")).out
    for screen in ("inbox", "threads", "docket", "drafts", "status"):
        assert "SUSPENDED" in hotline(*(("--home", arc, screen) if screen == "status" else acting(arc, screen))).out, (
            screen
        )
    assert {one["paused"] for one in ok(*acting(arc, "due"))["due"] if one["serial"] == asked} <= {True}
    send(bor, "line-resume", "--reply-to", pause)
    assert until_listed(arc, "suspensions", 0) == []
    assert ok("--home", arc, "status")["channels"][0]["details"]["suspended"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("docket", "--at", "soon"), "usage"),
        (("docket", "--at-sizes", "1"), "usage"),
        (("docket", "--at", "now", "--at-sizes", "1,1"), "usage"),
        (("docket", "--at-sizes", "999999,1"), "not-judged-so-far"),
        (("registers", "treaties"), "usage"),
        (("docket", "--at", "1969-01-01T00:00Z"), "usage"),
        (("docket", "--at-sizes", "99999999999999999999,1"), "usage"),
        (("inbox", "--before", "99999999999999999999"), "usage"),
        (("journal", "show", "99999999999999999999"), "usage"),
        (("send", "goodwill", "--set", "message=x", "--timeout", "nan"), "usage"),
        (("send", "goodwill", "--set", "message=x", "--timeout", "-5"), "usage"),
    ],
)
def test_what_cannot_be_asked_is_refused(homes: tuple[Path, Path], arguments: tuple[str, ...], code: str) -> None:
    """No time, no sizes, sizes beyond the logs, and no register of that name."""
    done = hotline(*acting(homes[0], *arguments, "--json"))
    assert done.status == 2
    assert done.json["error"]["code"] == code
