"""Codes: everything that is reported has a name, a meaning and a next step."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol import faults
from protocol.code import Code
from protocol.codes import CODES, code

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)

# Calls whose first argument is a code, by the end of the called name.
TAKES_A_CODE = re.compile(
    r"(?:Refused|Malformed|BadSignature|Misused|CouldNot|StoreBroken|StoreFull|StoreBehind|NotOfThisLog|NodeError|_once"
    r"|Alarm|Close|Finding|refuse|^code|^finding|^alarm)$"
)


def used_codes(tree: ast.AST) -> Iterator[str]:
    """Find the codes that a module uses: first arguments of errors and alarms, `code=`, and constants named CODE."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            candidates = [one.value for one in node.keywords if one.arg == "code"]
            if TAKES_A_CODE.search(name) and node.args:
                candidates.append(node.args[0])
            for one in candidates:
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and NAME.fullmatch(one.value):
                    yield one.value
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = {getattr(target, "id", "") for target in targets}
            if named & {"CODE", "code"} and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                yield node.value.value


@pytest.mark.parametrize("package", ["keys", "protocol", "nodes", "hotline"])
def test_every_code_in_use_is_declared(package: str) -> None:
    """What the four packages report is in the tables; a missing one is added to protocol/codes_*.py in five lines."""
    missing: dict[str, str] = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in used_codes(ast.parse(path.read_text(encoding="utf-8"))):
            if name not in CODES and " " not in name:
                missing[name] = path.relative_to(ROOT).as_posix()
    assert missing == {}


def test_every_code_declared_is_in_use() -> None:
    """What is explained can happen: the code stands somewhere in the packages, or is a state that screens name."""
    states = {"waiting-for-signatures"}
    sources = [
        path.read_text(encoding="utf-8")
        for package in ("keys", "protocol", "nodes", "hotline")
        for path in (ROOT / package).rglob("*.py")
        if not path.name.startswith("codes_")
    ]
    used = {name for source in sources for name in re.findall(r'"([a-z0-9-]+)"', source)}
    assert {name for name in CODES if name not in used} == states


def test_every_fault_of_an_entry_is_declared_with_its_weight() -> None:
    """The faults that refute are refuting codes; those that void or are shown are warnings."""
    for name in faults.FAULTS:
        expected = "refuted" if name in faults.ACCUSING else "warning"
        assert CODES[name].severity == expected, name


@pytest.mark.parametrize("one", CODES.values(), ids=lambda one: one.name)
def test_every_code_can_be_read_by_a_person(one: Code) -> None:
    """A short clause, what it means and what to do next: whole sentences, no code without a next step."""
    assert NAME.fullmatch(one.name)
    assert len(one.name) <= 40
    assert not one.text.endswith(".")
    assert len(one.text) <= 80
    for text in (one.means, one.next):
        assert text[0].isupper() or text[0] in "`0123456789"
        assert text.endswith(".")
    assert one.exit in range(5)


def test_exit_statuses_follow_the_severity() -> None:
    """Refuted is 1, unchecked 3, an error 3 unless it is a refusal or a misuse, and only one code waits for people."""
    assert CODES["tile-differs"].exit == 1
    assert CODES["tile-missing"].exit == 3
    assert CODES["wrong-passphrase"].exit == 3
    assert CODES["no-such-kind"].exit == 2
    assert CODES["line-down"].exit == 0
    assert [one.name for one in CODES.values() if one.exit == 4] == ["waiting-for-signatures"]


def test_an_unknown_code_is_explained_as_unknown() -> None:
    """A code of a newer version gives an answer, because failing while reporting a failure would hide both."""
    found = code("from-the-future")
    assert found.name == "from-the-future"
    assert found.severity == "warning"
    assert code("line-down") is CODES["line-down"]
