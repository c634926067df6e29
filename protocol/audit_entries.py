"""The entries of an audit: judged one by one, folded into the docket, and summed up in steps 6 to 14.

Memory is bounded by some hundred bytes an entry: leaf hashes, statement ids, and items that are kept encoded.

Source: spec/audit.md, "Verdict", steps 6 to 14.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from keys.roster import parse as parse_roster
from protocol.agreement import Agreement
from protocol.archive import MemoryArchive
from protocol.audit_agreement import tell_withdrawals
from protocol.audit_disclosure import AuditSource, Opened, audit_made, audit_opened
from protocol.audit_docket import AuditedDocket
from protocol.audit_retention import Retention
from protocol.audit_story import Story
from protocol.audit_time import LineTally, judge_clocks
from protocol.authority import is_emergency
from protocol.clocks import Clockwork
from protocol.disclosure_case import MADE
from protocol.docket import Docket, docket_digest
from protocol.entry import Entry
from protocol.event import event_of
from protocol.exported_log import CHECKPOINT_FILE
from protocol.faults import (
    ACCUSING,
    AFTER_SUNSET,
    AMENDMENT_REFUSED,
    BAD_SIGNATURE,
    DOCUMENT_DIFFERS,
    DOCUMENT_MISSING,
    NOT_UNDERSTOOD,
    ROOT_SET_REFUSED,
    ROSTER_REFUSED,
    STATUS_MIXED,
    UNAUTHORISED,
    UNFIT_FACTS,
    UNFIT_HEADER,
    UNKNOWN_SIGNER,
    WRONG_AGREEMENT,
)
from protocol.finding import Report
from protocol.glance import gone_of
from protocol.governance import GOVERNING_KINDS, CatalogueOf, Governance, Reign
from protocol.joined_log import JoinedLog
from protocol.judge import Judge
from protocol.kinds import Catalogue
from protocol.lineage import Lineage
from protocol.memory_ledger import MemoryLedger
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND
from protocol.statement import Statement
from protocol.tagged import Hash
from protocol.trust import AFTER_LAST_TRUST, NODE, Trust
from protocol.verdict import Verdict, index_of, location, voice_of
from protocol.walk import Verifier, Walk

Progress = Callable[[int, int], None]
"""Told how many entries are judged, and of how many."""

PROGRESS_EVERY: Final = 256

BATCH_ENTRIES: Final = 256
"""Entries read at once: a whole bundle. Handing signatures to another process costs some 0.5 ms each time."""

SIGNATURE_UNCHECKED: Final = "signature-unchecked"
"""Note: whose the signature is cannot be known, because the text of a roster before it is not at hand."""

AGREEMENT_UNCHECKED: Final = "agreement-unchecked"
"""Note: what governs the entry cannot be known, because the text of an amendment before it is not at hand."""


_MISSING: Final = {ROSTER_KIND: "roster-missing", ROOT_SET_KIND: "root-set-missing"}
_OF_TERMS: Final = frozenset({WRONG_AGREEMENT, UNAUTHORISED, UNFIT_HEADER, UNFIT_FACTS, AMENDMENT_REFUSED})

_OF_KEYS: Final = frozenset({BAD_SIGNATURE, UNKNOWN_SIGNER, UNAUTHORISED, ROSTER_REFUSED, ROOT_SET_REFUSED})


def audit_entries(
    logs: tuple[JoinedLog, JoinedLog],
    agreement: Agreement,
    catalogue: Catalogue,
    report: Report,
    *,
    catalogue_of: CatalogueOf,
    verify: Verifier,
    progress: Progress | None,
    opened: Opened | None = None,
    at_ms: int = 0,
    holders: Mapping[str, bytes] | None = None,
) -> Reign:
    """Do steps 6 to 14.

    Args:
        logs: both voices, each with every log before the present one; every entry there and good.
        agreement: the one that both begin with.
        catalogue: the one that it names.
        report: where findings go.
        catalogue_of: finds those that amendments name.
        verify: verifies many signatures.
        progress: told how far it is.
        opened: what was opened of the statements, or None where nothing came with the logs.
        at_ms: when the audit is made: nothing can have been opened after that.
        holders: by party, the Ed25519 half of the mirror's key that cosigned its newest checkpoint.

    Returns:
        What governs at the end.
    """
    judgement = _Judgement(logs, agreement, catalogue, report, catalogue_of, holders or {})
    return judgement.run(verify, progress, opened, at_ms)


class _Judgement:
    """Judges every entry, and gathers what the steps say."""

    def __init__(
        self,
        logs: tuple[JoinedLog, JoinedLog],
        agreement: Agreement,
        catalogue: Catalogue,
        report: Report,
        catalogue_of: CatalogueOf,
        holders: Mapping[str, bytes],
    ) -> None:
        by_short = {log.short: log for log in logs}
        self.logs = (by_short[agreement.shorts[0]], by_short[agreement.shorts[1]])
        self.agreement = agreement
        self.catalogue = catalogue
        self.catalogue_of = catalogue_of
        self.holders = holders
        self.report = report
        self.named: tuple[dict[Hash, int], dict[Hash, int]] = ({}, {})
        self.notes: Counter[str] = Counter()
        self.first_note: dict[str, str] = {}
        self.statuses: Counter[str] = Counter()
        self.after_end: Counter[int] = Counter()
        # Whether a roster's text is absent or another: then keys are not known, and signatures by them not refuted.
        self.blind = [False, False]
        # Whether the text of an amendment is absent or another: then what governs is not known.
        self.lawless = False
        self.signatures = self.persons = self.rosters = self.root_sets = self.entries = 0
        # Of every entry who signed it, and of the rosters what tells whose key it was: what a revocation marks is known
        # only when it has come, and a party may state rosters without end.
        self.signers: tuple[list[tuple[int, ...]], list[tuple[int, ...]]] = ([], [])
        self.same: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.trust = (Trust(), Trust())
        # What the rules of disclosure look at beside the docket.
        self.legal: list[int] = []
        self.made: list[int] = []
        self.gone: list[int] = []
        self.retention = Retention(agreement.shorts)
        self.story = Story(agreement.shorts)
        self.tallies = tuple(LineTally(agreement, log.short, report, self.story) for log in self.logs)

    def run(self, verify: Verifier, progress: Progress | None, opened: Opened | None, at_ms: int) -> Reign:
        """Steps 6 to 14."""
        sizes = self.logs[0].size, self.logs[1].size
        archive = MemoryArchive(roots=self._root, sizes=sizes, document=self._document)
        lineage = Lineage((self.logs[0].segments, self.logs[1].segments))
        governance = Governance(
            self.agreement, self.catalogue, document=archive.document, catalogue_of=self.catalogue_of
        )
        judge = Judge(
            agreement=self.agreement,
            catalogue=self.catalogue,
            archive=archive,
            lineage=lineage,
            governance=governance,
        )
        ledger = MemoryLedger()
        clockwork = Clockwork(self.agreement, self.catalogue, lambda: governance.reigns)
        docket = Docket(
            agreement=self.agreement, catalogue=self.catalogue, ledger=ledger, digests=True, clockwork=clockwork
        )
        total = sum(sizes)
        for verdict in Walk(judge=judge, read=self._read, verify=verify, batch=BATCH_ENTRIES).advance(final=True):
            docket.add(event_of(verdict, judge.state(verdict.voice).last_ms))
            self._look(verdict)
            self.entries += 1
            if progress is not None and self.entries % PROGRESS_EVERY == 0:
                progress(self.entries, total)
        if progress is not None:
            progress(total, total)
        self._unnamed_documents()
        for tally in self.tallies:
            tally.end()
        ends = judge.state(0).last_ms, judge.state(1).last_ms
        self.report.docket = audited = AuditedDocket(
            self.agreement.shorts,
            sizes,
            docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1)),
            ends,
        )
        judge_clocks(ledger.items, clockwork, audited, self.report, self.story)
        self.report.story = self.story
        self._sum_up(docket, audited, governance)
        source = AuditSource(
            clockwork=clockwork,
            ledger=ledger,
            logs=self.logs,
            legal_places=frozenset(self.legal),
            over=governance.newest.over_ms,
            at_ms=at_ms if opened is None else min(at_ms, opened.at_ms),
        )
        audit_made(source, self.made, self.report)
        if opened is None:
            self.report.not_checked.append("14. disclosure: no opened fields came with the logs")
        else:
            audit_opened(source, opened, frozenset(self.gone), self.report)
        self._audit_retention(source, docket, governance, ends)
        self.report.not_checked.append("contents: bodies are not part of an export; the entries hold their hashes")
        return governance.newest

    def _audit_retention(
        self, source: AuditSource, docket: Docket, governance: Governance, ends: tuple[int, int]
    ) -> None:
        """Step 15."""
        newest = governance.newest
        since_ms = 0
        if newest.accepted >= 0:
            since_ms = source.logged_ms(voice_of(newest.accepted), index_of(newest.accepted))
        arrived = docket.homes[0].arrived, docket.homes[1].arrived
        self.retention.judge(source, newest.agreement, since_ms, ends, arrived, self.report)

    def _read(self, voice: int, start: int, count: int) -> Sequence[bytes]:
        return self.logs[voice].read(start, count)

    def _document(self, voice: int, index: int, wanted: Hash) -> bytes | None:
        self.named[voice][wanted] = index
        return self.logs[voice].document(index, wanted)

    def _logged_ms(self, place: int) -> int:
        return Entry.parse(self._read(voice_of(place), index_of(place), 1)[0]).logged_at_ms

    def _root(self, voice: int, size: int) -> Hash:
        return self.logs[voice].root(size)

    def _look(self, verdict: Verdict) -> None:
        """What one verdict adds to the findings and counts."""
        voice = verdict.voice
        entry, statement, kind = verdict.entry, verdict.statement, verdict.kind
        self.story.entry(verdict)
        if AFTER_SUNSET in verdict.faults:
            self.after_end[verdict.reign] += 1
        if entry is not None:
            self.signatures += len(entry.signatures)
            self.tallies[voice].follow(verdict)
        self.persons += len(verdict.signers)
        numbers = tuple(number for number, _ in verdict.signers)
        if not numbers and kind is not None and kind.machine and verdict.effective:
            numbers = (NODE,)
        self.signers[voice].append(self.same.setdefault(numbers, numbers))
        if statement is not None:
            self._note_disclosure(verdict, statement)
            self.statuses[statement.status] += 1
            if kind is not None and kind.name == ROSTER_KIND and verdict.effective:
                self.rosters += 1
                self._take_roster(voice, verdict.index, statement)
            if kind is not None and kind.name == ROOT_SET_KIND and verdict.effective:
                self.root_sets += 1
            if is_emergency(statement.facts) and verdict.effective and kind is not None and not kind.machine:
                where = f"{self.logs[voice].evidence.label}, {verdict.serial}"
                self.report.add("emergency-release", "info", where, "one person released it, as the agreement allows")
        if verdict.faults:
            self._report_faults(verdict)
        for note in verdict.notes:
            self._note(note, verdict.serial)

    def _note_disclosure(self, verdict: Verdict, statement: Statement) -> None:
        """Keep what the rules of disclosure ask for, and the docket does not have."""
        if any(role == "legal" for _, role in verdict.signers):
            self.legal.append(verdict.place)
        if not verdict.effective:
            return
        if verdict.entry is not None:
            self.retention.look(verdict.place, statement, verdict.entry, verdict.reign)
        if statement.kind == MADE:
            self.made.append(verdict.place)
        gone = gone_of(statement)
        if gone is not None and gone.party in self.agreement.shorts:
            self.gone.append(location(self.agreement.shorts.index(gone.party), gone.index))

    def _report_faults(self, verdict: Verdict) -> None:
        where = f"{self.logs[verdict.voice].evidence.label}, {verdict.serial}"
        if verdict.index > 0 and (DOCUMENT_MISSING in verdict.faults or DOCUMENT_DIFFERS in verdict.faults):
            self.blind[verdict.voice] = True
            self.lawless |= verdict.kind is not None and verdict.kind.name in GOVERNING_KINDS
        for fault in verdict.faults:
            if self.lawless and fault in _OF_TERMS:
                self._note(AGREEMENT_UNCHECKED, verdict.serial)
            elif fault == NOT_UNDERSTOOD or (self.blind[verdict.voice] and fault in _OF_KEYS):
                self._note(fault if fault == NOT_UNDERSTOOD else SIGNATURE_UNCHECKED, verdict.serial)
            elif fault == DOCUMENT_MISSING:
                by_kind = None if verdict.statement is None else verdict.statement.kind
                code = _MISSING.get(by_kind or "", "agreement-missing")
                self.report.add(code, "unchecked", where, "the text that the entry names is absent")
            else:
                missing = f": {', '.join(verdict.missing)} is missing" if verdict.missing else ""
                severity = "refuted" if fault in ACCUSING else "warning"
                name = "entry" if verdict.statement is None else verdict.statement.kind
                self.report.add(fault, severity, where, f"{'an' if name[0] in 'aeiou' else 'a'} {name}{missing}")  # type: ignore[arg-type]

    def _take_roster(self, voice: int, index: int, statement: Statement) -> None:
        """A roster in force, to find what its revocations mark."""
        text = None if statement.body_digest is None else self._document(voice, index, statement.body_digest)
        if text is not None:
            self.trust[voice].add(index, parse_roster(text))

    def _report_marks(self) -> int:
        """What was signed with keys that were revoked since."""
        marked = 0
        for voice, log in enumerate(self.logs):
            trust = self.trust[voice]
            ranges = list(trust.ranges()) or [range(0)]
            for index in range(min(one.start for one in ranges), max(one.stop for one in ranges)):
                mark = trust.of(index, self.signers[voice][index])
                if mark is not None:
                    marked += 1
                    where = f"{log.evidence.label}, {log.short} {index}"
                    who = ", ".join("the node" if one == NODE else f"person {one}" for one in mark.signers)
                    text = f"by {who}, whose key {log.short} {mark.at} revokes ({mark.key.reason})"
                    self.report.add(AFTER_LAST_TRUST, "warning", where, text)
        return marked

    def _report_holders(self) -> None:
        """Checkpoints that were cosigned with a mirror's key that was revoked since, and cover more than is trusted."""
        for voice, log in enumerate(self.logs):
            mirror, other = self.holders.get(log.short), self.logs[1 - voice].short
            mark = None if mirror is None else self.trust[1 - voice].of_mirror(mirror, log.size)
            if mark is not None:
                text = (
                    f"cosigned over {log.size} entries by the mirror of {other}, whose key {other} {mark.at} revokes"
                    f" ({mark.key.reason}): {mark.key.trusted} of them count as held"
                )
                self.report.add(AFTER_LAST_TRUST, "warning", f"{log.evidence.label}/{CHECKPOINT_FILE}", text)

    def _serial(self, place: int) -> str:
        return f"{self.logs[voice_of(place)].short} {index_of(place)}"

    def _note(self, code: str, serial: str) -> None:
        self.notes[code] += 1
        self.first_note.setdefault(code, serial)

    def _unnamed_documents(self) -> None:
        """Step 6, the other way about: a document that no entry names has no business in an export."""
        for log, named in zip(self.logs, self.named, strict=True):
            for where in log.unnamed(named):
                self.report.add("file-unexpected", "refuted", where, "no entry names this text")

    def _sum_up(self, docket: Docket, audited: AuditedDocket, governance: Governance) -> None:
        report, checked = self.report, self.report.checked
        amended = [one for one in governance.reigns[1:] if one.withdrawn_by is None]
        if amended:
            places = ", ".join(self._serial(one.accepted) for one in amended)
            text = f"{len(amended)} accepted, at {places}; in force {governance.newest.agreement.digest.hex()}"
            checked.append(f"5. amendments: {text}")
        tell_withdrawals(
            governance, serial=self._serial, logged_ms=self._logged_ms, after=self.after_end, report=report
        )
        checked.append(f"6. rosters: {self.rosters}, each signed by its party's roots or admins")
        if self.root_sets:
            text = f"{self.root_sets}, each signed by the roots before it and by its own"
            checked.append(f"6. root sets: {text}")
        if any(trust.listed for trust in self.trust):
            checked.append(f"6. revoked keys: {self._report_marks()} entries were signed with one after its last trust")
            self._report_holders()
        checked.append(f"7. entries: {self.entries}, with {self.signatures} signatures, all verified")
        checked.append(f"8. authority: {self.persons} signatures of persons against the agreement and the rosters")
        reach = ", ".join(
            f"{self.logs[voice].short} held {docket.homes[voice].arrived} of {self.logs[1 - voice].short}"
            for voice in (0, 1)
        )
        checked.append(f"9. copies: {reach}")
        checked.append(f"10. order: both homes, and the docket over them, {audited.digest.hex()}")
        checked.append(f"11. clocks: {audited.clocks}")
        lines = ", ".join(
            f"{tally.party} {tally.tallies} tallies ({tally.sent} beats sent, {tally.received} received)"
            for tally in self.tallies
        )
        checked.append(f"12. line: {lines}")
        mixed = sum(1 for one in report.findings if one.code == STATUS_MIXED)
        counts = ", ".join(f"{number} {status}" for status, number in sorted(self.statuses.items()))
        checked.append(f"13. exercises: {counts}; {mixed} in a thread of another status")
        for code, number in sorted(self.notes.items()):
            report.not_checked.append(f"{code}: {number} entries, the first of them {self.first_note[code]}")
