"""`party.toml`: who a party is, its root keys, and its people.

    short = "ARC"                 name = "Arcadia"            domain = "arcadia.example"
    root_threshold = 2            root_keys = ["base64", ...]
    [[desk]]                      name, voice, hours, languages
    [[person]]                    number, home, roles, valid_from, valid_until, key
                                  retired = true, absent_until, delegated = ["release 2026-12-20T00:00:00.000Z"]
    [[person.passkey]]            number, credential, algorithm, key, rp_id, origin

A person is a number and the name of an officer home, such as `duty`; neither this file nor any roster holds the name of
a human being.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from hotline.errors import CouldNot
from hotline.zulu import parse_instant, zulu
from keys import cose_key
from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.passkey import Passkey
from keys.quorum import RootSet
from keys.roles import ROLES, KeyRole
from keys.roster import Person
from nodes.files import read_file, write_file
from nodes.home import OFFICER_NAME, SHORT_NAME
from protocol import toml_text
from protocol.agreement_terms import Desk

RETIRED_SHOWN_MS = 30 * 86_400_000
"""How long rosters go on to list who has left, so that what they signed last is judged by their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A role that a person has beside their own, for a time.

    Attributes:
        role: which.
        until_ms: first instant without it, UTC milliseconds.
    """

    role: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the party with the home their key is in.

    Attributes:
        home: name of the officer home, such as `duty`.
        person: number, own roles, key and validity.
        retired: whether they have left for good; their validity ended then.
        absent_until_ms: first instant at which rosters list them again, UTC milliseconds; None while they are there.
        delegated: roles beside their own.
        revoked: whether their key is revoked: no roster lists them again.
    """

    home: str
    person: Person
    retired: bool = False
    absent_until_ms: int | None = None
    delegated: tuple[Delegation, ...] = ()
    revoked: bool = False

    def listed_at(self, at_ms: int) -> Person | None:
        """The person as a roster that is logged at a time lists them; None where it does not.

        A roster gives a person one validity for all their roles. So while they have a delegated role their validity
        ends with it, and the next roster, signed together with this one, gives them back their own.
        """
        if self.revoked or (self.absent_until_ms is not None and at_ms < self.absent_until_ms):
            return None
        if self.retired and at_ms >= self.person.valid_until_ms + RETIRED_SHOWN_MS:
            return None
        active = [one for one in self.delegated if at_ms < one.until_ms]
        if self.retired or not active:
            return self.person
        held = {*self.person.roles, *(one.role for one in active)}
        return replace(
            self.person,
            roles=tuple(role for role in ROLES if role in held),
            valid_until_ms=min(self.person.valid_until_ms, *(one.until_ms for one in active)),
        )

    def ends_after(self, at_ms: int) -> set[int]:
        """Times after this one at which rosters have to list the person otherwise, UTC milliseconds."""
        times = {one.until_ms for one in self.delegated} | {self.absent_until_ms or 0}
        return set() if self.retired else {one for one in times if one > at_ms}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFile:
    """A party as it knows itself.

    Attributes:
        short: 2 to 4 capital letters.
        name: for people.
        domain: what its logs are named under.
        roots: threshold and public keys.
        members: by number, ascending.
        desks: where its people answer by voice.
    """

    short: str
    name: str
    domain: str
    roots: RootSet
    members: tuple[Member, ...]
    desks: tuple[Desk, ...] = ()

    def people_at(self, at_ms: int) -> tuple[Person, ...]:
        """The persons as a roster lists them that is logged at this time, UTC milliseconds."""
        found = (member.listed_at(at_ms) for member in self.members)
        return tuple(person for person in found if person is not None)

    def changes_after(self, at_ms: int) -> list[int]:
        """Times after this one at which another roster is needed, because a delegation or an absence ends."""
        return sorted(set().union(*(member.ends_after(at_ms) for member in self.members)))

    def with_changed(self, changed: Member) -> PartyFile:
        """The same party with one person otherwise."""
        return replace(
            self,
            members=tuple(changed if one.person.number == changed.person.number else one for one in self.members),
        )

    def with_member(self, member: Member) -> PartyFile:
        """The same party with one person more."""
        members = sorted((*self.members, member), key=lambda one: one.person.number)
        return replace(self, members=tuple(members))

    def next_number(self) -> int:
        """The number after the highest; numbers are never used again."""
        return max((member.person.number for member in self.members), default=0) + 1

    def member(self, home: str) -> Member | None:
        """Find a person by the name of the officer home."""
        return next((one for one in self.members if one.home == home), None)

    def render(self) -> bytes:
        """Write the file's text."""
        lines = [
            "# Who this party is. The root keys sign its rosters; their private halves belong off this machine.",
            f"short = {toml_string(self.short)}",
            f"name = {toml_string(self.name)}",
            f"domain = {toml_string(self.domain)}",
            f"root_threshold = {self.roots.threshold}",
            "root_keys = [",
            *(f'    "{base64.b64encode(key.raw).decode()}",' for key in self.roots.keys),
            "]",
            *_numbers_line(self.roots),
        ]
        for desk in self.desks:
            lines += [
                "",
                "[[desk]]",
                f"name = {toml_string(desk.name)}",
                f"voice = [{', '.join(toml_string(number) for number in desk.voice)}]",
                f"hours = {toml_string(desk.hours)}",
                f"languages = [{', '.join(toml_string(language) for language in desk.languages)}]",
            ]
        for member in self.members:
            person = member.person
            lines += [
                "",
                "[[person]]",
                f"number = {person.number}",
                f"home = {toml_string(member.home)}",
                f"roles = [{', '.join(toml_string(role) for role in person.roles)}]",
                f"valid_from = {zulu(person.valid_from_ms)}",
                f"valid_until = {zulu(person.valid_until_ms)}",
            ]
            if person.key is not None:
                lines.append(f"key = {_base64(person.key.raw)}")
            if member.retired:
                lines.append("retired = true")
            if member.revoked:
                lines.append("revoked = true")
            if member.absent_until_ms is not None:
                lines.append(f"absent_until = {zulu(member.absent_until_ms)}")
            if member.delegated:
                given = (toml_string(f"{one.role} {zulu(one.until_ms)}") for one in member.delegated)
                lines.append(f"delegated = [{', '.join(given)}]")
            for passkey in person.passkeys:
                lines += passkey_lines(passkey, "person.passkey")
        return ("\n".join(lines) + "\n").encode("utf-8")


