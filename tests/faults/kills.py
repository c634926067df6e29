"""Kill -9 at random moments under load, again and again, over one pair of homes."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.faults.ledger import Ledger, Officer, check_whole
from tests.faults.machine import QuickMachine, quick_machines, wait_level
from tests.processes.pair import wait_until

PAUSE_S = 0.01
DELAY_MAX_S = 0.4
BOTH_EVERY = 5
STARTING_EVERY = 4
STARTING_MAX_S = 0.15


def kill_again_and_again(directory: Path, *, first: int, count: int) -> dict[str, int | float]:
    """Kill nodes under load, then check everything.

    Kill number n is of ARC where n is even and of BOR where it is odd, of both together where n divides by
    `BOTH_EVERY`, and with every `STARTING_EVERY`th comes a second one while the node starts.

    Args:
        directory: for the homes.
        first: number of the first kill; the same number gives the same delay.
        count: how many.

    Returns:
        Figures by name.
    """
    ledger = Ledger()
    kills = 0
    with quick_machines(directory, tidy_s=0.2) as (arc, bor):
        arc.start()
        bor.start()
        officers = [
            Officer(ledger, machine, wait=wait, pause_s=PAUSE_S)
            for machine in (arc, bor)
            for wait in ("logged", "held")
        ]
        for officer in officers:
            officer.start()
        for number in range(first, first + count):
            chance = random.Random(f"kill {number}")
            before = [officer.said for officer in officers]
            time.sleep(chance.uniform(0.0, DELAY_MAX_S))
            victims: list[QuickMachine] = [arc, bor] if number % BOTH_EVERY == 0 else [(arc, bor)[number % 2]]
            for victim in victims:
                victim.kill()
            kills += len(victims)
            if number % STARTING_EVERY == 0:
                for victim in victims:
                    victim.launch()
                time.sleep(chance.uniform(0.0, STARTING_MAX_S))
                for victim in victims:
                    victim.kill()
                kills += len(victims)
            for victim in victims:
                victim.start()
            # Everybody was heard since, so that the next kill falls into work and not into a start.
            wait_until(
                lambda: all(now.said > then or now.failure for now, then in zip(officers, before, strict=True)),  # noqa: B023
                lambda: f"kill {number}: {[one.said for one in officers]}\n{arc.log()[-3000:]}\n{bor.log()[-3000:]}",  # noqa: B023
            )
        for officer in officers:
            officer.end()
        wait_level(arc, bor)
        arc.stop()
        bor.stop()
        sizes = check_whole(arc, bor, ledger, directory)
    return {
        "kills": kills,
        "statements acknowledged": len(ledger),
        "submitted again": sum(ledger.refusals.values()),
        "entries": sum(sizes.values()),
    }
