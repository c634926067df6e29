"""The vectors of judgement: two logs each, and what a reader finds in them."""

from functools import cache

import pytest

from protocol import judge
from protocol.faults import FAULTS
from tests.protocol.judgement_vectors import Json, judged, read_case
from tests.protocol.make_judgement_vectors import FOLDER, make
from tests.vector_world import Files, Kept, files_of

NOTES = {judge.HELD_BEYOND, judge.SEEN_BEYOND, judge.REFERENCE_BEYOND, judge.AFTER_BEYOND}
NAMES = sorted(path.stem for path in (FOLDER / "cases").glob("*.json"))


@cache
def _files() -> Files:
    return files_of(FOLDER)


def _verdicts(case: Json) -> list[Json]:
    found = [one for log in case["expected"]["verdicts"].values() for one in log]
    return found + ([case["expected"]["ahead"]] if "ahead" in case else [])


@pytest.mark.parametrize("name", NAMES)
def test_each_case_is_judged_as_it_says(name: str) -> None:
    """Faults in their order, who signed, threads, home orders, items, clocks and digests are those in the file."""
    case = read_case(_files(), name)
    assert judged(case, _files()) == case["expected"], case["what"]


def test_there_is_a_case_for_every_fault_and_every_note() -> None:
    """A code that a judge may give has logs that lead to it; whoever adds a code adds a case."""
    verdicts = [one for name in NAMES for one in _verdicts(read_case(_files(), name))]
    assert {fault for one in verdicts for fault in one["faults"]} == FAULTS
    assert {note for one in verdicts for note in one["notes"]} == NOTES


def test_every_fault_but_those_that_come_together_stands_alone_somewhere() -> None:
    """A reader that never gives a code is found out by a case in which nothing else is wrong."""
    verdicts = [one for name in NAMES for one in _verdicts(read_case(_files(), name))]
    alone = {one["faults"][0] for one in verdicts if len(one["faults"]) == 1}
    assert alone == FAULTS


def test_the_maker_gives_the_files_that_are_there() -> None:
    """Logs of version 1 never change: a new run writes the same bytes, and no other file."""
    there = {name: data for name, data in _files().items() if name != "README.md"}
    assert make(Kept.of(FOLDER), {name: read_case(_files(), name)["expected"] for name in NAMES}) == there
