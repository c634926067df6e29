"""The vectors of pairing: a file each, and what the party that it came to says of it."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.hotline.make_pairing_vectors import FOLDER, kept_signatures, make
from tests.hotline.pairing_vectors import outcome, read_case
from tests.vector_world import Files, files_of

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("hotline/pairing.py", "hotline/pairing_files.py", "hotline/documents.py", "hotline/terms.py")
NAMES = sorted(path.stem for path in (FOLDER / "cases").glob("*.json"))
FROM_FORMATS = {"other-body", "sealed-document"}
"""Codes of a document that is not the one its statement names; `protocol.compose` gives them."""

AT_WORK = {"roster-chain-long"}
"""Of an officer's program that follows rosters which admins signed; a pairing has none."""


@cache
def _files() -> Files:
    return files_of(FOLDER)


@pytest.mark.parametrize("name", NAMES)
def test_each_file_is_taken_or_refused_as_the_case_says(name: str, tmp_path: Path) -> None:
    """The agreement and the words that come of it, or the code of the refusal, are those in the case."""
    case = read_case(_files(), name)
    assert outcome(case, _files(), tmp_path) == case["expected"], case["what"]


def test_there_is_a_case_for_every_refusal() -> None:
    """A code by which the ceremony refuses has a file that leads to it; whoever adds a code adds a case."""
    sources = "".join((ROOT / source).read_text() for source in SOURCES)
    refusals = set(re.findall(r'Refused\(\s*"([a-z-]+)"', sources))
    given = {read_case(_files(), name)["expected"].get("code") for name in NAMES}
    assert given - {None} == (refusals - AT_WORK) | FROM_FORMATS


def test_each_of_the_three_files_has_a_good_one() -> None:
    """One of each is accepted, and all three lead to one agreement."""
    found = [read_case(_files(), name) for name in NAMES]
    good = {case["format"]: case["expected"]["agreement"] for case in found if case["expected"]["accepted"]}
    assert sorted(good) == ["answer", "final", "offer"]
    assert len(set(good.values())) == 1


def test_the_maker_gives_the_files_that_are_there() -> None:
    """Files of version 1 never change: a new run writes the same bytes, and no other file."""
    there = {name: data for name, data in _files().items() if name != "README.md"}
    assert make(kept_signatures(there), {name: read_case(_files(), name)["expected"] for name in NAMES}) == there
