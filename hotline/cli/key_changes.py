"""A key that has a successor, as `hotline keys rotate` and `hotline compromise` bring it about and show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotline.cli.officer_changes import Signing, opened_signers
from hotline.cli.settings import Settings

if TYPE_CHECKING:
    from hotline.rotation import Revocation
    from nodes.home import NodeHome


def change_key(
    settings: Settings,
    key: str,
    revocation: Revocation | None,
    *,
    out: str | None,
    officer_passphrase_file: str | None,
    leaves: bool = False,
    **signing: Any,
) -> list[dict[str, object]]:
    """Give a key a successor, and revoke it where a reason is given.

    Returns:
        What became of each channel's roster.

    Raises:
        Misused: `usage`; no such key.
    """
    from hotline.errors import Misused
    from hotline.rotation import NODE_SIDE

    home = settings.node_home()
    job, _, name = key.partition("/")
    asked = Signing(**signing)
    if job == "officer" and name:
        return _officer(settings, home, name, revocation, asked, officer_passphrase_file, out, leaves=leaves)
    if job in NODE_SIDE and not name and not leaves and not asked.admins:
        return _node_side(settings, home, NODE_SIDE[job], revocation, asked, out)
    raise Misused("usage", f"{key!r} is not officer/NAME, {', '.join(NODE_SIDE)}; admins sign for officers only")


def show_replaced(settings: Settings, key: str, rosters: list[dict[str, object]]) -> None:
    """Show what became of a key that has a successor and was not revoked."""
    home = settings.node_home()
    steps = new_key_steps(home, key) + next_steps(home, key.partition("/")[0], None, rosters)
    lines = [f"{key}: replaced.", *roster_lines(rosters), "Next:", *(f"  {step}" for step in steps)]
    settings.output.result({"party": home.party, "key": key, "rosters": rosters, "next": steps}, lines)


def roster_lines(rosters: list[dict[str, object]]) -> list[str]:
    return [
        f"  roster {one['version']} for {one['counterpart']}: {one['state']}"
        + (f", in {one['file']}" if one.get("file") else "")
        for one in rosters
    ]


def _officer(
    settings: Settings,
    home: NodeHome,
    name: str,
    revocation: Revocation | None,
    asked: Signing,
    officer_passphrase_file: str | None,
    out: str | None,
    *,
    leaves: bool,
) -> list[dict[str, object]]:
    from dataclasses import replace
    from functools import partial

    from hotline.clock import now_ms
    from hotline.errors import Misused
    from hotline.officers import check_rules
    from hotline.party_file import read_party, write_party
    from hotline.rosters import place_rosters, sign_rosters
    from hotline.rotation import keys_of, new_officer_key, revoking, write_rosters
    from hotline.secret_files import passphrase_in
    from hotline.setup import make_officer_home
    from keys.token_keyring import TokenKeyring
    from nodes.key_files import read_officer_keyring, write_keyring

    at_ms = now_ms()
    card = read_party(home.party_path)
    after, ring = new_officer_key(home, card, name, all_of_them=revocation is not None)
    before = card.member(name)
    assert before is not None  # noqa: S101 - a new key was made for them.
    if leaves:
        after = after.with_changed(replace(before, retired=True, revoked=True, delegated=(), absent_until_ms=None))
    if not asked.anyway:
        check_rules(home, card, after, now_ms=at_ms)
    path = home.officers / name / "officer.key"
    passphrase = b""
    if not leaves:
        given = officer_passphrase_file
        passphrase = passphrase_in(given) if given else settings.passphrase(0, what=f"the officer {name}")
        if path.exists() and revocation is None:
            # Whoever only changes keys has the old one; whoever lost it may not.
            old_ring = read_officer_keyring(path, passphrase)
            if isinstance(old_ring, TokenKeyring):
                text = f"half of {name}'s key is in a token, and a successor would not be"
                raise Misused("officer-not-changed", f"{text}: retire them, and add them anew with --token")
    signers = opened_signers(settings, home, card, asked) if home.channels() else None
    rosters: list[dict[str, object]] = []
    names = partial(keys_of, number=before.person.number)
    listed = revoking(home, revocation, "officer", names, now_ms=at_ms)
    made = (
        sign_rosters(
            home,
            after,
            signers,
            now_ms=at_ms,
            change=lambda channel, before, new: replace(new, revoked=listed(channel, before, new)),
        )
        if signers is not None
        else []
    )
    files = write_rosters(Path(out), home.party, made) if out is not None else []
    if not leaves:
        if not path.parent.exists():
            # The home is on the officer's own machine, or was taken with it.
            make_officer_home(home, party=card.short, name=name, number=before.person.number)
        write_keyring(path, ring, passphrase, replace=path.exists())
    rosters = place_rosters(home, made)
    # Last, so that whoever was interrupted before does the same again; without it no other roster would list the key.
    write_party(home.party_path, after)
    return [{**one, "file": str(files[place]) if files else None} for place, one in enumerate(rosters)]


def _node_side(
    settings: Settings,
    home: NodeHome,
    jobs: tuple[str, ...],
    revocation: Revocation | None,
    asked: Signing,
    out: str | None,
) -> list[dict[str, object]]:
    from hotline.clock import now_ms
    from hotline.rotation import rotate_node_side
    from hotline.secret_files import root_secrets

    opened = root_secrets(settings, home, directory=asked.directory, passphrase_file=asked.roots_passphrase_file)
    folder = Path(out) if out is not None else home.path / "to-counterparts"
    return rotate_node_side(home, opened, jobs, revocation, now_ms=now_ms(), out=folder)


def new_key_steps(home: NodeHome, key: str) -> list[str]:
    """What to do with an officer's new key."""
    job, _, name = key.partition("/")
    if job != "officer":
        return []
    return [f"The new key is in {home.officers / name}: take it to where {name} signs, and leave no copy."]


