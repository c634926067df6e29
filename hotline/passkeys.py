"""Passkeys of officers: made on a page, kept in the card and in the officer's home, and used on a page again.

    officers/duty/passkeys.toml
      listen = "127.0.0.1:8731"       where the page is served, and a desk's proxy forwards to
      [[passkey]]                     number, credential, algorithm, key, rp_id, origin

The file holds nothing secret: the key is in the authenticator. What it says counts for nothing; the roster does.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from hotline.errors import CouldNot, Misused, Refused
from hotline.party_file import Member, PartyFile, passkey_lines, passkey_of, toml_string
from hotline.passkey_page import Asked, PasskeyPage
from keys.authenticator_data import read_new_credential
from keys.client_data import CREATE, base64url, check_client_data
from keys.cose_key import NUMBERS
from keys.errors import KeysError
from keys.passkey import LOCALHOST, NUMBER_MAX, Assertion, Passkey, challenge, check_desk, check_origin, origin_port
from nodes.files import read_file, write_file
from nodes.governing import agreement_in_force
from nodes.home import NodeHome, OfficerHome, parse_endpoint
from protocol import toml_text

LISTEN: Final = ("127.0.0.1", 8731)
FILE_NAME: Final = "passkeys.toml"
TIMEOUT_MS: Final = 120_000

Tell = Callable[[str], None]
"""Shows a person one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyFile:
    """What an officer's home has of passkeys.

    Attributes:
        listen: where the page is served, on loopback.
        passkeys: by number.
    """

    listen: tuple[str, int]
    passkeys: tuple[Passkey, ...]

    @classmethod
    def read(cls, home: OfficerHome) -> PasskeyFile:
        """Read it.

        Raises:
            CouldNot: `passkey-missing`; there is none. `home-file-malformed`.
        """
        path = home.path / FILE_NAME
        if not path.exists():
            raise CouldNot("passkey-missing", f"{home.name} has no passkey here: there is no {path}")
        try:
            values = toml_text.loads(read_file(path))
            listen = parse_endpoint(str(values["listen"]), where="listen")
            found = tuple(passkey_of(one) for one in values.get("passkey", []))
        except (KeyError, TypeError, ValueError, KeysError) as error:
            raise CouldNot("home-file-malformed", f"{path} does not parse: {error}") from error
        if listen[0] not in {"127.0.0.1", "::1"} or not found:
            raise CouldNot("home-file-malformed", f"{path} has no passkey, or listens elsewhere than on loopback")
        return cls(listen=listen, passkeys=found)

    def write(self, home: OfficerHome) -> None:
        """Write it, or remove it where no passkey is left."""
        path = home.path / FILE_NAME
        if not self.passkeys:
            path.unlink(missing_ok=True)
            return
        lines = [
            "# Passkeys of this officer; their keys are in authenticators. Where their page is served, on loopback.",
            f"listen = {toml_string(f'{self.listen[0]}:{self.listen[1]}')}",
        ]
        for passkey in self.passkeys:
            lines += passkey_lines(passkey, "passkey")
        write_file(path, ("\n".join(lines) + "\n").encode())


