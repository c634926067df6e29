"""One exported log, read and recomputed: files, tree and documents.

Whatever is there is compared with what it must be; the hash tiles of every level, partial ones too, are computed from
the entries and compared byte for byte. Where entries and the tile above them differ, the signed root says which of the
two was changed.

Source: spec/audit.md, "Verdict", steps 2 and 4.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from protocol.checkpoint import Checkpoint
from protocol.errors import ProtocolError
from protocol.evidence import Evidence
from protocol.finding import Report
from protocol.governance import AMEND, COUNTERSIGN
from protocol.merkle import HASH_BYTES, Frontier, Hash, complete_root, leaf_hash
from protocol.tagged import digest
from protocol.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    TileRefused,
    bundles_for_size,
    entries_path,
    parse_bundle,
    parse_path,
    tile_path,
)

CHECKPOINT_FILE: Final = "checkpoint"
POLICY_FILE: Final = "policy"
AGREEMENT_FOLDER: Final = "agreement"
ROSTER_FOLDER: Final = "roster"
ROOT_SET_FOLDER: Final = "root-set"
SUCCESSION_FOLDER: Final = "succession"
DOCUMENT_FOLDERS: Final = {
    AGREEMENT_FOLDER: "toml",
    AMEND: "toml",
    COUNTERSIGN: "toml",
    ROSTER_FOLDER: "toml",
    ROOT_SET_FOLDER: "toml",
    SUCCESSION_FOLDER: "txt",
}
"""Where documents lie, each named after its digest with this ending."""

LOST_MAX: Final = 256
"""Bundles of entries that may be absent or damaged before the tree is given up: to claim what is not there costs
nothing, and to note it costs an auditor memory."""

SIZE_MAX: Final = 50_000_000
"""Entries of a log that is audited. A checkpoint may claim more than any machine has memory for."""


class EvidenceChanged(ProtocolError):
    """A file that was read again and is not what it was: what was hashed must be what is judged. `code` is that of the
    finding: `tile-missing` where it is gone, `entry-differs` where it holds something else."""


class ExportedLog:
    """The files of one voice under a checkpoint whose signatures were verified.

    Args:
        evidence: the files.
        checkpoint: what they must be of.
        short: short name of the party.
        report: where findings go.
    """

    def __init__(self, evidence: Evidence, checkpoint: Checkpoint, short: str, report: Report) -> None:
        self.evidence = evidence
        self.checkpoint = checkpoint
        self.short = short
        self.size = checkpoint.size
        self._report = report
        # Hashes of the leaves and of every tile level above, 32 bytes each in a row.
        self._rows: list[bytearray] = []
        self._bundle: tuple[int, list[bytes]] | None = None
        self.documents: dict[Hash, str] = {}
        self.readable = True
        """Whether every entry is there and is the one that was signed."""

    def where(self, name: str, index: int | None = None) -> str:
        """A place for a finding."""
        place = f"{self.evidence.label}/{name}"
        return place if index is None else f"{place}, {self.short} {index}"

    # --- structure --------------------------------------------------------------------------------------------------

    def check_files(self, *, apart: Sequence[str] = ()) -> None:
        """Step 2: exactly the files that a log of this size has; documents are looked at by name only.

        Args:
            apart: folders of logs before this one, which are looked at by themselves.
        """
        for name in self.evidence.odd():
            self._report.add("file-unexpected", "refuted", self.where(name), "no plain file of an export")
        for name in sorted(self.evidence.names()):
            if any(name.startswith(f"{one}/") for one in apart):
                continue
            folder, _, base = name.partition("/")
            stem, _, suffix = base.partition(".")
            if suffix and DOCUMENT_FOLDERS.get(folder) == suffix and _is_digest(stem):
                self.documents[bytes.fromhex(stem)] = name
            elif name not in (CHECKPOINT_FILE, POLICY_FILE) and not self._has(name):
                self._report.add(
                    "file-unexpected", "refuted", self.where(name), "an export of this size has no such file"
                )

    def _has(self, name: str) -> bool:
        """Whether a log of this size has a tile or bundle of that name. Nothing is listed: the size is only claimed."""
        try:
            path = parse_path(name)
        except TileRefused:
            return False
        level = 0 if path.level is None else path.level
        # A level has a hash for each full tile below it.
        return path.width == min(TILE_WIDTH, (self.size >> TILE_HEIGHT * level) - path.index * TILE_WIDTH)

    # --- tree -------------------------------------------------------------------------------------------------------

    def check_tree(self) -> None:
        """Step 4: entries and tiles of every level against the signed root."""
        from_entries: list[Hash | None] = []
        from_tiles: list[Hash | None] = []
        doubts: list[tuple[str, str, int]] = []
        lost = 0
        for index, width in bundles_for_size(self.size):
            tile = self._read_tile(0, index, width)
            leaves = self._read_bundle(index, width, tile, doubts)
            lost += None in leaves
            if lost > LOST_MAX:
                text = f"{lost} bundles of entries are absent or damaged; the rest of the tree was not looked at"
                self._report.add("tile-missing", "unchecked", self.where(entries_path(index, width)), text)
                return
            from_entries += leaves
            from_tiles += tile if tile is not None else leaves
        best = [mine if mine is not None else theirs for mine, theirs in zip(from_entries, from_tiles, strict=True)]
        entries_good = None not in from_entries and _root(from_entries) == self.checkpoint.root
        if entries_good:
            chosen = from_entries
        elif None not in from_tiles and _root(from_tiles) == self.checkpoint.root:
            chosen = from_tiles
        else:
            chosen = best
        self._report_doubts(doubts, entries_good=entries_good, tiles_good=not entries_good and chosen is from_tiles)
        if None in chosen:
            self.readable = False
            return
        hashes = [leaf for leaf in chosen if leaf is not None]
        if not doubts and not entries_good and _root(hashes) != self.checkpoint.root:
            text = f"the {self.size} entries give another root than the one signed"
            self._report.add("tile-differs", "refuted", self.where(CHECKPOINT_FILE), text)
        self.readable = self.readable and entries_good
        self._rows = [bytearray(b"".join(hashes))]
        self._check_upper(hashes)

    def _read_tile(self, level: int, index: int, width: int) -> list[Hash] | None:
        name = tile_path(level, index, width)
        data = self.evidence.read(name)
        if data is None:
            self._report.add("tile-missing", "unchecked", self.where(name), "the file is absent")
            return None
        if len(data) != width * HASH_BYTES:
            text = f"{len(data)} bytes where {width} hashes belong"
            self._report.add("tile-differs", "refuted", self.where(name, index * TILE_WIDTH << 8 * level), text)
            return None
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def _read_bundle(
        self, index: int, width: int, tile: list[Hash] | None, doubts: list[tuple[str, str, int]]
    ) -> Sequence[Hash | None]:
        """Leaf hashes of a bundle, None for those of entries that are not there."""
        name = entries_path(index, width)
        data = self.evidence.read(name)
        start = index * TILE_WIDTH
        if data is None:
            self._report.add("tile-missing", "unchecked", self.where(name), "the file is absent")
            self.readable = False
            return [None] * width
        try:
            entries = parse_bundle(data, width)
        except TileRefused as error:
            first = start + _first_bad(data, tile or [])
            self._report.add("entry-differs", "refuted", self.where(name, first), str(error))
            self.readable = False
            return [None] * width
        leaves = [leaf_hash(entry) for entry in entries]
        if tile is not None and leaves != tile:
            for number, (mine, theirs) in enumerate(zip(leaves, tile, strict=True)):
                if mine != theirs:
                    doubts.append((name, tile_path(0, index, width), start + number))
        return leaves

    def _report_doubts(self, doubts: Sequence[tuple[str, str, int]], *, entries_good: bool, tiles_good: bool) -> None:
        for bundle, tile, index in doubts:
            if entries_good:
                text = "the hash in the tile is not that of the entry, and the entry is the one signed"
                self._report.add("tile-differs", "refuted", self.where(tile, index), text)
            elif tiles_good:
                text = "the entry is not the one signed"
                self._report.add("entry-differs", "refuted", self.where(bundle, index), text)
            else:
                text = "the entry and its hash in the tile differ, and neither gives the signed root"
                self._report.add("entry-differs", "refuted", self.where(bundle, index), text)

    def _check_upper(self, row: list[Hash]) -> None:
        """The tiles above the leaves, each computed from the level below."""
        level = 0
        while len(row) >= TILE_WIDTH:
            full = len(row) // TILE_WIDTH
            row = [complete_root(row[at * TILE_WIDTH : (at + 1) * TILE_WIDTH]) for at in range(full)]
            self._rows.append(bytearray(b"".join(row)))
            level += 1
            for index in range(-(-len(row) // TILE_WIDTH)):
                expected = row[index * TILE_WIDTH : (index + 1) * TILE_WIDTH]
                found = self._read_tile(level, index, len(expected))
                if found is None or found == expected:
                    continue
                bad = next(number for number, (one, two) in enumerate(zip(found, expected, strict=True)) if one != two)
                first = (index * TILE_WIDTH + bad) << 8 * level
                text = f"the hash over the entries from {first} on is not what the tiles below give"
                self._report.add(
                    "tile-differs", "refuted", self.where(tile_path(level, index, len(expected)), first), text
                )

    # --- reading ----------------------------------------------------------------------------------------------------

    def read(self, start: int, count: int) -> list[bytes]:
        """Entries from `start`, at most to the end of its bundle.

        Raises:
            EvidenceChanged: they are not those that `check_tree` found to be good.
            TileRefused: it did not find all of them good, and these cannot be read.
        """
        index, inside = divmod(start, TILE_WIDTH)
        # A bundle is asked for in parts, one soon after the other; the last one read is kept.
        if self._bundle is None or self._bundle[0] != index:
            self._bundle = index, self._read_again(index, min(TILE_WIDTH, self.size - index * TILE_WIDTH))
        return self._bundle[1][inside : inside + count]

    def _read_again(self, index: int, width: int) -> list[bytes]:
        """A bundle, once the tree was computed. Whoever gave the files may still be able to change them."""
        name, first = entries_path(index, width), index * TILE_WIDTH
        data = self.evidence.read(name)
        if not (self.readable and self._rows):
            return parse_bundle(data or b"", width)
        if data is None:
            raise EvidenceChanged("tile-missing", self.where(name), "the file went away during the audit")
        try:
            entries = parse_bundle(data, width)
        except TileRefused:
            entries = []
        if [leaf_hash(entry) for entry in entries] != self.leaves(first, first + width):
            raise EvidenceChanged("entry-differs", self.where(name), "the file was changed during the audit")
        return entries

    def entry(self, index: int) -> bytes | None:
        """One entry, or None where its bundle is absent or damaged."""
        if index >= self.size:
            return None
        try:
            return self.read(index, 1)[0]
        except TileRefused:
            return None

    def leaves(self, start: int, end: int) -> list[Hash]:
        """Leaf hashes of a range, as recomputed from the entries."""
        row = self._rows[0]
        return [bytes(row[at : at + HASH_BYTES]) for at in range(start * HASH_BYTES, end * HASH_BYTES, HASH_BYTES)]

    def frontier(self, size: int) -> Frontier:
        """The tree at a size, from the recomputed hashes; at most 255 are hashed again for each level of tiles."""

        def read(level: int, index: int) -> Hash:
            tile_level, inside = divmod(level, TILE_HEIGHT)
            start, end = index << inside, (index + 1) << inside
            row = self._rows[tile_level]
            return complete_root(
                [bytes(row[at : at + HASH_BYTES]) for at in range(start * HASH_BYTES, end * HASH_BYTES, HASH_BYTES)]
            )

        return Frontier.read(size, read)

    def document(self, wanted: Hash) -> bytes | None:
        """The exact text of that digest; what lies under its name, right or wrong, or None where nothing does."""
        name = self.documents.get(wanted)
        return None if name is None else self.evidence.read(name)

    def bad_documents(self) -> Iterator[tuple[Hash, str]]:
        """Digest and name of every document file that does not hold what it is named after."""
        for wanted, name in self.documents.items():
            data = self.evidence.read(name)
            if data is None or digest(data) != wanted:
                yield wanted, name


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def _root(leaves: Sequence[Hash | None]) -> Hash:
    return Frontier.empty().extend([leaf for leaf in leaves if leaf is not None]).root()


def _first_bad(data: bytes, tile: Sequence[Hash]) -> int:
    """Where in a damaged bundle the first entry is that does not fit its hash."""
    at = number = 0
    while number < len(tile) and at + 2 <= len(data):
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        if at > len(data) or sha256(b"\x00" + data[start:at]).digest() != tile[number]:
            break
        number += 1
    return number
