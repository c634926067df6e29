"""What the local API does: one function an operation, and a table that says who may ask for it.

| access | who |
|---|---|
| anyone | whoever may open the socket: facts about the line, no contents, nothing that is said |
| officer | whoever logged in and stands in the roster in force of the line asked about |
| reader | of those, whoever has a role that may read contents (`nodes/login.py`) |
| member | whoever logged in and stands in the roster in force of any line |
| member reader | of those, whoever has on any line a role that may read contents |

Every argument is taken by name and type. The client checks what it is told: rosters against the agreement it pinned,
contents against the commitments in the signed header.

Source: spec/local-api.md, "Operations".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from nodes import (
    disclosure_operations,
    docket_operations,
    draft_operations,
    erasure_operations,
    journal_operations,
    page_operations,
)
from nodes.amendments import chain_of
from nodes.api_arguments import Arguments, branch_of, index_of, limit_of, statement_id_of, take, voice_of
from nodes.branch_views import branch_entry, branch_view, disputed_views
from nodes.clock import now
from nodes.errors import ApiRefused
from nodes.files import read_file
from nodes.login import CONTENT_ROLES, Session, check_login, roles_of
from nodes.outcome import STATES, Outcome
from nodes.root_sets import roots_text
from nodes.signed import SignedStatement
from nodes.store import StoreDamaged
from nodes.templates import belied
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.merkle import leaf_hash
from protocol.reading import ROSTER_KIND
from protocol.signature import by_admins
from protocol.statement import Statement

if TYPE_CHECKING:
    from nodes.api import ApiNode
    from nodes.line import Line

WAIT_MS_MAX = 600_000
THREAD_MAX = 500
TEXTS_MAX = 1000

Push = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Caller:
    """One connection: who it is, and what it was offered to prove that.

    Attributes:
        node: the node asked.
        challenge: 32 bytes, offered to this connection alone.
        push: sends what nobody asked for one by one.
        session: who logged in, or None.
    """

    node: ApiNode
    challenge: bytes
    push: Push
    session: Session | None = None
    _watches: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def watch(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Keep something running for as long as the connection is open, in the place of what ran under that name."""
        before = self._watches.pop(name, None)
        if before is not None:
            before.cancel()
        self._watches[name] = asyncio.create_task(work)

    def close(self) -> None:
        """Stop what `watch` started."""
        for task in self._watches.values():
            task.cancel()

    def line(self, arguments: Arguments) -> Line:
        """Give the line that a request names, or the only one.

        Raises:
            ApiRefused: `channel-unknown`, or `channel-not-chosen` where there are several.
        """
        counterpart = take(arguments, "counterpart", str, None)
        lines = self.node.lines
        if counterpart is None:
            if len(lines) == 1:
                return next(iter(lines.values()))
            raise ApiRefused("channel-not-chosen", f"say which: {', '.join(sorted(lines)) or 'there is no channel'}")
        if counterpart not in lines:
            raise ApiRefused("channel-unknown", f"there is no channel with {counterpart[:8]!r}")
        return lines[counterpart]

    @property
    def person(self) -> int:
        """Number of whoever logged in; 0 for nobody."""
        return 0 if self.session is None else self.session.person

    def roles_anywhere(self) -> frozenset[str]:
        """Give the roles of whoever logged in on any line."""
        return frozenset().union(*(self.roles(line) for line in self.node.lines.values()))

    def roles(self, line: Line) -> frozenset[str]:
        """Give the roles of whoever logged in on a line; none without a login."""
        if self.session is None:
            return frozenset()
        return roles_of(line.own_rosters[-1].roster, self.session)


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table.

    Attributes:
        access: anyone, officer, reader, member or member reader.
        handler: what does it, given the line where access is officer or reader.
    """

    access: str
    handler: Callable[..., Awaitable[Any]]

    async def run(self, caller: Caller, arguments: Arguments) -> Any:
        """Check access and do it.

        Raises:
            ApiRefused: not allowed, or arguments of another type.
            NodeError, ProtocolError: what the operation refuses.
        """
        if self.access == "anyone":
            return await self.handler(caller, arguments)
        line = None if self.access.startswith("member") else caller.line(arguments)
        roles = caller.roles_anywhere() if line is None else caller.roles(line)
        if not roles:
            reason = "log in first" if caller.session is None else "the roster in force does not have this key"
            raise ApiRefused("login-refused", f"an officer must be logged in: {reason}")
        if self.access.endswith("reader") and not roles & CONTENT_ROLES:
            raise ApiRefused("not-permitted", f"contents are for {', '.join(sorted(CONTENT_ROLES))}")
        return await (self.handler(caller, arguments) if line is None else self.handler(caller, line, arguments))


# --- Without login ----------------------------------------------------------------------------------------------------


async def _status(caller: Caller, arguments: Arguments) -> Any:
    """The lines at a glance."""
    node = caller.node
    lines = [line for _, line in sorted(node.lines.items())]

    def details(line: Line) -> dict[str, Any]:
        witnessing = node.witnessing.get(line.counterpart)
        return {**line.details(), "witnesses": [] if witnessing is None else witnessing.shown()}

    channels = await asyncio.to_thread(lambda: [{**line.status(), "details": details(line)} for line in lines])
    return {"channels": channels, "party": node.party}


async def _scrub(caller: Caller, arguments: Arguments) -> Any:
    """How far the passes over what is stored are; `now` begins one."""
    lines = [line for _, line in sorted(caller.node.lines.items())]
    if take(arguments, "now", bool, False):
        for line in lines:
            line.upkeep.scrub.hurry()
    return {line.counterpart: line.upkeep.scrub.shown() for line in lines}


async def _login(caller: Caller, arguments: Arguments) -> Any:
    """Prove to be a person of the party; once a connection."""
    person = take(arguments, "person", int)
    signature = take(arguments, "signature", bytes)
    if caller.session is not None:
        raise ApiRefused("login-refused", "this connection is logged in already")
    rosters = [line.own_rosters[-1].roster for line in caller.node.lines.values()]
    caller.session = await asyncio.to_thread(
        check_login,
        caller.challenge,
        signature,
        party=caller.node.party,
        person=person,
        rosters=rosters,
    )
    return {name: sorted(caller.roles(line)) for name, line in sorted(caller.node.lines.items())}


def _is_by_admins(signed: SignedStatement) -> bool:
    """Whether it claims to be a roster that admins signed, which speaks for itself as well."""
    try:
        return by_admins(signed.signatures) and Statement.parse(signed.statement).kind == ROSTER_KIND
    except ProtocolError:
        return False


async def _hold_roots(caller: Caller, arguments: Arguments) -> Any:
    """Take the other side's next root set, which its roots signed and which so speaks for itself."""
    line = caller.line(arguments)
    signed = SignedStatement.parse(take(arguments, "signed", bytes))
    held = await line.standing.hold_roots(signed)
    return {"version": held.newest.version, "roots": roots_text(held)}


