"""``scbaseline audit``: how much of the accuracy is real."""

from pathlib import Path
from typing import Annotated

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
from scbaseline.cli.groups import JUDGE
from scbaseline.cli.progress import study_progress
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions


@app.command(
    group=JUDGE,
    sort_key=1,
    help_epilogue="Example: scbaseline audit my_cells.h5ad --label-key cell_type "
    "--group-key donor --out audit",
)
def audit(
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
    """Judge every recipe under every protocol, and say how much of the accuracy is real.

    Parameters
    ----------
    out
        Folder for the figure, the tables and the paragraph for a methods section.
    report
        Write also report.html, a page for a browser.
    verbose
        Print also all scores, the methods paragraph, and the time of each stage.
    """
    from scbaseline.data.read import Unnamed, read_counts, require_input
    from scbaseline.report.save_audit import (
        FIGURE,
        METHODS,
        SUSPECTS,
        check_audit_outputs,
        save_audit,
    )
    from scbaseline.report.screen import Screen
    from scbaseline.study.settings import settings_of_audit

    settings = settings_of_audit(settings)
    require_input(input)
    check_audit_outputs(out, file_of(input), config, reading.obs, overwrite=overwrite)
    screen = Screen(quiet=quiet, verbose=verbose)
    with study_progress(quiet=quiet) as (progress, fitted):
        progress("reading counts")
        adata = read_counts(Unnamed.DATA if input is None else input, reading, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            say("warning", notice)
        screen.emphasise(notice)
        progress("loading scikit-learn and torch")
        from scbaseline.report.findings import findings_of_audit
        from scbaseline.report.html.cell_map import require_genes
        from scbaseline.report.sections.files import files_finding, next_finding
        from scbaseline.study import audit as study

        require_genes(names_in(report_genes), adata.var_names)
        result = study.audit(adata, settings, progress=progress, fitted=fitted)
        progress("drawing, writing files")
        written = save_audit(
            result, out, figure_format=figure_format, report=report, genes=names_in(report_genes)
        )
    look_at = {
        out / FIGURE: "how the accuracy falls as the evidence gets stronger",
        out / METHODS: "a paragraph for your methods section",
    }
    if result.suspects is not None:
        look_at[out / SUSPECTS] = "cells whose label to check, the most doubtful first"
    same_cells = again(input, reading, settings)
    what_for, words = (
        ("train one model for use", ("train", *same_cells, "--out", "model.safetensors"))
        if settings.label_key
        else ("see these clusters, and train models", ("run", *same_cells, "--out", "results"))
    )
    commands = {what_for: ("scbaseline", *words)}
    screen.show(
        *findings_of_audit(result),
        files_finding(out, written, detail=True),
        next_finding(look_at, commands, seconds=result.timings.wall_seconds),
    )
    screen.emphasise(notice)
