"""The pairing ceremony, done right and done by somebody in between."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotline import pairing
from hotline.documents import AGREEMENT, sign_document
from hotline.errors import CouldNot, HotlineError, Refused
from hotline.pairing_files import Offer, SignedTerms, kind_of
from hotline.party_file import read_party
from hotline.root_signing import Secrets, open_roots
from hotline.terms import Terms
from keys.keyring import NodeKeyring
from nodes.files import read_file
from nodes.home import NodeHome
from nodes.key_files import read_keyring
from nodes.signed import SignedStatement
from protocol import canonical
from protocol.agreement import Agreement
from protocol.errors import AgreementRefused
from tests.hotline.people import PASSPHRASE, acting, hotline, make_home, ok, paired

SECRET = PASSPHRASE.strip()
NOW = 1_795_305_236_589


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two paired homes that no test of this module changes."""
    return paired(tmp_path_factory.mktemp("pairing"))


@pytest.fixture(scope="module")
def files(homes: tuple[Path, Path]) -> dict[str, bytes]:
    """The three files that went between them."""
    room = homes[0].parent
    return {name: (room / name).read_bytes() for name in ("offer", "answer", "final")}


def opened(home: Path) -> Secrets:
    """What opens a home of these tests."""
    return Secrets(passphrase=SECRET, roots=home / "roots", root_passphrase=SECRET)


def test_both_sides_hold_the_same_text_and_words(homes: tuple[Path, Path]) -> None:
    """The agreement's exact bytes, the words, and each officer's pin are equal on both sides."""
    arc, bor = homes
    text = (arc / "channels/BOR/agreement.toml").read_bytes()
    assert text == (bor / "channels/ARC/agreement.toml").read_bytes()
    assert text == (arc / "officers/duty/pins/BOR.toml").read_bytes()
    assert pairing.state_of(NodeHome(arc), "BOR").words == pairing.state_of(NodeHome(bor), "ARC").words
    assert Agreement.parse(text).demonstration


def test_the_node_has_the_keys_that_its_roster_names(homes: tuple[Path, Path]) -> None:
    """Log and mirror keys in the sealed file are those that the roots signed."""
    arc = NodeHome(homes[0])
    ring = read_keyring(arc.keyring_path, NodeKeyring, SECRET)
    agreement = Agreement.parse(read_file(arc.channel("BOR").agreement_path))
    from keys.roster import parse

    roster = parse(read_file(arc.channel("BOR").roster_path("ARC", 1)))
    log = ring.log_signers(agreement.channel, agreement.origin("ARC", roster.epoch))
    mirror = ring.mirror_signers(agreement.channel, agreement.mirror_name("ARC"))
    assert [one.verifier.raw for one in (*log, *mirror)] == [
        roster.log.ed25519,
        roster.log.mldsa44,
        roster.mirror.ed25519,
        roster.mirror.mldsa44,
    ]


def test_everything_secret_is_for_its_owner_only(homes: tuple[Path, Path]) -> None:
    """Directories 0700, files 0600, and no key in the open."""
    for path in homes[0].rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_answer_on_other_terms_is_refused(homes: tuple[Path, Path], files: dict[str, bytes]) -> None:
    """Whoever changes a term on the way, and has roots sign it, does not get past the first party's own offer."""
    arc, bor = homes
    answer = SignedTerms.parse(files["answer"], final=False)
    assert answer.agreement.body is not None
    agreement = Agreement.parse(answer.agreement.body)
    other = replace(agreement, beat=replace(agreement.beat, every_ms=3_600_000))
    roots = open_roots(read_party(bor / "party.toml"), opened(bor))
    forged = sign_document(AGREEMENT, other.text, agreement=other, party="BOR", roots=roots, issued_at_ms=NOW)
    with pytest.raises(Refused) as caught:
        pairing.preview_answer(NodeHome(arc), replace(answer, agreement=forged).encode(final=False))
    assert caught.value.code == "pairing-terms-differ"


def test_too_few_roots_are_refused(homes: tuple[Path, Path], files: dict[str, bytes]) -> None:
    """An answer that one of two roots signed does not hold."""
    answer = SignedTerms.parse(files["answer"], final=False)
    short = replace(answer.agreement, signatures=answer.agreement.signatures[:1])
    with pytest.raises(Refused, match="roots"):
        pairing.preview_answer(NodeHome(homes[0]), replace(answer, agreement=short).encode(final=False))


