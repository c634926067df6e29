"""The pagers of `node.toml`: one `[[page]]` each, read strictly.

Source: spec/paging.md, "Settings".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from keys.roles import ROLES
from nodes.errors import HomeRefused
from nodes.paging_rules import EVENTS, Event

PAGERS_MAX: Final = 32
AFTER_S_MAX: Final = 7 * 86_400
LIMIT_S: Final = 20
LIMIT_S_MAX: Final = 120
ARGUMENTS_MAX: Final = 32
RECIPIENTS_MAX: Final = 16
TEXT_CHARS_MAX: Final = 1_024

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}")
_COMMON = {"name", "role", "events", "after_s", "limit_s"}
_KINDS = {"run", "webhook", "smtp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTerms:
    """A program that takes the facts on its standard input; exit status 0 means that they arrived.

    Attributes:
        arguments: an absolute path and what follows it.
    """

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTerms:
    """An address that takes the facts by POST; a status of 2xx means that they arrived.

    Attributes:
        url: https, or http on loopback.
        token_file: its one line goes along as a bearer token; None for none.
        ca_file: authorities in PEM instead of the system's; None for the system's.
    """

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None

    @property
    def host(self) -> str:
        """Where it is."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTerms:
    """A mail by SMTP.

    Attributes:
        host, port: of the server.
        tls: `tls` from the start, `starttls`, or `none` on loopback.
        sender: the address it comes from.
        to: the addresses it goes to.
        user: of the server, or empty.
        password_file: its one line is the password; None where there is no user.
        ca_file: authorities in PEM instead of the system's; None for the system's.
    """

    host: str
    port: int
    tls: str
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """One `[[page]]` of the settings.

    Attributes:
        name: for people and for the record.
        role: whom it reaches.
        events: what it is called for.
        after_ms: how long after a step began, unless somebody acknowledged by then.
        limit_s: after so many seconds a call has failed.
        target: what is called.
    """

    name: str
    role: str
    events: tuple[Event, ...]
    after_ms: int
    limit_s: int
    target: ProgramTerms | WebhookTerms | MailTerms

    @property
    def way(self) -> str:
        """How it reaches people: `run`, `webhook` or `smtp`."""
        return {ProgramTerms: "run", WebhookTerms: "webhook", MailTerms: "smtp"}[type(self.target)]


def read_pagers(values: object, *, where: str, folder: Path) -> tuple[Pager, ...]:
    """Read the tables `[[page]]`.

    Args:
        values: what the TOML has under `page`; None for nothing.
        where: the file, for errors.
        folder: what relative paths are seen from.

    Raises:
        HomeRefused: something of it cannot be.
    """
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values) or len(values) > PAGERS_MAX:
        raise HomeRefused("home-file-malformed", f"{where}: page is a list of at most {PAGERS_MAX} tables [[page]]")
    pagers: list[Pager] = []
    for number, one in enumerate(values, 1):
        pager = _Reading(one, f"{where}: page {number}", folder).pager(number)
        if any(pager.name == other.name for other in pagers):
            raise HomeRefused("home-file-malformed", f"{where}: page {number}: the name {pager.name!r} is there twice")
        pagers.append(pager)
    return tuple(pagers)


