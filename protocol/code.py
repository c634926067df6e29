"""Code: one named condition, with its severity and its texts.

The tables are in the modules `codes_*`; protocol/codes.py joins them.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "alarm", "refuted", "error", "unchecked"]
_EXITS = {"refuted": 1, "error": 3, "unchecked": 3}

DONE, REFUTED, MISUSED, COULD_NOT, WAITING = 0, 1, 2, 3, 4
"""Exit statuses: done or verified, refuted or refused, misused, could not, waiting for signatures."""


@dataclass(frozen=True, slots=True)
class Code:
    """One named condition.

    Attributes:
        name: short kebab-case name, stable between releases.
        severity: info, warning, alarm, refuted, error or unchecked.
        text: one clause, as in a list of findings.
        means: one or two sentences: what is the case, and what it does not say.
        next: one or two sentences: what to do.
        exit_status: what a command ends with when this is why it ended; None for the default of the severity.
    """

    name: str
    severity: Severity
    text: str
    means: str
    next: str
    exit_status: int | None = None

    @property
    def exit(self) -> int:
        """The exit status, the severity's default where none is given."""
        return _EXITS.get(self.severity, DONE) if self.exit_status is None else self.exit_status
