"""The projection against a store: the same judgement and docket as in memory, after any interruption."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from nodes.projection import Projection, ProjectionBroken
from nodes.sqlite_store import SqliteStore
from nodes.store import Row
from protocol.docket import docket_digest
from protocol.entry import Entry
from protocol.errors import ProtocolError
from tests.builders import START_MS, World

HOUR_MS = 3_600_000


class Node:
    """One party's store and projection, fed from a world."""

    def __init__(self, path: Path, world: World, own: str) -> None:
        self.world = world
        self.path = path
        self.path.mkdir()
        self.their = {"ARC": "BOR", "BOR": "ARC"}[own]
        self.own = own
        self.store = SqliteStore.open(path / "log.db", own=own, their=self.their)
        self.projection = self.open()

    def open(self, executor: ThreadPoolExecutor | None = None) -> Projection:
        """Open the projection again."""
        return Projection.open(
            self.path / "docket.db",
            store=self.store,
            agreement=self.world.agreement,
            catalogue=self.world.catalogue,
            executor=executor,
        )

    def feed(self, party: str, end: int | None = None) -> None:
        """Append what the world's log has beyond the store."""
        log = self.world.logs[party]
        start = self.store.head(party).size
        end = len(log.entries) if end is None else end
        rows = []
        for index in range(start, end):
            statement_id, flash = None, False
            try:
                statement = Entry.parse(log.entries[index]).parse_statement()
                statement_id, flash = statement.id, statement.precedence == "flash"
            except ProtocolError:
                pass
            rows.append(Row(log.entries[index], log.leaves[index], log.bodies[index], statement_id, flash))
        if party == self.own:
            self.store.append_own(start, rows, log.frontiers[end], log.last_ms)
        else:
            self.store.append_their(start, rows, log.frontiers[end], b"note", log.last_ms)

    def settle(self) -> list[str]:
        """Advance until nothing is left."""
        found = []
        while new := self.projection.advance(5):
            found += [verdict.serial for verdict in new]
        return found


def _talk(world: World) -> None:
    told = world.say("ARC", "notification")
    asked = world.say("BOR", "clarification-request", thread=told, reply=told)
    world.say("ARC", "opened", thread=told, reply=asked)
    world.say("ARC", "holding-reply", thread=told, reply=asked)
    world.append("BOR", b"noise")
    world.say("BOR", "goodwill")
    world.say("ARC", "clarification-response", thread=told, reply=asked, outcome="partly")
    world.say("ARC", "retraction", thread=told, reply=told)
    world.state("BOR", "arrival")
    world.say("ARC", "notification", severity=5)
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")


def test_two_nodes_and_memory_come_to_the_same_docket(tmp_path: Path) -> None:
    """Fed in different orders and batches, both projections give the digest that the pure fold gives."""
    world = World()
    _talk(world)
    arc, bor = Node(tmp_path / "arc", world, "ARC"), Node(tmp_path / "bor", world, "BOR")
    arc.feed("ARC", 5)
    arc.settle()
    arc.feed("BOR")
    arc.feed("ARC")
    arc.settle()
    bor.feed("ARC")
    bor.feed("BOR")
    bor.settle()
    docket, _ = world.docket()
    expected = docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1))
    sizes = len(world.logs["ARC"].entries), len(world.logs["BOR"].entries)
    assert arc.projection.digest() == (*sizes, expected)
    assert bor.projection.digest() == (sizes[1], sizes[0], expected)
    assert bor.projection.digest_at(sizes[1], sizes[0]) == expected
    assert arc.projection.digest_at(sizes[0] - 1, sizes[1]) == bor.projection.digest_at(sizes[1], sizes[0] - 1)
    assert arc.projection.digest_at(sizes[0] + 1, sizes[1]) is None


def test_a_projection_goes_on_where_it_was(tmp_path: Path) -> None:
    """Closed and opened between batches, it judges each entry once and comes to the same end."""
    world = World()
    _talk(world)
    whole, broken = Node(tmp_path / "whole", world, "ARC"), Node(tmp_path / "broken", world, "ARC")
    for node in (whole, broken):
        node.feed("BOR")
        node.feed("ARC")
    expected = whole.settle()
    found = []
    while new := broken.projection.advance(3):
        found += [verdict.serial for verdict in new]
        broken.projection.close()
        broken.projection = broken.open()
    assert sorted(found) == sorted(expected)
    assert broken.projection.digest() == whole.projection.digest()
    assert broken.projection.inbox() == whole.projection.inbox()


