"""The table of suites: what tells them apart, and that it is the library's own algorithms."""

import pytest

from hotline.cli.settings import SUITE_NAMES
from keys.errors import KeyRefused
from keys.quorum import RootSet
from keys.suite import SUITE_1, SUITE_2, SUITES, suite_of_hybrid, suite_of_sealing, suite_of_wrap
from protocol.limits import (
    AGREEMENT_BYTES_MAX,
    ENTRY_BYTES_MAX,
    ROOTS_MAX,
    SIGNATURE_BYTES_MAX,
    STATEMENT_BYTES_MAX,
)
from protocol.schema import token
from tests.keys.samples import hybrid


def test_no_two_suites_have_anything_of_one_length() -> None:
    """A key, a signature and a wrap say by their length which suite they are of."""
    for lengths in (
        [suite.signature.public_bytes for suite in SUITES.values()],
        [suite.signature.signature_bytes for suite in SUITES.values()],
        [suite.sealing.public_bytes for suite in SUITES.values()],
        [suite.sealing.seed_bytes for suite in SUITES.values()],
        [suite.sealing.wrap_bytes for suite in SUITES.values()],
    ):
        assert len(set(lengths)) == len(SUITES)


def test_each_length_leads_to_its_suite() -> None:
    """And a length that no suite has leads to none."""
    for suite in SUITES.values():
        assert suite_of_hybrid(suite.signature.public_bytes) is suite
        assert suite_of_sealing(suite.sealing.public_bytes) is suite
        assert suite_of_wrap(suite.sealing.wrap_bytes) is suite
    assert suite_of_wrap(1_700) is None
    for find in (suite_of_hybrid, suite_of_sealing):
        with pytest.raises(KeyRefused):
            find(2_000)


def test_names_are_those_of_formats_and_commands() -> None:
    """The name of a suite fits where algorithms stand in an entry, and the commands offer exactly these."""
    assert tuple(SUITES) == SUITE_NAMES
    assert all(token(name) for name in SUITES)


def test_the_limits_of_entries_and_agreements_hold_the_largest_suite() -> None:
    """All roots of a party can sign one entry, and both parties' root keys stand in one agreement."""
    for suite in SUITES.values():
        one = suite.signature.signature_bytes
        assert one <= SIGNATURE_BYTES_MAX
        assert STATEMENT_BYTES_MAX + ROOTS_MAX * (one + 64) + 256 <= ENTRY_BYTES_MAX
        assert 2 * ROOTS_MAX * (suite.signature.public_bytes * 4 // 3 + 128) <= AGREEMENT_BYTES_MAX // 2


def test_a_root_set_is_of_one_suite() -> None:
    """Roots of two suites are no root set, whatever the threshold."""
    mixed = (hybrid("root 1").public, hybrid("root 2", suite=SUITE_2).public)
    for threshold in (1, 2):
        with pytest.raises(KeyRefused) as refused:
            RootSet(threshold, mixed)
        assert refused.value.kind == "other suite"
    assert RootSet(1, mixed[:1]).suite is SUITE_1
    assert RootSet(1, mixed[1:]).suite is SUITE_2
