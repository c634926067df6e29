"""Make the vectors in spec/vectors/pairing-transcript: `python -m tests.protocol.make_transcript_vectors`.

ML-DSA is hedged; signatures that are there and verify are used again, so a new run writes the same bytes.
"""

from hashlib import sha256

from keys.errors import SignatureRefused
from protocol.errors import ProtocolError
from protocol.pairing_transcript import check_signatures
from tests.protocol import transcript_cases
from tests.protocol.transcript_made import AGREEMENT, CHANNEL, KEYS, ROOTS, Came
from tests.vector_world import VECTORS, Files, cases_of, dump_json, files_of, write_files

FOLDER = VECTORS / "pairing-transcript"
PARTS = "parts/"


def make(before: Files) -> dict[str, bytes]:
    """Every file by path.

    Args:
        before: the files that are there.

    Raises:
        AssertionError: what is found is not what was written down by hand.
    """
    kept = [data for name, data in before.items() if name.startswith(PARTS)]
    roots = {
        party: {"threshold": found.threshold, "keys": [f"{PARTS}{sha256(key.raw).hexdigest()}" for key in found.keys]}
        for party, found in ROOTS.items()
    }
    files = {f"{PARTS}{sha256(key.raw).hexdigest()}": key.raw for found in ROOTS.values() for key in found.keys}
    files["agreement.json"] = dump_json({"channel": CHANNEL.hex(), "agreement": AGREEMENT.hex(), "roots": roots})
    for name, (what, build) in cases_of(transcript_cases).items():
        came: Came = build()
        signatures: dict[str, list[tuple[int, bytes]]] = {}
        for party, numbers in came.by.items():
            signatures[party] = [(number, _signed(came, party, number, kept)) for number in numbers]
        case = {
            "what": what,
            "text": came.text.decode("ascii"),
            "signatures": {
                party: [[number, f"{PARTS}{sha256(value).hexdigest()}"] for number, value in made]
                for party, made in signatures.items()
            },
            "expected": {"accepted": came.code is None} | ({} if came.code is None else {"code": came.code}),
        }
        files |= {f"{PARTS}{sha256(value).hexdigest()}": value for made in signatures.values() for _, value in made}
        files[f"cases/{name}.json"] = dump_json(case)
        found = outcome(came.text, signatures)
        assert found == came.code, (name, found)
    return files


def outcome(text: bytes, signatures: dict[str, list[tuple[int, bytes]]]) -> str | None:
    """The code with which a transcript is refused under the agreement of the vectors, or None."""
    try:
        check_signatures(
            text, signatures, channel=CHANNEL, agreement=AGREEMENT, roots=ROOTS, needed=tuple(sorted(ROOTS))
        )
    except ProtocolError as error:
        return error.code
    return None


def _signed(came: Came, party: str, number: int, kept: list[bytes]) -> bytes:
    key = KEYS[came.keys.get(party, party)][number - 1]
    fresh = key.sign(came.purpose, channel=CHANNEL, author=party, message=came.text)
    for value in kept:
        # The Ed25519 half is the same each time, and tells which it is.
        if value[:64] == fresh[:64]:
            try:
                key.public.verify(came.purpose, channel=CHANNEL, author=party, message=came.text, signature=value)
            except SignatureRefused:
                continue
            return value
    kept.append(fresh)
    return fresh


def main() -> None:
    """Write all files."""
    write_files(FOLDER, make(files_of(FOLDER)))


if __name__ == "__main__":
    main()
