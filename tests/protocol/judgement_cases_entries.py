"""Cases of judgement that need one log only: steps 1 to 5 of the page, each function one case."""

from dataclasses import replace

from keys import roster as rosters
from protocol.canonical import decode, encode
from protocol.entry import Entry
from protocol.signature import Signature
from protocol.tagged import digest
from tests.builders import START_MS, Place, make_roster
from tests.protocol.judgement_made import Made, roster_statement, second_roster
from tests.vector_world import Kept, VectorWorld


def _raw(world: VectorWorld, statement: bytes) -> Place:
    """Log the bytes of a statement as person 1 signed them."""
    log, other = world.logs["ARC"], world.logs["BOR"]
    entry = Entry(
        statement=statement,
        signatures=(world.sign_bytes("ARC", statement, "person/1", "duty"),),
        logged_at_ms=log.last_ms + 1000,
        held=other.state(),
    )
    log.last_ms += 1000
    return world.append("ARC", entry.encode())


def no_entry(kept: Kept) -> Made:
    """Bytes that are no entry, and a good entry behind them."""
    world = VectorWorld(kept)
    noise = world.append("ARC", b"noise")
    world.say("ARC", "goodwill")
    return Made(world=world, faults={noise: ("malformed",)})


def entry_cut(kept: Kept) -> Made:
    """The last byte of an entry left out."""
    world = VectorWorld(kept)
    good = world.say("ARC", "goodwill")
    return Made(world=world, faults={world.append("ARC", world.logs["ARC"].entries[good[1]][:-1]): ("malformed",)})


def no_statement(kept: Kept) -> Made:
    """Bytes that are no statement, in an entry that is in order."""
    world = VectorWorld(kept)
    return Made(world=world, faults={_raw(world, b"\xc0"): ("malformed",)})


def entry_second_spelling(kept: Kept) -> Made:
    """The same entry with its version in two bytes."""
    world = VectorWorld(kept)
    good = world.logs["ARC"].entries[world.say("ARC", "goodwill")[1]]
    return Made(world=world, faults={world.append("ARC", b"\x95\xcc\x01" + good[2:]): ("second-spelling",)})


def statement_second_spelling(kept: Kept) -> Made:
    """A statement whose first two names are swapped, signed like that."""
    world = VectorWorld(kept)
    data = world.statement("ARC", "goodwill").encode()
    header = decode(data, bytes_max=65_535)
    assert isinstance(header, dict)
    first, second = sorted(header)[:2]
    pairs = [encode(name) + encode(header[name]) for name in (first, second)]
    start = data.index(pairs[0] + pairs[1])
    swapped = data[:start] + pairs[1] + pairs[0] + data[start + len(pairs[0] + pairs[1]) :]
    return Made(world=world, faults={_raw(world, swapped): ("second-spelling",)})


def version_unknown(kept: Kept) -> Made:
    """An entry of version 2."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.append("ARC", encode([2, "something new"])): ("not-understood",)})


def header_field_unknown(kept: Kept) -> Made:
    """A statement with a header field of a later version."""
    world = VectorWorld(kept)
    header = decode(world.statement("ARC", "goodwill").encode(), bytes_max=65_535)
    assert isinstance(header, dict)
    return Made(world=world, faults={_raw(world, encode({**header, "urgency": 1})): ("not-understood",)})


def kind_unknown(kept: Kept) -> Made:
    """A kind that the catalogue does not have."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "red-line-declare"): ("not-understood",)})


def catalogue_other(kept: Kept) -> Made:
    """A statement under another catalogue than the agreement's."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "goodwill", catalogue=bytes(32)): ("not-understood",)})


def algorithm_unknown(kept: Kept) -> Made:
    """A person's only signature is of an algorithm to come."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    place = world.log("ARC", statement, [Signature("person/1", "duty", "passkey", b"x")])
    return Made(world=world, faults={place: ("not-understood",)})


def algorithm_unknown_beside_a_good_one(kept: Kept) -> Made:
    """A signature that would do, and one more of an algorithm to come."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "goodwill")
    good = world.sign("ARC", statement, "person/1", "duty")
    place = world.log("ARC", statement, [good, Signature("person/2", "release", "passkey", b"x")])
    return Made(world=world, faults={place: ("not-understood",)})


def algorithm_unknown_of_a_root(kept: Kept) -> Made:
    """The second roster, which one of two roots signed with an algorithm to come; the first stands."""
    world = VectorWorld(kept)
    text = rosters.render(second_roster(world))
    statement = roster_statement(world, text)
    good = world.sign("ARC", statement, "root/1", "root")
    place = world.log("ARC", statement, [good, Signature("root/2", "root", "root-of-tomorrow", b"x")], body=text)
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("not-understood",)})


def algorithm_unknown_of_a_node(kept: Kept) -> Made:
    """A machine entry that its node signed with an algorithm to come."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "arrival", facts={})
    place = world.log("ARC", statement, [Signature("node", "node", "passkey", b"x")])
    return Made(world=world, faults={place: ("not-understood",)})


def algorithm_unknown_and_a_person_missing(kept: Kept) -> Made:
    """A notification of severity 4 by one person with an algorithm to come: a second is missing all the same."""
    world = VectorWorld(kept)
    statement = world.statement("ARC", "notification", severity=4)
    place = world.log("ARC", statement, [Signature("person/1", "duty", "passkey", b"x")])
    return Made(world=world, faults={place: ("not-understood", "unauthorised")})


