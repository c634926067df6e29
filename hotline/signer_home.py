"""The directory of a signer: taking a node's keys over from its home, with what they signed so far.

    signer.toml     its settings
    node.key        the node's key file, sealed as it was in the home
    marks, *.mark   what was signed (nodes/signer_marks.py)

Source: spec/signer.md, "Files" and "Taking over".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotline.errors import Refused
from keys.errors import KeysError
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.files import make_directory, read_file, write_file
from nodes.highwater import HighWater
from nodes.home import ChannelHome, NodeHome
from nodes.home_lock import locked
from nodes.key_files import read_node_keyring
from nodes.node import mark_path_of
from nodes.open_keys import held_keys
from nodes.signer import NodeSigner
from nodes.signer_config import FILE, KEY_FILE, render
from nodes.signer_marks import Marks
from nodes.sqlite_store import SqliteStore
from nodes.store import THEIR_COSIGNED
from protocol.agreement import Agreement
from protocol.checkpoint import parse_text
from protocol.note import parse as parse_note


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a signer took over.

    Attributes:
        party: short name.
        channels: how many channels it has keys of.
        marks: logs of which it knows how far they were signed.
    """

    party: str
    channels: int
    marks: int


def take(home: NodeHome, directory: Path, passphrase: bytes, *, socket: Path) -> Taken:
    """Copy a stopped node's keys to a signer's directory, and teach it what they signed.

    Nothing is taken away from the home: whoever calls says that the key file there is to go.

    Args:
        home: of the node.
        directory: of the signer; it may hold an older copy of the same party's keys.
        passphrase: of the key file.
        socket: where the signer will be asked; of use where there are no settings yet.

    Raises:
        NodeError: `node-running`; the node, or a signer of that directory, runs.
        Refused: `signer-other-party`; the directory has the keys of another party.
        FileRefused, PassphraseRefused, EnvelopeRefused: the key file does not open.
    """
    config = NodeConfig.load(home.config_path)
    make_directory(directory)
    with locked(home.path), locked(directory):
        keys = held_keys(read_node_keyring(home.keyring_path, passphrase), config.pkcs11_module, home.config_path)
        kept = directory / KEY_FILE
        if kept.is_file():
            before = read_node_keyring(kept, passphrase)
            if before.party != keys.party:
                raise Refused("signer-other-party", f"{directory} holds the keys of {before.party}")
        marks = Marks.open(directory)
        try:
            signer = NodeSigner(keys, marks)
            for channel in home.channels():
                _teach(signer, home, channel, config)
            count = len(marks.uses())
        finally:
            marks.close()
        write_file(kept, read_file(home.keyring_path))
        if not (directory / FILE).exists():
            text = render(socket=str(socket), user=home.path.stat().st_uid, module=config.pkcs11_module)
            write_file(directory / FILE, text, mode=0o600)
    return Taken(party=keys.party, channels=len(keys.channels), marks=count)


def _teach(signer: NodeSigner, home: NodeHome, channel: ChannelHome, config: NodeConfig) -> None:
    """Show it how far our log is signed, and how far theirs is cosigned."""
    agreement = Agreement.parse_founding(read_file(channel.agreement_path))
    own = HighWater.peek(mark_path_of(channel, agreement, own=home.party, apart=config.high_water))
    if own is not None:
        _remind(signer, "log", agreement, name=parse_text(parse_note(own).text).origin, note=own)
    if not channel.log_db.is_file():
        # It was paired and never ran.
        return
    store = SqliteStore.open(channel.log_db, own=home.party, their=channel.counterpart, readonly=True)
    try:
        their = store.note(THEIR_COSIGNED)
    finally:
        store.close()
    if their is not None:
        _remind(signer, "mirror", agreement, name=agreement.mirror_name(home.party), note=their)


def _remind(signer: NodeSigner, job: str, agreement: Agreement, *, name: str, note: bytes) -> None:
    try:
        signer.ask("remind", {"job": job, "channel": agreement.channel.hex(), "name": name, "note": note})
    except (NodeError, KeysError) as error:
        raise Refused("signer-refused", f"the {job} of {name} was not signed by these keys: {error}") from error
