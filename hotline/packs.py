"""Evidence packs as an auditor reads them. A pack comes from somebody who may want to fool whoever opens it.

Everything in it is stored as it is: a file that says it is compressed is none of ours, and all of them together have no
more bytes than the pack, so nothing grows when it is read. How long the list of files is, and how many it names, is
known before the list is read.

Source: spec/audit.md, "Packs"; PKWARE APPNOTE 6.3, sections 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import json
import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Final

from hotline.audit_dirs import BUNDLES, FILE_BYTES_MAX, FILES_MAX, OTHER_BYTES_MAX, audit_evidence, read_policy
from nodes.pack import DISCLOSED, HEAD_FILE
from protocol.audit import AuditMisused
from protocol.audit_disclosure import Opened
from protocol.audit_entries import Progress
from protocol.disclosure import AUDIENCES
from protocol.finding import Report
from protocol.limits import TIME_MS_MAX

LIST_BYTES_MAX: Final = 256 * 1024 * 1024
"""Bytes of the list of files: a million names of some 200 bytes."""

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_END64_AT: Final = struct.Struct("<4sLQL")
_LISTED: Final = struct.Struct("<4s24x3H12x")
_VOICE: Final = re.compile(r"[A-Z]{2,4}")
_OPENED: Final = re.compile(rf"{DISCLOSED}/([A-Z]{{2,4}})/(0|[1-9][0-9]{{0,14}})")
_LEAF: Final = re.compile(r"[0-9a-f]{64}")


class PackEvidence:
    """The files of one voice in a pack; see `protocol.evidence.Evidence`."""

    def __init__(self, pack: Pack, voice: str) -> None:
        self.label = f"{pack.path}/{voice}"
        self._pack = pack
        self._prefix = f"{voice}/"

    def names(self) -> Iterable[str]:
        """See Evidence."""
        return [name.removeprefix(self._prefix) for name in self._pack.files if name.startswith(self._prefix)]

    def odd(self) -> Iterable[str]:
        """See Evidence."""
        return [name.removeprefix(self._prefix) for name in self._pack.odd if name.startswith(self._prefix)]

    def read(self, name: str) -> bytes | None:
        """See Evidence."""
        return self._pack.read(self._prefix + name)


class Pack:
    """A pack. Close it after use.

    Args:
        path: the file.

    Attributes:
        files: what is stored as it should be, by name.
        odd: names of everything else in it.
        voices: the two folders.

    Raises:
        AuditMisused: `pack-malformed`; it is no pack.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise AuditMisused("pack-malformed", str(path), f"cannot be read: {error.strerror}") from error
        try:
            _check_end(self._file, path)
            self._archive = zipfile.ZipFile(self._file)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            self._file.close()
            raise AuditMisused("pack-malformed", str(path), f"this is no pack: {error}") from error
        except AuditMisused:
            self._file.close()
            raise
        self.files: dict[str, zipfile.ZipInfo] = {}
        self.odd: list[str] = []
        for info in self._archive.infolist():
            plain = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
            # The library ends a name at its first NUL; under the name that is left lies something else.
            named = info.orig_filename == info.filename and info.filename not in self.files
            if plain and named and not info.flag_bits & 1 and not info.is_dir():
                self.files[info.filename] = info
            else:
                self.odd.append(info.orig_filename)
        if sum(info.file_size for info in self.files.values()) > path.stat().st_size:
            self.close()
            raise AuditMisused("pack-malformed", str(path), "its files would have more bytes than it has")
        folders = {name.partition("/")[0] for name in (*self.files, *self.odd) if "/" in name}
        self.voices = sorted(name for name in folders if _VOICE.fullmatch(name))
        if len(self.voices) != 2:
            self.close()
            raise AuditMisused("pack-malformed", str(path), "a pack has the exports of two voices")

    def evidence(self) -> tuple[PackEvidence, PackEvidence]:
        """The two exports."""
        first, second = self.voices
        return PackEvidence(self, first), PackEvidence(self, second)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where it is absent, or is not what the list says."""
        info = self.files.get(name)
        if info is None:
            return None
        bytes_max = FILE_BYTES_MAX if name.partition("/")[2].startswith(BUNDLES) else OTHER_BYTES_MAX
        try:
            with self._archive.open(info) as file:
                return file.read(bytes_max + 1)
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OverflowError):
            return None

    def opened(self) -> Opened | None:
        """The opened fields that it has, if it is for an audience.

        Raises:
            AuditMisused: `pack-malformed`; it says that it is, and not for which, or when.
        """
        try:
            head: Any = json.loads(self.read(HEAD_FILE) or b"null")
        except (ValueError, RecursionError):
            head = None
        if not isinstance(head, dict) or head.get("audience") is None:
            return None
        audience, thread, at_ms = head["audience"], head.get("thread"), head.get("disclosed_at_ms", -1)
        timed = isinstance(at_ms, int) and not isinstance(at_ms, bool) and 0 <= at_ms <= TIME_MS_MAX
        if (
            audience not in AUDIENCES[1:]
            or not timed
            or not (thread is None or (type(thread) is str and _LEAF.fullmatch(thread)))
        ):
            raise AuditMisused("pack-malformed", str(self.path), f"{HEAD_FILE} does not say to whom fields are opened")
        fields = {}
        for name in self.files:
            match = _OPENED.fullmatch(name)
            data = None if match is None else self.read(name)
            if match is not None and data is not None:
                fields[match[1], int(match[2])] = data
        return Opened(
            audience=audience,
            at_ms=int(at_ms),
            thread=None if thread is None else bytes.fromhex(thread),
            fields=fields,
            label=f"{self.path}/{DISCLOSED}",
        )

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()
        self._file.close()


def _place(party: str, index: int) -> str:
    return f"{DISCLOSED}/{party}/{index}"


def _check_end(file: BinaryIO, path: Path) -> None:
    """See how long the list of files is, and how many it names, before anybody reads it. Ours has no comment behind it.

    The library reads the wide end record wherever its locator stands, whatever the short one says, and as many names as
    the bytes of the list have: so does this.
    """
    size = path.stat().st_size
    if not stat.S_ISREG(path.stat().st_mode) or size < _END.size:
        raise AuditMisused("pack-malformed", str(path), "this is no pack")
    no_end = AuditMisused("pack-malformed", str(path), "this is no pack: its end is not that of one")
    file.seek(size - _END.size)
    mark, *_, count, list_bytes, at, comment = _END.unpack(file.read(_END.size))
    if mark != b"PK\x05\x06" or comment:
        raise no_end
    narrow, behind = (count, list_bytes, at), _END.size
    if size >= behind + _END64_AT.size + _END64.size:
        file.seek(size - behind - _END64_AT.size)
        located = file.read(4) == b"PK\x06\x07"
    else:
        located = False
    if located:
        behind += _END64_AT.size + _END64.size
        file.seek(size - behind)
        mark, *_, count, list_bytes, at = _END64.unpack(file.read(_END64.size))
        if mark != b"PK\x06\x06":
            raise no_end
    limits = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    if narrow != tuple(map(min, (count, list_bytes, at), limits)) or (not located and narrow[0] == limits[0]):
        raise no_end
    if count > FILES_MAX or list_bytes > LIST_BYTES_MAX:
        raise AuditMisused("pack-malformed", str(path), "it lists more files than a pack can have")
    if at + list_bytes != size - behind or not _lists(file, at, count, list_bytes):
        raise AuditMisused("pack-malformed", str(path), "its list is not of so many files, or not where it should be")
    file.seek(0)


def _lists(file: BinaryIO, at: int, count: int, list_bytes: int) -> bool:
    """Whether the list has exactly so many names."""
    file.seek(at)
    for _ in range(count):
        data = file.read(_LISTED.size)
        if len(data) < _LISTED.size:
            return False
        mark, *lengths = _LISTED.unpack(data)
        list_bytes -= _LISTED.size + sum(lengths)
        if mark != b"PK\x01\x02" or list_bytes < 0:
            return False
        file.seek(sum(lengths), os.SEEK_CUR)
    return list_bytes == 0


def audit_pack(path: Path, policy: Path, *, at_ms: int, progress: Progress | None = None) -> Report:
    """Audit both voices of a pack; arguments and errors as for `hotline.audit_dirs.audit_directories`.

    Raises:
        AuditMisused: likewise, and `pack-malformed`.
    """
    text = read_policy(policy)
    pack = Pack(path)
    try:
        first, second = pack.evidence()
        opened = pack.opened()
        report = audit_evidence(first, second, text, at_ms=at_ms, progress=progress, opened=opened)
    finally:
        pack.close()
    known = set() if opened is None else {_place(*one) for one in opened.fields}
    for name in sorted(set(pack.files) | set(pack.odd)):
        if name != HEAD_FILE and name not in known and name.partition("/")[0] not in pack.voices:
            report.add("file-unexpected", "refuted", f"{path}/{name}", "no pack has such a file")
    return report
