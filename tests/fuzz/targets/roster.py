"""Texts of rosters, and the certificates in them."""

from __future__ import annotations

from keys import roster
from keys.errors import KeysError
from keys.roster import check_apart, check_succession
from keys.tls_identity import certificate_key, spki_pin
from tests.builders import make_agreement, make_roster, roots
from tests.fuzz.target import Target, read_or_refused

FIRST = make_roster("ARC", make_agreement())
FIRST_TEXT = roster.render(FIRST)


def attempt(data: bytes) -> None:
    """A text reads as the roster that it is the text of, or is refused; as a successor it is taken or refused."""
    read = read_or_refused(data, roster.parse, roster.render, KeysError)
    if read is None:
        try:
            certificate_key(data)
            spki_pin(data)
        except KeysError as error:
            str(error)
        return
    try:
        check_succession(FIRST, FIRST_TEXT, read)
        check_apart(read, roots("ARC"))
    except KeysError as error:
        str(error)


TARGET = Target(name="roster", attempt=attempt, bytes_max=131_072, shape="lines")


def seeds() -> dict[str, bytes]:
    """A roster with one person, and a certificate."""
    small = make_roster("ARC", make_agreement(), people=FIRST.people[:1])
    return {"one-person": roster.render(small), "certificate": FIRST.tls[0]}
