"""The vectors of what is signed outside of entries: sessions, beats, logins, successions, evidence and more.

They are files as those of statements are. Whoever judges one needs nothing but the file, and for an amendment the text
that it amends, which is a vector of agreements.
"""

from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.note_key import NoteVerifier
from keys.preimage import NO_CHANNEL
from keys.roles import KeyRole
from nodes.login import PURPOSE as LOGIN
from nodes.login import login_message
from protocol import accusation, frames, handshake
from protocol import beat as beats
from protocol.agreement import Agreement
from protocol.checkpoint import Checkpoint
from protocol.errors import ProtocolError
from protocol.frames import FrameType
from protocol.governance import check_amendment
from protocol.handshake import Tie
from protocol.journal import fault_of
from protocol.journal_kinds import JournalCatalogue
from protocol.policy import parse as parse_policy
from protocol.statement import LogState, Statement
from protocol.succession import check_fits, parse_succession
from protocol.witness import AddCheckpoint, NotCosigned, check_growth
from protocol.witness import verify as verify_request
from tests.protocol.statement_vectors import ACCEPTED, KINDS, VECTORS, Vector, read_vector

FOLDERS = {
    "session": ("handshake", "state", "beat", "login"),
    "succession": ("succession",),
    "evidence": ("evidence",),
    "amendment": ("amendment",),
    "journal": ("journal-statement",),
    "witness": ("add-checkpoint",),
}
"""Which forms lie in which folder."""


def judge_signed(vector: Vector) -> tuple[str, str]:
    """What this program says of a vector: kind of failure and code, or `accepted`."""
    try:
        _judge(vector)
    except KeysError as error:
        return error.kind, ""
    except NotCosigned as error:
        return "refused", str(error.status)
    except ProtocolError as error:
        return KINDS.get(type(error), "refused"), error.code
    return ACCEPTED, ""


def _judge(vector: Vector) -> None:
    def one(name: str) -> str:
        return vector.more[name][0]

    def header(name: str) -> bytes:
        return bytes.fromhex(one(name))

    def session() -> dict[str, object]:
        pins = {"own_pin": header("own-pin"), "their_pin": header("their-pin")}
        return {
            "key": HybridPublicKey(header("key"), KeyRole.NODE),
            "channel": header("channel"),
            "party": one("party"),
            "tie": Tie(dialled=one("reader") == "dials", nonce=bytes(32), **pins),
            "version": int(one("version")),
            "own_hello": header("own-hello"),
            "their_hello": header("their-hello"),
        }

    match vector.form:
        case "handshake":
            handshake.check(**session(), signature=vector.data)  # type: ignore[arg-type]
        case "state":
            frame = frames.parse(vector.data)
            assert frame.type is FrameType.STATE
            handshake.check_vouched(**session(), items=frame.items)  # type: ignore[arg-type]
        case "beat":
            key = HybridPublicKey(header("key"), KeyRole.NODE)
            where = {"channel": header("channel"), "party": one("party")}
            beats.verify(vector.data, header("signature"), key=key, **where)  # type: ignore[arg-type]
        case "login":
            message = login_message(header("challenge"), int(one("person")))
            key = HybridPublicKey(header("key"), KeyRole.OFFICER)
            key.verify(LOGIN, channel=NO_CHANNEL, author=one("party"), message=message, signature=vector.data)
        case "succession":
            past = LogState(int(one("size")), header("root"))
            agreement = Agreement.parse(read_vector(VECTORS / "agreement" / f"{one('agreement')}.txt").data)
            check_fits(parse_succession(vector.data), agreement, one("party"), epoch=int(one("epoch")), past=past)
        case "evidence":
            accusation.verify(accusation.parse(vector.data), parse_policy(header("policy")))
        case "amendment":
            base = Agreement.parse(read_vector(VECTORS / "agreement" / f"{one('base')}.txt").data)
            check_amendment(vector.data, base)
        case "journal-statement":
            known = JournalCatalogue.load(header("catalogue"))
            statement = Statement.parse(vector.data)
            fault = fault_of(statement, known, origin=one("origin"), party=one("party"))
            if fault is not None:
                raise ProtocolError("", "statement", fault)
        case "add-checkpoint":
            _judge_request(vector)
        case _:
            raise AssertionError(f"no format {vector.form}")


def _judge_request(vector: Vector) -> None:
    request = AddCheckpoint.parse(vector.data)
    checkpoint = verify_request(request, [NoteVerifier.parse(line) for line in vector.more.get("key", ())])
    size, _, root = vector.more["last"][0].partition(" ")
    last = Checkpoint(vector.more["origin"][0], int(size), bytes.fromhex(root)) if root else None
    check_growth(request, checkpoint, last)
