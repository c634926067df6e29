"""Audits of what two nodes serve: each log from its own node, compared with the mirror at the other and with before."""

import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

from hotline.errors import HotlineError, Misused
from hotline.live_audit import audit_live
from hotline.live_logs import Address, Server, bring, client_context
from keys.tls_identity import certificate, private_pem, spki_pin
from nodes.export import export
from protocol.checkpoint import parse_text
from protocol.finding import Report
from protocol.note import parse as parse_note
from protocol.policy import parse as parse_policy
from tests.hotline.audit_made import Shop
from tests.hotline.make_audit_vectors import FOLDER
from tests.hotline.people import hotline, ok
from tests.nodes.homes import agreement, said
from tests.nodes.pair import free_port, held, line_of, run, running, until, write_homes
from tests.nodes.test_web import AUDITOR_SEED, pem, settled
from tests.vector_world import Kept, VectorWorld

pytestmark = pytest.mark.slow

OTHER = {"ARC": "BOR", "BOR": "ARC"}


class _Handler(SimpleHTTPRequestHandler):
    """Serves a directory and remembers what was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        """Answer, and remember."""
        self.asked.append(self.path)
        super().do_GET()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log_error(self, *args: object) -> None:
        """Nor of what is not there."""


class _Server(ThreadingHTTPServer):
    """One that says nothing of a client that went away."""

    def handle_error(self, *_: object) -> None:
        """Nothing is to be done."""


class Shown:
    """What two nodes show, as files; ARC's node below `/BOR`, BOR's below `/ARC`."""

    def __init__(self, directory: Path, port: int, asked: list[str], cert: Path) -> None:
        self.directory, self.asked, self.cert = directory, asked, cert
        self.addresses = [Address.parse(f"https://127.0.0.1:{port}/{OTHER[party]}") for party in ("ARC", "BOR")]

    def put(self, node: str, voice: str, world: VectorWorld) -> None:
        """What a node shows of a voice is what it is in this world."""
        folder = self.directory / OTHER[node] / voice
        shutil.rmtree(folder, ignore_errors=True)
        for name, data in world.files(voice).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (self.directory / "policy").write_bytes(world.policy("ARC"))

    def put_all(self, world: VectorWorld) -> None:
        """Both nodes show this world."""
        for node in OTHER:
            for voice in OTHER:
                self.put(node, voice, world)

    def audit(self, kept: Path) -> Report:
        """Audit what they show."""
        self.asked.clear()
        context = client_context(self.cert, None)
        return audit_live(self.addresses, self.directory / "policy", context, kept, at_ms=0).report


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Worlds that share their signatures."""
    return Shop(Kept.of(FOLDER))


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    """Two nodes' files over TLS."""
    directory = tmp_path / "shown"
    directory.mkdir()
    cert = tmp_path / "me.pem"
    cert.write_bytes(pem(AUDITOR_SEED, "auditor") + private_pem(AUDITOR_SEED))
    asked: list[str] = []
    handler = type("Handler", (_Handler,), {"asked": asked})
    server = _Server(("127.0.0.1", 0), partial(handler, directory=str(directory)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Shown(directory, server.server_address[1], asked, cert)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def codes(report: Report) -> list[str]:
    """Of the findings that refute or warn of copies."""
    return [one.code for one in report.findings if one.code in {"copies-differ", "log-went-back", "log-not-served"}]


def test_copies_of_one_log_agree_and_only_what_is_new_is_brought(shown: Shown, shop: Shop, tmp_path: Path) -> None:
    """A log that grew is asked for from where it was; the partial tiles of its earlier size go."""
    shown.put_all(shop.conversation())
    first = shown.audit(tmp_path / "kept")
    assert codes(first) == []
    assert [line for line in first.checked if line.startswith("copies")] == [
        "copies of ARC: 5 and 5 entries of one log",
        "copies of BOR: 4 and 4 entries of one log",
    ]
    again = shown.audit(tmp_path / "kept")
    assert again.as_dict() == first.as_dict()
    assert {path.rpartition("/")[2] for path in shown.asked} == {"checkpoint"}
    grown = shop.conversation()
    grown.say("ARC", "goodwill")
    shown.put("ARC", "ARC", grown)
    third = shown.audit(tmp_path / "kept")
    assert "copies of ARC: 5 and 6 entries of one log" in third.checked
    assert codes(third) == []
    kept = tmp_path / "kept" / "BOR" / "ARC" / "tile"
    assert sorted(path.name for path in kept.glob("**/*.p/*")) == ["6", "6"]


def test_two_copies_that_cannot_be_of_one_log_refute_with_evidence(shown: Shown, shop: Shop, tmp_path: Path) -> None:
    """A party that shows the auditor another log than its counterpart holds, both signed with its true keys."""
    shown.put_all(shop.conversation())
    other = shop.conversation()
    other.say("ARC", "goodwill")
    shown.put("BOR", "ARC", other)
    longer = shop.conversation()
    longer.say("ARC", "service-note")
    longer.say("ARC", "goodwill")
    shown.put("ARC", "ARC", longer)
    report = shown.audit(tmp_path / "kept")
    assert (codes(report), report.exit) == (["copies-differ"], 1)
    (evidence,) = (tmp_path / "kept" / "evidence").iterdir()
    ok("verify", evidence, "--policy", shown.directory / "policy")


def test_a_log_that_is_another_than_before_refutes_and_what_was_kept_stays(
    shown: Shown, shop: Shop, tmp_path: Path
) -> None:
    """However much longer it is; what was brought first is what is audited."""
    before = shop.conversation()
    before.say("ARC", "goodwill")
    shown.put_all(before)
    shown.audit(tmp_path / "kept")
    place = tmp_path / "kept" / "BOR" / "ARC"
    files = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    after = shop.conversation()
    after.say("ARC", "service-note")
    after.say("ARC", "goodwill")
    for node in OTHER:
        shown.put(node, "ARC", after)
    report = shown.audit(tmp_path / "kept")
    assert (codes(report), report.exit) == (["copies-differ", "copies-differ"], 1)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == files


def test_a_log_of_fewer_entries_than_before_is_told_of(shown: Shown, shop: Shop, tmp_path: Path) -> None:
    """It may have been restored, or hold back: no lie is proved."""
    grown = shop.conversation()
    grown.say("ARC", "goodwill")
    shown.put_all(grown)
    shown.audit(tmp_path / "kept")
    shown.put("ARC", "ARC", shop.conversation())
    report = shown.audit(tmp_path / "kept")
    assert codes(report) == ["log-went-back"]
    assert "copies of ARC: 6 and 6 entries of one log" in report.checked


def test_a_mirror_that_is_not_shown_is_not_checked_and_an_own_log_ends_the_audit(
    shown: Shown, shop: Shop, tmp_path: Path
) -> None:
    """Nobody need show a mirror."""
    shown.put_all(shop.conversation())
    shutil.rmtree(shown.directory / "ARC" / "ARC")
    report = shown.audit(tmp_path / "kept")
    assert codes(report) == ["log-not-served"]
    assert "the copy of ARC at the node of BOR" in report.not_checked
    shutil.rmtree(shown.directory / "BOR" / "ARC")
    with pytest.raises(HotlineError, match="no log of ARC there"):
        shown.audit(tmp_path / "anew")


def test_what_the_logs_keys_did_not_sign_is_neither_brought_nor_kept(shown: Shown, shop: Shop, tmp_path: Path) -> None:
    """Anybody on the way may answer, and every true log would differ from what was kept."""
    shown.put_all(shop.conversation())
    place = shown.directory / "BOR" / "ARC" / "checkpoint"
    true = place.read_bytes()
    for forged in (true.replace(b"\n5\n", b"\n40000000\n"), true.replace(b"/1\n5", b"/7\n5")):
        assert forged != true
        place.write_bytes(forged)
        with pytest.raises(HotlineError, match="its checkpoint does not hold"):
            shown.audit(tmp_path / "kept")
        assert {path.rpartition("/")[2] for path in shown.asked} == {"checkpoint"}
        assert not list((tmp_path / "kept").rglob("checkpoint"))
    place.write_bytes(true)
    assert codes(shown.audit(tmp_path / "kept")) == []


def test_a_node_that_shows_the_others_log_as_its_own_ends_no_monitor(shown: Shown, shop: Shop, tmp_path: Path) -> None:
    """Both logs are of one party then: no mistake of the auditor's, who goes on looking."""
    shown.put_all(shop.conversation())
    mine = shown.directory / "BOR" / "ARC"
    shutil.move(mine, tmp_path / "mine")
    shutil.copytree(shown.directory / "ARC" / "BOR", mine)
    urls = [address.url for address in shown.addresses]
    rest: list[str | Path] = ["--policy", shown.directory / "policy", "--cert", shown.cert, "--keep", tmp_path / "kept"]
    done = hotline("monitor", *urls, *rest, "--looks", "2", "--every", "1ms", "--json")
    (event,) = [json.loads(line) for line in done.out.splitlines()]
    assert (done.status, event["code"]) == (3, "log-not-served")
    assert "of one party's log" in event["text"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("checkpoint", b"\x00" * (1 << 20)),
        ("checkpoint", b"no checkpoint"),
        ("tile/entries/000.p/5", b"\xff\xff"),
        ("tile/0/000.p/5", None),
        ("tile/0/000.p/5", b""),
    ],
    ids=["checkpoint too large", "no checkpoint", "a bundle that does not read", "a tile missing", "a tile cut"],
)
def test_what_does_not_read_ends_the_audit_or_refutes(
    shown: Shown, shop: Shop, tmp_path: Path, name: str, data: bytes | None
) -> None:
    """And nothing of it is taken for a log."""
    shown.put_all(shop.conversation())
    path = shown.directory / "BOR" / "ARC" / name
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    try:
        report = shown.audit(tmp_path / "kept")
    except HotlineError as error:
        assert error.code == "log-not-served"  # noqa: PT017 - which of the two it is, the files decide.
    else:
        assert report.exit != 0


def test_a_node_that_gives_a_byte_now_and_then_holds_nobody_up(shown: Shown) -> None:
    """Each byte comes in time, and the answer never ends: it is cut off."""
    door, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        peer, _ = door.accept()
        with peer, contextlib.suppress(OSError):
            # The beginning of a handshake record of the largest size.
            for byte in b"\x16\x03\x03\x40\x00" + bytes(16_384):
                if done.wait(0.02):
                    return
                peer.sendall(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    address = Address.parse(f"https://127.0.0.1:{door.getsockname()[1]}/ARC")
    try:
        with pytest.raises(HotlineError, match="checkpoint"):
            Server(address, client_context(shown.cert, None), limit_s=0.5).get("ARC/checkpoint", bytes_max=10)
    finally:
        done.set()
        thread.join()
        door.close()


def test_a_kept_checkpoint_that_does_not_read_is_named_and_ends_no_monitor(
    shown: Shown, shop: Shop, tmp_path: Path
) -> None:
    """The next look may find it mended."""
    shown.put_all(shop.conversation())
    kept = tmp_path / "kept" / "BOR" / "ARC"
    kept.mkdir(parents=True)
    (kept / "checkpoint").write_bytes(b"cut")
    urls = [address.url for address in shown.addresses]
    rest: list[str | Path] = ["--policy", shown.directory / "policy", "--cert", shown.cert, "--keep", tmp_path / "kept"]
    done = hotline("monitor", *urls, *rest, "--looks", "2", "--every", "1ms", "--json")
    (event,) = [json.loads(line) for line in done.out.splitlines()]
    assert (done.status, event["code"]) == (3, "note-malformed")
    assert str(kept) in event["text"]


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/ARC",
        "https://127.0.0.1/",
        "https://127.0.0.1/arc",
        "https://127.0.0.1:x/ARC",
        "https://u@127.0.0.1/ARC",
        "https://127.0.0.1/ARC?x",
        "https:///ARC",
        "https://127.0.0.1/ARC\n",
        "https://127.0.0.1/" + "A" * 2000,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Before anything is asked for."""
    with pytest.raises(Misused):
        Address.parse(text)


def test_half_of_a_live_audit_is_misused(tmp_path: Path) -> None:
    """Two addresses and a certificate, or paths without these."""
    policy = tmp_path / "policy"
    given: list[list[str | Path]] = [
        ["https://127.0.0.1:1/ARC", "--policy", policy, "--cert", policy],
        ["https://127.0.0.1:1/ARC", tmp_path, "--policy", policy, "--cert", policy],
        ["https://127.0.0.1:1/ARC", "https://127.0.0.1:1/BOR", "--policy", policy],
        [tmp_path, tmp_path, "--policy", policy, "--keep", policy],
    ]
    for arguments in given:
        done = hotline("audit", *arguments, "--json")
        assert (done.status, done.json["error"]["code"]) == (2, "usage")


def test_the_logs_of_two_real_nodes_are_audited(tmp_path: Path) -> None:
    """With the key that their settings name; agreement and rosters come with them."""
    cert = tmp_path / "me.pem"
    cert.write_bytes(pem(AUDITOR_SEED, "auditor") + private_pem(AUDITOR_SEED))
    pin = spki_pin(certificate(AUDITOR_SEED, "auditor")).hex()
    ports = {party: free_port() for party in OTHER}
    # The nodes run beside the command, whose standard output is the answer and nothing of theirs.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))

    async def whole() -> dict[str, Any]:
        homes = write_homes(tmp_path)
        for party, home in homes.items():
            auditors = home.path / "auditors"
            auditors.mkdir()
            (auditors / "auditor.pem").write_bytes(pem(AUDITOR_SEED, "auditor"))
            text = home.config_path.read_text().replace('tiles = ""', f'tiles = "127.0.0.1:{ports[party]}"')
            home.config_path.write_text(text.replace("tiles_clients = []", f"tiles_clients = {json.dumps([pin])}"))
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await until(lambda: settled(arc, bor))
            export(line_of(arc).store, "ARC", tmp_path / "export", agreement=agreement())
            urls = [f"https://127.0.0.1:{ports[party]}/{OTHER[party]}" for party in OTHER]
            policy = tmp_path / "export" / "policy"
            arguments: list[str | Path] = [
                "audit",
                *urls,
                "--policy",
                policy,
                "--cert",
                cert,
                "--keep",
                tmp_path / "kept",
            ]
            found: dict[str, Any] = await asyncio.to_thread(ok, *arguments)
            server = Server(Address.parse(urls[0]), client_context(cert, None))
            brought = await asyncio.to_thread(bring, server, "ARC", tmp_path / "one", parse_policy(policy.read_bytes()))
            assert await asyncio.to_thread(server.get, f"ARC/roster/{'0' * 64}.toml", bytes_max=10) is None
            server.close()
            assert parse_text(parse_note(brought.note).text).size >= 3
            return found

    found: list[dict[str, Any]] = []

    async def keep() -> None:
        found.append(await whole())

    run(keep)
    assert found[0]["verdict"] == "verified"
    assert any(line.startswith("copies of BOR") for line in found[0]["checked"])


def test_a_monitor_tells_of_a_log_that_was_exchanged_and_of_a_node_that_went_away(
    shown: Shown, shop: Shop, tmp_path: Path
) -> None:
    """Each as an object on a line; the exit says how it stands at the last look."""
    shown.put_all(shop.conversation())
    urls = [address.url for address in shown.addresses]
    rest: list[str | Path] = [
        "--policy",
        shown.directory / "policy",
        "--cert",
        shown.cert,
        "--keep",
        tmp_path / "kept",
        "--json",
    ]
    hotline("monitor", *urls, *rest, "--looks", "1")
    other = shop.conversation()
    other.say("ARC", "service-note")
    other.say("ARC", "goodwill")
    shown.put("ARC", "ARC", other)
    changed = shop.conversation()
    changed.say("ARC", "goodwill")
    shown.put("BOR", "ARC", changed)
    done = hotline("monitor", *urls, *rest, "--looks", "2", "--every", "1ms")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 1
    assert [one["code"] for one in events if one["code"] == "copies-differ"] == ["copies-differ"]
    assert list((tmp_path / "kept" / "evidence").iterdir())
    shutil.rmtree(shown.directory / "BOR")
    gone = hotline("monitor", *urls, *rest, "--looks", "1")
    assert gone.status == 3
    assert [json.loads(line)["code"] for line in gone.out.splitlines()] == ["log-not-served"]
