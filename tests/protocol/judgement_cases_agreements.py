"""Cases of agreements that were amended, or have ended, each function one case.

Their agreements name the catalogue with what lies in `catalogue-amended` laid over it.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from protocol.agreement import Agreement
from protocol.faults import AFTER_SUNSET, AGREEMENT_SUPERSEDED, AMENDMENT_REFUSED, WRONG_AGREEMENT
from tests.builders import Place
from tests.protocol.judgement_made import Made
from tests.vector_world import Kept, VectorWorld, amending_catalogue

SUNSET_MS = 1_796_083_200_000
"""2026-12-01, at midnight."""


class _Treaty(VectorWorld):
    """Two logs whose parties amend an agreement of format 2."""

    def __init__(self, kept: Kept, **changes: Any) -> None:
        known = amending_catalogue()
        terms = {"format": 2, "catalogue_digest": known.digest, "catalogue_version": known.version}
        super().__init__(kept, begin=False, people=3, **{**terms, **changes})
        self.catalogue = known
        self.founding = self.agreement
        self.begin()

    def amended(self, **changes: Any) -> Agreement:
        """A text that takes the place of the founding one."""
        return replace(self.founding, founding=self.founding.digest, amends=self.founding.digest, **changes)

    def amend(self, party: str, text: Agreement) -> Place:
        """State an amendment."""
        return self.enact(party, "agreement-amend", text.text, thread=("ARC", 0))

    def countersign(self, party: str, amendment: Place, text: Agreement) -> Place:
        """Sign the text of the other party's."""
        return self.enact(party, "agreement-countersign", text.text, thread=("ARC", 0), in_reply_to=amendment)

    def made(self, faults: dict[Place, tuple[str, ...]]) -> Made:
        """The case; it is judged from the founding agreement on."""
        self.agreement = self.founding
        return Made(world=self, faults=faults)


def amended_by_the_homes_party(kept: Kept) -> Made:
    """The home's party countersigns: the next entry is governed by the new text, and one under the old one counts."""
    world = _Treaty(kept)
    text = world.amended(notice_days=90)
    world.countersign("ARC", world.amend("BOR", text), text)
    late = world.say("ARC", "goodwill")
    world.agreement = text
    world.say("ARC", "goodwill")
    world.say("BOR", "goodwill")
    return world.made({late: (AGREEMENT_SUPERSEDED,)})


def amended_by_the_other_party(kept: Kept) -> Made:
    """The other party countersigns: until that has arrived at home, whoever names the new text is ahead of it."""
    world = _Treaty(kept)
    text = world.amended(notice_days=90)
    world.countersign("BOR", world.amend("ARC", text), text)
    world.agreement = text
    early = world.say("BOR", "goodwill")
    world.say("ARC", "goodwill")
    world.say("BOR", "goodwill")
    return world.made({early: (WRONG_AGREEMENT,)})


def amended_twice_on_one_base(kept: Kept) -> Made:
    """Of two amendments the first accepted is in force, and what accepts the other one is refused."""
    world = _Treaty(kept)
    one, two = world.amended(notice_days=1), world.amended(notice_days=2)
    first, second = world.amend("ARC", one), world.amend("BOR", two)
    world.countersign("BOR", first, one)
    late = world.countersign("ARC", second, two)
    world.agreement = one
    world.say("ARC", "goodwill")
    return world.made({late: (AGREEMENT_SUPERSEDED, AMENDMENT_REFUSED)})


def amendment_of_another_base(kept: Kept) -> Made:
    """A text that takes the place of another agreement than the one in force has no effect."""
    world = _Treaty(kept)
    text = replace(world.founding, founding=world.founding.digest, amends=bytes(32))
    refused = world.amend("ARC", text)
    world.say("BOR", "goodwill")
    return world.made({refused: (AMENDMENT_REFUSED,)})


def after_the_sunset(kept: Kept) -> Made:
    """From the first moment of its sunset date the agreement has ended, and a flash passes."""
    world = _Treaty(kept, review_date=date(2026, 12, 1), sunset_date=date(2026, 12, 1))
    world.say("ARC", "goodwill", at_ms=SUNSET_MS - 1)
    late = world.say("ARC", "goodwill", at_ms=SUNSET_MS)
    world.say("BOR", "goodwill", precedence="flash", at_ms=SUNSET_MS)
    return world.made({late: (AFTER_SUNSET,)})
