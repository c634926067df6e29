"""The vectors of statements and entries: every file says what was done and how it must be judged, and is judged so."""

from pathlib import Path

import pytest

from tests.protocol.statement_vectors import VECTORS, judge, read_vector

FILES = sorted((VECTORS / "entry").glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_vector_is_judged_as_it_says(file: Path) -> None:
    """What was done to the bytes leads to the kind of failure and the code that the header names, or to none."""
    vector = read_vector(file)
    assert judge(vector) == (vector.expect, vector.code), vector.what


def test_the_vectors_are_there() -> None:
    """A folder that was lost does not look like a folder that passed."""
    assert len(FILES) > 120
