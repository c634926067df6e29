"""The audit: what holds is verified, and everything that was done to it is found and named."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from keys import roster as rosters
from protocol.agreement_conduct import EmergencyTerms
from protocol.audit import AuditMisused, audit
from protocol.checkpoint import parse_text
from protocol.cosignature import add_cosignatures, cosign
from protocol.docket import docket_digest
from protocol.entry import Entry
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from protocol.note import parse as parse_note
from protocol.statement import LogState
from protocol.tagged import digest
from protocol.tiles import encode_bundle
from tests.builders import START_MS, World, keyring

Files = dict[str, bytes]
Pair = tuple[Files, Files]

ENTRIES = "tile/entries/000.p/"
HOUR_MS = 3_600_000


@cache
def _world() -> World:
    world = World()
    told = world.say("ARC", "notification")
    asked = world.say("BOR", "clarification-request", thread=told, reply=told, at_ms=START_MS + 60_000)
    world.say("ARC", "opened", thread=told, reply=asked)
    world.say("ARC", "clarification-response", thread=told, reply=asked)
    world.say("BOR", "acknowledge", thread=told, reply=told)
    world.say("ARC", "notification", severity=5, signers=((1, "duty"), (3, "senior")))
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    return world


@cache
def _long_world() -> World:
    """A log of more than one tile, of small entries that take no signing."""
    world = World()
    for number in range(260):
        world.append("ARC", b"noise %d" % number)
    return world


def _files(world: World) -> Pair:
    return dict(world.files("ARC")), dict(world.files("BOR"))


def _audit(pair: Pair, world: World | None = None, policy: bytes | None = None) -> Report:
    world = world or _world()
    return audit(
        MemoryEvidence("A", pair[0]),
        MemoryEvidence("B", pair[1]),
        world.policy("ARC") if policy is None else policy,
        catalogue=world.catalogue,
        at_ms=START_MS,
    )


def _codes(report: Report, severity: str = "refuted") -> set[str]:
    return {one.code for one in report.findings if one.severity == severity}


def test_two_honest_exports_are_verified() -> None:
    """Every step is done, nothing is found, and what was not checked is said."""
    report = _audit(_files(_world()))
    assert (report.verdict, report.exit, report.findings) == ("verified", 0, [])
    assert [line.partition(".")[0] for line in report.checked[:-1]] == [str(number) for number in range(1, 14)]
    assert report.not_checked[0].startswith("14.")


def test_the_docket_of_an_audit_is_that_of_the_nodes() -> None:
    """The same digest at the same sizes; what is due, what was missed and what is in force beside it."""
    world = World()
    line = world.say("ARC", "red-line-declare", signers=((1, "duty"), (2, "release"), (3, "senior")),
                     valid_until_ms=START_MS + 90 * 24 * HOUR_MS)  # fmt: skip
    asked = world.say("BOR", "clarification-request", thread=line, reply=line)
    world.state("ARC", "arrival")
    world.say("ARC", "clarification-response", thread=line, reply=asked, at_ms=START_MS + 90 * HOUR_MS)
    world.state("BOR", "arrival", at_ms=START_MS + 91 * HOUR_MS)
    world.state("ARC", "arrival", at_ms=START_MS + 92 * HOUR_MS)
    docket, _ = world.docket()
    found = _audit(_files(world), world).as_dict()["docket"]
    assert isinstance(found, dict)
    digests = (docket.homes[0].digest(0), docket.homes[1].digest(1))
    assert found["digest"] == docket_digest(*digests).hex()
    assert found["sizes"] == {party: len(world.logs[party].entries) for party in ("ARC", "BOR")}
    assert found["registers"] == {"red-lines": [f"ARC {line[1]}"]}
    assert (f"BOR {asked[1]}", "answer") in {(one["serial"], one["name"]) for one in found["missed"]}
    assert (f"ARC {line[1]}", "answer") in {(one["serial"], one["name"]) for one in found["due"]}


def test_the_order_of_the_exports_does_not_matter() -> None:
    """Either voice may come first, under either voice's policy."""
    first, second = _files(_world())
    assert _audit((second, first)).verdict == "verified"
    assert _audit((first, second), policy=_world().policy("BOR")).verdict == "verified"


