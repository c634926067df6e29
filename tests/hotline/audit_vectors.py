"""How the vectors of audits are laid out and judged.

A case is a folder: what differs from the case it is based on, and `case.json`, which says what is absent, what is given
to the audit, and what it finds. The README beside them tells the rest.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hotline.audit_dirs import audit_directories
from protocol.audit import AuditMisused
from tests.hotline.people import hotline
from tests.vector_world import Files, vector_catalogue

CASE = "case.json"

Json = dict[str, Any]


def files_in(files: Files, name: str) -> dict[str, bytes]:
    """The files of one case as an auditor has them: its base without what is absent, and its own over that."""
    own = {path.removeprefix(f"{name}/"): data for path, data in files.items() if path.startswith(f"{name}/")}
    case = json.loads(own.pop(CASE))
    laid = {} if case["base"] is None else files_in(files, case["base"])
    for path in case["absent"]:
        del laid[path]
    return {**laid, **own}


def lay_out(folder: Path, files: Files) -> None:
    """Write the files of a case into an empty folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def outcome(case: Mapping[str, Any], folder: Path) -> Json:
    """What the audit of a case says, with places relative to the folder."""
    paths = [folder / name for name in case["arguments"]]
    try:
        report = audit_directories(*paths, at_ms=case["at_ms"], kinds=vector_catalogue())
        found, status = report.as_dict(), report.exit
    except AuditMisused:
        # The command says what becomes of an audit that does not begin. It looks at no entry and at no clock.
        done = hotline("audit", *paths[:2], "--policy", paths[2], "--json")
        found, status = done.json, done.status
        if "error" in found:
            return {"exit": status, "error": found["error"]["code"]}
    return {
        "exit": status,
        "verdict": found["verdict"],
        "findings": [
            [one["code"], one["severity"], one["where"].replace(f"{folder}/", "")] for one in _rows(found["findings"])
        ],
        "not_checked": [line.partition(":")[0] for line in _lines(found["not_checked"])],
    }


def _rows(value: Any) -> list[dict[str, str]]:
    return list(value)


def _lines(value: Any) -> list[str]:
    return list(value)
