"""The vectors of judgement: two logs each, and what a reader finds in them."""

from functools import cache
from hashlib import sha256, shake_256

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


@pytest.mark.parametrize("name", NAMES)
def test_the_digests_follow_from_the_items_by_the_page_alone(name: str) -> None:
    """What `spec/docket.md` says of sums and hashes, done with nothing else, gives the digests in the file."""
    docket = read_case(_files(), name)["expected"]["docket"]
    digests = []
    for voice, (party, home) in enumerate(sorted(docket["homes"].items())):
        encoded = [bytes.fromhex(one["encoded"]) for one in docket["items"] if one["thread"].startswith(party)]
        total = sum(int.from_bytes(shake_256(one).digest(256), "big") for one in encoded) % 2**2048
        numbers = b"".join(number.to_bytes(8, "big") for number in (voice, home["size"], home["arrived"]))
        digests.append(sha256(b"hotline/1/docket-home\0" + numbers + total.to_bytes(256, "big")).digest())
        assert digests[-1].hex() == home["digest"]
    assert sha256(b"hotline/1/docket\0" + b"".join(digests)).hexdigest() == docket["digest"]


@pytest.mark.slow
def test_the_maker_gives_the_files_that_are_there() -> None:
    """Logs of version 1 never change: a new run writes the same bytes, and no other file."""
    there = {name: data for name, data in _files().items() if name != "README.md"}
    assert make(Kept.of(FOLDER), {name: read_case(_files(), name)["expected"] for name in NAMES}) == there