def _every_file() -> list[tuple[int, str]]:
    return [(side, name) for side in (0, 1) for name in sorted(_files(_world())[side]) if name != "policy"]


def test_one_flipped_byte_in_any_file_is_refuted_and_named() -> None:
    """In each file but the policy, at four places: the finding names the file, and an entry where there is one."""
    for side, name in _every_file():
        data = _files(_world())[side][name]
        for at in (0, len(data) // 3, len(data) // 2, len(data) - 1):
            pair = _files(_world())
            pair[side][name] = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            report = _audit(pair)
            assert report.exit == 1, (name, at)
            places = [one.where for one in report.findings if one.severity == "refuted"]
            assert any(f"{'AB'[side]}/{name}" in where for where in places), (name, at, places)
            if name.startswith("tile/"):
                assert any("ARC " in where or "BOR " in where for where in places), (name, at, places)


def test_the_flipped_entry_is_the_one_that_is_named() -> None:
    """The change is in entry 3 of ARC, and the finding says so."""
    pair = _files(_world())
    name = next(name for name in pair[0] if name.startswith(ENTRIES))
    entry = _world().logs["ARC"].entries[3]
    data = pair[0][name]
    at = data.index(entry) + len(entry) // 2
    pair[0][name] = data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :]
    report = _audit(pair)
    assert [(one.code, one.where) for one in report.findings] == [("entry-differs", f"A/{name}, ARC 3")]


def test_a_flipped_hash_is_told_from_a_flipped_entry() -> None:
    """When the tile was changed and not the entry, the tile is what is named."""
    pair = _files(_world())
    name = next(name for name in pair[1] if name.startswith("tile/0/"))
    data = pair[1][name]
    pair[1][name] = data[: 2 * 32] + bytes([data[64] ^ 1]) + data[65:]
    assert [(one.code, one.where) for one in _audit(pair).findings] == [("tile-differs", f"B/{name}, BOR 2")]


def test_every_level_of_tiles_is_recomputed() -> None:
    """A flipped byte in a tile above the leaves, and in a full tile below it, is found."""
    world = _long_world()
    good = _files(world)
    assert {"tile/0/000", "tile/0/001.p/6", "tile/1/000.p/1"} <= set(good[0])
    for name, entry in (("tile/1/000.p/1", "ARC 0"), ("tile/0/000", "ARC 0"), ("tile/0/001.p/6", "ARC 256")):
        pair = _files(world)
        pair[0][name] = bytes([pair[0][name][0] ^ 1]) + pair[0][name][1:]
        report = _audit(pair, world)
        assert ("tile-differs", f"A/{name}, {entry}") in [(one.code, one.where) for one in report.findings]


def _drop(name_starts: str, side: int = 0) -> Callable[[Pair], None]:
    def change(pair: Pair) -> None:
        del pair[side][next(name for name in sorted(pair[side]) if name.startswith(name_starts))]

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_drop("checkpoint"), "checkpoint-missing"),
        (_drop("checkpoint", 1), "checkpoint-missing"),
        (_drop("tile/entries"), "tile-missing"),
        (_drop("tile/0"), "tile-missing"),
        (_drop("roster"), "roster-missing"),
        (_drop("roster", 1), "roster-missing"),
        (_drop("agreement"), "agreement-missing"),
    ],
    ids=["checkpoint", "the other checkpoint", "entries", "hashes", "roster", "the other roster", "agreement"],
)
def test_what_is_absent_leaves_the_audit_unchecked(change: Callable[[Pair], None], code: str) -> None:
    """Nothing that is missing refutes: exit 3, and the finding says what to get."""
    pair = _files(_world())
    change(pair)
    report = _audit(pair)
    assert (report.verdict, report.exit) == ("unchecked", 3)
    assert code in _codes(report, "unchecked")
    assert _codes(report) == set()


