"""What the people's side can refuse, and the exit status each means.

HotlineError
├── Refused          what was asked is refused, or evidence does not hold     exit 1
├── Misused          the command was asked for something that makes no sense  exit 2
└── CouldNot         something needed is absent, closed or unreachable        exit 3
"""

from __future__ import annotations


class HotlineError(Exception):
    """A command ends here.

    Attributes:
        code: kebab-case, declared in `protocol.codes`.
        text: one sentence for a person.
        status: exit status of the process.
        next_step: what to do here, where that is not what `hotline explain` says of the code; else None.
    """

    status = 3

    def __init__(self, code: str, text: str, *, next_step: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.next_step = next_step


class Refused(HotlineError):
    """What was asked is refused, or what was shown does not hold."""

    status = 1


class Misused(HotlineError):
    """The request itself is wrong."""

    status = 2


class CouldNot(HotlineError):
    """Something that the request needs is not there."""

    status = 3
