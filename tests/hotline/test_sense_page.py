"""The page of sense is what the rules and the data give."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SPEC = Path(__file__).resolve().parents[2] / "spec"


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program that makes it."""
    found = importlib.util.spec_from_file_location("make_sense_page", SPEC / "make_sense_page.py")
    assert found is not None
    assert found.loader is not None
    made = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, found.name, made)
    found.loader.exec_module(made)
    return made


@pytest.mark.slow
def test_the_page_is_what_the_data_gives(maker: ModuleType) -> None:
    """Run `python spec/make_sense_page.py` after a change to the model's thresholds or to the data."""
    assert (SPEC / "sense.md").read_text() == maker.page()
    assert (SPEC / "sense.svg").read_text() == maker.plot()


def test_it_shows_what_it_is_there_to_show() -> None:
    """A crossing by several that none causes, a near miss, one undone by a retraction, an exercise."""
    page = (SPEC / "sense.md").read_text()
    assert "is not crossed by what had been told until then" in page
    assert "as an exercise cross 0 lines" in page
    assert "| no |" in page
    assert "is not crossed: it lacks" in page
