"""Metrics of a node on loopback, in the text format of Prometheus: states, counts, sizes and times, never contents.

Labels are short names of the agreements, codes and words of this program, so that what a peer sends can make neither
a label nor a series. What a scrape costs is bounded, and one that comes soon after another gets the same text.

Source: Prometheus, "Exposition formats"; docs/administrator.md, "Metrics".
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nodes.clock import now
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.flashes import Flashes
from nodes.latency import BOUNDS_MS
from protocol.pulse import DEGRADED, DOWN, UP

if TYPE_CHECKING:
    from nodes.line import Line
    from nodes.node import Node
    from nodes.pages import Pages

FRESH_S = 5.0
"""How long a text is given again instead of a new one, seconds."""

RECORD_BYTES_MAX = 64 * 1024
RECORDS = ("backup", "scrub")
"""Files of the home, with `.json`, in which a backup and a scrub leave their time."""

STATUSES = ("actual", "exercise", "test")

_HOST = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?")
"""What a Host header may be. A page in somebody's browser, under a name of its own that leads here, reads nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line as a scrape finds it.

    Attributes:
        name: the counterpart's short name.
        line: the line.
        facts: what `hotline status` shows of it.
    """

    name: str
    line: Line
    facts: dict[str, Any]


def _seconds(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _unjudged(line: Line) -> int:
    own, their = line.judged
    return max(0, line.store.head(line.own).size - own) + max(0, line.store.head(line.counterpart).size - their)


def _missing(facts: dict[str, Any]) -> int:
    recovery = facts["recovery"]
    return 0 if recovery is None or recovery["goal"] is None else max(0, recovery["goal"] - recovery["entries"])


def _size(path: Path) -> int:
    # What is not in the file itself yet is beside it.
    return sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())


_LINE_VALUES: tuple[tuple[str, str, Callable[[Seen], float | None]], ...] = (
    ("live", "Whether new entries may be signed on our log.", lambda seen: seen.facts["live"]),
    ("disputed", "Whether the counterpart signed two logs.", lambda seen: seen.facts["disputed"]),
    ("beat_age_seconds", "Since the counterpart's last beat.", lambda seen: _seconds(seen.line.beat_age_ms())),
    ("round_trip_seconds", "Of the last beat answered.", lambda seen: _seconds(seen.facts["round_trip_ms"])),
    ("clock_offset_seconds", "Their clock less ours.", lambda seen: _seconds(seen.facts["clock_offset_ms"])),
    ("own_entries", "Entries of our log.", lambda seen: seen.facts["own_size"]),
    ("their_entries", "Entries of their log that we hold.", lambda seen: seen.facts["their_size"]),
    (
        "unheld_entries",
        "Entries of our log without a receipt.",
        lambda seen: max(0, seen.facts["own_size"] - seen.facts["own_held"]),
    ),
    ("ahead_entries", "Flashes here whose predecessors are not.", lambda seen: len(seen.facts["ahead"])),
    ("unjudged_entries", "Entries of both logs not judged yet.", lambda seen: _unjudged(seen.line)),
    ("missing_entries", "Entries that we signed and that are not here.", lambda seen: _missing(seen.facts)),
    ("damaged_entries", "Stored entries that are not what was signed.", lambda seen: seen.facts["scrub"]["damaged"]),
    ("log_bytes", "Size of the file of the two logs.", lambda seen: _size(seen.line.home.log_db)),
    (
        "roster_ends_seconds",
        "When our roster runs out, Unix time.",
        lambda seen: seen.line.rosters()[0].valid_until_ms / 1000,
    ),
    (
        "their_roster_ends_seconds",
        "When their roster runs out, Unix time.",
        lambda seen: seen.line.rosters()[1].valid_until_ms / 1000,
    ),
)
"""Gauges of a line: name, help, value. A value of None leaves the series out."""


class NodeCollector(Collector):
    """What is known of a node now. Runs on any thread, one at a time.

    Args:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._flashes = {name: Flashes(line.projection) for name, line in node.lines.items()}

    def collect(self) -> Iterable[Metric]:
        """Give every family with its samples."""
        lines = [
            Seen(name, line, {**line.status(), **line.details()}) for name, line in sorted(self._node.lines.items())
        ]
        yield _family("hotline_node_info", "This node.", [((self._node.party,), 1)], ("party",))
        disk = shutil.disk_usage(self._node.home.path)
        yield _family("hotline_disk_free_bytes", "Free space where the home is.", [((), disk.free)])
        yield _family("hotline_disk_bytes", "Size of the disk where the home is.", [((), disk.total)])
        records = [((name,), at_s) for name in RECORDS if (at_s := _record_s(self._node.home.path, name)) is not None]
        text = "When the last backup and the last whole scrub ended, Unix time."
        yield _family("hotline_last_done_seconds", text, records, ("what",))
        states = [((seen.name, one), seen.facts["line"] == one) for seen in lines for one in (UP, DEGRADED, DOWN)]
        yield _family("hotline_line_state", "1 for the state of the line.", states, ("channel", "state"))
        for name, text, value_of in _LINE_VALUES:
            values = [((seen.name,), value) for seen in lines if (value := value_of(seen)) is not None]
            yield _family(f"hotline_{name}", text, values, ("channel",))
        named = ("queued", "drafts", "held_back", "reviews", "refused")
        queues = [((seen.name, one), seen.facts[one]) for seen in lines for one in named]
        yield _family("hotline_waiting", "Statements without a place in our log.", queues, ("channel", "queue"))
        yield self._unacknowledged(lines)
        yield _owed(lines)
        yield _alarms(lines)
        yield _waits(lines)
        yield from _pages(self._node.pages)

    def _unacknowledged(self, lines: Sequence[Seen]) -> Metric:
        values = []
        for seen in lines:
            counts = self._flashes[seen.name].unacknowledged()
            for voice, by in ((seen.line.counterpart, "us"), (seen.line.own, "them")):
                values += [((seen.name, by, status), counts[voice, status]) for status in STATUSES]
        text = "Flashes that nobody has acknowledged, by who should."
        return _family("hotline_flash_unacknowledged", text, values, ("channel", "by", "status"))


