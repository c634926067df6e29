"""`hotline assess` between two real nodes: what is told adds up, is taken back, and is computed again elsewhere."""

from pathlib import Path

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import TERMS, acting, hotline, ok, paired

pytestmark = pytest.mark.slow

TOLD = ("--severity", "3", "--set", "class=ddos", "--set", "summary=b", "--wait", "held", "--as", "duty")


@pytest.mark.timeout(300)
def test_incidents_are_assessed_alone_and_together(tmp_path: Path) -> None:
    """Each with its reasons; two cross a line that none crosses alone; a retraction undoes it; the other side finds the
    band of a statement again; other rules give an opinion."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        energy = ("--set", "sectors=energy")
        first = ok(*acting(arc, "send", "notification", "--set", "title=a", *energy, *TOLD))["serial"]
        alone = ok(*acting(bor, "assess", first))
        assert (alone["band"], alone["crossed"], alone["scores"]["impact"]["points"]) == ("raise", ["serious"], 45)
        assert ok(*acting(bor, "assess", first, "--answer", "tension"))["scores"]["miscalculation"]["points"] == 40
        assert hotline(*acting(bor, "assess", first, "--answer", "weather")).status == 2
        shown = hotline(*acting(bor, "assess", first)).out
        assert "15 for sectors energy: lives depend on it" in shown
        assert "tension: Are there open tensions?" in shown
        # Together.
        assert not [one for one in ok(*acting(bor, "assess"))["sums"] if one["crossed"]]
        second = ok(*acting(arc, "send", "notification", "--set", "title=b", *energy, *TOLD))["serial"]
        (crossed,) = [one for one in ok(*acting(arc, "assess"))["sums"] if one["crossed"]]
        assert (crossed["threshold"], crossed["group"], crossed["alone"]) == ("wave", ["energy"], False)
        assert crossed["incidents"] == [first, second]
        assert "no single incident crosses it" in hotline(*acting(bor, "assess")).out
        # An opinion beside it.
        rules = tmp_path / "rules.toml"
        rules.write_text(TERMS.replace("points = 30", "points = 10"))
        opinion = ok(*acting(bor, "assess", "--what-if", rules))
        assert opinion["what_if"]["opinion"]
        assert not [one for one in opinion["what_if"]["sums"] if one["crossed"]]
        assert [one for one in opinion["sums"] if one["crossed"]]
        # Stated, and computed again by the other side.
        said = ("assess", first, "--answer", "tension", "--send", "--confidence", "moderate", "--as", "duty")
        stated = ok(*acting(arc, *said, "--wait", "held"))["serial"]
        assert ok(*acting(bor, "assess", first))["recorded"] == [
            {"serial": stated, "band": "raise", "these_rules": True, "again": "raise"}
        ]
        # Taken back.
        back = ("send", "retraction", "--reply-to", second, "--set", "reason=sent-in-error", "--set", "explanation=c")
        ok(*acting(arc, *back, "--set", "consequences=d", "--wait", "held", "--as", "duty"))
        left = ok(*acting(bor, "assess"))
        assert [one["left_out"] for one in left["incidents"]] == [None, "retracted"]
        assert not [one for one in left["sums"] if one["crossed"]]
        note = ok(*acting(bor, "send", "goodwill", "--set", "message=n", "--as", "duty"))["serial"]
        assert hotline(*acting(bor, "assess", note, "--json")).json["error"]["code"] == "no-incident"
