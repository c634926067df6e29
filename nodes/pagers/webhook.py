"""A pager that is an address on the web: one POST, no redirect, no proxy.

Source: spec/paging.md, "Webhooks"; RFC 9110, section 15.
"""

from __future__ import annotations

import http.client
import ssl
import time
from urllib.parse import urlsplit

from nodes.pagers.errors import PagerFailed
from nodes.pagers.terms import WebhookTerms
from nodes.pagers.tls import context_of, secret_of


class Webhook:
    """One call. `stop` ends it from another thread.

    Args:
        terms: of the pager.
        limit_s: for the whole call.
    """

    def __init__(self, terms: WebhookTerms, *, limit_s: float) -> None:
        self._terms = terms
        self._limit_s = limit_s
        self._connection: http.client.HTTPConnection | None = None

    def call(self, facts: bytes, *, name: str) -> None:
        """Send the facts, on a thread.

        Args:
            facts: JSON.
            name: of the call; the same when it is made again.

        Raises:
            PagerFailed: nobody answers, in time, or another status than 2xx comes back.
        """
        end = time.monotonic() + self._limit_s
        parts = urlsplit(self._terms.url)
        headers = {"Content-Type": "application/json", "User-Agent": "hotline", "Idempotency-Key": name}
        if self._terms.token_file is not None:
            headers["Authorization"] = f"Bearer {secret_of(self._terms.token_file)}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connection = self._open(parts.scheme, parts.hostname or "", parts.port)
        try:
            connection.request("POST", target, body=facts, headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ssl.SSLError, ValueError, AttributeError) as error:
            if time.monotonic() >= end:
                raise PagerFailed(f"it took more than {self._limit_s:g} s") from error
            raise PagerFailed(f"it cannot be reached: {type(error).__name__}") from error
        finally:
            connection.close()
        if 300 <= status < 400:
            raise PagerFailed(f"it answers with a redirect ({status}), which is not followed")
        if not 200 <= status < 300:
            raise PagerFailed(f"it answers with status {status}")

    def _open(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._limit_s)
        context = context_of(self._terms.ca_file)
        return http.client.HTTPSConnection(host, port, timeout=self._limit_s, context=context)

    def stop(self) -> None:
        """Cut the connection: whoever waits on it gets an error."""
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            cut(sock)


def cut(sock: object) -> None:
    """Shut a socket down under whoever reads it."""
    import contextlib
    import socket

    if isinstance(sock, socket.socket):
        with contextlib.suppress(OSError):
            # Of the plain socket: one with TLS would wait for the other side's goodbye.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
