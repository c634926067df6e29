"""The stage: a directory with two homes, paired by the same ceremony as on two machines far apart.

DIR/ARC, DIR/BOR        the homes; each with its passphrase, because this is a demonstration
DIR/pairing/            the three files that the parties handed over
DIR/policy              what the auditor trusts: made at the pairing, before anything was said
DIR/exports/ARC, BOR    each voice as its own node exported it
DIR/report.html         the auditor's report
DIR/receipts/           the receipt of every statement
DIR/transcript.txt      what was shown
"""

from __future__ import annotations

import random
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.clock import now_ms
from hotline.demo.rules import (
    ARC,
    ARRIVAL_AFTER_MS,
    BEAT_MS,
    BOR,
    OFFICERS,
    OFFSET_ALARM_MS,
    TWO_PERSONS_FROM_SEVERITY,
    Actor,
)
from hotline.desk import Officer
from hotline.errors import CouldNot, Refused
from hotline.pairing import Paired, accept, check_words, confirm_answer, confirm_final, preview_answer, propose
from hotline.root_signing import Secrets
from hotline.setup import NewParty, add_officer, make_home
from hotline.terms import Terms
from keys.roster import Roster
from keys.roster import parse as parse_roster
from nodes.files import make_directory, read_file, write_file
from nodes.home import NodeHome
from nodes.resources import catalogue
from protocol.agreement import DEMONSTRATION, Agreement
from protocol.agreement_terms import DEFAULT_CLOCKS, AuthorityRule, BeatTerms, LineTerms
from protocol.line_keys import voice_keys
from protocol.party_keys import render_policy

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes ports for outgoing connections, so that none of those is in the way tomorrow.
PORTS = range(20_000, 32_000)
PASSPHRASE_BYTES = 18
ONE = (("duty", "release", "senior"),)
TWO = (("duty", "release", "senior"), ("release", "senior"))
BY_ONE = (
    "notification",
    "update",
    "correction",
    "retraction",
    "clarification-request",
    "clarification-response",
    "holding-reply",
    "decline",
    "acknowledge",
    "line-check",
    "goodwill",
)


@dataclass(frozen=True, slots=True)
class Side:
    """One party on the stage.

    Attributes:
        actor: who it is.
        home: its node home.
        port: where its node listens.
        passphrase: of every key file in the home.
        reached_at: port at which the counterpart reaches it, where that is another one.
    """

    actor: Actor
    home: NodeHome
    port: int
    passphrase: bytes
    reached_at: int | None = None

    @property
    def endpoint(self) -> str:
        """Where the counterpart finds its node."""
        return f"{LOOPBACK}:{self.port if self.reached_at is None else self.reached_at}"

    @property
    def passphrase_path(self) -> Path:
        """File with the passphrase, for the commands that come after the demonstration."""
        return self.home.path / "passphrase"

    @property
    def secrets(self) -> Secrets:
        """What opens the key files for the ceremony."""
        return Secrets(passphrase=self.passphrase, roots=self.home.roots, root_passphrase=self.passphrase)