def test_both_agreements_absent_is_unchecked() -> None:
    """Without its text nothing says who may sign what."""
    pair = _files(_world())
    for files in pair:
        del files[next(name for name in files if name.startswith("agreement/"))]
    report = _audit(pair)
    assert report.exit == 3
    assert any(line.startswith("6-14.") for line in report.not_checked)


@pytest.mark.parametrize(
    "name", ["notes.txt", "tile/0/000", "tile/entries/001", "roster/x.toml", "roster/" + "0" * 64 + ".toml"]
)
def test_a_file_that_does_not_belong_is_refuted(name: str) -> None:
    """Also a second copy of something, at another size or under another name."""
    pair = _files(_world())
    pair[0][name] = b"x"
    assert "file-unexpected" in _codes(_audit(pair)) | {"document-differs"}
    assert any(f"A/{name}" in one.where for one in _audit(pair).findings)


def test_a_good_roster_that_no_entry_names_is_refuted() -> None:
    """Trust enters by entries, never by lying beside them."""
    pair = _files(_world())
    text = rosters.render(replace(_world().rosters["ARC"], valid_until_ms=START_MS + 5))
    pair[0][f"roster/{digest(text).hex()}.toml"] = text
    assert _codes(_audit(pair)) == {"file-unexpected"}


def _lines(note: bytes) -> list[bytes]:
    return note.split(b"\n\n", 1)[1].splitlines(keepends=True)


@pytest.mark.parametrize("line", [0, 1, 2, 3], ids=["log Ed25519", "log ML-DSA", "mirror Ed25519", "mirror ML-DSA"])
def test_each_of_the_four_lines_is_needed(line: int) -> None:
    """Three of four keys are not enough, whichever is left out."""
    pair = _files(_world())
    text, _, _ = pair[0]["checkpoint"].partition(b"\n\n")
    lines = _lines(pair[0]["checkpoint"])
    del lines[line]
    pair[0]["checkpoint"] = text + b"\n\n" + b"".join(lines)
    report = _audit(pair)
    assert report.exit == 1
    assert _codes(report) == {"line-missing"}


def test_a_doubled_line_is_refuted() -> None:
    """No honest signer writes one twice."""
    pair = _files(_world())
    pair[0]["checkpoint"] += _lines(pair[0]["checkpoint"])[3]
    assert _audit(pair).exit == 1


def test_a_line_of_an_unknown_key_is_refuted() -> None:
    """A line of a log or mirror that the policy has no key for does not belong under our checkpoints; one of a witness
    that it does not know is passed over."""
    pair = _files(_world())
    note, line = pair[0]["checkpoint"], _lines(pair[0]["checkpoint"])[0]
    pair[0]["checkpoint"] = note + line.replace(b" ", b" other.", 1)
    assert _codes(_audit(pair)) == {"line-unknown"}
    pair[0]["checkpoint"] = note + line.replace(b"/hotline/", b"/hotlime/")
    assert _audit(pair).exit == 0


def test_the_own_mirror_is_no_receipt() -> None:
    """ARC's checkpoint under ARC's own mirror shows nothing about BOR."""
    world = _world()
    own = world.checkpoint("ARC", cosigned=False)
    channel = world.agreement.channel
    mirror = keyring("ARC", channel).mirror_signers(channel, world.agreement.mirror_name("ARC"))
    pair = _files(world)
    pair[0]["checkpoint"] = add_cosignatures(own, cosign(parse_text(parse_note(own).text), mirror, START_MS))
    assert _codes(_audit(pair)) == {"line-unknown"}


def test_an_extension_line_is_refuted() -> None:
    """The ML-DSA keys do not sign it, so nobody can say who wrote it."""
    pair = _files(_world())
    pair[0]["checkpoint"] = pair[0]["checkpoint"].replace(b"\n\n", b"\nextension\n\n", 1)
    assert _audit(pair).exit == 1


def test_another_channels_policy_refutes() -> None:
    """The policy's names pin the agreement: exports of another channel are not what it asks for."""
    other = World(title="Another line")
    assert _codes(_audit(_files(_world()), policy=other.policy("ARC"))) == {"policy-log-unknown"}


