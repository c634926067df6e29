"""Make the vectors in spec/vectors/judgement: `python -m tests.protocol.make_judgement_vectors`, from the root.

Signatures that are there are used again, so a new run writes the same bytes.
"""

from collections.abc import Mapping

from tests.protocol import (
    judgement_cases_agreements,
    judgement_cases_entries,
    judgement_cases_logs,
    judgement_cases_passkeys,
    judgement_cases_roots,
    judgement_cases_rotation,
    judgement_cases_signers,
    judgement_cases_suites,
    judgement_cases_threads,
)
from tests.protocol.judgement_made import write_case
from tests.protocol.judgement_vectors import Json
from tests.vector_world import VECTORS, Kept, cases_of, dump_json, write_files

FOLDER = VECTORS / "judgement"

MODULES = (
    judgement_cases_entries,
    judgement_cases_signers,
    judgement_cases_logs,
    judgement_cases_threads,
    judgement_cases_agreements,
    judgement_cases_passkeys,
    judgement_cases_suites,
    judgement_cases_roots,
    judgement_cases_rotation,
)


def make(kept: Kept, known: Mapping[str, Json] | None = None) -> dict[str, bytes]:
    """Every file by path.

    Args:
        kept: signatures of earlier runs.
        known: what is found in a case, by its name; by default every case is judged.
    """
    files: dict[str, bytes] = {}
    for name, (what, build) in cases_of(*MODULES).items():
        case = write_case(what, build(kept), files, known[name] if known else None)
        files[f"cases/{name}.json"] = dump_json(case)
    return files


def main() -> None:
    """Write all files."""
    write_files(FOLDER, make(Kept.of(FOLDER)))


if __name__ == "__main__":
    main()
