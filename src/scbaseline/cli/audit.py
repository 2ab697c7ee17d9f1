"""``scbaseline audit``: how much of the accuracy is real."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scbaseline import keys
from scbaseline.cli.app import Quiet, Verbose, app, file_of, say, screen_for
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions


@app.command
def audit(
    input: str | None = None,  # noqa: A002 (the word that a user reads)
    /,
    *,
    settings: Annotated[RunConfig, Parameter(name="*")] = RunConfig(),  # noqa: B008 (it is frozen)
    reading: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008
    out: Path = Path(),
    config: Path | None = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Judge every recipe under every protocol, and say how much of the accuracy is real.

    Parameters
    ----------
    input
        A data set's name (see `scbaseline datasets`), or the path of a file or folder.
        Without it: pbmc3k, or the embedded sample where there is no network.
    out
        Folder for the figure, the tables and the paragraph for a methods section.
    config
        TOML file with any of these settings; flags win over it.
    quiet
        Print nothing but warnings and errors.
    verbose
        Print also every baseline, and the time of each stage.
    """
    from scbaseline.data.read import read_counts
    from scbaseline.report.write_audit import check_audit_outputs

    check_audit_outputs(out, file_of(input), config)
    screen = screen_for(quiet=quiet)
    with _progress(quiet=quiet) as (stage, fits):
        stage("reading counts")
        adata = read_counts(input, reading, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            say("warning", notice)
        elif notice:
            screen.print(notice, style="bold")
        stage("loading scikit-learn and torch")
        from scbaseline.report import audit as text
        from scbaseline.report.write_audit import save_audit
        from scbaseline.study.audit import audit_classifiers

        found = audit_classifiers(adata, settings, progress=stage, fits=fits)
        stage("drawing, writing files")
        written = save_audit(found, out)
    screen.print(text.opening_lines(found))
    if verbose:
        for name, seconds in found.timings.items():
            screen.print(f"  {seconds:7.2f} s  {name}")
    screen.print()
    screen.print(text.ladder_table(found, every=verbose))
    screen.print()
    screen.print(text.reading(found))
    screen.print()
    screen.print(text.methods_paragraph(found))
    screen.print()
    screen.print(f"Wrote {', '.join(str(path) for path in written)}", soft_wrap=True)
    if notice:
        screen.print(notice, style="bold")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[tuple[Any, Any]]:
    """Show the stage, the fits that are done and the time left on a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None, None
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

        def stage(name: str) -> None:
            bar.update(task, description=name)

        def fits(protocol: str, n_done: int, n_fits: int) -> None:
            if n_done == 0:
                bar.reset(task, total=n_fits)
            bar.update(task, description=f"fitting {protocol}", completed=n_done)

        yield stage, fits
