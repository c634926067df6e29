"""Scenarios between two real nodes, many at once on one line, under agreements whose days pass in seconds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from hotline.scenarios.live import Live
from hotline.scenarios.paired import Paired
from hotline.scenarios.play import Play
from hotline.scenarios.scenario import Scenario
from hotline.scenarios.shelf import scenario

OF_DAYS = (
    "clarification-held",
    "clarification-not-known",
    "clarification-partly",
    "notification-retracted",
    "notification-updated",
    "disclosure-withheld",
)
"""Requests, notices and proposals of hours and days, played so that a day takes six seconds."""
DAY_S = 6.0

OF_WEEKS = (
    "agreement-talk",
    "delegation",
    "intermediary",
    "measure-objected",
    "observer",
    "step-lapses",
)
"""Proposals and declarations of weeks, played so that a month takes six seconds."""
MONTH_S = 6.0


def play_together(directory: Path, names: tuple[str, ...], pace: float) -> None:
    """Play scenarios side by side on one line, under one agreement, and have all of it audited."""
    scenarios = [scenario(name) for name in names]
    assert not any(one.agreement for one in scenarios)
    with Paired(directory, scenarios, pace) as paired:

        def play(one: Scenario) -> None:
            with closing(Live(paired)) as stage:
                Play(one, stage).perform()

        with ThreadPoolExecutor(len(scenarios)) as pool:
            for played in [pool.submit(play, one) for one in scenarios]:
                played.result()
        assert paired.audit().verdict == "verified"


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(180)
def test_scenarios_of_days_come_out_between_two_processes(tmp_path: Path) -> None:
    """What came out in virtual time comes out between two processes, six conversations at once."""
    play_together(tmp_path / "days", OF_DAYS, 86_400 / DAY_S)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(180)
def test_scenarios_of_weeks_come_out_between_two_processes(tmp_path: Path) -> None:
    """And so do measures and mandates that end or lapse, and declarations, by the same program."""
    play_together(tmp_path / "weeks", OF_WEEKS, 30 * 86_400 / MONTH_S)
