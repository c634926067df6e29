"""The signer's socket: who may ask, how much, and how long a question may take to come.

A thread a connection reads one request after the other and answers in that order; requests that were sent ahead wait
in the socket. Who asks is what the kernel says, and is looked at before anything is read. The process ends when a mark
could not be written: what is on disk is then the truth, and the next start reads it.

Source: spec/signer.md, "Who may ask".
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from pathlib import Path
from typing import Final

import structlog

from nodes.errors import NodeError
from nodes.signer import NodeSigner
from nodes.signer_config import SignerConfig
from nodes.signer_frames import FrameRefused, encode, read, request_of
from nodes.store import StoreBroken
from nodes.unix_path import check_directory, peer_user, socket_address

CONNECTIONS_MAX: Final = 16
"""Connections at once; a node has one for each of its threads that asks."""

WHOLE_S: Final = 5.0
"""How long a request may take from its first byte to its last, and an answer to be taken."""


class SignerServer:
    """See the module.

    Args:
        signer: answers.
        config: where, and whom.
    """

    def __init__(self, signer: NodeSigner, config: SignerConfig) -> None:
        self._signer = signer
        self._config = config
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._broken: NodeError | None = None
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._log = structlog.get_logger(part="signer")

    def listen(self) -> None:
        """Make the socket.

        Raises:
            NodeError: `socket-exposed`; `home-in-use`, another signer answers there; or it cannot be made.
        """
        path = self._config.socket
        check_directory(path.parent, owners={0, os.geteuid()})
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            with socket_address(path) as address:
                if path.is_socket():
                    _remove_stale(path, address)
                # Closed to everybody while it has no owner and no mode yet.
                before = os.umask(0o177)
                try:
                    listener.bind(address)
                finally:
                    os.umask(before)
            if self._config.group is not None:
                os.chown(path, -1, self._config.group)
                path.chmod(0o660)
            listener.listen(CONNECTIONS_MAX)
        except OSError as error:
            listener.close()
            raise NodeError("home-unwritable", f"{path} cannot be made: {error.strerror or error}") from error
        except BaseException:
            listener.close()
            raise
        self._listener = listener

    def stop(self) -> None:
        """Let `run` end; may be called from a signal handler."""
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")

    def run(self) -> None:
        """Answer until stopped.

        Raises:
            StoreBroken: a mark could not be written.
        """
        if self._listener is None:
            raise RuntimeError("listen first")
        try:
            while True:
                # Both were opened before any connection, and have low numbers.
                ready, _, _ = select.select([self._listener.fileno(), self._wake_read], [], [])
                if self._wake_read in ready:
                    break
                self._accept(self._listener)
        finally:
            self._close(self._listener)
        if self._broken is not None:
            raise self._broken

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            self._log.warning("connection not taken", detail=error.strerror)
            return
        user = peer_user(connection)
        with self._lock:
            full = len(self._open) >= CONNECTIONS_MAX
            if not full and user in self._config.users:
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
                return
        self._log.warning("connection refused", user=user, why="too many" if full else "another user")
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while self._broken is None:
                value = read(connection, idle_s=None, whole_s=WHOLE_S)
                answer = self._answer(value)
                connection.settimeout(WHOLE_S)
                connection.sendall(answer)
        except EOFError:
            return
        except (FrameRefused, TimeoutError) as error:
            self._log.warning("connection ended", detail=str(error) or "a request did not come whole")
        except OSError as error:
            self._log.info("connection ended", detail=error.strerror)
        except StoreBroken as error:
            # Nothing of it has left. Whatever is on disk is what the next start goes by.
            self._broken = error
            self._log.critical("signer stops", code=error.code, detail=error.text)
            self.stop()
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _answer(self, value: object) -> bytes:
        number, operation, arguments = request_of(value)  # type: ignore[arg-type]
        try:
            return encode([number, True, self._signer.ask(operation, arguments)])
        except StoreBroken:
            raise
        except NodeError as error:
            self._log.warning("refused", operation=operation[:40], code=error.code, detail=error.text)
            return encode([number, False, error.code, error.text[:500]])

    def _close(self, listener: socket.socket) -> None:
        listener.close()
        with contextlib.suppress(OSError):
            self._config.socket.unlink()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        os.close(self._wake_read)
        os.close(self._wake_write)


def _remove_stale(path: Path, address: str) -> None:
    """Remove the socket that a killed signer left; refuse where somebody answers on it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            path.unlink()
            return
    raise NodeError("home-in-use", f"another process answers on {path}")