def secrecy_lines(home: NodeHome, key: str, *, leaves: bool = False) -> list[str]:
    """Where a revoked key's successor lies, and what whoever had the old one can know by it and what not.

    Args:
        home: the party's node home.
        key: as the command names it.
        leaves: whether the officer has no key any more.
    """
    job, _, name = key.partition("/")
    if job == "officer":
        told = [
            f"Known by the old key: what a node showed to {name} while it was valid. It opens no sealed body.",
            "If half of it was in a token, it is there still, revoked; the other half and the PIN were in the file.",
        ]
        if leaves:
            return told
        path = home.officers / name / "officer.key"
        return [
            f"The new key of {name} lies wholly in {path}, sealed by its passphrase; no half of it is in a token.",
            f"For one with a token: hotline --home {home.path} officer retire {name}, then officer add NAME --token L.",
            *told,
        ]
    if job in {"sealing", "machine"}:
        return [
            "Known by the old sealing key: all that was ever sealed to it, wherever it is. Nothing takes that back.",
            "Secret: what is sealed from when the counterpart holds the new roster.",
        ]
    return ["Secret still: every sealed body. This key opens none."]


def next_steps(home: NodeHome, job: str, revocation: Revocation | None, rosters: list[dict[str, object]]) -> list[str]:
    """What people do now, in order."""
    steps = []
    files = [one for one in rosters if one.get("file")]
    if revocation is not None:
        steps.append(f"Call each counterpart by voice (hotline --home {home.path} contacts) and say what happened.")
    if files and job == "sealing" and revocation is None:
        steps.append("The line brings the roster to each counterpart; the files are needed only while it is down.")
    elif files:
        steps += [f"{one['counterpart']}: hotline roster import {one['file']}" for one in files]
    if job != "officer":
        steps.append(f"Start the node: hotline --home {home.path} node run")
    if job in {"sealing", "machine"}:
        steps.append(f"Make a new backup, because older ones lack the key: hotline --home {home.path} backup FILE")
    if revocation is not None:
        steps.append("Look through what is marked after-last-trust: hotline threads. Say anew what was yours.")
    if revocation is not None and job in {"node", "machine"}:
        steps.append("If the machine was taken, so were its log keys: hotline succession begin --reason stolen-key.")
    return steps
