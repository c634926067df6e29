"""Homes: the directory of a node, and the directory of an officer.

A node home holds what one party's machine needs; an officer home holds one person's key and what that person pinned.
They are two kinds of directory, so that an officer's key need never be on the node's machine.

    ARC/                        0700
      node.toml                 settings of the node (`nodes/config.py`)
      node.key                  sealed `NodeKeyring`
      party.toml                short name, name, domain, root keys; the people, by number
      node.sock                 local API, while the node runs
      pages.json                what people were called for, and how far (`nodes/pages.py`)
      roots/                    sealed root keys and the next log keys; `init` says to move them off the machine
      channels/BOR/
        agreement.toml          the exact text
        channel.toml            where the counterpart answers
        bootstrap/              entries 0 and 1, signed by the roots, until the node has logged them
        outbox/                 complete statements that the node takes up at its next start
        later/                  signed rosters that the node logs when their time has come (`nodes/later.py`)
        rosters/ARC-1.toml      the exact texts, and beside each its signed statement (.statement)
        log.db docket.db        the two logs, and what is derived from them
        high-water              how far our log was signed
        evidence/               the signed objects behind alarms
        restored.json           here only between a restore and the line's first word after it
        past/                   logs that ended and were succeeded (`nodes/past.py`)
        succession.begun        here only while a succession is put in place
        roster-held             here only until our node has said that it holds the roster of a succession
      journal/                  what the party writes down for itself (`nodes/journal_home.py`)
        current                 which journal goes on, with its sealed key
        <id>/journal.db         its entries; high-water, how far it was signed; policy, by which it is audited
        outbox/                 what commands left for the node to write down
      languages/fr.toml         labels that this ministry has reviewed (`hotline/language_files.py`)
      officers/duty/            an officer home, here only where one machine serves both (the demo, tests)

    officers/duty/              0700
      officer.toml              party, name, number, where the node's socket is; language, sound
      officer.key               sealed `OfficerKeyring`, or `TokenKeyring`
      pins/BOR.toml             exact agreement text of the channel with BOR, as compared by voice
      seen.toml                 newest rosters that the officer's program has seen
      languages/fr.toml         as in a node home, where the officer's is on a machine of its own

Every path inside a home is relative, so that a home can be moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nodes.errors import HomeRefused
from nodes.files import read_file
from protocol import toml_text

SHORT_NAME = re.compile(r"[A-Z]{2,4}")
OFFICER_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ROSTER_FILE = re.compile(r"([A-Z]{2,4})-([1-9][0-9]{0,8})\.toml")


def read_toml(path: Path, *, names: dict[str, type | tuple[type, ...]]) -> dict[str, object]:
    """Read a small TOML file of a home strictly.

    Args:
        path: the file.
        names: every name the file may have, with the type or types of its value; all but `None`-able are required.

    Returns:
        The values by name; an optional name that is absent is None.

    Raises:
        HomeRefused: it is absent or unreadable, is not TOML, lacks a name, or has one that is not known.
    """
    data = read_file(path)
    try:
        values = toml_text.loads(data)
    except toml_text.TomlRefused as error:
        raise HomeRefused("home-file-malformed", f"{path}: {error}") from error
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise HomeRefused("home-file-malformed", f"{path}: unknown name {unknown[0]!r}")
    result: dict[str, object] = {}
    for name, expected in names.items():
        value = values.get(name)
        allowed = expected if isinstance(expected, tuple) else (expected,)
        if type(value) not in allowed:
            raise HomeRefused("home-file-malformed", f"{path}: {name} is missing or of the wrong type")
        result[name] = value
    return result


def _text(values: dict[str, object], name: str) -> str:
    value = values[name]
    assert isinstance(value, str)  # noqa: S101 - `read_toml` has checked it; this tells the type checker.
    return value


@dataclass(frozen=True)
class ChannelHome:
    """The files of one channel in a node home."""

    path: Path

    @property
    def counterpart(self) -> str:
        """Short name of the other party."""
        return self.path.name

    @property
    def log_db(self) -> Path:
        """The two logs and everything that must survive."""
        return self.path / "log.db"

    @property
    def docket_db(self) -> Path:
        """What is derived from the logs and can be rebuilt."""
        return self.path / "docket.db"

    @property
    def agreement_path(self) -> Path:
        """The agreement's exact text."""
        return self.path / "agreement.toml"

    @property
    def settings_path(self) -> Path:
        """Where the counterpart answers."""
        return self.path / "channel.toml"

    @property
    def high_water(self) -> Path:
        """How far our log was signed; a settings file may name a place that no backup reaches instead."""
        return self.path / "high-water"

    @property
    def restored(self) -> Path:
        """That the channel was put back, until its line has all of its log again (`nodes/restored.py`)."""
        return self.path / "restored.json"

    @property
    def past(self) -> Path:
        """The logs that ended (`nodes/past.py`)."""
        return self.path / "past"

    @property
    def succession_begun(self) -> Path:
        """The succession file that is being put in place; no node runs while it is here."""
        return self.path / "succession.begun"

    @property
    def succession_accepted(self) -> Path:
        """That our node has yet to say, before anything else, that it holds the roster of a succession."""
        return self.path / "roster-held"

    @property
    def bootstrap(self) -> Path:
        """Signed statements of entries 0 and 1: `000.statement` (agreement) and `001.statement` (roster)."""
        return self.path / "bootstrap"

    @property
    def evidence(self) -> Path:
        """The signed objects behind alarms (`nodes/evidence.py`)."""
        return self.path / "evidence"

    @property
    def outbox(self) -> Path:
        """Complete signed statements (`*.statement`) that the node logs at its next start, in order of name."""
        return self.path / "outbox"

    @property
    def later(self) -> Path:
        """Signed rosters whose time is to come (`nodes/later.py`)."""
        return self.path / "later"

    @property
    def rosters(self) -> Path:
        """The rosters of both parties."""
        return self.path / "rosters"

    def roster_path(self, party: str, version: int) -> Path:
        """Path of one roster's exact text."""
        return self.rosters / f"{party}-{version}.toml"

    def roster_statement_path(self, party: str, version: int) -> Path:
        """Path of one roster's signed statement (`nodes/signed.py`)."""
        return self.rosters / f"{party}-{version}.statement"

    def roster_versions(self, party: str) -> list[int]:
        """Versions of a party's rosters that are here, lowest first."""
        found = []
        if self.rosters.is_dir():
            for item in self.rosters.iterdir():
                match = _ROSTER_FILE.fullmatch(item.name)
                if match is not None and match[1] == party:
                    found.append(int(match[2]))
        return sorted(found)

    def endpoints(self) -> tuple[tuple[str, int], ...]:
        """Where the counterpart's node answers: (host, port), in order of preference; may be empty.

        Raises:
            HomeRefused: `channel.toml` is absent or does not parse.
        """
        values = read_toml(self.settings_path, names={"endpoints": list})
        listed = values["endpoints"]
        assert isinstance(listed, list)  # noqa: S101 - `read_toml` has checked it.
        return tuple(parse_endpoint(item, where=str(self.settings_path)) for item in listed)

    def is_paired(self) -> bool:
        """Say whether pairing is complete: the agreement is here, signed by both, and the first entries are ready."""
        return self.agreement_path.is_file() and self.settings_path.is_file()


