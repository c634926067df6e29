"""The root sets that a node holds of one channel, on its disk and in force.

Each is kept as its exact text and the statement by which the roots of the version before and its own signed it, beside
the rosters. Version 1 is the agreement's and has no file. As with rosters, everything is checked again at each start.

Source: spec/keys-and-rosters.md, "Root sets".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keys import root_set
from keys.errors import KeysError
from keys.quorum import RootSet
from keys.root_set import RootChain, RootSetVersion
from nodes.errors import FileRefused, NodeError
from nodes.files import read_file, write_file
from nodes.home import ChannelHome
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.reading import ROOT_SET_KIND, first_roots
from protocol.signature import PURPOSE, ROOT_ROLE, Signature, signing_message
from protocol.statement import Statement
from protocol.tagged import digest

_FILE = re.compile(r"([A-Z]{2,4})-roots-([1-9][0-9]{0,3})\.statement")


class RosterFileRefused(NodeError):
    """A roster or a root set, or the statement that should vouch for it, does not verify."""


@dataclass(frozen=True, slots=True)
class HeldRoots:
    """The roots of a party as far as they are known here.

    Attributes:
        chain: every version, the last in force.
        signed: the statement of each version from 2 on.
    """

    chain: RootChain
    signed: tuple[SignedStatement, ...] = ()

    @property
    def newest(self) -> RootSetVersion:
        """The version in force."""
        return self.chain.newest


def root_signatures(signatures: tuple[Signature, ...]) -> list[tuple[int, bytes]]:
    """Those that claim to be by roots: number and value."""
    return [(one.root, one.value) for one in signatures if one.root is not None and one.role == ROOT_ROLE]


def check_roots(
    agreement: Agreement, party: str, signed: SignedStatement, kind: str, *sets: RootSet, each: bool = False
) -> Statement:
    """Check that enough of a party's roots signed a document statement of this channel.

    Args:
        agreement: of the channel; names the roots where no sets are given.
        party: short name.
        signed: the statement, with the document as its body.
        kind: `agreement`, `roster`, `root-set` or another that roots sign.
        sets: the root sets of which enough must have signed, each by itself.
        each: whether every signature must be one of these roots'; in the log another one is a fault, however many are.

    Returns:
        The statement, parsed.

    Raises:
        RosterFileRefused: another kind, party or channel, a body that is not the one named, too few roots, or a
            signature that is none.
    """
    statement = statement_of(agreement, party, signed, kind)
    good: set[int] = set()
    for roots in sets or (agreement.party(party).roots,):
        valid: set[int] = set()
        for number, value in root_signatures(signed.signatures):
            # Each root signs its own message, because a signature names its signer.
            message = signing_message(signed.statement, f"root/{number}", ROOT_ROLE)
            report = roots.check([(number, value)], PURPOSE, channel=agreement.channel, author=party, message=message)
            valid.update(report.valid)
        if len(valid) < roots.threshold:
            text = f"{len(valid)} of {roots.threshold} roots signed {party}'s {kind}"
            raise RosterFileRefused("roster-refused", text)
        good |= valid
    if each and len(good) != len(signed.signatures):
        text = f"of {len(signed.signatures)} signatures on {party}'s {kind} {len(good)} are good ones of roots in force"
        raise RosterFileRefused("roster-refused", text)
    return statement


def statement_of(agreement: Agreement, party: str, signed: SignedStatement, kind: str) -> Statement:
    """The statement of a document, where it is of this kind, party and channel, and the body is the one it names.

    Raises:
        RosterFileRefused: it is not.
    """
    try:
        statement = Statement.parse(signed.statement)
    except ProtocolError as error:
        text = f"the statement of {party}'s {kind} does not parse: {error}"
        raise RosterFileRefused("roster-refused", text) from error
    right = (statement.kind, statement.party, statement.channel) == (kind, party, agreement.channel)
    if not right or signed.body is None or statement.body_digest != digest(signed.body):
        raise RosterFileRefused("roster-refused", f"the statement is not of {party}'s {kind} on this channel")
    return statement


def founding_roots(agreement: Agreement, party: str) -> HeldRoots:
    """What the agreement that founds a channel says; an amendment says the same."""
    return HeldRoots(first_roots(agreement, agreement.shorts.index(party)))


def follow(held: HeldRoots, agreement: Agreement, signed: SignedStatement) -> HeldRoots:
    """Check the next version: it may follow, and enough roots of both versions signed it.

    Args:
        held: what is in force.
        agreement: of the channel.
        signed: the statement with the text as its body.

    Raises:
        RosterFileRefused: `root-set-refused`.
    """
    party = held.newest.party
    try:
        chain = held.chain.then(signed.body or b"")
    except KeysError as error:
        raise RosterFileRefused("root-set-refused", f"{party}'s root set: {error}") from error
    try:
        check_roots(agreement, party, signed, ROOT_SET_KIND, held.chain.roots, chain.roots)
    except RosterFileRefused as error:
        raise RosterFileRefused("root-set-refused", error.text) from error
    return HeldRoots(chain, (*held.signed, signed))


def roots_text(held: HeldRoots) -> str:
    """The roots in force in one line, for people: threshold, numbers and the first digits of each key id."""
    roots = held.newest.roots
    listed = (f"{number} {key.key_id.hex()[:16]}" for number, key in zip(roots.numbers, roots.keys, strict=True))
    return f"{roots.threshold} of {len(roots.keys)} sign: {', '.join(listed)}"


def chain_from(agreement: Agreement, party: str, given: Sequence[SignedStatement]) -> HeldRoots:
    """Check a whole chain from the agreement on.

    Raises:
        RosterFileRefused: `root-set-refused`; a version does not hold.
    """
    held = founding_roots(agreement, party)
    for signed in given:
        held = follow(held, agreement, signed)
    return held


def load(home: ChannelHome, agreement: Agreement, party: str) -> HeldRoots:
    """The versions of a party's roots that verify, in order. A file that does not verify is kept and passed over.

    Raises:
        FileRefused: a file cannot be read.
    """
    held = founding_roots(agreement, party)
    for path in sorted(home.rosters.glob(f"{party}-roots-*.statement"), key=lambda one: (len(one.name), one.name)):
        if _FILE.fullmatch(path.name) is None:
            continue
        try:
            held = follow(held, agreement, SignedStatement.parse(read_file(path)))
        except RosterFileRefused:
            continue
    return held


def documents_waiting(home: ChannelHome) -> list[Path]:
    """What of the outbox roots or admins signed, in the order in which it can be logged: a root set names the roster
    after which it stands, and is void behind the next one."""

    def place(path: Path) -> tuple[int, int, str]:
        try:
            if path.name.startswith("roster-"):
                return int(path.stem.removeprefix("roster-")), 0, path.name
            return root_set.parse(SignedStatement.parse(read_file(path)).body or b"").roster, 1, path.name
        except (ValueError, KeysError, ProtocolError, FileRefused):
            # Whatever it is, it is refused where it is taken up, and by then the others are logged.
            return sys.maxsize, 0, path.name

    return sorted([*home.outbox.glob("roster-*.statement"), *home.outbox.glob("root-set-*.statement")], key=place)


def load_expected(home: ChannelHome, agreement: Agreement, party: str) -> HeldRoots:
    """Our roots as they will be when the node has logged what waits in the outbox: what is signed now comes after it.

    Raises:
        FileRefused: a file cannot be read.
    """
    held = load(home, agreement, party)
    for path in sorted(home.outbox.glob("root-set-*.statement")) if home.outbox.is_dir() else ():
        try:
            held = follow(held, agreement, SignedStatement.parse(read_file(path)))
        except RosterFileRefused:
            continue
    return held


def keep(home: ChannelHome, held: HeldRoots) -> None:
    """Write the newest version and its statement beside the rosters."""
    name = f"{held.newest.party}-roots-{held.newest.version}"
    home.rosters.mkdir(mode=0o700, exist_ok=True)
    write_file(home.rosters / f"{name}.statement", held.signed[-1].encode())
    write_file(home.rosters / f"{name}.toml", held.chain.texts[-1])


def put_aside(home: ChannelHome, held: HeldRoots) -> None:
    """After a succession: versions beyond those that count are no longer loaded. They are kept under another name."""
    party = held.newest.party
    for path in sorted(home.rosters.glob(f"{party}-roots-*.statement")):
        found = _FILE.fullmatch(path.name)
        if found is not None and int(found[2]) > held.newest.version:
            path.with_suffix(".toml").unlink(missing_ok=True)
            path.replace(path.with_name(f"not-counted-{path.name}"))
