"""Opening the desk of whoever acts, for every command that talks to the node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hotline.cli.settings import Settings

if TYPE_CHECKING:
    from hotline.desk import Desk, Officer


def open_officers(settings: Settings) -> list[Officer]:
    """Open the key of every officer who acts, in order.

    Raises:
        Misused: it is not clear who acts, or a passphrase is missing.
        PassphraseRefused: another passphrase.
    """
    from hotline.desk import Officer

    return [
        Officer.open(home, settings.passphrase(place, what=f"officer {home.name}"))
        for place, home in enumerate(settings.officer_homes())
    ]


@contextmanager
def open_desk(settings: Settings) -> Iterator[tuple[Desk, list[Officer]]]:
    """Open the keys, connect to the node and log in as the first officer."""
    from hotline.desk import Desk

    officers = open_officers(settings)
    with Desk.open(officers[0]) as desk:
        yield desk, officers
