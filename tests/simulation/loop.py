"""An event loop in virtual time, for many processes at once, whose order follows from one seed.

It runs the same coroutines that a node runs. Callbacks that are ready run in the order in which they became ready, as
asyncio promises; jobs that a node gives to a thread run in one piece at a moment that a function given from outside
chooses, so that jobs of one node overtake one another as threads do. Nothing here reads a clock or draws chance.

Whatever belongs to one process carries that process in its context. A process that is killed never runs again: its
jobs are dropped, and its tasks are cancelled into a world that no longer hears them. One that is frozen runs nothing
until it is thawed, and then everything that fell due meanwhile, in the order in which it did.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import heapq
import math
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

_T = TypeVar("_T")


class Killed(BaseException):
    """Raised inside a job: the process ends at this instant."""


class Process:
    """One life of one party's node, from a start to its end.

    Attributes:
        name: short name of the party.
        alive: whether it still runs.
        tasks: its tasks, in the order of their making.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.context = contextvars.copy_context()
        self.context.run(OWNER.set, self)

    def start(self, loop: SimLoop, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as part of this process."""
        return self.context.run(loop.create_task, work)

    def done(self, task: asyncio.Task[Any]) -> None:
        """A task came to its end."""
        self.tasks.pop(task, None)

    def end(self) -> None:
        """It is gone; whatever its tasks still do on their way out reaches nobody."""
        self.alive = False
        for task in list(self.tasks):
            task.cancel()


OWNER: contextvars.ContextVar[Process | None] = contextvars.ContextVar("owner", default=None)


class Handle(list[Any]):
    """One callback: what to call, with what, in which context; see asyncio.Handle.

    A list, because a world makes thousands and a list is made without a call of Python.
    """

    __slots__ = ()

    def cancel(self) -> None:
        """Do not run it."""
        self[0] = self[1] = None

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self[0] is None


AT_ONCE_MAX = 200_000
"""Callbacks at one instant, above which something goes round in circles and time does not pass."""


class Stuck(AssertionError):
    """Something goes round in circles."""


class Unhandled(AssertionError):
    """A task ended by an error that nobody took."""


class OwnedTask(asyncio.Task[_T]):
    """A task of a process.

    Attributes:
        owner: the process.
    """

    owner: Process


class SimLoop(asyncio.AbstractEventLoop):
    """See the module.

    Args:
        job_delay_us: how long a job of a process waits for its thread.
        killed: called with the process in whose job `Killed` was raised.

    Attributes:
        now_us: virtual time, microseconds.
        steps: times that something fell due.
        problems: errors of tasks that nobody took.
        failure: why the run is to end at once, or None.
    """

    def __init__(self, job_delay_us: Callable[[Process], int], killed: Callable[[Process], None]) -> None:
        self.now_us = 0
        self.steps = 0
        self.problems: list[str] = []
        self.failure: BaseException | None = None
        self._job_delay_us = job_delay_us
        self._killed = killed
        self._ready: deque[Handle] = deque()
        self._heap: list[tuple[int, int, Handle]] = []
        self._count = 0
        self._frozen: dict[Process, list[Handle]] = {}
        # Asked for at every wait, so that no call of Python is to be made for it.
        self.create_future = functools.partial(asyncio.Future, loop=self)  # type: ignore[method-assign]

    # --- processes that stand still -----------------------------------------------------------------------------------

    def freeze(self, process: Process) -> None:
        """Run nothing of a process from now on."""
        self._frozen.setdefault(process, [])

    def thaw(self, process: Process) -> None:
        """Let it go on, with what fell due."""
        self._ready.extend(self._frozen.pop(process, ()))

    def is_frozen(self, process: Process) -> bool:
        """Whether it stands still."""
        return process in self._frozen

    def _holds(self, handle: Handle) -> bool:
        """Keep a callback of a frozen process for later; False for any other."""
        owner = handle[2].get(OWNER)
        held = None if owner is None else self._frozen.get(owner)
        if held is None:
            return False
        held.append(handle)
        return True

    # --- asyncio ----------------------------------------------------------------------------------------------------

    # Always False; and asked so often that no call of Python is to be made for it.
    get_debug = staticmethod(bool)

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def time(self) -> float:
        return self.now_us / 1_000_000

    def call_soon(  # type: ignore[override]
        self, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> Any:
        handle = Handle((callback, args, contextvars.copy_context() if context is None else context))
        self._ready.append(handle)
        return handle

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> Any:
        return self.at_us(math.ceil(when * 1_000_000), callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> Any:
        # Upwards: whoever waits for what is left of a time must find nothing left.
        return self.at_us(self.now_us + math.ceil(delay * 1_000_000), callback, *args, context=context)

    def at_us(self, when_us: int, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Handle:
        """Call something at a virtual time, microseconds."""
        handle = Handle((callback, args, contextvars.copy_context() if context is None else context))
        self._count += 1
        heapq.heappush(self._heap, (max(self.now_us, when_us), self._count, handle))
        return handle

    def create_task(
        self,
        coro: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[_T]:
        owner = OWNER.get()
        if owner is None:
            return asyncio.Task(coro, loop=self, name=name, context=context)
        # A name, so that none is made of a number; numbers go on from world to world.
        task: OwnedTask[_T] = OwnedTask(coro, loop=self, name=name or "task", context=context)
        task.owner = owner
        owner.tasks[task] = None
        task.add_done_callback(owner.done)
        return task

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """A job for a thread: it runs in one piece, some time from now."""
        future = self.create_future()
        owner = OWNER.get()
        if owner is None:
            raise RuntimeError("only processes have threads")
        if not owner.alive:
            future.cancel()
            return future
        handle = Handle((self._job, (owner, future, func, args), contextvars.copy_context()))
        self._count += 1
        heapq.heappush(self._heap, (self.now_us + self._job_delay_us(owner), self._count, handle))
        return future

    def _job(self, owner: Process, future: asyncio.Future[Any], func: Any, args: Any) -> None:
        if not owner.alive:
            future.cancel()
            return
        try:
            result = func(*args)
        except Killed:
            future.cancel()
            self._killed(owner)
        except Exception as error:  # noqa: BLE001 - it is given to whoever waits for the job.
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        task = context.get("future") or context.get("task")
        if isinstance(task, OwnedTask) and not task.owner.alive:
            return
        self.problems.append(f"{context.get('message')}: {context.get('exception')!r}")

    # --- running ----------------------------------------------------------------------------------------------------

    def run_until(self, until_us: int, *, done: Callable[[], bool] | None = None, heedless: bool = False) -> None:
        """Run until a time, or until something is done.

        Args:
            until_us: virtual time, microseconds.
            done: asked after every step, or None.
            heedless: whatever fails, go on.

        Raises:
            BaseException: `failure`, as soon as there is one after a step.
            Stuck: time does not pass.
        """
        before = events._get_running_loop()
        events._set_running_loop(self)
        ready, heap, frozen = self._ready, self._heap, self._frozen
        at_once = 0
        try:
            while True:
                while ready:
                    at_once += 1
                    if not at_once & 63:
                        # Work takes time: whoever waits for less than the clock can tell must not wait for ever.
                        self.now_us += 1
                    if at_once > AT_ONCE_MAX:
                        raise Stuck(f"{AT_ONCE_MAX} callbacks at {self.time():.6f} s; the next is {ready[0][0]}")
                    handle = ready.popleft()
                    callback, args, context = handle
                    if callback is not None and not (frozen and self._holds(handle)):
                        context.run(callback, *args)
                if not heedless:
                    if self.failure is not None:
                        raise self.failure
                    if self.problems:
                        raise Unhandled(self.problems[0])
                if done is not None and done():
                    return
                while heap and heap[0][2][0] is None:
                    heapq.heappop(heap)
                if not heap or heap[0][0] > until_us:
                    self.now_us = until_us
                    return
                when_us, _, handle = heapq.heappop(heap)
                if when_us > self.now_us:
                    at_once = 0
                    self.now_us = when_us
                self.steps += 1
                if not (frozen and self._holds(handle)):
                    callback, args, context = handle
                    context.run(callback, *args)
        finally:
            events._set_running_loop(before)
