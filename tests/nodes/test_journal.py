"""What a party writes down for itself: by whom, where, and what never happens because of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from keys.keyring import NodeKeyring
from keys.roles import KeyRole
from nodes.client import NodeClient
from nodes.errors import NodeError
from nodes.export import export
from nodes.home import NodeHome
from nodes.journal import Author, JournalRefused
from nodes.journal_export import export_journal
from nodes.journal_home import folders, leave_note, open_journal, set_aside
from nodes.node import Node
from nodes.resources import journal_catalogue
from nodes.signed import SignedStatement
from protocol.body import open_with_secret
from protocol.canonical import Value
from protocol.entry import Entry
from protocol.journal import compose_act
from protocol.signature import sign_statement
from protocol.statement import Statement
from tests.builders import START_MS, hybrid, keyring
from tests.nodes.homes import agreement, said
from tests.nodes.pair import held, line_of, run, running, until, write_homes

DUTY = Author(1, "duty", hybrid("ARC 1", KeyRole.OFFICER))
FLAG = {"subject": "test"}


async def acts(node: Node) -> list[Statement]:
    """What is in a node's journal."""
    await node.journal.ready()
    return [Entry.parse(raw).parse_statement() for raw in await asyncio.to_thread(node.journal.entries, 0, 1000)]


def kinds(found: list[Statement]) -> list[str]:
    """Their kinds."""
    return [one.kind for one in found]


def alone(home: NodeHome, test: Callable[[Node], Awaitable[None]]) -> None:
    """Run a test with one node."""

    async def whole() -> None:
        async with running(home) as node:
            await test(node)

    run(whole)


def flag(node: Node, *, party: str = "ARC", person: int = 1, number: int = 1, role: str = "duty") -> SignedStatement:
    """A flag that a person's client signs."""
    statement, body = compose_act(
        journal_catalogue().kinds["flag"],
        node.journal.setting(),
        statement_id=bytes([person]) * 16,
        secret=bytes(32),
        issued_at_ms=START_MS,
        facts=FLAG,
        text="somebody should look",
    )
    raw = statement.encode()
    key = hybrid(f"{party} {number}", KeyRole.OFFICER)
    signature = sign_statement(
        raw, channel=statement.channel, party="ARC", signer=f"person/{person}", role=role, key=key
    )
    return SignedStatement(statement=raw, signatures=(signature,), body=body)


def test_no_journal_without_an_act(tmp_path: Path) -> None:
    """A node at which nobody does anything has none; messages alone write nothing down."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            assert (await held(arc, said("ARC"))).state == "held"
        assert not (tmp_path / "ARC" / "journal").exists()

    run(test)


def test_the_first_act_begins_the_journal(tmp_path: Path) -> None:
    """Before it stand the rosters by whose keys entries verify, and that the journal begins; the next start goes on."""
    home = write_homes(tmp_path)["ARC"]

    async def first(node: Node) -> None:
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is not None
        assert kinds(await acts(node)) == ["roster", "begun", "take-over"]

    async def second(node: Node) -> None:
        assert await node.journal.write("take-over", {"role": "duty"}, "the night shift", by=DUTY) is not None
        assert kinds(await acts(node)) == ["roster", "begun", "take-over", "take-over"]
        _, _, secret = await asyncio.to_thread(node.journal.sealed, 3)
        assert secret is not None

    alone(home, first)
    alone(home, second)


def test_acts_that_come_together_go_into_one_commit(tmp_path: Path) -> None:
    """They keep the order in which they came."""
    home = write_homes(tmp_path)["ARC"]

    async def test(node: Node) -> None:
        futures = [
            node.journal.write("take-over", {"role": "duty", "from_person": number}, by=DUTY) for number in range(9)
        ]
        await asyncio.gather(*futures)
        found = await acts(node)
        assert [(one.facts or {})["from_person"] for one in found if one.kind == "take-over"] == list(range(9))

    alone(home, test)


def test_a_person_signs_what_a_person_does(tmp_path: Path) -> None:
    """An act of a client is taken once, with that person's key, role and name; and for no other."""
    home = write_homes(tmp_path)["ARC"]

    async def test(node: Node) -> None:
        await node.journal.ready()
        signed = flag(node)
        recorded = await node.journal.submit(signed, person=1)
        assert recorded.person == 1
        assert (await node.journal.submit(signed, person=1)).index == recorded.index
        for wrong, person in (
            (flag(node, person=2), 2),
            (flag(node, person=1), 2),
            (flag(node, party="BOR"), 1),
            (flag(node, role="admin"), 1),
            (SignedStatement(statement=signed.statement, signatures=(), body=signed.body), 1),
            (SignedStatement(statement=signed.statement, signatures=signed.signatures, body=b"other"), 1),
        ):
            if wrong.statement == signed.statement and wrong == signed:
                continue
            with pytest.raises(JournalRefused):
                await node.journal.submit(wrong, person=person)
        assert kinds(await acts(node)).count("flag") == 1

    alone(home, test)


