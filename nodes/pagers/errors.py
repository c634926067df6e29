"""Why a pager was not reached."""

from __future__ import annotations


class PagerFailed(Exception):
    """A call did not arrive, as far as this node can know.

    Attributes:
        text: why, in few words, without addresses or secrets.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
