"""Codes: the name of everything a person may have to be told, and what to do about it.

A code is short, in kebab-case, and means the same in an alarm, in a finding of an audit, in the log and in the answer
of a command; programs compare it, and `hotline explain CODE` prints what stands here. The tables lie in the modules
`codes_*`, one for each place the codes come from. To add a code, add its five lines to one of them; a test finds every
code that the four packages use and asks that it is there.

| severity | means | exit |
|---|---|---|
| info | nothing is wrong | 0 |
| warning | somebody should look, in time | 0 |
| alarm | somebody must look now | 0 |
| refuted | evidence does not hold, or what was asked is refused | 1 |
| error | a command could not do what it was told | 2 or 3 |
| unchecked | something needed for the check is absent | 3 |

Source: spec/codes.md.
"""

from collections.abc import Iterable, Mapping

from protocol.code import Code
from protocol.codes_agreements import AGREEMENTS
from protocol.codes_alarms import ALARMS
from protocol.codes_ceremonies import CEREMONIES
from protocol.codes_commands import COMMANDS
from protocol.codes_disputes import DISPUTES
from protocol.codes_docket import DOCKET
from protocol.codes_entries import ENTRIES
from protocol.codes_findings import FINDINGS
from protocol.codes_formats import FORMATS
from protocol.codes_homes import HOMES
from protocol.codes_keys import KEYS
from protocol.codes_log_formats import LOG_FORMATS
from protocol.codes_nodes import NODES
from protocol.codes_paging import PAGING
from protocol.codes_pairing import PAIRING
from protocol.codes_people import PEOPLE
from protocol.codes_recovery import RECOVERY
from protocol.codes_saying import SAYING
from protocol.codes_witness import WITNESSES

GROUPS: Mapping[str, tuple[Code, ...]] = {
    "Entries": ENTRIES,
    "Alarms": ALARMS,
    "Disputes and damage": DISPUTES,
    "Docket": DOCKET,
    "Pages": PAGING,
    "Witnesses": WITNESSES,
    "Findings of an audit": FINDINGS,
    "Formats": FORMATS,
    "Formats of logs": LOG_FORMATS,
    "Agreements": AGREEMENTS,
    "Composing and releasing": SAYING,
    "People and their keys": PEOPLE,
    "Pairing": PAIRING,
    "Homes and files": HOMES,
    "Nodes": NODES,
    "Recovery and succession": RECOVERY,
    "Commands": COMMANDS,
    "Keys and their backups": KEYS,
    "Ceremonies": CEREMONIES,
}
"""Every code, by where it comes from; the headings are those of spec/codes.md."""


def _by_name(groups: Iterable[tuple[Code, ...]]) -> Mapping[str, Code]:
    found: dict[str, Code] = {}
    for group in groups:
        for one in group:
            if one.name in found:
                raise AssertionError(f"the code {one.name} is declared twice")
            found[one.name] = one
    return found


CODES: Mapping[str, Code] = _by_name(GROUPS.values())
"""Every code by name."""


def code(name: str) -> Code:
    """Find a code.

    Args:
        name: as a program met it, perhaps from a newer version of Hotline.

    Returns:
        The code; for a name that is not declared, a code of severity `warning` that says so, because to fail while
        reporting a failure would hide both.
    """
    found = CODES.get(name)
    if found is not None:
        return found
    return Code(
        name=name,
        severity="warning",
        text="this version of Hotline does not know the code",
        means="It comes from a newer version, on this side or the other.",
        next="Look it up in the newer version's documentation; keep the files it was found in.",
    )
