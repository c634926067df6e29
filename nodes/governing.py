"""What governs a channel, as its home has it: read-only, without a key, while a node runs or not.

The node derives it from the two logs and keeps it beside the docket. Where that is not there, or is of an earlier
version, the founding agreement is what is known.

Source: spec/agreement.md, "Amendments".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apsw

from nodes.errors import HomeRefused
from nodes.home import ChannelHome, NodeHome
from nodes.past import open_past
from nodes.resources import catalogue_of
from nodes.stopped import open_store, read_agreement
from nodes.voices import VoiceReader, Voices
from protocol import canonical
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.governance import Governance, Reign
from protocol.verdict import index_of, voice_of


@dataclass(frozen=True, slots=True)
class Treaty:
    """A channel's agreements as its home has them.

    Attributes:
        founding: the first.
        governance: what came of it.
        voices: both logs.
    """

    founding: Agreement
    governance: Governance
    voices: VoiceReader

    @property
    def reign(self) -> Reign:
        """What governs what is said next."""
        return self.governance.newest

    def text_at(self, place: int) -> bytes | None:
        """The text that the entry at a location carries."""
        return self.voices.body(self.founding.shorts[voice_of(place)], index_of(place))

    def serial(self, place: int) -> str:
        """How people name a location."""
        return f"{self.founding.shorts[voice_of(place)]} {index_of(place)}"


@contextmanager
def open_treaty(home: NodeHome, channel: ChannelHome) -> Iterator[Treaty]:
    """Read what governs a channel.

    Raises:
        HomeRefused: `catalogue-differs`; a catalogue is not at hand.
        NodeError: the logs cannot be read.
    """
    founding = read_agreement(channel)
    past = open_past(channel, founding, own=home.party)
    try:
        with open_store(home, channel) as store:
            voices: VoiceReader = Voices(store, past) if past.ended else store
            yield Treaty(founding, _governance(channel, founding, voices), voices)
    finally:
        past.close()


def agreement_in_force(channel: ChannelHome) -> Agreement:
    """The agreement that is in force as far as this home has judged both logs.

    Raises:
        HomeRefused: `catalogue-differs`; a catalogue is not at hand.
    """
    return reign_in_force(channel).agreement


def reign_in_force(channel: ChannelHome) -> Reign:
    """What governs as far as this home has judged both logs; as `agreement_in_force`."""
    return _governance(channel, read_agreement(channel), None).newest


def _governance(channel: ChannelHome, founding: Agreement, voices: VoiceReader | None) -> Governance:
    catalogue = catalogue_of(founding.catalogue_digest)
    if catalogue is None:
        raise HomeRefused("catalogue-differs", "the agreement names a catalogue that this program does not have")

    def document(voice: int, index: int, _digest: bytes) -> bytes | None:
        return None if voices is None else voices.body(founding.shorts[voice], index)

    governance = Governance(founding, catalogue, document=document, catalogue_of=catalogue_of)
    kept = _kept(channel)
    if kept is not None:
        try:
            governance.resume(canonical.decode(kept, bytes_max=len(kept), items_max=len(kept)))
        except ProtocolError as error:
            raise HomeRefused(error.code, error.beside_code) from error
    return governance


def _kept(channel: ChannelHome) -> bytes | None:
    if not channel.docket_db.is_file():
        return None
    try:
        connection = apsw.Connection(str(channel.docket_db), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            found: bytes | None = connection.execute("SELECT value FROM meta WHERE name='governance'").get
        finally:
            connection.close()
    except apsw.Error:
        # What is derived is derived anew at the node's next start.
        return None
    return found
