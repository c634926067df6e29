"""Pure functions that a simulation asks again and again, answered once.

In one process are both ends of every line, all lives of every node and a ghost that watches: the same entry, note or
frame is read a dozen times. What is here depends on nothing but its arguments and gives what nobody changes, so an
answer can be given again. Errors are not kept; whoever refuses something refuses it anew. Answers about what comes in a
world are forgotten with it; those about keys and rosters, which are the same in all worlds, stay.

Whoever writes something knows what its reader will find, so that is remembered as well where the two are one object.
That a reader finds what was written is tried elsewhere, format by format, and here in one world (`checking`).
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
import nodes.files
import nodes.rosters
import protocol.beat
import protocol.body
import protocol.checkpoint
import protocol.compose
import protocol.cosignature
import protocol.cosigned_message
import protocol.fit
import protocol.frames
import protocol.glance
import protocol.handshake
import protocol.line_keys
import protocol.merkle
import protocol.note
import protocol.reading
import protocol.signature
import protocol.tagged
from keys.keyring import NodeKeyring
from keys.note_key import NoteKeyType, NoteSigner, NoteVerifier
from keys.quorum import RootSet
from keys.roster import Roster
from nodes.rosters import HeldRoster
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.beat import Beat
from protocol.entry import Entry
from protocol.frames import Frame, FrameType
from protocol.handshake import Tie
from protocol.kinds import Kind
from protocol.line_keys import VoiceKeys
from protocol.note import Note, NoteSignature
from protocol.statement import Statement
from tests.simulation import homes

OURS = ("keys", "protocol", "nodes", "tests.simulation")
"""Packages in which a function's name stands for what is remembered of it."""

LASTING_MAX = 100_000
"""Answers of one function that are kept at once: worlds with rosters of their own must not fill the memory."""

of_a_world: list[dict[Any, Any]] = []
"""What is known of the present world, and forgotten with it."""

_forgotten: list[Callable[[], None]] = []
"""Forget what functions gave in it."""


def forget() -> None:
    """A new world, or other functions than before: nothing is known of what came in the last one."""
    for known in of_a_world:
        known.clear()
    for clear in _forgotten:
        clear()
    homes.written.clear()


def _remember(function: Callable[..., Any], *, lasting: bool = False) -> Callable[..., Any]:
    """A function of hashable arguments, asked once for each."""
    known = functools.lru_cache(maxsize=LASTING_MAX if lasting else None)(function)
    if not lasting:
        _forgotten.append(known.cache_clear)
    return known


