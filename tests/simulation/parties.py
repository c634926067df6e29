"""Three parties and two channels: ARC with BOR, ARC with CAR. Everything about them follows from their names.

It is made once a process and suite, for stubbed and for real keys, because only what roots sign differs; every world
reads it and none changes it. What a node reads from its home (the two first entries) lies in one temporary directory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from keys import roster as rosters
from keys.hybrid import HybridPrivateKey
from keys.keyring import ChannelSeeds, NodeKeyring
from keys.note_key import NotePair, NoteSigner
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.roster import Person, Roster
from keys.suite import SUITE_1, Suite
from nodes.resources import catalogue
from nodes.rosters import HeldRoster, check_roster
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.agreement_terms import AuthorityRule, BeatTerms, Party
from protocol.body import Recipient
from protocol.signature import ROOT_ROLE, Signature, sign_statement
from protocol.statement import EMPTY_LOG, Statement
from protocol.tagged import digest
from tests.builders import EPOCH, PEOPLE, START_MS, YEAR_MS, hybrid, make_agreement, seed
from tests.simulation.homes import MemoryHome
from tests.simulation.passkeys import TERMS as PASSKEYS

_suites = [SUITE_1]
Made = TypeVar("Made")


def of_each_suite(make: Callable[..., Made]) -> Callable[..., Made]:
    """Remember what is made, of each suite apart."""
    made: dict[tuple[Any, ...], Made] = {}

    @wraps(make)
    def known(*args: Any, **named: Any) -> Made:
        key = (_suites[0].name, args, tuple(sorted(named.items())))
        if key not in made:
            made[key] = make(*args, **named)
        return made[key]

    return known


PARTIES = ("ARC", "BOR", "CAR")
CHANNELS = (("ARC", "BOR"), ("ARC", "CAR"))
BEAT_MS = 500
LIFE_MS = 50 * YEAR_MS
"""Rosters are valid so long before and after the start: what clocks do in a world stays within it."""


def use(suite: Suite) -> None:
    """Let everything from here on be of a suite; each world says it once, and worlds run one after the other."""
    _suites[0] = suite


def suite() -> Suite:
    """The suite of the present world."""
    return _suites[0]


def roots(party: str) -> RootSet:
    """A party's roots: two of three."""
    return RootSet(2, tuple(hybrid(f"{party} {number}", KeyRole.ROOT, suite()).public for number in (1, 2, 3)))


@of_each_suite
def agreement(pair: tuple[str, str]) -> Agreement:
    """The agreement of a channel."""
    parties = tuple(Party(short, f"Republic {short}", f"{short.lower()}.example", roots(short)) for short in pair)
    return make_agreement(
        format=2,
        passkeys=PASSKEYS,
        parties=parties,
        suite=suite(),
        beat=BeatTerms(every_ms=BEAT_MS),
        rules=(
            AuthorityRule(("notification",), (("duty",), ("release", "senior")), severity_at_least=4),
            AuthorityRule(("*",), (("duty", "release", "senior"),)),
        ),
    )


@of_each_suite
def keyring(party: str) -> NodeKeyring:
    """A node's keys, with seeds of their own for each channel."""
    sealing = seed(f"{party} seal", suite().sealing.seed_bytes)
    ring = NodeKeyring(party, seed(f"{party} node", 64), sealing, seed(f"{party} tls", 32), {}, suite())
    for pair in CHANNELS:
        if party in pair:
            parts = [seed(f"{party} {pair} {name}", 32) for name in ("log ed", "log ml", "mirror ed", "mirror ml")]
            ring = ring.with_channel(agreement(pair).channel, ChannelSeeds(EPOCH, *parts))
    return ring


def officer(party: str, number: int) -> HybridPrivateKey:
    """The key of a person."""
    return hybrid(f"{party} {number}", KeyRole.OFFICER, suite())


def _pair(signers: tuple[NoteSigner, NoteSigner]) -> NotePair:
    return NotePair(ed25519=signers[0].verifier.raw, mldsa44=signers[1].verifier.raw)


