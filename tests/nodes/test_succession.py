"""A succession put in place at both homes: what is refused, what an interruption leaves, and how the line goes on."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hotline.succession import accept
from keys import roster as rosters
from keys.keyring import ChannelSeeds
from keys.note_key import NoteKeyType
from keys.roles import KeyRole
from keys.roster import NotePair, Roster
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.home import NodeHome
from nodes.line import Line
from nodes.node import Node
from nodes.resources import catalogue
from nodes.root_sets import founding_roots
from nodes.rosters import check_roster
from nodes.signed import SignedStatement
from nodes.sqlite_store import SqliteStore
from nodes.store import THEIR_COSIGNED
from nodes.succession import Standing, check_file
from nodes.succession_file import Attestation, SuccessionFile, SuccessionFileRefused
from nodes.successor import put_in_place
from protocol.canonical import encode
from protocol.checkpoint import Checkpoint, parse_text, sign_checkpoint
from protocol.compose import compose
from protocol.cosignature import add_cosignatures, cosign
from protocol.note import parse as parse_note
from protocol.signature import sign_statement
from protocol.statement import LogState
from protocol.succession import Succession
from tests.builders import START_MS, hybrid, keyring, seed
from tests.nodes.homes import agreement, document, letter, roster, roster_statement, said, setting, signed_by
from tests.nodes.pair import THREADS, held, line_of, run, running, until, write_homes
from tests.successions import next_signers

BOTH = (("person/3", "senior"), ("person/1", "duty"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two homes that have spoken, stopped; a second statement of ARC's waits for nobody."""
    directory = tmp_path_factory.mktemp("pair")
    homes = write_homes(directory)

    async def speak() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await held(bor, said("BOR"))
            await held(arc, said("ARC", "And once more."))

    run(speak)
    return directory


@pytest.fixture
def homes(template: Path, tmp_path: Path) -> dict[str, NodeHome]:
    """Copies of these."""
    for name in ("ARC", "BOR"):
        shutil.copytree(template / name, tmp_path / name, ignore=shutil.ignore_patterns("*.sock"))
    return {name: NodeHome(tmp_path / name) for name in ("ARC", "BOR")}


def cosigned(homes: dict[str, NodeHome]) -> bytes:
    """BOR's last cosignature of ARC's log."""
    store = SqliteStore.open(homes["BOR"].channel("ARC").log_db, own="BOR", their="ARC", readonly=True)
    try:
        return store.note(THEIR_COSIGNED) or b""
    finally:
        store.close()


def earlier(homes: dict[str, NodeHome]) -> bytes:
    """A good cosignature of the entry before the last."""
    store = SqliteStore.open(homes["BOR"].channel("ARC").log_db, own="BOR", their="ARC", readonly=True)
    try:
        size = store.head("ARC").size - 1
        root = store.root("ARC", size)
    finally:
        store.close()
    channel, origin = agreement().channel, agreement().origin("ARC", 1)
    made = Checkpoint(origin, size, root)
    note = sign_checkpoint(made, keyring("ARC", channel).log_signers(channel, origin), START_MS)
    mirror = keyring("BOR", channel).mirror_signers(channel, agreement().mirror_name("BOR"))
    return add_cosignatures(note, cosign(made, mirror, START_MS))


def next_roster(**changes: Any) -> Roster:
    """The roster that brings ARC's successor."""
    before = roster("ARC")
    following = next_signers("ARC", "next", 3)
    made = replace(
        before,
        version=2,
        previous=hashlib.sha256(rosters.render(before)).digest(),
        epoch=2,
        log=before.next_log,
        next_epoch=3,
        next_log=NotePair(ed25519=following[0].verifier.raw, mldsa44=following[1].verifier.raw),
    )
    return replace(made, **changes)


def make(
    note: bytes,
    *,
    signers: Sequence[tuple[str, str]] = BOTH,
    roots: Sequence[int] = (1, 2),
    epoch: int = 2,
    after: LogState | None = None,
    reason: str = "stolen-key",
    bring: Roster | None = None,
    more: Sequence[SignedStatement] = (),
) -> SuccessionFile:
    """A succession of ARC's log, signed."""
    text = Succession("ARC", epoch, reason, note).encode()
    checkpoint = parse_text(parse_note(note).text)
    kind = catalogue().kind("succession")
    assert kind is not None
    place = replace(setting("ARC"), after=after or LogState(checkpoint.size, checkpoint.root), recipients=())
    made = compose(kind, place, statement_id=secrets.token_bytes(16), secret=None, issued_at_ms=START_MS, document=text)
    keys = {"person": KeyRole.OFFICER, "root": KeyRole.ROOT}
    signatures = []
    for signer, role in signers:
        name, _, number = signer.partition("/")
        channel = agreement().channel
        key = keyring("ARC", channel).node_signer() if name == "node" else hybrid(f"ARC {number}", keys[name])
        signatures.append(
            sign_statement(made.statement_bytes, channel=channel, party="ARC", signer=signer, role=role, key=key)
        )
    signed = SignedStatement(statement=made.statement_bytes, signatures=tuple(signatures), body=text)
    brought = document("ARC", "roster", rosters.render(bring or next_roster()), roots)
    return SuccessionFile(signed=signed, rosters=(*more, brought))


