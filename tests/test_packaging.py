"""What a clone installs: pinned and hashed lists that name no index, one version, and a tree without stray files."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hotline

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"


def pins(name: str) -> dict[str, str]:
    """Distribution and version of each entry of a list."""
    text = (REQUIREMENTS / name).read_text()
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==([0-9a-z.]+)", text))


def test_the_version_is_written_once_and_repeated_exactly() -> None:
    """pyproject.toml, the package and the newest entry of the changelog agree."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert hotline.__version__ == version
    headings = re.findall(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text())
    assert headings[0] == version


@pytest.mark.parametrize("name", ["base.txt", "dev.txt"])
def test_lists_name_no_index_and_hash_everything(name: str) -> None:
    """Every entry has a version and hashes; nothing says where a package comes from, which is the machine's to say."""
    lines = (REQUIREMENTS / name).read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines)
    entries = [number for number, line in enumerate(lines) if "==" in line]
    assert all("--hash" in lines[number + 1] for number in entries)


def test_the_lists_agree_with_what_was_chosen() -> None:
    """Each version in an .in file is the one in its .txt file, and where both lists have a package they agree."""
    base, dev = pins("base.txt"), pins("dev.txt")
    for chosen, made in (("base.in", base), ("dev.in", dev)):
        assert pins(chosen).items() <= made.items()
    assert all(base[name] == dev[name] for name in base.keys() & dev.keys())


def test_every_chosen_library_has_a_reason() -> None:
    """The decision page on libraries names every library that an .in file names."""
    page = (ROOT / "spec" / "decisions" / "0001-libraries.md").read_text()
    for name in (*pins("base.in"), *pins("dev.in")):
        assert re.search(rf"\b{name}\b", page), name


def test_the_declared_dependencies_are_in_the_list() -> None:
    """What pyproject.toml asks for is installed by the hashed list."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split(r"[<>=]", name)[0] for name in project["dependencies"]} <= pins("base.txt").keys()


@pytest.mark.slow
def test_a_wheel_carries_code_and_data(tmp_path: Path) -> None:
    """The wheel holds the four packages with the catalogue, the incident data and the notices, and nothing else."""
    source = tmp_path / "source"
    built = shutil.ignore_patterns(".venv", ".git", "build", "__pycache__", ".*_cache", ".hypothesis", "*.sock")

    def left_out(folder: str, names: list[str]) -> set[str]:
        """What was built or cached, and at the top what a demonstration left, which may be running."""
        demos = {name for name in names if name.startswith("demo")} if Path(folder) == ROOT else set()
        return built(folder, names) | demos

    shutil.copytree(ROOT, source, ignore=left_out)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    wheel = next(tmp_path.glob("*.whl"))
    shutil.unpack_archive(wheel, tmp_path / "wheel", "zip")
    inside = {path.relative_to(tmp_path / "wheel").as_posix() for path in (tmp_path / "wheel").rglob("*")}
    tops = {name for name in inside if "/" not in name}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"keys", "protocol", "nodes", "hotline"}
    assert {"hotline/data/NOTICE.md", "hotline/data/incidents-vcdb.json", "hotline/cli/main.py"} <= inside
    assert any(re.fullmatch(r"protocol/catalogue/kinds/.*\.toml", name) for name in inside)
