"""Assertions of passkeys, their client data, and what an authenticator says of a new credential."""

from __future__ import annotations

from keys.authenticator_data import read_new_credential
from keys.client_data import CREATE, check_client_data
from keys.errors import KeysError, SignatureRefused
from keys.passkey import Assertion
from tests.authenticator import Authenticator
from tests.fuzz.target import Target, read_or_refused

DEVICE = Authenticator("fuzz")
MESSAGE = b"the exact bytes"
GOOD = DEVICE.sign("statement", channel=bytes(32), author="ARC", message=MESSAGE)


def attempt(data: bytes) -> None:
    """An assertion reads as itself or is refused, and none but the good one's bytes hold for the message."""
    if data[:1] == b"{":
        try:
            check_client_data(data, ceremony=CREATE, challenge=bytes(32), origin=DEVICE.origin)
        except SignatureRefused as error:
            str(error)
        return
    read_or_refused(data, Assertion.parse, Assertion.encode, KeysError)
    try:
        DEVICE.public.verify("statement", channel=bytes(32), author="ARC", message=MESSAGE, signature=data)
        if data != GOOD:
            raise AssertionError("other bytes than those that were signed hold")
    except KeysError as error:
        str(error)
    try:
        made = read_new_credential(data, rp_id=DEVICE.rp_id)
        if made.credential not in data or made.key.raw not in data:
            raise AssertionError("a credential that is not in what it was read from")
    except KeysError as error:
        str(error)


TARGET = Target(name="passkey", attempt=attempt, bytes_max=2_048, shape="bytes")


def seeds() -> dict[str, bytes]:
    """A good assertion, client data, and a new credential."""
    client = DEVICE.client_data(bytes(32), ceremony=CREATE)
    return {"assertion": GOOD, "client-data": client, "credential": DEVICE.new_credential()}
