"""`hotline pages` against running nodes: what is listed, acknowledged, muted and tested."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline.cli.session import open_desk
from hotline.cli.settings import Settings
from hotline.journalling import make_act
from nodes.errors import ApiRefused
from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow

PAGERS = """
[[page]]
role = "duty"
run = ["{directory}/pager"]
[[page]]
role = "release"
run = ["/nonexistent/pager"]
"""


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two homes with running nodes; BOR has a pager for the duty officer, and one that fails for release."""
    directory = tmp_path_factory.mktemp("pages")
    arc, bor = paired(directory)
    program = directory / "pager"
    program.write_text(f"#!/bin/sh\ncat >> {directory}/told\n")
    program.chmod(0o755)
    with (bor / "node.toml").open("a") as settings:
        settings.write(PAGERS.format(directory=directory))
    with running(arc, bor):
        yield arc, bor


def pages(home: Path) -> list[dict[str, Any]]:
    """The pages as the command gives them."""
    found: list[dict[str, Any]] = ok(*acting(home, "pages"))["pages"]
    return found


def said(arc: Path, bor: Path) -> str:
    """ARC says something; its serial, once BOR's page of it has called."""
    sent = ok(*acting(arc, "send", "goodwill", "--set", "message=secret words", "--wait", "held", "--timeout", "20"))
    serial: str = sent["serial"]
    until = time.monotonic() + 15
    while not any(one["serial"] == serial and one["calls"] for one in pages(bor)):
        assert time.monotonic() < until
        time.sleep(0.1)
    return serial


def test_a_statement_is_listed_until_it_is_acknowledged(homes: tuple[Path, Path]) -> None:
    """It calls until a person takes note; acknowledging says nothing to the other side. No content is anywhere."""
    arc, bor = homes
    serial = said(arc, bor)
    page = next(one for one in pages(bor) if one["serial"] == serial)
    assert (page["about"], page["counterpart"], page["sounding"]) == ("statement", "ARC", True)
    assert [one["pager"] for one in page["calls"]] == ["duty-1"]
    before = ok("--home", bor, "status")["channels"][0]["own_size"]
    assert ok(*acting(bor, "pages", "ack", page["id"]))["acknowledged"] == [page["id"]]
    assert not next(one for one in pages(bor) if one["serial"] == serial)["sounding"]
    assert ok("--home", bor, "status")["channels"][0]["own_size"] == before
    assert "taken by person 1" in hotline(*acting(bor, "pages")).out
    for told in (bor.parent.parent / "told", bor / "pages.json"):
        assert serial in told.read_text()
        assert "secret" not in told.read_text()


def test_an_administrator_takes_no_statement_from_the_duty_officer(homes: tuple[Path, Path]) -> None:
    """Whoever reads no contents sees that somebody is called, and ends nothing; an alarm of the machine is another
    matter."""
    arc, bor = homes
    sent = ok(*acting(bor, "send", "goodwill", "--set", "message=x", "--wait", "held", "--timeout", "20"))
    until = time.monotonic() + 15
    while not any(one["serial"] == sent["serial"] for one in pages(arc)):
        assert time.monotonic() < until
        time.sleep(0.1)
    page = next(one for one in pages(arc) if one["serial"] == sent["serial"])
    refused = hotline(*acting(arc, "pages", "ack", page["id"], "--as", "keeper", "--json"))
    assert refused.json["error"]["code"] == "not-permitted"
    assert page["id"] not in ok(*acting(arc, "pages", "ack", "--all", "--as", "keeper"))["acknowledged"]
    assert page["id"] in ok(*acting(arc, "pages", "ack", "--all"))["acknowledged"]


def test_showing_a_statement_ends_its_page(homes: tuple[Path, Path]) -> None:
    """The log says that somebody opened it."""
    arc, bor = homes
    serial = said(arc, bor)
    ok(*acting(bor, "show", serial))
    until = time.monotonic() + 15
    while any(one["serial"] == serial for one in pages(bor)):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_mute_is_an_act_in_the_journal_and_ends(homes: tuple[Path, Path]) -> None:
    """With who asked for it and until when on the screen, and why in the journal, sealed."""
    bor = homes[1]
    entry = ok(*acting(bor, "pages", "mute", "duty", "--for", "30m", "--reason", "Exchange of the pager"))["entry"]
    shown = hotline(*acting(bor, "pages")).out
    assert "MUTED duty until" in shown
    assert f"by person 1; flashes call all the same; why: hotline journal show {entry}" in shown
    assert "Exchange of the pager" in hotline(*acting(bor, "journal", "show", str(entry))).out
    assert "Exchange" not in (bor / "pages.json").read_text()
    assert ok(*acting(bor, "pages", "unmute", "duty"))["was_muted"]
    assert not ok(*acting(bor, "pages"))["mutes"]


