"""A log ends and its successor goes on: what is judged, and what is void."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.checkpoint import Checkpoint
from protocol.errors import ProtocolError
from protocol.lineage import Lineage, Segment
from protocol.statement import EMPTY_LOG, LogState
from protocol.succession import REASONS, Succession, SuccessionRefused, check_fits, parse_succession
from tests.builders import EPOCH
from tests.successions import Succeeded


def note(size: int = 3) -> bytes:
    """A cosigned checkpoint."""
    world = Succeeded()
    world.say("ARC", "goodwill")
    return world.checkpoint("ARC", size)


NOTE = note()


@pytest.mark.parametrize("reason", REASONS)
def test_a_document_reads_as_what_it_was_made_of(reason: str) -> None:
    """One spelling, with the whole note in it."""
    made = Succession("ARC", 2, reason, NOTE)
    assert parse_succession(made.encode()) == made
    assert made.past.size == made.checkpoint.size == 3


@given(st.integers(0, 300), st.binary(min_size=0, max_size=3))
def test_a_changed_document_is_refused_or_another(at: int, put: bytes) -> None:
    """Nothing but the bytes of a document reads as it."""
    text = Succession("ARC", 2, "fork", NOTE).encode()
    changed = text[:at] + put + text[at + 1 :]
    try:
        read = parse_succession(changed)
    except ProtocolError:
        return
    assert read.encode() == changed


@pytest.mark.parametrize(
    "text",
    [
        b"",
        Succession("ARC", 2, "fork", NOTE).encode().replace(b"reason fork", b"reason because"),
        Succession("ARC", 2, "fork", NOTE).encode().replace(b"epoch 2", b"epoch 02"),
        Succession("ARC", 2, "fork", NOTE).encode() + b"\n",
        Succession("ARC", 2, "fork", b"no note").encode(),
        b"x" * 40_000,
    ],
)
def test_what_is_no_succession_is_refused(text: bytes) -> None:
    """Another reason, another spelling, no note."""
    with pytest.raises(SuccessionRefused):
        parse_succession(text)


def test_a_succession_fits_one_log_only() -> None:
    """Party, epoch, origin, size and root."""
    world = Succeeded()
    world.say("ARC", "goodwill")
    made, past = Succession("ARC", 2, "fork", NOTE), LogState(3, Checkpoint("x", 3, NOTE_ROOT).root)
    check_fits(made, world.agreement, "ARC", epoch=2, past=past)
    for party, epoch, state in (
        ("BOR", 2, past),
        ("ARC", 3, past),
        ("ARC", 2, LogState(2, past.root)),
        ("ARC", 2, LogState(3, bytes(32))),
    ):
        with pytest.raises(SuccessionRefused):
            check_fits(made, world.agreement, party, epoch=epoch, past=state)


NOTE_ROOT = Succession("ARC", 2, "fork", NOTE).checkpoint.root


def spoken() -> Succeeded:
    """Three entries of ARC counted and one that is not, BOR having held them all; then ARC's successor."""
    world = Succeeded()
    world.say("ARC", "goodwill")
    world.say("ARC", "goodwill")
    world.say("BOR", "goodwill")
    return world


def test_a_voice_goes_on_in_its_successor() -> None:
    """Entries of both logs are good, in one row of numbers; what the other side held beyond the end accuses nobody."""
    world = spoken()
    world.succeed("ARC", size=3)
    world.say("ARC", "goodwill")
    world.say("BOR", "goodwill", held=LogState(0, EMPTY_LOG.root), seen=EMPTY_LOG)
    world.holds_roster("BOR")
    world.say("BOR", "goodwill")
    verdicts = world.judge()
    assert {place: verdict.faults for place, verdict in verdicts.items() if verdict.faults} == {
        # Before it said so, BOR spoke of the log before, and of that it had held more.
        ("BOR", 3): ("held-went-down",)
    }
    assert sorted(index for voice, index in verdicts if voice == "ARC") == [0, 1, 2, 3, 4, 5]
    statement = verdicts["ARC", 3].statement
    assert statement is not None
    assert statement.kind == "succession"
    # The entry that was not receipted does not count; the one in its place is the succession.
    assert verdicts["BOR", 2].held.size == 3
    assert verdicts["BOR", 5].held.size == 6


