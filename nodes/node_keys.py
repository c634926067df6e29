"""What a node asks of its keys, wherever they are: in this process, in a token, or with a signer process.

`keys.keyring.NodeKeyring` has them all in memory. The others may be missed while the node runs. Whatever is asked of
them then raises `KeyAway`, the node goes on without, and `KeyWatch` finds out when they are back.

Source: spec/signer.md, "Where keys are".
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, runtime_checkable

import structlog

from keys.errors import KeyAway, KeysError
from keys.hybrid import HybridPublicKey, Signer
from keys.sealing import Opener
from protocol.head_signer import HeadSigners

LOOK_AWAY_S: Final = 1.0
"""How long keys that were missed are not asked for anything, so that nobody waits for them again and again."""

LOOK_S: Final = 5.0
"""How often it is looked whether they are still there, where nothing asks for them."""

AWAY: Final = "keys-away"
BACK: Final = "keys-back"


class NodeKey(Signer, Protocol):
    """The key of a node, which is a hybrid one wherever it is."""

    @property
    def public(self) -> HybridPublicKey:
        """The key that verifies."""
        ...


class NodeKeys(Protocol):
    """The keys of a node; see `keys.keyring.NodeKeyring` for each."""

    @property
    def party(self) -> str:
        """Short name."""
        ...

    def node_signer(self) -> NodeKey:
        """The node's own key."""
        ...

    def sealing(self) -> Opener:
        """The key that opens what is sealed to the party."""
        ...

    def tls_certificate(self, common_name: str) -> bytes:
        """The node's certificate in DER."""
        ...

    def tls_private_pem(self) -> bytes:
        """The TLS private key in PEM, for memory only: OpenSSL needs it in this process."""
        ...

    def log_signers(self, channel: bytes | str, origin: str) -> HeadSigners:
        """The keys of one channel's log."""
        ...

    def mirror_signers(self, channel: bytes | str, name: str) -> HeadSigners:
        """The keys of one channel's mirror."""
        ...


class Presence:
    """Whether keys that are elsewhere were missed a moment ago. Many threads may use it.

    Attributes:
        missed: called when they are; on any thread.
    """

    def __init__(self) -> None:
        self.missed: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._text = ""
        self._until = 0.0

    def check(self) -> None:
        """Raise at once where they were missed a moment ago.

        Raises:
            KeyAway: they were.
        """
        with self._lock:
            text, left_s = self._text, self._until - time.monotonic()
        if text and left_s > 0:
            raise KeyAway(text)

    def miss(self, text: str) -> KeyAway:
        """They are missed; give what is to be raised."""
        with self._lock:
            self._text, self._until = text, time.monotonic() + LOOK_AWAY_S
        self.missed()
        return KeyAway(text)

    def found(self) -> None:
        """They answered."""
        with self._lock:
            self._text = ""


@runtime_checkable
class KeysElsewhere(NodeKeys, Protocol):
    """Keys of a node that are not all in its process."""

    @property
    def presence(self) -> Presence:
        """Whether they were missed."""
        ...

    def look(self) -> None:
        """Look for them, whatever is known; takes a moment.

        Raises:
            KeysError: they are missed, or are other keys now.
        """
        ...


class KeyWatch:
    """Tells people when keys that are elsewhere are missed, and the lines when they are back.

    Args:
        keys: to be watched.
        alarm: tells people; called on the loop with a code and a text.
        away: called with the reason when they are missed.
        back: called when they can be used again.
    """

    def __init__(
        self,
        keys: KeysElsewhere,
        *,
        alarm: Callable[[str, str], None],
        away: Callable[[str], None],
        back: Callable[[], Awaitable[None]],
    ) -> None:
        self._keys = keys
        self._alarm = alarm
        self._away = away
        self._back = back
        self._log = structlog.get_logger(part="keys")

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        missed = asyncio.Event()
        self._keys.presence.missed = lambda: _tell(loop, missed)
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await missed.wait()
            except TimeoutError:
                why = await self._look()
            else:
                why = await self._look() or "they did not answer"
            missed.clear()
            if why is None:
                continue
            self._alarm(AWAY, f"{self._keys.party} signs and opens nothing for now: {why}")
            self._away(why)
            told = why
            while (why := await self._look()) is not None:
                if why != told:
                    told = why
                    self._log.warning("keys away", detail=why)
                await asyncio.sleep(LOOK_AWAY_S)
            missed.clear()
            self._alarm(BACK, "the keys are there again, and what waited goes on")
            await self._back()

    async def _look(self) -> str | None:
        """Why the keys cannot be used; None where they can."""
        try:
            # On a thread of its own: those of the node may all be waiting for the keys.
            await asyncio.to_thread(self._keys.look)
        except KeysError as error:
            return str(error)
        return None


def _tell(loop: asyncio.AbstractEventLoop, missed: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(missed.set)
    except RuntimeError:
        # The loop has ended, and with it whoever would be told.
        return
