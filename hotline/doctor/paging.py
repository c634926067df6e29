"""Whether people can be reached: pagers for each role that is called, when each was tried, and how it did."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hotline.doctor.check import Check
from hotline.zulu import duration
from nodes import paging_state
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.pagers.errors import PagerFailed
from nodes.pagers.terms import MailTerms, Pager, ProgramTerms, WebhookTerms
from nodes.pagers.tls import context_of, secret_of
from nodes.paging import Paging
from nodes.paging_rules import EVENTS, STEPS, WAITED_FOR

TEST_OLD_MS = 30 * 86_400_000
CALLED = ("duty", "senior", "admin")
"""Roles without which an event goes to somebody who was not meant."""


def examine(path: Path, pagers: Sequence[Pager], now_ms: int) -> Iterator[Check]:
    """Look at the pagers of the settings.

    Args:
        path: of the state of paging.
        pagers: of the settings.
        now_ms: this machine's clock, UTC milliseconds.
    """
    if not pagers:
        fix = "Add [[page]] to node.toml for duty, senior and admin; docs/administrator.md has examples."
        yield Check(name="pagers", result="warn", text="there is none: nobody is called", fix=fix)
        return
    yield _events(pagers)
    yield _roles(pagers)
    reached, problem = _reached(path, pagers)
    if problem:
        fix = "Move the file away; the node begins a new one, and may call people again for what stands."
        yield Check(name="pages", result="warn", text=problem, fix=fix)
    for pager in pagers:
        yield _pager(pager, reached.get(pager.name, {}), now_ms)


def _events(pagers: Sequence[Pager]) -> Check:
    called = {event for pager in pagers for event in pager.events}
    missing = [event for event in EVENTS if event not in called]
    if not missing:
        return Check(name="pagers", result="ok", text=f"{len(pagers)}; each event calls somebody")
    fix = "Name them in events of a [[page]], or leave events out for all."
    return Check(name="pagers", result="warn", text=f"nobody is called for {', '.join(missing)}", fix=fix)


def _roles(pagers: Sequence[Pager]) -> Check:
    there = {pager.role for pager in pagers}
    first = {step.roles[0] for steps in STEPS.values() for step in steps} - {WAITED_FOR}
    missing = sorted(first.intersection(CALLED) - there)
    if not missing:
        return Check(name="pager roles", result="ok", text=f"reached: {', '.join(sorted(there))}")
    fix = f"Add a [[page]] for each; until then their calls go to {', '.join(sorted(there))}."
    return Check(name="pager roles", result="warn", text=f"no pager for {', '.join(missing)}", fix=fix)


def _reached(path: Path, pagers: Sequence[Pager]) -> tuple[Mapping[str, Mapping[str, Any]], str]:
    """How each did, by the state that the node keeps; nothing where there is none yet."""
    if not path.exists():
        return {}, ""
    engine = Paging(pagers)
    try:
        paging_state.load(engine, read_file(path, bytes_max=paging_state.STATE_BYTES_MAX))
    except (NodeError, paging_state.StateRefused) as error:
        return {}, f"{path.name} cannot be read: {error}"
    found = {
        name: {"ok_ms": one.ok_ms, "failed_ms": one.failed_ms, "tested_ms": one.tested_ms, "problem": one.problem}
        for name, one in engine.reached.items()
    }
    return found, ""


def _pager(pager: Pager, reached: Mapping[str, Any], now_ms: int) -> Check:
    name = f"pager {pager.name}"
    problem = _target(pager)
    if problem:
        return Check(name=name, result="fail", text=problem, fix="Correct node.toml, or what it names.")
    ok_ms, failed_ms = reached.get("ok_ms", 0), reached.get("failed_ms", 0)
    again = f"Mend it, then: hotline pages test {pager.role}"
    if failed_ms > ok_ms:
        text = f"it failed {duration(max(0, now_ms - failed_ms))} ago: {reached['problem']}"
        return Check(name=name, result="fail", text=text, fix=again)
    if not ok_ms:
        return Check(name=name, result="warn", text="it was never tried", fix=f"hotline pages test {pager.role}")
    text = f"{pager.way}, reached {duration(max(0, now_ms - ok_ms))} ago"
    if now_ms - ok_ms > TEST_OLD_MS:
        return Check(name=name, result="warn", text=text, fix=f"Try it: hotline pages test {pager.role}")
    return Check(name=name, result="ok", text=text)


def _target(pager: Pager) -> str:
    """What of a pager cannot work on this machine; empty for nothing that shows."""
    target = pager.target
    if isinstance(target, ProgramTerms):
        program = Path(target.arguments[0])
        if not program.is_file() or not os.access(program, os.X_OK):
            return f"{program} is no program that can be run"
        if program.stat().st_mode & 0o022:
            return f"{program} may be changed by others"
        return ""
    secret = target.token_file if isinstance(target, WebhookTerms) else target.password_file
    try:
        if secret is not None:
            secret_of(secret)
        if isinstance(target, MailTerms) or target.url.startswith("https:"):
            context_of(target.ca_file)
    except PagerFailed as error:
        return error.text
    return ""
