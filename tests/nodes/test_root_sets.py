"""The root sets on a node's disk: checked at every start, and what rosters are checked by."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from keys import root_set
from keys import roster as rosters
from keys.root_set import RootSetVersion
from nodes.home import ChannelHome
from nodes.root_sets import chain_from, follow, founding_roots, keep, load, load_expected, put_aside, roots_text
from nodes.rosters import RosterFileRefused, check_roster
from nodes.rosters import keep as keep_roster
from nodes.rosters import load as load_rosters
from nodes.signed import SignedStatement
from nodes.sqlite_store import SqliteStore
from nodes.store import Row
from nodes.succession import rosters_in
from tests.builders import START_MS
from tests.nodes.homes import agreement, document, roster, write_home
from tests.root_sets import RootWorld, roots_of


@pytest.fixture
def home(tmp_path: Path) -> ChannelHome:
    """ARC's channel with the first rosters of both."""
    return write_home(tmp_path / "ARC", "ARC").channel("BOR")


def after(texts: tuple[bytes, ...], numbers: tuple[int, ...]) -> bytes:
    """The text of BOR's next version."""
    made = RootSetVersion(
        party="BOR",
        channel=agreement().channel,
        version=len(texts) + 1,
        valid_until_ms=START_MS,
        previous=sha256(texts[-1]).digest(),
        roster=1,
        roots=roots_of("BOR", numbers),
    )
    return root_set.render(made)


def second(signers: tuple[int, ...] = (1, 2)) -> SignedStatement:
    """BOR's root 3 is replaced by 4."""
    return document("BOR", "root-set", after(founding_roots(agreement(), "BOR").chain.texts, (1, 2, 4)), signers)


def test_a_set_that_follows_is_loaded_again(home: ChannelHome) -> None:
    """Kept by `keep`, it is in force at the next start, and signs the rosters after the one that it names."""
    held = follow(load(home, agreement(), "BOR"), agreement(), second())
    keep(home, held)
    again = load(home, agreement(), "BOR")
    assert again == held
    assert roots_text(again).startswith("2 of 3 sign: 1 ")
    assert load(home, agreement(), "ARC").newest.version == 1
    before = rosters.render(roster("BOR"))
    made = rosters.render(replace(roster("BOR"), version=2, previous=sha256(before).digest()))
    with pytest.raises(RosterFileRefused):
        check_roster(agreement(), "BOR", document("BOR", "roster", made, (1, 3)), chain=again.chain)
    keep_roster(home, check_roster(agreement(), "BOR", document("BOR", "roster", made, (1, 4)), chain=again.chain))
    assert [one.roster.version for one in load_rosters(home, agreement(), "BOR")] == [1, 2]


@pytest.mark.parametrize("signers", [(1,), (1, 4), (4,), (3, 4)])
def test_a_file_that_lacks_a_quorum_is_passed_over(home: ChannelHome, signers: tuple[int, ...]) -> None:
    """A file is evidence, not a setting: it stays, and counts for nothing."""
    path = home.rosters / "BOR-roots-2.statement"
    path.write_bytes(second(signers).encode())
    assert load(home, agreement(), "BOR").newest.version == 1
    with pytest.raises(RosterFileRefused):
        chain_from(agreement(), "BOR", [second(signers)])
    assert path.exists()


def test_a_damaged_file_ends_the_chain_there(home: ChannelHome) -> None:
    """What follows a version that is gone does not follow, however well it is signed."""
    one = follow(founding_roots(agreement(), "BOR"), agreement(), second())
    two = follow(one, agreement(), document("BOR", "root-set", after(one.chain.texts, (1, 2, 5)), (1, 2)))
    for held in (one, two):
        keep(home, held)
    assert load(home, agreement(), "BOR").newest.version == 3
    (home.rosters / "BOR-roots-2.statement").write_bytes(second((1,)).encode())
    assert load(home, agreement(), "BOR").newest.version == 1


def test_what_waits_is_what_comes_next_is_signed_by(home: ChannelHome) -> None:
    """A set in the outbox is not in force, and a roster that is signed now comes after it."""
    (home.outbox / "root-set-002.statement").write_bytes(second().encode())
    (home.outbox / "root-set-003.statement").write_bytes(second((1,)).encode())
    assert load(home, agreement(), "BOR").newest.version == 1
    assert load_expected(home, agreement(), "BOR").newest.version == 2


def test_a_set_that_does_not_count_any_more_is_put_aside(home: ChannelHome) -> None:
    """After a succession only what counts is loaded; the statement is kept under another name."""
    held = follow(founding_roots(agreement(), "BOR"), agreement(), second())
    keep(home, held)
    put_aside(home, held)
    assert load(home, agreement(), "BOR") == held
    put_aside(home, founding_roots(agreement(), "BOR"))
    assert load(home, agreement(), "BOR").newest.version == 1
    assert (home.rosters / "not-counted-BOR-roots-2.statement").exists()


def test_what_a_log_brought_counts_for_its_successor(tmp_path: Path) -> None:
    """Root sets and rosters of the part that counts are found by their places; a set behind it is not."""
    world = RootWorld()
    world.change("ARC")
    world.next_roster("ARC", (1, 4))
    counts = len(world.logs["ARC"].entries)
    world.state_roots("ARC", world.next_roots("ARC", (1, 2, 6), roster=1), (1, 2))
    world.change("ARC", (1, 4, 5), signers=(1, 4))
    log = world.logs["ARC"]
    rows = [
        Row(entry, leaf, body, None, False)
        for entry, leaf, body in zip(log.entries, log.leaves, log.bodies, strict=True)
    ]
    store = SqliteStore.open(tmp_path / "log.db", own="ARC", their="BOR")
    try:
        store.append_own(0, rows, log.frontiers[-1], log.last_ms)
        first = founding_roots(world.agreement, "ARC")
        held, roots = rosters_in(store, "ARC", counts, world.agreement, first)
        assert ([one.roster.version for one in held], roots.newest.version) == ([1, 2], 2)
        held, roots = rosters_in(store, "ARC", len(rows), world.agreement, first)
        assert (len(held), roots.chain.texts) == (2, world.chains["ARC"].texts)
    finally:
        store.close()
