"""A Tiltfile evaluated by a real Starlark interpreter: what Tilt would offer it is here, and writes down what is asked.

Helm really renders. Tilt itself needs a cluster and images from registries, so it is not run.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import starlark
from tests.support.charts.tools import KUBERNETES, Document, run

_NOTED = (
    "docker_build",
    "fall_back_on",
    "k8s_resource",
    "k8s_yaml",
    "local_resource",
    "port_forward",
    "run",
    "sync",
    "watch_file",
)


@dataclass(frozen=True)
class Call:
    name: str
    words: tuple[Any, ...]
    options: dict[str, Any]


@dataclass
class Evaluation:
    """What a Tiltfile asked for, in order."""

    path: Path
    calls: list[Call] = field(default_factory=list)

    def of(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    @property
    def objects(self) -> list[Document]:
        return [one for call in self.of("k8s_yaml") for one in json.loads(call.words[0])]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Everything that has a name in Tilt's list, and how it was told."""
        named = self.of("k8s_resource") + self.of("local_resource")
        return {call.words[0]: call.options for call in named}


def _note(made: Evaluation, name: str) -> Callable[..., dict[str, Any]]:
    def called(*words: Any, **options: Any) -> dict[str, Any]:
        made.calls.append(Call(name, words, options))
        return {"call": name, "words": list(words), **options}

    return called


def _documents(text: str) -> list[Document]:
    read = run("yaml2json", given=text)
    assert read.returncode == 0, read.stderr
    documents: list[Document] = json.loads(read.stdout)
    return documents


def evaluate(path: Path) -> Evaluation:
    """Evaluate it; raises what the interpreter raises."""
    made = Evaluation(path)
    folder = path.parent

    def helm(chart: str, name: str, values: list[str]) -> str:
        options = [word for one in values for word in ("--values", str(folder / one))]
        where = ["--kube-version", KUBERNETES]
        done = run("helm", "template", name, folder / chart, *options, *where)
        assert done.returncode == 0, done.stderr
        return done.stdout

    module = starlark.Module()
    for name in _NOTED:
        module.add_callable(name, _note(made, name))
    module.add_callable("helm", helm)
    module.add_callable("read_file", lambda name: (folder / name).read_text())
    module.add_callable("read_yaml", lambda name: _documents((folder / name).read_text())[0])
    module.add_callable("decode_yaml_stream", _documents)
    module.add_callable("encode_yaml_stream", json.dumps)
    module["TRIGGER_MODE_MANUAL"] = "manual"
    dialect = starlark.Dialect.extended()
    dialect.enable_top_level_stmt = True
    starlark.eval(
        module, starlark.parse(str(path), path.read_text(), dialect), starlark.Globals.standard()
    )
    return made
