"""The second suite at the command line: homes, agreements and pairings, and homes of two suites that do not meet."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.agreements import amendment_of
from hotline.errors import Refused
from hotline.party_file import read_party
from keys.roster import parse
from keys.suite import SUITE_1, SUITE_2
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.governance import check_amendment
from tests.builders import roots
from tests.hotline.people import OFFICERS, PASSPHRASE, TERMS, acting, free_port, hotline, ok, pair
from tests.hotline.people import make_home as make_first

pytestmark = pytest.mark.slow


def make_home(directory: Path, short: str, officers: Sequence[str] = ("duty",)) -> Path:
    """A party's home of the second suite."""
    (directory / "passphrase").write_bytes(PASSPHRASE)
    (directory / "passphrase").chmod(0o600)
    home = directory / short
    domain = f"line.{short.lower()}.example"
    done = ok(
        *acting(home, "init", "--party", short, "--name", f"Party {short}", "--domain", domain),
        *("--roots", "1", "--threshold", "1", "--listen", f"127.0.0.1:{free_port()}", "--suite", SUITE_2.name),
    )
    assert done["suite"] == SUITE_2.name
    for name in officers:
        ok(*acting(home, "officer", "add", name, "--role", OFFICERS[name]))
    return home


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two paired homes of the second suite."""
    directory = tmp_path_factory.mktemp("suites")
    (directory / "terms.toml").write_text(TERMS)
    arc, bor = make_home(directory, "ARC"), make_home(directory, "BOR")
    pair(arc, bor)
    return arc, bor


def code(*arguments: str | Path) -> str:
    """The code with which a command fails."""
    done = hotline(*arguments, "--json")
    assert done.status != 0
    return str(done.json["error"]["code"])


def test_everything_that_two_homes_agree_on_is_of_their_suite(homes: tuple[Path, Path]) -> None:
    """The text, both rosters, and what `keys status` says; nobody asked for it but `init`."""
    arc, bor = homes
    agreement = Agreement.parse((arc / "channels/BOR/agreement.toml").read_bytes())
    assert agreement.suite is SUITE_2
    for home, other in ((arc, "BOR"), (bor, "ARC")):
        for party in ("ARC", "BOR"):
            roster = parse((home / f"channels/{other}/rosters/{party}-1.toml").read_bytes())
            officers = {one.key.suite for one in roster.people if one.key is not None}
            assert {roster.node.suite, roster.sealing.suite} == officers == {SUITE_2}
    assert ok("--home", arc, "keys", "status")["suite"] == SUITE_2.name
    assert "ed25519+ml-dsa-87, sealed with ML-KEM-1024 and P-384" in hotline("--home", arc, "keys", "status").out


def test_homes_of_two_suites_do_not_pair(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Whoever proposes: the terms cannot stand, and nothing is left behind."""
    car = make_first(tmp_path, "CAR")
    for first, second in ((homes[0], car), (car, homes[0])):
        ok(*acting(first, "pair", "propose", tmp_path / "offer", "--endpoint", "127.0.0.1:7443"))
        arguments = acting(second, "pair", "accept", tmp_path / "offer", tmp_path / "answer", "--yes")
        done = hotline(*arguments, "--json")
        assert done.json["error"]["code"] == "other-suite"
        assert not (tmp_path / "answer").exists()
        (tmp_path / "offer").unlink()


def test_a_draft_names_a_suite_and_a_home_of_another_does_not_propose_it(
    homes: tuple[Path, Path], tmp_path: Path
) -> None:
    """`agreement new --suite` writes the line, lint finds that the home has other keys, and `pair propose` stops."""
    strong, weak = tmp_path / "strong.toml", tmp_path / "weak.toml"
    ok("agreement", "new", "--suite", SUITE_2.name, "-o", strong)
    weak.write_text('suite = "ed25519+ml-dsa-65"\n')
    assert f'\nsuite = "{SUITE_2.name}"\n' in strong.read_text()
    assert ok("--home", homes[0], "agreement", "lint", strong)["errors"] == 0
    found = hotline("--home", homes[0], "agreement", "lint", weak, "--json").json["problems"]
    assert [(one["code"], one["line"]) for one in found if one["severity"] == "error"] == [("other-suite", 1)]
    arguments = acting(homes[0], "pair", "propose", tmp_path / "offer", "--endpoint", "127.0.0.1:7443")
    assert code(*arguments, "--agreement", weak) == "other-suite"
    assert code("agreement", "new", "--from", strong, "--suite", "ed25519+ml-dsa-65", "-o", tmp_path / "x") == (
        "terms-refused"
    )
    assert code("agreement", "new", "--suite", "ed25519+ml-dsa-99", "-o", tmp_path / "x") == "usage"


def test_no_amendment_changes_the_suite(homes: tuple[Path, Path]) -> None:
    """A draft of an amendment that names another suite is refused, and so is a text with the root keys for it."""
    base = Agreement.parse((homes[0] / "channels/BOR/agreement.toml").read_bytes())
    card = read_party(homes[0] / "party.toml")
    with pytest.raises(Refused) as caught:
        amendment_of(base, b'suite = "ed25519+ml-dsa-65"\n', own=card, at_ms=base.created_ms + 1, where="draft")
    assert caught.value.code == "other-suite"
    one, two = (replace(party, roots=roots(party.short)) for party in base.parties)
    amended = replace(base, suite=SUITE_1, parties=(one, two), founding=base.digest, amends=base.digest)
    with pytest.raises(ProtocolError, match="keeps the suite"):
        check_amendment(amended.text, base)


def test_a_root_of_the_second_suite_comes_back_from_its_shares(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Shares are of a seed and do not say the suite; the key that comes back is the one of the card."""
    arc = tmp_path / "arc" / "ARC"
    shutil.copytree(homes[0], arc)
    shutil.copy(homes[0].parent / "passphrase", arc.parent / "passphrase")
    files = [tmp_path / f"share-{number}" for number in (1, 2, 3)]
    outputs = [part for path in files for part in ("-o", path)]
    ok(*acting(arc, "root", "shares", "make", "--root", "1", "--shares", "3", *outputs))
    (arc / "roots" / "root-1.key").unlink()
    ok(*acting(arc, "root", "shares", "restore", *files[:2]))
    ok(*acting(arc, "roster", "renew"))
