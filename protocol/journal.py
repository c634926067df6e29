"""The journal: what a party writes down for itself about its line, in the formats of the line and never sent.

Entries, statements and checkpoints are those of the two voices. What differs:

- the channel of a journal is a hash over its origin, `<domain>/hotline/journal/<id>`; the id is drawn at random, and a
  journal that cannot be continued is never continued: another one begins, and names it;
- the header's agreement is that same hash, and its catalogue the one of `protocol/journal_kinds.py`;
- what an entry says are facts in its header, and at most one free text, sealed to the party's own sealing key alone;
- there is no other log: `seen` and `held` are those of an empty one.

Source: spec/journal.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keys.sealing import SealingPublicKey
from protocol.body import open_with_secret, seal_body
from protocol.canonical import Value
from protocol.commitment import commit_all
from protocol.errors import BodyRefused, ComposeRefused, Malformed, NotUnderstood
from protocol.facts import check_facts
from protocol.journal_kinds import JournalCatalogue, JournalKind
from protocol.limits import BODY_BYTES_MAX
from protocol.statement import EMPTY_LOG, LogState, Statement
from protocol.statement_secret import StatementSecret
from protocol.tagged import Hash, digest, tagged

TEXT_FIELD: Final = "text"
TEXT_BYTES_MAX: Final = 4000
"""Bytes of a free text in UTF-8."""

_ORIGIN = re.compile(r"([^/\s+]{1,180})/hotline/journal/([0-9a-f]{32})")


class ActRefused(ComposeRefused):
    """An act that a journal has no place for; the code is `journal-act-refused`."""


def journal_origin(domain: str, journal_id: bytes) -> str:
    """The name of a journal's log and of its keys.

    Args:
        domain: of the party.
        journal_id: 16 random bytes.
    """
    return f"{domain}/hotline/journal/{journal_id.hex()}"


def is_journal(origin: str) -> bool:
    """Say whether a log of that name is a journal."""
    return _ORIGIN.fullmatch(origin) is not None


def journal_channel(origin: str) -> Hash:
    """What stands for the channel in a journal's entries."""
    return tagged("journal", origin.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSetting:
    """Where an act is written down.

    Attributes:
        origin: of the journal.
        party: short name.
        catalogue: digest of the journal's kinds.
        after: how far the journal goes, as the author has it in view.
        sealing: the party's own sealing key.
    """

    origin: str
    party: str
    catalogue: Hash
    after: LogState
    sealing: SealingPublicKey


def compose_act(
    kind: JournalKind,
    setting: JournalSetting,
    *,
    statement_id: bytes,
    secret: bytes,
    issued_at_ms: int,
    facts: Mapping[str, Value],
    text: str | None = None,
    document: bytes | None = None,
) -> tuple[Statement, bytes | None]:
    """Make a statement for a journal.

    Args:
        kind: of the act.
        setting: where it is written down.
        statement_id: 16 random bytes.
        secret: 32 random bytes; used where there is free text.
        issued_at_ms: the author's time, UTC milliseconds.
        facts: every fact of the kind; one that may be absent may be left out.
        text: free text, or None.
        document: the text of a document, or None.

    Returns:
        The statement and its body, or None where it has none.

    Raises:
        ActRefused: facts or texts that the kind does not have, or lacks.
        ComposeRefused: contents that are too large.
    """
    filled = {name: facts.get(name) for name in kind.facts} | dict(facts)
    wrong = check_facts(kind.facts, filled)
    if wrong:
        text = f"{kind.name} states {', '.join(wrong)}, each once and of its type"
        raise ActRefused("journal-act-refused", "facts", text)
    if kind.document != (document is not None):
        raise ActRefused(
            "journal-act-refused", "document", f"{kind.name} {'is' if kind.document else 'is not'} a document"
        )
    if text is None and kind.text == "required":
        raise ActRefused("journal-act-refused", TEXT_FIELD, f"{kind.name} asks for a text")
    if text is not None and (kind.text == "none" or not 0 < len(text.encode()) <= TEXT_BYTES_MAX):
        raise ActRefused(
            "journal-act-refused", TEXT_FIELD, f"{kind.name} has no text, or it has not 1 to {TEXT_BYTES_MAX} bytes"
        )
    channel = journal_channel(setting.origin)
    body, opener = document, None
    commitments: tuple[Hash, ...] = ()
    if text is not None:
        bound = StatementSecret(secret, channel=channel, statement_id=statement_id)
        contents: dict[str, Value] = {"attachments": [], "fields": {TEXT_FIELD: text}}
        recipients = ((setting.party, setting.sealing),)
        body = seal_body(contents, secret=bound, author=setting.party, recipients=recipients)
        commitments, opener = commit_all(bound, ((TEXT_FIELD, text),)), bound.opener
    statement = Statement(
        channel=channel,
        party=setting.party,
        kind=kind.name,
        id=statement_id,
        status="system" if kind.by == "node" else "actual",
        precedence="routine",
        issued_at_ms=issued_at_ms,
        agreement=channel,
        catalogue=setting.catalogue,
        language="en",
        after=setting.after,
        seen=EMPTY_LOG,
        commitments=commitments,
        opener=opener,
        body_digest=None if body is None else digest(body),
        body_length=None if body is None else len(body),
        facts=filled,
    )
    try:
        return Statement.parse(statement.encode()), body
    except (Malformed, NotUnderstood, TypeError, ValueError, OverflowError) as error:
        raise ActRefused("journal-act-refused", "header", str(error)) from error


def fault_of(statement: Statement, catalogue: JournalCatalogue, *, origin: str, party: str) -> str | None:
    """Say what keeps a statement from being one of a journal, whoever signed it.

    Args:
        statement: parsed.
        catalogue: the journal's kinds.
        origin: of the journal.
        party: whose it is.

    Returns:
        One clause without content; None where it is one.
    """
    channel = journal_channel(origin)
    if (statement.channel, statement.party, statement.agreement) != (channel, party, channel):
        return "it is of another journal, channel or party"
    if statement.catalogue != catalogue.digest or statement.kind not in catalogue.kinds:
        return "its kind is not known here"
    kind = catalogue.kinds[statement.kind]
    wrong = check_facts(kind.facts, statement.facts)
    if wrong:
        return f"facts that the kind does not have or lacks: {', '.join(wrong)[:120]}"
    sealed = statement.opener is not None
    if kind.document:
        fits = statement.body_digest is not None and not sealed and not statement.commitments
    else:
        has_text = sealed and len(statement.commitments) == 1 and statement.body_digest is not None
        none = not sealed and not statement.commitments and statement.body_digest is None
        fits = (has_text and kind.text != "none") or (none and kind.text != "required")
    if not fits:
        return "its body is not one that the kind may have"
    plain = (statement.thread, statement.in_reply_to, statement.outcome, statement.severity, statement.aware_at_ms)
    times = (statement.release_by_ms, statement.respond_by_ms, statement.valid_until_ms)
    status = "system" if kind.by == "node" else "actual"
    if any(one is not None for one in (*plain, *times)) or statement.seen != EMPTY_LOG:
        return "its header has what no journal has"
    if (statement.status, statement.precedence) != (status, "routine"):
        return "its status or precedence is not one of a journal"
    return None


def text_of(statement: Statement, body: bytes, secret: bytes) -> str:
    """Open the free text of an act and check it against the commitment in its header.

    Args:
        statement: its header.
        body: its bytes.
        secret: 32 bytes, from the node.

    Raises:
        BodyRefused: it does not open, or is not what was committed to.
    """
    opened = open_with_secret(statement, body, secret)
    text = opened.fields.get(TEXT_FIELD)
    if set(opened.fields) != {TEXT_FIELD} or not isinstance(text, str):
        raise BodyRefused("unknown-field", "contents.fields")
    if commit_all(opened.secret, ((TEXT_FIELD, text),)) != statement.commitments:
        raise BodyRefused("wrong-commitment", TEXT_FIELD)
    return text


def check_act_body(statement: Statement, body: bytes | None) -> None:
    """Check that what came as the body is the one that the header names, or that neither is there.

    Raises:
        BodyRefused: `other-body`.
    """
    if (body is None) != (statement.body_digest is None):
        raise BodyRefused("other-body", "body", "a body that the header does not name, or none where it names one")
    if body is not None and (len(body) > BODY_BYTES_MAX or digest(body) != statement.body_digest):
        raise BodyRefused("other-body", "body", "not of the digest in the header")