def test_two_exports_of_one_voice_are_refused() -> None:
    """That is a mistake of whoever runs the audit and no verdict."""
    first, _ = _files(_world())
    with pytest.raises(AuditMisused) as refused:
        _audit((first, dict(first)))
    assert refused.value.code == "voices-not-two"


def test_a_policy_that_does_not_read_is_refused() -> None:
    """The policy is the auditor's own file, so a bad one is the auditor's to mend."""
    with pytest.raises(AuditMisused):
        _audit(_files(_world()), policy=b"log\n")


def test_an_emergency_release_is_told_and_refutes_nothing() -> None:
    """One person suffices under the clause, and the auditor is told; without the clause nobody suffices."""
    clause = EmergencyTerms(("notification",), ("duty", "release"), 60_000)
    allowed, refused = World(format=2, emergency=clause), World()
    allowed.say("ARC", "notification", signers=((1, "duty"),), severity=5, facts={"emergency": True})
    everybody = ((1, "duty"), (2, "release"), (3, "senior"))
    refused.say("ARC", "notification", signers=everybody, severity=5, facts={"emergency": True})
    for world, found in ((allowed, ("emergency-release", "info")), (refused, ("unauthorised", "refuted"))):
        report = _audit(_files(world), world)
        assert [(one.code, one.severity) for one in report.findings] == [found]


def test_an_unauthorised_entry_refutes() -> None:
    """A grave notification by one person only."""
    world = World()
    world.say("ARC", "notification", severity=5)
    report = _audit(_files(world), world)
    assert [(one.code, one.where) for one in report.findings] == [("unauthorised", "A, ARC 2")]
    assert "release/senior" in report.findings[0].text


def test_noise_in_a_log_refutes() -> None:
    """An honest node logs only what parses."""
    assert _codes(_audit(_files(_long_world()), _long_world())) == {"malformed"}


def test_a_fork_shown_to_the_other_side_refutes() -> None:
    """BOR says, signed, that it held a log of ARC that is not the one exported."""
    world = World()
    world.state("BOR", "arrival", held=LogState(2, digest(b"another past")))
    assert _codes(_audit(_files(world), world)) == {"held-not-of-log"}


@pytest.mark.parametrize("at_ms", [253_402_300_800_000, (2**63 - 1) * 1000])
def test_a_time_beyond_the_calendar_stops_no_audit(at_ms: int) -> None:
    """A counterpart cosigns with whatever time it likes; the log that it holds can be audited all the same."""
    world = _world()
    files = world.files("ARC")
    bare, channel = world.checkpoint("ARC", cosigned=False), world.agreement.channel
    mirror = keyring("BOR", channel).mirror_signers(channel, world.agreement.mirror_name("BOR"))
    files["checkpoint"] = add_cosignatures(bare, cosign(parse_text(parse_note(bare).text), mirror, at_ms))
    exports = MemoryEvidence("arc", files), MemoryEvidence("bor", world.files("BOR"))
    report = audit(*exports, world.policy("ARC"), catalogue=world.catalogue, at_ms=START_MS)
    assert report.verdict == "verified"
    assert "9999-12-31T23:59:59Z" in "".join(report.checked)


@pytest.mark.parametrize("gone", [False, True])
def test_what_is_judged_is_what_was_hashed(gone: bool) -> None:
    """Whoever gave the files may still be able to change them: a signature that lacked is there at the second look."""
    world = World()
    world.say("ARC", "clarification-request")
    statement = world.statement("ARC", "notification", severity=5)
    duty, senior = (world.sign("ARC", statement, *one) for one in (("person/1", "duty"), ("person/3", "senior")))
    world.log("ARC", statement, [duty])
    *before, last = world.logs["ARC"].entries
    cleaned = encode_bundle([*before, replace(Entry.parse(last), signatures=(duty, senior)).encode()])

    class Changing(MemoryEvidence):
        looks = 0

        def read(self, name: str) -> bytes | None:
            if name.startswith(ENTRIES):
                self.looks += 1
                if self.looks > 1:
                    return None if gone else cleaned
            return super().read(name)

    exports = Changing("arc", world.files("ARC")), MemoryEvidence("bor", world.files("BOR"))
    report = audit(*exports, world.policy("ARC"), catalogue=world.catalogue, at_ms=START_MS)
    found = [(one.code, one.severity, one.where) for one in report.findings]
    where = f"arc/{ENTRIES}{len(before) + 1}"
    assert found == [("tile-missing", "unchecked", where) if gone else ("entry-differs", "refuted", where)]


