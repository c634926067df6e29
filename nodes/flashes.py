"""Flashes that nobody on the other side of them has acknowledged yet, counted without reading the whole log.

Flashes are few, and most are settled. What is settled from the beginning on is never looked at again, and of the rest
the first ones are, up to a number.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from nodes.docket_views import DocketViews

LOOKED_AT_MAX = 256
"""Flashes of one voice that are looked at in one count."""

_DONE = ("acknowledged", "answered")


class Flashes:
    """The flashes of one channel. For one thread at a time.

    Args:
        views: what is known of its entries.

    Attributes:
        reached: by voice, the index below which every flash is settled, as far as was looked.
    """

    def __init__(self, views: DocketViews) -> None:
        self._views = views
        store = views.store
        self.reached = {store.own: 0, store.their: 0}

    def unacknowledged(self) -> Counter[tuple[str, str]]:
        """Count them by voice and status; an exercise is no actual one."""
        found: Counter[tuple[str, str]] = Counter()
        for voice in self.reached:
            self._count(voice, found)
        return found

    def _count(self, voice: str, found: Counter[tuple[str, str]]) -> None:
        store = self._views.store
        ahead = [index for index in store.ahead_indexes() if voice == store.their]
        settled = True
        for index in [*store.flash_from(voice, self.reached[voice], LOOKED_AT_MAX), *ahead]:
            view = self._views.entry(voice, index)
            if view is not None and _is_settled(view):
                if settled:
                    self.reached[voice] = index + 1
                continue
            settled = False
            if view is not None and view["status"] is not None:
                found[voice, view["status"]] += 1


def _is_settled(view: dict[str, Any]) -> bool:
    """Whether nobody has to acknowledge it any more, or ever had to."""
    judged = view["ahead"] is None
    return bool(judged and (not view["effective"] or view["state"] == "retracted" or view["rung"] in _DONE))
