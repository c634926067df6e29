"""The page on hostile input: every row has a defence and a test that is there, or says why it does not apply."""

import re
from pathlib import Path

from tests.fuzz import TARGETS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "spec" / "hostile-input.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| input ")
]
NOT_HERE = "does not apply"
LEAST = {"Transport": 10, "Encoding": 13, "Text and screens": 5, "Signatures and keys": 13, "After login": 6}


def functions(path: Path) -> set[str]:
    """Names of the tests in a file."""
    return set(re.findall(r"(?m)^(?:async )?def (test_\w+)\(", path.read_text()))


def test_every_row_is_whole() -> None:
    """An input that is there once, a defence, and a test; or the reason why there is none."""
    inputs = [row[0] for row in ROWS]
    assert len(set(inputs)) == len(inputs)
    for row in ROWS:
        assert len(row) >= 2, row
        assert row[1], row
        tests = re.findall(r"`([^`]+::test_[^`]+)`", " | ".join(row[2:]))
        assert bool(tests) != row[1].startswith(NOT_HERE), row


def test_every_test_on_the_page_is_there() -> None:
    """By file and name."""
    for named in re.findall(r"`([^`]+)::(test_[^`]+)`", PAGE):
        path = ROOT / "tests" / named[0]
        assert path.is_file(), named
        assert named[1] in functions(path), named


def test_every_hostile_test_is_on_the_page() -> None:
    """What is tried here stands there, so that whoever reads the page knows all of it."""
    told = set(re.findall(r"`hostile/([a-z_]+\.py::test_[^`]+)`", PAGE))
    here = {
        f"{path.name}::{name}"
        for path in Path(__file__).parent.glob("test_*.py")
        if path.name != Path(__file__).name
        for name in functions(path)
    }
    ordinary = {
        "test_http.py::test_a_connection_that_goes_on_asking_is_kept",
        "test_websocket.py::test_a_ping_now_and_then_is_answered",
    }
    assert here - ordinary == told


def test_no_section_lost_a_row() -> None:
    """The rows of the sections, counted: one that is taken out is missed."""
    for section, least in LEAST.items():
        body = PAGE.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
        assert body.count("\n| ") - 1 >= least, section


def test_the_page_says_how_to_fuzz() -> None:
    """The command is in the Makefile, and there are targets for it."""
    assert "make fuzz" in PAGE
    assert re.search(r"(?m)^fuzz:", (ROOT / "Makefile").read_text())
    assert len(TARGETS) >= 14
