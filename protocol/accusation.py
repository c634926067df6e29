"""Accusations: evidence that a third party checks with one file and a policy, offline, trusting nobody in between.

    file        = "hotline/evidence/1" newline, then the canonical map {kind, objects}
    objects     = bytes by name; each kind has its own names and no others

| kind | shows | of |
|---|---|---|
| fork | two signed checkpoints that cannot be of one log | the log's keys |
| mirror-fork | two cosignatures for what cannot be one log | the mirror's keys |
| rollback | a beat whose own log is shorter than it says was held of it | the node's key |
| wrong-voice | an entry of a log whose statement names another party or channel | the log's keys |

A policy names logs and mirrors. Where a node's key signed, the file carries the agreement and the roster as well: the
origin in the policy is a hash over the agreement, the agreement names the roots, the roots signed the roster. An
accusation is of a key, and of nothing that a key does not show: not of who held it, nor why.

Source: spec/disputes.md, "The evidence file".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from keys.quorum import RootSet
from keys.root_set import VERSION_MAX, RootChain
from keys.roster import Roster
from keys.roster import parse as parse_roster
from protocol import beat as beats
from protocol import canonical
from protocol.agreement import Agreement
from protocol.entry import Entry
from protocol.errors import Malformed
from protocol.fork import Fork, ForkRefused
from protocol.log_error import LogRefused
from protocol.party_keys import PartyKeys, party_keys
from protocol.policy import LogUnknown, Policy
from protocol.receipt import verify_receipt
from protocol.signature import PURPOSE, ROOT_ROLE, signing_message
from protocol.statement import Statement
from protocol.tagged import digest

MAGIC: Final = b"hotline/evidence/1\n"
FILE_BYTES_MAX: Final = 1_048_576
"""Bytes of a file: an agreement, a roster and a receipt, or two notes with their lines, fit into half of it."""

FORK: Final = "fork"
MIRROR_FORK: Final = "mirror-fork"
ROLLBACK: Final = "rollback"
WRONG_VOICE: Final = "wrong-voice"


class EvidenceMalformed(LogRefused):
    """Bytes that are no evidence file in its one spelling."""

    CODE = "evidence-malformed"


class ShowsNothing(ForkRefused):
    """Objects that do not show what their kind says."""


@dataclass(frozen=True, slots=True)
class Accusation:
    """What an evidence file holds; nothing of it is verified.

    Attributes:
        kind: one of the table above.
        objects: bytes by name.
    """

    kind: str
    objects: Mapping[str, bytes]

    def encode(self) -> bytes:
        """The file."""
        return MAGIC + canonical.encode({"kind": self.kind, "objects": dict(self.objects)})


@dataclass(frozen=True, slots=True)
class Shown:
    """What was verified.

    Attributes:
        kind: of the evidence.
        name: of the log or mirror whose keys are accused, or of the log of the node that is.
        claim: one sentence.
        facts: sizes, places and times by name, for people and programs.
    """

    kind: str
    name: str
    claim: str
    facts: Mapping[str, str | int]


def is_evidence(data: bytes) -> bool:
    """Whether a file says that it is one of evidence."""
    return data.startswith(b"hotline/evidence/")


def parse(data: bytes) -> Accusation:
    """Read an evidence file.

    Raises:
        EvidenceMalformed: another form, kind or size, or a second spelling.
    """
    if len(data) > FILE_BYTES_MAX:
        raise EvidenceMalformed(f"a file of {len(data)} bytes is over the limit of {FILE_BYTES_MAX}")
    if not data.startswith(MAGIC):
        raise EvidenceMalformed("it does not begin as evidence of version 1 does")
    try:
        value = canonical.decode(data[len(MAGIC) :], bytes_max=FILE_BYTES_MAX, items_max=64)
    except Malformed as error:
        raise EvidenceMalformed(f"not in its one spelling: {error}") from error
    match value:
        case {"kind": str(kind), "objects": dict(objects), **more} if not more and kind in _KINDS:
            found = {name: one for name, one in objects.items() if type(one) is bytes}
            if found.keys() != objects.keys() or found.keys() - _MAYBE.get(kind, frozenset()) != _KINDS[kind][0]:
                raise EvidenceMalformed(f"evidence of a {kind} has other objects", kind)
            return Accusation(kind, MappingProxyType(found))
        case _:
            raise EvidenceMalformed("not evidence of a kind that is known")


def verify(accusation: Accusation, policy: Policy) -> Shown:
    """Check that evidence shows what its kind says, of keys that the policy lists.

    Args:
        accusation: what was read.
        policy: whom the reader trusts to be whom.

    Raises:
        ShowsNothing, ForkRefused: every signature may be right, and still it shows nothing.
        LogUnknown: of a log that the policy does not list.
        ProtocolError, KeysError: a part is malformed or does not verify.
    """
    return _KINDS[accusation.kind][1](accusation.objects, policy)


def _fork(objects: Mapping[str, bytes], policy: Policy) -> Shown:
    fork = Fork.parse(objects)
    origin = _origin_of(fork.first)
    keys = next((party.logs[origin] for party in party_keys(policy) if origin in party.logs), None)
    if keys is None:
        raise LogUnknown("the policy does not list this log", origin)
    first, second = fork.check(keys)
    claim = "the keys of this log signed two logs that cannot be one"
    return Shown(FORK, origin, claim, {"first_size": first.size, "second_size": second.size, **_place(fork)})


def _mirror_fork(objects: Mapping[str, bytes], policy: Policy) -> Shown:
    fork = Fork.parse(objects)
    origin = _origin_of(fork.first)
    parties = party_keys(policy)
    voices = [party for party in parties if origin in party.logs]
    if not voices:
        raise LogUnknown("the policy does not list this log", origin)
    holder = parties[1] if voices[0] is parties[0] else parties[0]
    first, second = fork.check(holder.mirror)
    claim = "the keys of this mirror cosigned two logs that cannot be one"
    facts: dict[str, str | int] = {"log": origin, "first_size": first.size, "second_size": second.size, **_place(fork)}
    return Shown(MIRROR_FORK, holder.mirror[0].name, claim, facts)


def _place(fork: Fork) -> dict[str, int]:
    index = getattr(fork.difference, "index", None)
    return {} if index is None else {"differ_at": index}


def _origin_of(note: bytes) -> str:
    """The first line of a note that is to be verified by keys of that name."""
    return note.split(b"\n", 1)[0].decode("utf-8", "replace")


def _rollback(objects: Mapping[str, bytes], policy: Policy) -> Shown:
    agreement, parties = _agreement(objects["agreement"], policy)
    beat = beats.parse(objects["beat"])
    roster = _roster(objects, agreement, beat.party)
    beats.verify(objects["beat"], objects["signature"], channel=agreement.channel, party=beat.party, key=roster.node)
    origin = agreement.origin(beat.party, roster.epoch)
    if not any(origin in party.logs for party in parties):
        raise LogUnknown("the policy does not list this log", origin)
    if not beat.shows_rollback:
        raise ShowsNothing("the beat's own log is no shorter than it says was held of it")
    claim = "the node signed that its own log is shorter than what it had been told is held of it"
    return Shown(ROLLBACK, origin, claim, {"own_size": beat.own[0], "held_of_it": beat.quoted, "at_ms": beat.at_ms})


def _wrong_voice(objects: Mapping[str, bytes], policy: Policy) -> Shown:
    agreement, _ = _agreement(objects["agreement"], policy)
    receipt = verify_receipt(objects["receipt"], policy)
    author = next(
        (one.short for one in agreement.parties if f"/{agreement.log_id(one.short)}/" in receipt.origin), None
    )
    if author is None:
        raise ShowsNothing("the log is not of a party of that agreement")
    statement = Entry.parse(receipt.entry).parse_statement()
    if (statement.channel, statement.party) == (agreement.channel, author):
        raise ShowsNothing("the statement names the party and the channel of its log")
    claim = "this log has an entry whose statement names another party or channel"
    facts: dict[str, str | int] = {"index": receipt.index, "author": author, "names": statement.party}
    facts["channel"] = statement.channel.hex()
    return Shown(WRONG_VOICE, receipt.origin, claim, facts)


def _agreement(text: bytes, policy: Policy) -> tuple[Agreement, tuple[PartyKeys, PartyKeys]]:
    """The agreement over which the policy's origins are a hash."""
    agreement = Agreement.parse_founding(text)
    parties = party_keys(policy)
    expected = {f"{one.domain}/hotline/{agreement.log_id(one.short)}" for one in agreement.parties}
    if {party.prefix for party in parties} != expected:
        raise LogUnknown("the policy's logs are not those of the agreement in the file")
    return agreement, parties