def test_what_lies_beyond_an_export_is_said_and_not_refuted() -> None:
    """An older export of ARC beside a newer one of BOR: BOR's last entries claim more than is at hand."""
    world = _world()
    pair = world.files("ARC", 2), world.files("BOR")
    report = _audit(pair)
    assert report.exit == 0
    assert any(line.startswith("held-beyond:") for line in report.not_checked)
    assert any(line.startswith("reference-beyond:") for line in report.not_checked)


def test_an_unknown_kind_is_noted_and_not_refuted() -> None:
    """An auditor with an older program accuses nobody."""
    world = World()
    world.say("ARC", "moon-landing")
    report = _audit(_files(world), world)
    assert report.exit == 0
    assert any(line.startswith("not-understood: 1") for line in report.not_checked)


def test_missed_clocks_are_warnings() -> None:
    """A flash question answered a day late, and one never answered."""
    world = World()
    told = world.say("ARC", "notification")
    late = world.say("BOR", "clarification-request", thread=told, reply=told, precedence="flash")
    world.state("ARC", "arrival")
    world.say("ARC", "clarification-response", thread=told, reply=late, at_ms=START_MS + 24 * HOUR_MS)
    never = world.say("BOR", "clarification-request", thread=told, reply=told, precedence="flash")
    world.state("ARC", "arrival")
    world.state("ARC", "arrival", at_ms=START_MS + 72 * HOUR_MS)
    report = _audit(_files(world), world)
    assert report.exit == 0
    warnings = {(one.code, one.where) for one in report.findings if one.severity == "warning"}
    assert ("clock-missed", f"BOR {late[1]}") in warnings
    assert ("unanswered", f"BOR {never[1]}") in warnings


def _tally(from_ms: int, until_ms: int, gap_ms: int) -> dict[str, object]:
    return {
        "state": "up",
        "from_ms": from_ms,
        "until_ms": until_ms,
        "sent": 3600,
        "received": 3600,
        "longest_gap_ms": gap_ms,
        "last_sent": None,
        "last_received": None,
    }


def test_silences_and_missing_tallies_are_warnings() -> None:
    """One tally that states a long gap, and three hours without any."""
    world = World()
    start = world.logs["ARC"].last_ms
    world.state("ARC", "line", _tally(start, start + HOUR_MS, 1_000), at_ms=start + HOUR_MS)
    world.state("ARC", "line", _tally(start + HOUR_MS, start + 2 * HOUR_MS, 600_000), at_ms=start + 2 * HOUR_MS)
    world.state("ARC", "line", _tally(start + 5 * HOUR_MS, start + 6 * HOUR_MS, 0), at_ms=start + 6 * HOUR_MS)
    report = _audit(_files(world), world)
    found = [(one.code, one.where) for one in report.findings]
    assert found == [("line-silent", "ARC 3"), ("tally-missing", "ARC 4")]


def test_a_node_that_states_nothing_at_all_is_missed() -> None:
    """Three hours in which only people spoke: there is no tally to leave a gap behind, and the gap is told."""
    world = World()
    world.say("ARC", "notification", at_ms=START_MS + 3 * HOUR_MS)
    report = _audit(_files(world), world)
    assert [(one.code, one.where) for one in report.findings] == [("tally-missing", "ARC, end of the log")]


def test_a_second_catalogue_is_not_guessed_at() -> None:
    """Kinds of another catalogue are not judged by ours."""
    world = World(catalogue_digest=bytes(32), begin=False)
    world.enact("ARC", "agreement", world.agreement.text)
    world.enact("BOR", "agreement", world.agreement.text)
    report = _audit(_files(world), world)
    assert _codes(report, "unchecked") == {"catalogue-differs"}
