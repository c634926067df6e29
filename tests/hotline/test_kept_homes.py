"""Homes that earlier releases left behind: this version opens, audits and runs them, and nothing in them is lost."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from nodes.home import NodeHome
from nodes.stopped import open_store
from tests.hotline.nodes import running
from tests.hotline.people import acting, free_port, hotline, ok

KEPT = Path(__file__).resolve().parents[1] / "homes"
RELEASES = sorted(path.name for path in KEPT.iterdir() if path.is_dir())
BYTES_MAX = 2 * 1024 * 1024

Logs = dict[str, list[tuple[bytes, bytes | None]]]


@pytest.fixture
def homes(release: str, tmp_path: Path) -> dict[str, Path]:
    """Copies of a release's two homes, each beside its passphrase, for their owner only and on ports of their own."""
    found = {}
    for party in ("ARC", "BOR"):
        found[party] = home = tmp_path / f"{party}-side" / party
        shutil.copytree(KEPT / release / party, home)
        shutil.copy(home / "passphrase", home.parent / "passphrase")
        for path in [home.parent, *home.parent.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
    addresses = {party: address_of(home) for party, home in found.items()}
    new = {address: f"127.0.0.1:{free_port()}" for address in addresses.values()}
    for home in found.values():
        for path in (home / "node.toml", *home.glob("channels/*/channel.toml")):
            text = path.read_text()
            for old, address in new.items():
                text = text.replace(f'"{old}"', f'"{address}"')
            path.write_text(text)
    return found


def address_of(home: Path) -> str:
    """Where a home's node listens."""
    line = next(line for line in (home / "node.toml").read_text().splitlines() if line.startswith("listen"))
    return line.split('"')[1]


def logs(home: Path) -> Logs:
    """Every entry and body of both voices, by voice."""
    (channel,) = NodeHome.open(home).channels()
    with open_store(NodeHome.open(home), channel) as store:
        return {
            voice: [(store.read(voice, index, index + 1)[0], store.body(voice, index)) for index in range(size)]
            for voice in (store.own, store.their)
            for size in [store.head(voice).size]
        }


def audit(homes: dict[str, Path], release: str, directory: Path) -> dict[str, Any]:
    """Export each voice by its own node's home, without a key, and audit both with the policy that was kept."""
    directory.mkdir()
    for party, home in homes.items():
        ok("--home", home, "log", "export", directory / party)
    found: dict[str, Any] = ok(
        *("audit", directory / "ARC", directory / "BOR", "--policy", KEPT / release / "policy"),
    )
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_a_kept_home_is_small_and_says_that_its_keys_are_worthless(release: str) -> None:
    """What is in the repository: little, no file of a process, no path of the machine it was made on."""
    files = [path for path in (KEPT / release).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < BYTES_MAX
    assert not any(path.name.endswith((".sock", ".lock", ".log", "-wal", "-shm")) for path in files)
    assert "worth nothing" in (KEPT / release / "README.md").read_text().replace("\n", " ")
    assert not any(b"/tmp/" in path.read_bytes() for path in files)


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_homes_of_a_release_open_and_go_on(release: str, homes: dict[str, Path], tmp_path: Path) -> None:
    """Stopped: status, exports, a verified audit. Running: the line is up, and an officer reads what was said then and
    says something new, or is told which command renews the roster. Afterwards every entry and body is where it was."""
    before = {party: logs(home) for party, home in homes.items()}
    for party, home in homes.items():
        found = ok("--home", home, "status")
        (channel,) = found["channels"]
        assert (found["party"], found["node"]) == (party, "stopped")
        assert channel["own_size"] == channel["own_held"] == len(before[party][party]) > 2
    assert before["ARC"] == before["BOR"]
    assert audit(homes, release, tmp_path / "before")["verdict"] == "verified"

    with running(homes["ARC"], homes["BOR"]):
        for home in homes.values():
            shown = ok(*acting(home, "inbox"))["entries"]
            assert shown
            contents = ok(*acting(home, "show", shown[-1]["serial"], "--peek"))
            assert (contents["problem"], contents["view"]["faults"]) == (None, [])
            done = hotline(
                *acting(home, "send", "goodwill", "--set", "message=Still here.", "--wait", "held", "--timeout", "20"),
                "--json",
            )
            if done.status == 0:
                assert done.json["state"] == "held"
            else:
                # The roster of a release that is long past; the test below renews it.
                assert done.json["error"]["code"] == "roster-expired"
                assert "roster renew" in done.json["error"]["next"]

    after = {party: logs(home) for party, home in homes.items()}
    for party in homes:
        for voice, entries in before[party].items():
            assert after[party][voice][: len(entries)] == entries
    assert audit(homes, release, tmp_path / "after")["verdict"] == "verified"


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_homes_of_a_release_are_renewed(release: str, homes: dict[str, Path]) -> None:
    """With its root keys a home of any age gets a roster that is valid now, and what is said under it counts."""
    for home in homes.values():
        (renewed,) = ok(*acting(home, "roster", "renew"))["rosters"]
        assert renewed["state"] == "outbox"
    with running(homes["ARC"], homes["BOR"]):
        sent = ok(*acting(homes["ARC"], "send", "goodwill", "--set", "message=Still here.", "--wait", "held"))
        shown = ok(*acting(homes["BOR"], "show", sent["serial"], "--peek"))
        assert (shown["contents"]["message"], shown["view"]["faults"]) == ("Still here.", [])
