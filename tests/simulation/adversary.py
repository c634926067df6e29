"""An adversary on the line: has every frame that was ever sent, and no key.

It adds old frames of the same direction to new sessions, sends a node its own frames back, carries frames from one
channel to the other, and changes bits. TLS keeps all of this out in earnest; here nothing does, so that what is signed
has to stand by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from protocol.frames import FrameType

WHAT = frozenset({"replay", "reflect", "cross", "forge"})
KEPT = 60
"""Frames of one direction that it remembers."""

OFTEN = 0.02
"""More than that, and hardly a session lasts."""
BODY = bytes([FrameType.BODY])


class Adversary:
    """See the module.

    Args:
        chance: of the world.
        armed: what it does in this world: `replay`, `reflect`, `cross`, `forge`.
        count: told of what it did.
        often: its chance at each frame, for each thing that it does.
    """

    def __init__(
        self, chance: Random, armed: frozenset[str], count: Callable[[str], None], *, often: float = OFTEN
    ) -> None:
        self._chance = chance
        self._armed = sorted(armed & WHAT)
        self._count = count
        self._often = often
        self._seen: dict[tuple[str, str], list[bytes]] = {}
        self._foreign: dict[tuple[str, str], dict[bytes, str]] = {}

    def foreign(self, here: str, there: str, data: bytes) -> str | None:
        """What a frame that came from `there` to `here` is, if `there` never sent it on that channel.

        A body that fits is the right one, whoever sent it: both logs begin with the same agreement.
        """
        if not self._foreign:
            return None
        what = self._foreign.get((here, there), {}).get(data)
        return None if what is None or data[1:2] == BODY else what

    def _plant(self, here: str, there: str, data: bytes, what: str) -> bytes:
        self._count(f"adversary {what}")
        planted = self._foreign.setdefault((there, here), {})
        planted[data] = what
        if len(planted) > KEPT:
            del planted[next(iter(planted))]
        return data

    def send(self, here: str, there: str, data: bytes) -> Sequence[bytes]:
        """A node sends a frame; gives what travels."""
        if not self._armed:
            return (data,)
        chance = self._chance
        seen = self._seen.setdefault((here, there), [])
        travels = [data]
        # One chance for all that it does, which it does one at a time.
        does = int(chance.random() / self._often)
        what = self._armed[does] if does < len(self._armed) else ""
        if what == "replay" and seen:
            # An old frame of the same type in its place is what does most harm.
            alike = [frame for frame in seen if frame[1:2] == data[1:2]] if chance.random() < 0.5 else []
            travels.insert(chance.randrange(2), chance.choice(alike or seen))
            self._count("adversary replay")
        back = self._seen.get((there, here))
        if what == "reflect" and back:
            travels.append(self._plant(here, there, chance.choice(back), "reflect"))
        if what == "cross":
            others = [frames for (a, b), frames in self._seen.items() if {a, b} != {here, there}]
            if others:
                travels.append(self._plant(here, there, chance.choice(chance.choice(others)), "cross"))
        if what == "forge":
            travels[-1] = self._plant(here, there, self._changed(travels[-1]), "forge")
        if len(seen) < KEPT:
            seen.append(data)
        else:
            seen[int(chance.random() * KEPT)] = data
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
                return data + data[: where + 1]
