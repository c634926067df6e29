"""The table of vectors is whole: every verify path has files, and every file belongs to a row."""

import ast
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT / "spec" / "vectors"
PAGE = (VECTORS / "README.md").read_text()
TABLE, WITHOUT = PAGE.split("## Without vectors of their own")
NAMED = ("verify", "unwrap", "unseal", "open_", "parse", "check", "party_keys", "load", "fault_of", "certificate_key")
"""How functions are called that take something from outside and believe it or refuse it."""

DATA_LOADERS = {"kinds.Catalogue.load", "journal_kinds.JournalCatalogue.load", "catalogue_table.load", "template.load"}
"""They read the program's own data."""


@cache
def rows() -> list[tuple[str, list[str], list[str]]]:
    """What, functions and patterns of each row."""
    found = []
    for line in TABLE.split("\n"):
        if line.startswith("| ") and not line.startswith("| what is verified"):
            what, by, where = (cell.strip() for cell in line.strip("|").split("|"))
            found.append((what, re.findall(r"`([a-z_0-9]+\.[A-Za-z_.0-9]+)`", by), re.findall(r"`([^`]+)`", where)))
    return found


def excused() -> list[str]:
    """Names and patterns of functions without vectors."""
    return [
        name
        for line in WITHOUT.split("\n")
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    ]


def functions() -> set[str]:
    """Public functions and methods of `keys` and `protocol`, by module and name."""
    found = set()
    for package in ("keys", "protocol"):
        for path in (ROOT / package).glob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    found.add(f"{path.stem}.{node.name}")
                elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    methods = (one for one in node.body if isinstance(one, ast.FunctionDef))
                    found |= {f"{path.stem}.{node.name}.{one.name}" for one in methods if not one.name.startswith("_")}
    return found


def files() -> set[str]:
    """Every vector: a file in a folder of single files, and each folder of cases as a whole."""
    found = set()
    # What Python compiles of the makers that lie there is none.
    for folder in (path for path in VECTORS.iterdir() if path.is_dir() and path.name != "__pycache__"):
        single = list(folder.glob("*.txt"))
        found |= {f"{folder.name}/{path.name}" for path in single} or {f"{folder.name}/cases"}
    return found


def test_every_function_that_verifies_is_in_the_table() -> None:
    """Or among those that are excused, and not in both; nothing is named that there is not."""
    listed = {name for _, names, _ in rows() for name in names}
    there = functions()
    assert listed <= there
    verifying = {name for name in there if name.rpartition(".")[2].startswith(NAMED)}
    excuses = excused()
    missing = {
        name for name in verifying - listed - DATA_LOADERS if not any(fnmatchcase(name, pattern) for pattern in excuses)
    }
    assert missing == set()
    assert [one for one in excuses if not any(fnmatchcase(name, one) for name in there)] == []
    assert [one for one in excuses if one in listed] == []


def test_every_file_belongs_to_one_row() -> None:
    """The first pattern by length, so that `keys/roster-of-roots-*` takes from `keys/roster-*`; none is left over."""
    patterns = [pattern for _, _, where in rows() for pattern in where]
    assert len(set(patterns)) == len(patterns)
    assert [name for name in files() if not any(fnmatchcase(name, one) for one in patterns)] == []
    assert [one for one in patterns if not any(fnmatchcase(name, one) for name in files())] == []


@pytest.mark.parametrize("what", [what for what, _, _ in rows()])
def test_every_row_has_a_good_one_and_faults(what: str) -> None:
    """Of single files at least one is accepted and two are refused, each for something else that was done."""
    (where,) = (where for name, _, where in rows() if name == what)
    single = [name for name in files() if name.endswith(".txt") and any(fnmatchcase(name, one) for one in where)]
    if not single:
        assert any((VECTORS / pattern.partition("/")[0]).is_dir() for pattern in where)
        return
    outcomes = []
    for name in single:
        head = (VECTORS / name).read_bytes().partition(b"\n\n")[0].decode()
        found = re.search(r"^expect: (.+)$", head, re.MULTILINE)
        assert found is not None, name
        outcomes.append(found[1])
    assert "accepted" in outcomes
    assert len([one for one in outcomes if one != "accepted"]) >= 2
