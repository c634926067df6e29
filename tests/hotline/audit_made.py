"""A case of an audit as it is made: the files, what is given to the audit, and what it must find, written by hand."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keys.quorum import RootSet
from protocol.agreement_terms import Party
from tests.builders import DOMAINS, NAMES, START_MS, make_agreement, roots
from tests.hotline.audit_vectors import Json, lay_out, outcome
from tests.vector_world import Kept, VectorWorld

FOLDERS = {"ARC": "arc", "BOR": "bor"}
ARGUMENTS = ("arc", "bor", "policy")
ALWAYS = ("14. disclosure", "contents")
"""What no audit of this version checks."""


@dataclass(kw_only=True)
class Laid:
    """One case.

    Attributes:
        files: by path; exports in `arc` and `bor`, and the auditor's policy.
        codes: of the findings, in order.
        exit: status of the command.
        not_checked: how the lines of what was not checked begin.
        base: name of a case that most of the files are the same in.
        arguments: first export, second export, policy.
        at_ms: when the audit is made, UTC milliseconds.
        error: code of the error, where the audit was misused.
    """

    files: dict[str, bytes]
    codes: tuple[str, ...] = ()
    exit: int = 0
    not_checked: tuple[str, ...] = ALWAYS
    base: str | None = "clean"
    arguments: tuple[str, str, str] = ARGUMENTS
    at_ms: int = START_MS
    error: str | None = None


@dataclass(slots=True)
class Shop:
    """What the cases are made of.

    Attributes:
        kept: signatures of earlier runs.
    """

    kept: Kept
    _clean: dict[str, bytes] = field(default_factory=dict)

    def world(self, **changes: Any) -> VectorWorld:
        """Two logs that have their beginning. One root and two persons a party keep the files small."""
        begin = changes.pop("begin", True)
        names = {party.short: party.name for party in make_agreement().parties}
        parties = tuple(
            Party(short, names[short], DOMAINS[short], RootSet(1, roots(short).keys[:1])) for short in NAMES
        )
        return VectorWorld(self.kept, begin=begin, numbers=(1,), people=2, **{"parties": parties, **changes})

    def clean(self) -> dict[str, bytes]:
        """The files of a short conversation in which nothing is wrong."""
        if not self._clean:
            self._clean.update(files_of_world(self.conversation()))
        return dict(self._clean)

    def conversation(self) -> VectorWorld:
        """A notification, a question, an answer, and both nodes' word that they hold it."""
        world = self.world()
        told = world.say("ARC", "notification")
        asked = world.say("BOR", "clarification-request", thread=told, reply=told)
        world.say("ARC", "clarification-response", thread=told, reply=asked)
        world.state("BOR", "arrival")
        world.state("ARC", "arrival")
        return world


def files_of_world(world: VectorWorld) -> dict[str, bytes]:
    """The exports of both voices, and a policy beside them."""
    files = {f"{FOLDERS[party]}/{name}": data for party in NAMES for name, data in world.files(party).items()}
    return {**files, "policy": world.policy("ARC")}


def write_case(
    what: str, laid: Laid, bases: dict[str, dict[str, bytes]], found: Json | None = None
) -> tuple[Json, dict[str, bytes]]:
    """A case with what the audit finds, and the files that are not those of its base.

    Args:
        what: was done.
        laid: the case.
        bases: the files of the cases before.
        found: what is found, where that is known.

    Raises:
        AssertionError: what is found is not what was written down by hand.
    """
    base = {} if laid.base is None else bases[laid.base]
    case: Json = {
        "what": what,
        "base": laid.base,
        "absent": sorted(base.keys() - laid.files.keys()),
        "arguments": list(laid.arguments),
        "at_ms": laid.at_ms,
    }
    if found is None:
        with TemporaryDirectory() as directory:
            lay_out(Path(directory), laid.files)
            found = outcome(case, Path(directory))
    case["expected"] = found
    if laid.error is not None:
        assert found == {"exit": laid.exit, "error": laid.error}, found
    else:
        codes = tuple(code for code, _, _ in found["findings"])
        assert (found["exit"], codes, tuple(found["not_checked"])) == (laid.exit, laid.codes, laid.not_checked), found
    return case, {name: data for name, data in laid.files.items() if base.get(name) != data}
