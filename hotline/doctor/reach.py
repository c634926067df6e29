"""Whether the other side's node answers, with the key that its roster names, and whether ours does.

A connection goes as far as TLS and no further: no hello is said, and the session that a running node has is left alone.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection

from cryptography.exceptions import UnsupportedAlgorithm

from hotline.doctor.check import Check
from keys.errors import KeysError
from keys.roster import Roster
from keys.tls_identity import spki_pin
from nodes import tls
from nodes.config import Endpoint
from nodes.node_keys import NodeKeys

TIMEOUT_S = 3.0
ANSWER_S = 0.5
"""How long an alert of the other side may take: with TLS 1.3 a refused certificate shows only after the handshake."""


def counterpart(name: str, endpoint: Endpoint, roster: Roster, keyring: NodeKeys | None) -> Check:
    """Dial a counterpart.

    Args:
        name: of the check.
        endpoint: one of its addresses.
        roster: theirs, in force.
        keyring: ours, to show our certificate as well; None to look at theirs only.
    """
    host, port = endpoint
    where = f"{host}:{port}"
    try:
        pin, alert = dial(endpoint, context(keyring, roster.tls))
    except OSError as error:
        fix = "Look at address, firewall and their node; call them. `hotline pair show` has the addresses."
        return Check(name=name, result="warn", text=f"{where}: {_reason(error)}", fix=fix)
    if pin not in roster.pins():
        fix = "Somebody else answers there, or their roster is newer than yours: compare by voice before anything else."
        return Check(name=name, result="fail", text=f"{where} answers with a key that is not in the roster", fix=fix)
    if keyring is not None and alert:
        fix = "They hold an older roster of yours: bring them the newest by hand."
        return Check(name=name, result="fail", text=f"{where} refuses our TLS key", fix=fix)
    return Check(name=name, result="ok", text=f"{where} answers with the key of the roster")


def listener(endpoint: Endpoint, pins: Collection[bytes]) -> Check:
    """Dial our own listener, as counterparts do."""
    host, port = endpoint
    where = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with, not bound.
    try:
        pin, _ = dial((where, port), context(None, ()))
    except OSError as error:
        fix = "Look at `listen` in node.toml and at the node's log."
        return Check(name="listener", result="fail", text=f"{where}:{port}: {_reason(error)}", fix=fix)
    if pin not in pins:
        fix = "Another program answers there, or the rosters do not name this node's key: hotline roster renew."
        return Check(name="listener", result="fail", text=f"{where}:{port} answers with another key", fix=fix)
    return Check(name="listener", result="ok", text=f"{where}:{port} answers with our key")


def context(keyring: NodeKeys | None, anchors: Collection[bytes]) -> ssl.SSLContext:
    """TLS 1.3; with our certificate where there is a keyring. The pin is compared afterwards, in any case."""
    if keyring is not None:
        made = tls.context(server=False, keyring=keyring, anchors=anchors)
    else:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.check_hostname = False
    # Whoever answers is to be named by the pin, not by an alert.
    made.verify_mode = ssl.CERT_NONE
    return made


def dial(endpoint: Endpoint, made: ssl.SSLContext) -> tuple[bytes | None, bool]:
    """Go through one handshake.

    Returns:
        Hash of the TLS key that the other side showed, None where it is no key of ours to read; and whether the other
        side broke off at once.

    Raises:
        OSError: nobody answers, or not with TLS 1.3.
    """
    with (
        socket.create_connection(endpoint, timeout=TIMEOUT_S) as plain,
        made.wrap_socket(plain, do_handshake_on_connect=True) as secure,
    ):
        der = secure.getpeercert(binary_form=True)
        secure.settimeout(ANSWER_S)
        try:
            broken = secure.recv(1) == b""
        except TimeoutError:
            broken = False
        except OSError:
            broken = True
        try:
            return (None if der is None else spki_pin(der)), broken
        except (KeysError, ValueError, UnsupportedAlgorithm):
            return None, broken


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError):
        return f"no TLS 1.3: {error.reason or 'the other side broke off'}"
    return error.strerror or type(error).__name__
