"""`hotline verify`: check a receipt, evidence or a pack against a policy, anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.settings import common_options, settings_of
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.output import Output
    from protocol.policy import Policy

REFUTED = 1

PACK_BEGINS = b"PK\x03\x04"
"""A pack is a ZIP archive; no receipt and no evidence begins so."""


@click.command("verify")
@click.argument("file", type=click.Path())
@click.option("--policy", "policy_file", required=True, type=click.Path(), help="Whom you trust (tlog-policy).")
@common_options
@click.pass_context
def verify_command(context: click.Context, file: str, policy_file: str) -> int:
    """Verify a receipt: that the log has the entry, and that the other party said it holds it. Or verify evidence: that
    it shows what it says, of keys that the policy lists. Or verify a pack, with what is opened in it: both logs as far
    as it has them, every entry, and each opened field against its commitment and the rules that open it.

    Needs no home and no network. Trust comes from the policy alone: get it from whoever you trust, not from whoever
    gave you the file. Exit 0 verified, 1 refuted, 3 could not check.

    \b
    Examples:
      hotline verify arc17.tlog-proof --policy policy
      hotline verify fork.evidence --policy policy
      hotline verify public.hotline --policy policy
    """
    from hotline.explaining import next_step_for
    from hotline.zulu import zulu
    from keys.errors import KeysError
    from nodes.files import read_file
    from protocol.accusation import FILE_BYTES_MAX, is_evidence
    from protocol.errors import ProtocolError
    from protocol.policy import parse as parse_policy
    from protocol.proof import PROOF_BYTES_MAX
    from protocol.receipt import verify_receipt

    output = settings_of(context).output
    if _begins_as_pack(Path(file)):
        return _show_pack(output, Path(file), Path(policy_file))
    policy_bytes = read_file(Path(policy_file))
    proof = read_file(Path(file), bytes_max=max(PROOF_BYTES_MAX, FILE_BYTES_MAX) + 1)
    try:
        if is_evidence(proof):
            return _show_accusation(output, proof, parse_policy(policy_bytes))
        receipt = verify_receipt(proof, parse_policy(policy_bytes))
    except (ProtocolError, KeysError) as error:
        code = getattr(error, "code", None) or "signature-bad"
        text = str(error)
        next_step = next_step_for(code)
        if output.as_json:
            output.result({"verdict": "refuted", "error": {"code": code, "text": text, "next": next_step}})
        else:
            output.line(output.paint("refuted", "bold", "red"))
            output.error(code=code, text=text, next_step=next_step)
        return REFUTED
    entry = _entry_of(receipt.entry)
    lines = [
        output.paint("verified", "bold", "green"),
        f"  log        {printable(receipt.origin)}",
        f"  entry      {receipt.index} of {receipt.checkpoint.size}",
        f"  held at    {zulu(receipt.held_at_ms)}, by the other party's clock",
    ]
    if entry is not None:
        lines.append(
            f"  statement  {printable(entry['kind'])} of {entry['party']}, logged at {zulu(entry['logged_at_ms'])}"
        )
    lines.append("What the statement means, and whether the right persons signed it, is a matter for the audit.")
    output.result(
        {
            "verdict": "verified",
            "origin": receipt.origin,
            "index": receipt.index,
            "tree_size": receipt.checkpoint.size,
            "held_at_ms": receipt.held_at_ms,
            "entry": entry,
        },
        lines,
    )
    return 0


def _begins_as_pack(path: Path) -> bool:
    """Whether a file is to be read as a pack; one that does not read is for others to complain about."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(PACK_BEGINS)) == PACK_BEGINS
    except OSError:
        return False


def _show_pack(output: Output, pack: Path, policy: Path) -> int:
    """The audit of a pack, as of now."""
    from hotline.cli.audit import Bar, not_begun, report_lines
    from hotline.clock import now_ms
    from hotline.packs import audit_pack
    from protocol.audit import AuditMisused

    bar = Bar(output)
    try:
        report = audit_pack(pack, policy, at_ms=now_ms(), progress=bar.show if bar.wanted else None)
    except AuditMisused as error:
        report = not_begun(error)
    finally:
        bar.clear()
    output.result(report.as_dict(), report_lines(report, output))
    return report.exit


def _show_accusation(output: Output, data: bytes, policy: Policy) -> int:
    from hotline.zulu import zulu
    from protocol.accusation import parse, verify

    shown = verify(parse(data), policy)
    lines = [
        output.paint("verified", "bold", "green"),
        f"  {'evidence':<14}{shown.kind}",
        f"  {'of':<14}{printable(shown.name)}",
        f"  {'shows':<14}{shown.claim}",
    ]
    for name, value in shown.facts.items():
        text = zulu(value) if name.endswith("at_ms") and isinstance(value, int) else printable(str(value))
        lines.append(f"  {name.removesuffix('_ms').replace('_', ' '):<14}{text}")
    lines.append("It accuses a key. Who held the key, and why it signed, no signature says.")
    output.result(
        {
            "verdict": "verified",
            "evidence": shown.kind,
            "name": shown.name,
            "claim": shown.claim,
            "facts": dict(shown.facts),
        },
        lines,
    )
    return 0


def _entry_of(data: bytes) -> dict[str, Any] | None:
    """What the entry's header says; None where it does not parse, which the receipt does not vouch for."""
    from protocol.entry import Entry
    from protocol.errors import ProtocolError

    try:
        entry = Entry.parse(data)
        statement = entry.parse_statement()
    except ProtocolError:
        return None
    return {
        "party": statement.party,
        "kind": statement.kind,
        "id": statement.id.hex(),
        "status": statement.status,
        "precedence": statement.precedence,
        "severity": statement.severity,
        "issued_at_ms": statement.issued_at_ms,
        "logged_at_ms": entry.logged_at_ms,
    }
