"""The doctor: everything about a home that can be checked without changing it, each with what to do about it."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from hotline.errors import HotlineError
from hotline.zulu import duration
from keys import roster as roster_text
from keys.errors import KeysError, PassphraseRefused
from keys.keyring import NodeKeyring, OfficerKeyring
from nodes.client import NodeClient
from nodes.config import NodeConfig
from nodes.errors import ApiRefused, NodeError
from nodes.files import read_file
from nodes.home import ChannelHome, NodeHome, OfficerHome
from nodes.key_files import read_keyring
from nodes.stopped import open_store, read_agreement

Result = Literal["ok", "warn", "fail"]
DISK_LOW_BYTES = 1024**3
ROSTER_SOON_MS = 30 * 86_400_000
# A clock outside these years was never set, or is a battery that died.
YEARS = range(2024, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what, in a few words.
        result: ok, warn or fail.
        text: what was found.
        fix: what to do; empty where nothing is wrong.
    """

    name: str
    result: Result
    text: str
    fix: str = ""


def examine(home: NodeHome | OfficerHome, *, passphrase: bytes | None, now_ms: int) -> Iterator[Check]:
    """Look at a home.

    Args:
        home: of a node or of an officer.
        passphrase: of its key file, or None where that is not to be opened.
        now_ms: this machine's clock, UTC milliseconds.
    """
    yield _clock(now_ms)
    yield from _modes(home.path)
    if isinstance(home, OfficerHome):
        yield _key(home.key_path, passphrase, officer=True)
        yield _socket(home.node_socket)
        yield _pins(home)
        return
    yield _key(home.keyring_path, passphrase, officer=False)
    yield _disk(home.path)
    running = _socket(home.socket)
    yield running
    yield from _settings(home, running=running.result == "ok")
    yield _roots(home)
    channels = home.channels()
    if not channels:
        yield Check(
            name="channels", result="warn", text="there is none yet", fix="Pair with another party: hotline pair"
        )
    for channel in channels:
        yield from _channel(home, channel, now_ms=now_ms)


def _clock(now_ms: int) -> Check:
    year = datetime.fromtimestamp(now_ms / 1000, tz=UTC).year
    if year in YEARS:
        return Check(name="clock", result="ok", text=f"the year is {year}")
    return Check(
        name="clock", result="fail", text=f"the clock says {year}", fix="Set the clock, and let a time service keep it."
    )


def _modes(path: Path) -> Iterator[Check]:
    # A node's home may let its group pass, so that officers with users of their own reach the socket in it.
    open_ones = [path] if path.stat().st_mode & 0o067 else []
    for place in (*sorted(path.rglob("*.key")), *sorted(path.rglob("passphrase"))):
        if place.stat().st_mode & 0o077:
            open_ones.append(place)
    if not open_ones:
        yield Check(name="permissions", result="ok", text="only the owner can read the home and its keys")
    for place in open_ones:
        mode = "700" if place.is_dir() else "600"
        yield Check(
            name="permissions",
            result="fail",
            text=f"others on this machine may read {place}",
            fix=f"chmod {mode} {place}",
        )
    if not os.access(path, os.W_OK):
        yield Check(name="writable", result="fail", text=f"{path} cannot be written", fix="Run as the home's owner.")


def _key(path: Path, passphrase: bytes | None, *, officer: bool) -> Check:
    if not path.is_file():
        return Check(name="key file", result="fail", text=f"{path} is missing", fix="Bring it back from your backup.")
    if passphrase is None:
        return Check(
            name="key file",
            result="warn",
            text="it was not opened",
            fix="Give --passphrase-file to have it opened.",
        )
    try:
        if officer:
            read_keyring(path, OfficerKeyring, passphrase)
        else:
            read_keyring(path, NodeKeyring, passphrase)
    except PassphraseRefused:
        return Check(
            name="key file", result="fail", text="the passphrase does not open it", fix="Try another passphrase."
        )
    except (KeysError, NodeError) as error:
        return Check(name="key file", result="fail", text=str(error), fix="Bring the file back from your backup.")
    return Check(name="key file", result="ok", text="it opens")


def _disk(path: Path) -> Check:
    free = shutil.disk_usage(path).free
    text = f"{free // 1024**2} MiB are free"
    if free >= DISK_LOW_BYTES:
        return Check(name="disk", result="ok", text=text)
    return Check(name="disk", result="warn", text=text, fix="Make room: a full disk stops receiving.")


def _socket(path: Path) -> Check:
    try:
        with NodeClient.connect(path) as client:
            return Check(name="node", result="ok", text=f"the node of {client.party} runs")
    except ApiRefused as error:
        fix = "Start it: hotline node run" if error.code == "node-not-running" else "Ask who owns the socket."
        return Check(name="node", result="warn", text=error.text, fix=fix)


