"""What a party's roots do for a channel: make its keys and sign its agreement and its first roster.

Source: spec/pairing.md, "Ceremony"; spec/keys-and-rosters.md, "Roster".
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hotline.documents import AGREEMENT, ROSTER, sign_document
from hotline.errors import CouldNot, Misused
from hotline.party_file import PartyFile
from hotline.setup import YEAR_MS
from keys import roster as roster_text
from keys.divided_node import DividedNodeKeyring
from keys.keyring import ChannelSeeds, ReserveKeyring, ReserveSeeds, RootKeyring
from keys.roster import NotePair, Roster
from nodes.config import NodeConfig
from nodes.files import make_directory
from nodes.home import ChannelHome, NodeHome
from nodes.key_files import read_keyring, read_node_keyring, write_keyring
from nodes.node_keys import NodeKeys
from nodes.open_keys import held_keys
from nodes.signed import SignedStatement
from nodes.tls import own_certificate
from nodes.token_node import divide_channel
from protocol.agreement import Agreement
from protocol.head_signer import verifiers_of

FIRST_EPOCH = 1
ROSTER_YEARS = 2
# Validity begins a day early, so that a counterpart whose clock is behind does not see a roster of the future.
ROSTER_EARLY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What opens a party's key files for the ceremony.

    Attributes:
        passphrase: of the node's key file.
        roots: directory with the root keys and the keys held in reserve.
        root_passphrase: of those.
    """

    passphrase: bytes
    roots: Path
    root_passphrase: bytes


def first_roster(
    own: PartyFile,
    agreement: Agreement,
    keys: NodeKeys,
    *,
    epoch: int,
    reserve: ReserveSeeds,
    now_ms: int,
) -> Roster:
    """Make version 1 of a party's roster for a channel."""
    log = verifiers_of(keys.log_signers(agreement.channel, agreement.origin(own.short, epoch)))
    mirror = verifiers_of(keys.mirror_signers(agreement.channel, agreement.mirror_name(own.short)))
    following = reserve.log_signers(agreement.origin(own.short, reserve.epoch))
    return Roster(
        party=own.short,
        channel=agreement.channel,
        version=1,
        valid_from_ms=now_ms - ROSTER_EARLY_MS,
        valid_until_ms=now_ms + ROSTER_YEARS * YEAR_MS,
        previous=None,
        node=keys.node_signer().public,
        epoch=epoch,
        log=NotePair(log[0].raw, log[1].raw),
        mirror=NotePair(mirror[0].raw, mirror[1].raw),
        sealing=keys.sealing().public,
        tls=(own_certificate(keys),),
        next_epoch=reserve.epoch,
        next_log=NotePair(following[0].verifier.raw, following[1].verifier.raw),
        people=own.people_at(now_ms),
    )


def open_roots(own: PartyFile, opened: Secrets, *, without: Collection[int] = ()) -> list[RootKeyring]:
    """Open as many root keys as must sign together.

    Args:
        own: the party's card, which numbers them.
        opened: where they are and what opens them.
        without: numbers of roots that are not to sign, because they are lost or stolen.

    Raises:
        CouldNot: too few are in the directory.
        PassphraseRefused: another passphrase.
    """
    found: list[RootKeyring] = []
    for index in own.roots.numbers:
        path = opened.roots / f"root-{index}.key"
        if index not in without and path.is_file() and len(found) < own.roots.threshold:
            found.append(read_keyring(path, RootKeyring, opened.root_passphrase))
    if len(found) < own.roots.threshold:
        raise CouldNot(
            "roots-missing",
            f"{own.roots.threshold} root keys must sign; {opened.roots} has {len(found)} of them",
        )
    return found


def sign_channel(
    home: NodeHome, own: PartyFile, agreement: Agreement, channel: ChannelHome, opened: Secrets, *, now_ms: int
) -> tuple[SignedStatement, SignedStatement]:
    """Make a channel's keys and sign the agreement and the first roster.

    The keys are on disk before this returns, so nothing that was signed can name keys that are lost.

    Returns:
        The agreement statement and the roster statement.

    Raises:
        Misused: the party has no officers yet.
        CouldNot: too few root keys are in the directory.
        PassphraseRefused: another passphrase.
        NodeError: `token-...`; the token that has halves of the node's keys is not there.
    """
    if not own.people_at(now_ms):
        raise Misused("officers-missing", "add officers first: hotline officer add")
    roots = open_roots(own, opened)
    node = read_node_keyring(home.keyring_path, opened.passphrase)
    module = NodeConfig.load(home.config_path).pkcs11_module
    reserve_path = opened.roots / "reserve.key"
    reserve = read_keyring(reserve_path, ReserveKeyring, opened.root_passphrase)
    seeds = ChannelSeeds.generate(secrets.token_bytes, epoch=FIRST_EPOCH)
    following = ReserveSeeds.generate(secrets.token_bytes, epoch=FIRST_EPOCH + 1)
    node = node.with_channel(agreement.channel, seeds)
    if module is not None and isinstance(node, DividedNodeKeyring):
        node = divide_channel(node, module, agreement.channel)
    keys = held_keys(node, module, home.config_path)
    roster = first_roster(own, agreement, keys, epoch=seeds.epoch, reserve=following, now_ms=now_ms)
    agreement_statement = sign_document(
        AGREEMENT, agreement.text, agreement=agreement, party=own.short, roots=roots, issued_at_ms=now_ms
    )
    roster_statement = sign_document(
        ROSTER,
        roster_text.render(roster),
        agreement=agreement,
        party=own.short,
        roots=roots,
        issued_at_ms=now_ms,
    )
    make_directory(channel.path)
    write_keyring(
        reserve_path,
        reserve.with_channel(agreement.channel, following),
        opened.root_passphrase,
        replace=True,
    )
    write_keyring(home.keyring_path, node, opened.passphrase, replace=True)
    return agreement_statement, roster_statement
