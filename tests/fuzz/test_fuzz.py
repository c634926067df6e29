"""Every decoder of foreign bytes, with what is kept and with what is new."""

from pathlib import Path

import pytest

from tests.fuzz import CORPUS, TARGETS
from tests.fuzz.run import run
from tests.fuzz.target import load

SECONDS = 5
CORPUS_BYTES_MAX = 400_000


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept_is_read_or_refused(name: str) -> None:
    """The first inputs, those that reached something new, and every one that ever failed."""
    target = load(name)
    kept = sorted((CORPUS / name).iterdir())
    assert kept
    try:
        for path in kept:
            target.attempt(path.read_bytes())
    finally:
        target.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_new_inputs_are_read_or_refused(name: str) -> None:
    """For some seconds from what is kept; a failure leaves its input in build/fuzz."""
    ended = run(name, seconds=SECONDS, seed=0)
    assert ended.error is None, ended.log[-6000:]
    assert ended.inputs > 0
    print(f"{name}: {ended.inputs} inputs, {ended.covered} places")


def test_the_kept_inputs_are_few() -> None:
    """They are in every clone; nothing is kept of a target that there is not."""
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < CORPUS_BYTES_MAX


def test_every_module_of_targets_is_tried() -> None:
    """A target that is not in the list would never run."""
    here = Path(__file__).parent / "targets"
    assert {path.stem for path in here.glob("*.py")} - {"__init__"} == set(TARGETS)
