"""Holding replies: what was not answered in time stays missed, whatever is said afterwards."""

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.audit import audit
from protocol.clocks import Clock
from protocol.docket import docket_digest
from protocol.docket_item import Item
from protocol.event import Event
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from protocol.kinds import Catalogue
from protocol.pauses import NO_PAUSES, Pauses, pauses_of
from protocol.standing import absence
from tests.builders import START_MS, World
from tests.protocol.procedure_samples import HOUR_MS, SAMPLES, Told


def _agreed_hours(catalogue: Catalogue = SAMPLES) -> int:
    """Hours in which a routine question is to be answered."""
    told = Told(catalogue)
    kind = catalogue.kind("query")
    assert kind is not None
    return told.clockwork.limits(kind, "routine").answer_ms // HOUR_MS


AGREED = _agreed_hours()


class Asked:
    """A question that the other node holds at once, and what is said of it; hours are counted from there."""

    def __init__(self) -> None:
        self.told = Told()
        self.query = self.told.say(0, "query")
        self.told.tick(1)
        self.held_ms = self.told.at_ms
        self._stopped: Event | None = None

    def at(self, hours: float) -> None:
        """Let it be so late."""
        self.told.at_ms = self.held_ms + int(hours * HOUR_MS)

    def wait(self, at: float, until: float) -> None:
        """Log a holding reply that asks for time."""
        self.at(at)
        self.told.say(1, "wait", self.query, respond_by_ms=self.held_ms + int(until * HOUR_MS))

    def answer(self, at: float) -> None:
        """Log the answer."""
        self.at(at)
        self.told.say(1, "reply", self.query, outcome="answered")

    def suspend(self, begin: float, end: float) -> None:
        """Let a suspension be in force, from a thread of its own at the other home."""
        self.at(begin)
        self._stopped = self.told.say(1, "pause-line")
        self.at(end)
        self.told.say(1, "resume-line", self._stopped)

    def item(self) -> Item:
        """What the docket has."""
        return self.told.item(self.query)

    def pauses(self) -> Pauses:
        """When clocks stood still up to now."""
        if self._stopped is None:
            return NO_PAUSES
        return pauses_of([self.told.item(self._stopped)], "actual", self.told.at_ms)

    def clock(self) -> Clock:
        """The clock of the answer."""
        return {one.name: one for one in self.told.clockwork.clocks(self.item(), self.pauses())}["answer"]

    def hours(self) -> float:
        """When the answer is due."""
        return (self.clock().due_ms - self.held_ms) / HOUR_MS


def test_a_holding_reply_in_time_lengthens_the_clock() -> None:
    """At the last moment still; an answer by then is kept."""
    asked = Asked()
    asked.wait(AGREED, AGREED + 2)
    assert asked.hours() == AGREED + 2
    asked.answer(AGREED + 1)
    assert asked.clock().state == "kept"


def test_a_late_holding_reply_holds_and_lengthens_nothing() -> None:
    """It is a holding reply, counted and marked; what was missed stays missed, and the silence is one."""
    asked = Asked()
    asked.wait(AGREED + 0.01, AGREED + 2)
    item, clockwork = asked.item(), asked.told.clockwork
    assert (item.state, item.holdings, item.extended_ms) == ("held", 1, 0)
    assert item.holding == (1, asked.told.at_ms)
    assert clockwork.unanswered_since(item, asked.told.at_ms) == asked.held_ms + AGREED * HOUR_MS
    assert absence(item, clockwork, asked.told.at_ms, held=True, down_since_ms=None) == "silence"
    asked.answer(AGREED + 1)
    assert (asked.hours(), asked.clock().state) == (AGREED, "missed")


def test_a_second_holding_reply_is_in_time_by_the_first_one() -> None:
    """After the agreed interval, and before what the first one took is over; not after that."""
    for second, due in ((AGREED + 2, AGREED + 4), (AGREED + 2.01, AGREED + 2)):
        asked = Asked()
        asked.wait(1, AGREED + 2)
        asked.wait(second, AGREED + 4)
        assert asked.hours() == due


def test_a_late_first_holding_reply_makes_no_room_for_a_second() -> None:
    """The second would be in time by what the first one asked for, and that did not count."""
    asked = Asked()
    asked.wait(AGREED + 1, AGREED + 4)
    asked.wait(AGREED + 2, AGREED + 5)
    asked.answer(AGREED + 3)
    assert (asked.hours(), asked.clock().state) == (AGREED, "missed")


