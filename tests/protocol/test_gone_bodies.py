"""Bodies that were destroyed, on the wire: what is cosigned without them, and what comes back."""

import pytest

from nodes.store import OWN_COSIGNED
from protocol.checkpoint import Checkpoint
from protocol.errors import Malformed
from protocol.incoming import GONE_BODY, Incoming
from protocol.merkle import Frontier, leaf_hash
from tests.lines import Side, Wire, entry_of

BODY = b"a sealed body"


def lived() -> Wire:
    """ARC said three sealed things, the second one a flash; BOR one. Each holds all of it and has its receipts."""
    wire = Wire()
    wire.open()
    wire.arc.append(1, body=BODY)
    wire.arc.append(1, body=BODY, flash=True)
    wire.arc.append(1, body=BODY)
    wire.bor.append(1, body=BODY)
    wire.settle()
    assert wire.converged()
    return wire


def put_back(side: Side) -> None:
    """Its disk is gone; its high-water mark is not."""
    side.events.clear()
    side.restart(type(side.store)(own=side.store.own, their=side.store.their))


def bodies(side: Side, voice: str) -> list[bool]:
    """Of which entries of a log the body is here."""
    size = side.store.head(voice).size
    return [side.store.body(voice, index) is not None for index in range(size)]


def test_what_our_log_says_we_destroyed_is_not_here() -> None:
    """The entry and the absence of the body come together; the other side keeps its own until it says so itself."""
    wire = lived()
    wire.arc.append_gone("ARC", 0, BODY)
    wire.arc.append_gone("BOR", 0, BODY)
    wire.settle()
    assert wire.converged()
    assert bodies(wire.arc, "ARC") == [False, True, True, False, False]
    assert bodies(wire.arc, "BOR") == [False]
    assert bodies(wire.bor, "ARC") == [True, True, True, False, False]
    assert wire.arc.store.erased_by("ARC", 0) == ("ARC", 3)
    assert wire.bor.store.erased_by("BOR", 0) == ("ARC", 4)


@pytest.mark.parametrize("said", ["another body", "lost"])
def test_nothing_else_destroys_a_body(said: str) -> None:
    """A body that was lost is not destroyed where it is found again, and what is said of another body means nothing."""
    wire = lived()
    if said == "lost":
        wire.arc.append_gone("ARC", 0, BODY, reason="lost")
    else:
        wire.arc.append_gone("ARC", 0, b"another one")
    wire.arc.append_gone("ARC", 99, BODY)
    wire.settle()
    assert bodies(wire.arc, "ARC")[:3] == [True, True, True]
    assert wire.arc.store.erased_by("ARC", 0) is None


def test_a_lost_node_has_its_log_back_without_what_both_destroyed() -> None:
    """Entries, root and receipt are what they were; the mirror takes what the other side no longer has and cosigns."""
    wire = lived()
    for side in (wire.arc, wire.bor):
        for party, index in (("ARC", 0), ("ARC", 1), ("BOR", 0)):
            side.append_gone(party, index, BODY)
    wire.settle()
    before = wire.arc.own_log
    put_back(wire.arc)
    wire.open()
    assert wire.arc.own_log == before
    assert wire.converged()
    assert wire.arc.is_live
    assert bodies(wire.arc, "ARC")[:3] == [False, False, True]
    assert bodies(wire.arc, "BOR")[:1] == [False]
    assert not wire.arc.store.lacks("ARC")
    assert not wire.arc.store.lacks("BOR")
    wire.arc.append(1, body=BODY)
    wire.settle()
    assert wire.converged()
    assert wire.arc.store.note(OWN_COSIGNED) is not None
    assert wire.arc.alarms == ["rolled-back-self", "recovered"]


def test_what_comes_back_is_destroyed_again() -> None:
    """The other side still has what we destroyed, and gives it back with the log; it does not stay."""
    wire = lived()
    wire.arc.append_gone("ARC", 0, BODY)
    wire.arc.append_gone("BOR", 0, BODY)
    wire.settle()
    put_back(wire.arc)
    wire.open()
    assert wire.converged()
    assert bodies(wire.arc, "ARC")[:3] == [False, True, True]
    assert bodies(wire.arc, "BOR") == [False]
    wire.arc.store.mend("ARC", entries={}, bodies={0: BODY, 1: BODY}, leaves={})
    assert bodies(wire.arc, "ARC")[:3] == [False, True, True]


def test_an_old_copy_loses_it_again_as_its_tail_returns() -> None:
    """A backup from before the end of retention still has the body; the log that it is completed with destroys it."""
    wire = lived()
    old = wire.arc.store.crashed()
    wire.arc.append_gone("ARC", 0, BODY)
    wire.settle()
    wire.cut()
    wire.arc.events.clear()
    wire.arc.restart(old)
    assert bodies(wire.arc, "ARC") == [True, True, True]
    wire.open()
    assert wire.converged()
    assert bodies(wire.arc, "ARC") == [False, True, True, False]


def test_a_body_that_is_kept_back_has_no_receipt_until_a_log_says_so() -> None:
    """Whoever sends an entry and says that its body is gone gets a receipt once its log says so, and not before."""
    wire = Wire()
    wire.open()
    wire.arc.append(1, body=BODY)
    wire.arc.store._voices["ARC"].bodies.clear()
    wire.arc.store.gone = lambda voice, index: voice == "ARC" and index == 0  # type: ignore[method-assign]
    wire.settle()
    assert wire.bor.mirror == wire.arc.own_log
    assert wire.arc.core.cosigned_size == 0
    assert wire.bor.store.lacks("ARC")
    wire.cut()
    wire.bor.restart()
    wire.open()
    assert wire.arc.core.cosigned_size == 0
    wire.arc.append_gone("ARC", 0, BODY)
    wire.settle()
    assert wire.arc.core.cosigned_size == 2
    assert not wire.bor.store.lacks("ARC")
    assert not wire.bor.alarms


def test_a_document_is_never_let_go() -> None:
    """The texts that the rules are made of come with every log; that one is gone is no answer."""
    entries = [entry_of("ARC", 0, body=BODY, sealed=False), entry_of("ARC", 1, body=BODY)]
    frontier = Frontier.empty().extend([leaf_hash(entry) for entry in entries])
    taken = Incoming.check(
        note=b"note",
        checkpoint=Checkpoint("origin", 2, frontier.root()),
        mirror=Frontier.empty(),
        entries=entries,
        proof=[],
    )
    with pytest.raises(Malformed):
        taken.take_body(0, GONE_BODY, may_be_gone=True)
    taken.take_body(0, BODY)
    with pytest.raises(Malformed):
        taken.take_body(1, GONE_BODY)
    taken.take_body(1, GONE_BODY, may_be_gone=True)
    assert taken.missing == []
    assert taken.store(5).bodies == (BODY, None)
