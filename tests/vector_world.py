"""Two logs for the vectors of judgement and audit: as in `tests.builders`, and the same bytes each time.

ML-DSA is hedged: two signatures of one message differ, and with them every leaf hash behind them. So a signature that
stands in the vectors already is used again. Its Ed25519 half, which is the same each time, tells which it is; one that
no longer verifies is made anew.

The catalogue is the copy beside the vectors, so that they stay what they are when the catalogue grows.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from keys import roster as rosters
from keys.errors import KeysError
from keys.hybrid import HybridPrivateKey
from keys.note_key import NoteSigner
from keys.suite import ED25519_SIGNATURE_BYTES, Suite
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign, verify_note
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue
from protocol.log_error import LogRefused
from protocol.note import parse as parse_note
from protocol.signature import Signature, sign_statement, verify_signature
from protocol.statement import Statement
from protocol.tiles import parse_bundle, parse_path
from tests.builders import EPOCH, NAMES, START_MS, World, keyring

VECTORS = Path(__file__).resolve().parents[1] / "spec" / "vectors"

Files = Mapping[str, bytes]
"""Bytes by path, relative to a folder of vectors."""


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_files(folder: Path, files: Files) -> None:
    """Make a folder hold these files and no others, except its README."""
    for name in sorted(files_of(folder).keys() - files.keys() - {"README.md"}):
        (folder / name).unlink()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != data:
            path.write_bytes(data)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def cases_of(*modules: ModuleType) -> dict[str, tuple[str, Callable[..., Any]]]:
    """Every case in some modules: each public function is one, and its docstring says what was done."""
    found: dict[str, tuple[str, Callable[..., Any]]] = {}
    for module in modules:
        for name, value in vars(module).items():
            if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_"):
                case = name.replace("_", "-")
                if case in found or not value.__doc__:
                    raise AssertionError(f"{case} is there twice, or says nothing")
                found[case] = value.__doc__.rstrip("."), value
    return found


def dump_json(value: object) -> bytes:
    """The bytes of a JSON file: names in order; what holds nothing but plain values and lists of them on one line."""
    text = json.dumps(value, indent=1, sort_keys=True)
    for pattern in (r"\[\s+[^][{}]*?\s+\]", r"\[\s+[^{}]{1,400}?\s+\](?=,?\n)", r"\{\s+[^{}]{1,600}?\s+\}"):
        text = re.sub(pattern, lambda found: _joined(found[0]), text)
    return (text + "\n").encode()


def _joined(lines: str) -> str:
    joined = " ".join(line.strip() for line in lines.splitlines())
    return joined.replace("[ ", "[").replace(" ]", "]").replace("{ ", "{").replace(" }", "}")


@cache
def vector_catalogue() -> Catalogue:
    """The catalogue that the vectors' agreements name."""
    return Catalogue.load(files_of(VECTORS / "catalogue"))


@cache
def amending_catalogue() -> Catalogue:
    """The same with the kinds by which an agreement is amended."""
    return Catalogue.load({**files_of(VECTORS / "catalogue"), **files_of(VECTORS / "catalogue-amended")})


@cache
def rooting_catalogue() -> Catalogue:
    """The same with the kind by which roots change."""
    return Catalogue.load({**files_of(VECTORS / "catalogue"), **files_of(VECTORS / "catalogue-roots")})


def catalogue_named(digest: bytes) -> Catalogue:
    """The catalogue of the vectors that has this digest."""
    known = (vector_catalogue(), amending_catalogue(), rooting_catalogue())
    return next(one for one in known if one.digest == digest)


