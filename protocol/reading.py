"""Reading an entry for judgement: what it is, and which signatures are to be verified by which keys.

This half of judging needs nothing but the entries before it in the same log, so many entries can be read ahead while
their signatures are verified elsewhere, many at once. Rosters, root sets and agreements are the exception: they decide
about what follows, they are few, and their signatures are verified here.

What governs an entry is known for certain only when it is concluded. Until then it is read by what governs at the time;
where that turns out to be something else, `again` reads it anew.

Source: spec/docket.md, "Verdicts", steps 1 to 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from keys.errors import KeysError, RootSetRefused, RosterRefused
from keys.hybrid import HybridPublicKey
from keys.passkey import Passkey
from keys.root_set import RootChain, RootSetVersion, check_no_roster_key
from keys.roster import Person, Roster, check_apart, check_desks, check_succession
from keys.roster import parse as parse_roster
from keys.roster_people import ADMIN, admins_at, check_people_only
from keys.suite import SUITES
from protocol.agreement import Agreement
from protocol.agreement_checks import Needs
from protocol.archive import Archive, KnownRoots
from protocol.authority import missing_slots, passkeys_count, slots_needed
from protocol.entry import Entry
from protocol.errors import Malformed, NotUnderstood, ProtocolError
from protocol.faults import (
    AFTER_NOT_OF_LOG,
    AFTER_SUNSET,
    AGREEMENT_SUPERSEDED,
    AMENDMENT_REFUSED,
    BAD_SIGNATURE,
    DOCUMENT_DIFFERS,
    DOCUMENT_MISSING,
    MALFORMED,
    MISPLACED,
    NOT_UNDERSTOOD,
    OTHER_SUITE,
    ROOT_SET_REFUSED,
    ROSTER_EXPIRED,
    ROSTER_REFUSED,
    SECOND_SPELLING,
    SHOWN,
    UNAUTHORISED,
    UNFIT_FACTS,
    UNFIT_HEADER,
    UNKNOWN_SIGNER,
    WRONG_AGREEMENT,
    WRONG_CHANNEL,
    WRONG_PARTY,
)
from protocol.fit import facts_fit, header_fits
from protocol.governance import AMEND, COUNTERSIGN, Governance, Reign, check_amendment
from protocol.kinds import Kind
from protocol.lineage import Lineage
from protocol.merkle import leaf_hash
from protocol.signature import ALGORITHMS, NODE, PURPOSE, ROOT_ROLE, by_admins, of_other_suite, signing_message
from protocol.statement import LogState, Statement
from protocol.succession import SUCCESSION_KIND, SuccessionRefused, check_fits, parse_succession
from protocol.tagged import Hash, digest
from protocol.verdict import SignatureCheck

AGREEMENT_KIND: Final = "agreement"
ROSTER_KIND: Final = "roster"
ROOT_SET_KIND: Final = "root-set"

_SPELLING_CODES: Final = frozenset({"second-spelling", "unsorted-keys"})


@dataclass(frozen=True, slots=True)
class RosterInForce:
    """A roster with its exact text, which the next one must name; `people` has its persons by number."""

    roster: Roster
    text: bytes
    people: Mapping[int, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", {person.number: person for person in self.roster.people})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An entry read, before its signatures are verified.

    Attributes:
        voice, index, leaf, entry, statement, kind: as in a Verdict.
        faults: found so far.
        checks: signatures to be verified, in the order in which `Judge.conclude` takes the results.
        signers: for each check, person number and role where a valid signature counts for authority, else None.
        needs: slots to be filled; empty where nobody but a node or roots sign.
        missing: slots that stay empty if every signature is valid.
        roster: what is in force after this entry, or None for no change.
        before: the roster by which it was read, or None.
        chain: the roots in force after this entry, or None for no change.
        by: the roots by which it was read.
        reign: number of the reign by which it was read.
        ends_ms: when that reign ended for its voice, as far as was known.
        spelling: faults of its bytes, whatever governs it.
    """

    voice: int
    index: int
    leaf: Hash
    entry: Entry | None
    statement: Statement | None
    kind: Kind | None
    faults: tuple[str, ...]
    checks: tuple[SignatureCheck, ...]
    signers: tuple[tuple[int, str] | None, ...]
    needs: Needs
    missing: tuple[str, ...]
    roster: RosterInForce | None
    before: RosterInForce | None
    chain: RootChain | None
    by: RootChain
    reign: int
    ends_ms: int | None
    spelling: tuple[str, ...]


