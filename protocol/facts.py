"""Facts: what a statement says in the open, in its header.

Facts are few, of fixed shape, and never free text. A machine kind has nothing else: its table in the catalogue gives
the type of each fact by name; every fact is there, no other is. A kind that persons sign has facts beside its sealed
body for what moves a procedure, a clock or a rule of authority, and nothing more: whoever may ever see the entry reads
them. Every such kind may also carry the facts that the catalogue gives to all of them.

| type | value |
|---|---|
| uint | int, 0 or more: counts, sizes, indexes, milliseconds |
| int | int of either sign: differences of clocks |
| hash | 32 bytes |
| hashes | list of 1 to 64 different hashes |
| code | str, a lower-case name with hyphens |
| party | str, 2 to 4 capital letters |
| flag | True: a flag that is not set is left out |
| time | int, UTC milliseconds |

Of a machine kind, a type that ends in `?` also takes None. Of a kind that persons sign, a fact of such a type is left
out where it does not apply, and is never None; a statement without facts has nil in their place and no empty map.

Source: spec/catalogue.md, "Facts".
"""

import re
from collections.abc import Callable, Mapping

from protocol.limits import TIME_MS_MAX

STARTS = "starts_ms"
FORCED = "forced"
PHASE = "phase"
"""Facts that move a matter, by their names in every kind that has them."""

HASHES_MAX = 64  # 64 hashes are 2 KiB; a longer list becomes several statements
_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_PARTY = re.compile(r"[A-Z]{2,4}", re.ASCII)
_CODE_CHARS_MAX = 40


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_uint(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32


def _is_hashes(value: object) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= HASHES_MAX or not all(_is_hash(one) for one in value):
        return False
    return len(set(value)) == len(value)


def _is_code(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _CODE_CHARS_MAX and _CODE.fullmatch(value) is not None


def _is_party(value: object) -> bool:
    return isinstance(value, str) and _PARTY.fullmatch(value) is not None


def _is_flag(value: object) -> bool:
    return value is True


def _is_time(value: object) -> bool:
    return _is_uint(value) and isinstance(value, int) and value <= TIME_MS_MAX


FACT_TYPES: Mapping[str, Callable[[object], bool]] = {
    "uint": _is_uint,
    "int": _is_int,
    "hash": _is_hash,
    "hashes": _is_hashes,
    "code": _is_code,
    "party": _is_party,
    "flag": _is_flag,
    "time": _is_time,
}
"""Every type of a fact by name, without the question mark."""


def check_facts(schema: Mapping[str, str], facts: object) -> tuple[str, ...]:
    """Check the facts of a machine statement.

    Args:
        schema: type by name, as the kind gives it.
        facts: the header's value, which may be anything the encoding allows.

    Returns:
        The names of the facts that are missing, unknown or not of their type, sorted; `facts` alone when it is no map.
        Empty when all is well.
    """
    if not isinstance(facts, dict):
        return ("facts",)
    wrong = {str(name) for name in facts if name not in schema}
    for name, kind in schema.items():
        if name not in facts:
            wrong.add(name)
        elif facts[name] is None:
            if not kind.endswith("?"):
                wrong.add(name)
        elif not FACT_TYPES[kind.removesuffix("?")](facts[name]):
            wrong.add(name)
    return tuple(sorted(wrong))


def check_open_facts(schema: Mapping[str, str], common: Mapping[str, str], facts: object) -> tuple[str, ...]:
    """Check the facts of a statement that persons sign.

    Args:
        schema: type by name, as the kind gives it.
        common: type by name of the facts that every such kind may carry.
        facts: the header's value, which may be anything the encoding allows; None for none.

    Returns:
        The names of the facts that are missing, unknown or not of their type, sorted; `facts` alone when it is an empty
        map or none. Empty when all is well.
    """
    if facts is None:
        facts = {}
    elif not isinstance(facts, dict) or not facts:
        return ("facts",)
    wrong = {name for name, kind in schema.items() if name not in facts and not kind.endswith("?")}
    for name, value in facts.items():
        kind = schema.get(name) or common.get(name)
        if kind is None or not FACT_TYPES[kind.removesuffix("?")](value):
            wrong.add(str(name))
    return tuple(sorted(wrong))