def test_one_root_twice_is_one_root(homes: tuple[Path, Path], files: dict[str, bytes]) -> None:
    """Two signatures by the same root do not make a quorum of two."""
    answer = SignedTerms.parse(files["answer"], final=False)
    first = answer.agreement.signatures[0]
    doubled = replace(answer.agreement, signatures=(first, first))
    with pytest.raises(Refused, match="roots"):
        pairing.preview_answer(NodeHome(homes[0]), replace(answer, agreement=doubled).encode(final=False))


def test_an_answer_to_nobody_is_refused(homes: tuple[Path, Path], files: dict[str, bytes]) -> None:
    """An answer that names another offer, and a final file for another agreement."""
    answer = SignedTerms.parse(files["answer"], final=False)
    with pytest.raises(Refused) as caught:
        pairing.preview_answer(NodeHome(homes[0]), replace(answer, refers_to=bytes(32)).encode(final=False))
    assert caught.value.code == "pairing-not-offered"
    with pytest.raises(Refused):
        pairing.preview_final(NodeHome(homes[0]), files["final"])


def test_an_offer_of_our_own_is_refused(homes: tuple[Path, Path], files: dict[str, bytes]) -> None:
    """A party does not pair with itself."""
    with pytest.raises(Refused) as caught:
        pairing.accept(NodeHome(homes[0]), files["offer"], opened=opened(homes[0]), endpoints=(), now_ms=NOW)
    assert caught.value.code == "pairing-with-self"


def test_a_second_channel_with_one_party_is_refused(homes: tuple[Path, Path], files: dict[str, bytes]) -> None:
    """There is a channel already; its files stay as they are."""
    with pytest.raises(CouldNot) as caught:
        pairing.accept(NodeHome(homes[1]), files["offer"], opened=opened(homes[1]), endpoints=(), now_ms=NOW)
    assert caught.value.code == "channel-exists"


def test_a_final_file_given_twice_is_complete_already(homes: tuple[Path, Path]) -> None:
    """Nobody is told to make a new offer for it."""
    _, bor = homes
    again = hotline(*acting(bor, "pair", "confirm", bor.parent / "final", "--yes", "--json"))
    error = again.json["error"]
    assert (again.status, error["code"]) == (1, "pairing-not-offered")
    assert "complete already" in error["text"]
    assert "propose" not in error["next"]


def test_before_its_first_start_a_home_says_what_to_do(homes: tuple[Path, Path]) -> None:
    """There are no logs to be read yet, and nothing is wrong with the disk."""
    arc, _ = homes
    for words in (("agreement", "show"), ("log", "export", arc.parent / "out")):
        error = hotline("--home", arc, *words, "--json").json["error"]
        assert (error["code"], "node run" in error["next"]) == ("nothing-logged", True)


def test_other_words_stop_the_ceremony(homes: tuple[Path, Path]) -> None:
    """One word that differs is refused; case and hyphens are not words."""
    state = pairing.state_of(NodeHome(homes[0]), "BOR")
    pairing.check_words(state, "-".join(state.words).upper())
    with pytest.raises(Refused) as caught:
        pairing.check_words(state, " ".join((*state.words[:-1], "acorn" if state.words[-1] != "acorn" else "glass")))
    assert caught.value.code == "words-differ"


def test_the_words_change_with_what_somebody_in_between_would_change(files: dict[str, bytes]) -> None:
    """A text of other terms has other words."""
    answer = SignedTerms.parse(files["answer"], final=False)
    assert answer.agreement.body is not None
    agreement = Agreement.parse(answer.agreement.body)
    other = replace(agreement, title="Another title")
    words = [pairing._paired("BOR", one, answer.roster, complete=False).words for one in (agreement, other)]
    assert len(set(words[0]) & set(words[1])) < 7


@given(st.binary(max_size=200))
@example(canonical.encode([[]]))
@example(canonical.encode([{}, 1]))
def test_what_is_no_pairing_file_is_refused(data: bytes) -> None:
    """Bytes from anywhere end in one kind of error."""
    for read in (kind_of, Offer.parse, lambda raw: SignedTerms.parse(raw, final=True)):
        with pytest.raises(HotlineError):
            read(data)


