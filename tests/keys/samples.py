"""Keys for tests: every seed is a hash of its name, so a failure comes back."""

from dataclasses import replace
from functools import cache
from hashlib import sha256, shake_256
from typing import Any

from keys import tls_identity
from keys.hybrid import HybridPrivateKey
from keys.note_key import NoteKeyType, NoteSigner
from keys.roles import KeyRole
from keys.roster import NotePair, Person, Roster
from keys.sealing import SealingPrivateKey
from keys.suite import SUITE_1, Suite

CHANNEL = sha256(b"a channel of the tests").digest()
START_MS = 1_795_000_000_000
YEAR_MS = 31_536_000_000


def seed(name: str, length: int) -> bytes:
    """Secret bytes that everybody knows."""
    return shake_256(name.encode()).digest(length)


@cache
def hybrid(name: str, role: KeyRole = KeyRole.ROOT, suite: Suite = SUITE_1) -> HybridPrivateKey:
    """A hybrid key."""
    return HybridPrivateKey.from_seed(seed(name, 64), role, suite)


@cache
def note(name: str, kind: NoteKeyType) -> NoteSigner:
    """A log's or mirror's key."""
    return NoteSigner(f"arc.test/{name.replace(' ', '-')}", kind, seed(f"{name} {int(kind)}", 32))


@cache
def sealing(name: str = "sealing", suite: Suite = SUITE_1) -> SealingPrivateKey:
    """A sealing key."""
    return SealingPrivateKey.from_seed(seed(name, suite.sealing.seed_bytes), suite)


@cache
def pair(name: str) -> NotePair:
    """The two keys of a log or mirror."""
    return NotePair(note(name, NoteKeyType.ED25519).verifier.raw, note(name, NoteKeyType.MLDSA44).verifier.raw)


@cache
def certificate(name: str = "tls") -> bytes:
    """A node's certificate."""
    return tls_identity.certificate(seed(name, 32), "ARC")


@cache
def person(number: int, *roles: str, suite: Suite = SUITE_1) -> Person:
    """An officer."""
    key = hybrid(f"person {number}", KeyRole.OFFICER, suite).public
    return Person(number, roles or ("duty",), key, START_MS, START_MS + YEAR_MS)


@cache
def good_roster(suite: Suite = SUITE_1) -> Roster:
    """A roster with nothing wrong."""
    return Roster(
        party="ARC",
        channel=CHANNEL,
        version=1,
        valid_from_ms=START_MS,
        valid_until_ms=START_MS + YEAR_MS,
        previous=None,
        node=hybrid("node", KeyRole.NODE, suite).public,
        epoch=1,
        log=pair("log"),
        mirror=pair("mirror"),
        sealing=sealing("sealing", suite).public,
        tls=(certificate(),),
        next_epoch=2,
        next_log=pair("next log"),
        people=(person(1, "duty", "release", suite=suite), person(2, "senior", suite=suite)),
    )


def roster(suite: Suite = SUITE_1, **changes: Any) -> Roster:
    """The good roster of a suite with changes; the constructor sees them."""
    return replace(good_roster(suite), **changes)