def new_directory(path: Path) -> None:
    """Make the directory of a demonstration.

    Raises:
        Refused: it exists already, even empty: nothing of somebody else's is touched.
        CouldNot: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise Refused("home-exists", f"{path} exists already; name a new directory with --dir") from error
    except OSError as error:
        raise CouldNot("home-unwritable", f"{path} cannot be made: {error.strerror}") from error


def free_ports(count: int) -> list[int]:
    """Find ports on the loopback that nobody listens on.

    Raises:
        CouldNot: none of many is free.
    """
    found: list[int] = []
    for port in random.sample(PORTS, 400):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise CouldNot("port-in-use", "no free port was found on the loopback")


def furnish(directory: Path, actor: Actor, port: int, *, officers: Sequence[str] = OFFICERS) -> Side:
    """Make one party's home with its officers; it takes about a second, for eight key files.

    An officer is named after the one role that they have, with a number behind it for a further one: `duty-2`.
    """
    passphrase = secrets.token_urlsafe(PASSPHRASE_BYTES).encode("ascii")
    new = NewParty(
        short=actor.short,
        name=actor.name,
        domain=actor.domain,
        roots=3,
        threshold=2,
        listen=f"{LOOPBACK}:{port}",
    )
    home = make_home(directory / actor.short, new, passphrase=passphrase, root_passphrase=passphrase)
    side = Side(actor, home, port, passphrase)
    write_file(side.passphrase_path, passphrase + b"\n")
    for name in officers:
        add_officer(home, name, roles=(name.partition("-")[0],), passphrase=passphrase, now_ms=now_ms(), years=2)
    return side


def demonstration_terms(at_ms: int) -> Terms:
    """What the two parties agree on."""
    from datetime import UTC, datetime, timedelta

    known = catalogue()
    return Terms(
        title="Agreement on a direct line, for demonstration",
        purpose=DEMONSTRATION,
        languages=("en",),
        created_ms=at_ms,
        review_date=(datetime.fromtimestamp(at_ms / 1000, tz=UTC) + timedelta(days=365)).date(),
        catalogue_version=known.version,
        catalogue_digest=known.digest,
        clocks=DEFAULT_CLOCKS,
        beat=BeatTerms(every_ms=BEAT_MS),
        line=LineTerms(arrival_after_ms=ARRIVAL_AFTER_MS, offset_alarm_ms=OFFSET_ALARM_MS),
        rules=(
            AuthorityRule(kinds=BY_ONE, severity_at_least=TWO_PERSONS_FROM_SEVERITY, needs=TWO),
            AuthorityRule(kinds=BY_ONE, precedences=("flash",), needs=TWO),
            AuthorityRule(kinds=BY_ONE, needs=ONE),
        ),
    )


def pair(directory: Path, first: Side, second: Side, *, terms: Terms | None = None) -> Paired:
    """Pair two parties: three files handed over, and the safety words compared as if by voice.

    Args:
        directory: the three files go there.
        first: proposes.
        second: accepts.
        terms: of the agreement; None for those of the demonstration.

    Raises:
        Refused: the words differ, or a file is not what it should be.
    """
    handed = directory / "pairing"
    make_directory(handed)
    proposed = demonstration_terms(now_ms()) if terms is None else terms
    offer = propose(first.home, proposed, endpoints=(first.endpoint,))
    write_file(handed / "1-offer", offer)
    answer, accepted = accept(second.home, offer, opened=second.secrets, endpoints=(second.endpoint,), now_ms=now_ms())
    write_file(handed / "2-answer", answer)
    _, seen = preview_answer(first.home, answer)
    check_words(seen, " ".join(accepted.words))
    final, confirmed = confirm_answer(
        first.home, answer, opened=first.secrets, endpoints=(first.endpoint,), now_ms=now_ms()
    )
    write_file(handed / "3-final", final)
    check_words(accepted, " ".join(confirmed.words))
    return confirm_final(second.home, final)


def write_policy(directory: Path, first: Side, second: Side) -> Path:
    """Write the auditor's policy from the agreement and the rosters that the parties exchanged."""
    channel = first.home.channel(second.actor.short)
    agreement = Agreement.parse_founding(read_file(channel.agreement_path))
    own, other = (
        voice_keys(agreement, _roster(channel.roster_path(side.actor.short, 1)), frozenset())
        for side in (first, second)
    )
    path = directory / "policy"
    text = render_policy(own.log, other.log, own.mirror, other.mirror, own=first.actor.short, other=second.actor.short)
    write_file(path, text)
    return path


def _roster(path: Path) -> Roster:
    return parse_roster(read_file(path))


def officers(side: Side) -> dict[str, Officer]:
    """Open the keys of a party's officers, once for the whole demonstration."""
    return {name: Officer.open(side.home.officer(name), side.passphrase) for name in OFFICERS}


def set_stage(directory: Path) -> tuple[Side, Side]:
    """Furnish both homes.

    One after the other: a passphrase costs 64 MiB and all cores each time, so side by side would be no faster.
    """
    ports = free_ports(2)
    return furnish(directory, ARC, ports[0]), furnish(directory, BOR, ports[1])
