"""The newest rosters an officer's program has seen, so that a node cannot show an older one again.

A small file in the officer's home, `seen.toml`: one table a channel, named by its id, with the newest version of each
party's roster. A roster that the roots signed stays signed when a newer one has taken keys out of it; only memory
tells the two apart.

Source: spec/local-api.md, "What the client checks".
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping

from hotline.errors import CouldNot, Refused
from keys.root_set import RootChain
from keys.roster import Roster
from nodes.errors import FileRefused
from nodes.files import read_file, write_file
from nodes.home import OfficerHome

_HEAD = "# The newest version of each party's roster that this officer's program has seen, by channel.\n"


def check_seen(
    home: OfficerHome, channel: str, rosters: Mapping[str, Roster], roots: Mapping[str, RootChain] | None = None
) -> None:
    """Refuse rosters and root sets older than those seen before, and remember newer ones.

    Args:
        home: of the officer.
        channel: its id, in hexadecimal digits.
        rosters: by party, as their roots signed them.
        roots: by party, their root sets; only the agreement's where left out.

    Raises:
        Refused: `roster-older`, `root-set-older`.
        CouldNot: `home-file-malformed`; the file is not what was written there.
    """
    seen = _read(home)
    known = seen.get(channel, {})
    for party, roster in rosters.items():
        if roster.version < known.get(party, 0):
            text = f"the node shows roster {roster.version} of {party}; this officer saw version {known[party]}"
            raise Refused("roster-older", text)
    new = {party: roster.version for party, roster in rosters.items()}
    for party, chain in (roots or {}).items():
        name, version = f"{party}-roots", chain.newest.version
        if version < known.get(name, 1):
            text = f"the node shows root set {version} of {party}; this officer saw version {known[name]}"
            raise Refused("root-set-older", text)
        if version > 1:
            new[name] = version
    if new != known:
        seen[channel] = new
        # A full disk, or a home that can only be read, must not keep an officer from reading what came in.
        with contextlib.suppress(FileRefused):
            write_file(home.seen_path, _render(seen))


def _read(home: OfficerHome) -> dict[str, dict[str, int]]:
    if not home.seen_path.exists():
        return {}
    try:
        values = tomllib.loads(read_file(home.seen_path).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CouldNot("home-file-malformed", f"{home.seen_path}: not TOML: {error}") from error
    for table in values.values():
        if not isinstance(table, dict) or any(type(version) is not int for version in table.values()):
            raise CouldNot("home-file-malformed", f"{home.seen_path}: a version is no number")
    return values


def _render(seen: Mapping[str, Mapping[str, int]]) -> bytes:
    lines = [_HEAD]
    for channel, versions in sorted(seen.items()):
        lines.append(f"\n[{channel}]\n")
        lines += [f"{party} = {version}\n" for party, version in sorted(versions.items())]
    return "".join(lines).encode()
