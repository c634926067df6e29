"""The vectors of the docket: made again they are the same, and every row of the tables counts in some of them."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from protocol.docket_item import Item
from protocol.kinds import Catalogue
from protocol.procedures import FLAGS
from tests.protocol.docket_cases import CASES
from tests.protocol.make_docket_vectors import FOLDER, case_of, digest_of, vector_files

TABLES = "procedures.toml"


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load(vector_files())


def _kept(name: str) -> Any:
    return json.loads((FOLDER / f"cases/{name}.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_a_case_made_again_is_the_same(name: str) -> None:
    """Items, encodings, digests, and what is in force at four times."""
    assert json.loads(json.dumps(case_of(name, _catalogue()))) == _kept(name)


def test_there_is_a_file_for_every_case_and_no_other() -> None:
    """A case that is gone leaves no file behind."""
    assert {path.stem for path in (FOLDER / "cases").iterdir()} == set(CASES)


def test_what_is_encoded_reads_back() -> None:
    """The encoding in the file is that of the item."""
    for name in CASES:
        for row in _kept(name)["items"]:
            item = Item.parse(bytes.fromhex(row["encoded"]))
            assert (item.kind, item.state) == (row["kind"], row["state"])
            assert item.encode().hex() == row["encoded"]


def test_every_row_of_the_tables_counts_in_some_case() -> None:
    """Without it, the digest of at least one case is another."""
    files = vector_files()
    tables = tomllib.loads(files[TABLES].decode())
    idle = []
    for number, row in enumerate(tables["move"]):
        # A row that does nothing is put in its place, so that every kind still has its step.
        plain = {key: value for key, value in row.items() if key not in {*FLAGS, "to", "times", "on_opener"}}
        others = [plain if other == number else one for other, one in enumerate(tables["move"])]
        changed = Catalogue.load(files | {TABLES: _spelt({"start": tables["start"], "move": others})})
        if not any(digest_of(name, changed).hex() != _kept(name)["digest"] for name in CASES):
            idle.append((number, row["procedure"], row["step"], row["from"]))
    # A phase is stated in a fact and not in the row; that it is taken from where it may be is seen in its case.
    assert [row for row in idle if row[2] != "phased"] == [], idle


def _spelt(tables: Mapping[str, Any]) -> bytes:
    lines = []
    for name, rows in tables.items():
        for row in rows:
            lines.append(f"[[{name}]]")
            lines += [f"{key} = {_value(value)}" for key, value in row.items()]
    return "\n".join(lines).encode()


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(json.dumps(one) for one in value) + "]"
    return str(value) if isinstance(value, int) else json.dumps(value)