def _of_objects(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of objects that nobody changes, asked once for each object: to compare their values takes longer."""
    known: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}
    of_a_world.append(known)

    @functools.wraps(function)
    def ask(*args: Any) -> Any:
        name = tuple(map(id, args))
        found = known.get(name)
        if found is None:
            # The objects are kept, so that no other one can come to have the name of one of them.
            found = known[name] = args, function(*args)
        return found[1]

    return ask


def _of_object(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As `_of_objects`, for a function of one."""
    known: dict[int, tuple[Any, Any]] = {}
    of_a_world.append(known)

    @functools.wraps(function)
    def ask(of: Any) -> Any:
        found = known.get(id(of))
        if found is None:
            found = known[id(of)] = of, function(of)
        return found[1]

    return ask


def _verify_note(
    note: bytes, keys: tuple[NoteVerifier, ...], *, exactly: bool = True
) -> protocol.cosignature.VerifiedCheckpoint:
    """By the objects that the keys are."""
    name = (note, exactly, *map(id, keys))
    found = _verified.get(name)
    if found is None:
        found = _verified[name] = keys, _really_verify(note, keys, exactly=exactly)
    return found[1]


def _sign_line(
    signer: NoteSigner, *, text: str, origin: str, size: int, root: bytes, at_ms: int
) -> protocol.note.NoteSignature:
    """A line, and what whoever verifies it will find. It states whole seconds, in which there is more than one beat."""
    name = id(signer), max(1, at_ms // 1000), size, root, text, origin
    known = _signed.get(name)
    if known is not None:
        return known[1]
    line = _really_sign_line(signer, text=text, origin=origin, size=size, root=root, at_ms=at_ms)
    key = signer.verifier
    time_ms = None if key.type is NoteKeyType.ED25519 else max(1, at_ms // 1000) * 1000
    if checking is not None:
        checking(time_ms, _really_verify_line(key, line, text=text, origin=origin, size=size, root=root))
    _lines[key.raw, key.name, line.signature, text, origin, size, root] = time_ms
    _signed[name] = signer, line
    return line


def _verify_line(
    key: NoteVerifier, line: protocol.note.NoteSignature, *, text: str, origin: str, size: int, root: bytes
) -> int | None:
    """As `protocol.cosigned_message.verify_line`."""
    name = key.raw, key.name, line.signature, text, origin, size, root
    if name in _lines:
        return _lines[name]
    time_ms = _lines[name] = _really_verify_line(key, line, text=text, origin=origin, size=size, root=root)
    return time_ms


def _transcript(tie: Tie, own_hello: bytes, their_hello: bytes) -> bytes:
    """Of a session, which both sides name by it in all that they say."""
    name = own_hello, their_hello, tie.dialled, tie.own_pin, tie.their_pin
    found = _transcripts.get(name)
    if found is None:
        found = _transcripts[name] = _really_transcript(tie, own_hello, their_hello)
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


def _voice_keys(agreement: Agreement, roster: Roster, tls_pins: frozenset[bytes]) -> VoiceKeys:
    """A roster's keys, by the object that the roster is: it is read once."""
    name = agreement.digest, id(roster), tls_pins
    found = _voices.get(name)
    if found is None:
        found = _voices[name] = roster, _really_keys(agreement, roster, tls_pins)
    return found[1]


_voices: dict[Any, tuple[Roster, VoiceKeys]] = {}
_really_keys = protocol.line_keys.voice_keys
_opened: dict[Any, protocol.body.Opened] = {}
_checked: dict[Any, Any] = {}
_verified: dict[Any, tuple[Any, protocol.cosignature.VerifiedCheckpoint]] = {}
_transcripts: dict[Any, bytes] = {}
_lines: dict[Any, int | None] = {}
_signed: dict[Any, tuple[NoteSigner, protocol.note.NoteSignature]] = {}
of_a_world += [_signed, _opened, _checked, _verified, _transcripts, _lines]
_really_sign_line, _really_verify_line = protocol.cosigned_message.sign_line, protocol.cosigned_message.verify_line
_really_transcript = protocol.handshake.transcript
_really_open, _really_check = protocol.body.open_body, protocol.compose.check_opened
_really_verify = protocol.cosignature.verify_note


class _Spelling:
    """A class of objects with one spelling: what `encode` writes and `parse` reads, each once.

    Args:
        of: the class.
        parse: its parser, which takes bytes alone.
    """

    def __init__(self, of: type, parse: Callable[[bytes], Any]) -> None:
        self._parse = parse
        self._encode = of.__dict__["encode"]
        self.known: dict[bytes, Any] = {}
        of_a_world.append(self.known)

    def read(self, data: bytes) -> Any:
        """As the parser."""
        found = self.known.get(data)
        if found is None:
            found = self.known[data] = self._parse(data)
        return found

    def write(self, what: Any) -> bytes:
        """As `encode`."""
        data: bytes = self._encode(what)
        if data not in self.known:
            self.known[data] = what
            if checking is not None:
                checking(what, self._parse(data))
        return data


checking: Callable[[object, object], None] | None = None
"""Is shown what was written and what is really read of it; None where nobody wants to see."""


def _class_spelling(of: type) -> tuple[tuple[type, str, Any], ...]:
    """Stands in for a class's `encode` and `parse`."""
    really: Any = of.__dict__["parse"].__func__
    spelling = _Spelling(of, functools.partial(really, of))
    known = spelling.known

    def read(cls: type, data: bytes) -> Any:
        found = known.get(data)
        return spelling.read(data) if found is None else found

    return (
        (of, "encode", functools.wraps(of.__dict__["encode"])(lambda self: spelling.write(self))),
        (of, "parse", classmethod(functools.wraps(really)(read))),
    )


def _encode_frame(frame_type: FrameType, **items: object) -> bytes:
    """As `protocol.frames.encode`."""
    data = _really_encode(frame_type, **items)
    if data not in _frames:
        _frames[data] = Frame(frame_type, items)
        if checking is not None:
            checking(_frames[data], _really_parse(data))
    return data


def _parse_frame(data: bytes) -> Frame:
    """As `protocol.frames.parse`."""
    found = _frames.get(data)
    if found is None:
        found = _frames[data] = _really_parse(data)
    return found


def _property(of: type, name: str) -> property:
    """A property of an object that nobody changes."""
    return property(_of_object(of.__dict__[name].fget))


def _parse_agreement(of: type[Agreement], text: bytes) -> Agreement:
    """As `Agreement.parse`."""
    found = _agreements.get(text)
    if found is None:
        found = _agreements[text] = _really_parse_agreement(of, text)
    return found


def _check_roots(
    agreement: Agreement, party: str, signed: SignedStatement, kind: str, *sets: RootSet, each: bool = False
) -> Statement:
    """As `nodes.rosters.check_roots`, by everything that it looks at."""
    name = agreement.digest, party, kind, signed.statement, signed.signatures, signed.body, sets, each
    found = _rooted.get(name)
    if found is None:
        found = _rooted[name] = _really_check_roots(agreement, party, signed, kind, *sets, each=each)
    return found


_agreements: dict[bytes, Agreement] = {}
_rooted: dict[Any, Statement] = {}
of_a_world.append(_rooted)
_really_parse_agreement: Any = Agreement.__dict__["parse"].__func__
_really_check_roots = nodes.rosters.check_roots


def _keyring(method: Callable[..., Any]) -> Callable[..., Any]:
    """A party's keys made once: they follow from its keyring, and every start makes them again."""
    made: dict[tuple[Any, ...], Any] = {}

    @functools.wraps(method)
    def make(self: NodeKeyring, *args: Any) -> Any:
        name = (self.party, self.node_seed, self.suite.name, *args)
        if name not in made:
            made[name] = method(self, *args)
        return made[name]

    return make


_notes = _Spelling(Note, protocol.note.parse)
_beats = _Spelling(Beat, protocol.beat.parse)
_frames: dict[bytes, Frame] = {}
of_a_world.append(_frames)
_really_encode, _really_parse = protocol.frames.encode, protocol.frames.parse

FUNCTIONS: tuple[tuple[Callable[..., Any], Callable[..., Any]], ...] = (
    *(
        (function, _remember(function))
        for function in (
            protocol.beat.digest,
            protocol.checkpoint.parse_text,
            protocol.glance.glance,
            protocol.merkle.leaf_hash,
            protocol.signature.signing_message,
            protocol.tagged.digest,
        )
    ),
    *(
        (function, _of_objects(function))
        for function in (keys.roster.check_apart, protocol.fit.header_fits, protocol.reading.first_roots)
    ),
    *(
        (function, _remember(function, lasting=True))
        for function in (
            keys.gate.check_ed25519,
            protocol.note.is_key_name,
            keys.roster.parse,
            keys.roster.render,
            keys.tls_identity.certificate_key,
            keys.tls_identity.spki_pin,
        )
    ),
    (nodes.files.read_file, homes.read_file),
    (nodes.files.write_file, homes.write_file),
    (nodes.files.make_directory, homes.make_directory),
    (protocol.note.parse, _notes.read),
    (protocol.beat.parse, _beats.read),
    (protocol.frames.parse, _parse_frame),
    (protocol.frames.encode, _encode_frame),
    (protocol.cosignature.verify_note, _verify_note),
    (protocol.handshake.transcript, _transcript),
    (protocol.cosigned_message.sign_line, _sign_line),
    (protocol.cosigned_message.verify_line, _verify_line),
    (nodes.rosters.check_roots, _check_roots),
    (protocol.line_keys.voice_keys, _voice_keys),
    (protocol.body.open_body, _open_body),
    (protocol.compose.check_opened, _check_opened),
)
"""Functions, and what stands in their place wherever they are known by name."""


METHODS: tuple[tuple[type, str, Any], ...] = (
    *(method for of in (Statement, Entry, SignedStatement) for method in _class_spelling(of)),
    (Note, "encode", functools.wraps(Note.encode)(lambda self: _notes.write(self))),
    (Beat, "encode", functools.wraps(Beat.encode)(lambda self: _beats.write(self))),
    (NoteSignature, "encode", _of_object(NoteSignature.encode)),
    (NoteVerifier, "vkey", _of_object(NoteVerifier.vkey)),
    (Agreement, "parse", classmethod(_parse_agreement)),
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
            if name.startswith(OURS) and module not in (sys.modules[__name__], homes):
                for function, instead in FUNCTIONS:
                    for known_as in [known_as for known_as, value in vars(module).items() if value is function]:
                        stack.enter_context(patch.object(module, known_as, instead))
        for where, name, method in METHODS:
            stack.enter_context(patch.object(where, name, method))
        forget()
        yield
