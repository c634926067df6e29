"""Make the vectors in spec/vectors/judgement: `python -m tests.protocol.make_judgement_vectors`, from the root.

Signatures that are there are used again, so a new run writes the same bytes.
"""

from tests.protocol import (
    judgement_cases_entries,
    judgement_cases_logs,
    judgement_cases_signers,
    judgement_cases_threads,
)
from tests.protocol.judgement_made import cases_of, write_case
from tests.protocol.judgement_vectors import dump
from tests.vector_world import VECTORS, Kept, write_files

FOLDER = VECTORS / "judgement"

MODULES = (judgement_cases_entries, judgement_cases_signers, judgement_cases_logs, judgement_cases_threads)


def make(kept: Kept) -> dict[str, bytes]:
    """Every file by path."""
    files: dict[str, bytes] = {}
    for name, (what, build) in cases_of(*MODULES).items():
        files[f"cases/{name}.json"] = dump(write_case(what, build(kept), files))
    return files


def main() -> None:
    """Write all files."""
    write_files(FOLDER, make(Kept.of(FOLDER)))


if __name__ == "__main__":
    main()
