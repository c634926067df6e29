"""Tiles: paths, widths, bundles, and proofs read from them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.merkle import Frontier, leaf_hash, leaf_reader, prove_consistency, prove_inclusion
from protocol.tiles import (
    TILE_WIDTH,
    TILES_KEPT_MAX,
    TilePath,
    TileReader,
    TileRefused,
    build_tiles,
    bundles_for_size,
    encode_bundle,
    entries_path,
    parse_bundle,
    parse_path,
    split_tile,
    tile_path,
    tile_root,
    tile_width,
    tiles_for_size,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]
TILES = {(level, index): data for level, index, _, data in build_tiles(LEAVES)}


def test_paths_are_written_in_groups_of_three() -> None:
    """The examples of the format."""
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 17) == "tile/1/000.p/17"
    assert entries_path(273, 112) == "tile/entries/273.p/112"


@given(
    st.builds(
        TilePath, st.none() | st.integers(0, 63), st.integers(0, 2**55 - 1) | st.integers(0, 2000), st.integers(1, 256)
    )
)
def test_a_path_returns(path: TilePath) -> None:
    """What was written is read back."""
    assert parse_path(path.path()) == path


@given(st.text(alphabet="tile/enrs0129x.p", max_size=30).map(lambda text: f"tile/{text}"))
def test_a_path_has_one_spelling(text: str) -> None:
    """Whatever is read at all is what would have been written."""
    try:
        path = parse_path(text)
    except TileRefused:
        return
    assert path.path() == text


@pytest.mark.parametrize(("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_there_are_no_such_tiles(level: int, index: int, width: int) -> None:
    """Levels, indexes and widths out of range have no path."""
    with pytest.raises(TileRefused):
        tile_path(level, index, width)


def test_the_tiles_of_a_size() -> None:
    """The examples of the format: 70,000 leaves, 256 leaves, and none."""
    tiles = list(tiles_for_size(70_000))
    assert len(tiles) == 273 + 1 + 1 + 1 + 1
    assert [tile for tile in tiles if tile[2] != TILE_WIDTH or tile[0]] == [
        (0, 273, 112),
        (1, 0, 256),
        (1, 1, 17),
        (2, 0, 1),
    ]
    assert list(tiles_for_size(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_for_size(0)) == []
    assert list(bundles_for_size(600)) == [(0, 256), (1, 256), (2, 88)]
    assert list(bundles_for_size(512)) == [(0, 256), (1, 256)]


@given(st.integers(0, 70_000))
def test_widths_follow_from_the_size(size: int) -> None:
    """Each tile of a size has the width that its place gives it, and none follows a partial one in its level."""
    tiles = list(tiles_for_size(size))
    assert all(tile_width(level, index, size) == width for level, index, width in tiles)
    assert all(after[0] > before[0] for before, after in pairwise(tiles) if before[2] < TILE_WIDTH)
    assert tile_width(0, size // TILE_WIDTH + 1, size) == 0


def test_built_tiles_are_those_of_the_size() -> None:
    """Building gives the listed tiles in order, and each hash above is the root of a full tile below."""
    built = list(build_tiles(LEAVES))
    assert [tile[:3] for tile in built] == list(tiles_for_size(len(LEAVES)))
    assert tile_root(TILES[0, 5]) == split_tile(TILES[1, 0], 256)[5]
    with pytest.raises(TileRefused):
        tile_root(TILES[0, 273])


@given(st.integers(1, 70_000), st.data())
def test_proofs_read_from_tiles_are_the_proofs(size: int, data: st.DataObject) -> None:
    """A reader over the tiles of a size gives the same proofs and roots as the leaves do."""
    asked = []

    def tile(level: int, index: int, width: int) -> bytes:
        asked.append((level, index, width))
        return TILES[level, index][: width * 32]

    read = TileReader(tile, size)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    slow = leaf_reader(LEAVES[:size]) if size < 3000 else TileReader(lambda lv, at, _: TILES[lv, at], 70_000)
    if size < 3000:
        assert prove_inclusion(index, size, read) == prove_inclusion(index, size, slow)
        assert prove_consistency(old, size, read) == prove_consistency(old, size, slow)
        assert Frontier.read(size, read) == Frontier.empty().extend(LEAVES[:size])
    else:
        prove_inclusion(index, size, read)
    assert set(asked) <= set(tiles_for_size(size))


def test_a_reader_keeps_little_and_checks_lengths() -> None:
    """It holds a bounded number of tiles, and refuses a tile of another length and hashes beyond the tree."""
    calls = []

    def tile(level: int, index: int, width: int) -> bytes:
        calls.append(index)
        return TILES[level, index][: width * 32]

    read = TileReader(tile, 70_000)
    assert read(0, 0) == read(0, 0) == LEAVES[0]
    assert calls == [0]
    for index in range(TILES_KEPT_MAX + 1):
        read(0, index * TILE_WIDTH)
    read(0, 0)
    assert calls.count(0) == 2
    for level, index in ((0, 70_000), (17, 0), (-1, 0), (0, -1)):
        with pytest.raises(TileRefused):
            read(level, index)
    with pytest.raises(TileRefused):
        TileReader(lambda _level, _index, _width: bytes(31), 1)(0, 0)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_a_bundle_returns(items: list[bytes]) -> None:
    """Entries come back as they were."""
    assert parse_bundle(encode_bundle(items), len(items)) == items


@given(st.binary(max_size=60), st.integers(1, 4))
def test_a_bundle_has_one_spelling(data: bytes, width: int) -> None:
    """Any bytes give entries that make the same bytes again, or are refused."""
    try:
        items = parse_bundle(data, width)
    except TileRefused:
        return
    assert len(items) == width
    assert encode_bundle(items) == data


@pytest.mark.parametrize("items", [[], [b""] * 257, [bytes(65_536)]], ids=["none", "too many", "too long"])
def test_no_bundle_holds_that(items: list[bytes]) -> None:
    """A bundle has 1 to 256 entries of at most 65,535 bytes."""
    with pytest.raises(ValueError):
        encode_bundle(items)
