"""An audit of what the nodes serve: each party's log from its own node, and the mirrors of both beside them.

What both nodes show of one log must be of one log. Where it is not, the two signed checkpoints with the proof make a
file that anybody verifies. What was brought is kept where the auditor says so: the next time only what is new is asked
for, and a log that is another one by then shows.

    KEPT/<counterpart in the address>/<voice>/     an export of each, but its policy
    KEPT/evidence/<n>.evidence                     what shows that a log is two

Source: spec/audit.md, "Live logs".
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from hotline.audit_dirs import DirectoryEvidence, audit_evidence, read_policy
from hotline.errors import CouldNot, Misused
from hotline.live_logs import Address, Brought, Server, bring, compare, signed
from nodes.files import make_directory, write_file
from protocol.accusation import FORK, Accusation
from protocol.audit_entries import Progress
from protocol.checkpoint import Checkpoint
from protocol.errors import ProtocolError
from protocol.exported_log import CHECKPOINT_FILE
from protocol.finding import Report
from protocol.fork import Fork
from protocol.policy import Policy
from protocol.policy import parse as parse_policy

EVIDENCE_FOLDER: Final = "evidence"

Doing = Callable[[str, int, int], None]
"""Told what is being brought, how many files of it are here, and of how many."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """One voice as one node shows it."""

    address: Address
    voice: str
    place: Path
    brought: Brought

    @property
    def label(self) -> str:
        return f"{self.address.url.rstrip('/')}/{self.voice}"


@dataclass(frozen=True, slots=True)
class LiveAudit:
    """What a live audit found.

    Attributes:
        report: of the copies and of what is in them.
        shown: for each node and voice, by their short names, the newest checkpoint that the node shows.
        inside: the part of the report that is of the two own logs.
    """

    report: Report
    shown: Mapping[tuple[str, str], Checkpoint]
    inside: Report


def audit_live(
    addresses: Sequence[Address],
    policy: Path,
    context: ssl.SSLContext,
    kept: Path,
    *,
    at_ms: int,
    before: LiveAudit | None = None,
    doing: Doing | None = None,
    progress: Progress | None = None,
) -> LiveAudit:
    """Bring what both nodes serve, compare it, and audit it.

    Args:
        addresses: of both nodes, in any order.
        policy: the auditor's policy file.
        context: with the auditor's certificate.
        kept: directory for what is brought; what was brought before into it is compared.
        at_ms: now, UTC milliseconds.
        before: of the last time: where both logs are as they were, they are not judged again.
        doing: hears what is being brought.
        progress: hears how many entries are judged.

    Raises:
        Misused: the two addresses are of one node.
        CouldNot: `log-not-served`: a party's own log cannot be had from its node.
        AuditMisused: as `audit_directories`.
    """
    first, second = addresses
    if first.counterpart == second.counterpart:
        raise Misused("usage", f"both addresses are of the node whose counterpart is {first.counterpart}")
    text = read_policy(policy)
    keys = parse_policy(text)
    report = Report()
    copies: dict[tuple[str, str], _Copy] = {}
    for address, own in ((first, second.counterpart), (second, first.counterpart)):
        with closing(Server(address, context)) as server:
            for voice in (own, address.counterpart):
                try:
                    copy = _bring(server, voice, kept, keys, doing)
                except CouldNot as error:
                    if voice == own:
                        raise
                    # A mirror is a second view; a node that does not show it hides nothing of its own log.
                    report.add(error.code, "unchecked", f"{address.url}/{voice}", error.text)
                    report.not_checked.append(f"the copy of {voice} at the node of {own}")
                    continue
                _refuse_borrowed(copy, own, copies)
                copies[own, voice] = copy
                _judge_brought(copy, keys, kept, report)
    for voice, other in ((second.counterpart, first.counterpart), (first.counterpart, second.counterpart)):
        mirror = copies.get((other, voice))
        if mirror is not None:
            _judge_copies(copies[voice, voice], mirror, keys, kept, report)
    shown = {place: copy.brought.checkpoint for place, copy in copies.items()}
    logs = [copies[voice, voice] for voice in (second.counterpart, first.counterpart)]
    if before is not None and all(before.shown.get(place) == shown[place] for place in shown if place[0] == place[1]):
        inside = before.inside
    else:
        inside = audit_evidence(_evidence(logs[0]), _evidence(logs[1]), text, at_ms=at_ms, progress=progress)
    return LiveAudit(_joined(report, inside), shown, inside)


def _bring(server: Server, voice: str, kept: Path, policy: Policy, doing: Doing | None) -> _Copy:
    place = kept / server.address.counterpart / voice
    what = f"{server.address.url}/{voice}"
    told = None if doing is None else lambda done, total: doing(what, done, total)
    return _Copy(server.address, voice, place, bring(server, voice, place, policy, told=told))


def _refuse_borrowed(copy: _Copy, own: str, copies: Mapping[tuple[str, str], _Copy]) -> None:
    """A node that shows the log of the other party as its own shows none of its own.

    Raises:
        CouldNot: `log-not-served`.
    """
    party = copy.brought.checkpoint.origin.rpartition("/")[0]
    for (node, voice), other in copies.items():
        if copy.voice == own and voice == node and other.brought.checkpoint.origin.rpartition("/")[0] == party:
            raise CouldNot("log-not-served", f"{copy.label} and {other.label} are of one party's log")


def _evidence(copy: _Copy) -> DirectoryEvidence:
    found = DirectoryEvidence(copy.place)
    found.label = copy.label
    return found


def _judge_brought(copy: _Copy, policy: Policy, kept: Path, report: Report) -> None:
    """What a node shows today and what it showed before."""
    brought = copy.brought
    if brought.fork is not None:
        _judge_fork(brought.fork, copy.label, "what it shows now and what it showed before", policy, kept, report)
    elif brought.went_back:
        text = f"it shows {brought.checkpoint.size} entries, and showed more before; those that are here are audited"
        report.add("log-went-back", "warning", copy.label, text)


def _judge_copies(own: _Copy, mirror: _Copy, policy: Policy, kept: Path, report: Report) -> None:
    """What both nodes show of one log, as it lies here."""
    where = f"{own.label} and {mirror.label}"
    both = []
    for copy in (own, mirror):
        note = (copy.place / CHECKPOINT_FILE).read_bytes()
        try:
            both.append((signed(note, policy), note, copy))
        except ProtocolError as error:
            if copy is mirror:
                report.add(error.code, "refuted", f"{copy.label}/{CHECKPOINT_FILE}", error.text)
            # The audit says it of the log itself.
            return
    both.sort(key=lambda one: one[0].size)
    (shorter, short_note, _), (longer, long_note, long) = both
    if shorter.origin != longer.origin:
        report.add("copies-differ", "refuted", where, "they are of two logs")
        return
    fork = compare((short_note, shorter), (long_note, longer), long.place)
    if fork is None:
        report.checked.append(f"copies of {own.voice}: {both[0][0].size} and {both[1][0].size} entries of one log")
    else:
        _judge_fork(fork, where, "the two copies", policy, kept, report)


def _judge_fork(fork: Fork, where: str, what: str, policy: Policy, kept: Path, report: Report) -> None:
    try:
        fork.check(policy.log_keys(signed(fork.first, policy).origin))
    except ProtocolError as error:
        text = f"{what} do not fit together, and nothing signed shows two logs: {error}"
        report.add("copies-differ", "unchecked", where, text)
        return
    data = Accusation(FORK, fork.objects()).encode()
    folder = kept / EVIDENCE_FOLDER
    make_directory(folder)
    path = folder / f"{sha256(data).hexdigest()[:16]}.evidence"
    write_file(path, data, mode=0o644)
    text = f"{what} are signed and cannot be of one log; anybody verifies it: hotline verify {path} --policy POLICY"
    report.add("copies-differ", "refuted", where, text)


def _joined(live: Report, inside: Report) -> Report:
    """What was found of the copies, and behind it what was found in them."""
    severities = {*live.counts, *inside.counts}
    return replace(
        inside,
        findings=[*live.findings, *inside.findings],
        counts={one: live.counts.get(one, 0) + inside.counts.get(one, 0) for one in severities},
        checked=[*inside.checked, *live.checked],
        not_checked=[*inside.not_checked, *live.not_checked],
    )
