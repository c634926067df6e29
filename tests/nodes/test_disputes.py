"""A counterpart whose key signed two logs, between real nodes: two copies of one home, which is how it happens."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nodes import evidence
from nodes.branch_views import disputed_views
from nodes.errors import NodeError
from nodes.home import NodeHome
from protocol import accusation, frames
from protocol import beat as beats
from protocol.checkpoint import Checkpoint
from protocol.cosignature import cosign
from protocol.effects import Alarm, Received
from protocol.fork import Fork
from protocol.line_keys import voice_keys
from protocol.merkle import Frontier, leaf_hash
from protocol.note import Note
from protocol.party_keys import render_policy
from protocol.policy import Policy
from protocol.policy import parse as parse_policy
from protocol.statement import Statement
from tests.builders import NAMES
from tests.lines import Wire, entry_of, line_keys
from tests.lines import agreement as wire_agreement
from tests.nodes.homes import agreement, roster, said
from tests.nodes.pair import held, line_of, run, running, until, write_homes

pytestmark = pytest.mark.slow

MARK = 'high_water = "apart"\n'


def policy() -> Policy:
    """What an auditor of this line has."""
    arc, bor = (voice_keys(agreement(), roster(name), frozenset()) for name in NAMES)
    return parse_policy(render_policy(arc.log, bor.log, arc.mirror, bor.mirror, own="ARC", other="BOR"))


def fork_between(homes: dict[str, NodeHome], tmp_path: Path, *, first: int, second: int) -> None:
    """ARC's home is copied; one copy says so much to BOR, the other to itself, each under the same keys."""

    async def begin() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))

    async def one() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            for _ in range(first):
                await held(arc, said("ARC", "This is one past."))

    async def two() -> None:
        async with running(homes["ARC"]) as arc:
            # Its mark lies apart and equals its data, so it signs before anyone has answered.
            line = line_of(arc)
            await until(lambda: line.live)
            for _ in range(second):
                await line.intake.submit(said("ARC", "This is another."))

    run(begin)
    shutil.copytree(homes["ARC"].path, tmp_path / "copy")
    run(one)
    shutil.rmtree(homes["ARC"].path)
    shutil.copytree(tmp_path / "copy", homes["ARC"].path)
    run(two)


def test_a_second_copy_of_a_node_is_caught_with_evidence(tmp_path: Path) -> None:
    """The mirror stays, our voice goes on, the alarm and the dispute are there again after a restart, and the evidence
    holds for whoever has the file and a policy."""
    homes = write_homes(tmp_path, settings=MARK)
    fork_between(homes, tmp_path, first=5, second=1)
    kept = homes["BOR"].channel("ARC").evidence

    async def meet() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line = line_of(bor)
            await until(lambda: line.details()["disputed"] and bool(evidence.names(kept)))
            mirror = line.store.head("ARC").size
            assert "fork" in [alarm["code"] for alarm in line.alarms]
            await until(lambda: line.live)
            await held(bor, said("BOR"))
            assert line.store.head("ARC").size == mirror
            assert line_of(arc).details()["disputed"] is False

    async def again() -> None:
        async with running(homes["BOR"]) as bor:
            line = line_of(bor)
            assert line.details()["disputed"]
            assert [alarm["code"] for alarm in line.alarms] == ["fork"]
            await until(lambda: bool(evidence.names(kept)))
            (name,) = (name for name in evidence.names(kept) if name.endswith("-fork"))
            found = evidence.read(kept, name)
            made = evidence.portable(found, home=homes["BOR"].channel("ARC"), store=line.store, agreement=agreement())
            shown = accusation.verify(accusation.parse(made.encode()), policy())
            assert shown.name == agreement().origin("ARC", roster("ARC").epoch)

    run(meet)
    run(again)
    # A crash before the file was there: the dispute itself is in the store, and the file is made from it.
    shutil.rmtree(kept)
    run(again)


@pytest.mark.slow
def test_our_own_fork_is_evidence_too(tmp_path: Path) -> None:
    """The second copy is shown what it signed elsewhere: that can be given to a third party from here as well."""
    homes = write_homes(tmp_path, settings=MARK)
    fork_between(homes, tmp_path, first=1, second=5)
    channel = homes["ARC"].channel("BOR")

    async def meet() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await until(lambda: any(name.endswith("-fork-self") for name in evidence.names(channel.evidence)))
            name = next(name for name in evidence.names(channel.evidence) if name.endswith("-fork-self"))
            kept = evidence.read(channel.evidence, name)
            made = evidence.portable(kept, home=channel, store=line_of(arc).store, agreement=agreement())
            assert made.kind == accusation.FORK
            shown = accusation.verify(made, policy())
            assert shown.name == agreement().origin("ARC", roster("ARC").epoch)

    run(meet)


def test_a_rollback_can_be_shown_to_others(tmp_path: Path) -> None:
    """The beat of a node that was put back, with the agreement and the roster that make its key known."""
    homes = write_homes(tmp_path)
    channel = homes["BOR"].channel("ARC")

    async def begin() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))

    async def more() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))

    async def back() -> None:
        async with running(homes["ARC"]), running(homes["BOR"]) as bor:
            await until(lambda: any(name.endswith("-rollback") for name in evidence.names(channel.evidence)))
            name = next(name for name in evidence.names(channel.evidence) if name.endswith("-rollback"))
            kept = evidence.read(channel.evidence, name)
            made = evidence.portable(kept, home=channel, store=line_of(bor).store, agreement=agreement())
            shown = accusation.verify(accusation.parse(made.encode()), policy())
            assert shown.facts["own_size"] < shown.facts["held_of_it"]  # type: ignore[operator]

    run(begin)
    shutil.copytree(homes["ARC"].path, tmp_path / "backup")
    run(more)
    shutil.rmtree(homes["ARC"].path)
    shutil.copytree(tmp_path / "backup", homes["ARC"].path)
    run(back)


