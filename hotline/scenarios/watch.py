"""Playing a scenario for people to watch, from an empty directory to the audit's verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from hotline.demo.transcript import Transcript
from hotline.scenarios.errors import Differs
from hotline.scenarios.live import Live
from hotline.scenarios.paired import Paired, pace_of
from hotline.scenarios.play import Play, Said
from hotline.scenarios.scenario import PARTIES, Scenario, Step
from hotline.zulu import duration
from nodes.files import write_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How it came out.

    Attributes:
        scenario: its name.
        directory: where everything is.
        ok: whether every expectation was met.
        text: what came out otherwise; empty where nothing did.
        verdict: of the audit; `none` where it did not come so far.
        expected: sentences that were true.
        seconds: it took.
    """

    scenario: str
    directory: Path
    ok: bool
    text: str
    verdict: str
    expected: int
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """Give it as `--json` shows it."""
        return {
            "scenario": self.scenario,
            "dir": str(self.directory),
            "ok": self.ok,
            "text": self.text,
            "verdict": self.verdict,
            "expected": self.expected,
            "policy": str(self.directory / "policy"),
            "exports": [str(self.directory / "exports" / party) for party in PARTIES],
            "seconds": round(self.seconds, 1),
        }


class Telling:
    """Tells a transcript what happens; see `hotline.scenarios.play.Teller`."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.expectations = 0

    def step(self, step: Step, text: str, said: Said | None) -> None:
        """See Teller."""
        when = f"+{duration(step.at_ms)}"
        if said is None or step.verb not in {"send", "draft", "forge"}:
            self.transcript.note(step.verb, f"{when}  {step.party} {text}".replace("  ", " "))
            return
        header = said.statement
        facts = [when] + ([f"waits for {', '.join(said.outcome['missing'])}"] if said.outcome.get("missing") else [])
        self.transcript.said(
            voice=step.party,
            serial=str(said.outcome.get("serial") or said.outcome["state"]),
            precedence=header.precedence,
            label=text.rsplit(" ", 2)[0] if said.index is not None else text,
            text=_words(step),
            facts=facts,
            more=[f"answers {step.to}"] if step.to else (),
        )

    def expected(self, sentence: str) -> None:
        """See Teller."""
        self.expectations += 1
        self.transcript.note("so it is", sentence, "green")


def watch(directory: Path, scenario: Scenario, transcript: Transcript) -> Watched:
    """Play a scenario between two nodes.

    Args:
        directory: where the homes go; must not exist.
        scenario: which.
        transcript: told what happens.

    Returns:
        How it came out, whether or not it came out as expected.

    Raises:
        Unplayable: two nodes as they are cannot play it.
        Refused, CouldNot: the directory exists; a node ended, or something did not come in time.
    """
    begun = time.monotonic()
    pace = pace_of(scenario)
    told = f"{duration(scenario.length_ms)} are played {pace:.0f} times as fast" if pace > 1 else "played as it is"
    transcript.head([f"{scenario.title}: {told}, in {directory}.", scenario.about])
    telling = Telling(transcript)
    verdict, problem = "none", ""
    with Paired(directory, [scenario], pace) as paired:
        transcript.note("pairing", "both sides read out the same words: " + " ".join(paired.words))
        try:
            verdict = Play(scenario, Live(paired), telling).run().verdict
        except Differs as error:
            problem = str(error)
    seconds = time.monotonic() - begun
    outcome = problem or f"all {telling.expectations} expectations were met, and the audit's verdict is {verdict}"
    transcript.check(scenario.name, not problem, outcome)
    exports = directory / "exports"
    transcript.tail([f"hotline audit {exports / 'ARC'} {exports / 'BOR'} --policy {directory / 'policy'}"])
    write_file(directory / "transcript.txt", "\n".join([*transcript.lines, ""]).encode())
    return Watched(
        scenario=scenario.name,
        directory=directory,
        ok=not problem,
        text=problem,
        verdict=verdict,
        expected=telling.expectations,
        seconds=seconds,
    )


def _words(step: Step) -> str:
    """Some words of what is said: the first text that the script gives."""
    for name in ("title", "summary", "message", "reason", "explanation", "text"):
        value = step.fields.get(name)
        if isinstance(value, str):
            return value
    return step.name.replace("-", " ")
