"""Kinds: what can be said on the line, read from data.

The catalogue is a folder of TOML files. This module is given their bytes and never looks for them itself:

    catalogue.toml            name, version, and the vocabularies of the header
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
from protocol.facts import FACT_TYPES
from protocol.fields import Field
from protocol.tagged import digest as sha256_digest
from protocol.tagged import tagged
from protocol.vocabulary import Vocabulary

PROCEDURES = ("notice", "request", "proposal", "declaration", "machine", "receipt", "document")
NEEDS = ("required", "optional", "none")
VOICES = ("own", "other", "either")
EVERY_KIND = "*"
MACHINE_KINDS = frozenset(
    {"arrival", "line", "fault", "clock", "gone", "blobs-held", "roster-held", "received-disputed"}
)
"""The closed list: nothing else may carry a node's signature alone, whatever the data says."""

HEADER_VOCABULARIES = ("severity", "precedence", "status")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of statement.

    Attributes:
        name: as it stands in the header.
        version: counts up when fields or rules of the kind change.
        procedure: one of PROCEDURES; it says how a thread moves.
        step: what an entry of this kind does there: made, updated, corrected, retracted, asked, answered, held,
            declined, opened, acknowledged, said, stated (machine kinds) or enacted (documents).
        opens_thread: may stand without a thread, and then opens one.
        continues_thread: may stand in a thread.
        in_reply_to: whether the header's in_reply_to is required, optional or none.
        replies_to: kinds that in_reply_to may name.
        reply_voice: whose entry in_reply_to may name: own, other or either.
        answered_by: for requests, the kinds that answer it.
        held_by: for requests, the kinds that are a holding reply to it.
        declined_by: for requests, the kinds that decline it.
        outcomes: codes that the header's outcome takes; empty where it must be absent.
        severity: whether the header's severity is required, optional or none.
        aware_at: the same for aware_at_ms.
        respond_by: the same for respond_by_ms.
        valid_until: the same for valid_until_ms.
        precedence: the default precedence.
        clocks: default limits in milliseconds by name, the unit at the end of each.
        authority: the slots of signatures by default; a slot is roles joined by a slash, each slot a distinct person.
        machine: whether a node alone signs it.
        document: whether its body is a plain text, which the roots sign where it has no authority.
        fields: what it says, in the order people fill them in.
        facts: for machine kinds, type by name of fact.
        labels: short text by language; always has `en`.
        helps: one or two sentences by language.
    """

    name: str
    version: int
    procedure: str
    step: str
    opens_thread: bool
    continues_thread: bool
    in_reply_to: str
    replies_to: tuple[str, ...]
    reply_voice: str
    answered_by: tuple[str, ...]
    held_by: tuple[str, ...]
    declined_by: tuple[str, ...]
    outcomes: tuple[str, ...]
    severity: str
    aware_at: str
    respond_by: str
    valid_until: str
    precedence: str
    clocks: Mapping[str, int]
    authority: tuple[str, ...]
    machine: bool
    document: bool
    fields: tuple[Field, ...]
    facts: Mapping[str, str]
    labels: Mapping[str, str]
    helps: Mapping[str, str]

    @property
    def by_roots(self) -> bool:
        """Whether the party's roots sign it; a document with an authority is signed by persons."""
        return self.document and not self.authority

    def field(self, name: str) -> Field | None:
        """Find a field by name, or None."""
        for item in self.fields:
            if item.name == name:
                return item
        return None

    def label(self, lang: str = "en") -> str:
        """Give the label in a language, or in English."""
        return self.labels.get(lang, self.labels["en"])

    def help(self, lang: str = "en") -> str:
        """Give the help in a language, or in English, or an empty text."""
        return self.helps.get(lang, self.helps.get("en", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All kinds and vocabularies of one version.

    Attributes:
        version: counts up with every release that changes it.
        digest: 32 bytes, over every file; it is what agreements and statements name.
        kinds: every kind, by name in order.
        vocabularies: every vocabulary, by name in order.
    """

    version: int
    digest: bytes
    kinds: tuple[Kind, ...]
    vocabularies: tuple[Vocabulary, ...]
    _kinds: Mapping[str, Kind] = field(repr=False, compare=False)
    _vocabularies: Mapping[str, Vocabulary] = field(repr=False, compare=False)

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> "Catalogue":
        """Read a catalogue.

        Args:
            files: bytes by name, relative to the catalogue's folder, with slashes: `kinds/update.toml`.

        Returns:
            The catalogue.

        Raises:
            CatalogueRefused: a file is missing, is not TOML, holds a name or value that is not known here, or refers
                to a kind, field or vocabulary that is not there.
        """
        return _load(files)

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


def _load(files: Mapping[str, bytes]) -> Catalogue:
    tables: dict[str, dict[str, object]] = {}
    for name in sorted(files, key=str.encode):
        try:
            tables[name] = tomllib.loads(files[name].decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CatalogueRefused(name, f"is not TOML: {error}") from None
    for name in ("catalogue.toml", "fields.toml"):
        if name not in tables:
            raise CatalogueRefused(name, "is missing")
    top = Table("catalogue.toml", tables.pop("catalogue.toml"))
    version = top.number("version")
    top.done()
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
            kinds[stem] = _kind(name, stem, values, shared)
    for wanted in (*HEADER_VOCABULARIES, "outcome", "role", "tlp"):
        if wanted not in vocabularies:
            raise CatalogueRefused(f"vocabularies/{wanted}.toml", "is missing")
    kinds = {name: _expand(kinds[name], kinds) for name in sorted(kinds)}
    for kind in kinds.values():
        _check_kind(kind, kinds, vocabularies)
    return Catalogue(
        version=version,
        digest=catalogue_digest(files),
        kinds=tuple(kinds.values()),
        vocabularies=tuple(vocabularies[name] for name in sorted(vocabularies)),
        _kinds=kinds,
        _vocabularies=vocabularies,
    )


def _kind(where: str, name: str, values: object, shared: Mapping[str, object]) -> Kind:
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
        facts=facts,
        labels=table.labels(),
        helps=table.mapping_of_texts("help"),
    )
    table.done()
    return made


def _expand(kind: Kind, kinds: Mapping[str, Kind]) -> Kind:
    """Replace the sign for every kind with the kinds people speak in; receipts excepted, which nobody answers."""
    if EVERY_KIND not in kind.replies_to:
        return kind
    everything = tuple(
        name for name, one in sorted(kinds.items()) if one.procedure not in {"machine", "document", "receipt"}
    )
    values = {name: getattr(kind, name) for name in Kind.__dataclass_fields__}
    return Kind(**{**values, "replies_to": everything})


def _check_kind(kind: Kind, kinds: Mapping[str, Kind], vocabularies: Mapping[str, Vocabulary]) -> None:
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
    require(not kind.facts or kind.machine, "facts are for machine kinds")
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
