"""The programs that check the chart, and the chart rendered with them."""

import functools
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "isocenter"
SERVERS = ROOT / "tests" / "support" / "servers"
SCHEMAS = SERVERS / "kubernetes" / "schemas"
RELEASE = "r"
KUBERNETES = "1.33.0"

Document = dict[str, Any]
Done = subprocess.CompletedProcess[str]


@functools.cache
def folder() -> Path:
    """Where the programs are, whether they are there or not."""
    asked = [str(SERVERS / "chart_tools.sh"), "--where"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def missing() -> str:
    """Why the chart cannot be checked here, or nothing; in CI that is no excuse."""
    if (folder() / "installed").exists():
        return ""
    reason = "the chart's checkers are not installed: make setup, with Go"
    if "CI" in os.environ:
        raise RuntimeError(reason)
    return reason


def run(program: str, *words: object, given: str = "") -> Done:
    """Run one of them, or a program of the search path."""
    own = folder() / program
    command = [str(own) if own.exists() else program, *map(str, words)]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, check=False
    )


@dataclass(frozen=True)
class Rendering:
    """A chart with one file of values: its text, or why there is none."""

    values: str
    text: str
    error: str = ""
    documents: list[Document] = field(default_factory=list)

    def of_kind(self, *kinds: str) -> list[Document]:
        """Documents of these kinds."""
        return [document for document in self.documents if document["kind"] in kinds]


def render(chart: Path, values: Path, *sets: str) -> Rendering:
    """Render with a file of values and single values beside."""
    options = [word for one in sets for word in ("--set-json", one)]
    where = ["--kube-version", KUBERNETES, "--namespace", "n"]
    done = run("helm", "template", RELEASE, chart, "--values", values, *where, *options)
    if done.returncode:
        return Rendering(values.stem, "", done.stderr)
    read = run("yaml2json", given=done.stdout)
    if read.returncode:
        return Rendering(values.stem, done.stdout, read.stderr)
    return Rendering(values.stem, done.stdout, documents=json.loads(read.stdout))


def matrix(chart: Path) -> list[Path]:
    """Every file of values that the chart comes with."""
    return sorted([*chart.glob("profiles/*.yaml"), *chart.glob("ci/*.yaml")])


def name_of(document: Document) -> str:
    """Kind and name, for a finding."""
    return f"{document['kind']}/{document['metadata']['name']}"
