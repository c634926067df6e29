"""What a home says about its lines while no node runs: read-only, without a key, changing nothing.

Source: spec/local-api.md, "Without a node".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import structlog

from nodes import restored
from nodes.errors import HomeRefused, NodeError
from nodes.files import read_file
from nodes.home import ChannelHome, NodeHome
from nodes.past import open_past
from nodes.soundness import checkpoint_of
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_COSIGNED, LogStore
from protocol.agreement import Agreement
from protocol.branches import FORK_NOTE
from protocol.errors import ProtocolError


@contextmanager
def open_store(home: NodeHome, channel: ChannelHome) -> Iterator[LogStore]:
    """Open a channel's logs for reading; a node may run beside.

    Raises:
        NodeError: they cannot be read; `nothing-logged` before the node's first start.
    """
    if not channel.log_db.is_file():
        raise NodeError("nothing-logged", f"{home.party} has logged nothing with {channel.counterpart} yet")
    store = SqliteStore.open(channel.log_db, own=home.party, their=channel.counterpart, readonly=True)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_stores(home: NodeHome, channel: ChannelHome) -> Iterator[list[LogStore]]:
    """Open a channel's logs for reading, the present ones first and behind them those that ended.

    Raises:
        NodeError: they cannot be read.
    """
    past = open_past(channel, read_agreement(channel), own=home.party)
    try:
        with open_store(home, channel) as store:
            yield [store, *(one.store for one in reversed(past.ended))]
    finally:
        past.close()


def read_agreement(channel: ChannelHome) -> Agreement:
    """Read a channel's agreement.

    Raises:
        HomeRefused: it does not parse.
        FileRefused: it is absent.
    """
    try:
        return Agreement.parse_founding(read_file(channel.agreement_path))
    except ProtocolError as error:
        raise HomeRefused("home-file-malformed", f"{channel.agreement_path}: {error}") from error


def status_of(home: NodeHome) -> list[dict[str, Any]]:
    """Give every line at a glance, as a running node's `status` would, with what only it knows left None."""
    return [_status(home, channel) for channel in home.channels()]


def _status(home: NodeHome, channel: ChannelHome) -> dict[str, Any]:
    own = held = their = 0
    disputed = False
    branches: list[dict[str, int]] = []
    if channel.log_db.is_file():
        with open_store(home, channel) as store:
            own, their = store.head(store.own).size, store.head(store.their).size
            note = store.note(OWN_COSIGNED)
            held = 0 if note is None else checkpoint_of(note, f"the receipt for {store.own}").size
            disputed = store.note(FORK_NOTE) is not None
            branches = [{"number": one.number, "start": one.start, "size": one.size} for one in store.branches()]
    return {
        "counterpart": channel.counterpart,
        "line": "down",
        "last_beat_at_ms": None,
        "round_trip_ms": None,
        "clock_offset_ms": None,
        "own_size": own,
        "own_held": held,
        "their_size": their,
        "due": _due(channel),
        "details": {
            "purpose": _purpose(channel),
            "disputed": disputed,
            "branches": branches,
            "recovery": _put_back(channel, own),
        },
    }


def _put_back(channel: ChannelHome, own: int) -> dict[str, Any] | None:
    """That the channel was restored and has not spoken since, as a running node's `status` says it."""
    try:
        return restored.Return(home=channel, silent=True, found=(own, 0), log=structlog.get_logger()).shown(own, None)
    except NodeError:
        return None


def _purpose(channel: ChannelHome) -> str | None:
    """What the line is for; None where the agreement cannot be read, which `doctor` and the node's start say."""
    try:
        return read_agreement(channel).purpose
    except NodeError:
        return None


def _due(channel: ChannelHome) -> int | None:
    """How many statements wait for something, as of the node's last run; None where that cannot be read."""
    if not channel.docket_db.is_file():
        return 0
    try:
        connection = apsw.Connection(str(channel.docket_db), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return int(
                connection.execute("SELECT count(*) FROM item WHERE owed_ms IS NOT NULL OR own_ms IS NOT NULL").get
            )
        finally:
            connection.close()
    except apsw.Error:
        return None