def first_roots(agreement: Agreement, voice: int) -> RootChain:
    """The roots of a party as the agreement that founds a channel has them."""
    party = agreement.parties[voice]
    return RootChain.first(party.short, agreement.channel, party.roots)


class Reader:
    """Reads the entries of one voice in order, and keeps the roster and the roots in force for the next one.

    Args:
        voice: 0 or 1.
        governance: what governs, as far as both logs are judged.
        archive: where the texts of agreements and rosters are found.
        roots: the roots of both logs.
        index: of the first entry to be read.
        in_force: the roster in force for it, or None.
        chain: the roots in force for it.
        lineage: where successor logs begin.
    """

    def __init__(
        self,
        *,
        voice: int,
        governance: Governance,
        archive: Archive,
        roots: KnownRoots,
        index: int,
        in_force: RosterInForce | None,
        chain: RootChain,
        lineage: Lineage,
    ) -> None:
        self._voice = voice
        self._governance = governance
        self._founding = agreement = governance.reigns[0].agreement
        self._channel = agreement.channel
        self._archive = archive
        self._roots = roots
        self._index = index
        self._in_force = in_force
        self._chain = chain
        self._lineage = lineage
        self._party = agreement.shorts[voice]
        self._needs: dict[tuple[int, str, int | None, str], Needs] = {}

    @property
    def index(self) -> int:
        """Index of the next entry."""
        return self._index

    def prepare(self, data: bytes) -> Prepared:
        """Read the next entry.

        Args:
            data: its bytes.

        Returns:
            What was found, and the signatures to verify. Nothing is raised for bad input.

        Source: spec/docket.md, "Verdicts", steps 1 to 8.
        """
        index = self._index
        self._index = index + 1
        leaf = leaf_hash(data)
        entry: Entry | None = None
        statement: Statement | None = None
        try:
            entry = Entry.parse(data)
            statement = entry.parse_statement()
        except NotUnderstood:
            faults = [NOT_UNDERSTOOD]
        except Malformed as error:
            faults = [SECOND_SPELLING if error.code in _SPELLING_CODES else MALFORMED]
        else:
            faults = []
        number = len(self._governance.reigns) - 1
        found = self._assess(index, leaf, entry, statement, faults, number, self._in_force, self._chain)
        self._in_force = found.roster or self._in_force
        self._chain = found.chain or self._chain
        return found

    def again(self, prepared: Prepared, number: int, before: RosterInForce | None, by: RootChain) -> Prepared:
        """Read an entry anew, by what does govern it.

        Args:
            prepared: as it was read.
            number: of the reign that governs it.
            before: the roster in force for it.
            by: the roots in force for it.
        """
        known, roots = prepared.roster or prepared.before, prepared.chain or prepared.by
        found = self._assess(
            prepared.index,
            prepared.leaf,
            prepared.entry,
            prepared.statement,
            list(prepared.spelling),
            number,
            before,
            by,
        )
        if self._in_force is known:
            # No roster was read since: what follows is read by the right one from here.
            self._in_force = found.roster or before
        if self._chain is roots:
            self._chain = found.chain or by
        return found

    def _assess(
        self,
        index: int,
        leaf: Hash,
        entry: Entry | None,
        statement: Statement | None,
        faults: list[str],
        number: int,
        before: RosterInForce | None,
        by: RootChain,
    ) -> Prepared:
        """Everything about an entry that its bytes, a reign, a roster and a root set decide."""
        voice = self._voice
        reign = self._governance.reigns[number]
        ends_ms = reign.ends[voice]
        spelling = tuple(faults)
        kind: Kind | None = None
        if statement is not None:
            kind = self._check_header(statement, faults, reign, number)
        if self._lineage.begins(voice, index) != (kind is not None and kind.name == SUCCESSION_KIND):
            faults.append(MISPLACED)
        checks: list[SignatureCheck] = []
        signers: list[tuple[int, str] | None] = []
        needs: Needs = ()
        missing: tuple[str, ...] = ()
        roster: RosterInForce | None = None
        chain: RootChain | None = None
        if entry is not None:
            if kind is not None and kind.by_roots and statement is not None:
                if kind.name == ROSTER_KIND and by_admins(entry.signatures):
                    roster, admins = self._check_admins(index, entry, statement, faults, reign, before, by)
                    signers.extend(admins)
                else:
                    roster, chain = self._check_document(index, kind, entry, statement, faults, reign, before, by)
            else:
                passkeys = False
                if kind is not None and statement is not None and not kind.machine:
                    needs = self._slots(kind, statement, reign, number)
                    passkeys = passkeys_count(reign.agreement, kind, statement.severity, statement.facts, needs)
                expired, unread = self._list_checks(kind, entry, faults, checks, signers, before, by, passkeys=passkeys)
                if kind is not None and kind.document and statement is not None:
                    self._check_succession(index, statement, faults, before)
                if kind is not None and statement is not None and not kind.machine:
                    counting = [one for one in signers if one is not None]
                    missing = missing_slots(needs, counting)
                    # Where nothing but time, or this reader's age, is wrong with a signature, that is the fault, and
                    # not the want of it.
                    if missing and missing_slots(needs, [*counting, *unread]):
                        with_expired = missing_slots(needs, [*counting, *unread, *expired])
                        faults.append(UNAUTHORISED if with_expired else ROSTER_EXPIRED)
                    ended = ends_ms is not None and entry.logged_at_ms >= ends_ms
                    if ended and not passes_always(kind, statement):
                        faults.append(AFTER_SUNSET)
        return Prepared(
            voice=voice,
            index=index,
            leaf=leaf,
            entry=entry,
            statement=statement,
            kind=kind,
            faults=tuple(dict.fromkeys(faults)) if faults else (),
            checks=tuple(checks),
            signers=tuple(signers),
            needs=needs,
            missing=missing,
            roster=roster,
            before=before,
            chain=chain,
            by=by,
            reign=number,
            ends_ms=ends_ms,
            spelling=spelling,
        )

    def _check_header(self, statement: Statement, faults: list[str], reign: Reign, number: int) -> Kind | None:
        """Channel, party, agreement and catalogue; then whether the header is one that its kind has."""
        if statement.channel != self._channel:
            faults.append(WRONG_CHANNEL)
        if statement.party != self._party:
            faults.append(WRONG_PARTY)
        catalogue = reign.catalogue
        named = catalogue.digest
        if statement.agreement != reign.agreement.digest:
            before = self._governance.named_before(statement.agreement, number)
            faults.append(WRONG_AGREEMENT if before is None else AGREEMENT_SUPERSEDED)
            named = named if before is None else before.catalogue.digest
        kind = catalogue.kind(statement.kind)
        if kind is None or statement.catalogue != named:
            faults.append(NOT_UNDERSTOOD)
            return None
        if not header_fits(kind, statement):
            faults.append(UNFIT_HEADER)
            if not kind.machine:
                return kind
        if not facts_fit(kind, statement):
            faults.append(UNFIT_FACTS)
        return kind

    def _list_checks(
        self,
        kind: Kind | None,
        entry: Entry,
        faults: list[str],
        checks: list[SignatureCheck],
        signers: list[tuple[int, str] | None],
        in_force: RosterInForce | None,
        by: RootChain,
        *,
        passkeys: bool,
    ) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Which signatures to verify, by which keys. Every signature in an entry is verified, also one too many, and
        also one with a passkey where the agreement has these count for nothing.

        Returns:
            Person and role of those that would count, had the roster or the person not expired; and of those that may
            count to a reader who knows their algorithm.
        """
        roster = None if in_force is None else in_force.roster
        current = roster is not None and roster.valid_at(entry.logged_at_ms)
        party, channel = self._party, self._channel
        by_node = False
        expired: list[tuple[int, str]] = []
        unread: list[tuple[int, str]] = []
        for signature in entry.signatures:
            if of_other_suite(signature, self._founding.suite):
                # Known, and not what the parties agreed on: it is worth nothing here, to no reader.
                faults.append(OTHER_SUITE)
                continue
            if signature.algorithm not in ALGORITHMS:
                if NOT_UNDERSTOOD not in faults:
                    faults.append(NOT_UNDERSTOOD)
                by_node |= signature.signer == NODE == signature.role
                named = None if in_force is None else in_force.people.get(signature.person or 0)
                if named is not None and signature.role in named.roles:
                    unread.append((named.number, signature.role))
                continue
            counts: tuple[int, str] | None = None
            number = signature.person
            if number is not None:
                person = None if in_force is None else in_force.people.get(number)
                key = None if person is None else person.key_for(signature.algorithm, signature.value)
                good = passkeys or not isinstance(key, Passkey)
                if person is not None and signature.role in person.roles and good:
                    if current and person.valid_at(entry.logged_at_ms):
                        counts = (number, signature.role)
                    else:
                        expired.append((number, signature.role))
            elif signature.algorithm not in SUITES:
                # A passkey is a person's; what claims to be by a node or a root by means of one is by nobody.
                key = None
            elif signature.signer == NODE and signature.role == NODE:
                key = None if roster is None else roster.node
                by_node = True
            else:
                key = by.roots.key(signature.root or 0) if signature.role == ROOT_ROLE else None
            if key is None:
                if UNKNOWN_SIGNER not in faults:
                    faults.append(UNKNOWN_SIGNER)
                continue
            message = signing_message(entry.statement, signature.signer, signature.role)
            checks.append(SignatureCheck(key, PURPOSE, channel, party, message, signature.value))
            signers.append(counts)
        if kind is not None and kind.machine and not by_node:
            # The roster's expiry is not looked at: it marks what people say and cuts nothing.
            faults.append(UNAUTHORISED)
        return expired, unread

    def _slots(self, kind: Kind, statement: Statement, reign: Reign, number: int) -> Needs:
        if statement.facts:
            return slots_needed(reign.agreement, kind, statement.severity, statement.precedence, statement.facts)
        key = (number, kind.name, statement.severity, statement.precedence)
        needs = self._needs.get(key)
        if needs is None:
            needs = slots_needed(reign.agreement, kind, statement.severity, statement.precedence)
            self._needs[key] = needs
        return needs

    def _check_document(
        self,
        index: int,
        kind: Kind,
        entry: Entry,
        statement: Statement,
        faults: list[str],
        reign: Reign,
        before: RosterInForce | None,
        by: RootChain,
    ) -> tuple[RosterInForce | None, RootChain | None]:
        """What roots sign: its text, its place, and their signatures, which are verified here and now."""
        if (index == 0) != (kind.name == AGREEMENT_KIND) and MISPLACED not in faults:
            faults.append(MISPLACED)
        text = self._text(index, statement, faults)
        coming: RootSetVersion | None = None
        if kind.name == ROOT_SET_KIND and text is not None:
            coming = self._read_roots(text, faults, before, by)
        by_roots = [(one.root, one) for one in entry.signatures if one.role == ROOT_ROLE and one.root is not None]
        if len(by_roots) < len(entry.signatures):
            faults.append(UNKNOWN_SIGNER)
        # A number names one key in all versions, so a root of the set before and of its successor signs once for both.
        sets = [by.roots] if coming is None else [by.roots, coming.roots]
        keys: dict[int, HybridPublicKey] = {}
        for one in sets:
            keys.update(zip(one.numbers, one.keys, strict=True))
        counting: set[int] = set()
        for number, signature in by_roots:
            key = keys.get(number)
            if key is None:
                faults.append(UNKNOWN_SIGNER)
                continue
            if of_other_suite(signature, self._founding.suite):
                faults.append(OTHER_SUITE)
                continue
            if signature.algorithm not in SUITES:
                # What this reader is too old to verify accuses nobody, and no document takes effect by it.
                faults.append(NOT_UNDERSTOOD)
                counting.add(number)
                continue
            message = signing_message(entry.statement, signature.signer, signature.role)
            check = SignatureCheck(key, PURPOSE, self._channel, self._party, message, signature.value)
            if check.holds():
                counting.add(number)
            else:
                faults.append(BAD_SIGNATURE)
        if any(len(counting.intersection(one.numbers)) < one.threshold for one in sets):
            faults.append(UNAUTHORISED)
        if not self._roots.holds(self._voice, self._after(index, statement), index):
            faults.append(AFTER_NOT_OF_LOG)
        if kind.name == AGREEMENT_KIND and text is not None and text != self._founding.text:
            faults.append(DOCUMENT_DIFFERS)
        if kind.name in {AMEND, COUNTERSIGN} and text is not None:
            self._check_amendment(text, reign, faults)
        if text is None or not SHOWN.issuperset(faults):
            return None, None
        if coming is not None:
            return None, by.then(text)
        return (self._take_roster(text, reign, faults, before, by) if kind.name == ROSTER_KIND else None), None

    def _read_roots(
        self, text: bytes, faults: list[str], before: RosterInForce | None, by: RootChain
    ) -> RootSetVersion | None:
        """The root set in a text, if it may follow the one in force here; who signed it is another question."""
        try:
            coming = by.following(text)
            if coming.roster != (0 if before is None else before.roster.version):
                raise RootSetRefused("it was made for another roster than the one in force here")
            if before is not None:
                check_no_roster_key(coming, before.roster)
        except KeysError:
            faults.append(ROOT_SET_REFUSED)
            return None
        return coming

    def _check_admins(
        self,
        index: int,
        entry: Entry,
        statement: Statement,
        faults: list[str],
        reign: Reign,
        before: RosterInForce | None,
        by: RootChain,
    ) -> tuple[RosterInForce | None, list[tuple[int, str]]]:
        """A roster that admins of the one before signed, verified here and now: it changes people, or nothing."""
        text = self._text(index, statement, faults)
        able = {} if before is None else admins_at(before.roster, entry.logged_at_ms)
        signed: list[tuple[int, str]] = []
        expired = unread = 0
        for signature in entry.signatures:
            number = signature.person or 0
            person = None if before is None else before.people.get(number)
            if person is None or ADMIN not in person.roles:
                faults.append(UNKNOWN_SIGNER)
            elif of_other_suite(signature, self._founding.suite):
                faults.append(OTHER_SUITE)
            elif signature.algorithm not in ALGORITHMS:
                faults.append(NOT_UNDERSTOOD)
                unread += 1
            elif person.key is None or signature.algorithm != person.key.algorithm:
                # What says who may speak is signed with keys that are post-quantum, and not by a touch on a page.
                faults.append(UNKNOWN_SIGNER)
            else:
                message = signing_message(entry.statement, signature.signer, signature.role)
                value = signature.value
                if not SignatureCheck(person.key, PURPOSE, self._channel, self._party, message, value).holds():
                    faults.append(BAD_SIGNATURE)
                elif number in able:
                    signed.append((number, ADMIN))
                else:
                    expired += 1
        needed = reign.agreement.roster_admins
        if not needed or len(signed) + unread < needed:
            faults.append(ROSTER_EXPIRED if needed and len(signed) + unread + expired >= needed else UNAUTHORISED)
        if not self._roots.holds(self._voice, self._after(index, statement), index):
            faults.append(AFTER_NOT_OF_LOG)
        if index == 0 and MISPLACED not in faults:
            faults.append(MISPLACED)
        if before is None or text is None or not SHOWN.issuperset(faults):
            return None, signed
        taken = self._take_roster(text, reign, faults, before, by)
        if taken is not None:
            try:
                check_people_only(before.roster, taken.roster)
            except RosterRefused:
                faults.append(UNAUTHORISED)
                return None, signed
        return taken, signed

    def _check_amendment(self, text: bytes, reign: Reign, faults: list[str]) -> None:
        """The text of an amendment may take the place of the agreement in force where it is stated."""
        try:
            amended = check_amendment(text, reign.agreement)
        except NotUnderstood:
            faults.append(NOT_UNDERSTOOD)
        except ProtocolError:
            faults.append(AMENDMENT_REFUSED)
        else:
            if self._governance.catalogue_of(amended.catalogue_digest) is None:
                faults.append(NOT_UNDERSTOOD)

    def _text(self, index: int, statement: Statement, faults: list[str]) -> bytes | None:
        """The text of a document, in the open; None where there is none."""
        if statement.body_digest is None or statement.opener is not None:
            faults.append(UNFIT_HEADER)
            return None
        text = self._archive.document(self._voice, index, statement.body_digest)
        if text is None:
            faults.append(DOCUMENT_MISSING)
        elif digest(text) != statement.body_digest or len(text) != statement.body_length:
            faults.append(DOCUMENT_DIFFERS)
        return text

    def _after(self, index: int, statement: Statement) -> LogState:
        log = self._lineage.log_of(self._voice, index)
        return self._lineage.numbered(self._voice, log, statement.after, self._archive.root)

    def _check_succession(
        self, index: int, statement: Statement, faults: list[str], before: RosterInForce | None
    ) -> None:
        """A document that persons sign: it names the log before as it stands here, and so does its `after`."""
        text = self._text(index, statement, faults)
        if text is None or MISPLACED in faults or before is None:
            return
        log = self._lineage.log_of(self._voice, index)
        size = index - self._lineage.voices[self._voice][log - 1].base
        past = LogState(size, self._archive.root(self._voice, index))
        try:
            succession = parse_succession(text)
            epoch = before.roster.next_epoch
            check_fits(succession, self._founding, self._party, epoch=epoch, past=past)
        except SuccessionRefused:
            faults.append(DOCUMENT_DIFFERS)
            return
        if statement.after != past:
            faults.append(AFTER_NOT_OF_LOG)

    def _take_roster(
        self, text: bytes, reign: Reign, faults: list[str], before: RosterInForce | None, by: RootChain
    ) -> RosterInForce | None:
        """A roster that its roots signed: whether it may follow the one in force. If not, the last good one stands."""
        try:
            roster = parse_roster(text)
            check_apart(roster, self._founding.parties[1 - self._voice].roots)
            by.check_apart(roster)
            domain = self._founding.party(self._party).domain
            check_desks(roster, domain=domain, demonstration=reign.agreement.demonstration)
            if before is not None:
                check_succession(before.roster, before.text, roster)
            elif roster.previous is not None:
                raise RosterRefused("the first roster in a log follows no other")
            if roster.party != self._party or roster.channel != self._channel:
                raise RosterRefused("the roster is of another party or channel")
        except KeysError:
            faults.append(ROSTER_REFUSED)
            return None
        return RosterInForce(roster, text)


def passes_always(kind: Kind, statement: Statement) -> bool:
    """Whether a statement passes after the end of an agreement, and while the line is suspended."""
    return kind.always or kind.machine or statement.precedence == "flash"
