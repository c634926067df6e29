"""The pairing ceremony: three files handed over, one telephone call, and a channel that both parties signed.

    first party                          second party
    propose  -> offer   ----------->     accept  -> answer
    confirm  -> final   <-----------     (answer)
        |    safety words, by voice           |
    (final)             ----------->     confirm

1. `propose` writes the first party's roots and the terms it offers.
2. `accept` completes the agreement's text, makes fresh log and mirror keys, and signs the text and a first roster with
   the second party's roots. Nothing of it counts before step 4.
3. `confirm` at the first party checks that the text is its own offer with the other party added, and that the other's
   roots signed it. People compare the safety words; then it makes its own keys, signs, and has its channel.
4. `confirm` at the second party checks the first party's signatures under the text that it signed itself.

The safety words are over the agreement's digest and the second party's roster. The roster holds keys that were made
after the offer was fixed, so somebody in between cannot look for two texts with equal words beforehand.

Source: spec/pairing.md.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
from dataclasses import dataclass
from pathlib import Path

from hotline.documents import AGREEMENT, check_document, check_roster
from hotline.errors import CouldNot, Refused
from hotline.pairing_files import FILE_BYTES_MAX, Offer, SignedTerms
from hotline.party_file import PartyFile, read_party, toml_string
from hotline.root_signing import FIRST_EPOCH, Secrets, sign_channel
from hotline.terms import Terms
from keys.quorum import RootSet
from keys.words import safety_words
from nodes.errors import FileRefused
from nodes.files import make_directory, read_file, sync_directory, write_file
from nodes.home import SHORT_NAME, ChannelHome, NodeHome
from nodes.resources import catalogue
from nodes.signed import SignedStatement
from nodes.stopped import read_agreement
from protocol.agreement import Agreement
from protocol.agreement_terms import Party
from protocol.errors import ProtocolError
from protocol.statement import EMPTY_LOG, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """How far a pairing is.

    Attributes:
        counterpart: short name of the other party.
        agreement: the text with what it says.
        words: to be compared by voice.
        complete: whether this side has its channel.
    """

    counterpart: str
    agreement: Agreement
    words: tuple[str, ...]
    complete: bool


def propose(home: NodeHome, terms: Terms, *, endpoints: tuple[str, ...]) -> bytes:
    """Make an offer and keep a copy of it, for `confirm`.

    Raises:
        CouldNot: the party's card does not parse.
        Refused: `other-suite`; the terms name another suite than that of the home's keys.
    """
    party = card_of(read_party(home.party_path))
    check_suite(terms, party)
    offer = Offer(party=party, terms=terms, endpoints=endpoints).encode()
    make_directory(_offers(home))
    write_file(_offers(home) / f"{hashlib.sha256(offer).hexdigest()}.offer", offer)
    return offer


def accept(
    home: NodeHome,
    offer_bytes: bytes,
    *,
    opened: Secrets,
    endpoints: tuple[str, ...],
    now_ms: int,
    again: bool = False,
) -> tuple[bytes, Paired]:
    """Take an offer: complete the agreement, make the channel's keys, sign.

    Args:
        home: of the second party.
        offer_bytes: the first party's file, as it came.
        opened: the second party's secrets.
        endpoints: where its node answers.
        now_ms: now, UTC milliseconds.
        again: drop an earlier answer to that party that was never confirmed.

    Returns:
        The answer, and the words to compare.

    Raises:
        Refused: the offer does not parse, or its terms cannot stand.
        CouldNot: there is a channel with that party, or an answer to another offer of it waits.
    """
    own = read_party(home.party_path)
    offer, agreement = check_offer(offer_bytes, own=card_of(own), catalogue_digest=catalogue().digest)
    channel = home.channel(offer.party.short)
    if again and not channel.is_paired():
        shutil.rmtree(channel.path / "pairing", ignore_errors=True)
    _require_new(channel)
    agreement_statement, roster_statement = sign_channel(home, own, agreement, channel, opened, now_ms=now_ms)
    answer = SignedTerms(
        refers_to=hashlib.sha256(offer_bytes).digest(),
        agreement=agreement_statement,
        roster=roster_statement,
        endpoints=endpoints,
    ).encode(final=False)
    pending = channel.path / "pairing"
    make_directory(pending)
    write_file(pending / "answer", answer)
    write_file(pending / "endpoints.toml", _endpoints_text(offer.endpoints))
    return answer, _paired(channel.counterpart, agreement, roster_statement, complete=False)


def check_offer(offer_bytes: bytes, *, own: Party, catalogue_digest: bytes) -> tuple[Offer, Agreement]:
    """Read an offer, and complete the agreement that it proposes.

    Args:
        offer_bytes: the first party's file, as it came.
        own: the second party, whom the agreement lacks.
        catalogue_digest: of the catalogue that is at hand.

    Raises:
        Refused: the offer does not parse, is our own, is of another suite than either party's keys, its terms cannot
            stand, or it names another catalogue.
    """
    offer = Offer.parse(offer_bytes)
    if offer.party.short == own.short:
        raise Refused("pairing-with-self", f"the offer is by {own.short}, as this home is")
    for party in (offer.party, own):
        check_suite(offer.terms, party)
    agreement = _agreement(offer.terms, offer.party, own)
    if agreement.founding is not None:
        raise Refused("bad-amendment", "an amendment founds no channel")
    if agreement.catalogue_digest != catalogue_digest:
        raise Refused("catalogue-differs", "the two sides have different catalogues of kinds; install one version")
    return offer, agreement


def _refuse_twice(home: NodeHome, digest: bytes) -> None:
    """Raises Refused: the pairing that a file belongs to is complete, and giving it again needs nothing done."""
    for channel in home.channels():
        if read_agreement(channel).digest == digest:
            text = f"the pairing with {channel.counterpart} is complete already"
            raise Refused("pairing-not-offered", text, next_step="Nothing is to be done: `pair show` has it.")


def preview_answer(home: NodeHome, answer_bytes: bytes) -> tuple[SignedTerms, Paired]:
    """Check an answer against the offer it answers and give the words, before anything is signed.

    Raises:
        Refused: it answers no offer of ours, its text is not our offer with a party added, or its roots did not sign.
    """
    answer = SignedTerms.parse(answer_bytes, final=False)
    try:
        offer_bytes = read_file(_offers(home) / f"{answer.refers_to.hex()}.offer", bytes_max=FILE_BYTES_MAX)
    except FileRefused as error:
        raise Refused("pairing-not-offered", "this answers no offer made by this home") from error
    offer = Offer.parse(offer_bytes)
    own = read_party(home.party_path)
    agreement = _parse_agreement(answer.agreement)
    if own.short not in agreement.shorts:
        raise Refused("pairing-terms-differ", f"{own.short} is not a party to the text")
    other = agreement.other(own.short)
    # The whole text is made anew from our own offer: whatever else was changed shows as a difference.
    if _agreement(offer.terms, card_of(own), other).text != agreement.text:
        raise Refused("pairing-terms-differ", "the text is not the one this home offered, with the other party added")
    _check_statements(answer, agreement, other.short)
    return answer, _paired(other.short, agreement, answer.roster, complete=False)


def confirm_answer(
    home: NodeHome, answer_bytes: bytes, *, opened: Secrets, endpoints: tuple[str, ...], now_ms: int
) -> tuple[bytes, Paired]:
    """Sign what the second party signed, and have the channel. The words must have been compared.

    Returns:
        The final file, for the second party.

    Raises:
        Refused: as `preview_answer`.
        CouldNot: there is a channel with that party.
    """
    answer, paired = preview_answer(home, answer_bytes)
    own = read_party(home.party_path)
    channel = home.channel(paired.counterpart)
    _require_new(channel)
    agreement_statement, roster_statement = sign_channel(home, own, paired.agreement, channel, opened, now_ms=now_ms)
    final = SignedTerms(
        refers_to=paired.agreement.digest,
        agreement=agreement_statement,
        roster=roster_statement,
        endpoints=endpoints,
    ).encode(final=True)
    _finish(
        home,
        channel,
        paired.agreement,
        own=(agreement_statement, roster_statement),
        their=answer,
        endpoints=answer.endpoints,
    )
    return final, _paired(paired.counterpart, paired.agreement, answer.roster, complete=True)


def final_again(home: NodeHome, counterpart: str, *, endpoints: tuple[str, ...]) -> bytes | None:
    """Give the final file of a channel that this home, as the first party, has and has not logged anything on yet.

    It is for a first party that was interrupted after its channel was there and before the file was.

    Returns:
        The file; None where the statements have gone into the log.
    """
    channel = home.channel(counterpart)
    paths = [channel.bootstrap / f"{place:03d}.statement" for place in (0, 1)]
    if not channel.is_paired() or not all(path.is_file() for path in paths):
        return None
    agreement, roster = (SignedStatement.parse(read_file(path, bytes_max=FILE_BYTES_MAX)) for path in paths)
    refers_to = _parse_agreement(agreement).digest
    return SignedTerms(refers_to=refers_to, agreement=agreement, roster=roster, endpoints=endpoints).encode(final=True)


def preview_final(home: NodeHome, final_bytes: bytes) -> tuple[SignedTerms, SignedTerms, Paired]:
    """Check a final file against the answer that this home gave.

    Returns:
        The final file's contents, our own answer, and how far the pairing is.

    Raises:
        Refused: it is for another agreement, or the first party's roots did not sign.
    """
    final = SignedTerms.parse(final_bytes, final=True)
    own = read_party(home.party_path)
    for candidate in sorted((home.path / "channels").glob("*/pairing/answer")):
        answer = SignedTerms.parse(read_file(candidate, bytes_max=FILE_BYTES_MAX), final=False)
        agreement = _parse_agreement(answer.agreement)
        if agreement.digest == final.refers_to:
            other = agreement.other(own.short)
            _check_statements(final, agreement, other.short)
            return final, answer, _paired(other.short, agreement, answer.roster, complete=False)
    _refuse_twice(home, final.refers_to)
    raise Refused("pairing-not-offered", "this is for no agreement that this home has signed")


def confirm_final(home: NodeHome, final_bytes: bytes) -> Paired:
    """Complete the second party's side. The words must have been compared.

    Raises:
        Refused: as `preview_final`.
    """
    final, answer, paired = preview_final(home, final_bytes)
    channel = home.channel(paired.counterpart)
    if channel.is_paired():
        raise CouldNot("channel-exists", f"there is a channel with {paired.counterpart} already")
    _finish(
        home,
        channel,
        paired.agreement,
        own=(answer.agreement, answer.roster),
        their=final,
        endpoints=final.endpoints,
    )
    return Paired(counterpart=paired.counterpart, agreement=paired.agreement, words=paired.words, complete=True)


def check_words(paired: Paired, said: str) -> None:
    """Compare what the other side read out with our own words; case and what stands between words do not matter.

    Raises:
        Refused: they differ.
    """
    heard = " ".join(said.lower().replace("-", " ").replace(",", " ").split())
    if not hmac.compare_digest(heard.encode("utf-8", "replace"), " ".join(paired.words).encode()):
        raise Refused("words-differ", "the safety words are not the same: somebody may stand between the two parties")


def state_of(home: NodeHome, counterpart: str) -> Paired:
    """Say how far the pairing with a party is.

    Raises:
        CouldNot: there is none.
    """
    channel = home.channel(counterpart)
    answer_path = channel.path / "pairing" / "answer"
    if channel.is_paired():
        agreement = Agreement.parse_founding(read_file(channel.agreement_path))
        second = read_file(channel.path / "second-party").decode("ascii").strip()
        signed = SignedStatement.parse(read_file(channel.roster_statement_path(second, 1)))
        return _paired(counterpart, agreement, signed, complete=True)
    if answer_path.is_file():
        answer = SignedTerms.parse(read_file(answer_path, bytes_max=FILE_BYTES_MAX), final=False)
        return _paired(counterpart, _parse_agreement(answer.agreement), answer.roster, complete=False)
    raise CouldNot("channel-unknown", f"there is no pairing with {counterpart}")


def pairings(home: NodeHome) -> list[str]:
    """Name the parties with whom a pairing is complete or accepted, in order."""
    directory = home.path / "channels"
    if not directory.is_dir():
        return []
    names = sorted(item.name for item in directory.iterdir() if SHORT_NAME.fullmatch(item.name))
    return [
        name
        for name in names
        if home.channel(name).is_paired() or (home.channel(name).path / "pairing" / "answer").is_file()
    ]


def _finish(
    home: NodeHome,
    channel: ChannelHome,
    agreement: Agreement,
    *,
    own: tuple[SignedStatement, SignedStatement],
    their: SignedTerms,
    endpoints: tuple[str, ...],
) -> None:
    """Write the channel's files. The agreement comes last: only with it is the channel there."""
    party, counterpart = home.party, channel.counterpart
    for directory in (channel.path, channel.bootstrap, channel.outbox, channel.rosters):
        make_directory(directory)
    for place, signed in enumerate(own):
        write_file(channel.bootstrap / f"{place:03d}.statement", signed.encode())
    for short, signed in ((party, own[1]), (counterpart, their.roster)):
        assert signed.body is not None  # noqa: S101 - both were made or checked as documents.
        write_file(channel.roster_path(short, 1), signed.body)
        write_file(channel.roster_statement_path(short, 1), signed.encode())
    write_file(channel.path / "agreement.statement", their.agreement.encode())
    # Which roster the safety words are over: that of the party which accepted.
    accepted = party if (channel.path / "pairing" / "answer").is_file() else counterpart
    write_file(channel.path / "second-party", f"{accepted}\n".encode("ascii"))
    write_file(channel.settings_path, _endpoints_text(endpoints))
    for name in home.officer_names():
        pins = home.officers / name / "pins"
        make_directory(pins)
        write_file(pins / f"{counterpart}.toml", agreement.text)
    write_file(channel.agreement_path, agreement.text)
    shutil.rmtree(channel.path / "pairing", ignore_errors=True)
    sync_directory(channel.path)


