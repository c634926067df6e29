"""The keys of a succession: the successor's leave the reserve, and those of the log after it are made.

Until the succession is in place, the new ones lie beside the reserve in a file of their own: an officer who does
not sign, or a counterpart who does not accept, leaves everything as it was.

Source: spec/succession.md, "Keys".
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from pathlib import Path

from hotline.documents import ROSTER, sign_document
from hotline.errors import CouldNot
from hotline.party_file import read_party
from hotline.root_signing import ROSTER_EARLY_MS, ROSTER_YEARS, Secrets, open_roots
from hotline.setup import YEAR_MS
from keys import roster as roster_text
from keys.keyring import ChannelSeeds, ReserveKeyring, ReserveSeeds
from keys.note_key import NoteSigner
from keys.roster import NotePair
from nodes.home import ChannelHome, NodeHome
from nodes.key_files import NodeFile, read_keyring, write_keyring
from nodes.rosters import load as load_rosters
from nodes.signed import SignedStatement
from nodes.succession import Standing
from nodes.succession_file import SuccessionFile
from protocol.agreement import Agreement


def _waiting(channel: ChannelHome, epoch: int, opened: Secrets) -> Path:
    """The keys of the log after the successor, until the successor is in place."""
    return opened.roots / f"reserve-{channel.counterpart}-{epoch}.key"


def next_rosters(
    home: NodeHome,
    channel: ChannelHome,
    agreement: Agreement,
    standing: Standing,
    opened: Secrets,
    *,
    now_ms: int,
) -> tuple[SignedStatement, ...]:
    """The rosters that the log before does not have, and the one that brings the successor."""
    party = read_party(home.party_path)
    roots = open_roots(party, opened)
    again = [
        held
        for held in load_rosters(channel, agreement, home.party)
        if held.roster.version > standing.roster.roster.version
    ]
    last = again[-1] if again else standing.roster
    epoch = last.roster.next_epoch
    reserve = read_keyring(opened.roots / "reserve.key", ReserveKeyring, opened.root_passphrase)
    announced = reserve.channels.get(agreement.channel.hex())
    if announced is None or announced.epoch != epoch:
        raise CouldNot("reserve-missing", f"{opened.roots} does not have the keys of log {epoch} of this channel")
    check_announced(last.roster.next_log, announced.log_signers(agreement.origin(home.party, epoch)))
    after = _waiting(channel, epoch + 1, opened)
    if after.exists():
        following = read_keyring(after, ReserveKeyring, opened.root_passphrase).channels[agreement.channel.hex()]
    else:
        following = ReserveSeeds.generate(secrets.token_bytes, epoch=epoch + 1)
        ring = ReserveKeyring(home.party, {agreement.channel.hex(): following})
        write_keyring(after, ring, opened.root_passphrase)
    first, second = following.log_signers(agreement.origin(home.party, epoch + 1))
    roster = replace(
        last.roster,
        version=last.roster.version + 1,
        previous=hashlib.sha256(last.text).digest(),
        valid_from_ms=now_ms - ROSTER_EARLY_MS,
        valid_until_ms=max(last.roster.valid_until_ms, now_ms + ROSTER_YEARS * YEAR_MS),
        epoch=epoch,
        log=last.roster.next_log,
        next_epoch=epoch + 1,
        next_log=NotePair(first.verifier.raw, second.verifier.raw),
        people=party.people_at(now_ms),
    )
    roster_text.check_succession(last.roster, last.text, roster)
    text = roster_text.render(roster)
    signed = sign_document(
        ROSTER,
        text,
        agreement=agreement,
        party=home.party,
        roots=roots,
        issued_at_ms=now_ms,
        numbers=standing.roots.chain.roots,
    )
    return (*(held.signed for held in again), signed)


def check_announced(announced: NotePair, signers: tuple[NoteSigner, NoteSigner]) -> None:
    if (signers[0].verifier.raw, signers[1].verifier.raw) != (announced.ed25519, announced.mldsa44):
        raise CouldNot("reserve-missing", "the keys held in reserve are not those that the roster announces")


def successor_seeds(node: NodeFile, agreement: Agreement, epoch: int, opened: Secrets) -> ReserveSeeds:
    """The successor's seeds: from the reserve, or from the node where an interrupted call put them."""
    present = node.channels[agreement.channel.hex()]
    if present.epoch == epoch:
        return ReserveSeeds(epoch, present.log_ed25519, present.log_mldsa44)
    reserve = read_keyring(opened.roots / "reserve.key", ReserveKeyring, opened.root_passphrase)
    seeds = reserve.channels.get(agreement.channel.hex())
    if seeds is None or seeds.epoch != epoch:
        raise CouldNot("reserve-missing", f"{opened.roots} does not have the keys of log {epoch} of this channel")
    return seeds


def with_log(node: NodeFile, agreement: Agreement, seeds: ReserveSeeds) -> NodeFile:
    before = node.channels[agreement.channel.hex()]
    after = ChannelSeeds(
        epoch=seeds.epoch,
        log_ed25519=seeds.log_ed25519,
        log_mldsa44=seeds.log_mldsa44,
        mirror_ed25519=before.mirror_ed25519,
        mirror_mldsa44=before.mirror_mldsa44,
    )
    return node.with_channel(agreement.channel, after)


def take_reserve(channel: ChannelHome, agreement: Agreement, file: SuccessionFile, opened: Secrets) -> None:
    """The successor's keys leave the reserve, and those of the log after it take their place."""
    waiting = _waiting(channel, file.succession.epoch + 1, opened)
    if not waiting.exists():
        return
    following = read_keyring(waiting, ReserveKeyring, opened.root_passphrase).channels[agreement.channel.hex()]
    path = opened.roots / "reserve.key"
    reserve = read_keyring(path, ReserveKeyring, opened.root_passphrase)
    write_keyring(path, reserve.with_channel(agreement.channel, following), opened.root_passphrase, replace=True)
    waiting.unlink()
