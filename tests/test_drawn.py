"""What is drawn stays for a commit, and is chance where files differ from it."""

import pytest

from tests import drawn as module
from tests.drawn import drawn

NAME = "HOTLINE_DRAWN_HERE"


def of(monkeypatch: pytest.MonkeyPatch, commit: str | None, variable: str = NAME) -> int:
    """What is drawn at a commit."""
    monkeypatch.setattr(module, "_commit", lambda: commit)
    return drawn(variable, 1 << 40)


def test_a_commit_draws_the_same_and_another_one_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """And for another purpose others, too."""
    once = of(monkeypatch, "a" * 40)
    assert once == of(monkeypatch, "a" * 40) < 1 << 40
    assert once != of(monkeypatch, "b" * 40)
    assert once != of(monkeypatch, "a" * 40, "HOTLINE_OTHER")


def test_without_a_commit_it_is_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files differ from the commit nobody could repeat it by its name."""
    assert of(monkeypatch, None) != of(monkeypatch, None)


def test_a_number_that_is_told_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is how what a run printed is repeated."""
    monkeypatch.setenv(NAME, "7")
    assert of(monkeypatch, "a" * 40) == 7
