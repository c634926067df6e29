"""Pagers against real programs and servers: what they are told, what counts as reached, and that none holds a node."""

import asyncio
import json
import os
import re
import socket
import ssl
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nodes.config import render
from nodes.errors import HomeRefused
from nodes.page import Call, Cause, Item
from nodes.pagers.calling import Pagers
from nodes.pagers.terms import Pager, read_pagers
from nodes.pagers.words import facts, line

CAUSE = Cause(
    key="BOR/answer/BOR 17",
    family="clock",
    counterpart="BOR",
    serial="BOR 17",
    kind="notification",
    precedence="immediate",
    clock="answer",
    due_ms=1_800_000_000_000,
)
CALL = Call(pager="duty-1", id="p1-0-0", items=(Item(page="p1", call="0/0/duty-1", event="overdue", cause=CAUSE),))
TOLD = {
    "format",
    "id",
    "party",
    "role",
    "text",
    "count",
    "page",
    "event",
    "counterpart",
    "serial",
    "kind",
    "precedence",
    "status",
    "clock",
    "due",
    "code",
    "demonstration",
    "items",
}


def pager(folder: Path, **values: Any) -> Pager:
    """One pager of the settings, for the duty officer."""
    (found,) = read_pagers([{"role": "duty", **values}], where="node.toml", folder=folder)
    return found


def call(one: Pager) -> str | None:
    """Call a pager once; why it failed."""

    async def calling() -> str | None:
        pagers = Pagers((one,), party="ARC")
        try:
            return await pagers.call(CALL)
        finally:
            pagers.close()

    return asyncio.run(calling())


def script(folder: Path, text: str) -> str:
    """A program."""
    path = folder / "pager"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


# --- what is told -----------------------------------------------------------------------------------------------------


def test_a_pager_is_told_header_facts_and_nothing_else() -> None:
    """Names of this program and of the header; no field, no free text, no person."""
    told = json.loads(facts(CALL, party="ARC", role="duty"))
    assert set(told) == TOLD
    assert told["text"] == "[ARC] OVERDUE answer of BOR 17, notification, immediate, was due 2027-01-15T08:00:00Z"
    assert (told["serial"], told["due"], told["count"]) == ("BOR 17", "2027-01-15T08:00:00Z", 1)


def test_many_are_told_as_a_number_and_the_most_urgent_first() -> None:
    """Thirty-seven statements are one call, which names ten."""
    item = CALL.items[0]
    many = Call(pager="duty-1", id="x", items=(item,) * 37)
    told = json.loads(facts(many, party="ARC", role="duty"))
    assert (told["count"], len(told["items"])) == (37, 10)
    assert line(many, party="ARC").startswith("[ARC] 37 overdue clocks; first: OVERDUE answer of BOR 17")


@pytest.mark.parametrize(
    ("status", "demonstration", "mark"), [("exercise", False, "EXERCISE: "), ("actual", True, "D")]
)
def test_what_is_not_meant_is_told_as_such(status: str, demonstration: bool, mark: str) -> None:
    """Nobody is woken by an exercise without being told that it is one."""
    cause = Cause(**{**{name: getattr(CAUSE, name) for name in CAUSE.__slots__}, "status": status})
    item = Item(page="p1", call="0/0/x", event="overdue", cause=cause)
    if demonstration:
        item = Item(page="p1", call="0/0/x", event="overdue", cause=Cause(**_with(CAUSE, demonstration=True)))
    assert line(Call(pager="x", id="x", items=(item,)), party="ARC").startswith(f"[ARC] {mark}")


def _with(cause: Cause, **changes: Any) -> dict[str, Any]:
    return {name: getattr(cause, name) for name in cause.__slots__} | changes


# --- programs ---------------------------------------------------------------------------------------------------------


