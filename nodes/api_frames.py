"""The messages of the local API: requests, answers and pushes, each one canonical msgpack map in a binary frame.

    request   {"n": 7, "op": "thread", ...arguments}
    answer    {"n": 7, "ok": value}   or   {"n": 7, "error": {"code": "...", "text": "..."}}
    push      {"push": "changed", ...}

Source: spec/local-api.md, "Messages".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodes.errors import ApiRefused
from protocol import canonical
from protocol.errors import ProtocolError

VERSION = 1
# The largest message is a page of a thread or a statement with its body; nothing comes near a mebibyte.
FRAME_BYTES_MAX = 1024 * 1024
# A page of a hundred views with their rungs and clocks has some ten thousand values.
ITEMS_MAX = 65_536
NUMBER_MAX = 2**32


def encode_request(number: int, op: str, arguments: Mapping[str, Any]) -> bytes:
    """Give the bytes of a request."""
    return canonical.encode({**arguments, "n": number, "op": op})


def decode_request(data: bytes) -> tuple[int, str, dict[str, Any]]:
    """Read a request: its number, its operation and the arguments.

    Raises:
        ApiRefused: another form.
    """
    try:
        value = canonical.decode(data, bytes_max=FRAME_BYTES_MAX, items_max=ITEMS_MAX)
    except ProtocolError as error:
        raise ApiRefused("request-malformed", f"the request does not parse: {error}") from error
    if not isinstance(value, dict):
        raise ApiRefused("request-malformed", "the request is not a map")
    number, op = value.pop("n", None), value.pop("op", None)
    if type(number) is not int or not 0 < number < NUMBER_MAX or not isinstance(op, str):
        raise ApiRefused("request-malformed", "the request has no number or no operation")
    return number, op, value


def encode_answer(number: int, value: object) -> bytes:
    """Give the bytes of an answer."""
    return canonical.encode({"n": number, "ok": value})


def encode_refusal(number: int, *, code: str, text: str) -> bytes:
    """Give the bytes of a refusal; number 0 refuses the connection."""
    return canonical.encode({"error": {"code": code, "text": text}, "n": number})


def encode_push(name: str, values: Mapping[str, Any]) -> bytes:
    """Give the bytes of a message that nobody asked for one by one."""
    return canonical.encode({**values, "push": name})


def decode_answer(data: bytes) -> dict[str, Any]:
    """Read an answer or a push.

    Raises:
        ApiRefused: another form.
    """
    try:
        value: Any = canonical.decode(data, bytes_max=FRAME_BYTES_MAX, items_max=ITEMS_MAX)
    except ProtocolError as error:
        raise ApiRefused("answer-malformed", f"the node's answer does not parse: {error}") from error
    match value:
        case {"push": str()} | {"n": int(), "ok": _} | {"n": int(), "error": {"code": str(), "text": str()}}:
            found: dict[str, Any] = value
            return found
        case _:
            raise ApiRefused("answer-malformed", "the node's answer is not understood")
