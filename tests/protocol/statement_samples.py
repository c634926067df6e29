"""Samples for the tests and vectors of statements, entries and agreements. All their keys are public seeds."""

from datetime import date
from functools import cache
from hashlib import sha256

from keys.hybrid import HybridPrivateKey
from keys.note_key import NoteKeyType, NoteSigner
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.sealing import SealingPrivateKey
from protocol.agreement import Agreement
from protocol.agreement_terms import (
    DEFAULT_CLOCKS,
    Auditor,
    AuthorityRule,
    BeatTerms,
    LineTerms,
    Party,
    Witness,
)

CREATED_MS = 1_795_255_200_123


def seed(name: str, size: int) -> bytes:
    """Bytes that anyone can derive from a name; never for real keys."""
    return b"".join(sha256(f"sample {name} {block}".encode()).digest() for block in range(-(-size // 32)))[:size]


@cache
def hybrid(name: str, role: KeyRole) -> HybridPrivateKey:
    """A sample key of a node, an officer or a root."""
    return HybridPrivateKey.from_seed(seed(f"{role} {name}", 64), role)


@cache
def sealing(party: str) -> SealingPrivateKey:
    """A party's sample sealing key."""
    return SealingPrivateKey.from_seed(seed(f"sealing {party}", 96))


@cache
def roots(party: str, threshold: int = 2, count: int = 3) -> RootSet:
    """A party's sample root set."""
    keys = tuple(hybrid(f"{party} {number}", KeyRole.ROOT).public for number in range(1, count + 1))
    return RootSet(threshold, keys)


@cache
def witness() -> Witness:
    """A sample witness with a key of each type."""
    name = "witness.example/w1"
    keys = tuple(
        NoteSigner(name, type_, seed(f"witness {type_}", 32)).verifier.vkey()
        for type_ in (NoteKeyType.COSIGNATURE, NoteKeyType.MLDSA44)
    )
    return Witness("Observatory of Neutria", keys)


def sample_terms() -> dict[str, object]:
    """The arguments of the sample agreement, to be changed by whoever asks."""
    return {
        "title": "Direct line on cyber incidents",
        "purpose": "demonstration",
        "languages": ("en", "fr"),
        "created_ms": CREATED_MS,
        "review_date": date(2027, 11, 21),
        "catalogue_version": 1,
        "catalogue_digest": sha256(b"sample catalogue").digest(),
        "parties": (
            Party("ARC", "Republic of Arcadia", "line.arcadia.example", roots("ARC")),
            Party("BOR", 'Kingdom of "Borealia"', "hotline.borealia.example", roots("BOR", 1, 1)),
        ),
        "beat": BeatTerms(every_ms=1_000),
        "clocks": DEFAULT_CLOCKS,
        "line": LineTerms(),
        "rules": (
            AuthorityRule(("notification", "correction"), (("duty",), ("release", "senior")), severity_at_least=4),
            AuthorityRule(("notification",), (("duty",), ("release",)), precedences=("flash", "immediate")),
            AuthorityRule(("*",), (("duty", "release", "senior"),), precedences=("routine",)),
        ),
        "witnesses": (witness(),),
        "auditors": (Auditor("Office of the Auditor", sha256(b"auditor").digest()),),
    }


def sample_agreement(**changes: object) -> Agreement:
    """The sample agreement, with terms changed."""
    return Agreement(**{**sample_terms(), **changes})  # type: ignore[arg-type]