def test_a_program_gets_the_facts_and_nothing_of_ours(tmp_path: Path) -> None:
    """On standard input; its environment is two names, it is its own group, and no file of ours is open in it."""
    out = tmp_path / "out"
    text = f"cat > {out}; env | sort | cut -d= -f1 > {out}.env; ps -o pgid= -p $$ > {out}.group; echo $$ > {out}.pid"
    assert call(pager(tmp_path, run=[script(tmp_path, text + f"; ls /proc/$$/fd > {out}.files")])) is None
    assert json.loads(out.read_bytes())["serial"] == "BOR 17"
    assert set((tmp_path / "out.env").read_text().split()) <= {"LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "_"}
    assert (tmp_path / "out.group").read_text().split() == (tmp_path / "out.pid").read_text().split()
    assert len((tmp_path / "out.files").read_text().split()) <= 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "problem"),
    [("exit 3", "it ended with status 3"), ("sleep 60 & sleep 60", "it took more than 0.5 s and was ended")],
)
def test_a_program_that_fails_or_hangs_is_a_failure(tmp_path: Path, text: str, problem: str) -> None:
    """Past its time it is ended, with everything that it started."""
    out = tmp_path / "pid"
    assert call(pager(tmp_path, run=[script(tmp_path, f"echo $$ > {out}; {text}")], limit_s=1)) == problem
    group = int(out.read_text())
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("something of it still runs")


def test_a_program_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    """It is said why."""
    assert "cannot be started" in str(call(pager(tmp_path, run=["/nonexistent/pager"])))


# --- webhooks ---------------------------------------------------------------------------------------------------------


