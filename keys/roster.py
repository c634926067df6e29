"""A party's list of its keys on one channel, and what may follow it.

The list is a text that a person can read. It holds no signatures: the party's roots sign it as the document of a
`roster` statement, so that one mechanism signs everything. What the roots sign is the exact text; there is one
spelling of each roster, and the comments in it (key ids and pins) are checked like everything else.

A roster never holds a name. Persons have numbers, and who number 3 is stays in the ministry.

Source: spec/keys-and-rosters.md, "Roster".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from keys import cose_key, revoked
from keys.errors import BAD_KEY, BROKEN_RULE, KEY_REUSED, NOT_A_SUCCESSOR, OTHER_SUITE, KeyRefused, RosterRefused
from keys.hybrid import HybridPublicKey
from keys.note_key import NotePair
from keys.passkey import Passkey, check_relying_party
from keys.person import Person, check_validity, rule
from keys.quorum import RootSet
from keys.revoked import REVOKED_MAX, RevokedKey, check_revoked, read_revoked, write_revoked
from keys.roles import KeyRole
from keys.sealing import SealingPublicKey
from keys.suite import SUITE_1, SUITES, Suite
from keys.tls_identity import certificate_key, spki_pin
from keys.toml_lines import LineReader, LineWriter

__all__ = ["NotePair", "Person", "Roster", "check_apart", "check_desks", "check_succession", "parse", "render"]

FORMAT: Final = "hotline/1/roster"
FORMAT_2: Final = "hotline/2/roster"
"""Of a roster that says something that format 1 has no line for; see :func:`format_of`."""

TEXT_BYTES_MAX: Final = 131_072
"""128 KiB, the most that a statement's body may have."""

VERSION_MAX: Final = 1_000_000
EPOCH_MAX: Final = 1_000_000
CERTIFICATES_MAX: Final = 2
"""The certificate in use and the one that comes next."""

