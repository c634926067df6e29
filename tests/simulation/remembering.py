"""Pure functions that a simulation asks again and again, answered once.

In one process are both ends of every line, all lives of every node and a ghost that watches: the same entry, note or
frame is read a dozen times. What is here depends on nothing but its arguments and gives what nobody changes, so an
answer can be given again. Errors are not kept; whoever refuses something refuses it anew. Answers about what comes in a
world are forgotten with it; those about keys and rosters, which are the same in all worlds, stay.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import keys.gate
import keys.roster
import keys.tls_identity
import protocol.beat
import protocol.body
import protocol.checkpoint
import protocol.compose
import protocol.cosignature
import protocol.frames
import protocol.glance
import protocol.note
from keys.keyring import NodeKeyring
from keys.note_key import NoteVerifier
from nodes.rosters import HeldRoster
from nodes.signed import SignedStatement
from protocol.entry import Entry
from protocol.kinds import Kind
from protocol.statement import Statement

OURS = ("keys", "protocol", "nodes", "tests.simulation")
"""Packages in which a function's name stands for what is remembered of it."""

_of_a_world: list[dict[Any, Any]] = []


def forget() -> None:
    """A new world, or other functions than before: nothing is known of what came in the last one."""
    for known in _of_a_world:
        known.clear()


def _remember(function: Callable[..., Any], *, lasting: bool = False) -> Callable[..., Any]:
    """A function of hashable arguments, asked once for each."""
    known: dict[Any, Any] = {}
    if not lasting:
        _of_a_world.append(known)

    @functools.wraps(function)
    def ask(*args: Any) -> Any:
        try:
            return known[args]
        except KeyError:
            answer = known[args] = function(*args)
            return answer

    return ask


def _verify_note(
    note: bytes, keys: tuple[NoteVerifier, ...], *, exactly: bool = True
) -> protocol.cosignature.VerifiedCheckpoint:
    """With arguments that can be names."""
    found: protocol.cosignature.VerifiedCheckpoint = _verified(note, tuple(keys), exactly)
    return found


def _open_body(statement: Statement, body: bytes, *, party: str, key: Any) -> protocol.body.Opened:
    """By everything that opening looks at."""
    bound = statement.channel, statement.party, statement.id, statement.opener, statement.body_digest
    name = (body, *bound, statement.body_length, party, key.public.raw)
    found = _opened.get(name)
    if found is None:
        found = _opened[name] = _really_open(statement, body, party=party, key=key)
    return found


def _check_opened(statement: Statement, opened: protocol.body.Opened, kind: Kind) -> Any:
    """What was found to be as committed to is so the next time; the same object, so that nothing else can be meant."""
    name = id(opened), statement.commitments, kind.name
    known = _checked.get(name)
    if known is None:
        known = _checked[name] = (opened, _really_check(statement, opened, kind))
    return known[1]


_opened: dict[Any, protocol.body.Opened] = {}
_checked: dict[Any, Any] = {}
_of_a_world += [_opened, _checked]
_really_open, _really_check = protocol.body.open_body, protocol.compose.check_opened
_really_verify = protocol.cosignature.verify_note
_verified = _remember(lambda note, keys, exactly: _really_verify(note, keys, exactly=exactly))

FUNCTIONS: tuple[tuple[Callable[..., Any], Callable[..., Any]], ...] = (
    *(
        (function, _remember(function))
        for function in (
            protocol.note.parse,
            protocol.checkpoint.parse_text,
            protocol.frames.parse,
            protocol.glance.glance,
            protocol.beat.parse,
        )
    ),
    *(
        (function, _remember(function, lasting=True))
        for function in (
            keys.gate.check_ed25519,
            keys.roster.parse,
            keys.roster.check_apart,
            keys.tls_identity.certificate_key,
            keys.tls_identity.spki_pin,
        )
    ),
    (protocol.cosignature.verify_note, _verify_note),
    (protocol.body.open_body, _open_body),
    (protocol.compose.check_opened, _check_opened),
)
"""Functions, and what stands in their place wherever they are known by name."""


def _parser(of: type) -> classmethod[Any, Any, Any]:
    """A class's `parse`, remembered."""
    really: Any = of.__dict__["parse"].__func__

    def parse(cls: Any, data: bytes) -> Any:
        found = known.get(data)
        if found is None:
            found = known[data] = really(cls, data)
        return found

    known: dict[bytes, Any] = {}
    _of_a_world.append(known)
    return classmethod(functools.wraps(really)(parse))


def _property(of: type, name: str) -> property:
    """A property of an object that nobody changes, remembered by the object's value."""
    return property(_remember(of.__dict__[name].fget, lasting=True))


def _keyring(method: Callable[..., Any]) -> Callable[..., Any]:
    """A party's keys made once: they follow from its keyring, and every start makes them again."""
    made: dict[tuple[Any, ...], Any] = {}

    @functools.wraps(method)
    def make(self: NodeKeyring, *args: Any) -> Any:
        name = (self.party, self.node_seed, *args)
        if name not in made:
            made[name] = method(self, *args)
        return made[name]

    return make


METHODS: tuple[tuple[type, str, Any], ...] = (
    *((of, "parse", _parser(of)) for of in (Statement, Entry, SignedStatement)),
    (NoteVerifier, "vkey", _remember(NoteVerifier.vkey, lasting=True)),
    (HeldRoster, "tls_pins", _property(HeldRoster, "tls_pins")),
    *(
        (NodeKeyring, name, _keyring(getattr(NodeKeyring, name)))
        for name in ("node_signer", "sealing", "log_signers", "mirror_signers")
    ),
)


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Functions that give the same for the same are asked once."""
    with contextlib.ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith(OURS) and module is not sys.modules[__name__]:
                for function, instead in FUNCTIONS:
                    for known_as in [known_as for known_as, value in vars(module).items() if value is function]:
                        stack.enter_context(patch.object(module, known_as, instead))
        for where, name, method in METHODS:
            stack.enter_context(patch.object(where, name, method))
        forget()
        yield
