"""Imports point left, and keys and protocol are pure. The contracts themselves are in pyproject.toml."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("keys", "protocol", "nodes", "hotline")
PURE = ("keys", "protocol")
# An auditor's verifier is keys and protocol: it must install with these and nothing else.
THIRD_PARTY = {"keys": {"cryptography"}, "protocol": {"cryptography", "msgpack"}}
# Built-in functions that reach outside, or run text as code.
FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
# Methods that ask the machine for the time.
CLOCK_METHODS = {"now", "utcnow", "today"}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of a tree's pyproject.toml over that tree's packages."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def package_tree(where: Path, module: str, text: str) -> Path:
    """Write the four packages, empty but for one module with the given text, beside our contracts."""
    for package in PACKAGES:
        (where / package).mkdir()
        (where / package / "__init__.py").write_text("")
    (where / module).write_text(text)
    (where / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return where


def pure_modules() -> Iterator[Path]:
    for package in PURE:
        yield from sorted((ROOT / package).rglob("*.py"))


def test_the_packages_keep_the_contracts() -> None:
    """The project as it is keeps both contracts: direction and purity."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_an_empty_tree_keeps_the_contracts(tmp_path: Path) -> None:
    """The check passes where nothing is wrong, so that the failures below are about what they plant."""
    result = lint_imports(package_tree(tmp_path, "keys/good.py", "import hashlib\n"))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "text", "broken"),
    [
        ("keys/bad.py", "import protocol\n", "keys -> protocol"),
        ("protocol/bad.py", "from nodes import __name__\n", "protocol -> nodes"),
        ("nodes/bad.py", "import hotline\n", "nodes -> hotline"),
        ("keys/bad.py", "import os.path\n", "keys.bad -> os"),
        ("protocol/bad.py", "from time import monotonic\n", "protocol.bad -> time"),
        ("protocol/bad.py", "def f():\n    import asyncio\n", "protocol.bad -> asyncio"),
        ("keys/bad.py", "import secrets\n", "keys.bad -> secrets"),
        ("protocol/bad.py", "import structlog\n", "protocol.bad -> structlog"),
    ],
)
def test_a_bad_import_breaks_a_contract(tmp_path: Path, module: str, text: str, broken: str) -> None:
    """The check would fail: each forbidden import, planted in a tree of its own, is found and named."""
    result = lint_imports(package_tree(tmp_path, module, text))
    assert result.returncode == 1, result.stdout + result.stderr
    source, target = broken.split(" -> ")
    assert source in result.stdout
    assert target in result.stdout


def test_pure_packages_import_only_what_a_verifier_has() -> None:
    """A verifier needs cryptography and msgpack only: keys and protocol import nothing else from outside Python."""
    allowed = set(sys.stdlib_module_names) | set(PURE)
    for path in pure_modules():
        package = path.relative_to(ROOT).parts[0]
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top in allowed | THIRD_PARTY[package], f"{path.name}:{node.lineno} imports {name}"


def outside_calls(tree: ast.AST) -> Iterator[str]:
    """Calls that reach for a file, a screen, a clock or the system's randomness without an import."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in FORBIDDEN_CALLS:
            yield f"line {node.lineno}: {called.id}()"
        if isinstance(called, ast.Attribute):
            if called.attr in CLOCK_METHODS:
                yield f"line {node.lineno}: .{called.attr}()"
            if called.attr == "generate" and not node.args and not node.keywords:
                yield f"line {node.lineno}: .generate() takes its randomness from the system"


def test_pure_packages_ask_for_no_clock_file_or_chance() -> None:
    """What an import contract cannot see: built-in open and print, datetime.now, and keys generated unseeded."""
    for path in pure_modules():
        found = list(outside_calls(ast.parse(path.read_bytes())))
        assert not found, f"{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize("text", ["open('x')", "print(1)", "datetime.now(UTC)", "date.today()", "Key.generate()"])
def test_a_call_to_the_outside_is_found(text: str) -> None:
    """The check of calls would fail on each of these."""
    assert list(outside_calls(ast.parse(text)))


def test_a_call_with_injected_entropy_is_allowed() -> None:
    """Keys may be generated from entropy that the caller hands in."""
    assert not list(outside_calls(ast.parse("Keyring.generate(party, entropy)")))
