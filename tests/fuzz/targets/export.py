"""Exports under audit: a good one in which files were replaced, added or taken away."""

from __future__ import annotations

from functools import cache, partial

import msgpack

from nodes.resources import catalogue
from protocol.audit import AuditMisused, audit
from protocol.evidence import MemoryEvidence
from protocol.log_error import LogRefused
from protocol.tiles import TilePath, encode_bundle, parse_bundle, parse_path
from tests.builders import START_MS, World
from tests.fuzz.quick import quick
from tests.fuzz.target import Target, read_or_refused, unpacked

WIDTHS = (1, 2, 7, 256)


@cache
def world() -> World:
    """Two short logs with a question and its answer."""
    made = World()
    asked = made.say("ARC", "clarification-request")
    made.say("BOR", "clarification-response", thread=asked, reply=asked, outcome="answered")
    made.state("ARC", "arrival")
    return made


@cache
def files(party: str) -> dict[str, bytes]:
    """The export of one voice."""
    return world().files(party)


def attempt(data: bytes) -> None:
    """Paths and bundles are read in their one spelling; an audit of anything ends with a report, and is not misled."""
    read_or_refused(data[:200], lambda one: parse_path(one.decode("latin-1")), _path, LogRefused)
    for width in WIDTHS:
        read_or_refused(data, partial(parse_bundle, width=width), encode_bundle, LogRefused)
    changes = unpacked(data)
    if not isinstance(changes, dict):
        return
    with quick():
        changed = dict(files("ARC"))
        for name, content in changes.items():
            if isinstance(name, str):
                changed.pop(name, None)
                if isinstance(content, bytes):
                    changed[name] = content
        policy = changes.get(0)
        try:
            report = audit(
                MemoryEvidence("arc", changed),
                MemoryEvidence("bor", files("BOR")),
                policy if isinstance(policy, bytes) else world().policy("ARC"),
                catalogue=catalogue(),
                at_ms=START_MS,
            )
        except AuditMisused as error:
            str(error)
            return
    same = all(changed.get(name) == content for name, content in files("ARC").items() if name != "policy")
    assert report.verdict != "verified" or same, "a changed export was verified"


def _path(path: TilePath) -> bytes:
    return path.path().encode()


TARGET = Target(name="export", attempt=attempt, bytes_max=32_768, shape="msgpack")


def seeds() -> dict[str, bytes]:
    """Nothing changed, and each small file on its own."""
    with quick():
        made = {"good": msgpack.packb({}), "gone": msgpack.packb({"checkpoint": None})}
        small = {name: content for name, content in files("ARC").items() if len(content) < 16_000}
        for place, (name, content) in enumerate(sorted(small.items())):
            made[f"file-{place}"] = msgpack.packb({name: content})
        made["path"] = b"tile/entries/x001/x234/067.p/17"
        made["bundle"] = encode_bundle([b"an entry"])
    return made
