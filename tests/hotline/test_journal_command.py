"""`hotline journal`: what people see and write, between two real nodes."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running, until
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow


def check_subjects(arc: Path, bor: Path) -> None:
    """What each act is about, in rows and for programs; the node that is asked says the same as its home."""
    told = ok(*acting(bor, "send", "goodwill", "--set", "message=Hello.", "--yes", "--wait", "held"))["serial"]
    until(lambda: told in [one["serial"] for one in ok(*acting(arc, "inbox"))["entries"]])
    ok(*acting(arc, "journal", "write", "triage", "--about", told, "--set", "decision=watch"))
    grave = ("--severity", "4", "--set", "title=a", "--set", "class=outage", "--set", "summary=b", "--thread", told)
    draft = hotline(*acting(arc, "send", "notification", *grave, "--yes", "--json")).json["draft"]
    ok(*acting(arc, "drafts", "--refuse", draft, "--reason", "not now", "--as", "release"))
    draft = hotline(*acting(arc, "send", "notification", *grave, "--yes", "--json")).json["draft"]
    sent = ok(*acting(arc, "sign", draft, "--as", "release"))["serial"]

    def acts(kind: str) -> Any:
        return ok("--home", arc, "journal", "list", "--kind", kind)["entries"]

    until(lambda: [one["about"]["thread"] for one in acts("draft-opened")[-1:]] == [told])
    assert [(one["about"]["serial"], one["person"]) for one in acts("draft-opened")[-1:]] == [(sent, 2)]
    (triage,) = acts("triage")
    about = {"counterpart": "BOR", "serial": told, "kind": "goodwill", "thread": told, "statement": None}
    assert (triage["about"], triage["person"]) == (about, 1)
    duty = ("--home", arc / "officers" / "duty", "--passphrase-file", arc.parent / "passphrase")
    assert ok(*duty, "journal", "list", "--kind", "triage")["entries"] == [triage]
    (refused,) = acts("refusal")
    assert (refused["about"]["serial"], refused["about"]["statement"]) == (None, refused["facts"]["statement"])
    assert [one["about"] for one in acts("begun")] == [None]
    lines = hotline("--home", arc, "journal", "list").out
    assert lines.startswith("*** demonstration")
    assert re.search(rf" triage +person/1 as duty +{told}, goodwill +decision watch", lines)
    assert re.search(rf" draft-opened .*for person/2 +{sent} with BOR, notification, thread {told}", lines)


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
        check_subjects(arc, bor)
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
