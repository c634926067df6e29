"""The doctor: everything about a home that can be checked without changing it, each with what to do about it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterator
from typing import Any

from hotline import key_status
from hotline.desk import token_key
from hotline.doctor import dates, machine, node, paging, reach
from hotline.doctor.check import Check, Result
from hotline.doctor.holder import key_file, node_keys
from hotline.doctor.journal import journal
from hotline.errors import HotlineError
from hotline.key_status import Due
from hotline.party_file import read_party
from keys.tls_identity import spki_pin
from keys.token_keyring import TokenKeyring
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.governing import agreement_in_force
from nodes.home import ChannelHome, NodeHome, OfficerHome
from nodes.key_files import read_officer_keyring
from nodes.node_keys import NodeKeys
from nodes.past import open_past
from nodes.stopped import open_store, read_agreement
from nodes.tls import own_certificate


def examine(home: NodeHome | OfficerHome, *, passphrase: bytes | None, now_ms: int) -> Iterator[Check]:
    """Look at a home.

    Args:
        home: of a node or of an officer.
        passphrase: of its key file, or None where that is not to be opened. With it the counterparts are shown our TLS
            key as well.
        now_ms: this machine's clock, UTC milliseconds.
    """
    yield from machine.clock(now_ms)
    yield from machine.modes(home.path)
    if isinstance(home, OfficerHome):
        yield from _officer_key(home, passphrase)
        yield node.running(home.node_socket)[0]
        yield _pins(home)
        return
    checks, keyring = node_keys(home, passphrase)
    yield from checks
    channels = home.channels()
    sizes = {channel.counterpart: _sizes(home, channel) for channel in channels}
    log_bytes = sum(path.stat().st_size for one in channels for path in one.path.glob("log.db*"))
    entries = sum(sum(one) for one in sizes.values() if not isinstance(one, str))
    yield from machine.disk(home.path, log_bytes=log_bytes, entries=entries)
    found, lines = node.running(home.socket)
    yield found
    yield from _settings(home, running=lines is not None, now_ms=now_ms)
    yield from _keys(home, now_ms)
    yield dates.backup(home.path, now_ms)
    yield dates.scrub(home.path, now_ms)
    yield journal(home)
    if not channels:
        fix = "Pair with another party: hotline pair"
        yield Check(name="channels", result="warn", text="there is none yet", fix=fix)
    by_name = {one["counterpart"]: one for one in lines or ()}
    for channel in channels:
        yield from _channel(home, channel, keyring=keyring, facts=by_name.get(channel.counterpart), now_ms=now_ms)
        yield from _log(home, channel, sizes[channel.counterpart])


def _officer_key(home: OfficerHome, passphrase: bytes | None) -> Iterator[Check]:
    """Look at an officer's key file, and at the token that has half of the key where there is one."""
    found, ring = key_file(home.key_path, passphrase, read_officer_keyring)
    yield found
    if isinstance(ring, TokenKeyring):
        try:
            token_key(home, ring).check()
        except (NodeError, HotlineError) as error:
            fix = f"hotline explain {error.code} says what to do."
            yield Check(name="token", result="fail", text=error.text, fix=fix)
        else:
            yield Check(name="token", result="ok", text=f"token {ring.serial} is there and has the key")


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


def _settings(home: NodeHome, *, running: bool, now_ms: int) -> Iterator[Check]:
    try:
        config = NodeConfig.load(home.config_path)
    except NodeError as error:
        yield Check(name="settings", result="fail", text=error.text, fix="Correct node.toml.")
        return
    yield Check(name="settings", result="ok", text="node.toml parses")
    services = (
        ("listen", config.listen),
        ("health", config.health),
        ("metrics", config.metrics),
        ("tiles", config.tiles),
    )
    for name, endpoint in services:
        if endpoint is not None and not running:
            yield _port(name, endpoint)
    if config.listen is not None and running:
        pins = {pin for channel in home.channels() for pin in _own_pins(home, channel)}
        yield reach.listener(config.listen, pins)
    if config.high_water is not None and config.high_water.resolve().is_relative_to(home.path.resolve()):
        text = f"{config.high_water} is inside the home, where every backup reaches it"
        fix = "Name a directory on a disk that no backup and no snapshot reaches, or leave high_water out."
        yield Check(name="high-water", result="warn", text=text, fix=fix)
    yield from paging.examine(home.pages, config.pagers, now_ms)


