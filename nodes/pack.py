"""An evidence pack: the exports of both voices of a channel in one file, to be handed on.

A ZIP archive without compression, so that every tool opens it and a verifier knows the size of everything before it
reads it. `ARC/` and `BOR/` have the files of the two exports; `pack.json` says who made it, when and of what. It is
written beside its place and then put there: a pack that is there is whole.

Source: spec/audit.md, "Packs"; PKWARE APPNOTE 6.3.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nodes.errors import FileRefused
from nodes.export import ExportRefused, export_files
from nodes.files import sync_directory
from nodes.past import Past
from nodes.store import LogStore
from protocol.agreement import Agreement
from protocol.tagged import Hash

FORMAT: Final = "hotline/1/pack"
HEAD_FILE: Final = "pack.json"
DISCLOSED: Final = "disclosed"
"""The folder of opened fields."""

_WRITTEN: Final = (1980, 1, 1, 0, 0, 0)
"""The time that every file in it has: the same logs give the same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """Opened fields that go into a pack.

    Attributes:
        audience: for whom.
        thread: leaf hash of the opener of the one thread that was chosen, or None.
        at_ms: when they were opened, UTC milliseconds.
        fields: encoded lists of disclosures, by party and index.
    """

    audience: str
    thread: Hash | None
    at_ms: int
    fields: Mapping[tuple[str, int], bytes]


Disclose = Callable[[dict[str, int]], Disclosed]
"""Gives the opened fields for the two voices at sizes: so many entries of each, with those of its logs before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A finished pack.

    Attributes:
        path: the file.
        sizes: entries, by voice.
        files: how many are in it.
        bytes: of the pack.
        statements: of which fields are opened in it.
    """

    path: Path
    sizes: dict[str, int]
    files: int
    bytes: int
    statements: int = 0


def pack(
    store: LogStore, out: Path, *, agreement: Agreement, past: Past, at_ms: int, disclose: Disclose | None = None
) -> Packed:
    """Write a pack.

    Args:
        store: of the channel; reading only, so the node may run.
        out: a file that does not exist.
        agreement: the one that founds the channel.
        past: the logs of the channel that ended.
        at_ms: now, UTC milliseconds.
        disclose: gives opened fields that go with the logs; None for none.

    Raises:
        ExportRefused: as `nodes.export.export_files`, and `export-exists`.
        FileRefused: `file-not-written`.
    """
    if out.exists():
        raise ExportRefused("export-exists", f"{out} exists already")
    voices = sorted((store.own, store.their))
    exports = {voice: export_files(store, voice, agreement=agreement, past=past) for voice in voices}
    sizes = {voice: checkpoint.size for voice, (checkpoint, _) in exports.items()}
    head: dict[str, Any] = {"format": FORMAT, "made_by": store.own, "made_at_ms": at_ms, "sizes": sizes}
    opened: list[tuple[str, bytes]] = []
    if disclose is not None:
        whole = {voice: size + sum(one.size for one in past.of(voice)) for voice, size in sizes.items()}
        disclosed = disclose(whole)
        head |= {
            "audience": disclosed.audience,
            "thread": None if disclosed.thread is None else disclosed.thread.hex(),
            "disclosed_at_ms": disclosed.at_ms,
        }
        opened = [(f"{DISCLOSED}/{voice}/{index}", data) for (voice, index), data in sorted(disclosed.fields.items())]
    part = out.with_name(f".{out.name}.part")
    count = 1
    try:
        with part.open("xb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                _add(archive, HEAD_FILE, json.dumps(head, sort_keys=True, indent=1).encode() + b"\n")
                for voice, (_, files) in exports.items():
                    for name, data in files:
                        _add(archive, f"{voice}/{name}", data)
                        count += 1
                for name, data in opened:
                    _add(archive, name, data)
                    count += 1
            file.flush()
            os.fsync(file.fileno())
            written = file.tell()
        part.rename(out)
        sync_directory(out.parent)
    except OSError as error:
        raise FileRefused("file-not-written", out, error.strerror or str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    return Packed(path=out, sizes=sizes, files=count, bytes=written, statements=len(opened))


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_WRITTEN)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)
