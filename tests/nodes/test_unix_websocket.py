"""The blocking websocket of the local API's clients, against the library's own server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.server import ServerConnection, unix_serve

from nodes.unix_websocket import UnixWebsocket

BYTES_MAX = 4 * 1024 * 1024


def echo(connection: ServerConnection) -> None:
    """Answer everything with itself; a text "end" ends it, "part" is answered in parts, "wait" with nothing,
    and "last" ends it behind the answer."""
    for message in connection:
        if message == b"end":
            return
        if message == b"last":
            connection.send(message)
            return
        if message == b"part":
            connection.ping()
            connection.send([b"one ", b"two ", b"three"])
        elif message == b"text":
            connection.send("text")
        elif message != b"wait":
            connection.send(message)


@contextmanager
def served(path: Path) -> Iterator[UnixWebsocket]:
    """A connection to a server of this process."""
    with unix_serve(echo, str(path), max_size=BYTES_MAX) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection = UnixWebsocket(str(path), bytes_max=BYTES_MAX, timeout_s=5)
        try:
            yield connection
        finally:
            connection.close()
            server.shutdown()
            thread.join()


def test_messages_go_and_come(tmp_path: Path) -> None:
    """Whole, in parts, as text, and larger than any buffer of a socket."""
    with served(tmp_path / "s") as connection:
        for message in (b"", b"hello", bytes(3_000_000)):
            connection.send(message)
            assert connection.recv(5) == message
        connection.send(b"part")
        assert connection.recv(5) == b"one two three"
        connection.send(b"text")
        assert connection.recv(5) == "text"


def test_many_on_their_way_do_not_stop_one_another(tmp_path: Path) -> None:
    """Answers that nobody has taken yet do not keep the node from taking more requests."""
    with served(tmp_path / "s") as connection:
        messages = [bytes([number]) * 100_000 for number in range(100)]
        for message in messages:
            connection.send(message)
        assert [connection.recv(5) for _ in messages] == messages


def test_waiting_ends(tmp_path: Path) -> None:
    """By time, and when the other side goes."""
    with served(tmp_path / "s") as connection:
        connection.send(b"wait")
        with pytest.raises(TimeoutError):
            connection.recv(0.05)
        connection.send(b"end")
        with pytest.raises(ConnectionClosed):
            connection.recv(5)
        with pytest.raises(ConnectionClosed):
            connection.send(b"more")


def test_an_end_that_came_with_an_answer_is_found_at_the_next_word(tmp_path: Path) -> None:
    """The other side has said goodbye and not hung up yet: nothing more can be sent, and that is told as such."""
    with served(tmp_path / "s") as connection:
        connection.send(b"last")
        time.sleep(0.1)
        assert connection.recv(5) == b"last"
        with pytest.raises((ConnectionClosed, OSError)):
            connection.send(b"more")


def test_what_is_no_websocket_is_refused(tmp_path: Path) -> None:
    """Nobody there, somebody silent, somebody who answers something else."""
    path = tmp_path / "s"
    with pytest.raises(OSError, match="No such file"):
        UnixWebsocket(str(path), bytes_max=10, timeout_s=1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(2)
        with pytest.raises(TimeoutError):
            UnixWebsocket(str(path), bytes_max=10, timeout_s=0.05)
        listener.accept()[0].close()

        def answer() -> None:
            with listener.accept()[0] as other:
                other.recv(4096)
                other.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises((InvalidHandshake, ConnectionClosed)):
            UnixWebsocket(str(path), bytes_max=10, timeout_s=5)
        thread.join()
