"""The local API: who may ask for what, and what a rude client can do."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect

from keys.hybrid import HybridPrivateKey
from keys.keyring import OfficerKeyring
from keys.roles import KeyRole
from nodes.api import PENDING_BYTES_MAX, _Conversation
from nodes.api_frames import FRAME_BYTES_MAX, decode_answer, encode_request
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import OfficerHome
from nodes.key_files import read_keyring
from nodes.operations import OPERATIONS
from nodes.unix_path import socket_address
from protocol import canonical
from tests.hotline.nodes import running
from tests.hotline.people import PASSPHRASE, acting, ok, paired


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose nodes run, one of them deeper than a socket's address can say."""
    deep = tmp_path_factory.mktemp("api") / ("deep" * 20)
    deep.mkdir()
    arc, bor = paired(deep)
    with running(arc, bor):
        ok(*acting(bor, "send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20"))
        yield arc, bor


def officer(home: Path, name: str) -> tuple[int, HybridPrivateKey]:
    """An officer's number and key."""
    ring = read_keyring(OfficerHome(home / "officers" / name).key_path, OfficerKeyring, PASSPHRASE.strip())
    assert ring.number is not None
    return ring.number, ring.signer()


def logged_in(home: Path, name: str) -> NodeClient:
    """A client that logged in as an officer."""
    client = NodeClient.connect(home / "node.sock")
    number, key = officer(home, name)
    client.login(person=number, signer=key)
    return client


def raw(home: Path) -> ClientConnection:
    """A connection below the client, past the greeting."""
    with socket_address(home / "node.sock") as address:
        connection = unix_connect(address, compression=None, legacy=True)
    connection.recv(timeout=5)
    return connection


def test_the_socket_is_for_owner_and_group(homes: tuple[Path, Path]) -> None:
    """Mode 0660: the group can be given to officers; others cannot connect."""
    assert (homes[0] / "node.sock").stat().st_mode & 0o777 == 0o660


def test_without_login_only_the_line_is_told(homes: tuple[Path, Path]) -> None:
    """Every other operation is refused, whatever its arguments."""
    with NodeClient.connect(homes[0] / "node.sock") as client:
        assert client.request("status")["party"] == "ARC"
        for op, operation in OPERATIONS.items():
            if operation.access == "anyone":
                continue
            with pytest.raises(ApiRefused) as caught:
                client.request(op, voice="BOR", index=0, id="00", limit=1)
            assert caught.value.code == "login-refused", op


def test_every_operation_states_its_access() -> None:
    """Contents are for readers; the state of line and disk, login, submission and what roots signed are for anyone."""
    access = {op: operation.access for op, operation in OPERATIONS.items()}
    anyone = {"status", "scrub", "login", "pagers", "submit", "roster-import", "hold-roots"}
    assert {op for op, who in access.items() if who == "anyone"} == anyone
    readers = {"closed", "contents", "disclosed", "draft", "quoted"}
    assert {op for op, who in access.items() if who == "reader"} == readers


def test_an_officer_reads_and_an_administrator_does_not(homes: tuple[Path, Path]) -> None:
    """The same entry: its header for both, its contents by role."""
    with logged_in(homes[0], "duty") as client:
        entry = client.request("inbox", limit=1)[0]
        assert client.request("contents", voice="BOR", index=entry["index"])["secret"] is not None
    with logged_in(homes[0], "keeper") as client:
        assert client.request("inbox", limit=1)[0]["serial"] == entry["serial"]
        with pytest.raises(ApiRefused) as caught:
            client.request("contents", voice="BOR", index=entry["index"])
    assert caught.value.code == "not-permitted"


def test_another_key_does_not_log_in(homes: tuple[Path, Path]) -> None:
    """A stranger's key, another officer's number, and a number that nobody has."""
    number, key = officer(homes[0], "duty")
    stranger = HybridPrivateKey.from_seed(bytes(range(64)), KeyRole.OFFICER)
    for person, signer in ((number, stranger), (number + 1, key), (99, key)):
        with NodeClient.connect(homes[0] / "node.sock") as client, pytest.raises(ApiRefused) as caught:
            client.login(person=person, signer=signer)
        assert caught.value.code == "login-refused"


