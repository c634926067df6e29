"""The checks: what must hold when the play is over. The demonstration succeeds only if all of them do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.demo.cast import Placed
from hotline.demo.play import Play
from hotline.demo.rules import ARC, ARRIVAL_AFTER_MS, BOR
from hotline.demo.script import AwaitDown, Event, Expected, Kill, Say, expected
from hotline.demo.stage import Side
from hotline.errors import CouldNot
from hotline.incidents import Incident
from nodes.projection import Projection
from nodes.resources import catalogue
from nodes.stopped import open_store, read_agreement
from protocol.agreement import DEMONSTRATION

SETTLE_TIMEOUT_S = 20.0
LOOK_S = 0.05
NAMED_MAX = 5

Sizes = dict[str, int]
View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One check and how it came out.

    Attributes:
        name: in kebab-case.
        ok: whether it held.
        text: what was looked at, or what is wrong.
    """

    name: str
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The line at rest: everything held, arrived and judged.

    Attributes:
        sizes: of both logs, by party.
        alarms: raised by either node.
        purposes: of the agreement, as each node shows it.
        down: parties that do not see the line up.
    """

    sizes: Sizes
    alarms: tuple[str, ...]
    purposes: tuple[str, ...]
    down: tuple[str, ...]


def settle(play: Play) -> Settled:
    """Wait until neither log grows any more and each node holds all of the other's.

    Raises:
        CouldNot: that does not come about.
    """
    until = time.monotonic() + SETTLE_TIMEOUT_S
    quiet_s = 2 * ARRIVAL_AFTER_MS / 1000
    since, before = time.monotonic(), (-1, -1)
    while True:
        first, second = play.nodes[ARC.short].line(), play.nodes[BOR.short].line()
        now = (first["own_size"], second["own_size"])
        whole = (first["own_held"], second["own_held"]) == now == (second["their_size"], first["their_size"])
        if now != before or not whole:
            since, before = time.monotonic(), now
        elif time.monotonic() - since > quiet_s and first["line"] == second["line"] == "up":
            break
        if time.monotonic() > until:
            if whole:
                break
            raise CouldNot("timed-out", f"the line did not come to rest: logs of {now[0]} and {now[1]} entries")
        time.sleep(LOOK_S)
    lines = {ARC.short: first, BOR.short: second}
    return Settled(
        sizes={short: line["own_size"] for short, line in lines.items()},
        alarms=tuple(f"{short}: {one['code']}" for short, line in lines.items() for one in line["details"]["alarms"]),
        purposes=tuple(line["details"]["purpose"] for line in lines.values()),
        down=tuple(short for short, line in lines.items() if line["line"] != "up"),
    )


def check_statements(play: Play, events: Sequence[Event], incidents: Sequence[Incident]) -> list[Check]:
    """Check every statement at both nodes, while they run."""
    said = [event for event in events if isinstance(event, Say)]
    placed = [play.said[event.key] for event in said if event.key in play.said]
    views = {short: {one.event.key: _view(play, short, one) for one in placed} for short in (ARC.short, BOR.short)}
    other = [one.outcome["serial"] for one in placed if one.outcome["state"] != "held"]
    told = {one.event.key for one in placed if one.event.kind == "notification"}
    missing = [one.id for one in incidents if one.id not in told]
    return [
        _named("incidents-told", missing, f"all {len(incidents)} incidents were notified"),
        _named("statements-held", other, f"all {len(placed)} statements are held by the other side"),
        _named("same-at-both", _differing(play, placed), "both nodes have the same bytes at every serial"),
        _named("no-faults", _faulty(placed, views), "both nodes find every statement in order and authorised"),
        _named("rungs", _unexpected(expected(events), play, views), "every rung and state is as the script has it"),
        _named("contents", play.misread, f"{play.read} bodies were opened by the other side and say what was said"),
    ]


def check_events(play: Play, events: Sequence[Event], settled: Settled) -> list[Check]:
    """Check what the special events should have left."""
    drafts = [event for event in events if isinstance(event, Say) and event.as_draft]
    alone = [event.key for event in drafts if not play.said[event.key].waited_for]
    killed = [event.voice for event in events if isinstance(event, Kill)]
    lost = [str(play.killed[voice].outcome["serial"]) for voice in killed if not play.kept.get(voice)]
    unseen = [event.voice for event in events if isinstance(event, AwaitDown) and event.voice not in play.was_down]
    other = [purpose for purpose in settled.purposes if purpose != DEMONSTRATION]
    return [
        _named("two-persons", alone, "a draft waited at its node until the second person had signed"),
        _named("nothing-lost", lost, "what the killed node had acknowledged last is in its place"),
        _named("silence-noticed", unseen, "the node that was left saw the line down"),
        _named("line-up", list(settled.down), "both nodes see the line up at the end"),
        _named("no-alarms", list(settled.alarms), "neither node raised an alarm"),
        _named("purpose-shown", other, f"both nodes show the agreement's purpose: {DEMONSTRATION}"),
    ]


def check_dockets(sides: Sequence[Side], settled: Settled) -> Check:
    """Compare the dockets of the two stopped nodes, at the sizes that both logs came to."""
    digests = {side.actor.short: _docket(side, settled.sizes) for side in sides}
    values = set(digests.values())
    ok = len(values) == 1 and None not in values
    sizes = " and ".join(f"{short} {size}" for short, size in sorted(settled.sizes.items()))
    return Check("dockets-agree", ok, f"at {sizes}: " + (f"{values.pop()}" if ok else str(digests)))


def _docket(side: Side, sizes: Mapping[str, int]) -> str | None:
    """The first digits of a docket's digest, folded as far as the logs go."""
    channel = side.home.channels()[0]
    with open_store(side.home, channel) as store:
        projection = Projection.open(
            channel.docket_db, store=store, agreement=read_agreement(channel), catalogue=catalogue()
        )
        try:
            while projection.advance():
                pass
            found = projection.digest_at(sizes[store.own], sizes[store.their])
        finally:
            projection.close()
    return None if found is None else found.hex()[:16]


