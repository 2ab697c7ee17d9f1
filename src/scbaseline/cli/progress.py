"""Progress on a terminal: the stage, the fits that are done, the cells that are predicted.

All of it goes to standard error, and nothing where that is no terminal.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    import pandas as pd

ShowStage = Callable[[str], None]
ShowFits = Callable[[int, int], None]


@contextmanager
def stage_line(*, quiet: bool) -> Iterator[ShowStage]:
    """Show the current stage."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update


@contextmanager
def fit_bar(*, quiet: bool) -> Iterator[tuple[ShowStage, ShowFits]]:
    """Show the current stage, the fits that are done and the time that is left."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda _: None), (lambda *_: None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        # From the fits that are done; there is no estimate before the first few.
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show_stage(name: str) -> None:
            bar.update(task, description=name)

        def show_fits(n_done: int, n_fits: int) -> None:
            if n_done == 0:
                bar.reset(task, total=n_fits)
            bar.update(task, completed=n_done)

        yield show_stage, show_fits


def counted(
    blocks: Iterable["pd.DataFrame"], n_cells: int, *, quiet: bool
) -> Iterator["pd.DataFrame"]:
    """Pass blocks of cells on; show rate and time left while they pass."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield from blocks
        return
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rate]:,.0f} cells/s"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("predicting", total=n_cells, rate=0.0)
        for block in blocks:
            yield block
            bar.advance(task, len(block))
            bar.update(task, rate=bar.tasks[task].finished_speed or bar.tasks[task].speed or 0.0)
