"""A bar for what takes long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from isocenter.cli import show


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give what is to be called with how much is done, and of how much; the bar goes when the block ends."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=show.errors, transient=True) as shown:
        task = shown.add_task("", total=None)

        def step(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield step
