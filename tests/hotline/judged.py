"""What the other side holds it judges a moment later; a test waits for that moment at two homes side by side."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from keys.errors import KeysError
from keys.hybrid import Signer
from keys.keyring import OfficerKeyring
from nodes.client import NodeClient
from nodes.errors import NodeError
from nodes.home import OfficerHome
from nodes.key_files import read_keyring

PATIENCE_S = 60.0
"""Only what is broken takes longer."""


@cache
def _key(path: Path, passphrase: bytes) -> tuple[int | None, Signer]:
    ring = read_keyring(path, OfficerKeyring, passphrase)
    return ring.number, ring.signer()


def wait_until_judged(home: Path, serial: str) -> None:
    """Wait until the node of a home has judged an entry; a home whose node does not run, or does not let its duty
    officer in, is left as it is."""
    voice, _, index = serial.partition(" ")
    until = time.monotonic() + PATIENCE_S
    try:
        passphrase = (home.parent / "passphrase").read_bytes().strip()
        number, key = _key(OfficerHome(home / "officers" / "duty").key_path, passphrase)
        with NodeClient.connect(home / "node.sock") as client:
            client.login(person=number or 0, signer=key)
            while client.request("entry", voice=voice, index=int(index))["view"] is None:
                assert time.monotonic() < until, f"{home.name} does not judge {serial}"
                time.sleep(0.01)
    except (OSError, KeysError, NodeError):
        return
