"""Verifying signatures, on other threads where there are any, and remembering for a moment which held.

Verification leaves the interpreter's lock, so that it goes on beside other work. A statement of our own is verified
before it is taken, and judged once it is in the log: the same key, the same bytes, and no reason to verify again. Only
what held is remembered, by a hash over everything that the verification depends on, and only the newest of it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor
from hashlib import sha256
from struct import Struct
from typing import Final

from protocol.tagged import Hash
from protocol.verdict import SignatureCheck
from protocol.walk import Waiter, verify_here

REMEMBERED_MAX: Final = 4096
"""Hashes kept, about half a mebibyte."""

CHECKS_A_JOB: Final = 64
"""Signatures verified in one job of the pool, about 15 ms: long against the cost of handing a job over."""

FEW: Final = 4
"""As many signatures are verified on the spot, since handing them over and waiting for them takes as long."""


_LENGTHS: Final = Struct(">8I")
"""Of the parts of a check, which are then told from one another though they are joined."""


class Verified:
    """Verifies and remembers; for any thread.

    Args:
        executor: threads that verify, or None to verify at once on the caller's.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor
        self._held: OrderedDict[Hash, None] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, checks: Sequence[SignatureCheck], *, remember: bool = False) -> Waiter:
        """Begin to verify what is not remembered; see `protocol.walk.Verifier`.

        Args:
            checks: any number.
            remember: those that hold, because they are asked for again soon.
        """
        names = [_digest(check) for check in checks]
        # Judging comes soon and once, and then for good: the oldest simply fall out.
        held = [name in self._held for name in names]
        new = [check for check, done in zip(checks, held, strict=True) if not done]
        if self._executor is None or len(new) <= FEW:
            waiters: list[Waiter] = [verify_here(new)]
        else:
            starts = range(0, len(new), CHECKS_A_JOB)
            jobs = [self._executor.submit(_verify_all, new[start : start + CHECKS_A_JOB]) for start in starts]
            waiters = [job.result for job in jobs]

        def wait() -> list[bool]:
            results = (result for waiter in waiters for result in waiter())
            found = [done or next(results) for done in held]
            if remember:
                self._remember([name for name, holds in zip(names, found, strict=True) if holds])
            return found

        return wait

    def _remember(self, names: Sequence[Hash]) -> None:
        with self._lock:
            for name in names:
                self._held[name] = None
            while len(self._held) > REMEMBERED_MAX:
                self._held.popitem(last=False)


def _verify_all(checks: Sequence[SignatureCheck]) -> list[bool]:
    return [check.holds() for check in checks]


def _digest(check: SignatureCheck) -> Hash:
    """A name for everything that a check's result depends on."""
    key = check.key
    texts = (check.purpose.encode(), check.author.encode(), key.role.value.encode(), key.algorithm.encode())
    parts = (*texts, check.channel, key.raw, check.message, check.signature)
    return sha256(b"".join((_LENGTHS.pack(*map(len, parts)), *parts))).digest()