def test_an_answer_to_another_challenge_does_not_log_in(homes: tuple[Path, Path]) -> None:
    """A recorded login is worth nothing on the next connection."""
    number, key = officer(homes[0], "duty")
    with NodeClient.connect(homes[0] / "node.sock") as first, NodeClient.connect(homes[0] / "node.sock") as second:
        first._challenge = second._challenge
        with pytest.raises(ApiRefused) as caught:
            first.login(person=number, signer=key)
    assert caught.value.code == "login-refused"


def test_a_person_of_the_other_party_does_not_log_in(homes: tuple[Path, Path]) -> None:
    """Borealia's officer is nobody at Arcadia's node."""
    number, key = officer(homes[1], "duty")
    with NodeClient.connect(homes[0] / "node.sock") as client, pytest.raises(ApiRefused):
        client.login(person=number, signer=key)


def test_answers_come_to_their_requests(homes: tuple[Path, Path]) -> None:
    """Many requests on their way at once, answered by number, in whatever order they finish."""
    with logged_in(homes[0], "duty") as client:
        numbers = [client.start("entry", voice="BOR", index=index % 3) for index in range(300)]
        answers = [client.finish(number) for number in reversed(numbers)]
    assert [answer["view"]["index"] for answer in reversed(answers)] == [index % 3 for index in range(300)]


def test_who_asks_for_much_and_reads_later_gets_all_of_it(homes: tuple[Path, Path]) -> None:
    """Answers that fill every buffer wait for the client, and what it asks meanwhile is answered as well."""
    with logged_in(homes[0], "duty") as client:
        numbers = [client.start("context") for _ in range(200)]
        time.sleep(0.5)
        numbers.append(client.start("context"))
        answers = [client.finish(number) for number in numbers]
    assert len({len(answer["agreement"]) for answer in answers}) == 1
    assert len(answers) * len(answers[0]["agreement"]) > 2_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x80",
        canonical.encode({"op": "status"}),
        canonical.encode({"n": 0, "op": "status"}),
        canonical.encode({"n": -1, "op": "status"}),
        canonical.encode({"n": True, "op": "status"}),
        canonical.encode([1, "status"]),
        encode_request(1, "status", {}) + b"\x00",
        b"\x82\xa2op\xa6status\xa1n\x01",
        b"\x91" * 64 + b"\x00",
    ],
)
def test_what_is_no_request_ends_the_connection(homes: tuple[Path, Path], data: bytes) -> None:
    """A refusal under number 0, then the end; the next connection is served."""
    with raw(homes[0]) as connection:
        connection.send(data)
        received = connection.recv(timeout=5)
        assert isinstance(received, bytes)
        answer = decode_answer(received)
        assert (answer["n"], answer["error"]["code"]) == (0, "request-malformed")
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)
    with NodeClient.connect(homes[0] / "node.sock") as client:
        assert client.request("status")["party"] == "ARC"


def test_a_message_that_is_too_large_ends_the_connection(homes: tuple[Path, Path]) -> None:
    """Nothing beyond the limit is read."""
    data = b"\xc6" + (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + bytes(FRAME_BYTES_MAX + 1)
    with raw(homes[0]) as connection:
        with contextlib.suppress(ConnectionClosed):
            connection.send(data)
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)
    with NodeClient.connect(homes[0] / "node.sock") as client:
        assert client.request("status")["party"] == "ARC"


