"""An evaluation on another study in; its scores and confusion matrix in a folder out."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from scbaseline.errors import OutputError
from scbaseline.files import refuse_input_as_output, writable_file, write_atomically
from scbaseline.model.card import ModelCard
from scbaseline.report.drawn import confusion_of
from scbaseline.report.folder import FigureFormat, check_folder, outputs_in, write_json
from scbaseline.report.sections.evaluation import left_out_sentence
from scbaseline.study.evaluate import Evaluation
from scbaseline.study.label_map import LabelMatch

METRICS, FIGURE = "metrics.json", "confusion_matrix.png"


def check_evaluation_outputs(
    out: Path, *inputs: str | Path | None, overwrite: bool = False
) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input or, without ``overwrite``, a file that is not ours; or
        the folder cannot be written to.
    """
    check_folder(out, [out / name for name in (METRICS, FIGURE)], *inputs, overwrite=overwrite)


def save_evaluation(
    evaluation: Evaluation,
    card: ModelCard,
    out: str | Path,
    *,
    figure_format: FigureFormat = "png",
) -> list[Path]:
    """Write scores and confusion matrix of an evaluation on another study; return the paths.

    Parameters
    ----------
    evaluation
        What to write.
    card
        Of the model that was judged.
    out
        The folder.
    figure_format
        ``"svg"``: the figure is written as SVG, too.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    from scbaseline.report.figures.confusion import confusion_figure

    with outputs_in(Path(out), figure_format=figure_format) as outputs:
        drawn = confusion_of(evaluation, evaluation.recipe)
        notice = left_out_sentence(evaluation.match)
        outputs.draw(FIGURE, confusion_figure, **drawn, notice=notice)
        outputs.write(METRICS, partial(write_json, evaluation_content(evaluation, card)))
        return outputs.move()


def check_label_map_draft(path: Path, *inputs: str | Path | None) -> None:
    """See that a draft of a label map would replace no input, and no folder.

    Raises
    ------
    OutputError
        It would.
    """
    option = "--label-map-draft"
    refuse_input_as_output(path, *inputs, option=option)
    writable_file(path, option=option, example="labels.toml")


def save_label_map_draft(match: LabelMatch, path: Path, *, overwrite: bool = False) -> None:
    """Write a draft of a label map, as ``--label-map`` reads it.

    Raises
    ------
    OutputError
        The file cannot be written, or another one is there: it may be a draft that a person
        has mended since.
    """
    content = match.draft().encode()
    if path.exists() and not overwrite and path.read_bytes() != content:
        raise OutputError(
            f"{path}: is there already and is not this draft; pass --overwrite to replace it, or "
            "name another --label-map-draft"
        )
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def evaluation_content(evaluation: Evaluation, card: ModelCard) -> dict[str, Any]:
    """Return what ``metrics.json`` of an evaluation holds; its rows are those of a run."""
    match = evaluation.match
    return {
        "left_out": {
            "n_cells": match.n_left_out,
            "share": match.share_left_out,
            "n_labelled": match.n_labelled,
            "labels": match.left_out,
            "suggestions": {
                label: [asdict(name) for name in near] for label, near in match.suggestions.items()
            },
        },
        "model": {
            "recipe": evaluation.recipe, "data": card.data, "sha256": card.tensors_sha256,
        },
        "results": [asdict(row) for row in evaluation.rows],
        "n_unlabelled": evaluation.n_unlabelled,
        "coverage": asdict(evaluation.coverage),
        "notes": evaluation.notes,
    }  # fmt: skip
