"""The docket for people: what waits, what is in force, what is due and what was missed, a line each.

What is said in bodies is not here; `hotline registers` opens those beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hotline.output import Output
from hotline.printable import printable
from hotline.words import Words, padded
from hotline.zulu import duration, zulu_short
from protocol.standing import ABSENCES

View = Mapping[str, Any]

GRAVE = frozenset({"silence", "fault", "suspended"})


def absence_text(view: View, output: Output) -> str:
    """Say why there is no answer: declared suspension, technical fault, refusal, holding reply or silence."""
    text = absence_words(view, output.words)
    return output.paint(text, "bold", "red") if view.get("no_answer") in GRAVE else text


def absence_words(view: View, words: Words) -> str:
    """The same without colour; silence that began before the line went down has the fault beside it."""
    code = view.get("no_answer")
    if code is None:
        return ""
    down_ms, silent_ms = view.get("down_since_ms"), view.get("unanswered_since_ms")
    fault = words.absence("fault", ABSENCES["fault"]) + _since(down_ms)
    if code == "fault":
        return fault
    text = words.absence(code, ABSENCES[code])
    if code == "silence":
        text += _since(silent_ms) + (f", {fault}" if down_ms is not None else "")
    return text


def _since(at_ms: int | None) -> str:
    return f" since {zulu_short(at_ms)}" if at_ms else ""


def course_text(view: View) -> str:
    """Say from when and until when a matter is in force, and what is owed on it."""
    course = view.get("course")
    if course is None:
        return ""
    parts = []
    if course["from_ms"] is not None:
        parts.append(f"from {zulu_short(course['from_ms'])}")
    if course["ended_ms"] is not None:
        parts.append(f"ended {zulu_short(course['ended_ms'])}")
    elif course["until_ms"] is not None:
        parts.append(f"until {zulu_short(course['until_ms'])}")
    if course["review_by_ms"] is not None and course["ended_ms"] is None:
        parts.append(f"review by {zulu_short(course['review_by_ms'])}")
    if course["suspended_ms"] is not None:
        parts.append(f"suspended {zulu_short(course['suspended_ms'])}")
    if course["phase"] is not None:
        parts.append(f"phase {course['phase']}")
    return ", ".join(parts)


def distrust_text(view: View, output: Output) -> str:
    """Say that it was signed with a key that was revoked since; nothing where it was not."""
    mark = view.get("distrusted")
    if not mark:
        return ""
    text = "NOT TRUSTED" if mark["missing"] else "partly not trusted"
    return output.paint(f"{text}: key revoked at {mark['revoked_at']}", "bold", "red")


def matter_line(view: View, output: Output) -> str:
    """Show how one matter stands."""
    words = output.words
    state = str(view["state"])
    parts = [
        f"{view['serial']:<9}",
        zulu_short(view["logged_at_ms"]),
        padded(words.kind_name(str(view["kind"])), 23),
        padded(words.state(state), 11),
        course_text(view),
        absence_text(view, output),
        distrust_text(view, output),
    ]
    if view["status"] != "actual":
        parts.insert(1, output.paint(printable(str(view["status"]).upper()), "yellow"))
    return "  ".join(part for part in parts if part).rstrip()


def due_line(view: View, output: Output, *, now_ms: int) -> str:
    """Show one clock that runs, or ran out."""
    words = output.words
    done, due = view["done_ms"], view["due_ms"]
    if view["state"] in {"missed", "disputed"}:
        when = f"{words.state(view['state'])}, due {zulu_short(due)}"
        if done is not None:
            when += f", done {duration(max(0, done - due))} later" if done > due else f", done {zulu_short(done)}"
    elif view["paused"]:
        when = f"stands still: {words.absence('suspended', ABSENCES['suspended'])}"
    elif view["overdue"] and view.get("no_answer"):
        when = f"{absence_text(view, output)}, {output.paint(f'OVERDUE by {duration(now_ms - due)}', 'bold', 'red')}"
    elif view["overdue"]:
        when = output.paint(f"OVERDUE by {duration(now_ms - due)}", "bold", "red")
    else:
        when = f"in {duration(max(0, due - now_ms))}, {zulu_short(due)}"
    parts = [
        f"{view['serial']:<9}",
        padded(words.coded("precedence", str(view["precedence"])), 9),
        padded(words.kind_name(str(view["kind"])), 23),
        # A review may come from either party, and an end is owed by nobody.
        words.clock(view["name"]) + ("" if view["name"] in {"end", "review"} else f" by {view['owed_by']}"),
        when,
    ]
    if view.get("no_answer") == "holding":
        parts.append(absence_text(view, output))
    if view.get("distrusted"):
        parts.append(distrust_text(view, output))
    if view["wish_ms"] is not None:
        parts.append(f"(wished by {zulu_short(view['wish_ms'])})")
    if view["status"] != "actual":
        parts.append(output.paint(printable(str(view["status"]).upper()), "yellow"))
    return "  ".join(parts).rstrip()


def head_lines(told: View) -> list[str]:
    """Show which docket it is: sizes, digest, time."""
    sizes = ", ".join(f"{name} {size}" for name, size in sorted(told["sizes"].items()))
    return [f"Docket of {sizes} entries, at {zulu_short(told['at_ms'])}", f"digest {told['digest']}"]


def register_lines(found: Mapping[str, Sequence[View]], output: Output) -> list[str]:
    """Show what is in force, by register."""
    lines = []
    for name, matters in found.items():
        lines.append(output.paint(output.words.register(name), "bold"))
        lines += [f"  {matter_line(one, output)}" for one in matters] or [f"  {nothing_in(name)}"]
    return lines or ["Nothing is in force."]


def nothing_in(register: str) -> str:
    """What stands where nothing of a register is in force."""
    if register == "agreement":
        return "no amendment under way; what is in force: hotline agreement show"
    return "nothing in force"


def docket_lines(told: View, output: Output) -> list[str]:
    """Show a whole docket."""
    found, now_ms = told["found"], told["at_ms"]
    lines = head_lines(told)
    parts: tuple[tuple[str, list[str]], ...] = (
        ("waits for an answer", [matter_line(one, output) for one in found["waiting"]]),
        ("due", [due_line(one, output, now_ms=now_ms) for one in found["due"]]),
        ("missed", [due_line(one, output, now_ms=now_ms) for one in found["missed"]]),
    )
    for title, rows in parts:
        lines += ["", output.paint(output.words.row(title), "bold"), *(f"  {row}" for row in rows or ["nothing"])]
    return [
        *lines,
        "",
        output.paint(output.words.row("in force"), "bold"),
        *(f"  {row}" for row in register_lines(found["registers"], output)),
    ]