def _own_pins(home: NodeHome, channel: ChannelHome) -> Collection[bytes]:
    roster, _ = key_status.newest_roster(channel, home.party)
    return () if roster is None else roster.pins()


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


def _due(due: Due) -> Check:
    """What `hotline keys status` says, as a check."""
    result: Result = "ok" if due.state == "ok" else "fail" if due.state == "broken" else "warn"
    return Check(name=due.name, result=result, text=due.text, fix=due.next)


def _keys(home: NodeHome, now_ms: int) -> Iterator[Check]:
    """The root keys and their paper backups."""
    try:
        card = read_party(home.party_path)
    except (HotlineError, NodeError) as error:
        fix = "Bring it back from your backup."
        yield Check(name="party", result="fail", text=error.text, fix=fix)
        return
    for due in key_status.root_dues(home, card, now_ms=now_ms):
        yield _due(due)
    for channel in home.channels():
        for due in key_status.people_dues(home, channel, card, now_ms=now_ms):
            yield _due(due)


def _channel(
    home: NodeHome, channel: ChannelHome, *, keyring: NodeKeys | None, facts: dict[str, Any] | None, now_ms: int
) -> Iterator[Check]:
    name = channel.counterpart
    try:
        agreement = agreement_in_force(channel)
    except NodeError as error:
        yield Check(name=f"{name} agreement", result="fail", text=error.text, fix="Bring it back from your backup.")
        return
    for due in key_status.channel_dues(home, channel, now_ms=now_ms):
        yield _due(due)
    if keyring is not None:
        yield _own_key(home, channel, keyring)
    if facts is not None:
        yield from node.line(facts, offset_alarm_ms=agreement.line.offset_alarm_ms, now_ms=now_ms)
    try:
        endpoints = channel.endpoints()
    except NodeError as error:
        yield Check(name=f"{name} address", result="fail", text=error.text, fix="Correct channel.toml.")
        return
    if not endpoints:
        yield Check(name=f"{name} reach", result="ok", text="no address of theirs is known: they dial us")
    theirs, _ = key_status.newest_roster(channel, name)
    if theirs is not None:
        for endpoint in endpoints:
            yield reach.counterpart(f"{name} reach", endpoint, theirs, keyring)


def _own_key(home: NodeHome, channel: ChannelHome, keyring: NodeKeys) -> Check:
    """Whether our roster names the TLS key that this node shows."""
    name = f"{channel.counterpart} TLS key"
    if spki_pin(own_certificate(keyring)) in _own_pins(home, channel):
        return Check(name=name, result="ok", text="our roster names the one that this node shows")
    fix = "The counterpart refuses this node: sign a roster with it, hotline roster renew."
    return Check(name=name, result="fail", text="our roster does not name the one that this node shows", fix=fix)


def _sizes(home: NodeHome, channel: ChannelHome) -> tuple[int, int] | str:
    """Entries of our log and of theirs, or why they cannot be read."""
    if not channel.log_db.is_file():
        return 0, 0
    try:
        open_past(channel, read_agreement(channel), own=home.party).close()
        with open_store(home, channel) as store:
            return store.head(store.own).size, store.head(store.their).size
    except (NodeError, HotlineError) as error:
        return error.text


def _log(home: NodeHome, channel: ChannelHome, sizes: tuple[int, int] | str) -> Iterator[Check]:
    name = f"{channel.counterpart} logs"
    if isinstance(sizes, str):
        fix = "Start the node: it mends what it can. If it ends with store-unreadable: hotline recover, then node run."
        yield Check(name=name, result="fail", text=sizes, fix=fix)
        return
    if not channel.log_db.is_file():
        yield Check(name=name, result="ok", text="empty: the node has not run yet")
        return
    own, their = sizes
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