def passkey_lines(passkey: Passkey, table: str) -> list[str]:
    """A passkey as a table of TOML."""
    return [
        "",
        f"[[{table}]]",
        f"number = {passkey.number}",
        f"credential = {_base64(passkey.credential)}",
        f"algorithm = {toml_string(passkey.key.algorithm)}",
        f"key = {_base64(passkey.key.point)}",
        f"rp_id = {toml_string(passkey.rp_id)}",
        f"origin = {toml_string(passkey.origin)}",
    ]


def passkey_of(values: dict[str, object]) -> Passkey:
    """The passkey that such a table says.

    Raises:
        ValueError, KeyError, KeyRefused: it is none.
    """
    number, texts = values["number"], [values[name] for name in ("credential", "algorithm", "key", "rp_id", "origin")]
    credential, algorithm, key, rp_id, origin = (text if isinstance(text, str) else "" for text in texts)
    if type(number) is not int or algorithm not in cose_key.NUMBERS:
        raise ValueError("a passkey's number or algorithm is none")
    point = base64.b64decode(key, validate=True)
    raw = base64.b64decode(credential, validate=True)
    return Passkey(number, raw, cose_key.from_point(algorithm, point), rp_id, origin)


def _base64(data: bytes) -> str:
    return f'"{base64.b64encode(data).decode()}"'


def _numbers_line(roots: RootSet) -> list[str]:
    """The numbers of the roots, once one was replaced; before that they count from 1."""
    if roots.numbers == tuple(range(1, len(roots.keys) + 1)):
        return []
    return [f"root_numbers = [{', '.join(map(str, roots.numbers))}]"]


