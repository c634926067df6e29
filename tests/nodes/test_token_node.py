"""A node with a token, SoftHSM being the token: halves that stay inside, and a token that is lost in operation."""

import shutil
from pathlib import Path

import pytest

from tests.hotline.nodes import start, stop, wait_until_up
from tests.hotline.people import acting, free_port, listen_of, ok, paired
from tests.hotline.test_signer import GOODWILL, all_held, channel, codes, wait_for
from tests.nodes.test_token import MODULE, PIN, SoftToken, token

__all__ = ["token"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MODULE.exists(), reason="needs softhsm2"),
]

LIFE = f"""
import secrets, sys
from pathlib import Path
from keys.errors import KeyAway
from keys.keyring import ChannelSeeds, NodeKeyring
from nodes.node_keys import LOOK_AWAY_S
from nodes.token_node import TokenNodeKeys, divide, divide_channel
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import cosign, verify_note, verify_lines
from protocol.head_signer import check_there, verifiers_of
from protocol.note import Note
from dataclasses import replace
import time
module, tokens, pin = Path({str(MODULE)!r}), Path(sys.argv[1]), {PIN!r}
channel = secrets.token_bytes(32)
ring = divide(NodeKeyring.generate("ARC", secrets.token_bytes), module, label="desk", pin=pin)
ring = divide_channel(ring.with_channel(channel, ChannelSeeds.generate(secrets.token_bytes, epoch=1)), module, channel)
keys = TokenNodeKeys(ring, module)
assert pin not in repr(keys)
log = keys.log_signers(channel, "a.example/hotline/x/1")
mirror = keys.mirror_signers(channel, "a.example/hotline/x/mirror")
head = Checkpoint("a.example/hotline/x/1", 3, secrets.token_bytes(32))
def sign():
    note = sign_checkpoint(head, log, 5_000)
    verify_note(note, verifiers_of(log))
    lines = cosign(head, mirror, 5_000)
    verify_lines(Note(head.text(), tuple(lines)), head, verifiers_of(mirror))
    message = b"message"
    node = keys.node_signer()
    signature = node.sign("statement", channel=channel, author="ARC", message=message)
    node.public.verify("statement", channel=channel, author="ARC", message=message, signature=signature)
    return "signed"
def tried(call):
    try:
        return call() or "done"
    except KeyAway as error:
        assert pin not in str(error)
        return "away"
def again(call):
    time.sleep(LOOK_AWAY_S)
    return tried(call)
print(sign())
assert verifiers_of(log)[0].raw != ring.ring.log_signers(channel, "a.example/hotline/x/1")[0].verifier.raw
(place,) = tokens.iterdir()
away = tokens.parent / "away"
place.rename(away)
print(tried(sign), tried(sign), tried(lambda: check_there(log)), tried(keys.look))
away.rename(place)
print(again(keys.look), tried(sign))
wrong = TokenNodeKeys(replace(ring, pin="0000"), module)
print(tried(wrong.look), tried(wrong.look), tried(keys.look))
other = dict(ring.halves); other["node"] = replace(other["node"], object_id=bytes(16))
print(tried(TokenNodeKeys(replace(ring, halves=other), module).look))
mixed = dict(ring.halves)
first, second = [job for job in mixed if job != "node"]
mixed[first], mixed[second] = (
    replace(mixed[first], object_id=mixed[second].object_id), replace(mixed[second], object_id=mixed[first].object_id))
bad = TokenNodeKeys(replace(ring, halves=mixed), module).log_signers(channel, "a.example/hotline/x/1")
print(tried(lambda: sign_checkpoint(head, bad, 5_000)))
"""


def test_a_nodes_halves_are_in_the_token(token: SoftToken) -> None:
    """Log, mirror and node sign with both halves; without the token nothing is signed, and with it again all is well.
    A PIN that is refused is not tried a second time; a key that is not there, or another than the one said, is none."""
    assert token.python(LIFE, token.tokens).split("\n") == [
        "signed",
        "away away away away",
        "done signed",
        "away away done",
        "away",
        "away",
    ]