class Kept:
    """Signatures that stand in the vectors as they are."""

    def __init__(self) -> None:
        self._hybrid: dict[bytes, list[bytes]] = defaultdict(list)
        self._notes: dict[str, list[bytes]] = defaultdict(list)

    @classmethod
    def of(cls, folder: Path) -> "Kept":
        """Those in a folder: in entries, in bundles of entries, and under checkpoints."""
        kept = cls()
        for name, data in files_of(folder).items():
            if name.endswith(".entry"):
                kept.add_entries([data])
            elif "/tile/entries/" in name:
                path = parse_path(name[name.index("tile/") :])
                try:
                    kept.add_entries(parse_bundle(data, path.width))
                except LogRefused:
                    continue  # One that was damaged on purpose.
            elif name.endswith("/checkpoint"):
                try:
                    kept._notes[parse_note(data).text].append(data)
                except LogRefused:
                    continue
        return kept

    def add_entries(self, entries: Iterable[bytes]) -> None:
        """Remember the signatures of entries; what is no entry has none."""
        for data in entries:
            try:
                signatures = Entry.parse(data).signatures
            except ProtocolError:
                continue
            self.add_signatures(signatures)

    def add_signatures(self, signatures: Iterable[Signature]) -> None:
        """Remember signatures."""
        for one in signatures:
            self._hybrid[one.value[:ED25519_SIGNATURE_BYTES]].append(one.value)

    def sign(
        self, statement: bytes, *, channel: bytes, party: str, signer: str, role: str, key: HybridPrivateKey
    ) -> Signature:
        """Sign a statement, with the kept signature if there is one that verifies."""
        fresh = sign_statement(statement, channel=channel, party=party, signer=signer, role=role, key=key)
        for value in self._hybrid.get(fresh.value[:ED25519_SIGNATURE_BYTES], ()):
            kept = replace(fresh, value=value)
            try:
                verify_signature(statement, kept, channel=channel, party=party, key=key.public)
            except (ProtocolError, KeysError):
                continue
            return kept
        self.add_signatures([fresh])
        return fresh

    def note(
        self, checkpoint: Checkpoint, log: Sequence[NoteSigner], mirror: Sequence[NoteSigner], at_ms: int = START_MS
    ) -> bytes:
        """Sign a checkpoint and cosign it, or give the kept note with lines of exactly these keys and times."""
        fresh = sign_checkpoint(checkpoint, log, at_ms)
        if mirror:
            fresh = add_cosignatures(fresh, cosign(checkpoint, mirror, at_ms))
        keys = [signer.verifier for signer in (*log, *mirror)]
        wanted = verify_note(fresh, keys)
        kept = self._notes[checkpoint.text()]
        for note in kept:
            try:
                if verify_note(note, keys).times_ms == wanted.times_ms:
                    return note
            except LogRefused:
                continue
        kept.append(fresh)
        return fresh


class VectorWorld(World):
    """Two logs whose signatures are kept.

    Args:
        kept: signatures of earlier runs.
        begin: as for World.
        numbers: of the roots that sign agreement and roster.
        people: how many persons the rosters have.
        changes: terms of the agreement that differ.
    """

    def __init__(
        self, kept: Kept, *, begin: bool = True, numbers: Sequence[int] = (1, 2), people: int = 4, **changes: Any
    ) -> None:
        catalogue = vector_catalogue()
        terms = {"catalogue_version": catalogue.version, "catalogue_digest": catalogue.digest}
        super().__init__(begin=False, **{**terms, **changes})
        self.kept = kept
        self.catalogue = catalogue
        for party, roster in self.rosters.items():
            self.rosters[party] = replace(roster, people=roster.people[:people])
        if begin:
            self.begin(numbers)

    def begin(self, numbers: Sequence[int] = (1, 2)) -> None:
        """Both logs have their agreement and their first roster."""
        for party in NAMES:
            self.enact(party, "agreement", self.agreement.text, numbers)
            self.enact(party, "roster", rosters.render(self.rosters[party]), numbers)

    def sign(
        self, party: str, statement: Statement, signer: str, role: str, *, suite: Suite | None = None
    ) -> Signature:
        """See World; a kept signature if there is one."""
        return self.sign_bytes(party, statement.encode(), signer, role, suite=suite)

    def sign_bytes(
        self, party: str, statement: bytes, signer: str, role: str, *, suite: Suite | None = None
    ) -> Signature:
        """The same of any bytes."""
        channel = self.agreement.channel
        key = self.key_of(party, signer, suite)
        return self.kept.sign(statement, channel=channel, party=party, signer=signer, role=role, key=key)

    def checkpoint(self, party: str, size: int | None = None, *, cosigned: bool = True, at_ms: int = START_MS) -> bytes:
        """See World; a kept note if there is one."""
        state = self.logs[party].state(size)
        made = Checkpoint(self.agreement.origin(party, EPOCH), state.size, state.root)
        mirror = self.mirror_signers(NAMES[1 - NAMES.index(party)]) if cosigned else ()
        return self.kept.note(made, self.log_signers(party), mirror, at_ms)

    def log_signers(self, party: str) -> Sequence[NoteSigner]:
        """The keys of a party's log."""
        channel = self.agreement.channel
        return keyring(party, channel).log_signers(channel, self.agreement.origin(party, EPOCH))

    def mirror_signers(self, party: str) -> Sequence[NoteSigner]:
        """The keys of a party's mirror."""
        channel = self.agreement.channel
        return keyring(party, channel).mirror_signers(channel, self.agreement.mirror_name(party))
