"""`hotline root new-key`, `root replace` and `root set`: roots come and go, and the line goes on."""

import shutil
import time
import tomllib
from pathlib import Path

import pytest

from hotline.root_sets import FILE_BYTES_MAX, RootSetFile
from keys.keyring import RootKeyring
from nodes.home import NodeHome
from nodes.key_files import read_keyring
from nodes.root_sets import load
from nodes.stopped import open_store, read_agreement
from protocol.glance import glance
from tests.hotline.nodes import running
from tests.hotline.people import PASSPHRASE, Done, acting, hotline, ok, paired


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two paired homes; two of two roots sign."""
    return paired(tmp_path)


def code(done: Done) -> str:
    """The code of a command that failed."""
    return str(done.json["error"]["code"])


def refused(home: Path, *arguments: str | Path) -> str:
    """The code with which a command is refused."""
    done = hotline(*acting(home, *arguments), "--json")
    assert done.status != 0
    return code(done)


def goodwill(home: Path) -> list[str | Path]:
    """A short statement, sent until the other side holds it."""
    return [*acting(home, "send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20")]


def with_a_third(arc: Path) -> Path:
    """A root is added in steps: its key where no home is, the set at home, signatures in two places."""
    room = arc.parent
    away = ("--passphrase-file", room / "passphrase", "--no-input")
    made = ("root", "new-key", "--party", "ARC", "--root", "3", "--roots", room / "safe", "-o", room / "root-3.pub")
    ok(*away, *made)
    ok(*acting(arc, "root", "set", "new", "-o", room / "set", "--add", room / "root-3.pub"))
    done = hotline(*acting(arc, "root", "set", "publish", room / "set"), "--json")
    assert (done.status, code(done)) == (1, "root-set-unsigned")
    ok(*away, "root", "set", "sign", room / "set", "--roots", room / "safe", "--yes")
    told = ok(*away, "root", "set", "sign", room / "set", "--roots", arc / "roots", "--yes")
    assert told["missing"] == []
    return room / "set"


def numbers(home: Path, party: str) -> dict[str, tuple[int, tuple[int, ...]]]:
    """What a home shows of a party's roots: version and numbers by counterpart."""
    sets = ok("--home", home, "root", "set", "show")["sets"]
    return {
        one["counterpart"]: (one["version"], tuple(root["number"] for root in one["roots"]))
        for one in sets
        if one["party"] == party
    }


def until_numbers(home: Path, party: str, wanted: dict[str, tuple[int, tuple[int, ...]]]) -> None:
    """Wait until a home shows these: what lies in an outbox, or is new at the other side, takes a moment."""
    end = time.monotonic() + 20
    while (found := numbers(home, party)) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def said(home: Path, voice: str) -> list[str]:
    """The kinds of a voice's entries as a home holds them."""
    node = NodeHome.open(home)
    with open_store(node, node.channels()[0]) as store:
        return [glance(entry).kind or "" for entry in store.read(voice, 0, store.head(voice).size)]


@pytest.mark.slow
def test_roots_change_while_the_line_goes_on(homes: tuple[Path, Path]) -> None:
    """Published while the node is stopped, then with it: both sides count by the new roots, say so, and the old root
    is worth nothing; an officer's program takes no older set than it saw."""
    arc, bor = homes
    done = ok(*acting(arc, "root", "set", "publish", with_a_third(arc)))
    assert [(one["version"], one["state"]) for one in done["sets"]] == [(2, "outbox")]
    shutil.copy(arc.parent / "safe" / "root-3.key", arc / "roots")
    assert ok(*acting(arc, "roster", "renew"))["rosters"][0]["state"] == "outbox"
    with running(arc, bor):
        ok(*goodwill(arc))
        until_numbers(arc, "ARC", {"BOR": (2, (1, 2, 3))})
        (arc / "roots" / "root-1.key").unlink()
        done = ok(*acting(arc, "root", "replace", "1", "--yes"))
        assert (done["root"], done["sets"][0]["state"], done["rosters"][0]["state"]) == (4, "logged", "logged")
        serial = ok(*goodwill(arc))["serial"]
        shown = ok(*acting(bor, "show", serial, "--peek"))["view"]
        assert (shown["faults"], shown["effective"]) == ([], True)
        ok(*goodwill(bor))
        until_numbers(bor, "ARC", {"ARC": (3, (2, 3, 4))})
        assert tomllib.loads((arc / "party.toml").read_text())["root_numbers"] == [2, 3, 4]
        kinds = said(arc, "BOR")
        assert kinds.count("root-set-held") == 2
        seen = bor / "officers" / "duty" / "seen.toml"
        assert "ARC-roots = 3" in seen.read_text()
        seen.write_text(seen.read_text().replace("ARC-roots = 3", "ARC-roots = 4"))
        assert refused(bor, "inbox") == "root-set-older"


