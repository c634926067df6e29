"""The directory of a witness: its settings, its sealed keys, and what it remembers.

    witness.toml    where it listens
    witness.keys    two cosigning keys, sealed under a passphrase
    witness.db      the logs it follows, and how far

Source: spec/witness.md, "State".
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog

from keys.witness_keyring import WitnessKeyring
from nodes.config import Endpoint
from nodes.errors import HomeRefused
from nodes.files import make_directory, write_file
from nodes.home import parse_endpoint, read_toml
from nodes.key_files import read_keyring, write_keyring
from nodes.web import WebServer
from nodes.witness import Witness, witness_app
from nodes.witness_store import WitnessStore

_SETTINGS = """\
# Settings of this witness. The logs it follows are not set here: hotline --home {home} witness follow.

# Where logs bring their checkpoints: host:port or [v6]:port.
listen = "{listen}"

# Certificate chain and key in PEM, seen from this directory, to serve HTTPS. Without them it serves HTTP: signatures
# protect everything that it says, and a proxy may stand before it.
tls_certificate = ""
tls_key = ""
"""


@dataclass(frozen=True, slots=True)
class WitnessHome:
    """See the module.

    Attributes:
        path: of the directory.
    """

    path: Path

    @property
    def settings_path(self) -> Path:
        """Where it listens."""
        return self.path / "witness.toml"

    @property
    def keyring_path(self) -> Path:
        """Its sealed keys."""
        return self.path / "witness.keys"

    @property
    def store_path(self) -> Path:
        """What it remembers."""
        return self.path / "witness.db"

    @classmethod
    def open(cls, path: Path) -> WitnessHome:
        """Take a directory as the home of a witness.

        Raises:
            HomeRefused: it has no `witness.toml`.
        """
        if not (path / "witness.toml").is_file():
            raise HomeRefused("home-missing", f"{path} is not the home of a witness: there is no witness.toml")
        return cls(path)

    @classmethod
    def create(cls, path: Path, keyring: WitnessKeyring, *, listen: str, passphrase: bytes) -> WitnessHome:
        """Make one.

        Args:
            path: a directory that is empty or not there.
            keyring: its keys.
            listen: host:port.
            passphrase: that seals the keys.

        Raises:
            HomeRefused: `home-exists`, `endpoint-malformed`.
            FileRefused: a file cannot be written.
        """
        parse_endpoint(listen, where="listen")
        if path.exists() and any(path.iterdir()):
            raise HomeRefused("home-exists", f"{path} is not empty")
        make_directory(path)
        home = cls(path)
        write_keyring(home.keyring_path, keyring, passphrase)
        WitnessStore(home.store_path, create=True).close()
        # Last: a directory without it is no home.
        write_file(home.settings_path, _SETTINGS.format(home=path.name, listen=listen).encode(), mode=0o644)
        return home

    def store(self) -> WitnessStore:
        """What it remembers.

        Raises:
            NodeError: `witness-state`.
        """
        return WitnessStore(self.store_path)

    def keyring(self, passphrase: bytes) -> WitnessKeyring:
        """Its keys; takes about 0.3 s.

        Raises:
            FileRefused, PassphraseRefused, EnvelopeRefused: as `nodes.key_files.read_keyring`.
        """
        return read_keyring(self.keyring_path, WitnessKeyring, passphrase)

    def served(self) -> tuple[Endpoint, ssl.SSLContext | None]:
        """Where it listens, and with what certificate.

        Raises:
            HomeRefused: the settings are malformed.
        """
        values = read_toml(self.settings_path, names={"listen": str, "tls_certificate": str, "tls_key": str})
        address = parse_endpoint(values["listen"], where=f"{self.settings_path}: listen")
        chain, key = str(values["tls_certificate"]), str(values["tls_key"])
        if not chain and not key:
            return address, None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.path / chain, self.path / key)
        except (OSError, ssl.SSLError) as error:
            text = f"{self.settings_path}: the certificate or its key cannot be used: {error}"
            raise HomeRefused("home-file-malformed", text) from error
        return address, context


async def run_witness(home: WitnessHome, keyring: WitnessKeyring) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        NodeError: `port-in-use`, `witness-state`.
        HomeRefused: the settings are malformed.
    """
    address, context = home.served()
    store = home.store()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = structlog.get_logger(part="witness")
    try:
        server = WebServer(witness_app(Witness(keyring, store)), address, context, strangers=True)
        await server.start()
        log.info("witness runs", name=keyring.name, host=address[0], port=address[1], https=context is not None)
        await stop.wait()
        await server.stop()
    finally:
        store.close()
    log.info("witness stopped")
