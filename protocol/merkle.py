"""The Merkle tree of a log: hashes, the frontier that grows it, and proofs.

The tree is that of RFC 6962: SHA-256 with one byte in front that tells leaves from nodes, and a split at the largest
power of two below the size. Nothing here stores a tree. A `Frontier` is all that is needed to append (the roots of the
complete subtrees, at most 63), and a `HashReader` is how the proof makers ask for what somebody else has stored.

Source: RFC 9162, section 2.1; spec/log.md, "Tree", "Inclusion" and "Consistency".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from protocol.log_error import LogRefused
from protocol.spelling import NUMBER_MAX

Hash = bytes
"""32 bytes of SHA-256."""

HashReader = Callable[[int, int], Hash]
"""`read(level, index)` gives the root of the complete subtree of `2**level` leaves starting at `index * 2**level`."""

HASH_BYTES = 32
PATH_LENGTH_MAX = 63
"""Hashes in a proof: a tree of fewer than 2**63 leaves is at most 63 levels high."""

_EMPTY_ROOT = sha256(b"").digest()


class ProofError(LogRefused):
    """A Merkle proof that does not show what it claims, or arguments that no proof can fit."""

    CODE = "merkle-proof-wrong"
    kind = "bad proof"


def leaf_hash(entry: bytes) -> Hash:
    """Hash an entry's bytes as they are logged: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash two neighbours into their parent: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def empty_root() -> Hash:
    """Root of the tree without leaves: SHA-256 of nothing."""
    return _EMPTY_ROOT


def complete_root(hashes: Sequence[Hash]) -> Hash:
    """Root over neighbouring hashes whose number is a power of two (1 included).

    Raises:
        ValueError: another number of hashes.
    """
    if not hashes or len(hashes) & (len(hashes) - 1):
        raise ValueError(f"{len(hashes)} hashes are no complete subtree")
    row = list(hashes)
    # A row at a time in one comprehension: the audit of a long log spends its Merkle time here.
    while len(row) > 1:
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _join(peaks: Sequence[Hash]) -> Hash:
    """Root over complete subtrees that lie side by side, the largest first."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: what an append needs, and no more.

    Attributes:
        size: number of leaves, from 0.
        peaks: roots of the complete subtrees that make up the tree, the largest (leftmost) first: one for each bit that
            is set in `size`.

    Raises:
        ValueError: the number of peaks does not fit the size.
    """

    size: int
    peaks: tuple[Hash, ...]
    _root: list[Hash] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.size <= NUMBER_MAX or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"{len(self.peaks)} peaks do not make a tree of {self.size} leaves")

    @classmethod
    def empty(cls) -> "Frontier":
        """The frontier of the tree without leaves."""
        return cls(0, ())

    @classmethod
    def read(cls, size: int, read: HashReader) -> "Frontier":
        """Load a frontier from stored subtree hashes, in O(log size) reads."""
        return cls(size, tuple(read(level, index) for level, index in complete_subtrees(0, size)))

    @classmethod
    def parse(cls, size: int, data: bytes) -> "Frontier":
        """Read what `encode` wrote for a tree of `size` leaves.

        Raises:
            ValueError: the length does not fit the size.
        """
        if len(data) % HASH_BYTES:
            raise ValueError(f"{len(data)} bytes are no whole number of hashes")
        return cls(size, tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))

    def encode(self) -> bytes:
        """The peaks in a row, 32 bytes each; the size is kept beside it."""
        return b"".join(self.peaks)

    def root(self) -> Hash:
        """Root hash of the tree at this size."""
        # Asked for again and again while an append is committed, and the peaks never change.
        if not self._root:
            self._root.append(_join(self.peaks) if self.peaks else _EMPTY_ROOT)
        return self._root[0]

    def append(self, leaf: Hash) -> "Frontier":
        """The frontier with one more leaf hash on its right."""
        peaks = list(self.peaks)
        carry = self.size
        while carry & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            carry >>= 1
        peaks.append(leaf)
        return Frontier(self.size + 1, tuple(peaks))

    def extend(self, leaves: Sequence[Hash]) -> "Frontier":
        """The frontier with more leaf hashes on its right, in their order; cheaper than one append for each."""
        peaks = list(self.peaks)
        size = self.size
        start = 0
        while start < len(leaves):
            # The widest block that is complete in the new tree and starts where the old one ends.
            width = 1 << ((len(leaves) - start).bit_length() - 1)
            if size:
                width = min(width, size & -size)
            block = complete_root(leaves[start : start + width])
            carry = size // width
            while carry & 1:
                block = node_hash(peaks.pop(), block)
                carry >>= 1
            peaks.append(block)
            size += width
            start += width
        return Frontier(size, tuple(peaks))


def complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut the leaves from `start` up to `end` into complete subtrees, from the left, as a HashReader takes them."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def leaf_reader(leaves: Sequence[Hash]) -> HashReader:
    """A HashReader over leaf hashes held in memory; it hashes a whole subtree for each call."""

    def read(level: int, index: int) -> Hash:
        return complete_root(leaves[index << level : (index + 1) << level])

    return read


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << ((width - 1).bit_length() - 1)


