"""Keys with successors, on a line that runs: nothing is lost, and what a revoked key signed is marked on both sides."""

import time
from pathlib import Path

import pytest

from hotline.party_file import read_party
from keys.keyring import NodeKeyring, OfficerKeyring
from keys.roster import Roster, parse
from nodes.home import NodeHome
from nodes.key_files import read_node_keyring, read_officer_keyring
from nodes.signed import SignedStatement
from nodes.stopped import open_store
from protocol.body import recipients_of
from tests.hotline.nodes import START_TIMEOUT_S, running
from tests.hotline.people import PASSPHRASE, acting, hotline, ok, paired

pytestmark = pytest.mark.slow

GOODWILL = ("send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "30", "--yes")
GRAVE = ("--severity", "4", "--set", "title=a", "--set", "class=outage", "--set", "summary=b", "--yes")


def test_the_keys_of_a_line_have_successors(tmp_path: Path) -> None:
    """An officer's is revoked while the node runs; the node's, its mirror's and TLS keys change while it is stopped."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        first = ok(*acting(arc, "--as", "duty", *GOODWILL))["serial"]
        second = ok(*acting(arc, "--as", "duty", *GOODWILL))["serial"]
        # A roster waits for the end of this all the while.
        ok(*acting(arc, "officer", "delegate", "duty", "--role", "release", "--until", "2027-11-20T08:00Z"))
        (arc / "officers" / "duty").rename(tmp_path / "taken")
        theft = ("compromise", "officer/duty", "--since", second, "--reason", "stolen", "--yes", "--as", "release")
        gone = ok(*acting(arc, *theft))
        assert [(one["version"], one["state"]) for one in gone["rosters"]] == [(3, "logged")]
        key_file = arc / "officers" / "duty" / "officer.key"
        assert f"lies wholly in {key_file}" in gone["secrecy"][0]
        (alarm,) = gone["alarms"]
        assert alarm["state"] in {"logged", "held"}
        assert any(f"send key-revoke --reply-to '{alarm['serial']}'" in step for step in gone["next"])
        told = ok(*acting(arc, "show", alarm["serial"], "--peek"))
        (revoked,) = (one for one in ok("--home", arc, "keys", "list")["keys"] if one["job"] == "revoked officer")
        assert told["contents"]["key_id"] == revoked["key_id"]
        twice = ok(*acting(arc, *theft))
        assert (twice["rosters"], twice["alarms"][0]["state"]) == ([], "said")
        assert twice["alarms"][0]["serial"] == alarm["serial"]
        # An alarm about a key that somebody has begun waits for its signatures, and no second one is begun.
        keys = {one["job"]: one["key_id"] for one in ok("--home", arc, "keys", "list")["keys"]}
        begun = ("--set", "key_kind=officer", "--set", f"key_id={keys['person 3']}", "--set", "seen=a break-in")
        draft = hotline(*acting(arc, "send", "compromise-alarm", *begun, "--automated", "--json")).json["draft"]
        lost = ("compromise", "officer/senior", "--since", second, "--reason", "lost", "--leaves", "--as", "release")
        waits = hotline(*acting(arc, *lost, "--json"))
        assert (waits.status, waits.json["alarms"][0]["draft"]) == (4, draft), waits.out + waits.err
        assert any(f"sign {draft} --as NAME" in step for step in waits.json["next"])
        third = ok(*acting(arc, "--as", "duty", *GOODWILL))["serial"]
        for home in (arc, bor):
            shown = {one: ok(*acting(home, "show", one, "--peek"))["view"] for one in (first, second, third)}
            assert [shown[one]["faults"] for one in (first, second, third)] == [[], ["after-last-trust"], []]
            assert [shown[one]["effective"] for one in (first, second, third)] == [True, False, True]
    status = ok(*acting(arc, "keys", "status"))
    trusted = f"trusted before {second.split()[1]}"
    gone_keys = [one["of"] for one in status["keys"] if one["job"] == "revoked officer"]
    assert gone_keys == [f"stolen, {trusted}", f"lost, {trusted}"]
    assert {one["name"]: one["state"] for one in status["dues"]}["BOR admins"] == "soon"
    refused = hotline(*acting(arc, "keys", "rotate", "machine", "--admin", "keeper"), "--json")
    assert refused.json["error"]["code"] == "usage"
    before = {one["job"]: one["key_id"] for one in ok(*acting(arc, "keys", "status"))["keys"]}
    suspected = ("--since", third, "--reason", "suspected", "--yes", "--out", tmp_path / "out")
    done = ok(*acting(arc, "compromise", "machine", *suspected))
    assert done["secrecy"][0].startswith("Known by the old sealing key")
    after = {one["job"]: one["key_id"] for one in ok(*acting(arc, "keys", "status"))["keys"]}
    assert {job for job in before if before[job] != after[job]} == {"node", "mirror", "TLS", "sealing"}
    (made,) = done["rosters"]
    assert ok(*acting(bor, "roster", "import", made["file"]))["version"] == made["version"] == 5
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
    interrupted(arc)


def interrupted(arc: Path) -> None:
    """A revocation that could not be placed is given again, and lists the key that the roster has."""
    command = acting(arc, "compromise", "officer/release", "--since", "ARC 2", "--reason", "lost", "--yes")
    lost = next(one for one in newest(arc / "channels/BOR/rosters").people if one.number == 2).keys[0].key_id
    outbox = arc / "channels/BOR/outbox"
    outbox.rename(outbox.with_name("away"))
    outbox.write_bytes(b"")
    assert hotline(*command, "--json").status != 0
    outbox.unlink()
    assert [one["state"] for one in ok(*command)["rosters"]] == ["outbox"]
    (waiting,) = outbox.glob("roster-*.statement")
    listed = parse(SignedStatement.parse(waiting.read_bytes()).body or b"").revoked
    assert lost in {one.key for one in listed}


def newest(rosters: Path) -> Roster:
    """The last roster of ARC that its node holds."""
    return parse(max(rosters.glob("ARC-?.toml")).read_bytes())


def test_an_officer_whose_home_is_elsewhere_gets_a_key(tmp_path: Path) -> None:
    """It is made below the node's home, with what the officer trusts; a time to come is no time of a loss."""
    arc, _ = paired(tmp_path)
    home = NodeHome.open(arc)
    here, there = home.officers / "duty", tmp_path / "elsewhere"
    here.rename(there)
    lost = ("compromise", "officer/duty", "--reason", "lost", "--since", "+1h", "--yes")
    assert hotline(*acting(arc, *lost), "--json").json["error"]["code"] == "usage"
    assert not here.exists()
    done = ok(*acting(arc, "keys", "rotate", "officer/duty"))
    assert str(here) in done["next"][0]
    ring = read_officer_keyring(here / "officer.key", PASSPHRASE.strip())
    member = read_party(home.party_path).member("duty")
    assert isinstance(ring, OfficerKeyring)
    assert member is not None
    assert ring.signer().public == member.person.key
    for name in ("officer.toml", "pins/BOR.toml"):
        assert (here / name).read_bytes() == (there / name).read_bytes()


def wait_for(path: Path) -> None:
    """Wait until a node has written a file; a roster that is written is in force before the node does anything else."""
    until = time.monotonic() + START_TIMEOUT_S
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.05)