def _roster(objects: Mapping[str, bytes], agreement: Agreement, party: str) -> Roster:
    """The party's roster, as its roots signed it."""
    text = objects["roster"]
    signed = Entry.parse(objects["roster-signed"])
    statement = Statement.parse(signed.statement)
    named = (statement.kind, statement.party, statement.channel, statement.body_digest)
    if named != ("roster", party, agreement.channel, digest(text)):
        raise ShowsNothing("the signed statement is not of this roster")
    roster = parse_roster(text)
    _require(signed, _chain(objects, agreement, party).of_roster(roster.version), agreement, party, "the roster")
    if roster.party != party or roster.channel != agreement.channel:
        raise ShowsNothing("the roster is of another party or channel")
    return roster


def _chain(objects: Mapping[str, bytes], agreement: Agreement, party: str) -> RootChain:
    """The party's roots: those of the agreement, and what they and their successors made of them."""
    chain = RootChain.first(party, agreement.channel, agreement.party(party).roots)
    if "root-sets" not in objects:
        return chain
    data = objects["root-sets"]
    rows = canonical.decode(data, bytes_max=len(data), items_max=4 * VERSION_MAX)
    for row in rows if isinstance(rows, list) else [rows]:
        match row:
            case [bytes(raw), bytes(text)]:
                signed = Entry.parse(raw)
            case _:
                raise ShowsNothing("a root set is of another form")
        statement = Statement.parse(signed.statement)
        named = (statement.kind, statement.party, statement.channel, statement.body_digest)
        if named != ("root-set", party, agreement.channel, digest(text)):
            raise ShowsNothing("a signed statement is not of its root set")
        following = chain.then(text)
        for roots in (chain.roots, following.roots):
            _require(signed, roots, agreement, party, f"root set {following.newest.version}")
        chain = following
    return chain