def test_a_statement_in_anothers_name_can_be_shown_to_others(tmp_path: Path) -> None:
    """ARC's node logs what names BOR as its author: BOR holds it, raises an alarm, and can prove whose log has it."""
    homes = write_homes(tmp_path)
    channel = homes["BOR"].channel("ARC")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            forged = said("BOR", "We give in.")
            await line_of(arc).place(Statement.parse(forged.statement), forged)
            await until(lambda: any(name.endswith("-wrong-party") for name in evidence.names(channel.evidence)))
            assert "wrong-party" in [alarm["code"] for alarm in line_of(bor).alarms]
            name = next(name for name in evidence.names(channel.evidence) if name.endswith("-wrong-party"))
            kept = evidence.read(channel.evidence, name)
            made = evidence.portable(kept, home=channel, store=line_of(bor).store, agreement=agreement())
            shown = accusation.verify(accusation.parse(made.encode()), policy())
            assert (shown.kind, shown.facts["author"], shown.facts["names"]) == ("wrong-voice", "ARC", "BOR")

    run(test)


def test_a_mirror_that_holds_two_logs_can_be_shown_to_others(tmp_path: Path) -> None:
    """A beat that cosigns what is not our log, beside the receipt for our log: once that covers as much."""
    wire = Wire()
    wire.open()
    wire.arc.append(2)
    wire.settle()
    keys = wire.bor.core.keys
    other_log = Frontier.empty().extend([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
    claim = Checkpoint(keys.their.origin, 3, other_log.root())
    lines = Note(claim.text(), tuple(cosign(claim, keys.signers.mirror, 1_000))).encode()
    wire.pass_time(2_000)
    read = beats.parse(wire.arc.found(Received)[-1].beat)
    data, signature = beats.sign(
        replace(read, number=read.number + 1, held=(3, claim.root), cosignatures=lines), keys.signers.node
    )
    wire.arc.receive(frames.encode(frames.FrameType.BEAT, beat=data, signature=signature))
    (alarm,) = (one for one in wire.arc.found(Alarm) if one.code == "held-differs")
    kept = evidence.Kept("1-held-differs", 1, "held-differs", alarm.evidence)
    home = NodeHome(tmp_path).channel("BOR")
    store = wire.arc.store
    terms = wire_agreement()
    with pytest.raises(NodeError) as caught:
        evidence.portable(kept, home=home, store=store, agreement=terms)
    assert caught.value.code == "evidence-not-portable"
    wire.arc.append(2)
    wire.settle()
    made = evidence.portable(kept, home=home, store=store, agreement=terms)
    arc, bor = line_keys("ARC").own, line_keys("BOR").own
    trust = parse_policy(render_policy(arc.log, bor.log, arc.mirror, bor.mirror, own="ARC", other="BOR"))
    shown = accusation.verify(accusation.parse(made.encode()), trust)
    assert (shown.kind, shown.name) == ("mirror-fork", bor.mirror[0].name)


def test_what_proves_nothing_to_others_is_not_exported(tmp_path: Path) -> None:
    """A frame that only we received, a claim that nothing contradicts: refused, with the reason."""
    homes = write_homes(tmp_path)
    channel = homes["BOR"].channel("ARC")

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            for code, objects in (
                ("root-differs", {"frame": b"x"}),
                ("fork", {"first": b"x"}),
                ("wrong-party", {"x": b""}),
            ):
                evidence.keep(channel.evidence, code=code, at_ms=1, objects=objects)
                kept = evidence.read(channel.evidence, f"1-{code}")
                with pytest.raises(NodeError) as caught:
                    evidence.portable(kept, home=channel, store=line_of(bor).store, agreement=agreement())
                assert caught.value.code == "evidence-not-portable"

    run(test)


def test_a_branch_is_shown_and_nothing_of_it_counts(tmp_path: Path) -> None:
    """The newest of what is disputed stands in the inbox under its fault, and in the line's details."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            line = line_of(bor)
            entry = entry_of("ARC", 7)
            await asyncio.to_thread(line.store.append_branch, 1, 2, [entry, b"noise"], [None, None], b"note")
            assert line.details()["branches"] == [{"number": 1, "start": 2, "size": 4}]
            (view, other) = await asyncio.to_thread(disputed_views, line.store, line.catalogue)
            assert (view["serial"], view["kind"], view["faults"]) == ("ARC 3~1", None, ["disputed"])
            assert (other["serial"], other["kind"], other["effective"]) == ("ARC 2~1", "notification", False)
            assert line.projection.entry("ARC", 2) is None or line.projection.entry("ARC", 2) != other

    run(test)


def test_evidence_of_a_fork_reads_back_from_its_parts() -> None:
    """Parts that are missing, or more of them, are refused."""
    for objects in ({}, {"first": b"", "second": b""}, {"difference": b"", "first": b"", "second": b"", "x": b""}):
        with pytest.raises(Exception, match="two checkpoints"):
            Fork.parse(objects)
