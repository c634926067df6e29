"""How the vectors of pairing are put together and judged.

A case is a file `cases/<name>.json`. Its `file` is a list of pieces, hexadecimal or a file below `parts/`; put behind
one another they are the bytes that came. The README beside them tells the rest.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from hotline.errors import HotlineError
from hotline.pairing import Paired, check_offer, check_words, preview_answer, preview_final
from hotline.party_file import PartyFile, write_party
from nodes.home import NodeHome
from protocol.agreement import Agreement
from protocol.agreement_terms import Party
from tests.vector_world import Files, vector_catalogue

PARTS = "parts/"

Json = dict[str, Any]


def in_pieces(data: bytes, parts: Iterable[bytes], files: dict[str, bytes]) -> list[str]:
    """Cut bytes at the parts that occur in them, and put those among the files."""
    for part in parts:
        at = data.find(part)
        if at >= 0:
            name = f"{PARTS}{sha256(part).hexdigest()}"
            files[name] = part
            behind = data[at + len(part) :]
            return [*in_pieces(data[:at], parts, files), name, *in_pieces(behind, parts, files)]
    return [data.hex()] if data else []


def together(pieces: Iterable[str], files: Files) -> bytes:
    """The bytes that pieces stand for."""
    return b"".join(files[one] if one.startswith(PARTS) else bytes.fromhex(one) for one in pieces)


def read_case(files: Files, name: str) -> Json:
    """One case."""
    case: Json = json.loads(files[f"cases/{name}.json"])
    return case


def parties(files: Files) -> dict[str, Party]:
    """Both parties, as the agreement of the good answer names them."""
    text = files[PARTS + read_case(files, "answer-good")["agreement"]]
    return {one.short: one for one in Agreement.parse(text).parties}


def outcome(case: Json, files: Files, folder: Path) -> Json:
    """What the party that a file came to says of it."""
    try:
        return _accepted(case, files, folder)
    except HotlineError as error:
        return {"accepted": False, "code": error.code}


def _accepted(case: Json, files: Files, folder: Path) -> Json:
    data = together(case["file"], files)
    if case["format"] == "offer":
        _, agreement = check_offer(data, own=parties(files)["BOR"], catalogue_digest=vector_catalogue().digest)
        return {"accepted": True, "agreement": agreement.digest.hex()}
    kept = together(read_case(files, case["kept"])["file"], files)
    if case["format"] == "final":
        _, _, paired = preview_final(_home(folder, parties(files)["BOR"], "channels/ARC/pairing/answer", kept), data)
    else:
        name = f"offers/{sha256(kept).hexdigest()}.offer"
        _, paired = preview_answer(_home(folder, parties(files)["ARC"], name, kept), data)
    if "heard" in case:
        check_words(paired, " ".join(case["heard"]))
    return _told(paired)


def _home(folder: Path, party: Party, name: str, kept: bytes) -> NodeHome:
    """The home of a party that keeps what it sent."""
    home = NodeHome(folder)
    card = PartyFile(short=party.short, name=party.name, domain=party.domain, roots=party.roots, members=())
    write_party(home.party_path, card)
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_bytes(kept)
    return home


def _told(paired: Paired) -> Json:
    return {"accepted": True, "agreement": paired.agreement.digest.hex(), "words": list(paired.words)}
