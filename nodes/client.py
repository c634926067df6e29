"""A client of a node's local API, for programs that wait: the command line, the demo, the bench.

Requests carry a number and answers repeat it, so that many can be on their way at once: `start` sends one and
`finish` waits for its answer, while `request` does both. A client serves one thread.

Source: spec/local-api.md.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from keys.hybrid import Signer
from nodes.api_frames import FRAME_BYTES_MAX, VERSION, decode_answer, encode_request
from nodes.errors import ApiRefused
from nodes.login import sign_login
from nodes.unix_path import socket_address
from nodes.unix_websocket import UnixWebsocket

CONNECT_TIMEOUT_S = 5.0
# A node answers at once but for waits, whose own time-out comes on top of this.
ANSWER_TIMEOUT_S = 30.0


class NodeClient:
    """An open connection to a node.

    Attributes:
        party: short name of the node's party, as the node says.
    """

    def __init__(self, connection: UnixWebsocket, socket: Path) -> None:
        self._connection = connection
        self._socket = socket
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._pushes: deque[dict[str, Any]] = deque()
        hello = self._receive(until=time.monotonic() + CONNECT_TIMEOUT_S)
        match hello:
            case {"n": 0, "ok": {"challenge": bytes(challenge), "party": str(party), "version": int(version)}}:
                self.party = party
                self._challenge = challenge
            case {"n": 0, "error": {"code": str(code), "text": str(text)}}:
                raise ApiRefused(code, text)
            case _:
                raise ApiRefused("answer-malformed", "the node's greeting is not understood")
        if version != VERSION:
            raise ApiRefused("api-version", f"the node speaks version {version} of the local API, this is {VERSION}")

    @classmethod
    def connect(cls, socket: Path) -> NodeClient:
        """Connect to the node whose socket lies at a path.

        Raises:
            ApiRefused: `node-not-running` where nobody listens, `api-forbidden` where the socket may not be opened.
        """
        try:
            with socket_address(socket) as address:
                connection = UnixWebsocket(address, bytes_max=FRAME_BYTES_MAX, timeout_s=CONNECT_TIMEOUT_S)
        except PermissionError as error:
            raise ApiRefused("api-forbidden", f"{socket} may not be opened by this user") from error
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            raise ApiRefused("node-not-running", f"no node answers at {socket}") from error
        try:
            return cls(connection, socket)
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; what the node has taken it keeps."""
        self._connection.close()

    def login(self, *, person: int, signer: Signer) -> dict[str, Any]:
        """Log in with an officer's key; once a connection.

        Args:
            person: the officer's number in the roster.
            signer: the officer's key.

        Returns:
            The roles on each channel, by counterpart.

        Raises:
            ApiRefused: the node does not take the signature.
        """
        signature = sign_login(self._challenge, party=self.party, person=person, signer=signer)
        answer: dict[str, Any] = self.request("login", person=person, signature=signature)
        return answer

    def request(self, op: str, *, timeout_s: float = ANSWER_TIMEOUT_S, **arguments: Any) -> Any:
        """Send one request and wait for its answer.

        Raises:
            ApiRefused: the node's refusal, or `node-closed`, or `timed-out`.
        """
        return self.finish(self.start(op, **arguments), timeout_s=timeout_s)

    def start(self, op: str, **arguments: Any) -> int:
        """Send one request; its number is for `finish`.

        Raises:
            ApiRefused: the connection is closed.
        """
        self._number += 1
        try:
            self._connection.send(encode_request(self._number, op, arguments))
        except (ConnectionClosed, OSError) as error:
            raise ApiRefused("node-closed", "the node closed the connection; see its log") from error
        return self._number

    def finish(self, number: int, *, timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
        """Wait for the answer to a request.

        Raises:
            ApiRefused: the node's refusal, or `node-closed`, or `timed-out`.
        """
        until = time.monotonic() + timeout_s
        while number not in self._answers:
            self._sort(self._receive(until=until))
        answer = self._answers.pop(number)
        if "ok" in answer:
            return answer["ok"]
        error = answer["error"]
        raise ApiRefused(error["code"], error["text"])

    def pushes(self, *, timeout_s: float | None = None) -> Iterator[dict[str, Any]]:
        """Give what the node sends unasked after `watch`, as it comes, until nothing comes for `timeout_s`.

        Raises:
            ApiRefused: `node-closed`.
        """
        while True:
            while self._pushes:
                yield self._pushes.popleft()
            until = None if timeout_s is None else time.monotonic() + timeout_s
            try:
                self._sort(self._receive(until=until))
            except ApiRefused as error:
                if error.code == "timed-out":
                    return
                raise

    def _sort(self, message: dict[str, Any]) -> None:
        if "push" in message:
            self._pushes.append(message)
        else:
            self._answers[message["n"]] = message

    def _receive(self, *, until: float | None) -> dict[str, Any]:
        left = None if until is None else max(0.0, until - time.monotonic())
        try:
            data = self._connection.recv(left)
        except TimeoutError as error:
            raise ApiRefused("timed-out", "the node did not answer in time") from error
        except (ConnectionClosed, OSError) as error:
            raise ApiRefused("node-closed", "the node closed the connection; see its log") from error
        if not isinstance(data, bytes):
            raise ApiRefused("answer-malformed", "the node sent text")
        return decode_answer(data)
