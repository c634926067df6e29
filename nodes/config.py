"""Settings of a node: one TOML file, read once, strictly; nothing reads the environment later.

Whom to trust is never a setting: that stands in the agreement and the rosters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from nodes.errors import HomeRefused
from nodes.files import read_file
from nodes.home import parse_endpoint
from nodes.logs import LEVELS
from nodes.pagers.terms import Pager, is_loopback, read_pagers
from nodes.witness_terms import WitnessTerms, read_witnesses
from protocol import toml_text

Endpoint = tuple[str, int]
_PIN = re.compile(r"[0-9a-f]{64}")
SCRUB_KIB_PER_S = 2_048
SCRUB_KIB_PER_S_MAX = 1_048_576
_NAMES = {
    "listen",
    "health",
    "metrics",
    "tiles",
    "tiles_clients",
    "high_water",
    "signer",
    "pkcs11_module",
    "log_level",
    "log_file",
    "scrub_kib_per_s",
    "page",
    "witness",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """How this node runs.

    Attributes:
        listen: where counterparts reach it; None to dial only.
        health: loopback address that answers `/healthz`; None for none.
        metrics: loopback address that answers `/metrics`; None for none.
        tiles: where the logs are served over HTTPS, read-only; None for not at all.
        tiles_clients: SHA-256 of the public keys (SPKI) that may read there besides the auditors of the agreement.
        high_water: directory for the high-water marks that no backup or snapshot reaches; None keeps them in the home,
            where they cannot vouch for the data after a restore.
        signer: the socket of the signer process that holds the node's keys; None where they are in the home.
        pkcs11_module: library of the token that has halves of the node's keys; None where none has.
        log_level: `debug`, `info`, `warning` or `error`.
        log_file: where the log goes; None for standard error.
        scrub_kib_per_s: how fast what is stored is read through again, KiB a second; 0 for only when asked.
        pagers: how people are reached who do not look at a screen.
        witnesses: where the witnesses of agreements are.
    """

    listen: Endpoint | None = None
    health: Endpoint | None = None
    metrics: Endpoint | None = None
    tiles: Endpoint | None = None
    tiles_clients: tuple[bytes, ...] = ()
    high_water: Path | None = None
    signer: Path | None = None
    pkcs11_module: Path | None = None
    log_level: str = "info"
    log_file: Path | None = None
    scrub_kib_per_s: int = SCRUB_KIB_PER_S
    pagers: tuple[Pager, ...] = ()
    witnesses: tuple[WitnessTerms, ...] = ()

    @classmethod
    def load(cls, path: Path) -> NodeConfig:
        """Read `node.toml`.

        Raises:
            HomeRefused: it is absent, is not TOML, has an unknown name or a value that cannot be.
        """
        where = str(path)
        try:
            values = toml_text.loads(read_file(path))
        except toml_text.TomlRefused as error:
            raise HomeRefused("home-file-malformed", f"{where}: {error}") from error
        unknown = sorted(set(values) - _NAMES)
        if unknown:
            raise HomeRefused("home-file-malformed", f"{where}: unknown name {unknown[0]!r}")

        def endpoint(name: str) -> Endpoint | None:
            value = values.get(name)
            return None if value in (None, "") else parse_endpoint(value, where=f"{where}: {name}")

        def path_of(name: str, what: str) -> Path | None:
            value = values.get(name)
            if value is not None and not isinstance(value, str):
                raise HomeRefused("home-file-malformed", f"{where}: {name} is the path of a {what}")
            return (path.parent / value) if value else None

        metrics = endpoint("metrics")
        if metrics is not None and not is_loopback(metrics[0]):
            raise HomeRefused("home-file-malformed", f"{where}: metrics is an address of loopback, such as 127.0.0.1")
        level = values.get("log_level", "info")
        if level not in LEVELS:
            raise HomeRefused("home-file-malformed", f"{where}: log_level is one of {', '.join(LEVELS)}")
        clients = values.get("tiles_clients", [])
        if not isinstance(clients, list) or not all(isinstance(one, str) and _PIN.fullmatch(one) for one in clients):
            raise HomeRefused("home-file-malformed", f"{where}: tiles_clients are SHA-256 hashes in 64 hex digits")
        pace = values.get("scrub_kib_per_s", SCRUB_KIB_PER_S)
        if type(pace) is not int or not 0 <= pace <= SCRUB_KIB_PER_S_MAX:
            text = f"scrub_kib_per_s is a number from 0 to {SCRUB_KIB_PER_S_MAX}"
            raise HomeRefused("home-file-malformed", f"{where}: {text}")
        return cls(
            listen=endpoint("listen"),
            health=endpoint("health"),
            metrics=metrics,
            tiles=endpoint("tiles"),
            tiles_clients=tuple(bytes.fromhex(one) for one in clients),
            high_water=path_of("high_water", "directory"),
            signer=path_of("signer", "socket"),
            pkcs11_module=path_of("pkcs11_module", "library"),
            log_level=level,
            log_file=path_of("log_file", "file"),
            scrub_kib_per_s=pace,
            pagers=read_pagers(values.get("page"), where=where, folder=path.parent),
            witnesses=read_witnesses(values.get("witness"), where=where, folder=path.parent),
        )


def with_module(text: bytes, module: Path) -> bytes:
    """The text of a new `node.toml` for a node with a token."""
    before = b'# pkcs11_module = "/usr/lib/softhsm/libsofthsm2.so"'
    return text.replace(before, f"pkcs11_module = {json.dumps(str(module))}".encode())


def render(*, listen: str, health: str = "", metrics: str = "", tiles: str = "") -> bytes:
    """The text of a new `node.toml`, with every setting explained.

    Args:
        listen: host:port for counterparts.
        health: host:port of the health check, or empty.
        metrics: host:port of the metrics, or empty.
        tiles: host:port of the read-only logs, or empty.
    """
    return f"""\
