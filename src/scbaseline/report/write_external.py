"""Writes the outputs of an evaluation on another study."""

from dataclasses import asdict
from pathlib import Path

from scbaseline.files import write_atomically
from scbaseline.model.card import ModelCard
from scbaseline.report.figures import confusion_figure
from scbaseline.report.folder import check_folder, write_json
from scbaseline.study.evaluate import PROTOCOL, ExternalEvaluation
from scbaseline.study.results import rows_of

METRICS, FIGURE = "metrics.json", "confusion_matrix.png"


def check_external_outputs(out: Path, *inputs: str | Path | None) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input, or the folder cannot be written to.
    """
    check_folder(out, [out / name for name in (METRICS, FIGURE)], *inputs)


def save_external(found: ExternalEvaluation, card: ModelCard, out: Path) -> list[Path]:
    """Write metrics and confusion matrix of an evaluation on another study; return the paths.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    rows = rows_of(
        PROTOCOL.name,
        found.tier,
        card.recipe.name,
        found.evaluation,
        label_source=found.label_source,
        label_origin=found.label_origin,
    )
    content = {
        "model": {"recipe": card.recipe.name, "data": card.data, "sha256": card.tensors_sha256},
        "left_out": found.left_out,
        "coverage": asdict(found.coverage),
        "notes": found.notes,
        "results": [asdict(row) for row in rows],
    }
    figure = confusion_figure(
        {PROTOCOL.name: found.evaluation},
        recipe=card.recipe.name,
        tiers={PROTOCOL.name: found.tier},
    )
    write_atomically(out / METRICS, lambda path: write_json(content, path))
    write_atomically(out / FIGURE, figure.savefig)
    return [out / name for name in (METRICS, FIGURE)]
