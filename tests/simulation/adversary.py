"""An adversary on the line: has every frame that was ever sent, and no key.

It adds old frames of the same direction to new sessions, sends a node its own frames back, carries frames from one
channel to the other, and changes bits. TLS keeps all of this out in earnest; here nothing does, so that what is signed
has to stand by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

KEPT = 60
"""Frames of one direction that it remembers."""

OFTEN = 0.02


class Adversary:
    """See the module.

    Args:
        chance: of the world.
        armed: what it does in this world: `replay`, `reflect`, `cross`, `forge`.
        count: told of what it did.
    """

    def __init__(self, chance: Random, armed: frozenset[str], count: Callable[[str], None]) -> None:
        self._chance = chance
        self._armed = armed
        self._count = count
        self._seen: dict[tuple[str, str], list[bytes]] = {}

    def send(self, here: str, there: str, data: bytes) -> Sequence[bytes]:
        """A node sends a frame; gives what travels."""
        chance = self._chance
        seen = self._seen.setdefault((here, there), [])
        travels = [data]
        if "replay" in self._armed and seen and chance.random() < OFTEN:
            travels.insert(chance.randrange(2), chance.choice(seen))
            self._count("adversary replay")
        back = self._seen.get((there, here))
        if "reflect" in self._armed and back and chance.random() < OFTEN:
            travels.append(chance.choice(back))
            self._count("adversary reflect")
        if "cross" in self._armed and chance.random() < OFTEN:
            others = [frames for (a, b), frames in self._seen.items() if {a, b} != {here, there}]
            if others:
                travels.append(chance.choice(chance.choice(others)))
                self._count("adversary cross")
        if "forge" in self._armed and chance.random() < OFTEN / 2:
            travels[-1] = self._changed(travels[-1])
            self._count("adversary forge")
        if len(seen) < KEPT:
            seen.append(data)
        else:
            seen[chance.randrange(KEPT)] = data
        return travels

    def _changed(self, data: bytes) -> bytes:
        chance = self._chance
        where = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                return data[:where]
            case 1:
                return data[:where] + bytes([data[where] ^ 1 << chance.randrange(8)]) + data[where + 1 :]
            case _:
                return data + data[:where]
