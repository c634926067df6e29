"""Kinds of a party's journal: what it writes down for itself, read from data.

They are no kinds of the line: no agreement names them, and nothing of them is ever sent. A kind says whose signature
its entries carry, which facts stand in the open, and whether there is free text, which is sealed to the party itself.

Source: spec/journal.md, "Kinds".
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from protocol.catalogue_table import CatalogueRefused, Table
from protocol.facts import FACT_TYPES
from protocol.tagged import Hash, tagged

NODE, PERSON = "node", "person"
TEXT_NEEDS = ("none", "optional", "required")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_WHERE = "kinds.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalKind:
    """One kind of entry in a journal.

    Attributes:
        name: as it stands in the header.
        by: `node` or `person`: whose signature it carries.
        text: whether it has sealed free text: none, optional or required.
        document: whether it has a text in the open instead.
        noted: whether a command at the machine may leave it for the node to write down.
        facts: type by name of fact.
        label: short text.
        help: one or two sentences.
    """

    name: str
    by: str
    text: str
    document: bool
    noted: bool
    facts: Mapping[str, str]
    label: str
    help: str


@dataclass(frozen=True, slots=True)
class JournalCatalogue:
    """All kinds of one version.

    Attributes:
        digest: 32 bytes; entries name it.
        kinds: by name.
    """

    digest: Hash
    kinds: Mapping[str, JournalKind]

    @classmethod
    def load(cls, data: bytes) -> "JournalCatalogue":
        """Read the file of kinds.

        Raises:
            CatalogueRefused: it is not TOML, or holds a name or value that is not known here.
        """
        try:
            tables = tomllib.loads(data.decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CatalogueRefused(_WHERE, f"is not TOML: {error}") from None
        return cls(tagged("journal-catalogue", data), {name: _kind(name, values) for name, values in tables.items()})


def _kind(name: str, values: object) -> JournalKind:
    table = Table(f"{_WHERE} {name}", values)
    if _NAME.fullmatch(name) is None:
        raise table.refuse("has no proper name")
    kind = JournalKind(
        name=name,
        by=table.one_of("by", (NODE, PERSON)),
        text=table.one_of("text", TEXT_NEEDS, "none"),
        document=table.flag("document"),
        noted=table.flag("noted"),
        facts=table.mapping_of_texts("facts"),
        label=table.text("label"),
        help=table.text("help"),
    )
    table.done()
    if not {one.removesuffix("?") for one in kind.facts.values()} <= set(FACT_TYPES):
        raise table.refuse("has a fact of no type")
    if kind.noted and kind.by != NODE:
        raise table.refuse("is signed by a person, and so is nothing to be noted for the node")
    if kind.document and kind.text != "none":
        raise table.refuse("is a document, whose text is in the open")
    return kind