def parse_endpoint(value: object, *, where: str) -> tuple[str, int]:
    """Read "host:port" or "[v6]:port".

    Raises:
        HomeRefused: it has another form.
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):([1-9][0-9]{0,4})", str(value))
    if match is None or int(match[3]) > 65535 or not isinstance(value, str):
        raise HomeRefused("endpoint-malformed", f"{where}: {str(value)[:80]!r} is not host:port")
    return match[1] or match[2], int(match[3])


@dataclass(frozen=True)
class NodeHome:
    """The directory of one party's node."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> NodeHome:
        """Take a directory as a node home.

        Raises:
            HomeRefused: it has no `node.toml`.
        """
        if not (path / "node.toml").is_file():
            raise HomeRefused("home-missing", f"{path} is not a node home: there is no node.toml")
        return cls(path)

    @cached_property
    def party(self) -> str:
        """Short name of the party, from `party.toml`."""
        data = read_file(self.party_path)
        try:
            short = toml_text.loads(data).get("short")
        except toml_text.TomlRefused as error:
            raise HomeRefused("home-file-malformed", f"{self.party_path}: {error}") from error
        if not isinstance(short, str) or SHORT_NAME.fullmatch(short) is None:
            raise HomeRefused("home-file-malformed", f"{self.party_path}: short is missing or not 2 to 4 letters")
        return short

    @property
    def config_path(self) -> Path:
        """Settings of the node."""
        return self.path / "node.toml"

    @property
    def keyring_path(self) -> Path:
        """The sealed `NodeKeyring`."""
        return self.path / "node.key"

    @property
    def party_path(self) -> Path:
        """The party's public card and its people."""
        return self.path / "party.toml"

    @property
    def socket(self) -> Path:
        """Unix socket of the local API."""
        return self.path / "node.sock"

    @property
    def pages(self) -> Path:
        """What people were called for, and how far."""
        return self.path / "pages.json"

    @property
    def roots(self) -> Path:
        """Sealed root keys, until they are moved off the machine."""
        return self.path / "roots"

    @property
    def journal(self) -> Path:
        """What the party writes down for itself."""
        return self.path / "journal"

    @property
    def officers(self) -> Path:
        """Officer homes on this machine."""
        return self.path / "officers"

    def officer(self, name: str) -> OfficerHome:
        """Take one officer home below this node home.

        Raises:
            HomeRefused: no such officer is here.
        """
        return OfficerHome.open(self.officers / name)

    def officer_names(self) -> list[str]:
        """Names of the officer homes on this machine, sorted."""
        if not self.officers.is_dir():
            return []
        return sorted(item.name for item in self.officers.iterdir() if (item / "officer.toml").is_file())

    def channel(self, counterpart: str) -> ChannelHome:
        """Give the files of the channel with a counterpart, whether or not it is paired yet.

        Raises:
            HomeRefused: the name is not 2 to 4 capital letters.
        """
        if SHORT_NAME.fullmatch(counterpart) is None:
            raise HomeRefused("channel-unknown", f"{counterpart[:20]!r} is not the short name of a party")
        return ChannelHome(self.path / "channels" / counterpart)

    def channels(self) -> list[ChannelHome]:
        """Give the channels whose pairing is complete, sorted by counterpart."""
        directory = self.path / "channels"
        if not directory.is_dir():
            return []
        found = [ChannelHome(item) for item in directory.iterdir() if SHORT_NAME.fullmatch(item.name)]
        return sorted((item for item in found if item.is_paired()), key=lambda item: item.counterpart)


