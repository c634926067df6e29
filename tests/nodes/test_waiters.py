"""Whoever waits for a receipt is told of the first that covers their entry, and of nothing else."""

import asyncio

import pytest

from nodes.waiters import Waiters


def test_a_receipt_wakes_those_below_it() -> None:
    """In whatever order they came, and each with the time of that receipt."""

    async def main() -> None:
        waiters = Waiters()
        waits = {index: asyncio.create_task(waiters.held(index, 5)) for index in (7, 2, 4)}
        await asyncio.sleep(0)
        waiters.receipt(5, 1000)
        assert [await waits[2], await waits[4]] == [1000, 1000]
        assert not waits[7].done()
        waiters.receipt(8, 2000)
        assert await waits[7] == 2000

    asyncio.run(main())


def test_waiting_ends_by_time_or_by_leaving() -> None:
    """And leaves nothing behind."""

    async def main() -> None:
        waiters = Waiters()
        assert await waiters.held(3, 0.01) is None
        gone = asyncio.create_task(waiters.held(3, 5))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert not waiters._receipts
        waiters.receipt(9, 1)

    asyncio.run(main())


def test_a_change_wakes_everyone_once() -> None:
    """Who waits again waits for the next one."""

    async def main() -> None:
        waiters = Waiters()
        tasks = [asyncio.create_task(waiters.changed()) for _ in range(3)]
        await asyncio.sleep(0)
        waiters.notify()
        await asyncio.gather(*tasks)
        again = asyncio.create_task(waiters.changed())
        await asyncio.sleep(0)
        assert not again.done()
        waiters.notify()
        await again

    asyncio.run(main())
