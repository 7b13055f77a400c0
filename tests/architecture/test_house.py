"""Rules of the house that no linter knows."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from isocenter.events.catalog import FACTS
from isocenter.events.table import markdown_table

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "services" / "isocenter"
SERVICES = ("ingest", "indexer", "streaming")
BASE_FILES = ("README.md", "__init__.py", "main.py", "service.py", "settings.py")
FORBIDDEN_NAMES = re.compile(r"(^|_)(common|utils?|core|helpers?|manager|base)(_|$)", re.IGNORECASE)
BETWEEN_MARKERS = re.compile(r"<!-- events -->\n(.*?)<!-- /events -->", re.DOTALL)


def modules() -> list[Path]:
    others = {"api", "node_modules"}
    return [
        path for path in PACKAGE.rglob("*.py") if others.isdisjoint(path.relative_to(PACKAGE).parts)
    ]


def own_tests() -> list[Path]:
    return [path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def page_sources() -> list[Path]:
    web = PACKAGE / "streaming" / "web"
    folders = (web, web / "quick", web / "quick" / "src", web / "quick" / "tests")
    found = [path for folder in folders for path in folder.iterdir()]
    return [path for path in found if path.suffix in (".ts", ".js", ".mjs", ".css", ".html")]


def test_no_file_has_more_than_400_lines() -> None:
    found = modules() + own_tests() + page_sources()
    assert [path for path in found if lines(path) > 400] == []


def test_median_module_has_less_than_100_lines() -> None:
    assert statistics.median(lines(path) for path in modules()) < 100


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_its_base_files(service: str) -> None:
    missing = [name for name in BASE_FILES if not (PACKAGE / service / name).is_file()]
    assert missing == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert [path for path in silent if path.stat().st_size] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in modules() if FORBIDDEN_NAMES.search(path.stem)]
    assert [path for path in named if path.stem not in ("base_url",)] == []


def test_every_fact_has_a_golden_example() -> None:
    golden = ROOT / "tests" / "events" / "golden"
    assert {folder.name for folder in golden.iterdir()} == {f"{fact.name}.v1" for fact in FACTS}
    assert all(any(folder.glob("*.json")) for folder in golden.iterdir())


def test_readme_has_the_event_table_of_the_catalogue() -> None:
    found = BETWEEN_MARKERS.search((ROOT / "README.md").read_text())
    assert found is not None, "README.md has lost its <!-- events --> markers"
    assert found[1].strip() == markdown_table().strip()


def test_services_name_in_their_readme_what_they_publish() -> None:
    for service in SERVICES:
        text = (PACKAGE / service / "README.md").read_text()
        published = {fact.name for fact in FACTS if fact.producer == service}
        assert {name for name in published if name not in text} == set(), service
