"""``scbaseline run``: counts to clusters, classifiers, figures and tables."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scbaseline import keys
from scbaseline.cli.app import WIDE, Quiet, Verbose, app, file_of, say, screen_for, stage_line
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions


@app.command
def run(
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
    """Cluster the cells, train the baselines, judge them, and save models and figures.

    Parameters
    ----------
    input
        A data set's name (see `scbaseline datasets`), or the path of a file or folder.
        Without it: pbmc3k, or the embedded sample where there is no network.
    out
        Folder for figures, models and tables.
    config
        TOML file with any of these settings; flags win over it.
    quiet
        Print nothing but warnings and errors.
    verbose
        Print also the time of each stage and a table per label.
    """
    from scbaseline.aside import second_process

    screen = screen_for(quiet=quiet)
    with (
        second_process(settings.threads, modules=["scbaseline.report.figures"]) as aside,
        stage_line(quiet=quiet) as progress,
    ):
        from scbaseline.data.read import read_counts
        from scbaseline.report.write import check_outputs, left_from_earlier, save_run

        check_outputs(out, settings.recipe, file_of(input), config)
        progress("reading counts")
        adata = read_counts(input, reading, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            say("warning", notice)
        elif notice:
            screen.print(notice, style="bold")
        from scbaseline.study import run as pipeline

        result = pipeline.run(adata, settings, progress=progress, aside=aside)
        progress("drawing figures, writing files")
        written = save_run(result, out, aside=aside)

    from scbaseline.report import console

    screen.print(console.opening_lines(result))
    if verbose:
        for stage, seconds in result.timings.items():
            screen.print(f"  {seconds:7.2f} s  {stage}")
        for name in result.protocols:
            if result.protocols[name].labels is not result.labels:
                continue  # clusters of a half have numbers of their own
            screen.print()
            screen.print(console.label_table(result, name))
    screen.print()
    screen.print(f"Wrote into {out}/" if out != Path() else "Wrote")
    for line in console.short_paths([path.relative_to(out) for path in written]):
        screen.print(f"  {line}", soft_wrap=True)
    if not result.classifiers:
        screen.print("No model is saved: no protocol of this run keeps test cells out of the fit")
    if stale := left_from_earlier(out, written):
        screen.print(f"Left there from an earlier run: {', '.join(stale)}", soft_wrap=True)
    screen.print()
    screen.print(console.headline_table(result, wide=screen.width >= WIDE))
    screen.print()
    screen.print(console.reading(result))
    if notice:
        screen.print(notice, style="bold")
