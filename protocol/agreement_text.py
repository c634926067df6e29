"""The text of an agreement: written for people to read and sign, and read back by the program.

Each block begins with what its terms do. The comments belong to the text and so to the digest; they are those of format
1 and never change.

Source: spec/agreement.md, "Text" and "Reading".
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from protocol import toml_text
from protocol.agreement_terms import (
    Auditor,
    AuthorityRule,
    BeatTerms,
    ClockTerms,
    LineTerms,
    Party,
    Witness,
    parse_slot,
)
from protocol.errors import Malformed, NotUnderstood
from protocol.limits import AGREEMENT_BYTES_MAX
from protocol.schema import token
from protocol.spelling import decode_base64, encode_base64
from protocol.statement import PRECEDENCES

if TYPE_CHECKING:
    from protocol.agreement import Agreement

FORMAT: Final = 1

_T = TypeVar("_T")
_HASH_PATTERN: Final = re.compile(r"[0-9a-f]{64}")

_HEAD = """\
# Agreement on a direct line between two parties.
#
# This text is signed as it stands, to the last byte. Its digest (SHA-256) names the channel, and every statement on the
# channel names the agreement by it. Intervals are in milliseconds; the comment behind each says the same in words.
"""

_COMMENTS: Final = {
    "catalogue": "The kinds of statements, with their fields and words. The digest is over the catalogue's files.",
    "party": (
        "A party. Its root keys (Ed25519 and ML-DSA-65 in one) are kept offline; root_threshold of them sign the\n"
        "# party's rosters, which name all its other keys. Roots are numbered in the order given here."
    ),
    "beat": (
        "Each node sends a signed beat so often. The line counts as degraded, and as down, after so many beats missed\n"
        "# in a row."
    ),
    "clock": (
        "Answers to a statement of precedence {}: from when it is held until it is opened, has a holding reply and is\n"
        "# answered."
    ),
    "line": (
        "What the nodes expect of one another. A larger difference of clocks raises an alarm and stops nothing.\n"
        "# Beyond the rate and the burst a sender is slowed and never refused."
    ),
    "authority": (
        "Authority: which signatures a statement needs, each by another person. The first rule that covers it\n"
        "# decides; where none does, the catalogue's default for its kind holds. A slash joins roles of\n"
        "# which one suffices."
    ),
    "witness": "A witness: cosigns how far the logs go and reads no entries. It can stop nothing.",
    "auditor": (
        "An auditor: may read every header, over TLS, with the key of this pin (SHA-256 of its SPKI). It can stop\n"
        "# nothing."
    ),
}


def write(agreement: "Agreement") -> bytes:
    """The text of an agreement that has been checked.

    Returns:
        UTF-8 with newlines and one at the end.
    """
    return "\n".join([_HEAD, *_blocks(agreement)]).encode()


def _blocks(agreement: "Agreement") -> Iterator[str]:
    """The blocks of the text, each ending in a newline."""
    yield _lines(
        f"format = {FORMAT}",
        f"title = {_string(agreement.title)}",
        f"purpose = {_string(agreement.purpose)}",
        f"languages = {_array(agreement.languages)}",
        f"created = {_time(agreement.created_ms)}",
        f"review_date = {agreement.review_date.isoformat()}",
    )
    yield _lines(
        f"# {_COMMENTS['catalogue']}",
        "[catalogue]",
        f"version = {agreement.catalogue_version}",
        f'digest = "{agreement.catalogue_digest.hex()}"',
    )
    for party in agreement.parties:
        yield _lines(
            f"# {_COMMENTS['party']}",
            "[[party]]",
            f'short = "{party.short}"',
            f"name = {_string(party.name)}",
            f'domain = "{party.domain}"',
            f"root_threshold = {party.roots.threshold}",
            "root_keys = [",
            *(
                f'    # Root {number}: key id {key.key_id.hex()}\n    "{encode_base64(key.raw)}",'
                for number, key in enumerate(party.roots.keys, 1)
            ),
            "]",
        )
    beat = agreement.beat
    yield _lines(
        f"# {_COMMENTS['beat']}",
        "[beat]",
        _interval("every_ms", beat.every_ms),
        f"degraded_after_missed = {beat.degraded_after_missed}",
        f"down_after_missed = {beat.down_after_missed}",
    )
    for precedence, clock in agreement.clocks.items():
        yield _lines(
            f"# {_COMMENTS['clock'].format(precedence)}",
            f"[clock.{precedence}]",
            _interval("open_within_ms", clock.open_within_ms),
            _interval("holding_within_ms", clock.holding_within_ms),
            _interval("answer_within_ms", clock.answer_within_ms),
        )
    line = agreement.line
    yield _lines(
        f"# {_COMMENTS['line']}",
        "[line]",
        _interval("offset_alarm_ms", line.offset_alarm_ms),
        _interval("tally_every_ms", line.tally_every_ms),
        _interval("arrival_after_ms", line.arrival_after_ms),
        f"entries_per_s = {line.entries_per_s}",
        f"burst_entries = {line.burst_entries}",
    )
    for number, rule in enumerate(agreement.rules):
        yield _lines(
            *([f"# {_COMMENTS['authority']}"] if number == 0 else []),
            "[[authority]]",
            f"kinds = {_array(rule.kinds)}",
            *([] if rule.severity_at_least is None else [f"severity_at_least = {rule.severity_at_least}"]),
            *([f"precedences = {_array(rule.precedences)}"] if rule.precedences else []),
            f"needs = {_array(tuple('/'.join(slot) for slot in rule.needs))}",
        )
    for witness in agreement.witnesses:
        yield _lines(
            f"# {_COMMENTS['witness']}",
            "[[witness]]",
            f"name = {_string(witness.name)}",
            "keys = [",
            *(f"    {_string(key)}," for key in witness.keys),
            "]",
        )
    for auditor in agreement.auditors:
        yield _lines(
            f"# {_COMMENTS['auditor']}",
            "[[auditor]]",
            f"name = {_string(auditor.name)}",
            f'tls_pin = "{auditor.tls_pin.hex()}"',
        )


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _string(value: str) -> str:
    """A basic string of TOML. Controls cannot occur: the terms refuse them."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _array(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_string(value) for value in values) + "]"


