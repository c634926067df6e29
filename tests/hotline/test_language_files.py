"""Files of reviewed labels: what a ministry writes into its home is what its officers read."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.language_files import read_reviews, write_reviews
from protocol.plain_text import problem_of_line
from protocol.wording import REVIEWER_BYTES_MAX, Said, WordingRefused

KEYS = ("header.answer by", "kind.update.label", "vocabulary.severity.3.label")
PLAIN = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=40)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(KEYS), PLAIN, max_size=5), PLAIN)
def test_what_was_reviewed_is_read_as_it_was_written(texts: dict[str, str], office: str) -> None:
    """Every text that may stand in a review, with quotes and backslashes, comes back; any other is refused."""
    kept = {
        key: Said(english=key, text=text, state="reviewed", by=office, on="2026-11-22") for key, text in texts.items()
    }
    with TemporaryDirectory() as directory:
        write_reviews(Path(directory), "fr", kept)
        good = (
            all(problem_of_line(one) is None for one in (*texts.values(), office))
            and len(office.encode()) <= REVIEWER_BYTES_MAX
        )
        if not good and texts:
            with pytest.raises(WordingRefused):
                read_reviews(Path(directory), "fr")
        else:
            assert read_reviews(Path(directory), "fr").strings == kept
