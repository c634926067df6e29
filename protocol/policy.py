"""A trust policy: which logs, which cosigners, and how many of them are enough.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <member>...
    quorum <name>|none

A policy is written by people and signed by nobody: comments, empty lines and any spaces or tabs between the words are
allowed, and reading it is not the inverse of writing it. Names are octets; here they are text in which an octet that is
not UTF-8 stands as a lone surrogate, so that every name survives unchanged.

Source: C2SP tlog-policy; spec/log.md, "Policy".
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from keys.errors import KeysError
from keys.note_key import NoteVerifier
from protocol.checkpoint import LOG_KEY_TYPES, parse_text
from protocol.cosignature import MIRROR_KEY_TYPES, VerifiedCheckpoint, verify_lines
from protocol.log_error import LogRefused
from protocol.note import parse as parse_note
from protocol.spelling import decode_decimal

POLICY_BYTES_MAX: Final = 1_048_576
"""Bytes of a policy: its greatest number of ML-DSA keys takes a third of that."""

LINES_OF_A_KIND_MAX: Final = 128
"""Logs, witnesses and groups of a policy, each: the format asks for at least 32."""

NONE: Final = "none"

_ALLOWED = re.compile(rb"[\x09\x0a\x20-\x7e\x80-\xff]*")


class PolicyRefused(LogRefused):
    """A text that is no policy; `where` names the line, counted from 1."""

    CODE = "policy-malformed"


class LogUnknown(LogRefused):
    """A checkpoint of a log that the policy does not list; `where` is its origin."""

    CODE = "policy-log-unknown"
    kind = "unknown log"


class QuorumMissing(LogRefused):
    """A checkpoint with too few of the cosignatures that the policy asks for."""

    CODE = "policy-quorum-missing"
    kind = "no quorum"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log whose checkpoints count.

    Attributes:
        key: its key, of type 0x01 or 0x06, named like the origin.
        url: where it is served, or None.
    """

    key: NoteVerifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """A cosigner that can count towards the quorum.

    Attributes:
        name: its name in this policy; nothing to do with the name of its key.
        key: its key, of type 0x04 or 0x06.
        url: where it is reached, or None.
    """

    name: str
    key: NoteVerifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of cosigners and groups.

    Attributes:
        name: its name in this policy.
        threshold: how many members are enough, from 1 to their number.
        members: names of witnesses and groups defined before it.
    """

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A trust policy.

    Attributes:
        logs: in the order of the file.
        witnesses: in the order of the file.
        groups: in the order of the file, each after its members.
        quorum: name of a witness or group, or "none".

    Raises:
        PolicyRefused: names, keys or thresholds that do not fit together.
    """

    logs: tuple[LogLine, ...]
    witnesses: tuple[WitnessLine, ...]
    groups: tuple[GroupLine, ...]
    quorum: str

    def __post_init__(self) -> None:
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > LINES_OF_A_KIND_MAX:
            raise PolicyRefused(f"more than {LINES_OF_A_KIND_MAX} logs, witnesses or groups")
        if any(line.key.type not in LOG_KEY_TYPES for line in self.logs):
            raise PolicyRefused("a log with a key of a type that signs no checkpoints")
        if any(witness.key.type not in MIRROR_KEY_TYPES for witness in self.witnesses):
            raise PolicyRefused("a witness with a key of a type that makes no cosignatures")
        # One key under two names would count twice.
        if len({line.key.raw for line in self.logs}) != len(self.logs):
            raise PolicyRefused("one key in two log lines")
        if len({witness.key.raw for witness in self.witnesses}) != len(self.witnesses):
            raise PolicyRefused("one key in two witness lines")
        defined = {NONE}
        for name in [witness.name for witness in self.witnesses] + [group.name for group in self.groups]:
            if name in defined:
                raise PolicyRefused("one name for two things", name)
            defined.add(name)
        self._check_groups()

    def _check_groups(self) -> None:
        usable = {witness.name for witness in self.witnesses}
        member_once: set[str] = set()
        for group in self.groups:
            if not 1 <= group.threshold <= len(group.members):
                raise PolicyRefused("a group whose threshold its members cannot reach", group.name)
            for member in group.members:
                if member not in usable:
                    raise PolicyRefused("a group with a member that is not defined before it", group.name)
                if member in member_once:
                    raise PolicyRefused("a name that is a member twice", member)
                member_once.add(member)
            usable.add(group.name)
        if self.quorum != NONE and self.quorum not in usable:
            raise PolicyRefused("a quorum that is not defined", self.quorum)

    def encode(self) -> bytes:
        """The policy as a file: logs, witnesses, groups, quorum, one space between words."""
        lines = [_words("log", line.key.vkey(), line.url) for line in self.logs]
        lines += [_words("witness", line.name, line.key.vkey(), line.url) for line in self.witnesses]
        for group in self.groups:
            threshold = "all" if group.threshold == len(group.members) else str(group.threshold)
            lines.append(_words("group", group.name, threshold, *group.members))
        lines.append(_words("quorum", self.quorum))
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def log_keys(self, origin: str) -> tuple[NoteVerifier, ...]:
        """Every key that the policy lists for this log, in the order of the file; empty for an unknown one."""
        return tuple(line.key for line in self.logs if line.key.name == origin)

    def quorum_met(self, cosigned: Collection[str]) -> bool:
        """Say whether these witnesses, by their names in the policy, are enough."""
        have = set(cosigned)
        for group in self.groups:
            if sum(member in have for member in group.members) >= group.threshold:
                have.add(group.name)
        return self.quorum == NONE or self.quorum in have