def _view(play: Play, short: str, placed: Placed) -> View:
    found = play.desks[short].fetch(placed.event.voice, placed.index, judged=True)
    return {"raw": found.raw, "id": None if found.statement is None else found.statement.id.hex(), **(found.view or {})}


def _differing(play: Play, placed: Sequence[Placed]) -> list[str]:
    wrong = []
    for one in placed:
        entries = [play.desks[short].fetch(one.event.voice, one.index) for short in (ARC.short, BOR.short)]
        statement = entries[0].statement
        if entries[0].leaf != entries[1].leaf or statement is None or statement.id.hex() != one.outcome["id"]:
            wrong.append(str(one.outcome["serial"]))
    return wrong


def _faulty(placed: Sequence[Placed], views: Mapping[str, Mapping[str, View]]) -> list[str]:
    wrong = []
    for short, found in views.items():
        for one in placed:
            view = found[one.event.key]
            problems = [*view["faults"], *(f"no {slot}" for slot in view["missing"])]
            if problems or not view["effective"]:
                wrong.append(f"{one.outcome['serial']} at {short}: {', '.join(problems) or 'without effect'}")
    return wrong


def _unexpected(wanted: Mapping[str, Expected], play: Play, views: Mapping[str, Mapping[str, View]]) -> list[str]:
    wrong = []
    for key, one in wanted.items():
        for short, found in views.items():
            view = found.get(key)
            got = None if view is None else (view["rung"], view["state"])
            if got != (one.rung, one.state):
                serial = play.said[key].outcome["serial"] if key in play.said else key
                wrong.append(f"{serial} at {short}: {got}, not {(one.rung, one.state)}")
    return wrong


def _named(name: str, wrong: Sequence[str], text: str) -> Check:
    if not wrong:
        return Check(name, True, text)
    more = f" and {len(wrong) - NAMED_MAX} more" if len(wrong) > NAMED_MAX else ""
    return Check(name, False, "; ".join(str(one) for one in wrong[:NAMED_MAX]) + more)
