"""The keys of each party, found in a policy, and the policy that names them.

A policy knows logs and witnesses; Hotline knows two parties, each with one log after another (an epoch each) and one
mirror. What ties them is the name: `<domain>/hotline/<id>/<epoch>` is a log of the party `<domain>/hotline/<id>`, and
`<domain>/hotline/<id>/mirror` is its mirror. So a policy says which mirror is whose, and nobody can pass a party's own
mirror off as its counterpart's.

Source: spec/log.md, "Names" and "A policy for two parties".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keys.note_key import NoteVerifier
from protocol.agreement_terms import Witness
from protocol.checkpoint import LOG_KEY_TYPES
from protocol.cosignature import MIRROR_KEY_TYPES
from protocol.policy import GroupLine, LogLine, Policy, PolicyRefused, WitnessLine

MIRROR_EPOCH: Final = "mirror"

_NAME = re.compile(r"([^/\s+]{1,180}/hotline/[0-9a-f]{64})/(0|[1-9][0-9]{0,5}|mirror)")
_LABEL = re.compile(r"[A-Za-z0-9]{1,32}")


def party_prefix(name: str) -> str | None:
    """The party that a log or mirror name belongs to: `<domain>/hotline/<id>`, or None for a name of another shape."""
    found = _NAME.fullmatch(name)
    return None if found is None else found[1]


@dataclass(frozen=True, slots=True)
class PartyKeys:
    """The keys of one party on one channel.

    Attributes:
        prefix: `<domain>/hotline/<id>`.
        logs: by origin, the log's keys of type 0x01 and 0x06.
        mirror: the mirror's keys of type 0x04 and 0x06.
        mirror_names: the names of these two in the policy.
    """

    prefix: str
    logs: Mapping[str, tuple[NoteVerifier, NoteVerifier]]
    mirror: tuple[NoteVerifier, NoteVerifier]
    mirror_names: tuple[str, str]


def _pair(keys: Sequence[NoteVerifier], types: Sequence[int], name: str) -> tuple[NoteVerifier, NoteVerifier]:
    ordered = sorted(keys, key=lambda key: key.type)
    if [key.type for key in ordered] != list(types):
        raise PolicyRefused("a log or mirror is listed with one key of each of its two types", name)
    return ordered[0], ordered[1]


def party_keys(policy: Policy) -> tuple[PartyKeys, PartyKeys]:
    """Find the two parties in a policy, the one of the first log line first.

    Witness lines whose key names are no mirror's are left out: they are third parties.

    Raises:
        PolicyRefused: not exactly two parties, a log of another shape of name, a log or mirror without exactly its two
            types of keys, or one key in two roles.
    """
    origins: dict[str, dict[str, list[NoteVerifier]]] = {}
    for log in policy.logs:
        prefix = party_prefix(log.key.name)
        if prefix is None or log.key.name.endswith(f"/{MIRROR_EPOCH}"):
            raise PolicyRefused("a log is named <domain>/hotline/<id>/<epoch>", log.key.name)
        origins.setdefault(prefix, {}).setdefault(log.key.name, []).append(log.key)
    if len(origins) != 2:
        raise PolicyRefused(f"a line has two parties, and the logs listed are of {len(origins)}")
    raws = [line.key.raw for line in policy.logs] + [line.key.raw for line in policy.witnesses]
    if len(set(raws)) != len(raws):
        raise PolicyRefused("one key in two roles")
    mirrors: dict[str, list[WitnessLine]] = {prefix: [] for prefix in origins}
    for witness in policy.witnesses:
        prefix = party_prefix(witness.key.name)
        if prefix is None:
            continue
        if prefix not in mirrors or not witness.key.name.endswith(f"/{MIRROR_EPOCH}"):
            raise PolicyRefused("a cosigner with the name of a log, or of a party that has none", witness.key.name)
        mirrors[prefix].append(witness)
    first, second = (_party(prefix, logs, mirrors[prefix]) for prefix, logs in origins.items())
    return first, second


def _party(prefix: str, logs: Mapping[str, list[NoteVerifier]], mirror: Sequence[WitnessLine]) -> PartyKeys:
    names = {line.key: line.name for line in mirror}
    keys = _pair(list(names), MIRROR_KEY_TYPES, f"{prefix}/{MIRROR_EPOCH}")
    return PartyKeys(
        prefix=prefix,
        logs={origin: _pair(listed, LOG_KEY_TYPES, origin) for origin, listed in logs.items()},
        mirror=keys,
        mirror_names=(names[keys[0]], names[keys[1]]),
    )


def render_policy(
    own_log: Sequence[NoteVerifier],
    other_log: Sequence[NoteVerifier],
    own_mirror: Sequence[NoteVerifier],
    other_mirror: Sequence[NoteVerifier],
    *,
    own: str = "own",
    other: str = "other",
    witnesses: Sequence[Witness] = (),
) -> bytes:
    """Write the policy that goes with the export of one voice.

    Args:
        own_log: keys of the exported log, 0x01 first and then 0x06, for each epoch; its first key stands first.
        other_log: keys of the other party's log, likewise.
        own_mirror: keys of the exported party's mirror, 0x04 and 0x06.
        other_mirror: keys of the other party's mirror, likewise; together they are the quorum.
        own: label of the exported party, such as its short name; letters and digits.
        other: label of the other party.
        witnesses: of the agreement; they are listed, and how many of them are enough is for the reader to say.

    Raises:
        PolicyRefused: keys that do not make two parties.
        ValueError: a label with other characters, or one label for both.
    """
    if own == other or not all(_LABEL.fullmatch(label) for label in (own, other)):
        raise ValueError("a party's label is letters and digits, and not the other's")
    cosigners = []
    groups = []
    for label, mirror in ((own, own_mirror), (other, other_mirror)):
        lines = [WitnessLine(f"{label}-mirror-{key.type:02x}", key) for key in mirror]
        cosigners += lines
        groups.append(GroupLine(f"{label}-mirror", len(lines), tuple(line.name for line in lines)))
    for number, witness in enumerate(witnesses, 1):
        keys = witness.verifiers()
        names = tuple(f"witness-{number}-{key.type:02x}" for key in keys)
        cosigners += [WitnessLine(name, key) for name, key in zip(names, keys, strict=True)]
        groups.append(GroupLine(f"witness-{number}", len(keys), names))
    policy = Policy(
        logs=tuple(LogLine(key) for key in (*own_log, *other_log)),
        witnesses=tuple(cosigners),
        groups=tuple(groups),
        quorum=groups[1].name,
    )
    party_keys(policy)
    return policy.encode()
