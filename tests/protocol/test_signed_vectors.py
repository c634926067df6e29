"""The vectors of sessions, successions, evidence and amendments are judged as they say."""

from pathlib import Path

import pytest

from tests.protocol.make_signed_vectors import vectors
from tests.protocol.signed_vectors import FOLDERS, judge_signed
from tests.protocol.statement_vectors import VECTORS, read_vector

FILES = sorted(path for folder in FOLDERS for path in (VECTORS / folder).glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_each_vector_is_judged_as_it_says(file: Path) -> None:
    """What was done leads to the kind of failure and the code that the header names, or to none."""
    vector = read_vector(file)
    assert judge_signed(vector) == (vector.expect, vector.code), vector.what


def test_the_maker_makes_these_files() -> None:
    """Signatures hold chance and catalogues grow; names, forms and outcomes stay."""
    made = {(folder, one.name): (one.what, one.form, one.expect, one.code) for folder, one in vectors()}
    there = {}
    for file in FILES:
        one = read_vector(file)
        there[file.parent.name, one.name] = (one.what, one.form, one.expect, one.code)
    assert made == there
