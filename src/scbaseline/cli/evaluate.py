"""``scbaseline evaluate``: a saved model is judged on another study."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scbaseline.cli.app import (
    Figures,
    Force,
    Input,
    ModelFile,
    Overwrite,
    Quiet,
    Reading,
    ReportFile,
    ReportGenes,
    TotalKey,
    app,
    file_of,
    names_in,
    say,
)
from scbaseline.cli.groups import JUDGE
from scbaseline.cli.notes import say_notes
from scbaseline.cli.progress import stage_line, warned_without_page
from scbaseline.config import Device, RunConfig
from scbaseline.data.options import ReadOptions

if TYPE_CHECKING:
    from scbaseline.data.stream import CountStream
    from scbaseline.model.classifier import Classifier
    from scbaseline.study.evaluate import Evaluation


@app.command(
    group=JUDGE,
    sort_key=2,
    help_epilogue="Example: scbaseline evaluate model.safetensors other_study.h5ad "
    "--label-key cell_type",
)
def evaluate(
    model: ModelFile,
    input: Input,  # noqa: A002 (the word that a user reads)
    /,
    *,
    label_key: str,
    label_origin: Literal["same-counts", "independent", "unknown"] = "unknown",
    label_map: Path | None = None,
    label_map_draft: Path | None = None,
    device: Device = RunConfig.device,
    reading: Reading = ReadOptions(),  # noqa: B008 (it is frozen)
    total_key: TotalKey = None,
    out: Path | None = None,
    force: Force = False,
    overwrite: Overwrite = False,
    report: ReportFile = None,
    report_genes: ReportGenes = "",
    figure_format: Figures = "png",
    quiet: Quiet = False,
) -> None:
    """Judge a saved model on another study's labelled cells.

    Parameters
    ----------
    label_key
        Column of obs that holds the other study's labels.
    label_origin
        Where these labels come from: made from the same counts, or independent of them.
    label_map
        TOML file whose [labels] say which query label is which model label; unlisted ones are
        left out and counted. [model] may merge model labels in the same way.
    label_map_draft
        TOML file to write: a label map to start from, with the labels that match and near names.
    device
        Where cells are predicted; auto takes a GPU where torch finds one.
    out
        Folder for metrics.json and a confusion matrix.
    """
    from scbaseline.data.read import open_counts
    from scbaseline.report.html.write import check_report_file
    from scbaseline.report.save_evaluation import (
        check_evaluation_outputs,
        check_label_map_draft,
        save_evaluation,
        save_label_map_draft,
    )
    from scbaseline.study import evaluate as study
    from scbaseline.study.label_map import read_label_map

    mapped, inputs = read_label_map(label_map), (model, file_of(input), label_map, reading.obs)
    if out is not None:
        check_evaluation_outputs(out, *inputs, overwrite=overwrite)
    if label_map_draft is not None:
        check_label_map_draft(label_map_draft, *inputs)
    settings = RunConfig(label_key=label_key, label_origin=label_origin, device=device)
    if device == "cuda":  # a missing GPU is said now, not after the reading
        from scbaseline.learn.device import choose_device

        choose_device(device)
    genes = names_in(report_genes)
    check_report_file(report, *inputs, genes=genes, overwrite=overwrite)
    with stage_line(quiet=quiet) as progress, open_counts(input, reading) as adata:
        progress(f"predicting {adata.n_obs:,} cells")
        from scbaseline.data.stream import stream_counts
        from scbaseline.model.classifier import Classifier
        from scbaseline.report.html.cell_map import require_genes
        from scbaseline.report.screen import Screen
        from scbaseline.report.sections.evaluation import evaluation_findings, left_out_sentence
        from scbaseline.report.sections.files import files_finding

        classifier = Classifier.load(model)
        stream = stream_counts(adata, total_key=total_key, model_genes=classifier.card.genes)
        if quiet:  # else they stand in the result
            say_notes(stream, quiet=True)
        require_genes(genes, stream.var.index)
        if label_map_draft is not None:
            match = study.compare_labels(classifier, stream, settings, label_map=mapped)
            save_label_map_draft(match, label_map_draft, overwrite=overwrite)
            if not quiet:
                say("note", f"{label_map_draft}: a draft; look at it, pass it as --label-map")
        evaluation = study.evaluate(classifier, stream, settings, label_map=mapped, force=force)
        pages: list[Path] = []
        if report is not None:
            progress("laying the cells out for the report")
            pages = _pages(report, classifier, stream, evaluation, input=input, genes=genes)
    screen = Screen(quiet=quiet)
    if quiet and evaluation.match.left_out:
        say("warning", left_out_sentence(evaluation.match))
    screen.show(*evaluation_findings(evaluation, classifier.card))
    for page in pages:
        screen.show(files_finding(page.parent, [page]))
    if out is not None:
        written = save_evaluation(evaluation, classifier.card, out, figure_format=figure_format)
        screen.show(files_finding(out, written))


def _pages(
    report: Path,
    classifier: "Classifier",
    stream: "CountStream",
    evaluation: "Evaluation",
    *,
    input: str,  # noqa: A002
    genes: tuple[str, ...],
) -> list[Path]:
    """Write the page for a browser, and return it; none, where none can be made."""
    from scbaseline.report.save_report import look_at_query, report_evaluation

    pages = []
    with warned_without_page(report):
        look = look_at_query(stream, source=file_of(input))
        report_evaluation(
            report, classifier, stream, evaluation, look, name=Path(input).name, genes=genes
        )
        pages.append(report)
    return pages
