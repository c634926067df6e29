"""`hotline keys passphrase`: which files it changes, and what it says when it cannot."""

import shutil
from pathlib import Path

import pytest

from keys.keyring import NodeKeyring, OfficerKeyring, ReserveKeyring, RootKeyring
from nodes.key_files import Keyring, read_keyring
from tests.hotline.people import PASSPHRASE, acting, hotline, make_home, ok
from tests.hotline.test_at_a_terminal import TIMEOUT_S, terminal

pytestmark = pytest.mark.slow

NEW = b"another passphrase\n"
FILES: dict[str, type[Keyring]] = {
    "node.key": NodeKeyring,
    "officers/duty/officer.key": OfficerKeyring,
    "roots/root-1.key": RootKeyring,
    "roots/root-2.key": RootKeyring,
    "roots/reserve.key": ReserveKeyring,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that stays as it is."""
    return make_home(tmp_path_factory.mktemp("made"), "ARC")


@pytest.fixture
def arc(made: Path, tmp_path: Path) -> Path:
    """A copy of it, with both passphrases beside it."""
    shutil.copytree(made.parent, tmp_path / "room")
    shutil.copytree(made, tmp_path / "before")
    (tmp_path / "room" / "new").write_bytes(NEW)
    return tmp_path / "room" / "ARC"


def changed(arc: Path) -> set[str]:
    """The files that open with the new passphrase; all others are what they were."""
    before = arc.parent.parent / "before"
    found = {name for name in FILES if (arc / name).read_bytes() != (before / name).read_bytes()}
    for name in found:
        read_keyring(arc / name, FILES[name], NEW.strip())
    return found


@pytest.mark.slow
def test_only_the_homes_own_file_is_changed_unless_more_is_asked_for(arc: Path) -> None:
    """Then the officer's, then the roots', then all; what is done already is not done again."""
    new = ("--new-passphrase-file", arc.parent / "new")
    new[1].chmod(0o644)
    done = hotline(*acting(arc, "keys", "passphrase", *new))
    assert f"others on this machine may read {new[1]}" in done.err
    assert changed(arc) == {"node.key"}
    ok("--passphrase-file", arc.parent / "passphrase", "keys", "passphrase", arc / "roots" / "root-2.key", *new)
    assert changed(arc) == {"node.key", "roots/root-2.key"}
    told = ok(*acting(arc, "keys", "passphrase", "--all", *new))
    assert changed(arc) == set(FILES)
    states = {str(Path(one["path"]).relative_to(arc)): one["state"] for one in told["files"]}
    assert {name for name, state in states.items() if state == "already"} == {"node.key", "roots/root-2.key"}
    assert told["next"]


@pytest.mark.slow
def test_roots_on_a_medium_of_their_own_are_changed_there(arc: Path, tmp_path: Path) -> None:
    """And an officer's home on its own machine."""
    new = ("--new-passphrase-file", arc.parent / "new")
    shutil.move(arc / "roots", tmp_path / "medium")
    ok("--passphrase-file", arc.parent / "passphrase", "keys", "passphrase", "--roots", tmp_path / "medium", *new)
    shutil.move(tmp_path / "medium", arc / "roots")
    assert changed(arc) == {name for name in FILES if name.startswith("roots/")}
    duty = arc / "officers" / "duty"
    ok("--home", duty, "--passphrase-file", arc.parent / "passphrase", "keys", "passphrase", *new)
    assert "officers/duty/officer.key" in changed(arc)


def test_what_neither_passphrase_opens_is_named(arc: Path) -> None:
    """The others are changed, the command is refused, and a wrong old one alone changes nothing."""
    new = ("--new-passphrase-file", arc.parent / "new")
    third = arc.parent / "third"
    third.write_text("a third passphrase\n")
    ok("--passphrase-file", arc.parent / "passphrase", "keys", "passphrase", arc / "roots" / "root-1.key", *new)
    done = hotline(
        *("--home", arc, "--passphrase-file", third, "keys", "passphrase", "--all", "--json"), *new, "--no-input"
    )
    assert (done.status, done.json["error"]["code"]) == (1, "passphrase-not-changed")
    assert "root-1.key" not in done.json["error"]["text"]
    assert "node.key" in done.json["error"]["text"]
    assert changed(arc) == {"roots/root-1.key"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--all", "node.key"),
        ("--new-passphrase-file", "passphrase"),
        (),
        ("--roots", "nowhere"),
    ],
)
def test_what_makes_no_sense_is_refused(arc: Path, arguments: tuple[str, ...]) -> None:
    """Files and all together, the same passphrase, none new, a directory without keys."""
    named = [str(arc.parent / one) if one == "passphrase" else one for one in arguments]
    done = hotline(*acting(arc, "keys", "passphrase", *named), "--json")
    assert done.status == 2
    assert changed(arc) == set()


def test_at_a_terminal_the_new_passphrase_is_asked_for_twice(arc: Path) -> None:
    """And never shown."""
    with terminal("--home", arc, "keys", "passphrase") as screen:
        screen.until("until now")
        screen.type(PASSPHRASE.decode().strip())
        screen.until("New passphrase")
        screen.type(NEW.decode().strip())
        screen.until("epeat for confirmation")
        screen.type(NEW.decode().strip())
        screen.until("1 key file has the new passphrase")
        assert NEW.decode().strip() not in screen.seen
        assert screen.process.wait(TIMEOUT_S) == 0
    assert changed(arc) == {"node.key"}
