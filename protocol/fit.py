"""What fits: whether a header is one that its kind may have, and whether an entry may answer another.

The rules are the catalogue's data; nothing here names a kind.

Source: spec/docket.md, "Verdicts", steps 4 and 15.
"""

from protocol.facts import check_facts, check_open_facts
from protocol.kinds import Kind
from protocol.statement import Statement
from protocol.verdict import NO_LOCATION, Located


def header_fits(kind: Kind, statement: Statement) -> bool:
    """Whether a header has what its kind asks for, and nothing that the kind does not have.

    Args:
        kind: of the catalogue that the statement names.
        statement: parsed, so that its fields are of the right shapes.

    Source: spec/docket.md, "Verdicts", step 4.
    """
    if statement.thread is None:
        if not kind.opens_thread and not kind.machine:
            return False
    elif not kind.continues_thread:
        return False
    if len(statement.commitments) != len(kind.fields):
        return False
    if kind.outcomes:
        if statement.outcome not in kind.outcomes:
            return False
    elif statement.outcome is not None:
        return False
    for need, value in (
        (kind.in_reply_to, statement.in_reply_to),
        (kind.severity, statement.severity),
        (kind.aware_at, statement.aware_at_ms),
        (kind.respond_by, statement.respond_by_ms),
        (kind.valid_until, statement.valid_until_ms),
    ):
        if value is None:
            if need == "required":
                return False
        elif need == "none":
            return False
    if kind.machine:
        return statement.body_digest is None
    return statement.facts is None or bool(kind.facts or kind.common_facts)


def facts_fit(kind: Kind, statement: Statement) -> bool:
    """Whether the facts of a header are those of its kind, each of its type.

    Args:
        kind: of the catalogue that the statement names.
        statement: its header fits the kind.
    """
    if kind.machine:
        return not check_facts(kind.facts, statement.facts)
    if statement.facts is None and not kind.facts:
        return True
    return not check_open_facts(kind.facts, kind.common_facts, statement.facts)


def reply_fits(kind: Kind, voice: int, target: Located, thread: int) -> bool:
    """Whether an entry of this kind may answer that entry.

    Args:
        kind: of the entry that answers.
        voice: its author.
        target: the entry answered.
        thread: location of the opener of the answer's thread; NO_LOCATION where it is not known.
    """
    if target.kind not in kind.replies_to:
        return False
    if kind.reply_voice != "either" and (target.place & 1 == voice) != (kind.reply_voice == "own"):
        return False
    return thread == NO_LOCATION or target.thread == thread