def _require(signed: Entry, roots: RootSet, agreement: Agreement, party: str, what: str) -> None:
    """Enough of these roots signed."""
    valid: set[int] = set()
    for one in signed.signatures:
        if one.root is not None and one.role == ROOT_ROLE:
            # Each root signs its own message, because a signature names its signer.
            message = signing_message(signed.statement, one.signer, ROOT_ROLE)
            given = [(one.root, one.value)]
            valid |= set(roots.check(given, PURPOSE, channel=agreement.channel, author=party, message=message).valid)
    if len(valid) < roots.threshold:
        raise ShowsNothing(f"{len(valid)} of {roots.threshold} roots signed {what}")


_MAYBE: Final = {ROLLBACK: frozenset({"root-sets"})}
"""Objects that evidence of a kind may have besides."""

_KINDS: Final[dict[str, tuple[frozenset[str], Callable[[Mapping[str, bytes], Policy], Shown]]]] = {
    FORK: (frozenset({"difference", "first", "second"}), _fork),
    MIRROR_FORK: (frozenset({"difference", "first", "second"}), _mirror_fork),
    ROLLBACK: (frozenset({"agreement", "beat", "roster", "roster-signed", "signature"}), _rollback),
    WRONG_VOICE: (frozenset({"agreement", "receipt"}), _wrong_voice),
}
