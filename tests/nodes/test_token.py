"""Tokens, with SoftHSM as the token: a key that stays inside, and each way of losing it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, make_home, ok, paired

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
ROOT = Path(__file__).resolve().parents[2]
PIN = "7613 token"

pytestmark = pytest.mark.skipif(not MODULE.exists(), reason="needs softhsm2")


class SoftToken:
    """A token of its own, which only programs that are started with its settings see."""

    def __init__(self, path: Path) -> None:
        self.tokens = path / "tokens"
        self.tokens.mkdir()
        (path / "softhsm.conf").write_text(f"directories.tokendir = {self.tokens}\nlog.level = ERROR\n")
        (path / "pin").write_text(PIN + "\n")
        (path / "pin").chmod(0o600)
        self.pin = path / "pin"
        self.environment = {**os.environ, "SOFTHSM2_CONF": str(path / "softhsm.conf"), "PYTHONPATH": str(ROOT)}
        command = ["softhsm2-util", "--init-token", "--free", "--label", "desk", "--pin", PIN, "--so-pin", "12345678"]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def python(self, program: str, *arguments: str | Path) -> str:
        """Run a program that may use the token; give what it prints."""
        command = [sys.executable, "-c", program, *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def hotline(self, *arguments: str | Path) -> Any:
        """Run a command; give its answer."""
        program = "from hotline.cli.main import main; main()"
        command = [sys.executable, "-c", program, *map(str, arguments), "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return json.loads(done.stdout)


@pytest.fixture
def token(tmp_path: Path) -> SoftToken:
    """A fresh one."""
    (tmp_path / "token").mkdir()
    return SoftToken(tmp_path / "token")


LIFE = f"""
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from dataclasses import replace
from nodes.errors import NodeError
from nodes.token import make_key
module, tokens, pin = Path({str(MODULE)!r}), Path(sys.argv[1]), {PIN!r}
def code(call):
    try:
        call()
    except NodeError as error:
        assert pin not in error.text
        return error.code
    return "done"
key, public = make_key(module, label="desk", pin=pin, name="a test")
Ed25519PublicKey.from_public_bytes(public).verify(key.sign(b"data"), b"data")
assert pin not in repr(key)
(place,) = tokens.iterdir()
away = tokens.parent / "away"
place.rename(away)
print(code(lambda: key.sign(b"data")), code(lambda: key.sign(b"data")))
away.rename(place)
print(code(lambda: key.sign(b"data")))
print(code(replace(key, pin="0000").check))
print(code(key.check))
print(code(replace(key, object_id=bytes(16)).check))
print(code(replace(key, serial="other").check))
print(code(replace(key, module=Path("/nowhere.so")).check))
print(code(lambda: make_key(module, label="none", pin=pin, name="a test")))
"""


def test_a_token_that_is_pulled_out_is_missed_and_found_again(token: SoftToken) -> None:
    """In one program: it signs, is gone, and signs when it is back. A wrong PIN, another key, another token and another
    library have each their code, and none of them shows the PIN."""
    assert token.python(LIFE, token.tokens).split("\n") == [
        "token-missing token-missing",
        "done",
        "token-pin-refused",
        "done",
        "token-key-missing",
        "token-missing",
        "token-module-refused",
        "token-missing",
    ]


STAYS = f"""
from pathlib import Path
import pkcs11
from pkcs11 import Attribute, ObjectClass
from nodes.token import make_key
module = Path({str(MODULE)!r})
key, _ = make_key(module, label="desk", pin={PIN!r}, name="a test")
with pkcs11.lib(str(module)).get_token(token_label="desk").open(user_pin={PIN!r}) as session:
    found = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=key.object_id)
    wanted = (Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.ALWAYS_SENSITIVE, Attribute.NEVER_EXTRACTABLE)
    print(*(found[one] for one in wanted))
    try:
        found[Attribute.VALUE]
    except pkcs11.exceptions.AttributeSensitive:
        print("not given")
"""


def test_the_key_never_leaves_the_token(token: SoftToken) -> None:
    """It was made inside, was never extractable, and its value is not given to whoever knows the PIN."""
    assert token.python(STAYS) == "True False True True\nnot given"


@pytest.mark.slow
def test_an_officer_without_the_right_token_is_not_made(token: SoftToken, tmp_path: Path) -> None:
    """Another label, a wrong PIN, half of the options: nothing is written, and the card stays as it is."""
    home = make_home(tmp_path, "ARC", officers=())
    before = (home / "party.toml").read_bytes()
    wrong = tmp_path / "wrong"
    wrong.write_text("0000\n")
    adding = ("officer", "add", "duty", "--role", "duty", "--token")
    module = ("--pkcs11-module", MODULE)
    for arguments, code in (
        (("none", *module, "--pin-file", token.pin), "token-missing"),
        (("desk", *module, "--pin-file", wrong), "token-pin-refused"),
        (("desk", "--pkcs11-module", "/nowhere.so", "--pin-file", token.pin), "token-module-refused"),
        (("desk", "--pkcs11-module", "libsofthsm2.so", "--pin-file", token.pin), "usage"),
        (("desk", *module), "passphrase-needed"),
        (("desk",), "usage"),
    ):
        assert token.hotline(*acting(home, *adding, *arguments))["error"]["code"] == code
    assert (home / "party.toml").read_bytes() == before
    assert not (home / "officers" / "duty").exists()


@pytest.mark.slow
def test_a_statement_signed_with_a_token_counts_on_both_sides(token: SoftToken, tmp_path: Path) -> None:
    """An officer is added with a token, signs, and is judged like any other; without the token nothing is sent, with it
    again all is well. The passphrase of the file changes as of any key file, and the doctor looks at the token."""
    arc, bor = paired(tmp_path)
    tokened = ("--token", "desk", "--pkcs11-module", MODULE, "--pin-file", token.pin)
    goodwill = ("send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "30", "--yes")
    (place,) = token.tokens.iterdir()
    with running(arc, bor):
        added = token.hotline(*acting(arc, "officer", "add", "night", "--role", "duty", *tokened))
        assert added["rosters"][0]["state"] == "logged"
        sent = token.hotline(*acting(arc, "--as", "night", *goodwill))
        assert sent.get("state") == "held", sent
        shown = ok(*acting(bor, "show", sent["serial"], "--peek"))["view"]
        assert (shown["faults"], shown["effective"]) == ([], True)
        shutil.move(place, tmp_path / "away")
        assert token.hotline(*acting(arc, "--as", "night", *goodwill))["error"]["code"] == "token-missing"
        night = arc / "officers" / "night"
        looked = token.hotline("--home", night, "--passphrase-file", arc.parent / "passphrase", "doctor")
        (found,) = [one for one in looked["checks"] if one["name"] == "token"]
        assert found["result"] == "fail"
        shutil.move(tmp_path / "away", place)
        (arc.parent / "new").write_text("another passphrase\n")
        new = ("--new-passphrase-file", arc.parent / "new")
        ok("--home", night, "--passphrase-file", arc.parent / "passphrase", "keys", "passphrase", *new)
        again = ("--home", night, "--passphrase-file", arc.parent / "new", "--no-input", *goodwill)
        assert token.hotline(*again)["state"] == "held"
        assert PIN.encode() not in (night / "officer.key").read_bytes() + (night / "officer.toml").read_bytes()
