"""The runner of what takes hours: it loses nothing, tries nothing twice, and says what failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak import page, record
from tests.soak.__main__ import PAGE, ROOT, main
from tests.soak.parts import load_all
from tests.soak.record import Record

FIGURES = {"frames": 10, "ms max": 3}


def done(kept: Record, first: int, count: int, *, commit: str = "c0ffee") -> None:
    kept.add(first=first, count=count, commit=commit, seconds=1.0, at="2026-11-22 02:00Z", figures=FIGURES)


def test_every_part_is_whole() -> None:
    """Each has a name of its own, a count, and a sentence for the table."""
    parts = load_all()
    assert len({part.name for part in parts}) == len(parts)
    assert all(part.count > 0 and part.chunk > 0 and part.about.endswith(".") for part in parts)


def test_the_page_names_every_part() -> None:
    """The table of spec/soak.md is the list of parts."""
    assert page.overview(load_all()) in PAGE.read_text()


def test_what_was_done_is_not_tried_again() -> None:
    """Chunks that held in any order leave just what is between them."""
    kept = Record()
    done(kept, 20, 10)
    done(kept, 0, 10)
    assert list(kept.left(45, 10)) == [(10, 10), (30, 10), (40, 5)]
    done(kept, 10, 10)
    assert kept.done == [(0, 30)]
    assert kept.cases == 30
    assert list(kept.left(30, 10)) == []


def test_a_part_of_a_chunk_is_filled_up() -> None:
    """A run that was told a count ends inside of a chunk, and the next one begins there."""
    kept = Record()
    done(kept, 0, 7)
    assert list(kept.left(20, 10)) == [(7, 3), (10, 10)]


def test_figures_are_kept_by_commit() -> None:
    """Figures of one commit are added, the largest of a `max` stands, and another commit has a row of its own."""
    kept = Record()
    done(kept, 0, 5)
    done(kept, 5, 5)
    done(kept, 10, 5, commit="decade")
    assert [(one.commit, one.cases, one.first, one.last) for one in kept.stretches] == [
        ("c0ffee", 10, 0, 9),
        ("decade", 5, 10, 14),
    ]
    assert kept.stretches[0].figures == {"frames": 20, "ms max": 3}


def test_what_failed_is_known_until_it_holds(tmp_path: Path) -> None:
    """A failure is kept in the file, is still to be done, and goes when the same cases held."""
    kept = Record()
    kept.fail(first=5, count=5, commit="c0ffee", text="Violation: I2")
    record.write(tmp_path / "part.json", kept)
    kept = record.read(tmp_path / "part.json")
    assert [one["first"] for one in kept.failures] == [5]
    assert (5, 5) in kept.left(10, 5)
    done(kept, 5, 5)
    assert kept.failures == []


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    """Nothing is lost in the file, and nothing else lies beside it."""
    kept = Record()
    done(kept, 0, 5)
    record.write(tmp_path / "part.json", kept)
    assert record.read(tmp_path / "part.json") == kept
    assert [path.name for path in tmp_path.iterdir()] == ["part.json"]


def test_a_name_that_is_no_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt part runs nothing."""
    assert main(["--part", "simulaton"]) == 2
    assert "simulaton" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Two runs of two worlds each try four different ones, and keep both."""
    command = [sys.executable, "-m", "tests.soak", "--part", "simulation", "--count", "2", "--state", str(tmp_path)]
    for _ in range(2):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    kept = record.read(tmp_path / "simulation.json")
    assert kept.done == [(0, 4)]
    assert sum(one.figures["frames"] for one in kept.stretches) > 1000
