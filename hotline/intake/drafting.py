"""From a report to a letter: what the tables add, and what a person has to know who reads the draft.

Source: spec/intake.md, "What becomes of a report".
"""

from __future__ import annotations

from hotline.composing import Letter, choice_of
from hotline.errors import HotlineError
from hotline.intake.report import SUMMARY_MAX, Report, ReportRefused, line, text
from hotline.intake.tables import Severity, severity
from protocol.kinds import Catalogue

KIND = "notification"
NOBODY = "Taken in by a program from a report; nobody has assessed yet what it means for the other side."


def letter_of(report: Report, catalogue: Catalogue, *, now_ms: int) -> Letter:
    """Make the letter of a report, checked as any other.

    Raises:
        ReportRefused: a value is none of its field, or a needed one is missing.
    """
    kind = catalogue.kind(KIND)
    if kind is None:
        raise ReportRefused(f"the catalogue has no {KIND}")
    letter = Letter(kind=kind)
    values = dict(report.values)
    graded = graded_of(report)
    # Not what somebody says of the other side, but the party's own words before people have seen it.
    values.setdefault("title", _title(report, catalogue))
    said = str(values.get("summary") or "")
    added = "\n".join(("", *report.notes, NOBODY)) if said else "\n".join((*report.notes, NOBODY))
    values["summary"] = text(said, most=SUMMARY_MAX - len(added.encode())) + added
    header = dict(report.header)
    if "severity" not in header:
        header["severity"] = str(graded.level)
        reason = "By the tables of intake: " + ", ".join(graded.reasons) + ". Confirm it, or say why not."
        values.setdefault("severity_reason", reason)
    header.setdefault("precedence", graded.precedence)
    try:
        for name, value in values.items():
            letter.set_value(name, value, where=report.source_id, catalogue=catalogue, now_ms=now_ms)
        for name, value in header.items():
            letter.choices = choice_of(name, value, now_ms=now_ms).over(letter.choices)
        letter.check(catalogue, now_ms=now_ms)
    except HotlineError as error:
        raise ReportRefused(error.text) from error
    return letter


def graded_of(report: Report) -> Severity:
    """How grave a report counts by the tables."""
    return severity(*(_codes(report.values.get(name)) for name in ("class", "sectors", "techniques")))


def _codes(told: object) -> list[str]:
    """The codes that a field names, whether or not they are any."""
    if isinstance(told, str):
        return [one.strip() for one in told.split(",")]
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []


def _title(report: Report, catalogue: Catalogue) -> str:
    """What happened and in which sector, with the report's own name."""
    parts = []
    for name, vocabulary in (("class", "incident-class"), ("sectors", "sector")):
        known = catalogue.vocabulary(vocabulary)
        parts += [one if known is None else known.label(one) for one in _codes(report.values.get(name))[:1]]
    said = ", ".join(parts) or "Incident"
    return line(f"{said} ({report.source_id})", most=200)
