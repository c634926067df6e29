"""The evidence: what an auditor who trusts neither party gets, and what that auditor finds.

Exports, the audit and a receipt of each voice are made and checked by the command line in processes of their own, which
are given files and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.demo.cast import Desks, Placed
from hotline.demo.checks import Check
from hotline.demo.processes import run_command
from hotline.demo.stage import Side
from keys.errors import KeysError
from nodes.files import make_directory, read_file
from protocol.errors import ProtocolError
from protocol.policy import parse as parse_policy
from protocol.receipt import verify_receipt

VERIFIED = "verified"
REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit found.

    Attributes:
        verdict: verified, refuted or unchecked; or "none" where it did not come to one.
        checked: how many things it says it checked.
        findings: code, severity, where and text of each.
    """

    verdict: str
    checked: int
    findings: tuple[Mapping[str, Any], ...]


def write_receipts(directory: Path, desks: Mapping[str, Desks], said: Sequence[Placed]) -> list[Path]:
    """Ask each node for the receipts of its own statements and write them to files."""
    folder = directory / "receipts"
    make_directory(folder)
    written = []
    for placed in said:
        path = folder / f"{placed.event.voice}-{placed.index}.tlog-proof"
        path.write_bytes(desks[placed.event.voice].receipt(placed))
        written.append(path)
    return written


def check_receipts(files: Sequence[Path], policy: Path) -> Check:
    """Verify every receipt against the policy: all here, and the last of each voice by the command line."""
    trusted = parse_policy(read_file(policy))
    refused = []
    for path in files:
        try:
            verify_receipt(path.read_bytes(), trusted)
        except (ProtocolError, KeysError) as error:
            refused.append(f"{path.name}: {error}")
    last = {path.name.partition("-")[0]: path for path in files}
    for path in last.values():
        done = run_command("verify", path, "--policy", policy, "--json")
        if done.returncode != 0:
            refused.append(f"{path.name}: hotline verify ends with {done.returncode}")
    text = f"{len(files)} receipts verify against the policy, {len(last)} of them by hotline verify"
    return Check("receipts", not refused, "; ".join(refused[:3]) or text)


def export_voices(directory: Path, sides: Sequence[Side]) -> Check:
    """Let each stopped node's home export its own voice."""
    folder = directory / "exports"
    make_directory(folder)
    failed = []
    for side in sides:
        out = folder / side.actor.short
        done = run_command("--home", side.home.path, "--no-input", "log", "export", out, "--json")
        if done.returncode != 0:
            failed.append(f"{side.actor.short}: {(done.stdout or done.stderr).strip()[:300]}")
    return Check("exports", not failed, "; ".join(failed) or "each party has exported its own voice, without a key")


def audit(directory: Path, sides: Sequence[Side], policy: Path) -> tuple[Audit, Check]:
    """Audit the exports in a process of its own, with the policy that was made at the pairing."""
    exports = [directory / "exports" / side.actor.short for side in sides]
    done = run_command("audit", *exports, "--policy", policy, "--page", directory / REPORT, "--json")
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = {"error": {"code": "internal-error", "text": (done.stderr or done.stdout).strip()[-300:]}}
    found = Audit(
        verdict=str(told.get("verdict", "none")),
        checked=len(told.get("checked", ())),
        findings=tuple(told.get("findings", ())),
    )
    ok = found.verdict == VERIFIED and done.returncode == 0
    problem = told.get("error") or [one for one in found.findings if one.get("severity") == "refuted"]
    text = f"verdict {found.verdict}, exit status {done.returncode}"
    return found, Check("audit", ok, text if ok else f"{text}: {str(problem)[:400]}")