def _owed(lines: Sequence[Seen]) -> Metric:
    values = []
    for seen in lines:
        counts = dict.fromkeys([(by, late) for by in ("us", "them") for late in ("no", "yes")], 0)
        for one in seen.line.projection.due(now().wall_ms):
            counts["us" if one["owed_by"] == seen.line.own else "them", "yes" if one["overdue"] else "no"] += 1
        values += [((seen.name, *key), count) for key, count in counts.items()]
    text = "Clocks that run: openings, holding replies and answers owed."
    return _family("hotline_owed", text, values, ("channel", "by", "overdue"))


def _alarms(lines: Sequence[Seen]) -> Metric:
    family = CounterMetricFamily("hotline_alarms", "Alarms raised since the start.", labels=("channel", "code"))
    for seen in lines:
        for code, count in sorted(seen.line.alarms.counts.items()):
            family.add_metric((seen.name, code), count)
    return family


def _pages(pages: Pages) -> Iterable[Metric]:
    """What people are called for, and whether they are reached. Labels are of the settings and of this program."""
    now_ms = now().wall_ms
    counts = Counter((page.cause.counterpart, page.cause.family) for page in pages.engine.sounding(now_ms))
    text = "Pages that nobody has acknowledged."
    yield _family("hotline_pages_calling", text, list(counts.items()), ("channel", "about"))
    muted = [((mute.role,), mute.until_ms / 1000) for mute in list(pages.engine.mutes.values())]
    yield _family("hotline_pages_muted_until_seconds", "When the mute of a role ends, Unix time.", muted, ("role",))
    shown = pages.pagers_shown()
    tried = CounterMetricFamily(
        "hotline_pager_calls", "Calls of a pager since it was set up.", labels=("pager", "result")
    )
    for one in shown:
        tried.add_metric((one["name"], "reached"), one["calls"] - one["failures"])
        tried.add_metric((one["name"], "failed"), one["failures"])
    yield tried
    last = [((one["name"],), one["ok_ms"] / 1000) for one in shown if one["ok_ms"] is not None]
    yield _family("hotline_pager_reached_seconds", "When a pager was last reached, Unix time.", last, ("pager",))


def _waits(lines: Sequence[Seen]) -> Metric:
    family = HistogramMetricFamily("hotline_held_seconds", "From logging to the receipt.", labels=("channel",))
    bounds = [*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf"]
    for seen in lines:
        sums = accumulate(tuple(seen.line.latency.counts))
        family.add_metric((seen.name,), list(zip(bounds, sums, strict=True)), seen.line.latency.total_ms / 1000)
    return family


def _family(
    name: str, text: str, values: Sequence[tuple[tuple[str, ...], float]], labels: tuple[str, ...] = ()
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family


def _record_s(home: Path, name: str) -> float | None:
    """The time in a record of the home, Unix seconds; None where there is none that can be read."""
    try:
        value = json.loads(read_file(home / f"{name}.json", bytes_max=RECORD_BYTES_MAX))
        return float(value["at_ms"]) / 1000
    except (NodeError, ValueError, KeyError, TypeError, RecursionError):
        return None


class _Text:
    """The text of all metrics, made anew at most every few seconds, and by one thread at a time."""

    def __init__(self, node: Node) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(NodeCollector(node))
        self._readers = node.readers
        # Whoever comes meanwhile waits here, and not on a thread that officers need.
        self._lock = asyncio.Lock()
        self._made_s = float("-inf")
        self._text = b""

    async def __call__(self) -> bytes:
        loop = asyncio.get_running_loop()
        async with self._lock:
            if loop.time() - self._made_s >= FRESH_S:
                self._text = await loop.run_in_executor(self._readers, generate_latest, self._registry)
                self._made_s = loop.time()
            return self._text


def metrics_app(node: Node) -> Starlette:
    """`GET /metrics`, for whoever may connect to loopback."""
    text = _Text(node)

    async def metrics(request: Request) -> Response:
        if _HOST.fullmatch(request.headers.get("host", "")) is None:
            return PlainTextResponse("not found\n", 404)
        return Response(await text(), headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return Starlette(routes=[Route("/metrics", metrics, methods=["GET"])])
