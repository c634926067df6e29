"""Opening the desk of whoever acts, for every command that talks to the node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hotline.cli.settings import Settings

if TYPE_CHECKING:
    from hotline.desk import Desk, Officer
    from nodes.home import OfficerHome

TRIES = 3


def open_officers(settings: Settings) -> list[Officer]:
    """Open the key of every officer who acts, in order.

    Raises:
        Misused: it is not clear who acts, or a passphrase is missing.
        PassphraseRefused: another passphrase.
    """
    return [_open_officer(settings, place, home) for place, home in enumerate(settings.officer_homes())]


def _open_officer(settings: Settings, place: int, home: OfficerHome) -> Officer:
    """Open one key; whoever types the passphrase may mistype it twice."""
    from hotline.desk import Officer
    from keys.errors import PassphraseRefused

    if settings.passkey:
        return Officer.with_passkey(home, settings.output.note)
    for left in reversed(range(1 if settings.passphrase_files else TRIES)):
        try:
            return Officer.open(home, settings.passphrase(place, what=f"officer {home.name}"))
        except PassphraseRefused:
            if not left:
                raise
            settings.output.note("the passphrase does not open this key file; once more")
    raise AssertionError


@contextmanager
def open_desk(settings: Settings, keys: list[Officer] | None = None) -> Iterator[tuple[Desk, list[Officer]]]:
    """Open the keys, unless they are open already, connect to the node and log in as the first officer."""
    from hotline.desk import Desk

    officers = open_officers(settings) if keys is None else keys
    try:
        with Desk.open(officers[0]) as desk:
            yield desk, officers
    finally:
        for officer in officers:
            officer.close()