@given(place=st.integers(min_value=0, max_value=2**20), bit=st.integers(min_value=0, max_value=7))
def test_a_flipped_bit_never_passes_for_the_answer(
    homes: tuple[Path, Path], files: dict[str, bytes], place: int, bit: int
) -> None:
    """One bit anywhere in an answer is refused, or changes only where the node is said to answer."""
    data = bytearray(files["answer"])
    data[place % len(data)] ^= 1 << bit
    try:
        found, _ = pairing.preview_answer(NodeHome(homes[0]), bytes(data))
    except (HotlineError, AgreementRefused):
        return
    whole = SignedTerms.parse(files["answer"], final=False)
    signatures = [one.value for one in whole.agreement.signatures]
    assert found.agreement.body == whole.agreement.body
    assert found.endpoints != whole.endpoints or [one.value for one in found.agreement.signatures] == signatures


def test_terms_travel_unchanged(files: dict[str, bytes]) -> None:
    """What is read from an offer is what was offered."""
    offer = Offer.parse(files["offer"])
    assert Terms.from_text(offer.terms.text()) == offer.terms
    later: dict[str, Any] = {
        "disclosure": (),
        "kind_clocks": (),
        "accumulation": None,
        "observables": (),
        "thresholds": (),
    }
    earlier = replace(offer.terms, format=1, **later)
    assert Terms.from_wire(earlier.to_wire()) == earlier
    assert offer.encode() == files["offer"]


@pytest.mark.slow
def test_commands_say_when_a_step_is_out_of_place(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Confirming an offer, accepting an answer, and confirming without having compared."""
    home = make_home(tmp_path, "CEL")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert hotline(*acting(home, "pair", "confirm", tmp_path / "offer", "--yes", "--json")).status == 2
    refused = hotline(*acting(home, "pair", "accept", tmp_path / "answer", tmp_path / "out", "--yes", "--json"))
    assert (refused.status, refused.json["error"]["code"]) == (1, "pairing-file-malformed")
    assert refused.json["error"]["text"].startswith(
        "this is the answer to an offer (hotline pair accept); wanted is the"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_answer_that_got_lost_is_given_again(tmp_path: Path, files: dict[str, bytes]) -> None:
    """A second answer needs to be asked for, and has other keys and so other words."""
    home = make_home(tmp_path, "CEL")
    (tmp_path / "offer").write_bytes(files["offer"])
    first = ok(*acting(home, "pair", "accept", tmp_path / "offer", tmp_path / "one", "--yes"))
    again = hotline(*acting(home, "pair", "accept", tmp_path / "offer", tmp_path / "two", "--yes", "--json"))
    assert again.json["error"]["code"] == "pairing-open"
    second = ok(*acting(home, "pair", "accept", tmp_path / "offer", tmp_path / "two", "--again", "--yes"))
    assert first["words"] != second["words"]


@pytest.mark.slow
def test_a_new_officer_gets_into_the_next_roster(tmp_path: Path) -> None:
    """After pairing the roots sign version 2, which waits in the outbox while the node is stopped; then version 3."""
    arc, _ = paired(tmp_path)
    added = ok(*acting(arc, "officer", "add", "lawyer", "--role", "legal"))
    assert added["rosters"] == [{"counterpart": "BOR", "version": 2, "state": "outbox"}]
    ok(*acting(arc, "officer", "add", "second", "--role", "duty", "--role", "release"))
    waiting = sorted((arc / "channels/BOR/outbox").iterdir())
    assert [path.name for path in waiting] == ["roster-000002.statement", "roster-000003.statement"]
    from keys.roster import parse

    roster = parse(SignedStatement.parse(waiting[-1].read_bytes()).body or b"")
    assert [person.roles for person in roster.people][-2:] == [("legal",), ("duty", "release")]


@pytest.mark.slow
def test_terms_are_not_signed_by_a_script_that_says_nothing(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Unattended, root keys sign only where the command says that somebody read the terms."""
    home = make_home(tmp_path, "CEL")
    (tmp_path / "offer").write_bytes(files["offer"])
    refused = hotline(*acting(home, "pair", "accept", tmp_path / "offer", tmp_path / "out", "--json"))
    assert (refused.status, refused.json["error"]["code"]) == (2, "terms-not-read")
    assert not (tmp_path / "out").exists()
