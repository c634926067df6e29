"""`hotline root shares`: a root key goes to paper and comes back, and nothing else passes for it."""

import itertools
import json
import re
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.errors import Refused
from hotline.root_backups import read_backups
from hotline.root_shares import Page, make_pages, read_page
from keys.keyring import RootKeyring
from nodes.home import NodeHome
from tests.hotline.people import PASSPHRASE, Done, acting, hotline, make_home, ok
from tests.hotline.test_at_a_terminal import TIMEOUT_S, Terminal, terminal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def arc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two roots."""
    return make_home(tmp_path_factory.mktemp("shares"), "ARC")


def made(home: Path, where: Path, *options: str | Path, root: int = 1, of: int = 3) -> list[Path]:
    """Make shares of a root in files."""
    files = [where / f"share-{root}-{place}" for place in range(1, of + 1)]
    outputs = [part for path in files for part in ("-o", path)]
    ok(*acting(home, "root", "shares", "make", "--root", str(root), "--shares", str(of), *options, *outputs))
    return files


def rehearsed(home: Path, *arguments: str | Path) -> Done:
    """Try shares."""
    return hotline(*acting(home, "root", "shares", "rehearse", *arguments), "--json")


def code(done: Done) -> str:
    """The code of a command that failed."""
    return str(done.json["error"]["code"])


def test_a_root_comes_back_from_two_of_three(arc: Path, tmp_path: Path) -> None:
    """Rehearsed it is written nowhere; restored, the key file is the one that was lost and no file is replaced."""
    files = made(arc, tmp_path)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    before = sorted(path for path in arc.rglob("*") if path.name != "root-backups.json")
    tried = rehearsed(arc, files[2], files[0])
    assert tried.status == 0
    assert (tried.json["root"], tried.json["shares"], tried.json["needed"]) == (1, [3, 1], 2)
    assert sorted(path for path in arc.rglob("*") if path.name != "root-backups.json") == before
    (known,) = read_backups(NodeHome.open(arc)).values()
    assert (known.of, known.needed) == (3, 2)
    assert known.tried_at_ms is not None
    assert known.made_at_ms is not None
    assert known.tried_at_ms >= known.made_at_ms

    done = hotline(*acting(arc, "root", "shares", "restore", files[0], files[1]), "--json")
    assert (done.status, code(done)) == (1, "file-exists")
    back = ok(*acting(arc, "root", "shares", "restore", files[0], files[1], "--roots", tmp_path / "roots"))
    assert back["key_id"] == tried.json["key_id"]
    again = made(arc, tmp_path / "roots", "--roots", tmp_path / "roots")
    assert rehearsed(arc, *again).json["key_id"] == tried.json["key_id"]


def test_it_comes_back_without_any_home(arc: Path, tmp_path: Path) -> None:
    """With party, number and key id as the paper says; another key id is refused."""
    files = made(arc, tmp_path)
    about = read_page(files[0].read_bytes()).about
    told = ("--party", "ARC", "--root", "1", "--key-id", about["key id"], "--roots", str(tmp_path / "roots"))
    options = ("--passphrase-file", arc.parent / "passphrase", "--no-input", "--json")
    done = hotline("root", "shares", "restore", *files[:2], *told, *options)
    assert done.status == 0, done.out
    other = [*told[:5], "00" * 32, *told[6:]]
    assert code(hotline("root", "shares", "restore", *files[:2], *other, *options)) == "shares-other-key"
    assert code(hotline("root", "shares", "rehearse", *files[:2], "--party", "ARC", *options)) == "usage"


def test_each_thing_that_can_be_wrong_is_told_from_the_others(arc: Path, tmp_path: Path) -> None:
    """Too few, twice the same, another set, a wrong word, a page of another share, no page, another party's root."""
    files = made(arc, tmp_path)
    (tmp_path / "again").mkdir()
    again = made(arc, tmp_path / "again")
    assert code(rehearsed(arc, files[0])) == "shares-too-few"
    assert code(rehearsed(arc, files[0], files[0])) == "share-twice"
    assert code(rehearsed(arc, files[0], again[1])) == "share-of-another-set"
    text = files[1].read_text()
    bad = tmp_path / "bad"
    (word,) = re.findall(r"(?m)^17 ([a-z]+)", text)
    bad.write_text(re.sub(r"(?m)^17 [a-z]+", "17 acid" if word != "acid" else "17 acne", text))
    done = rehearsed(arc, files[0], bad)
    assert code(done) == "share-unreadable"
    assert done.json["error"]["text"] == f"{bad}: the words do not fit together: if only one is wrong, it is word 17"
    bad.write_text(re.sub(r"(?m)^17 [a-z]+", "", text))
    assert "word 17 comes next; here is number 18" in rehearsed(arc, files[0], bad).json["error"]["text"]
    bad.write_text(text.replace("share: 2 of 3", "share: 3 of 3"))
    assert "its words share 2" in rehearsed(arc, files[0], bad).json["error"]["text"]
    bad.write_text(text.replace("root: 1", "root: 2"))
    assert code(rehearsed(arc, files[0], bad)) == "shares-other-key"
    bad.write_bytes(b"\xff" * 100)
    assert code(rehearsed(arc, files[0], bad)) == "share-unreadable"
    bad.write_bytes(b"acid " * 4000)
    assert code(rehearsed(arc, files[0], bad)) == "file-too-large"
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    other = make_home(stranger, "ARC", officers=())
    assert code(rehearsed(other, files[0], files[1])) == "shares-other-key"
    assert not read_backups(NodeHome.open(other))


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=600), st.text(max_size=600).map(str.encode)))
def test_whatever_is_in_a_file_is_a_share_or_refused(data: bytes) -> None:
    """Nothing else comes out of reading one."""
    with pytest.raises(Refused) as stop:
        read_page(data)
    assert stop.value.code == "share-unreadable"


