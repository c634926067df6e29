"""Who signs a roster: the party's roots, or two admins where nothing but people changes.

Source: spec/keys-and-rosters.md, "Roster: what admins may sign".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hotline.desk import Officer
from hotline.documents import ROSTER, sign_document
from hotline.errors import Misused, Refused
from keys.errors import KeysError
from keys.keyring import RootKeyring
from keys.quorum import RootSet
from keys.roster import Roster
from keys.roster_people import admins_at, check_people_only
from nodes.home import NodeHome, OfficerHome
from nodes.signed import SignedStatement
from protocol.agreement import Agreement

if TYPE_CHECKING:
    from hotline.cli.settings import Settings


@dataclass(frozen=True, slots=True)
class ByRoots:
    """The roots sign, as many as the agreement asks for.

    Attributes:
        roots: opened.
    """

    roots: tuple[RootKeyring, ...]

    def check(self, agreement: Agreement, before: Roster, after: Roster, *, now_ms: int) -> None:
        """Whatever may follow, roots may sign."""

    def sign(self, text: bytes, agreement: Agreement, party: str, *, now_ms: int, in_force: RootSet) -> SignedStatement:
        """State a roster and sign it by the roots in force on the channel."""
        return sign_document(
            ROSTER,
            text,
            agreement=agreement,
            party=party,
            roots=self.roots,
            issued_at_ms=now_ms,
            numbers=in_force,
        )


@dataclass(frozen=True, slots=True)
class ByAdmins:
    """Admins sign, as many as the agreement asks for.

    Attributes:
        admins: opened.
    """

    admins: tuple[Officer, ...]

    def check(self, agreement: Agreement, before: Roster, after: Roster, *, now_ms: int) -> None:
        """Whether these admins may sign this roster now.

        Raises:
            Refused: `admins-not-enough` or `admins-may-not`.
        """
        needed = agreement.roster_admins
        if not needed:
            raise Refused("admins-may-not", "under this agreement only the roots sign rosters: give --roots")
        able = admins_at(before, now_ms)
        signing = [one for one in self.admins if one.number in able and able[one.number].key == one.key.public]
        if len(signing) < needed:
            text = f"{needed} admins of roster {before.version} must sign, and {len(signing)} of those given may now"
            raise Refused("admins-not-enough", text)
        try:
            check_people_only(before, after)
        except KeysError as error:
            raise Refused("admins-may-not", str(error)) from error

    def sign(self, text: bytes, agreement: Agreement, party: str, *, now_ms: int, in_force: RootSet) -> SignedStatement:
        """State a roster and sign it; whoever the roots are."""
        admins = [(one.number, one.key) for one in self.admins]
        return sign_document(ROSTER, text, agreement=agreement, party=party, admins=admins, issued_at_ms=now_ms)


RosterSigners = ByRoots | ByAdmins


def open_admins(settings: Settings, home: NodeHome, names: Sequence[str], passphrase_files: Sequence[str]) -> ByAdmins:
    """Open the keys of the admins who are to sign; each takes about 0.3 s.

    Args:
        settings: of this run.
        home: the party's node home.
        names: of officers of this home, or directories of officer homes that were brought here.
        passphrase_files: in the same order; the last one is for those that are left. Without any they are asked for.

    Raises:
        Misused: `usage`; one stands twice.
        HomeRefused, PassphraseRefused, CouldNot: a key is not there or does not open.
    """
    from hotline.secret_files import passphrase_in

    if len(set(names)) != len(names):
        raise Misused("usage", "each admin signs once: give different ones with --admin")
    found: list[Officer] = []
    for place, name in enumerate(names):
        officer = OfficerHome.open(Path(name)) if "/" in name else home.officer(name)
        if passphrase_files:
            passphrase = passphrase_in(passphrase_files[min(place, len(passphrase_files) - 1)])
        else:
            passphrase = settings.passphrase(place, what=f"the admin {officer.name}")
        found.append(Officer.open(officer, passphrase))
    return ByAdmins(tuple(found))
