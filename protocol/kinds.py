"""Kinds: what can be said on the line, read from data.

The catalogue is a folder of TOML files. This module is given their bytes and never looks for them itself:

    catalogue.toml            version, and the facts that every kind of persons may carry
    procedures.toml           how what was said moves on (`protocol.procedures`)
    fields.toml               fields that several kinds share
    kinds/<name>.toml         one file a kind
    vocabularies/<name>.toml  one file a vocabulary

The digest names one catalogue exactly: a tagged hash over every file's name and bytes. Statements and agreements carry
it. A name that is not known here, in any of the files, is refused: a catalogue that is half understood would give two
nodes two judgements.

Source: spec/catalogue.md.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.catalogue_table import CatalogueRefused, Table, read_field, read_vocabulary
from protocol.kind import EVERY_KIND, MACHINE_KINDS, NEEDS, PROCEDURES, REGISTERS, VOICES, Kind
from protocol.kind_checks import check_course, check_kind, expanded, tied
from protocol.parsed_files import Parsed, tables_of
from protocol.procedures import EARLIER, Procedures, read_procedures
from protocol.rule_table import check_rule, read_rule
from protocol.tagged import digest as sha256_digest
from protocol.tagged import tagged
from protocol.vocabulary import Vocabulary

__all__ = ["EVERY_KIND", "MACHINE_KINDS", "Catalogue", "Kind", "catalogue_digest"]

HEADER_VOCABULARIES = ("severity", "precedence", "status")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All kinds and vocabularies of one version.

    Attributes:
        version: counts up with every release that changes it.
        digest: 32 bytes, over every file; it is what agreements and statements name.
        kinds: every kind, by name in order.
        vocabularies: every vocabulary, by name in order.
        procedures: how what was said moves on.
    """

    version: int
    digest: bytes
    kinds: tuple[Kind, ...]
    vocabularies: tuple[Vocabulary, ...]
    procedures: Procedures
    _kinds: Mapping[str, Kind] = field(repr=False, compare=False)
    _vocabularies: Mapping[str, Vocabulary] = field(repr=False, compare=False)

    @classmethod
    def load(cls, files: Mapping[str, bytes], parsed: Parsed | None = None) -> "Catalogue":
        """Read a catalogue.

        Args:
            files: bytes by name, relative to the catalogue's folder, with slashes: `kinds/update.toml`.
            parsed: what files of the same bytes parse to; any other file is parsed here.

        Returns:
            The catalogue.

        Raises:
            CatalogueRefused: a file is missing, is not TOML, holds a name or value that is not known here, or refers
                to a kind, field or vocabulary that is not there.
        """
        return _load(files, parsed or {})

    def kind(self, name: str) -> Kind | None:
        """Find a kind by name, or None: the entry is then kept and shown as not understood."""
        return self._kinds.get(name)

    def vocabulary(self, name: str) -> Vocabulary | None:
        """Find a vocabulary by name, or None."""
        return self._vocabularies.get(name)


def catalogue_digest(files: Mapping[str, bytes]) -> bytes:
    """Hash a catalogue: tag "catalogue" over SHA-256 of name and SHA-256 of bytes of every file, sorted by name.

    Args:
        files: bytes by name, as for Catalogue.load.

    Returns:
        32 bytes.
    """
    parts = (sha256_digest(name.encode()) + sha256_digest(files[name]) for name in sorted(files, key=str.encode))
    return tagged("catalogue", b"".join(parts))


def _load(files: Mapping[str, bytes], parsed: Parsed) -> Catalogue:
    tables: dict[str, dict[str, object]] = {}
    for name in sorted(files, key=str.encode):
        try:
            tables[name] = tables_of(files[name], parsed)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CatalogueRefused(name, f"is not TOML: {error}") from None
    for name in ("catalogue.toml", "fields.toml"):
        if name not in tables:
            raise CatalogueRefused(name, "is missing")
    top = Table("catalogue.toml", tables.pop("catalogue.toml"))
    version = top.number("version")
    common = top.mapping_of_texts("facts")
    top.done()
    moves = tables.pop("procedures.toml", None)
    procedures = EARLIER if moves is None else read_procedures(moves)
    shared = tables.pop("fields.toml")

    vocabularies: dict[str, Vocabulary] = {}
    kinds: dict[str, Kind] = {}
    for name, values in tables.items():
        folder, _, base = name.partition("/")
        stem = base.removesuffix(".toml")
        if folder not in {"kinds", "vocabularies"} or not base.endswith(".toml") or _NAME.fullmatch(stem) is None:
            raise CatalogueRefused(name, "has no place in a catalogue")
        if folder == "vocabularies":
            vocabularies[stem] = read_vocabulary(name, stem, values)
        else:
            kinds[stem] = _kind(name, stem, values, shared, common)
    for wanted in (*HEADER_VOCABULARIES, "outcome", "role", "tlp"):
        if wanted not in vocabularies:
            raise CatalogueRefused(f"vocabularies/{wanted}.toml", "is missing")
    kinds = {name: expanded(kinds[name], kinds, procedures) for name in sorted(kinds)}
    if moves is not None:
        kinds = tied(kinds, procedures)
    for kind in kinds.values():
        check_kind(kind, kinds, vocabularies)
        if moves is not None:
            check_course(kind, kinds, procedures)
    made = Catalogue(
        version=version,
        digest=catalogue_digest(files),
        kinds=tuple(kinds.values()),
        vocabularies=tuple(vocabularies[name] for name in sorted(vocabularies)),
        procedures=procedures,
        _kinds=kinds,
        _vocabularies=vocabularies,
    )
    for kind in made.kinds:
        for rule in kind.rules:
            check_rule(rule, f"kinds/{kind.name}.toml", kind.fields, kind.facts, made)
    return made


def _kind(where: str, name: str, values: object, shared: Mapping[str, object], common: Mapping[str, str]) -> Kind:
    table = Table(where, values)
    procedure = table.one_of("procedure", PROCEDURES)
    facts = table.mapping_of_texts("facts")
    made = Kind(
        name=name,
        version=table.number("version"),
        procedure=procedure,
        step=table.text("step"),
        opens_thread=table.flag("opens_thread"),
        continues_thread=table.flag("continues_thread"),
        in_reply_to=table.one_of("in_reply_to", NEEDS, "none"),
        replies_to=table.texts("replies_to"),
        reply_voice=table.one_of("reply_voice", VOICES, "either"),
        answered_by=table.texts("answered_by"),
        held_by=table.texts("held_by"),
        declined_by=table.texts("declined_by"),
        activated_by=(),
        followed_by=table.texts("followed_by"),
        outcomes=table.texts("outcomes"),
        severity=table.one_of("severity", NEEDS, "none"),
        aware_at=table.one_of("aware_at", NEEDS, "none"),
        respond_by=table.one_of("respond_by", NEEDS, "none"),
        valid_until=table.one_of("valid_until", NEEDS, "none"),
        precedence=table.text("precedence", "routine"),
        clocks=table.mapping_of_numbers("clocks"),
        authority=table.texts("authority"),
        machine=procedure == "machine",
        document=procedure == "document",
        fields=tuple(read_field(row, shared) for row in table.tables("fields")),
        rules=tuple(read_rule(row) for row in table.tables("rules")),
        facts=facts,
        common_facts={} if procedure in {"machine", "document"} else common,
        register=table.one_of("register", ("", *REGISTERS), ""),
        always=table.flag("always"),
        official=table.flag("official", default=True),
        labels=table.labels(),
        helps=table.mapping_of_texts("help"),
    )
    table.done()
    return made
