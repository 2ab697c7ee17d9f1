"""``scbaseline run``: counts to clusters, classifiers, figures and tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from scbaseline import keys
from scbaseline.cli.app import (
    Figures,
    InputOrDefault,
    Overwrite,
    Quiet,
    Reading,
    ReportGenes,
    Settings,
    SettingsFile,
    Verbose,
    again,
    app,
    file_of,
    names_in,
    say,
)
from scbaseline.cli.groups import LEARN
from scbaseline.cli.progress import study_progress
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions

if TYPE_CHECKING:
    from scbaseline.study.results import Run


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
    figure_format: Figures = "png",
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
        Print also all scores, a table per label, and the time of each stage.
    """
    from scbaseline.data.read import Unnamed, read_counts, require_input
    from scbaseline.report.save_run import check_run_outputs, save_run
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
        adata = read_counts(Unnamed.DATA if input is None else input, reading, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            say("warning", notice)
        screen.emphasise(notice)
        from scbaseline.report.html.cell_map import require_genes
        from scbaseline.study import run as study

        require_genes(names_in(report_genes), adata.var_names)
        result = study.run(adata, settings, progress=progress, fitted=fitted, pool=pool)
        progress("drawing figures, writing files")
        written = save_run(
            result, out, pool=pool, figure_format=figure_format, report=report,
            genes=names_in(report_genes),
        )  # fmt: skip

    from scbaseline.report.findings import findings_of_run
    from scbaseline.report.sections.files import files_finding

    same_cells = again(input, reading, settings)
    screen.show(
        *findings_of_run(result),
        files_finding(out, written, detail=True),
        _next(result, out, written, same_cells=same_cells),
    )
    screen.emphasise(notice)


def _next(result: "Run", out: Path, written: list[Path], *, same_cells: tuple[str, ...]) -> Any:
    """Say where to look and what to type next."""
    from scbaseline.report.clusters import FILE as CLUSTERS_FILE
    from scbaseline.report.save_run import left_from_earlier
    from scbaseline.report.sections.files import next_finding

    notes = []
    if not result.classifiers:
        notes.append("No model is saved: no protocol of this run keeps test cells out of the fit.")
    if stale := left_from_earlier(out, written):
        notes.append(f"Left there from an earlier run: {', '.join(stale)}")
    look_at = {
        next(path for path in written if path.stem.startswith("umap")): "the clusters by name",
        out / CLUSTERS_FILE: "markers and evidence of each cluster",
    }
    if (page := out / "report.html") in written:
        look_at = {page: "everything on one page, in a browser", **look_at}
    commands = {"ask how much of the accuracy is real": ("scbaseline", "audit", *same_cells)}
    for recipe in list(result.classifiers)[-1:]:
        model = out / "models" / f"{recipe}.safetensors"
        words = ("scbaseline", "predict", str(model), "YOUR.h5ad", "--out", "labels.csv")
        commands["label your own cells"] = words
    return next_finding(look_at, commands, seconds=result.timings.wall_seconds, notes=notes)
