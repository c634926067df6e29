"""Whether a home's journal can be read, and is what was signed."""

from __future__ import annotations

from hotline.doctor.check import Check
from keys.errors import KeysError
from nodes.errors import NodeError
from nodes.home import NodeHome
from nodes.journal_export import check_root
from nodes.journal_home import current_id, folders, is_begun
from nodes.store import OWN_SIGNED
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError

_FIX = "With the node stopped: hotline journal renew. The old journal stays readable as far as it is whole."


def journal(home: NodeHome) -> Check:
    """The journal that goes on: that its newest checkpoint verifies and is of the entries that are there."""
    if not is_begun(home):
        return Check(name="journal", result="ok", text="there is none yet; it begins with the first act")
    found = [one for one in folders(home) if one.current]
    if not found and current_id(home) is not None:
        return Check(name="journal", result="fail", text="its entries are missing", fix=_FIX)
    if not found:
        text = "what says which journal goes on cannot be read, or waits for the node's start"
        return Check(name="journal", result="warn", text=text, fix="Start the node; if it stays: " + _FIX)
    folder = found[0]
    try:
        with folder.opened() as store:
            note = store.note(OWN_SIGNED)
            size = store.head(folder.party).size
            if note is not None:
                keys = [line.key for line in folder.policy().logs]
                check_root(store, folder.party, verify_note(note, keys).checkpoint)
    except (NodeError, ProtocolError, KeysError) as error:
        return Check(name="journal", result="fail", text=f"it cannot be used: {error}", fix=_FIX)
    return Check(name="journal", result="ok", text=f"{size} entries")
