"""Pages, pagers and mutes as lines for people. No meaning is in a colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.output import Output
from hotline.printable import printable
from hotline.zulu import duration, zulu_short

_COLOUR = {"flash": "red", "immediate": "red", "priority": "yellow"}


def page_line(page: Mapping[str, Any], *, now_ms: int, output: Output) -> str:
    """One page: whether it calls, what it is about, and how long it has or had."""
    mark = "CALLS" if page["sounding"] else "taken" if page["acked_ms"] is not None else "waits"
    text = f"{page['id']:<5} {mark}  {about(page)}{left(page, now_ms)}"
    if page["acked_ms"] is not None:
        text += f"; taken by {page['acked_by']} at {zulu_short(page['acked_ms'])}"
    called = [f"{one['pager']}{'' if one['state'] == 'done' else ' ' + one['state']}" for one in page["calls"]]
    if called:
        text += f"; called: {', '.join(called)}"
    text = printable(text)
    return output.paint(text, "bold", _COLOUR.get(page["precedence"], "yellow")) if page["sounding"] else text


def about(page: Mapping[str, Any]) -> str:
    """What a page is about, in a few words."""
    status = "" if page["status"] == "actual" else f"{page['status'].upper()} "
    many = "" if page["count"] == 1 else f" ({page['count']} times)"
    where = page["counterpart"] or "this node"
    statement = f"{page['precedence'].upper()} {page['serial']} {page['kind'] or 'of no kind that is known'}"
    match page["about"]:
        case "statement":
            return f"{status}{statement}: not opened yet"
        case "clock":
            return f"{status}{statement}: {'OVERDUE ' if page['overdue'] else ''}{page['clock']}"
        case "draft":
            role = page["role"] or "a signature"
            return f"{status}draft to {where}, {page['precedence']} {page['kind']}: waits for {role}"
        case "line":
            return f"the line with {where} is down"
        case _:
            return f"{page['about']} {page['code']} ({where}){many}"


def left(page: Mapping[str, Any], now_ms: int) -> str:
    """How long until it is due, or since it began."""
    if page["due_ms"] is None:
        return f", {duration(max(0, now_ms - page['since_ms']))} ago"
    span_ms = page["due_ms"] - now_ms
    return f", due in {duration(span_ms)}" if span_ms >= 0 else f", due {duration(-span_ms)} ago"


def mute_line(mute: Mapping[str, Any]) -> str:
    """One mute; why is in the journal."""
    even = ", even for flashes" if mute["even_flash"] else "; flashes call all the same"
    why = f"why: hotline journal show {mute['entry']}"
    return printable(f"MUTED {mute['role']} until {zulu_short(mute['until_ms'])} by {mute['by']}{even}; {why}")


def pager_line(pager: Mapping[str, Any], *, now_ms: int, output: Output) -> str:
    """One pager and how it did."""
    parts = [f"pager {pager['name']} ({pager['way']}) for {pager['role']}"]
    if pager["after_s"]:
        parts.append(f"after {duration(1000 * pager['after_s'])}")
    parts.append("never reached" if pager["ok_ms"] is None else f"reached {duration(now_ms - pager['ok_ms'])} ago")
    failed = pager["failed_ms"] is not None and pager["failed_ms"] > (pager["ok_ms"] or 0)
    if failed:
        parts.append(f"FAILED {duration(now_ms - pager['failed_ms'])} ago: {pager['problem']}")
    text = printable(", ".join(parts))
    return output.paint(text, "bold", "red") if failed else text
