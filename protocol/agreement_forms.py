"""How one term of an agreement is written, and read back.

A form is a pair: value to line, and name to value. Text, numbers, intervals with their words, dates, hashes and keys
are each one form, and every block of every format is made of these.

Source: spec/agreement.md, "Text".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.roles import KeyRole
from keys.suite import SUITES, Suite
from protocol.agreement_checks import parse_slot
from protocol.errors import Malformed, NotUnderstood
from protocol.spelling import decode_base64, encode_base64
from protocol.toml_block import Block

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one sort stand in the text.

    Attributes:
        write: gives the line, or lines, for a name and a value that was checked.
        read: takes the name out of a block; raises Malformed or AgreementRefused.
    """

    write: Callable[[str, Any], str]
    read: Callable[[Block, str], Any]


def string(value: str) -> str:
    """A basic string of TOML. Controls cannot occur: the terms refuse them."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _array(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(string(value) for value in values) + "]"


_UNITS: Final = (
    ("day", 86_400_000),
    ("hour", 3_600_000),
    ("minute", 60_000),
    ("second", 1_000),
    ("millisecond", 1),
)


def in_words(interval_ms: int) -> str:
    """An interval for people: `15 minutes`, `1 hour 30 minutes`, `2 seconds 500 milliseconds`."""
    parts = []
    for unit, unit_ms in _UNITS:
        count, interval_ms = divmod(interval_ms, unit_ms)
        if count:
            parts.append(f"{count} {unit}" + ("s" if count > 1 else ""))
    return " ".join(parts) or "0 milliseconds"


def _time(time_ms: int) -> str:
    """RFC 3339 in UTC with three digits of milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.strftime(f"{moment.year:04d}-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"


def _flag(block: Block, name: str) -> bool:
    """A flag is there only where it is set."""
    if not block.take(name, bool):
        raise Malformed("bad-field", f"{block.where}.{name}")
    return True


def _write_keys(name: str, keys: tuple[HybridPublicKey, ...]) -> str:
    lines = [
        f'    # Root {number}: key id {key.key_id.hex()}\n    "{encode_base64(key.raw)}",'
        for number, key in enumerate(keys, 1)
    ]
    return "\n".join([f"{name} = [", *lines, "]"])


def _read_keys(block: Block, name: str) -> tuple[HybridPublicKey, ...]:
    keys = []
    for number, key in enumerate(block.texts(name), 1):
        try:
            keys.append(HybridPublicKey(decode_base64(key), KeyRole.ROOT))
        except (ValueError, KeysError) as error:
            raise Malformed("bad-key", f"{block.where}.{name}[{number}]") from error
    return tuple(keys)


def _write_suite(name: str, suite: Suite) -> str:
    signing, sealing = suite.signature, suite.sealing
    words = f"signatures: Ed25519 and {signing.lattice}; sealing: {sealing.lattice} and {sealing.curve.name}"
    return f"{name} = {string(suite.name)}  # {words}"


def _read_suite(block: Block, name: str) -> Suite:
    suite = SUITES.get(block.take(name, str))
    if suite is None:
        raise NotUnderstood(f"{block.where}.{name}", f"a suite is one of {', '.join(SUITES)}")
    return suite


NUMBER: Final = Form(lambda name, value: f"{name} = {value}", lambda block, name: block.take(name, int))
FLAG: Final = Form(lambda name, value: f"{name} = true", _flag)
TEXT: Final = Form(lambda name, value: f"{name} = {string(value)}", lambda block, name: block.take(name, str))
TEXTS: Final = Form(lambda name, value: f"{name} = {_array(value)}", lambda block, name: block.texts(name))
LINES: Final = Form(
    lambda name, value: "\n".join([f"{name} = [", *(f"    {string(line)}," for line in value), "]"]),
    lambda block, name: block.texts(name),
)
HASH: Final = Form(lambda name, value: f'{name} = "{value.hex()}"', lambda block, name: block.hash32(name))
TIME: Final = Form(lambda name, value: f"{name} = {_time(value)}", lambda block, name: block.time_ms(name))
DATE: Final = Form(lambda name, value: f"{name} = {value.isoformat()}", lambda block, name: block.take(name, date))
INTERVAL: Final = Form(
    lambda name, value: f"{name} = {value}  # {in_words(value)}", lambda block, name: block.take(name, int)
)
HOLD: Final = Form(
    lambda name, value: f"{name} = {value}  # {in_words(value) if value else 'none'}",
    lambda block, name: block.take(name, int),
)
SLOTS: Final = Form(
    lambda name, value: f"{name} = {_array(tuple('/'.join(slot) for slot in value))}",
    lambda block, name: tuple(parse_slot(slot, f"{block.where}.{name}") for slot in block.texts(name)),
)
SLOT: Final = Form(
    lambda name, value: f"{name} = {string('/'.join(value))}",
    lambda block, name: parse_slot(block.take(name, str), f"{block.where}.{name}"),
)
ROOT_KEYS: Final = Form(_write_keys, _read_keys)
SUITE: Final = Form(_write_suite, _read_suite)
