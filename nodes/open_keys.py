"""Opening the keys of a node, wherever its settings say that they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from keys.errors import KeyElsewhere, KeysError
from keys.keyring import NodeKeyring
from nodes.config import NodeConfig
from nodes.errors import HomeRefused, NodeError
from nodes.hardening import keep_memory_private
from nodes.home import NodeHome
from nodes.key_files import read_keyring
from nodes.node_keys import NodeKeys
from nodes.signer import HeldKeys
from nodes.signer_client import SignerKeys
from nodes.signer_config import KEY_FILE, SignerConfig


def open_held(directory: Path, config: SignerConfig, passphrase: bytes) -> HeldKeys:
    """Open the key file of a signer.

    Args:
        directory: of the signer.
        config: its settings.
        passphrase: of the key file.

    Raises:
        FileRefused, PassphraseRefused, EnvelopeRefused: it does not open.
    """
    del config
    return read_keyring(directory / KEY_FILE, NodeKeyring, passphrase)


def open_keys(home: NodeHome, config: NodeConfig, passphrase: Callable[[], bytes]) -> NodeKeys:
    """Open a node's keys: its key file, or the signer that its settings name.

    Args:
        home: of the node.
        config: its settings.
        passphrase: gives that of the key file; not asked for where a signer holds the keys.

    Raises:
        NodeError: `keys-away`; the signer cannot be reached.
        HomeRefused: the signer holds the keys of another party.
        FileRefused, PassphraseRefused, EnvelopeRefused: the key file does not open.
    """
    if config.signer is None:
        return read_keyring(home.keyring_path, NodeKeyring, passphrase())
    # The TLS key is here, and every body that is opened.
    keep_memory_private()
    try:
        keys = SignerKeys.open(config.signer)
    except KeyElsewhere as error:
        raise NodeError(error.code, str(error)) from error
    except KeysError as error:
        raise NodeError("keys-away", f"the signer at {config.signer}: {error}") from error
    if keys.party != home.party:
        raise HomeRefused("home-file-malformed", f"{home.config_path} names a signer with the keys of {keys.party}")
    return keys
