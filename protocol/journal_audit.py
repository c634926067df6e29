"""The audit of a journal: structure, signatures, append-only; of two exports, that one is the beginning of the other.

    1. policy       lists the journal's two keys; nobody cosigns a journal, so its quorum is `none`
    2. structure    exactly the files of an export of this size
    3. checkpoint   both signatures of the journal
    4. append-only  every entry, and every hash of every level, against the signed root; and what each author had in
                    view of the journal is a state that it had
    5. entries      each is an act of a kind of the journal, in its only spelling, and no act is there twice
    6. signatures   of the node and of persons, by the last roster before the entry that the journal has
    7. copies       of two exports, the shorter one is the beginning of the longer one

Source: spec/journal.md, "Audit".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from keys.errors import KeysError
from keys.public_key import PublicKey
from keys.roster import Roster
from keys.roster import parse as parse_roster
from protocol.checkpoint import Checkpoint
from protocol.checkpoint import parse_text as parse_checkpoint
from protocol.cosignature import verify_note
from protocol.entry import Entry
from protocol.errors import BadSignature, ProtocolError
from protocol.evidence import Evidence
from protocol.exported_log import CHECKPOINT_FILE, ExportedLog
from protocol.finding import Report
from protocol.journal import fault_of, is_journal, journal_channel
from protocol.journal_kinds import NODE, JournalCatalogue
from protocol.note import parse as parse_note
from protocol.policy import Policy
from protocol.policy import parse as parse_policy
from protocol.signature import NODE as NODE_SIGNER
from protocol.signature import verify_signature
from protocol.statement import EMPTY_LOG, Statement
from protocol.tiles import TILE_WIDTH

ENTRIES_MAX: Final = 5_000_000
"""Entries of a journal that is audited; a party that writes one a second fills it in two months."""

LABEL: Final = "journal"


def is_journal_export(evidence: Evidence) -> bool:
    """Say whether an export claims to be of a journal."""
    try:
        return is_journal(parse_checkpoint(parse_note(evidence.read(CHECKPOINT_FILE) or b"").text).origin)
    except ProtocolError:
        return False


def audit_journal(exports: Sequence[Evidence], policy: bytes, catalogue: JournalCatalogue) -> Report:
    """Audit one export of a journal, or two of the same one.

    Args:
        exports: one or two.
        policy: the auditor's own.
        catalogue: the kinds of journals that this program knows.
    """
    report = Report()
    try:
        trusted = parse_policy(policy)
    except ProtocolError as error:
        report.add(error.code, "refuted", error.where, f"the policy: {error.text or error}")
        report.not_checked.append("everything: the audit could not begin")
        return report
    logs = [log for evidence in exports if (log := _read(evidence, trusted, report)) is not None]
    if len(logs) < len(exports):
        report.not_checked.append("4-7. entries: a checkpoint does not hold or is absent")
        return report
    names = ", ".join(sorted({log.checkpoint.origin for log in logs}))
    report.checked.append(f"1. policy: it names {names}")
    report.checked.append("2. structure: the files by name")
    report.checked.append("3. checkpoints: " + "; ".join(f"{log.evidence.label} {log.size} entries" for log in logs))
    for log in logs:
        log.check_tree()
    report.checked.append("4. append-only: every entry, and every hash of every level, against the signed root")
    longest = max(logs, key=lambda one: one.size)
    for log in logs:
        if not log.readable:
            report.not_checked.append(f"5-6. {log.evidence.label}: its entries are not those that were signed")
        elif log is longest:
            _Acts(log, catalogue, report).check()
    if len(logs) == 2:
        _compare(logs, report)
    return report


def _read(evidence: Evidence, policy: Policy, report: Report) -> ExportedLog | None:
    """Steps 1 to 3 of one export."""
    where = f"{evidence.label}/{CHECKPOINT_FILE}"
    note = evidence.read(CHECKPOINT_FILE)
    if note is None:
        report.add("checkpoint-missing", "unchecked", where, "the file is absent")
        return None
    try:
        origin = parse_checkpoint(parse_note(note).text).origin
        keys = policy.log_keys(origin)
        if not is_journal(origin) or len(keys) != 2:
            report.add("policy-log-unknown", "refuted", where, "the policy does not list both keys of this journal")
            return None
        checkpoint: Checkpoint = verify_note(note, keys).checkpoint
    except (ProtocolError, KeysError, ValueError) as error:
        report.add("signature-bad", "refuted", where, f"the checkpoint does not hold: {error}")
        return None
    if checkpoint.size > ENTRIES_MAX:
        report.add("log-too-large", "unchecked", where, f"{checkpoint.size} entries, at most {ENTRIES_MAX} are audited")
        return None
    log = ExportedLog(evidence, checkpoint, LABEL, report)
    log.check_files()
    return log


def _compare(logs: Sequence[ExportedLog], report: Report) -> None:
    """Step 7."""
    short, long = sorted(logs, key=lambda one: one.size)
    if not (short.readable and long.readable):
        report.not_checked.append("7. copies: one of them is not what was signed")
        return
    if short.checkpoint.origin != long.checkpoint.origin:
        report.not_checked.append("7. copies: they are two journals; each was looked at by itself in 1 to 4")
        return
    if long.frontier(short.size).root() != short.checkpoint.root:
        text = f"its first {short.size} entries are others than those of {short.evidence.label}; both are signed"
        report.add("journal-rewritten", "refuted", long.where(CHECKPOINT_FILE), text)
    report.checked.append(f"7. copies: {short.evidence.label} is compared with the beginning of {long.evidence.label}")


@dataclass(slots=True)
class _Acts:
    """Steps 5 and 6 of one journal."""

    log: ExportedLog
    catalogue: JournalCatalogue
    report: Report
    rosters: dict[str, Roster] = field(default_factory=dict)
    ids: set[bytes] = field(default_factory=set)
    party: str = ""
    last_ms: int = 0
    signed: int = 0

    def check(self) -> None:
        """Every entry, in order."""
        wanted = set()
        for start in range(0, self.log.size, TILE_WIDTH):
            try:
                entries = self.log.read(start, min(TILE_WIDTH, self.log.size - start))
            except ProtocolError as error:
                self.report.add(error.code, "refuted", self.log.where(f"entries from {start}"), str(error))
                return
            for index, raw in enumerate(entries, start):
                try:
                    entry = Entry.parse(raw)
                    statement = entry.parse_statement()
                except ProtocolError as error:
                    self._fault(index, f"it cannot be read: {error.code}")
                    continue
                self.party = self.party or statement.party
                self._entry(index, entry, statement)
                if statement.body_digest is not None and statement.opener is None:
                    wanted.add(statement.body_digest)
        for digest, name in self.log.bad_documents():
            self.report.add("file-unexpected", "refuted", self.log.where(name), "not what it is named after")
            wanted.discard(digest)
        for digest in set(self.log.documents) - wanted:
            name = self.log.documents[digest]
            self.report.add("file-unexpected", "refuted", self.log.where(name), "no entry names it")
        self.report.checked.append(f"5. entries: {self.log.size} of {self.party}, each an act in its only spelling")
        named = ", ".join(f"{other} version {one.version}" for other, one in sorted(self.rosters.items()))
        self.report.checked.append(f"6. signatures: {self.signed}, by the rosters for {named or 'nobody'}")
        self.report.not_checked.append(
            "texts: they are sealed to the party. Rosters: that roots signed them stands in the logs of the channels"
        )

    def _fault(self, index: int, text: str) -> None:
        self.report.add("journal-entry-refused", "refuted", self.log.where("entries", index), text)

    def _entry(self, index: int, entry: Entry, statement: Statement) -> None:
        fault = fault_of(statement, self.catalogue, origin=self.log.checkpoint.origin, party=self.party)
        if fault is None and (entry.held != EMPTY_LOG or entry.logged_at_ms < self.last_ms):
            fault = "it holds another log, or its time goes back"
        if fault is None and statement.id in self.ids:
            fault = "the same act is there twice"
        after = statement.after
        if fault is None and (after.size > index or self.log.frontier(after.size).root() != after.root):
            fault = "its author had another past of the journal in view"
        self.ids.add(statement.id)
        self.last_ms = max(self.last_ms, entry.logged_at_ms)
        if fault is not None:
            self._fault(index, fault)
            return
        if statement.kind == "roster" and not self._take_over(index, statement):
            return
        self._signature(index, entry, statement)

    def _take_over(self, index: int, statement: Statement) -> bool:
        """A roster counts for its own entry and those behind it."""
        text = self.log.document(statement.body_digest or b"")
        if text is None:
            self.report.add("roster-missing", "unchecked", self.log.where("entries", index), "its text is absent")
            return False
        facts = statement.facts or {}
        try:
            roster = parse_roster(text)
        except KeysError as error:
            self._fault(index, f"the roster does not parse: {error}")
            return False
        before = self.rosters.get(facts["counterpart"])
        same = before is None or (roster.channel == before.channel and roster.version >= before.version)
        if roster.party != self.party or roster.version != facts["version"] or not same:
            self._fault(index, "the roster is not the one that its entry says")
            return False
        self.rosters[facts["counterpart"]] = roster
        return True

    def _signature(self, index: int, entry: Entry, statement: Statement) -> None:
        by_node = self.catalogue.kinds[statement.kind].by == NODE
        if len(entry.signatures) != 1 or (entry.signatures[0].signer == NODE_SIGNER) != by_node:
            self._fault(index, "it is not signed by one node or person, as its kind asks")
            return
        signature = entry.signatures[0]
        keys: list[PublicKey] = []
        for other, roster in self.rosters.items():
            person = roster.person(signature.person or 0)
            if by_node:
                keys.append(roster.node)
            elif (statement.facts or {}).get("counterpart") in (None, other) and person is not None:
                valid = person.valid_from_ms <= entry.logged_at_ms < person.valid_until_ms
                key = person.key_for(signature.algorithm, signature.value)
                keys += [key] if key is not None and valid and signature.role in person.roles else []
        channel = journal_channel(self.log.checkpoint.origin)
        for key in dict.fromkeys(keys):
            try:
                verify_signature(entry.statement, signature, channel=channel, party=self.party, key=key)
            except BadSignature:
                continue
            self.signed += 1
            return
        text = f"no roster before it gives {signature.signer} a key by which it verifies, in that role"
        self.report.add("signature-bad", "refuted", self.log.where("entries", index), text)
