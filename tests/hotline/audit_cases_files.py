"""Cases of audits in which somebody changed files, steps 1 to 6: each function one case."""

from dataclasses import replace

from keys import roster as rosters
from keys.note_key import NoteKeyType, NoteSigner
from protocol.checkpoint import Checkpoint
from protocol.exported_log import SIZE_MAX
from protocol.merkle import Frontier
from protocol.note import NoteSignature
from protocol.note import parse as parse_note
from protocol.party_keys import render_policy
from protocol.tagged import digest
from tests.builders import EPOCH, NAMES, START_MS, seed
from tests.hotline.audit_made import Laid, Shop, files_of_world

ARC, POLICY = "arc/checkpoint", "policy"
BEGUN = ("4-14. logs",)
UNREAD = ("6-14. entries",)
NOT_BEGUN = ("everything",)


def _only(files: dict[str, bytes], start: str) -> str:
    """The one file whose name begins like that."""
    (name,) = [name for name in files if name.startswith(start)]
    return name


def _flip(data: bytes, at: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


# --- clean ----------------------------------------------------------------------------------------------------------


def clean(shop: Shop) -> Laid:
    """Two exports and a policy, and nothing wrong with them."""
    return Laid(files=shop.clean(), base=None)


def clean_exports_swapped(shop: Shop) -> Laid:
    """The exports in the other order."""
    return Laid(files=shop.clean(), arguments=("bor", "arc", "policy"))


def clean_policy_of_the_other(shop: Shop) -> Laid:
    """The policy that goes with the other voice: its quorum is the other mirror."""
    files = shop.clean()
    return Laid(files={**files, POLICY: files["bor/policy"]})


def long(shop: Shop) -> Laid:
    """A log of 260 entries, most of them of a version to come: two leaf tiles and one above."""
    world = shop.world()
    for number in range(258):
        world.append("ARC", b"\x92\x02\xcd" + (1000 + number).to_bytes(2, "big"))
    return Laid(files=files_of_world(world), not_checked=("not-understood", "14. disclosure", "contents"))


# --- what is given --------------------------------------------------------------------------------------------------


def policy_inside_evidence(shop: Shop) -> Laid:
    """The policy given is the one inside an export."""
    return Laid(files=shop.clean(), arguments=("arc", "bor", "arc/policy"), codes=("policy-inside-evidence",))


def policy_unreadable(shop: Shop) -> Laid:
    """The policy given is not there."""
    arguments = ("arc", "bor", "nothing")
    codes = ("policy-unreadable",)
    return Laid(files=shop.clean(), arguments=arguments, codes=codes, exit=3, not_checked=NOT_BEGUN)


def policy_malformed(shop: Shop) -> Laid:
    """A policy cut in the middle of a line."""
    files = shop.clean()
    files[POLICY] = files[POLICY][:500]
    return Laid(files=files, codes=("policy-malformed",), exit=1, not_checked=NOT_BEGUN)


def policy_one_party(shop: Shop) -> Laid:
    """A policy without the other party's log."""
    files = shop.clean()
    lines = files[POLICY].splitlines(keepends=True)
    kept = [line for line in lines if not (line.startswith(b"log ") and b"borealia" in line)]
    files[POLICY] = b"".join(kept)
    return Laid(files=files, codes=("policy-malformed",), exit=1, not_checked=NOT_BEGUN)


def policy_of_another_channel(shop: Shop) -> Laid:
    """The policy of another line between the same parties."""
    files = {**shop.clean(), POLICY: shop.world(title="Another line", begin=False).policy("ARC")}
    return Laid(files=files, codes=("policy-log-unknown",) * 2, exit=1, not_checked=BEGUN)


def policy_quorum_missing(shop: Shop) -> Laid:
    """A policy that asks for a witness who did not cosign."""
    files = shop.clean()
    witness = NoteSigner("witness.example/1", NoteKeyType.COSIGNATURE, seed("a witness", 32)).verifier
    lines = files[POLICY].splitlines(keepends=True)
    quorum = next(line for line in lines if line.startswith(b"quorum "))
    asked = [f"witness watcher {witness.vkey()}\n".encode(), b"group both all watcher " + quorum.split()[1] + b"\n"]
    files[POLICY] = b"".join([*(line for line in lines if line != quorum), *asked, b"quorum both\n"])
    return Laid(files=files, codes=("policy-quorum-missing",) * 2, exit=1, not_checked=BEGUN)


def no_directory(shop: Shop) -> Laid:
    """One of the exports given is not there."""
    arguments = ("arc", "nowhere", "policy")
    codes = ("audit-no-directory",)
    return Laid(files=shop.clean(), arguments=arguments, codes=codes, exit=3, not_checked=NOT_BEGUN)


def one_export_twice(shop: Shop) -> Laid:
    """One export is given twice."""
    return Laid(files=shop.clean(), arguments=("arc", "arc", "policy"), exit=2, error="voices-not-two")


def one_voice_twice(shop: Shop) -> Laid:
    """Both exports have a checkpoint of one log."""
    files = shop.clean()
    return Laid(files={**files, "bor/checkpoint": files[ARC]}, exit=2, error="voices-not-two")


# --- checkpoints ----------------------------------------------------------------------------------------------------


def _note(shop: Shop, note: bytes, *codes: str) -> Laid:
    return Laid(files={**shop.clean(), ARC: note}, codes=codes, exit=1, not_checked=BEGUN)


def _with_lines(note: bytes, lines: tuple[NoteSignature, ...]) -> bytes:
    return replace(parse_note(note), signatures=lines).encode()


def checkpoint_missing(shop: Shop) -> Laid:
    """An export without its checkpoint."""
    files = shop.clean()
    del files[ARC]
    return Laid(files=files, codes=("checkpoint-missing",), exit=3, not_checked=BEGUN)


def checkpoint_no_note(shop: Shop) -> Laid:
    """A checkpoint without its last newline."""
    return _note(shop, shop.clean()[ARC][:-1], "note-malformed")


def checkpoint_number(shop: Shop) -> Laid:
    """A checkpoint whose size has a zero before it."""
    note = shop.clean()[ARC]
    size = note.split(b"\n")[1]
    return _note(shop, note.replace(b"\n" + size + b"\n", b"\n0" + size + b"\n", 1), "checkpoint-malformed")


def checkpoint_extension(shop: Shop) -> Laid:
    """A checkpoint with a line behind the root."""
    return _note(shop, shop.clean()[ARC].replace(b"\n\n", b"\nmore\n\n", 1), "checkpoint-extension")


def line_doubled(shop: Shop) -> Laid:
    """A checkpoint with one of its lines twice."""
    note = shop.clean()[ARC]
    return _note(shop, note + note.splitlines(keepends=True)[-1], "note-line-doubled")


def line_of_a_stranger(shop: Shop) -> Laid:
    """A checkpoint with a line more, of a log that the policy does not have."""
    note = shop.clean()[ARC]
    lines = parse_note(note).signatures
    stranger = replace(lines[0], name=f"stranger.example{lines[0].name[lines[0].name.index('/') :]}")
    return _note(shop, _with_lines(note, (*lines, stranger)), "line-unknown")


def line_of_a_witness(shop: Shop) -> Laid:
    """A checkpoint with a line more, of a witness that the policy does not have: it is passed over."""
    note = shop.clean()[ARC]
    lines = parse_note(note).signatures
    return Laid(files={**shop.clean(), ARC: _with_lines(note, (*lines, replace(lines[0], name="witness.example/1")))})


def line_of_the_own_mirror(shop: Shop) -> Laid:
    """ARC's log cosigned by ARC's own mirror."""
    world = shop.conversation()
    state = world.logs["ARC"].state()
    made = Checkpoint(world.agreement.origin("ARC", EPOCH), state.size, state.root)
    note = shop.kept.note(made, world.log_signers("ARC"), world.mirror_signers("ARC"))
    return _note(shop, note, "line-unknown")


def line_missing_of_the_log(shop: Shop) -> Laid:
    """A checkpoint without the log's ML-DSA-44 line."""
    note = shop.clean()[ARC]
    lines = parse_note(note).signatures
    return _note(shop, _with_lines(note, (lines[0], *lines[2:])), "line-missing")


def line_missing_of_the_mirror(shop: Shop) -> Laid:
    """A checkpoint without the mirror's Ed25519 line."""
    note = shop.clean()[ARC]
    lines = parse_note(note).signatures
    return _note(shop, _with_lines(note, (*lines[:2], lines[3])), "line-missing")


def line_bad(shop: Shop) -> Laid:
    """One bit of the mirror's ML-DSA-44 signature turned."""
    note = shop.clean()[ARC]
    lines = parse_note(note).signatures
    bad = replace(lines[3], signature=_flip(lines[3].signature, -1))
    return _note(shop, _with_lines(note, (*lines[:3], bad)), "line-bad-signature")


def line_under_another_root(shop: Shop) -> Laid:
    """The lines of one checkpoint under another root."""
    note = shop.clean()[ARC]
    root = note.split(b"\n")[2]
    other = shop.clean()["bor/checkpoint"].split(b"\n")[2]
    return _note(shop, note.replace(root, other, 1), "line-bad-signature")


def checkpoint_of_more(shop: Shop) -> Laid:
    """A checkpoint of all keys that claims one entry more than an audit reads."""
    world = shop.conversation()
    made = Checkpoint(world.agreement.origin("ARC", EPOCH), SIZE_MAX + 1, digest(b"a root"))
    note = shop.kept.note(made, world.log_signers("ARC"), world.mirror_signers("BOR"))
    return Laid(files={**shop.clean(), ARC: note}, codes=("log-too-large",), exit=3, not_checked=BEGUN)


def checkpoint_of_another_root(shop: Shop) -> Laid:
    """A checkpoint of all keys over a root that the entries do not give."""
    world = shop.conversation()
    made = Checkpoint(world.agreement.origin("ARC", EPOCH), len(world.logs["ARC"].entries), digest(b"a root"))
    note = shop.kept.note(made, world.log_signers("ARC"), world.mirror_signers("BOR"))
    return Laid(files={**shop.clean(), ARC: note}, codes=("tile-differs",), exit=1, not_checked=UNREAD)


def checkpoint_empty(shop: Shop) -> Laid:
    """An export of a log without entries, and the other voice's log beside it."""
    world = shop.conversation()
    made = Checkpoint(world.agreement.origin("ARC", EPOCH), 0, Frontier.empty().root())
    note = shop.kept.note(made, world.log_signers("ARC"), world.mirror_signers("BOR"))
    files = {name: data for name, data in shop.clean().items() if not name.startswith("arc/")}
    notes = ("held-beyond", "reference-beyond", "seen-beyond", "14. disclosure", "contents")
    return Laid(files={**files, ARC: note}, not_checked=notes)


# --- tree -----------------------------------------------------------------------------------------------------------


def entries_missing(shop: Shop) -> Laid:
    """An export without its bundle of entries."""
    files = shop.clean()
    del files[_only(files, "arc/tile/entries/")]
    return Laid(files=files, codes=("tile-missing",), exit=3, not_checked=UNREAD)


def hashes_missing(shop: Shop) -> Laid:
    """An export without its tile of leaf hashes: it is said, and the entries give the root without it."""
    files = shop.clean()
    del files[_only(files, "arc/tile/0/")]
    return Laid(files=files, codes=("tile-missing",), exit=3)


def entry_changed(shop: Shop) -> Laid:
    """One bit in the last entry turned."""
    files = shop.clean()
    name = _only(files, "arc/tile/entries/")
    files[name] = _flip(files[name], -1)
    return Laid(files=files, codes=("entry-differs",), exit=1, not_checked=UNREAD)


def entry_and_hash_changed(shop: Shop) -> Laid:
    """One bit in the last entry turned, and another in its hash."""
    files = shop.clean()
    for name in (_only(files, "arc/tile/entries/"), _only(files, "arc/tile/0/")):
        files[name] = _flip(files[name], -1)
    return Laid(files=files, codes=("entry-differs",), exit=1, not_checked=UNREAD)


def entries_cut(shop: Shop) -> Laid:
    """The last byte of the bundle of entries left out."""
    files = shop.clean()
    name = _only(files, "arc/tile/entries/")
    files[name] = files[name][:-1]
    return Laid(files=files, codes=("entry-differs",), exit=1, not_checked=UNREAD)


def hash_changed(shop: Shop) -> Laid:
    """One bit in a leaf hash turned, and the entries as they were: the tile is named."""
    files = shop.clean()
    name = _only(files, "bor/tile/0/")
    files[name] = _flip(files[name], 64)
    return Laid(files=files, codes=("tile-differs",), exit=1)


def hashes_cut(shop: Shop) -> Laid:
    """The last byte of the tile of leaf hashes left out."""
    files = shop.clean()
    name = _only(files, "arc/tile/0/")
    files[name] = files[name][:-1]
    return Laid(files=files, codes=("tile-differs",), exit=1)


def _long(shop: Shop, name: str, at: int) -> Laid:
    files = long(shop).files
    files[name] = _flip(files[name], at)
    notes = ("not-understood", "14. disclosure", "contents")
    return Laid(files=files, base="long", codes=("tile-differs",), exit=1, not_checked=notes)


def hash_changed_in_a_full_tile(shop: Shop) -> Laid:
    """One bit in the last hash of a full tile turned."""
    return _long(shop, "arc/tile/0/000", -1)


def hash_changed_above(shop: Shop) -> Laid:
    """One bit in the tile above the leaves turned."""
    return _long(shop, "arc/tile/1/000.p/1", 0)


def hashes_missing_above(shop: Shop) -> Laid:
    """The tile above the leaves left out."""
    laid = long(shop)
    del laid.files["arc/tile/1/000.p/1"]
    return replace(laid, base="long", codes=("tile-missing",), exit=3)


def file_unexpected(shop: Shop) -> Laid:
    """A file that no export has."""
    return Laid(files={**shop.clean(), "arc/notes.txt": b"x"}, codes=("file-unexpected",), exit=1)


def tile_of_another_size(shop: Shop) -> Laid:
    """A partial tile of a smaller log, beside that of this size."""
    files = shop.clean()
    files["arc/tile/0/000.p/2"] = files[_only(files, "arc/tile/0/")][:64]
    return Laid(files=files, codes=("file-unexpected",), exit=1)


def roster_unnamed(shop: Shop) -> Laid:
    """A good roster that no entry names."""
    text = rosters.render(replace(shop.world().rosters["ARC"], valid_until_ms=START_MS + 5))
    files = {**shop.clean(), f"arc/roster/{digest(text).hex()}.toml": text}
    return Laid(files=files, codes=("file-unexpected",), exit=1)


# --- documents ------------------------------------------------------------------------------------------------------


def agreement_missing(shop: Shop) -> Laid:
    """One export without the agreement's text, which the other has."""
    files = shop.clean()
    del files[_only(files, "arc/agreement/")]
    return Laid(files=files, codes=("agreement-missing",) * 2, exit=3)


def agreement_missing_in_both(shop: Shop) -> Laid:
    """Neither export has the agreement's text."""
    files = shop.clean()
    for folder in ("arc", "bor"):
        del files[_only(files, f"{folder}/agreement/")]
    return Laid(files=files, codes=("agreement-missing",) * 2, exit=3, not_checked=UNREAD)


def agreement_changed(shop: Shop) -> Laid:
    """One bit in the agreement's text turned."""
    files = shop.clean()
    name = _only(files, "arc/agreement/")
    files[name] = _flip(files[name], 100)
    return Laid(files=files, codes=("document-differs",) * 2, exit=1)


def roster_missing(shop: Shop) -> Laid:
    """An export without the text of its roster: nobody can say whose the signatures behind it are."""
    files = shop.clean()
    del files[_only(files, "arc/roster/")]
    notes = ("signature-unchecked", "14. disclosure", "contents")
    return Laid(files=files, codes=("roster-missing",), exit=3, not_checked=notes)


def roster_changed(shop: Shop) -> Laid:
    """One bit in the roster's text turned."""
    files = shop.clean()
    name = _only(files, "arc/roster/")
    files[name] = _flip(files[name], 100)
    notes = ("signature-unchecked", "14. disclosure", "contents")
    return Laid(files=files, codes=("document-differs",) * 2, exit=1, not_checked=notes)


def agreement_not_at_zero(shop: Shop) -> Laid:
    """A log that begins with its roster."""
    world = shop.world(begin=False)
    world.enact("ARC", "roster", rosters.render(world.rosters["ARC"]), (1,))
    world.enact("BOR", "agreement", world.agreement.text, (1,))
    world.enact("BOR", "roster", rosters.render(world.rosters["BOR"]), (1,))
    files = files_of_world(world)
    return Laid(files=files, codes=("agreement-not-at-zero", "misplaced"), exit=1)


def agreement_of_another_channel(shop: Shop) -> Laid:
    """Logs with the names of one agreement that begin with another."""
    world, other = shop.conversation(), shop.world(title="Another line", begin=False)
    files = {**shop.clean(), POLICY: other.policy("ARC")}
    for party, folder in (("ARC", "arc"), ("BOR", "bor")):
        state = world.logs[party].state()
        made = Checkpoint(other.agreement.origin(party, EPOCH), state.size, state.root)
        holder = NAMES[1 - NAMES.index(party)]
        files[f"{folder}/checkpoint"] = shop.kept.note(made, other.log_signers(party), other.mirror_signers(holder))
    return Laid(files=files, codes=("policy-pins-other-agreement",) * 2, exit=1, not_checked=UNREAD)


def agreement_differs(shop: Shop) -> Laid:
    """Two logs that begin with two agreements, under a policy that names both."""
    first, second = shop.world(), shop.world(title="Another line", begin=False)
    # ARC said nothing on the second line, of which nothing of ARC's is shown.
    second.enact("BOR", "agreement", second.agreement.text, (1,))
    second.enact("BOR", "roster", rosters.render(second.rosters["BOR"]), (1,))
    files = {name: data for name, data in files_of_world(first).items() if name.startswith("arc/")}
    files |= {name: data for name, data in files_of_world(second).items() if name.startswith("bor/")}
    logs = [[one.verifier for one in world.log_signers(party)] for world, party in ((first, "ARC"), (second, "BOR"))]
    mirrors = (first.mirror_signers("ARC"), second.mirror_signers("BOR"))
    keys = [[one.verifier for one in mirror] for mirror in mirrors]
    files[POLICY] = render_policy(logs[0], logs[1], keys[0], keys[1], own="ARC", other="BOR")
    for world, party, mirror in ((first, "ARC", mirrors[1]), (second, "BOR", mirrors[0])):
        state = world.logs[party].state()
        made = Checkpoint(world.agreement.origin(party, EPOCH), state.size, state.root)
        files[f"{party.lower()}/checkpoint"] = shop.kept.note(made, world.log_signers(party), mirror)
    return Laid(files=files, codes=("agreement-differs",), exit=1, not_checked=UNREAD)


def catalogue_differs(shop: Shop) -> Laid:
    """An agreement on a catalogue that is not at hand."""
    world = shop.world(catalogue_digest=bytes(32), begin=False)
    for party in NAMES:
        world.enact(party, "agreement", world.agreement.text, (1,))
    return Laid(files=files_of_world(world), codes=("catalogue-differs",), exit=3, not_checked=UNREAD)
