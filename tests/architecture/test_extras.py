"""A process loads the libraries of its own service and of no other."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVICES = ("ingest", "indexer", "streaming")
CODECS = {"imagecodecs", "gdcm", "numpy", "PIL", "pydicom"}  # for the codec processes alone
LOAD = """
import importlib, json, sys
blocked = set(json.loads(sys.argv[2]))
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError("belongs to another service", name=name)
sys.meta_path.insert(0, Blocker())
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(wanted: Iterable[str]) -> set[str]:
    """Distributions that requirements bring with them, our own aside."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        requirement = waiting.pop()
        name = normal(requirement.name)
        if name == "isocenter" or name in found:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.add(name)
            waiting += [Requirement(text) for text in metadata.requires(name) or ()]
    return found


def modules_of(distributions: set[str]) -> set[str]:
    known = metadata.packages_distributions()
    return {m for m, owners in known.items() if distributions.issuperset(map(normal, owners))}


def loaded(module: str, blocked: set[str]) -> set[str]:
    """Import it in a process of its own, where `blocked` are not installed."""
    command = [sys.executable, "-c", LOAD, module, json.dumps(sorted(blocked))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("service", SERVICES)
def test_service_needs_no_more_than_its_extra(service: str) -> None:
    extras = PROJECT["optional-dependencies"]
    own = closure([*PROJECT["dependencies"], *extras[service]])
    others = closure(text for texts in extras.values() for text in texts) - own
    assert len(others) > 10
    loaded(f"isocenter.{service}.main", modules_of(others))


@pytest.mark.parametrize(
    "module",
    [*(f"isocenter.{service}.main" for service in SERVICES), "isocenter.embedded.http_worker"],
)
def test_no_process_of_a_service_decodes_by_itself(module: str) -> None:
    assert loaded(module, set()).isdisjoint(CODECS)


def test_indexer_serves_no_web() -> None:
    assert loaded("isocenter.indexer.main", set()).isdisjoint({"uvicorn", "httptools"})


def test_every_library_of_a_service_is_imported_by_something() -> None:
    text = "".join(
        path.read_text() for path in (ROOT / "services" / "isocenter").rglob("*.py")
    )  # the API's generated code included
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE))
    for service in SERVICES:
        for requirement in PROJECT["optional-dependencies"][service]:
            modules = modules_of({normal(Requirement(requirement).name)})
            assert not modules.isdisjoint(imported), requirement
