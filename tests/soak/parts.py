"""The parts of a soak, found by the list of their modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tests.soak import PARTS

Figures = Mapping[str, int | float]
Run = Callable[..., Figures]


@dataclass(frozen=True)
class Part:
    """One part; see the package.

    Attributes:
        module: its name in the package.
        name: on the command line and in the table.
        count: how many cases make it full.
        chunk: how many are tried at a time.
        alone: whether no two chunks run at once.
        about: the first line of the module's docstring.
        run: tries cases.
    """

    module: str
    name: str
    count: int
    chunk: int
    alone: bool
    about: str
    run: Run


def load(module: str) -> Part:
    """Import one part.

    Raises:
        ImportError, AttributeError: it is not there, or lacks what a part has.
    """
    found: Any = import_module(f"tests.soak.{module}")
    return Part(
        module=module,
        name=found.NAME,
        count=found.COUNT,
        chunk=getattr(found, "CHUNK", max(1, found.COUNT // 100)),
        alone=getattr(found, "ALONE", False),
        about=(found.__doc__ or "").strip().splitlines()[0],
        run=found.run,
    )


def load_all() -> tuple[Part, ...]:
    """Import all, in their order."""
    return tuple(map(load, PARTS))
