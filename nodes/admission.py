"""Admission: what a node checks of a statement of its own party before it takes it, and who has yet to sign.

The node never signs for a person. It refuses what the other side would only mark as faulty: better a clear error to the
officer than a bad entry for ever. The same rules judge the entry afterwards at both nodes and in the audit.

Source: spec/local-api.md, "submit".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from keys.errors import KeyAway, KeysError
from keys.passkey import Passkey
from keys.public_key import PublicKey
from keys.quorum import RootSet
from keys.root_set import RootChain, check_no_roster_key
from keys.roster import Roster
from keys.roster import parse as parse_roster
from keys.roster import render as render_roster
from keys.sealing import Opener
from nodes.errors import NodeError
from nodes.resources import catalogue_of
from nodes.rosters import HeldRoster, RosterFileRefused, check_following, check_roots, check_roster
from nodes.signed import SignedStatement
from nodes.verified import Verified
from protocol.agreement import Agreement
from protocol.agreement_checks import Needs
from protocol.authority import missing_slots, passkeys_count, slots_needed
from protocol.body import check_named, open_body, recipients_of
from protocol.compose import check_opened
from protocol.errors import ProtocolError
from protocol.fit import header_fits
from protocol.governance import AMEND, COUNTERSIGN, Reign, check_amendment, sunsets
from protocol.judge import counted
from protocol.kinds import Catalogue, Kind
from protocol.limits import ENTRY_BYTES_MAX
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND, first_roots, passes_always
from protocol.signature import ALGORITHMS, PURPOSE, Signature, by_admins, of_other_suite, signing_message
from protocol.statement import Statement
from protocol.verdict import SignatureCheck

ENTRY_OVERHEAD_BYTES = 128
"""More than an entry adds to its statement and signatures."""


class AdmissionRefused(NodeError):
    """A statement that this node does not take; nothing was kept of it."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A statement that may be logged once nothing is missing.

    Attributes:
        statement: parsed.
        kind: its kind.
        signed: its bytes, the signatures that hold, and its body.
        missing: slots of the agreement's rule without a signature, such as `release/senior`.
        roster_version: of our roster that it was checked by.
        roots_version: of our root set that it was checked by.
        unopened: whether its body was not opened, because the sealing key is not in this process and cannot be used
            now. It may stand in the queue, and is not logged before it was.
        again: whether it is a root set that is in force already; it is in the log then, or must not come there.
    """

    statement: Statement
    kind: Kind
    signed: SignedStatement
    missing: tuple[str, ...]
    roster_version: int
    roots_version: int
    unopened: bool = False
    again: bool = False


class Desk:
    """Admits statements of one party on one channel.

    Args:
        party: our short name.
        agreement: the one in force.
        catalogue: the one it names.
        sealing: opens what is sealed to us.
        verified: verifies signatures, and is told which hold.
        chain: our roots; by default those of the agreement.
    """

    def __init__(
        self,
        *,
        party: str,
        agreement: Agreement,
        catalogue: Catalogue,
        sealing: Opener,
        verified: Verified,
        chain: RootChain | None = None,
    ) -> None:
        self._party = party
        self._verified = verified
        self._agreement = agreement
        self._catalogue = catalogue
        self._sealing = sealing
        self._chain = chain or first_roots(agreement, agreement.shorts.index(party))
        self._earlier: frozenset[bytes] = frozenset()
        self._reign = Reign(agreement, catalogue, ends=sunsets(agreement))

    def governed(self, reign: Reign, earlier: frozenset[bytes] = frozenset()) -> None:
        """Admit by what has come into force.

        Args:
            reign: in force.
            earlier: digests of the agreements before it; a roster that roots signed under one of them counts.
        """
        self._reign = reign
        self._earlier = earlier
        self._agreement, self._catalogue = reign.agreement, reign.catalogue

    @property
    def roots_version(self) -> int:
        """Of our root set by which statements are admitted."""
        return self._chain.newest.version

    def rooted(self, chain: RootChain) -> None:
        """Admit by roots of ours that have come into force."""
        self._chain = chain

    def admit(
        self,
        signed: SignedStatement,
        *,
        roster: Roster,
        counterpart: Roster,
        at_ms: int,
        counters: Mapping[bytes, int] | None = None,
        unsigned: bool = False,
        sealed_before: Collection[bytes] = (),
    ) -> Admitted:
        """Check a statement with the signatures it has so far.

        Args:
            signed: as submitted.
            roster: ours, in force.
            counterpart: theirs; what is sealed must be sealed to them.
            at_ms: the time its entry would have.
            counters: of our passkeys, by credential, as far as our log is judged; None before the first.
            unsigned: whether it may be without any signature so far, as what a program put in is.
            sealed_before: ids of the counterpart's sealing keys before the one in force that still open; what was made
                before the change may be sealed to one of them.

        Raises:
            AdmissionRefused: it would be faulty; the code says how.
        """
        try:
            statement = Statement.parse(signed.statement)
        except ProtocolError as error:
            raise AdmissionRefused(error.code, f"the statement cannot be read: {error.beside_code}") from error
        self._check_place(statement, at_ms)
        kind = self._catalogue.kind(statement.kind)
        if kind is None or kind.machine:
            raise AdmissionRefused("no-such-kind", f"{statement.kind!r} is not a kind that a person sends")
        size = len(signed.statement) + sum(len(one.value) + 96 for one in signed.signatures) + ENTRY_OVERHEAD_BYTES
        if size > ENTRY_BYTES_MAX:
            raise AdmissionRefused("entry-too-large", f"the entry would have {size} bytes; {ENTRY_BYTES_MAX} fit")
        if kind.document:
            self._check_body(statement, signed, kind, counterpart, sealed_before)
            self._check_header(statement, kind)
            chain = self._chain
            self._check_signers(signed, kind, roster, at_ms, chain)
            self._check_amendment(signed, kind)
            again = kind.name == ROOT_SET_KIND and signed.body in chain.texts
            return Admitted(statement, kind, signed, (), roster.version, chain.newest.version, again=again)
        checks = [self._check(signed.statement, one, roster, at_ms) for one in signed.signatures]
        results = self._verified.verify(checks, remember=True)
        opened = self._check_body(statement, signed, kind, counterpart, sealed_before)
        self._check_header(statement, kind)
        if self._reign.ended_at(at_ms, self._party) and not passes_always(kind, statement):
            raise AdmissionRefused("after-sunset", "the agreement has ended; only flash and what always passes goes")
        for signature, held in zip(signed.signatures, results(), strict=True):
            if not held:
                raise AdmissionRefused("bad-signature", f"the signature of {signature.signer} does not verify")
        signers = [(one.person or 0, one.role) for one in signed.signatures]
        if not signers and not unsigned:
            raise AdmissionRefused("missing-signature", "nobody has signed the statement")
        needs = slots_needed(self._agreement, kind, statement.severity, statement.precedence, statement.facts)
        self._check_passkeys(statement, kind, needs, checks, counters or {})
        missing = missing_slots(needs, signers)
        return Admitted(statement, kind, signed, missing, roster.version, self.roots_version, unopened=not opened)

    def _check_signers(self, signed: SignedStatement, kind: Kind, roster: Roster, at_ms: int, chain: RootChain) -> None:
        """The roots signed a document, or admins a roster that changes nothing but people; and a roster is the next.

        Raises:
            AdmissionRefused: they did not, or it would not follow the one in force.
        """
        # A roster has one text, so that of the one in force need not be looked for.
        before = HeldRoster(roster, render_roster(roster), signed)
        admins = self._agreement.roster_admins
        try:
            if kind.name == ROSTER_KIND and by_admins(signed.signatures):
                check_roster(self._agreement, self._party, signed, before, chain=chain, admins=admins, at_ms=at_ms)
                return
            sets = self._roots_of(kind, signed, chain, roster)
            check_roots(self._agreement, self._party, signed, kind.name, *sets, each=True)
            if kind.name == ROSTER_KIND and parse_roster(signed.body or b"").version > roster.version:
                # One that is older is brought by whoever got no answer the first time.
                check_following(before, check_roster(self._agreement, self._party, signed, chain=chain))
        except KeysError as error:
            raise AdmissionRefused("roster-refused", str(error)) from error
        except RosterFileRefused as error:
            raise AdmissionRefused(error.code, error.text) from error

    def _check_passkeys(
        self,
        statement: Statement,
        kind: Kind,
        needs: Needs,
        checks: list[SignatureCheck],
        counters: Mapping[bytes, int],
    ) -> None:
        """Passkeys count for such a statement, and none of them has signed since what is in the log."""
        if not any(isinstance(check.key, Passkey) for check in checks):
            return
        if not passkeys_count(self._agreement, kind, statement.severity, statement.facts, needs):
            raise AdmissionRefused("passkey-not-agreed", "by the agreement no passkey counts for such a statement")
        if counted(counters, checks, [True] * len(checks)) is None:
            raise AdmissionRefused("passkey-counter", "the passkey has signed since; its person has to sign this anew")

    def _check_place(self, statement: Statement, at_ms: int) -> None:
        if (statement.channel, statement.party) != (self._agreement.channel, self._party):
            raise AdmissionRefused("wrong-channel", "the statement is of another channel or party")
        if statement.kind in {ROSTER_KIND, ROOT_SET_KIND} and statement.agreement in self._earlier:
            # The roots are far away, and what they signed before the amendment is judged by the one in force.
            return
        if statement.agreement != self._agreement.digest or statement.catalogue != self._catalogue.digest:
            raise AdmissionRefused("wrong-agreement", "the statement was not made under the agreement in force")
        if statement.release_by_ms is not None and at_ms > statement.release_by_ms:
            raise AdmissionRefused("released-late", "the time by which it was to be released has passed")

    @staticmethod
    def _roots_of(kind: Kind, signed: SignedStatement, chain: RootChain, roster: Roster) -> tuple[RootSet, ...]:
        """The root sets of which enough must have signed; a root set is signed by the one before, and by its own."""
        if kind.name != ROOT_SET_KIND:
            return (chain.roots,)
        if signed.body in chain.texts[1:]:
            # Whoever brings it again got no answer the first time.
            place = chain.texts.index(signed.body)
            return chain.versions[place - 1].roots, chain.versions[place].roots
        try:
            coming = chain.following(signed.body or b"")
            check_no_roster_key(coming, roster)
        except KeysError as error:
            raise AdmissionRefused("root-set-refused", str(error)) from error
        if coming.roster != roster.version:
            text = f"it was made after roster {coming.roster}, and roster {roster.version} is in force: make it anew"
            raise AdmissionRefused("root-set-refused", text)
        return chain.roots, coming.roots

    def _check_amendment(self, signed: SignedStatement, kind: Kind) -> None:
        """What would be refused where it stands is not said."""
        if kind.name not in {AMEND, COUNTERSIGN}:
            return
        try:
            amended = check_amendment(signed.body or b"", self._agreement)
        except ProtocolError as error:
            raise AdmissionRefused("amendment-refused", str(error)) from error
        if catalogue_of(amended.catalogue_digest) is None:
            raise AdmissionRefused("catalogue-differs", "the amendment names a catalogue that this node does not have")

    @staticmethod
    def _check_header(statement: Statement, kind: Kind) -> None:
        if not header_fits(kind, statement):
            raise AdmissionRefused("unfit-header", f"the header is not one that {kind.name} may have")

    def _check_body(
        self,
        statement: Statement,
        signed: SignedStatement,
        kind: Kind,
        counterpart: Roster,
        sealed_before: Collection[bytes],
    ) -> bool:
        """The body is the one named, opens with our key, and holds what was committed to.

        Returns:
            Whether that is known: not while our key is away.
        """
        if (signed.body is None) != (statement.body_digest is None):
            raise AdmissionRefused("body-differs", "the statement and what came as its body do not belong together")
        if signed.body is None:
            return True
        known = True
        try:
            check_named(statement, signed.body)
            if not kind.document:
                opened = open_body(statement, signed.body, party=self._party, key=self._sealing)
                check_opened(statement, opened, kind)
        except KeyAway:
            known = False
        except (ProtocolError, KeysError) as error:
            code = error.code if isinstance(error, ProtocolError) else "body-unreadable"
            raise AdmissionRefused(code, f"the body does not hold: {error}") from error
        if not kind.document:
            theirs = {key_id for party, key_id in recipients_of(signed.body) if party == counterpart.party}
            if theirs.isdisjoint({counterpart.sealing.key_id, *sealed_before}):
                text = f"the body is not sealed to {counterpart.party}'s present key"
                raise AdmissionRefused("not-sealed-to-them", text)
        return known

    def _check(self, raw: bytes, signature: Signature, roster: Roster, at_ms: int) -> SignatureCheck:
        """What is to be verified of one signature."""
        key = _officer_key(roster, signature, at_ms)
        message = signing_message(raw, signature.signer, signature.role)
        return SignatureCheck(key, PURPOSE, self._agreement.channel, self._party, message, signature.value)


def _officer_key(roster: Roster, signature: Signature, at_ms: int) -> PublicKey:
    """The key of whoever claims to have signed, if the roster in force gives that person that role now."""
    if signature.algorithm not in ALGORITHMS:
        raise AdmissionRefused("bad-signature", f"{signature.signer} signed with another algorithm")
    if of_other_suite(signature, roster.suite):
        raise AdmissionRefused("other-suite", f"{signature.signer} signed with {signature.algorithm}")
    if not roster.valid_from_ms <= at_ms < roster.valid_until_ms:
        raise AdmissionRefused("roster-expired", f"roster {roster.version} of {roster.party} is not valid at this time")
    for person in roster.people:
        if person.number == signature.person:
            if not person.valid_from_ms <= at_ms < person.valid_until_ms:
                raise AdmissionRefused("officer-expired", f"{signature.signer} is not valid at this time")
            if signature.role not in person.roles:
                raise AdmissionRefused("role-not-held", f"{signature.signer} does not hold the role {signature.role}")
            key = person.key_for(signature.algorithm, signature.value)
            if key is None:
                raise AdmissionRefused("key-not-in-roster", f"{signature.signer} has no such key or passkey")
            return key
    raise AdmissionRefused("key-not-in-roster", f"roster {roster.version} of {roster.party} has no {signature.signer}")