def check_suite(terms: Terms, party: Party) -> None:
    """Check that the root keys of a party are of the suite of the terms, and so all that they sign.

    Raises:
        Refused: `other-suite`.
    """
    if party.roots.suite is not terms.suite:
        text = f"the keys of {party.short} are of {party.roots.suite.name}, the terms of {terms.suite.name}"
        raise Refused("other-suite", text)


def _check_statements(signed: SignedTerms, agreement: Agreement, party: str) -> None:
    check_document(signed.agreement, AGREEMENT, agreement=agreement, party=party)
    if signed.agreement.body != agreement.text:
        raise Refused("pairing-terms-differ", f"{party} signed another text")
    roster = check_roster(signed.roster, agreement=agreement, party=party)
    if roster.version != 1 or roster.epoch != FIRST_EPOCH:
        raise Refused("roster-refused", f"the roster of {party} is not a first one")
    for one in (signed.agreement, signed.roster):
        # They become entries 0 and 1. Made for a later state, they would have no effect there, nor would what follows.
        header = Statement.parse(one.statement)
        if header.after != EMPTY_LOG or header.seen != EMPTY_LOG:
            raise Refused("after-not-of-log", f"the {header.kind} of {party} is not for the beginning of a log")


def _paired(counterpart: str, agreement: Agreement, second: SignedStatement, *, complete: bool) -> Paired:
    assert second.body is not None  # noqa: S101 - a roster statement that was made or checked here.
    words = safety_words("pairing", agreement.digest, second.body)
    return Paired(counterpart=counterpart, agreement=agreement, words=words, complete=complete)


