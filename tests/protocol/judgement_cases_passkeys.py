"""Cases of passkeys: what counts, and counters, each function one case (spec/passkeys.md)."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from keys import roster as rosters
from protocol.agreement_conduct import PasskeyTerms
from protocol.signature import Signature, sign_statement
from tests.authenticator import Authenticator
from tests.builders import Place
from tests.protocol.judgement_made import Made
from tests.vector_world import Kept, VectorWorld

RP_ID = "desk.line.arcadia.example"


def _device(**changes: Any) -> Authenticator:
    return Authenticator("duty of Arcadia", **{"rp_id": RP_ID, **changes})


class _World(VectorWorld):
    """Person 1 of Arcadia signs with a passkey only; the agreement is of format 2."""

    def __init__(self, kept: Kept, device: Authenticator, **changes: Any) -> None:
        terms = {"format": 2, "purpose": "a line", "passkeys": PasskeyTerms(severity_at_most=2, slots_at_most=2)}
        super().__init__(kept, begin=False, **{**terms, **changes})
        roster = self.rosters["ARC"]
        person = replace(roster.people[0], key=None, passkeys=(device.public,))
        self.rosters["ARC"] = replace(roster, people=(person, *roster.people[1:]))
        self.begin()

    def by(self, device: Authenticator, statement: bytes) -> Signature:
        """A signature of person 1."""
        where: dict[str, Any] = {"channel": self.agreement.channel, "party": "ARC"}
        return sign_statement(statement, **where, signer="person/1", role="duty", key=device)

    def touch(self, device: Authenticator, kind: str = "goodwill", **header: Any) -> Place:
        """Log what person 1 signs."""
        statement = self.statement("ARC", kind, **header)
        return self.log("ARC", statement, [self.by(device, statement.encode())])

    def lie(self, device: Authenticator, client: dict[str, Any] | None = None, **data: Any) -> Place:
        """Log what person 1 signs, with something else in it."""
        statement = self.statement("ARC", "goodwill")
        good = self.by(device, statement.encode())
        start = good.value.index(b'{"type"')
        text = good.value[start : good.value.index(b"}", start) + 1]
        for old, new in (client or {}).items():
            text = text.replace(old.encode(), new.encode())
        value = device.assertion(text, device.data(**data)).encode()
        return self.log("ARC", statement, [replace(good, value=value)])


def passkey_good(kept: Kept) -> Made:
    """Two statements with a passkey, and one with an authenticator that does not count, in the next roster."""
    device, quiet = _device(), Authenticator("quiet", "eddsa", rp_id=RP_ID, counts=False, number=2)
    world = _World(kept, device)
    world.touch(device)
    world.touch(device, "notification", severity=2)
    text = rosters.render(world.rosters["ARC"])
    first = world.rosters["ARC"]
    person = replace(first.people[0], passkeys=(device.public, quiet.public))
    changes: dict[str, Any] = {"version": 2, "previous": sha256(text).digest()}
    world.enact("ARC", "roster", rosters.render(replace(first, people=(person, *first.people[1:]), **changes)))
    world.touch(quiet)
    world.touch(quiet)
    return Made(world=world)


def passkey_too_severe(kept: Kept) -> Made:
    """A statement of a severity for which the agreement has no passkey count."""
    device = _device()
    world = _World(kept, device)
    return Made(world=world, faults={world.touch(device, "notification", severity=3): ("unauthorised",)})


def passkey_not_agreed(kept: Kept) -> Made:
    """An agreement without passkeys."""
    device = _device()
    world = _World(kept, device, passkeys=None)
    return Made(world=world, faults={world.touch(device): ("unauthorised",)})


def passkey_counter_back(kept: Kept) -> Made:
    """A counter that was in the log already, one below it, and one above."""
    device = _device(counter=4)
    world = _World(kept, device)
    same, below = device.cloned(), device.cloned()
    below.counter = 1
    world.touch(device)
    faults = {world.touch(one): ("passkey-counter",) for one in (same, below)}
    world.touch(device)
    return Made(world=world, faults=faults)


def passkey_lies(kept: Kept) -> Made:
    """No user verification, no presence, another origin, another relying party, inside another page."""
    device = _device()
    world = _World(kept, device)
    places = [
        world.lie(device, flags=0x01),
        world.lie(device, flags=0x04),
        world.lie(device, {RP_ID: "evil.example"}),
        world.lie(device, rp_id="evil.example"),
        world.lie(device, {"false": "true"}),
    ]
    return Made(world=world, faults=dict.fromkeys(places, ("bad-signature", "unauthorised")))


def passkey_of_another_credential(kept: Kept) -> Made:
    """A credential that the roster does not list."""
    world = _World(kept, _device())
    place = world.touch(Authenticator("stranger", rp_id=RP_ID))
    return Made(world=world, faults={place: ("unknown-signer", "unauthorised")})


def passkey_of_another_desk(kept: Kept) -> Made:
    """A first roster with a passkey for a page of somebody else, and one for localhost."""
    world = _World(kept, _device())
    again = VectorWorld(kept, begin=False, format=2, purpose="a line", passkeys=world.agreement.passkeys)
    again.enact("ARC", "agreement", again.agreement.text)
    faults: dict[Place, tuple[str, ...]] = {}
    for device in (
        _device(rp_id="desk.hotline.borealia.example"),
        _device(rp_id="localhost", origin="http://localhost:8731"),
    ):
        first = again.rosters["ARC"]
        person = replace(first.people[0], passkeys=(device.public,))
        text = rosters.render(replace(first, people=(person, *first.people[1:])))
        faults[again.enact("ARC", "roster", text)] = ("roster-refused",)
    return Made(world=again, faults=faults)
