"""Cases that need both logs: steps 10 to 16 of the page and the order of judging, each function one case."""

from dataclasses import replace

from protocol.entry import Entry
from protocol.statement import EMPTY_LOG, LogState
from tests.builders import START_MS, Place
from tests.protocol.judgement_made import Made
from tests.protocol.judgement_vectors import GROWING
from tests.vector_world import Kept, VectorWorld


def _told(world: VectorWorld) -> Place:
    return world.say("ARC", "notification")


def held_root_other(kept: Kept) -> Made:
    """An entry states another root of the other log; it counts, and the last good `held` stands."""
    world = VectorWorld(kept)
    place = world.say("ARC", "goodwill", held=LogState(2, bytes(32)))
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("held-not-of-log", "seen-not-of-log")})


def held_root_other_nothing_seen(kept: Kept) -> Made:
    """The same of a statement whose author had seen nothing: it has an effect."""
    world = VectorWorld(kept)
    place = world.say("ARC", "goodwill", held=LogState(2, bytes(32)), seen=EMPTY_LOG)
    return Made(world=world, faults={place: ("held-not-of-log",)})


def held_lower(kept: Kept) -> Made:
    """An entry states that less is held than the one before; it counts, and the last good `held` stands."""
    world = VectorWorld(kept)
    world.say("BOR", "goodwill")
    _told(world)
    place = world.say("ARC", "goodwill", held=1, seen=EMPTY_LOG)
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("held-went-down",)})


def held_lower_and_wrong(kept: Kept) -> Made:
    """An entry states less, with a root that the other log never had: the graver fault is named."""
    world = VectorWorld(kept)
    world.say("BOR", "goodwill")
    _told(world)
    place = world.say("ARC", "goodwill", held=LogState(1, bytes(32)), seen=EMPTY_LOG)
    return Made(world=world, faults={place: ("held-not-of-log",)})


def time_went_back(kept: Kept) -> Made:
    """An entry logged before the one ahead of it, and one at the same time as the latest; both count."""
    world = VectorWorld(kept)
    _told(world)
    place = world.say("ARC", "goodwill", at_ms=START_MS - 500)
    world.say("ARC", "goodwill", at_ms=world.logs["ARC"].last_ms)
    return Made(world=world, faults={place: ("time-went-back",)})


def statement_repeated(kept: Kept) -> Made:
    """A statement logged twice, and another statement with the id of the first."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    signatures = [world.sign("ARC", statement, "person/1", "duty")]
    world.log("ARC", statement, signatures)
    again = world.log("ARC", statement, signatures)
    same = world.say("ARC", "goodwill", id=statement.id)
    world.say("BOR", "goodwill", id=statement.id)
    return Made(world=world, faults={again: ("repeated-statement",), same: ("repeated-statement",)})


def released_late(kept: Kept) -> Made:
    """A statement logged in the millisecond of its release, and one logged a millisecond later."""
    world = VectorWorld(kept)
    world.say("ARC", "goodwill", release_by_ms=START_MS + 60_000, at_ms=START_MS + 60_000)
    late = world.say("ARC", "goodwill", release_by_ms=START_MS + 60_000, at_ms=START_MS + 60_001)
    return Made(world=world, faults={late: ("released-late",)})


def after_another_past(kept: Kept) -> Made:
    """Statements made for another past of their log, for one that lies ahead, and for an earlier state."""
    world = VectorWorld(kept)
    forked = world.say("ARC", "goodwill", after=LogState(2, bytes(32)))
    ahead = world.say("ARC", "goodwill", after=LogState(99, bytes(32)))
    world.say("ARC", "goodwill", after=world.logs["ARC"].state(1))
    return Made(world=world, faults={forked: ("after-not-of-log",), ahead: ("after-not-of-log",)})


def seen_another_past(kept: Kept) -> Made:
    """A statement whose author saw another past of the other log."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "goodwill", seen=LogState(1, bytes(32))): ("seen-not-of-log",)})


def seen_more_than_held(kept: Kept) -> Made:
    """A statement whose author saw more of the other log than the node held."""
    world = VectorWorld(kept)
    world.say("BOR", "goodwill")
    return Made(world=world, faults={world.say("ARC", "goodwill", held=2): ("seen-not-of-log",)})


def status_mixed(kept: Kept) -> Made:
    """An exercise entry in an actual thread."""
    world = VectorWorld(kept)
    told = _told(world)
    world.say("ARC", "notification", status="exercise")
    return Made(world=world, faults={world.say("ARC", "update", thread=told, status="exercise"): ("status-mixed",)})


