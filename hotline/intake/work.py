"""Taking reports in: each is new, known, changed, alike another one, refused, or left for later.

Source: spec/intake.md, "Twice" and "What becomes of a report".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from hotline.composing import Letter
from hotline.intake.drafting import letter_of
from hotline.intake.ledger import KEPT, TRYING, Ledger
from hotline.intake.reading import Found
from hotline.intake.report import Report, ReportRefused, marks
from protocol.kinds import Catalogue

NEW, KNOWN, CHANGED, ALIKE, REFUSED, LEFT = "new", "known", "changed", "alike", "refused", "left"
STATES = (NEW, KNOWN, CHANGED, ALIKE, REFUSED, LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one report.

    Attributes:
        source: how it is called.
        state: one of `STATES`.
        reason: why it is no new draft; empty for a new one.
        draft: id of its draft, or empty.
        letter: what the draft says; None where it was not made.
        notes: what was not taken over.
    """

    source: str
    state: str
    reason: str = ""
    draft: str = ""
    letter: Letter | None = None
    notes: tuple[str, ...] = ()


class Full(Exception):
    """There is no room for more drafts now; the text says why."""


class Drafts(Protocol):
    """Where drafts go."""

    def make(self, letter: Letter) -> str:
        """Compose the draft of a letter; gives its id.

        Raises:
            ReportRefused: it cannot be a statement, such as one that is too large.
        """

    def put(self, statement: str) -> None:
        """Hand the draft over that was made.

        Raises:
            ReportRefused: it is not taken.
            Full: there is no room.
        """

    def has(self, statement: str) -> bool:
        """Whether the draft is there, or went further."""


def take_in(
    found: Iterable[Found],
    ledger: Ledger,
    catalogue: Catalogue,
    *,
    drafts: Drafts | None,
    again: bool,
    now_ms: Callable[[], int],
) -> Iterator[Taken]:
    """Take reports in, one after the other.

    Args:
        found: reports with their names.
        ledger: what was taken in before; grows.
        catalogue: of the channel.
        drafts: where they go; None to look only.
        again: whether one that changed, or is like another, is put in as well.
        now_ms: UTC milliseconds.
    """
    full = ""
    for name, report in found:
        if isinstance(report, ReportRefused):
            yield Taken(source=name, state=REFUSED, reason=str(report))
            continue
        try:
            letter = letter_of(report, catalogue, now_ms=now_ms())
            alike = marks(report, letter.values)
            if (known := _known(report, alike, ledger, drafts, again=again)) is not None:
                yield known
                continue
            if full:
                raise Full(full)
            statement = "" if drafts is None else drafts.make(letter)
            ledger.note(report, alike, statement=statement, state=TRYING, at_ms=now_ms())
            if drafts is not None:
                drafts.put(statement)
                ledger.note(report, alike, statement=statement, state=KEPT, at_ms=now_ms())
        except ReportRefused as error:
            yield Taken(source=report.source_id, state=REFUSED, reason=str(error), notes=report.notes)
        except Full as error:
            full = str(error)
            yield Taken(source=report.source_id, state=LEFT, reason=full)
        else:
            yield Taken(source=report.source_id, state=NEW, draft=statement, letter=letter, notes=report.notes)


def _known(report: Report, alike: Iterable[str], ledger: Ledger, drafts: Drafts | None, *, again: bool) -> Taken | None:
    """What is to be said of a report that is no new one."""
    line = ledger.known(report)
    if line is not None and (line.state == KEPT or drafts is None or drafts.has(line.statement)):
        if line.digest == report.digest:
            return Taken(source=report.source_id, state=KNOWN, reason="taken in before", draft=line.statement)
        if not again:
            reason = "taken in before, and reported otherwise now; --again puts it in once more"
            return Taken(source=report.source_id, state=CHANGED, reason=reason, draft=line.statement)
        return None
    if line is None and not again and (other := ledger.alike(report, alike)) is not None:
        reason = f"seems to be the incident of {other}; --again puts it in as well"
        return Taken(source=report.source_id, state=ALIKE, reason=reason)
    return None
