"""A flash behind a long backlog, between two real nodes of which one's disk is slow: shown at once, answered later."""

import asyncio
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotline.cli.main import run as run_command
from hotline.output import Output
from keys.keyring import OfficerKeyring
from keys.roles import KeyRole
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.files import write_file
from nodes.key_files import write_keyring
from nodes.signed import SignedStatement
from tests.builders import hybrid, seed
from tests.hotline.people import Done
from tests.nodes.homes import agreement, letter, said, signed_by
from tests.nodes.pair import held, line_of, run, running, until, write_homes

BACKLOG = 210


def officer_home(directory: Path, socket: Path) -> Path:
    """The home of Borealia's first person."""
    (directory / "pins").mkdir(parents=True)
    directory.chmod(0o700)
    ring = OfficerKeyring("BOR", "duty", 1, seed(f"{KeyRole.OFFICER} BOR 1", 64))
    write_keyring(directory / "officer.key", ring, b"a passphrase")
    text = f'party = "BOR"\nname = "duty"\nnumber = 1\nnode_socket = "{socket}"\n'
    write_file(directory / "officer.toml", text.encode())
    write_file(directory / "passphrase", b"a passphrase\n")
    write_file(directory / "pins" / "ARC.toml", agreement().text)
    return directory


def flash() -> SignedStatement:
    """A notification that cannot wait."""
    fields = {"title": "The grid is failing", "class": "system-compromise", "summary": "Two regions are dark."}
    made = letter("ARC", "notification", fields, precedence="flash", severity=2, aware_at_ms=1_795_255_200_000)
    return signed_by(made, (1, "duty"))


def acknowledgement(leaf: str) -> SignedStatement:
    """What a client that does not look would send."""
    made = letter("BOR", "acknowledge", {"note": None}, thread=bytes.fromhex(leaf), in_reply_to=bytes.fromhex(leaf))
    return signed_by(made, (1, "duty"))


def watched(socket: Path, until: Callable[[NodeClient], bool]) -> None:
    """Log in, watch, and look again after every push until a condition holds."""
    with NodeClient.connect(socket) as client:
        client.login(person=1, signer=hybrid("BOR 1", KeyRole.OFFICER))
        client.request("watch")
        for push in client.pushes(timeout_s=10.0):
            assert push["push"] == "changed"
            if until(client):
                return
        raise AssertionError("nothing was pushed that made it true")


@pytest.mark.slow
def test_a_flash_is_read_before_the_backlog_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On top of the inbox with signer and authority, opened by role, in the status and by a push; a reply is refused
    until the flash has its place, and counts then."""
    homes = write_homes(tmp_path)
    home = officer_home(tmp_path / "duty", homes["BOR"].socket)
    writes = threading.Event()

    async def cli(*arguments: str) -> Done:
        def command() -> Done:
            out, err = io.StringIO(), io.StringIO()
            given = ("--home", str(home), "--passphrase-file", str(home / "passphrase"), "--no-input", *arguments)
            return Done(run_command(given, Output(out=out, err=err)), out.getvalue(), err.getvalue())

        return await asyncio.to_thread(command)

    async def fill() -> str:
        async with running(homes["ARC"]) as arc:
            async with running(homes["BOR"]):
                await held(arc, said("ARC"))
            letters = [said("ARC", f"Number {number}.") for number in range(BACKLOG)]
            await asyncio.gather(*[line_of(arc).intake.submit(one) for one in letters])
            outcome = await line_of(arc).intake.submit(flash())
            assert outcome.state == "logged"
            return outcome.serial or ""

    async def test() -> None:
        serial = await fill()
        index = int(serial.split()[1])
        async with running(homes["BOR"]) as bor:
            line = line_of(bor)
            write = line.store.append_their

            def slowly(*arguments: Any) -> None:
                assert writes.wait(30)
                write(*arguments)

            monkeypatch.setattr(line.store, "append_their", slowly)
            pushed = asyncio.create_task(
                asyncio.to_thread(watched, homes["BOR"].socket, lambda client: bool(ahead_of(client)))
            )
            async with running(homes["ARC"]) as arc:
                await pushed
                size = line.store.head("ARC").size
                missing = index - size
                assert missing >= BACKLOG
                view = (await cli("inbox", "--limit", "1", "--json")).json["entries"][0]
                assert (view["serial"], view["ahead"], view["effective"]) == (serial, missing, True)
                assert (view["signers"], view["precedence"]) == ([{"person": 1, "role": "duty"}], "flash")
                text = (await cli("inbox")).out.splitlines()
                assert f"AHEAD OF {missing}; signed by person 1 as duty; authorised" in text[1]
                assert f"ARC {index} came ahead of {missing} entries" in (await cli("status")).out
                shown = await cli("show", serial)
                assert "Two regions are dark." in shown.out
                assert "before it has its place" in shown.out
                assert (await cli("show", serial, "--json")).json["opened"] is None
                refused = await cli("ack", serial, "--json")
                assert (refused.status, refused.json["error"]["code"]) == (3, "not-in-place")
                with pytest.raises(ApiRefused) as caught:
                    await asyncio.to_thread(submit, homes["BOR"].socket, acknowledgement(view["leaf"]))
                assert caught.value.code == "not-in-place"
                assert (await cli("receipt", serial, "-o", str(tmp_path / "r"), "--json")).status == 3

                writes.set()
                await until(lambda: (line.projection.entry("ARC", index) or {"ahead": 1})["ahead"] is None)
                judged = line.projection.entry("ARC", index)
                assert judged is not None
                assert (judged["faults"], judged["notes"], judged["signers"]) == ([], [], view["signers"])
                done = await cli("ack", serial, "--wait", "held", "--timeout", "15", "--json")
                assert done.json["state"] == "held"
                await until(lambda: "acknowledged" in (line_of(arc).projection.entry("ARC", index) or {})["rungs"])

    run(test)


def ahead_of(client: NodeClient) -> list[int]:
    """What the state of the line says came ahead."""
    found: list[int] = client.request("status")["channels"][0]["details"]["ahead"]
    return found


def submit(socket: Path, signed: SignedStatement) -> None:
    """Hand a statement to a node without looking."""
    with NodeClient.connect(socket) as client:
        client.login(person=1, signer=hybrid("BOR 1", KeyRole.OFFICER))
        client.request("submit", signed=signed.encode())
