"""How figures are printed: each with its ratio to a peer and the bar it is held against."""

import sys
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Report:
    """Collects lines; a missed bar is said, never hidden."""

    missed: list[str] = field(default_factory=list)

    def title(self, text: str) -> None:
        """Begin a section."""
        sys.stdout.write(f"\n{text}\n{'-' * len(text)}\n")
        sys.stdout.flush()

    def line(self, text: str) -> None:
        """A line as it is."""
        sys.stdout.write(f"  {text}\n")
        sys.stdout.flush()

    def bar(
        self, what: str, value: float, limit: float, *, unit: str, at_most: bool = False
    ) -> None:
        """Hold a figure against its bar."""
        kept = value <= limit if at_most else value >= limit
        sign = "<=" if at_most else ">="
        self.line(
            f"{'kept  ' if kept else 'MISSED'} {what}: {value:.2f} {unit} (bar {sign} {limit:g})"
        )
        if not kept:
            self.missed.append(f"{what}: {value:.2f} {unit}, bar {sign} {limit:g}")

    def end(self) -> None:
        """Say what was missed."""
        self.title("Bars")
        for missed in self.missed:
            self.line(f"MISSED {missed}")
        if not self.missed:
            self.line("all kept")


def middle(values: list[float]) -> float:
    """Median, 0 when there is none."""
    return median(values) if values else 0.0


def spread(values: list[float]) -> str:
    """Least, median and greatest."""
    return f"{min(values):.0f} / {middle(values):.0f} / {max(values):.0f}" if values else "-"
