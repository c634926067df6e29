"""Tampering that is no vector of audits or judgement: each public function is one case."""

from dataclasses import dataclass, field, replace
from hashlib import sha256

from keys import roster as rosters
from keys.note_key import NoteKeyType, NoteSigner
from protocol.agreement_conduct import PasskeyTerms
from protocol.checkpoint import parse_text
from protocol.commitment import Disclosure
from protocol.cosignature import cosign
from protocol.kinds import Catalogue
from protocol.note import parse as parse_note
from protocol.signature import sign_statement
from protocol.tagged import digest
from protocol.tiles import encode_bundle, parse_bundle
from tests.authenticator import Authenticator
from tests.builders import NAMES, START_MS, Place, World, seed
from tests.hotline.test_disclosed_packs import CONSENT, EMBARGO, LATER_MS, Told
from tests.protocol.test_governance import STRICT, TWO, Treaty, amended
from tests.successions import Succeeded

Files = dict[str, bytes]


@dataclass(kw_only=True)
class _Tampered:
    """What an auditor is given.

    Attributes:
        files: of each voice, by its short name.
        policy: the auditor's own.
        catalogue: what the kinds mean.
        packed: whether both voices come in one file.
        opened: in that file, fields that were opened, by the place of their statement.
        head: what that file says of itself.
        at_ms: when the audit is made, UTC milliseconds.
    """

    files: dict[str, Files]
    policy: bytes
    catalogue: Catalogue
    packed: bool = False
    opened: dict[Place, list[Disclosure]] = field(default_factory=dict)
    head: dict[str, str | int] = field(default_factory=dict)
    at_ms: int = START_MS


def _exported(world: World) -> _Tampered:
    files = {party: world.files(party) for party in NAMES}
    return _Tampered(files=files, policy=world.policy("ARC"), catalogue=world.catalogue)


def _talked() -> World:
    """A question, its answer, a message, and both nodes' word that they hold it."""
    world = World()
    asked = world.say("BOR", "clarification-request")
    world.say("ARC", "clarification-response", thread=asked, reply=asked)
    world.say("ARC", "goodwill")
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    return world


def _change_entries(made: _Tampered, order: list[int]) -> None:
    """Write ARC's bundle anew with these entries of it."""
    files = made.files["ARC"]
    (name,) = (name for name in files if name.startswith("tile/entries/"))
    entries = parse_bundle(files[name], int(name.rpartition("/")[2]))
    files[name] = encode_bundle([entries[number] for number in order])


# --- files --------------------------------------------------------------------------------------------------------


def untouched() -> _Tampered:
    """Nothing."""
    return _exported(_talked())


def entries_swapped() -> _Tampered:
    """Two entries of a bundle in the other order."""
    made = untouched()
    _change_entries(made, [0, 1, 3, 2, 4])
    return made


def entry_left_out() -> _Tampered:
    """A bundle of entries without one of them."""
    made = untouched()
    _change_entries(made, [0, 1, 2, 4])
    return made


def member_of_a_pack_replaced() -> _Tampered:
    """A pack in which a bundle of entries was put in place of the other side's, with a good check sum."""
    made = untouched()
    made.packed = True
    own, other = (dict(made.files[party]) for party in NAMES)
    (name,) = (name for name in own if name.startswith("tile/entries/"))
    (there,) = (name for name in other if name.startswith("tile/entries/"))
    made.files["ARC"][name] = other[there]
    return made


def line_of_a_witness_forged() -> _Tampered:
    """The lines of a witness whom the auditor asks for, made with other keys under its name."""
    made = untouched()
    kinds = (NoteKeyType.COSIGNATURE, NoteKeyType.MLDSA44)
    witness, forger = (
        [NoteSigner("witness.example/1", kind, seed(f"{who} {kind}", 32)) for kind in kinds]
        for who in ("true", "false")
    )
    lines = made.policy.splitlines(keepends=True)
    quorum = next(line for line in lines if line.startswith(b"quorum "))
    asked = [f"witness watcher{number} {key.verifier.vkey()}\n".encode() for number, key in enumerate(witness)]
    asked.append(b"group both all watcher0 watcher1 " + quorum.split()[1] + b"\nquorum both\n")
    made.policy = b"".join([*(line for line in lines if line != quorum), *asked])
    for party, signers in zip(NAMES, (forger, witness), strict=True):
        note = parse_note(made.files[party]["checkpoint"])
        given = cosign(parse_text(note.text), signers, START_MS)
        # The ids of the witness's keys, which anybody knows, over signatures that may be the forger's.
        named = [replace(line, key_id=key.verifier.key_id) for line, key in zip(given, witness, strict=True)]
        made.files[party]["checkpoint"] = replace(note, signatures=(*note.signatures, *named)).encode()
    return made


