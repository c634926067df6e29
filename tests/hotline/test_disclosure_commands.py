"""`disclosable` and `disclose` between two real nodes: what is agreed opens, on both sides alike."""

import json
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from keys.hybrid import Signer
from keys.keyring import OfficerKeyring
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import OfficerHome
from nodes.key_files import read_keyring
from nodes.operations import OPERATIONS
from nodes.resources import catalogue
from tests.hotline.nodes import running, wait_until_up
from tests.hotline.people import PASSPHRASE, acting, hotline, ok, paired

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose agreement opens by consent, and whose nodes run."""
    arc, bor = paired(tmp_path_factory.mktemp("disclosure"))
    with running(arc, bor):
        yield arc, bor


def say(home: Path, *arguments: str) -> str:
    """Send, wait until the other side holds it and both nodes have judged it, and give its serial."""
    serial = str(ok(*acting(home, *arguments, "--wait", "held", "--timeout", "60"))["serial"])
    voice, _, index = serial.partition(" ")
    end = time.monotonic() + 60
    for party in ("ARC", "BOR"):
        with logged_in(home.parent / party, "duty") as client:
            while client.request("entry", voice=voice, index=int(index))["view"] is None:
                assert time.monotonic() < end, f"{party} does not judge {serial}"
                time.sleep(0.02)
    return serial


@cache
def key_of(home: Path, name: str) -> tuple[int, Signer]:
    """An officer's number and key; to open the file takes long."""
    ring = read_keyring(OfficerHome(home / "officers" / name).key_path, OfficerKeyring, PASSPHRASE.strip())
    assert ring.number is not None
    return ring.number, ring.signer()


def logged_in(home: Path, name: str) -> NodeClient:
    """A client that logged in as an officer."""
    client = NodeClient.connect(home / "node.sock")
    number, key = key_of(home, name)
    client.login(person=number, signer=key)
    return client


def until_open(home: Path, serial: str, audience: str, names: list[str]) -> None:
    """Wait until a node says that exactly these fields are open."""
    end = time.monotonic() + 60
    while open_fields(home, serial, audience) != names:
        assert time.monotonic() < end, open_fields(home, serial, audience)
        time.sleep(0.05)


def open_fields(home: Path, serial: str, audience: str) -> list[str]:
    """What of a statement is open to an audience."""
    told = ok(*acting(home, "disclosable", "--to", audience, "--thread", serial))
    view = next(one for one in told["found"]["statements"] if one["serial"] == serial)
    return [name for group in view["groups"] if group["open"] for name in group["fields"]]


def test_what_both_agree_to_opens_and_nothing_else(homes: tuple[Path, Path]) -> None:
    """A proposal opens nothing, a consent in part what it names; the same on both sides; a publication is logged."""
    arc, bor = homes
    notice = ("--set", "title=Attack", "--set", "class=system-compromise", "--set", "summary=Two hosts.")
    told = say(arc, "send", "notification", "--severity", "2", *notice)
    words: tuple[str, ...] = ("--title", "Attack on a port", "--text", "It works again.", "--when", "2026-12-01")
    fields = ("--field", "title", "--field", "summary")
    proposed = say(arc, "disclose", "propose", told, "--audience", "public", *fields, *words)
    assert open_fields(arc, told, "public") == []
    say(bor, "disclose", "partial", proposed, "--field", "title", "--reason", "ongoing-operation")
    for home in homes:
        until_open(home, told, "public", ["title"])
        until_open(home, proposed, "public", [])
    say(bor, "disclose", "consent", proposed)
    for home in homes:
        until_open(home, told, "public", ["title", "summary"])
        until_open(home, proposed, "public", ["text"])
    say(arc, "disclose", "made", proposed, "--place", "Website", "--when", "2026-12-01T09:00Z")
    shown = hotline(*acting(bor, "disclosable", "--thread", told)).out
    assert "rule 1, consent" in shown
    assert "Article 9" in shown
    assert "Two hosts" not in shown


