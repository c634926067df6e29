"""The sequencer: places in the log, one commit for many, and no second root for a size."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.memory_store import MemoryStore
from nodes.sequencer import Item, Placed, Sequencer, SignRefused
from nodes.signed import SignedStatement
from nodes.store import Row, StoreBroken, StoreFull
from protocol.checkpoint import Checkpoint
from protocol.cosignature import verify_note
from protocol.entry import Entry
from protocol.limits import APPEND_ENTRIES_BYTES_MAX
from protocol.merkle import Frontier, leaf_hash
from protocol.statement import EMPTY_LOG
from tests.lines import line_keys
from tests.nodes.homes import letter, said, signed_by


class Store(MemoryStore):
    """A store in memory that can be full or forget."""

    full = False
    forgetful = False

    def append_own(self, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        if self.full:
            raise StoreFull("disk-full", "")
        super().append_own(size, rows, frontier, last_ms)

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        found = super().read(voice, start, end, bytes_max=bytes_max)
        return [entry[:-1] + b"?" for entry in found] if self.forgetful else found


@dataclass
class Bench:
    """A sequencer and what it told."""

    store: Store
    mark: HighWater
    sequencer: Sequencer
    commits: list[tuple[Checkpoint, bytes, int]] = field(default_factory=list)
    broken: list[NodeError] = field(default_factory=list)

    def submit(self, signed: SignedStatement | None = None) -> asyncio.Future[Placed]:
        """Submit one message."""
        signed = said("ARC") if signed is None else signed
        return self.sequencer.submit(item(signed))


def item(signed: SignedStatement) -> Item:
    """What the sequencer takes of a statement."""
    statement = Entry(
        statement=signed.statement, signatures=signed.signatures, logged_at_ms=0, held=EMPTY_LOG
    ).parse_statement()
    return Item(signed.statement, statement, signed.signatures, signed.body)


def with_bench(tmp_path: Path, test: Callable[[Bench], Awaitable[None]], *, store: Store | None = None) -> None:
    """Run a test beside a running sequencer."""

    async def main() -> None:
        held = Store(own="ARC", their="BOR") if store is None else store
        mark = HighWater.open(tmp_path / "mark")
        with ThreadPoolExecutor(1) as executor:
            bench = Bench(held, mark, None)  # type: ignore[arg-type]
            bench.sequencer = Sequencer(
                store=held,
                mark=mark,
                keys=line_keys("ARC"),
                clock=SteadyClock(0),
                executor=executor,
                committed=lambda checkpoint, note, count: bench.commits.append((checkpoint, note, count)),
                broken=bench.broken.append,
            )
            task = asyncio.create_task(bench.sequencer.run())
            try:
                await asyncio.wait_for(test(bench), 20)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        mark.close()

    asyncio.run(main())


def test_what_waits_together_is_committed_together(tmp_path: Path) -> None:
    """Twenty at once: places in order of coming, few checkpoints, each signed by both keys and durable in the mark."""

    async def test(bench: Bench) -> None:
        placed = await asyncio.gather(*[bench.submit() for _ in range(20)])
        assert [one.index for one in placed] == list(range(20))
        assert sum(count for _, _, count in bench.commits) == 20
        assert len(bench.commits) < 20
        checkpoint, note, _ = bench.commits[-1]
        assert verify_note(note, line_keys("ARC").own.log).checkpoint == checkpoint
        assert bench.mark.note == note
        assert checkpoint.root == bench.store.head("ARC").root
        for one in placed:
            (entry,) = bench.store.read("ARC", one.index, one.index + 1)
            assert leaf_hash(entry) == one.leaf
            assert Entry.parse(entry).logged_at_ms == one.logged_at_ms

    with_bench(tmp_path, test)


def test_a_commit_fits_one_append(tmp_path: Path) -> None:
    """However many wait, the entries of one commit go into one frame."""

    async def test(bench: Bench) -> None:
        await asyncio.gather(*[bench.submit() for _ in range(60)])
        start = 0
        for checkpoint, _, _ in bench.commits:
            entries = bench.store.read("ARC", start, checkpoint.size)
            assert sum(map(len, entries)) <= APPEND_ENTRIES_BYTES_MAX
            start = checkpoint.size

    with_bench(tmp_path, test)


def test_times_never_go_back_and_held_is_what_the_mirror_holds(tmp_path: Path) -> None:
    """An entry names the other log as it is durably held when the entry is made."""
    store = Store(own="ARC", their="BOR")
    frontier = Frontier.empty().append(leaf_hash(b"theirs"))
    store.append_their(0, [Row(b"theirs", leaf_hash(b"theirs"), None, None, False)], frontier, b"note", 5)

    async def test(bench: Bench) -> None:
        placed = [await bench.submit() for _ in range(5)]
        times = [one.logged_at_ms for one in placed]
        assert times == sorted(times)
        (entry,) = store.read("ARC", 4, 5)
        assert Entry.parse(entry).held == (1, frontier.root())

    with_bench(tmp_path, test, store=store)


def test_a_full_disk_leaves_nothing_and_stops_nothing(tmp_path: Path) -> None:
    """Those who wait are told; with room again the next one is logged where the first would have been."""

    async def test(bench: Bench) -> None:
        bench.store.full = True
        with pytest.raises(StoreFull):
            await bench.submit()
        assert bench.store.head("ARC").size == 0
        assert bench.mark.note is None
        bench.store.full = False
        assert (await bench.submit()).index == 0
        assert bench.broken == []

    with_bench(tmp_path, test)


def test_what_reads_back_otherwise_is_never_signed(tmp_path: Path) -> None:
    """The process is to end, the mark stays where it was, and nobody is told of a place."""

    async def test(bench: Bench) -> None:
        await bench.submit()
        bench.store.forgetful = True
        with pytest.raises(StoreBroken):
            await bench.submit()
        assert [error.code for error in bench.broken] == ["store-damaged"]
        assert bench.mark.checkpoint is not None
        assert bench.mark.checkpoint.size == 1

    with_bench(tmp_path, test)


def test_a_second_root_for_a_size_is_refused(tmp_path: Path) -> None:
    """A log that was put back and written otherwise is not signed, neither at the same size nor beyond."""

    async def first(bench: Bench) -> None:
        await bench.submit()
        await bench.submit()

    with_bench(tmp_path, first)

    async def other(bench: Bench) -> None:
        with pytest.raises(SignRefused) as caught:
            await bench.submit()
        assert caught.value.code == "high-water-ahead"

    with_bench(tmp_path, other)
    longer = Store(own="ARC", their="BOR")
    rows = [Row(b"%d" % place, leaf_hash(b"%d" % place), None, None, False) for place in range(2)]
    longer.append_own(0, rows, Frontier.empty().extend([row.leaf for row in rows]), 1)

    async def beside(bench: Bench) -> None:
        with pytest.raises(SignRefused) as caught:
            await bench.sequencer.resume()
        assert caught.value.code == "high-water-differs"
        with pytest.raises(SignRefused) as caught:
            await bench.submit()
        assert caught.value.code == "high-water-differs"

    with_bench(tmp_path, beside, store=longer)


def test_the_log_as_it_stands_is_signed_again(tmp_path: Path) -> None:
    """After a crash between writing and signing; an empty log has nothing to sign."""
    store = Store(own="ARC", their="BOR")

    async def test(bench: Bench) -> None:
        assert await bench.sequencer.resume() is None
        rows = [Row(b"unsigned", leaf_hash(b"unsigned"), None, None, False)]
        store.append_own(0, rows, Frontier.empty().append(rows[0].leaf), 1)
        for _ in range(2):
            signed = await bench.sequencer.resume()
            assert signed is not None
            assert signed[0].size == 1
            assert bench.mark.note == signed[1]

    with_bench(tmp_path, test, store=store)


def test_a_flash_gets_its_place_before_whatever_else_waits(tmp_path: Path) -> None:
    """Of a flood that waits, only what the commit under way has taken stands before it."""
    fields = {"title": "The grid is failing", "class": "system-compromise", "summary": "Two regions are dark."}
    urgent = letter("ARC", "notification", fields, precedence="flash", severity=2, aware_at_ms=1_795_255_200_000)

    async def test(bench: Bench) -> None:
        flood = [bench.submit() for _ in range(100)]
        flash = await bench.submit(signed_by(urgent, (1, "duty")))
        assert flash.index == 1
        places = [(await one).index for one in flood]
        assert places == [0, *range(2, 101)]

    with_bench(tmp_path, test)


def test_a_lone_statement_goes_straight(tmp_path: Path) -> None:
    """Made and committed in one go; what comes meanwhile waits for that and follows it."""

    async def test(bench: Bench) -> None:
        idle = [bench.sequencer.idle]
        straight = bench.sequencer.straight(lambda: item(said("ARC")))
        idle.append(bench.sequencer.idle)
        behind = bench.submit()
        first, second = await straight, await behind
        assert first is not None
        assert (first.index, second.index, len(bench.commits)) == (0, 1, 2)
        idle.append(bench.sequencer.idle)
        assert idle == [True, False, True]

    with_bench(tmp_path, test)


def test_what_may_not_go_straight_leaves_nothing(tmp_path: Path) -> None:
    """Whether it is refused, has to go the other way, the log turned out not to be ours, or nobody foresaw it."""

    async def test(bench: Bench) -> None:
        def mistaken() -> Item:
            raise ZeroDivisionError

        def refuse() -> Item:
            raise NodeError("refused", "not that")

        def halt() -> Item:
            bench.sequencer.halt(NodeError("fork-self", "two of us"))
            return item(said("ARC"))

        with pytest.raises(NodeError, match="not that"):
            await bench.sequencer.straight(refuse)
        assert await bench.sequencer.straight(lambda: None) is None
        with pytest.raises(NodeError, match="two of us"):
            await bench.sequencer.straight(halt)
        with pytest.raises(ZeroDivisionError):
            await bench.sequencer.straight(mistaken)
        assert (bench.store.head("ARC").size, bench.commits, bench.broken) == (0, [], [])
        bench.sequencer.go_on()
        assert (await bench.submit()).index == 0

    with_bench(tmp_path, test)


def test_a_mistake_of_ours_in_a_commit_does_not_pass_unseen(tmp_path: Path) -> None:
    """Whoever runs the sequencer gets the error as it was raised."""

    async def test(bench: Bench) -> None:
        running = asyncio.create_task(bench.sequencer.run())
        await asyncio.sleep(0)

        good = item(said("ARC"))
        straight = bench.sequencer.straight(lambda: Item(good.raw, None, good.signatures, good.body))  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            await running
        assert not straight.done()

    with_bench(tmp_path, test)
