"""Signatures that this process verified a moment ago, so that judging need not verify them again.

A statement of our own is verified before it is taken, and judged once it is in the log: the same key, the same bytes.
Only what held is remembered, by a hash over everything that the verification depends on, and only the newest of it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import sha256

from protocol.tagged import Hash
from protocol.verdict import SignatureCheck

REMEMBERED_MAX = 4096
"""Hashes kept, about half a mebibyte."""


class Verified:
    """A small memory of checks that held; for any thread."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hash, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, check: SignatureCheck) -> None:
        """Remember a check that held."""
        with self._lock:
            self._held[_digest(check)] = None
            if len(self._held) > REMEMBERED_MAX:
                self._held.popitem(last=False)

    def __contains__(self, check: SignatureCheck) -> bool:
        # Judging comes soon and once, and then for good: the oldest simply fall out.
        return _digest(check) in self._held


def _digest(check: SignatureCheck) -> Hash:
    """A name for everything that a check's result depends on."""
    texts = (check.purpose.encode(), check.author.encode(), check.key.role.value.encode())
    parts = (*texts, check.channel, check.key.raw, check.message, check.signature)
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
