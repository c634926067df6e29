"""`hotline journal`: what people see and write, between two real nodes."""

import re
from pathlib import Path

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow


def test_acts_are_written_shown_and_audited(tmp_path: Path) -> None:
    """An officer writes acts down, a command without a node leaves one, an auditor verifies an earlier and a later
    export by the policy that was printed, and a later start goes on after a renewal."""
    arc, bor = paired(tmp_path)
    policy, early, late = tmp_path / "policy", tmp_path / "early", tmp_path / "late"
    with running(arc, bor):
        done = hotline(*acting(arc, "journal", "write", "take-over", "--set", "role=duty", "--text", "all quiet"))
        assert done.status == 0, done.err
        index = hotline("--home", arc, "journal", "list", "--json").json["entries"][-1]["index"]
        assert hotline("--home", arc, "journal", "export", early).status == 0
        shown = hotline(*acting(arc, "journal", "show", str(index)))
        assert "all quiet" in shown.out
        wrong = hotline(*acting(arc, "journal", "write", "take-over", "--set", "role=Duty!"))
        assert wrong.status == 1, wrong.err
        assert hotline(*acting(arc, "journal", "write", "contents-opened")).status == 2
        absent = hotline(*acting(arc, "journal", "show", "999", "--json")).json["error"]
        assert (absent["code"], "journal list" in absent["next"]) == ("no-such-entry", True)
        ok(*acting(arc, "pages", "mute", "duty", "--for", "30m", "--reason", "a new telephone"))
        assert re.search(r"until 20\d\d-\d\d-\d\d \d\d:", hotline("--home", arc, "journal", "list").out)
        assert hotline("--home", arc, "log", "export", tmp_path / "log").status == 0
    listed = hotline("--home", arc, "journal", "list").out
    for kind in ("take-over", "journal-opened"):
        assert kind in listed
    assert "all quiet" not in listed
    policy.write_text(hotline("--home", arc, "journal", "policy").out)
    assert hotline("--home", arc, "journal", "export", late).status == 0
    for exports in ((late,), (early, late)):
        done = hotline("audit", *exports, "--policy", policy)
        assert done.status == 0, done.out + done.err
        assert "append-only" in done.out
    assert hotline("audit", tmp_path / "log", "--policy", policy).status == 2
    assert hotline("--home", arc, "journal", "renew", "--yes").status == 0
    with running(arc, bor):
        assert hotline(*acting(arc, "journal", "write", "unmute", "--set", "role=duty")).status == 0
    newest = hotline("--home", arc, "journal", "list", "--json").json["entries"]
    assert "not-continued" in str(newest)
    assert {"log-exported", "journal-exported"} <= {one["kind"] for one in newest}
    assert hotline("--home", arc, "journal", "kinds", "--json").json["kinds"]
