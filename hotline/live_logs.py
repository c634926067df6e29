"""A log that a node serves, brought into a directory: it lies there as an export does, and grows from time to time.

Nothing that a node says is believed here: what is written is audited like every export, and nothing is brought under a
checkpoint that the log's keys did not sign, since anybody on the way could answer. What was brought before is not
exchanged for something else: a log that does not begin with it is shown beside it, with both signed checkpoints. The
checkpoint is written last.

Source: spec/audit.md, "Live logs"; C2SP tlog-tiles.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hotline.audit_dirs import BUNDLES, FILE_BYTES_MAX, OTHER_BYTES_MAX
from hotline.errors import CouldNot, Misused
from nodes.export import documents_in
from nodes.files import make_directory, write_file
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError
from protocol.exported_log import CHECKPOINT_FILE, SIZE_MAX
from protocol.fork import Fork, RootsDiffer, Step
from protocol.joined_log import BEFORE_FOLDER
from protocol.log_error import LogRefused
from protocol.merkle import Frontier, prove_consistency
from protocol.note import parse as parse_note
from protocol.policy import LogUnknown, Policy
from protocol.tiles import (
    TILE_WIDTH,
    TileReader,
    bundles_for_size,
    entries_path,
    parse_bundle,
    parse_path,
    tile_path,
    tiles_for_size,
)

ANSWER_S: Final = 60.0
"""For one file, however slowly its bytes come."""

EPOCHS_MAX: Final = 1_000
URL_CHARS_MAX: Final = 1_024
FILE_MODE: Final = 0o644

Told = Callable[[int, int], None]
"""Told how many files are here, and of how many."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node serves the logs of one channel.

    Attributes:
        url: such as `https://192.0.2.8:7444/ARC`: the last part is the short name of the node's counterpart.
        host, port, path: its parts.
        counterpart: that short name.
    """

    url: str
    host: str
    port: int
    path: str
    counterpart: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an address.

        Raises:
            Misused: it is none.
        """
        refused = Misused(
            "usage", f"{url!r} is no address such as https://192.0.2.8:7444/ARC, with the counterpart last"
        )
        if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise refused
        try:
            parts = urlsplit(url)
            port = parts.port or 443
        except ValueError:
            raise refused from None
        path = parts.path.rstrip("/")
        counterpart = path.rpartition("/")[2]
        wrong = parts.query or parts.fragment or parts.username or not parts.hostname or not counterpart.isalpha()
        if parts.scheme != "https" or wrong or not counterpart.isupper() or len(counterpart) > 4:
            raise refused
        return cls(url, parts.hostname or "", port, path, counterpart)


def is_address(text: str) -> bool:
    """Whether an argument is meant as an address and no path."""
    return text.startswith(("https://", "http://"))


