"""What the vectors of records are made of: statements in a party's own journal, and requests to a witness.

`tests.protocol.make_signed_vectors` writes them with the others.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from protocol.checkpoint import sign_checkpoint
from protocol.journal import JournalSetting, compose_act, journal_channel, journal_origin
from protocol.journal_kinds import JournalCatalogue
from protocol.note import parse as parse_note
from protocol.statement import EMPTY_LOG, LogState, Statement
from tests.builders import START_MS, keyring
from tests.protocol import log_parties
from tests.protocol import test_witness as requests
from tests.protocol.statement_vectors import ACCEPTED, Vector

Changes = dict[str, Any]


def _more(**values: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in values.items():
        items = value if isinstance(value, list) else [value]
        found[name.replace("_", "-")] = tuple(one.hex() if isinstance(one, bytes) else str(one) for one in items)
    return found


JOURNAL_KINDS = b"""\
[opened]
by = "node"
label = "Opened"
help = "Contents were opened."
facts = { counterpart = "party", index = "uint", person = "uint?" }

[shift]
by = "person"
text = "optional"
label = "Shift"
help = "A shift begins."
facts = { counterpart = "party" }

[why]
by = "person"
text = "required"
label = "Why"
help = "A reason."
facts = {}
"""


def journal_vectors() -> Iterator[Vector]:
    """Statements in a journal, by kinds of the vectors' own."""
    known = JournalCatalogue.load(JOURNAL_KINDS)
    origin = journal_origin("line.arcadia.example", bytes(16))
    place = JournalSetting(
        origin=origin,
        party="ARC",
        catalogue=known.digest,
        after=EMPTY_LOG,
        sealing=keyring("ARC", bytes(32)).sealing().public,
    )

    def act(kind: str, facts: Changes, text: str | None = None) -> Statement:
        made, _ = compose_act(
            known.kinds[kind],
            place,
            statement_id=bytes(16),
            secret=bytes(32),
            issued_at_ms=START_MS,
            facts=facts,
            text=text,
        )
        return made

    opened = act("opened", {"counterpart": "BOR", "index": 3})
    shift = act("shift", {"counterpart": "BOR"})
    why = act("why", {}, "Because.")
    other = journal_channel(journal_origin("line.arcadia.example", bytes([1]) * 16))
    cases: dict[str, tuple[str, Statement]] = {
        "other-journal": ("of another journal", replace(opened, channel=other, agreement=other)),
        "channel-alone": ("its channel is of another journal", replace(opened, channel=other)),
        "agreement": ("a line's agreement in the place of the journal", replace(opened, agreement=bytes(32))),
        "other-party": ("of the other party", replace(opened, party="BOR")),
        "other-catalogue": ("under another catalogue", replace(opened, catalogue=bytes(32))),
        "kind-unknown": ("a kind that the catalogue does not have", replace(opened, kind="closed")),
        "fact-missing": ("a fact left out", replace(opened, facts={"counterpart": "BOR"})),
        "fact-more": ("a fact that the kind does not have", replace(opened, facts={**(opened.facts or {}), "mood": 1})),
        "fact-type": ("a fact of another type", replace(opened, facts={"counterpart": "BOR", "index": "3"})),
        "text-none": ("a text where the kind has none", replace(why, kind="opened", facts=opened.facts)),
        "text-missing": ("no text where the kind asks for one", replace(shift, kind="why", facts={})),
        "commitment-more": ("two commitments", replace(why, commitments=why.commitments * 2)),
        "thread": ("it is in a thread", replace(opened, thread=bytes(32))),
        "severity": ("it has a severity", replace(shift, severity=3)),
        "valid-until": ("it is valid until a time", replace(shift, valid_until_ms=START_MS)),
        "seen": ("it has seen another log", replace(shift, seen=LogState(1, bytes(32)))),
        "status": ("it is an exercise", replace(shift, status="exercise")),
        "status-of-a-person": ("a node's act in a person's status", replace(opened, status="actual")),
        "precedence": ("it is a flash", replace(shift, precedence="flash")),
    }
    more = _more(catalogue=JOURNAL_KINDS, origin=origin, party="ARC")
    for name, made in (("opened", opened), ("shift", shift), ("why", why)):
        yield Vector(
            name=f"good-{name}",
            what="nothing",
            form="journal-statement",
            expect=ACCEPTED,
            more=more,
            data=made.encode(),
        )
    for name, (what, made) in cases.items():
        yield Vector(name=name, what=what, form="journal-statement", expect="refused", more=more, data=made.encode())


