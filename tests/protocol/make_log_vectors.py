"""Make the vectors in spec/vectors/log: `python -m tests.protocol.make_log_vectors` from the root of the repository.

Each file is a few header lines, one empty line, and the bytes to be judged, up to the end of the file. Keys come from
fixed seeds; ML-DSA-44 signatures are hedged, so a new run writes other signatures that mean the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from keys.note_key import NoteKeyType, NoteVerifier
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.cosigned_message import sign_line
from protocol.merkle import Frontier, Hash, leaf_hash, leaf_reader, prove_consistency, prove_inclusion
from protocol.note import Note, NoteSignature
from protocol.note import parse as parse_note
from protocol.proof import TlogProof
from protocol.proof import parse as parse_proof
from protocol.spelling import encode_base64
from tests.protocol.log_parties import (
    ARC,
    AT_MS,
    BOR,
    checkpoint_of,
    entries,
    held_note,
    policy_for,
    receipt_for,
    signer,
)

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "log"
POLICY = "policy"

Vector = tuple[str, str, str, str, dict[str, list[str]], bytes]
"""File name, what was done, format, expected kind, more header lines, body."""

# The inputs that the tests of Certificate Transparency have always used; the roots are in the vectors' bodies.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

# The worked example of the signed-note page.
NOTE_EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE_EXAMPLE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()


def lines(**parts: object) -> bytes:
    """A body of `name value` lines; a list gives one line an item, and bytes are written in hexadecimal."""
    out = []
    for name, value in parts.items():
        for item in value if isinstance(value, list) else [value]:
            out.append(f"{name} {item.hex() if isinstance(item, bytes) else item}".rstrip(" ") + "\n")
    return "".join(out).encode()


def swap(body: bytes, old: bytes, new: bytes) -> bytes:
    """Replace what occurs, and fail where nothing does."""
    if old not in body:
        raise AssertionError(f"{old!r} is not there")
    return body.replace(old, new, 1)


def flip(data: bytes, at: int) -> bytes:
    """Turn one bit of one byte."""
    at %= len(data)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def tree_vectors() -> Iterator[Vector]:
    """Roots and Merkle proofs."""
    for size, root in enumerate(CT_ROOTS):
        body = lines(entry=CT_LEAVES[:size], root=root)
        yield f"tree-of-{size}", f"the root of a tree of {size} leaves", "tree", "accepted", {}, body
    body = lines(entry=CT_LEAVES[:3], root=CT_ROOTS[4])
    yield "tree-other-root", "the root of another size", "tree", "bad proof", {}, body

    leaves = [leaf_hash(entry) for entry in entries(23)]
    read = leaf_reader(leaves)

    def root_at(size: int) -> Hash:
        return Frontier.empty().extend(leaves[:size]).root()

    path = prove_inclusion(11, 23, read)
    good = {"index": 11, "size": 23, "leaf": leaves[11], "root": root_at(23), "hash": path}
    for name, what, changed in (
        ("other-leaf", "the hash of the next leaf", {"leaf": leaves[12]}),
        ("other-index", "the index of the next leaf", {"index": 12}),
        ("index-is-size", "an index just beyond the tree", {"index": 23}),
        ("other-root", "the root of the tree one leaf smaller", {"root": root_at(22)}),
        ("other-size", "the size one level lower", {"size": 16}),
        ("empty-tree", "a tree without leaves", {"index": 0, "size": 0, "hash": []}),
        ("path-short", "the last hash left out", {"hash": path[:-1]}),
        ("path-long", "one hash more", {"hash": [*path, path[0]]}),
        ("path-reversed", "the hashes from the root downwards", {"hash": path[::-1]}),
        ("path-bit", "one bit of one hash turned", {"hash": [flip(path[0], 0), *path[1:]]}),
        ("path-hash-short", "one hash of 31 bytes", {"hash": [path[0][:31], *path[1:]]}),
        ("path-empty", "no hashes at all", {"hash": []}),
        ("node-as-leaf", "an inner node passed off as a leaf", {"leaf": read(1, 5), "index": 5, "hash": path[1:]}),
    ):
        yield f"inclusion-{name}", what, "inclusion", "bad proof", {}, lines(**{**good, **changed})
    yield "inclusion", "a proof that holds", "inclusion", "accepted", {}, lines(**good)
    last = {"index": 22, "leaf": leaves[22], "hash": prove_inclusion(22, 23, read)}
    yield "inclusion-right-edge", "the last leaf", "inclusion", "accepted", {}, lines(**{**good, **last})

    path = prove_consistency(12, 23, read)
    good = {"old": 12, "new": 23, "old-root": root_at(12), "new-root": root_at(23), "hash": path}
    empty = bytes.fromhex(CT_ROOTS[0])
    eight = {"old": 8, "old-root": root_at(8), "hash": prove_consistency(8, 23, read)}
    same = {"old": 23, "old-root": root_at(23), "hash": []}
    nothing = {"old": 0, "old-root": empty, "hash": []}
    for name, what, expect, changed in (
        ("consistency", "a proof that holds", "accepted", {}),
        ("consistency-power-of-two", "a complete old tree, whose root is left out", "accepted", eight),
        ("consistency-same-size", "equal sizes and no hashes", "accepted", same),
        ("consistency-from-nothing", "from the empty tree, without hashes", "accepted", nothing),
        ("consistency-from-nothing-other-root", "from a tree without leaves, with a root", "bad proof",
         {**nothing, "old-root": root_at(1)}),
        ("consistency-from-nothing-with-path", "from the empty tree, with hashes", "bad proof",
         {**nothing, "hash": path}),
        ("consistency-same-size-other-root", "two roots for one size", "bad proof",
         {**same, "old-root": root_at(22)}),
        ("consistency-same-size-with-path", "equal sizes with hashes", "bad proof", {**same, "hash": path}),
        ("consistency-backwards", "the larger tree first", "bad proof",
         {"old": 23, "new": 12, "old-root": root_at(23), "new-root": root_at(12)}),
        ("consistency-other-old-root", "the old root of another size", "bad proof", {"old-root": root_at(11)}),
        ("consistency-other-new-root", "the new root of another size", "bad proof", {"new-root": root_at(22)}),
        ("consistency-path-short", "the last hash left out", "bad proof", {"hash": path[:-1]}),
        ("consistency-path-long", "one hash more", "bad proof", {"hash": [*path, path[0]]}),
        ("consistency-path-empty", "no hashes at all", "bad proof", {"hash": []}),
        ("consistency-path-bit", "one bit of one hash turned", "bad proof", {"hash": [*path[:-1], flip(path[-1], 9)]}),
        ("consistency-root-repeated", "a complete old tree whose root is sent all the same", "bad proof",
         {**eight, "hash": [root_at(8), *prove_consistency(8, 23, read)]}),
    ):  # fmt: skip
        yield name, what, "consistency", expect, {}, lines(**{**good, **changed})


def note_vectors() -> Iterator[Vector]:
    """Signed notes and the text of checkpoints."""
    good = NOTE_EXAMPLE
    key = {"vkey": [NOTE_EXAMPLE_KEY]}
    yield "note-example", "the worked example of the format's own page", "note", "accepted", key, good
    dash = "\u2014 ".encode()
    text, line = good.split(b"\n\n")
    for name, what, body in (
        ("no-signature", "no signature line", text + b"\n\n"),
        ("no-empty-line", "no empty line before the signatures", text + b"\n" + line),
        ("no-final-newline", "the last newline left out", good[:-1]),
        ("crlf", "lines that end in carriage return and newline", good.replace(b"\n", b"\r\n")),
        ("tab", "a tab in the text", swap(good, b"is an", b"is\tan")),
        ("not-utf8", "a byte that is no UTF-8", swap(good, b"example message", b"exampl\xe9 message")),
        ("hyphen", "a hyphen for the dash", swap(good, dash, b"- ")),
        ("two-spaces", "two spaces before the base64", swap(good, b"foo Uw", b"foo  Uw")),
        ("no-name", "a line without a name", swap(good, b"example.com/foo ", b"")),
        ("plus-in-name", "a plus in the name", swap(good, b"/foo ", b"/f+o ")),
        ("nbsp-in-name", "a no-break space in the name", swap(good, b"/foo ", "/f\u00a0o ".encode())),
        ("base64-loose-bits", "base64 whose last bits are not zero", swap(good, b"aQM=", b"aQN=")),
        ("base64-no-padding", "base64 without its padding", swap(good, b"aQM=", b"aQM")),
        ("base64-url", "base64 of the alphabet for URLs", swap(good, b"IneyaQM=", b"Ine_aQM=")),
        ("key-id-only", "a line that ends after the key ID", text + b"\n\n" + dash + b"example.com/foo Uw2QOg==\n"),
        ("line-after", "a line of text behind the signatures", good + b"more\n"),
    ):
        yield f"note-{name}", what, "note", "malformed", key, body
    yield "note-line-doubled", "the same line twice", "note", "doubled line", key, good + line
    body = swap(good, b"example message", b"Example message")
    yield "note-other-text", "one letter of the text changed", "note", "bad signature", key, body

    good = checkpoint_of(ARC, entries(5)).text().encode()
    root = good.split(b"\n")[2]
    yield "checkpoint", "three lines", "checkpoint", "accepted", {}, good
    empty = Checkpoint(ARC.origin, 0, bytes.fromhex(CT_ROOTS[0])).text().encode()
    yield "checkpoint-empty", "the tree without leaves", "checkpoint", "accepted", {}, empty
    yield "checkpoint-extension", "a line after the root", "checkpoint", "extension", {}, good + b"more\n"
    for name, what, body in (
        ("size-leading-zero", "a zero before the size", swap(good, b"\n5\n", b"\n05\n")),
        ("size-plus", "a plus before the size", swap(good, b"\n5\n", b"\n+5\n")),
        ("size-negative", "a size below zero", swap(good, b"\n5\n", b"\n-5\n")),
        ("size-underscore", "an underscore in the size", swap(good, b"\n5\n", b"\n5_0\n")),
        ("size-arabic-digit", "a size in other digits than ASCII", swap(good, b"\n5\n", "\n\u0665\n".encode())),
        ("size-too-large", "a size of 2**63", swap(good, b"\n5\n", b"\n9223372036854775808\n")),
        ("size-space", "a space after the size", swap(good, b"\n5\n", b"\n5 \n")),
        ("empty-other-root", "size 0 with the root of a leaf", swap(good, b"\n5\n", b"\n0\n")),
        ("root-short", "a root of 31 bytes", swap(good, root, encode_base64(bytes(31)).encode())),
        ("root-url-base64", "a root in the alphabet for URLs", swap(good, root, b"_" * 43 + b"=")),
        ("root-no-padding", "a root without padding", swap(good, b"=\n", b"\n")),
        ("origin-empty", "no origin", swap(good, ARC.origin.encode(), b"")),
        ("origin-space", "a space in the origin", swap(good, b"arcadia.", b"arcadia .")),
        ("origin-long", "an origin of 256 bytes", swap(good, ARC.origin.encode(), b"o" * 256)),
        ("two-lines", "the root left out", swap(good, root + b"\n", b"")),
        ("no-final-newline", "the last newline left out", good[:-1]),
    ):
        yield f"checkpoint-{name}", what, "checkpoint", "malformed", {}, body


def signed_vectors() -> Iterator[Vector]:
    """Checkpoints with signature lines. The keys stand in the header; all of them must have signed."""
    items = entries(5)
    checkpoint = checkpoint_of(ARC, items)
    short = {"vkey": [ARC.log[0].verifier.vkey(), BOR.mirror[0].verifier.vkey()]}
    log_line = parse_note(sign_checkpoint(checkpoint, ARC.log, AT_MS)).signatures[0]
    cosigned = cosign(checkpoint, BOR.mirror, AT_MS)[0]
    text = checkpoint.text()

    def with_lines(*given: NoteSignature, of: str = text) -> bytes:
        return Note(of, given).encode()

    def timed(seconds: int) -> NoteSignature:
        return replace(cosigned, signature=seconds.to_bytes(8, "big") + cosigned.signature[8:])

    stranger = sign_line(
        signer("stranger.example/key", NoteKeyType.ED25519),
        text=text, origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, at_ms=AT_MS,
    )  # fmt: skip
    other = checkpoint_of(ARC, [*items[:-1], b"another"]).text()
    name = "signed-checkpoint"
    for suffix, what, expect, body in (
        ("", "a log's line and a cosignature", "accepted", with_lines(log_line, cosigned)),
        ("-lines-swapped", "the lines in the other order, which means the same", "accepted",
         with_lines(cosigned, log_line)),
        ("-other-root", "another root under the same lines", "bad signature", with_lines(log_line, cosigned, of=other)),
        ("-log-bit", "one bit of the log's signature turned", "bad signature",
         with_lines(replace(log_line, signature=flip(log_line.signature, 5)), cosigned)),
        ("-cosignature-bit", "one bit of the cosignature turned", "bad signature",
         with_lines(log_line, replace(cosigned, signature=flip(cosigned.signature, -1)))),
        ("-time-changed", "the time of the cosignature one second later", "bad signature",
         with_lines(log_line, timed(AT_MS // 1000 + 1))),
        ("-time-zero", "the time zero", "bad signature", with_lines(log_line, timed(0))),
        ("-time-too-large", "a time of 2**63", "bad signature", with_lines(log_line, timed(2**63))),
        ("-signature-short", "a cosignature one byte short", "bad signature",
         with_lines(log_line, replace(cosigned, signature=cosigned.signature[:-1]))),
        ("-key-id-other", "a key ID that is no key's", "unknown signer",
         with_lines(log_line, replace(cosigned, key_id=flip(cosigned.key_id, 0)))),
        ("-stranger", "a line of a key nobody named", "unknown signer", with_lines(log_line, cosigned, stranger)),
        ("-no-cosignature", "the log's line alone", "missing signer", with_lines(log_line)),
        ("-no-log", "the cosignature alone", "missing signer", with_lines(cosigned)),
        ("-doubled", "the cosignature twice, at two times", "doubled line",
         with_lines(log_line, cosigned) + timed(AT_MS // 1000 + 60).encode()),
        ("-extension", "a line after the root, signed", "extension",
         with_lines(replace(log_line, signature=ARC.log[0].sign((text + "more\n").encode())), cosigned,
                    of=text + "more\n")),
    ):  # fmt: skip
        yield f"{name}{suffix}", what, "signed-checkpoint", expect, short, body
    log = BOR.mirror[0].verifier
    impostor = NoteVerifier(ARC.origin, log.type, log.raw)
    line = replace(cosigned, name=ARC.origin, key_id=impostor.key_id)
    key = {"vkey": [impostor.vkey()]}
    what = "a 0x04 cosignature under another name: the message does not bind the name, so the key list must"
    yield f"{name}-renamed-ed25519", what, "signed-checkpoint", "accepted", key, with_lines(line)
    pq = cosign(checkpoint, BOR.mirror, AT_MS)[1]
    impostor = NoteVerifier(ARC.origin, NoteKeyType.MLDSA44, BOR.mirror[1].verifier.raw)
    line = replace(pq, name=ARC.origin, key_id=impostor.key_id)
    key = {"vkey": [impostor.vkey()]}
    what = "a 0x06 cosignature under another name, which the message binds"
    yield f"{name}-renamed-mldsa", what, "signed-checkpoint", "bad signature", key, with_lines(line)
    key = {"vkey": [BOR.mirror[1].verifier.vkey()]}
    yield f"{name}-mldsa", "an ML-DSA-44 cosignature", "signed-checkpoint", "accepted", key, with_lines(pq)


def proof_vectors() -> Iterator[Vector]:
    """Proof files and receipts."""
    items = entries(5)
    good = receipt_for(ARC, BOR, items, 3)
    head, note = good.split(b"\n\n", 1)
    stub = head + b"\n\n" + Note("x\n", (NoteSignature("x", bytes(4), b"x"),)).encode()
    proof = parse_proof(good)
    first = encode_base64(proof.path[0]).encode()
    yield (
        "proof-file",
        "a file taken apart, with a checkpoint that is not looked at",
        "proof-file",
        "accepted",
        {},
        stub,
    )
    body = swap(stub, b"extra " + encode_base64(items[3]).encode() + b"\n", b"")
    yield "proof-file-no-extra", "no extra line", "proof-file", "accepted", {}, body
    for name, what, body in (
        ("other-version", "another version in the first line", swap(stub, b"@v1", b"@v2")),
        ("no-index", "the index line left out", swap(stub, b"index 3\n", b"")),
        ("index-leading-zero", "a zero before the index", swap(stub, b"index 3", b"index 03")),
        (
            "index-before-extra",
            "the index line first",
            swap(swap(stub, b"index 3\n", b""), b"extra", b"index 3\nextra"),
        ),
        ("extra-twice", "two extra lines", swap(stub, b"extra", b"extra AAAA\nextra")),
        ("extra-loose-base64", "base64 whose last bits are not zero", swap(stub, b"extra ", b"extra AB==\nextra ")),
        ("hash-short", "a hash of 31 bytes", swap(stub, first, encode_base64(bytes(31)).encode())),
        ("hash-space", "a space after a hash", swap(stub, first, first + b" ")),
        ("too-many-hashes", "64 hashes", swap(stub, first + b"\n", (first + b"\n") * 62)),
        ("no-empty-line", "no empty line before the checkpoint", swap(stub, b"\n\n", b"\n")),
        ("no-checkpoint", "nothing after the empty line", head + b"\n\n"),
        ("crlf", "lines that end in carriage return and newline", swap(stub, b"\n", b"\r\n")),
    ):
        yield f"proof-file-{name}", what, "proof-file", "malformed", {}, body

    under = {"policy": [POLICY]}
    parsed = parse_note(note)
    own = cosign(checkpoint_of(ARC, items), ARC.mirror, AT_MS)

    def receipt(note: bytes, **changed: object) -> bytes:
        given: dict[str, object] = {"extra": proof.extra, "index": proof.index, "path": proof.path, **changed}
        return TlogProof(checkpoint_note=note, **given).encode()  # type: ignore[arg-type]

    other_note = held_note(BOR, ARC, items)
    log_only = sign_checkpoint(checkpoint_of(ARC, items), ARC.log, AT_MS)
    strange = signer("stranger.example/log", NoteKeyType.ED25519), signer("stranger.example/log", NoteKeyType.MLDSA44)
    strange_note = sign_checkpoint(
        Checkpoint("stranger.example/log", 5, checkpoint_of(ARC, items).root), strange, AT_MS
    )
    for name, what, expect, body in (
        ("receipt", "a receipt that holds", "accepted", good),
        ("receipt-other-voice", "a receipt of the other party's log", "accepted", receipt_for(BOR, ARC, items, 3)),
        ("receipt-no-entry", "the extra line left out", "no entry", receipt(note, extra=None)),
        ("receipt-other-entry", "one bit of the entry turned", "bad proof", receipt(note, extra=flip(items[3], 0))),
        ("receipt-other-index", "the index of another entry", "bad proof", receipt(note, index=2)),
        ("receipt-other-log", "the checkpoint of the other party's log with the same entries", "accepted",
         receipt(other_note)),
        ("receipt-not-held", "only the log's own lines", "missing signer", receipt(log_only)),
        ("receipt-own-mirror", "cosigned by the party's own mirror", "unknown signer",
         receipt(add_cosignatures(log_only, own))),
        ("receipt-both-mirrors", "cosigned by both mirrors", "unknown signer", receipt(add_cosignatures(note, own))),
        ("receipt-ed25519-only", "without the ML-DSA-44 lines", "missing signer",
         receipt(Note(parsed.text, (parsed.signatures[0], parsed.signatures[2])).encode())),
        ("receipt-mldsa-log-missing", "without the log's ML-DSA-44 line", "missing signer",
         receipt(Note(parsed.text, (parsed.signatures[0], *parsed.signatures[2:])).encode())),
        ("receipt-unknown-log", "a log that the policy does not list", "unknown log", receipt(strange_note)),
    ):  # fmt: skip
        yield name, what, "receipt", expect, under, body


def tile_vectors() -> Iterator[Vector]:
    """Paths and bundles."""
    for name, what, path in (
        ("tile", "a full tile", "tile/0/x001/x234/067"),
        ("tile-partial", "a partial tile", "tile/1/000.p/17"),
        ("tile-entries", "an entry bundle", "tile/entries/273.p/112"),
    ):
        yield f"path-{name}", what, "path", "accepted", {}, path.encode()
    for name, what, path in (
        ("level-64", "a level above 63", "tile/64/000"),
        ("level-leading-zero", "a zero before the level", "tile/00/000"),
        ("two-digits", "an index of two digits", "tile/0/67"),
        ("no-x", "no x before an upper group", "tile/0/001/067"),
        ("x-last", "an x before the last group", "tile/0/x001"),
        ("leading-zero-group", "a group of zeros in front", "tile/0/x000/067"),
        ("width-0", "a partial tile without hashes", "tile/0/000.p/0"),
        ("width-256", "a full tile written as a partial one", "tile/0/000.p/256"),
        ("width-leading-zero", "a zero before the width", "tile/0/000.p/017"),
        ("data", "another format's name for bundles", "tile/data/000"),
        ("parent", "a step upwards", "tile/0/../000"),
        ("newline", "a newline at the end", "tile/0/000\n"),
        ("height", "a path that names the height first", "tile/8/0/000"),
    ):
        yield f"path-{name}", what, "path", "malformed", {}, path.encode()
    two = {"width": ["2"]}
    for name, what, expect, data in (
        ("bundle", "two entries", "accepted", "0003616263000164"),
        ("bundle-empty-entry", "an entry without bytes", "accepted", "00036162630000"),
        ("bundle-short", "one entry too few", "malformed", "0003616263"),
        ("bundle-long", "one entry more", "malformed", "0003616263000164000165"),
        ("bundle-cut", "the last byte left out", "malformed", "0003616263000264"),
        ("bundle-half-length", "half a length at the end", "malformed", "000361626300016400"),
    ):
        yield name, what, "bundle", expect, two, f"{data}\n".encode()


def policy_vectors() -> Iterator[Vector]:
    """Policies as the public format has them, and policies for two parties."""
    arc = ARC.log[0].verifier.vkey()
    one, two = BOR.mirror[0].verifier.vkey(), ARC.mirror[0].verifier.vkey()
    other_id = arc.replace(ARC.log[0].verifier.key_id.hex(), "00000000")
    good = f"log {arc}\nwitness one {one}\nwitness two {two}\ngroup both all one two\nquorum both\n"
    for name, what, text in (
        ("", "a log, two witnesses and a group", good),
        ("-spaces", "comments, empty lines, tabs and spaces", f"# who\n\n \tlog \t{arc} \n \t# what\nquorum  none\n"),
        ("-urls", "addresses behind the keys", f"log {arc} https://a.example/\nwitness w {one} w.example\nquorum w\n"),
        ("-no-logs", "no logs and no witnesses", "quorum none\n"),
        ("-nested", "a group in a group", good.replace("quorum both", "group top any both\nquorum top")),
    ):  # fmt: skip
        yield f"policy{name}", what, "policy", "accepted", {}, text.encode()
    for name, what, text in (
        ("no-quorum", "no quorum line", f"log {arc}\n"),
        ("two-quorums", "two quorum lines", good + "quorum none\n"),
        ("quorum-first", "the quorum before what it names", f"quorum one\nwitness one {one}\n"),
        ("group-forward", "a member defined after its group", f"group g any one\nwitness one {one}\nquorum g\n"),
        ("member-twice", "a name that is a member twice", good.replace("quorum", "group g any one\nquorum")),
        ("name-twice", "one name for two witnesses", good.replace("witness two", "witness one")),
        ("name-none", "a witness named none", good.replace("witness two", "witness none")),
        ("log-twice", "one log key twice", f"log {arc}\n{good}"),
        ("witness-twice", "one witness key under two names", good.replace(two, one)),
        ("threshold-0", "a threshold of zero", good.replace("both all", "both 0")),
        ("threshold-3", "a threshold above the members", good.replace("both all", "both 3")),
        ("threshold-plus", "a plus before the threshold", good.replace("both all", "both +2")),
        ("group-empty", "a group without members", good.replace(" one two", "")),
        ("log-key-type", "a cosigner's key as a log", f"log {one}\nquorum none\n"),
        ("witness-key-type", "a log's Ed25519 key as a witness", f"witness w {arc}\nquorum w\n"),
        ("key-id", "a key whose ID is another's", f"log {other_id}\nquorum none\n"),
        ("unknown-word", "a line of another kind", good + "trust me\n"),
        ("three-words", "a word too many", f"log {arc} https://a.example/ more\nquorum none\n"),
        ("no-final-newline", "the last newline left out", good[:-1]),
        ("crlf", "lines that end in carriage return and newline", good.replace("\n", "\r\n")),
        ("form-feed", "a control character", good.replace("log", "\x0clog")),
    ):  # fmt: skip
        yield f"policy-{name}", what, "policy", "malformed", {}, text.encode()
    whole = policy_for(ARC, BOR).decode()
    drop = [line for line in whole.splitlines(keepends=True) if line.startswith("log ")]
    for name, what, text in (
        ("one-party", "the logs of one party only", whole.replace(drop[2], "").replace(drop[3], "")),
        ("mldsa-log-missing", "a log without its ML-DSA-44 key", whole.replace(drop[1], "")),
        ("other-shape", "a log with a name of another shape", f"log {NOTE_EXAMPLE_KEY}\n{whole}"),
        (
            "mirror-missing",
            "a party without its mirror",
            whole.replace(f"witness ARC-mirror-04 {two}\n", "").replace(
                "group ARC-mirror all ARC-mirror-04 ", "group ARC-mirror all "
            ),
        ),
    ):
        yield f"two-party-policy-{name}", what, "two-party-policy", "malformed", {}, text.encode()


def main() -> None:
    """Write every vector, and the policy that the receipts are judged by."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    (FOLDER / POLICY).write_bytes(policy_for(ARC, BOR))
    made = (tree_vectors, note_vectors, signed_vectors, proof_vectors, tile_vectors, policy_vectors)
    for name, what, form, expect, more, body in (vector for make in made for vector in make()):
        header = {"what": [what], "format": [form], "expect": [expect], **more}
        head = "".join(f"{key}: {value}\n" for key, values in header.items() for value in values)
        (FOLDER / f"{name}.txt").write_bytes(head.encode() + b"\n" + body)


if __name__ == "__main__":
    main()