def test_nobody_mutes_a_role_but_their_own(homes: tuple[Path, Path]) -> None:
    """An administrator silences no duty officer, and a duty officer nobody else: not one role after the other."""
    arc, bor = homes
    words = ("--for", "30m", "--reason", "x", "--even-flash", "--as", "keeper")
    for home, role, asked in [(arc, "duty", words), *((bor, role, words[:-2]) for role in ("release", "senior"))]:
        refused = hotline(*acting(home, "pages", "mute", role, *asked, "--json"))
        assert refused.json["error"]["code"] == "not-permitted"
        assert not ok(*acting(home, "pages"))["mutes"]
    ok(*acting(arc, "pages", "mute", "admin", *words))
    assert [one["role"] for one in ok(*acting(arc, "pages"))["mutes"]] == ["admin"]
    ok(*acting(arc, "pages", "unmute", "admin"))


def test_a_mute_that_was_ended_does_not_begin_again(homes: tuple[Path, Path]) -> None:
    """Its act is in the journal already: sent once more after somebody ended it, it is refused."""
    bor = homes[1]
    settings = Settings(home=bor, passphrase_files=[bor.parent / "passphrase"], no_input=True)
    with open_desk(settings) as (desk, officers):
        until_ms = desk.request("pages")["now_ms"] + 60_000
        roster = desk.channel("ARC").rosters["BOR"]
        act = make_act(desk, officers[0], roster, "mute", {"role": "duty", "until_ms": until_ms}, "A test").encode()
        first = desk.request("page-mute", act=act)
        assert desk.request("page-mute", act=act) == first
        ok(*acting(bor, "pages", "unmute", "duty"))
        with pytest.raises(ApiRefused) as caught:
            desk.request("page-mute", act=act)
        assert caught.value.code == "journal-act-refused"
    assert not ok(*acting(bor, "pages"))["mutes"]


def test_the_last_role_that_flashes_reach_stays(homes: tuple[Path, Path]) -> None:
    """It is muted for the rest, and for flashes when another one is called again."""
    bor = homes[1]
    for_flashes = ("--for", "1h", "--reason", "A test", "--even-flash")
    ok(*acting(bor, "pages", "mute", "release", *for_flashes, "--as", "release"))
    refused = hotline(*acting(bor, "pages", "mute", "duty", *for_flashes, "--json"))
    assert (refused.status, refused.json["error"]["code"]) == (2, "mute-refused")
    ok(*acting(bor, "pages", "mute", "duty", *for_flashes[:-1]))
    ok(*acting(bor, "pages", "unmute", "release"))
    ok(*acting(bor, "pages", "mute", "duty", *for_flashes))
    ok(*acting(bor, "pages", "unmute", "duty"))


def test_pagers_are_tested(homes: tuple[Path, Path]) -> None:
    """Which were reached, and why others were not; the exit status says it too."""
    bor = homes[1]
    good = hotline(*acting(bor, "pages", "test", "duty"))
    assert (good.status, good.out) == (0, "duty-1 (run): reached\n")
    bad = hotline(*acting(bor, "pages", "test", "release"))
    assert bad.status == 1
    assert "release-2 (run): NOT REACHED: it cannot be started" in bad.out
    assert "FAILED" in hotline(*acting(bor, "pages")).out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("ack", "p999"), "no-such-page"),
        (("ack",), "usage"),
        (("test", "legal"), "no-such-pager"),
        (("mute", "duty", "--for", "30d", "--reason", "x"), "mute-refused"),
        (("mute", "duty", "--for", "1h", "--reason", " "), "mute-refused"),
        (("mute", "duty", "--for", "soon", "--reason", "x"), "usage"),
    ],
)
def test_what_cannot_be_done_says_why(homes: tuple[Path, Path], words: tuple[str, ...], code: str) -> None:
    """A code, and what to do next."""
    done = hotline(*acting(homes[1], "pages", *words, "--json"))
    assert (done.status, done.json["error"]["code"]) == (2, code)
    assert done.json["error"]["next"]


def test_a_home_without_pagers_says_so(homes: tuple[Path, Path]) -> None:
    """That nobody is called is no secret. Nor is that nothing is meant: the banners stand here as on every screen."""
    first, *rest = hotline(*acting(homes[0], "pages")).out.splitlines()
    assert first == "*** demonstration: nothing said here is meant ***"
    assert "No pagers: nobody is called" in "\n".join(rest)
