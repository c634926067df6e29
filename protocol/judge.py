"""The judge: walks two logs and finds about each entry what is true of it.

`prepare` reads an entry and lists the signatures to verify (`protocol.reading`). `conclude` takes the results and adds
what depends on the other log: references, `held`, order. An entry can be concluded once the other log is concluded up
to what the entry shows its author to have held. Such claims are hashes, and hashes cannot go in a circle, so one of
the two logs can always go on. Which one goes first changes no verdict.

A claim about more of the other log than is there waits until that log has grown; `protocol.walk` says when it waits no
longer. Where the logs will not grow, as for an auditor, what they do not reach is a note and no fault.

Source: spec/docket.md, "Verdicts", steps 9 to 16.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from keys.passkey import Assertion, Passkey
from keys.root_set import RootChain
from protocol.agreement import Agreement
from protocol.archive import Archive, KnownRoots
from protocol.authority import missing_slots
from protocol.entry import Entry
from protocol.faults import (
    AFTER_NOT_OF_LOG,
    BAD_SIGNATURE,
    HELD_NOT_OF_LOG,
    HELD_WENT_DOWN,
    PASSKEY_COUNTER,
    REFERENCE_UNFIT,
    REFERENCE_UNKNOWN,
    RELEASED_LATE,
    REPEATED_STATEMENT,
    SEEN_NOT_OF_LOG,
    STATUS_MIXED,
    TIME_WENT_BACK,
    UNAUTHORISED,
    UNFIT_FACTS,
)
from protocol.fit import reply_fits
from protocol.governance import AMENDING_KINDS, GOVERNING_KINDS, HOME, Governance
from protocol.kinds import Catalogue, Kind
from protocol.lineage import Lineage
from protocol.reading import Prepared, Reader, RosterInForce, first_roots
from protocol.statement import ACTUAL, EMPTY_LOG, LogState, Statement
from protocol.succession import SUCCESSION_KIND
from protocol.tagged import Hash
from protocol.template import REGISTER_KIND, TEMPLATE
from protocol.verdict import NO_LOCATION, Located, SignatureCheck, Verdict, location

HELD_BEYOND: Final = "held-beyond"
"""Note: the entry's `held` is of more of the other log than is at hand."""

SEEN_BEYOND: Final = "seen-beyond"
"""Note: the same of what its author had seen."""

REFERENCE_BEYOND: Final = "reference-beyond"
"""Note: what it refers to may lie in the part of the logs that is not at hand."""

AFTER_BEYOND: Final = "after-beyond"
"""Note: the entry was made for its own log at a size that is not at hand."""


@dataclass(frozen=True, slots=True)
class VoiceState:
    """How far one log is concluded, and what that leaves in force. It is all a judge needs to go on after a restart.

    Attributes:
        size: entries concluded.
        held: the largest good `held` up to there.
        last_ms: the latest logging time up to there, UTC milliseconds.
        roster: the roster in force, or None.
        log: which log of the other voice its entries speak of (`protocol.lineage`).
        counters: by the id of a passkey's credential, the largest counter of its good signatures up to there.
        chain: the roots in force, or None for those of the agreement that founds the channel.
    """

    size: int = 0
    held: LogState = EMPTY_LOG
    last_ms: int = 0
    roster: RosterInForce | None = None
    log: int = 0
    counters: Mapping[bytes, int] = field(default_factory=dict)
    chain: RootChain | None = None


_ONE_LOG_EACH: Final = Lineage()