def client_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """TLS 1.3 with the auditor's certificate. The node's own is not looked at: no authority vouches for it, and what it
    serves is verified by signatures.

    Args:
        certificate: PEM file; it may hold the key as well.
        key: PEM file of the key, or None.

    Raises:
        CouldNot: `file-not-read`, or `certificate-refused` where the two make no certificate with its key.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE

    def no_passphrase() -> str:
        # Without this the library asks at the terminal, and waits there for ever.
        raise CouldNot("certificate-refused", f"{key or certificate}: the key is encrypted")

    try:
        made.load_cert_chain(certificate, key, password=no_passphrase)
    except ssl.SSLError as error:
        raise CouldNot(
            "certificate-refused", f"{certificate}: {error.reason or 'no certificate with its key'}"
        ) from None
    except OSError as error:
        raise CouldNot("file-not-read", f"{error.filename or certificate}: {error.strerror}") from None
    return made


class _Connection(http.client.HTTPSConnection):
    """One that can be cut off at every moment, while it is made as well."""

    def __init__(self, address: Address, context: ssl.SSLContext, limit_s: float) -> None:
        super().__init__(address.host, address.port, timeout=limit_s, context=context)
        self._tls = context
        self._held: socket.socket | None = None

    def connect(self) -> None:
        """See HTTPConnection. The handshake is made on the socket that `cut` finds."""
        raw = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._held = self._tls.wrap_socket(raw, do_handshake_on_connect=False)
        self._held.do_handshake()

    def cut(self) -> None:
        """End it, whatever is under way; any thread may. The last answer of a connection goes on without `sock`."""
        with contextlib.suppress(OSError):
            if self._held is not None:
                self._held.shutdown(socket.SHUT_RDWR)


class Server:
    """A node that serves logs, over one connection that is opened again where it was closed. Close it after use.

    Args:
        address: where it is.
        context: TLS.
        limit_s: for one answer from the first byte asked to the last one given, so that nobody holds up an auditor.
    """

    def __init__(self, address: Address, context: ssl.SSLContext, *, limit_s: float = ANSWER_S) -> None:
        self.address = address
        self._context = context
        self._limit_s = limit_s
        self._connection: _Connection | None = None

    def get(self, path: str, *, bytes_max: int) -> bytes | None:
        """A file below the address, or None where there is none.

        Raises:
            CouldNot: `log-not-served`: nobody answers in time, or with something else.
        """
        late = threading.Timer(self._limit_s, self._cut)
        late.daemon = True
        late.start()
        try:
            return self._get(path, bytes_max)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._failed(f"{path}: {type(error).__name__}") from error
        finally:
            late.cancel()

    def _cut(self) -> None:
        connection = self._connection
        if connection is not None:
            connection.cut()

    def _get(self, path: str, bytes_max: int) -> bytes | None:
        until_s = time.monotonic() + self._limit_s
        answer = self._ask(path)
        data = bytearray()
        while part := answer.read1(1 << 16):
            data += part
            if len(data) > bytes_max:
                raise self._failed(f"{path} has more than {bytes_max} bytes")
            if time.monotonic() > until_s:
                raise self._failed(f"{path} took more than {self._limit_s:g} s")
        # Read to its end it is still not done with, and the connection would take no further request.
        answer.close()
        if answer.status not in {200, 404}:
            raise self._failed(f"{path}: status {answer.status}")
        return bytes(data) if answer.status == 200 else None

    def _ask(self, path: str) -> http.client.HTTPResponse:
        """Ask, once more over a new connection where the old one was closed meanwhile."""
        kept = self._connection is not None
        try:
            return self._ask_once(path)
        except (ConnectionError, http.client.BadStatusLine):
            if not kept:
                raise
            self.close()
            return self._ask_once(path)

    def _ask_once(self, path: str) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = _Connection(self.address, self._context, self._limit_s)
        self._connection.request("GET", f"{self.address.path}/{path}", headers={"User-Agent": "hotline"})
        return self._connection.getresponse()

    def _failed(self, text: str) -> CouldNot:
        return CouldNot("log-not-served", f"{self.address.url}: {text}")

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, slots=True)
class Brought:
    """What a node serves of a voice, as far as it could be brought.

    Attributes:
        note: its newest checkpoint, as it came.
        checkpoint: what it says; the log's keys signed it.
        before: the checkpoint that lay here, or None.
        went_back: it is of fewer entries than what lies here: nothing was brought.
        fork: why what it serves and what lies here cannot be of one log, to be verified; nothing was brought.
    """

    note: bytes
    checkpoint: Checkpoint
    before: bytes | None = None
    went_back: bool = False
    fork: Fork | None = None


def signed(note: bytes, policy: Policy) -> Checkpoint:
    """A checkpoint that the log's own keys signed, whoever cosigned it.

    Raises:
        LogRefused: it does not read, or they did not. `LogUnknown` where the policy lists no such log.
    """
    origin = parse_text(parse_note(note).text).origin
    keys = policy.log_keys(origin)
    if not keys:
        raise LogUnknown("the policy lists no log of that name", origin)
    return verify_note(note, keys, exactly=False).checkpoint


def bring(server: Server, voice: str, out: Path, policy: Policy, *, told: Told | None = None) -> Brought:
    """Bring a voice into a directory, or what is new of it.

    Args:
        server: the node.
        voice: short name.
        out: the directory; made where it is not there.
        policy: the auditor's; has the keys of the logs.
        told: hears of the progress.

    Raises:
        CouldNot: `log-not-served`.
        FileRefused: it cannot be written.
    """
    make_directory(out)
    note, checkpoint = _checkpoint(server, voice, policy)
    before = (out / CHECKPOINT_FILE).read_bytes() if (out / CHECKPOINT_FILE).is_file() else None
    had = None if before is None else _kept(out, before)
    if before is not None and had is not None and checkpoint.size <= had.size:
        fork = compare((note, checkpoint), (before, had), out)
        if fork is not None or checkpoint.size < had.size:
            return Brought(note, checkpoint, before, went_back=fork is None, fork=fork)
    _bring_past(server, voice, out, policy)
    _bring_files(server, voice, out, checkpoint.size, told)
    if before is not None and had is not None:
        fork = compare((before, had), (note, checkpoint), out)
        if fork is not None:
            _drop_partial(out, had.size)
            return Brought(note, checkpoint, before, fork=fork)
    _drop_partial(out, checkpoint.size)
    write_file(out / CHECKPOINT_FILE, note, mode=FILE_MODE)
    return Brought(note, checkpoint, before)


def compare(shorter: tuple[bytes, Checkpoint], longer: tuple[bytes, Checkpoint], tiles: Path) -> Fork | None:
    """Compare two checkpoints of one log.

    Args:
        shorter: the one of no more entries, as it came and as it reads.
        longer: the other one.
        tiles: where the tree of the longer one lies.

    Returns:
        None where the longer one's tree begins with the shorter one's; else what shows it, to be verified: files that
        are not what the checkpoint says show nothing.

    Raises:
        CouldNot: `log-not-served`: a file is missing, or no tile.
    """

    def tile(level: int, index: int, width: int) -> bytes:
        return (tiles / tile_path(level, index, width)).read_bytes()

    size, reader = shorter[1].size, TileReader(tile, longer[1].size)
    try:
        root = Frontier.read(size, reader).root()
        if root == shorter[1].root:
            return None
        path = () if size in {0, longer[1].size} else tuple(prove_consistency(size, longer[1].size, reader))
    except (OSError, LogRefused) as error:
        raise CouldNot("log-not-served", f"{tiles}: the tree that was brought does not read: {error}") from error
    return Fork(shorter[0], longer[0], RootsDiffer((Step(size, root, path),) if path else ()))


def _checkpoint(server: Server, voice: str, policy: Policy) -> tuple[bytes, Checkpoint]:
    note = server.get(f"{voice}/{CHECKPOINT_FILE}", bytes_max=OTHER_BYTES_MAX)
    if note is None:
        text = f"no log of {voice} there for this certificate; nothing may be cosigned yet"
        raise CouldNot("log-not-served", f"{server.address.url}: {text}")
    return note, _parse(server, note, policy)


def _kept(out: Path, note: bytes) -> Checkpoint:
    try:
        return parse_text(parse_note(note).text)
    except ProtocolError as error:
        text = f"{out / CHECKPOINT_FILE}: what was kept here does not read; keep it, and bring the log into a new place"
        raise CouldNot(error.code, text) from error


def _parse(server: Server, note: bytes, policy: Policy) -> Checkpoint:
    try:
        checkpoint = parse_text(parse_note(note).text)
    except ProtocolError as error:
        raise CouldNot("log-not-served", f"{server.address.url}: its checkpoint does not read: {error}") from error
    try:
        signed(note, policy)
    except ProtocolError as error:
        raise CouldNot("log-not-served", f"{server.address.url}: its checkpoint does not hold: {error}") from error
    if checkpoint.size > SIZE_MAX:
        text = f"a log of {checkpoint.size} entries is more than an audit reads"
        raise CouldNot("log-not-served", f"{server.address.url}: {text}")
    return checkpoint


def _bring_past(server: Server, voice: str, out: Path, policy: Policy) -> None:
    """The logs that ended; they never change."""
    for epoch in range(1, EPOCHS_MAX):
        folder = f"{BEFORE_FOLDER}/{epoch}"
        if (out / folder / CHECKPOINT_FILE).is_file():
            continue
        note = server.get(f"{voice}/{folder}/{CHECKPOINT_FILE}", bytes_max=OTHER_BYTES_MAX)
        if note is None:
            return
        _bring_files(server, f"{voice}/{folder}", out / folder, _parse(server, note, policy).size, None)
        write_file(out / folder / CHECKPOINT_FILE, note, mode=FILE_MODE)


def _bring_files(server: Server, place: str, out: Path, size: int, told: Told | None) -> None:
    """Every bundle with its documents, and every tile, that is not here yet."""
    bundles, tiles = list(bundles_for_size(size)), list(tiles_for_size(size))
    for done, (index, width) in enumerate(bundles, 1):
        path = entries_path(index, width)
        if not (out / path).is_file():
            data = _fetch(server, place, path)
            # Before the bundle: where this is broken off, the bundle is asked for again, and with it these.
            for name in _documents(server, data, index, width):
                if not (out / name).is_file():
                    _write(out / name, _fetch(server, place, name))
            _write(out / path, data)
        if told is not None:
            told(done, len(bundles) + len(tiles))
    for done, (level, index, width) in enumerate(tiles, len(bundles) + 1):
        path = tile_path(level, index, width)
        if not (out / path).is_file():
            _write(out / path, _fetch(server, place, path))
        if told is not None:
            told(done, len(bundles) + len(tiles))


def _fetch(server: Server, place: str, name: str) -> bytes:
    data = server.get(f"{place}/{name}", bytes_max=FILE_BYTES_MAX if name.startswith(BUNDLES) else OTHER_BYTES_MAX)
    if data is None:
        text = f"{place}/{name} is not there, though its checkpoint has it"
        raise CouldNot("log-not-served", f"{server.address.url}: {text}")
    return data


def _write(path: Path, data: bytes) -> None:
    make_directory(path.parent)
    write_file(path, data, mode=FILE_MODE)


def _documents(server: Server, bundle: bytes, index: int, width: int) -> list[str]:
    try:
        entries = parse_bundle(bundle, width)
    except LogRefused as error:
        raise CouldNot("log-not-served", f"{server.address.url}: a bundle of entries does not read: {error}") from error
    return [name for name, _ in documents_in(entries, index * TILE_WIDTH)]


def _drop_partial(out: Path, size: int) -> None:
    """Partial tiles and bundles that are not of this size."""
    for file in list((out / "tile").glob("**/*.p/*")):
        try:
            tile = parse_path(file.relative_to(out).as_posix())
        except LogRefused:
            continue
        level = 0 if tile.level is None else tile.level
        if tile.width != min(TILE_WIDTH, (size >> (8 * level)) - tile.index * TILE_WIDTH):
            file.unlink()
