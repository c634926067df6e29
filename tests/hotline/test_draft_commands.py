"""`hotline drafts` and what stands beside sending, between two real nodes."""

from pathlib import Path

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow

GRAVE = ("--severity", "4", "--set", "title=a", "--set", "class=outage", "--set", "summary=b")
NOTE = "message=The generator test on Thursday will cut the second route for an hour."


@pytest.mark.timeout(300)
def test_people_stop_check_and_prove(tmp_path: Path) -> None:
    """A draft is refused with a reason that its author reads; what a program puts in is signed by people; a text of a
    service note stays out of official ones unless somebody insists; a challenge is answered with the words heard."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        # Refused.
        draft = hotline(*acting(arc, "send", "notification", *GRAVE, "--json"))
        assert draft.status == 4, draft.out + draft.err
        named = draft.json["draft"]
        (waiting,) = ok(*acting(arc, "drafts"))["drafts"]
        assert hotline(*acting(arc, "drafts", "--refuse", named[:6], "--as", "release")).status == 2
        early = hotline(*acting(arc, "drafts", "--cancel", named[:6], "--json"))
        assert early.status == 2
        assert "--refuse" in early.json["error"]["next"]
        refusal = ("drafts", "--refuse", named[:6], "--reason", "it names a source", "--as", "release")
        assert ok(*acting(arc, *refusal))["refused"] == named
        assert hotline(*acting(arc, "sign", named, "--as", "release")).status != 0
        shown = hotline(*acting(arc, "drafts"))
        assert "refused by person" in shown.out
        assert "it names a source" in shown.out
        assert ok(*acting(arc, "drafts"))["drafts"] == []
        # At no terminal nobody is asked, and nothing is sent or signed unless somebody said so beforehand.
        second = hotline(*acting(arc, "send", "notification", *GRAVE, "--json")).json["draft"]
        before = len(ok(*acting(arc, "drafts"))["drafts"])
        for typed in (("send", "goodwill", "--set", "message=n"), ("sign", second, "--as", "release")):
            asked = hotline(*(one for one in acting(arc, *typed) if one != "--no-input"))
            assert (asked.status, "not-confirmed" in asked.err) == (1, True)
        assert len(ok(*acting(arc, "drafts"))["drafts"]) == before
        ok(*acting(arc, "drafts", "--discard", second))
        # By a program.
        put = hotline(*acting(arc, "send", "goodwill", "--set", "message=Hello.", "--automated", "--json"))
        assert put.status == 4
        assert put.json["missing"]
        waits = ok(*acting(arc, "drafts"))["drafts"][0]
        assert waits["automated"]
        assert waits["signed"] == []
        assert waits["waits"]
        assert ok(*acting(arc, "sign", put.json["draft"], "--as", "duty"))["serial"]
        # From a report, once: nothing of it is in the log before persons signed.
        path = tmp_path / "reports.json"
        path.write_text('{"format": "hotline-report/1", "reports": [{"id": "S1", "class": ["ddos"], "summary": "b"}]}')
        said = ok(*acting(arc, "status"))["channels"][0]["own_size"]
        assert hotline(*acting(arc, "intake", path, "--json")).status == 4
        assert ok(*acting(arc, "intake", path))["counts"]["known"] == 1
        (taken,) = ok(*acting(arc, "drafts"))["drafts"]
        assert taken["automated"]
        assert ok(*acting(arc, "status"))["channels"][0]["own_size"] == said
        assert ok(*acting(arc, "sign", taken["draft"], "--as", "duty"))["serial"]
        # An emergency that the agreement does not have.
        none = hotline(*acting(arc, "send", "notification", *GRAVE, "--emergency", "--as", "release", "--json"))
        assert none.json["error"]["code"] == "no-emergency-clause"
        # Not official.
        note = ok(*acting(bor, "send", "service-note", "--set", NOTE, "--wait", "held"))
        inbox = hotline(*acting(arc, "inbox"))
        assert "not official" in inbox.out
        assert "NOT OFFICIAL" in hotline(*acting(arc, "show", note["serial"])).out
        quoting = ("send", "notification", "--severity", "1", "--set", "title=a", "--set", "class=outage")
        said = ("--set", f"summary=They say: {NOTE.removeprefix('message=')}")
        assert hotline(*acting(arc, *quoting, *said, "--json")).json["error"]["code"] == "unofficial-quoted"
        assert ok(*acting(arc, *quoting, *said, "--quote-unofficial"))["serial"]
        # Proved.
        told = ok(*acting(bor, "send", "notification", "--as", "duty", *GRAVE[2:], "--severity", "1", "--wait", "held"))
        of_ours = hotline(*acting(arc, "challenge", "ARC 0"))
        assert of_ours.status == 2
        assert "Words to compare" not in of_ours.err
        challenge = hotline(*acting(arc, "challenge", told["serial"], "--wait", "held", "--json"))
        assert challenge.status == 0, challenge.out
        words = challenge.err.split("telephone: ", 1)[1].split("\n", 1)[0]
        asked = challenge.json["serial"]
        wrong = ("prove", asked, "--ours", "--words", "acorn bridge", "--as", "duty", "--as", "release", "--json")
        assert hotline(*acting(bor, *wrong)).json["error"]["code"] == "challenge-words-differ"
        proof = ("prove", asked, "--ours", "--words", words, "--as", "duty", "--wait", "held")
        assert ok(*acting(bor, *proof))["serial"]
        # What changes nothing is said all the same, by whoever wants to.
        again = ("send", "holding-reply", "--reply-to", asked, "--respond-by", "+4h", "--set", "reason=consultation")
        held = hotline(*acting(bor, *again, "--as", "duty", "--json"))
        assert f"{asked} is answered: another holding-reply is held and shown, and changes nothing of it" in held.err
        assert held.json["changes_nothing"] in held.err
        assert ok(*acting(arc, "ask", told["serial"], "--question", "q", "--why", "w"))["changes_nothing"] is None
        journal = ok(*acting(arc, "journal", "list"))["entries"]
        kinds = {one["kind"] for one in journal}
        (refused,) = [one for one in journal if one["kind"] == "refusal"]
        assert refused["facts"]["statement"] == waiting["hash"]
    assert {"refusal", "unofficial-quoted", "contents-opened", "draft-opened"} <= kinds
