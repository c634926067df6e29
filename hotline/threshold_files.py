"""A threshold set in a file of its own: the blocks that an agreement has, to try what they would come to.

A whole agreement or a draft of one will do; what else it says is left alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hotline.agreement_lint import lint
from hotline.agreements import base_terms
from hotline.errors import Refused
from nodes.files import read_file
from protocol.kinds import Catalogue
from protocol.threshold_set import ThresholdSet, threshold_set_of


def read_rules(path: Path, catalogue: Catalogue, *, at_ms: int) -> ThresholdSet:
    """Read the threshold set of a file.

    Args:
        path: of the file.
        catalogue: of the channel.
        at_ms: now, UTC milliseconds.

    Raises:
        Refused: `no-thresholds`, or what is wrong with the file.
        FileRefused: it cannot be read.
    """
    today = datetime.fromtimestamp(at_ms / 1000, tz=UTC).date()
    draft, problems = lint(read_file(path), base_terms(at_ms=at_ms), catalogue, today=today)
    wrong = next((one for one in problems if one.severity == "error"), None)
    if wrong is not None:
        raise Refused(wrong.code, f"{path}:{wrong.line} {wrong.where}: {wrong.text}", next_step=wrong.next)
    found = threshold_set_of(draft)
    if found is None or not found.observables:
        raise Refused("no-thresholds", f"{path} has no [thresholds] with what counts")
    return found
