"""Make the vectors in spec/vectors/audit: `python -m tests.hotline.make_audit_vectors`, from the root.

Signatures that are there are used again, so a new run writes the same bytes.
"""

from collections.abc import Mapping

from tests.hotline import audit_cases_entries, audit_cases_files
from tests.hotline.audit_made import Laid, Shop, write_case
from tests.hotline.audit_vectors import CASE, Json
from tests.vector_world import VECTORS, Kept, cases_of, dump_json, write_files

FOLDER = VECTORS / "audit"


def make(kept: Kept, known: Mapping[str, Json] | None = None) -> dict[str, bytes]:
    """Every file by path.

    Args:
        kept: signatures of earlier runs.
        known: what is found in a case, by its name; by default every case is audited.
    """
    files: dict[str, bytes] = {}
    bases: dict[str, dict[str, bytes]] = {}
    shop = Shop(kept)
    for name, (what, build) in cases_of(audit_cases_files, audit_cases_entries).items():
        laid: Laid = build(shop)
        bases[name] = laid.files
        case, own = write_case(what, laid, bases, known[name] if known else None)
        files |= {f"{name}/{path}": data for path, data in {**own, CASE: dump_json(case)}.items()}
    return files


def main() -> None:
    """Write all files."""
    write_files(FOLDER, make(Kept.of(FOLDER)))


if __name__ == "__main__":
    main()