class Hook(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    got: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        status = int(self.path.strip("/").split("?")[0])
        if status == 0:
            # An answer that never ends, a byte at a time.
            try:
                while True:
                    self.wfile.write(b"H")
                    time.sleep(0.05)
            except OSError:
                return
        self.send_response(status)
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def hook(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback; its port."""
    Hook.got.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def authority(folder: Path, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A certificate for a name, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made - timedelta(days=1))
        .not_valid_after(made + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    both = folder / f"{name}.pem"
    both.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / f"{name}-ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return folder / f"{name}-ca.pem", context


def test_a_webhook_gets_the_facts_once(tmp_path: Path) -> None:
    """By POST, under a name that a second try has too, with the token of its file."""
    (tmp_path / "token").write_text("a secret\n")
    (tmp_path / "token").chmod(0o600)
    with hook() as port:
        assert call(pager(tmp_path, webhook=f"http://127.0.0.1:{port}/200?a=b", token_file="token")) is None
    ((path, headers, body),) = Hook.got
    assert (path, headers["Idempotency-Key"], headers["Authorization"]) == ("/200?a=b", CALL.id, "Bearer a secret")
    assert json.loads(body)["serial"] == "BOR 17"


@pytest.mark.parametrize(
    ("status", "problem"),
    [("302", "it answers with a redirect (302), which is not followed"), ("500", "it answers with status 500")],
)
def test_a_webhook_that_redirects_or_fails_is_a_failure(tmp_path: Path, status: str, problem: str) -> None:
    """Nobody is sent elsewhere with what we say."""
    with hook() as port:
        assert call(pager(tmp_path, webhook=f"http://127.0.0.1:{port}/{status}")) == problem
    assert len(Hook.got) == 1


@pytest.mark.slow
def test_a_webhook_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    """A byte now and then is no answer: the time is for the whole call."""
    began = time.monotonic()
    with hook() as port:
        assert call(pager(tmp_path, webhook=f"http://127.0.0.1:{port}/0", limit_s=1)) == "it took more than 1 s"
    assert time.monotonic() - began < 3


def test_a_webhook_is_only_believed_under_its_name(tmp_path: Path) -> None:
    """With the authority of the settings it is reached; with the system's, or under another name, it is not."""
    ca, context = authority(tmp_path)
    other, strange = authority(tmp_path, "other.example")
    with hook(context) as port:
        url = f"https://localhost:{port}/200"
        assert call(pager(tmp_path, webhook=url, ca_file=str(ca))) is None
        assert call(pager(tmp_path, webhook=url)) == "it cannot be reached: SSLCertVerificationError"
    with hook(strange) as port:
        url = f"https://localhost:{port}/200"
        assert "SSLCertVerificationError" in str(call(pager(tmp_path, webhook=url, ca_file=str(other))))


def test_tls_to_pagers_writes_no_secrets_of_its_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment asks for."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "secrets"))
    ca, context = authority(tmp_path)
    with hook(context) as port:
        assert call(pager(tmp_path, webhook=f"https://localhost:{port}/200", ca_file=str(ca))) is None
    assert not (tmp_path / "secrets").exists()


def test_a_secret_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    """The call fails, and says what is to be done."""
    (tmp_path / "token").write_text("a secret\n")
    (tmp_path / "token").chmod(0o644)
    found = call(pager(tmp_path, webhook="http://127.0.0.1:1/200", token_file="token"))
    assert found == "the file of its secret may be read by others; its mode is to be 0600"


def test_an_address_where_nobody_listens_is_a_failure(tmp_path: Path) -> None:
    """And the next call of the same pager is made."""
    assert call(pager(tmp_path, webhook="http://127.0.0.1:1/200")) == "it cannot be reached: ConnectionRefusedError"


# --- mail -------------------------------------------------------------------------------------------------------------


class MailServer:
    """As much of SMTP as a page needs.

    Args:
        tls: for STARTTLS, or from the start; None for neither.
        implicit: whether it is from the start.
        silent: whether it says nothing at all.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, implicit: bool = False, silent: bool = False) -> None:
        self.tls, self.implicit, self.silent = tls, implicit, silent
        self.said: list[str] = []
        self.secure: list[bool] = []
        self.mail = ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self.listener.accept()
            if self.implicit and self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self._talk(connection)
        except OSError:
            return

    def _talk(self, connection: socket.socket) -> None:
        if self.silent:
            connection.recv(1)
            return
        connection.sendall(b"220 ready\r\n")
        self._go_on(connection, secure=self.implicit)

    def _go_on(self, connection: socket.socket, *, secure: bool) -> None:
        stream = connection.makefile("rb")
        while words := stream.readline().decode().strip():
            self.said.append(words)
            self.secure.append(secure)
            match words.split()[0].upper():
                case "EHLO":
                    more = "" if secure or self.tls is None else "250-STARTTLS\r\n"
                    connection.sendall(f"250-here\r\n{more}250 AUTH PLAIN\r\n".encode())
                case "STARTTLS" if self.tls is not None:
                    connection.sendall(b"220 go\r\n")
                    stream.close()
                    with self.tls.wrap_socket(connection, server_side=True) as wrapped:
                        self._go_on(wrapped, secure=True)
                    return
                case "DATA":
                    connection.sendall(b"354 go\r\n")
                    while (one := stream.readline()) != b".\r\n":
                        self.mail += one.decode()
                    connection.sendall(b"250 ok\r\n")
                case "RCPT" if "nobody" in words:
                    connection.sendall(b"550 no\r\n")
                case _:
                    connection.sendall(b"235 ok\r\n" if words.startswith("AUTH") else b"250 ok\r\n")

    def close(self) -> None:
        """End it."""
        self.listener.close()
        self.thread.join(5)


def mail(folder: Path, server: MailServer, **values: Any) -> Pager:
    """A pager that writes mail."""
    terms = {"host": "localhost", "port": server.port, "from": "line@arc.example", "to": ["duty@arc.example"]}
    return pager(folder, smtp={**terms, **values}, limit_s=2)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_a_mail_is_sent_over_tls_with_its_user(tmp_path: Path, implicit: bool) -> None:
    """User, password and mail only after TLS; the subject says what it is, the text has the facts."""
    ca, context = authority(tmp_path)
    (tmp_path / "password").write_text("p4ssw0rd\n")
    (tmp_path / "password").chmod(0o600)
    server = MailServer(context, implicit=implicit)
    terms = {"tls": "tls" if implicit else "starttls", "ca_file": str(ca), "user": "line", "password_file": "password"}
    assert call(mail(tmp_path, server, **terms)) is None
    server.close()
    assert all(
        safe
        for words, safe in zip(server.said, server.secure, strict=True)
        if words.split()[0].upper() not in {"EHLO", "STARTTLS"}
    )
    assert "Subject: [ARC] OVERDUE answer of BOR 17" in server.mail
    assert f"Message-ID: <{CALL.id}@arc.example>" in server.mail
    assert '"serial":"BOR 17"' in server.mail.replace("=\r\n", "").replace("=3D", "=")


def test_a_mail_is_not_sent_without_the_tls_that_was_asked_for(tmp_path: Path) -> None:
    """A server, or whoever stands in its place, that offers none gets nothing."""
    server = MailServer()
    assert "did not take it" in str(call(mail(tmp_path, server)))
    server.close()
    assert not server.mail


def test_a_mail_that_is_not_taken_for_all_is_a_failure(tmp_path: Path) -> None:
    """Each address is somebody who should know."""
    server = MailServer()
    to = ["duty@arc.example", "nobody@arc.example"]
    assert call(mail(tmp_path, server, tls="none", to=to)) == "the server did not take it for 1 of 2 addresses"
    server.close()


@pytest.mark.slow
def test_a_mail_server_that_says_nothing_is_a_failure_in_time(tmp_path: Path) -> None:
    """And so is one that nobody runs."""
    server = MailServer(silent=True)
    began = time.monotonic()
    assert call(mail(tmp_path, server, tls="none")) == "it took more than 2 s"
    assert time.monotonic() - began < 4
    server.close()
    assert "ConnectionRefusedError" in str(call(mail(tmp_path, server, tls="none")))


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"run": ["page"]}, "absolute path"),
        ({"run": []}, "list of one to"),
        ({"run": ["/bin/true"], "webhook": "https://a.example"}, "one of run, webhook and smtp"),
        ({}, "one of run, webhook and smtp"),
        ({"webhook": "http://pager.example/x"}, "https"),
        ({"webhook": "https://user:word@pager.example/x"}, "without user"),
        ({"webhook": "https://pager.example/x\r\ny"}, "no line of text"),
        ({"webhook": "file:///etc/passwd"}, "is an address such as"),
        ({"run": ["/bin/true"], "events": ["everything"]}, "events are of"),
        ({"run": ["/bin/true"], "role": "king"}, "role is one of"),
        ({"run": ["/bin/true"], "after_s": -1}, "after_s is a number"),
        ({"run": ["/bin/true"], "colour": "red"}, "unknown name"),
        ({"run": ["/bin/true"], "token_file": "x"}, "stand beside webhook"),
        ({"smtp": {"host": "m.example", "from": "a@b.c", "to": ["x\ny"]}}, "no mail address"),
        ({"smtp": {"host": "m.example", "from": "a@b.c", "to": ["d@e.f"], "tls": "none"}}, "none only on loopback"),
        ({"smtp": {"host": "m.example", "from": "a@b.c", "to": ["d@e.f"], "user": "x"}}, "stand together"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, values: dict[str, Any], text: str) -> None:
    """With the number of the table and what is wrong."""
    with pytest.raises(HomeRefused) as refused:
        pager(tmp_path, **values)
    assert text in refused.value.text
    assert "page 1" in refused.value.text


def test_two_pagers_of_one_name_are_refused(tmp_path: Path) -> None:
    """A record of calls would not know which was which."""
    one = {"role": "duty", "name": "x", "run": ["/bin/true"]}
    with pytest.raises(HomeRefused, match="there twice"):
        read_pagers([one, one], where="node.toml", folder=tmp_path)


def examples() -> list[str]:
    """The settings that the administrator's page and a new node.toml show."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "administrator.md").read_text()
    shown = [block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[[page]]" in block]
    written = render(listen="").decode()
    lines = written[written.index("# [[page]]") :].splitlines()
    return [*shown, "\n".join(line.removeprefix("#").strip() for line in lines)]


@pytest.mark.parametrize("text", examples())
def test_the_examples_are_settings_that_are_taken(text: str, tmp_path: Path) -> None:
    """Whoever copies them has pagers."""
    pagers = read_pagers(tomllib.loads(text)["page"], where="node.toml", folder=tmp_path)
    assert {one.way for one in pagers} == {"run", "webhook", "smtp"}
