"""Taking something out of the data that a scenario rests on: out of a copy of the catalogue, or of the agreement.

kinds/goodwill                                a kind, with every mention of it
kinds/decline outcomes partly                 one item of a list
kinds/measure clocks.review_ms                a value
kinds/measure authority                       any one officer is enough then
procedures request.answer                     what is there under that name
agreement clock.flash                         a term of the scenario's own agreement
agreement                                     all of them
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from hotline.scenarios.scenario import Scenario
from hotline.scenarios.toml_spelling import spelt

ANYBODY: Final = ["duty/release/senior/legal/technical"]
REFERENCES: Final = ("replies_to", "answered_by", "held_by", "declined_by", "followed_by")
"""Lists of a kind that name other kinds."""


class NotThere(AssertionError):
    """What a scenario says it rests on is not in the data."""


def without_term(scenario: Scenario, what: str) -> Scenario:
    """The scenario under an agreement that lacks a term."""
    path = what.removeprefix("agreement").strip()
    if not path:
        return replace(scenario, agreement="", under="usual")
    values = tomllib.loads(scenario.agreement)
    _remove(values, path.split(), what)
    return replace(scenario, agreement=spelt(values))


def without(files: Mapping[str, bytes], what: str) -> dict[str, bytes]:
    """A catalogue's files without something.

    Raises:
        NotThere: they never had it.
    """
    name, *path = what.split()
    file = f"{name}.toml"
    if file not in files:
        raise NotThere(f"there is no {file}")
    changed = dict(files)
    if not path:
        del changed[file]
        return _unmentioned(changed, name.partition("/")[2])
    values = tomllib.loads(files[file].decode())
    if path == ["authority"]:
        values["authority"] = ANYBODY
    elif name == "procedures":
        values[path[0]] = [_idle(row) if _named(row, path[1]) else row for row in values[path[0]]]
    else:
        _remove(values, path, what)
        _untie(values)
    changed[file] = spelt(values).encode()
    return changed


def _untie(values: dict[str, Any]) -> None:
    """What follows a statement and when it is due come together, or not at all."""
    clocks = values.get("clocks", {})
    if "follow_ms" not in clocks:
        values.pop("followed_by", None)
    elif not values.get("followed_by"):
        del clocks["follow_ms"]


def _remove(values: dict[str, Any], path: list[str], what: str) -> None:
    """Take out `a.b`, or from the list `a.b` one item: a text, or the table of that name or step."""
    *outer, last = path[0].split(".")
    for key in outer:
        if key not in values:
            raise NotThere(f"{what}: there is no {key}")
        values = values[key]
    if last not in values:
        raise NotThere(f"{what}: there is no {last}")
    if len(path) == 1:
        del values[last]
        return
    kept = [item for item in values[last] if not _is(item, path[1])]
    if len(kept) == len(values[last]):
        raise NotThere(f"{what}: {last} has no {path[1]}")
    values[last] = kept
    if not kept:
        del values[last]


def _named(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row of the procedures is of that procedure and step, and perhaps of that voice."""
    parts = name.split(".")
    return [row["procedure"], row["step"], row.get("by")][: len(parts)] == parts


def _idle(row: Mapping[str, Any]) -> dict[str, Any]:
    """A move that changes nothing; a start that starts nothing."""
    kept = ("procedure", "step", "by", "from", "times")
    idle = {key: value for key, value in row.items() if key in kept}
    if "by" not in row:
        return {**idle, "state": "said"}
    # What only has to be of some state to count has none of them then.
    return {**idle, "from": ["said"]} if idle == row else idle


def _is(item: Any, name: str) -> bool:
    if isinstance(item, dict):
        return name in (item.get("name"), item.get("use"), item.get("kind"))
    return bool(item == name)


def _unmentioned(files: dict[str, bytes], kind: str) -> dict[str, bytes]:
    """The files without any mention of a kind that is gone, or of a step that only it had."""
    tables = {file: _read(data) for file, data in files.items() if file.startswith("kinds/")}
    steps = {f"{values['procedure']}:{values['step']}" for values in tables.values()}
    for file, values in tables.items():
        changes = {
            key: [name for name in values[key] if name.lstrip("-") != kind and (":" not in name or name in steps)]
            for key in REFERENCES
            if key in values
        }
        if all(values[key] == names for key, names in changes.items()):
            continue
        made = {**values, **changes}
        if not made.get("replies_to", True):
            # Nothing is left that it could answer.
            made = {key: value for key, value in made.items() if key not in ("in_reply_to", "reply_voice")}
            made["opens_thread"] = True
        made["clocks"] = dict(made.get("clocks", {}))
        _untie(made)
        files[file] = spelt({key: value for key, value in made.items() if value not in ([], {})}).encode()
    return files


@cache
def _read(data: bytes) -> Mapping[str, Any]:
    """A file's table; nobody changes it."""
    return tomllib.loads(data.decode())