@of_each_suite
def roster(party: str, pair: tuple[str, str]) -> Roster:
    """A party's roster on a channel."""
    ring, terms = keyring(party), agreement(pair)
    reserve = ChannelSeeds(
        EPOCH + 1, *(seed(f"{party} {pair} next {name}", 32) for name in ("log ed", "log ml", "m1", "m2"))
    )
    following = ring.with_channel(terms.channel, reserve)
    valid = {"valid_from_ms": START_MS - LIFE_MS, "valid_until_ms": START_MS + LIFE_MS}
    return Roster(
        party=party,
        channel=terms.channel,
        version=1,
        previous=None,
        node=ring.node_signer().public,
        epoch=EPOCH,
        log=_pair(ring.log_signers(terms.channel, terms.origin(party, EPOCH))),
        mirror=_pair(ring.mirror_signers(terms.channel, terms.mirror_name(party))),
        sealing=ring.sealing().public,
        tls=(tls_certificate(party),),
        next_epoch=EPOCH + 1,
        next_log=_pair(following.log_signers(terms.channel, terms.origin(party, EPOCH + 1))),
        people=tuple(
            Person(number, roles, officer(party, number).public, valid["valid_from_ms"], valid["valid_until_ms"])
            for number, roles in PEOPLE
        ),
        valid_from_ms=valid["valid_from_ms"],
        valid_until_ms=valid["valid_until_ms"],
    )


@of_each_suite
def tls_certificate(party: str) -> bytes:
    """A node's certificate."""
    return keyring(party).tls_certificate(party)


@of_each_suite
def recipients(pair: tuple[str, str]) -> tuple[Recipient, ...]:
    """Whom bodies on a channel are sealed to."""
    return tuple((party, roster(party, pair).sealing) for party in pair)


@dataclass(frozen=True)
class Ministries:
    """What every world begins with.

    Attributes:
        stubbed: whether roots signed with stubs.
        directory: where the first entries lie.
        first: the two first statements, by party and channel.
        held: the roster of a party on a channel, verified.
    """

    stubbed: bool
    directory: tempfile.TemporaryDirectory[str]
    first: dict[tuple[str, tuple[str, str]], tuple[SignedStatement, SignedStatement]]
    held: dict[tuple[str, tuple[str, str]], HeldRoster]

    def home(self, party: str, counterpart: str) -> MemoryHome:
        """A channel's files in a node's home."""
        return _home(self.directory.name, party, counterpart)


@of_each_suite
def _home(directory: str, party: str, counterpart: str) -> MemoryHome:
    return MemoryHome(Path(directory) / party / counterpart)


def following(
    before: Roster, text: bytes, pair: tuple[str, str], numbers: Sequence[int] = (1, 2), **changes: Any
) -> tuple[Roster, SignedStatement]:
    """The next version of a party's roster, as its roots sign it.

    Args:
        before: the last one.
        text: its text.
        pair: the channel.
        numbers: of the roots.
        changes: what is different.
    """
    made = replace(before, version=before.version + 1, previous=sha256(text).digest(), **changes)
    return made, document(made.party, pair, "roster", rosters.render(made), made.version, numbers)


def by_roots(
    statement: bytes, party: str, pair: tuple[str, str], numbers: Sequence[int] = (1, 2)
) -> tuple[Signature, ...]:
    """Some of a party's roots sign a statement."""
    return tuple(
        sign_statement(
            statement,
            channel=agreement(pair).channel,
            party=party,
            signer=f"root/{number}",
            role=ROOT_ROLE,
            key=hybrid(f"{party} {number}", KeyRole.ROOT, suite()),
        )
        for number in numbers
    )


def document(
    party: str, pair: tuple[str, str], kind: str, text: bytes, version: int = 1, numbers: Sequence[int] = (1, 2)
) -> SignedStatement:
    """A document as a party's roots sign it under the founding agreement, at the beginning of its log."""
    terms = agreement(pair)
    statement = Statement(
        channel=terms.channel,
        party=party,
        kind=kind,
        id=sha256(f"{party} {version} ".encode() + text).digest()[:16],
        status="actual",
        precedence="routine",
        issued_at_ms=START_MS,
        agreement=terms.digest,
        catalogue=catalogue().digest,
        language="en",
        after=EMPTY_LOG,
        seen=EMPTY_LOG,
        body_digest=digest(text),
        body_length=len(text),
    ).encode()
    signatures = by_roots(statement, party, pair, numbers)
    return SignedStatement(statement=statement, signatures=signatures, body=text)


@of_each_suite
def ministries(*, stubbed: bool) -> Ministries:
    """Make them. With stubs, call it while these are in place."""
    made = Ministries(stubbed, tempfile.TemporaryDirectory(prefix="hotline-simulation-"), {}, {})
    for pair in CHANNELS:
        for party in pair:
            first = (
                document(party, pair, "agreement", agreement(pair).text),
                document(party, pair, "roster", rosters.render(roster(party, pair))),
            )
            made.first[party, pair] = first
            made.held[party, pair] = check_roster(agreement(pair), party, first[1])
            bootstrap = Path(made.home(party, pair[1 - pair.index(party)]).bootstrap)
            bootstrap.mkdir(parents=True)
            for number, signed in enumerate(first):
                (bootstrap / f"{number:03}.statement").write_bytes(signed.encode())
    return made
