"""Data that comes with the package: the catalogue of kinds, those of earlier versions, and the files of languages.

An agreement names its catalogue by digest, for good. So every catalogue that was ever in force stays readable: an
earlier one is kept whole, or as what it has otherwise than a later one that is. What a statement means is read in the
catalogue that it names, and what may be said on a channel in the one that its agreement names.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from protocol import parsed_files
from protocol.journal_kinds import JournalCatalogue
from protocol.kinds import Catalogue, catalogue_digest

_PACKAGE = resources.files("protocol")
_BEFORE = _PACKAGE / "catalogue_before"
_DIFFERENCE = "difference.toml"


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
    return Catalogue.load(catalogue_files(), parsed_files.read_parsed((_PACKAGE / parsed_files.NAME).read_bytes()))


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
    files = _earlier_files(digest.hex())
    return Catalogue.load(files) if catalogue_digest(files) == digest else None


def _earlier_files(name: str) -> dict[str, bytes]:
    """The files of an earlier catalogue: those that are kept, laid over the ones of the later catalogue it names."""
    files = _files(_BEFORE / name)
    if _DIFFERENCE not in files:
        return files
    difference = tomllib.loads(files.pop(_DIFFERENCE).decode())
    later = _earlier_files(difference["later"])
    return {name: data for name, data in (later | files).items() if name not in difference["without"]}


def language_file(lang: str) -> bytes:
    """The package's strings of a language, or for English those that stand in no catalogue (`protocol.wording`)."""
    return (_PACKAGE / "languages" / f"{lang}.toml").read_bytes()


@cache
def journal_catalogue() -> JournalCatalogue:
    """Load the kinds of a party's journal once a process."""
    return JournalCatalogue.load((_PACKAGE / "journal_catalogue" / "kinds.toml").read_bytes())
