"""Kinds beside one another: whom each may answer, what ends it, and whether any contradicts itself or the tables.

Used by protocol/kinds.py alone; spec/catalogue.md describes the files.
"""

from collections.abc import Mapping
from dataclasses import replace

from protocol.catalogue_table import CatalogueRefused
from protocol.facts import FACT_TYPES, FORCED, PHASE, STARTS
from protocol.kind import CLOCKS, EVERY_KIND, MACHINE_KINDS, Kind
from protocol.procedures import MOVED, STATES, Procedures
from protocol.vocabulary import Vocabulary


def expanded(kind: Kind, kinds: Mapping[str, Kind], procedures: Procedures) -> Kind:
    """Replace the signs for many kinds in `replies_to` with their names.

    A star stands for every kind that people speak in, receipts excepted, which nobody answers; `request:asked` for
    every kind of that procedure and step; `-line-check` takes a kind out of those. So a kind that is added is answered,
    declined or retracted as its like are.

    Raises:
        CatalogueRefused: no procedure has that step, or a kind that is taken out is not there.
    """
    if not any(name == EVERY_KIND or ":" in name for name in kind.replies_to):
        return kind
    found: set[str] = set()
    without = {name.removeprefix("-") for name in kind.replies_to if name.startswith("-")}
    if not without <= set(kinds):
        raise CatalogueRefused(f"kinds/{kind.name}.toml", "leaves out a kind that is not there")
    for name in kind.replies_to:
        procedure, colon, step = name.partition(":")
        if name == EVERY_KIND:
            found.update(one.name for one in kinds.values() if one.procedure not in {"machine", "document", "receipt"})
        elif not colon:
            found.update({name} - {f"-{one}" for one in without})
        else:
            if procedure not in MOVED or step not in procedures.steps(procedure):
                raise CatalogueRefused(f"kinds/{kind.name}.toml", f"may reply to {name}, and there is no such step")
            found.update(one.name for one in kinds.values() if (one.procedure, one.step) == (procedure, step))
    return replace(kind, replies_to=tuple(sorted(found - without)))


def tied(kinds: Mapping[str, Kind], procedures: Procedures) -> dict[str, Kind]:
    """Find for every kind that begins a matter which kinds answer, hold, decline and activate it."""
    result = {}
    for name, kind in kinds.items():
        answered, held = [*kind.answered_by], [*kind.held_by]
        declined, activated = [*kind.declined_by], list[str]()
        if procedures.start(kind.procedure, kind.step) is not None and kind.procedure != "notice":
            for other in kinds.values():
                # A receipt answers only where the kind says so itself.
                if name not in other.replies_to or other.procedure == "receipt":
                    continue
                for move in procedures.of(kind.procedure, other.step, own=False):
                    if move.times:
                        held.append(other.name)
                    elif move.settles:
                        (declined if other.step in {"declined", "objected"} else answered).append(other.name)
                    elif move.starts:
                        activated.append(other.name)
        result[name] = replace(
            kind,
            answered_by=tuple(dict.fromkeys(answered)),
            held_by=tuple(dict.fromkeys(held)),
            declined_by=tuple(dict.fromkeys(declined)),
            activated_by=tuple(dict.fromkeys(activated)),
        )
    return result


def check_course(kind: Kind, kinds: Mapping[str, Kind], procedures: Procedures) -> None:
    """Refuse a kind of the four procedures whose step, clocks or outcomes the tables have no place for."""
    where = f"kinds/{kind.name}.toml"

    def require(holds: bool, text: str) -> None:
        if not holds:
            raise CatalogueRefused(where, text)

    require(set(kind.followed_by) <= set(kinds), "is followed by a kind that is not there")
    require(bool(kind.followed_by) == ("follow_ms" in kind.clocks), "followed_by and follow_ms come together")
    require(set(kind.clocks) <= set(CLOCKS), f"has a clock that is not one of {', '.join(CLOCKS)}")
    for name, type_ in ((STARTS, "time"), (FORCED, "flag"), (PHASE, "uint")):
        require(kind.machine or kind.facts.get(name, type_).removesuffix("?") == type_, f"the fact {name} is a {type_}")
    if kind.procedure not in MOVED:
        require(not kind.register or kind.document, "only what has a procedure is in force")
        return
    require(kind.step in procedures.steps(kind.procedure), f"has a step that {kind.procedure} does not have")
    moved = [
        move
        for name in kind.replies_to
        if kinds[name].procedure in MOVED
        for move in procedures.of(kinds[name].procedure, kind.step, own=kind.reply_voice == "own")
        if move.by_outcome
    ]
    for move in moved:
        require(set(kind.outcomes) <= set(STATES[move.procedure]), f"has an outcome that no {move.procedure} has")


def check_kind(kind: Kind, kinds: Mapping[str, Kind], vocabularies: Mapping[str, Vocabulary]) -> None:
    """Refuse a kind that contradicts itself or names what is not there."""
    where = f"kinds/{kind.name}.toml"

    def codes(name: str) -> tuple[str, ...]:
        return vocabularies[name].codes if name in vocabularies else ()

    def require(holds: bool, text: str) -> None:
        if not holds:
            raise CatalogueRefused(where, text)

    for names in (kind.replies_to, kind.answered_by, kind.held_by, kind.declined_by):
        require(set(names) <= set(kinds), "names a kind that is not there")
    require(kind.machine == (kind.name in MACHINE_KINDS), "a machine kind is one of the closed list, and no other is")
    require(bool(kind.replies_to) == (kind.in_reply_to != "none"), "in_reply_to and replies_to contradict each other")
    require(set(kind.outcomes) <= set(codes("outcome")), "has an outcome that is not in the vocabulary")
    require(kind.precedence in codes("precedence"), "has a precedence that is not in the vocabulary")
    require(all(name.endswith("_ms") and limit > 0 for name, limit in kind.clocks.items()), "has a clock without _ms")
    signed_by_persons = not kind.machine and not kind.document
    require(bool(kind.authority) or not signed_by_persons, "authority is for the kinds that persons sign")
    require(not (kind.authority and kind.machine), "authority is for the kinds that persons sign")
    for slot in kind.authority:
        require(set(slot.split("/")) <= set(codes("role")), f"asks for a role that is not in the vocabulary: {slot}")
    require(not kind.facts or kind.machine or signed_by_persons, "a document states no facts")
    require(kind.machine or not (set(kind.facts) & set(kind.common_facts)), "has a fact that every kind has")
    require(not kind.fields or signed_by_persons, "fields are for the kinds that persons sign")
    require({one.removesuffix("?") for one in kind.facts.values()} <= set(FACT_TYPES), "has a fact of no type")
    require(not kind.machine or not (kind.opens_thread or kind.continues_thread), "a machine kind has no thread")
    require(kind.machine or kind.opens_thread or kind.continues_thread, "has no place in any thread")
    require(len({item.name for item in kind.fields}) == len(kind.fields), "has two fields of one name")
    for item in kind.fields:
        require(item.type != "ordinal", f"{item.name}: an ordinal stands only in records")
        require(item.tier in codes("tlp"), f"{item.name}: has no tier of the vocabulary tlp")
        for one in (item, *item.columns):
            if one.vocabulary is not None:
                require(one.vocabulary in vocabularies, f"{one.name}: vocabulary {one.vocabulary} is not there")
                require(set(one.only) <= set(codes(one.vocabulary)), f"{one.name}: only names an unknown code")
