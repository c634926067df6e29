"""Cases of audits of logs that say something to be found, steps 7 to 13: each function one case."""

from dataclasses import replace

from keys import roster as rosters
from keys.authenticator_data import USER_PRESENT
from protocol.agreement_conduct import PasskeyTerms
from protocol.signature import Signature, sign_statement
from protocol.statement import LogState
from protocol.tagged import digest
from tests.authenticator import Authenticator
from tests.builders import START_MS, YEAR_MS
from tests.hotline.audit_made import ALWAYS, Laid, Shop, files_of_world
from tests.vector_world import VectorWorld

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def _laid(world: VectorWorld, *codes: str, exit_: int = 0, notes: tuple[str, ...] = ()) -> Laid:
    return Laid(files=files_of_world(world), codes=codes, exit=exit_, not_checked=(*notes, *ALWAYS))


def unauthorised(shop: Shop) -> Laid:
    """A grave notification by one person only."""
    world = shop.world()
    world.say("ARC", "notification", severity=5)
    return _laid(world, "unauthorised", exit_=1)


def noise(shop: Shop) -> Laid:
    """Bytes in a log that are no entry."""
    world = shop.world()
    world.append("ARC", b"noise")
    return _laid(world, "malformed", exit_=1)


def bad_signature(shop: Shop) -> Laid:
    """A good signature, and a bad one that was not needed."""
    world = shop.world()
    statement = world.statement("ARC", "goodwill")
    good = world.sign("ARC", statement, "person/1", "duty")
    world.log("ARC", statement, [good, replace(good, signer="person/2", role="release")])
    return _laid(world, "bad-signature", exit_=1)


def fork_shown_to_the_other(shop: Shop) -> Laid:
    """BOR states a root of ARC's log that the log, as exported, never had."""
    world = shop.world()
    world.state("BOR", "arrival", held=LogState(2, digest(b"another past")))
    return _laid(world, "held-not-of-log", exit_=1)


def roster_refused(shop: Shop) -> Laid:
    """A roster that leaves a version out."""
    world = shop.world()
    first = world.rosters["ARC"]
    skipped = replace(first, version=3, previous=digest(rosters.render(first)))
    world.enact("ARC", "roster", rosters.render(skipped), (1,))
    return _laid(world, "roster-refused", exit_=1)


def released_late(shop: Shop) -> Laid:
    """A statement without effect, which honest people can bring about: a warning."""
    world = shop.world()
    world.say("ARC", "goodwill", release_by_ms=START_MS)
    return _laid(world, "released-late")


def roster_expired(shop: Shop) -> Laid:
    """A statement after the roster's end: a warning. Nothing was logged for a year, and that is told too."""
    world = shop.world()
    world.say("ARC", "goodwill", at_ms=START_MS + YEAR_MS)
    return _laid(world, "roster-expired", "tally-missing")


def time_went_back(shop: Shop) -> Laid:
    """A statement logged before the one ahead of it: it counts, and a warning says so."""
    world = shop.world()
    world.say("ARC", "goodwill", at_ms=START_MS - 500)
    return _laid(world, "time-went-back")


def status_mixed(shop: Shop) -> Laid:
    """An exercise entry in an actual thread."""
    world = shop.world()
    told = world.say("ARC", "goodwill")
    world.say("ARC", "goodwill", thread=told, status="exercise")
    return _laid(world, "status-mixed")


def kind_unknown(shop: Shop) -> Laid:
    """A kind of a later catalogue: a note, and no finding."""
    world = shop.world()
    world.say("ARC", "red-line-declare")
    return _laid(world, notes=("not-understood",))


def algorithm_unknown(shop: Shop) -> Laid:
    """A statement signed with an algorithm to come: a note, and no finding."""
    world = shop.world()
    statement = world.statement("ARC", "goodwill")
    signature = replace(world.sign("ARC", statement, "person/1", "duty"), algorithm="passkey", value=b"x")
    world.log("ARC", statement, [signature])
    return _laid(world, notes=("not-understood",))


def older_export(shop: Shop) -> Laid:
    """ARC's export is older than BOR's: what BOR's entries refer to lies beyond it."""
    world = shop.conversation()
    files = {f"arc/{name}": data for name, data in world.files("ARC", 2).items()}
    files |= {name: data for name, data in shop.clean().items() if not name.startswith("arc/")}
    return Laid(files=files, not_checked=("held-beyond", "reference-beyond", "seen-beyond", *ALWAYS))


