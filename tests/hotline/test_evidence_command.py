"""Disputes, evidence and damage on the command line, in the homes of two real nodes."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from keys.keyring import NodeKeyring
from nodes import evidence
from nodes.home import ChannelHome, NodeHome
from nodes.key_files import read_keyring
from nodes.sqlite_store import SqliteStore
from nodes.stopped import open_store, read_agreement
from nodes.store import THEIR_COSIGNED
from protocol.checkpoint import Checkpoint, parse_text, sign_checkpoint
from protocol.fork import Fork, RootsDiffer
from protocol.note import parse as parse_note
from tests.hotline.nodes import running
from tests.hotline.people import PASSPHRASE, Done, acting, hotline, ok, paired
from tests.nodes.damage import flip, settle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two homes whose nodes have run and are stopped; ARC has said something."""
    arc, bor = paired(tmp_path_factory.mktemp("disputes"))
    with running(arc, bor):
        for text in ("one", "two"):
            ok(*acting(arc, "send", "goodwill", "--set", f"message={text}", "--wait", "held", "--timeout", "20"))
    for home in (arc, bor):
        settle(channel_of(home).log_db)
    return arc, bor


@pytest.fixture
def homes(said: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies of them."""
    shutil.copytree(said[0].parent, tmp_path / "pair")
    return tmp_path / "pair" / "ARC", tmp_path / "pair" / "BOR"


def channel_of(home: Path) -> ChannelHome:
    """The one channel of a home."""
    (channel,) = NodeHome.open(home).channels()
    return channel


def fork_in(arc: Path, bor: Path) -> str:
    """ARC's own keys sign another root for what BOR holds, and BOR's node keeps both; its name."""
    channel = channel_of(bor)
    with open_store(NodeHome.open(bor), channel) as store:
        held = store.note(THEIR_COSIGNED)
    assert held is not None
    known = parse_text(parse_note(held).text)
    keyring = read_keyring(NodeHome.open(arc).keyring_path, NodeKeyring, PASSPHRASE.strip())
    signers = keyring.log_signers(read_agreement(channel).channel, known.origin)
    other = sign_checkpoint(Checkpoint(known.origin, known.size, sha256(b"another").digest()), signers, 1_000)
    objects = Fork(other, held, RootsDiffer(())).objects()
    kept = evidence.keep(channel.evidence, code="fork", at_ms=1_795_255_200_000, objects=objects)
    assert kept is not None
    return kept.stem


def policy_of(home: Path, directory: Path) -> Path:
    """A policy with the keys of both parties."""
    ok("--home", home, "log", "export", directory)
    return directory / "policy"


def code_of(done: Done) -> str:
    """The code of a refusal."""
    return str(done.json["error"]["code"])


def test_evidence_goes_from_a_home_to_a_third_party(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Listed, looked at, exported, and verified with the file and a policy alone; a changed file is refuted."""
    arc, bor = homes
    assert ok("--home", bor, "evidence", "list")["evidence"] == []
    name = fork_in(arc, bor)
    (listed,) = ok("--home", bor, "evidence", "list")["evidence"]
    assert (listed["name"], listed["code"], listed["counterpart"], listed["portable"]) == (name, "fork", "ARC", True)
    shown = ok("--home", bor, "evidence", "show", name)
    assert shown["objects"].keys() == {"difference", "first", "second"}
    assert "checkpoint of" in hotline("--home", bor, "evidence", "show", name).out
    file, policy = tmp_path / "fork.evidence", policy_of(bor, tmp_path / "export")
    assert ok("--home", bor, "evidence", "export", name, "-o", file)["kind"] == "fork"
    shutil.rmtree(bor)
    told = ok("verify", file, "--policy", policy)
    assert (told["verdict"], told["evidence"]) == ("verified", "fork")
    assert told["facts"]["first_size"] == told["facts"]["second_size"]
    assert "two logs that cannot be one" in hotline("verify", file, "--policy", policy).out
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    done = hotline("verify", file, "--policy", policy, "--json")
    assert (done.status, done.json["verdict"]) == (1, "refuted")


def test_evidence_for_this_node_only_is_not_exported(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """It is listed as such, and refused with what to do instead; a name that is not there likewise."""
    _, bor = homes
    evidence.keep(channel_of(bor).evidence, code="root-differs", at_ms=7, objects={"frame": b"x"})
    (listed,) = ok("--home", bor, "evidence", "list")["evidence"]
    assert listed["portable"] is False
    done = hotline("--home", bor, "evidence", "export", "7-root-differs", "--json")
    assert (done.status, code_of(done)) == (3, "evidence-not-portable")
    done = hotline("--home", bor, "evidence", "export", "8-fork", "-o", tmp_path / "x", "--json")
    assert (done.status, code_of(done)) == (3, "no-such-evidence")
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_disputed_branch_is_seen_and_cannot_be_answered(homes: tuple[Path, Path]) -> None:
    """In status and inbox, with its content, under its fault; what replies to it would be a fault, so it is refused."""
    arc, bor = homes
    store = SqliteStore.open(channel_of(bor).log_db, own="BOR", their="ARC")
    size = store.head("ARC").size
    index = next(place for place in range(2, size) if store.body("ARC", place) is not None)
    store.append_branch(1, index, store.read("ARC", index, index + 1), [store.body("ARC", index)], b"noise")
    store.close()
    serial = f"ARC {index}~1"
    stopped = hotline("--home", bor, "status").out
    assert f"branch 1   {serial} to {serial}, not receipted" in stopped
    with running(arc, bor):
        inbox = ok(*acting(bor, "inbox"))["entries"]
        assert (inbox[0]["serial"], inbox[0]["faults"]) == (serial, ["disputed"])
        assert "FAULT disputed" in hotline(*acting(bor, "inbox")).out
        shown = ok(*acting(bor, "show", serial))
        assert shown["contents"]["message"] == "one"
        assert shown["opened"] is None
        assert "DISPUTED" in hotline(*acting(bor, "show", serial)).out
        done = hotline(*acting(bor, "ack", serial, "--json"))
        assert (done.status, code_of(done)) == (1, "disputed")
        done = hotline(*acting(bor, "show", f"ARC {index}~2", "--json"))
        assert code_of(done) == "no-such-entry"
        assert serial in hotline("--home", bor, "status").out


def test_scrub_finds_damage_and_has_it_mended(homes: tuple[Path, Path]) -> None:
    """With the node stopped it says what is damaged; with both up it is had back, and `doctor` sees the pass."""
    arc, bor = homes
    assert ok("--home", arc, "scrub")["damaged"] == 0
    store = SqliteStore.open(channel_of(arc).log_db, own="ARC", their="BOR", readonly=True)
    entry = store.read("ARC", 2, 3)[0]
    store.close()
    flip(channel_of(arc).log_db, entry)
    done = hotline("--home", arc, "scrub", "--json")
    assert (done.status, done.json["damaged"]) == (1, 1)
    with running(arc, bor):
        found = ok("--home", arc, "scrub", "--timeout", "60")
        assert (found["damaged"], found["repaired"]) == (0, 1)
        assert ok("--home", arc, "scrub")["channels"]["BOR"]["passes"] >= 2
    assert ok("--home", arc, "scrub")["damaged"] == 0
    assert (arc / "scrub.json").is_file()
