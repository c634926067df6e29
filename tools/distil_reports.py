"""Distil public incident data into reports of each form that `hotline intake` reads, for the tests.

    python tools/distil_reports.py SOURCE_DIR OUT_DIR

SOURCE_DIR is that of tools/distil_incidents.py. OUT_DIR receives `stix.json`, `veris.json` and `plain.json`, thirty
reports each. Only facts are taken: names, dates, identifiers, codes, and how they hang together. No sentence of a
source is copied, nor an address of a press report, nor the name of a victim. The same sources give the same bytes.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hotline.incidents import load_incidents

Record = dict[str, Any]

COUNT = 30
USES_MAX = 6
KEPT = {
    "campaign": ("first_seen", "last_seen", "x_mitre_version"),
    "intrusion-set": (),
    "attack-pattern": (),
    "relationship": ("relationship_type", "source_ref", "target_ref"),
}


def _fact(one: Mapping[str, Any]) -> Record:
    """An object of STIX without its sentences."""
    found = {name: one[name] for name in ("type", "spec_version", "id", "name", *KEPT[one["type"]]) if name in one}
    number = next((ref for ref in one.get("external_references", ()) if ref["source_name"].startswith("mitre-")), None)
    if number is not None:
        found["external_references"] = [{"source_name": "mitre-attack", "external_id": number["external_id"]}]
    return found


STIX_HEAD = {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000030"}
PLAIN_HEAD = {"format": "hotline-report/1"}


def distil_stix(source: Path) -> list[Record]:
    """A bundle of the first campaigns by id, with some of the techniques they used and the groups behind them."""
    objects = {one["id"]: one for one in json.loads(source.read_bytes())["objects"]}
    campaigns = sorted(name for name, one in objects.items() if one["type"] == "campaign")[:COUNT]
    kept: dict[str, Record] = {name: objects[name] for name in campaigns}
    for name in campaigns:
        every = (one for one in objects.values() if one["type"] == "relationship" and one["source_ref"] == name)
        relations = list(every)
        uses = sorted((one for one in relations if one["relationship_type"] == "uses"), key=lambda one: one["id"])
        for one in [*uses[:USES_MAX], *(one for one in relations if one["relationship_type"] == "attributed-to")]:
            kept[one["id"]] = one
            kept[one["target_ref"]] = objects[one["target_ref"]]
    return [_fact(one) for _, one in sorted(kept.items())]


def distil_veris(source: Path) -> list[Record]:
    """The first incidents by id: codes, dates, industry and country."""
    records = sorted(json.loads(source.read_bytes()), key=lambda one: one["incident_id"])[:COUNT]
    names = ("schema_version", "incident_id", "security_incident", "action", "actor", "attribute", "timeline")
    return [
        {
            **{name: one[name] for name in names if name in one},
            "victim": {name: one["victim"][name] for name in ("country", "industry") if name in one["victim"]},
        }
        for one in records
    ]


def plain() -> list[Record]:
    """Facts of the demonstration's incidents, every fifth, as a desk would write them down."""
    reports = [
        {
            "id": one.id,
            "title": one.title,
            "class": list(one.classes),
            "summary": f"Facts of {one.source_id}.",
            "sectors": list(one.sectors),
            "harmed": list(one.effects),
            "first_seen": one.first_seen,
            "last_seen": one.last_seen,
            "techniques": list(one.techniques[:USES_MAX]),
        }
        for one in sorted(load_incidents(), key=lambda one: one.id)
    ]
    return reports[:: len(reports) // COUNT][:COUNT]


def _write(path: Path, records: list[Record], head: Mapping[str, str] | None = None, key: str = "") -> None:
    """One record a line, so that a change shows as a changed line; under a key where there is a head."""
    listed = "[\n" + ",\n".join(json.dumps(one, sort_keys=True) for one in records) + "\n]"
    if head is not None:
        listed = "{" + "".join(f"{json.dumps(name)}: {json.dumps(value)}, " for name, value in head.items())
        listed += f'"{key}": [\n' + ",\n".join(json.dumps(one, sort_keys=True) for one in records) + "\n]}"
    path.write_text(listed + "\n", encoding="utf-8")


def main() -> None:
    """Read the sources, write the three files."""
    parser = argparse.ArgumentParser(description="Distil public incident data into reports.")
    parser.add_argument("source_dir", type=Path, help="folder with attack-campaigns/ and vcdb/")
    parser.add_argument("out_dir", type=Path, help="folder for stix.json, veris.json and plain.json")
    arguments = parser.parse_args()
    stix = distil_stix(arguments.source_dir / "attack-campaigns" / "attack-campaigns.json")
    _write(arguments.out_dir / "stix.json", stix, STIX_HEAD, "objects")
    _write(arguments.out_dir / "veris.json", distil_veris(arguments.source_dir / "vcdb" / "vcdb-sample.json"))
    _write(arguments.out_dir / "plain.json", plain(), PLAIN_HEAD, "reports")


if __name__ == "__main__":
    main()
