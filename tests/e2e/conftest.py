"""Platforms that many tests share: started once, as users start them."""

from collections.abc import Iterator

import pytest
from tests.support.commanded import Commanded
from tests.support.commanded import platform as commanded
from tests.support.dicom_files import real_files
from tests.support.platform import Platform, running
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("platform") / "data") as platform:
        yield platform


@pytest.fixture(scope="module")
def port() -> int:
    """Where a module's own receiver listens; its platform's AE list says so."""
    return free_port()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A platform that tests change; each with studies of its own."""
    with commanded(tmp_path_factory.mktemp("desk")) as running:
        yield running


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A platform with all real files, which tests only read."""
    folders = sorted({file.path.parent for file in real_files()})
    with commanded(tmp_path_factory.mktemp("library")) as running:
        running.cli("import", *folders, code=1)  # some are broken
        running.until_settled()
        yield running


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Print the ends of all logs beside a failure."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's result
    platform = getattr(item, "funcargs", {}).get("platform")
    if report.when == "call" and report.failed and isinstance(platform, Platform):
        report.sections.append(("logs of the platform", platform.logs()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the fault runs did: whom they killed, and in which steps."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
