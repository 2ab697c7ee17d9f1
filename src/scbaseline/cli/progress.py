"""Progress on a terminal: the stage, the fits that are done, the cells that are predicted.

All of it goes to standard error, and nothing where that is no terminal. What draws it is loaded
when it is used, since ``--help`` has nothing to draw.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scbaseline.errors import InputError, OutputError, ScbaselineWarning

if TYPE_CHECKING:
    import pandas as pd

ShowStage = Callable[[str], None]
ShowFits = Callable[[int, int], None]

PHASES = {
    "reading": ("reading", "loading"),
    "cells": ("check", "quality control"),
    "clusters": ("genes", "clusters"),
    "classifiers": (),
    "scores": ("UMAP", "names", "scores", "model", "suspect labels", "exam"),
    "files": ("drawing", "writing"),
}
"""What a person waits for, in this order → how the names of its stages begin."""


@contextmanager
def warned_without_page(report: Path | None) -> Iterator[None]:
    """Say why no page can be made, as of too few cells, and go on: the rest is not to be lost."""
    try:
        yield
    except (InputError, OutputError) as error:
        said = f"{report}: no page is written: {error}"
        warnings.warn(said, ScbaselineWarning, stacklevel=3)


@contextmanager
def stage_line(*, quiet: bool) -> Iterator[ShowStage]:
    """Show the current stage, and since when."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show_stage(name: str) -> None:
            bar.reset(task, description=name)

        yield show_stage


@contextmanager
def study_progress(*, quiet: bool, clusters: bool = True) -> Iterator[tuple[ShowStage, ShowFits]]:
    """Show which stage of how many is at work, since when, and the time that the fits still take.

    Parameters
    ----------
    quiet
        Show nothing.
    clusters
        Whether cells are clustered.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda _: None), (lambda *_: None)
        return
    phases = [name for name in PHASES if clusters or name != "clusters"]
    columns = (
        TextColumn("stage {task.fields[place]} of {task.fields[n_places]}: {task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    place, fits_began = 1, time.perf_counter()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, place=1, n_places=len(phases), left="")

        def begin(name: str, total: int | None) -> None:
            # rich forgets the fields that are not named again.
            n_places = len(phases)
            bar.reset(task, total=total, description=name, place=place, n_places=n_places, left="")

        def show_stage(name: str) -> None:
            nonlocal place
            phase = phase_of(name)
            if phase in phases and (now := phases.index(phase) + 1) > place:
                place = now
                begin(name, None)
            bar.update(task, description=name)

        def show_fits(n_done: int, n_fits: int) -> None:
            nonlocal place, fits_began
            if n_done == 0:
                place, fits_began = phases.index("classifiers") + 1, time.perf_counter()
                begin("training", n_fits)
            left = f"fit {min(n_done + 1, n_fits)} of {n_fits}"
            if n_done:
                seconds = (time.perf_counter() - fits_began) / n_done * (n_fits - n_done)
                left += f", about {in_words(seconds)} left"
            bar.update(task, completed=n_done, left=left)

        yield show_stage, show_fits


def phase_of(stage: str) -> str | None:
    """Return the phase of the work that a stage belongs to, if its name tells."""
    if ": " in stage:
        return "classifiers"
    return next((name for name, words in PHASES.items() if stage.startswith(words)), None)


def in_words(seconds: float) -> str:
    """Return a time as a person says it: ``12 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def counted(
    blocks: Iterable["pd.DataFrame"], n_cells: int, *, quiet: bool
) -> Iterator["pd.DataFrame"]:
    """Pass blocks of cells on; show rate and time left while they pass."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

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