# Settings of this node. Whom to trust is not set here: that stands in the agreement and the rosters.
# An address is host:port or [v6]:port. An empty one switches the service off. The node reads this at its start.

# Where the counterparts' nodes reach this one.
listen = "{listen}"

# A loopback address that answers GET /healthz with 200 while the node is well.
health = "{health}"

# A loopback address that answers GET /metrics in the text format of Prometheus: states, counts and times, no contents.
metrics = "{metrics}"

# Where the auditors named in the agreement may read the logs over HTTPS (read-only, client certificate needed).
tiles = "{tiles}"

# More clients that may read there: SHA-256 of their public keys (SPKI), 64 hex digits each.
tiles_clients = []

# A directory for the high-water marks on a disk that no backup and no snapshot reaches. With it, a restarted node may
# sign before its counterpart has answered; without it, it waits.
# high_water = "/var/lib/hotline-high-water"

# The socket of the process that holds this node's keys, where there is one: see docs/ceremonies/signer.md. Without it
# the keys are in node.key of this directory.
# signer = "/run/hotline-signer/signer.sock"

# The library of the token, where a token has the Ed25519 halves of the keys in node.key.
# pkcs11_module = "/usr/lib/softhsm/libsofthsm2.so"

# debug, info, warning or error.
log_level = "info"

# A file for the log, seen from this directory, instead of standard error. It may be moved away at any time, as
# logrotate does: the next line begins a new one.
# log_file = "node.log"

# How fast the node reads everything it stores through again, once a day, to find what the disk changed: KiB a second.
# 0 leaves that to `hotline scrub`.
scrub_kib_per_s = {SCRUB_KIB_PER_S}

# Where the witnesses that agreements name are reached: one table each, with the agreement's name for it. The node
# brings them how far its logs go and gathers what they cosign; it never waits for them.
# [[witness]]
# name = "International Data Trust"
# url = "https://witness.example"               # ca_file where it is needed

# How people are reached who do not look at a screen: one table a pager, called for the role, in order of after_s, until
# somebody acknowledges. It is told header facts and codes, never contents. Try each: hotline pages test duty.
# events: flash, statement, due-soon, overdue, alarm, line-down, draft-waits; all of them where the line is left out.
# [[page]]
# role = "duty"
# events = ["flash", "statement", "due-soon", "overdue"]
# run = ["/usr/local/bin/page", "duty"]        # the facts come on standard input as JSON; status 0 is success
#
# [[page]]
# role = "technical"
# after_s = 120
# webhook = "https://pager.example/hook"       # token_file, ca_file where they are needed
#
# [[page]]
# role = "admin"
# [page.smtp]
# host = "mail.example"
# tls = "starttls"                             # or tls
# from = "hotline@line.example"
# to = ["admin@line.example"]
# user = "hotline"
# password_file = "/run/credentials/hotline-node.service/smtp"
""".encode()
