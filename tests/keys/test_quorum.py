"""Quorums: who signed, what the threshold is, and whether it is met."""

import pytest

from keys.errors import KeyRefused, SignatureRefused
from keys.quorum import ROOTS_MAX, QuorumReport, RootSet
from keys.roles import KeyRole
from tests.keys.samples import CHANNEL, hybrid

MESSAGE = b"what the roots sign"


def root_set(threshold: int, count: int) -> RootSet:
    """Roots 1 to count."""
    return RootSet(threshold, tuple(hybrid(f"root {number}").public for number in range(1, count + 1)))


def check(roots: RootSet, *signers: tuple[int, int]) -> QuorumReport:
    """A report on signatures, each given as the number claimed and the root that made it."""
    made = [
        (number, hybrid(f"root {root}").sign("statement", channel=CHANNEL, author="ARC", message=MESSAGE))
        for number, root in signers
    ]
    return roots.check(made, "statement", channel=CHANNEL, author="ARC", message=MESSAGE)


@pytest.mark.parametrize(
    ("threshold", "count", "signers", "valid", "missing", "met"),
    [
        (1, 1, [(1, 1)], (1,), (), True),
        (2, 3, [(1, 1), (2, 2)], (1, 2), (3,), True),
        (2, 3, [(3, 3), (1, 1)], (3, 1), (2,), True),
        (2, 3, [(1, 1), (2, 2), (3, 3)], (1, 2, 3), (), True),
        (2, 3, [], (), (1, 2, 3), False),
        (2, 3, [(1, 1)], (1,), (2, 3), False),
        (2, 3, [(1, 1), (1, 1)], (1,), (2, 3), False),  # one root twice is one root
        (2, 3, [(1, 1), (2, 1)], (1,), (2, 3), False),  # one root under two numbers
        (2, 3, [(1, 1), (2, 3), (2, 2)], (1,), (2, 3), False),  # the first for a number decides
        (2, 3, [(1, 1), (4, 4)], (1,), (2, 3), False),  # a root of somebody else
        (2, 3, [(1, 1), (0, 3), (-1, 3)], (1,), (2, 3), False),  # numbers below 1 never reach round the end
        (2, 3, [(1, 2), (2, 2), (3, 3)], (2, 3), (1,), True),  # a bad signature spoils nothing else
    ],
)
def test_report_says_who_signed(
    threshold: int,
    count: int,
    signers: list[tuple[int, int]],
    valid: tuple[int, ...],
    missing: tuple[int, ...],
    met: bool,
) -> None:
    """Threshold, roots, signers as claimed and as made, and the outcome."""
    report = check(root_set(threshold, count), *signers)
    assert (report.valid, report.missing, report.met) == (valid, missing, met)
    assert len(report.refused) == len(signers) - len(valid)
    if met:
        report.require()
    else:
        with pytest.raises(SignatureRefused) as refused:
            report.require()
        assert refused.value.kind == "no quorum"


def test_error_tells_who_is_missing_and_why() -> None:
    """People on the telephone need numbers and reasons."""
    with pytest.raises(SignatureRefused) as refused:
        check(root_set(2, 3), (1, 1), (2, 3)).require()
    assert "1 of 2" in str(refused.value)
    assert "missing: 2, 3" in str(refused.value)
    assert "root 2: the Ed25519 half" in str(refused.value)


@pytest.mark.parametrize("threshold", [-1, 0, 4])
def test_threshold_is_within_the_roots(threshold: int) -> None:
    """Nobody, or more than there are, is no threshold."""
    with pytest.raises(KeyRefused, match="no threshold"):
        root_set(threshold, 3)


def test_roots_are_distinct_roots() -> None:
    """A key twice, a key of another job, none or too many are refused."""
    one = hybrid("root 1").public
    with pytest.raises(KeyRefused, match="share"):
        RootSet(1, (one, one))
    with pytest.raises(KeyRefused, match="another job"):
        RootSet(1, (hybrid("node", KeyRole.NODE).public,))
    with pytest.raises(KeyRefused, match="1 to 16"):
        RootSet(1, ())
    with pytest.raises(KeyRefused, match="1 to 16"):
        RootSet(1, (one,) * (ROOTS_MAX + 1))
