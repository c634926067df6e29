"""What a monitor tells of one look after another."""

from hotline.errors import CouldNot
from hotline.live_audit import LiveAudit
from hotline.monitoring import STILL_MS, Event, Monitor
from protocol.checkpoint import Checkpoint
from protocol.finding import Report, Severity


def live(sizes: tuple[int, int, int, int], *findings: tuple[str, Severity]) -> LiveAudit:
    """A look: ARC's log at ARC and at BOR, BOR's log at BOR and at ARC."""
    places = (("ARC", "ARC"), ("BOR", "ARC"), ("BOR", "BOR"), ("ARC", "BOR"))
    report = Report()
    for code, severity in findings:
        report.add(code, severity, "somewhere", "so it is")
    shown = {place: Checkpoint("log", size, bytes(32)) for place, size in zip(places, sizes, strict=True)}
    return LiveAudit(report, shown, report)


def told(events: list[Event]) -> list[str]:
    """Codes of what began, and of what is over with a minus."""
    return [("-" if event.over else "") + event.alarm.code for event in events]


def test_what_is_found_is_told_once_and_once_when_it_is_over() -> None:
    """What only informs is not told."""
    monitor = Monitor()
    found = live((1, 1, 1, 1), ("line-silent", "warning"), ("policy-inside-evidence", "info"))
    assert told(monitor.look(found, 1)) == ["line-silent"]
    assert told(monitor.look(found, 2)) == []
    assert told(monitor.look(live((1, 1, 1, 1)), 3)) == ["-line-silent"]
    assert monitor.alarms == ()


def test_a_look_that_failed_ends_no_alarm() -> None:
    """A node that goes off does not make good what it did."""
    monitor = Monitor()
    monitor.look(live((1, 1, 1, 1), ("copies-differ", "refuted")), 1)
    failed = CouldNot("log-not-served", "nobody answers")
    assert told(monitor.failed(failed, 2)) == ["log-not-served"]
    assert told(monitor.failed(failed, 3)) == []
    assert [one.code for one in monitor.alarms] == ["copies-differ", "log-not-served"]
    assert told(monitor.look(live((1, 1, 1, 1), ("copies-differ", "refuted")), 4)) == ["-log-not-served"]


def test_a_node_that_shows_less_than_its_counterpart_holds_look_after_look_is_frozen() -> None:
    """One look may fall between two answers; a log that grows is not frozen."""
    monitor = Monitor()
    assert told(monitor.look(live((5, 6, 1, 1)), 1)) == []
    assert told(monitor.look(live((6, 7, 1, 1)), 2)) == []
    assert told(monitor.look(live((6, 7, 1, 1)), 3)) == ["view-frozen"]
    assert told(monitor.look(live((8, 8, 1, 1)), 4)) == ["-view-frozen"]


def test_a_node_that_shows_its_log_late_or_now_more_and_now_less_is_frozen() -> None:
    """A view that moves hides as much, while it stays behind what the counterpart held a look ago."""
    for sizes in ((5, 6, 7), (6, 5, 6)):
        monitor = Monitor()
        found = [told(monitor.look(live((size, 90 + at, 1, 1)), at)) for at, size in enumerate(sizes)]
        assert found == [[], ["view-frozen"], []]


def test_a_log_in_which_nothing_is_new_for_two_tallies_stands_still() -> None:
    """Whichever of the two it is; anything new ends it."""
    monitor = Monitor()
    monitor.look(live((5, 5, 3, 3)), 0)
    assert told(monitor.look(live((6, 6, 3, 3)), STILL_MS)) == []
    assert told(monitor.look(live((7, 7, 3, 3)), STILL_MS + 1)) == ["log-still"]
    assert [one.where for one in monitor.alarms] == ["BOR"]
    assert told(monitor.look(live((7, 7, 4, 4)), STILL_MS + 2)) == ["-log-still"]


def test_a_mirror_that_is_not_shown_freezes_nothing() -> None:
    """There is nothing to compare with."""
    monitor, found = Monitor(), live((5, 9, 1, 1))
    alone = LiveAudit(
        found.report, {place: one for place, one in found.shown.items() if place[0] == place[1]}, found.inside
    )
    for at_ms in range(4):
        assert told(monitor.look(alone, at_ms)) == []


def test_an_event_says_in_json_what_began_and_where() -> None:
    """One flat object."""
    (event,) = Monitor().look(live((1, 1, 1, 1), ("clock-missed", "warning")), 7)
    assert event.as_dict() == {
        "at_ms": 7,
        "event": "alarm",
        "code": "clock-missed",
        "severity": "warning",
        "where": "somewhere",
        "text": "so it is",
    }
