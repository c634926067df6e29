"""A fork: two signed checkpoints of one log that cannot be of one log, with what shows it.

Signatures alone show a fork only between checkpoints of one size. Where the sizes differ, the evidence carries Merkle
proofs of the longer log: either its root at the size of the shorter one, which is another root; or, where neither
checkpoint is short enough for that, the leaves that the two logs have at one place, which are two. A third party needs
the keys and nothing else; no entry is shown.

Nobody is accused without a proof that holds: whoever makes one checks it first, so that damage on the own disk can
never look like another's fork.

Source: spec/disputes.md, "Fork".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from keys.note_key import NoteVerifier
from protocol import canonical
from protocol.checkpoint import Checkpoint
from protocol.cosignature import verify_note
from protocol.log_error import LogRefused
from protocol.merkle import Hash, ProofError, verify_consistency, verify_inclusion
from protocol.spelling import NUMBER_MAX

STEPS_MAX: Final = 4
"""Consistency proofs in a row; a node makes two at most: up to what it has, and from there to what was signed."""

PATH_MAX: Final = 63
DIFFERENCE_BYTES_MAX: Final = 32_768
"""Bytes of a difference: two inclusion proofs and eight consistency proofs of 63 hashes each, and some numbers."""


class ForkRefused(LogRefused):
    """Evidence of a fork that is malformed, or shows none."""

    CODE = "evidence-shows-nothing"
    kind = "bad proof"


@dataclass(frozen=True, slots=True)
class Step:
    """A tree that the next step's tree, or the checkpoint's, begins with.

    Attributes:
        size: number of leaves.
        root: its root.
        path: the consistency proof to the next.
    """

    size: int
    root: Hash
    path: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one log has at a place.

    Attributes:
        leaf: leaf hash.
        path: its inclusion proof in the first step's tree, or the checkpoint's where there is no step.
        steps: from that tree up to the checkpoint.
    """

    leaf: Hash
    path: tuple[Hash, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class RootsDiffer:
    """The log of the second checkpoint has another root at the first one's size.

    Attributes:
        steps: from that size up to the second checkpoint; none where both have one size.
    """

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class LeavesDiffer:
    """The two logs have different leaves at one place.

    Attributes:
        index: the place.
        first, second: what each has there.
    """

    index: int
    first: Leaf
    second: Leaf


@dataclass(frozen=True, slots=True)
class Fork:
    """Evidence of a fork.

    Attributes:
        first, second: the signed checkpoints, as they came.
        difference: why they cannot be of one log.
    """

    first: bytes
    second: bytes
    difference: RootsDiffer | LeavesDiffer

    def check(self, keys: Sequence[NoteVerifier]) -> tuple[Checkpoint, Checkpoint]:
        """Check that these keys signed two logs.

        Args:
            keys: all of them must have signed both checkpoints; further lines are passed over.

        Returns:
            The two checkpoints.

        Raises:
            ForkRefused: the proofs do not show two logs.
            LogRefused: a checkpoint does not verify.
        """
        first = verify_note(self.first, keys, exactly=False).checkpoint
        second = verify_note(self.second, keys, exactly=False).checkpoint
        if first.origin != second.origin:
            raise ForkRefused("the two checkpoints are of two logs that never were one")
        try:
            if isinstance(self.difference, RootsDiffer):
                shown = _climb(self.difference.steps, second)
                if shown[0] != first.size:
                    raise ForkRefused("the proof is of another size than the first checkpoint")
                same = shown[1] == first.root
            else:
                one, two = self.difference.first, self.difference.second
                _check_leaf(one, self.difference.index, first)
                _check_leaf(two, self.difference.index, second)
                same = one.leaf == two.leaf
        except ProofError as error:
            raise ForkRefused("a proof does not lead to its checkpoint") from error
        if same:
            raise ForkRefused("both checkpoints can be of one log")
        return first, second

    def holds(self, keys: Sequence[NoteVerifier]) -> bool:
        """Whether `check` passes."""
        try:
            self.check(keys)
        except LogRefused:
            return False
        return True

    def objects(self) -> dict[str, bytes]:
        """The parts by name, as evidence is kept."""
        return {"difference": _encode(self.difference), "first": self.first, "second": self.second}

    @classmethod
    def parse(cls, objects: Mapping[str, bytes]) -> "Fork":
        """Take the parts; nothing is verified.

        Raises:
            ForkRefused, Malformed: they are not those of a fork.
        """
        if objects.keys() != {"difference", "first", "second"}:
            raise ForkRefused("a fork is two checkpoints and their difference")
        return cls(objects["first"], objects["second"], _decode(objects["difference"]))


def _climb(steps: Sequence[Step], top: Checkpoint) -> tuple[int, Hash]:
    """Check steps up to a checkpoint; gives size and root of the lowest."""
    size, root = top.size, top.root
    for step in reversed(steps):
        if not 0 < step.size < size:
            raise ProofError("steps that do not rise")
        verify_consistency(old_size=step.size, old_root=step.root, new_size=size, new_root=root, path=step.path)
        size, root = step.size, step.root
    return size, root


def _check_leaf(leaf: Leaf, index: int, top: Checkpoint) -> None:
    size, root = _climb(leaf.steps, top)
    verify_inclusion(leaf_index=index, tree_size=size, leaf_hash=leaf.leaf, path=leaf.path, root=root)


def _encode(difference: RootsDiffer | LeavesDiffer) -> bytes:
    if isinstance(difference, RootsDiffer):
        return canonical.encode(["roots", _steps_value(difference.steps)])
    sides = [[one.leaf, list(one.path), _steps_value(one.steps)] for one in (difference.first, difference.second)]
    return canonical.encode(["leaves", difference.index, *sides])


def _steps_value(steps: Sequence[Step]) -> list[Any]:
    return [[step.size, step.root, list(step.path)] for step in steps]


def _decode(data: bytes) -> RootsDiffer | LeavesDiffer:
    value = canonical.decode(data, bytes_max=DIFFERENCE_BYTES_MAX)
    match value:
        case ["roots", list(steps)]:
            return RootsDiffer(_steps(steps))
        case ["leaves", int(index), list(first), list(second)] if type(index) is int and 0 <= index <= NUMBER_MAX:
            return LeavesDiffer(index, _leaf(first), _leaf(second))
        case _:
            raise ForkRefused("a difference is of roots or of leaves")


def _leaf(value: list[Any]) -> Leaf:
    match value:
        case [bytes(leaf), list(path), list(steps)] if len(leaf) == 32:
            return Leaf(leaf, _path(path), _steps(steps))
        case _:
            raise ForkRefused("a leaf is a hash, a path and steps")


def _steps(value: list[Any]) -> tuple[Step, ...]:
    if len(value) > STEPS_MAX:
        raise ForkRefused(f"more than {STEPS_MAX} steps")
    found = []
    for item in value:
        match item:
            case [int(size), bytes(root), list(path)] if type(size) is int and len(root) == 32:
                found.append(Step(size, root, _path(path)))
            case _:
                raise ForkRefused("a step is a size, a root and a path")
    return tuple(found)


def _path(value: list[Any]) -> tuple[Hash, ...]:
    if len(value) > PATH_MAX or any(type(one) is not bytes or len(one) != 32 for one in value):
        raise ForkRefused("a path is at most 63 hashes")
    return tuple(value)
