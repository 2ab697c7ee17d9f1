"""``scbaseline audit``: how much of the accuracy is real."""

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
        Print also the other simple recipes, and the time of each stage.
    """
    from scbaseline.data.read import read_counts, require_input
    from scbaseline.report.save_audit import check_audit_outputs, save_audit
    from scbaseline.report.screen import Screen
    from scbaseline.study.settings import settings_of_audit

    settings = settings_of_audit(settings)
    require_input(input)
    check_audit_outputs(out, file_of(input), config, reading.obs, overwrite=overwrite)
    screen = Screen(quiet=quiet, verbose=verbose)
    with study_progress(quiet=quiet) as (progress, fitted):
        progress("reading counts")
        adata = read_counts(input, reading, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            say("warning", notice)
        screen.emphasise(notice)
        progress("loading scikit-learn and torch")
        from scbaseline.report.findings import findings_of_audit
        from scbaseline.report.html.cell_map import require_genes
        from scbaseline.report.sections.files import files_finding
        from scbaseline.study import audit as study

        require_genes(names_in(report_genes), adata.var_names)
        result = study.audit(adata, settings, progress=progress, fitted=fitted)
        progress("drawing, writing files")
        written = save_audit(result, out, report=report, genes=names_in(report_genes))
    screen.show(*findings_of_audit(result), files_finding(out, written))
    screen.emphasise(notice)
