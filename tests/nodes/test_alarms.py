"""Alarms: what is told again too soon is not listed anew, and what is over is not shown as if it went on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from nodes.alarms import ALARM_AGAIN_MS, Alarms
from nodes.clock import SteadyClock
from protocol.effects import Instant


class Listed:
    """Alarms with a clock that is set."""

    def __init__(self, folder: Path) -> None:
        self.at_ms = 1
        clock = SteadyClock(0, lambda: Instant(wall_ms=self.at_ms, mono_ms=self.at_ms))
        log = structlog.get_logger()
        pool = ThreadPoolExecutor(1)
        self.alarms = Alarms(folder=folder, clock=clock, executor=pool, log=log, changed=lambda: None)

    def over(self) -> list[tuple[str, int | None]]:
        """Code and end of each that is listed."""
        return [(one["code"], one["over_ms"]) for one in self.alarms]


def test_keys_that_are_back_end_the_alarm_that_they_were_away(tmp_path: Path) -> None:
    """However often it was told; another alarm goes on. Away again within a minute, it is not over, and back it is."""
    listed = Listed(tmp_path)
    tell = listed.alarms.tell
    tell("fork", "two logs")
    tell("keys-away", "no token")
    tell("keys-away", "no signer")
    assert listed.over() == [("fork", None), ("keys-away", None), ("keys-away", None)]
    listed.at_ms = 5
    tell("keys-back", "there")
    assert listed.over() == [("fork", None), ("keys-away", 5), ("keys-away", 5), ("keys-back", 5)]
    listed.at_ms = 6
    tell("keys-away", "no signer")
    assert listed.over() == [("fork", None), ("keys-away", 5), ("keys-away", None), ("keys-back", 5)]
    listed.at_ms = 7
    tell("keys-back", "there")
    assert listed.over() == [("fork", None), ("keys-away", 5), ("keys-away", 7), ("keys-back", 5)]
    listed.at_ms += ALARM_AGAIN_MS
    tell("keys-away", "no signer")
    assert listed.over()[-1] == ("keys-away", None)
    assert listed.alarms.counts == {"fork": 1, "keys-away": 3, "keys-back": 1}
