"""The catalogue as it lies in the repository, for tests of the protocol package."""

from pathlib import Path

from protocol.kinds import Catalogue

FOLDER = Path(__file__).resolve().parents[2] / "protocol" / "catalogue"


def catalogue_files() -> dict[str, bytes]:
    """Read every file of the catalogue."""
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in sorted(FOLDER.rglob("*.toml"))}


CATALOGUE = Catalogue.load(catalogue_files())
