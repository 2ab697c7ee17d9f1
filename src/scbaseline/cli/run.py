"""``scbaseline run``: counts to clusters, classifiers, figures and tables."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scbaseline import keys
from scbaseline.cli.app import (
    InputOrDefault,
    Overwrite,
    Quiet,
    Reading,
    ReportGenes,
    Settings,
    SettingsFile,
    Verbose,
    app,
    file_of,
    names_in,
    say,
)
from scbaseline.cli.groups import LEARN
from scbaseline.cli.progress import study_progress
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions


@app.command(
    group=LEARN,
    sort_key=1,
    help_epilogue="Example: scbaseline run my_cells.h5ad --label-key cell_type --out results",
)
def run(
    input: InputOrDefault = None,  # noqa: A002 (the word that a user reads)
    /,
    *,
    settings: Settings = RunConfig(),  # noqa: B008 (it is frozen)
    reading: Reading = ReadOptions(),  # noqa: B008
    out: Path = Path(),
    config: SettingsFile = None,
    overwrite: Overwrite = False,
    report: Annotated[bool, Parameter(negative="--no-report")] = True,
    report_genes: ReportGenes = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Cluster the cells, train classifiers, judge them, and save models and figures.

    Parameters
    ----------
    out
        Folder for figures, models and tables.
    report
        Write also report.html, a page for a browser.
    verbose
        Print also the time of each stage and a table per label.
    """
    from scbaseline.data.read import read_counts, require_input
    from scbaseline.report.save_run import check_run_outputs, left_from_earlier, save_run
    from scbaseline.study.settings import settings_of_run

    # What was mistyped is said now, before anything is read and any process is started.
    settings = settings_of_run(settings)
    require_input(input)
    check_run_outputs(out, file_of(input), config, reading.obs, overwrite=overwrite)

    from scbaseline.compute import open_pool
    from scbaseline.learn.recipes import FIT_MODULES
    from scbaseline.report.screen import Screen

    screen = Screen(quiet=quiet, verbose=verbose)
    # A fit that is alone is made in the main process; the other one lays out and draws.
    is_alone = len(settings.protocol or ()) == 1
    modules = (*(() if is_alone else FIT_MODULES), "scbaseline.report.figures.panels")
    with (
        open_pool(settings.threads, most=2, modules=modules) as pool,
        study_progress(quiet=quiet) as (progress, fitted),
    ):
        pool.start()
        progress("reading counts")
        adata = read_counts(input, reading, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            say("warning", notice)
        screen.emphasise(notice)
        from scbaseline.report.html.cell_map import require_genes
        from scbaseline.study import run as study

        require_genes(names_in(report_genes), adata.var_names)
        result = study.run(adata, settings, progress=progress, fitted=fitted, pool=pool)
        progress("drawing figures, writing files")
        written = save_run(result, out, pool=pool, report=report, genes=names_in(report_genes))

    from scbaseline.report.findings import findings_of_run
    from scbaseline.report.sections.files import files_finding

    no_model = "No model is saved: no protocol of this run keeps test cells out of the fit."
    files = files_finding(
        out,
        written,
        stale=left_from_earlier(out, written),
        note="" if result.classifiers else no_model,
    )
    screen.show(*findings_of_run(result), files)
    screen.emphasise(notice)
