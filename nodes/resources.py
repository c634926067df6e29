"""Data that comes with the package: the catalogue of kinds."""

from __future__ import annotations

from functools import cache
from importlib import resources

from protocol.kinds import Catalogue


def catalogue_files() -> dict[str, bytes]:
    """Give the catalogue's files by their name inside it, such as "kinds/notification.toml"."""
    root = resources.files("protocol") / "catalogue"
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
    """Load the catalogue of kinds once a process."""
    return Catalogue.load(catalogue_files())
