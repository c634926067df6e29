"""What a process that holds keys asks of the system: no dumps of its memory, no debuggers of other processes.

A core dump of a process that holds keys, a node or a command, has them and every body that it opened in the clear.
The limit on its size is not enough: the kernel does not heed it where dumps go to a collector, as on most systems. A
process that is not dumpable is never dumped, and nobody but the superuser may attach to it or read its memory.

Source: Linux, prctl(2) PR_SET_DUMPABLE, core(5).
"""

from __future__ import annotations

import ctypes
import resource

from nodes.errors import NodeError

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Forbid dumps of this process and of those it starts by forking.

    Raises:
        NodeError: `internal-error`; the system refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Asked for again each time: becoming another user makes a process dumpable anew.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise NodeError("internal-error", "the system does not let this process forbid dumps of its memory")
