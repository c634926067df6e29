"""Entries of the other side on their way into the mirror: checked against a checkpoint, waiting for their bodies.

Source: spec/channel.md, "Mirroring", steps 1 to 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from protocol.checkpoint import Checkpoint
from protocol.effects import StoreMirror
from protocol.errors import Malformed
from protocol.glance import Glance, glance
from protocol.merkle import Frontier, Hash, ProofError, leaf_hash, verify_consistency

GONE_BODY: Final = b""
"""Stands in a frame for a body that whoever sends it holds no more."""


class NotOfThisLog(Malformed):
    """Entries that do not give the root their checkpoint is signed for."""


@dataclass(slots=True)
class Incoming:
    """One append frame, from its checkpoint to the last body.

    Attributes:
        note: the signed checkpoint as it came.
        checkpoint: what it says, verified.
        start: index of the first entry that is new here.
        entries: those that are new.
        frontier: the mirror's with them.
        missing: indexes whose body has not come, in order.
        gone: those whose body whoever gave the entries holds no more.
    """

    note: bytes
    checkpoint: Checkpoint
    start: int
    entries: tuple[bytes, ...]
    leaves: tuple[Hash, ...]
    glances: tuple[Glance, ...]
    frontier: Frontier
    missing: list[int]
    bodies: dict[int, bytes] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    @classmethod
    def check(
        cls, *, note: bytes, checkpoint: Checkpoint, mirror: Frontier, entries: Sequence[bytes], proof: Sequence[Hash]
    ) -> "Incoming":
        """Check that entries extend the mirror to a prefix of what the checkpoint is signed for.

        Args:
            note: the checkpoint's signed bytes.
            checkpoint: what they say.
            mirror: the mirror's frontier; the entries begin where it ends.
            entries: at most what the checkpoint covers.
            proof: that the tree with these entries is a prefix of the checkpoint's; empty where it is all of it.

        Raises:
            NotOfThisLog: it is not.
        """
        leaves = tuple(map(leaf_hash, entries))
        frontier = mirror.extend(leaves)
        try:
            if frontier.size == checkpoint.size:
                if proof or frontier.root() != checkpoint.root:
                    raise NotOfThisLog("root-differs", "append", "the entries do not give the root that was signed")
            else:
                verify_consistency(
                    old_size=frontier.size,
                    old_root=frontier.root(),
                    new_size=checkpoint.size,
                    new_root=checkpoint.root,
                    path=proof,
                )
        except ProofError as error:
            raise NotOfThisLog("root-differs", "append", "the entries are no prefix of what was signed") from error
        glances = tuple(map(glance, entries))
        missing = [mirror.size + place for place, seen in enumerate(glances) if seen.body_digest is not None]
        return cls(note, checkpoint, mirror.size, tuple(entries), leaves, glances, frontier, missing)

    def take_body(self, index: int, body: bytes, *, may_be_gone: bool = False) -> None:
        """Take the next body.

        Args:
            index: of the entry that names it.
            body: its bytes, or `GONE_BODY`.
            may_be_gone: whether it is enough to hear of a sealed body that whoever gives the entries holds it no more.

        Raises:
            Malformed: `body-unexpected` or `body-differs`.
        """
        if not self.missing or index != self.missing[0]:
            raise Malformed("body-unexpected", "body", "not the body that is waited for")
        seen = self.glances[index - self.start]
        if seen.fits(body):
            self.bodies[index] = body
        elif may_be_gone and body == GONE_BODY and seen.sealed:
            self.gone.add(index)
        else:
            raise Malformed("body-differs", "body", "not the body that the entry names")
        del self.missing[0]

    def store(self, last_ms: int) -> StoreMirror:
        """What is to be written once all bodies are there."""
        return StoreMirror(
            start=self.start,
            entries=self.entries,
            leaves=self.leaves,
            glances=self.glances,
            bodies=tuple(self.bodies.get(index) for index in range(self.start, self.frontier.size)),
            frontier=self.frontier,
            note=self.note,
            last_ms=last_ms,
        )

    def check_stored(
        self,
        mirror: Frontier,
        entries: Sequence[bytes],
        bodies: Sequence[bytes | None],
        *,
        gone: Callable[[int], bool],
    ) -> bool:
        """Whether what reads back from disk is what was checked: the entries' root, and every named body that came
        and of which no log says that it is gone."""
        if mirror.extend([leaf_hash(entry) for entry in entries]) != self.frontier or len(bodies) != len(entries):
            return False
        return all(
            seen.met_by(body) or (body is None and (index in self.gone or gone(index)))
            for index, (seen, body) in enumerate(zip(self.glances, bodies, strict=True), self.start)
        )