def _words(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None)


def parse(data: bytes) -> Policy:
    """Read a policy file.

    Args:
        data: the whole file, at most POLICY_BYTES_MAX bytes.

    Raises:
        PolicyRefused: anything that the format does not have; `where` names the line.
    """
    if len(data) > POLICY_BYTES_MAX:
        raise PolicyRefused(f"a policy of {len(data)} bytes is over the limit of {POLICY_BYTES_MAX}")
    if not data.endswith(b"\n") or _ALLOWED.fullmatch(data) is None:
        raise PolicyRefused("a policy is lines, each ended by a newline, without control characters but tabs")
    logs: list[LogLine] = []
    witnesses: list[WitnessLine] = []
    groups: list[GroupLine] = []
    quorum: str | None = None
    # A definition must stand before its use, so each line sees only what was read before it.
    defined: set[str] = set()
    for number, line in enumerate(data[:-1].decode("utf-8", "surrogateescape").split("\n"), start=1):
        words = line.replace("\t", " ").strip(" ")
        if not words or words.startswith("#"):
            continue
        where = f"line {number}"
        # Before the next key is looked at, which takes longer than all that came before it.
        if max(len(logs), len(witnesses), len(groups)) > LINES_OF_A_KIND_MAX:
            raise PolicyRefused(f"more than {LINES_OF_A_KIND_MAX} logs, witnesses or groups", where)
        match [word for word in words.split(" ") if word]:
            case ["log", vkey, *url] if len(url) <= 1:
                logs.append(LogLine(_key(vkey, where), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                witnesses.append(WitnessLine(name, _key(vkey, where), *url))
                defined.add(name)
            case ["group", name, threshold, *members] if members:
                if not defined.issuperset(members):
                    raise PolicyRefused("a group with a member that is not defined before it", where)
                groups.append(GroupLine(name, _threshold(threshold, len(members), where), tuple(members)))
                defined.add(name)
            case ["quorum", name] if quorum is None:
                if name != NONE and name not in defined:
                    raise PolicyRefused("a quorum that is not defined before its line", where)
                quorum = name
            case _:
                raise PolicyRefused("not a line of a policy, or a second quorum", where)
    if quorum is None:
        raise PolicyRefused("a policy without its quorum line")
    return Policy(tuple(logs), tuple(witnesses), tuple(groups), quorum)


def _key(vkey: str, where: str) -> NoteVerifier:
    try:
        return NoteVerifier.parse(vkey)
    except (KeysError, UnicodeError) as error:
        raise PolicyRefused(f"a key that cannot be used ({error})", where) from None


def _threshold(word: str, members: int, where: str) -> int:
    if word in ("all", "any"):
        return members if word == "all" else 1
    try:
        return decode_decimal(word)
    except ValueError:
        raise PolicyRefused("a group is all, any or a number of its members", where) from None


def evaluate(policy: Policy, note: bytes) -> VerifiedCheckpoint:
    """Check a signed checkpoint as the public format has it: any key of a listed log, and the quorum.

    This is what a tool that knows nothing of two parties does, and it asks for less than `protocol.receipt` does.

    Raises:
        NoteRefused, DoubledLine, CheckpointRefused, ExtensionRefused: malformed.
        LogUnknown: no line of a key that the policy lists for this origin.
        BadLine: a line of a listed key that does not verify.
        QuorumMissing: too few cosignatures.
    """
    parsed = parse_note(note)
    checkpoint = parse_text(parsed.text)
    present = {(line.name, line.key_id) for line in parsed.signatures}
    logs = [key for key in policy.log_keys(checkpoint.origin) if (key.name, key.key_id) in present]
    if not logs:
        raise LogUnknown("no line of a listed key of this log", checkpoint.origin)
    witnesses = [line for line in policy.witnesses if (line.key.name, line.key.key_id) in present]
    verified = verify_lines(parsed, checkpoint, _distinct(logs, witnesses), exactly=False)
    if not policy.quorum_met([line.name for line in witnesses]):
        raise QuorumMissing("too few cosignatures", checkpoint.origin)
    return verified


def _distinct(logs: Sequence[NoteVerifier], witnesses: Sequence[WitnessLine]) -> list[NoteVerifier]:
    # A log may be listed as a witness of its own with its ML-DSA key; its one line is verified once.
    keys = {(key.name, key.key_id): key for key in logs}
    keys.update({(line.key.name, line.key.key_id): line.key for line in witnesses})
    return list(keys.values())