def witness_vectors() -> Iterator[Vector]:
    """Requests to a witness that last cosigned three entries of a log, and what it answers them with."""
    keys = [one.verifier.vkey() for one in log_parties.ARC.log]
    last = log_parties.checkpoint_of(log_parties.ARC, log_parties.entries(3))
    good = requests.request(5, old=3)
    body = good.encode()
    other_log = [one + b"?" for one in log_parties.entries(5)]
    forked = requests.request(5, old=3, of=other_log)
    alone = replace(good.note, signatures=good.note.signatures[:1])
    theirs = parse_note(
        sign_checkpoint(
            log_parties.checkpoint_of(log_parties.BOR, log_parties.entries(5)), log_parties.BOR.log, START_MS
        )
    )
    line = body.split(b"\n")[1]
    cases: dict[str, tuple[str, int, bytes, Changes]] = {
        "good": ("nothing", 0, body, {}),
        "good-first": ("nothing; it has cosigned nothing yet", 0, requests.request(5).encode(), {"last": "none"}),
        "good-same-again": (
            "nothing; the checkpoint that it cosigned last",
            0,
            requests.request(3, old=3).encode(),
            {},
        ),
        "empty": ("nothing at all", 400, b"", {}),
        "no-old": ("it does not begin with the old size", 400, body.replace(b"old ", b"new "), {}),
        "old-zeros": ("an old size with leading zeros", 400, body.replace(b"old 3", b"old 03"), {}),
        "old-negative": ("an old size below zero", 400, body.replace(b"old 3", b"old -3"), {}),
        "no-gap": ("no empty line before the checkpoint", 400, body.replace(b"\n\n", b"\n", 1), {}),
        "hash-short": ("a hash of 31 bytes", 400, body.replace(line, b64encode(bytes(31))), {}),
        "hash-stray": ("a stray character in a hash", 400, body.replace(line, b"." + line[1:]), {}),
        "hashes-64": ("sixty-four hashes", 400, body.replace(line, b"\n".join([b64encode(bytes(32))] * 64)), {}),
        "no-note": ("no checkpoint", 400, body[: body.index(b"\n\n") + 2], {}),
        "too-long": ("more than 64 KiB", 400, body + bytes(65_536), {}),
        "smaller": ("the checkpoint is smaller than what it extends", 400, replace(good, old=9).encode(), {}),
        "one-line": ("one of the log's two keys has signed", 403, replace(good, note=alone).encode(), {}),
        "signature-bit": ("a bit of a signature", 403, _bit_of_line(body), {}),
        "of-another-log": ("the checkpoint of another log", 403, replace(good, note=theirs).encode(), {}),
        "unknown-log": ("a log that the witness does not follow", 404, body, {"key": []}),
        "behind": ("it extends an older checkpoint than the last", 409, requests.request(5, old=2).encode(), {}),
        "first-again": ("it begins anew", 409, requests.request(5).encode(), {}),
        "proof-missing": ("no proof", 422, replace(good, proof=()).encode(), {}),
        "proof-bit": ("a bit of the proof", 422, replace(good, proof=(bytes(32), *good.proof[1:])).encode(), {}),
        "fork": ("a proof from another past", 422, forked.encode(), {}),
        "same-size-other-root": (
            "another log at the size of the last",
            409,
            requests.request(3, old=3, of=other_log[:3]).encode(),
            {},
        ),
    }
    for name, (what, status, data, changes) in cases.items():
        known = {"last": f"{last.size} {last.root.hex()}", "key": keys, "origin": last.origin, **changes}
        expect, code = ("refused", str(status)) if status else (ACCEPTED, "")
        yield Vector(
            name=name, what=what, form="add-checkpoint", expect=expect, code=code, more=_more(**known), data=data
        )


def _bit_of_line(body: bytes) -> bytes:
    """A request whose first signature has another letter in its middle."""
    at = body.index("\u2014".encode()) + 120
    return body[:at] + (b"A" if body[at : at + 1] != b"A" else b"B") + body[at + 1 :]
