"""The witnesses of `node.toml`: where those that an agreement names are reached. Whom to believe stands there.

Source: spec/witness.md, "Settings".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from nodes.errors import HomeRefused

WITNESSES_MAX: Final = 64
URL_CHARS_MAX: Final = 1_024
_NAMES: Final = {"name", "url", "ca_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessTerms:
    """Where a witness is.

    Attributes:
        name: as agreements have it.
        url: what `/add-checkpoint` follows; http or https, because signatures protect everything that is said.
        ca_file: authorities in PEM instead of the system's; None for the system's.
    """

    name: str
    url: str
    ca_file: Path | None = None


def read_witnesses(values: object, *, where: str, folder: Path) -> tuple[WitnessTerms, ...]:
    """Read the tables `[[witness]]`.

    Args:
        values: as the TOML has them; None for none.
        where: the file, for errors.
        folder: that paths are seen from.

    Raises:
        HomeRefused: a table that cannot be.
    """
    if values is None:
        return ()
    if not isinstance(values, list) or len(values) > WITNESSES_MAX:
        raise HomeRefused("home-file-malformed", f"{where}: at most {WITNESSES_MAX} tables [[witness]]")
    found = tuple(_witness(one, where, folder) for one in values)
    if len({one.name for one in found}) != len(found):
        raise HomeRefused("home-file-malformed", f"{where}: two tables [[witness]] with one name")
    return found


def _witness(values: object, where: str, folder: Path) -> WitnessTerms:
    def refuse(text: str) -> HomeRefused:
        return HomeRefused("home-file-malformed", f"{where}: [[witness]]: {text}")

    if not isinstance(values, dict) or not {"name", "url"} <= set(values) <= _NAMES:
        raise refuse("it has name and url, may have ca_file, and nothing else")
    name, url, ca_file = values["name"], values["url"], values.get("ca_file", "")
    if not all(isinstance(one, str) for one in (name, url, ca_file)) or not name:
        raise refuse("name, url and ca_file are texts")
    if not _is_address(url):
        raise refuse("url is an address such as https://witness.example, without user, query and fragment")
    return WitnessTerms(name=name, url=url.removesuffix("/"), ca_file=folder / ca_file if ca_file else None)


def _is_address(url: str) -> bool:
    if len(url) > URL_CHARS_MAX or not url.isascii() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and not (parts.query or parts.fragment or parts.username)
            and parts.port != 0
        )
    except ValueError:
        return False
