"""The logs before a successor, in an audit: that each is there, held, and ends where its successor says.

Source: spec/succession.md, "Exports and audit"; spec/audit.md, "Verdict", steps 2 to 4.
"""

from collections.abc import Sequence
from itertools import pairwise

from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.evidence import Evidence
from protocol.exported_log import CHECKPOINT_FILE, ExportedLog
from protocol.finding import Report
from protocol.joined_log import BEFORE_FOLDER, Within
from protocol.policy import Policy
from protocol.receipt import HeldCheckpoint, verify_held
from protocol.succession import SUCCESSION_KIND, Succession, parse_succession


def past_logs(
    evidence: Evidence, held: HeldCheckpoint, label: str, policy: Policy, report: Report
) -> tuple[ExportedLog, ...] | None:
    """The logs that ended before an exported one, oldest first.

    Args:
        evidence: the export.
        held: its checkpoint, verified.
        label: the party's short name.
        policy: the auditor's; it names the keys of every log.
        report: where findings go.

    Returns:
        Them, each under a checkpoint that verifies; None where one does not.
    """
    prefix, _, epoch = held.checkpoint.origin.rpartition("/")
    names = set(evidence.names())
    found: list[ExportedLog] = []
    number = int(epoch) - 1
    while f"{BEFORE_FOLDER}/{number}/{CHECKPOINT_FILE}" in names:
        part = Within(evidence, f"{BEFORE_FOLDER}/{number}")
        where = f"{part.label}/{CHECKPOINT_FILE}"
        try:
            checkpoint = verify_held(part.read(CHECKPOINT_FILE) or b"", policy).checkpoint
        except ProtocolError as error:
            report.add(error.code, "refuted", where, error.text or error.beside_code)
            return None
        if checkpoint.origin != f"{prefix}/{number}":
            report.add("succession-differs", "refuted", where, f"it is of {checkpoint.origin}")
            return None
        found.insert(0, ExportedLog(part, checkpoint, label, report))
        number -= 1
    return tuple(found)


def check_all_files(logs: Sequence[ExportedLog]) -> None:
    """Step 2, of every log of a voice; what lies in no log's folder is of the present one."""
    before = logs[:-1]
    for log in before:
        log.check_files()
    folders = [log.evidence.label.removeprefix(f"{logs[-1].evidence.label}/") for log in before]
    logs[-1].check_files(apart=folders)


def check_successions(logs: Sequence[ExportedLog], policy: Policy, report: Report) -> None:
    """That each log begins with a succession that ends the one before it where that was exported to.

    Args:
        logs: of one voice, oldest first, their trees checked.
        policy: the auditor's.
        report: where findings go.
    """
    if succession_of(logs[0]) is not None:
        text = "it begins with a succession, and the log before it is not in the export"
        report.add("log-before-missing", "unchecked", logs[0].where(CHECKPOINT_FILE), text)
    for before, after in pairwise(logs):
        where = after.where(CHECKPOINT_FILE, 0)
        succession = succession_of(after)
        if succession is None:
            report.add("succession-differs", "refuted", where, "the log does not begin with a succession")
            continue
        try:
            ended = verify_held(succession.note, policy).checkpoint
        except ProtocolError as error:
            report.add(error.code, "refuted", where, f"the cosignature in the succession: {error.text or error}")
            continue
        if ended != before.checkpoint:
            text = f"it ends the log before at {ended.size} entries; exported are {before.checkpoint.size}"
            report.add("succession-differs", "refuted", where, text)
        else:
            report.checked.append(
                f"4. succession: {after.short} log {succession.epoch - 1} ends at {ended.size} entries, "
                f"held by the other party ({succession.reason})"
            )


def succession_of(log: ExportedLog) -> Succession | None:
    """The succession that a log begins with; None where it begins otherwise, or with none that reads."""
    data = log.entry(0)
    if data is None:
        return None
    try:
        statement = Entry.parse(data).parse_statement()
        if statement.kind != SUCCESSION_KIND or statement.body_digest is None:
            return None
        return parse_succession(log.document(statement.body_digest) or b"")
    except ProtocolError:
        return None
