"""The pages spec/keys-and-rosters.md and spec/passkeys.md are true: examples run, and the lists of kinds are ours."""

import re
from pathlib import Path

import pytest

from keys import errors

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "spec" / "keys-and-rosters.md").read_text()
PASSKEYS = (ROOT / "spec" / "passkeys.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs(number: int) -> None:
    """Each example on the page runs as it stands, and its assertions hold."""
    exec(compile(EXAMPLES[number], f"example {number + 1}", "exec"), {})


def test_page_has_examples() -> None:
    """The pattern that finds them still fits the page."""
    assert len(EXAMPLES) == 4


def test_excerpt_is_the_vector() -> None:
    """The roster shown on the page is the beginning of the good vector, line by line."""
    excerpt = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    vector = (ROOT / "spec" / "vectors" / "keys" / "roster-good.txt").read_text().partition("\n\n")[2]
    shown = excerpt[0].splitlines()
    for line, whole in zip(shown, vector.splitlines(), strict=False):
        assert whole.startswith(line.removesuffix("…"))
        assert line.endswith("…") or line == whole
    assert len(shown) > 10


def test_every_kind_is_on_the_page_and_in_a_vector() -> None:
    """A kind of failure that nobody documents or tries is no promise."""
    # Where a key is that cannot sign now is no judgement of anything; spec/signer.md tells of those.
    elsewhere = {errors.AWAY, errors.WITHHELD}
    kinds = {value for name, value in vars(errors).items() if name.isupper()} - elsewhere
    expected = {
        line.removeprefix("expect: ")
        for folder in ("keys", "passkeys")
        for path in (ROOT / "spec" / "vectors" / folder).glob("*.txt")
        for line in path.read_bytes().partition(b"\n\n")[0].decode().splitlines()
        if line.startswith("expect: ")
    }
    assert expected == kinds | {"accepted"}
    for kind in kinds:
        assert f"`{kind}`" in PAGE + PASSKEYS, kind


@pytest.mark.parametrize(("name", "page"), [("keys-and-rosters", PAGE), ("passkeys", PASSKEYS)])
def test_sections_that_the_code_names_exist(name: str, page: str) -> None:
    """A docstring that points to a section points to one that is there."""
    named = {
        " ".join(section.split())
        for path in (ROOT / "keys").glob("*.py")
        for section in re.findall(rf'spec/{name}\.md,\s+"([^"]+)"', path.read_text())
    }
    headings = set(re.findall(r"^#+ (.+)$", page, re.MULTILINE))
    assert named
    assert named <= headings
