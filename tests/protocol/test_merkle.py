"""The tree, its frontier and its proofs, against the definition written out."""

import pickle
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.merkle import (
    Frontier,
    Hash,
    ProofError,
    complete_root,
    complete_subtrees,
    empty_root,
    leaf_hash,
    leaf_reader,
    node_hash,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(130)]
READ = leaf_reader(LEAVES)

sizes = st.integers(0, len(LEAVES))


@cache
def root_of(start: int, end: int) -> Hash:
    """The tree hash as RFC 6962, section 2.1, defines it, over some of the leaves."""
    if start == end:
        return empty_root()
    if end - start == 1:
        return LEAVES[start]
    split = 1
    while split * 2 < end - start:
        split *= 2
    return node_hash(root_of(start, start + split), root_of(start + split, end))


@given(sizes, sizes)
def test_extend_is_many_appends(first: int, second: int) -> None:
    """A frontier grown in batches is the one grown leaf by leaf, and both have the defined root."""
    first, second = sorted((first, second))
    slow = Frontier.empty()
    for leaf in LEAVES[:second]:
        slow = slow.append(leaf)
    fast = Frontier.empty().extend(LEAVES[:first]).extend(LEAVES[first:second])
    assert fast == slow
    assert fast.root() == root_of(0, second)


@given(sizes)
def test_a_frontier_survives_storage(size: int) -> None:
    """It comes back from its bytes, and from stored subtree hashes."""
    frontier = Frontier.empty().extend(LEAVES[:size])
    assert Frontier.parse(size, frontier.encode()) == frontier
    assert Frontier.read(size, READ) == frontier


@pytest.mark.parametrize(("size", "length"), [(0, 32), (1, 0), (3, 32), (3, 65), (4, 64)])
def test_a_frontier_of_another_size_is_refused(size: int, length: int) -> None:
    """The number of hashes is given by the size."""
    with pytest.raises(ValueError):
        Frontier.parse(size, bytes(length))


@given(sizes, sizes)
def test_complete_subtrees_cover_a_range(start: int, end: int) -> None:
    """They lie side by side, aligned, from the start to the end."""
    at = start
    for level, index in complete_subtrees(start, end):
        assert index << level == at
        at += 1 << level
    assert at == max(start, end)


def test_only_powers_of_two_are_complete() -> None:
    """Three hashes have no root of their own, and neither have none."""
    for count in (0, 3, 5):
        with pytest.raises(ValueError):
            complete_root(LEAVES[:count])


@given(st.data())
def test_inclusion_holds_for_every_leaf(data: st.DataObject) -> None:
    """Every proof that is made verifies, and its length is bounded by the height."""
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    path = prove_inclusion(index, size, READ)
    assert len(path) <= (size - 1).bit_length()
    verify_inclusion(leaf_index=index, tree_size=size, leaf_hash=LEAVES[index], path=path, root=root_of(0, size))


@given(sizes, sizes)
def test_consistency_holds_between_all_sizes(old: int, new: int) -> None:
    """Every proof between two sizes of one log verifies."""
    old, new = sorted((old, new))
    path = prove_consistency(old, new, READ)
    verify_consistency(old_size=old, old_root=root_of(0, old), new_size=new, new_root=root_of(0, new), path=path)


@given(st.data())
def test_no_other_claim_fits_an_inclusion_proof(data: st.DataObject) -> None:
    """Changing the leaf, the path or the root of a proof makes it fail; so does any other index of that height."""
    size = data.draw(st.integers(2, 40))
    index = data.draw(st.integers(0, size - 1))
    path = prove_inclusion(index, size, READ)
    claim = {"leaf_index": index, "leaf_hash": LEAVES[index], "path": path, "root": root_of(0, size)}
    place = data.draw(st.integers(0, len(path) - 1))
    broken = [*path[:place], LEAVES[-1], *path[place + 1 :]]
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    for change in (
        {"leaf_hash": LEAVES[-1]},
        {"root": LEAVES[-1]},
        {"path": broken},
        {"path": path[:-1]},
        {"path": [*path, LEAVES[-1]]},
        {"leaf_index": other},
        {"leaf_index": size},
        {"leaf_index": -1},
    ):
        with pytest.raises(ProofError):
            verify_inclusion(tree_size=size, **{**claim, **change})  # type: ignore[arg-type]


@given(st.data())
def test_no_other_claim_fits_a_consistency_proof(data: st.DataObject) -> None:
    """Changing a root or the path of a proof between different sizes makes it fail."""
    new = data.draw(st.integers(2, 60))
    old = data.draw(st.integers(1, new - 1))
    path = prove_consistency(old, new, READ)
    claim = {"old_root": root_of(0, old), "new_root": root_of(0, new), "path": path}
    place = data.draw(st.integers(0, len(path) - 1))
    for change in (
        {"old_root": LEAVES[-1]},
        {"new_root": LEAVES[-1]},
        {"path": [*path[:place], LEAVES[-1], *path[place + 1 :]]},
        {"path": path[:-1]},
        {"path": [*path, LEAVES[-1]]},
    ):
        with pytest.raises(ProofError):
            verify_consistency(old_size=old, new_size=new, **{**claim, **change})  # type: ignore[arg-type]


def test_proofs_that_cannot_be_made_are_refused() -> None:
    """A leaf beyond the tree and a size beyond the tree have no proof."""
    with pytest.raises(ProofError):
        prove_inclusion(5, 5, READ)
    with pytest.raises(ProofError):
        prove_consistency(6, 5, READ)


def test_hostile_paths_cost_nothing() -> None:
    """A path longer than any tree is refused before it is hashed."""
    with pytest.raises(ProofError, match="longer than any tree"):
        verify_inclusion(leaf_index=0, tree_size=2, leaf_hash=LEAVES[0], path=[LEAVES[0]] * 64, root=LEAVES[0])


def test_errors_carry_their_code_through_pickling() -> None:
    """A worker process can hand an error back."""
    error = pickle.loads(pickle.dumps(ProofError("text", "where")))
    assert (error.code, error.text, error.where) == ("merkle-proof-wrong", "text", "where")