@dataclass(frozen=True)
class OfficerHome:
    """The directory of one officer."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> OfficerHome:
        """Take a directory as an officer home.

        Raises:
            HomeRefused: it has no `officer.toml`.
        """
        if not (path / "officer.toml").is_file():
            raise HomeRefused("officer-missing", f"{path} is not an officer home: there is no officer.toml")
        return cls(path)

    @cached_property
    def _settings(self) -> dict[str, object]:
        return read_toml(
            self.settings_path,
            names={
                "party": str,
                "name": str,
                "number": (int, type(None)),
                "node_socket": str,
                "lang": (str, type(None)),
                "pkcs11_module": (str, type(None)),
                "sound_command": (str, type(None)),
            },
        )

    @property
    def settings_path(self) -> Path:
        """The officer's settings."""
        return self.path / "officer.toml"

    @property
    def party(self) -> str:
        """Short name of the officer's party."""
        return _text(self._settings, "party")

    @property
    def name(self) -> str:
        """Name of this home, such as "duty"; it never leaves the machine."""
        return _text(self._settings, "name")

    @property
    def number(self) -> int | None:
        """The person's number in the roster, or None while no roster has it."""
        value = self._settings["number"]
        return value if isinstance(value, int) else None

    @property
    def lang(self) -> str | None:
        """Language that this officer reads labels in, or None for English."""
        value = self._settings["lang"]
        return value if isinstance(value, str) else None

    @property
    def sound_command(self) -> str | None:
        """What a watch runs in the place of the terminal's bell, or None."""
        value = self._settings["sound_command"]
        return value if isinstance(value, str) else None

    @property
    def node_socket(self) -> Path:
        """Unix socket of the party's node."""
        return self.path / _text(self._settings, "node_socket")

    @property
    def pkcs11_module(self) -> Path | None:
        """The library of the officer's token, or None where they have none."""
        value = self._settings["pkcs11_module"]
        return Path(value) if isinstance(value, str) else None

    @property
    def key_path(self) -> Path:
        """The sealed `OfficerKeyring`, or the `TokenKeyring` where half of the key is in a token."""
        return self.path / "officer.key"

    @property
    def pins_path(self) -> Path:
        """The agreements this officer trusts: one exact text a counterpart."""
        return self.path / "pins"

    @property
    def seen_path(self) -> Path:
        """The newest rosters that this officer's program has seen (`hotline/seen_rosters.py`)."""
        return self.path / "seen.toml"

    def pins(self) -> dict[str, bytes]:
        """Give the exact agreement texts by the counterpart's short name."""
        if not self.pins_path.is_dir():
            return {}
        found: dict[str, bytes] = {}
        for item in sorted(self.pins_path.iterdir()):
            if item.suffix == ".toml" and SHORT_NAME.fullmatch(item.stem):
                found[item.stem] = read_file(item)
        return found


def open_home(path: Path) -> NodeHome | OfficerHome:
    """Take a directory as the kind of home it is.

    Raises:
        HomeRefused: it is neither.
    """
    if (path / "node.toml").is_file():
        return NodeHome(path)
    if (path / "officer.toml").is_file():
        return OfficerHome(path)
    raise HomeRefused("home-missing", f"{path} is not a home: there is no node.toml and no officer.toml")
