"""Passkeys by the commands: the page and whom it serves, enrolling, removing, and one exchange with a real browser."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hotline.errors import CouldNot, Refused
from hotline.party_file import read_party
from hotline.passkey_page import HEADERS, Asked, PasskeyPage
from hotline.passkeys import PasskeyFile, PasskeySigner, Tell
from keys.authenticator_data import USER_PRESENT
from keys.roster import parse
from nodes.home import NodeHome
from nodes.signed import SignedStatement
from tests.authenticator import Authenticator
from tests.hotline.browsers import CHROMIUM, SoftBrowser, chromium, with_browser
from tests.hotline.nodes import running
from tests.hotline.people import PASSPHRASE, TERMS, acting, free_port, hotline, make_home, ok, pair, paired

ASKED = Asked(ceremony="get", title="T", lines=("one", "two"), button="Sign", digest="d", options={"challenge": "AAAA"})


@contextmanager
def served() -> Iterator[PasskeyPage]:
    """A page on a port of its own."""
    port = free_port()
    with PasskeyPage(origin=f"http://localhost:{port}", listen=("127.0.0.1", port)) as page:
        yield page


def local(name: str = "duty", **changes: Any) -> Authenticator:
    """An authenticator of a demonstration."""
    origin = f"http://localhost:{free_port()}"
    return Authenticator(name, **{"rp_id": "localhost", "origin": origin, **changes})


def signer(device: Authenticator, tell: Tell) -> PasskeySigner:
    """What signs with it."""
    file = PasskeyFile(listen=("127.0.0.1", urlsplit(device.origin).port or 0), passkeys=(device.public,))
    return PasskeySigner(file, "duty of ARC, person 1,", tell)


@pytest.mark.slow
def test_page_opens_once_and_only_by_its_address() -> None:
    """Whoever guesses gets nothing, and whoever comes second finds that it is gone."""
    with served() as page:
        secret = urlsplit(page.address).fragment
        assert len(secret) >= 43
        for token in ("", secret[:-1], None, 7):
            assert SoftBrowser.post(page.address, "/begin", {"token": token})[0] == 410
        status, begun = SoftBrowser.post(page.address, "/begin", {"token": secret})
        assert status == 200
        assert begun["session"] != secret
        assert SoftBrowser.post(page.address, "/begin", {"token": secret})[0] == 410
        for session in ("", secret, None):
            assert SoftBrowser.post(page.address, "/next", {"session": session})[0] == 410
            assert SoftBrowser.post(page.address, "/answer", {"session": session, "number": 0, "answer": {}})[0] == 410


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 410),
    ],
)
def test_page_answers_nobody_from_elsewhere(headers: dict[str, str], status: int) -> None:
    """Another host (DNS that was rebound), another origin, a form of another page: nothing is done."""
    given = {name.replace("-", "_"): value for name, value in headers.items()}
    with served() as page:
        assert SoftBrowser.post(page.address, "/begin", {"token": "x"}, **given)[0] == status


@pytest.mark.parametrize("body", [b"[" * 10_000, b"x" * 20_000, b"[]", b"\xff", b""])
def test_page_refuses_what_is_no_request(body: bytes) -> None:
    """Too long, too deep, no object: an answer, and the page goes on."""
    with served() as page:
        assert SoftBrowser.post(page.address, "/next", body)[0] in {400, 413}


def test_page_has_strict_headers_and_no_markup() -> None:
    """Scripts and styles are its own, nothing frames it, nothing is stored; what is shown goes over as text."""
    import http.client

    with served() as page:
        parts = urlsplit(page.address)
        line = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=10)
        line.request("GET", "/", headers={"Host": parts.netloc})
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
    assert answer.status == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert "<script>" not in text
    assert "style=" not in text


@pytest.mark.slow
def test_refusal_and_silence_sign_nothing() -> None:
    """A person who refuses, a browser that fails, and nobody at all."""
    with served() as page:
        secret = urlsplit(page.address).fragment
        begun = SoftBrowser.post(page.address, "/begin", {"token": secret})[1]
        for answer, why in (
            ({"refused": "NotAllowedError"}, "said no"),
            ({"refused": "InvalidStateError"}, "already"),
            ({"refused": "<b>"}, "'<b>'"),
            ({}, "not what a browser gives"),
            ({"data": "AA", "client_data": "AA="}, "not what a browser gives"),
        ):

            def reply(answer: dict[str, str] = answer) -> None:
                asked = SoftBrowser.post(page.address, "/next", begun)[1]
                told = {**begun, "number": asked["number"], "answer": answer}
                assert SoftBrowser.post(page.address, "/answer", told)[0] == 200
                assert SoftBrowser.post(page.address, "/answer", told)[0] == 410

            person = threading.Thread(target=reply)
            person.start()
            with pytest.raises(Refused, match=why):
                page.ask(ASKED, timeout_s=60)
            person.join()
        with pytest.raises(CouldNot):
            page.ask(ASKED, timeout_s=0.05)


def test_port_in_use_is_said() -> None:
    """Nothing is served where somebody else serves."""
    with served() as page:
        port = urlsplit(page.address).port or 0
        with pytest.raises(CouldNot, match="cannot serve"):
            PasskeyPage(origin=f"http://localhost:{port}", listen=("127.0.0.1", port))


def sign(device: Authenticator, browser: SoftBrowser, lines: tuple[str, ...]) -> bytes:
    """One signature on a page."""
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    key = signer(device, told.put)
    key.show(lines)
    person = threading.Thread(target=lambda: browser.use(told.get(timeout=60).split()[-1]))
    person.start()
    try:
        return key.sign("statement", channel=bytes(32), author="ARC", message=b"text")
    finally:
        key.close()
        person.join()


def test_signature_is_made_over_what_is_shown() -> None:
    """The page shows the lines and a digest, and what comes back verifies."""
    device = local()
    browser = SoftBrowser(device)
    made = sign(device, browser, ("To BOR: goodwill", "message: <b>hello</b>"))
    device.public.verify("statement", channel=bytes(32), author="ARC", message=b"text", signature=made)
    assert browser.asked[0]["lines"] == ["To BOR: goodwill", "message: <b>hello</b>"]
    assert browser.asked[0]["options"]["userVerification"] == "required"


def test_assertion_of_another_device_or_without_a_check_is_refused_at_once() -> None:
    """The officer's own program verifies before anything leaves."""

    class Careless(Authenticator):
        def data(self, **changes: Any) -> bytes:
            return super().data(**{**changes, "flags": USER_PRESENT})

    device = local()
    careless = Careless("duty", rp_id="localhost", origin=device.origin)
    for other in (local("another", origin=device.origin), careless):
        with pytest.raises(Refused, match="does not hold"):
            sign(device, SoftBrowser(other), ("a line",))