@pytest.mark.slow
def test_the_other_side_takes_a_set_by_a_file(homes: tuple[Path, Path]) -> None:
    """Whatever a node keeps back: its counterpart holds the new set from the file, and logs that it does."""
    arc, bor = homes
    made = with_a_third(arc)
    with running(arc, bor):
        bad = bytearray(made.read_bytes())
        bad[-200] ^= 1
        (arc.parent / "bad").write_bytes(bad)
        assert refused(bor, "root", "set", "accept", arc.parent / "bad") in {"root-set-refused", "root-set-malformed"}
        assert ok(*acting(bor, "root", "set", "accept", made))["version"] == 2
        assert numbers(bor, "ARC") == {"ARC": (2, (1, 2, 3))}
        ok(*goodwill(bor))
        kinds = said(arc, "BOR")
        assert kinds.count("root-set-held") == 1
        ok(*acting(arc, "root", "set", "publish", made))
        ok(*goodwill(arc))
        ok(*goodwill(bor))
        kinds = said(arc, "BOR")
        assert kinds.count("root-set-held") == 1


@pytest.mark.slow
def test_what_cannot_be_changed_is_refused(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Fewer roots than must sign, a key or a number again, another party's key, another file: nothing is written."""
    arc, _ = homes
    out = tmp_path / "set"
    new = ("root", "set", "new", "-o", out)
    assert refused(arc, *new, "--without", "2") == "roots-too-few"
    assert refused(arc, *new, "--without", "9") == "usage"
    assert refused(arc, *new, "--threshold", "3") == "usage"
    assert refused(arc, *new, "--stolen", "--without", "2") == "usage"
    for line, expected in (
        (b"ARC root 1 " + b"A" * 20 + b"\n", "root-set-malformed"),
        (b"noise", "root-set-malformed"),
    ):
        (tmp_path / "pub").write_bytes(line)
        assert refused(arc, *new, "--add", tmp_path / "pub") == expected
    key = read_keyring(arc / "roots" / "root-1.key", RootKeyring, PASSPHRASE.strip())
    ok(*acting(arc, "root", "new-key", "--root", "2", "--roots", tmp_path / "safe", "-o", tmp_path / "second"))
    assert refused(arc, *new, "--add", tmp_path / "second") == "usage"
    (tmp_path / "other").write_text((tmp_path / "second").read_text().replace("ARC", "BOR"))
    assert refused(arc, *new, "--add", tmp_path / "other") == "usage"
    assert not out.exists()
    assert key.index == 1
    assert refused(arc, "root", "set", "publish", tmp_path / "second") == "root-set-malformed"


@pytest.mark.slow
def test_a_set_for_another_state_is_not_published(homes: tuple[Path, Path]) -> None:
    """A roster in between makes it void, and nothing is changed; a set that is out of a file cannot be forged."""
    arc, _ = homes
    made = with_a_third(arc)
    file = RootSetFile.parse(made.read_bytes())
    assert RootSetFile.parse(file.encode()) == file
    assert len(made.read_bytes()) < FILE_BYTES_MAX
    home = NodeHome.open(arc)
    channel = home.channels()[0]
    assert load(channel, read_agreement(channel), "ARC").newest.version == 1
    card = (arc / "party.toml").read_bytes()
    forged = made.read_bytes().replace(b"threshold = 2", b"threshold = 1")
    (arc.parent / "forged").write_bytes(forged)
    assert refused(arc, "root", "set", "publish", arc.parent / "forged") in {"root-set-unsigned", "root-set-malformed"}
    assert (arc / "party.toml").read_bytes() == card
    assert refused(arc.parent / "BOR", "root", "set", "publish", made) == "wrong-party"
