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
from nodes.key_files import NodeFile, read_node_keyring
from nodes.node_keys import NodeKeys
from nodes.signer import HeldKeys
from nodes.signer_client import SignerKeys
from nodes.signer_config import FILE, KEY_FILE, SignerConfig
from nodes.token_node import TokenNodeKeys


def open_held(directory: Path, config: SignerConfig, passphrase: bytes) -> HeldKeys:
    """Open the key file of a signer.

    Args:
        directory: of the signer.
        config: its settings.
        passphrase: of the key file.

    Raises:
        FileRefused, PassphraseRefused, EnvelopeRefused: it does not open.
        NodeError: as `held_keys`.
    """
    return held_keys(read_node_keyring(directory / KEY_FILE, passphrase), config.pkcs11_module, directory / FILE)


def held_keys(ring: NodeFile, module: Path | None, settings: Path) -> HeldKeys:
    """The keys of a key file, ready to be used; those with halves in a token as well.

    Args:
        ring: from the file.
        module: the token's library that the settings name, or None.
        settings: the file that they are in.

    Raises:
        NodeError: `token-module-refused`; a token is needed and no library is named.
    """
    if isinstance(ring, NodeKeyring):
        return ring
    if module is None:
        raise NodeError("token-module-refused", f"{settings} names no pkcs11_module, and the keys are in a token")
    return TokenNodeKeys(ring, module)


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
        ring = read_node_keyring(home.keyring_path, passphrase())
        return held_keys(ring, config.pkcs11_module, home.config_path)
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