def test_nobody_signs_what_no_page_shows() -> None:
    """A command that does not say what it signs does not get a signature."""
    with pytest.raises(Exception, match="does not sign with a passkey"):
        signer(local(), lambda _: None).sign("statement", channel=bytes(32), author="ARC", message=b"text")


@pytest.mark.slow
def test_enrol_list_and_remove(tmp_path: Path) -> None:
    """A passkey goes into the card, the officer's home and the next roster, and out of them again."""
    arc, _ = paired(tmp_path)
    device = local()
    enrol = acting(arc, "officer", "passkey", "enrol", "duty")
    assert hotline(*enrol, "--origin", "https://desk.borealia.example").status == 2
    done = with_browser(SoftBrowser(device), *enrol, "--origin", device.origin)
    assert done.status == 0, done.err
    assert "warning: with BOR no passkey counts" in done.err
    listed = ok(*acting(arc, "officer", "passkey", "list"))["passkeys"]
    assert [(one["officer"], one["number"], one["has_key"]) for one in listed] == [("duty", 1, True)]
    home = NodeHome.open(arc)
    assert PasskeyFile.read(home.officer("duty")).passkeys == (device.public,)
    roster = parse(newest(home).body or b"")
    (person,) = [one for one in roster.people if one.passkeys]
    assert person.passkeys == (device.public,)
    ok(*acting(arc, "officer", "passkey", "remove", "duty", "1"))
    assert not any(member.person.passkeys for member in read_party(home.party_path).members)
    assert not (home.officer("duty").path / "passkeys.toml").exists()
    assert parse(newest(home).body or b"").version == roster.version + 1


def newest(home: NodeHome) -> SignedStatement:
    """The newest roster that waits for the node."""
    waiting = sorted(home.channel("BOR").outbox.glob("roster-*.statement"))
    return SignedStatement.parse(waiting[-1].read_bytes())


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
def test_real_browser_enrols_logs_in_and_signs(tmp_path: Path) -> None:
    """An officer with nothing but a passkey says something with Chromium; the other side and the audit find it good."""
    arc = make_home(tmp_path, "ARC")
    bor = make_home(tmp_path, "BOR")
    (tmp_path / "terms.toml").write_text(TERMS + "[passkeys]\nseverity_at_most = 2\nslots_at_most = 1\n")
    (tmp_path / "passphrase").write_bytes(PASSPHRASE)
    pair(arc, bor)
    origin = f"http://localhost:{free_port()}"
    with running(arc, bor), chromium(tmp_path / "profile") as browser:
        enrol = acting(arc, "officer", "passkey", "enrol", "duty", "--origin", origin, "--only", "--anyway")
        done = with_browser(browser, *enrol)
        assert done.status == 0, done.err
        assert "person 1 passkey 1" in hotline(*acting(arc, "keys", "status")).out
        # The key file is nobody's key any more.
        assert hotline(*acting(arc, "inbox")).status == 1
        send = acting(arc, "--passkey", "send", "goodwill", "--set", "message=<i>A quiet year.</i>")
        done = with_browser(browser, *send, "--wait", "held", "--json")
        assert done.status == 0, done.err
        assert "<i>A quiet year.</i>" in browser.shown[-1]
        serial = done.json["serial"]
        shown = ok(*acting(bor, "show", serial))
        assert shown["view"]["faults"] == []
        grave = ("--severity", "4", "--set", "title=a", "--set", "class=outage", "--set", "summary=b")
        done = with_browser(browser, *acting(arc, "--passkey", "send", "notification", *grave, "--json"))
        assert (done.status, done.json["error"]["code"]) == (1, "passkey-not-agreed")
    for home, name in ((arc, "arc"), (bor, "bor")):
        ok("--home", home, "log", "export", tmp_path / name)
    done = hotline("audit", tmp_path / "arc", tmp_path / "bor", "--policy", tmp_path / "arc" / "policy")
    assert done.status == 0, done.out
