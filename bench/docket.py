"""One more entry in the docket, at entry ten and at entry a million: what it costs to fold it, and to ask afterwards.

    python -m bench.docket [LENGTH ...]

Both logs are events, as they come out of judgement, so that nothing but the fold and its file is measured. Matters are
opened, answered, accepted and put in force all the while, some stay open, and some lapse; what is asked is what people
ask. The columns are processor time, and should not move with the length.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apsw

from nodes.docket_db import DocketTables, connect
from nodes.matters import Matters
from nodes.resources import catalogue
from protocol.clocks import Clockwork
from protocol.docket import Docket
from protocol.event import Event
from protocol.verdict import NO_LOCATION, location
from tests.builders import START_MS, make_agreement

BATCH = 256
LAST = 2_000
"""Entries at the end of each length over which the cost is taken."""

STEP_MS = 60_000
DAY_MS = 86_400_000
ASKED = 15
Said = tuple[str, str | None]


class _Asked(Matters):
    """The queries over the file of this run."""

    def __init__(self, db: apsw.Connection, clockwork: Clockwork, names: tuple[str, str]) -> None:
        self._db = db
        self.clockwork = clockwork
        self.catalogue = catalogue()
        self.names = names

    def reader(self) -> apsw.Connection:
        """The one connection."""
        return self._db


def events(count: int) -> Iterator[Event]:
    """Both logs in turn, each entry holding all before it: matters in threads of their own, of which some go on."""
    sizes = [0, 0]
    opened: list[Event] = []
    cycle = ("notification", "clarification-request", "red-line-declare", "measure-propose", "goodwill")
    follow = {
        "notification": ("acknowledge", 1),
        "clarification-request": ("clarification-response", 1),
        "red-line-declare": ("red-line-understood", 1),
        "measure-propose": ("measure-accept", 1),
        "goodwill": ("acknowledge", 1),
        "measure-accept": ("measure-activate", 0),
    }
    for number in range(count):
        at_ms = START_MS + number * STEP_MS
        voice = number & 1
        event = Event(voice, sizes[voice], at_ms, sizes[1 - voice], status="actual", precedence="routine")
        event.valid_until_ms = at_ms + 30 * DAY_MS
        answers = [one for one in opened[-8:] if one.kind in follow and (one.voice ^ follow[one.kind][1]) == voice]
        if number % 3 and answers:
            named = answers[0]
            event.kind, event.thread, event.reply = follow[named.kind][0], named.thread, named.place
            if named.kind == "measure-accept":
                event.reply = named.reply
            event.outcome = "answered" if event.kind == "clarification-response" else None
            opened.remove(named)
            if event.kind == "measure-accept":
                opened.append(event)
        elif number % 7:
            event.kind, event.thread = cycle[number % len(cycle)], location(voice, event.index)
            event.reply = NO_LOCATION
            opened.append(event)
        del opened[:-64]
        sizes[voice] += 1
        yield event


def measure(lengths: Sequence[int], folder: Path) -> Iterator[dict[str, float]]:
    """Fold up to each length in turn, and take the cost of the last entries and of what people ask then."""
    agreement = make_agreement()
    clockwork = Clockwork(agreement, catalogue())
    db = connect(folder / "docket.db")
    asked = _Asked(db, clockwork, agreement.shorts)
    tables = DocketTables(db, store=None, names=agreement.shorts, clockwork=clockwork)  # type: ignore[arg-type]
    docket = Docket(agreement=agreement, catalogue=catalogue(), ledger=tables)
    source = events(max(lengths))
    done = 0
    for length in sorted(lengths):
        each: list[float] = []
        while done < length:
            part = min(BATCH, length - done)
            batch = [next(source) for _ in range(part)]
            begun = time.thread_time()
            db.execute("BEGIN IMMEDIATE")
            for event in batch:
                docket.add(event)
            db.execute("COMMIT")
            if length - done <= LAST or length <= LAST:
                each.append((time.thread_time() - begun) / part * 1e6)
            done += part
        now_ms = START_MS + done * STEP_MS
        yield {
            "entries": length,
            "one_more_us": statistics.median(each),
            "due_ms": _best(lambda now_ms=now_ms: asked.due(now_ms)),  # type: ignore[misc]
            "registers_ms": _best(lambda now_ms=now_ms: asked.registers(now_ms, limit=100)),  # type: ignore[misc]
            "count_ms": _best(asked.due_count),
        }


def _best(ask: Callable[[], object]) -> float:
    found = []
    for _ in range(ASKED):
        begun = time.thread_time()
        ask()
        found.append((time.thread_time() - begun) * 1e3)
    return statistics.median(found)


def main() -> None:
    """Measure, and print a line for each length."""
    lengths = [int(one) for one in sys.argv[1:]] or [10, 1_000, 10_000, 100_000, 1_000_000]
    print(f"{'entries':>9}  {'one more, us':>12}  {'due, ms':>8}  {'registers, ms':>13}  {'count, ms':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for row in measure(lengths, Path(folder)):
            cells = (row["one_more_us"], row["due_ms"], row["registers_ms"], row["count_ms"])
            widths = (12, 8, 13, 9)
            shown = "  ".join(f"{cell:>{width}.1f}" for cell, width in zip(cells, widths, strict=True))
            print(f"{int(row['entries']):>9}  {shown}", flush=True)


if __name__ == "__main__":
    main()
