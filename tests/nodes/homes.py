"""Paired homes without a ceremony: the files that pairing leaves, written from test keys in a moment.

The keys are handed to the node directly, so nothing is sealed and no passphrase costs time. Validity has no end here,
because these nodes run on the machine's clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from keys import roster as rosters
from keys.roles import KeyRole
from keys.roster import Roster
from nodes.config import render
from nodes.files import write_file
from nodes.home import NodeHome
from nodes.resources import catalogue
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.agreement_terms import BeatTerms, LineTerms
from protocol.compose import Composed, Setting, compose
from protocol.signature import sign_statement
from protocol.statement import EMPTY_LOG, LogState
from protocol.tagged import digest
from tests.builders import NAMES, World, hybrid, keyring, make_agreement, make_roster
from tests.lines import other

FOREVER_MS = 253_000_000_000_000
BEAT_MS = 200


_other_terms: dict[str, Any] = {}


@cache
def agreement() -> Agreement:
    """Fast beats and arrivals, and what `terms` changes."""
    return make_agreement(beat=BeatTerms(every_ms=BEAT_MS), line=LineTerms(arrival_after_ms=100), **_other_terms)


@contextmanager
def terms(**changes: Any) -> Iterator[None]:
    """Homes under another agreement, for as long as the block lasts."""

    def begin(found: Mapping[str, Any]) -> None:
        _other_terms.clear()
        _other_terms.update(found)
        for one in (agreement, roster, agreement_statement, roster_statement):
            one.cache_clear()

    begin(changes)
    try:
        yield
    finally:
        begin({})


@cache
def roster(party: str) -> Roster:
    """A party's first roster, valid at any time."""
    made = make_roster(party, agreement(), valid_from_ms=0, valid_until_ms=FOREVER_MS)
    people = tuple(replace(one, valid_from_ms=0, valid_until_ms=FOREVER_MS) for one in made.people)
    return replace(made, people=people)


def document(party: str, kind: str, text: bytes, numbers: Sequence[int] = (1, 2)) -> SignedStatement:
    """A document signed by roots."""
    world = World(begin=False)
    world.agreement = agreement()
    made = world.statement(party, kind, body_digest=digest(text), body_length=len(text))
    made = replace(made, opener=None, commitments=(), id=secrets.token_bytes(16))
    raw = made.encode()
    signatures = [
        sign_statement(
            raw,
            channel=agreement().channel,
            party=party,
            signer=f"root/{number}",
            role="root",
            key=hybrid(f"{party} {number}", KeyRole.ROOT, agreement().suite),
        )
        for number in numbers
    ]
    return SignedStatement(statement=raw, signatures=tuple(signatures), body=text)


@cache
def agreement_statement(party: str) -> SignedStatement:
    """Entry 0 of a party's log."""
    return document(party, "agreement", agreement().text)


@cache
def roster_statement(party: str) -> SignedStatement:
    """Entry 1 of a party's log."""
    return document(party, "roster", rosters.render(roster(party)))


def write_home(directory: Path, party: str, *, listen: str = "", endpoint: str = "", settings: str = "") -> NodeHome:
    """Write a party's home with its channel.

    Args:
        directory: where; must not exist.
        party: short name.
        listen: address it listens on, or empty.
        endpoint: where the counterpart answers, or empty.
        settings: more lines of `node.toml`.
    """
    directory.mkdir(mode=0o700)
    home = NodeHome(directory)
    write_file(home.party_path, f'short = "{party}"\n'.encode())
    channel = home.channel(other(party))
    for path in (channel.path, channel.bootstrap, channel.outbox, channel.rosters):
        path.mkdir(parents=True, mode=0o700)
    for place, signed in enumerate((agreement_statement(party), roster_statement(party))):
        write_file(channel.bootstrap / f"{place:03d}.statement", signed.encode())
    for name in NAMES:
        write_file(channel.roster_path(name, 1), roster_statement(name).body or b"")
        write_file(channel.roster_statement_path(name, 1), roster_statement(name).encode())
    quoted = f'"{endpoint}"' if endpoint else ""
    write_file(channel.settings_path, f"endpoints = [{quoted}]\n".encode())
    write_file(channel.agreement_path, agreement().text)
    write_file(home.config_path, render(listen=listen) + settings.encode())
    return home


def setting(party: str, after: LogState = EMPTY_LOG, seen: LogState = EMPTY_LOG) -> Setting:
    """Where a party's officers compose."""
    recipients = tuple((name, keyring(name, agreement().channel, agreement().suite).sealing().public) for name in NAMES)
    return Setting(
        channel=agreement().channel,
        party=party,
        agreement=agreement().digest,
        catalogue=catalogue().digest,
        after=after,
        seen=seen,
        recipients=recipients,
    )


def letter(
    party: str,
    kind: str = "goodwill",
    fields: Mapping[str, Any] | None = None,
    *,
    at_ms: int = 1_795_255_200_000,
    place: Setting | None = None,
    **header: Any,
) -> Composed:
    """A statement of a kind, sealed; a goodwill message by default."""
    known = catalogue().kind(kind)
    assert known is not None
    return compose(
        known,
        setting(party) if place is None else place,
        statement_id=secrets.token_bytes(16),
        secret=secrets.token_bytes(32),
        issued_at_ms=at_ms,
        fields={"message": "Good evening."} if fields is None else fields,
        **header,
    )


def signed_by(made: Composed, *signers: tuple[int, str], party: str | None = None) -> SignedStatement:
    """A statement with signatures of persons: number and role."""
    party = made.statement.party if party is None else party
    signatures = tuple(
        sign_statement(
            made.statement_bytes,
            channel=made.statement.channel,
            party=party,
            signer=f"person/{number}",
            role=role,
            key=hybrid(f"{party} {number}", KeyRole.OFFICER, agreement().suite),
        )
        for number, role in signers
    )
    return SignedStatement(statement=made.statement_bytes, signatures=signatures, body=made.body)


def said(party: str, text: str = "Good evening.") -> SignedStatement:
    """A goodwill message by the duty officer."""
    return signed_by(letter(party, fields={"message": text}), (1, "duty"))
