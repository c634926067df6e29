"""What holds for every test: nothing is silently left out, and hypothesis keeps its examples out of the tree.

A test that needs something the machine may lack skips with a reason. On a developer's machine that is a note; with
CI=true it is a failure, because a test run that leaves tests out has not tested what it says.
"""

import os
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest
import structlog
from hypothesis.database import DirectoryBasedExampleDatabase

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
