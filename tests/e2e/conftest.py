"""Platforms that many tests share: started once, as users start them."""

from collections.abc import Iterator

import pytest
from tests.support.commanded import Commanded
from tests.support.commanded import platform as commanded
from tests.support.platform import Platform, running


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("platform") / "data") as platform:
        yield platform


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A platform that tests change; each with studies of its own."""
    with commanded(tmp_path_factory.mktemp("desk")) as running:
        yield running


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Print the ends of all logs beside a failure."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's result
    platform = getattr(item, "funcargs", {}).get("platform")
    if report.when == "call" and report.failed and isinstance(platform, Platform):
        report.sections.append(("logs of the platform", platform.logs()))
