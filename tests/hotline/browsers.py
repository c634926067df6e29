"""Browsers for tests of pages with passkeys: one in software, and a real one with a virtual authenticator.

Both are given an address as a command prints it, and press the button for whatever the page asks.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from hotline.cli.main import run
from hotline.output import Output
from keys.client_data import CREATE, base64url
from tests.authenticator import Authenticator
from tests.hotline.people import Done

CHROMIUM = shutil.which("chromium") or ""
WAIT_S = 60.0


class _Addresses(io.StringIO):
    """Standard error of a command, which tells of each address that is written there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def write(self, text: str) -> int:
        for one in re.findall(r"https?://\S+/#\S+", text):
            self.found.put(one)
        return super().write(text)


def with_browser(browser: SoftBrowser | Chromium, *arguments: str | Path) -> Done:
    """Run a command in this process while a browser opens every page that it names."""
    out, err = io.StringIO(), _Addresses()
    status: list[int] = []
    command = threading.Thread(
        target=lambda: status.append(run([str(one) for one in arguments], Output(out=out, err=err)))
    )
    command.start()
    while command.is_alive():
        try:
            address = err.found.get(timeout=0.1)
        except queue.Empty:
            continue
        browser.use(address)
    command.join()
    return Done(status[0], out.getvalue(), err.getvalue())


class SoftBrowser:
    """What the page's script does, without a browser, and with an authenticator in software.

    Attributes:
        device: signs, or is made.
        asked: what the page was asked to show, in order.
    """

    def __init__(self, device: Authenticator) -> None:
        self.device = device
        self.asked: list[dict[str, Any]] = []

    def use(self, address: str) -> None:
        """Open the page and press the button until it is done."""
        parts = urlsplit(address)
        status, begun = self.post(address, "/begin", {"token": parts.fragment})
        assert status == 200, begun
        while True:
            status, asked = self.post(address, "/next", begun)
            if status != 200 or asked["state"] == "done":
                return
            if asked["state"] == "ask":
                self.asked.append(asked)
                answer = {**begun, "number": asked["number"], "answer": self.made(asked)}
                assert self.post(address, "/answer", answer)[0] == 200

    def made(self, asked: dict[str, Any]) -> dict[str, str]:
        """What the browser's call gives."""
        challenge = base64.urlsafe_b64decode(asked["options"]["challenge"] + "=")
        if asked["ceremony"] == "create":
            data = self.device.new_credential()
            found = {"data": data, "client_data": self.device.client_data(challenge, ceremony=CREATE)}
        else:
            made = self.device.assertion(self.device.client_data(challenge))
            found = {
                "credential": made.credential,
                "data": made.data,
                "client_data": made.client_data,
                "signature": made.signature,
            }
        return {name: base64url(value) for name, value in found.items()}

    @staticmethod
    def post(address: str, path: str, body: object, **headers: str) -> tuple[int, Any]:
        """One request as the page makes it; headers may differ."""
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        given = {"Host": parts.netloc, "Origin": origin, "Content-Type": "application/json", **headers}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        line = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=WAIT_S)
        try:
            line.request("POST", path, data, {name.replace("_", "-"): value for name, value in given.items() if value})
            answer = line.getresponse()
            text = answer.read()
        except ConnectionError:
            return 0, None
        finally:
            line.close()
        return answer.status, json.loads(text) if answer.status == 200 else text


class Chromium:
    """The real thing, driven by its DevTools protocol, with an authenticator that it makes up."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._next = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.authenticator = self.call("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]
        self.shown: list[str] = []

    def call(self, method: str, **parameters: Any) -> Any:
        """One call, and its result."""
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._line.send(json.dumps(message))
        while True:
            answer = json.loads(self._line.recv(timeout=WAIT_S))
            if answer.get("id") == self._next:
                assert "error" not in answer, answer
                return answer["result"]

    def script(self, text: str) -> Any:
        """What an expression on the page gives."""
        return self.call("Runtime.evaluate", expression=text, returnByValue=True, userGesture=True)["result"].get(
            "value"
        )

    def use(self, address: str) -> None:
        """Open the page and press the button until it is done."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        until, state = time.monotonic() + WAIT_S, ""
        while time.monotonic() < until:
            state = self.script("document.getElementById('state')?.textContent ?? ''")
            if state.startswith(("Done", "Nothing more")):
                return
            if self.script("document.getElementById('go')?.hidden === false"):
                self.shown.append(self.script("document.getElementById('text').textContent"))
                self.script("document.getElementById('go').click()")
            time.sleep(0.05)
        raise AssertionError(f"the page is not done: {state}")


@contextmanager
def chromium(directory: Path, *arguments: str) -> Iterator[Chromium]:
    """A browser of its own, with a profile in a directory."""
    options: Sequence[str] = (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--remote-debugging-port=0", f"--user-data-dir={directory}", *arguments),
    )
    with (directory.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen([CHROMIUM, *options, "about:blank"], stdout=log, stderr=log)
    try:
        port_file = directory / "DevToolsActivePort"
        until = time.monotonic() + WAIT_S
        while not (port_file.exists() and port_file.read_text().count("\n")) and time.monotonic() < until:
            time.sleep(0.05)
        port, path = port_file.read_text().split("\n")[:2]
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None) as line:
            yield Chromium(line)
            line.send(json.dumps({"id": 0, "method": "Browser.close"}))
        process.wait(20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(20)
