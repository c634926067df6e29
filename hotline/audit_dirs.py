"""An audit of two directories.

The directories come from somebody who may want to fool the auditor: links are never followed, nothing but plain files
is read, and no more of a file than any export's file can have.
"""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hotline.verifying import verifier
from nodes.resources import catalogue, catalogue_of, journal_catalogue
from protocol.audit import AuditMisused, audit
from protocol.audit_disclosure import Opened
from protocol.audit_entries import Progress
from protocol.checkpoint import parse_text
from protocol.errors import ProtocolError
from protocol.evidence import Evidence
from protocol.exported_log import CHECKPOINT_FILE
from protocol.finding import Report
from protocol.journal_audit import audit_journal, is_journal_export
from protocol.kinds import Catalogue
from protocol.limits import ENTRY_BYTES_MAX
from protocol.note import parse as parse_note
from protocol.policy import POLICY_BYTES_MAX
from protocol.tiles import TILE_WIDTH

FILE_BYTES_MAX: Final = TILE_WIDTH * (ENTRY_BYTES_MAX + 2)
"""Bytes of the largest file: a bundle of 256 entries of the largest size."""

BUNDLES: Final = "tile/entries/"

OTHER_BYTES_MAX: Final = 512 * 1024
"""Bytes of the largest file that is no bundle; checkpoints, documents and tiles of hashes all have fewer."""

GC_ALLOCATIONS: Final = 100_000
"""Objects that an audit makes before cycles are looked for."""

FILES_MAX: Final = 1_000_000
DEPTH_MAX: Final = 10


class DirectoryEvidence:
    """The files of an export in a directory; see `protocol.evidence.Evidence`."""

    def __init__(self, path: Path) -> None:
        self.label = str(path)
        self._path = path
        self._odd: list[str] = []
        self._names: set[str] = set()
        self._list(path, "", 0)

    def _list(self, directory: Path, prefix: str, depth: int) -> None:
        with os.scandir(directory) as found:
            for item in found:
                name = prefix + item.name
                if item.is_dir(follow_symlinks=False) and depth < DEPTH_MAX:
                    self._list(Path(item.path), f"{name}/", depth + 1)
                elif item.is_file(follow_symlinks=False) and len(self._names) < FILES_MAX:
                    self._names.add(name)
                elif len(self._odd) < FILES_MAX:
                    self._odd.append(name)

    def names(self) -> Iterable[str]:
        """See Evidence."""
        return self._names

    def odd(self) -> Iterable[str]:
        """See Evidence."""
        return sorted(self._odd)

    def read(self, name: str) -> bytes | None:
        """See Evidence. A file that became something else since the listing counts as absent."""
        if name not in self._names:
            return None
        bytes_max = FILE_BYTES_MAX if name.startswith(BUNDLES) else OTHER_BYTES_MAX
        try:
            return _read(self._path / name, bytes_max, os.O_NOFOLLOW)
        except OSError:
            return None


def _read(path: Path, bytes_max: int, flags: int = 0) -> bytes | None:
    """A file's bytes, or None where it is no plain file. One byte too many shows that a file is none of ours: it may
    have no end, or be a hole of any length."""
    # Not waiting matters for a pipe, which has no end either until somebody writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    with os.fdopen(handle, "rb") as file:
        return file.read(bytes_max + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def audit_directories(
    first: Path,
    second: Path,
    policy: Path,
    *,
    at_ms: int,
    kinds: Catalogue | None = None,
    progress: Progress | None = None,
) -> Report:
    """Audit the exports of two voices.

    Args:
        first: directory of one voice's export.
        second: directory of the other's; the order does not matter.
        policy: the auditor's policy file.
        at_ms: now, UTC milliseconds.
        kinds: the catalogue at hand, by default those that come with this program.
        progress: told how many entries are judged, and of how many.

    Returns:
        The report. Its first finding says so if the policy lies inside what is audited.

    Raises:
        AuditMisused: `audit-no-directory`, `policy-unreadable`, a policy that does not read, or two exports of one log.
    """
    evidence = [_directory(path) for path in (first, second)]
    text = read_policy(policy)
    if first.resolve() == second.resolve():
        raise AuditMisused("voices-not-two", str(first), "both directories are one; give one export of each party")
    report = audit_evidence(evidence[0], evidence[1], text, at_ms=at_ms, kinds=kinds, progress=progress)
    _warn_of_policy(report, (first, second), policy)
    return report


def audit_evidence(
    first: Evidence,
    second: Evidence,
    policy: bytes,
    *,
    at_ms: int,
    kinds: Catalogue | None = None,
    progress: Progress | None = None,
    opened: Opened | None = None,
) -> Report:
    """Audit two exports, wherever their files lie; arguments as for `audit_directories`, with the policy's bytes, and
    with what was opened of the statements.

    Raises:
        AuditMisused: a policy that does not read, or two exports of one log.
    """
    newest, earlier = (catalogue(), catalogue_of) if kinds is None else (kinds, None)
    with seldom_collected(), verifier(_claimed_size(first) + _claimed_size(second)) as verify:
        return audit(
            first,
            second,
            policy,
            catalogue=newest,
            earlier=earlier,
            at_ms=at_ms,
            verify=verify,
            progress=progress,
            opened=opened,
        )


def _warn_of_policy(report: Report, directories: Sequence[Path], policy: Path) -> None:
    for path in directories:
        if policy.resolve().is_relative_to(path.resolve()):
            text = f"it lies inside {path}, which is what it is to judge"
            report.add("policy-inside-evidence", "warning", str(policy), text)


def audit_journals(directories: Sequence[Path], policy: Path) -> Report | None:
    """Audit one export of a journal, or two of the same one.

    Args:
        directories: one or two.
        policy: the auditor's policy file.

    Returns:
        The report; None where they are not exports of a journal.

    Raises:
        AuditMisused: `audit-no-directory`, `policy-unreadable`, or `voices-not-two` where only one of two is.
    """
    evidence = [_directory(path) for path in directories]
    journals = [is_journal_export(one) for one in evidence]
    if not any(journals):
        return None
    if not all(journals) or len({path.resolve() for path in directories}) < len(directories):
        raise AuditMisused("voices-not-two", str(directories[-1]), "give one journal, or two exports of the same one")
    report = audit_journal(evidence, read_policy(policy), journal_catalogue())
    _warn_of_policy(report, directories, policy)
    return report


def _directory(path: Path) -> DirectoryEvidence:
    if not path.is_dir():
        raise AuditMisused("audit-no-directory", str(path), "there is no export or pack of that name")
    try:
        return DirectoryEvidence(path)
    except OSError as error:
        raise AuditMisused("audit-no-directory", str(path), f"cannot be read: {error.strerror}") from error


def read_policy(path: Path) -> bytes:
    """An auditor's policy file.

    Raises:
        AuditMisused: `policy-unreadable`.
    """
    try:
        text = _read(path, POLICY_BYTES_MAX)
    except OSError as error:
        raise AuditMisused("policy-unreadable", str(path), f"cannot be read: {error.strerror}") from error
    if text is None:
        raise AuditMisused("policy-unreadable", str(path), "this is not a plain file")
    return text


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles less often meanwhile. An audit makes some fifty objects for each entry and next to no cycles; to
    look for them after every 700 takes a tenth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(GC_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _claimed_size(evidence: Evidence) -> int:
    """What the checkpoint says, unverified: only for choosing how to verify."""
    try:
        return parse_text(parse_note(evidence.read(CHECKPOINT_FILE) or b"").text).size
    except ProtocolError:
        return 0
