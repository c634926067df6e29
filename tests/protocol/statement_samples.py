"""Samples for the tests and vectors of statements, entries and agreements. All their keys are public seeds."""

from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from keys.hybrid import HybridPrivateKey
from keys.note_key import NoteKeyType, NoteSigner
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.sealing import SealingPrivateKey
from keys.suite import SUITE_1, SUITE_2, Suite
from protocol.agreement import Agreement
from protocol.agreement_conduct import (
    CadenceTerms,
    ChallengeTerms,
    DisclosureRule,
    EmergencyTerms,
    KindClock,
    PauseTerms,
    ReleaseTerms,
)
from protocol.agreement_terms import (
    DEFAULT_CLOCKS,
    Auditor,
    AuthorityRule,
    BeatTerms,
    Desk,
    LineTerms,
    Party,
    Witness,
)
from protocol.compose import Setting
from protocol.entry import Entry
from protocol.kinds import Catalogue, Kind
from protocol.signature import Signature
from protocol.statement import LogState, Statement

CREATED_MS = 1_795_255_200_123


def seed(name: str, size: int) -> bytes:
    """Bytes that anyone can derive from a name; never for real keys."""
    return b"".join(sha256(f"sample {name} {block}".encode()).digest() for block in range(-(-size // 32)))[:size]


@cache
def hybrid(name: str, role: KeyRole, suite: Suite = SUITE_1) -> HybridPrivateKey:
    """A sample key of a node, an officer or a root."""
    return HybridPrivateKey.from_seed(seed(f"{role} {name}", 64), role, suite)


@cache
def sealing(party: str, suite: Suite = SUITE_1) -> SealingPrivateKey:
    """A party's sample sealing key."""
    return SealingPrivateKey.from_seed(seed(f"sealing {party}", suite.sealing.seed_bytes), suite)


@cache
def roots(party: str, threshold: int = 2, count: int = 3, suite: Suite = SUITE_1) -> RootSet:
    """A party's sample root set."""
    keys = tuple(hybrid(f"{party} {number}", KeyRole.ROOT, suite).public for number in range(1, count + 1))
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
        "format": 1,
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


def small_agreement() -> Agreement:
    """The sample agreement with one root key a party and no witness, whose text is short."""
    return sample_agreement(
        parties=(
            Party("ARC", "Republic of Arcadia", "line.arcadia.example", roots("ARC", 1, 1)),
            Party("BOR", 'Kingdom of "Borealia"', "hotline.borealia.example", roots("BOR", 1, 1)),
        ),
        witnesses=(),
    )


def full_agreement(**changes: object) -> Agreement:
    """The small sample in format 2, with every term that a text may have."""
    desks = (
        Desk("diplomatic", ("+00 000 0001", "+00 000 0002"), "always", ("en", "fr")),
        Desk("technical", ("+00 000 0003",), "08:00 to 18:00 UTC", ("en",)),
    )
    rules = (
        AuthorityRule(("notification",), (("duty",),), severity_at_least=2, precedences=("flash",), template=True),
        AuthorityRule(("notification",), (("duty",), ("release", "senior"))),
    )
    terms: dict[str, object] = {
        "format": 2,
        "parties": (
            Party("ARC", "Republic of Arcadia", "line.arcadia.example", roots("ARC", 1, 1), _numbered(desks, 1)),
            Party("BOR", 'Kingdom of "Borealia"', "hotline.borealia.example", roots("BOR", 1, 1), _numbered(desks, 2)),
        ),
        "sunset_date": date(2029, 11, 21),
        "notice_days": 90,
        "witness_quorum": 1,
        "cadence": CadenceTerms(line_check_every_ms=28_800_000),
        "rules": rules,
        "kind_clocks": (
            KindClock("notification", "report", 259_200_000, "Directive (EU) 2022/2555, Article 23(4)(b)"),
            KindClock("clarification-request", "answer", 172_800_000, "Vienna Document 2011, paragraph 16.2"),
        ),
        "release": ReleaseTerms(hold_priority_ms=120_000, hold_routine_ms=300_000),
        "emergency": EmergencyTerms(("notification",), ("release", "senior"), 86_400_000),
        "challenge": ChallengeTerms(1_800_000, severity_at_least=5, precedences=("flash",)),
        "suspension": PauseTerms(86_400_000, 604_800_000),
        "exercise": PauseTerms(1_209_600_000, 259_200_000),
        "disclosure": (
            DisclosureRule(("*",), "TLP:RED", "TLP:AMBER", "consent", "the parties"),
            DisclosureRule(
                ("notification",), "TLP:RED", "TLP:GREEN", "no-answer", "the parties", 86_400_000, severity_at_least=3
            ),
        ),
    }
    return sample_agreement(**{**terms, **changes})


def second_suite_agreement(**changes: object) -> Agreement:
    """The small sample under the second suite."""
    terms: dict[str, object] = {
        "format": 2,
        "suite": SUITE_2,
        "parties": (
            Party("ARC", "Republic of Arcadia", "line.arcadia.example", roots("ARC", 1, 1, SUITE_2)),
            Party("BOR", 'Kingdom of "Borealia"', "hotline.borealia.example", roots("BOR", 1, 1, SUITE_2)),
        ),
        "witnesses": (),
    }
    return sample_agreement(**{**terms, **changes})


def _numbered(desks: tuple[Desk, ...], country: int) -> tuple[Desk, ...]:
    """The same desks with the numbers of a country."""
    return tuple(
        replace(desk, voice=tuple(number.replace("+00", f"+99{country}") for number in desk.voice)) for desk in desks
    )


CATALOGUE_FOLDER = Path(__file__).resolve().parents[2] / "protocol" / "catalogue"


@cache
def catalogue() -> Catalogue:
    """The catalogue as it stands in the repository."""
    files = {
        path.relative_to(CATALOGUE_FOLDER).as_posix(): path.read_bytes() for path in CATALOGUE_FOLDER.rglob("*.toml")
    }
    return Catalogue.load(files)


def sample_kind(name: str) -> Kind:
    """A kind of that catalogue."""
    kind = catalogue().kind(name)
    assert kind is not None
    return kind


CHANNEL = seed("channel", 32)
STATEMENT_ID = seed("statement", 16)
SECRET = seed("secret", 32)


def sample_setting(**changes: object) -> Setting:
    """Where the sample statements are made: Arcadia's fifth entry, with three of Borealia's in view."""
    setting = Setting(
        channel=CHANNEL,
        party="ARC",
        agreement=seed("agreement", 32),
        catalogue=seed("catalogue", 32),
        after=LogState(5, seed("own root", 32)),
        seen=LogState(3, seed("their root", 32)),
        recipients=(("ARC", sealing("ARC").public), ("BOR", sealing("BOR").public)),
    )
    return replace(setting, **changes)  # type: ignore[arg-type]


def sample_statement(**changes: object) -> Statement:
    """A statement with every field of the header filled."""
    statement = Statement(
        channel=CHANNEL,
        party="ARC",
        kind="notification",
        id=STATEMENT_ID,
        thread=seed("thread", 32),
        in_reply_to=seed("reply", 32),
        outcome="answered",
        status="actual",
        precedence="immediate",
        severity=3,
        aware_at_ms=CREATED_MS,
        issued_at_ms=CREATED_MS + 60_000,
        release_by_ms=CREATED_MS + 120_000,
        respond_by_ms=CREATED_MS + 3_600_000,
        valid_until_ms=CREATED_MS + 86_400_000,
        agreement=seed("agreement", 32),
        catalogue=seed("catalogue", 32),
        language="en",
        after=LogState(5, seed("own root", 32)),
        seen=LogState(3, seed("their root", 32)),
        commitments=tuple(seed(f"commitment {number}", 32) for number in range(20)),
        opener=seed("opener", 32),
        body_digest=seed("body", 32),
        body_length=6_550,
    )
    return replace(statement, **changes)  # type: ignore[arg-type]


def sample_entry(statement: bytes | None = None, **changes: object) -> Entry:
    """An entry around a statement, with a signature of the right size that nobody made."""
    entry = Entry(
        statement=sample_statement().encode() if statement is None else statement,
        signatures=(Signature("person/3", "duty", SUITE_1.name, seed("signature", 3_373)),),
        logged_at_ms=CREATED_MS + 61_000,
        held=LogState(4, seed("their later root", 32)),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]