async def _submit(caller: Caller, arguments: Arguments) -> Any:
    """Take a statement. Officers log in; what roots signed speaks for itself, because it opens nothing."""
    line = caller.line(arguments)
    signed = SignedStatement.parse(take(arguments, "signed", bytes))
    rooted = bool(signed.signatures) and all(one.root is not None for one in signed.signatures)
    if not (rooted or _is_by_admins(signed)) and not caller.roles(line):
        raise ApiRefused("login-refused", "an officer must be logged in to send a statement")
    if line.store.ahead_indexes():
        await asyncio.to_thread(_require_in_place, line, Statement.parse(signed.statement))
    automated = take(arguments, "automated", bool, False)
    outcome = await line.intake.submit(signed, automated=automated, person=caller.person)
    return (await waited(line, outcome, arguments)).as_dict()


# --- Officers ---------------------------------------------------------------------------------------------------------


async def _context(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Everything that a client needs to compose, with what lets it check that."""
    own, their = await asyncio.to_thread(lambda: (line.store.head(line.own), line.store.head(line.counterpart)))
    now_ms = now().wall_ms
    return {
        "agreement": line.founding.text,
        "amendments": await asyncio.to_thread(
            lambda: chain_of(line.projection.governance, line.voices, line.founding.shorts)
        ),
        "ends_ms": line.projection.reign.ends_of(line.own),
        **await asyncio.to_thread(_waiting_terms, line),
        "catalogue": line.catalogue.digest,
        "counterpart": line.counterpart,
        "now_ms": now_ms,
        "own": line.own,
        "own_log": [own.size, own.root],
        "rosters": {
            line.own: line.own_rosters[-1].signed.encode(),
            line.counterpart: line.their_rosters[-1].signed.encode(),
        },
        "root_sets": {
            party: [signed.encode() for signed in held.signed] for party, held in line.standing.roots.items()
        },
        "their_log": [their.size, their.root],
        **await asyncio.to_thread(line.projection.over_all, now_ms),
    }


def _waiting_terms(line: Line) -> dict[str, Any]:
    """Amendments that could be accepted, by serial, and who has withdrawn from the agreement in force."""
    governance, shorts = line.projection.governance, line.founding.shorts
    places = governance.open_proposals()
    withdrawn_by = governance.newest.withdrawn_by
    return {
        "proposals": [line.projection.serial(place) for place in places],
        "withdrawn_by": None if withdrawn_by is None else shorts[withdrawn_by],
    }


async def _roster(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """A roster as it was signed; one that admins signed holds by those before it, back to one of the roots."""
    voice, version = voice_of(arguments, (line.own, line.counterpart)), take(arguments, "version", int)
    held = line.own_rosters if voice == line.own else line.their_rosters
    found = next((one for one in held if one.roster.version == version), None)
    if found is not None:
        return found.signed.encode()
    if not held[0].roster.version < version < held[-1].roster.version:
        raise ApiRefused("no-such-roster", f"this node holds no roster {version} of {voice} that verifies")
    # It was checked when it came; whoever asks checks it as well.
    return await asyncio.to_thread(read_file, line.home.roster_statement_path(voice, version))


async def _roster_import(caller: Caller, arguments: Arguments) -> Any:
    """Take a roster of the counterpart that was brought by hand. It speaks for itself, whoever brings it."""
    line = caller.line(arguments)
    signed = SignedStatement.parse(take(arguments, "signed", bytes))
    held = await line.standing.take(signed, agreement=line.agreement, now_ms=now().wall_ms)
    return {"party": held.roster.party, "version": held.roster.version}


async def _wait(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Wait until a statement of ours has come so far."""
    outcome = line.intake.outcome(statement_id_of(arguments))
    return (await waited(line, outcome, arguments)).as_dict()


async def _inbox(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What the counterpart's people have said, newest first."""
    before, limit = take(arguments, "before", int, None), limit_of(arguments)
    disputed = [] if before is not None else await asyncio.to_thread(disputed_views, line.store, line.catalogue)
    found = await asyncio.to_thread(lambda: _with_proof(line, line.projection.inbox(before=before, limit=limit)))
    return [*disputed, *await asyncio.to_thread(_with_templates, line, found)]


async def _threads(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """The threads, the one that moved last first."""
    return await asyncio.to_thread(line.projection.threads, limit_of(arguments))


async def _thread(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """One thread with its entries in order."""
    found = await asyncio.to_thread(line.projection.thread, take(arguments, "id", bytes), THREAD_MAX)
    if not found:
        raise ApiRefused("no-such-thread", "there is no such thread on this channel")
    return await asyncio.to_thread(_with_proof, line, found)


async def _entry(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """One entry: its bytes and how it was judged."""
    voice, index = voice_of(arguments, (line.own, line.counterpart)), index_of(arguments)
    if branch := branch_of(arguments, voice, line.counterpart):
        entry, _ = await asyncio.to_thread(branch_entry, line.store, branch, index)
        return {"entry": entry, "held_at_ms": None, "view": branch_view(line.store, branch, index)}
    entry, _ = await asyncio.to_thread(_stored, line, voice, index)
    view = await asyncio.to_thread(line.projection.entry, voice, index)
    if view is not None:
        (view,) = await asyncio.to_thread(_with_proof, line, [view])
    held_at_ms = await asyncio.to_thread(line.voices.cosigned_at, index) if voice == line.own else None
    return {"entry": entry, "held_at_ms": held_at_ms, "view": view}


def _with_proof(line: Line, views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say of each whether it was proved on a second channel, where the agreement asks for that."""
    return [{**view, "proof": line.proofs.of(view)} for view in views]


def _with_templates(line: Line, views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say of each what its header claims of a template, and its body belies."""
    return [
        {
            **view,
            "template": belied(
                view, catalogue=line.catalogue, projection=line.projection, open_entry=line.open_contents
            ),
        }
        for view in views
    ]


async def _quoted(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Which unofficial statements are quoted in texts that the caller is about to send; nothing of them is shown."""
    texts = take(arguments, "texts", list)
    if len(texts) > TEXTS_MAX or not all(type(one) is str for one in texts):
        raise ApiRefused("request-malformed", f"texts is a list of at most {TEXTS_MAX} texts")
    found = await asyncio.to_thread(line.unofficial.quoted, texts)
    return [list(one) for one in found]


async def _receipt(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """The receipt of one entry; it holds the entry and no contents."""
    voice, index = voice_of(arguments, (line.own, line.counterpart)), index_of(arguments)
    found = await asyncio.to_thread(line.receipt, voice, index)
    note(caller, line, "receipt-given", voice=voice, index=index)
    return found


async def _watch(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """From now on, say whenever something changed."""

    async def follow() -> None:
        while True:
            await line.changed()
            await caller.push("changed", {"counterpart": line.counterpart})

    caller.watch(line.counterpart, follow())
    return True


# --- Readers ----------------------------------------------------------------------------------------------------------


async def _contents(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What opens one entry: its body and its secret."""
    voice, index = voice_of(arguments, (line.own, line.counterpart)), index_of(arguments)
    if branch := branch_of(arguments, voice, line.counterpart):
        entry, body = await asyncio.to_thread(branch_entry, line.store, branch, index)
    else:
        entry, body = await asyncio.to_thread(_stored, line, voice, index)
    opened = await asyncio.to_thread(opening, line, Entry.parse(entry).statement, body)
    if body is None and not branch and await asyncio.to_thread(_erased, line, voice, index):
        opened = {**opened, "problem": ERASED}
    if opened["secret"] is not None:
        note(caller, line, "contents-opened", voice=voice, index=index)
    return opened


def _erased(line: Line, voice: str, index: int) -> bool:
    store, inside = line.standing.stored_at(voice, index)
    return store.erased_by(voice, inside) is not None


def note(caller: Caller, line: Line, kind: str, **facts: str | int | bytes) -> None:
    """Write down what the node gave to whoever is logged in; nobody waits for it."""
    line.journal.write(kind, {"counterpart": line.counterpart, "person": caller.person, **facts})


def _stored(line: Line, voice: str, index: int) -> tuple[bytes, bytes | None]:
    """An entry and its body, in its place or ahead of it."""
    # In this order: an entry that finds its place meanwhile is then in the log.
    ahead = [item for item in line.voices.ahead() if item.index == index] if voice == line.counterpart else []
    store, inside = line.standing.stored_at(voice, index)
    try:
        entries = store.read(voice, inside, inside + 1)
        if entries and leaf_hash(entries[0]) != store.hashes(voice)(0, inside):
            raise StoreDamaged("store-damaged", f"{voice} {index} is damaged")
        body = store.body(voice, inside)
    except StoreDamaged as error:
        line.upkeep.scrub.hurry()
        raise ApiRefused("log-damaged", f"{error.text}; it is asked back from {line.counterpart}") from error
    if entries:
        return entries[0], body
    if not ahead:
        raise ApiRefused("no-such-entry", f"there is no entry {voice} {index}")
    return ahead[0].entry, ahead[0].body


def _require_in_place(line: Line, statement: Statement) -> None:
    """Refuse what refers to an entry that has no place yet: it would be a fault for ever.

    Raises:
        ApiRefused: `not-in-place`.
    """
    named = {statement.thread, statement.in_reply_to} - {None}
    for item in line.voices.ahead() if named else ():
        if leaf_hash(item.entry) in named:
            raise ApiRefused("not-in-place", f"{line.counterpart} {item.index} is ahead of entries that are not here")


def opening(line: Line, statement: bytes, body: bytes | None) -> dict[str, Any]:
    """The body and the secret; the secret is None where nothing is sealed, or where it does not open for us."""
    kind = line.catalogue.kind(Statement.parse(statement).kind)
    if body is None or kind is None or kind.document:
        return {"body": body, "problem": None, "secret": None}
    try:
        opened = line.open_statement(statement, body)
    except ProtocolError as error:
        return {"body": body, "problem": error.code, "secret": None}
    return {"body": body, "problem": None, "secret": opened.secret.raw}


ERASED: Final = "body-erased"
"""Code of contents that were destroyed at the end of their retention."""

OPERATIONS: dict[str, Operation] = {
    "status": Operation("anyone", _status),
    "scrub": Operation("anyone", _scrub),
    "login": Operation("anyone", _login),
    "pagers": Operation("anyone", page_operations.pagers),
    "pages": Operation("member", page_operations.pages),
    "page-ack": Operation("member", page_operations.acknowledge),
    "page-mute": Operation("member", page_operations.mute),
    "page-unmute": Operation("member", page_operations.unmute),
    "page-test": Operation("member", page_operations.test),
    "submit": Operation("anyone", _submit),
    "hold-roots": Operation("anyone", _hold_roots),
    "context": Operation("officer", _context),
    "roster": Operation("officer", _roster),
    "roster-import": Operation("anyone", _roster_import),
    "wait": Operation("officer", _wait),
    "drafts": Operation("officer", draft_operations.drafts),
    "discard": Operation("officer", draft_operations.discard),
    "sign": Operation("officer", draft_operations.sign),
    "stop": Operation("officer", draft_operations.stop),
    "check": Operation("officer", draft_operations.check),
    "review": Operation("officer", draft_operations.review),
    "inbox": Operation("officer", _inbox),
    "threads": Operation("officer", _threads),
    "thread": Operation("officer", _thread),
    "entry": Operation("officer", _entry),
    "due": Operation("officer", docket_operations.due),
    "missed": Operation("officer", docket_operations.missed),
    "registers": Operation("officer", docket_operations.registers),
    "effect": Operation("officer", docket_operations.effect),
    "docket": Operation("officer", docket_operations.docket),
    "erasable": Operation("officer", erasure_operations.erasable),
    "erase": Operation("officer", erasure_operations.erased),
    "disclosable": Operation("officer", disclosure_operations.shown),
    "receipt": Operation("officer", _receipt),
    "watch": Operation("officer", _watch),
    "contents": Operation("reader", _contents),
    "disclosed": Operation("reader", disclosure_operations.opened),
    "quoted": Operation("reader", _quoted),
    "draft": Operation("reader", draft_operations.draft),
    "closed": Operation("reader", draft_operations.closed),
    "journal-setting": Operation("member", journal_operations.setting),
    "journal-write": Operation("member", journal_operations.write),
    "journal-read": Operation("member", journal_operations.read),
    "journal-text": Operation("member reader", journal_operations.text),
}


# --- Shapes ----------------------------------------------------------------------------------------------------------


async def waited(line: Line, outcome: Outcome, arguments: Arguments) -> Outcome:
    """Wait as the request asks for; a draft waits for people, which no request does."""
    state = take(arguments, "wait", str, None)
    if state is None or outcome.state in {"draft", "held-back"} or state not in STATES or outcome.reached(state):
        return outcome
    timeout_ms = max(0, min(take(arguments, "timeout_ms", int, 10_000), WAIT_MS_MAX))
    return await line.intake.follow(outcome, state, timeout_ms / 1000)
