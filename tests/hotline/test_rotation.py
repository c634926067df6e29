"""Keys with successors, on a line that runs: nothing is lost, and what a revoked key signed is marked on both sides."""

from pathlib import Path

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow

GOODWILL = ("send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "30", "--yes")


def test_the_keys_of_a_line_have_successors(tmp_path: Path) -> None:
    """An officer's is revoked while the node runs; the node's, its mirror's and TLS keys change while it is stopped."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        first = ok(*acting(arc, "--as", "duty", *GOODWILL))["serial"]
        second = ok(*acting(arc, "--as", "duty", *GOODWILL))["serial"]
        gone = ok(*acting(arc, "compromise", "officer/duty", "--since", second, "--reason", "stolen", "--yes"))
        assert [(one["version"], one["state"]) for one in gone["rosters"]] == [(2, "logged")]
        assert any("compromise-alarm" in step for step in gone["next"])
        third = ok(*acting(arc, "--as", "duty", *GOODWILL))["serial"]
        for home in (arc, bor):
            shown = {one: ok(*acting(home, "show", one, "--peek"))["view"] for one in (first, second, third)}
            assert [shown[one]["faults"] for one in (first, second, third)] == [[], ["after-last-trust"], []]
            assert [shown[one]["effective"] for one in (first, second, third)] == [True, False, True]
    status = ok(*acting(arc, "keys", "status"))
    assert [one["of"] for one in status["keys"] if one["job"] == "revoked officer"] == [
        f"stolen, trusted before {second.split()[1]}"
    ]
    assert {one["name"]: one["state"] for one in status["dues"]}["BOR admins"] == "soon"
    refused = hotline(*acting(arc, "keys", "rotate", "machine", "--admin", "keeper"), "--json")
    assert refused.json["error"]["code"] == "usage"
    before = {one["job"]: one["key_id"] for one in ok(*acting(arc, "keys", "status"))["keys"]}
    done = ok(*acting(arc, "keys", "rotate", "machine", "--out", tmp_path / "out"))
    after = {one["job"]: one["key_id"] for one in ok(*acting(arc, "keys", "status"))["keys"]}
    assert {job for job in before if before[job] != after[job]} == {"node", "mirror", "TLS"}
    (made,) = done["rosters"]
    assert ok(*acting(bor, "roster", "import", made["file"]))["version"] == made["version"] == 3
    again = hotline(*acting(bor, "roster", "import", made["file"]), "--json")
    assert again.json["error"]["code"] == "roster-refused"
    with running(arc, bor):
        for home in (arc, bor):
            assert ok(*acting(home, "--as", "duty", *GOODWILL))["state"] == "held"
    for home in (arc, bor):
        ok(*acting(home, "log", "export", tmp_path / f"{home.name}.log", "--voice", home.name))
    report = hotline(
        "audit", tmp_path / "ARC.log", tmp_path / "BOR.log", "--policy", tmp_path / "ARC.log" / "policy", "--json"
    )
    assert report.json["verdict"] == "verified", report.out
    assert {one["code"] for one in report.json["findings"]} >= {"after-last-trust"}
