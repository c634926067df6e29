"""What holds for every test: nothing is silently left out, and hypothesis keeps its examples out of the tree.

A test that needs something the machine may lack skips with a reason. On a developer's machine that is a note; with
CI=true it is a failure, because a test run that leaves tests out has not tested what it says.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import hypothesis
import pytest
import structlog
from hypothesis.database import DirectoryBasedExampleDatabase

from keys.envelope import COST, Cost, seal
from keys.sealed_stream import Sealer
from nodes.backup import back_up

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() == "true"

# No deadline: two cores shared with other tests make single examples slow for no fault of theirs. Randomness stays,
# and a failure prints the line that reproduces it.
hypothesis.settings.register_profile(
    "hotline",
    deadline=None,
    print_blob=True,
    max_examples=100,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    database=DirectoryBasedExampleDatabase(ROOT / "build" / "hypothesis"),
)
hypothesis.settings.load_profile("hotline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked root skip without root; a skip is judged below."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a skipped test has failed. Expected failures are not skips."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI leaves nothing out: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """With CI=true a module that skips itself has failed as well."""
    report = yield
    if IN_CI and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"module skipped, and CI leaves nothing out: {report.longrepr}"
    return report


CHEAP: Final = Cost(memory_kib=64, passes=1, lanes=1)
"""What one guess costs at the files that are sealed in the tests' own processes; each file says its cost."""


@contextmanager
def _sealing(cost: Cost) -> Generator[None]:
    """Everything that seals a file under a passphrase does so at this cost, for as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patched:
        for one in (seal, Sealer.__init__, back_up):
            patched.setitem(cast(Any, one).__kwdefaults__, "cost", cost)
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_sealing() -> Generator[None]:
    """A home made for tests opens in no time, in whatever process: opening a key file at its full cost takes as long as
    many tests. What processes of their own seal costs what it should, and `keys/test_envelope.py` shows how much."""
    with _sealing(CHEAP):
        yield


@pytest.fixture
def full_sealing() -> Generator[None]:
    """For tests of that cost itself."""
    with _sealing(COST):
        yield


@pytest.fixture(autouse=True)
def logging_stays() -> Generator[None]:
    """A test that sets up logging for a node's process does so for itself only."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says what a test has counted or measured; every such line stands below the results."""

    def say(text: str) -> None:
        record_property("figures", text)

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of every test that has some, whether or not it ran in this process."""
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, text in report.user_properties
        if name == "figures"
    ]
    if lines:
        terminalreporter.section("figures")
        for line in sorted(lines):
            terminalreporter.write_line(line)
