"""The vectors of transcripts: each is found to be what its file says, from the files alone."""

import json

import pytest

from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from protocol.errors import ProtocolError
from protocol.pairing_transcript import check_signatures
from tests.protocol import transcript_cases
from tests.protocol.make_transcript_vectors import FOLDER, make
from tests.vector_world import cases_of, files_of

NAMES = sorted(path.stem for path in (FOLDER / "cases").glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_is_what_its_file_says(name: str) -> None:
    """Accepted, or refused with the code that stands there."""
    agreement = json.loads((FOLDER / "agreement.json").read_bytes())
    case = json.loads((FOLDER / "cases" / f"{name}.json").read_bytes())
    roots = {
        party: RootSet(
            told["threshold"],
            tuple(HybridPublicKey((FOLDER / key).read_bytes(), KeyRole.ROOT) for key in told["keys"]),
        )
        for party, told in agreement["roots"].items()
    }
    signatures = {
        party: [(number, (FOLDER / value).read_bytes()) for number, value in made]
        for party, made in case["signatures"].items()
    }
    found = None
    try:
        check_signatures(
            case["text"].encode("ascii"),
            signatures,
            channel=bytes.fromhex(agreement["channel"]),
            agreement=bytes.fromhex(agreement["agreement"]),
            roots=roots,
            needed=sorted(roots),
        )
    except ProtocolError as error:
        found = error.code
    assert {"accepted": found is None} | ({} if found is None else {"code": found}) == case["expected"]


def test_a_new_run_writes_the_same_files() -> None:
    """Every case that is written down is there, and no other."""
    files = files_of(FOLDER)
    del files["README.md"]
    assert make(files) == files
    assert set(cases_of(transcript_cases)) == set(NAMES)
