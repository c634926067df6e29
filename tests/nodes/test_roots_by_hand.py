"""Root sets of the counterpart that are brought by hand: nothing is taken that would have no effect in its log."""

from dataclasses import replace
from pathlib import Path

import pytest

from keys import root_set
from keys.root_set import RootSetVersion
from nodes.root_sets import founding_roots
from nodes.rosters import RosterFileRefused
from nodes.signed import SignedStatement
from protocol.tagged import digest
from tests.builders import START_MS
from tests.nodes.homes import agreement, document, write_home
from tests.nodes.pair import line_of, run, running
from tests.root_sets import roots_of


def second(signers: tuple[int, ...] = (1, 2), *, after: int = 1) -> SignedStatement:
    """ARC's second root set: 4 in the place of 3."""
    first = founding_roots(agreement(), "ARC").chain.texts[-1]
    roots = roots_of("ARC", (1, 2, 4))
    made = RootSetVersion("ARC", agreement().channel, 2, START_MS, digest(first), after, roots)
    return document("ARC", "root-set", root_set.render(made), signers)


def spoilt(signed: SignedStatement) -> SignedStatement:
    """With one signature more, by nobody whose it says; two are enough without it."""
    value = bytes(len(signed.signatures[0].value))
    return replace(signed, signatures=(*signed.signatures[:2], replace(signed.signatures[2], value=value)))


def test_a_set_is_taken_by_hand_as_the_log_would_have_it(tmp_path: Path) -> None:
    """Made for another roster, or with one bad or unknown signature beside enough good ones: the log would refuse it,
    and so does the node. The good one is taken, and again."""
    home = write_home(tmp_path / "BOR", "BOR")
    bad = {
        "made for another roster": (second(after=2), "root-set-refused"),
        "a bad signature more": (spoilt(second((1, 2, 4))), "bad-signature"),
        "an unknown root more": (second((1, 2, 5)), "unknown-signer"),
        "too few": (second((1, 4)), "1 of 2"),
    }

    async def test() -> None:
        async with running(home) as node:
            standing = line_of(node).standing
            for what, (signed, said) in bad.items():
                with pytest.raises(RosterFileRefused, match=said) as refused:
                    await standing.hold_roots(signed)
                assert refused.value.code == "root-set-refused", what
                assert standing.roots["ARC"].newest.version == 1
            good = second()
            for _ in range(2):
                assert (await standing.hold_roots(good)).newest.version == 2

    run(test)
