"""Cases of suites: everything that is of another suite than the agreement's, each function one case."""

from base64 import b64encode
from dataclasses import replace

from keys import roster as rosters
from keys.sealing import SealingPrivateKey
from keys.suite import SUITE_1, SUITE_2
from tests.builders import make_roster
from tests.protocol.judgement_made import Made, roster_statement, second_roster
from tests.vector_world import Kept, VectorWorld


def suite_second(kept: Kept) -> Made:
    """A line under the second suite: agreements, rosters, persons and nodes, and nothing wrong."""
    world = VectorWorld(kept, suite=SUITE_2)
    asked = world.say("ARC", "clarification-request")
    world.say("BOR", "clarification-response", thread=asked, reply=asked)
    world.say("BOR", "notification", severity=4, signers=((1, "duty"), (3, "senior")))
    world.state("ARC", "arrival")
    world.enact("ARC", "roster", rosters.render(second_roster(world)))
    world.say("ARC", "goodwill")
    return Made(world=world)


def suite_other_of_a_person(kept: Kept) -> Made:
    """Under the second suite, a person's only signature is of the first: known, and no signature here."""
    world = VectorWorld(kept, suite=SUITE_2)
    statement = world.statement("ARC", "goodwill")
    place = world.log("ARC", statement, [world.sign("ARC", statement, "person/1", "duty", suite=SUITE_1)])
    return Made(world=world, faults={place: ("other-suite", "unauthorised")})


def suite_other_beside_a_good_one(kept: Kept) -> Made:
    """A signature that would do, and one more of the other suite."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    signatures = [
        world.sign("ARC", statement, "person/1", "duty"),
        world.sign("ARC", statement, "person/2", "release", suite=SUITE_2),
    ]
    return Made(world=world, faults={world.log("ARC", statement, signatures): ("other-suite",)})


def suite_other_of_the_second_person(kept: Kept) -> Made:
    """Of the two persons that a severity needs, one has signed with a key of the first suite."""
    world = VectorWorld(kept, suite=SUITE_2)
    statement = world.statement("ARC", "notification", severity=4)
    signatures = [
        world.sign("ARC", statement, "person/1", "duty"),
        world.sign("ARC", statement, "person/2", "release", suite=SUITE_1),
    ]
    return Made(world=world, faults={world.log("ARC", statement, signatures): ("other-suite", "unauthorised")})


def suite_other_under_the_name_of_the_right_one(kept: Kept) -> Made:
    """A signature of the first suite that says it is of the second."""
    world = VectorWorld(kept, suite=SUITE_2)
    statement = world.statement("ARC", "goodwill")
    signature = world.sign("ARC", statement, "person/1", "duty", suite=SUITE_1)
    place = world.log("ARC", statement, [replace(signature, algorithm=SUITE_2.name)])
    return Made(world=world, faults={place: ("bad-signature", "unauthorised")})


def suite_other_of_a_node(kept: Kept) -> Made:
    """A machine entry that its node signed with a key of the first suite, under the second."""
    world = VectorWorld(kept, suite=SUITE_2)
    statement = world.statement("ARC", "arrival", facts={})
    place = world.log("ARC", statement, [world.sign("ARC", statement, "node", "node", suite=SUITE_1)])
    return Made(world=world, faults={place: ("other-suite", "unauthorised")})


def suite_other_of_a_root(kept: Kept) -> Made:
    """The second roster, which one of two roots signed with a key of the first suite; the first stands."""
    world = VectorWorld(kept, suite=SUITE_2)
    text = rosters.render(second_roster(world, people=()))
    statement = roster_statement(world, text)
    good = world.sign("ARC", statement, "root/1", "root")
    bad = world.sign("ARC", statement, "root/2", "root", suite=SUITE_1)
    place = world.log("ARC", statement, [good, bad], body=text)
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("other-suite", "unauthorised")})


def suite_other_roster(kept: Kept) -> Made:
    """Under the second suite, roots sign a roster of the first; the one before stands."""
    world = VectorWorld(kept, suite=SUITE_2)
    first = world.rosters["ARC"]
    weaker = make_roster(
        "ARC",
        VectorWorld(kept, begin=False).agreement,
        channel=first.channel,
        version=2,
        previous=second_roster(world).previous,
    )
    place = world.enact("ARC", "roster", rosters.render(weaker))
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("roster-refused",)})


def suite_other_first_roster(kept: Kept) -> Made:
    """Under the first suite, the first roster is of the second: then nobody may speak."""
    world = VectorWorld(kept, begin=False)
    world.enact("ARC", "agreement", world.agreement.text)
    stronger = make_roster("ARC", VectorWorld(kept, begin=False, suite=SUITE_2).agreement)
    text = rosters.render(replace(stronger, channel=world.agreement.channel))
    return Made(world=world, faults={world.enact("ARC", "roster", text): ("roster-refused",)})


def suite_mixed_roster(kept: Kept) -> Made:
    """A roster of the second suite whose sealing key is of the first."""
    world = VectorWorld(kept, suite=SUITE_2)
    text = rosters.render(second_roster(world))
    weak = SealingPrivateKey.from_seed(bytes(range(96))).public
    right = world.rosters["ARC"].sealing
    mixed = text
    for old, new in ((right.key_id.hex(), weak.key_id.hex()), (_base64(right.raw), _base64(weak.raw))):
        mixed = mixed.replace(old.encode(), new.encode())
    return Made(world=world, faults={world.enact("ARC", "roster", mixed): ("roster-refused",)})


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")