_PARTY = re.compile(r"[A-Z]{2,4}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Roster:
    """One version of a party's list.

    Attributes:
        party: short name, 2 to 4 capital letters.
        channel: 32 bytes, the channel id.
        version: from 1, one more each time.
        valid_from_ms: first instant of validity, UTC milliseconds.
        valid_until_ms: first instant after it. Expiry marks statements; it never cuts the line.
        previous: SHA-256 of the text of the version before, None for version 1.
        node: the node's key.
        epoch: number of the log in force.
        log: the keys of that log.
        mirror: the keys that cosign the other side's log.
        sealing: what others seal to.
        tls: one or two certificates in DER, the one in use and the next.
        next_epoch: one more than ``epoch``.
        next_log: the keys of the successor log; their seeds are kept off the machine.
        people: the officers by ascending number.
        revoked: keys that are trusted no more, in the order in which they were revoked.

    Raises:
        RosterRefused: a rule is broken, a certificate is bad, a key is of another suite, or one key does two jobs.

    Source: spec/keys-and-rosters.md, "Roster: the rules".
    """

    party: str
    channel: bytes
    version: int
    valid_from_ms: int
    valid_until_ms: int
    previous: bytes | None
    node: HybridPublicKey
    epoch: int
    log: NotePair
    mirror: NotePair
    sealing: SealingPublicKey
    tls: tuple[bytes, ...]
    next_epoch: int
    next_log: NotePair
    people: tuple[Person, ...]
    revoked: tuple[RevokedKey, ...] = ()

    def __post_init__(self) -> None:
        rule(bool(_PARTY.fullmatch(self.party)), f"no short name of a party: {self.party!r}")
        rule(len(self.channel) == 32, "a channel id has 32 bytes")
        rule(1 <= self.version <= VERSION_MAX, f"no version: {self.version}")
        check_validity(self.valid_from_ms, self.valid_until_ms, "the roster")
        rule((self.version == 1) == (self.previous is None), "every version but the first names the one before")
        rule(self.previous is None or len(self.previous) == 32, "the hash of the version before has 32 bytes")
        rule(self.node.role is KeyRole.NODE, "the node's key has another job")
        rule(0 <= self.epoch < EPOCH_MAX, f"no epoch: {self.epoch}")
        rule(self.next_epoch == self.epoch + 1, "the next epoch is not one more than the epoch")
        rule(1 <= len(self.tls) <= CERTIFICATES_MAX, f"a roster has 1 to {CERTIFICATES_MAX} certificates")
        for suite in (self.sealing.suite, *(person.key.suite for person in self.people if person.key is not None)):
            _of_suite(suite, self.suite, "the roster")
        _check_count(len(self.people), self.suite)
        numbers = [person.number for person in self.people]
        rule(numbers == sorted(set(numbers)), "the persons are not in ascending order, or a number is there twice")
        credentials = [one.credential for person in self.people for one in person.passkeys]
        rule(len(set(credentials)) == len(credentials), "two passkeys have one credential id")
        jobs: dict[bytes, str] = {}
        try:
            for job, key in _jobs(self):
                if key in jobs:
                    raise RosterRefused(f"one key does two jobs: {jobs[key]} and {job}", kind=KEY_REUSED)
                jobs[key] = job
        except KeyRefused as error:
            raise RosterRefused(f"a certificate is refused: {error}", kind=BAD_KEY) from error
        if self.revoked:
            check_revoked(self.revoked, [name for _, name in key_names(self)])

    @property
    def suite(self) -> Suite:
        """The suite of its hybrid keys and its sealing key: that of the node's key."""
        return self.node.suite

    def person(self, number: int) -> Person | None:
        """The person with this number, None if there is none."""
        return next((person for person in self.people if person.number == number), None)

    def pins(self) -> tuple[bytes, ...]:
        """What a TLS connection of this party may present: SHA-256 of each SubjectPublicKeyInfo."""
        return tuple(spki_pin(der) for der in self.tls)

    def valid_at(self, at_ms: int) -> bool:
        """Whether the roster is within its validity at this time, in UTC milliseconds."""
        return self.valid_from_ms <= at_ms < self.valid_until_ms


def format_of(roster: Roster) -> str:
    """The format of a roster's text: the first one, unless something in it came with the second.

    Source: spec/keys-and-rosters.md, "Roster: what format 2 adds".
    """
    passkeys = any(person.key is None or person.passkeys for person in roster.people)
    return FORMAT_2 if passkeys or roster.suite is not SUITE_1 or roster.revoked else FORMAT


def key_names(roster: Roster) -> Iterator[tuple[str, bytes]]:
    """The job and the name of every key that can be revoked: 32 bytes, as `RevokedKey` has them."""
    yield revoked.NODE, roster.node.key_id
    yield revoked.MIRROR, roster.mirror.ed25519
    yield revoked.SEALING, roster.sealing.key_id
    for der in roster.tls:
        yield revoked.TLS, spki_pin(der)
    for person in roster.people:
        for key in person.keys:
            yield revoked.OFFICER, key.key_id


def render(roster: Roster) -> bytes:
    """Write the one text of a roster.

    Returns:
        ASCII, lines ended by line feeds, at most 128 KiB.

    Source: spec/keys-and-rosters.md, "Roster: the text", lines 1 to 12.
    """
    out = LineWriter()
    out.comment(f"The keys of {roster.party} on one channel. The roots of {roster.party} sign this exact text.")
    out.string("format", format_of(roster))
    if roster.suite is not SUITE_1:
        out.string("suite", roster.suite.name)
    out.string("party", roster.party)
    out.string("channel", roster.channel.hex())
    out.integer("version", roster.version)
    out.instant("valid_from", roster.valid_from_ms)
    out.instant("valid_until", roster.valid_until_ms)
    if roster.previous is not None:
        out.string("previous", roster.previous.hex())
    out.blank()
    out.header("[node]")
    out.comment(f"key id {roster.node.key_id.hex()}")
    out.base64("key", roster.node.raw)
    _write_log(out, "[log]", roster.epoch, roster.log)
    out.blank()
    out.header("[mirror]")
    out.base64("ed25519", roster.mirror.ed25519)
    out.base64("mldsa44", roster.mirror.mldsa44)
    out.blank()
    out.header("[sealing]")
    out.comment(f"key id {roster.sealing.key_id.hex()}")
    out.base64("key", roster.sealing.raw)
    for der in roster.tls:
        out.blank()
        out.header("[[tls]]")
        out.comment(f"pin {spki_pin(der).hex()}")
        out.base64("certificate", der)
    _write_log(out, "[next_log]", roster.next_epoch, roster.next_log)
    for person in roster.people:
        out.blank()
        out.header("[[person]]")
        out.integer("number", person.number)
        out.strings("roles", person.roles)
        out.instant("valid_from", person.valid_from_ms)
        out.instant("valid_until", person.valid_until_ms)
        if person.key is not None:
            out.comment(f"key id {person.key.key_id.hex()}")
            out.base64("key", person.key.raw)
        for passkey in person.passkeys:
            _write_passkey(out, passkey)
    for one in roster.revoked:
        write_revoked(out, one)
    return out.encode()


def parse(data: bytes) -> Roster:
    """Read the text of a roster. The caller keeps the result: checking forty keys takes some milliseconds.

    Args:
        data: the exact text.

    Raises:
        RosterRefused: malformed, a second spelling, a bad key, a broken rule, or one key with two jobs.

    Source: spec/keys-and-rosters.md, "Roster: reading it", steps 1 to 5.
    """
    reader = LineReader(data, bytes_max=TEXT_BYTES_MAX)
    try:
        roster = _read(reader)
    except KeyRefused as error:
        raise RosterRefused(f"a key is refused: {error}", kind=error.kind) from error
    reader.end()
    if render(roster) != data:
        raise RosterRefused("the text is a second spelling of its roster")
    return roster


def check_succession(previous: Roster, previous_text: bytes, following: Roster) -> None:
    """Check that one roster may follow another. That the roots signed it is checked elsewhere.

    Args:
        previous: the last good roster.
        previous_text: its exact text.
        following: the roster that claims to come after it.

    Raises:
        RosterRefused: another party or channel, a version or hash that does not follow, a log that is neither the
            same nor the one announced, a retired log key announced again, or a key that changes its job.

    Source: spec/keys-and-rosters.md, "Roster: what may follow", steps 1 to 6.
    """
    same = previous.party == following.party and previous.channel == following.channel
    _follows(same, "it is of another party or channel")
    _follows(previous.suite is following.suite, "it is of another suite")
    _follows(following.version == previous.version + 1, f"version {previous.version + 1} was due")
    _follows(following.previous == sha256(previous_text).digest(), "it names another text as the one before")
    if following.epoch == previous.epoch:
        _follows(following.log == previous.log, "the log's keys changed within an epoch")
    else:
        announced = following.epoch == previous.next_epoch and following.log == previous.next_log
        _follows(announced, "the log is neither the one in force nor the one announced")
        retired = {previous.log.ed25519, previous.log.mldsa44}
        again = retired & {following.next_log.ed25519, following.next_log.mldsa44}
        _follows(not again, "a retired log key is announced again")
    known = len(previous.revoked)
    _follows(following.revoked[:known] == previous.revoked, "a revoked key is not listed any more, or otherwise")
    jobs_before = {key: job.removeprefix("next ") for job, key in _jobs(previous)}
    for job, key in _jobs(following):
        before = jobs_before.get(key)
        _follows(before in (None, job.removeprefix("next ")), f"a key of one job ({before}) has another now ({job})")


def check_apart(roster: Roster, roots: RootSet) -> None:
    """Check that no root key does another job as well, and that all keys are of one suite.

    Args:
        roster: a party's roster.
        roots: the root set of that party, or of the other one.

    Raises:
        RosterRefused: half of a root key stands in the roster, or the roster is of another suite than the roots, whose
            suite is the agreement's.
    """
    _of_suite(roster.suite, roots.suite, "the channel")
    halves = {half for key in roots.keys for half in (key.ed25519_raw, key.mldsa_raw)}
    for job, key in _jobs(roster):
        if key in halves:
            raise RosterRefused(f"one key does two jobs: root and {job}", kind=KEY_REUSED)


def _jobs(roster: Roster) -> Iterator[tuple[str, bytes]]:
    """Every single key in a roster with its job; keys of two parts give both, as each part must be used once."""
    yield "node", roster.node.ed25519_raw
    yield "node", roster.node.mldsa_raw
    yield "log", roster.log.ed25519
    yield "log", roster.log.mldsa44
    yield "mirror", roster.mirror.ed25519
    yield "mirror", roster.mirror.mldsa44
    yield "sealing", roster.sealing.mlkem_raw
    yield "sealing", roster.sealing.curve_raw
    for der in roster.tls:
        yield "TLS", certificate_key(der)
    yield "next log", roster.next_log.ed25519
    yield "next log", roster.next_log.mldsa44
    for person in roster.people:
        if person.key is not None:
            yield f"person {person.number}", person.key.ed25519_raw
            yield f"person {person.number}", person.key.mldsa_raw
        for passkey in person.passkeys:
            yield f"person {person.number}", passkey.key.point


def check_desks(roster: Roster, *, domain: str, demonstration: bool) -> None:
    """Check that the passkeys in a roster are for desks of its own party.

    Args:
        roster: a party's roster.
        domain: of that party, by the agreement.
        demonstration: whether the agreement is for demonstrations only.

    Raises:
        RosterRefused: one is for another relying party.
    """
    try:
        check_relying_party(
            [one for person in roster.people for one in person.passkeys], domain=domain, demonstration=demonstration
        )
    except KeyRefused as error:
        raise RosterRefused(str(error), kind=BROKEN_RULE) from error


def _write_passkey(out: LineWriter, passkey: Passkey) -> None:
    out.blank()
    out.header("[[person.passkey]]")
    out.integer("number", passkey.number)
    out.comment(f"key id {passkey.key_id.hex()}")
    out.base64("credential", passkey.credential)
    out.string("algorithm", passkey.key.algorithm)
    out.base64("key", passkey.key.point)
    out.string("rp_id", passkey.rp_id)
    out.string("origin", passkey.origin)


def _write_log(out: LineWriter, header: str, epoch: int, pair: NotePair) -> None:
    out.blank()
    out.header(header)
    out.integer("epoch", epoch)
    out.base64("ed25519", pair.ed25519)
    out.base64("mldsa44", pair.mldsa44)


def _read(reader: LineReader) -> Roster:
    """Take the lines in the order in which :func:`render` puts them."""
    suite = _read_suite(reader)
    party = reader.string("party")
    channel = _read_hash(reader, "channel")
    version = reader.integer("version")
    valid_from_ms = reader.instant("valid_from")
    valid_until_ms = reader.instant("valid_until")
    previous = _read_hash(reader, "previous") if reader.follows("previous") else None
    reader.header("[node]")
    node = HybridPublicKey(reader.base64("key"), KeyRole.NODE)
    _of_suite(node.suite, suite, "the roster")
    reader.header("[log]")
    epoch, log = reader.integer("epoch"), _read_pair(reader)
    reader.header("[mirror]")
    mirror = _read_pair(reader)
    reader.header("[sealing]")
    sealing = SealingPublicKey(reader.base64("key"))
    tls: list[bytes] = []
    while reader.follows("[[tls]]"):
        reader.header("[[tls]]")
        tls.append(reader.base64("certificate"))
        rule(len(tls) <= CERTIFICATES_MAX, f"a roster has 1 to {CERTIFICATES_MAX} certificates")
    reader.header("[next_log]")
    next_epoch, next_log = reader.integer("epoch"), _read_pair(reader)
    people: list[Person] = []
    while reader.follows("[[person]]"):
        people.append(_read_person(reader))
        _check_count(len(people), suite)
    gone: list[RevokedKey] = []
    while reader.follows("[[revoked]]"):
        gone.append(read_revoked(reader))
        rule(len(gone) <= REVOKED_MAX, f"a roster lists at most {REVOKED_MAX} revoked keys")
    return Roster(
        party=party,
        channel=channel,
        version=version,
        valid_from_ms=valid_from_ms,
        valid_until_ms=valid_until_ms,
        previous=previous,
        node=node,
        epoch=epoch,
        log=log,
        mirror=mirror,
        sealing=sealing,
        tls=tuple(tls),
        next_epoch=next_epoch,
        next_log=next_log,
        people=tuple(people),
        revoked=tuple(gone),
    )


def _read_suite(reader: LineReader) -> Suite:
    """The suite that the head of the text names; a text of format 1 has the first, and no place for its name."""
    form = reader.string("format")
    if form not in (FORMAT, FORMAT_2):
        raise RosterRefused(f"the format is neither {FORMAT} nor {FORMAT_2}")
    if form == FORMAT or not reader.follows("suite"):
        return SUITE_1
    suite = SUITES.get(reader.string("suite"))
    if suite is None:
        raise RosterRefused("the roster is of a suite that this program does not know", kind=OTHER_SUITE)
    return suite


def _of_suite(suite: Suite, named: Suite, whose: str) -> None:
    if suite is not named:
        raise RosterRefused(f"a key is of {suite.name}, {whose} of {named.name}", kind=OTHER_SUITE)


def _check_count(people: int, suite: Suite) -> None:
    rule(people <= suite.people_max, f"a roster has at most {suite.people_max} persons")


def _read_person(reader: LineReader) -> Person:
    reader.header("[[person]]")
    number = reader.integer("number")
    roles = reader.strings("roles")
    valid_from_ms = reader.instant("valid_from")
    valid_until_ms = reader.instant("valid_until")
    key = HybridPublicKey(reader.base64("key"), KeyRole.OFFICER) if reader.follows("key = ") else None
    passkeys: list[Passkey] = []
    while reader.follows("[[person.passkey]]"):
        passkeys.append(_read_passkey(reader))
    return Person(number, roles, key, valid_from_ms, valid_until_ms, tuple(passkeys))


def _read_passkey(reader: LineReader) -> Passkey:
    reader.header("[[person.passkey]]")
    number = reader.integer("number")
    credential = reader.base64("credential")
    algorithm = reader.string("algorithm")
    rule(algorithm in cose_key.NUMBERS, f"no algorithm of a passkey: {algorithm!r}")
    key = cose_key.from_point(algorithm, reader.base64("key"))
    return Passkey(number, credential, key, reader.string("rp_id"), reader.string("origin"))


def _read_pair(reader: LineReader) -> NotePair:
    ed25519 = reader.base64("ed25519")
    return NotePair(ed25519=ed25519, mldsa44=reader.base64("mldsa44"))


def _read_hash(reader: LineReader, name: str) -> bytes:
    text = reader.string(name)
    if not _HASH.fullmatch(text):
        raise RosterRefused(f"{name} is not 64 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def _follows(holds: bool, text: str) -> None:
    if not holds:
        raise RosterRefused(f"the roster does not follow: {text}", kind=NOT_A_SUCCESSOR)
