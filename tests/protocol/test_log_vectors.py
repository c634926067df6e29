"""The vectors of the log formats: every file says what was done and how it must be judged, and is judged so."""

from collections import defaultdict
from pathlib import Path

import pytest

from keys.errors import SignatureRefused
from keys.note_key import NoteVerifier
from protocol import checkpoint, note, policy, proof
from protocol.cosignature import BadLine, verify_note
from protocol.log_error import LogRefused
from protocol.merkle import Frontier, ProofError, leaf_hash, verify_consistency, verify_inclusion
from protocol.party_keys import party_keys
from protocol.receipt import verify_receipt
from protocol.tiles import parse_bundle, parse_path

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "log"
FILES = sorted(FOLDER.glob("*.txt"))


def _values(text: bytes, separator: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for line in text.decode().split("\n"):
        if line:
            name, _, value = line.partition(separator)
            values[name].append(value)
    return values


def _judge(form: str, header: dict[str, list[str]], body: bytes) -> None:
    keys = [NoteVerifier.parse(vkey) for vkey in header.get("vkey", [])]
    match form:
        case "tree":
            values = _values(body, " ")
            leaves = [leaf_hash(bytes.fromhex(entry)) for entry in values["entry"]]
            if Frontier.empty().extend(leaves).root().hex() != values["root"][0]:
                raise ProofError("another root")
        case "inclusion":
            values = _values(body, " ")
            verify_inclusion(
                leaf_index=int(values["index"][0]),
                tree_size=int(values["size"][0]),
                leaf_hash=bytes.fromhex(values["leaf"][0]),
                path=[bytes.fromhex(item) for item in values["hash"]],
                root=bytes.fromhex(values["root"][0]),
            )
        case "consistency":
            values = _values(body, " ")
            verify_consistency(
                old_size=int(values["old"][0]),
                old_root=bytes.fromhex(values["old-root"][0]),
                new_size=int(values["new"][0]),
                new_root=bytes.fromhex(values["new-root"][0]),
                path=[bytes.fromhex(item) for item in values["hash"]],
            )
        case "note":
            parsed = note.parse(body)
            line = next(line for line in parsed.signatures if line.key_id == keys[0].key_id)
            try:
                keys[0].verify(parsed.text.encode(), line.signature)
            except SignatureRefused:
                raise BadLine("does not verify", line.name) from None
        case "checkpoint":
            checkpoint.parse_text(body.decode())
        case "signed-checkpoint":
            verify_note(body, keys)
        case "proof-file":
            proof.parse(body)
        case "receipt":
            verify_receipt(body, policy.parse((FOLDER / header["policy"][0]).read_bytes()))
        case "path":
            parse_path(body.decode())
        case "bundle":
            parse_bundle(bytes.fromhex(body.decode()), int(header["width"][0]))
        case "policy":
            policy.parse(body)
        case "two-party-policy":
            party_keys(policy.parse(body))
        case _:
            raise AssertionError(f"no format {form}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_vector_is_judged_as_it_says(file: Path) -> None:
    """What was done to the bytes leads to the kind of failure that the header names, or to none."""
    head, _, body = file.read_bytes().partition(b"\n\n")
    header = _values(head, ": ")
    try:
        _judge(header["format"][0], header, body)
        verdict = "accepted"
    except LogRefused as error:
        verdict = error.kind
    assert verdict == header["expect"][0], header["what"][0]


def test_the_vectors_are_there() -> None:
    """A folder that was lost does not look like a folder that passed."""
    assert len(FILES) > 150
