"""The pages made from data are those in the repository."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from protocol.kinds import Catalogue
from protocol.parsed_files import read_parsed, write_parsed

SPEC = Path(__file__).resolve().parents[2] / "spec"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that makes the pages."""
    found = importlib.util.spec_from_file_location("make_catalogue_page", SPEC / "make_catalogue_page.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_page_of_the_catalogue_agrees_with_the_data(maker: ModuleType) -> None:
    """Run `python spec/make_catalogue_page.py` after a change to protocol/catalogue/."""
    assert (SPEC / "catalogue.md").read_text(encoding="utf-8") == maker.page(maker.load())


def test_the_page_of_codes_agrees_with_the_tables(maker: ModuleType) -> None:
    """Run `python spec/make_catalogue_page.py` after a change to protocol/codes_*.py."""
    assert (SPEC / "codes.md").read_text(encoding="utf-8") == maker.codes_page()


def test_the_parsed_catalogue_agrees_with_the_data(maker: ModuleType) -> None:
    """Run `python spec/make_catalogue_page.py` after a change to protocol/catalogue/."""
    assert maker.PARSED.read_bytes() == write_parsed(maker.files())


def test_a_line_counts_only_for_the_bytes_it_was_made_from(maker: ModuleType) -> None:
    """A catalogue is the same with the parsed lines and without, and a changed file is parsed."""
    files = maker.files()
    parsed = read_parsed(write_parsed(files))
    assert Catalogue.load(files, parsed) == Catalogue.load(files)
    files["kinds/goodwill.toml"] = files["kinds/goodwill.toml"].replace(b"Goodwill message", b"Kind words")
    changed = Catalogue.load(files, parsed).kind("goodwill")
    assert changed is not None
    assert changed.label() == "Kind words"
