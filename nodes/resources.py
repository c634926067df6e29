"""Data that comes with the package: the catalogue of kinds, and those of earlier versions.

An agreement names its catalogue by digest, for good. So every catalogue that was ever in force stays readable: of an
earlier one the package keeps the files that were changed since and the names of those that were not there yet. Earlier
ones have the kinds that people send as the newest has them; where that ends, a channel's forms come from its own.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from protocol.kinds import Catalogue, catalogue_digest

_PACKAGE = resources.files("protocol")
_BEFORE = _PACKAGE / "catalogue_before"
_WITHOUT = "without.toml"


def catalogue_files() -> dict[str, bytes]:
    """Give the catalogue's files by their name inside it, such as "kinds/notification.toml"."""
    return _files(_PACKAGE / "catalogue")


def _files(root: Traversable) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    pending = [(root, "")]
    while pending:
        directory, prefix = pending.pop()
        for item in directory.iterdir():
            name = f"{prefix}{item.name}"
            if item.is_dir():
                pending.append((item, f"{name}/"))
            elif name.endswith(".toml"):
                files[name] = item.read_bytes()
    return files


@cache
def catalogue() -> Catalogue:
    """Load the newest catalogue of kinds once a process."""
    return Catalogue.load(catalogue_files())


def earlier_catalogues() -> tuple[bytes, ...]:
    """The digests of the earlier catalogues that are kept."""
    return tuple(sorted(bytes.fromhex(item.name) for item in _BEFORE.iterdir() if item.is_dir()))


@cache
def catalogue_of(digest: bytes) -> Catalogue | None:
    """The catalogue that an agreement names, or None where this version never had it.

    Args:
        digest: as in the agreement.
    """
    if digest == catalogue().digest:
        return catalogue()
    if digest not in earlier_catalogues():
        return None
    changed = _files(_BEFORE / digest.hex())
    without = tomllib.loads(changed.pop(_WITHOUT).decode())["without"]
    files = {name: data for name, data in (catalogue_files() | changed).items() if name not in without}
    return Catalogue.load(files) if catalogue_digest(files) == digest else None
