"""The files of a ceremony beside those of `pairing_files`: minutes and signed transcripts, hostile until checked.

    minutes      ["hotline-minutes", 1, text]
    transcript   ["hotline-transcript", 1, text, [[party, [[root number, signature], ...]], ...]]

Source: spec/pairing.md, "Files".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hotline.errors import Refused
from hotline.pairing_files import FILE_BYTES_MAX
from keys.quorum import ROOTS_MAX
from keys.suite import SIGNATURE_BYTES
from protocol import canonical
from protocol.errors import ProtocolError
from protocol.pairing_transcript import TEXT_BYTES_MAX, Transcript

VERSION = 1
_MAGIC = "hotline-"
NAMES = ("offer", "answer", "final", "minutes", "transcript")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTranscript:
    """A transcript with signatures of roots.

    Attributes:
        text: as it was signed.
        signatures: by party, root number and signature.
    """

    text: bytes
    signatures: Mapping[str, tuple[tuple[int, bytes], ...]]

    def encode(self) -> bytes:
        """Give the file's bytes."""
        signed = [
            [party, [[number, value] for number, value in self.signatures[party]]] for party in sorted(self.signatures)
        ]
        return canonical.encode([f"{_MAGIC}transcript", VERSION, self.text, signed])

    @classmethod
    def parse(cls, data: bytes) -> SignedTranscript:
        """Read a file. Nothing is verified.

        Raises:
            Refused: `transcript-malformed`.
        """
        match _decoded(data):
            case ["hotline-transcript", int(version), bytes(text), list(signed)] if _is_version(version):
                if len(text) > TEXT_BYTES_MAX or not 1 <= len(signed) <= 2:
                    raise _malformed("it is too large")
                found = cls(text=text, signatures=dict(_party(one) for one in signed))
                if found.encode() != data:
                    raise _malformed("it is in a second spelling")
                return found
            case _:
                raise _malformed("it is no signed transcript of a version that this program knows")


def encode_minutes(text: bytes) -> bytes:
    """Give the bytes of a file of minutes."""
    return canonical.encode([f"{_MAGIC}minutes", VERSION, text])


def parse_minutes(data: bytes) -> Transcript:
    """Read minutes.

    Raises:
        Refused: `transcript-malformed`; or they are a whole transcript.
    """
    match _decoded(data):
        case ["hotline-minutes", int(version), bytes(text)] if _is_version(version):
            found = parse_text(text)
            if found.second is not None:
                raise _malformed("minutes are of one room")
            return found
        case _:
            raise _malformed("these are no minutes of a version that this program knows")


def parse_text(text: bytes) -> Transcript:
    """Read the text of a transcript.

    Raises:
        Refused: as `Transcript.parse`.
    """
    try:
        return Transcript.parse(text)
    except ProtocolError as error:
        raise Refused(error.code, error.text) from error


def file_name(data: bytes) -> str:
    """Say which file of a ceremony this is: one of `NAMES`, or "countersigned" for a transcript that both signed.

    Raises:
        Refused: none of them.
    """
    value = _decoded(data)
    if isinstance(value, list) and value and isinstance(value[0], str):
        name = value[0].removeprefix(_MAGIC)
        if value[0].startswith(_MAGIC) and name in NAMES:
            if name == "transcript" and isinstance(value[-1], list) and len(value[-1]) == 2:
                return "countersigned"
            return name
    raise Refused("pairing-file-malformed", "this is no file of a pairing")


def _decoded(data: bytes) -> Any:
    try:
        return canonical.decode(data, bytes_max=FILE_BYTES_MAX)
    except ProtocolError as error:
        raise Refused("pairing-file-malformed", str(error)) from error


def _is_version(value: object) -> bool:
    # `true` equals 1, and would be a second spelling of it.
    return type(value) is int and value == VERSION


def _party(value: Any) -> tuple[str, tuple[tuple[int, bytes], ...]]:
    match value:
        case [str(party), list(signed)] if len(signed) <= ROOTS_MAX:
            return party, tuple(_signature(one) for one in signed)
        case _:
            raise _malformed("its signatures are not understood")


def _signature(value: Any) -> tuple[int, bytes]:
    match value:
        case [int(number), bytes(signature)] if type(number) is int and len(signature) in SIGNATURE_BYTES:
            return number, signature
        case _:
            raise _malformed("a signature is not understood")


def _malformed(text: str) -> Refused:
    return Refused("transcript-malformed", text)
