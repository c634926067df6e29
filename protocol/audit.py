"""The audit: everything that two exports and a policy can show, in numbered steps.

It trusts the policy and nothing else: not the nodes, not the exports, not the policy that lies inside them. The steps
are those of the specification, with the same numbers; each ends with a line of what was checked, or of what was not and
why. Steps 6 to 14 are in `protocol.audit_entries`.

 1. policy       it names two parties, and each export is of one of them
 2. structure    the files are exactly those of a log of that size
 3. checkpoints  signed by both keys of the log and both of the other party's mirror, and by nobody else; the quorum
 4. append-only  entries and hashes of every level give the signed root
 5. agreement    both logs begin with the one that their names are made of, signed by the roots
 6. rosters      each signed by the roots and following the one before
 7. entries      spelling, channel, party, header, references; every signature by a key then in force
 8. authority    the persons that the agreement asks for
 9. copies       what each node says it held of the other log is of that log
10. order        the docket, from both logs
11. clocks       kept, missed or disputed
12. line         tallies and silences
13. exercises    no thread mixes exercise and actual
14. disclosure   nothing of this version opens fields

Source: spec/audit.md, "Verdict".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocol.agreement import Agreement
from protocol.audit_agreement import ended_text
from protocol.audit_disclosure import Opened
from protocol.audit_entries import Progress, audit_entries
from protocol.audit_time import zulu
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.evidence import Evidence
from protocol.exported_log import CHECKPOINT_FILE, SIZE_MAX, EvidenceChanged, ExportedLog
from protocol.finding import Report
from protocol.joined_log import JoinedLog
from protocol.kinds import Catalogue
from protocol.party_keys import PartyKeys, party_keys
from protocol.past_logs import check_all_files, check_successions, past_logs, succession_of
from protocol.policy import Policy
from protocol.policy import parse as parse_policy
from protocol.reading import AGREEMENT_KIND
from protocol.receipt import HeldCheckpoint, verify_held
from protocol.tagged import Hash, digest
from protocol.walk import Verifier, verify_here


class AuditMisused(ProtocolError):
    """Arguments that make no audit: a policy that does not read, or two exports of one log."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """One export whose checkpoint was verified, with the logs that ended before it, oldest first."""

    log: ExportedLog
    held: HeldCheckpoint
    before: tuple[ExportedLog, ...] = ()

    @property
    def logs(self) -> tuple[ExportedLog, ...]:
        """Every log of the voice."""
        return (*self.before, self.log)

    @property
    def first(self) -> ExportedLog:
        """The log that begins with the agreement."""
        return self.logs[0]


def audit(
    first: Evidence,
    second: Evidence,
    policy: bytes,
    *,
    catalogue: Catalogue,
    earlier: Callable[[bytes], Catalogue | None] | None = None,
    at_ms: int,
    verify: Verifier = verify_here,
    progress: Progress | None = None,
    opened: Opened | None = None,
) -> Report:
    """Audit the two voices of a channel.

    Args:
        first: export of one voice.
        second: export of the other; the order does not matter.
        policy: the auditor's own, not the one in the exports.
        catalogue: what the kinds mean.
        earlier: gives an earlier catalogue by its digest, where the agreement names one that is still at hand.
        at_ms: when the audit is made, UTC milliseconds; only stated, and compared with the review date.
        verify: verifies many signatures, on other cores if it can.
        progress: told how far it is.
        opened: what was opened of the statements, where that came with the exports.

    Returns:
        The report. Nothing is raised for what the exports hold.

    Raises:
        AuditMisused: the policy does not read or does not name two parties (the code says how), or both exports are of
            one party's log (`voices-not-two`).
    """
    report = Report()
    try:
        voices = _steps_1_to_4(first, second, policy, report)
        if voices is not None:
            _steps_5_to_14(
                voices,
                report,
                catalogue=catalogue,
                earlier=earlier,
                at_ms=at_ms,
                verify=verify,
                progress=progress,
                opened=opened,
            )
    except EvidenceChanged as error:
        report.add(error.code, "unchecked" if error.code == "tile-missing" else "refuted", error.where, error.text)
        report.not_checked.append("5-14. entries: the files are not what they were when the audit began")
    return report


def _steps_5_to_14(
    voices: tuple[_Voice, _Voice],
    report: Report,
    *,
    catalogue: Catalogue,
    earlier: Callable[[bytes], Catalogue | None] | None,
    at_ms: int,
    verify: Verifier,
    progress: Progress | None,
    opened: Opened | None,
) -> None:
    agreement = _step_5(voices, report)
    if agreement is None:
        # Without an agreement nobody knows which texts entries name; that there is none is the finding.
        report.not_checked.append("6-14. entries: the agreement that both logs begin with is not at hand")
        return
    if not all(log.readable for voice in voices for log in voice.logs):
        report.not_checked.append("6-14. entries: not every entry is there as it was signed")
        return
    if any(succession_of(voice.first) is not None for voice in voices):
        report.not_checked.append("6-14. entries: a log that was succeeded is not at hand")
        return
    named = agreement.catalogue_digest
    kinds = catalogue if named == catalogue.digest else earlier(named) if earlier is not None else None
    if kinds is None:
        report.add("catalogue-differs", "unchecked", "agreement", "it names a catalogue that is not at hand")
        report.not_checked.append("6-14. entries: their kinds are those of another catalogue")
        return
    joined = JoinedLog(voices[0].logs), JoinedLog(voices[1].logs)

    def catalogue_of(digest: bytes) -> Catalogue | None:
        return catalogue if digest == catalogue.digest else earlier(digest) if earlier is not None else None

    reign = audit_entries(
        joined,
        agreement,
        kinds,
        report,
        catalogue_of=catalogue_of,
        verify=verify,
        progress=progress,
        opened=opened,
        at_ms=at_ms,
        holders={voice.log.short: voice.held.holder.mirror[0].raw for voice in voices},
    )
    agreement = reign.agreement
    if reign.over_ms is not None and at_ms >= reign.over_ms:
        report.add("agreement-ended", "warning", "agreement", ended_text(reign))
    if at_ms // 86_400_000 > (agreement.review_date.toordinal() - 719_163):
        text = f"the agreement was to be looked at again by {agreement.review_date.isoformat()}"
        report.add("agreement-review-due", "warning", "agreement", text)
    report.checked.append(f"audited at {zulu(at_ms)}")


# --- steps 1 to 4 --------------------------------------------------------------------------------------------------


def _steps_1_to_4(first: Evidence, second: Evidence, policy: bytes, report: Report) -> tuple[_Voice, _Voice] | None:
    try:
        parsed = parse_policy(policy)
        parties = party_keys(parsed)
    except ProtocolError as error:
        raise AuditMisused(error.code, error.where, f"the policy: {error.text or error}") from error
    if first.label == second.label:
        raise AuditMisused("voices-not-two", first.label, "both exports have one name; give one export of each party")
    held = [_verify_checkpoint(evidence, parsed, report) for evidence in (first, second)]
    if held[0] is None or held[1] is None:
        report.not_checked.append("4-14. logs: a checkpoint does not hold or is absent")
        return None
    if held[0].voice.prefix == held[1].voice.prefix:
        raise AuditMisused("voices-not-two", "", f"{first.label} and {second.label} are exports of one party's log")
    report.checked.append(f"1. policy: it names {parties[0].prefix} and {parties[1].prefix}")
    voices = []
    for evidence, checkpoint in ((first, held[0]), (second, held[1])):
        label = _label(checkpoint.voice, evidence)
        log = ExportedLog(evidence, checkpoint.checkpoint, label, report)
        before = past_logs(evidence, checkpoint, label, parsed, report)
        if before is None:
            report.not_checked.append("4-14. logs: a log before a successor does not hold or is absent")
            return None
        if sum(one.size for one in (*before, log)) > SIZE_MAX:
            text = f"{log.size} entries, at most {SIZE_MAX} are audited"
            report.add("log-too-large", "unchecked", log.where(CHECKPOINT_FILE), text)
            report.not_checked.append("4-14. logs: one is too large for this program")
            return None
        voices.append(_Voice(log, checkpoint, before))
    for voice in voices:
        check_all_files(voice.logs)
    report.checked.append("2. structure: the files of both exports, by name")
    lines = "; ".join(
        f"{voice.log.short} {voice.log.size} entries, held by the other party at {zulu(voice.held.held_at_ms)}"
        for voice in voices
    )
    report.checked.append(f"3. checkpoints: {lines}")
    for voice in voices:
        for log in voice.logs:
            log.check_tree()
    report.checked.append("4. append-only: every entry, and every hash of every level, against the signed roots")
    for voice in voices:
        check_successions(voice.logs, parsed, report)
    return voices[0], voices[1]


def _verify_checkpoint(evidence: Evidence, policy: Policy, report: Report) -> HeldCheckpoint | None:
    note = evidence.read(CHECKPOINT_FILE)
    where = f"{evidence.label}/{CHECKPOINT_FILE}"
    if note is None:
        report.add("checkpoint-missing", "unchecked", where, "the file is absent")
        return None
    try:
        return verify_held(note, policy)
    except ProtocolError as error:
        report.add(error.code, "refuted", where, error.text or error.beside_code)
        return None


def _label(keys: PartyKeys, evidence: Evidence) -> str:
    """The party's short name, as the labels of the policy have it; its domain where they say nothing."""
    name = keys.mirror_names[0].partition("-mirror-")[0]
    return name if name.isupper() and 2 <= len(name) <= 4 else keys.prefix.partition("/")[0]


