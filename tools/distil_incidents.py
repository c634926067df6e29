"""Distil public incident data into the facts that the demonstration replays.

    python tools/distil_incidents.py SOURCE_DIR OUT_DIR

SOURCE_DIR holds `attack-campaigns/attack-campaigns.json` (a STIX 2.1 bundle of MITRE ATT&CK campaigns) and
`vcdb/vcdb-sample.json` (VERIS incidents of the VERIS Community Database). OUT_DIR receives `incidents-attack.json` and
`incidents-vcdb.json`, two files because they have two licences. The same sources give the same bytes.

Only facts are taken: names, dates with their fidelity, identifiers, codes. No sentence of a source is copied; a
description is only searched for identifiers and for the words of a table. Addresses of press reports are left out,
because most carry a headline; the identifier leads to them. What is our judgement is in
`hotline/data/report-tables.toml` and `tools/incident_maps.toml`. Real states appear only inside an attribution, with
source and likelihood.
"""

import argparse
import calendar
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hotline.intake import veris
from hotline.intake.tables import classes_of_techniques, harmed, ordered_classes, sectors_in

Record = dict[str, Any]
Maps = Mapping[str, Any]

TECHNIQUES_MAX = 40


def partial(value: str) -> dict[str, str]:
    """A date as far as it is known: `2015`, `2015-12` or `2015-12-23`."""
    return {"value": value, "fidelity": ("year", "month", "day")[value.count("-")]}


def last_day(value: str) -> str:
    """The last day that a partial date may mean, for ordering."""
    year, month, day = [*(int(part) for part in value.split("-")), 0, 0][:3]
    month = month or 12
    return f"{year:04}-{month:02}-{day or calendar.monthrange(year, month)[1]:02}"


def claim(
    *, actor: str, states: list[str], origins: list[str], victims: list[str], basis: str, source: str, maps: Maps
) -> Record:
    """An attribution as a claim: who says it, of whom, and how likely the wording makes it."""
    return {
        "actor": actor,
        "states_claimed": states,
        "origins_claimed": origins,
        "victim_countries": victims,
        "source": source,
        **maps["attribution"]["basis"][basis],
    }


# --- MITRE ATT&CK ---------------------------------------------------------------------------------------------------


def attack_id(stix: Record) -> str:
    """The ATT&CK identifier of an object: C0028, G0034, T1566.001."""
    for reference in stix["external_references"]:
        if reference["source_name"].startswith("mitre-"):
            return str(reference["external_id"])
    raise SystemExit(f"no ATT&CK identifier: {stix['id']}")


def attack_date(stamp: str) -> str:
    """ATT&CK writes a month as its first day; any other day is meant as that day."""
    return stamp[:7] if stamp[8:10] == "01" else stamp[:10]


def bare_words(description: str) -> str:
    """A description without its links and citations, whose names would look like sectors."""
    without = re.sub(r"\(Citation:[^)]*\)|\[[^\]]*\]\([^)]*\)", " ", description)
    return re.sub(r"\s+", " ", without).lower()


def attack_incident(campaign: Record, uses: list[str], groups: list[Record], maps: Maps) -> Record:
    """One campaign as facts."""
    identifier = attack_id(campaign)
    description = campaign["description"]
    words = bare_words(description)
    classes = ordered_classes(classes_of_techniques(uses))
    corrected = maps["corrections"].get(identifier, {})
    attribution = None
    if groups:
        # Where a campaign is attributed to several groups, the first by identifier speaks for the claim's wording.
        known = [maps["attribution"]["group"][attack_id(group)] for group in groups]
        victim = maps["attribution"]["victim"].get(identifier, "")
        attribution = claim(
            actor=", ".join(group["name"] for group in groups),
            states=sorted({entry["state"] for entry in known if entry["state"]}),
            origins=[],
            victims=[victim] if victim else [],
            basis=known[0]["basis"],
            source="MITRE ATT&CK " + ", ".join(attack_id(group) for group in groups),
            maps=maps,
        )
    return {
        "id": f"attack-{identifier.lower()}",
        "source": "attack",
        "source_id": identifier,
        "title": maps["titles"].get(identifier, campaign["name"]),
        "classes": classes,
        "effects": harmed(classes),
        "sectors": sectors_in(words),
        "first_seen": partial(corrected.get("first_seen", attack_date(campaign["first_seen"]))),
        "last_seen": partial(corrected.get("last_seen", attack_date(campaign["last_seen"]))),
        "techniques": uses[:TECHNIQUES_MAX],
        "identifiers": sorted(
            {*re.findall(r"CVE-\d{4}-\d{4,7}", description), *re.findall(r"/software/(S\d{4})", description)}
        ),
        "references": [f"https://attack.mitre.org/campaigns/{identifier}"],
        "attribution": attribution,
    }


