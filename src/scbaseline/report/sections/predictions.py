"""Predicted labels in; where they stand, and how far to trust them, out."""

from collections.abc import Mapping
from pathlib import Path

from scbaseline.model.card import ModelCard
from scbaseline.report.finding import Finding
from scbaseline.report.sections.words import counted
from scbaseline.study.protocols import CLUSTERS


def prediction_findings(
    card: ModelCard,
    n_cells_of: Mapping[str, int],
    *,
    n_cells: int,
    out: str,
    report: Path | None = None,
) -> tuple[Finding, ...]:
    """Say where the labels stand, and what is not known of them.

    Parameters
    ----------
    n_cells_of
        Label → the number of cells that got it.
    n_cells
        Of the query.
    out
        What was written, by name.
    report
        The page that was written, if one was asked for.
    """
    sentences = []
    if empty := n_cells - sum(n_cells_of.values()):
        has, they_have = ("has", "it has") if empty == 1 else ("have", "they have")
        sentences.append(f"{counted(empty, 'cell')} {has} no label, since {they_have} no count.")
    if report is not None:
        sentences.append(f"{report}: open it in a browser.")
    return (trust_finding(card), Finding(f"{out}: {counted(n_cells, 'cell')}", tuple(sentences)))


def trust_finding(card: ModelCard) -> Finding:
    """Say what must be known of predictions for cells that nobody has judged them on."""
    accuracy = next((row for row in card.metrics if row["metric"] == "accuracy"), None)
    judged = f" (accuracy {accuracy['value']:.3f}: {card.judged})" if accuracy else ""
    sentences = [
        (
            "These labels were not judged on these cells. The model was judged on those of "
            f"{card.data['title']}{judged}."
        ),
        _of_other_types(card),
    ]
    if card.label_source == CLUSTERS:
        sentences.append(
            "The labels are Leiden clusters of those cells; where they have names, these are "
            "proposed from marker genes."
        )
    if notice := card.data.get("notice"):
        sentences.append(f"The model's own data: {notice}")
    return Finding("How far to trust these labels", tuple(sentences))


def _of_other_types(card: ModelCard) -> str:
    """Say what becomes of cells of a type that the model was never taught."""
    known = f"The model knows its own {len(card.labels)} labels only."
    if card.recipe.input == "counts":
        fate = "A cell of another type gets one of them; where scores allow it, unknown marks it."
    else:
        fate = "A cell of another type gets one of them: it cannot say 'none of these'."
    return (
        f"{known} {fate} Check marker genes, or use scbaseline evaluate with some labelled cells."
    )
