"""Objects of which a world makes thousands, made quickly.

A frozen dataclass writes each of its fields through a call, so that an object of eighteen fields costs as much as the
work that it is made for. In a world with stubs those that are made most often write their fields as any other class
does, and nothing keeps anybody from changing them; in a world with real keys, and in all other tests, they are as they
are. Everything else of these classes stays what it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any
from unittest.mock import patch

from keys.hybrid import HybridPublicKey
from keys.root_set import RootChain, RootSetVersion
from nodes.admission import Admitted
from nodes.outcome import Outcome
from nodes.signed import SignedStatement
from nodes.store import Head, Row
from protocol.beat import Beat
from protocol.checkpoint import Checkpoint
from protocol.clocks import Clock
from protocol.compose import Setting
from protocol.cosignature import VerifiedCheckpoint
from protocol.effects import Instant, KeepMark, KeepNote, Received, Send, StoreMirror, StoreOwn
from protocol.entry import Entry
from protocol.frames import Frame
from protocol.glance import Glance
from protocol.handshake import Tie
from protocol.judge import VoiceState
from protocol.merkle import Frontier
from protocol.note import Note, NoteSignature
from protocol.reading import Prepared
from protocol.signature import Signature
from protocol.statement import Statement
from protocol.verdict import SignatureCheck, Verdict

MADE_OFTEN: tuple[type[Any], ...] = (
    Admitted, Beat, Checkpoint, Clock, Entry, Frame, Frontier, Glance, Head, HybridPublicKey, Instant, KeepMark,
    KeepNote, Note, NoteSignature, Outcome, Prepared, Received, RootChain, RootSetVersion, Row, Send, Setting,
    Signature, SignatureCheck, SignedStatement, Statement, StoreMirror, StoreOwn, Tie, Verdict, VerifiedCheckpoint,
    VoiceState,
)  # fmt: skip
"""Frozen dataclasses of which a world makes most."""

_inits: dict[type[Any], Callable[..., None]] = {}


def _plain_init(of: type[Any]) -> Callable[..., None]:
    """What `__init__` of a class would be if it were not frozen."""
    like = []
    for one in fields(of):
        options: dict[str, Any] = {"init": one.init, "kw_only": one.kw_only}
        if one.default is not MISSING:
            options["default"] = one.default
        if one.default_factory is not MISSING:
            options["default_factory"] = one.default_factory
        like.append((one.name, object, field(**options)))
    checks = {"__post_init__": of.__dict__["__post_init__"]} if "__post_init__" in of.__dict__ else {}
    # With slots, or fields that are no arguments would be left to the class.
    made = make_dataclass(of.__name__, like, namespace=checks, repr=False, eq=False, match_args=False, slots=True)
    return made.__dict__["__init__"]  # type: ignore[no-any-return]


@contextlib.contextmanager
def quickly_made() -> Iterator[None]:
    """Let the objects that are made most often be made as those of any other class."""
    with contextlib.ExitStack() as stack:
        for of in MADE_OFTEN:
            if of not in _inits:
                _inits[of] = _plain_init(of)
            stack.enter_context(patch.object(of, "__init__", _inits[of]))
            stack.enter_context(patch.object(of, "__setattr__", object.__setattr__))
            stack.enter_context(patch.object(of, "__delattr__", object.__delattr__))
        yield
