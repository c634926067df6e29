"""What a node tells the system that started it: that it serves, that it still does, that it ends.

A supervisor which asked for signs of life ends a process that gives none, and starts it again. The signs come from the
event loop, which everything passes: a loop that hangs is a line that is down.

Source: sd_notify(3).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

import structlog

SIGNS_IN_TIME = 3
"""Signs of life within the time that the supervisor waits for one."""


class Supervisor:
    """Whoever started this process, or nobody.

    Args:
        address: of its socket for datagrams, a path or an abstract name after `@`; empty for nobody.
        patience_us: how long it waits for a sign of life, microseconds; 0 for ever.
    """

    def __init__(self, address: str = "", patience_us: int = 0) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._patience_s = patience_us / 1_000_000
        self._log = structlog.get_logger(part="supervisor")

    @classmethod
    def named_in(cls, environment: Mapping[str, str]) -> Supervisor:
        """Take what systemd leaves in the environment of a process that it starts."""
        patience = environment.get("WATCHDOG_USEC", "")
        return cls(environment.get("NOTIFY_SOCKET", ""), int(patience) if patience.isdecimal() else 0)

    def tell(self, state: str) -> None:
        """Send one state; that nobody takes it is no reason to stop anything."""
        if not self._address:
            return
        try:
            with socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            ) as sender:
                sender.sendto(state.encode(), self._address)
        except OSError as error:
            self._log.warning("supervisor not told", state=state, detail=error.strerror)

    async def reassure(self) -> None:
        """Give signs of life, for ever, if they are waited for."""
        while self._patience_s > 0:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self._patience_s / SIGNS_IN_TIME)
