"""The transcript in the documents: it is of a run in which every check held, and README shows a part of it."""

import re
from pathlib import Path

from hotline.demo.transcript import MARK
from tools.transcript import CLOSING, LEFT_OUT, OPENING, README, TRANSCRIPT, excerpt, with_excerpt

WIDTH_MAX = 120
TRANSCRIPT_LINES = TRANSCRIPT.read_text(encoding="utf-8").splitlines()


def test_the_kept_transcript_is_of_a_run_that_held() -> None:
    """It begins and ends as a demonstration, no check failed, and the audit came to its verdict."""
    assert TRANSCRIPT_LINES[0].startswith(MARK)
    assert TRANSCRIPT_LINES[-1].startswith(MARK)
    assert any(re.match(r"Audit: verified\. [0-9]+ checks: every check held\.", line) for line in TRANSCRIPT_LINES)
    assert not any("FAILED" in line for line in TRANSCRIPT_LINES)
    assert max(map(len, TRANSCRIPT_LINES)) <= WIDTH_MAX


def test_the_readme_shows_a_part_of_it() -> None:
    """Between the marks stands exactly what is chosen from the kept transcript, and every line of it is there."""
    readme = README.read_text(encoding="utf-8")
    chosen = excerpt(TRANSCRIPT_LINES)
    assert with_excerpt(readme, chosen) == readme
    assert set(chosen) - {LEFT_OUT} <= set(TRANSCRIPT_LINES)
    assert any("kill -9" in line for line in chosen)


def test_an_excerpt_replaces_the_one_before() -> None:
    """Text around the marks stays as it is."""
    page = f"before\n{OPENING}\nold\n{CLOSING}\nafter\n"
    assert with_excerpt(page, ["new"]) == f"before\n{OPENING}\n```\nnew\n```\n{CLOSING}\nafter\n"


def test_no_path_of_a_machine_is_kept() -> None:
    """Only paths below the demonstration's own directory are shown."""
    text = Path(TRANSCRIPT).read_text(encoding="utf-8")
    assert re.search(r"/(home|tmp|root|work|Users)/", text) is None
