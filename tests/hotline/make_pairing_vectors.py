"""Make the vectors in spec/vectors/pairing: `python -m tests.hotline.make_pairing_vectors`, from the root.

Signatures that are there are used again, so a new run writes the same bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from keys.suite import SUITE_1
from protocol.signature import Signature
from tests.hotline import pairing_cases_offers, pairing_cases_signed
from tests.hotline.pairing_made import Came, Desk, read_out
from tests.hotline.pairing_vectors import PARTS, Json, in_pieces, outcome
from tests.vector_world import VECTORS, Files, Kept, cases_of, dump_json, files_of, write_files

FOLDER = VECTORS / "pairing"

MODULES = (pairing_cases_offers, pairing_cases_signed)

PART_BYTES_MIN = 256
"""Bytes from which a part is a file; fewer stand in the case."""


def kept_signatures(files: Files) -> Kept:
    """The signatures among the parts that are there."""
    kept = Kept()
    values = [
        data
        for name, data in files.items()
        if name.startswith(PARTS) and len(data) == SUITE_1.signature.signature_bytes
    ]
    kept.add_signatures(Signature("", "", SUITE_1.name, value) for value in values)
    return kept


def make(kept: Kept, known: Mapping[str, Json] | None = None) -> dict[str, bytes]:
    """Every file by path.

    Args:
        kept: signatures of earlier runs.
        known: what is found in a case, by its name; by default every case is judged.

    Raises:
        AssertionError: what is found is not what was written down by hand.
    """
    desk = Desk(kept)
    files: dict[str, bytes] = {}
    built: dict[str, tuple[str, Came]] = {
        name: (what, build(desk))
        for name, (what, build) in cases_of(pairing_cases_offers, pairing_cases_signed).items()
    }
    cases = {name: _case(what, came, desk, files) for name, (what, came) in built.items()}
    cases["answer-good"]["agreement"] = desk.agreement().digest.hex()
    files |= {f"cases/{name}.json": dump_json(case) for name, case in cases.items()}
    words: list[str] = []
    for name, case in cases.items():
        came = built[name][1]
        if came.heard is not None:
            case["heard"] = read_out(came.heard, words)
        found = known[name] if known is not None else _found(case, files)
        assert found.get("code") == came.code, (name, found)
        words = found.get("words", words)
        files[f"cases/{name}.json"] = dump_json({**case, "expected": found})
    return files


def _case(what: str, came: Came, desk: Desk, files: dict[str, bytes]) -> Json:
    parts = sorted((part for part in desk.parts if len(part) >= PART_BYTES_MIN), key=len, reverse=True)
    pieces = in_pieces(came.data, parts, files)
    case: Json = {"what": what, "format": came.form, "file": pieces}
    return case if came.kept is None else {**case, "kept": came.kept}


def _found(case: Json, files: Files) -> Json:
    with TemporaryDirectory() as directory:
        return outcome(case, files, Path(directory))


def main() -> None:
    """Write all files."""
    write_files(FOLDER, make(kept_signatures(files_of(FOLDER))))


if __name__ == "__main__":
    main()
