"""Reading entries is part of every receipt and of every audit, so it may not become slow unnoticed."""

from time import perf_counter

import pytest

from protocol.entry import Entry
from tests.protocol.statement_samples import sample_entry


@pytest.mark.alone
def test_an_entry_and_its_statement_are_read_in_well_under_100_microseconds() -> None:
    """About 30 on a quiet machine, the best of several rounds; the limit leaves room for slower ones."""
    data = sample_entry().encode()
    best = 1.0
    for _ in range(20):
        start = perf_counter()
        for _ in range(100):
            Entry.parse(data).parse_statement()
        best = min(best, (perf_counter() - start) / 100)
    assert best < 100e-6