def accepted(homes: dict[str, NodeHome], file: SuccessionFile) -> None:
    """BOR takes it, from the bytes of a file."""
    accept(homes["BOR"], homes["BOR"].channel("ARC"), SuccessionFile.parse(file.encode()))


def completed(homes: dict[str, NodeHome], file: SuccessionFile) -> None:
    """ARC puts it in place."""
    channel = homes["ARC"].channel("BOR")
    checked = [check_roster(agreement(), "ARC", one) for one in file.rosters]
    signers = next_signers("ARC", agreement().origin("ARC", 2))
    put_in_place(channel, file, checked, agreement(), own="ARC", signers=signers, mark=channel.high_water)


@asynccontextmanager
async def succeeded(home: NodeHome) -> Any:
    """ARC's node with the keys of its successor."""
    channel = agreement().channel
    ring = keyring("ARC", channel)
    before = ring.channels[channel.hex()]
    ed25519, mldsa44 = (seed(f"ARC next {kind}", 32) for kind in (NoteKeyType.ED25519, NoteKeyType.MLDSA44))
    seeds = ChannelSeeds(2, ed25519, mldsa44, before.mirror_ed25519, before.mirror_mldsa44)
    node = Node(home, NodeConfig.load(home.config_path), ring.with_channel(channel, seeds))
    node.executor = THREADS
    node.open()
    task = asyncio.create_task(node.run())
    try:
        yield node
    finally:
        node.stop()
        await task


def all_judged(line: Line) -> bool:
    """Whether everything that is stored is judged."""
    return line.judged == (line.store.head(line.own).size, line.store.head(line.counterpart).size)


def unannounced() -> Roster:
    """A roster whose log nobody announced."""
    keys = next_signers("ARC", "next", 7)
    return next_roster(log=NotePair(ed25519=keys[0].verifier.raw, mldsa44=keys[1].verifier.raw))


def same_log() -> Roster:
    """A roster that goes on with the log that ends."""
    before = roster("ARC")
    return next_roster(epoch=before.epoch, log=before.log, next_epoch=before.next_epoch, next_log=before.next_log)


Maker = Callable[[dict[str, NodeHome]], SuccessionFile]


@pytest.mark.parametrize(
    ("made", "code", "says"),
    [
        pytest.param(lambda h: make(cosigned(h), epoch=3), "succession-refused", "of epoch 1", id="another-epoch"),
        pytest.param(lambda h: make(cosigned(h), bring=unannounced()), "succession-refused", "announced", id="keys"),
        pytest.param(lambda h: make(cosigned(h), roots=(1,)), "succession-refused", "1 of 2 roots", id="one-root"),
        pytest.param(
            lambda h: make(cosigned(h), signers=(("node", "node"),)), "succession-unauthorised", "node", id="machine"
        ),
        pytest.param(
            lambda h: make(cosigned(h), signers=(("root/1", "root"), ("root/2", "root"))),
            "succession-unauthorised",
            "root/1",
            id="roots-for-persons",
        ),
        pytest.param(
            lambda h: make(cosigned(h), signers=BOTH[:1]), "succession-unauthorised", "missing", id="one-person"
        ),
        pytest.param(
            lambda h: make(cosigned(h), signers=(BOTH[0], BOTH[0])),
            "succession-unauthorised",
            "missing",
            id="one-person-twice",
        ),
        pytest.param(lambda h: make(earlier(h)), "succession-refused", "another one at that size", id="not-the-last"),
        pytest.param(
            lambda h: make(cosigned(h), after=LogState(3, bytes(32))), "succession-refused", "another past", id="after"
        ),
        pytest.param(
            lambda h: make(cosigned(h), bring=same_log()),
            "succession-refused",
            "brings the successor",
            id="no-successor",
        ),
        pytest.param(
            lambda h: make(cosigned(h), more=[roster_statement("ARC")]),
            "succession-refused",
            "does not follow",
            id="a-roster-again",
        ),
    ],
)
def test_a_succession_that_is_none_changes_nothing(
    made: Maker, code: str, says: str, homes: dict[str, NodeHome]
) -> None:
    """The counterpart's home checks all of it before it writes anything."""
    channel = homes["BOR"].channel("ARC")
    before = channel.log_db.read_bytes()
    with pytest.raises(SuccessionFileRefused, match=says) as refused:
        accepted(homes, made(homes))
    assert refused.value.code == code
    assert channel.log_db.read_bytes() == before
    assert not channel.past.exists()
    assert not channel.succession_begun.exists()


