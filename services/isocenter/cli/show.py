"""How answers are shown: tables for people, JSON for programs."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console()
errors = Console(stderr=True)


def answer(value: Any, say: Callable[[], None], *, in_json: bool) -> None:
    """Print an answer as JSON when that was asked for, else in words."""
    if in_json:
        as_json(value)
    else:
        say()


def as_json(value: Any) -> None:
    """Print JSON on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def table(columns: Sequence[str], lines: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print a table, or one sentence when there is nothing."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for line in lines:
        made.add_row(*("" if cell is None else str(cell) for cell in line))
    console.print(made if made.row_count else empty)


def facts(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values below each other."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(style="dim")
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(name, "" if value is None else str(value))
    console.print(made)
