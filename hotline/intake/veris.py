"""Reports in VERIS JSON, the form of the VERIS Community Database.

Taken over: the codes of actions and attributes, the industry of the victim, the time as far as it is known, the summary
and the references. Who the victim is stays at home, and so does who is said to have done it: VERIS states no
likelihood, and a claim without one is no claim that a party can make.

Source: VERIS 1.3, https://verisframework.org; spec/intake.md, "VERIS".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.intake import tables
from hotline.intake.report import NAME_BYTES_MAX, Report, ReportRefused, digest_of, filled, line, text

UNGRADED = "F6"
"""The grade of a source of which nothing is known (Admiralty): neither reliability nor credibility can be judged."""


def is_veris(record: object) -> bool:
    """Whether a record looks like one of VERIS."""
    return isinstance(record, Mapping) and "incident_id" in record and "action" in record


def pairs(part: object) -> list[str]:
    """`action.variety` for each variety of each action or attribute; disclosure stands for confidentiality."""
    found: list[str] = []
    for name, value in _mapping(part).items():
        told = _mapping(value)
        found += [f"{name}.{variety}" for variety in _texts(told.get("variety"))]
        if isinstance(told.get("data_disclosure"), str):
            found.append(f"{name}.{told['data_disclosure']}")
    return found


def classes(record: Mapping[str, Any]) -> list[str]:
    """RSIT classes, the main one first."""
    known = tables.tables()["classes"]
    found = [known["veris_action"].get(one) for one in pairs(record.get("action"))]
    found += [known["veris_attribute"].get(one) for one in pairs(record.get("attribute"))]
    return tables.ordered_classes(found)


def techniques(record: Mapping[str, Any]) -> list[str]:
    """ATT&CK techniques that the actions name."""
    known = tables.tables()["techniques"]["veris_action"]
    return sorted({known[one] for one in pairs(record.get("action")) if one in known})


def sector(record: Mapping[str, Any]) -> str | None:
    """The NIS2 sector of the victim's industry, a NAICS code."""
    return tables.longest_prefix(tables.tables()["sectors"]["naics"], str(_victim(record).get("industry", "")))


def date(told: object) -> str | None:
    """Year, month and day as far as they are given; None without a year that can be one."""
    parts: list[str] = []
    for unit, least, most in (("year", 1, 9999), ("month", 1, 12), ("day", 1, 31)):
        value = _mapping(told).get(unit)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            break
        parts.append(f"{value:04}" if unit == "year" else f"{value:02}")
    return "-".join(parts) or None


def read(record: Mapping[str, Any]) -> Report:
    """Read one record.

    Raises:
        ReportRefused: it has no name of its own.
    """
    name = line(record.get("incident_id") or "", most=NAME_BYTES_MAX)
    if not name:
        raise ReportRefused("it has no incident_id")
    found = classes(record)
    where = sector(record)
    told = _mapping(record.get("timeline"))
    references = [one.strip() for one in str(record.get("reference") or "").replace(";", " ").split()]
    actor = _mapping(_mapping(record.get("actor")).get("external"))
    notes = ["Who did it is not taken over: the report states no likelihood."] if actor else []
    status = tables.tables()["determination"]["veris"].get(str(record.get("security_incident")))
    summary = text(record.get("summary") or "")
    return Report(
        source_id=f"VERIS {name}",
        values=filled(
            identifiers=[f"VERIS {name}", *_campaign(record)],
            summary=summary,
            first_seen=date(told.get("incident")),
            determination=status,
            harmed=tables.harmed(found),
            sectors=[where] if where else [],
            techniques=techniques(record),
            sources=[{"grade": UNGRADED, "published": None, "source": line(one)} for one in references[:16]],
            **{"class": found},
        ),
        victim=digest_of(_victim(record)),
        notes=tuple(notes),
        digest=digest_of(record),
    )


def _campaign(record: Mapping[str, Any]) -> list[str]:
    told = line(record.get("campaign_id") or "", most=NAME_BYTES_MAX)
    return [f"VERIS campaign {told}"] if told else []


def _victim(record: Mapping[str, Any]) -> Mapping[str, Any]:
    told = record.get("victim")
    return _mapping(told[0] if isinstance(told, list) and told else told)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