@dataclass(slots=True)
class PasskeySigner:
    """Signs by having a person use one of their passkeys on a page; see `keys.hybrid.Signer`.

    Attributes:
        file: the officer's passkeys.
        who: the officer, for the page.
        tell: shows the address of the page.
    """

    file: PasskeyFile
    who: str
    tell: Tell
    _lines: tuple[str, ...] = ()
    _page: PasskeyPage | None = field(default=None, repr=False)

    @property
    def public(self) -> Passkey:
        """The first of them; which one signs is seen when it has."""
        return self.file.passkeys[0]

    @property
    def _usable(self) -> list[Passkey]:
        """Those of the first one's page."""
        return [one for one in self.file.passkeys if one.origin == self.public.origin]

    def show(self, lines: Sequence[str]) -> None:
        """Say what the next signature is on, as a person reads it."""
        self._lines = tuple(lines)

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """Have a message signed on the page.

        Raises:
            Misused: nobody said what it says; nobody signs what they do not see.
            Refused: it was refused, or what came does not hold.
            CouldNot: nobody did anything, or the port is in use.
        """
        lines, self._lines = self._lines, ()
        if not lines and purpose != "login":
            raise Misused("passkey-not-here", "this command does not sign with a passkey; sign with the officer's key")
        asked = challenge(purpose, channel=channel, author=author, message=message)
        login = purpose == "login"
        digest = sha256(message).hexdigest()[:16]
        answer = self._opened().ask(
            Asked(
                ceremony="get",
                title=f"Log in to the node of {author}" if login else f"Sign for {author}",
                lines=lines or (f"{self.who} logs in. Nothing is said to the other side by this.",),
                button="Log in" if login else "Sign",
                digest="" if login else digest,
                options={
                    "challenge": base64url(asked),
                    "rpId": self.public.rp_id,
                    "allowCredentials": [
                        {"type": "public-key", "id": base64url(one.credential)} for one in self._usable
                    ],
                    "userVerification": "required",
                    "timeout": TIMEOUT_MS,
                },
            )
        )
        made = Assertion(answer["credential"], answer["data"], answer["client_data"], answer["signature"]).encode()
        used = next((one for one in self._usable if one.credential == answer["credential"]), self.public)
        try:
            used.verify(purpose, channel=channel, author=author, message=message, signature=made)
        except KeysError as error:
            raise Refused("passkey-refused", f"what the authenticator signed does not hold: {error}") from error
        return made

    def _opened(self) -> PasskeyPage:
        if self._page is None:
            self._page = PasskeyPage(origin=self.public.origin, listen=self.file.listen)
            self.tell(f"Open this page, and use your passkey: {self._page.address}")
        return self._page

    def close(self) -> None:
        """Close the page, if it was opened."""
        if self._page is not None:
            self._page.close()
            self._page = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What is asked for.

    Attributes:
        origin: of the desk's page.
        listen: where it is served, on loopback.
        only: whether the person's key goes out of the rosters.
        synced: whether a passkey that its maker copies is taken.
    """

    origin: str
    listen: tuple[str, int] = LISTEN
    only: bool = False
    synced: bool = False

    @property
    def rp_id(self) -> str:
        """The relying party: the host of the page."""
        return urlsplit(self.origin).hostname or ""

    @property
    def place(self) -> tuple[str, int]:
        """Where the page is served. The page of a demonstration names that itself."""
        return ("127.0.0.1", origin_port(self.origin)) if self.rp_id == LOCALHOST else self.listen


def enrol(home: NodeHome, card: PartyFile, member: Member, wanted: Enrolment, tell: Tell) -> Member:
    """Have a person make a passkey on the page.

    Returns:
        The member with it; nothing is written.

    Raises:
        Misused: an origin that is not the desk's, or too many passkeys.
        Refused: it was refused, or what came does not hold.
        CouldNot: nobody did anything, or the port is in use.
    """
    person = member.person
    rp_id = wanted.rp_id
    numbers = {one.number for one in person.passkeys}
    number = next((one for one in range(1, NUMBER_MAX + 1) if one not in numbers), 0)
    if not number:
        raise Misused("passkey-refused", f"{member.home} has {NUMBER_MAX} passkeys; remove one first")
    asked = secrets.token_bytes(32)
    _check_origin(home, card, rp_id, wanted.origin)
    options = {
        "challenge": base64url(asked),
        "rp": {"id": rp_id, "name": f"Hotline {card.short}"},
        "user": {
            "id": base64url(secrets.token_bytes(16)),
            "name": f"{card.short} {member.home}",
            "displayName": f"{card.short} {member.home}",
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in NUMBERS.values()],
        "excludeCredentials": [{"type": "public-key", "id": base64url(one.credential)} for one in person.passkeys],
        "authenticatorSelection": {"userVerification": "required", "residentKey": "discouraged"},
        "attestation": "none",
        "timeout": TIMEOUT_MS,
    }
    roles = ", ".join(person.roles)
    with PasskeyPage(origin=wanted.origin, listen=wanted.place) as page:
        tell(f"Open this page on the machine of {member.home}, and use the authenticator: {page.address}")
        answer = page.ask(
            Asked(
                ceremony="create",
                title=f"A passkey for {member.home} of {card.short}",
                lines=(f"Person {person.number} of {card.short} will sign with it as: {roles}.",),
                button="Make it",
                digest="",
                options=options,
            )
        )
    try:
        check_client_data(answer["client_data"], ceremony=CREATE, challenge=asked, origin=wanted.origin)
        made = read_new_credential(answer["data"], rp_id=rp_id)
        passkey = Passkey(number, made.credential, made.key, rp_id, wanted.origin)
        passkeys = tuple(sorted((*person.passkeys, passkey), key=lambda one: one.number))
        changed = replace(person, passkeys=passkeys, key=None if wanted.only else person.key)
    except KeysError as error:
        raise Refused("passkey-refused", f"what the authenticator made does not hold: {error}") from error
    if made.backup_eligible and not wanted.synced:
        raise Refused("passkey-refused", "its maker may copy this passkey; use --synced if that is meant")
    return replace(member, person=changed)


def remove(card: PartyFile, name: str, number: int) -> PartyFile:
    """Take a passkey out of the card.

    Raises:
        Misused: there is none of that number, or nothing would be left to sign with.
    """
    member = member_of(card, name)
    left = tuple(one for one in member.person.passkeys if one.number != number)
    if len(left) == len(member.person.passkeys):
        raise Misused("passkey-missing", f"{name} has no passkey {number}")
    if not left and member.person.key is None:
        raise Misused("officer-not-changed", f"{name} would have nothing to sign with; retire the officer instead")
    return card.with_changed(replace(member, person=replace(member.person, passkeys=left)))


def member_of(card: PartyFile, name: str) -> Member:
    """Somebody who has not left.

    Raises:
        Misused: there is nobody of that name, or they have left.
    """
    member = card.member(name)
    if member is None:
        raise Misused("officer-missing", f"{card.short} has no officer {name!r}")
    if member.retired:
        raise Misused("officer-not-changed", f"{name} has left; add a new officer")
    return member


def _check_origin(home: NodeHome, card: PartyFile, rp_id: str, origin: str) -> None:
    """The desk is the party's own, as every roster will be asked."""
    demonstration = all(agreement_in_force(one).demonstration for one in home.channels())
    try:
        check_origin(rp_id, origin)
        check_desk(rp_id, domain=card.domain, demonstration=demonstration)
    except KeysError as error:
        raise Misused("usage", str(error)) from error
