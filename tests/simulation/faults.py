"""Faults as data: what goes wrong in a world, and when.

A plan is drawn from a seed before anything runs. Each family of faults is armed with one chance in two (the rare ones
with less), because rare combinations never appear where everything goes wrong a little.

Most worlds are short, because another combination of faults shows more than more of the same one: fewer statements,
and each family strikes once. One in LONG_ONE_IN is long, for what takes time, or many entries, or the same fault again.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation.passkeys import FAMILY as PASSKEYS
from tests.simulation.people import FAMILY as PEOPLE
from tests.simulation.rooting import FAMILY as ROOTS
from tests.simulation.treaties import FAMILY

FAMILIES: Final[dict[str, float]] = {
    "drop": 0.5,
    "delay": 0.5,
    "partition": 0.5,
    "one-way": 0.5,
    "power": 0.5,
    "crash": 0.5,
    "crash-at-write": 0.5,
    "write-fails": 0.5,
    "full": 0.5,
    "stop": 0.5,
    "slow-disk": 0.5,
    "clock-jump": 0.5,
    "clock-drift": 0.5,
    "clock-frozen": 0.5,
    "replay": 0.5,
    "reflect": 0.5,
    "cross": 0.5,
    "forge": 0.5,
    "astray": 0.5,
    "unauthorised": 0.5,
    "unheard-of": 0.2,
    "roster": 0.25,
    "pause": 0.15,
    "bit-flip": 0.15,
    "burst": 0.06,
    "old-disk": 0.1,
    "fork": 0.1,
}
"""Each family and its chance to be armed in a seed."""

LONG: Final = "long"
"""Stands among the families in the name of a world that is long whatever its seed is."""

SECOND: Final = "suite-2"
"""Stands among them where all keys are of the second suite."""

LONG_ONE_IN: Final = 20
SHORT_SHARE: Final = 0.7
"""A short world arms a family with so much of its chance."""

CUTS: Final = (8, 20)
"""How often a short world that is armed with it cuts connections: nothing costs less, or comes at worse moments."""

BURSTS: Final = 0.25
"""How many of the short worlds that have drawn a burst keep it: it has more entries than all else in four of them."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        at_us: when, virtual microseconds.
        kind: what.
        party: whom it strikes.
        other: with whom, where it is about two.
        amount: how much or how long.
    """

    at_us: int
    kind: str
    party: str
    other: str
    amount: int


@dataclass(frozen=True)
class Plan:
    """Everything that is decided beforehand.

    Attributes:
        long: whether it is of a long world.
        armed: families of faults.
        faults: in order of time.
        statements: moments at which an officer speaks: time, party, channel's other party.
        until_us: when faults end.
    """

    long: bool
    armed: frozenset[str]
    faults: tuple[Fault, ...]
    statements: tuple[tuple[int, str, str], ...]
    until_us: int


def named(text: str) -> tuple[int, frozenset[str]]:
    """A world by its name: a seed, and after plus signs families that are armed in any case, as in `15+bit-flip`; with
    `long` among them it is a long one, with `amend` its agreements are amended, with `people` drafts are stopped, with
    `roots` root sets change, with `passkeys` rosters bring some, with `suite-2` all keys are of the second suite."""
    seed, *forced = text.split("+")
    unknown = set(forced) - FAMILIES.keys() - {LONG, SECOND, FAMILY, PEOPLE, ROOTS, PASSKEYS}
    if unknown:
        raise ValueError(f"no family of faults is called {', '.join(sorted(unknown))}")
    return int(seed), frozenset(forced)


def draw(
    chance: Random,
    parties: tuple[str, ...],
    channels: tuple[tuple[str, str], ...],
    *,
    forced: frozenset[str] = frozenset(),
    long: bool,
) -> Plan:
    """Draw a plan.

    Args:
        chance: of the world.
        parties: short names.
        channels: pairs of them.
        forced: families that are armed whatever is drawn, and LONG for a long world.
        long: whether the world is long.
    """
    armed = frozenset(
        name
        for name, likely in FAMILIES.items()
        if chance.random() < likely * (1 if long or name == "drop" else SHORT_SHARE)
    )
    armed |= forced - {LONG, SECOND, FAMILY, ROOTS}
    if {"fork", "old-disk"} <= armed:
        # A node that lost its disk and one that lies would each explain what the other did.
        armed -= {"fork" if "old-disk" in forced else "old-disk"}
    if not long and "burst" not in forced and chance.random() >= BURSTS:
        armed -= {"burst"}
    until_us = (chance.randrange(16, 36) if long else chance.randrange(15, 23)) * 1_000_000
    faults: list[Fault] = []

    def moment() -> int:
        return chance.randrange(1_000_000, until_us)

    def strike(kind: str, times: int, low: int, high: int) -> None:
        if not long:
            times = chance.randint(*CUTS) if kind == "drop" else 1
        for _ in range(chance.randint(1, times) if long else times):
            pair = list(chance.choice(channels))
            chance.shuffle(pair)
            faults.append(Fault(moment(), kind, pair[0], pair[1], chance.randrange(low, high)))

    # Amounts are milliseconds, but of drift, which is parts in a thousand.
    table = {
        "drop": (4, 0, 1),
        "delay": (3, 20, 900),
        "partition": (3, 200, 8_000),
        "one-way": (2, 200, 30_000),
        "power": (1, 100, 6_000),
        "crash": (3, 50, 4_000),
        "full": (2, 100, 8_000),
        "stop": (2, 50, 4_000),
        "slow-disk": (2, 100, 3_000),
        "clock-jump": (3, -40 * 86_400_000, 40 * 86_400_000),
        "clock-drift": (1, -300, 300),
        "clock-frozen": (1, 1_000, 15_000),
        "unauthorised": (2, 0, 3),
        "unheard-of": (2, 0, 3),
        "roster": (3, 2_000, 12_000),
        "bit-flip": (1, 0, 1 << 30),
        "pause": (1, 3_000, 70_000),
        "burst": (1, 70, 110),
        "old-disk": (1, 50, 3_000),
        "fork": (1, 50, 3_000),
    }
    for kind, (times, low, high) in table.items():
        if kind in armed:
            strike(kind, times, low, high)
    statements = []
    for _ in range(chance.randrange(6, 15) if long else chance.randrange(1, 4)):
        pair = list(chance.choice(channels))
        chance.shuffle(pair)
        at_us = moment()
        # Short worlds are for what several people say at once as well.
        for _ in range(1 if long else chance.randint(1, 2)):
            statements.append((at_us, pair[0], pair[1]))
    return Plan(long, armed, tuple(sorted(faults, key=lambda one: one.at_us)), tuple(sorted(statements)), until_us)