WITH_SIGNER = (
    LIFE[: LIFE.index("def sign():")]
    + """
from nodes.errors import NodeError
from nodes.signer import NodeSigner
from nodes.signer_marks import Marks
signer = NodeSigner(keys, Marks.open(Path(sys.argv[2])))
asked = {"channel": channel.hex(), "origin": head.origin, "size": 3, "root": head.root, "at_ms": 5_000}
def ask(**changed):
    try:
        signer.ask("log", {**asked, **changed})
    except NodeError as error:
        return error.code
    return "signed"
print(ask())
(place,) = tokens.iterdir()
away = tokens.parent / "away"
place.rename(away)
print(ask(size=4), ask(size=4, root=bytes(32)))
away.rename(place)
time.sleep(LOOK_AWAY_S)
print(ask(size=4), ask(size=4, root=bytes(32)), ask(size=3))
print(signer.ask("look", {}))
"""
)


def test_a_signer_may_have_a_token(token: SoftToken, tmp_path: Path) -> None:
    """What could not be signed for want of the token was not signed: either root of that size may come after, and one
    does."""
    assert token.python(WITH_SIGNER, token.tokens, tmp_path / "signer").split("\n") == [
        "signed",
        "keys-away keys-away",
        "signed signer-refused signer-refused",
        "None",
    ]


def test_a_line_outlives_the_token_of_a_node(token: SoftToken, tmp_path: Path) -> None:
    """A party whose node has a token pairs and speaks like any other. The token is pulled out in operation: what
    officers send waits, people are told, and when it is back everything is held without anybody's help.
    New keys of such a node are halves in the token too."""
    _, bor = paired(tmp_path)
    cyr = bor.parent / "CYR"
    init = ("init", "--party", "CYR", "--name", "Cyrene", "--domain", "line.cyr.example", "--roots", "1")
    tokened = ("--token", "desk", "--pkcs11-module", MODULE, "--pin-file", token.pin)
    listen = ("--threshold", "1", "--listen", f"127.0.0.1:{free_port()}")
    assert token.hotline(*acting(cyr, *init, *listen, *tokened))["party"] == "CYR"
    assert PIN.encode() not in (cyr / "node.key").read_bytes() + (cyr / "node.toml").read_bytes()
    ok(*acting(cyr, "officer", "add", "duty", "--role", "duty"))
    with_bor = ("--terms", bor.parent / "terms.toml", "--beat", "250ms", "--endpoint", listen_of(cyr))
    offer, answer, final = (tmp_path / name for name in ("offer", "answer", "final"))
    token.hotline(*acting(cyr, "pair", "propose", offer, *with_bor, "--purpose", "demonstration"))
    accepted = ok(*acting(bor, "pair", "accept", offer, answer, "--yes", "--endpoint", listen_of(bor)))
    words = ("--words", " ".join(accepted["words"]))
    token.hotline(*acting(cyr, "pair", "confirm", answer, final, *words))
    ok(*acting(bor, "pair", "confirm", final, *words))
    (place,) = token.tokens.iterdir()
    nodes = [start(cyr, token.environment), start(bor)]
    try:
        wait_until_up(cyr)
        assert ok(*acting(cyr, *GOODWILL, "--wait", "held", "--timeout", "30"))["state"] == "held"
        shutil.move(place, tmp_path / "away")
        wait_for(lambda: "keys-away" in codes(cyr))
        assert ok(*acting(cyr, *GOODWILL))["state"] == "queued"
        size = channel(cyr)["own_size"]
        shutil.move(tmp_path / "away", place)
        wait_for(lambda: all_held(cyr, size + 1))
        assert "keys-back" in codes(cyr)
        stop(nodes[0])
        rotated = token.hotline(*acting(cyr, "keys", "rotate", "machine", "--out", tmp_path / "out"))
        ok(*acting(bor, "roster", "import", rotated["rosters"][0]["file"]))
        nodes[0] = start(cyr, token.environment)
        wait_until_up(cyr)
        assert ok(*acting(cyr, *GOODWILL, "--wait", "held", "--timeout", "30"))["state"] == "held"
    finally:
        for node in nodes:
            node.terminate()
        for node in nodes:
            node.wait(20)