def test_a_node_does_not_sign_for_a_person(tmp_path: Path) -> None:
    """An act of a person's kind is not made by the node, nor one of the node's by a person; the journal goes on."""
    home = write_homes(tmp_path)["ARC"]

    async def test(node: Node) -> None:
        assert await node.journal.write("flag", FLAG, "text") is None
        assert await node.journal.write("draft-discarded", {"counterpart": "BOR"}, by=DUTY) is None
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is not None

    alone(home, test)


def test_a_journal_that_cannot_be_written_stops_no_line(tmp_path: Path) -> None:
    """There is an alarm, messages go through, and officers are told that their own act was not written down."""
    homes = write_homes(tmp_path)
    (tmp_path / "ARC" / "journal").mkdir(mode=0o700)
    (tmp_path / "ARC" / "journal" / "current").write_bytes(b"damaged")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await until(lambda: arc.journal.broken is not None)
            assert await arc.journal.write("draft-discarded", {}) is None
            with pytest.raises(NodeError, match="journal"):
                await arc.journal.ready()
            assert (await held(arc, said("ARC"))).state == "held"
            assert "journal-broken" in line_of(arc).alarms.counts

    run(test)


def test_what_was_lost_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acts for which there was no room are said to be missing as soon as there is."""
    from nodes.sqlite_store import SqliteStore
    from nodes.store import StoreFull

    home = write_homes(tmp_path)["ARC"]
    really = SqliteStore.append_own

    async def test(node: Node) -> None:
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is not None

        def full(*_: object) -> None:
            raise StoreFull("disk-full", "no room")

        monkeypatch.setattr(SqliteStore, "append_own", full)
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is None
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is None
        monkeypatch.setattr(SqliteStore, "append_own", really)
        assert await node.journal.write("unmute", {"role": "duty"}, by=DUTY) is not None
        found = await acts(node)
        gap = [one for one in found if one.kind == "gap"]
        assert [(one.facts or {})["lost"] for one in gap] == [2]
        assert kinds(found)[-1] == "unmute"
        assert node.journal.lost == 0

    alone(home, test)


def test_a_journal_for_which_there_is_no_room_begins_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first acts are counted as lost, officers are told at once, and the next act with room begins it."""
    from nodes.store import StoreFull

    home = write_homes(tmp_path)["ARC"]

    async def test(node: Node) -> None:
        def full(*_: object, **__: object) -> None:
            raise StoreFull("disk-full", "no room")

        monkeypatch.setattr("nodes.node.open_journal", full)
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is None
        with pytest.raises(JournalRefused):
            await node.journal.ready()
        monkeypatch.setattr("nodes.node.open_journal", open_journal)
        assert await node.journal.write("take-over", {"role": "duty"}, by=DUTY) is not None
        assert kinds(await acts(node)) == ["roster", "begun", "gap", "take-over"]

    alone(home, test)


def test_what_commands_leave_is_written_down(tmp_path: Path) -> None:
    """A note that was left while no node ran is an entry after its start, once; what is none is left alone."""
    home = write_homes(tmp_path)["ARC"]
    leave_note(home, "log-exported", {"counterpart": "BOR", "voice": "ARC", "size": 5, "at_ms": START_MS})
    leave_note(home, "contents-opened", {"counterpart": "BOR", "voice": "BOR", "index": 1, "person": 1})
    (home.journal / "outbox" / "strange.note").write_bytes(b"nonsense")

    async def test(node: Node) -> None:
        outbox = home.journal / "outbox"
        await until(lambda: len(list(outbox.glob("*.note"))) == 2)
        assert kinds(await acts(node)) == ["roster", "begun", "log-exported"]

    alone(home, test)
    alone(home, test)


def test_a_journal_outlives_the_sealing_key(tmp_path: Path) -> None:
    """With a new sealing key it goes on, its texts open with the old one, and its own key is sealed to the new one."""
    home = write_homes(tmp_path)["ARC"]
    first = keyring("ARC", agreement().channel)
    second = first.with_sealing(bytes(range(96)))
    facts: dict[str, Value] = {"counterpart": "BOR", "voice": "BOR", "index": 3, "decision": "watch"}

    async def goes_on(keys: NodeKeyring, expected: list[str], texts: list[str]) -> None:
        async with running(home, keys) as node:
            await node.journal.write("triage", facts, f"with {len(texts)} before", by=DUTY)
            found = await acts(node)
            assert kinds(found) == expected
            for index, text in enumerate(texts, 2):
                entry, body, secret = await asyncio.to_thread(node.journal.sealed, index)
                assert body is not None
                assert secret is not None
                statement = Entry.parse(entry).parse_statement()
                assert open_with_secret(statement, body, secret).fields == {"text": text}

    run(lambda: goes_on(first, ["roster", "begun", "triage"], []))
    run(lambda: goes_on(second, ["roster", "begun", "triage", "triage"], ["with 0 before"]))
    # Of the old key nothing of the journal's own is left: only what was sealed to it is shut without it.
    later = replace(second, sealing_before=())
    run(lambda: goes_on(later, ["roster", "begun", "triage", "triage", "triage"], []))


