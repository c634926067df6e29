"""What was verified once is known, and nothing else is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from keys.roles import KeyRole
from nodes.verified import FEW, REMEMBERED_MAX, Verified
from protocol.verdict import SignatureCheck
from tests.builders import hybrid

CHANNEL = bytes(32)


def check(message: bytes, *, good: bool = True) -> SignatureCheck:
    key = hybrid("ARC 1", KeyRole.OFFICER)
    signature = key.sign("statement", channel=CHANNEL, author="ARC", message=message)
    return SignatureCheck(key.public, "statement", CHANNEL, "ARC", message if good else message + b"!", signature)


def test_results_are_in_the_order_asked() -> None:
    """On the spot and on threads, with what is remembered among them."""
    checks = [check(bytes([number]), good=number % 3 != 0) for number in range(FEW + 3)]
    expected = [number % 3 != 0 for number in range(FEW + 3)]
    with ThreadPoolExecutor(2) as executor:
        for verified in (Verified(), Verified(executor)):
            assert list(verified.verify(checks)()) == expected
            verified.add(checks[1])
            assert list(verified.verify(checks)()) == expected
            assert list(verified.verify(checks[:2])()) == expected[:2]


def test_what_differs_anywhere_is_not_known() -> None:
    """Key, purpose, channel, author, message and signature all count."""
    known, verified = check(b"said"), Verified()
    verified.add(known)
    assert known in verified
    others: dict[str, Any] = {
        "key": hybrid("ARC 2", KeyRole.OFFICER).public,
        "purpose": "login",
        "channel": bytes([1]) * 32,
        "author": "BOR",
        "message": b"said!",
        "signature": known.signature[:-1] + b"\0",
    }
    for name, value in others.items():
        assert replace(known, **{name: value}) not in verified, name


def test_memory_is_bounded() -> None:
    """The oldest fall out."""
    verified, first = Verified(), check(b"first")
    verified.add(first)
    for number in range(REMEMBERED_MAX):
        verified.add(replace(first, message=number.to_bytes(4, "big")))
    assert first not in verified