def distil_attack(source: Path, maps: Maps) -> list[Record]:
    """All campaigns of a STIX bundle."""
    objects = {stix["id"]: stix for stix in json.loads(source.read_bytes())["objects"]}
    related: dict[tuple[str, str], list[Record]] = {}
    for stix in objects.values():
        if stix["type"] == "relationship":
            key = (stix["source_ref"], stix["relationship_type"])
            related.setdefault(key, []).append(objects[stix["target_ref"]])
    return [
        attack_incident(
            stix,
            sorted({attack_id(target) for target in related.get((stix["id"], "uses"), [])}),
            sorted(related.get((stix["id"], "attributed-to"), []), key=attack_id),
            maps,
        )
        for stix in objects.values()
        if stix["type"] == "campaign"
    ]


# --- VERIS Community Database ---------------------------------------------------------------------------------------


def veris_attribution(record: Record, maps: Maps) -> Record | None:
    """The coding of an external actor whose country is known, as a claim of the database's volunteers."""
    external = record["actor"].get("external", {})
    countries = sorted({code for code in external.get("country", []) if len(code) == 2})
    if not countries:
        return None
    table = maps["attribution"]["veris_variety"]
    varieties = external.get("variety", ["Unknown"])
    of_state = any(variety in table["of_state"] for variety in varieties)
    return claim(
        actor=table["word"][varieties[0]],
        states=countries if of_state else [],
        origins=[] if of_state else countries,
        victims=sorted({code for code in record["victim"].get("country", []) if len(code) == 2}),
        basis="coded",
        source=f"VCDB {record['incident_id'].split('-')[0]}",
        maps=maps,
    )


def veris_incident(record: Record, maps: Maps) -> Record:
    """One incident as facts."""
    short = record["incident_id"].split("-")[0]
    classes = veris.classes(record)
    sector = veris.sector(record)
    when = partial(str(veris.date(record["timeline"]["incident"])))
    return {
        "id": f"vcdb-{short.lower()}",
        "source": "vcdb",
        "source_id": record["incident_id"],
        "title": f"VCDB {short}",
        "classes": classes,
        "effects": harmed(classes),
        "sectors": [sector] if sector else [],
        "first_seen": when,
        "last_seen": when,
        "techniques": veris.techniques(record),
        "identifiers": [f"VCDB-campaign {record['campaign_id']}"] if record.get("campaign_id") else [],
        "references": [f"VCDB {record['incident_id']}"],
        "attribution": veris_attribution(record, maps),
    }


def distil_veris(source: Path, maps: Maps) -> list[Record]:
    """All incidents of a VERIS array."""
    return [veris_incident(record, maps) for record in json.loads(source.read_bytes())]


# --- Files ----------------------------------------------------------------------------------------------------------

ATTACK_HEAD = {
    "format": "hotline-incidents/1",
    "source": "MITRE ATT&CK v18.1, campaigns, groups and techniques",
    "licence": "MITRE ATT&CK terms of use",
    "notice": "\N{COPYRIGHT SIGN} 2025 The MITRE Corporation. This work is reproduced and distributed with the "
    "permission of The MITRE Corporation.",
}
VCDB_HEAD = {
    "format": "hotline-incidents/1",
    "source": "VERIS Community Database (VCDB), the Verizon RISK team and contributors, sample of 100 incidents",
    "licence": "CC-BY-SA-4.0",
    "notice": "Changed: reduced to facts and codes, coded anew by the tables of tools/incident_maps.toml.",
}


def write(path: Path, head: Record, incidents: list[Record]) -> None:
    """One record a line, by last possible day and then id, so that a change shows as a changed line."""
    incidents.sort(key=lambda incident: (last_day(incident["last_seen"]["value"]), incident["id"]))
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    records = ",\n".join(json.dumps(incident, ensure_ascii=False) for incident in incidents)
    path.write_text("{" + "\n".join(lines) + '\n"incidents": [\n' + records + "\n]}\n", encoding="utf-8")


def main() -> None:
    """Read the two sources, write the two files, say how many."""
    parser = argparse.ArgumentParser(description="Distil public incident data into facts.")
    parser.add_argument("source_dir", type=Path, help="folder with attack-campaigns/ and vcdb/")
    parser.add_argument("out_dir", type=Path, help="folder for incidents-attack.json and incidents-vcdb.json")
    arguments = parser.parse_args()
    maps = tomllib.loads(Path(__file__).with_name("incident_maps.toml").read_text(encoding="utf-8"))
    attack = distil_attack(arguments.source_dir / "attack-campaigns" / "attack-campaigns.json", maps)
    vcdb = distil_veris(arguments.source_dir / "vcdb" / "vcdb-sample.json", maps)
    write(arguments.out_dir / "incidents-attack.json", ATTACK_HEAD, attack)
    write(arguments.out_dir / "incidents-vcdb.json", VCDB_HEAD, vcdb)
    print(f"{len(attack)} campaigns and {len(vcdb)} incidents")


if __name__ == "__main__":
    main()
