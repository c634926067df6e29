"""The doctor on whoever holds a node's keys: its key file, or a signer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from hotline.doctor.check import Check
from keys.errors import KeysError, PassphraseRefused
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.home import NodeHome
from nodes.key_files import read_node_keyring
from nodes.node_keys import KeysElsewhere, NodeKeys
from nodes.open_keys import held_keys
from nodes.signer_client import SignerKeys

_Ring = TypeVar("_Ring")


def node_keys(home: NodeHome, passphrase: bytes | None) -> tuple[list[Check], NodeKeys | None]:
    """Look at a node's keys, and open them where that is possible.

    Args:
        home: of the node.
        passphrase: of its key file, or None where that is not to be opened; a signer needs none.
    """
    try:
        signer = NodeConfig.load(home.config_path).signer
    except NodeError:
        # The settings have a check of their own.
        signer = None
    if signer is None:
        found, keys = key_file(home.keyring_path, passphrase, partial(_held, home))
        return [found, *_token(keys)], keys
    keys, checks = _with_signer(signer)
    return [*checks, *_left(home)], keys


def _with_signer(signer: Path) -> tuple[SignerKeys | None, list[Check]]:
    try:
        keys = SignerKeys.open(signer)
        try:
            keys.look()
        finally:
            # The certificate, which is all that is asked for later, is here.
            keys.close()
    except KeysError as error:
        fix = "Start the signer. It answers the users in its signer.toml only: run this as the node's user."
        return None, [Check(name="signer", result="fail", text=str(error), fix=fix)]
    text = f"{signer} holds the keys of {keys.party}, {len(keys.channel_ids())} channels, and they can be used"
    return keys, [Check(name="signer", result="ok", text=text)]


def _left(home: NodeHome) -> Iterator[Check]:
    if home.keyring_path.exists():
        fix = f"When the line is up with the signer, delete it: shred -u {home.keyring_path}"
        text = f"{home.keyring_path} is still here beside the signer"
        yield Check(name="key file", result="warn", text=text, fix=fix)


def _held(home: NodeHome, path: Path, passphrase: bytes) -> NodeKeys:
    module = NodeConfig.load(home.config_path).pkcs11_module
    return held_keys(read_node_keyring(path, passphrase), module, home.config_path)


def _token(keys: NodeKeys | None) -> Iterator[Check]:
    """Look whether the token that has halves of the keys is there."""
    if isinstance(keys, KeysElsewhere):
        try:
            keys.look()
        except KeysError as error:
            yield Check(name="token", result="fail", text=str(error), fix="Plug it in; the node goes on by itself.")
        else:
            yield Check(name="token", result="ok", text="the node's token is there and has every key")


def key_file(path: Path, passphrase: bytes | None, opens: Callable[[Path, bytes], _Ring]) -> tuple[Check, _Ring | None]:
    """Look at a key file, and open it where there is a passphrase."""
    if not path.is_file():
        fix = "Bring it back from your backup."
        return Check(name="key file", result="fail", text=f"{path} is missing", fix=fix), None
    if passphrase is None:
        fix = "Give --passphrase-file to have it opened."
        return Check(name="key file", result="warn", text="it was not opened", fix=fix), None
    try:
        keyring = opens(path, passphrase)
    except PassphraseRefused:
        text = "the passphrase does not open it"
        return Check(name="key file", result="fail", text=text, fix="Try another passphrase."), None
    except (KeysError, NodeError) as error:
        fix = "Bring the file back from your backup."
        return Check(name="key file", result="fail", text=str(error), fix=fix), None
    return Check(name="key file", result="ok", text="it opens"), keyring