def test_what_was_said_before_the_end_can_be_answered_after_it() -> None:
    """A thread goes on across the succession, at both homes."""
    world = Succeeded()
    asked = world.say("ARC", "clarification-request")
    leaf = world.logs["ARC"].leaves[2]
    world.say("BOR", "goodwill")
    world.succeed("ARC", size=3)
    world.holds_roster("BOR")
    world.say("BOR", "clarification-response", thread=leaf, reply=leaf, outcome="answered")
    world.say("ARC", "goodwill")
    verdicts = world.judge()
    assert not any(verdict.faults for verdict in verdicts.values())
    assert verdicts["BOR", 4].thread == verdicts[asked].thread
    _, ledger = world.docket()
    assert [item.state for item in ledger.items() if item.kind == "clarification-request"] == ["answered"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"by_node": True}, "unauthorised"),
        ({"signers": ((1, "duty"),)}, "unauthorised"),
        ({"signers": ((3, "senior"),)}, "unauthorised"),
        ({"epoch": 3}, "document-differs"),
        ({"after": EMPTY_LOG}, "after-not-of-log"),
    ],
)
def test_a_succession_that_is_not_one(options: dict[str, Any], fault: str) -> None:
    """By a node, by one person, to another epoch, or of another past: it has no effect."""
    world = spoken()
    world.succeed("ARC", size=3, **options)
    assert fault in world.judge()["ARC", 3].faults


def test_a_succession_names_the_checkpoint_that_counts() -> None:
    """The cosignature of another size than the log before ends at is not the last one."""
    world = spoken()
    world.succeed("ARC", size=3, note=world.checkpoint("ARC", 4))
    assert "document-differs" in world.judge()["ARC", 3].faults


def test_a_successor_begins_with_a_succession() -> None:
    """Anything else in its place is misplaced; and so is a succession anywhere else."""
    world = spoken()
    world.succeed("ARC", size=3)
    log = world.logs["ARC"]
    world.append("ARC", log.entries[0], log.bodies[0])
    assert "misplaced" in world.judge()["ARC", 5].faults
    other = spoken()
    other.succeed("ARC", size=3)
    second = other.logs["ARC"]
    for row in (second.entries, second.bodies, second.leaves):
        row.reverse()
    second.frontiers[1] = second.frontiers[0].append(second.leaves[0])
    second.frontiers[2] = second.frontiers[1].append(second.leaves[1])
    assert "misplaced" in other.judge()["ARC", 3].faults


def test_what_was_made_for_the_log_before_is_void_in_the_successor() -> None:
    """`after` names another past."""
    world = spoken()
    old = world.logs["ARC"].state(4)
    world.succeed("ARC", size=3)
    world.say("ARC", "goodwill", after=old)
    assert world.judge()["ARC", 5].faults == ("after-not-of-log",)


def test_the_successor_goes_on_by_its_roster() -> None:
    """The roster in it follows the one before; the next one follows that."""
    world = spoken()
    world.succeed("ARC", size=3)
    assert world.judge()["ARC", 4].faults == ()
    assert world.next_roster("ARC").epoch == EPOCH + 1


def test_states_of_a_log_become_numbers_of_the_voice() -> None:
    """Of the log before no more than counts; of the successor beyond that; of nothing of it, all of the one before."""
    lineage = Lineage(((Segment(0, 1), Segment(10, 4)), (Segment(0, 1),)))
    old, new = b"o" * 32, b"n" * 32

    def root(voice: int, number: int) -> bytes:
        return old if number <= 10 else new

    assert lineage.numbered(0, 0, LogState(7, old), root) == (7, old)
    assert lineage.numbered(0, 0, LogState(12, new), root) == (10, old)
    assert lineage.numbered(0, 1, EMPTY_LOG, root) == (10, old)
    assert lineage.numbered(0, 1, LogState(2, new), root) == (12, new)
    assert lineage.numbered(1, 0, LogState(99, new), root) == (99, new)
    assert [lineage.log_of(0, number) for number in (0, 9, 10, 11)] == [0, 0, 1, 1]
    assert (lineage.begins(0, 10), lineage.begins(0, 0), lineage.begins(1, 10)) == (True, False, False)