def _interval(name: str, value_ms: int) -> str:
    return f"{name} = {value_ms}  # {in_words(value_ms)}"


_UNITS: Final = (
    ("day", 86_400_000),
    ("hour", 3_600_000),
    ("minute", 60_000),
    ("second", 1_000),
    ("millisecond", 1),
)


def in_words(interval_ms: int) -> str:
    """An interval for people: `15 minutes`, `1 hour 30 minutes`, `2 seconds 500 milliseconds`."""
    parts = []
    for unit, unit_ms in (
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("minute", 60_000),
        ("second", 1_000),
        ("millisecond", 1),
    ):
        count, interval_ms = divmod(interval_ms, unit_ms)
        if count:
            parts.append(f"{count} {unit}" + ("s" if count > 1 else ""))
    return " ".join(parts) or "0 milliseconds"


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _time(time_ms: int) -> str:
    """RFC 3339 in UTC with three digits of milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.strftime(f"{moment.year:04d}-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"


def read(text: bytes) -> dict[str, Any]:
    """Read the text into the arguments of `Agreement`. Spelling is not compared here.

    Raises:
        NotUnderstood: another format, or a name that format 1 does not have.
        Malformed: `too-large`, `bad-text`, `bad-toml`, `missing-field`, `bad-field` or `bad-key`.
        AgreementRefused: `bad-slot`.

    Source: spec/agreement.md, "Reading", steps 1 to 4.
    """
    if len(text) > AGREEMENT_BYTES_MAX:
        raise Malformed("too-large", "agreement", f"{len(text)} bytes, at most {AGREEMENT_BYTES_MAX} are taken")
    try:
        text.decode("utf-8")
        whole = _Block(toml_text.loads(text), "agreement")
    except UnicodeDecodeError as error:
        raise Malformed("bad-text", "agreement") from error
    except toml_text.TomlRefused as error:
        raise Malformed("bad-toml", "agreement") from error
    if (number := whole.take("format", int)) != FORMAT:
        raise NotUnderstood("agreement.format", f"format {number}, this program knows {FORMAT}")
    catalogue = whole.block("catalogue")
    clocks = whole.block("clock")
    parties = tuple(whole.blocks("party", _read_party))
    terms: dict[str, Any] = {
        "title": whole.take("title", str),
        "purpose": whole.take("purpose", str),
        "languages": whole.texts("languages"),
        "created_ms": whole.time_ms("created"),
        "review_date": whole.take("review_date", date),
        "catalogue_version": catalogue.take("version", int),
        "catalogue_digest": catalogue.hash32("digest"),
        "parties": parties,
        "beat": whole.integers("beat", BeatTerms, "every_ms", "degraded_after_missed", "down_after_missed"),
        "clocks": {
            precedence: clocks.integers(
                precedence, ClockTerms, "open_within_ms", "holding_within_ms", "answer_within_ms"
            )
            for precedence in PRECEDENCES
        },
        "line": whole.integers(
            "line", LineTerms, "offset_alarm_ms", "tally_every_ms", "arrival_after_ms", "entries_per_s", "burst_entries"
        ),
        "rules": tuple(whole.blocks("authority", _read_rule)),
        "witnesses": tuple(
            whole.blocks("witness", lambda block: Witness(block.take("name", str), block.texts("keys")))
        ),
        "auditors": tuple(
            whole.blocks("auditor", lambda block: Auditor(block.take("name", str), block.hash32("tls_pin")))
        ),
    }
    for block in (catalogue, clocks, whole):
        block.finish()
    if len(parties) != 2:
        raise Malformed("bad-field", "agreement.party", "there are two parties")
    return terms


def _read_party(block: "_Block") -> Party:
    keys = []
    for number, key in enumerate(block.texts("root_keys"), 1):
        try:
            keys.append(HybridPublicKey(decode_base64(key), KeyRole.ROOT))
        except (ValueError, KeysError) as error:
            raise Malformed("bad-key", f"{block.where}.root_keys[{number}]") from error
    try:
        roots = RootSet(block.take("root_threshold", int), tuple(keys))
    except KeysError as error:
        raise Malformed("bad-key", f"{block.where}.root_keys", str(error)) from error
    return Party(block.take("short", str), block.take("name", str), block.take("domain", str), roots)


def _read_rule(block: "_Block") -> AuthorityRule:
    return AuthorityRule(
        kinds=block.texts("kinds"),
        severity_at_least=block.take("severity_at_least", int) if block.has("severity_at_least") else None,
        precedences=block.texts("precedences") if block.has("precedences") else (),
        needs=tuple(parse_slot(slot, f"{block.where}.needs") for slot in block.texts("needs")),
    )


def _read_witness(block: "_Block") -> Witness:
    return Witness(block.take("name", str), block.texts("keys"))


def _read_auditor(block: "_Block") -> Auditor:
    return Auditor(block.take("name", str), block.hash32("tls_pin"))


class _Block:
    """A table of the text from which every name is taken once, so that what is left over was never understood."""

    def __init__(self, table: dict[str, Any], where: str) -> None:
        self._left = dict(table)
        self.where = where

    def has(self, name: str) -> bool:
        """Whether the name is there and not yet taken."""
        return name in self._left

    def take(self, name: str, kind: type[_T]) -> _T:
        """The value of a name, of exactly that type."""
        if name not in self._left:
            raise Malformed("missing-field", f"{self.where}.{name}")
        value = self._left.pop(name)
        if type(value) is not kind:
            raise Malformed("bad-field", f"{self.where}.{name}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of text."""
        values = self.take(name, list)
        if not all(type(value) is str for value in values):
            raise Malformed("bad-field", f"{self.where}.{name}")
        return tuple(values)

    def hash32(self, name: str) -> bytes:
        """64 lower-case hexadecimal digits."""
        digits = self.take(name, str)
        if _HASH_PATTERN.fullmatch(digits) is None:
            raise Malformed("bad-field", f"{self.where}.{name}")
        return bytes.fromhex(digits)

    def time_ms(self, name: str) -> int:
        """A moment in UTC, in whole milliseconds."""
        moment = self.take(name, datetime)
        if moment.utcoffset() != timedelta(0) or moment.microsecond % 1000:
            raise Malformed("bad-field", f"{self.where}.{name}")
        return (moment - _EPOCH) // timedelta(milliseconds=1)

    def block(self, name: str) -> "_Block":
        """A table inside this one; whoever takes it finishes it."""
        return _Block(self.take(name, dict), f"{self.where}.{name}")

    def integers(self, name: str, terms: Callable[..., _T], *names: str) -> _T:
        """A table of integers, as the record that they are the arguments of."""
        block = self.block(name)
        record = terms(*(block.take(field, int) for field in names))
        block.finish()
        return record

    def blocks(self, name: str, reader: Callable[["_Block"], _T]) -> Iterator[_T]:
        """An array of tables, each read and finished; none where the name is absent."""
        tables = self.take(name, list) if self.has(name) else []
        for number, table in enumerate(tables, 1):
            if type(table) is not dict:
                raise Malformed("bad-field", f"{self.where}.{name}")
            block = _Block(table, f"{self.where}.{name}[{number}]")
            yield reader(block)
            block.finish()

    def finish(self) -> None:
        """Refuse what is left.

        Raises:
            NotUnderstood: naming the block, and the field where it reads like one of ours.
        """
        for name in self._left:
            readable = token(name.replace("_", "-"))
            raise NotUnderstood(f"{self.where}.{name}" if readable else self.where, "unknown field")
