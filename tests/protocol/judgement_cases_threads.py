"""Cases of the docket: logs without a fault, and what follows from them, each function one case."""

from tests.builders import START_MS
from tests.protocol.judgement_made import Made
from tests.vector_world import Kept, VectorWorld

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def beginning(kept: Kept) -> Made:
    """Both logs as they begin: the agreement, and a first roster."""
    return Made(world=VectorWorld(kept))


def empty(kept: Kept) -> Made:
    """Two empty logs."""
    return Made(world=VectorWorld(kept, begin=False))


def conversation(kept: Kept) -> Made:
    """A notification, a question, a holding reply, an answer, receipts and a retraction."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification")
    asked = world.say("BOR", "clarification-request", thread=told, reply=told)
    world.say("ARC", "opened", thread=told, reply=asked)
    world.say("ARC", "holding-reply", thread=told, reply=asked)
    world.say("ARC", "clarification-response", thread=told, reply=asked)
    world.say("BOR", "acknowledge", thread=told, reply=told)
    world.state("ARC", "arrival")
    world.say("ARC", "retraction", thread=told, reply=told)
    world.state("BOR", "arrival")
    return Made(world=world)


def requests(kept: Kept) -> Made:
    """Questions in each state: open, held three times, answered in part and then in full, not known, declined."""
    world = VectorWorld(kept)
    asked = [world.say("BOR", "clarification-request") for _ in range(5)]
    for _ in range(3):
        world.say("ARC", "holding-reply", thread=asked[1], reply=asked[1])
    world.say("ARC", "clarification-response", thread=asked[2], reply=asked[2], outcome="partly")
    world.say("ARC", "clarification-response", thread=asked[2], reply=asked[2], outcome="answered")
    world.say("ARC", "clarification-response", thread=asked[3], reply=asked[3], outcome="not-known")
    world.say("ARC", "decline", thread=asked[4], reply=asked[4])
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    return Made(world=world)


def declined_and_then_answered(kept: Kept) -> Made:
    """An answer after a refusal changes the state and not the time."""
    world = VectorWorld(kept)
    asked = world.say("BOR", "clarification-request")
    world.say("ARC", "decline", thread=asked, reply=asked)
    world.say("ARC", "clarification-response", thread=asked, reply=asked)
    world.state("BOR", "arrival")
    return Made(world=world)


def line_check(kept: Kept) -> Made:
    """An acknowledgement answers a line check; the second one changes nothing."""
    world = VectorWorld(kept)
    asked = world.say("ARC", "line-check")
    world.say("BOR", "acknowledge", thread=asked, reply=asked)
    world.say("BOR", "acknowledge", thread=asked, reply=asked)
    world.state("ARC", "arrival")
    return Made(world=world)


def updates(kept: Kept) -> Made:
    """An update, a correction of it, a retraction of the notification, and an update behind that."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification")
    news = world.say("ARC", "update", thread=told, reply=told)
    world.say("ARC", "correction", thread=told, reply=news)
    world.say("ARC", "retraction", thread=told, reply=told)
    world.say("ARC", "update", thread=told)
    world.state("BOR", "arrival")
    return Made(world=world)


def receipts_by_the_author(kept: Kept) -> Made:
    """A party acknowledges its own words: that fits no rule."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification")
    own = world.say("ARC", "acknowledge", thread=told, reply=told)
    return Made(world=world, faults={own: ("reference-unfit",)})


def home_order(kept: Kept) -> Made:
    """The example of the page: what a home holds grows from 1 to 3 and says where the other's entries come in."""
    world = VectorWorld(kept, begin=False)
    world.enact("BOR", "agreement", world.agreement.text)
    world.enact("ARC", "agreement", world.agreement.text, seen=world.logs["BOR"].state(0))
    world.state("ARC", "arrival", held=1)
    world.append("BOR", b"noise")
    world.append("BOR", b"more noise")
    world.state("ARC", "arrival", held=3)
    faults = {("BOR", index): ("malformed",) for index in (1, 2)}
    # No roster is there, so no node is known.
    nodes = {("ARC", index): ("unknown-signer",) for index in (1, 2)}
    return Made(world=world, faults={**faults, **nodes})


def not_yet_arrived(kept: Kept) -> Made:
    """A question in the other's thread has no place until the home's node logs that it holds it."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification")
    world.say("BOR", "clarification-request", thread=told, reply=told)
    return Made(world=world)


def thread_of_a_voided_entry(kept: Kept) -> Made:
    """A question, answered, in a thread whose opener came too late to count: nothing changes."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification", release_by_ms=START_MS)
    asked = world.say("BOR", "clarification-request", thread=told, reply=told)
    world.say("ARC", "clarification-response", thread=told, reply=asked)
    return Made(world=world, faults={told: ("released-late",)})


def clocks_kept(kept: Kept) -> Made:
    """A flash question opened, held and answered within its limits."""
    world = VectorWorld(kept)
    asked = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    world.say("ARC", "opened", thread=asked, reply=asked)
    world.say("ARC", "clarification-response", thread=asked, reply=asked)
    world.state("BOR", "arrival")
    return Made(world=world)


def clocks_missed(kept: Kept) -> Made:
    """A flash question answered a day late, and one never answered."""
    world = VectorWorld(kept)
    late = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    world.say("ARC", "clarification-response", thread=late, reply=late, at_ms=START_MS + 24 * HOUR_MS)
    world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival", at_ms=START_MS + 48 * HOUR_MS)
    return Made(world=world)


def clocks_disputed(kept: Kept) -> Made:
    """One node's interval says kept and the other's missed: the answer arrived a day after it was logged."""
    world = VectorWorld(kept)
    asked = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    world.say("ARC", "clarification-response", thread=asked, reply=asked)
    world.state("BOR", "arrival", at_ms=START_MS + 24 * HOUR_MS)
    return Made(world=world)


def clocks_lengthened(kept: Kept) -> Made:
    """A question that allows more time than the agreement, and a holding reply that takes more."""
    world = VectorWorld(kept)
    now = START_MS + MINUTE_MS
    allowed = world.say("BOR", "clarification-request", precedence="flash", at_ms=now, respond_by_ms=now + 30 * HOUR_MS)
    other = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    later = START_MS + 10 * MINUTE_MS
    world.say("ARC", "holding-reply", thread=other, reply=other, at_ms=later, respond_by_ms=later + 40 * HOUR_MS)
    for asked in (allowed, other):
        world.say("ARC", "clarification-response", thread=asked, reply=asked, at_ms=START_MS + 29 * HOUR_MS)
    world.state("BOR", "arrival")
    return Made(world=world)


def clock_of_a_retracted_statement(kept: Kept) -> Made:
    """On a notification that was retracted nothing more is owed."""
    world = VectorWorld(kept)
    told = world.say("ARC", "notification")
    world.state("BOR", "arrival")
    world.say("ARC", "retraction", thread=told, reply=told)
    world.state("BOR", "arrival")
    return Made(world=world)
