"""An officer's desk: a key, a connection to the node, and trust in neither.

The officer pinned the agreement at pairing. Whatever the node says is checked against that pin before anything is
sealed, signed or shown: the agreement is the pinned text, the rosters are signed by its roots, an entry's contents are
those that its signed header commits to. What the node alone can know (sizes, what was judged) is shown as its word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Final

from hotline.documents import check_chain, check_rosters
from hotline.errors import CouldNot, Refused
from hotline.passkeys import PasskeyFile, PasskeySigner, Tell
from hotline.reference import Reference
from hotline.seen_rosters import check_seen
from keys.divided import DividedKey
from keys.hybrid import Signer
from keys.roles import KeyRole
from keys.root_set import VERSION_MAX, RootChain
from keys.roster import Person, Roster
from keys.token_keyring import TokenKeyring
from nodes.amendments import check_chain as check_amendments
from nodes.client import ANSWER_TIMEOUT_S, NodeClient
from nodes.errors import ApiRefused, NodeError
from nodes.home import OfficerHome
from nodes.key_files import read_officer_keyring
from nodes.resources import catalogue_of
from nodes.signed import SignedStatement
from nodes.token import TokenKey
from protocol.agreement import Agreement
from protocol.compose import check_contents, check_document
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.governance import sunset_ms
from protocol.kinds import Catalogue, Kind
from protocol.merkle import leaf_hash
from protocol.statement import LogState, Statement

CONTEXT: Final = frozenset(
    ("agreement", "amendments", "catalogue", "counterpart", "ends_ms", "exercising", "now_ms", "own", "own_log")
) | {"root_sets", "rosters", "suspended", "their_log"}
"""What a node tells of a channel; one of an earlier version may tell less."""


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer with an opened key.

    Attributes:
        home: their directory.
        number: their number in the roster.
        key: signs for them: a private key in memory, one of which half is in a token, or a passkey.
    """

    home: OfficerHome
    number: int
    key: Signer

    @classmethod
    def open(cls, home: OfficerHome, passphrase: bytes) -> Officer:
        """Open an officer's key file; takes about 0.3 s.

        Raises:
            PassphraseRefused: another passphrase.
            CouldNot: the officer has no number yet, or their settings do not name their token's library.
            NodeError: their token is not there or refuses (`token-...`): better now than after the form is filled in.
        """
        ring = read_officer_keyring(home.key_path, passphrase)
        if isinstance(ring, TokenKeyring):
            token = token_key(home, ring)
            token.check()
            key = DividedKey.of(ring.ed25519, ring.mldsa_seed, KeyRole.OFFICER, token.sign, ring.suite)
            return cls(home=home, number=ring.number, key=key)
        number = ring.number if ring.number is not None else home.number
        if number is None:
            raise CouldNot("key-not-in-roster", f"{home.name} has no number in the roster yet")
        return cls(home=home, number=number, key=ring.signer())

    @classmethod
    def with_passkey(cls, home: OfficerHome, tell: Tell) -> Officer:
        """An officer who logs in and signs with a passkey, on a page; their key file stays closed.

        Raises:
            CouldNot: `passkey-missing`, or they have no number yet.
        """
        if home.number is None:
            raise CouldNot("key-not-in-roster", f"{home.name} has no number in the roster yet")
        who = f"{home.name} of {home.party}, person {home.number},"
        return cls(home=home, number=home.number, key=PasskeySigner(PasskeyFile.read(home), who, tell))

    def show(self, lines: Sequence[str]) -> None:
        """Say what is signed next, where the officer signs on a page."""
        if isinstance(self.key, PasskeySigner):
            self.key.show(lines)

    def close(self) -> None:
        """Close the page, where there is one."""
        if isinstance(self.key, PasskeySigner):
            self.key.close()


