"""What the doctor says of pagers: who would not be reached, and why."""

from pathlib import Path
from typing import Any

from hotline.doctor.check import Check
from hotline.doctor.paging import examine
from nodes import paging_state
from nodes.pagers.terms import Pager, read_pagers
from nodes.paging import Paging

NOW = 1_800_000_000_000
DAY = 86_400_000


def pagers(folder: Path, *values: dict[str, Any]) -> tuple[Pager, ...]:
    """Pagers of settings."""
    return read_pagers(list(values), where="node.toml", folder=folder)


def found(path: Path, *some: Pager) -> dict[str, Check]:
    """What is found, by name."""
    return {one.name: one for one in examine(path, some, NOW)}


def test_a_node_without_pagers_is_said_to_call_nobody(tmp_path: Path) -> None:
    """With what to add."""
    check = found(tmp_path / "pages.json")["pagers"]
    assert (check.result, bool(check.fix)) == ("warn", True)


def test_events_and_roles_that_reach_nobody_are_named(tmp_path: Path) -> None:
    """A settings file that calls nobody for alarms is a mistake that shows at night."""
    checks = found(
        tmp_path / "pages.json", *pagers(tmp_path, {"role": "duty", "events": ["flash"], "run": ["/bin/true"]})
    )
    assert "overdue" in checks["pagers"].text
    assert checks["pager roles"].text == "no pager for admin, senior"
    assert checks["pager duty-1"].text == "it was never tried"


def test_how_each_did_is_told_by_the_state(tmp_path: Path) -> None:
    """Reached lately, long ago, or failed since."""
    some = pagers(tmp_path, *({"role": role, "run": ["/bin/true"]} for role in ("duty", "senior", "admin")))
    engine = Paging(some)
    engine.note("duty-1", NOW - 1_000, None)
    engine.note("senior-2", NOW - 60 * DAY, None)
    engine.note("admin-3", NOW - 2 * DAY, None)
    engine.note("admin-3", NOW - DAY, "it ended with status 1")
    path = tmp_path / "pages.json"
    path.write_bytes(paging_state.encode(engine))
    checks = found(path, *some)
    assert {name: one.result for name, one in checks.items() if name.startswith("pager ")} == {
        "pager roles": "ok",
        "pager duty-1": "ok",
        "pager senior-2": "warn",
        "pager admin-3": "fail",
    }
    assert "it failed 1 d ago: it ended with status 1" in checks["pager admin-3"].text


def test_what_cannot_work_on_this_machine_fails(tmp_path: Path) -> None:
    """A program that is not there or that others may change, a secret that others may read, a state that is none."""
    loose = tmp_path / "loose"
    loose.write_text("#!/bin/sh\n")
    loose.chmod(0o777)
    secret = tmp_path / "token"
    secret.write_text("x\n")
    secret.chmod(0o644)
    some = pagers(
        tmp_path,
        {"role": "duty", "run": ["/nonexistent/pager"]},
        {"role": "senior", "run": [str(loose)]},
        {"role": "admin", "webhook": "https://pager.example/x", "token_file": "token"},
    )
    path = tmp_path / "pages.json"
    path.write_text("{}")
    checks = found(path, *some)
    assert "is no program" in checks["pager duty-1"].text
    assert "may be changed by others" in checks["pager senior-2"].text
    assert "may be read by others" in checks["pager admin-3"].text
    assert checks["pages"].result == "warn"