def test_requests_that_wait_hold_so_much_and_no_more() -> None:
    """A request keeps what it asked with until its answer; the next one is not read before there is room."""
    begun: list[int] = []

    class Waiting(_Conversation):
        async def _work(self, number: int, op: str, arguments: dict[str, Any]) -> None:
            begun.append(number)
            await answers[number].wait()

    class Sending:
        def __init__(self) -> None:
            self.left = [encode_request(number, "wait", {"x": bytes(FRAME_BYTES_MAX - 64)}) for number in range(1, 12)]

        async def send(self, message: bytes) -> None:
            """The greeting."""

        def __aiter__(self) -> "Sending":
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                await asyncio.Event().wait()
            return self.left.pop(0)

    async def test() -> None:
        answers.update({number: asyncio.Event() for number in range(1, 12)})
        sending = Sending()
        task = asyncio.create_task(Waiting(cast(Any, Nobody()), cast(Any, sending)).run())
        await asyncio.sleep(0.1)
        assert begun == list(range(1, PENDING_BYTES_MAX // FRAME_BYTES_MAX + 1))
        answers[3].set()
        await asyncio.sleep(0.1)
        assert begun == list(range(1, PENDING_BYTES_MAX // FRAME_BYTES_MAX + 2))
        task.cancel()

    class Nobody:
        party = "ARC"

    answers: dict[int, asyncio.Event] = {}
    asyncio.run(test())


@pytest.mark.parametrize(
    ("op", "arguments", "code"),
    [
        ("entry", {"voice": "BOR", "index": -1}, "no-such-entry"),
        ("entry", {"voice": "BOR", "index": "0"}, "request-malformed"),
        ("entry", {"voice": "CEL", "index": 0}, "no-such-entry"),
        ("entry", {"index": 0}, "request-malformed"),
        ("receipt", {"voice": "BOR", "index": -1}, "no-such-entry"),
        ("contents", {"voice": "BOR", "index": 10**9}, "no-such-entry"),
        ("thread", {"id": bytes(32)}, "no-such-thread"),
        ("wait", {"id": "zz"}, "request-malformed"),
        ("wait", {"id": "00" * 16}, "no-such-statement"),
        ("draft", {"id": "00" * 16}, "no-such-draft"),
        ("sign", {"id": "00" * 16, "signature": ["person/1"]}, "statement-file-malformed"),
        ("submit", {"signed": b"\x00"}, "statement-file-malformed"),
        ("inbox", {"counterpart": "CEL"}, "channel-unknown"),
        ("login", {"person": 1, "signature": b""}, "login-refused"),
        ("nonsense", {}, "request-malformed"),
    ],
)
def test_arguments_are_taken_by_name_and_type(
    homes: tuple[Path, Path], op: str, arguments: dict[str, Any], code: str
) -> None:
    """Each refusal has its code, and the connection goes on."""
    with logged_in(homes[0], "duty") as client:
        with pytest.raises(ApiRefused) as caught:
            client.request(op, **arguments)
        assert caught.value.code == code
        assert client.request("status")["party"] == "ARC"


def test_who_watches_is_told_of_changes(homes: tuple[Path, Path]) -> None:
    """A statement of the other side shows as a push."""
    arc, bor = homes
    with logged_in(arc, "duty") as client:
        client.request("watch")
        ok(*acting(bor, "send", "goodwill", "--set", "message=news", "--wait", "held", "--timeout", "20"))
        assert next(client.pushes(timeout_s=10))["push"] == "changed"


def test_whoever_watches_again_and_again_is_told_once(homes: tuple[Path, Path]) -> None:
    """A thousand requests to watch cost what one does, and bring one push a change."""
    arc, bor = homes
    with logged_in(arc, "duty") as client:
        for _ in range(1000):
            client.request("watch")
        ok(*acting(bor, "send", "goodwill", "--set", "message=news", "--wait", "held", "--timeout", "20"))
        # What was pushed so far stands before the answer.
        client.request("status")
        assert 0 < len(client._pushes) < 500


def test_nobody_listens_at_a_socket_that_a_killed_node_left(tmp_path: Path) -> None:
    """The client says that no node runs; it does not hang."""
    path = tmp_path / "node.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(ApiRefused) as caught:
        NodeClient.connect(path)
    assert caught.value.code == "node-not-running"
