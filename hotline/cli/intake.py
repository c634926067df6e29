"""`hotline intake`: reports become drafts of the party's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import HotlineError, Misused

if TYPE_CHECKING:
    from hotline.desk import Channel, Desk
    from hotline.intake.ledger import Ledger
    from hotline.intake.reading import Reading
    from hotline.intake.work import Taken
    from hotline.output import Output
    from protocol.compose import Composed
    from protocol.kinds import Catalogue

REFUSED, WAITING = 1, 4
TELL_EVERY = 50
TIMEOUT_S = 30.0


@click.command("intake")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--to", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--dry-run", is_flag=True, help="Show what would be put in. Nothing is kept; needs no home and no node.")
@click.option("--again", is_flag=True, help="Put in also what changed since, and what seems to be known.")
@common_options
@click.pass_context
def intake_command(
    context: click.Context, files: tuple[str, ...], counterpart: str | None, dry_run: bool, again: bool
) -> int:
    """Take in reports as drafts that persons sign, refuse, or leave: nothing is sent.

    FILE is a STIX 2.1 bundle, a list of VERIS incidents, or reports in Hotline's own form (docs/intake.md). Class,
    sector, severity, techniques, times and sources are filled in by tables; what could not be taken over is said in
    the draft and below. The same report is taken in once, however often it comes; one that changed, or that seems to be
    the incident of another, is listed and not put in.

    Exit status: 4 where drafts wait, 1 where a report could not be read (the others went in), 0 where nothing is new.

    \b
    Examples:
      hotline --home ARC intake report.json --to BOR
      hotline intake bundle.json --dry-run
      hotline --home ARC intake feed/*.json --json
    """
    from hotline.intake import reading
    from nodes.files import read_file

    settings = settings_of(context)
    read = [(name, reading.read(read_file(Path(name), bytes_max=reading.FILE_BYTES_MAX), where=name)) for name in files]
    if dry_run:
        from hotline.intake.ledger import Ledger
        from nodes.resources import catalogue

        taken = list(_told(settings.output, read, _take(read, Ledger(), catalogue(), None, again=again)))
        return _show(settings.output, read, taken, counterpart or "", dry_run=True)
    with open_desk(settings) as (desk, officers):
        channel = desk.channel(counterpart)
        with _ledger(officers[0].home.path, channel.counterpart) as ledger:
            drafts = NodeDrafts(desk, channel)
            works = _take(read, ledger, channel.catalogue, drafts, again=again)
            taken = list(_told(settings.output, read, works))
    return _show(settings.output, read, taken, channel.counterpart, dry_run=False)


@contextmanager
def _ledger(home: Path, counterpart: str) -> Iterator[Ledger]:
    from hotline.intake.ledger import Ledger

    with Ledger.open(home / f"intake-{counterpart}.jsonl") as ledger:
        yield ledger


def _take(
    read: Sequence[tuple[str, Reading]],
    ledger: Ledger,
    catalogue: Catalogue,
    drafts: NodeDrafts | None,
    *,
    again: bool,
) -> Iterator[Taken]:
    from hotline.clock import now_ms
    from hotline.intake.work import take_in

    found = [one for _, reading in read for one in reading.found]
    return take_in(found, ledger, catalogue, drafts=drafts, again=again, now_ms=now_ms)


def _told(output: Output, read: Sequence[tuple[str, Reading]], taken: Iterable[Taken]) -> Iterator[Taken]:
    """The same, with a word now and then about how far it is."""
    whole = sum(len(reading.found) for _, reading in read)
    for number, one in enumerate(taken, 1):
        if number % TELL_EVERY == 0 and number < whole:
            output.note(f"{number} of {whole} reports")
        yield one


class NodeDrafts:
    """Drafts at the node, as `send --automated` puts them there.

    Args:
        desk: connected.
        channel: verified.
    """

    def __init__(self, desk: Desk, channel: Channel) -> None:
        self._desk = desk
        self._channel = channel
        self._made: dict[str, Composed] = {}

    def make(self, letter: Any) -> str:
        """Compose the draft of a letter; see `hotline.intake.work.Drafts`."""
        from hotline.clock import now_ms
        from hotline.intake.report import ReportRefused
        from hotline.sending import Place, make
        from protocol.errors import ProtocolError

        try:
            composed = make(letter, Place(), self._channel, now_ms=now_ms())
        except (HotlineError, ProtocolError) as error:
            raise ReportRefused(str(error)) from error
        name = composed.statement.id.hex()
        self._made = {name: composed}
        return name

    def put(self, statement: str) -> None:
        """Hand it over; see `hotline.intake.work.Drafts`."""
        from hotline.intake.report import ReportRefused
        from hotline.intake.work import Full
        from hotline.sending import submit
        from nodes.errors import ApiRefused

        try:
            submit(
                self._desk,
                self._channel,
                self._made[statement],
                (),
                wait="logged",
                timeout_s=TIMEOUT_S,
                automated=True,
            )
        except ApiRefused as error:
            if error.code == "too-many-drafts":
                raise Full("as many drafts wait as there is room for; run it again once some are decided") from error
            if error.code in {"disk-full", "too-busy", "node-not-running"}:
                raise
            raise ReportRefused(f"{error.code}: {error.text}") from error

    def has(self, statement: str) -> bool:
        """Whether the node has it; see `hotline.intake.work.Drafts`."""
        from nodes.errors import ApiRefused

        try:
            self._desk.request("wait", counterpart=self._channel.counterpart, id=statement)
        except ApiRefused as error:
            if error.code == "no-such-statement":
                return False
            raise
        return True


def _show(
    output: Output, read: Sequence[tuple[str, Reading]], taken: Sequence[Taken], counterpart: str, *, dry_run: bool
) -> int:
    """Show what became of each, and give the exit status."""
    from hotline.intake.work import NEW, STATES
    from hotline.intake.work import REFUSED as COULD_NOT_READ
    from hotline.output import counted, table
    from hotline.printable import printable

    if not any(reading.found or reading.passed_over for _, reading in read):
        raise Misused("no-reports", "the files hold no reports")
    counts = Counter(one.state for one in taken)
    passed: Counter[str] = Counter()
    for _, reading in read:
        passed.update(reading.passed_over)
    rows = []
    for one in taken:
        what = one.reason
        if one.letter is not None:
            what = f"severity {one.letter.choices.severity}  {one.letter.values.get('title', '')}"
        rows.append((one.state, printable(one.source), one.draft[:8], printable(what)))
        rows += [("", "", "", f"note: {printable(note)}") for note in one.notes]
    said = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]) or "nothing"
    lines = [*table(rows), "", f"{counted(len(taken), 'report')}: {said}."]
    if passed:
        each = ", ".join(f"{count} {kind}" for kind, count in passed.items())
        lines.append(f"Beside the reports there were {printable(each)}: used where a report leads to them.")
    if counts[NEW] and not dry_run:
        lines.append("They wait for persons: `hotline drafts` shows them, `hotline sign` signs one, --refuse refuses.")
    output.result(
        {
            "counterpart": counterpart or None,
            "dry_run": dry_run,
            "counts": {state: counts[state] for state in STATES},
            "passed_over": dict(passed),
            "reports": [_shown(one) for one in taken],
        },
        lines,
    )
    if counts[COULD_NOT_READ]:
        return REFUSED
    return WAITING if counts[NEW] and not dry_run else 0


def _shown(one: Taken) -> dict[str, Any]:
    letter = one.letter
    return {
        "source": one.source,
        "state": one.state,
        "reason": one.reason or None,
        "draft": one.draft or None,
        "severity": None if letter is None else letter.choices.severity,
        "precedence": None if letter is None else letter.choices.precedence,
        "fields": None if letter is None else letter.values,
        "notes": list(one.notes),
    }
