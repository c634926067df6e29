"""The commands of every night, between two real nodes."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline.showing import clock_text
from tests.hotline.nodes import running
from tests.hotline.people import Done, acting, hotline, listen_of, ok, paired

NOTICE = ("--set", "title=Intrusion at a port", "--set", "class=system-compromise", "--set", "summary=Two hosts.")


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run."""
    arc, bor = paired(tmp_path_factory.mktemp("line"))
    with running(arc, bor):
        yield arc, bor


def send(home: Path, *arguments: str) -> dict[str, Any]:
    """Send and wait until the other side holds it."""
    found: dict[str, Any] = ok(*acting(home, "send", *arguments, "--wait", "held", "--timeout", "20"))
    return found


def notice(home: Path, *more: str) -> dict[str, Any]:
    """Send a notification of severity 2."""
    return send(home, "notification", "--severity", "2", *NOTICE, *more)


def code_of(done: Done) -> str:
    """The code of a command that failed with --json."""
    return str(done.json["error"]["code"])


def rungs(home: Path, serial: str) -> dict[str, Any]:
    """How far a statement was taken note of, as a home's own node sees it after what is on its way has come."""
    until = time.monotonic() + 10
    found: dict[str, Any] = {}
    while "acknowledged" not in found and time.monotonic() < until:
        time.sleep(0.05)
        shown = ok(*acting(home, "show", serial, "--peek"))
        found = shown["view"]["rungs"] if shown["view"] is not None else {}
    return found


def test_a_statement_is_held_and_read(homes: tuple[Path, Path]) -> None:
    """From a flag on one side to the field on the other; the outcome has exactly its fixed fields."""
    arc, bor = homes
    outcome = notice(arc, "--to", "BOR")
    names = "state draft serial id thread missing hold issued_at_ms release_at_ms logged_at_ms held_at_ms"
    assert set(outcome) == {*names.split(), "changes_nothing"}
    assert (outcome["state"], outcome["draft"], outcome["missing"]) == ("held", None, [])
    shown = ok(*acting(bor, "show", outcome["serial"], "--peek"))
    assert shown["contents"]["title"] == "Intrusion at a port"
    assert shown["leaf"] == outcome["thread"]
    assert shown["demonstration"]


def test_showing_says_opened_once(homes: tuple[Path, Path]) -> None:
    """A peek says nothing; the first show does; the second has nothing to add."""
    arc, bor = homes
    serial = notice(arc)["serial"]
    assert ok(*acting(bor, "show", serial, "--peek"))["opened"] is None
    assert ok(*acting(bor, "show", serial))["opened"]["state"] in {"logged", "held"}
    assert ok(*acting(bor, "show", serial))["opened"] is None
    assert ok(*acting(arc, "show", serial))["opened"] is None


def test_the_screen_says_until_when(homes: tuple[Path, Path]) -> None:
    """A clock has its time: when it is due, and once that is done, when that was."""
    arc, bor = homes
    serial = notice(arc)["serial"]
    ok(*acting(bor, "show", serial))
    until = time.monotonic() + 10
    shown = ""
    # It runs first: what says that it was opened is on its way.
    while "open by BOR: kept, done 20" not in shown and time.monotonic() < until:
        time.sleep(0.05)
        shown = hotline(*acting(bor, "show", serial, "--peek")).out
    assert "open by BOR: kept, done 20" in shown
    running = {"name": "answer", "owed_by": "BOR", "due_ms": 0, "done_ms": None, "state": "running"}
    assert clock_text(running) == "answer by BOR: running, due 1970-01-01 00:00:00Z"


def test_what_a_node_states_is_signed_by_the_node(homes: tuple[Path, Path]) -> None:
    """Entries of machine kinds need no person, and the screen does not say that one is missing."""
    arc, _ = homes
    send(arc, "goodwill", "--set", "message=hello")
    serials = [f"ARC {index}" for index in range(2, ok("--home", arc, "status")["channels"][0]["own_size"])]
    shown = next(
        done
        for done in (hotline(*acting(arc, "show", serial)) for serial in reversed(serials))
        if "*** SYSTEM ***" in done.out
    )
    assert "signed by     the node" in shown.out