def test_a_journal_set_aside_is_named_by_the_next(tmp_path: Path) -> None:
    """The old one stays, and the new one says how far it went."""
    home = write_homes(tmp_path)["ARC"]

    async def first(node: Node) -> None:
        await node.journal.write("take-over", {"role": "duty"}, by=DUTY)

    async def second(node: Node) -> None:
        await node.journal.write("take-over", {"role": "duty"}, by=DUTY)
        begun = next(one for one in await acts(node) if one.kind == "begun")
        assert (begun.facts or {})["before_size"] == 3
        assert (begun.facts or {})["reason"] == "not-continued"

    alone(home, first)
    assert set_aside(home)
    assert not set_aside(home)
    alone(home, second)
    assert [one.current for one in folders(home)] == [False, True]


def test_nothing_of_the_journal_reaches_the_counterpart(tmp_path: Path) -> None:
    """No frame, no file of the other side, no export and no answer to whoever did not log in holds any of it."""
    homes = write_homes(tmp_path)
    sent: list[bytes] = []
    answers: list[str] = []

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            core = line_of(bor)._core
            receive = core.receive

            def heard(data: bytes, now: object) -> object:
                sent.append(data)
                return receive(data, now)  # type: ignore[arg-type]

            core.receive = heard  # type: ignore[assignment,method-assign]
            await arc.journal.write("mute", {"role": "duty", "until_ms": START_MS}, "a private reason", by=DUTY)
            assert (await held(arc, said("ARC"))).state == "held"
            await arc.journal.write("flag", FLAG, "another private reason", by=DUTY)
            assert (await held(arc, said("ARC", "again"))).state == "held"
            line = line_of(arc)
            export(line.store, "ARC", tmp_path / "export", agreement=line.agreement)
            await asyncio.to_thread(ask)

    def ask() -> None:
        with NodeClient.connect(homes["ARC"].socket) as client:
            answers.append(repr(client.request("status")))
            for op in ("journal-read", "journal-setting"):
                with pytest.raises(NodeError, match="logged in"):
                    client.request(op)

    run(test)
    with folders(homes["ARC"])[0].opened() as store:
        size = store.head("ARC").size
        entries = store.read("ARC", 0, size)
        secret = [*entries, *(Entry.parse(one).statement for one in entries), b"hotline/journal", b"private reason"]
    assert size == 4
    assert sent
    assert "journal" not in answers[0]
    theirs = b"".join(path.read_bytes() for path in sorted((tmp_path / "BOR").rglob("*")) if path.is_file())
    exported = b"".join(path.read_bytes() for path in sorted((tmp_path / "export").rglob("*")) if path.is_file())
    for part in secret:
        assert part not in theirs
        assert part not in exported
        assert not any(part in frame for frame in sent)


def test_an_export_of_a_journal_has_no_texts(tmp_path: Path) -> None:
    """Bodies of acts stay at home; rosters go with it."""
    home = write_homes(tmp_path)["ARC"]

    async def test(node: Node) -> None:
        await node.journal.write("flag", FLAG, "a private reason", by=DUTY)

    alone(home, test)
    done = export_journal(folders(home)[0], tmp_path / "journal")
    assert done.size == 3
    names = {path.relative_to(tmp_path / "journal").parts[0] for path in (tmp_path / "journal").rglob("*")}
    assert names == {"checkpoint", "policy", "roster", "tile"}
    with pytest.raises(NodeError, match="not empty"):
        export_journal(folders(home)[0], tmp_path / "journal")


def test_openings_and_receipts_are_written_down(tmp_path: Path) -> None:
    """Whoever is given what opens a body is in the journal, by number, with the entry."""
    homes = write_homes(tmp_path)

    def read() -> None:
        with NodeClient.connect(homes["BOR"].socket) as client:
            client.login(person=1, signer=hybrid("BOR 1", KeyRole.OFFICER))
            inbox = client.request("inbox")
            index = inbox[0]["index"]
            client.request("contents", voice="ARC", index=index)
            client.request("receipt", voice="ARC", index=index)
            assert "/hotline/journal/" in client.request("journal-setting")["origin"]

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            outcome = await held(arc, said("ARC"))
            await until(lambda: line_of(bor).projection.inbox(before=None, limit=1) != [])
            await asyncio.to_thread(read)
            # What came before this is written before it.
            await bor.journal.write("unmute", {"role": "duty"}, by=Author(1, "duty", hybrid("BOR 1", KeyRole.OFFICER)))
            found = [one for one in await acts(bor) if one.kind in {"contents-opened", "receipt-given"}]
            assert kinds(found) == ["contents-opened", "receipt-given"]
            for one in found:
                assert one.facts is not None
                assert (one.facts["voice"], one.facts["index"], one.facts["person"]) == ("ARC", outcome.index, 1)

    run(test)
