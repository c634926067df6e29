"""The pages made from data are those in the repository."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

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
