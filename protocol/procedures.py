"""Procedures: how what was said moves on by what is said of it, read from data.

Two tables, `procedures.toml` of the catalogue:

- a *start* says in which state a statement of a procedure and step begins, and whether it is in force from there;
- a *move* says what a statement of a step does to the statement it names: whose it must be, in which states that must
  be, in which state it is then, and what else follows.

A kind names its procedure and its step. What a statement does to the one that it names in `in_reply_to` follows from
the procedure of that one, the step, whose it is, and its state; nothing in the program names a kind. Catalogues older
than the tables are folded by tables of their own, `EARLIER`, in the same way.

Source: spec/docket.md, "Procedures".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from protocol.catalogue_table import CatalogueRefused, Table

MOVED: Final = ("notice", "request", "proposal", "declaration")
"""The procedures that have states."""

VOICES: Final = ("own", "other", "either")

SAID: Final = "said"
"""The state in which every statement begins that the tables do not start: an answer, an acceptance, a greeting."""

EVERY: Final = "*"

STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "notice": ("made", "updated", "corrected", "retracted", SAID),
    "request": ("open", "held", "answered", "partly", "not-known", "declined", "corrected", "retracted", SAID),
    "proposal": (
        "proposed", "held", "accepted", "partly", "objected", "in-force", "imposed", "suspended", "ended", "withdrawn",
        "corrected", "retracted", SAID,
    ),
    "declaration": ("declared", "understood", "renewed", "withdrawn", "corrected", "retracted", SAID),
}  # fmt: skip
"""The states of each procedure. *Lapsed* is none of them: it follows from a time (`protocol.standing`)."""

FLAGS: Final = ("by_outcome", "settles", "starts", "ends", "suspends", "resumes", "renews", "reviews", "agreed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How statements of a procedure and step begin.

    Attributes:
        procedure, step: which.
        state: the state they begin in.
        starts: they are in force from their place in home order; otherwise a move puts them in force.
    """

    procedure: str
    step: str
    state: str
    starts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a statement of a step does to one that it names.

    Attributes:
        procedure: of the statement named.
        step: of the statement that names it.
        by: own where both are of one voice, other where they are not, either where it does not matter.
        origin: the states in which the one named must be.
        to: the state it is in afterwards; empty for the one it was in.
        times: how often it counts for one statement; 0 for any number.
        on_opener: it acts on the statement that opened the thread, whatever it names.
        by_outcome: the state is the header's outcome, where there is one.
        settles: it is the answer that was owed.
        starts: the statement is in force from here.
        ends: it is in force no more.
        suspends: it is in force no more until it is resumed.
        resumes: it is in force again.
        renews: the `valid_until` of the statement that moves it is its end now.
        reviews: its review is done, and the next one is due an interval later.
        agreed: it moves only where the other party accepts the statement that says so.
    """

    procedure: str
    step: str
    by: str
    origin: frozenset[str]
    to: str = ""
    times: int = 0
    on_opener: bool = False
    by_outcome: bool = False
    settles: bool = False
    starts: bool = False
    ends: bool = False
    suspends: bool = False
    resumes: bool = False
    renews: bool = False
    reviews: bool = False
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Procedures:
    """The tables.

    Attributes:
        begin: every start.
        moves: every move. Of those that fit a statement, the first one counts.
    """

    begin: tuple[Start, ...]
    moves: tuple[Move, ...]
    _begin: dict[tuple[str, str], Start] = field(init=False, repr=False, compare=False)
    _moves: dict[tuple[str, str, bool], tuple[Move, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_begin", {(one.procedure, one.step): one for one in self.begin})
        found: dict[tuple[str, str, bool], tuple[Move, ...]] = {}
        for one in self.moves:
            for own in (True, False):
                if one.by == "either" or (one.by == "own") == own:
                    key = (one.procedure, one.step, own)
                    found[key] = (*found.get(key, ()), one)
        object.__setattr__(self, "_moves", found)

    def start(self, procedure: str, step: str) -> Start | None:
        """How a statement of this procedure and step begins; None for one that only moves another."""
        return self._begin.get((procedure, step))

    def of(self, procedure: str, step: str, *, own: bool) -> tuple[Move, ...]:
        """The moves of a statement of this step on one of that procedure; `own` where both are of one voice."""
        return self._moves.get((procedure, step, own), ())

    def steps(self, procedure: str) -> frozenset[str]:
        """The steps that kinds of a procedure may have."""
        starts = {one.step for one in self.begin if one.procedure == procedure}
        return frozenset(starts | {one.step for one in self.moves if one.procedure == procedure} | {SAID})


def read_procedures(values: Mapping[str, object], where: str = "procedures.toml") -> Procedures:
    """Read the tables.

    Args:
        values: the file as TOML gave it.
        where: its name, for errors.

    Returns:
        The tables.

    Raises:
        CatalogueRefused: a name, state or step that is not known, or two starts of one step.
    """
    table = Table(where, values)
    begin = tuple(_start(row) for row in table.tables("start"))
    moves = tuple(_move(row) for row in table.tables("move"))
    table.done()
    if len({(one.procedure, one.step) for one in begin}) < len(begin):
        raise CatalogueRefused(where, "starts a step twice")
    return Procedures(begin, moves)


def _start(row: Table) -> Start:
    procedure = row.one_of("procedure", MOVED)
    made = Start(
        procedure=procedure,
        step=row.text("step"),
        state=row.one_of("state", STATES[procedure]),
        starts=row.flag("starts"),
    )
    row.done()
    return made


def _move(row: Table) -> Move:
    procedure = row.one_of("procedure", MOVED)
    known = STATES[procedure]
    named = row.texts("from")
    origin = _states(named, known)
    if not named or not origin <= set(known):
        raise row.refuse("from names a state that the procedure does not have")
    made = Move(
        procedure=procedure,
        step=row.text("step"),
        by=row.one_of("by", VOICES),
        origin=origin,
        to=row.one_of("to", ("", *known), ""),
        times=row.number("times", 0),
        on_opener=row.flag("on_opener"),
        **{name: row.flag(name) for name in FLAGS},
    )
    row.done()
    return made


def _states(named: Sequence[str], known: Sequence[str]) -> frozenset[str]:
    return frozenset(known if tuple(named) == (EVERY,) else named)


def _earlier() -> Procedures:
    every = frozenset(state for states in STATES.values() for state in states)
    standing, running = every - {"retracted"}, frozenset({"open", "held"})
    corrigible = frozenset({"made", "updated", "corrected", SAID})
    begin = [
        Start(procedure="notice", step=step, state="made") for step in ("made", "updated", "corrected", "retracted")
    ]
    moves = []
    for procedure in ("notice", "request"):
        moves += [
            Move(procedure=procedure, step="updated", by="own", origin=standing, to="updated", on_opener=True),
            Move(procedure=procedure, step="corrected", by="own", origin=corrigible, to="corrected"),
            Move(procedure=procedure, step="retracted", by="own", origin=standing, to="retracted"),
        ]
    begin.append(Start(procedure="request", step="asked", state="open"))
    fuller = running | {"partly", "declined", "not-known"}
    moves += [
        Move(procedure="request", step="held", by="other", origin=running, to="held", times=2),
        Move(
            procedure="request",
            step="answered",
            by="other",
            origin=fuller,
            to="answered",
            by_outcome=True,
            settles=True,
        ),
        Move(procedure="request", step="acknowledged", by="other", origin=running, to="answered", settles=True),
        Move(procedure="request", step="declined", by="other", origin=running, to="declined", settles=True),
    ]
    return Procedures(tuple(begin), tuple(moves))


EARLIER: Final = _earlier()
"""The tables of catalogues that have none of their own: notices and requests alone."""