def test_what_judging_asks_is_found_by_an_index(tmp_path: Path) -> None:
    """With a plan that does not depend on what is bound, nothing that is asked for an entry reads a whole table."""
    world = World()
    _talk(world)
    node = Node(tmp_path / "ARC", world, "ARC")
    asked: dict[str, int] = {}

    def note(_: object, sql: str, bound: Any) -> bool:
        asked[sql] = len(bound or ())
        return True

    database = cast(Any, node.projection)._db
    database.exec_trace = note
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    database.exec_trace = None
    plans = {
        sql: [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * count)]
        for sql, count in asked.items()
        if sql.startswith("SELECT")
    }
    assert len(plans) >= 4
    assert [sql for sql, plan in plans.items() if any("SCAN" in step for step in plan)] == []


def test_a_pool_of_threads_changes_nothing(tmp_path: Path) -> None:
    """Signatures verified elsewhere give the same verdicts."""
    world = World()
    _talk(world)
    node = Node(tmp_path / "node", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    with ThreadPoolExecutor(2) as executor:
        node.projection = node.open(executor)
        node.settle()
    first = node.projection.digest()
    node.projection.close()
    (node.path / "docket.db").unlink()
    node.projection = node.open()
    node.settle()
    assert node.projection.digest() == first


@pytest.mark.parametrize("damage", ["noise", "another channel", "another log"])
def test_a_file_that_does_not_fit_is_made_anew(tmp_path: Path, damage: str) -> None:
    """Noise, another agreement, or verdicts on entries that the log does not have: folded again from the logs."""
    world = World()
    _talk(world)
    node = Node(tmp_path / "node", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    expected = node.projection.digest()
    node.projection.close()
    if damage == "noise":
        (node.path / "docket.db").write_bytes(b"noise" * 1000)
        for suffix in ("-wal", "-shm"):
            (node.path / f"docket.db{suffix}").unlink(missing_ok=True)
    else:
        other = World(title="Another line") if damage == "another channel" else World()
        other.say("ARC", "goodwill")
        foreign = Node(tmp_path / "foreign", other, "ARC")
        foreign.feed("ARC")
        foreign.settle()
        foreign.projection.close()
        (foreign.path / "docket.db").rename(node.path / "docket.db")
    node.projection = node.open()
    node.settle()
    assert node.projection.digest() == expected


def test_what_is_doubted_is_derived_anew_by_the_next_process(tmp_path: Path) -> None:
    """It ended before it could: the next one begins from nothing, and what it derives is doubted no more."""
    world = World()
    _talk(world)
    node = Node(tmp_path / "node", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    found = node.settle()
    node.projection.doubt()
    for expected in (found, []):
        node.projection.close()
        node.projection = node.open()
        assert node.settle() == expected


def test_a_batch_that_cannot_be_written_is_not_kept(tmp_path: Path) -> None:
    """A failed write leaves everything as it was, and the next call does it all."""
    world = World()
    _talk(world)
    for _ in range(120):
        world.say("ARC", "goodwill")
    node = Node(tmp_path / "node", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.projection.advance(4)
    limit = node.projection._db.execute("PRAGMA page_count").get
    node.projection._db.execute(f"PRAGMA max_page_count={limit}")
    with pytest.raises(ProjectionBroken):
        node.settle()
    node.projection._db.execute("PRAGMA max_page_count=100000")
    node.settle()
    docket, _ = world.docket()
    assert node.projection.digest()[2] == docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1))


def test_views_show_headers_rungs_and_clocks(tmp_path: Path) -> None:
    """Entry, inbox, thread and due list of one exchange, as officers ask for them."""
    world = World()
    told = world.say("BOR", "notification", precedence="flash")
    asked = world.say("ARC", "clarification-request", thread=told, reply=told, precedence="flash")
    world.say("ARC", "opened", thread=told, reply=told)
    world.append("BOR", b"noise")
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    node = Node(tmp_path / "node", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    view = node.projection.entry(*told)
    assert view is not None
    assert (view["kind"], view["rung"], view["state"], view["effective"]) == ("notification", "opened", "made", True)
    assert view["rungs"]["opened"]["serial"] == "ARC 3"
    assert [one["serial"] for one in node.projection.inbox()] == ["BOR 3", "BOR 2"]
    assert node.projection.inbox()[0]["faults"] == ["malformed"]
    assert node.projection.inbox(limit=1, before=3)[0]["serial"] == "BOR 2"
    assert node.projection.inbox(after=2)[0]["serial"] == "BOR 3"
    thread = bytes.fromhex(view["thread"])
    assert [one["serial"] for one in node.projection.thread(thread)] == ["BOR 2", "ARC 2", "ARC 3"]
    assert node.projection.threads()[0]["opener"]["serial"] == "BOR 2"
    assert node.projection.find(thread) == told
    due = node.projection.due(START_MS + 3_600_000)
    assert [(one["serial"], one["name"], one["owed_by"], one["overdue"]) for one in due] == [
        ("ARC 2", "open", "BOR", True),
        ("ARC 2", "holding", "BOR", False),
        ("ARC 2", "answer", "BOR", False),
        ("BOR 2", "follow", "BOR", False),
    ]
    assert node.projection.counts()["voices"]["BOR"] == {"entries": 5, "faults": 1}
    assert asked == ("ARC", 2)


def test_a_clock_is_shown_from_where_the_other_node_holds_it_on_a_quiet_line(tmp_path: Path) -> None:
    """BOR's node has logged that it holds ARC's flash, and ARC logs nothing more: both desks see what is due by when,
    and it is the same once ARC's log has said so."""
    world = World()
    told = world.say("ARC", "notification", precedence="flash", signers=((1, "duty"), (2, "release")))
    held_in = world.state("BOR", "arrival")
    nodes = [Node(tmp_path / own, world, own) for own in ("ARC", "BOR")]

    def look() -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for node in nodes:
            node.feed("ARC")
            node.feed("BOR")
            node.settle()
            view = node.projection.entry(*told)
            assert view is not None
            due = [
                (one["serial"], one["name"], one["owed_by"], one["due_ms"])
                for one in node.projection.due(START_MS)
                if one["name"] != "follow"
            ]
            assert node.projection.due_count() == 1
            found.append((tuple(due), view["rung"], view["rungs"]["held"]["serial"]))
        return found

    before = look()
    assert before[0] == before[1]
    assert before[0][0]
    assert before[0][1:] == ("held", f"BOR {held_in[1]}")
    world.say("ARC", "goodwill")
    assert look() == before


def test_both_nodes_find_an_answer_missed_that_a_late_holding_reply_would_excuse(tmp_path: Path) -> None:
    """A flash has four hours. The reply of the fifth holds it, and the answer within what it asked for is late, for
    both nodes, with one digest, and in what was missed."""
    world = World()
    asked = world.say("BOR", "clarification-request", precedence="flash")
    world.state("ARC", "arrival")
    held_ms = world.logs["ARC"].last_ms
    world.say("ARC", "holding-reply", thread=asked, reply=asked, at_ms=held_ms + 5 * HOUR_MS,
              respond_by_ms=held_ms + 7 * HOUR_MS)  # fmt: skip
    world.state("BOR", "arrival", at_ms=held_ms + 5 * HOUR_MS + 1000)
    nodes = [Node(tmp_path / own, world, own) for own in ("ARC", "BOR")]
    for step in ("held", "answered"):
        if step == "answered":
            world.say("ARC", "clarification-response", thread=asked, reply=asked, at_ms=held_ms + 6 * HOUR_MS)
            world.state("BOR", "arrival", at_ms=held_ms + 6 * HOUR_MS + 1000)
        docket, _ = world.docket()
        for node in nodes:
            node.feed("ARC")
            node.feed("BOR")
            node.settle()
            assert node.projection.digest()[2] == docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1))
            view = node.projection.entry(*asked)
            assert view is not None
            answer = next(one for one in view["clocks"] if one["name"] == "answer")
            assert (view["state"], answer["due_ms"]) == (step, held_ms + 4 * HOUR_MS)
            at_ms = held_ms + 6 * HOUR_MS
            owed = [
                (one["serial"], one["name"], one["overdue"], one["no_answer"]) for one in node.projection.due(at_ms)
            ]
            missed = [(one["serial"], one["name"]) for one in node.projection.missed(at_ms)]
            serial = f"BOR {asked[1]}"
            assert ((serial, "answer", True, "silence") in owed) == (step == "held")
            assert ((serial, "answer") in missed) == (step == "answered")
