"""Beats that stay in memory take so much of it and no more."""

from nodes.kept_beats import BEATS_BYTES_MAX, BEATS_KEPT, KeptBeats


def test_so_many_beats_are_kept_and_the_last_ones() -> None:
    """Small ones: by their number."""
    beats = KeptBeats()
    for number in range(2 * BEATS_KEPT):
        beats.append(b"%d" % number, b"s")
    assert [int(beat) for beat, _ in beats] == list(range(BEATS_KEPT, 2 * BEATS_KEPT))


def test_beats_of_a_hostile_size_take_no_more_room_than_others() -> None:
    """Large ones: by their bytes, signatures counted."""
    beats = KeptBeats()
    for number in range(BEATS_KEPT):
        beats.append(bytes([number]) * 20_000, bytes(5_000))
    assert sum(len(beat) + len(signature) for beat, signature in beats) <= BEATS_BYTES_MAX
    assert len(beats) == BEATS_BYTES_MAX // 25_000
    assert list(beats)[-1][0][0] == BEATS_KEPT - 1