class _Reading:
    def __init__(self, values: Mapping[str, Any], where: str, folder: Path) -> None:
        self._values = values
        self._where = where
        self._folder = folder

    def _refuse(self, text: str) -> HomeRefused:
        return HomeRefused("home-file-malformed", f"{self._where}: {text}")

    def _only(self, known: set[str]) -> None:
        unknown = sorted(set(self._values) - known)
        if unknown:
            raise self._refuse(f"unknown name {str(unknown[0])[:40]!r}")

    def _text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX or not value.isprintable():
            raise self._refuse(f"{name} is missing or no line of text")
        return value

    def _number(self, name: str, default: int, low: int, high: int) -> int:
        value = self._values.get(name, default)
        if type(value) is not int or not low <= value <= high:
            raise self._refuse(f"{name} is a number from {low} to {high}")
        return value

    def _texts(self, name: str, most: int) -> tuple[str, ...]:
        value = self._values.get(name)
        good = isinstance(value, list) and 1 <= len(value) <= most
        if not good or not all(isinstance(one, str) and 0 < len(one) <= TEXT_CHARS_MAX for one in value or ()):
            raise self._refuse(f"{name} is a list of one to {most} texts")
        if any("\0" in one for one in value or ()):
            raise self._refuse(f"{name} holds a character that no text has")
        return tuple(value or ())

    def _path(self, name: str) -> Path | None:
        return None if self._values.get(name) is None else self._folder / self._text(name)

    def _within(self, name: str) -> _Reading:
        value = self._values[name]
        if not isinstance(value, dict):
            raise self._refuse(f"{name} is a table")
        return _Reading(value, f"{self._where}: {name}", self._folder)

    def pager(self, number: int) -> Pager:
        """One table."""
        self._only(_COMMON | _KINDS | {"token_file", "ca_file"})
        kinds = sorted(_KINDS & set(self._values))
        if len(kinds) != 1:
            raise self._refuse("it has one of run, webhook and smtp")
        role = self._text("role")
        if role not in ROLES:
            raise self._refuse(f"role is one of {', '.join(ROLES)}")
        name = self._text("name", f"{role}-{number}")
        if _NAME.fullmatch(name) is None:
            raise self._refuse("name is of small letters, digits and hyphens, 32 at most")
        events = self._texts("events", len(EVENTS)) if "events" in self._values else EVENTS
        for event in events:
            if event not in EVENTS:
                raise self._refuse(f"events are of {', '.join(EVENTS)}")
        if kinds[0] != "webhook" and {"token_file", "ca_file"} & set(self._values):
            raise self._refuse("token_file and ca_file stand beside webhook")
        readers: dict[str, Callable[[], ProgramTerms | WebhookTerms | MailTerms]] = {
            "run": self._program,
            "webhook": self._webhook,
            "smtp": self._mail,
        }
        return Pager(
            name=name,
            role=role,
            events=tuple(event for event in EVENTS if event in events),
            after_ms=1000 * self._number("after_s", 0, 0, AFTER_S_MAX),
            limit_s=self._number("limit_s", LIMIT_S, 1, LIMIT_S_MAX),
            target=readers[kinds[0]](),
        )

    def _program(self) -> ProgramTerms:
        arguments = self._texts("run", ARGUMENTS_MAX)
        if not Path(arguments[0]).is_absolute():
            raise self._refuse("run begins with the absolute path of a program")
        return ProgramTerms(arguments=arguments)

    def _webhook(self) -> WebhookTerms:
        url = self._text("webhook")
        try:
            parts = urlsplit(url)
            good = bool(parts.hostname) and not parts.fragment and parts.username is None and parts.port != 0
        except ValueError:
            raise self._refuse("webhook is no address") from None
        if not good or not url.isascii() or " " in url:
            raise self._refuse("webhook is an address such as https://pager.example/hook, without user or fragment")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise self._refuse("webhook is https; http only on loopback")
        return WebhookTerms(url=url, token_file=self._path("token_file"), ca_file=self._path("ca_file"))

    def _mail(self) -> MailTerms:
        inner = self._within("smtp")
        inner._only({"host", "port", "tls", "from", "to", "user", "password_file", "ca_file"})
        host = inner._text("host")
        if _HOST.fullmatch(host) is None:
            raise inner._refuse("host is a name or an address")
        tls = inner._text("tls", "starttls")
        if tls not in {"tls", "starttls", "none"} or (tls == "none" and not is_loopback(host)):
            raise inner._refuse("tls is starttls or tls; none only on loopback")
        to = inner._texts("to", RECIPIENTS_MAX)
        user, password_file = inner._text("user", ""), inner._path("password_file")
        if bool(user) != (password_file is not None):
            raise inner._refuse("user and password_file stand together")
        return MailTerms(
            host=host,
            port=inner._number("port", 465 if tls == "tls" else 587, 1, 65_535),
            tls=tls,
            sender=inner._address(inner._text("from")),
            to=tuple(map(inner._address, to)),
            user=user,
            password_file=password_file,
            ca_file=inner._path("ca_file"),
        )

    def _address(self, text: str) -> str:
        """A plain address, such as duty@arc.example."""
        if _ADDRESS.fullmatch(text) is None:
            raise self._refuse(f"{text[:80]!r} is no mail address")
        return text


def is_loopback(host: str) -> bool:
    """Whether a name or address is of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reached_for(pagers: Sequence[Pager], role: str) -> tuple[Pager, ...]:
    """The pagers of a role, the first called first."""
    return tuple(sorted((one for one in pagers if one.role == role), key=lambda one: one.after_ms))
