"""The catalogue as it lies in the repository, for tests of the protocol package."""

from pathlib import Path

from protocol.kinds import Catalogue, Kind

FOLDER = Path(__file__).resolve().parents[2] / "protocol" / "catalogue"


def catalogue_files() -> dict[str, bytes]:
    """Read every file of the catalogue."""
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in sorted(FOLDER.rglob("*.toml"))}


CATALOGUE = Catalogue.load(catalogue_files())

_FACTS = {"uint": 1, "int": -1, "hash": bytes(32), "hashes": [bytes(32)], "code": "other", "party": "ARC", "flag": True}


def sample_facts(kind: Kind) -> dict[str, object] | None:
    """Facts that a statement of this kind cannot do without."""
    return {name: _FACTS[type_] for name, type_ in kind.facts.items() if not type_.endswith("?")} or None