@cache
def pages() -> tuple[Page, ...]:
    """Three shares, the same for every example."""
    return make_pages(RootKeyring("ARC", 1, bytes(range(64))), needed=2, shares=3, now_ms=0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_page_reads_back_however_it_is_laid_out(data: st.DataObject) -> None:
    """With or without what stands above the words, their numbers, capitals and the ends of words; a page with any
    character changed to another letter is not taken for another share."""
    page = pages()[data.draw(st.integers(0, 2))]
    text = page.render()
    assert read_page(text.encode()).phrase == page.phrase
    words = [
        (f"{number}. " if data.draw(st.booleans()) else "") + (word[:4].upper() if data.draw(st.booleans()) else word)
        for number, word in enumerate(page.phrase.words, start=1)
    ]
    assert read_page(data.draw(st.sampled_from([" ", "\n", "  \r\n"])).join(words).encode()).phrase == page.phrase
    place = data.draw(st.integers(text.index("\n\n") + 2, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from("abcxyz")) + text[place + 1 :]
    with suppress(Refused):
        assert read_page(changed.encode()).phrase == page.phrase


def test_shares_with_a_passphrase_need_it(arc: Path, tmp_path: Path) -> None:
    """Another one gives another key, which is refused; without one it is asked for."""
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("correct horse\n")
    wrong.write_text("correct house\n")
    files = made(arc, tmp_path, "--shares-passphrase-file", right, "--needed", "3", root=2)
    assert rehearsed(arc, *files, "--shares-passphrase-file", right).json["root"] == 2
    assert code(rehearsed(arc, *files, "--shares-passphrase-file", wrong)) == "shares-other-key"
    assert code(rehearsed(arc, *files)) == "passphrase-needed"


def test_shares_are_not_shown_to_programs(arc: Path, tmp_path: Path) -> None:
    """Without a terminal and without files nothing is made; nor are fewer files than shares taken, nor one replaced."""
    done = hotline(*acting(arc, "root", "shares", "make", "--root", "1"))
    assert (done.status, done.out) == (2, "")
    assert "shares-not-shown" in done.err
    done = hotline(*acting(arc, "root", "shares", "make", "--root", "1", "-o", tmp_path / "one"), "--json")
    assert code(done) == "usage"
    (tmp_path / "share-1-2").write_text("something")
    files = [tmp_path / f"share-1-{place}" for place in (1, 2, 3)]
    outputs = [part for path in files for part in ("-o", path)]
    done = hotline(*acting(arc, "root", "shares", "make", "--root", "1", *outputs), "--json")
    assert code(done) == "file-exists"
    assert not files[0].exists()
    assert files[1].read_text() == "something"


def test_the_answer_of_a_command_holds_no_word(arc: Path, tmp_path: Path) -> None:
    """Words are in the files alone, and not in the record that the home keeps."""
    files = [tmp_path / f"share-{place}" for place in (1, 2, 3)]
    outputs = [part for path in files for part in ("-o", path)]
    done = hotline(*acting(arc, "root", "shares", "make", "--root", "1", *outputs))
    words = [word for path in files for word in read_page(path.read_bytes()).phrase.words]
    shown = done.out + done.err + (arc / "root-backups.json").read_text()
    # Neighbours, because a word such as `party` is of the list too.
    assert not any(f"{one} {two}" in shown for one, two in itertools.pairwise(words))
    assert set(json.loads((arc / "root-backups.json").read_text())["1"]) == {
        "set_number",
        "needed",
        "of",
        "made_at_ms",
        "tried_at_ms",
    }


def test_at_a_terminal_each_share_is_shown_once_and_typed_back(arc: Path, tmp_path: Path) -> None:
    """It is wiped after Enter; typed in again, a wrong word costs one line, and the key is the root's."""
    roots = tmp_path / "passphrase"
    roots.write_bytes(PASSPHRASE)
    roots.chmod(0o600)
    with terminal("--home", arc, "--passphrase-file", roots, "root", "shares", "make", "--root", "2") as screen:
        pages = [_shown(screen, place) for place in (1, 2, 3)]
        screen.until("Next: try the shares")
        assert screen.process.wait(TIMEOUT_S) == 0
        assert not any(word in screen.seen for word in (" 17 ", " 59 "))
    shares = [read_page(page.encode()).phrase for page in pages]
    with terminal("--home", arc, "root", "shares", "rehearse") as screen:
        screen.until("from word 1")
        screen.type("nonsense " + " ".join(shares[0].words[1:4]))
        screen.until("word 1 is not of the list")
        screen.until("from word 1")
        wrong = "acid" if shares[0].words[0] != "acid" else "acne"
        screen.type(" ".join([wrong, *shares[0].words[1:30]]))
        screen.until("from word 31")
        screen.type(" ".join(word[:4] for word in shares[0].words[30:]))
        screen.until("it is word 1")
        screen.type(f"1 {shares[0].words[0]}")
        screen.until("is whole. Needed still: 1")
        screen.until("from word 1")
        _type_all(screen, shares[0].words)
        screen.until("was typed already")
        screen.until("from word 1")
        _type_all(screen, shares[2].words)
        screen.until("shares 1, 3: root key 2 of ARC")
        assert screen.process.wait(TIMEOUT_S) == 0


def _type_all(screen: Terminal, words: tuple[str, ...]) -> None:
    """Lines as long as a terminal takes whole."""
    screen.type(" ".join(words[:30]))
    screen.until("from word 31")
    screen.type(" ".join(words[30:]))


def _shown(screen: Terminal, place: int) -> str:
    """The page that is on the screen, which is wiped then."""
    screen.until(f"Share {place} of 3: write all of it down")
    page = screen.seen[screen.seen.rindex("# A share") : screen.seen.rindex("Share ")].replace("\r\n", "\n")
    screen.type("")
    screen.until("\x1b[2J\x1b[3J")
    return page