def _root_numbers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or any(type(one) is not int for one in value):
        raise ValueError("the numbers of the roots are no list of numbers")
    return tuple(value)


def toml_string(text: str) -> str:
    """Spell a text as a basic string of TOML.

    Raises:
        CouldNot: it holds control characters.
    """
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise CouldNot("text-refused", "a control character cannot stand in a settings file")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_party(path: Path, party: PartyFile) -> None:
    """Write `party.toml`."""
    write_file(path, party.render())


def read_party(path: Path) -> PartyFile:
    """Read `party.toml` strictly.

    Raises:
        FileRefused: it is absent or cannot be read.
        CouldNot: it is not what `render` writes.
    """
    try:
        values = toml_text.loads(read_file(path))
        party = PartyFile(
            short=_matching(values["short"], SHORT_NAME.fullmatch),
            name=str(values["name"]),
            domain=str(values["domain"]),
            roots=RootSet(
                values["root_threshold"],
                tuple(_key(item, KeyRole.ROOT) for item in values["root_keys"]),
                _root_numbers(values.get("root_numbers", [])),
            ),
            members=tuple(_member(item) for item in values.get("person", [])),
            desks=tuple(_desk(item) for item in values.get("desk", [])),
        )
    except (KeyError, TypeError, ValueError, KeysError) as error:
        raise CouldNot("home-file-malformed", f"{path} does not parse: {error}") from error
    numbers = [member.person.number for member in party.members]
    if numbers != sorted(set(numbers)):
        raise CouldNot("home-file-malformed", f"{path}: the numbers of persons are not ascending")
    return party


def _member(values: dict[str, object]) -> Member:
    number, roles = values["number"], values["roles"]
    if type(number) is not int or not isinstance(roles, list):
        raise ValueError("a person's number or roles are of the wrong type")
    person = Person(
        number=number,
        roles=tuple(str(role) for role in roles),
        key=_key(values["key"], KeyRole.OFFICER) if "key" in values else None,
        valid_from_ms=_instant(values["valid_from"]),
        valid_until_ms=_instant(values["valid_until"]),
        passkeys=_passkeys(values.get("passkey", [])),
    )
    retired, absent, delegated = values.get("retired", False), values.get("absent_until"), values.get("delegated", [])
    gone = values.get("revoked", False)
    if not isinstance(gone, bool) or not isinstance(retired, bool) or not isinstance(delegated, list):
        raise ValueError("what is said of a person is of the wrong type")
    return Member(
        home=_matching(values["home"], OFFICER_NAME.fullmatch),
        person=person,
        retired=retired,
        revoked=gone,
        absent_until_ms=None if absent is None else _instant(absent),
        delegated=tuple(_delegation(one) for one in delegated),
    )


def _passkeys(value: object) -> tuple[Passkey, ...]:
    if not isinstance(value, list):
        raise ValueError("a person's passkeys are no list")
    return tuple(passkey_of(one) for one in value)


def _delegation(value: object) -> Delegation:
    role, _, until = str(value).partition(" ")
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role")
    return Delegation(role=role, until_ms=parse_instant(until, now_ms=0))


def _desk(values: dict[str, object]) -> Desk:
    voice, languages = values["voice"], values["languages"]
    if not isinstance(voice, list) or not isinstance(languages, list):
        raise ValueError("a desk's numbers or languages are no list")
    return Desk(str(values["name"]), tuple(map(str, voice)), str(values["hours"]), tuple(map(str, languages)))


def _matching(value: object, test: object) -> str:
    if not isinstance(value, str) or not callable(test) or test(value) is None:
        raise ValueError(f"{value!r} has another form")
    return value


def _instant(value: object) -> int:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError("a time is not in UTC")
    return parse_instant(value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z", now_ms=0)


def _key(value: object, role: KeyRole) -> HybridPublicKey:
    if not isinstance(value, str):
        raise ValueError("a key is not text")
    try:
        return HybridPublicKey(base64.b64decode(value, validate=True), role)
    except binascii.Error as error:
        raise ValueError("a key is not base64") from error
