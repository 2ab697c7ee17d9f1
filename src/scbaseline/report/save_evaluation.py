"""An evaluation on another study in; its scores and confusion matrix in a folder out."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from scbaseline.model.card import ModelCard
from scbaseline.report.folder import FigureFormat, check_folder, outputs_in, write_json
from scbaseline.study.evaluate import Evaluation
from scbaseline.study.protocols import ANOTHER_STUDY

METRICS, FIGURE = "metrics.json", "confusion_matrix.png"


def check_evaluation_outputs(out: Path, *inputs: str | Path | None) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input, or the folder cannot be written to.
    """
    check_folder(out, [out / name for name in (METRICS, FIGURE)], *inputs)


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
        outputs.draw(
            FIGURE,
            confusion_figure,
            scorecards={ANOTHER_STUDY.name: evaluation.scorecard},
            recipe=evaluation.recipe,
            tiers={ANOTHER_STUDY.name: evaluation.tier},
        )
        outputs.write(METRICS, partial(write_json, evaluation_content(evaluation, card)))
        return outputs.move()


def evaluation_content(evaluation: Evaluation, card: ModelCard) -> dict[str, Any]:
    """Return what ``metrics.json`` of an evaluation holds; its rows are those of a run."""
    return {
        "model": {
            "recipe": evaluation.recipe, "data": card.data, "sha256": card.tensors_sha256,
        },
        "results": [asdict(row) for row in evaluation.rows],
        "left_out": evaluation.left_out,
        "n_unlabelled": evaluation.n_unlabelled,
        "coverage": asdict(evaluation.coverage),
        "notes": evaluation.notes,
    }  # fmt: skip