def channel_other(kept: Kept) -> Made:
    """A statement that was made for another channel."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "goodwill", channel=bytes(32)): ("wrong-channel",)})


def party_other(kept: Kept) -> Made:
    """A statement that names the other party, by an officer of the log's own."""
    world = VectorWorld(kept)
    statement = replace(world.statement("ARC", "goodwill"), party="BOR")
    place = world.log("ARC", statement, [world.sign("ARC", statement, "person/1", "duty")])
    return Made(world=world, faults={place: ("wrong-party",)})


def agreement_other(kept: Kept) -> Made:
    """A statement under another agreement."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.say("ARC", "goodwill", agreement=bytes(32)): ("wrong-agreement",)})


def header_unfit(kept: Kept) -> Made:
    """Notifications without severity, without time of awareness, with an outcome, with a clock, with no commitment."""
    world = VectorWorld(kept)
    places = (
        world.say("ARC", "notification", severity=None),
        world.say("ARC", "notification", aware_at_ms=None),
        world.say("ARC", "notification", outcome="answered"),
        world.say("ARC", "notification", respond_by_ms=START_MS),
        world.say("ARC", "notification", commitments=()),
    )
    return Made(world=world, faults=dict.fromkeys(places, ("unfit-header",)))


def header_unfit_machine(kept: Kept) -> Made:
    """A machine entry with a severity."""
    world = VectorWorld(kept)
    place = world.state("ARC", "arrival", severity=2)
    return Made(world=world, faults={place: ("unfit-header",)})


def header_unfit_document(kept: Kept) -> Made:
    """A roster with an opener, as if it were sealed."""
    world = VectorWorld(kept)
    text = rosters.render(second_roster(world))
    statement = replace(roster_statement(world, text), opener=digest(b"opener"))
    signatures = [world.sign("ARC", statement, f"root/{number}", "root") for number in (1, 2)]
    return Made(world=world, faults={world.log("ARC", statement, signatures, body=text): ("unfit-header",)})


def facts_unfit(kept: Kept) -> Made:
    """A fault entry with a code of capitals, one without a fact, and one with a fact too many."""
    world = VectorWorld(kept)
    facts = {"code": "bad-signature", "party": None, "index": None, "digest": None}
    world.state("ARC", "fault", facts)
    places = (
        world.state("ARC", "fault", {**facts, "code": "Bad Signature"}),
        world.state("ARC", "fault", {name: value for name, value in facts.items() if name != "party"}),
        world.state("ARC", "fault", {**facts, "more": 1}),
    )
    return Made(world=world, faults=dict.fromkeys(places, ("unfit-facts",)))


def agreement_misplaced(kept: Kept) -> Made:
    """The agreement once more, behind the roster."""
    world = VectorWorld(kept)
    return Made(world=world, faults={world.enact("ARC", "agreement", world.agreement.text): ("misplaced",)})


def roster_misplaced(kept: Kept) -> Made:
    """A log that begins with its roster."""
    world = VectorWorld(kept, begin=False)
    place = world.enact("ARC", "roster", rosters.render(make_roster("ARC", world.agreement)))
    return Made(world=world, faults={place: ("misplaced",)})


def no_agreement(kept: Kept) -> Made:
    """A log that begins with a statement by an officer, whom no roster has."""
    world = VectorWorld(kept, begin=False)
    return Made(world=world, faults={world.say("ARC", "goodwill"): ("unknown-signer", "unauthorised")})


def document_missing(kept: Kept) -> Made:
    """The text of the second roster is not at hand; the first stands."""
    world = VectorWorld(kept)
    place = world.enact("ARC", "roster", rosters.render(second_roster(world)))
    world.logs["ARC"].bodies[place[1]] = None
    world.say("ARC", "goodwill")
    return Made(world=world, faults={place: ("document-missing",)})


def document_differs(kept: Kept) -> Made:
    """Where the text of the second roster should be, there is that of the first."""
    world = VectorWorld(kept)
    text = rosters.render(second_roster(world))
    place = world.enact("ARC", "roster", text)
    instead = {digest(text): rosters.render(world.rosters["ARC"])}
    return Made(world=world, faults={place: ("document-differs",)}, instead=instead)


def document_length_differs(kept: Kept) -> Made:
    """A roster whose header states another length."""
    world = VectorWorld(kept)
    text = rosters.render(second_roster(world))
    statement = replace(roster_statement(world, text), body_length=len(text) + 1)
    signatures = [world.sign("ARC", statement, f"root/{number}", "root") for number in (1, 2)]
    return Made(world=world, faults={world.log("ARC", statement, signatures, body=text): ("document-differs",)})


def document_agreement_instead(kept: Kept) -> Made:
    """Where the agreement's text should be, there is a roster's."""
    world = VectorWorld(kept, begin=False)
    place = world.enact("ARC", "agreement", world.agreement.text)
    instead = {world.agreement.digest: rosters.render(world.rosters["ARC"])}
    return Made(world=world, faults={place: ("document-differs",)}, instead=instead)


def document_agreement_differs(kept: Kept) -> Made:
    """A log that begins with the agreement of another channel."""
    world = VectorWorld(kept, begin=False)
    place = world.enact("ARC", "agreement", VectorWorld(kept, begin=False, title="Another line").agreement.text)
    return Made(world=world, faults={place: ("document-differs",)})
