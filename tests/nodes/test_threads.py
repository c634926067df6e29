"""Threads do what they are given, warm ones first, and tell the event loop."""

import asyncio
import threading

import pytest

from nodes.threads import Threads, on_thread


def test_results_and_errors_come_back() -> None:
    """By either way; the short way also where the caller has gone."""
    threads = Threads(2, "test")

    async def main() -> None:
        assert await threads.run(lambda: 7) == 7
        assert await on_thread(threads, sum, [1, 2, 3]) == 6
        assert await on_thread(None, sum, [1, 2, 3]) == 6
        with pytest.raises(ValueError, match="told"):
            await threads.run(_fail)
        gone = threads.run(lambda: 8)
        gone.cancel()
        assert await threads.run(lambda: 9) == 9

    asyncio.run(main())
    assert threads.submit(lambda: 10).result() == 10
    with pytest.raises(ValueError, match="told"):
        threads.submit(_fail).result()
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.submit(lambda: 11)


def _fail() -> None:
    raise ValueError("told")


def test_one_after_the_other_is_done_by_one_thread() -> None:
    """The thread that worked last is asked first."""
    threads = Threads(4, "test")

    async def main() -> None:
        seen = set()
        for _ in range(20):
            seen.add(await threads.run(threading.get_ident))
            # The thread is idle again a moment after it has answered.
            await asyncio.sleep(0.005)
        assert len(seen) == 1

    asyncio.run(main())
    threads.shutdown()


def test_more_than_there_are_threads_waits_and_is_done() -> None:
    """In the order given, and also after the end was called for."""
    threads, begun, go = Threads(1, "test"), threading.Event(), threading.Event()
    done: list[int] = []

    def hold() -> None:
        begun.set()
        go.wait(5)

    threads.submit(hold)
    begun.wait(5)
    for number in range(5):
        threads.submit(done.append, number)
    threads.shutdown(wait=False)
    go.set()
    threads.shutdown()
    assert done == [0, 1, 2, 3, 4]
