"""Verifying many signatures on all cores, for audits.

Verification itself leaves the interpreter's lock, so that threads verify at full speed while nothing else happens. An
audit also has to read and judge every entry, and threads that take turns at the lock after every signature were
measured to cost more than they bring (325 microseconds an entry, where the same work one after the other takes 220).
So the signatures go to a few processes, many at a time, each with what it needs to check them and nothing else.

Source: spec/audit.md, "Speed".
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

from keys.public_key import PublicKey, load
from keys.roles import KeyRole
from protocol.verdict import SignatureCheck
from protocol.walk import Verifier, Waiter, verify_here

PROCESSES_FROM = 4096
"""Entries from which processes are worth their start, which takes as long as verifying a thousand signatures."""

_Job = tuple[list[tuple[str, bytes, str]], list[tuple[int, str, bytes, str, bytes, bytes]]]
"""Keys with their algorithms and jobs, and for each check the number of its key and its other parts."""


def _job(checks: Sequence[SignatureCheck]) -> _Job:
    numbers: dict[int, int] = {}
    keys: list[tuple[str, bytes, str]] = []
    rows = []
    for check in checks:
        number = numbers.get(id(check.key))
        if number is None:
            number = numbers[id(check.key)] = len(keys)
            keys.append((check.key.algorithm, check.key.raw, check.key.role.value))
        rows.append((number, check.purpose, check.channel, check.author, check.message, check.signature))
    return keys, rows


@lru_cache(maxsize=256)
def _key(algorithm: str, raw: bytes, role: str) -> PublicKey:
    return load(algorithm, raw, KeyRole(role))


def _run(job: _Job) -> list[bool]:
    keys, rows = job
    loaded = [_key(*key) for key in keys]
    return [SignatureCheck(loaded[row[0]], *row[1:]).holds() for row in rows]


@contextmanager
def verifier(entries: int) -> Iterator[Verifier]:
    """A verifier for an audit of so many entries: processes for a long one, this process for a short one."""
    processes = len(os.sched_getaffinity(0))
    if entries < PROCESSES_FROM or processes < 2:
        yield verify_here
        return
    # Started afresh and not forked: a copy of a process that has threads may stop at a lock.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:

        def verify(checks: Sequence[SignatureCheck]) -> Waiter:
            return pool.submit(_run, _job(checks)).result

        yield verify