class Judge:
    """Judges both voices of one channel.

    Args:
        agreement: the one that founds the channel.
        catalogue: what the kinds mean; its digest should be the agreement's.
        archive: the memory; `conclude` adds to it.
        states: where to go on, one for each voice; both empty at first.
        lineage: where successor logs begin. Places and sizes are numbers of the voices throughout.
        governance: what governs, as far as the states go; by default the founding agreement, and no catalogue but this.
    """

    def __init__(
        self,
        *,
        agreement: Agreement,
        catalogue: Catalogue,
        archive: Archive,
        states: tuple[VoiceState, VoiceState] = (VoiceState(), VoiceState()),
        lineage: Lineage = _ONE_LOG_EACH,
        governance: Governance | None = None,
    ) -> None:
        self.agreement = agreement
        self.governance = governance or Governance(agreement, catalogue, document=archive.document)
        self.archive = archive
        self._catalogue = catalogue
        self._parties = agreement.shorts
        self._states = [
            state if state.chain is not None else replace(state, chain=first_roots(agreement, voice))
            for voice, state in enumerate(states)
        ]
        self._lineage = lineage
        self._roots = KnownRoots(archive)
        self._readers = tuple(
            Reader(
                voice=voice,
                governance=self.governance,
                archive=archive,
                roots=self._roots,
                index=state.size,
                in_force=state.roster,
                chain=state.chain or first_roots(agreement, voice),
                lineage=lineage,
            )
            for voice, state in enumerate(self._states)
        )

    def state(self, voice: int) -> VoiceState:
        """What is concluded of a voice."""
        return self._states[voice]

    def prepared(self, voice: int) -> int:
        """How many entries of a voice were prepared: the index of the next one."""
        return self._readers[voice].index

    def prepare(self, voice: int, data: bytes) -> Prepared:
        """Read the next entry of a voice; see `Reader.prepare`."""
        return self._readers[voice].prepare(data)

    def reaches(self, prepared: Prepared) -> bool:
        """Whether the other log is there as far as an entry claims that its author held it."""
        return self._held(prepared).size <= self.archive.size(1 - prepared.voice)

    def ready(self, prepared: Prepared) -> bool:
        """Whether an entry can be concluded now: the other log is concluded as far as the entry claims to hold it."""
        return self._held(prepared).size <= self._states[1 - prepared.voice].size

    def shows(self, prepared: Prepared) -> int:
        """How many entries of the other log an entry proves its author to have held: 0 where its claim is not good."""
        if prepared.entry is None or not self.reaches(prepared):
            return 0
        held = self._held(prepared)
        return held.size if self._roots.holds(1 - prepared.voice, held, held.size) else 0

    def _log(self, prepared: Prepared) -> int:
        """Which log of the other voice an entry speaks of."""
        other = 1 - prepared.voice
        return self._lineage.acknowledged(
            other, self._parties[other], self._states[prepared.voice].log, prepared.statement
        )

    def _held(self, prepared: Prepared) -> LogState:
        """What an entry claims that its author held of the other voice; nothing where it cannot be read."""
        if prepared.entry is None:
            return EMPTY_LOG
        if self._lineage.trivial:
            return prepared.entry.held
        return self._lineage.numbered(1 - prepared.voice, self._log(prepared), prepared.entry.held, self.archive.root)

    def conclude(self, prepared: Prepared, results: Sequence[bool], *, final: bool = False) -> Verdict:
        """Judge an entry. The caller asks for the entries of a voice in order.

        Args:
            prepared: what `prepare` gave.
            results: for each of its checks, whether the signature verified.
            final: the logs will not grow, so a claim beyond them is a note. Without it such a claim is a fault, and the
                caller knows that it cannot be true.

        Returns:
            The verdict, which the archive now has too.

        Source: spec/docket.md, "Verdicts", steps 9 to 16.
        """
        voice, index, entry, statement = prepared.voice, prepared.index, prepared.entry, prepared.statement
        state = self._states[voice]
        held, last_ms = state.held, state.last_ms
        notes: list[str] = []
        held_faults: list[str] = []
        if entry is not None:
            held = self._judge_held(voice, self._held(prepared), held, held_faults, notes, final=final)
        number = 0
        governance = self.governance
        latest_ms = last_ms if entry is None else max(last_ms, entry.logged_at_ms)
        if voice == HOME:
            governance.arrive(index, held.size, latest_ms)
        if len(governance.reigns) > 1:
            number = governance.number(voice, index, held.size)
            if voice != HOME:
                governance.hear(number, latest_ms)
        chain = state.chain or prepared.by
        governed = prepared.reign == number and prepared.ends_ms == governance.reigns[number].ends[voice]
        if not governed or prepared.before is not state.roster or prepared.by is not chain:
            prepared, results = self._again(prepared, results, number, state.roster, chain)
        faults = list(prepared.faults)
        missing = prepared.missing
        if all(results):
            signers = tuple([one for one in prepared.signers if one is not None])
        else:
            faults.append(BAD_SIGNATURE)
            pairs = zip(prepared.signers, results, strict=True)
            signers = tuple([one for one, good in pairs if good and one is not None])
            missing = missing_slots(prepared.needs, signers) if prepared.needs else ()
            if missing and UNAUTHORISED not in faults:
                faults.append(UNAUTHORISED)
        counters = counted(state.counters, prepared.checks, results)
        if counters is None:
            faults.append(PASSKEY_COUNTER)
        if entry is not None:
            faults += held_faults
            if entry.logged_at_ms < last_ms:
                faults.append(TIME_WENT_BACK)
            else:
                last_ms = entry.logged_at_ms
        thread = reply = NO_LOCATION
        if entry is not None and statement is not None:
            thread, reply = self._judge_statement(prepared, statement, entry, held, faults, notes)
        verdict = Verdict(
            voice=voice,
            party=self._parties[voice],
            index=index,
            leaf=prepared.leaf,
            entry=entry,
            statement=statement,
            kind=prepared.kind,
            faults=tuple(faults),
            notes=tuple(notes),
            signers=signers,
            missing=missing,
            held=held,
            thread=thread,
            reply=reply,
            reign=number,
        )
        self._states[voice] = VoiceState(
            index + 1,
            held,
            last_ms,
            prepared.roster or state.roster,
            self._log(prepared),
            state.counters if counters is None else counters,
            prepared.chain or chain,
        )
        self.archive.add(verdict)
        if prepared.kind is not None and prepared.kind.name in GOVERNING_KINDS:
            governance.heed(verdict, latest_ms)
        return verdict

    def _again(
        self, prepared: Prepared, results: Sequence[bool], number: int, roster: RosterInForce | None, chain: RootChain
    ) -> tuple[Prepared, Sequence[bool]]:
        """Read an entry anew by what governs it. A signature that was verified is not verified again."""
        found = self._readers[prepared.voice].again(prepared, number, roster, chain)
        known = dict(zip(prepared.checks, results, strict=True))
        return found, [known[check] if check in known else check.holds() for check in found.checks]

    def foresee(
        self,
        voice: int,
        index: int,
        data: bytes,
        *,
        body: bytes | None,
        verify: Callable[[Sequence[SignatureCheck]], Sequence[bool]],
        roster: RosterInForce | None = None,
        chain: RootChain | None = None,
    ) -> Verdict:
        """Judge an entry whose predecessors are not all concluded, as if it stood behind what is; nothing is kept.

        Args:
            voice: its author.
            index: its place in the author's log, not below the entries concluded.
            data: its bytes.
            body: the body it names, or None.
            verify: verifies signatures.
            roster, chain: in force for it where its log did not bring them; by default what the log has concluded.

        Returns:
            What can be said by the roster in force as far as the log is concluded. What depends on the entries
            between is a note. The verdict that counts comes when the entry has its place.

        Source: spec/docket.md, "Before its place".
        """
        states = list(self._states)
        known = states[voice]
        states[voice] = replace(known, size=index, roster=roster or known.roster, chain=chain or known.chain)
        judge = Judge(
            agreement=self.agreement,
            catalogue=self._catalogue,
            archive=_Glass(self.archive, body),
            states=(states[0], states[1]),
            lineage=self._lineage,
            governance=self.governance.copy(),
        )
        prepared = judge.prepare(voice, data)
        found = judge.conclude(prepared, verify(prepared.checks), final=True)
        faults, notes = list(found.faults), list(found.notes)
        after = None if found.statement is None else found.statement.after
        for fault, note, between in (
            (AFTER_NOT_OF_LOG, AFTER_BEYOND, after is not None and self.archive.size(voice) < after.size <= index),
            (REFERENCE_UNKNOWN, REFERENCE_BEYOND, True),
        ):
            if between and fault in faults:
                faults.remove(fault)
                if note not in notes:
                    notes.append(note)
        return replace(found, faults=tuple(faults), notes=tuple(notes))

    def _judge_held(
        self,
        voice: int,
        claimed: LogState,
        held: LogState,
        faults: list[str],
        notes: list[str],
        *,
        final: bool,
    ) -> LogState:
        """The largest good `held` up to and with this entry."""
        other = 1 - voice
        if claimed == held:
            return held
        if claimed.size > self.archive.size(other):
            if final:
                notes.append(HELD_BEYOND)
            else:
                faults.append(HELD_NOT_OF_LOG)
            return held
        if not self._roots.holds(other, claimed, claimed.size):
            faults.append(HELD_NOT_OF_LOG)
            return held
        if claimed.size < held.size:
            faults.append(HELD_WENT_DOWN)
            return held
        return claimed

    def _judge_statement(
        self,
        prepared: Prepared,
        statement: Statement,
        entry: Entry,
        held: LogState,
        faults: list[str],
        notes: list[str],
    ) -> tuple[int, int]:
        """What depends on where the statement stands: time, repetition, the logs it belongs to, what it refers to."""
        voice, index, kind = prepared.voice, prepared.index, prepared.kind
        if self.archive.first(voice, statement.id) is not None:
            faults.append(REPEATED_STATEMENT)
        if statement.release_by_ms is not None and entry.logged_at_ms > statement.release_by_ms:
            faults.append(RELEASED_LATE)
        if not self._after_holds(voice, index, kind, statement) and AFTER_NOT_OF_LOG not in faults:
            faults.append(AFTER_NOT_OF_LOG)
        beyond = HELD_BEYOND in notes
        seen = self._seen(prepared, statement)
        if seen.size <= self.archive.size(1 - voice):
            # Nothing can be seen before it is held, and `held` is at least what the author's node had shown.
            limit = seen.size if beyond else held.size
            if not self._roots.holds(1 - voice, seen, limit):
                faults.append(SEEN_NOT_OF_LOG)
        elif beyond:
            notes.append(SEEN_BEYOND)
        else:
            faults.append(SEEN_NOT_OF_LOG)
        own = location(voice, index)
        opener: Located | None = None
        thread = reply = NO_LOCATION
        if statement.thread is None:
            thread = own if kind is None or kind.opens_thread else NO_LOCATION
        else:
            opener = self._visible(statement.thread, voice, held)
            if opener is None:
                (notes if beyond else faults).append(REFERENCE_BEYOND if beyond else REFERENCE_UNKNOWN)
            elif opener.thread != opener.place:
                faults.append(REFERENCE_UNFIT)
            else:
                thread = opener.place
                if opener.status != statement.status:
                    faults.append(STATUS_MIXED)
        if statement.in_reply_to is not None:
            target = self._visible(statement.in_reply_to, voice, held)
            if target is None:
                code = REFERENCE_BEYOND if beyond else REFERENCE_UNKNOWN
                if code not in faults and code not in notes:
                    (notes if beyond else faults).append(code)
            elif kind is not None and not reply_fits(kind, voice, target, thread):
                if REFERENCE_UNFIT not in faults:
                    faults.append(REFERENCE_UNFIT)
            else:
                reply = target.place
        if kind is not None and kind.common_facts and statement.facts and UNFIT_FACTS not in faults:
            self._judge_template(voice, statement, held, faults, notes)
        known = {REFERENCE_UNFIT, REFERENCE_UNKNOWN}.isdisjoint(faults) and REFERENCE_BEYOND not in notes
        if known and kind is not None and kind.name in AMENDING_KINDS and thread != location(HOME, 0):
            # It is said in the thread of the agreement that founds the channel, or of nothing.
            faults.append(REFERENCE_UNFIT)
        return thread, reply

    def _judge_template(
        self, voice: int, statement: Statement, held: LogState, faults: list[str], notes: list[str]
    ) -> None:
        """The template that a header names is one: rules of authority go by that. What is meant follows none of an
        exercise; whether it was in force, and is kept to, is for those who hold the bodies."""
        leaf = (statement.facts or {}).get(TEMPLATE)
        if leaf is None:
            return
        target = self._visible(leaf, voice, held)
        if target is None:
            code = REFERENCE_BEYOND if HELD_BEYOND in notes else REFERENCE_UNKNOWN
            found = notes if HELD_BEYOND in notes else faults
        elif target.kind != REGISTER_KIND or target.status not in {ACTUAL, statement.status}:
            code, found = REFERENCE_UNFIT, faults
        else:
            return
        if code not in found:
            found.append(code)

    def _after_holds(self, voice: int, index: int, kind: Kind | None, statement: Statement) -> bool:
        """Whether the statement is of this past of its log. A succession is of the log before, as its text is."""
        if self._lineage.trivial:
            return self._roots.holds(voice, statement.after, index)
        if self._lineage.begins(voice, index) and kind is not None and kind.name == SUCCESSION_KIND:
            return True
        log = self._lineage.log_of(voice, index)
        return self._roots.holds(voice, self._lineage.numbered(voice, log, statement.after, self.archive.root), index)

    def _seen(self, prepared: Prepared, statement: Statement) -> LogState:
        """What the author had in view: of the log that the entry speaks of, or still of one before that."""
        if self._lineage.trivial:
            return statement.seen
        other, root = 1 - prepared.voice, self.archive.root
        log = self._log(prepared)
        seen = self._lineage.numbered(other, log, statement.seen, root)
        for before in range(log - 1, -1, -1):
            if self._roots.holds(other, seen, self.archive.size(other)):
                break
            seen = self._lineage.numbered(other, before, statement.seen, root)
        return seen

    def _visible(self, leaf: Hash, voice: int, held: LogState) -> Located | None:
        """What a reference names, if its author's node could know it: an earlier own entry, or one it held."""
        found = self.archive.locate(leaf)
        if found is None or (found.place & 1 != voice and found.place >> 1 >= held.size):
            return None
        return found