def test_a_holding_reply_may_be_in_time_because_clocks_stood_still() -> None:
    """An hour's suspension before the due time puts it off by an hour: what came by then counts, and nothing later."""
    for late in (False, True):
        asked = Asked()
        asked.suspend(1, 2)
        asked.wait(AGREED + (1.01 if late else 1), AGREED + 2)
        asked.wait(AGREED + 3 if not late else AGREED + 1.02, AGREED + 4)
        assert asked.item().extended_ms == 0
        assert asked.hours() == (AGREED + 1 if late else AGREED + 4 + 1)
        asked.answer(AGREED + 4)
        assert asked.clock().state == ("missed" if late else "kept")
        # Read back from a database, it is the same.
        assert Item.parse(asked.item().encode()) == asked.item()


def test_a_suspension_after_the_due_time_makes_nothing_in_time() -> None:
    """It had run out before clocks stood still."""
    asked = Asked()
    asked.suspend(AGREED + 1, AGREED + 5)
    asked.wait(AGREED + 5, AGREED + 6)
    assert asked.hours() == AGREED


def test_what_the_asker_saw_too_late_is_disputed_by_what_counts() -> None:
    """The asker's interval has what a reply in time took, and nothing of a late one."""
    asked = Asked()
    asked.wait(1, AGREED + 2)
    asked.answer(AGREED + 2)
    asked.at(AGREED + 9)
    assert asked.clock().state == "disputed"
    late = Asked()
    late.wait(AGREED + 1, AGREED + 4)
    late.answer(AGREED + 2)
    late.at(AGREED + 3)
    assert late.clock().state == "missed"


HOURS = st.integers(1, 400)


@settings(max_examples=40)
@given(
    replies=st.lists(st.tuples(HOURS, HOURS), max_size=3),
    span=st.lists(HOURS, min_size=2, max_size=2),
    answered=HOURS,
    in_time_first=st.booleans(),
)
def test_no_reply_after_the_due_time_makes_a_missed_answer_kept(
    *, replies: list[tuple[int, int]], span: list[int], answered: int, in_time_first: bool
) -> None:
    """Whatever is said after an answer was due, by what counted until then, it was due then, with pauses or without."""
    asked = Asked()
    if in_time_first:
        asked.wait(0.5, AGREED + 3)
    begin, end = sorted(span)
    asked.suspend(0.5 + begin / 800, 0.5 + end / 800)
    due = asked.hours()
    asked.at(due)
    now = due
    for after, more in replies:
        now += after / 100
        asked.wait(now, now + more)
    assert asked.hours() == due
    asked.answer(now + answered / 100)
    assert (asked.hours(), asked.clock().state) == (due, "missed")


def _world(held_after_ms: int) -> World:
    """A flash question, of four hours; a holding reply so long after it, and an answer after eight."""
    world = World()
    asked = world.say("BOR", "clarification-request", precedence="flash")
    at_ms = world.logs["ARC"].last_ms = START_MS + 60_000
    world.state("ARC", "arrival")
    world.say("ARC", "holding-reply", thread=asked, reply=asked, at_ms=at_ms + held_after_ms,
              respond_by_ms=at_ms + 10 * HOUR_MS)  # fmt: skip
    world.say("ARC", "clarification-response", thread=asked, reply=asked, at_ms=at_ms + 7 * HOUR_MS)
    world.state("BOR", "arrival", at_ms=at_ms + 7 * HOUR_MS + 60_000)
    return world


def _audit(world: World) -> Report:
    pair = MemoryEvidence("A", world.files("ARC")), MemoryEvidence("B", world.files("BOR"))
    return audit(*pair, world.policy("ARC"), catalogue=world.catalogue, at_ms=START_MS + 9 * HOUR_MS)


def test_an_auditor_finds_what_a_late_holding_reply_would_hide() -> None:
    """The clock is missed where the reply came after four hours, and kept where it came after two."""
    for hours, codes in ((5, {"clock-missed"}), (2, set())):
        world = _world(hours * HOUR_MS)
        report = _audit(world)
        found = {one.code for one in report.findings if "answered" in one.text}
        assert found == codes
        docket, _ = world.docket()
        assert report.docket is not None
        assert report.docket.digest == docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1))
