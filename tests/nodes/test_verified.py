"""What was verified once is known, and nothing else is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

from keys.roles import KeyRole
from nodes.verified import FEW, REMEMBERED_MAX, Verified
from protocol.verdict import SignatureCheck
from tests.builders import hybrid

CHANNEL = bytes(32)


class Counted(SignatureCheck):
    """A check that holds, and says how often anybody looked."""

    __slots__ = ()
    looked: ClassVar[list[bytes]] = []

    def holds(self) -> bool:
        """Note it."""
        self.looked.append(self.message)
        return True


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
            assert list(verified.verify(checks[1:2], remember=True)()) == [True]
            assert list(verified.verify(checks)()) == expected
            assert list(verified.verify(checks[:2])()) == expected[:2]


def counted(of: SignatureCheck) -> Counted:
    Counted.looked.clear()
    return Counted(of.key, of.purpose, of.channel, of.author, of.message, of.signature)


def test_what_differs_anywhere_is_not_known() -> None:
    """Key, purpose, channel, author, message and signature all count."""
    known, verified = counted(check(b"said")), Verified()
    for times in (1, 1):
        assert verified.verify([known], remember=True)() == [True]
        assert len(Counted.looked) == times
    others: dict[str, Any] = {
        "key": hybrid("ARC 2", KeyRole.OFFICER).public,
        "purpose": "login",
        "channel": bytes([1]) * 32,
        "author": "BOR",
        "message": b"said!",
        "signature": known.signature[:-1] + b"\0",
    }
    for times, (name, value) in enumerate(others.items(), 2):
        verified.verify([replace(known, **{name: value})])()
        assert len(Counted.looked) == times, name


def test_what_does_not_hold_is_not_remembered() -> None:
    """It is looked at again, and does not hold again."""
    verified, bad = Verified(), check(b"said", good=False)
    for _ in range(2):
        assert verified.verify([bad], remember=True)() == [False]


def test_memory_is_bounded() -> None:
    """The oldest fall out."""
    verified, first = Verified(), counted(check(b"first"))
    verified.verify([first], remember=True)()
    for number in range(REMEMBERED_MAX):
        verified.verify([replace(first, message=number.to_bytes(4, "big"))], remember=True)()
    verified.verify([first])()
    assert Counted.looked.count(b"first") == 2
