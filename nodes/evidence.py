"""Evidence: the signed objects behind an alarm, kept on disk as they came, for a third party.

One file an alarm: a canonical map of name to bytes, beside the code and the time. Nothing in it is secret: notes, beats
and frames carry headers and signatures only. There is room for a fixed number; a peer that keeps misbehaving fills no
disk.

Source: spec/channel.md, "Evidence".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nodes.errors import FileRefused
from nodes.files import make_directory, write_file
from protocol import canonical

FILES_MAX = 64
"""The first ones are kept: they show how it began."""


def keep(directory: Path, *, code: str, at_ms: int, objects: Mapping[str, bytes]) -> Path | None:
    """Keep the objects behind an alarm.

    Args:
        directory: of the channel's evidence.
        code: of the alarm.
        at_ms: when it was raised, UTC milliseconds.
        objects: signed bytes by name.

    Returns:
        The file, or None where there is nothing to keep, no room for more, or the same is kept already.

    Raises:
        FileRefused: the file system refused.
    """
    if not objects:
        return None
    make_directory(directory)
    if len(list(directory.iterdir())) >= FILES_MAX:
        return None
    path = directory / f"{at_ms}-{code}.evidence"
    try:
        write_file(path, canonical.encode({"at_ms": at_ms, "code": code, "objects": dict(objects)}), replace=False)
    except FileRefused as error:
        if error.code == "file-exists":
            return None
        raise
    return path
