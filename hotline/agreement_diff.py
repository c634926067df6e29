"""What differs between two agreements, term by term, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from keys.hybrid import HybridPublicKey
from protocol.agreement_blocks import BLOCKS, BlockForm, values_of
from protocol.agreement_text import NEWEST

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Change:
    """One term that differs.

    Attributes:
        term: by name, such as `clock.flash.open_within_ms` or `authority[2].needs`.
        before, after: as they stand in the text, with intervals in words; "nothing" where the term is not there.
    """

    term: str
    before: str
    after: str


def changes(before: Any, after: Any) -> list[Change]:
    """Every term that differs, in the order of the text.

    Args:
        before, after: agreements, or terms without parties.
    """
    old, new = dict(_terms(before)), dict(_terms(after))
    names = [*new, *(name for name in old if name not in new)]
    return [
        Change(name, old.get(name, NOTHING), new.get(name, NOTHING)) for name in names if old.get(name) != new.get(name)
    ]


def _terms(agreement: Any) -> Iterator[tuple[str, str]]:
    """Every term with its value, as people read it."""
    yield "format", str(agreement.format)
    for form in BLOCKS[NEWEST]:
        if not form.attribute:
            prefix = f"{form.name}." if form.name else ""
            yield from _of(form, agreement, prefix)
            continue
        found = getattr(agreement, form.attribute)
        if isinstance(found, Mapping):
            for key, record in found.items():
                yield from _of(form, record, f"{form.name}.{key}.")
        elif form.many:
            for record, name in zip(found, _names(form, found), strict=True):
                yield from _of(form, record, f"{name}.")
                if form.inner is not None:
                    for inner in getattr(record, form.inner.attribute):
                        yield from _of(form.inner, inner, f"{name}.{form.inner.name}[{inner.name}].")
        elif found is not None:
            yield from _of(form, found, f"{form.name}.")


_BY: Mapping[str, Callable[[Any], str]] = {
    "party": attrgetter("short"),
    "kind_clock": lambda one: f"{one.kind}, {one.clock}",
    "observable": lambda one: f"{one.criterion}, {one.field}, {one.value}",
    "threshold": attrgetter("name"),
    "witness": attrgetter("name"),
    "auditor": attrgetter("name"),
}


def _names(form: BlockForm, found: Any) -> list[str]:
    """Each by what tells it from the others, where something does; rules by their number, because order decides."""
    by = _BY.get(form.name)
    return [f"{form.name}[{number if by is None else by(one)}]" for number, one in enumerate(found, 1)]


def _of(form: BlockForm, record: Any, prefix: str) -> Iterator[tuple[str, str]]:
    value_of = values_of(record)
    for term in form.terms:
        value = value_of(term.field)
        if term.absent(value) or value is None or value is False or value == ():
            continue
        if isinstance(value, tuple) and value and isinstance(value[0], HybridPublicKey):
            yield prefix + term.name, ", ".join(key.key_id.hex()[:16] for key in value)
            continue
        text = term.form.write(term.name, value).removeprefix(f"{term.name} = ")
        # An interval is read in the words behind it, and nothing else has any.
        _, hash_, words = text.partition("  # ")
        yield prefix + term.name, words if hash_ else text
