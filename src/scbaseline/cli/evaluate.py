"""``scbaseline evaluate``: a saved model is judged on another study."""

from pathlib import Path
from typing import Literal

from scbaseline.cli.app import (
    Figures,
    Force,
    Input,
    ModelFile,
    Quiet,
    Reading,
    TotalKey,
    app,
    file_of,
)
from scbaseline.cli.progress import stage_line
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions


@app.command
def evaluate(
    model: ModelFile,
    input: Input,  # noqa: A002 (the word that a user reads)
    /,
    *,
    label_key: str,
    label_origin: Literal["same-counts", "independent", "unknown"] = "unknown",
    label_map: Path | None = None,
    reading: Reading = ReadOptions(),  # noqa: B008 (it is frozen)
    total_key: TotalKey = None,
    out: Path | None = None,
    force: Force = False,
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
    out
        Folder for metrics.json and a confusion matrix.
    """
    from scbaseline.data.read import open_counts
    from scbaseline.report.save_evaluation import check_evaluation_outputs, save_evaluation
    from scbaseline.study import evaluate as study

    mapped = study.read_label_map(label_map)
    if out is not None:
        check_evaluation_outputs(out, model, file_of(input), label_map, reading.obs)
    with stage_line(quiet=quiet) as progress, open_counts(input, reading) as adata:
        progress(f"predicting {adata.n_obs:,} cells")
        from scbaseline.data.stream import stream_counts
        from scbaseline.model.classifier import Classifier
        from scbaseline.report.screen import Screen
        from scbaseline.report.sections.evaluation import evaluation_findings
        from scbaseline.report.sections.files import files_finding

        classifier = Classifier.load(model)
        stream = stream_counts(adata, total_key=total_key)
        settings = RunConfig(label_key=label_key, label_origin=label_origin)
        evaluation = study.evaluate(classifier, stream, settings, label_map=mapped, force=force)
    screen = Screen(quiet=quiet)
    screen.show(*evaluation_findings(evaluation, classifier.card))
    if out is not None:
        written = save_evaluation(evaluation, classifier.card, out, figure_format=figure_format)
        screen.show(files_finding(out, written))
