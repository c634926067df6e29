"""Two admins sign people in and out on a line that runs; the roots stay in their safes."""

from pathlib import Path

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired
from tests.processes.pair import wait_until

pytestmark = pytest.mark.slow


def test_two_admins_sign_people_in_and_out(tmp_path: Path) -> None:
    """One admin is refused before anything is made; who joined speaks, also after a start; who left does not."""
    arc, bor = paired(tmp_path)
    ok(*acting(arc, "officer", "add", "registrar", "--role", "admin"))
    (arc / "roots").rename(tmp_path / "safe")
    joining = ("officer", "add", "night", "--role", "duty")
    admins = ("--admin", "keeper", "--admin", str(arc / "officers" / "registrar"))
    goodwill = ("send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20", "--yes")
    with running(arc, bor):
        one = hotline(*acting(arc, *joining, "--admin", "keeper"), "--json")
        assert (one.status, one.json["error"]["code"]) == (1, "admins-not-enough")
        other = hotline(*acting(arc, "officer", "add", "boss", "--role", "admin", *admins), "--json")
        assert other.json["error"]["code"] == "admins-may-not"
        assert not (arc / "officers" / "night").exists()
        added = ok(*acting(arc, *joining, *admins))
        assert [(one["version"], one["state"]) for one in added["rosters"]] == [(3, "logged")]
        ok(*acting(arc, *joining[:2], "second", *joining[3:], *admins))
        serial = ok(*acting(arc, "--as", "night", *goodwill))["serial"]
        shown = ok(*acting(bor, "show", serial, "--peek"))
        assert (shown["view"]["faults"], shown["view"]["effective"]) == ([], True)
    with running(arc, bor):
        ok(*acting(arc, "officer", "retire", "night", "--yes", *admins))
        assert hotline(*acting(arc, "--as", "night", *goodwill), "--json").status != 0
        assert ok(*acting(arc, "--as", "second", *goodwill))["state"] == "held"
        wait_until(lambda: (bor / "channels/ARC/rosters/ARC-5.toml").exists(), lambda: "BOR has no roster 5")