def reference_unknown(kept: Kept) -> Made:
    """Threads that nobody opened, and one that the author's node did not hold yet."""
    world = VectorWorld(kept)
    told = _told(world)
    early = world.say("BOR", "clarification-request", thread=told, held=2, seen=EMPTY_LOG)
    never = world.say("BOR", "clarification-request", thread=bytes(32))
    reply = world.say("BOR", "clarification-request", thread=told, reply=bytes(32))
    return Made(world=world, faults=dict.fromkeys((early, never, reply), ("reference-unknown",)))


def reference_to_a_copy(kept: Kept) -> Made:
    """The other party logs a copy of an entry; a reference means the original all the same."""
    world = VectorWorld(kept)
    told = _told(world)
    data = Entry.parse(world.logs["ARC"].entries[told[1]])
    copy = world.append("BOR", replace(data, held=world.logs["ARC"].state(0)).encode())
    world.say("BOR", "clarification-request", thread=told)
    # Both sides have a person 1, whose keys differ; the roster of the log is the one that is asked.
    faults = ("wrong-party", "bad-signature", "unauthorised", "held-went-down", "after-not-of-log", "seen-not-of-log")
    return Made(world=world, faults={copy: faults})


def reference_to_a_voided_entry(kept: Kept) -> Made:
    """An update in a thread whose opener is unauthorised: in order, and without a thread to change."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification", severity=5)
    world.say("ARC", "update", thread=told, reply=told)
    return Made(world=world, faults={told: ("unauthorised",)})


def reply_unfit(kept: Kept) -> Made:
    """An answer to no question, a retraction of the other's words, a thread that is none, a reply across threads."""
    world = VectorWorld(kept)
    told = _told(world)
    asked = world.say("BOR", "clarification-request", thread=told)
    answer = world.say("ARC", "clarification-response", thread=told, reply=told)
    retraction = world.say("BOR", "retraction", thread=told, reply=told)
    nested = world.say("BOR", "clarification-request", thread=asked)
    elsewhere = world.say("BOR", "acknowledge", thread=world.say("BOR", "goodwill"), reply=told)
    return Made(world=world, faults=dict.fromkeys((answer, retraction, nested, elsewhere), ("reference-unfit",)))


# --- what lies beyond -----------------------------------------------------------------------------------------------


def _beyond(kept: Kept) -> tuple[VectorWorld, Place]:
    world = VectorWorld(kept)
    told = _told(world)
    return world, world.say("BOR", "clarification-request", thread=told, reply=told)


def beyond_an_export(kept: Kept) -> Made:
    """The other log is at hand as it was before: what an entry refers to lies beyond it, and accuses nobody."""
    world, asked = _beyond(kept)
    notes = ("held-beyond", "seen-beyond", "reference-beyond")
    return Made(world=world, sizes=(2, 3), notes={asked: notes})


def beyond_what_has_come(kept: Kept) -> Made:
    """The same two logs to a reader whose copy of the other log may grow: the entry waits."""
    world, asked = _beyond(kept)
    return Made(world=world, sizes=(2, 3), reader=GROWING, waiting=(asked,))


def false_claim_waits(kept: Kept) -> Made:
    """An entry claims to hold more of the other log than there is, and the ones behind it wait with it."""
    world = VectorWorld(kept)
    claim = world.say("BOR", "goodwill", held=LogState(50, bytes(32)))
    return Made(world=world, reader=GROWING, waiting=(claim, world.say("BOR", "goodwill")))


def false_claim_answered(kept: Kept) -> Made:
    """The same, and an entry of the other log shows that its node held the claim: so it was false."""
    world = VectorWorld(kept)
    claim = world.say("BOR", "goodwill", held=LogState(50, bytes(32)))
    world.say("BOR", "goodwill")
    world.state("ARC", "arrival")
    return Made(world=world, reader=GROWING, faults={claim: ("held-not-of-log",)})


def false_claim_about_the_own_log(kept: Kept) -> Made:
    """The same to a node that knows that there is no more of its own log."""
    world = VectorWorld(kept)
    claim = world.say("BOR", "goodwill", held=LogState(50, bytes(32)))
    world.say("BOR", "goodwill")
    return Made(world=world, reader="ARC", faults={claim: ("held-not-of-log",)})


def ahead_of_its_place(kept: Kept) -> Made:
    """A flash in the log's second thread, looked at before what lies between is at hand."""
    world = VectorWorld(kept)
    told = _told(world)
    flash = world.say("ARC", "update", thread=told, reply=told, precedence="flash")
    return Made(world=world, sizes=(2, 2), ahead=(flash, (), ("after-beyond", "reference-beyond")))


def ahead_of_its_place_unauthorised(kept: Kept) -> Made:
    """A flash of severity 5 by one person, looked at before its place."""
    world = VectorWorld(kept)
    _told(world)
    flash = world.say("ARC", "notification", severity=5, precedence="flash")
    return Made(world=world, sizes=(2, 2), ahead=(flash, ("unauthorised",), ("after-beyond",)))