# --- step 5 --------------------------------------------------------------------------------------------------------


def _step_5(voices: Sequence[_Voice], report: Report) -> Agreement | None:
    """Find the agreement: the text that entry 0 of each log names, and that both logs' names are made of."""
    found: dict[Hash, Agreement] = {}
    for voice in voices:
        log = voice.first
        named = _agreement_named(log)
        if named is None:
            data = log.entry(0)
            if data is not None and succession_of(log) is None:
                text = "entry 0 is no agreement that can be read"
                report.add("agreement-not-at-zero", "refuted", f"{log.short} 0", text)
            continue
        text_bytes = log.document(named)
        if text_bytes is None:
            where = log.where(f"agreement/{named.hex()}.toml", 0)
            report.add("agreement-missing", "unchecked", where, "the text that entry 0 names is absent")
            continue
        if digest(text_bytes) != named:
            continue  # Said with its entry when the documents are checked.
        try:
            agreement = Agreement.parse_founding(text_bytes)
        except ProtocolError as error:
            where = log.where(f"agreement/{named.hex()}.toml", 0)
            report.add("document-differs", "refuted", where, f"it does not read as an agreement: {error}")
            continue
        origin = voice.held.checkpoint.origin
        if not any(voice.held.voice.prefix == _prefix(agreement, short) for short in agreement.shorts):
            text = f"the name of the log, {origin}, does not follow from it"
            report.add("policy-pins-other-agreement", "refuted", f"{log.short} 0", text)
            continue
        found[named] = agreement
    _check_documents(voices, report)
    if len(found) > 1:
        report.add("agreement-differs", "refuted", "entry 0 of both logs", "they name two different agreements")
        return None
    if not found:
        return None
    agreement = next(iter(found.values()))
    by_prefix = {_prefix(agreement, short): short for short in agreement.shorts}
    for voice in voices:
        short = by_prefix.get(voice.held.voice.prefix)
        if short is None:
            text = "the agreement makes no log of that name"
            report.add("policy-pins-other-agreement", "refuted", voice.log.where(CHECKPOINT_FILE), text)
            return None
        for log in voice.logs:
            log.short = short
    report.checked.append(
        f"5. agreement: {agreement.digest.hex()}, which the names of both logs are made of"
        + (" (purpose: demonstration)" if agreement.demonstration else "")
    )
    return agreement


def _prefix(agreement: Agreement, short: str) -> str:
    return agreement.origin(short, 0).rpartition("/")[0]


def _agreement_named(log: ExportedLog) -> Hash | None:
    data = log.entry(0)
    if data is None:
        return None
    try:
        statement = Entry.parse(data).parse_statement()
    except ProtocolError:
        return None
    return statement.body_digest if statement.kind == AGREEMENT_KIND else None


def _check_documents(voices: Sequence[_Voice], report: Report) -> None:
    """Every document file holds what its name says. Whether an entry names it shows when the entries are judged."""
    for log in (log for voice in voices for log in voice.logs):
        for wanted, name in log.bad_documents():
            index = 0 if wanted == _agreement_named(log) else None
            text = "it is not the text that its name, and the entry that names it, stand for"
            report.add("document-differs", "refuted", log.where(name, index), text)
