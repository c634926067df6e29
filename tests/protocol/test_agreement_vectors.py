"""The vectors of agreements: every file says what was done and how it must be judged, and is judged so."""

from pathlib import Path

import pytest

from tests.protocol.make_agreement_vectors import vectors
from tests.protocol.statement_vectors import VECTORS, judge, read_vector

FILES = sorted((VECTORS / "agreement").glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_vector_is_judged_as_it_says(file: Path) -> None:
    """What was done to the text leads to the kind of failure and the code that the header names, or to none."""
    vector = read_vector(file)
    assert judge(vector) == (vector.expect, vector.code), vector.what


def test_texts_are_written_as_they_always_were() -> None:
    """Text, comments and names of a format never change: the maker gives the files that are there, to the byte."""
    made = {vector.name: vector.encode() for vector in vectors()}
    assert len(made) > 50
    assert made == {file.stem: file.read_bytes() for file in FILES}
