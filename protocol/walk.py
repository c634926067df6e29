"""Walking two logs at once: reading ahead, verifying many signatures together, concluding each entry when it can be.

The walk is given two functions from outside: one that reads entries, one that verifies a list of signatures somewhere
else (on other threads, say) and gives a function that waits for the results. So it needs no thread of its own, and
with a verifier that works at once it is a plain loop.

When neither voice can go on, somebody claims to hold what was not yet there. Entry i of log H shows, by a
good hash, that H's node held entry j of log O; if j claims more of H than i, the claim of j is false, for its author
would have had to hold what was written in answer to it. The walk then lets j be concluded with that fault.

Source: spec/docket.md, "The order of judging".
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from protocol.judge import Judge
from protocol.reading import Prepared
from protocol.verdict import SignatureCheck, Verdict

Waiter = Callable[[], Sequence[bool]]
"""Waits for a list of checks and gives the result of each."""

Verifier = Callable[[Sequence[SignatureCheck]], Waiter]
"""Starts to verify signatures and returns at once, or verifies them and returns."""

EntryReader = Callable[[int, int, int], Sequence[bytes]]
"""`read(voice, start, count)`: at least one and at most `count` entries from `start`, which is below the log's size."""

BATCH_ENTRIES: Final = 64
"""Entries read at once. Verifying their signatures takes about 15 ms, long against the cost of handing them over."""

BATCHES_AHEAD: Final = 4
"""Batches of one voice under way: enough to keep several threads busy, few enough to bound memory at some megabytes."""


def verify_here(checks: Sequence[SignatureCheck]) -> Waiter:
    """The simplest verifier: verifies at once, on the caller's thread."""
    results = [check.holds() for check in checks]
    return lambda: results


class _Queue:
    """What is read of one voice and not yet concluded."""

    def __init__(self) -> None:
        self.batches: deque[tuple[list[Prepared], Waiter]] = deque()
        self.ready: deque[tuple[Prepared, Sequence[bool]]] = deque()

    def settle(self) -> None:
        """Wait for the oldest batch and put its results beside its entries."""
        entries, wait = self.batches.popleft()
        results = wait()
        start = 0
        for prepared in entries:
            end = start + len(prepared.checks)
            self.ready.append((prepared, results[start:end]))
            start = end


class Walk:
    """Judges what is there of two logs, as far as it can.

    Args:
        judge: judges the entries; its archive knows how many there are.
        read: gives entries.
        verify: verifies signatures.
        batch: entries read at once, at most.
    """

    def __init__(self, *, judge: Judge, read: EntryReader, verify: Verifier, batch: int = BATCH_ENTRIES) -> None:
        self._batch = batch
        self._judge = judge
        self._read = read
        self._verify = verify
        self._queues = (_Queue(), _Queue())

    def advance(self, *, whole: int | None = None, final: bool = False) -> Iterator[Verdict]:
        """Conclude entries until the logs are used up or both wait for more.

        Args:
            whole: a voice whose log is known to be all there is, such as a node's own: a claim of the other voice
                about more of it is false and does not wait.
            final: the logs will not grow; nothing waits, and what they do not reach becomes a note.

        Yields:
            Verdicts, those of one voice in the order of its log. They are in the archive by then. What was read ahead
            is kept, so the caller may stop at any point and call again.
        """
        turn = 0
        while True:
            step = self._step(turn, whole=whole, final=final)
            if step is None:
                return
            turn = step.voice
            yield step

    def _step(self, turn: int, *, whole: int | None, final: bool) -> Verdict | None:
        """Conclude one entry, of the voice `turn` if it can be, or say that nothing can be concluded."""
        judge = self._judge
        heads: list[tuple[Prepared, Sequence[bool]] | None] = [None, None]
        for voice in (turn, 1 - turn):
            head = heads[voice] = self._head(voice)
            if head is not None and judge.ready(head[0]):
                self._queues[voice].ready.popleft()
                return judge.conclude(head[0], head[1])
        # Neither voice can go on as it claims. Now it matters which claims are good.
        for voice in (0, 1):
            head, other = heads[voice], heads[1 - voice]
            if head is None:
                continue
            if judge.reaches(head[0]):
                false = judge.shows(head[0]) == 0
            else:
                answered = other is not None and judge.shows(other[0]) > head[0].index
                false = answered or whole == 1 - voice
            if false:
                self._queues[voice].ready.popleft()
                return judge.conclude(head[0], head[1])
        if final:
            for voice in (0, 1):
                head = heads[voice]
                if head is not None:
                    self._queues[voice].ready.popleft()
                    return judge.conclude(head[0], head[1], final=True)
        return None

    def _head(self, voice: int) -> tuple[Prepared, Sequence[bool]] | None:
        """The next entry of a voice with its results, or None where the log ends. Reads ahead first."""
        queue = self._queues[voice]
        if not queue.ready:
            self._read_ahead(voice)
            if not queue.batches:
                return None
            queue.settle()
            self._read_ahead(voice)
        return queue.ready[0]

    def _read_ahead(self, voice: int) -> None:
        judge, queue = self._judge, self._queues[voice]
        size = judge.archive.size(voice)
        while len(queue.batches) < BATCHES_AHEAD and judge.prepared(voice) < size:
            start = judge.prepared(voice)
            entries = [judge.prepare(voice, data) for data in self._read(voice, start, min(self._batch, size - start))]
            checks = [check for prepared in entries for check in prepared.checks]
            queue.batches.append((entries, self._verify(checks)))