def clocks_missed(shop: Shop) -> Laid:
    """A flash question answered a day late, and one never answered."""
    world = shop.world()
    late = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    world.say("ARC", "clarification-response", thread=late, reply=late, at_ms=START_MS + DAY_MS)
    world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    world.state("ARC", "arrival", at_ms=START_MS + 3 * DAY_MS)
    world.state("BOR", "arrival")
    tallies, missed = ("tally-missing",) * 2, ("clock-missed",) * 6
    return _laid(world, *tallies, *missed, "unanswered")


def clock_disputed(shop: Shop) -> Laid:
    """An answer that the asker's node held a day after it was logged: the two intervals disagree."""
    world = shop.world()
    asked = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    world.say("ARC", "clarification-response", thread=asked, reply=asked)
    world.state("BOR", "arrival", at_ms=START_MS + DAY_MS)
    return _laid(world, "tally-missing", "clock-disputed")


def line_silent(shop: Shop) -> Laid:
    """A tally that states ten minutes without a beat, and four hours without any tally."""
    world = shop.world()
    start = world.logs["ARC"].last_ms
    for first, last, gap_ms in ((0, 1, 1_000), (1, 2, 600_000), (5, 6, 0)):
        facts = {
            "state": "up",
            "from_ms": start + first * HOUR_MS,
            "until_ms": start + last * HOUR_MS,
            "sent": 3600,
            "received": 3600,
            "longest_gap_ms": gap_ms,
            "last_sent": None,
            "last_received": None,
        }
        world.state("ARC", "line", facts, at_ms=start + last * HOUR_MS)
    return _laid(world, "line-silent", "tally-missing")


def tally_differs(shop: Shop) -> Laid:
    """A tally of three hours with two beats that states no gap over a second: a silence painted over."""
    world = shop.world()
    start = world.logs["ARC"].last_ms
    facts = {
        "state": "up",
        "from_ms": start,
        "until_ms": start + 3 * HOUR_MS,
        "sent": 2,
        "received": 2,
        "longest_gap_ms": 1_000,
        "last_sent": digest(b"a beat"),
        "last_received": digest(b"another beat"),
    }
    world.state("ARC", "line", facts, at_ms=start + 3 * HOUR_MS)
    return _laid(world, "tally-differs")


def review_due(shop: Shop) -> Laid:
    """The audit is made two years later, when the agreement was to be looked at again."""
    return Laid(files=shop.clean(), at_ms=START_MS + 2 * YEAR_MS, codes=("agreement-review-due",))


def passkey_good(shop: Shop) -> Laid:
    """An officer signs with a passkey that the roster has and the agreement counts."""
    world, device = _with_passkey(shop)
    _touch(world, device)
    _touch(world, device)
    return _laid(world)


def passkey_counter(shop: Shop) -> Laid:
    """A passkey signs with a counter that is in the log before: without effect, and a warning."""
    world, device = _with_passkey(shop)
    copy = device.cloned()
    _touch(world, device)
    _touch(world, copy)
    return _laid(world, "passkey-counter")


def passkey_unverified(shop: Shop) -> Laid:
    """A passkey whose authenticator did not verify who used it: no honest node logs that."""
    world, device = _with_passkey(shop)
    statement = world.statement("ARC", "goodwill")
    good = _signed(world, device, statement.encode())
    start = good.value.index(b'{"type"')
    client = good.value[start : good.value.index(b"}", start) + 1]
    lie = device.assertion(client, device.data(flags=USER_PRESENT)).encode()
    world.log("ARC", statement, [replace(good, value=lie)])
    return _laid(world, "bad-signature", "unauthorised", exit_=1)


def _with_passkey(shop: Shop) -> tuple[VectorWorld, Authenticator]:
    """A world in which person 1 of ARC has a passkey and no key."""
    device = Authenticator("duty of Arcadia", rp_id="desk.line.arcadia.example")
    terms = PasskeyTerms(severity_at_most=2, slots_at_most=2)
    world = shop.world(begin=False, format=2, purpose="a line", passkeys=terms)
    first = world.rosters["ARC"]
    person = replace(first.people[0], key=None, passkeys=(device.public,))
    world.rosters["ARC"] = replace(first, people=(person, *first.people[1:]))
    world.begin((1,))
    return world, device


def _signed(world: VectorWorld, device: Authenticator, raw: bytes) -> Signature:
    return sign_statement(raw, channel=world.agreement.channel, party="ARC", signer="person/1", role="duty", key=device)


def _touch(world: VectorWorld, device: Authenticator) -> None:
    statement = world.statement("ARC", "goodwill")
    world.log("ARC", statement, [_signed(world, device, statement.encode())])
