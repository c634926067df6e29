"""Setting up: the home of a party with its roots and node, and the homes of its officers.

Nothing here talks to a network. Private keys are made here, sealed here and never shown.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from hotline.errors import CouldNot, Misused
from hotline.party_file import Member, PartyFile, read_party, toml_string, write_party
from keys.divided import DividedKey
from keys.divided_node import DividedNodeKeyring
from keys.hybrid import HybridPublicKey
from keys.keyring import NodeKeyring, OfficerKeyring, ReserveKeyring, RootKeyring
from keys.quorum import RootSet
from keys.roles import ROLES, KeyRole
from keys.roster import Person
from keys.suite import MLDSA_SEED_BYTES, SUITE_1, Suite
from keys.token_keyring import TokenKeyring
from nodes.config import render, with_module
from nodes.files import make_directory, write_file
from nodes.home import OFFICER_NAME, SHORT_NAME, NodeHome, parse_endpoint
from nodes.key_files import write_keyring
from nodes.token import make_key
from nodes.token_node import divide
from protocol.agreement_terms import Party

YEAR_MS = 365 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewParty:
    """What `init` is told.

    Attributes:
        short: 2 to 4 capital letters.
        name: for people.
        domain: what its logs are named under.
        roots: number of root keys.
        threshold: how many of them sign together.
        listen: "host:port" of the line, where the node listens.
        health: "host:port" of the health check, or empty.
        metrics: "host:port" of the metrics, on loopback, or empty.
        tiles: "host:port" where auditors read the logs, or empty.
        suite: of all its keys, and so of every agreement it makes.
        token: where halves of the node's keys are made and stay; None for a key file that has all of them.
    """

    short: str
    name: str
    domain: str
    roots: int
    threshold: int
    listen: str
    health: str = ""
    metrics: str = ""
    tiles: str = ""
    suite: Suite = SUITE_1
    token: NewToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """Where an officer's, or a node's, Ed25519 key is to be made.

    Attributes:
        module: the PKCS#11 library of the token's maker, with its whole path.
        label: of the token.
        pin: of its user; never shown.
    """

    module: Path
    label: str
    pin: str = field(repr=False)


def make_home(path: Path, party: NewParty, *, passphrase: bytes, root_passphrase: bytes) -> NodeHome:
    """Make the home of a party: root keys, node keys, the party's card and the node's settings.

    Args:
        path: a directory that does not exist yet, or is empty.
        party: who it is.
        passphrase: of the node's key file.
        root_passphrase: of the root keys and the keys held in reserve.

    Raises:
        CouldNot: the directory is in use.
        Misused: a name or number that cannot stand.
        NodeError: `token-...`; the token is not there or refuses, and nothing was written.
    """
    if SHORT_NAME.fullmatch(party.short) is None:
        raise Misused("usage", "the short name has 2 to 4 capital letters, such as ARC")
    if not 1 <= party.threshold <= party.roots <= 9:
        raise Misused("usage", "there are 1 to 9 roots, and the threshold is not above their number")
    if path.exists() and any(path.iterdir()):
        raise CouldNot("home-exists", f"{path} is not empty")
    rings = [
        RootKeyring.generate(party.short, number, secrets.token_bytes, suite=party.suite)
        for number in range(1, party.roots + 1)
    ]
    roots = RootSet(party.threshold, tuple(ring.signer().public for ring in rings))
    # The same checks as an agreement makes later: better refused now than at the first pairing.
    Party(short=party.short, name=party.name, domain=party.domain, roots=roots).check("party")
    for name in ("listen", "health", "metrics", "tiles"):
        if getattr(party, name):
            parse_endpoint(getattr(party, name), where=f"--{name}")
    config = render(listen=party.listen, health=party.health, metrics=party.metrics, tiles=party.tiles)

    whole = NodeKeyring.generate(party.short, secrets.token_bytes, suite=party.suite)
    keys: NodeKeyring | DividedNodeKeyring = whole
    if party.token is not None:
        keys = divide(whole, party.token.module, label=party.token.label, pin=party.token.pin)
        config = with_module(config, party.token.module)

    make_directory(path)
    path.chmod(0o700)
    home = NodeHome(path)
    make_directory(home.roots)
    for ring in rings:
        write_keyring(home.roots / f"root-{ring.index}.key", ring, root_passphrase)
    write_keyring(home.roots / "reserve.key", ReserveKeyring(party.short, {}), root_passphrase)
    write_keyring(home.keyring_path, keys, passphrase)
    card = PartyFile(short=party.short, name=party.name, domain=party.domain, roots=roots, members=())
    write_party(home.party_path, card)
    make_directory(home.officers)
    make_directory(path / "channels")
    # This file makes the directory a home, so it comes last: an interrupted run leaves none.
    write_file(home.config_path, config)
    return home


def add_officer(
    home: NodeHome,
    name: str,
    *,
    roles: tuple[str, ...],
    passphrase: bytes,
    now_ms: int,
    years: int,
    token: NewToken | None = None,
) -> Member:
    """Make an officer home below a node home and enter the person into the party's card.

    Args:
        home: the party's node home.
        name: of the officer home, such as `duty`; it never leaves this machine.
        roles: what the officer may sign as.
        passphrase: of the officer's key file.
        now_ms: when the person's validity begins, UTC milliseconds.
        years: how long it lasts.
        token: where half of their key is made and stays; None for a key file that has all of it.

    Returns:
        The new member. Rosters do not have them yet.

    Raises:
        Misused: a name, role or duration that cannot stand.
        CouldNot: there is an officer of that name.
        NodeError: the token is not there or refuses (`token-...`); nothing was written.
    """
    if OFFICER_NAME.fullmatch(name) is None:
        raise Misused("officer-refused", "an officer's name has lower-case letters, digits and hyphens")
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise Misused("officer-refused", f"roles are one or more of {', '.join(ROLES)}")
    if not 1 <= years <= 50:
        raise Misused("officer-refused", "an officer is valid for 1 to 50 years")
    party = read_party(home.party_path)
    directory = home.officers / name
    if party.member(name) is not None or directory.exists():
        raise CouldNot("officer-exists", f"{home.path} has an officer {name!r} already")
    number = party.next_number()
    ring, public = _new_key(party.short, name, number, token, party.roots.suite)
    make_officer_home(home, party=party.short, name=name, number=number, token=token)
    write_keyring(directory / "officer.key", ring, passphrase)
    member = Member(
        home=name,
        person=Person(
            number=number,
            roles=tuple(role for role in ROLES if role in roles),
            key=public,
            valid_from_ms=now_ms,
            valid_until_ms=now_ms + years * YEAR_MS,
        ),
    )
    write_party(home.party_path, party.with_member(member))
    return member


def make_officer_home(home: NodeHome, *, party: str, name: str, number: int, token: NewToken | None = None) -> None:
    """Make an officer home below a node home: settings and what the officer trusts, without a key.

    Args:
        home: the party's node home.
        party: its short name.
        name: of the officer home, which is not there.
        number: the person's.
        token: where half of their key is; None for a key file that has all of it.
    """
    directory = home.officers / name
    make_directory(directory)
    make_directory(directory / "pins")
    settings = (
        "# An officer of the line. The key is in officer.key; what this officer trusts is in pins/.\n"
        f"party = {toml_string(party)}\n"
        f"name = {toml_string(name)}\n"
        f"number = {number}\n"
        "# Where the node's socket is, seen from this directory.\n"
        'node_socket = "../../node.sock"\n'
        "# Language of labels: en, fr, es, ru, ar or zh.\n"
        '# lang = "fr"\n'
    )
    if token is not None:
        settings += (
            "# The library that reaches the token with half of the key, on this machine.\n"
            f"pkcs11_module = {toml_string(str(token.module))}\n"
        )
    write_file(directory / "officer.toml", settings.encode())
    for channel in home.channels():
        write_file(directory / "pins" / f"{channel.counterpart}.toml", channel.agreement_path.read_bytes())


def _new_key(
    party: str, name: str, number: int, token: NewToken | None, suite: Suite
) -> tuple[OfficerKeyring | TokenKeyring, HybridPublicKey]:
    """Make an officer's key: all of it here, or half of it in a token."""
    if token is None:
        ring = OfficerKeyring.generate(party, name, secrets.token_bytes, number=number, suite=suite)
        return ring, ring.signer().public
    made, ed25519 = make_key(token.module, label=token.label, pin=token.pin, name=f"hotline {party} {number}")
    half = TokenKeyring(
        party=party,
        name=name,
        number=number,
        ed25519=ed25519,
        mldsa_seed=secrets.token_bytes(MLDSA_SEED_BYTES),
        serial=made.serial,
        object_id=made.object_id,
        pin=made.pin,
        suite=suite,
    )
    return half, DividedKey.of(ed25519, half.mldsa_seed, KeyRole.OFFICER, made.sign, suite).public
