"""`hotline roster renew`, and the memory of an officer's program for the newest roster."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.clock import now_ms
from hotline.root_signing import Secrets
from hotline.rosters import renew_rosters
from hotline.setup import YEAR_MS
from nodes.home import NodeHome
from tests.hotline.nodes import running
from tests.hotline.people import PASSPHRASE, acting, hotline, ok, paired


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        yield arc, bor


def expire(home: Path) -> None:
    """Have the roots sign a roster that ended a year ago."""
    secret = PASSPHRASE.strip()
    opened = Secrets(passphrase=secret, roots=home / "roots", root_passphrase=secret)
    renew_rosters(NodeHome.open(home), opened, now_ms=now_ms() - 3 * YEAR_MS, years=2)


def checks(home: Path) -> dict[str, tuple[str, str]]:
    """What the doctor finds: result and what to do, by name."""
    return {one["name"]: (one["result"], one["fix"]) for one in ok(*acting(home, "doctor"))["checks"]}


def goodwill(home: Path) -> list[str | Path]:
    """A short statement, sent until the other side holds it."""
    return [*acting(home, "send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20")]


@pytest.mark.slow
def test_an_expired_roster_is_renewed_while_the_line_is_up(homes: tuple[Path, Path]) -> None:
    """The officer is told which command mends it, the doctor as well; afterwards statements are held and without
    fault, and somebody who left is left out."""
    arc, bor = homes
    expire(arc)
    refused = hotline(*goodwill(arc), "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "roster-expired")
    assert "hotline roster renew" in refused.json["error"]["next"]
    assert checks(arc)["BOR roster of ARC"] == ("warn", "Have the roots sign a new one: hotline roster renew.")
    assert ok("--home", arc, "status")["channels"][0]["line"] == "up"
    assert ok(*goodwill(bor))["state"] == "held"

    done = ok(*acting(arc, "roster", "renew", "--years", "3", "--leave", "4"))
    assert [(one["counterpart"], one["version"], one["state"]) for one in done["rosters"]] == [("BOR", 3, "logged")]
    ends = {one["officer"]: one["valid_until_ms"] for one in done["people"]}
    assert ends["duty"] == ends["senior"] > now_ms() + 2.9 * YEAR_MS
    assert ends["keeper"] < now_ms() + 2.1 * YEAR_MS
    assert checks(arc)["BOR roster of ARC"][0] == "ok"
    serial = ok(*goodwill(arc))["serial"]
    shown = ok(*acting(bor, "show", serial, "--peek"))
    assert (shown["view"]["faults"], shown["view"]["effective"]) == ([], True)


@pytest.mark.slow
def test_a_renewal_waits_for_a_stopped_node(tmp_path: Path) -> None:
    """It lies in the outbox until the node starts, and is in force then; the next one follows it."""
    arc, bor = paired(tmp_path)
    expire(arc)
    assert ok(*acting(arc, "roster", "renew"))["rosters"][0] == {"counterpart": "BOR", "state": "outbox", "version": 3}
    with running(arc, bor):
        assert ok(*goodwill(arc))["state"] == "held"
        assert ok(*acting(arc, "roster", "renew"))["rosters"][0]["version"] == 4
        assert ok(*goodwill(arc))["state"] == "held"


def test_what_cannot_be_renewed_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """Nobody of that number, no roots, another passphrase, no channel: the card stays as it is."""
    arc, _ = paired(tmp_path)
    before = (arc / "party.toml").read_bytes()
    (tmp_path / "other").write_bytes(b"another passphrase\n")
    for arguments, status in (
        (("--leave", "9"), 2),
        (("--years", "0"), 2),
        (("--roots", str(tmp_path)), 3),
        (("--roots-passphrase-file", str(tmp_path / "other")), 3),
    ):
        assert hotline(*acting(arc, "roster", "renew", *arguments, "--json")).status == status
    assert (arc / "party.toml").read_bytes() == before
    assert not (arc / "channels" / "BOR" / "outbox" / "roster-000002.statement").exists()
    shutil.rmtree(arc / "channels")
    done = hotline(*acting(arc, "roster", "renew", "--json"))
    assert (done.status, done.json["error"]["code"]) == (3, "not-paired")


@pytest.mark.slow
def test_an_older_roster_is_not_believed_again(homes: tuple[Path, Path]) -> None:
    """The officer's program remembers the newest version of both parties; a node that shows an older one is refused."""
    arc, _ = homes
    seen = arc / "officers" / "duty" / "seen.toml"
    ok(*acting(arc, "inbox"))
    first = seen.read_text()
    assert first.splitlines()[-2:] == ["ARC = 1", "BOR = 1"]
    ok(*acting(arc, "roster", "renew"))
    ok(*acting(arc, "inbox"))
    assert seen.read_text() == first.replace("ARC = 1", "ARC = 2")
    seen.write_text(first.replace("BOR = 1", "BOR = 2"))
    refused = hotline(*acting(arc, "inbox", "--json"))
    assert (refused.status, refused.json["error"]["code"]) == (1, "roster-older")
    assert hotline(*goodwill(arc), "--json").json["error"]["code"] == "roster-older"
    seen.write_text("not a table = 1\n")
    assert hotline(*acting(arc, "inbox", "--json")).json["error"]["code"] == "home-file-malformed"
    seen.unlink()
    ok(*acting(arc, "inbox"))