# --- a node without its officers ------------------------------------------------------------------------------------


def exercise_made_actual() -> _Tampered:
    """What an officer signed as an exercise is logged as actual."""
    world = _talked()
    signed = world.statement("ARC", "notification", status="exercise")
    signature = world.sign("ARC", signed, "person/1", "duty")
    world.log("ARC", replace(signed, status="actual"), [signature])
    return _exported(world)


def severity_lowered() -> _Tampered:
    """A grave notification that one officer signed is logged with a severity for which one is enough."""
    world = _talked()
    signed = world.statement("ARC", "notification", severity=5)
    signature = world.sign("ARC", signed, "person/1", "duty")
    world.log("ARC", replace(signed, severity=2), [signature])
    return _exported(world)


def body_swapped() -> _Tampered:
    """A statement that an officer signed is logged with the digest of another sealed body."""
    world = _talked()
    signed = world.statement("ARC", "goodwill")
    signature = world.sign("ARC", signed, "person/1", "duty")
    world.log("ARC", replace(signed, body_digest=digest(b"another body")), [signature])
    return _exported(world)


def officer_of_the_other_side() -> _Tampered:
    """A statement of ARC that BOR's officer of the same number signed."""
    world = _talked()
    statement = world.statement("ARC", "goodwill")
    signature = world.sign("BOR", statement, "person/1", "duty")
    world.log("ARC", statement, [signature])
    return _exported(world)


def touch_of_another_statement() -> _Tampered:
    """The touch of a passkey that was given for one statement under another."""
    device = Authenticator("duty of Arcadia", rp_id="desk.line.arcadia.example")
    terms = PasskeyTerms(severity_at_most=2, slots_at_most=2)
    world = World(begin=False, format=2, purpose="a line", passkeys=terms)
    first = world.rosters["ARC"]
    person = replace(first.people[0], key=None, passkeys=(device.public,))
    world.rosters["ARC"] = replace(first, people=(person, *first.people[1:]))
    for party in NAMES:
        world.enact(party, "agreement", world.agreement.text)
        world.enact(party, "roster", rosters.render(world.rosters[party]))
    meant, other = world.statement("ARC", "goodwill"), world.statement("ARC", "goodwill")
    touch = sign_statement(
        meant.encode(), channel=world.agreement.channel, party="ARC", signer="person/1", role="duty", key=device
    )
    world.log("ARC", other, [touch])
    return _exported(world)


# --- a party with its own keys --------------------------------------------------------------------------------------


def history_rewritten() -> _Tampered:
    """Entries that BOR states to hold are taken out, others put in their place, and the log is signed anew."""
    world = _talked()
    log = world.logs["ARC"]
    for parts in (log.entries, log.bodies, log.leaves):
        del parts[2:]
    del log.frontiers[3:]
    for _ in range(4):
        world.say("ARC", "goodwill")
    return _exported(world)


def statement_of_another_line() -> _Tampered:
    """What an officer signed on another line between the same two parties, with that true signature."""
    world, other = _talked(), World(title="Another line")
    said = other.statement("ARC", "goodwill")
    world.log("ARC", said, [other.sign("ARC", said, "person/1", "duty")])
    return _exported(world)


def two_numbers_of_one_person() -> _Tampered:
    """A roster in which one key stands under two numbers, so that one person could sign for two."""
    world = _talked()
    first = world.rosters["ARC"]
    text = rosters.render(replace(first, version=2, previous=digest(rosters.render(first))))
    # No roster can be made that says this; its text can.
    one, two = (_lines_of(text, person.number) for person in first.people[:2])
    world.enact("ARC", "roster", text.replace(two, one.replace(b"number = 1\n", b"number = 2\n")))
    return _exported(world)


def _lines_of(text: bytes, number: int) -> bytes:
    """A person in the text of a roster, up to the next one."""
    start = text.index(b"number = %d\n" % number)
    end = text.find(b"[[person]]", start)
    return text[start : end if end >= 0 else len(text)]


def emergency_without_a_clause() -> _Tampered:
    """One person releases a grave notification as an emergency, for which the agreement has no clause."""
    world = _talked()
    world.say("ARC", "notification", severity=5, facts={"emergency": True})
    return _exported(world)


