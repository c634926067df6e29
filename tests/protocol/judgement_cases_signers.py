"""Cases of rosters, signers and authority: steps 6 to 9 of the page, each function one case."""

from dataclasses import replace

from keys import roster as rosters
from keys.roles import KeyRole
from protocol.entry import Entry
from tests.builders import START_MS, YEAR_MS, Place, roots
from tests.protocol.judgement_made import Made, roster_statement, second_roster
from tests.vector_world import Kept, VectorWorld


def roster_one_root(kept: Kept) -> Made:
    """The second roster, signed by one root of the two that must."""
    world = VectorWorld(kept)
    place = world.enact("ARC", "roster", rosters.render(second_roster(world)), numbers=(1,))
    return Made(world=world, faults={place: ("unauthorised",)})


def roster_root_of_the_other(kept: Kept) -> Made:
    """The second roster, signed by a root of its own and one of the other party."""
    world = VectorWorld(kept)
    text = rosters.render(second_roster(world))
    statement = roster_statement(world, text)
    own = world.sign("ARC", statement, "root/1", "root")
    theirs = world.sign("BOR", statement, "root/2", "root")
    place = world.log("ARC", statement, [own, theirs], body=text)
    return Made(world=world, faults={place: ("bad-signature", "unauthorised")})


def roster_roots_bad(kept: Kept) -> Made:
    """The second roster under both roots' signatures of the first: a fault is named once."""
    world = VectorWorld(kept)
    first = Entry.parse(world.logs["ARC"].entries[1])
    text = rosters.render(second_roster(world))
    place = world.log("ARC", roster_statement(world, text), first.signatures, body=text)
    return Made(world=world, faults={place: ("bad-signature", "unauthorised")})


def roster_root_unknown(kept: Kept) -> Made:
    """The second roster, signed by both roots and by a fourth that the agreement does not have."""
    world = VectorWorld(kept)
    place = world.enact("ARC", "roster", rosters.render(second_roster(world)), numbers=(1, 2, 4))
    return Made(world=world, faults={place: ("unknown-signer",)})


def roster_by_a_person(kept: Kept) -> Made:
    """The second roster, signed by both roots and by an officer."""
    world = VectorWorld(kept)
    text = rosters.render(second_roster(world))
    statement = roster_statement(world, text)
    signatures = [world.sign("ARC", statement, f"root/{number}", "root") for number in (1, 2)]
    signatures.append(world.sign("ARC", statement, "person/1", "duty"))
    return Made(world=world, faults={world.log("ARC", statement, signatures, body=text): ("unknown-signer",)})


def roster_version_skipped(kept: Kept) -> Made:
    """Version 3 follows version 1; persons of version 1 go on signing."""
    world = VectorWorld(kept)
    place = world.enact("ARC", "roster", rosters.render(second_roster(world, version=3, people=())))
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("roster-refused",)})


def roster_previous_other(kept: Kept) -> Made:
    """Version 2 names another text as the one before."""
    world = VectorWorld(kept)
    place = world.enact("ARC", "roster", rosters.render(second_roster(world, previous=bytes(32))))
    return Made(world=world, faults={place: ("roster-refused",)})


def roster_first_with_previous(kept: Kept) -> Made:
    """The first roster of a log is version 2."""
    world = VectorWorld(kept, begin=False)
    world.enact("ARC", "agreement", world.agreement.text)
    place = world.enact("ARC", "roster", rosters.render(second_roster(world)))
    return Made(world=world, faults={place: ("roster-refused",)})


def roster_of_the_other_party(kept: Kept) -> Made:
    """A first roster of the other party, signed by the log's own roots."""
    world = VectorWorld(kept, begin=False)
    world.enact("ARC", "agreement", world.agreement.text)
    place = world.enact("ARC", "roster", rosters.render(world.rosters["BOR"]))
    return Made(world=world, faults={place: ("roster-refused",)})


def roster_with_a_root_key(kept: Kept) -> Made:
    """A first roster in which a root of the other party is the node."""
    world = VectorWorld(kept, begin=False)
    world.enact("ARC", "agreement", world.agreement.text)
    root = replace(roots("BOR").keys[0], role=KeyRole.NODE)
    text = rosters.render(replace(world.rosters["ARC"], node=root))
    return Made(world=world, faults={world.enact("ARC", "roster", text): ("roster-refused",)})


def roster_no_roster(kept: Kept) -> Made:
    """A text that is no roster, signed by the roots as one."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.enact("ARC", "roster", b"format = 1\n"): ("roster-refused",)})


def roster_second(kept: Kept) -> Made:
    """A person whom the second roster leaves out may sign before it, and no more behind it."""
    world = VectorWorld(kept)
    people = world.rosters["ARC"].people
    world.say("ARC", "goodwill", signers=((2, "release"),))
    world.enact("ARC", "roster", rosters.render(second_roster(world, people=(people[0], people[2]))))
    after = world.say("ARC", "goodwill", signers=((2, "release"),))
    return Made(world=world, faults={after: ("unknown-signer", "unauthorised")})


def signer_unknown(kept: Kept) -> Made:
    """A good signature and one of person 9, whom the roster does not have."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    good = world.sign("ARC", statement, "person/1", "duty")
    place = world.log("ARC", statement, [good, replace(good, signer="person/9")])
    return Made(world=world, faults={place: ("unknown-signer",)})