@pytest.mark.parametrize("words", [("inbox",), ("threads",), ("drafts",), ("status",)], ids=" ".join)
def test_every_screen_says_that_nothing_is_meant(homes: tuple[Path, Path], words: tuple[str, ...]) -> None:
    """A demonstration must not be taken for the line."""
    assert "*** demonstration: nothing said here is meant ***" in hotline(*acting(homes[0], *words)).out


def test_pairings_are_shown_with_addresses(homes: tuple[Path, Path]) -> None:
    """Without a name all of them; the words are the same as at the ceremony."""
    arc, bor = homes
    (found,) = ok("--home", arc, "pair", "show")["pairings"]
    assert (found["counterpart"], found["state"]) == ("BOR", "complete")
    assert found["endpoints"] == [listen_of(bor)]
    assert found["words"] == ok("--home", bor, "pair", "show", "ARC")["words"]
    assert f"answers at {listen_of(bor)}" in hotline("--home", arc, "pair", "show").out


def test_questions_are_answered_and_acknowledged(homes: tuple[Path, Path]) -> None:
    """Notice, question, answer, acknowledgement: one thread of five entries, the same on both sides."""
    arc, bor = homes
    serial = notice(arc)["serial"]
    ok(*acting(bor, "show", serial))
    asked = ok(
        *acting(bor, "ask", serial, "--question", "Was it yours?", "--question", "When?", "--why", "Port."),
        *("--wait", "held", "--timeout", "20"),
    )
    ok(
        *acting(arc, "answer", asked["serial"], "--text", "No.", "--text", "Not known.", "--state", "answered"),
        *("--state", "not-known", "--wait", "held", "--timeout", "20"),
    )
    ok(*acting(bor, "ack", serial, "--note", "Seen.", "--wait", "held", "--timeout", "20"))
    assert set(rungs(arc, serial)) >= {"held", "opened", "acknowledged"}
    kinds = ["notification", "opened", "clarification-request", "clarification-response", "acknowledge"]
    for home in homes:
        entries = ok(*acting(home, "threads", serial))["entries"]
        assert sorted(one["kind"] for one in entries) == sorted(kinds)
        assert not any(one["faults"] for one in entries)
        request = next(one for one in entries if one["kind"] == "clarification-request")
        assert request["state"] == "partly"


def test_two_persons_sign_one_after_the_other(homes: tuple[Path, Path]) -> None:
    """Severity 4 needs duty and release: a draft waits (exit 4), the second officer's signature sends it."""
    arc, bor = homes
    done = hotline(*acting(arc, "send", "notification", "--severity", "4", *NOTICE, "--json"))
    assert (done.status, done.json["state"], done.json["missing"]) == (4, "draft", ["release/senior"])
    draft = done.json["draft"]
    listed = ok(*acting(arc, "drafts"))["drafts"]
    assert [one["draft"] for one in listed] == [draft]
    assert code_of(hotline(*acting(arc, "sign", draft, "--as", "duty", "--json"))) == "already-signed"
    signed = hotline(*acting(arc, "sign", draft[:12], "--as", "senior", "--wait", "held", "--timeout", "20", "--json"))
    assert (signed.status, signed.json["state"]) == (0, "held")
    assert "Two hosts." in signed.err
    shown = ok(*acting(bor, "show", signed.json["serial"], "--peek"))
    assert shown["view"]["signers"] == [{"person": 1, "role": "duty"}, {"person": 3, "role": "senior"}]


def test_a_draft_is_discarded_by_who_signed_it(homes: tuple[Path, Path]) -> None:
    """Nobody else may; afterwards it is in no list, and cannot be signed."""
    arc, _ = homes
    draft = hotline(*acting(arc, "send", "notification", "--severity", "4", *NOTICE, "--json")).json["draft"]
    assert code_of(hotline(*acting(arc, "drafts", "--discard", draft, "--as", "senior", "--json"))) == "not-your-draft"
    assert ok(*acting(arc, "drafts", "--discard", draft[:12]))["discarded"] == draft
    assert ok(*acting(arc, "drafts"))["drafts"] == []
    assert code_of(hotline(*acting(arc, "sign", draft, "--as", "senior", "--json"))) == "no-such-draft"


