"""Marks on screens and in audits: shown wherever an entry is, with what is left of its authority."""

from pathlib import Path

from hotline.output import Output
from hotline.showing import verdict_lines
from keys import roster as rosters
from keys.revoked import RevokedKey
from nodes.docket_past import PastDocket
from protocol.audit import audit
from protocol.checkpoint import parse_text
from protocol.cosignature import add_cosignatures, cosign
from protocol.evidence import MemoryEvidence
from protocol.note import parse as parse_note
from protocol.trust import revoked_cosigner
from tests.builders import START_MS, World
from tests.nodes.test_projection import Node
from tests.protocol.test_trust import SECOND_MIRROR, mirror_revoked, revoking


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


def by_the_next_key(world: World, size: int) -> bytes:
    """BOR's checkpoint, cosigned by the key that ARC's mirror has after the first was revoked."""
    note = world.checkpoint("BOR", size, cosigned=False)
    return add_cosignatures(note, cosign(parse_text(parse_note(note).text), SECOND_MIRROR, START_MS))


def test_a_receipt_by_a_revoked_mirror_key_is_shown_so(tmp_path: Path) -> None:
    """From the entry on from which the key is not trusted, where the entry was logged before the roster was held, and
    whether another key has cosigned it since."""
    world = mirror_revoked(3)
    node = Node(tmp_path / "bor", world, "BOR")
    for party in ("ARC", "BOR"):
        node.feed(party)
    node.settle()
    node.store.put_cosigned(world.checkpoint("BOR", 5), 5, START_MS)
    marks = [(node.projection.entry("BOR", index) or {})["held_distrusted"] for index in range(2, 5)]
    told = {"code": "after-last-trust", "revoked_at": "ARC 2", "reason": "stolen", "trusted": 3, "from": "BOR 3"}
    assert marks == [None, {**told, "again": False}, None]
    lines = "\n".join(verdict_lines(node.projection.entry("BOR", 3), Output()))
    assert "receipt: mirror key of ARC revoked at ARC 2 (stolen), not trusted from BOR 3 on" in lines
    again = by_the_next_key(world, 5)
    node.store.put_cosigned(again, 5, START_MS)
    assert (node.projection.entry("BOR", 3) or {})["held_distrusted"] == {**told, "again": True}


def test_a_receipt_says_that_its_cosigner_was_revoked() -> None:
    """By the key that cosigned, and only where the checkpoint covers more than the key is trusted for."""
    world = mirror_revoked(3)
    name = world.agreement.mirror_name("ARC")
    listed = rosters.parse(world.roster_texts["ARC"][-1]).revoked
    assert revoked_cosigner(parse_note(world.checkpoint("BOR", 3)), name, listed, 3) is None
    assert revoked_cosigner(parse_note(world.checkpoint("BOR", 4)), name, listed, 4) == listed[0]
    assert revoked_cosigner(parse_note(by_the_next_key(world, 4)), name, listed, 4) is None
    no_key = RevokedKey("mirror", bytes(32), "stolen", 0)
    assert revoked_cosigner(parse_note(world.checkpoint("BOR", 4)), name, [no_key], 4) is None
