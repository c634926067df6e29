"""Marks on screens and in audits: shown wherever an entry is, with what is left of its authority."""

from pathlib import Path

from keys import roster as rosters
from nodes.docket_past import PastDocket
from protocol.audit import audit
from protocol.evidence import MemoryEvidence
from tests.builders import START_MS, World
from tests.nodes.test_projection import Node
from tests.protocol.test_trust import revoking


def stolen() -> World:
    """ARC's person 1 spoke at 2 and 3; the key is revoked at 4, and trusted before 3. Two signed 3 together."""
    world = World()
    world.say("ARC", "notification")
    world.say("ARC", "notification")
    world.say("ARC", "notification", signers=((1, "duty"), (2, "release")))
    world.state("BOR", "arrival")
    world.enact("ARC", "roster", rosters.render(revoking(world.rosters["ARC"], 1, 3)))
    world.state("BOR", "arrival")
    return world


def test_an_entry_behind_the_last_trust_is_shown_so(tmp_path: Path) -> None:
    """It keeps its place; where nobody trusted is left it counts no more, where somebody is it does."""
    world = stolen()
    node = Node(tmp_path / "bor", world, "BOR")
    for party in ("ARC", "BOR"):
        node.feed(party)
    node.settle()
    views = {index: node.projection.entry("ARC", index) for index in (2, 3, 4)}
    assert all(views.values())
    before, alone, together = (views[index] or {} for index in (2, 3, 4))
    assert (before["faults"], before["effective"], before["distrusted"]) == ([], True, None)
    assert (alone["faults"], alone["effective"]) == (["after-last-trust"], False)
    assert alone["distrusted"]["revoked_at"] == "ARC 5"
    assert alone["missing"] == alone["distrusted"]["missing"] != []
    assert (together["faults"], together["effective"]) == (["after-last-trust"], True)
    listed = {one["serial"]: one["faults"] for one in node.projection.inbox()}
    assert listed["ARC 3"] == ["after-last-trust"]


def test_the_past_before_the_roster_has_no_mark(tmp_path: Path) -> None:
    """The docket at sizes without it shows none; at sizes with it, it does."""
    world = stolen()
    node = Node(tmp_path / "bor", world, "BOR")
    for party in ("ARC", "BOR"):
        node.feed(party)
    node.settle()
    for size, marked in ((5, False), (6, True)):
        past = PastDocket(node.projection, (size, 3))
        assert (past.mark(3 << 1) is not None) is marked
        past.close()


def test_an_audit_warns_of_every_marked_entry() -> None:
    """Both marked entries, by whose key and which roster; nothing is refuted."""
    world = stolen()
    first, second = (MemoryEvidence(party, world.files(party)) for party in ("ARC", "BOR"))
    report = audit(first, second, world.policy("ARC"), catalogue=world.catalogue, at_ms=START_MS)
    found = [one for one in report.findings if one.code == "after-last-trust"]
    assert [one.severity for one in found] == ["warning", "warning"]
    assert "ARC 3" in found[0].where
    assert (report.verdict, report.exit) == ("verified", 0)
