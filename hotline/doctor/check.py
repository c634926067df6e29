"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what, in a few words.
        result: ok, warn or fail.
        text: what was found.
        fix: what to do; empty where nothing is wrong.
    """

    name: str
    result: Result
    text: str
    fix: str = ""
