"""The Prometheus text format, version 0.0.4: written from families of samples, and joined from several processes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: a name, which of a histogram has a suffix, labels and value."""

    name: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of a metric."""

    name: str
    kind: str
    text: str
    samples: list[Sample] = field(default_factory=list)


def render(families: Iterable[Family], **labels: str) -> str:
    """Write families that have samples, each sample with these labels added."""
    more = tuple(labels.items())
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines.append(f"# HELP {family.name} {_escaped_text(family.text)}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines += [_line(sample, more) for sample in family.samples]
    return "".join(f"{line}\n" for line in lines)


def join(texts: Iterable[str]) -> str:
    """Put what `render` wrote in several processes together: the samples of a metric have to stand together."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for text in texts:
        name = ""
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                heads[name] = [line]
            elif line.startswith("# TYPE "):
                heads[name] = [heads[name][0], line]
            else:
                samples.setdefault(name, []).append(line)
    return "".join(f"{line}\n" for name in heads for line in (*heads[name], *samples.get(name, ())))


def _line(sample: Sample, more: Labels) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in (*more, *sample.labels))
    return f"{sample.name}{f'{{{pairs}}}' if pairs else ''} {number(sample.value)}"


def number(value: float) -> str:
    """A number without a loss: counters of bytes have more digits than `%g` shows."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escaped_text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")
