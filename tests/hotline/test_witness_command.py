"""A witness as whoever runs one sees it: made, given logs, run in a process of its own, looked at."""

import time
from pathlib import Path

import pytest

from keys.note_key import NoteVerifier
from nodes.witness_client import submit
from nodes.witness_terms import WitnessTerms
from protocol.checkpoint import sign_checkpoint
from protocol.merkle import leaf_hash, leaf_reader
from protocol.note import Note
from protocol.note import parse as parse_note
from tests.hotline.nodes import start_with, stop
from tests.hotline.people import PASSPHRASE, acting, free_port, hotline, ok
from tests.protocol.log_parties import ARC, AT_MS, BOR, checkpoint_of, entries, policy_for

LOG = tuple(key.verifier for key in ARC.log)


def note_of(items: list[bytes]) -> Note:
    """A checkpoint of ARC's."""
    return parse_note(sign_checkpoint(checkpoint_of(ARC, items), ARC.log, AT_MS))


@pytest.mark.slow
def test_a_witness_is_made_run_and_looked_at(tmp_path: Path) -> None:
    """init, keys, follow, run, list, show, and what it says where something is wrong."""
    home, port = tmp_path / "W", free_port()
    (tmp_path / "passphrase").write_bytes(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o600)
    made = ok(*acting(home), "witness", "init", "--name", "w.example/1", "--listen", f"127.0.0.1:{port}")
    assert hotline(*acting(home), "witness", "init", "--name", "w.example/1").status == 1
    assert ok(*acting(home), "witness", "keys")["keys"] == made["keys"]
    assert ok("--home", home, "witness", "list")["logs"] == []
    policy, pin = tmp_path / "policy", tmp_path / "checkpoint"
    policy.write_bytes(policy_for(ARC, BOR))
    assert hotline("--home", home, "witness", "follow").status == 2
    assert hotline("--home", home, "witness", "follow", "nonsense").status == 2
    pin.write_bytes(parse_note(sign_checkpoint(checkpoint_of(BOR, entries(2)), BOR.log, AT_MS)).encode())
    refused = hotline("--home", home, "witness", "follow", *(key.vkey() for key in LOG), "--from", pin)
    assert (refused.status, "witness-pin" in refused.err) == (3, True)
    assert len(ok("--home", home, "witness", "follow", "--policy", policy)["followed"]) == 2
    assert hotline("--home", home, "witness", "follow", "--policy", policy).status == 2
    assert hotline("--home", home, "witness", "show", ARC.origin).status == 2
    process = start_with(tmp_path / "W.log", *acting(home, "witness", "run"))
    try:
        where = WitnessTerms(name="w", url=f"http://127.0.0.1:{port}")
        until = time.monotonic() + 20
        while "witness runs" not in (tmp_path / "W.log").read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        items = entries(5)
        read = leaf_reader([leaf_hash(one) for one in items])
        witness = [NoteVerifier.parse(one) for one in made["keys"]]
        found = submit(note_of(items), log=LOG, witness=witness, terms=where, known=0, read=read)
        assert len(found.lines) == 2
        with pytest.raises(Exception, match="did not only grow"):
            submit(note_of([b"x", *items[1:]]), log=LOG, witness=witness, terms=where, known=5, read=read)
        (log, other) = ok("--home", home, "witness", "list")["logs"]
        assert (log["origin"], log["size"], log["refused"], other["size"]) == (ARC.origin, 5, 1, None)
        assert "REFUSED" in hotline("--home", home, "witness", "list").out
        assert parse_note(ok("--home", home, "witness", "show", ARC.origin)["checkpoint"].encode()).text
        (kept,) = ok("--home", home, "witness", "show", ARC.origin, "--refused")["refused"]
        assert "root" in kept["why"]
    finally:
        stop(process)
    (home / "witness.db").unlink()
    lost = hotline(*acting(home), "witness", "run")
    assert (lost.status, "retire" in lost.err) == (3, True)
