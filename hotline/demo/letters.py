"""Letters: the values that each statement of the demonstration has in its fields.

What the record does not say is left out; nothing is invented to fill a field. A real state stands in one place only,
the attribution claims, beside the source that makes the claim, its likelihood and its grade.
"""

from __future__ import annotations

from typing import Any

from hotline.demo.rules import ASKED, SOURCES
from hotline.incidents import Attribution, Incident
from hotline.intake.tables import severity as graded
from protocol.kinds import Catalogue
from protocol.partial_time import parse_partial_time

Values = dict[str, Any]


def severity(incident: Incident) -> tuple[int, str]:
    """How grave an incident counts, and why, by the rules' tables.

    Returns:
        0 to 5, and the reason in words.
    """
    found = graded(incident.classes, incident.sectors, incident.techniques)
    return found.level, "By the rule of the demonstration: " + ", ".join(found.reasons) + "."


def notification(incident: Incident, catalogue: Catalogue) -> Values:
    """The fields of an incident's notification."""
    source, grade = SOURCES[incident.source]
    return _filled(
        title=f"{incident.title}: {_labels(catalogue, 'incident-class', incident.classes[:1])}",
        names=[incident.title] if incident.source == "attack" else [],
        identifiers=list(dict.fromkeys((incident.source_id, *incident.identifiers))),
        summary=_summary(incident, catalogue),
        severity_reason=severity(incident)[1],
        first_seen=incident.first_seen,
        last_seen=incident.last_seen,
        harmed=list(incident.effects),
        sectors=list(incident.sectors),
        techniques=list(incident.techniques),
        sources=[{"grade": grade, "published": None, "source": f"{source}, {one}"} for one in incident.references],
        attribution=[] if incident.attribution is None else _claims(incident.attribution),
        **{"class": list(incident.classes)},
    )


def _summary(incident: Incident, catalogue: Catalogue) -> str:
    lines = [
        f"What happened: {_labels(catalogue, 'incident-class', incident.classes)}.",
        f"Harmed, or meant to be: {_labels(catalogue, 'security-property', incident.effects) or 'not known'}.",
        f"Sectors: {_labels(catalogue, 'sector', incident.sectors) or 'not known'}.",
        f"Activity: {_span(incident)}.",
        f"Techniques named by the source: {len(incident.techniques) or 'none'}.",
        "Taken from the public record for a demonstration; what it means for your side was not assessed.",
    ]
    return "\n".join(lines)


def _claims(claim: Attribution) -> list[Values]:
    """One row for each state named. Where an actor only works from a state, the row says that no more is claimed."""
    states: list[str | None] = [*claim.states_claimed]
    states += [f"{state}, as the place it acts from; not as a state behind it" for state in claim.origins_claimed]
    return [
        {
            "actor": claim.actor,
            "state": state,
            "responsibility": None,
            "likelihood": claim.likelihood,
            "confidence": claim.confidence,
            "grade": claim.grade,
            "source": claim.source,
        }
        for state in states or [None]
    ]


def update(incident: Incident) -> Values:
    """The fields of an update: what the source numbers say when counted again."""
    return {
        "summary": f"Checked against the source again: activity {_span(incident)}. Nothing else has changed.",
        "outlook": "stable",
    }


def correction(incident: Incident) -> Values:
    """The fields of a correction: the end of the activity, spelled out as the days it may mean."""
    return {
        "corrections": [
            {"field": "last_seen", "now": f"{incident.last_seen}, known to the {_fidelity(incident.last_seen)}"}
        ],
        "cause": "The date was passed on without saying how exactly it is known.",
        "consequences": "None for any count.",
    }


def retraction() -> Values:
    """The fields of the one retraction."""
    return {
        "reason": "sent-in-error",
        "explanation": "The notification was released before the desk had compared it with the source.",
        "consequences": "It counts no longer. Please put aside what rests on it.",
    }


def questions(route: str) -> Values:
    """The fields of a clarification request on a route of the rules."""
    return {
        "questions": [{"number": place, "text": asked.text} for place, asked in enumerate(ASKED[route], 1)],
        "why": "Our desk has to decide whom to warn at home.",
    }


def answers(route: str, incident: Incident) -> Values:
    """The fields of the response on a route, filled from the record."""
    source, grade = SOURCES[incident.source]
    known = {
        "first": incident.first_seen,
        "last": incident.last_seen,
        "first_fidelity": _fidelity(incident.first_seen),
        "last_fidelity": _fidelity(incident.last_seen),
        "source": source,
        "grade": grade,
    }
    return {
        "answers": [
            {
                "number": place,
                "state": asked.state,
                "grade": grade if asked.state == "answered" else None,
                "text": asked.answer.format(**known) or None,
            }
            for place, asked in enumerate(ASKED[route], 1)
        ]
    }


def gist(kind: str, values: Values) -> str:
    """A few words of what a statement says, for a line of the transcript.

    Args:
        kind: of the statement.
        values: by field; as they came out of a body, so anything may be missing.
    """
    match kind:
        case "notification":
            return str(values.get("title", ""))
        case "clarification-request" | "clarification-response":
            rows = values.get("questions") or values.get("answers") or []
            first = next((str(row.get("text") or row.get("state")) for row in rows), "")
            return first if len(rows) < 2 else f"{first} (and {len(rows) - 1} more)"
        case "correction":
            return "; ".join(f"{row.get('field')}: {row.get('now')}" for row in values.get("corrections", ()))
        case _:
            names = ("summary", "message", "note", "case_number", "explanation", "reason", "test_text")
            return next((str(values[name]) for name in names if values.get(name)), "")


def _labels(catalogue: Catalogue, vocabulary: str, codes: tuple[str, ...]) -> str:
    words = catalogue.vocabulary(vocabulary)
    return ", ".join(code if words is None else words.label(code) for code in codes)


def _span(incident: Incident) -> str:
    if incident.first_seen == incident.last_seen:
        return f"{incident.first_seen}, known to the {_fidelity(incident.first_seen)}"
    return f"from {incident.first_seen} to {incident.last_seen}"


def _fidelity(text: str) -> str:
    when = parse_partial_time(text)
    return "letter" if when is None else when.fidelity


def _filled(**values: Any) -> Values:
    """Leave out what is empty: an empty list is not a value."""
    return {name: value for name, value in values.items() if value not in (None, [], "")}
