"""Publications: whether a text that a party says it published had been agreed to, or was open by the rules.

| what was published | agreed where |
|---|---|
| a text of the party's own | the other party's acceptance stands before it, or a rule had opened the proposal's text |
| the text of an opening by the rules | the rules had opened every field that it names to that audience |

What is asked is how things stood at the place of the publication in its thread's home: nothing that was said behind it
makes it good, or bad.

Source: spec/disclosure.md, "What the rules look at", rule 7; "Openings by the rules".
"""

from protocol.disclosure import AUDIENCES, Case, state
from protocol.disclosure_case import AUDIENCE, TEXT, Source, cases, home_order, named_by_rule, of_text
from protocol.docket_item import Item
from protocol.statement import Statement
from protocol.tagged import Hash


def made_without_consent(source: Source, item: Item) -> str | None:
    """Why a disclosure that was made was not agreed: a clause for people, or None where it was.

    Args:
        source: a docket.
        item: a statement of the kind `disclosure-made` that counts.
    """
    target = source.item(item.reply)
    proposal = None if target is None else source.statement(target.place)
    said = source.statement(item.place)
    if target is None or proposal is None or said is None:
        return "it names no proposal"
    if (proposal.facts or {}).get(TEXT) != (said.facts or {}).get(TEXT):
        return "the text that was published is not the one that was proposed"
    return None if _consented(source, target, proposal, item) else _not_open(source, target, proposal, item)


def _consented(source: Source, target: Item, proposal: Statement, item: Item) -> bool:
    """Whether the other party's acceptance of that text took effect, and stands before the publication."""
    course = target.course
    if course is None or (course.starts_ms is None and course.from_ms is None):
        return False
    order = home_order(item)
    for place in source.thread(target.thread):
        other = source.item(place)
        kind = None if other is None else source.clockwork.kind(other)
        if other is None or kind is None or other.reply != target.place or kind.step != "accepted":
            continue
        accepted = source.statement(place)
        if other.voice == target.voice or accepted is None or not of_text(accepted, proposal):
            continue
        if home_order(other) < order:
            return True
    return False


def _not_open(source: Source, target: Item, proposal: Statement, item: Item) -> str | None:
    """Why no rule had opened what was published, or None where one had."""
    audience = (proposal.facts or {}).get(AUDIENCE)
    named = named_by_rule(source, target.reply, proposal)
    nobody = "nobody of the other party had consented to that text before"
    if audience not in AUDIENCES or not source.clockwork.agreement(target.reign).disclosure:
        return nobody
    wanted = target.reply if named else target.place
    case = next((one for one in cases(source, target.thread, before=item) if one.place == wanted), None)
    if case is None:
        return nobody
    at_ms = source.logged_ms(item.thread & 1, item.at)
    if named:
        closed = _closed(case, named, audience, at_ms)
        return f"no rule had opened {', '.join(closed)} to {audience} by then" if closed else None
    texts = [place for place, one in enumerate(case.kind.fields) if one.name == TEXT]
    return None if texts and state(case, texts[0], audience, at_ms).open else nobody


def _closed(case: Case, named: frozenset[Hash], audience: str, at_ms: int) -> list[str]:
    """The fields among those named that were closed to an audience at a time."""
    found = (state(case, place, audience, at_ms) for place, one in enumerate(case.commitments) if one in named)
    return [one.field for one in found if not one.open]
