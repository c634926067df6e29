"""Reports in Hotline's own form: JSON whose names are those of a notification.

    {"format": "hotline-report/1", "reports": [
      {"id": "SOC-2026-118", "title": "...", "class": ["ddos"], "summary": "...", "severity": 2,
       "aware_at": "2026-11-21T04:10Z", "sectors": ["energy"]}]}

Every field of a notification is taken as `hotline catalogue show notification` describes it, as a value or as a person
would type it; so are the choices of the header severity, aware_at, precedence, status and language.

Source: spec/intake.md, "Plain".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.intake.report import NAME_BYTES_MAX, Report, ReportRefused, digest_of, line, text

FORMAT = "hotline-report/1"
HEADER = frozenset({"severity", "aware_at", "precedence", "status", "language"})


def is_plain(document: object) -> bool:
    """Whether a document says that it is in this form."""
    return isinstance(document, Mapping) and document.get("format") == FORMAT


def read(record: object) -> Report:
    """Read one report.

    Raises:
        ReportRefused: it is no object, or has no id.
    """
    if not isinstance(record, Mapping):
        raise ReportRefused("a report is a JSON object")
    name = line(record.get("id") or "", most=NAME_BYTES_MAX) if isinstance(record.get("id"), str | int) else ""
    if not name:
        raise ReportRefused("it has no id")
    values = {str(one): value for one, value in record.items() if one != "id" and one not in HEADER}
    for field in ("title", "summary"):
        if isinstance(values.get(field), str):
            values[field] = line(values[field], most=200) if field == "title" else text(values[field])
    told = values.get("identifiers")
    values["identifiers"] = [name, *(one for one in told if one != name)] if isinstance(told, list) else [name]
    header = {one: str(record[one]) for one in sorted(HEADER) if record.get(one) is not None}
    return Report(source_id=name, values=_said(values), header=header, digest=digest_of(record))


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}
