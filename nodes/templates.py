"""Templates at the node: whether what a statement says of its template in the open is true of its body.

The node that takes a statement of its own party holds the key that opens it. One whose header names a template and no
free text is refused where the template is not in force, is for another kind, or where the text goes beyond it: the
rules of authority went by that header.

Source: spec/catalogue.md, "Templates".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodes.admission import AdmissionRefused, Admitted
from nodes.errors import NodeError
from nodes.projection import Projection
from protocol.body import Opened
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue
from protocol.merkle import Hash
from protocol.standing import in_force
from protocol.statement import ACTUAL
from protocol.template import FREE, REGISTER_KIND, TEMPLATE, Template

OpenEntry = Callable[[str, int], Opened]
"""Opens the body of an entry: voice and index."""


def check_template(
    admitted: Admitted, *, projection: Projection, open_entry: OpenEntry, open_body: Callable[[], Opened], at_ms: int
) -> None:
    """Check what a header says of a template. Call it on a thread.

    Args:
        admitted: the statement; nothing is done where it names no template.
        projection: what is in force.
        open_entry: opens the template.
        open_body: opens the statement's own body.
        at_ms: the time its entry would have.

    Raises:
        AdmissionRefused: `template-not-in-force` or `free-text`.
    """
    facts: dict[str, Any] = admitted.statement.facts or {}
    if facts.get(TEMPLATE) is None:
        return
    status = admitted.statement.status
    template = template_in_force(facts[TEMPLATE], status, projection=projection, open_entry=open_entry, at_ms=at_ms)
    if template is None or template.kind != admitted.kind.name:
        raise AdmissionRefused("template-not-in-force", "the template that the header names is not in force for it")
    if facts.get(FREE) is True:
        return
    beyond = template.free_fields(admitted.kind, open_body().fields)
    if beyond:
        raise AdmissionRefused(
            "free-text", f"text goes beyond the template in {', '.join(beyond)}, and none is said to"
        )


def belied(
    view: Mapping[str, Any], *, catalogue: Catalogue, projection: Projection, open_entry: OpenEntry
) -> str | None:
    """What an entry's header says of a template, and its body belies, for lists that show no contents.

    The counterpart's node may have looked at nothing. Call it on a thread.

    Args:
        view: of the entry.
        catalogue: of its kind.
        projection: what was in force.
        open_entry: opens it, and the template.

    Returns:
        `template-not-in-force` or `free-text`; None where it names no template, keeps to it, or does not open.
    """
    facts: Mapping[str, Any] = view["facts"] or {}
    kind = catalogue.kind(view["kind"] or "")
    named, at_ms = facts.get(TEMPLATE), view["logged_at_ms"]
    if type(named) is not str or kind is None or at_ms is None:
        return None
    try:
        leaf, status = bytes.fromhex(named), view["status"]
        template = template_in_force(leaf, status, projection=projection, open_entry=open_entry, at_ms=at_ms)
        if template is None or template.kind != kind.name:
            return "template-not-in-force"
        if facts.get(FREE) is True:
            return None
        contents = open_entry(view["voice"], view["index"]).fields
    except ValueError:
        return "template-not-in-force"
    except (ProtocolError, NodeError):
        # What does not open is shown as such by `show`; whether it keeps to anything nobody knows.
        return None
    return "free-text" if template.free_fields(kind, contents) else None


def template_in_force(
    leaf: Hash, status: str, *, projection: Projection, open_entry: OpenEntry, at_ms: int
) -> Template | None:
    """The template that a leaf hash names, if it is in force at a time for a statement of that status; None where it is
    not, or cannot be read. What is meant follows none of an exercise."""
    for item in projection.register_items("templates", at_ms=at_ms):
        if item.kind == REGISTER_KIND and in_force(item, at_ms) and item.status in {ACTUAL, status}:
            voice = projection.names[item.voice]
            if projection.find(leaf) != (voice, item.index):
                continue
            try:
                return Template.read(open_entry(voice, item.index).fields)
            except ProtocolError:
                return None
    return None
