"""What is kept of a soak: which cases held under which commit, with their figures, one file a part.

The file is replaced as a whole, so that a run that is killed loses the chunks under way and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1


def added(before: Mapping[str, int | float], more: Mapping[str, int | float]) -> dict[str, int | float]:
    """Figures of two runs together."""
    both = dict(before)
    for name, value in more.items():
        if name not in both:
            both[name] = value
        elif name.endswith(" max"):
            both[name] = max(both[name], value)
        else:
            both[name] += value
    return both


@dataclass
class Stretch:
    """Cases that held under one commit.

    Attributes:
        commit: of the tree they ran on; with `+` behind it where the tree had changes.
        cases: how many.
        first, last: the lowest and the highest case.
        seconds: of work, all processes together.
        at: when the last one ended, UTC.
        figures: of all of them.
    """

    commit: str
    cases: int
    first: int
    last: int
    seconds: float
    at: str
    figures: dict[str, int | float]


@dataclass
class Record:
    """Everything known of one part.

    Attributes:
        done: ranges of cases that held, from (inclusive) and to (exclusive), in order and apart.
        stretches: by commit, in order of time.
        failures: cases that did not hold and were not mended since: first, count, commit and what was said.
    """

    done: list[tuple[int, int]] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """How many held."""
        return sum(end - start for start, end in self.done)

    def left(self, until: int, chunk: int) -> Iterator[tuple[int, int]]:
        """Chunks of what was not done below a case: first and count, each within one multiple of the chunk."""
        start = 0
        for a, b in [*self.done, (until, until)]:
            while start < min(a, until):
                end = min(a, until, start - start % chunk + chunk)
                yield start, end - start
                start = end
            start = max(start, b)

    def add(self, *, first: int, count: int, commit: str, seconds: float, at: str, figures: Mapping[str, Any]) -> None:
        """A chunk held."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted([*self.done, (first, first + count)]):
            if merged and start <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            else:
                merged.append((start, end))
        self.done = merged
        self.failures = [one for one in self.failures if one["first"] != first]
        last = first + count - 1
        for stretch in self.stretches:
            if stretch.commit == commit:
                stretch.cases += count
                stretch.first, stretch.last = min(stretch.first, first), max(stretch.last, last)
                stretch.seconds, stretch.at = round(stretch.seconds + seconds, 1), at
                stretch.figures = added(stretch.figures, figures)
                return
        self.stretches.append(Stretch(commit, count, first, last, round(seconds, 1), at, dict(figures)))

    def fail(self, *, first: int, count: int, commit: str, text: str) -> None:
        """A chunk did not hold; the next run tries it again."""
        self.failures = [one for one in self.failures if one["first"] != first]
        self.failures.append({"first": first, "count": count, "commit": commit, "text": text})


def read(path: Path) -> Record:
    """Read a part's file; an empty record where there is none.

    Raises:
        ValueError, KeyError, TypeError: it is not one that `write` wrote.
    """
    if not path.exists():
        return Record()
    kept = json.loads(path.read_text())
    if kept["version"] != VERSION:
        raise ValueError(f"{path}: version {kept['version']}")
    return Record(
        done=[(start, end) for start, end in kept["done"]],
        stretches=[Stretch(**one) for one in kept["stretches"]],
        failures=kept["failures"],
    )


def write(path: Path, record: Record) -> None:
    """Replace a part's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("w") as file:
        json.dump({"version": VERSION, **asdict(record)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
