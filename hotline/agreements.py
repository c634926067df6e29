"""Agreements in the hands of people: drafts, amendments and countersignatures.

    one party                                  the other
    amend   -> draft                           (or: new, from the model)
    propose -> an amendment in its log  --->   show, diff
                                               countersign -> in force

The roots of both sign one text. They may be on another machine or medium; only their directory is named.

Source: spec/agreement.md, "Amendments".
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

from hotline.documents import sign_document
from hotline.errors import CouldNot, Misused, Refused
from hotline.party_file import PartyFile, read_party
from hotline.root_signing import Secrets, open_roots
from hotline.terms import Terms
from keys.suite import SUITE_1
from nodes.errors import ApiRefused
from nodes.files import make_directory, write_file
from nodes.governing import Treaty
from nodes.resources import catalogue, catalogue_of
from nodes.signed import SignedStatement
from nodes.voices import sound_leaf
from protocol.agreement import Agreement
from protocol.agreement_terms import DEFAULT_CLOCKS, Party
from protocol.errors import ProtocolError
from protocol.governance import AMEND, COUNTERSIGN, HOME, check_amendment
from protocol.statement import LogState
from protocol.verdict import index_of, voice_of

if TYPE_CHECKING:
    from nodes.home import ChannelHome, NodeHome
from nodes.root_sets import load_expected as roots_in_force

MODEL = "model-agreement.toml"


def model_text() -> bytes:
    """The model that comes with the program, as a draft."""
    return (resources.files("hotline") / "data" / MODEL).read_bytes()


def with_suite(draft: bytes, suite: str) -> bytes:
    """A draft with the line that names a suite, above all its other terms.

    Raises:
        Misused: `terms-refused`; it names another one.
    """
    lines = draft.decode().split("\n")
    if any(line.startswith("suite") for line in lines):
        raise Misused("terms-refused", "the text names another suite; change that line of it")
    first = next((number for number, line in enumerate(lines) if line and not line.startswith("#")), len(lines))
    return "\n".join([*lines[:first], f'suite = "{suite}"', *lines[first:]]).encode()


def base_terms(*, at_ms: int, own: PartyFile | None = None) -> Terms:
    """What a draft is laid over: the newest catalogue, a review in a year, and the usual terms.

    Args:
        at_ms: now, UTC milliseconds.
        own: our own party, whose keys give the suite; None for the usual one.
    """
    known = catalogue()
    today = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC).date()
    return Terms(
        title="Agreement on a direct line",
        purpose="Direct line on cyber incidents",
        languages=("en",),
        created_ms=at_ms,
        review_date=today + datetime.timedelta(days=365),
        catalogue_version=known.version,
        catalogue_digest=known.digest,
        clocks=DEFAULT_CLOCKS,
        suite=SUITE_1 if own is None else own.roots.suite,
    )


def amendment_of(
    base: Agreement, draft: bytes, *, own: PartyFile, at_ms: int, where: str, whole: bool = False
) -> Agreement:
    """Make the text of an amendment from a draft.

    Args:
        base: the agreement in force.
        draft: what changes; whatever it leaves out stays as it is, unless it is the whole text.
        whole: what it leaves out and an agreement need not have is taken away.
        own: the party that proposes; its name and desks are those of its card.
        at_ms: now, UTC milliseconds.
        where: name of the draft, for errors.

    Raises:
        Misused: the draft cannot be read.
        Refused: it cannot stand, or changes nothing.
    """
    terms = Terms.of(base)
    if whole:
        terms, _ = terms.without_left_out(draft, where=where)
    terms = terms.with_draft(draft, where=where)
    named = catalogue()
    terms = replace(
        terms,
        format=max(terms.format, 2),
        founding=base.founding or base.digest,
        amends=base.digest,
        created_ms=at_ms,
        catalogue_version=named.version,
        catalogue_digest=named.digest,
    )
    parties = tuple(_card(party, own) for party in base.parties)
    try:
        amended = terms.agreement(*parties)
        check_amendment(amended.text, base)
    except ProtocolError as error:
        why = f"the draft cannot take the place of the agreement in force: {error.beside_code}"
        raise Refused(error.code, why) from error
    if replace(amended, created_ms=base.created_ms, founding=base.founding, amends=base.amends) == base:
        raise Refused("bad-amendment", "the draft changes nothing")
    return amended


def _card(party: Party, own: PartyFile) -> Party:
    return replace(party, name=own.name, desks=own.desks) if party.short == own.short and own.desks else party


def propose(
    home: NodeHome, channel: ChannelHome, treaty: Treaty, amended: Agreement, opened: Secrets, *, at_ms: int
) -> dict[str, object]:
    """Have our roots sign an amendment, and bring it to our log.

    Returns:
        `state`, "logged" or "outbox", and `serial` where it has its place.

    Raises:
        CouldNot: too few root keys are there.
    """
    signed = _signed(home, channel, treaty, AMEND, amended.text, opened, reply=None, at_ms=at_ms)
    return _bring(home, channel, signed, f"amend-{amended.digest.hex()[:16]}")


def countersign(
    home: NodeHome, channel: ChannelHome, treaty: Treaty, place: int, opened: Secrets, *, at_ms: int
) -> dict[str, object]:
    """Have our roots sign the counterpart's amendment; with its place in our log, or at home, it is in force.

    Args:
        place: location of the amendment.

    Raises:
        Refused: it cannot take the place of the agreement in force.
        CouldNot: too few root keys are there.
    """
    amended = proposed(treaty, place)
    signed = _signed(home, channel, treaty, COUNTERSIGN, amended.text, opened, reply=place, at_ms=at_ms)
    return _bring(home, channel, signed, f"countersign-{amended.digest.hex()[:16]}")


def proposed(treaty: Treaty, place: int) -> Agreement:
    """What an amendment would make of the agreement in force.

    Raises:
        Refused: `amendment-refused`, or `catalogue-differs` where this program does not have its catalogue.
    """
    try:
        amended = check_amendment(treaty.text_at(place) or b"", treaty.reign.agreement)
    except ProtocolError as error:
        raise Refused("amendment-refused", f"{treaty.serial(place)}: {error}") from error
    if catalogue_of(amended.catalogue_digest) is None:
        raise Refused("catalogue-differs", "the amendment names a catalogue that this program does not have")
    return amended


_LISTED = "`hotline agreement show` lists what is proposed."


def place_of(treaty: Treaty, serial: str | None, *, own: str) -> int:
    """Location of an amendment of the counterpart's that could be accepted.

    Args:
        treaty: of the channel.
        serial: as people name it; None for the only one.
        own: our short name.

    Raises:
        CouldNot: there is none, or several and none was named.
    """
    shorts = treaty.founding.shorts
    found = {
        treaty.serial(place): place for place in treaty.governance.open_proposals() if shorts[voice_of(place)] != own
    }
    if serial is not None:
        if serial not in found:
            raise CouldNot("no-such-entry", f"{serial} is no amendment that could be accepted now", next_step=_LISTED)
        return found[serial]
    if len(found) != 1:
        many = f"name one of {', '.join(found)}" if found else "nothing waits to be countersigned"
        raise CouldNot("no-such-entry", many, next_step=_LISTED)
    return next(iter(found.values()))


def _signed(
    home: NodeHome,
    channel: ChannelHome,
    treaty: Treaty,
    kind: str,
    text: bytes,
    opened: Secrets,
    *,
    reply: int | None,
    at_ms: int,
) -> SignedStatement:
    own = read_party(home.party_path)
    states = {}
    for short in treaty.founding.shorts:
        head = treaty.voices.head(short)
        states[short] = LogState(head.size, head.root)
    return sign_document(
        kind,
        text,
        agreement=treaty.reign.agreement,
        party=own.short,
        roots=open_roots(own, opened),
        issued_at_ms=at_ms,
        after=states[own.short],
        seen=states[treaty.founding.other(own.short).short],
        thread=_leaf(treaty, HOME),
        in_reply_to=None if reply is None else _leaf(treaty, reply),
        numbers=roots_in_force(channel, treaty.founding, own.short).chain.roots,
    )


def _leaf(treaty: Treaty, place: int) -> bytes:
    """Leaf hash of the entry at a location; location 0 is entry 0 of the home."""
    voice, index = treaty.founding.shorts[voice_of(place)], index_of(place)
    if index >= treaty.voices.head(voice).size:
        raise CouldNot("no-such-entry", f"{voice} {index} is not here yet; let the nodes speak first")
    leaf = sound_leaf(treaty.voices, voice, index)
    if leaf is None:
        raise CouldNot("log-damaged", f"{voice} {index} is damaged on this disk; run: hotline scrub")
    return leaf


def _bring(home: NodeHome, channel: ChannelHome, signed: SignedStatement, name: str) -> dict[str, object]:
    """Hand it to the node, if it runs; else it waits for its next start."""
    from nodes.client import NodeClient

    try:
        with NodeClient.connect(home.socket) as client:
            answer = client.request("submit", counterpart=channel.counterpart, signed=signed.encode(), wait="logged")
    except ApiRefused as error:
        if error.code not in {"node-not-running", "api-forbidden", "node-closed", "timed-out"}:
            raise
        make_directory(channel.outbox)
        write_file(channel.outbox / f"{name}.statement", signed.encode())
        return {"state": "outbox", "serial": None}
    return {"state": answer["state"], "serial": answer.get("serial")}
