"""Passkeys in worlds: a roster gives person 1 a passkey in the place of their key.

The authenticator is one in software and signs in earnest, in stubbed worlds too. Some count their signatures, some do
not; what was signed first and comes later is refused, or is without effect where it came into the log beside.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from keys.authenticator_data import USER_PRESENT
from keys.hybrid import Signer
from keys.passkey import Assertion
from protocol.agreement_conduct import PasskeyTerms
from protocol.signature import Signature
from tests.authenticator import Authenticator

FAMILY: Final = "passkeys"
NEW_FROM: Final = 1 << 32
"""Seeds from here on may have passkeys unasked; the smaller ones are kept, or stand in tests."""

ARMED: Final = 0.25
TERMS: Final = PasskeyTerms(severity_at_most=5, slots_at_most=6)
"""What the agreements of all worlds have: everything but emergencies, so that people meet nothing but counters."""

BY_COUNTER: Final = "passkey-counter"


def armed(seed: int, forced: frozenset[str]) -> bool:
    """Whether people have passkeys in a world."""
    return FAMILY in forced or (seed >= NEW_FROM and Random(f"passkeys {seed}").random() < ARMED)


def unverified(signature: Signature, key: Callable[[int], Signer]) -> bytes | None:
    """The same assertion by the same authenticator, which says that it verified nobody; None of another signature."""
    device = key(signature.person or 0)
    if not isinstance(device, Authenticator):
        return None
    client_data = Assertion.parse(signature.value).client_data
    return device.assertion(client_data, device.data(flags=USER_PRESENT)).encode()


def device(party: str, name: str) -> Authenticator:
    """A new authenticator of somebody, for their party's own desk; every other one counts."""
    chance = Random(f"authenticator {name}")
    algorithm = chance.choice(("es256", "eddsa"))
    return Authenticator(name, algorithm, rp_id=f"desk.{party.lower()}.example", counts=chance.random() < 0.5)