def test_bytes_that_are_no_succession_file_are_refused() -> None:
    """Another form, a second spelling, nothing at all."""
    for data in (b"", b"\x90", secrets.token_bytes(200), b"\x94\xb2hotline-succession\x01\xc4\x00\x90"):
        with pytest.raises(SuccessionFileRefused):
            SuccessionFile.parse(data)
        with pytest.raises(SuccessionFileRefused):
            Attestation.parse(data)


def test_a_second_succession_of_one_log_is_refused(homes: dict[str, NodeHome]) -> None:
    """The first that is in place stays; the same again is no other."""
    file = make(cosigned(homes))
    accepted(homes, file)
    accepted(homes, file)
    other = make(file.succession.note, reason="fork")
    with pytest.raises(SuccessionFileRefused) as refused:
        accepted(homes, other)
    assert refused.value.code == "succession-again"


def test_a_successor_log_is_begun_once(homes: dict[str, NodeHome]) -> None:
    """The high-water mark keeps a home that was put back from signing another beginning."""
    mark = homes["ARC"].channel("BOR").high_water
    old = homes["ARC"].path.with_name("before")
    shutil.copytree(homes["ARC"].path, old)
    note = cosigned(homes)
    completed(homes, make(note))
    kept = mark.read_bytes()
    shutil.rmtree(homes["ARC"].path)
    shutil.copytree(old, homes["ARC"].path)
    mark.write_bytes(kept)
    with pytest.raises(SuccessionFileRefused) as refused:
        completed(homes, make(note))
    assert refused.value.code == "high-water-differs"


def test_an_interrupted_beginning_gives_the_same_log(homes: dict[str, NodeHome]) -> None:
    """What the party signed first is what it signs again, whenever that is."""
    channel = homes["ARC"].channel("BOR")
    file = make(cosigned(homes))
    completed(homes, file)
    mark = HighWater.peek(channel.high_water)
    (channel.past / "ARC-1.succession").unlink()
    channel.succession_begun.write_bytes(file.encode())
    completed(homes, file)
    assert HighWater.peek(channel.high_water) == mark
    store = SqliteStore.open(channel.log_db, own="ARC", their="BOR", readonly=True)
    try:
        head = store.head("ARC")
    finally:
        store.close()
    signed = parse_text(parse_note(mark or b"").text)
    assert (head.size, head.root) == (signed.size, signed.root)
    assert signed.origin == agreement().origin("ARC", 2)


@pytest.mark.parametrize("after", ["begun", "linked", "in place"])
def test_an_interrupted_succession_is_finished_by_the_same_file(after: str, homes: dict[str, NodeHome]) -> None:
    """No node runs in between, and another file is not taken."""
    channel = homes["BOR"].channel("ARC")
    file = make(cosigned(homes))
    other = make(file.succession.note, reason="fork")
    if after == "in place":
        accepted(homes, file)
        (channel.past / "ARC-1.succession").unlink()
        channel.succession_accepted.unlink()
    elif after == "linked":
        channel.past.mkdir()
        (channel.past / "ARC-1.db").hardlink_to(channel.log_db)
        channel.log_db.with_name("log.db.next").write_bytes(b"half of it")
    channel.succession_begun.write_bytes(file.encode())

    async def start() -> None:
        async with running(homes["BOR"]):
            pass

    with pytest.raises(NodeError) as stopped:
        run(start)
    assert stopped.value.code == "succession-unfinished"
    with pytest.raises(SuccessionFileRefused) as refused:
        accepted(homes, other)
    assert refused.value.code == "succession-again"
    accepted(homes, file)
    assert sorted(one.name for one in channel.past.iterdir()) == ["ARC-1.db", "ARC-1.succession"]
    run(start)


def test_a_home_without_its_past_does_not_start(homes: dict[str, NodeHome]) -> None:
    """The voice counts from it: absent, or another one."""
    accepted(homes, make(cosigned(homes)))
    past = homes["BOR"].channel("ARC").past

    async def start() -> None:
        async with running(homes["BOR"]):
            pass

    db = (past / "ARC-1.db").read_bytes()
    (past / "ARC-1.db").unlink()
    for data in (None, db):
        if data is not None:
            (past / "ARC-1.db").write_bytes(data)
            (past / "ARC-1.succession").unlink()
        with pytest.raises(NodeError) as stopped:
            run(start)
        assert stopped.value.code == "past-missing"


