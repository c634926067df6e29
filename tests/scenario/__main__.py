"""One scenario in virtual time, told step by step: what no two nodes as they are can play in a minute.

    python -m tests.scenario sunset

Years pass at once; the steps, the nodes' logic, the audit and what must come of it are those of the tests.
"""

import sys

from hotline.clock import now_ms
from hotline.demo.transcript import Transcript
from hotline.errors import HotlineError
from hotline.output import Output
from hotline.scenarios.errors import Differs
from hotline.scenarios.play import Play
from hotline.scenarios.shelf import scenario
from hotline.scenarios.watch import Telling
from nodes.resources import catalogue
from tests.scenario.stage import Simulated
from tests.scenario.test_scenarios import quiet
from tests.simulation.stubs import stubbed


def main(arguments: list[str]) -> int:
    """Play it; 0 where it came out as it says, 1 where it did not, 2 for misuse."""
    output = Output()
    if len(arguments) != 1:
        output.note("usage: python -m tests.scenario NAME; hotline demo --list has the names")
        return 2
    try:
        chosen = scenario(arguments[0])
    except HotlineError as error:
        output.note(str(error))
        return 2
    transcript = Transcript(write=output.line, paint=output.paint, now_ms=now_ms)
    transcript.head([f"{chosen.title}, in the simulator.", chosen.about])
    telling, problem, verdict = Telling(transcript), "", "none"
    with stubbed(), quiet(), Simulated(chosen, catalogue()) as stage:
        try:
            verdict = Play(chosen, stage, telling).run().verdict
        except Differs as error:
            problem = str(error)
    outcome = problem or f"all {telling.expectations} expectations were met, and the audit's verdict is {verdict}"
    transcript.check(chosen.name, not problem, outcome)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
