"""The tables of a catalogue's files: read strictly, each name once, nothing left over.

Used by protocol/kinds.py alone; spec/catalogue.md describes the files.
"""

import re
from collections.abc import Mapping

from protocol.errors import ProtocolError
from protocol.fields import FIELD_TYPES, Field
from protocol.vocabulary import Term, Vocabulary

_FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", re.ASCII)
_LIST_TYPES = frozenset({"choices", "identifiers", "lines", "records"})


class CatalogueRefused(ProtocolError):
    """Files that are no catalogue: `where` names the file, and the entry in it."""

    def __init__(self, where: str, text: str) -> None:
        super().__init__("catalogue-refused", where, text)


class Table:
    """A TOML table that must be emptied: each name is taken once, with its type, and what is left over is refused."""

    def __init__(self, where: str, values: object) -> None:
        if not isinstance(values, dict):
            raise CatalogueRefused(where, "is no table")
        self.where = where
        self._left = dict(values)

    def refuse(self, text: str) -> CatalogueRefused:
        """Make the error for this table."""
        return CatalogueRefused(self.where, text)

    def has(self, name: str) -> bool:
        """Say whether a name is still there."""
        return name in self._left

    def done(self) -> None:
        """Refuse what is left over."""
        if self._left:
            raise self.refuse(f"holds unknown names: {', '.join(sorted(self._left))}")

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text."""
        value = self._left.pop(name, default)
        if not isinstance(value, str):
            raise self.refuse(f"{name} is missing or no text")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Take a text that is one of a few."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.refuse(f"{name} is not one of {', '.join(allowed)}")
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """Take a whole number."""
        value = self._left.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(f"{name} is missing or no whole number")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Take true or false."""
        value = self._left.pop(name, default)
        if not isinstance(value, bool):
            raise self.refuse(f"{name} is neither true nor false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of different texts; empty where missing."""
        value = self._left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.refuse(f"{name} is no list of texts")
        if len(set(value)) != len(value):
            raise self.refuse(f"{name} names something twice")
        return tuple(value)

    def mapping_of_texts(self, name: str) -> dict[str, str]:
        """Take a table of texts; empty where missing."""
        value = self._left.pop(name, {})
        if not isinstance(value, dict) or not all(isinstance(one, str) and one for one in value.values()):
            raise self.refuse(f"{name} is no table of texts")
        return dict(value)

    def mapping_of_numbers(self, name: str) -> dict[str, int]:
        """Take a table of whole numbers; empty where missing."""
        value = self._left.pop(name, {})
        if not isinstance(value, dict) or not all(type(one) is int for one in value.values()):
            raise self.refuse(f"{name} is no table of whole numbers")
        return dict(value)

    def labels(self, name: str = "label") -> dict[str, str]:
        """Take texts by language, English among them."""
        value = self.mapping_of_texts(name)
        if "en" not in value:
            raise self.refuse(f"{name} has no English text")
        return value

    def tables(self, name: str) -> "list[Table]":
        """Take a list of tables; empty where missing."""
        value = self._left.pop(name, [])
        if not isinstance(value, list):
            raise self.refuse(f"{name} is no list of tables")
        return [Table(f"{self.where} {name}[{number}]", one) for number, one in enumerate(value, 1)]

    def table(self, name: str) -> "Table":
        """Take a table."""
        return Table(f"{self.where} {name}", self._left.pop(name, None))

    def plain_values(self, name: str) -> tuple[object, ...]:
        """Take a list of texts and of true or false; empty where missing."""
        value = self._left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str | bool) for one in value):
            raise self.refuse(f"{name} is no list of texts")
        return tuple(value)

    def over(self, defaults: "Mapping[str, object]") -> "Table":
        """Lay this table over defaults."""
        return Table(self.where, {**defaults, **self._left})


def read_vocabulary(where: str, name: str, values: object) -> Vocabulary:
    """Read one vocabulary.

    Args:
        where: the file, for errors.
        name: what fields call it.
        values: the file as TOML gave it.

    Returns:
        The vocabulary.

    Raises:
        CatalogueRefused: the file is not what the format says.
    """
    table = Table(where, values)
    terms = []
    for row in table.tables("terms"):
        terms.append(
            Term(
                code=row.text("code"),
                labels=row.labels(),
                helps=row.mapping_of_texts("help"),
                group=row.text("group") if row.has("group") else None,
                rank=row.number("rank") if row.has("rank") else None,
                numbers=row.mapping_of_numbers("numbers"),
            )
        )
        row.done()
    made = Vocabulary(name=name, title=table.text("title"), source=table.text("source"), terms=tuple(terms))
    table.done()
    if not terms or len(set(made.codes)) != len(terms):
        raise CatalogueRefused(where, "has no terms, or a code twice")
    if len({term.rank is None for term in terms}) != 1:
        raise CatalogueRefused(where, "ranks some terms and not others")
    return made


def read_field(row: Table, shared: Mapping[str, object]) -> Field:
    """Read one field of a kind, or one column of a field of records.

    Args:
        row: the field's table; emptied by the reading.
        shared: fields.toml as TOML gave it, for rows that say `use`.

    Returns:
        The field; whether its vocabulary and tier exist is checked with the kind.

    Raises:
        CatalogueRefused: the row is not what the format says.
    """
    reworded = row.has("label") or row.has("help")
    used = row.has("use")
    if used:
        name = row.text("use")
        if not isinstance(shared.get(name), dict):
            raise row.refuse(f"uses {name}, which is not in fields.toml")
        row = row.over({"name": name, **shared[name]})  # type: ignore[dict-item]
    kind = row.one_of("type", tuple(FIELD_TYPES))
    made = Field(
        name=row.text("name"),
        type=kind,
        required=row.flag("required"),
        max=row.number("max", None if kind in {"line", "text", "identifier", "integer"} | _LIST_TYPES else 0),
        min=row.number("min", 0),
        item_max=row.number("item_max", None if kind in {"identifiers", "lines"} else 0),
        vocabulary=row.text("vocabulary") if kind in {"choice", "choices"} else None,
        only=row.texts("only"),
        pattern=row.text("pattern") if row.has("pattern") else None,
        tier=row.text("tier", "TLP:RED"),
        columns=tuple(read_field(column, {}) for column in row.tables("columns")),
        labels=row.labels(),
        helps=row.mapping_of_texts("help"),
        shared=used and not reworded,
    )
    row.done()
    if _FIELD_NAME.fullmatch(made.name) is None:
        raise row.refuse(f"{made.name} is no name of a field")
    if made.pattern is not None and kind not in {"identifier", "identifiers"}:
        raise row.refuse("has a pattern, which only identifiers have")
    if bool(made.columns) != (kind == "records") or any(column.type == "records" for column in made.columns):
        raise row.refuse("columns are for records, and one level deep")
    if len({column.name for column in made.columns}) != len(made.columns):
        raise row.refuse("has two columns of one name")
    if any(column.type in _LIST_TYPES | {"text"} for column in made.columns):
        raise row.refuse("a column holds one line or one value")
    return made