def test_the_line_goes_on_and_what_was_made_for_the_log_before_is_void(homes: dict[str, NodeHome]) -> None:
    """Entries of both logs are judged at both sides alike; a restart finds everything where it was."""
    file = make(cosigned(homes))
    past = file.succession.past
    completed(homes, file)
    accepted(homes, file)

    async def speak() -> None:
        async with succeeded(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await until(lambda: line_of(arc).live and line_of(bor).live)
            stale = signed_by(letter("ARC", place=setting("ARC", after=past)), (1, "duty"))
            with pytest.raises(NodeError) as refused:
                await line_of(arc).intake.submit(stale)
            assert refused.value.code == "after-other-log"
            outcome = await held(arc, said("ARC", "We go on."))
            assert outcome.index is not None
            assert outcome.index >= past.size + 2
            await held(bor, said("BOR", "So do we."))
            for node in (arc, bor):
                line = line_of(node)
                await until(partial(all_judged, line))
                counts = line.projection.counts()["voices"]
                assert [one["faults"] for one in counts.values()] == [0, 0], counts
                assert counts["ARC"]["entries"] == past.size + line.store.head("ARC").size
                view = line.projection.entry("ARC", past.size)
                assert view is not None
                assert (view["kind"], view["faults"]) == ("succession", [])
            sizes = line_of(arc).projection.sizes
            assert line_of(bor).projection.digest_at(sizes[1], sizes[0]) in (None, line_of(arc).projection.digest()[2])
            assert "docket-differs" not in {one["code"] for node in (arc, bor) for one in line_of(node).alarms}

    run(speak)

    async def again() -> None:
        async with succeeded(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await until(lambda: line_of(arc).live and line_of(bor).live)
            await held(arc, said("ARC", "Still here."))
            assert line_of(bor).store.find(b"x" * 16) is None
            held_once = [
                view for view in line_of(arc).projection.inbox(voice="BOR", limit=100) if view["kind"] == "roster-held"
            ]
            assert held_once == []

    run(again)


@pytest.mark.slow
def test_a_counterpart_that_has_not_accepted_accuses_nobody(homes: dict[str, NodeHome]) -> None:
    """The party is ready first: no session opens, nothing is held or said of a fork, and nothing is lost by it."""
    file = make(cosigned(homes))
    completed(homes, file)

    async def early() -> None:
        async with succeeded(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await asyncio.sleep(1.0)
            assert not line_of(arc).live
            assert [alarm["code"] for node in (arc, bor) for alarm in line_of(node).alarms] == []
            assert line_of(bor).store.head("ARC").size == file.succession.past.size

    async def then() -> None:
        async with succeeded(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC", "We go on."))
            await held(bor, said("BOR", "So do we."))

    run(early)
    accepted(homes, file)
    run(then)


@pytest.mark.slow
def test_a_party_that_has_not_completed_accuses_nobody(homes: dict[str, NodeHome]) -> None:
    """The counterpart is ready first: what it no longer shows of the log that ends is no loss and no rollback."""
    file = make(cosigned(homes))
    accepted(homes, file)

    async def early() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await asyncio.sleep(1.0)
            assert [alarm["code"] for node in (arc, bor) for alarm in line_of(node).alarms] == []
            assert line_of(bor).store.head("ARC").size == 0

    async def then() -> None:
        async with succeeded(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC", "We go on."))
            await held(bor, said("BOR", "So do we."))

    run(early)
    completed(homes, file)
    run(then)


def test_what_the_file_claims_is_checked_by_the_party_itself(homes: dict[str, NodeHome]) -> None:
    """`check_file` lets pass what still lacks persons where that is asked for, and nothing else."""
    note = cosigned(homes)
    checkpoint = parse_text(parse_note(note).text)
    standing = Standing(
        "ARC",
        LogState(checkpoint.size, checkpoint.root),
        check_roster(agreement(), "ARC", roster_statement("ARC")),
        check_roster(agreement(), "BOR", roster_statement("BOR")),
        founding_roots(agreement(), "ARC"),
    )
    file = make(note, signers=())
    assert [one.roster.version for one in check_file(file, standing, agreement(), catalogue(), whole=False)] == [2]
    with pytest.raises(SuccessionFileRefused):
        check_file(file, standing, agreement(), catalogue())


def test_a_version_and_a_place_are_numbers() -> None:
    """True for 1, or false for 0, would be a second spelling of the same file."""
    good = ["hotline-attestation", 1, b"note", 0, []]
    assert Attestation.parse(encode(good)).start == 0
    for place, value in ((1, True), (3, False)):
        with pytest.raises(SuccessionFileRefused):
            Attestation.parse(encode([*good[:place], value, *good[place + 1 :]]))
    with pytest.raises(SuccessionFileRefused):
        SuccessionFile.parse(encode(["hotline-succession", True, b"", [b""]]))
