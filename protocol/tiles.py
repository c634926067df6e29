"""Tiles: how a log's tree and entries lie in files.

A tile is up to 256 neighbouring hashes of one level of the tree, eight levels apart: level 0 holds leaf hashes, and a
hash at level l + 1 is the root of a full tile at level l. An entry bundle is the up to 256 entries under a tile of
level 0, each behind its length. Only the last tile of a level can be partial, and a partial is never hashed upwards.

    tile/<level>/<index>[.p/<width>]        tile/0/x001/x234/067, tile/1/000.p/17
    tile/entries/<index>[.p/<width>]        tile/entries/273.p/112

Source: C2SP tlog-tiles; spec/log.md, "Tiles".
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from protocol.limits import ENTRY_BYTES_MAX
from protocol.log_error import LogRefused
from protocol.merkle import HASH_BYTES, Hash, complete_root
from protocol.spelling import NUMBER_MAX

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES

LEVEL_MAX = 63
"""Largest level a path may name; a tree of fewer than 2**63 leaves has no tile above level 7."""

TILES_KEPT_MAX = 32
"""Tiles a TileReader keeps: 256 KiB, more than one proof touches."""

_PATH_LENGTH_MAX = 128
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


class TileRefused(LogRefused):
    """A path, a tile or a bundle that the format does not have."""

    CODE = "tile-malformed"


@dataclass(frozen=True, slots=True)
class TilePath:
    """What a path names.

    Attributes:
        level: level of the tile, 0 to 63, or None for an entry bundle.
        index: position in the level, from 0.
        width: hashes or entries in it, 1 to 256; 256 is a full one.

    Raises:
        TileRefused: a part out of range.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= LEVEL_MAX:
            raise TileRefused(f"there is no tile level {self.level}")
        if not 0 <= self.index <= NUMBER_MAX >> TILE_HEIGHT:
            raise TileRefused(f"there is no tile index {self.index}")
        if not 1 <= self.width <= TILE_WIDTH:
            raise TileRefused(f"there is no tile of width {self.width}")

    def path(self) -> str:
        """The path below the place where the log is kept."""
        folder = "entries" if self.level is None else str(self.level)
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        place = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{folder}/{place}{partial}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Path of a tile of hashes, such as `tile/1/000.p/17`."""
    return TilePath(level, index, width).path()


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Path of an entry bundle, such as `tile/entries/x001/x234/067`."""
    return TilePath(None, index, width).path()


def parse_path(path: str) -> TilePath:
    """Read a path in its one spelling.

    Raises:
        TileRefused: anything that `TilePath.path` would not write.
    """
    found = _PATH.fullmatch(path) if len(path) <= _PATH_LENGTH_MAX else None
    if found is None:
        raise TileRefused("not the path of a tile or bundle")
    folder, place, width = found.groups()
    parsed = TilePath(
        None if folder == "entries" else int(folder),
        int(place.replace("x", "").replace("/", "")),
        TILE_WIDTH if width is None else int(width),
    )
    if parsed.path() != path:
        raise TileRefused("the path of a tile with a second spelling")
    return parsed


def tiles_for_size(size: int) -> Iterator[tuple[int, int, int]]:
    """Every tile of hashes of a tree: (level, index, width), from the leaves up; partial ones of this very size."""
    level, hashes = 0, size
    while hashes:
        full, rest = divmod(hashes, TILE_WIDTH)
        for index in range(full):
            yield level, index, TILE_WIDTH
        if rest:
            yield level, full, rest
        level, hashes = level + 1, full


def bundles_for_size(size: int) -> Iterator[tuple[int, int]]:
    """Every entry bundle of a log: (index, width), in order; a partial one only of this very size."""
    full, rest = divmod(size, TILE_WIDTH)
    for index in range(full):
        yield index, TILE_WIDTH
    if rest:
        yield full, rest


def tile_width(level: int, index: int, size: int) -> int:
    """Width that the tile has in a tree of `size` leaves: 256 if it is full, 0 if it does not exist yet."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def build_tiles(leaves: Sequence[Hash]) -> Iterator[tuple[int, int, int, bytes]]:
    """All tiles over these leaf hashes: (level, index, width, bytes), from the leaves up."""
    level, row = 0, list(leaves)
    while row:
        above = []
        for index, start in enumerate(range(0, len(row), TILE_WIDTH)):
            hashes = row[start : start + TILE_WIDTH]
            if len(hashes) == TILE_WIDTH:
                above.append(complete_root(hashes))
            yield level, index, len(hashes), b"".join(hashes)
        level, row = level + 1, above


def split_tile(data: bytes, width: int) -> list[Hash]:
    """Cut a tile into its hashes.

    Raises:
        TileRefused: it is not `width` hashes long.
    """
    if len(data) != width * HASH_BYTES:
        raise TileRefused(f"a tile of {len(data)} bytes where {width} hashes belong")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def tile_root(data: bytes) -> Hash:
    """Root over a full tile: the hash that stands for it in the level above.

    Raises:
        TileRefused: it is not 256 hashes long.
    """
    return complete_root(split_tile(data, TILE_WIDTH))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries into a bundle: each behind its length in two bytes, big-endian.

    Raises:
        ValueError: no entry, more than 256, or one of more than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit into a bundle")
        parts.append(len(entry).to_bytes(2, "big"))
        parts.append(entry)
    if not 1 <= len(parts) // 2 <= TILE_WIDTH:
        raise ValueError(f"a bundle of {len(parts) // 2} entries")
    return b"".join(parts)


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """Take a bundle apart.

    Raises:
        TileRefused: it does not hold exactly `width` entries, or ends inside one.
    """
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        if len(entries) == width or at + 2 > end:
            raise TileRefused(f"a bundle with more than its {width} entries")
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        if at > end:
            raise TileRefused("a bundle that ends inside an entry")
        entries.append(data[start:at])
    if len(entries) != width:
        raise TileRefused(f"a bundle of {len(entries)} entries where {width} belong")
    return entries


class TileReader:
    """A HashReader over stored tiles of a tree of one size.

    Args:
        tile: `tile(level, index, width)` gives the bytes of a tile; what it raises passes through.
        size: leaves of the tree; hashes beyond it are refused, and partial tiles are asked for at its widths.

    It keeps the last TILES_KEPT_MAX tiles. A hash inside a tile is computed from the tile's own hashes, so what it
    gives is what the tiles say; whether they are right shows when a proof or a root made of them is verified.
    """

    __slots__ = ("_kept", "_size", "_tile")

    def __init__(self, tile: Callable[[int, int, int], bytes], size: int) -> None:
        self._tile = tile
        self._size = size
        self._kept: OrderedDict[tuple[int, int], list[Hash]] = OrderedDict()

    def __call__(self, level: int, index: int) -> Hash:
        """Root of the complete subtree over the leaves from `index * 2**level`, `2**level` of them.

        Raises:
            TileRefused: the subtree reaches beyond the tree, or a tile has the wrong length.
        """
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise TileRefused("a hash beyond the tree")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, first = divmod(index << height, TILE_WIDTH)
        hashes = self._hashes(tile_level, tile_index)
        return complete_root(hashes[first : first + (1 << height)])

    def _hashes(self, level: int, index: int) -> list[Hash]:
        kept = self._kept.get((level, index))
        if kept is None:
            width = tile_width(level, index, self._size)
            kept = split_tile(self._tile(level, index, width), width)
            self._kept[level, index] = kept
            if len(self._kept) > TILES_KEPT_MAX:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end((level, index))
        return kept
