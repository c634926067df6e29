"""What a running node says of its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotline.doctor.check import Check
from nodes.client import NodeClient
from nodes.errors import ApiRefused

ALARMS_MS = 86_400_000
CLOCK_FIX = "Compare with the other side which clock is wrong. Nothing is refused; intervals may be shown as disputed."


def running(path: Path) -> tuple[Check, list[dict[str, Any]] | None]:
    """Ask whether a node runs, and for its lines.

    Returns:
        The finding, and the lines as `status` gives them; None where no node runs.
    """
    try:
        with NodeClient.connect(path) as client:
            channels = client.request("status")["channels"]
            return Check(name="node", result="ok", text=f"the node of {client.party} runs"), channels
    except ApiRefused as error:
        fix = "Start it: hotline node run" if error.code == "node-not-running" else "Ask who owns the socket."
        return Check(name="node", result="warn", text=error.text, fix=fix), None


def line(channel: dict[str, Any], *, offset_alarm_ms: int, now_ms: int) -> Iterator[Check]:
    """Look at one line of a running node.

    Args:
        channel: as `status` gives it.
        offset_alarm_ms: difference of clocks that the agreement calls too much.
        now_ms: this machine's clock, UTC milliseconds.
    """
    name, details = channel["counterpart"], channel["details"]
    state = channel["line"]
    fix = "" if state == "up" else "See the reach of their addresses below; hotline explain line-down."
    yield Check(name=f"{name} line", result="ok" if state == "up" else "warn", text=f"the line is {state}", fix=fix)
    offset = channel["clock_offset_ms"]
    if offset is None:
        yield Check(name=f"{name} clock", result="ok", text="their clock is not known before a beat was answered")
    else:
        late = abs(offset) >= offset_alarm_ms
        text = f"their clock says {abs(offset)} ms {'more' if offset >= 0 else 'less'} than ours"
        yield Check(name=f"{name} clock", result="warn" if late else "ok", text=text, fix=CLOCK_FIX if late else "")
    yield from _voice(channel)
    damaged = (details.get("scrub") or {}).get("damaged", 0)
    if damaged:
        fix = "See how far it is: hotline scrub. Look at the disk; a second time means a new one."
        yield Check(name=f"{name} stored", result="warn", text=f"{damaged} entries on the disk are damaged", fix=fix)
    if details["disputed"]:
        fix = "Keep the evidence and tell a senior official: hotline explain fork."
        yield Check(name=f"{name} their log", result="fail", text="their side signed two logs", fix=fix)
    if details["refused"]:
        fix = "See `hotline drafts`: what was queued could not be logged."
        yield Check(name=f"{name} queue", result="warn", text=f"{details['refused']} statements were refused", fix=fix)
    still = [one for one in details["alarms"] if one.get("over_ms") is None]
    recent = Counter(one["code"] for one in still if now_ms - one["at_ms"] <= ALARMS_MS)
    if not recent:
        yield Check(name=f"{name} alarms", result="ok", text="none within a day")
    for code, count in sorted(recent.items()):
        text = f"{code}, {count} times within a day" if count > 1 else f"{code}, within a day"
        yield Check(name=f"{name} alarms", result="warn", text=text, fix=f"hotline explain {code}")


def _voice(channel: dict[str, Any]) -> Iterator[Check]:
    """Whether our side may speak."""
    name, details = f"{channel['counterpart']} voice", channel["details"]
    recovery = details.get("recovery")
    if recovery is not None and recovery["goal"] is not None:
        text = f"{recovery['entries']} of our {recovery['goal']} entries are here; nothing is signed before all are"
        fix = "It comes back by itself while the line is up; hotline explain rolled-back-self."
        yield Check(name=name, result="warn", text=text, fix=fix)
    elif channel["line"] == "up" and not details["live"]:
        text = "the line is up and nothing new of ours is signed"
        yield Check(name=name, result="fail", text=text, fix="See the alarms: hotline status.")
