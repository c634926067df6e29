"""What can be wrong with a scenario: the script itself, or what came of it.

Both name the file and the step, because somebody has to go and look there.
"""

from __future__ import annotations


class ScenarioError(Exception):
    """Something about a scenario.

    Attributes:
        scenario: its name.
        step: number of the step, from 1; 0 for the scenario as a whole.
        text: what is wrong, one clause.
    """

    def __init__(self, scenario: str, step: int, text: str) -> None:
        super().__init__(scenario, step, text)
        self.scenario = scenario
        self.step = step
        self.text = text

    def __str__(self) -> str:
        where = f"{self.scenario}.toml" + (f", step {self.step}" if self.step else "")
        return f"{where}: {self.text}"


class Misspelt(ScenarioError):
    """The script says something that scenarios do not have."""


class Differs(ScenarioError):
    """Something came out otherwise than the script expects."""