def test_a_refusal_and_a_withdrawal_open_nothing(homes: tuple[Path, Path]) -> None:
    """Consent is withheld for a while, then refused; a proposal is withdrawn; a closer statement stays closed."""
    arc, bor = homes
    words: tuple[str, ...] = ("--title", "t", "--text", "A text.", "--when", "2026-12-01", "--audience", "partners")
    first = say(bor, "disclose", "propose", *words)
    say(arc, "disclose", "withhold", first, "--reason", "victim-consent", "--respond-by", "+2d")
    say(arc, "disclose", "object", first, "--reason", "inaccurate")
    say(bor, "disclose", "withdraw", first, "--reason", "Overtaken.")
    for home in homes:
        assert open_fields(home, first, "partners") == []
    closest = say(arc, "send", "goodwill", "--set", "message=hello", "--set", "closest=parties")
    assert open_fields(arc, closest, "auditor") == []
    assert hotline(*acting(arc, "send", "goodwill", "--set", "message=x", "--set", "closest=all", "--yes")).status == 2
    assert hotline(*acting(arc, "disclose", "partial", first, "--field", "x", "--reason", "political")).status == 2


def test_what_a_rule_opens_leaves_with_its_opening(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """An embargo that is over opens; nothing leaves before both halves are logged, and then what they name."""
    arc, bor = homes
    outage = ("--set", "cause=upgrade", "--set", "start=2026-12-01", "--set", "end=2026-12-02", "--set", "note=N.")
    told = say(arc, "send", "planned-outage", *outage)
    halves = ("disclose", "open", told, "--audience", "partners", "--field", "start", "--field", "end")
    assert "field-closed" in hotline(*acting(bor, *halves[:4], "public", *halves[5:], "--yes")).err
    # By as much as clocks may differ an opening comes later; what is told is then what leaves.
    end = time.monotonic() + 60
    while (done := hotline(*acting(bor, *halves, "--json"))).status != 0:
        assert "field-closed" in done.out, done
        assert time.monotonic() < end
        time.sleep(0.1)
    wait_until_up(arc)
    out = tmp_path / "partners.hotline"
    packed = acting(arc, "pack", out, "--to", "partners", "--thread", told)
    kept = ok(*packed)
    assert (kept["statements"], kept["unlogged"]) == (0, [told])
    made = say(bor, "disclose", "made", done.json["serial"], "--place", "Pack", "--when", "2026-12-01T09:00Z")
    # What was said of a thread counts from its arrival in the log that the thread is at home in.
    end = time.monotonic() + 60
    while f"opened with {made}" not in (shown := hotline(*acting(arc, "disclosable", "--thread", told)).out):
        assert time.monotonic() < end, shown
        time.sleep(0.05)
    assert "its opening is not logged" in shown
    wait_until_up(arc)
    end = time.monotonic() + 60
    out.unlink()
    while ok(*packed)["statements"] == 0:
        assert time.monotonic() < end
        out.unlink()
        time.sleep(0.1)
    ok("--home", arc, "log", "export", tmp_path / "log")
    report = ok("audit", out, "--policy", tmp_path / "log" / "policy")
    assert [one["field"] for one in report["disclosed"] if one["serial"] == told] == ["start", "end"]
    assert report["verdict"] == "verified"


def test_an_item_is_committed_to_then_opened_and_its_hand_over_countersigned(
    homes: tuple[Path, Path], tmp_path: Path
) -> None:
    """The commitment shows nothing of the file; the release opens it; a hand-over is whole with both halves."""
    arc, bor = homes
    item = tmp_path / "capture.pcap"
    item.write_bytes(b"packets")
    told = say(arc, "evidence", "commit", str(item), "--title", "Traffic", "--type", "network-capture")
    kept = tmp_path / "capture.pcap.exhibit"
    assert kept.stat().st_mode & 0o777 == 0o600
    hash_ = ok("evidence", "verify", item)["hash"]
    assert kept.read_text().split()[2] not in json.dumps(ok(*acting(bor, "show", told)))
    assert told in json.dumps(ok(*acting(bor, "registers", "evidence")))
    other = tmp_path / "other"
    other.write_bytes(b"packet")
    (tmp_path / "other.exhibit").write_bytes(kept.read_bytes())
    assert "exhibit-differs" in hotline(*acting(arc, "evidence", "release", told, other)).err
    released = say(arc, "evidence", "release", told, str(item))
    assert ok(*acting(bor, "evidence", "verify", item, released))["verdict"] == "verified"
    assert hotline(*acting(bor, "evidence", "verify", other, released)).status == 1
    hand = ("--item", hash_, "--from", "Lab", "--to-office", "Desk", "--purpose", "analysis", "--seal", "4411")
    handed = say(arc, "evidence", "hand", released, *hand, "--when", "2026-12-01T09:00Z")
    assert hotline(*acting(bor, "evidence", "chain", told)).status == 1
    assert (
        "exhibit-differs"
        in hotline(*acting(bor, "evidence", "take", handed, other, "--seal-whole", "--when", "2026")).err
    )
    taken = say(bor, "evidence", "take", handed, str(item), "--seal-whole", "--when", "2026-12-01T15:00Z")
    (link,) = ok(*acting(arc, "evidence", "chain", told))["links"]
    assert (link["transfer"], link["accept"], link["same"], link["item"]) == (handed, taken, True, hash_)


def keys(value: Any) -> set[str]:
    """Every name in a JSON value."""
    if isinstance(value, dict):
        return set(value) | {name for one in value.values() for name in keys(one)}
    return {name for one in value for name in keys(one)} if isinstance(value, list) else set()


def test_disclosable_shows_no_contents(homes: tuple[Path, Path]) -> None:
    """It is told from headers: names of fields, rules and times."""
    told = ok(*acting(homes[0], "disclosable"))
    assert keys(told["found"]["statements"]).isdisjoint({"value", "salt", "contents"})


def test_contents_are_destroyed_when_their_retention_has_ended(homes: tuple[Path, Path]) -> None:
    """They are listed; a duty officer destroys nothing, and nobody does before the time. Then each party has only what
    it did not destroy yet."""
    arc, bor = homes
    told = say(arc, "send", "goodwill", "--set", "message=hello")
    found = [f"{one['voice']} {one['index']}" for one in ok(*acting(bor, "erase"))["bodies"]]
    assert told in found
    assert "not-permitted" in hotline(*acting(bor, "erase", told, "--yes")).err
    assert "not-due" in hotline(*acting(bor, "erase", "ARC 0", "--yes", "--as", "release")).err
    assert ok(*acting(bor, "erase", "--due", "--as", "release"))["erased"] == len(found)
    assert ok(*acting(bor, "erase"))["bodies"] == []
    assert ok(*acting(bor, "show", told))["problem"] == "body-erased"
    assert ok(*acting(arc, "show", told))["contents"]["message"] == "hello"


# --- marks ------------------------------------------------------------------------------------------------------------

MARK = "zqxj"
"""In every sealed field stands this mark with the field's name behind it."""


def marked() -> dict[str, str]:
    """A value with a mark for every field of a notification that takes words, as `--set` has it."""
    kind = catalogue().kind("notification")
    assert kind is not None
    words = [one for one in kind.fields if one.type in {"line", "text", "identifiers"} and one.pattern is None]
    found = {one.name: f"{MARK}-{one.name.replace('_', '-')}" for one in words}
    assert {"title", "summary", "severity_reason"} <= found.keys()
    return found


def marks_in(data: bytes) -> set[str]:
    """The marks in some bytes, plain or as hexadecimal digits."""
    plain = re.findall(rb"zqxj-[a-z-]+", data)
    folded = [bytes.fromhex(one.decode()) for one in re.findall(rb"(?:7a71786a2d)(?:[67][0-9a-f]|2d)+", data.lower())]
    return {one.decode() for one in [*plain, *folded]}


def said_by(*arguments: str | Path) -> bytes:
    """Everything that a command writes, whatever it ends with."""
    done = hotline(*arguments)
    return (done.out + done.err).encode()


def answers(home: Path, name: str, leaf: str, place: tuple[str, int]) -> Iterator[tuple[str, bytes]]:
    """What the node answers an officer who reads no contents, operation by operation."""
    at_ms = int(time.time() * 1000) - 1000
    with logged_in(home, name) as client:
        for op in sorted(OPERATIONS.keys() - {"login", "watch"}):
            arguments: dict[str, Any] = {"voice": place[0], "index": place[1], "limit": 50, "at_ms": at_ms, "start": 0}
            arguments["id"] = bytes.fromhex(leaf) if op == "thread" else leaf[:32]
            arguments |= {"audience": "public", "sizes": [0, 0]} if op == "disclosed" else {}
            try:
                yield op, repr(client.request(op, **arguments)).encode()
            except ApiRefused as error:
                yield op, str(error).encode()


def test_a_mark_leaves_only_where_a_rule_opened_its_field(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Commands, answers, exports, packs, pages, backups, logs and files on disk of both parties have no mark of a
    sealed field; a pack for the public has the one field that both agreed to open; who reads contents sees all."""
    arc, bor = homes
    values = marked()
    given = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    told = say(arc, "send", "notification", "--severity", "2", "--set", "class=system-compromise", *given)
    words = ("--title", "t", "--text", "The text.", "--when", "2026-12-01", "--audience", "public", "--field", "title")
    proposed = say(arc, "disclose", "propose", told, *words)
    say(bor, "disclose", "consent", proposed)
    until_open(arc, told, "public", ["title"])
    # A pack has what the other party cosigned; the entry with which the consent arrived is to be among that.
    wait_until_up(arc)
    shown = ok(*acting(bor, "show", told))
    assert marks_in(json.dumps(shown["contents"]).encode()) == set(values.values())
    outputs: dict[str, bytes] = {}
    for home in homes:
        for command in (["status"], ["doctor"], ["log", "export", str(tmp_path / f"{home.name}-log")]):
            outputs[f"{home.name} {command[0]}"] = said_by("--home", home, *command)
        commands = [["threads"], ["docket"], ["disclosable"]]
        commands += [["due"], ["registers"], ["drafts"], ["journal", "list"]] if home == arc else []
        for words_ in commands:
            outputs[f"{home.name} {words_[0]}"] = said_by(*acting(home, *words_))
        outputs[f"{home.name} backup"] = said_by(*acting(home, "backup", tmp_path / f"{home.name}-backup"))
        outputs[f"{home.name} pack"] = said_by("--home", home, "pack", tmp_path / f"{home.name}.hotline")
    for words_ in (
        ["inbox"],
        ["show", told],
        ["threads", told],
        ["registers", "--contents"],
        ["pack", str(tmp_path / "refused"), "--to", "public"],
    ):
        outputs[f"keeper {words_[0]}"] = said_by(*acting(arc, *words_, "--as", "keeper"))
    place = (told.partition(" ")[0], int(told.partition(" ")[2]))
    outputs |= {f"api {op}": answer for op, answer in answers(arc, "keeper", shown["leaf"], place)}
    policy = tmp_path / "ARC-log" / "policy"
    assert policy.is_file()
    page = tmp_path / "page.html"
    outputs["audit"] = said_by("audit", tmp_path / "ARC.hotline", "--policy", policy, "--page", page)
    assert {name: marks_in(data) for name, data in outputs.items() if marks_in(data)} == {}
    files = [path for folder in (*homes, tmp_path, arc.parent) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 40
    assert {str(path): found for path in files if (found := marks_in(path.read_bytes()))} == {}
    # Only now something is opened, and only to whom it was agreed.
    for audience, wanted in (("public", {values["title"]}), ("partners", {values["title"]})):
        out = tmp_path / f"{audience}.hotline"
        packed = ok(*acting(arc, "pack", out, "--to", audience, "--thread", told))
        assert (packed["audience"], packed["lacking"]) == (audience, [])
        assert marks_in(out.read_bytes()) == wanted
        report = ok("audit", out, "--policy", policy)
        assert report["verdict"] == "verified"
        assert [one for one in report["findings"] if one["code"].startswith("disclosure")] == []
        assert values["title"] in [one["value"] for one in report["disclosed"]]
    kinds = {one["kind"] for one in ok(*acting(arc, "journal", "list"))["entries"]}
    assert "fields-disclosed" in kinds


def alarms(home: Path) -> list[str]:
    """The alarms of a home's only line."""
    return [one["code"] for one in ok("--home", home, "status")["channels"][0]["details"]["alarms"]]


def test_a_publication_without_consent_is_an_alarm_at_the_other_side(homes: tuple[Path, Path]) -> None:
    """The command does not say so by a slip; who says it all the same is told of to the other party's people. It stands
    last: it is in the logs of these homes from here on, and every audit of them finds it."""
    arc, bor = homes
    words: tuple[str, ...] = ("--title", "t", "--text", "Ours.", "--when", "2026-12-01", "--audience", "public")
    proposed = say(bor, "disclose", "propose", *words)
    made = ("--place", "Website", "--when", "2026-12-01T09:00Z")
    assert "disclosure-unagreed" in hotline(*acting(bor, "disclose", "made", proposed, *made)).err
    assert "published-unagreed" not in alarms(arc)
    raw = ("--set", "place=Website", "--set", "at=2026-12-01T09:00Z")
    say(bor, "send", "disclosure-made", "--reply-to", proposed, *raw)
    end = time.monotonic() + 60
    while "published-unagreed" not in alarms(arc):
        assert time.monotonic() < end, alarms(arc)
        time.sleep(0.05)
    assert "published-unagreed" not in alarms(bor)
