"""Running the demonstration from an empty directory to the audit's verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.demo import checks, evidence, script
from hotline.demo.cast import Desks
from hotline.demo.checks import Check
from hotline.demo.play import Play
from hotline.demo.processes import NodeProcess, stop
from hotline.demo.rules import ARC, BOR, OFFICERS
from hotline.demo.stage import Side, new_directory, officers, pair, set_stage, write_policy
from hotline.demo.transcript import Transcript
from hotline.incidents import Incident, load_incidents
from hotline.output import counted
from nodes.errors import ApiRefused
from nodes.files import write_file
from nodes.resources import catalogue
from protocol.agreement import DEMONSTRATION

FINDINGS_SHOWN = 8
ENDING_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How the demonstration came out.

    Attributes:
        directory: where everything is.
        count: incidents told.
        statements: said by people.
        held: of those, held by the other side.
        entries: in both logs together, with those that the nodes logged themselves.
        verdict: of the audit.
        checks: all of them.
        seconds: it took.
    """

    directory: Path
    count: int
    statements: int
    held: int
    entries: int
    verdict: str
    checks: tuple[Check, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return all(one.ok for one in self.checks)

    def as_dict(self) -> dict[str, object]:
        """Give the result as `--json` shows it."""
        return {
            "dir": str(self.directory),
            "purpose": DEMONSTRATION,
            "parties": [ARC.short, BOR.short],
            "count": self.count,
            "statements": self.statements,
            "held": self.held,
            "entries": self.entries,
            "verdict": self.verdict,
            "ok": self.ok,
            "checks": [{"name": one.name, "ok": one.ok, "text": one.text} for one in self.checks],
            "policy": str(self.directory / "policy"),
            "exports": [str(self.directory / "exports" / actor.short) for actor in (ARC, BOR)],
            "seconds": round(self.seconds, 1),
        }


def run(directory: Path, *, count: int, transcript: Transcript) -> Result:
    """Run the demonstration.

    Args:
        directory: where the homes go; must not exist.
        count: how many incidents; more than the record has gives all.
        transcript: told what happens.

    Returns:
        How it came out, whether or not every check held.

    Raises:
        Refused: the directory exists.
        CouldNot: a node ended by itself, or something did not come in time.
        KeyboardInterrupt: somebody interrupted it; the nodes are stopped.
    """
    begun = time.monotonic()
    incidents = script.choose(load_incidents(), count)
    events = script.build(incidents, catalogue())
    new_directory(directory)
    transcript.head(_head(directory, incidents))
    sides = set_stage(directory)
    transcript.note("homes", f"each party has 3 root keys, a node and the officers {', '.join(OFFICERS)}")
    paired = pair(directory, *sides)
    transcript.note(
        "pairing", "offer, answer and confirmation handed over as files; both sides read out the same words:"
    )
    transcript.note("", " ".join(paired.words))
    policy = write_policy(directory, *sides)
    play = Play(
        nodes={side.actor.short: NodeProcess(side) for side in sides},
        desks={side.actor.short: Desks(side, {}) for side in sides},
        transcript=transcript,
    )
    found: list[Check] = [Check("paired", paired.complete, "the safety words of both sides are the same")]
    with _running(play, sides):
        play.perform(events)
        settled = checks.settle(play)
        found += checks.check_statements(play, events, incidents)
        found += checks.check_events(play, events, settled)
        said = list(play.said.values())
        receipts = evidence.write_receipts(directory, play.desks, said)
        transcript.note("line", f"at rest: ARC {settled.sizes['ARC']} and BOR {settled.sizes['BOR']} entries, all held")
        statuses = _close(play)
    ends = [f"{short}: {status}" for short, status in zip(play.nodes, statuses, strict=True) if status != 0]
    found.append(Check("nodes-stopped", not ends, "; ".join(ends) or "both nodes ended cleanly"))
    transcript.note("nodes", "both are stopped")
    found.append(checks.check_dockets(sides, settled))
    found.append(evidence.check_receipts(receipts, policy))
    found.append(evidence.export_voices(directory, sides))
    audit, verdict = evidence.audit(directory, sides, policy)
    found.append(verdict)
    for one in audit.findings[:FINDINGS_SHOWN]:
        transcript.note("audit", f"{one.get('severity')} {one.get('code')}, {one.get('where')}: {one.get('text')}")
    result = Result(
        directory=directory,
        count=len(incidents),
        statements=len(said),
        held=sum(one.outcome["state"] == "held" for one in said),
        entries=sum(settled.sizes.values()),
        verdict=audit.verdict,
        checks=tuple(found),
        seconds=time.monotonic() - begun,
    )
    for check in found:
        transcript.check(check.name, check.ok, check.text)
    transcript.tail(_tail(result))
    write_file(directory / "transcript.txt", "\n".join([*transcript.lines, ""]).encode())
    return result


def _close(play: Play) -> list[int | None]:
    for desks in play.desks.values():
        desks.close()
    return stop(list(play.nodes.values()))


@contextmanager
def _running(play: Play, sides: Sequence[Side]) -> Iterator[None]:
    """Both nodes up and all desks open; whatever happens, no node is left behind."""
    transcript = play.transcript
    try:
        for node in play.nodes.values():
            node.start()
        # While the nodes open their keys, the officers open theirs.
        for side in sides:
            play.desks[side.actor.short].officers = officers(side)
        for node in play.nodes.values():
            node.wait_up()
            at = f"127.0.0.1:{node.side.port}, process {node.pid}"
            transcript.note("node", f"{node.side.actor.name}'s node runs ({at}); its line is up", "green")
        for desks in play.desks.values():
            desks.open()
        yield
    except ApiRefused:
        # A node that has ended explains better than an answer that did not come; it may be ending just now.
        time.sleep(ENDING_S)
        try:
            play.check_alive()
        finally:
            _close(play)
        raise
    except KeyboardInterrupt:
        _close(play)
        transcript.note("interrupted", "both nodes are stopped; the directory is left as it is", "yellow")
        raise
    except BaseException:
        _close(play)
        raise


def _head(directory: Path, incidents: Sequence[Incident]) -> list[str]:
    parties = f"{ARC.name} ({ARC.short}) and {BOR.name} ({BOR.short})"
    span = " to ".join(dict.fromkeys((incidents[0].last_seen, incidents[-1].last_seen)))
    return [
        f"{parties} tell each other of {counted(len(incidents), 'past incident')}, {span}, in {directory}.",
        "Statements are of now, the incidents' dates are theirs; from MITRE ATT&CK v18.1 and VERIS Community Database.",
    ]


def _tail(result: Result) -> list[str]:
    failed = [one.name for one in result.checks if not one.ok]
    home, exports = result.directory / ARC.short, result.directory / "exports"
    outcome = f"failed: {', '.join(failed)}" if failed else "every check held"
    said = f"{counted(result.count, 'incident')}, {result.statements} statements, {result.held} of them held"
    return [
        f"{said}; {result.entries} entries in two logs; {result.seconds:.1f} s.",
        f"Audit: {result.verdict}. {len(result.checks)} checks: {outcome}.",
        f"The auditor's report: {result.directory / evidence.REPORT}",
        f"Next: hotline --home {home} --passphrase-file {home / 'passphrase'} --no-input node run",
        f"      hotline audit {exports / ARC.short} {exports / BOR.short} --policy {result.directory / 'policy'}",
    ]