def _hash_ranges(ranges: Sequence[tuple[int, int]], read: HashReader) -> list[Hash]:
    """The root over each range of leaves of one tree."""
    return [_join([read(level, index) for level, index in complete_subtrees(start, end)]) for start, end in ranges]


def prove_inclusion(index: int, size: int, read: HashReader) -> list[Hash]:
    """Make the inclusion proof of one leaf: sibling hashes from the leaf upwards.

    Args:
        index: position of the leaf, counted from 0 and less than `size`.
        size: number of leaves of the tree that the proof is for.
        read: gives stored subtree hashes; asked for O(log size) of them.

    Raises:
        ProofError: no such leaf in a tree of that size.

    Source: RFC 9162, section 2.1.3.1.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size} leaves")
    start, end = 0, size
    siblings = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return _hash_ranges(siblings[::-1], read)


def prove_consistency(old: int, new: int, read: HashReader) -> list[Hash]:
    """Make the proof that the tree of `new` leaves begins with the tree of `old` leaves.

    Args:
        old: the smaller size; 0 and `new` have an empty proof.
        new: the larger size, at least `old`.
        read: gives stored subtree hashes; asked for O(log new) of them.

    Raises:
        ProofError: the sizes are the wrong way round.

    Source: RFC 9162, section 2.1.4.1.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in (0, new):
        return []
    start, end = 0, new
    ranges = []
    # The verifier holds the old root, so a complete old tree on the left edge need not be sent.
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    return _hash_ranges(ranges[::-1], read)


def _check_path(path: Sequence[Hash]) -> None:
    if len(path) > PATH_LENGTH_MAX:
        raise ProofError(f"a proof of {len(path)} hashes is longer than any tree is high")
    if any(len(item) != HASH_BYTES for item in path):
        raise ProofError("a proof holds something that is not 32 bytes long")


def verify_inclusion(*, leaf_index: int, tree_size: int, leaf_hash: Hash, path: Sequence[Hash], root: Hash) -> None:
    """Check that a leaf is in the tree.

    Args:
        leaf_index: position of the leaf, counted from 0 and less than tree_size.
        tree_size: number of leaves, at least 1.
        leaf_hash: 32 bytes, SHA-256(0x00 || entry).
        path: sibling hashes from the leaf upwards, 32 bytes each, at most 63.
        root: 32 bytes, as in the checkpoint.

    Raises:
        ProofError: index out of range, path of the wrong length, or path to another root.

    Source: RFC 9162, section 2.1.3.2; spec/log.md, "Inclusion".
    """
    if not 0 <= leaf_index < tree_size <= NUMBER_MAX:
        raise ProofError(f"leaf {leaf_index} is not in a tree of {tree_size} leaves")
    _check_path(path)
    node, position, last = leaf_hash, leaf_index, tree_size - 1
    for sibling in path:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            # On the right edge a node without a right neighbour moves up unhashed until it becomes one.
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise ProofError("the inclusion proof is too short")
    if node != root:
        raise ProofError("the inclusion proof leads to another root")


def verify_consistency(*, old_size: int, old_root: Hash, new_size: int, new_root: Hash, path: Sequence[Hash]) -> None:
    """Check that the larger tree begins with the smaller one.

    Args:
        old_size: number of leaves of the smaller tree; with 0 the path is empty and the root that of the empty tree.
        old_root: 32 bytes.
        new_size: number of leaves of the larger tree, at least old_size.
        new_root: 32 bytes.
        path: proof hashes in the order of RFC 9162, 32 bytes each, at most 63.

    Raises:
        ProofError: sizes out of order, path of the wrong length, or a path that leads to another root on either side.

    Source: RFC 9162, section 2.1.4.2; spec/log.md, "Consistency".
    """
    if not 0 <= old_size <= new_size <= NUMBER_MAX:
        raise ProofError(f"a tree of {new_size} leaves does not begin with one of {old_size}")
    _check_path(path)
    if (old_size == 0 and old_root != _EMPTY_ROOT) or (new_size == 0 and new_root != _EMPTY_ROOT):
        raise ProofError("a tree without leaves has another root")
    if old_size in (0, new_size):
        if path:
            raise ProofError("a consistency proof from nothing, or between equal sizes, is empty")
        if old_size == new_size and old_root != new_root:
            raise ProofError("two roots for one size")
        return
    # A complete old tree is itself the first node of the walk, and the proof leaves it out.
    complete = old_size & (old_size - 1) == 0
    nodes = [old_root, *path] if complete else list(path)
    if not nodes or (complete and len(nodes) < 2):
        raise ProofError("the consistency proof is too short")
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_node = new_node = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if position & 1 or position == last:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_node = node_hash(new_node, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise ProofError("the consistency proof is too short")
    if old_node != old_root:
        raise ProofError("the consistency proof leads to another old root")
    if new_node != new_root:
        raise ProofError("the consistency proof leads to another new root")
