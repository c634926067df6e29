"""The pages that promise something: each promise has its faults and its tests, and the tests are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS
from tools.models import small

ROOT = Path(__file__).resolve().parent.parent
GUARANTEES = (ROOT / "spec" / "guarantees.md").read_text()
THREATS = (ROOT / "spec" / "threat-model.md").read_text()
README = (ROOT / "README.md").read_text()
PROMISES = 15


@cache
def functions(path: Path) -> frozenset[str]:
    """Names of the functions in a file."""
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("page", [GUARANTEES, THREATS], ids=["guarantees", "threat-model"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    """By file and name."""
    named = re.findall(r"`([a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`", page)
    assert page.count("::test_") == len(named) > 40
    for file, name in named:
        path = ROOT / "tests" / file
        assert path.is_file(), file
        assert name in functions(path), f"{file}::{name}"


def sections() -> dict[int, str]:
    """The promises by number."""
    parts = re.split(r"(?m)^## (\d+)\. ", GUARANTEES)[1:]
    return {int(number): text.split("\n## ")[0] for number, text in zip(parts[::2], parts[1::2], strict=True)}


def test_every_promise_has_faults_and_tests() -> None:
    """All of the design's, in their order, each with what it holds under and at least three tests."""
    assert list(sections()) == list(range(1, PROMISES + 1))
    for number, text in sections().items():
        assert "- Under:" in text, number
        assert text.count("::test_") >= 3, number


def test_what_the_simulator_watches_is_on_the_page() -> None:
    """Each invariant that a mutant is killed by stands beside the promise it watches; each broken model too."""
    named = set(re.findall(r"\b([ILP]\d+)\b", " ".join(re.findall(r"- Simulator: ([^.]*)", GUARANTEES))))
    assert {code for mutant in MUTANTS for code in mutant.killed_by.split()} <= named
    source = "".join(path.read_text() for path in (ROOT / "tests" / "simulation").glob("*.py"))
    assert all(f'"{code}"' in source for code in named)
    broken = {case.defines[-1] for case in small() if case.fails is not None and case.model == "reconcile"}
    assert all(re.search(rf"\b{name}\b", GUARANTEES) for name in broken)


def test_every_attack_has_a_defence_and_a_test() -> None:
    """The rows of the attacks are whole, and what is not defended is said in at least ten sentences."""
    attacks = THREATS.split("## Attacks", 1)[1].split("## Not defended", 1)[0]
    rows = [line.strip("|").split(" | ") for line in attacks.splitlines() if re.match(r"\| [a-z]", line)]
    rows = [row for row in rows if row[0].strip() not in {"attack", "mistake"}]
    assert len(rows) > 30
    for row in rows:
        assert len(row) == 3, row
        assert "::test_" in row[2], row
    assert len(re.findall(r"(?m)^\d+\. ", THREATS.split("## Not defended", 1)[1])) >= 10


def test_the_readme_promises_what_the_page_says() -> None:
    """Five lines, each with the numbers of the promises it stands for; together they are all of the page."""
    text = README.split("## What is promised", 1)[1].split("\n## ", 1)[0]
    numbers = re.findall(r"(?ms)^\d\. .*?\(([\d, ]+)\)$", text)
    assert len(numbers) == 5
    named = [int(one) for line in numbers for one in line.split(", ")]
    assert sorted(named) == list(sections())
    for page in ("spec/guarantees.md", "spec/threat-model.md"):
        assert f"({page})" in text
        assert (ROOT / page).is_file()
