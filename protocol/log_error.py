"""The base of what the log formats refuse.

    LogRefused
    +-- ProofError             merkle          a Merkle proof that does not show what it claims
    +-- NoteRefused            note            bytes that are no signed note
    |   +-- DoubledLine                        two lines of one key
    +-- CheckpointRefused      checkpoint      a text that is no checkpoint
    |   +-- ExtensionRefused                   lines after the root
    +-- LineRefused            cosignature     signature lines that are not those asked for
    |   +-- BadLine, UnknownLine, MissingLine
    +-- TileRefused            tiles           a path, tile or bundle that the format does not have
    +-- ProofFileRefused       proof           bytes that are no proof file
    +-- PolicyRefused          policy          a text that is no policy, or not one for a pair of parties
    +-- LogUnknown, QuorumMissing              a checkpoint that the policy does not accept
    +-- ReceiptRefused         receipt         a proof file without the entry it is about

Each class has a code, and a kind by which the test vectors name the sort of failure; several classes share a kind.
"""

from typing import ClassVar

from protocol.errors import ProtocolError


class LogRefused(ProtocolError):
    """Base of the errors of the log formats.

    Args:
        text: one clause for people.
        where: the part concerned, such as a line or a key name; empty for the whole.
    """

    CODE: ClassVar[str] = "log-refused"
    kind: ClassVar[str] = "malformed"

    def __init__(self, text: str, where: str = "") -> None:
        super().__init__(self.CODE, where, text)

    def __reduce__(self) -> tuple[type["LogRefused"], tuple[str, str]]:
        # The inherited way would hand the base's three arguments to this constructor.
        return type(self), (self.text, self.where)