def test_two_persons_sign_in_one_go(homes: tuple[Path, Path]) -> None:
    """Two --as, before or after the command, and the statement is complete."""
    arc, _ = homes
    done = hotline(
        *("--as", "duty"),
        *acting(arc, "send", "notification", "--severity", "4", *NOTICE, "--as", "release"),
        *("--wait", "held", "--timeout", "20", "--json"),
    )
    assert (done.status, done.json["state"]) == (0, "held")


def test_who_is_not_needed_does_not_sign(homes: tuple[Path, Path]) -> None:
    """An administrator's role fills no slot of any rule."""
    done = hotline(*acting(homes[0], "send", "notification", "--severity", "4", *NOTICE, "--as", "keeper", "--json"))
    assert (done.status, code_of(done)) == (1, "signer-not-needed")


def test_an_administrator_sees_the_line_and_no_contents(homes: tuple[Path, Path]) -> None:
    """Headers and states, but neither fields nor the word opened."""
    arc, bor = homes
    serial = send(bor, "goodwill", "--set", "message=A quiet night to your desk.")["serial"]
    shown = ok(*acting(arc, "show", serial, "--as", "keeper"))
    assert shown["contents"] is None
    assert shown["problem"] == "not-permitted"
    assert shown["opened"] is None
    assert ok(*acting(arc, "inbox", "--as", "keeper"))["entries"][0]["serial"] == serial