def counted(
    before: Mapping[bytes, int], checks: Sequence[SignatureCheck], results: Sequence[bool]
) -> Mapping[bytes, int] | None:
    """The counters of passkeys behind an entry, or None where one of its signatures is not behind those before it.

    Args:
        before: by credential, the largest counter of good signatures so far.
        checks: the signatures in the entry, in their order.
        results: whether each holds; what does not hold counts nothing.

    Source: WebAuthn Level 2, section 7.2, step 21; spec/passkeys.md, "Counters".
    """
    after = before
    for check, holds in zip(checks, results, strict=True):
        if not holds or not isinstance(check.key, Passkey):
            continue
        credential, counter = check.key.credential, Assertion.parse(check.signature).counter
        last = after.get(credential, -1)
        if counter <= last and (counter or last):
            return None
        after = {**after, credential: counter}
    return after


class _Glass:
    """An archive to look through: what is added to it is not kept, and one body is there before its entry.

    Args:
        archive: the one behind it.
        body: the text of the document that is looked at, or None.
    """

    def __init__(self, archive: Archive, body: bytes | None) -> None:
        self._body = body
        self.size, self.root, self.locate, self.first = archive.size, archive.root, archive.locate, archive.first

    def document(self, voice: int, index: int, digest: Hash) -> bytes | None:
        """See Archive."""
        return self._body

    def add(self, verdict: Verdict) -> None:
        """See Archive."""
