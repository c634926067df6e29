"""Reading a file of reports, whatever form it is in.

A report that cannot be read is told by its name or number with the reason, and the others go on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hotline.errors import Refused
from hotline.intake import plain, stix, veris
from hotline.intake.report import NAME_BYTES_MAX, Report, ReportRefused, line

FILE_BYTES_MAX = 64 * 1024 * 1024
REPORTS_MAX = 20_000
FORMS = ("plain", "stix", "veris")

Found = tuple[str, Report | ReportRefused]
"""How a report is called, and what it says or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds.

    Attributes:
        form: plain, stix or veris.
        found: in the file's order.
        passed_over: objects that are no reports, by type.
    """

    form: str
    found: list[Found]
    passed_over: Mapping[str, int] = field(default_factory=dict)


def read(data: bytes, *, where: str) -> Reading:
    """Read a file of reports.

    Args:
        data: the file.
        where: its name, for messages.

    Raises:
        Refused: `reports-malformed`; it is no JSON, in none of the forms, or holds more reports than may be at once.
    """
    document = _json(data, where)
    try:
        reading = _reading(document, where)
    except ReportRefused as error:
        raise Refused("reports-malformed", f"{where}: {error}") from error
    except RecursionError as error:
        # What the reader of JSON could just go down to, whoever writes it again for a digest cannot.
        raise Refused("reports-malformed", f"{where} is nested too deep") from error
    if len(reading.found) > REPORTS_MAX:
        raise Refused("reports-malformed", f"{where} holds more reports than may come at once, {REPORTS_MAX}")
    return reading


def _json(data: bytes, where: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=refuse)
    except RecursionError as error:
        raise Refused("reports-malformed", f"{where} is nested too deep") from error
    except ValueError as error:
        raise Refused("reports-malformed", f"{where} is no JSON: {error}") from error


def _reading(document: Any, where: str) -> Reading:
    if stix.is_bundle(document):
        return Reading("stix", _listed(stix.read(document)), stix.passed_over(document))
    if plain.is_plain(document):
        given = document.get("reports")
        if not isinstance(given, list):
            raise ReportRefused("there is no list of reports")
        return Reading("plain", _listed(_each(given, plain.read, "id")))
    records = document if isinstance(document, list) else [document]
    if records and any(map(veris.is_veris, records)):
        return Reading("veris", _listed(_each(records, _veris, "incident_id")))
    forms = f'a list of VERIS incidents, a STIX bundle, or reports of the format "{plain.FORMAT}"'
    raise ReportRefused(f"it is none of the forms that are read: {forms}")


def _listed(found: Iterator[Found]) -> list[Found]:
    """Reports, up to one more than there may be: what comes behind that one is not looked at."""
    return list(islice(found, REPORTS_MAX + 1))


def _veris(record: Any) -> Report:
    if not veris.is_veris(record):
        raise ReportRefused("it is no incident of VERIS")
    return veris.read(record)


def _each(records: list[Any], read_one: Callable[[Any], Report], name: str) -> Iterator[Found]:
    for number, record in enumerate(records, 1):
        told = record.get(name) if isinstance(record, Mapping) else None
        called = line(told, most=NAME_BYTES_MAX) if isinstance(told, str) else ""
        called = called or f"number {number}"
        try:
            yield called, read_one(record)
        except ReportRefused as error:
            yield called, error
