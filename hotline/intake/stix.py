"""Reports in a STIX 2.1 bundle: each incident and each campaign, with what its relationships lead to.

Taken over: name, description, times, techniques (`uses`), sectors (`targets`), indicators (`indicates`),
vulnerabilities, references, and an attribution where the relationship states its confidence. Objects of other types are
no reports.

Source: STIX 2.1, OASIS Standard, 2.4 "attack-pattern", 4.4 "campaign", 4.6 "incident", 5.1 "relationship", 7.2 "data
markings", 9 "patterning", Appendix A; spec/intake.md, "STIX".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hotline.intake import tables
from hotline.intake.report import (
    LOOKED_AT,
    NAME_BYTES_MAX,
    SUMMARY_MAX,
    Report,
    ReportRefused,
    digest_of,
    filled,
    line,
    text,
)
from hotline.intake.veris import UNGRADED

REPORTS = frozenset({"incident", "campaign"})
_LINK = re.compile(r"\(Citation:[^)]{0,200}\)|\[([^\]]{0,200})\]\([^)]{0,500}\)")
_COMPARISON = re.compile(r"\[\s*([a-z0-9-]+:[A-Za-z0-9_.'-]+)\s*=\s*'((?:[^'\\]|\\.){1,300})'\s*\]")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?")
TECHNIQUES_MAX, INDICATORS_MAX, CLAIMS_MAX, SOURCES_MAX = 128, 128, 8, 16
WORDS_MAX = LOOKED_AT * SUMMARY_MAX
LISTED_MAX = 128
"""References and sectors of one object that are looked at: every report may lead to the same object."""


def is_bundle(document: object) -> bool:
    """Whether a document is a bundle of STIX."""
    return isinstance(document, Mapping) and document.get("type") == "bundle"


@dataclass(slots=True)
class Bundle:
    """The objects of a bundle.

    Attributes:
        objects: by id; one that comes twice counts as it came last.
        out: relationships by the id that they start from.
        into: relationships by the id that they lead to.
    """

    objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    out: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    into: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Bundle:
        """Put a bundle in order.

        Raises:
            ReportRefused: it has no list of objects.
        """
        given = document.get("objects")
        if not isinstance(given, list):
            raise ReportRefused("the bundle has no list of objects")
        made = cls()
        for one in given:
            if isinstance(one, Mapping) and isinstance(one.get("id"), str):
                made.objects[one["id"]] = one
        for one in made.objects.values():
            if one.get("type") == "relationship" and not one.get("revoked"):
                made.out.setdefault(str(one.get("source_ref")), []).append(one)
                made.into.setdefault(str(one.get("target_ref")), []).append(one)
        return made

    def reached(self, start: str, kind: str, *types: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """What relationships of a kind lead to, each with its relationship."""
        for relation in self.out.get(start, []):
            target = self.objects.get(str(relation.get("target_ref")), {})
            if relation.get("relationship_type") == kind and target.get("type") in types:
                yield relation, target

    def reaching(self, end: str, kind: str, *types: str) -> Iterator[Mapping[str, Any]]:
        """What leads to an object by relationships of a kind."""
        for relation in self.into.get(end, []):
            source = self.objects.get(str(relation.get("source_ref")), {})
            if relation.get("relationship_type") == kind and source.get("type") in types:
                yield source


def read(document: Mapping[str, Any]) -> Iterator[tuple[str, Report | ReportRefused]]:
    """Read the reports of a bundle, each with its id."""
    bundle = Bundle.of(document)
    for name, one in bundle.objects.items():
        kind = one.get("type")
        if not isinstance(kind, str) or kind not in REPORTS:
            continue
        if len(name) > NAME_BYTES_MAX:
            yield line(name, most=NAME_BYTES_MAX), ReportRefused(f"its id has more than {NAME_BYTES_MAX} characters")
            continue
        if one.get("revoked"):
            yield name, ReportRefused("its author has revoked it")
            continue
        try:
            yield name, _report(bundle, name, one)
        except ReportRefused as error:
            yield name, error


def passed_over(document: Mapping[str, Any]) -> dict[str, int]:
    """How many objects of each type are neither reports nor led to by them as such, for whoever wonders."""
    counts: dict[str, int] = {}
    for one in Bundle.of(document).objects.values():
        kind = line(one.get("type") or "?", most=60)
        if kind not in REPORTS and kind != "relationship":
            counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))


def _report(bundle: Bundle, name: str, one: Mapping[str, Any]) -> Report:
    title = line(one.get("name") or "", most=200)
    if not title:
        raise ReportRefused("it has no name")
    words = _words(one)
    used = sorted({code for _, each in bundle.reached(name, "uses", "attack-pattern") if (code := _technique(each))})
    found = tables.ordered_classes(tables.classes_of_techniques(used))
    indicators, unread = _indicators(bundle, name)
    claims, unsure = _claims(bundle, name)
    notes = [f"{unsure} attributed without a stated confidence: not taken over."] if unsure else []
    notes += [f"Indicators whose pattern is more than one comparison: {unread}."] if unread else []
    marking = _marking(one)
    notes += [f"Its author marked it {marking}: ask before it is released."] if marking else []
    sectors = {code for code in map(_sector, _sectors(bundle, name)) if code} or {*tables.sectors_in(words)}
    return Report(
        source_id=name,
        values=filled(
            title=title,
            names=[title],
            identifiers=[name, *_numbers(bundle, name, one)],
            summary=text(words),
            first_seen=_time(one, "first_seen"),
            last_seen=_time(one, "last_seen"),
            harmed=tables.harmed(found),
            sectors=sorted(sectors),
            techniques=used[:TECHNIQUES_MAX],
            indicators=indicators[:INDICATORS_MAX],
            sources=_sources(one),
            attribution=claims[:CLAIMS_MAX],
            **{"class": found},
        ),
        notes=tuple(notes),
        digest=digest_of([one, used, indicators, claims, sorted(sectors)]),
    )


def _words(one: Mapping[str, Any]) -> str:
    """Its description without links and citations. One that is too long to be taken over whole keeps them."""
    told = one.get("description")
    if not isinstance(told, str):
        return ""
    return _LINK.sub(lambda found: found[1] or "", told) if len(told) <= WORDS_MAX else told[: WORDS_MAX + 1]


def _technique(one: Mapping[str, Any]) -> str | None:
    for reference in _references(one):
        code = str(reference.get("external_id") or "")
        if _TECHNIQUE.fullmatch(code):
            return code
    return None


def _numbers(bundle: Bundle, name: str, one: Mapping[str, Any]) -> list[str]:
    """Public numbers of the report, and of the vulnerabilities that it uses or targets."""
    found = [str(reference.get("external_id") or "") for reference in _references(one)]
    for kind in ("uses", "targets", "exploits"):
        found += [str(each.get("name") or "") for _, each in bundle.reached(name, kind, "vulnerability")]
    return list(dict.fromkeys(one for one in found if _CODE.fullmatch(one)))[:31]


def _sources(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for reference in _references(one):
        said = " ".join(str(reference.get(part) or "") for part in ("source_name", "url")).strip()
        if said:
            found.append({"grade": UNGRADED, "published": None, "source": line(said)})
    return found[:SOURCES_MAX]


def _claims(bundle: Bundle, name: str) -> tuple[list[dict[str, Any]], int]:
    """Attributions whose relationship states a confidence, and how many state none."""
    found: list[dict[str, Any]] = []
    unsure = 0
    for relation, actor in bundle.reached(name, "attributed-to", "intrusion-set", "threat-actor"):
        confidence = relation.get("confidence")
        if not isinstance(confidence, int) or isinstance(confidence, bool) or not 0 <= confidence <= 100:
            unsure += 1
            continue
        table = tables.tables()["likelihood"]["stix"]
        likelihood = table[str(max(int(least) for least in table if int(least) <= confidence))]
        found.append(
            {
                "actor": line(actor.get("name") or actor.get("id"), most=200),
                "state": None,
                "responsibility": None,
                "likelihood": likelihood,
                "confidence": None,
                "grade": None,
                "source": line(f"STIX {relation['id']}, confidence {confidence} of 100"),
            }
        )
    return found, unsure


def _indicators(bundle: Bundle, name: str) -> tuple[list[dict[str, Any]], int]:
    """Indicators of one comparison each, and how many say more than that."""
    table = tables.tables()["indicator"]["stix"]
    found: list[dict[str, Any]] = []
    unread = 0
    for one in bundle.reaching(name, "indicates", "indicator"):
        told = _COMPARISON.fullmatch(str(one.get("pattern") or "").strip())
        if told is None or told[1] not in table or one.get("pattern_type", "stix") != "stix":
            unread += 1
            continue
        found.append({"type": table[told[1]], "value": line(re.sub(r"\\(.)", r"\1", told[2]), most=300)})
    return found, unread


def _sectors(bundle: Bundle, name: str) -> Iterator[str]:
    for _, target in bundle.reached(name, "targets", "identity"):
        told = target.get("sectors")
        yield from (one for one in told[:LISTED_MAX] if isinstance(one, str)) if isinstance(told, list) else ()


def _sector(told: str) -> str | None:
    table: Mapping[str, str] = tables.tables()["sectors"]["stix"]
    return table.get(told)


def _marking(one: Mapping[str, Any]) -> str | None:
    """The closest TLP marking that the object carries as a whole."""
    table = tables.tables()["marking"]["stix"]
    order = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
    told = one.get("object_marking_refs")
    found = [table[ref] for ref in told if isinstance(ref, str) and ref in table] if isinstance(told, list) else []
    return max(found, key=order.index, default=None)


def _references(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = one.get("external_references")
    return [each for each in told[:LISTED_MAX] if isinstance(each, Mapping)] if isinstance(told, list) else []


def _time(one: Mapping[str, Any], name: str) -> str | None:
    """A time to the second. ATT&CK writes a month as its first day, and any other day as that day."""
    told = str(one.get(name) or "")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z", told) is None:
        return None
    if "x_mitre_version" in one:
        return told[:7] if told[8:10] == "01" else told[:10]
    return f"{told[:19]}Z"