def amended_authority_ignored() -> _Tampered:
    """After an amendment that asks for two persons, one signs alone."""
    world = Treaty()
    new = amended(world.agreement, rules=STRICT)
    world.countersign("ARC", world.amend("BOR", new), new)
    world.under(new)
    world.say("BOR", "goodwill", signers=TWO)
    world.say("ARC", "goodwill")
    return _exported(world)


def amendment_by_one_root() -> _Tampered:
    """An amendment that one root of the two signed is acted on as if it were in force."""
    world = Treaty()
    new = amended(world.agreement, notice_days=1)
    asked = world.amend("BOR", new)
    world.enact("ARC", "agreement-countersign", new.text, (1,), thread=("ARC", 0), in_reply_to=asked)
    world.under(new)
    world.say("ARC", "goodwill")
    return _exported(world)


def succession_by_one_person() -> _Tampered:
    """A log is ended, and another begun, by one person."""
    world = Succeeded()
    world.say("ARC", "goodwill")
    world.succeed("ARC", size=3, signers=((1, "duty"),))
    return _exported(world)


def succession_ends_elsewhere() -> _Tampered:
    """A succession that ends the log before an entry that the other side cosigned."""
    world = Succeeded()
    world.say("ARC", "goodwill")
    world.say("ARC", "goodwill")
    longer = world.files("ARC")
    del longer["policy"]
    world.succeed("ARC", size=3)
    made = _exported(world)
    present = {name: data for name, data in made.files["ARC"].items() if not name.startswith("before/")}
    made.files["ARC"] = present | {f"before/1/{name}": data for name, data in longer.items()}
    return made


# --- disclosure -----------------------------------------------------------------------------------------------------


def published_without_consent() -> _Tampered:
    """A party says that it published a text before the other party consented to it."""
    return _published(b"A text.", consented=False)


def another_text_published() -> _Tampered:
    """A party says that it published a text of another hash than the one that was consented to."""
    return _published(b"Another text.", consented=True)


def _published(text: bytes, *, consented: bool) -> _Tampered:
    told = Told(World(format=2, disclosure=(CONSENT,)))
    agreed = sha256(b"A text.").digest()
    asked = told.say("ARC", "disclosure-propose", {"text": "A text."}, facts={"audience": "public", "text": agreed})
    if consented:
        told.world.say("BOR", "disclosure-consent", thread=asked, reply=asked, facts={"text": agreed})
    facts = {"text": sha256(text).digest()}
    told.world.say("ARC", "disclosure-made", thread=asked, reply=asked, aware_at_ms=START_MS, facts=facts)
    return _exported(told.world)


def field_opened_that_no_rule_opens() -> _Tampered:
    """A pack for the public that opens a field to which nobody consented."""
    return _opened("public", "title", "summary")


def field_opened_before_its_embargo() -> _Tampered:
    """A pack for partners that opens a field before the embargo is over."""
    return _opened("partners", "summary", at_ms=START_MS)


def opened_value_changed() -> _Tampered:
    """A pack that shows another value of a field than the one that was committed to."""
    made = _opened("public", "title")
    ((place, (title, *_)), *_) = made.opened.items()
    made.opened[place] = [replace(title, value="No attack")]
    return made


def field_kept_back() -> _Tampered:
    """A pack for the public that leaves out a field that the rules open to them."""
    made = _opened("public", "title")
    made.opened.clear()
    return made


def _opened(audience: str, *names: str, at_ms: int = LATER_MS) -> _Tampered:
    """Two logs in which the title of a notification may be told to the public, and these fields of it."""
    told = Told(World(format=2, disclosure=(CONSENT, EMBARGO)))
    first = told.say("ARC", "notification", {"title": "Attack", "summary": "Two hosts."})
    text = sha256(b"A text.").digest()
    facts = {"audience": "public", "text": text, "opens": [told.commitment(first, "title")]}
    proposed = told.say("ARC", "disclosure-propose", {"text": "A text."}, thread=first, reply=first, facts=facts)
    told.world.say("BOR", "disclosure-consent", thread=first, reply=proposed, facts={"text": text})
    told.world.state("ARC", "arrival")
    made = _exported(told.world)
    made.packed = True
    made.opened = {first: told.opened(first, *names)}
    if audience == "public":
        made.opened[proposed] = told.opened(proposed, "text")
    made.head = {"audience": audience, "disclosed_at_ms": at_ms}
    made.at_ms = LATER_MS
    return made
