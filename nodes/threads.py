"""Threads for crypto and disk, and the shortest way to one and back.

The standard pool gives work to whichever thread has waited longest, and answers through two futures and a chain of
callbacks: some 0.2 ms where little else happens, five times a message. Here the thread that worked last, and is still
warm, is asked first, and answers the event loop directly; that takes half.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Job = Callable[[], None]


class Threads(Executor):
    """So many threads, started at once.

    Args:
        count: how many.
        name: of the threads.
    """

    def __init__(self, count: int, name: str) -> None:
        self._lock = threading.Lock()
        self._backlog: deque[_Job] = deque()
        self._ended = False
        # Each thread waits at a queue of its own; the last of these belongs to the thread that became idle last.
        self._idle: list[SimpleQueue[_Job | None]] = [SimpleQueue() for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f"{name}_{number}", daemon=True)
            for number, queue in enumerate(self._idle)
        ]
        for thread in self._threads:
            thread.start()

    def _give(self, job: _Job) -> None:
        with self._lock:
            if self._ended:
                raise RuntimeError("the threads have ended")
            queue = self._idle.pop() if self._idle else None
            if queue is None:
                self._backlog.append(job)
        if queue is not None:
            queue.put(job)

    def _work(self, queue: SimpleQueue[_Job | None]) -> None:
        while (job := queue.get()) is not None:
            while job is not None:
                job()
                # Not kept while waiting: it holds what it worked on.
                job = None
                with self._lock:
                    if self._backlog:
                        job = self._backlog.popleft()
                    elif self._ended:
                        return
                    else:
                        self._idle.append(queue)

    def run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> asyncio.Future[_T]:
        """Call something on a thread; called on the event loop, which gets the result. A call that has begun is ended,
        whether or not somebody still waits for it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()

        def job() -> None:
            try:
                result = call(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - whatever it is, whoever waits is to have it.
                settle: _Job = _settled(future, future.set_exception, error)
            else:
                settle = _settled(future, future.set_result, result)
            # A loop that has been closed meanwhile has nobody who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle)

        self._give(job)
        return future

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """See Executor."""
        future: Future[_T] = Future()

        def job() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - as above.
                    future.set_exception(error)

        self._give(job)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See Executor. What waits is still done, unless it is to be cancelled."""
        with self._lock:
            idle, self._idle, self._ended = self._idle, [], True
            if cancel_futures:
                self._backlog.clear()
        for queue in idle:
            queue.put(None)
        if wait:
            for thread in self._threads:
                thread.join()


def _settled(future: asyncio.Future[_T], settle: Callable[..., None], value: object) -> _Job:
    def settled() -> None:
        if not future.done():
            settle(value)

    return settled


def on_thread(
    executor: Executor | None, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> asyncio.Future[_T]:
    """Call something on a thread of an executor; the short way where it has one."""
    if isinstance(executor, Threads):
        return executor.run(call, *args, **kwargs)
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(executor, partial(call, **kwargs) if kwargs else call, *args)