def test_what_was_sealed_to_a_key_with_a_successor_opens(tmp_path: Path) -> None:
    """The line brings the roster; a draft that waited goes through sealed to the old key, what follows to the new."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        first = ok(*acting(bor, "--as", "duty", *GOODWILL))["serial"]
        waits = hotline(*acting(bor, "send", "notification", *GRAVE, "--as", "duty", "--json"))
        assert waits.status == 4, waits.out
    ring = read_node_keyring(arc / "node.key", PASSPHRASE.strip())
    assert isinstance(ring, NodeKeyring)
    done = ok(*acting(arc, "keys", "rotate", "sealing"))
    assert any("The line brings the roster" in step for step in done["next"])
    listed = {one["job"]: one for one in ok("--home", arc, "keys", "list")["keys"]}
    assert (listed["sealing"]["since_version"], listed["node"]["since_version"]) == (2, 1)
    assert listed["sealing before"]["key_id"] == ring.sealing().public.key_id.hex()
    with running(arc, bor):
        wait_for(bor / "channels" / "ARC" / "rosters" / "ARC-2.toml")
        second = ok(*acting(bor, "sign", waits.json["draft"], "--as", "release", "--wait", "held"))["serial"]
        third = ok(*acting(bor, "--as", "duty", *GOODWILL))["serial"]
        for one in (first, second, third):
            shown = ok(*acting(arc, "show", one, "--peek"))
            assert shown["contents"]
            assert shown["view"]["faults"] == []
    renewed = read_node_keyring(arc / "node.key", PASSPHRASE.strip())
    assert isinstance(renewed, NodeKeyring)
    assert renewed.sealing_before == (ring.sealing_seed,)
    old, new = ring.sealing().public.key_id, renewed.sealing().public.key_id
    home = NodeHome.open(arc)
    with open_store(home, home.channel("BOR")) as store:
        for serial, key_id in ((first, old), (second, old), (third, new)):
            assert ("ARC", key_id) in recipients_of(store.body("BOR", int(serial.split()[1])) or b"")
    # A node that is stopped says nothing: the same command does once it runs, and revokes nothing more.
    theft = ("compromise", "sealing", "--since", "2000-01-01T00:00Z", "--reason", "stolen")
    gone = ok(*acting(arc, *theft))
    assert ([one["version"] for one in gone["rosters"]], gone["alarms"][0]["state"]) == ([3], "not-said")
    assert any("--since 2000-01-01T00:00:00.000Z --reason stolen" in step for step in gone["next"])
    again = ok(*acting(arc, *theft))
    assert (again["rosters"], again["alarms"][0]["state"]) == ([], "not-said")
    (revoked,) = (one for one in ok("--home", arc, "keys", "list")["keys"] if one["job"] == "revoked sealing")
    assert revoked["key_id"] == new.hex()
