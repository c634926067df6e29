"""The examples on spec/log.md are real: each reads, and the signed ones verify. Every outcome is on a page."""

import re
from pathlib import Path

import pytest

from keys.note_key import NoteVerifier
from protocol import accusation, checkpoint, note, policy, proof
from protocol.log_error import LogRefused
from protocol.merkle import leaf_hash, verify_inclusion

SPEC = Path(__file__).resolve().parents[2] / "spec"
PAGE = (SPEC / "log.md").read_text()
DISPUTES = (SPEC / "disputes.md").read_text()
EXAMPLES = {name: text.encode() for name, text in re.findall(r"```([a-z]+)\n(.*?)```", PAGE, re.DOTALL)}


def test_the_note_verifies() -> None:
    """The key in the text above the example signed it."""
    found = re.search(r"`(example\.com/foo\+\S+)`", PAGE)
    assert found is not None
    parsed = note.parse(EXAMPLES["note"])
    NoteVerifier.parse(found[1]).verify(parsed.text.encode(), parsed.signatures[0].signature)


def test_the_policy_accepts_the_proof() -> None:
    """The proof file's checkpoint, which is the example of a checkpoint, is good under the example of a policy."""
    parsed = proof.parse(EXAMPLES["proof"])
    verified = policy.evaluate(policy.parse(EXAMPLES["policy"]), parsed.checkpoint_note)
    assert verified.checkpoint == checkpoint.parse_text(EXAMPLES["checkpoint"].decode())
    verify_inclusion(
        leaf_index=parsed.index,
        tree_size=verified.checkpoint.size,
        leaf_hash=leaf_hash(parsed.extra or b""),
        path=parsed.path,
        root=verified.checkpoint.root,
    )


def _all_errors(base: type[LogRefused]) -> set[type[LogRefused]]:
    return {base}.union(*(_all_errors(child) for child in base.__subclasses__()))


EVIDENCE = {accusation.EvidenceMalformed.CODE, accusation.ShowsNothing.CODE}
BASES = {"log-refused", "line-refused"}
CODES = sorted({error.CODE for error in _all_errors(LogRefused)} - BASES - {"tile-malformed"})


@pytest.mark.parametrize("code", CODES)
def test_the_page_names_every_outcome(code: str) -> None:
    """Every error that is not only a base has its code on the page, except for single tiles; those of evidence are on
    the page of the evidence file."""
    assert f"`{code}`" in (DISPUTES if code in EVIDENCE else PAGE)
