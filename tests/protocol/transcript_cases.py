"""What is done to transcripts in spec/vectors/pairing-transcript: each public function is one case."""

from dataclasses import replace

from protocol.pairing_transcript import STEPS, Minutes, Transcript
from tests.protocol.transcript_made import AGREEMENT, CHANNEL, NOW, Came


def _minutes(room: str, party: str) -> Minutes:
    return Minutes(
        room=room,
        party=party,
        attempt=1,
        reader=1,
        witness=2,
        roots=(1, 2),
        roster=bytes([3]) * 32,
        offer=bytes([4]) * 32,
        answer=bytes([5]) * 32,
        final=bytes([6]) * 32,
        began_ms=NOW,
        done=tuple(NOW + 1_000 * (place + 1) for place in range(len(STEPS[room]))),
        stops=(("words-differ", NOW - 60_000),) if room == "first" else (),
    )


_FIRST, _SECOND = _minutes("first", "ARC"), _minutes("second", "BOR")
_WHOLE = Transcript(channel=CHANNEL, agreement=AGREEMENT, first=_FIRST, second=_SECOND, counterpart="BOR")
_TEXT = _WHOLE.render()


def _changed(before: bytes, after: bytes, code: str = "transcript-malformed") -> Came:
    if before not in _TEXT:
        raise AssertionError(before)
    return Came(text=_TEXT.replace(before, after, 1), code=code)


def good() -> Came:
    """Nothing was done; two roots of each party signed."""
    return Came(text=_TEXT)


def good_without_witness() -> Came:
    """Nobody watched in the first room, and nothing stopped it."""
    return Came(text=replace(_WHOLE, first=replace(_FIRST, witness=0, stops=())).render())


def unsigned() -> Came:
    """Nobody signed."""
    return Came(text=_TEXT, by={}, code="transcript-unsigned")


def one_party_signed() -> Came:
    """Only the second party signed."""
    return Came(text=_TEXT, by={"BOR": (1, 2)}, code="transcript-unsigned")


def one_root_signed() -> Came:
    """One root of two that are needed."""
    return Came(text=_TEXT, by={"ARC": (1,), "BOR": (1, 2)}, code="transcript-unsigned")


def one_root_twice() -> Came:
    """One root signed, and stands there twice."""
    return Came(text=_TEXT, by={"ARC": (1, 1), "BOR": (1, 2)}, code="transcript-unsigned")


def signed_by_the_other() -> Came:
    """The second party's roots stand for the first party's as well."""
    return Came(text=_TEXT, keys={"ARC": "BOR"}, code="transcript-unsigned")


def signed_as_a_statement() -> Came:
    """The signatures are for another purpose."""
    return Came(text=_TEXT, purpose="statement", code="transcript-unsigned")


def other_channel() -> Came:
    """It is of another channel."""
    return Came(text=replace(_WHOLE, channel=bytes(32)).render(), code="transcript-contradicts")


def other_agreement() -> Came:
    """It is of another agreement."""
    return Came(text=replace(_WHOLE, agreement=bytes(32)).render(), code="transcript-contradicts")


def other_party() -> Came:
    """The first room is that of a party that the agreement does not have."""
    text = replace(_WHOLE, first=replace(_FIRST, party="CEL")).render()
    return Came(text=text, code="transcript-contradicts")


def too_few_roots_are_named() -> Came:
    """One root is said to have signed the agreement, where two must."""
    return Came(text=replace(_WHOLE, first=replace(_FIRST, roots=(1,))).render(), code="transcript-contradicts")


def a_root_that_is_not() -> Came:
    """A root is named that the party does not have."""
    return Came(text=replace(_WHOLE, second=replace(_SECOND, roots=(1, 4))).render(), code="transcript-contradicts")


def rooms_with_other_files() -> Came:
    """The rooms had different answers."""
    return _changed(b"05" * 32, b"07" * 32, "transcript-contradicts")


def minutes_alone() -> Came:
    """The text ends before the second room."""
    return Came(text=replace(_WHOLE, second=None).render(), code="transcript-malformed")


def words_not_heard() -> Came:
    """It says that the words were not heard."""
    return _changed(b'words_heard = "yes"', b'words_heard = "no"')


def times_go_back() -> Came:
    """A step is said to have been done before the one in front of it."""
    return _changed(b"final_at = 2026-11-21", b"final_at = 2026-11-20")


def the_reader_watches() -> Came:
    """One person is reader and witness."""
    return _changed(b"witness = 2", b"witness = 1")


def roots_out_of_order() -> Came:
    """The numbers of the roots do not ascend."""
    return _changed(b'roots = ["1", "2"]', b'roots = ["2", "1"]')


def upper_case_digest() -> Came:
    """A digest has a capital letter."""
    text = _TEXT.replace(CHANNEL.hex().encode(), CHANNEL.hex().upper().encode(), 1)
    return Came(text=text, code="transcript-malformed")


def another_comment() -> Came:
    """The comment at its head says something else."""
    return _changed(b"# What two rooms did", b"# What two persons did")


def a_blank_line_more() -> Came:
    """A blank line stands where none belongs."""
    return _changed(b"[second]", b"\n[second]")


def a_name_twice() -> Came:
    """A line stands twice."""
    return _changed(b"attempt = 1\n", b"attempt = 1\nattempt = 1\n")


def something_behind() -> Came:
    """A line stands behind the last."""
    return Came(text=_TEXT + b"more = 1\n", code="transcript-malformed")


def cut_off() -> Came:
    """The last line feed is missing."""
    return Came(text=_TEXT[:-1], code="transcript-malformed")


def another_format() -> Came:
    """Its format is not known."""
    return _changed(b"hotline/1/pairing", b"hotline/9/pairing")