def test_a_file_composes_a_statement(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Fields and header choices from TOML; flags stand over the file."""
    arc, bor = homes
    file = tmp_path / "notice.toml"
    file.write_text(
        'severity = 1\ntitle = "From a file"\nclass = ["scanner"]\nsummary = "One."\nfirst_seen = 2026-11-20\n'
    )
    serial = send(arc, "notification", "--file", str(file), "--severity", "3", "--precedence", "routine")["serial"]
    shown = ok(*acting(bor, "show", serial, "--peek"))
    assert (shown["view"]["severity"], shown["view"]["precedence"]) == (3, "routine")
    assert shown["contents"]["first_seen"] == "2026-11-20"


def test_a_retraction_stays_in_its_thread(homes: tuple[Path, Path]) -> None:
    """What is retracted stays and is shown as such."""
    arc, bor = homes
    serial = notice(arc)["serial"]
    reason = ok("catalogue", "show", "retraction")["fields"][0]["terms"][0]["code"]
    gone = ("--set", f"reason={reason}", "--set", "explanation=It was a drill of ours.")
    send(arc, "retraction", "--reply-to", serial, *gone)
    until = time.monotonic() + 10
    while ok(*acting(bor, "show", serial, "--peek"))["view"]["state"] != "retracted":
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("send", "notification", *NOTICE), 2, "severity-needed"),
        (("send", "goodwill"), 2, "missing-field"),
        (("send", "acknowledge"), 2, "reply-needed"),
        (("send", "goodwill", "--set", "message=x", "--reply-to", "BOR 0"), 2, "reply-unfit"),
        (("send", "update", "--set", "summary=x", "--thread", "BOR 999"), 2, "no-such-entry"),
        (("ack", "ARC 2"), 2, "reply-unfit"),
        (("send", "goodwill", "--set", "message=x", "--to", "CEL"), 2, "channel-unknown"),
        (("sign", "00", "--as", "duty"), 2, "no-such-draft"),
        (("show", "BOR 99999"), 2, "no-such-entry"),
        (("show", "bor four"), 2, "serial-malformed"),
        (("inbox", "--as", "nobody"), 2, "officer-missing"),
        (("receipt", "ARC 99999"), 2, "no-such-entry"),
    ],
)
def test_what_cannot_be_done_says_why(
    homes: tuple[Path, Path], arguments: tuple[str, ...], status: int, code: str
) -> None:
    """A code, a text, what to do next, and the exit status that belongs to it."""
    done = hotline(*acting(homes[0], *arguments, "--json"))
    assert (done.status, code_of(done)) == (status, code)
    assert done.json["error"]["next"]


def test_a_wrong_passphrase_is_said(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """The key file is whole; the passphrase is another's."""
    (tmp_path / "other").write_text("another\n")
    done = hotline("--home", homes[0], "--passphrase-file", tmp_path / "other", "--no-input", "inbox", "--json")
    assert (done.status, code_of(done)) == (3, "wrong-passphrase")
    assert "chmod 600" in done.err


def test_an_agreement_that_was_not_pinned_is_refused(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """An officer's client trusts its own pin, not the node."""
    away = tmp_path / "away"
    shutil.copytree(homes[0] / "officers" / "duty", away)
    settings = away / "officer.toml"
    settings.write_text(settings.read_text().replace("../../node.sock", str(homes[0] / "node.sock")))
    secret = homes[0].parent / "passphrase"
    good = hotline("--home", away, "--passphrase-file", secret, "--no-input", "inbox", "--json")
    assert good.status == 0
    pin = away / "pins" / "BOR.toml"
    pin.write_text(pin.read_text().replace("demonstration", "something else"))
    done = hotline("--home", away, "--passphrase-file", secret, "--no-input", "inbox", "--json")
    assert (done.status, code_of(done)) == (1, "agreement-not-pinned")


def test_receipts_verify_anywhere_and_damage_shows(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """A receipt holds against the exported policy; a changed one is refuted; an absent one could not be checked."""
    arc, _ = homes
    serial = notice(arc)["serial"]
    proof, export = tmp_path / "r.tlog-proof", tmp_path / "export"
    ok("--home", arc, "receipt", serial, "-o", proof)
    ok("--home", arc, "log", "export", export)
    found = ok("verify", proof, "--policy", export / "policy")
    assert (found["verdict"], found["entry"]["kind"]) == ("verified", "notification")
    data = bytearray(proof.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad").write_bytes(data)
    done = hotline("verify", tmp_path / "bad", "--policy", export / "policy", "--json")
    assert (done.status, done.json["verdict"]) == (1, "refuted")
    assert hotline("verify", tmp_path / "none", "--policy", export / "policy", "--json").status == 3


def test_both_voices_are_exported_without_a_passphrase(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Our log, and the counterpart's as we hold it; a directory that is in use is left alone."""
    arc, _ = homes
    own = ok("--home", arc, "log", "export", tmp_path / "arc")
    their = ok("--home", arc, "log", "export", tmp_path / "bor", "--voice", "BOR")
    assert (own["voice"], their["voice"]) == ("ARC", "BOR")
    assert (tmp_path / "arc" / "checkpoint").read_text().count("\n— ") == 4
    assert hotline("--home", arc, "log", "export", tmp_path / "arc", "--json").status == 2


def test_status_and_doctor_of_a_running_node(homes: tuple[Path, Path]) -> None:
    """The fixed fields of the line, and a doctor that finds nothing failing."""
    arc, _ = homes
    found = ok("--home", arc, "status")
    assert (found["party"], found["node"]) == ("ARC", "running")
    names = "counterpart line last_beat_at_ms round_trip_ms clock_offset_ms own_size own_held their_size due"
    assert set(names.split()) <= set(found["channels"][0])
    assert ok(*acting(arc, "doctor"))["failed"] == 0
    assert ok("--home", arc / "officers" / "duty", "status")["node"] == "running"


def test_a_second_node_of_one_home_does_not_start(homes: tuple[Path, Path]) -> None:
    """It says that one runs already, and the first goes on."""
    done = hotline(*acting(homes[0], "node", "run", "--json"))
    assert (done.status, code_of(done)) == (1, "node-running")
    assert ok("--home", homes[0], "status")["node"] == "running"
