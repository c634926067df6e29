"""The vectors of frames: every file says what was done and how it must be judged, and is judged so."""

from pathlib import Path

import pytest

from protocol.frames import FrameType
from tests.protocol.make_channel_vectors import vectors
from tests.protocol.statement_vectors import VECTORS, judge, read_vector

FILES = sorted((VECTORS / "channel").glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_vector_is_judged_as_it_says(file: Path) -> None:
    """What was done to the bytes leads to the kind of failure and the code that the header names, or to none."""
    vector = read_vector(file)
    assert judge(vector) == (vector.expect, vector.code), vector.what


def test_version_1_of_the_frames_is_written_as_it_always_was() -> None:
    """The maker gives the files that are there, to the byte, and there is a good frame of every type."""
    made = {vector.name: vector.encode() for vector in vectors()}
    assert made == {file.stem: file.read_bytes() for file in FILES}
    assert sum(name.endswith("-good") for name in made) == len(FrameType)
