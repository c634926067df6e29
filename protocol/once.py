"""Alarms that are raised once, until their cause has gone."""

from collections.abc import Mapping

from protocol.effects import Alarm, Effect


class Once:
    """What was told already, by code."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, code: str, text: str, evidence: Mapping[str, bytes]) -> list[Effect]:
        """The alarm, the first time; nothing while its cause lasts."""
        if code in self._told:
            return []
        self._told.add(code)
        return [Alarm(code, text, evidence)]

    def gone(self, *codes: str) -> None:
        """The cause has gone; the next time is told again."""
        self._told.difference_update(codes)
