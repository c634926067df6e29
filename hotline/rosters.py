"""New versions of a party's rosters, signed by its roots, on their way to the logs.

The signed statement of a new roster goes to the running node, or into the outbox that the node takes up at its next
start. It counts from the entry after the one that carries it; until then the node goes on with the one before.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from hotline.documents import ROSTER, sign_document
from hotline.party_file import PartyFile, read_party
from hotline.root_signing import ROSTER_EARLY_MS, ROSTER_YEARS, Secrets, open_roots
from hotline.setup import YEAR_MS
from keys import roster as roster_text
from keys.keyring import RootKeyring
from nodes.errors import ApiRefused
from nodes.files import make_directory, read_file, write_file
from nodes.home import ChannelHome, NodeHome
from nodes.signed import SignedStatement
from protocol.agreement import Agreement


def sign_next_rosters(home: NodeHome, opened: Secrets, *, now_ms: int) -> list[dict[str, object]]:
    """Sign the next roster of every channel with the people that the party's card has now.

    Args:
        home: the party's node home.
        opened: what opens the root keys.
        now_ms: now, UTC milliseconds.

    Returns:
        For each channel: counterpart, version, and state, "logged" or "outbox".

    Raises:
        CouldNot: too few root keys are there.
    """
    party = read_party(home.party_path)
    roots = open_roots(party, opened)
    return [_next(home, channel, party, roots, now_ms=now_ms) for channel in home.channels()]


def _next(
    home: NodeHome, channel: ChannelHome, party: PartyFile, roots: list[RootKeyring], *, now_ms: int
) -> dict[str, object]:
    agreement = Agreement.parse(read_file(channel.agreement_path))
    text = _latest(channel, party.short)
    previous = roster_text.parse(text)
    following = replace(
        previous,
        version=previous.version + 1,
        previous=hashlib.sha256(text).digest(),
        valid_from_ms=now_ms - ROSTER_EARLY_MS,
        valid_until_ms=now_ms + ROSTER_YEARS * YEAR_MS,
        people=party.people,
    )
    roster_text.check_succession(previous, text, following)
    signed = sign_document(
        ROSTER,
        roster_text.render(following),
        agreement=agreement,
        party=party.short,
        roots=roots,
        issued_at_ms=now_ms,
    )
    make_directory(channel.outbox)
    waiting = channel.outbox / f"roster-{following.version:06d}.statement"
    write_file(waiting, signed.encode())
    state = "outbox"
    if _submit(home, channel, signed):
        waiting.unlink(missing_ok=True)
        state = "logged"
    return {"counterpart": channel.counterpart, "version": following.version, "state": state}


def _latest(channel: ChannelHome, party: str) -> bytes:
    """The text of the newest roster, whether the node has it or it still waits."""
    waiting = sorted(channel.outbox.glob("roster-*.statement")) if channel.outbox.is_dir() else []
    if waiting:
        return SignedStatement.parse(read_file(waiting[-1])).body or b""
    return read_file(channel.roster_path(party, channel.roster_versions(party)[-1]))


def _submit(home: NodeHome, channel: ChannelHome, signed: SignedStatement) -> bool:
    """Hand a statement that the roots signed to the node, if it runs."""
    from nodes.client import NodeClient

    try:
        with NodeClient.connect(home.socket) as client:
            answer = client.request("submit", counterpart=channel.counterpart, signed=signed.encode(), wait="logged")
    except ApiRefused as error:
        if error.code in {"node-not-running", "api-forbidden", "node-closed", "timed-out"}:
            return False
        raise
    return bool(answer["state"] in {"logged", "held"})
