"""What a projection says of flashes before their turn: by the rosters so far, and nothing that is not known yet."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keys.roster import render
from nodes.store import Ahead
from protocol.tagged import digest
from tests.builders import World
from tests.nodes.test_projection import Node

GAP = 5


def backlog(tmp_path: Path, *, signers: tuple[tuple[int, str], ...], severity: int) -> tuple[World, Node]:
    """ARC holds BOR's first two entries; BOR said more, and then a flash that belongs to a thread of the gap."""
    world = World()
    opener = world.say("BOR", "notification")
    for _ in range(GAP - 1):
        world.say("BOR", "goodwill")
    flash: dict[str, Any] = {"signers": signers, "severity": severity, "precedence": "flash"}
    world.say("BOR", "notification", **flash)
    world.say("BOR", "update", thread=opener, reply=opener, **flash)
    node = Node(tmp_path / "arc", world, "ARC")
    node.feed("ARC")
    node.feed("BOR", 2)
    node.settle()
    log = world.logs["BOR"]
    for index in (2 + GAP, 3 + GAP):
        node.store.put_ahead(Ahead(index, log.entries[index], log.bodies[index], b"note"))
    return world, node


def test_a_flash_is_on_top_before_what_was_said_first_is_here(tmp_path: Path) -> None:
    """Newest first, with how many are missing, who signed, and notes for what lies between; nothing is kept of it."""
    _, node = backlog(tmp_path, signers=((1, "duty"), (2, "release")), severity=4)
    update, flash = node.projection.inbox()
    assert (update["serial"], update["ahead"], flash["serial"], flash["ahead"]) == ("BOR 8", 6, "BOR 7", 5)
    for view in (update, flash):
        assert view["signers"] == [{"person": 1, "role": "duty"}, {"person": 2, "role": "release"}]
        assert (view["faults"], view["missing"], view["effective"], view["rung"]) == ([], [], True, "ahead")
    assert flash["notes"] == ["after-beyond"]
    assert update["notes"] == ["after-beyond", "reference-beyond"]
    assert node.projection.entry("BOR", 7) == flash
    assert node.projection.entry("BOR", 5) is None
    assert node.projection.counts()["voices"]["BOR"]["entries"] == 2
    assert [view["serial"] for view in node.projection.inbox(limit=1)] == ["BOR 8"]
    assert [view["serial"] for view in node.projection.inbox(before=8)] == ["BOR 7"]


def test_who_may_not_say_it_is_shown_so(tmp_path: Path) -> None:
    """One person of two: unauthorised, with the slot; a signature that does not verify names nobody."""
    world, node = backlog(tmp_path, signers=((1, "duty"),), severity=4)
    flash = node.projection.entry("BOR", 7)
    assert flash is not None
    assert (flash["faults"], flash["missing"], flash["effective"]) == (["unauthorised"], ["release/senior"], False)
    log = world.logs["BOR"]
    damaged = bytearray(log.entries[7])
    at = bytes(damaged).index(b"person/1") + 3000
    damaged[at] ^= 1
    node.store.put_ahead(Ahead(7, bytes(damaged), log.bodies[7], b"note"))
    flash = node.projection.entry("BOR", 7)
    assert flash is not None
    assert "bad-signature" in flash["faults"]
    assert flash["signers"] == []


def test_a_flash_stays_shown_until_it_is_judged(tmp_path: Path) -> None:
    """In its place behind a backlog that waits for its turn, it has no predecessors missing; its verdict then says the
    same."""
    world, node = backlog(tmp_path, signers=((1, "duty"), (2, "release")), severity=4)
    log = world.logs["BOR"]
    assert len(node.projection.inbox()) == 2
    node.feed("BOR")
    assert node.store.ahead() == []
    update, flash = node.projection.inbox()[:2]
    assert (update["ahead"], flash["ahead"], flash["rung"]) == (0, 0, "held")
    assert (flash["notes"], update["notes"], update["faults"]) == ([], ["reference-beyond"], [])
    node.settle()
    views = node.projection.inbox()
    assert [view["index"] for view in views] == list(range(len(log.entries) - 1, 1, -1))
    assert {view["ahead"] for view in views} == {None}
    assert (views[0]["faults"], views[0]["notes"], views[0]["thread_serial"]) == ([], [], "BOR 2")


@pytest.mark.parametrize("kind", ["arrival", "roster"])
def test_what_no_person_says_is_in_no_inbox(tmp_path: Path, kind: str) -> None:
    """A node's entry or a document that came ahead is found by its serial, judged without fault."""
    world, node = backlog(tmp_path, signers=((1, "duty"), (2, "release")), severity=4)
    if kind == "arrival":
        world.state("BOR", "arrival", precedence="flash")
    else:
        first, text = world.rosters["BOR"], world.roster_texts["BOR"][-1]
        world.enact("BOR", "roster", render(replace(first, version=2, previous=digest(text))), precedence="flash")
    log = world.logs["BOR"]
    last = len(log.entries) - 1
    node.store.put_ahead(Ahead(last, log.entries[last], log.bodies[last], b"note"))
    assert [view["serial"] for view in node.projection.inbox()] == ["BOR 8", "BOR 7"]
    view = node.projection.entry("BOR", last)
    assert view is not None
    assert (view["kind"], view["faults"]) == (kind, [])