def _agreement(terms: Terms, one: Party, other: Party) -> Agreement:
    try:
        return terms.agreement(one, other)
    except ProtocolError as error:
        raise Refused("pairing-terms-refused", f"the terms cannot stand: {error}") from error


def _parse_agreement(signed: SignedStatement) -> Agreement:
    if signed.body is None:
        raise Refused("pairing-file-malformed", "the agreement's text is missing")
    try:
        return Agreement.parse_founding(signed.body)
    except ProtocolError as error:
        raise Refused("pairing-file-malformed", f"the agreement does not parse: {error}") from error


def card_of(party: PartyFile) -> Party:
    """What an agreement holds of a party."""
    # In an agreement roots are numbered from 1, whatever became of those before them.
    roots = RootSet(party.roots.threshold, party.roots.keys)
    return Party(party.short, party.name, party.domain, roots, party.desks)


def _require_new(channel: ChannelHome) -> None:
    if channel.is_paired():
        raise CouldNot("channel-exists", f"there is a channel with {channel.counterpart} already")
    if (channel.path / "pairing").exists():
        raise CouldNot("pairing-open", f"an answer to {channel.counterpart} waits to be confirmed")


def _offers(home: NodeHome) -> Path:
    return home.path / "offers"


def _endpoints_text(endpoints: tuple[str, ...]) -> bytes:
    listed = ", ".join(toml_string(endpoint) for endpoint in endpoints)
    return f"# Where the counterpart's node answers, tried in this order.\nendpoints = [{listed}]\n".encode()