def token_key(home: OfficerHome, ring: TokenKeyring) -> TokenKey:
    """The key in an officer's token.

    Raises:
        CouldNot: `token-module-refused`; the officer's settings do not name a library.
    """
    module = home.pkcs11_module
    if module is None or not module.is_absolute():
        raise CouldNot("token-module-refused", f"{home.settings_path} names no library by its whole path")
    return TokenKey(module=module, serial=ring.serial, object_id=ring.object_id, pin=ring.pin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as an officer's client has verified it.

    Attributes:
        own, counterpart: short names.
        agreement: in force: the pinned one, or what both parties' roots made of it since.
        agreements: from the pinned one to the one in force.
        ends_ms: from when on the line carries only what always passes, UTC milliseconds; None for never.
        suspended, exercising: what the node lists as in force of suspensions and exercises, for the banners.
        rosters: by party, as their roots signed them.
        own_log, their_log: how far the node says the two logs go.
        proposals: serials of the amendments that the node lists as waiting for their countersignature.
        withdrawn_by: who has withdrawn from the agreement in force, as the node tells; None for nobody.
        now_ms: the node's clock, UTC milliseconds.
    """

    own: str
    counterpart: str
    agreement: Agreement
    rosters: Mapping[str, Roster]
    own_log: LogState
    their_log: LogState
    now_ms: int
    agreements: tuple[Agreement, ...] = ()
    ends_ms: int | None = None
    suspended: tuple[Mapping[str, Any], ...] = ()
    exercising: tuple[Mapping[str, Any], ...] = ()
    proposals: tuple[str, ...] = ()
    withdrawn_by: str | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that the agreement names: what may be said on this channel.

        Raises:
            Refused: this program does not have it.
        """
        found = catalogue_of(self.agreement.catalogue_digest)
        if found is None:
            raise Refused("catalogue-differs", "the agreement names a catalogue that this program does not have")
        return found

    def person(self, number: int) -> Person:
        """Give one of our persons.

        Raises:
            CouldNot: our roster does not have them.
        """
        found = self.rosters[self.own].person(number)
        if found is None:
            raise CouldNot("key-not-in-roster", f"the roster of {self.own} in force has no person {number}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One entry as the node has it, read again by the client.

    Attributes:
        counterpart: of the channel it is on.
        voice, index: its place.
        leaf: its leaf hash.
        statement: its header; None where it does not parse.
        catalogue: the one that the statement names; None where it is not at hand.
        kind: None where that catalogue does not have it.
        raw: the statement's signed bytes; empty where the entry does not parse.
        view: what the node found about it; None while it has not been judged.
        held_at_ms: for our own, when the counterpart first held it.
        branch: number of the disputed branch it is in; 0 for the log that is held.
    """

    counterpart: str
    voice: str
    index: int
    leaf: bytes
    statement: Statement | None
    catalogue: Catalogue | None
    kind: Kind | None
    raw: bytes
    view: dict[str, Any] | None
    held_at_ms: int | None
    branch: int = 0

    @property
    def serial(self) -> str:
        """Name for people: "BOR 4"."""
        return f"{self.voice} {self.index}" + (f"~{self.branch}" if self.branch else "")

    @property
    def ahead(self) -> int:
        """How many entries before it are not here yet; 0 where it has its place."""
        return 0 if self.view is None else self.view["ahead"] or 0

    @property
    def thread(self) -> bytes:
        """Leaf hash of the entry that opened its thread."""
        if self.statement is None or self.statement.thread is None:
            return self.leaf
        return self.statement.thread


class Desk:
    """An officer's session with the node."""

    def __init__(self, officer: Officer, client: NodeClient) -> None:
        self.officer = officer
        self._client = client
        self._channels: dict[str | None, Channel] = {}

    @classmethod
    def open(cls, officer: Officer) -> Desk:
        """Connect to the officer's node and log in.

        Raises:
            ApiRefused: the node does not run, or does not let this officer in.
            CouldNot: the node is another party's.
        """
        client = NodeClient.connect(officer.home.node_socket)
        try:
            if client.party != officer.home.party:
                raise CouldNot("wrong-party", f"the node is that of {client.party}, not of {officer.home.party}")
            client.login(person=officer.number, signer=officer.key)
        except BaseException:
            client.close()
            raise
        return cls(officer, client)

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def client(self) -> NodeClient:
        """The connection, for those who pipeline."""
        return self._client

    def request(self, op: str, *, timeout_s: float = ANSWER_TIMEOUT_S, **arguments: Any) -> Any:
        """Ask the node; its word is not verified here."""
        return self._client.request(op, timeout_s=timeout_s, **arguments)

    def channel(self, counterpart: str | None, *, fresh: bool = False) -> Channel:
        """Give a channel, verified; its log states are those of the first call unless `fresh`.

        Args:
            counterpart: short name, or None for the only channel.
            fresh: ask again how far the logs go.

        Raises:
            Refused: the node's agreement is not the pinned one, or a roster is not signed by the agreement's roots, or
                is older than one this officer's program has seen.
        """
        known = self._channels.get(counterpart)
        if known is not None and not fresh:
            return known
        told = self.request("context", counterpart=counterpart)
        if not told.keys() >= CONTEXT:
            text = f"the node tells less of a channel ({', '.join(sorted(CONTEXT - told.keys()))}): start it anew"
            raise ApiRefused("api-version", text)
        party = self.officer.home.party
        pin = self.officer.home.pins().get(told["counterpart"])
        if pin is None:
            raise Refused("agreement-not-pinned", f"this officer has no agreement with {told['counterpart']}")
        if told["agreement"] != pin:
            raise Refused("agreement-not-pinned", "the node's agreement is not the one this officer pinned at pairing")
        founding = _parse_pin(pin) if known is None else known.agreements[0]
        roots = {short: _checked_roots(told.get("root_sets"), founding, short) for short in founding.shorts}
        amendments = told.get("amendments", [])
        if known is not None and len(known.agreements) == len(amendments) + 1:
            agreements = known.agreements
        else:
            agreements = tuple(_checked_chain(founding, amendments, roots))
        agreement = agreements[-1]
        other = agreement.other(party).short
        if other != told["counterpart"] or told["own"] != party:
            raise Refused("agreement-not-pinned", "the node names other parties than the agreement")
        named = agreement.catalogue_digest
        if told["catalogue"] != named or catalogue_of(named) is None:
            raise Refused("catalogue-differs", "the agreement, the node and this program have different catalogues")
        rosters = {
            short: check_rosters(
                SignedStatement.parse(told["rosters"][short]),
                partial(self._roster, told["counterpart"], short),
                agreements=agreements,
                party=short,
                chain=roots[short],
            )
            for short in agreement.shorts
        }
        check_seen(self.officer.home, agreement.channel.hex(), rosters, roots)
        found = Channel(
            own=party,
            counterpart=other,
            agreement=agreement,
            agreements=agreements,
            ends_ms=_ends_ms(agreement, told.get("ends_ms")),
            rosters=rosters,
            own_log=LogState(*told["own_log"]),
            their_log=LogState(*told["their_log"]),
            now_ms=told["now_ms"],
            suspended=tuple(told["suspended"]),
            exercising=tuple(told["exercising"]),
            proposals=tuple(told.get("proposals", ())),
            withdrawn_by=told.get("withdrawn_by"),
        )
        self._channels[counterpart] = found
        self._channels[other] = found
        return found

    def _roster(self, counterpart: str, voice: str, version: int) -> SignedStatement:
        """A roster as the node holds it, to be checked."""
        return SignedStatement.parse(self.request("roster", counterpart=counterpart, voice=voice, version=version))

    def entry(self, reference: Reference) -> Spoken:
        """Fetch one entry and read it.

        Raises:
            ApiRefused: there is none.
        """
        place = _place(reference.voice, reference.index, reference.branch)
        told = self.request("entry", counterpart=reference.counterpart, **place)
        read = read_entry(
            told["entry"],
            counterpart=reference.counterpart or "",
            voice=reference.voice,
            index=reference.index,
            view=told["view"],
            held_at_ms=told["held_at_ms"],
        )
        return replace(read, branch=reference.branch)

    def contents(self, spoken: Spoken) -> dict[str, Any] | None:
        """Open an entry and check what it says against the commitments in its signed header.

        Returns:
            Values by field; an empty dictionary for a kind without fields; for a document its text under `text`.

        Raises:
            Refused: the contents do not open or are not those committed to.
            ApiRefused: the officer's roles do not read contents.
        """
        if spoken.statement is None or spoken.kind is None or spoken.kind.machine:
            return None
        place = _place(spoken.voice, spoken.index, spoken.branch)
        told = self.request("contents", counterpart=spoken.counterpart or None, **place)
        return open_told(spoken.statement, spoken.kind, told)


def _place(voice: str, index: int, branch: int) -> dict[str, Any]:
    return {"voice": voice, "index": index} | ({"branch": branch} if branch else {})


def open_told(statement: Statement, kind: Kind, told: Mapping[str, Any]) -> dict[str, Any]:
    """Check the body and secret that the node gave, and give the values.

    Raises:
        Refused: they do not belong to the statement.
    """
    if told["problem"] is not None:
        raise Refused(told["problem"], "the node could not open the body")
    try:
        if kind.document:
            return {"text": check_document(statement, told["body"] or b"").decode("utf-8", errors="replace")}
        return check_contents(statement, told["secret"], told["body"], kind)
    except ProtocolError as error:
        text = f"the contents are not those of the signed header: {error.beside_code}"
        raise Refused(error.code, text) from error


def read_entry(
    data: bytes,
    *,
    counterpart: str,
    voice: str,
    index: int,
    view: dict[str, Any] | None,
    held_at_ms: int | None,
) -> Spoken:
    """Read an entry's bytes; one that does not parse is still shown, under its fault."""
    raw = b""
    statement = known = kind = None
    try:
        entry = Entry.parse(data)
        raw = entry.statement
        statement = entry.parse_statement()
        known = catalogue_of(statement.catalogue)
        kind = None if known is None else known.kind(statement.kind)
    except ProtocolError:
        pass
    return Spoken(
        counterpart=counterpart,
        voice=voice,
        index=index,
        leaf=leaf_hash(data),
        statement=statement,
        catalogue=known,
        kind=kind,
        raw=raw,
        view=view,
        held_at_ms=held_at_ms,
    )


def _parse_pin(text: bytes) -> Agreement:
    try:
        return Agreement.parse_founding(text)
    except ProtocolError as error:
        raise CouldNot("home-file-malformed", f"the pinned agreement does not parse: {error}") from error


def _checked_chain(founding: Agreement, chain: object, roots: Mapping[str, RootChain]) -> list[Agreement]:
    if not isinstance(chain, list):
        raise Refused("agreement-not-pinned", "the node gives no chain of amendments")
    try:
        return check_amendments(founding, chain, roots)
    except NodeError as error:
        raise Refused(error.code, error.text) from error


def _checked_roots(told: object, founding: Agreement, party: str) -> RootChain:
    given = told.get(party, []) if isinstance(told, dict) else []
    if not isinstance(given, list) or len(given) >= VERSION_MAX or not all(type(one) is bytes for one in given):
        raise Refused("root-set-refused", "the node gives root sets in another form")
    return check_chain([SignedStatement.parse(one) for one in given], agreement=founding, party=party)


def _ends_ms(agreement: Agreement, told: object) -> int | None:
    """The sunset of the agreement, or the earlier end of a withdrawal that the node tells of."""
    ends = [one for one in (sunset_ms(agreement.sunset_date), told) if type(one) is int]
    return min(ends, default=None)