def severe_by_one(kept: Kept) -> Made:
    """Notifications of severity 4 by duty alone, by release alone, and by one person in both roles."""
    world = VectorWorld(kept)
    signers = (((1, "duty"),), ((2, "release"),), ((4, "duty"), (4, "release")))
    places = [world.say("ARC", "notification", severity=4, signers=one) for one in signers]
    return Made(world=world, faults=dict.fromkeys(places, ("unauthorised",)))


def severe_by_two(kept: Kept) -> Made:
    """Notifications of severity 4 by two persons, also where one of them could fill either slot."""
    world = VectorWorld(kept)
    for one in (((4, "duty"), (2, "release")), ((4, "release"), (1, "duty")), ((1, "duty"), (3, "senior"))):
        world.say("ARC", "notification", severity=4, signers=one)
    return Made(world=world)


def role_not_given(kept: Kept) -> Made:
    """Person 1 signs as senior, which the roster does not say."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "goodwill", signers=((1, "senior"),)): ("unauthorised",)})


def node_for_a_person(kept: Kept) -> Made:
    """What people say, signed by the node alone."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.state("ARC", "goodwill"): ("unauthorised",)})


def person_for_a_node(kept: Kept) -> Made:
    """What nodes state, signed by a person alone."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "arrival", facts={})
    place = world.log("ARC", statement, [world.sign("ARC", statement, "person/1", "duty")])
    return Made(world=world, faults={place: ("unauthorised",)})


def unsigned(kept: Kept) -> Made:
    """A statement without any signature."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "goodwill", signers=()): ("unauthorised",)})


def roster_expired(kept: Kept) -> Made:
    """A statement at the moment the roster ends, and behind it a machine entry, which goes on."""
    world = VectorWorld(kept)
    world.say("ARC", "goodwill", at_ms=START_MS + YEAR_MS - 1)
    place = world.say("ARC", "goodwill", at_ms=START_MS + YEAR_MS)
    world.state("ARC", "arrival")
    return Made(world=world, faults={place: ("roster-expired",)})


def person_expired(kept: Kept) -> Made:
    """Person 1 has ended, in a roster that goes on; person 4 signs."""
    world = VectorWorld(kept)
    people = world.rosters["ARC"].people
    ended = replace(people[0], valid_until_ms=START_MS + 60_000)
    world.enact("ARC", "roster", rosters.render(second_roster(world, people=(ended, *people[1:]))))
    place = world.say("ARC", "goodwill", at_ms=START_MS + 60_000)
    world.say("ARC", "goodwill", signers=((4, "duty"),))
    return Made(world=world, faults={place: ("roster-expired",)})


def signature_of_another_statement(kept: Kept) -> Made:
    """The signature of another statement."""
    world = VectorWorld(kept)
    other, statement = world.statement("ARC", "goodwill"), world.statement("ARC", "goodwill")
    place = world.log("ARC", statement, [world.sign("ARC", other, "person/1", "duty")])
    world.log("ARC", other, [world.sign("ARC", other, "person/1", "duty")])
    return Made(world=world, faults={place: ("bad-signature", "unauthorised")})


def signature_half(kept: Kept) -> Made:
    """Either half of a signature is that of another statement."""
    world = VectorWorld(kept)
    statements = [world.statement("ARC", "goodwill") for _ in range(3)]
    signed = [world.sign("ARC", one, "person/1", "duty") for one in statements]
    world.log("ARC", statements[0], [signed[0]])
    first = replace(signed[1], value=signed[1].value[:64] + signed[0].value[64:])
    second = replace(signed[2], value=signed[0].value[:64] + signed[2].value[64:])
    places = [world.log("ARC", statements[1], [first]), world.log("ARC", statements[2], [second])]
    world.log("ARC", statements[1], [signed[1]])
    world.log("ARC", statements[2], [signed[2]])
    faults: dict[Place, tuple[str, ...]] = dict.fromkeys(places, ("bad-signature", "unauthorised"))
    repeated = {("ARC", index): ("repeated-statement",) for index in (places[1][1] + 1, places[1][1] + 2)}
    return Made(world=world, faults={**faults, **repeated})


def signature_too_many(kept: Kept) -> Made:
    """A good signature, and a bad one that was not needed."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    good = world.sign("ARC", statement, "person/1", "duty")
    place = world.log("ARC", statement, [good, replace(good, signer="person/2", role="release")])
    return Made(world=world, faults={place: ("bad-signature",)})


def signature_in_another_role(kept: Kept) -> Made:
    """Person 4 signed as duty, and the entry says as release."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    duty = world.sign("ARC", statement, "person/4", "duty")
    place = world.log("ARC", statement, [duty, replace(duty, role="release")])
    return Made(world=world, faults={place: ("bad-signature",)})