def _pins(home: OfficerHome) -> Check:
    pins = home.pins()
    if pins:
        return Check(name="agreements", result="ok", text=f"pinned: {', '.join(pins)}")
    return Check(
        name="agreements",
        result="warn",
        text="none is pinned",
        fix="After pairing, copy channels/ABC/agreement.toml of the node's home to pins/ABC.toml here.",
    )


def _settings(home: NodeHome, *, running: bool) -> Iterator[Check]:
    try:
        config = NodeConfig.load(home.config_path)
    except NodeError as error:
        yield Check(name="settings", result="fail", text=error.text, fix="Correct node.toml.")
        return
    yield Check(name="settings", result="ok", text="node.toml parses")
    for name, endpoint in (("listen", config.listen), ("health", config.health), ("tiles", config.tiles)):
        if endpoint is not None and not running:
            yield _port(name, endpoint)


def _port(name: str, endpoint: tuple[str, int]) -> Check:
    host, port = endpoint
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[0][4])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text, fix = f"port {port} is in use", "Stop the other program, or change node.toml."
        else:
            text, fix = f"{host}:{port}: {error.strerror or error}", "Change the address in node.toml."
        return Check(name=f"port ({name})", result="fail", text=text, fix=fix)
    return Check(name=f"port ({name})", result="ok", text=f"{host}:{port} is free")


def _roots(home: NodeHome) -> Check:
    kept = sorted(home.roots.glob("root-*.key")) if home.roots.is_dir() else []
    if not kept:
        return Check(name="root keys", result="ok", text="they are not on this machine")
    return Check(
        name="root keys",
        result="warn",
        text=f"{len(kept)} root keys are on this machine",
        fix=f"Copy {home.roots} to two safe places, check the copies, and delete it here.",
    )


def _channel(home: NodeHome, channel: ChannelHome, *, now_ms: int) -> Iterator[Check]:
    name = channel.counterpart
    try:
        agreement = read_agreement(channel)
    except NodeError as error:
        yield Check(name=f"{name} agreement", result="fail", text=error.text, fix="Bring it back from your backup.")
        return
    today = datetime.fromtimestamp(now_ms / 1000, tz=UTC).date()
    late = agreement.review_date < today
    yield Check(
        name=f"{name} agreement",
        result="warn" if late else "ok",
        text=f"to be reviewed by {agreement.review_date.isoformat()}",
        fix="Review it with the other party; it goes on meanwhile." if late else "",
    )
    for short in agreement.shorts:
        yield _roster(channel, short, own=short == home.party, now_ms=now_ms)
    try:
        channel.endpoints()
    except NodeError as error:
        yield Check(name=f"{name} address", result="fail", text=error.text, fix="Correct channel.toml.")
    yield from _log(home, channel)


def _roster(channel: ChannelHome, short: str, *, own: bool, now_ms: int) -> Check:
    name = f"{channel.counterpart} roster of {short}"
    versions = channel.roster_versions(short)
    if not versions:
        return Check(name=name, result="fail", text="there is none", fix="Bring it back from your backup.")
    try:
        roster = roster_text.parse(read_file(channel.roster_path(short, versions[-1])))
    except (KeysError, NodeError) as error:
        return Check(name=name, result="fail", text=str(error), fix="Bring it back from your backup.")
    left = roster.valid_until_ms - now_ms
    # Whoever ran out long ago has left; their number stays in the roster, and is nobody's business any more.
    ending = [one.number for one in roster.people if abs(one.valid_until_ms - now_ms) <= ROSTER_SOON_MS]
    if left > ROSTER_SOON_MS and not ending:
        return Check(name=name, result="ok", text=f"version {roster.version}, valid for {duration(left)}")
    text = f"version {roster.version} ran out" if left <= 0 else f"version {roster.version} ends in {duration(left)}"
    if ending:
        text += f"; persons who run out within 30 days or just did: {', '.join(map(str, ending))}"
    fix = "Have the roots sign a new one: hotline roster renew." if own else f"Ask {short} for hotline roster renew."
    return Check(name=name, result="warn", text=text, fix=fix)


def _log(home: NodeHome, channel: ChannelHome) -> Iterator[Check]:
    name = f"{channel.counterpart} logs"
    if not channel.log_db.is_file():
        yield Check(name=name, result="ok", text="empty: the node has not run yet")
        return
    try:
        with open_store(home, channel) as store:
            own, their = store.head(store.own).size, store.head(store.their).size
    except (NodeError, HotlineError) as error:
        yield Check(name=name, result="fail", text=str(error), fix="Stop the node; restore it from the counterpart.")
        return
    yield Check(name=name, result="ok", text=f"{own} entries of ours, {their} of theirs")
    apart = NodeConfig.load(home.config_path).high_water
    mark = apart if apart is not None else channel.high_water
    if own and not mark.exists():
        yield Check(
            name=f"{channel.counterpart} high-water mark",
            result="warn",
            text=f"{mark} is missing",
            fix="The node makes it anew once the counterpart has answered.",
        )
    else:
        yield Check(name=f"{channel.counterpart} high-water mark", result="ok", text="it is there")
