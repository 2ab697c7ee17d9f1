"""An evaluation on another study in; what was judged, and each label's scores, out."""

from scbaseline.judge.metrics import METRICS
from scbaseline.judge.scores import Scorecard
from scbaseline.model.card import ModelCard
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.scores import SHOWN, how_to_read, tier_sentences
from scbaseline.report.sections.words import score_cell
from scbaseline.study.evaluate import Evaluation
from scbaseline.study.protocols import ANOTHER_STUDY


def evaluation_findings(evaluation: Evaluation, card: ModelCard) -> tuple[Finding, ...]:
    """Say which cells of another study were judged, and how well the model did."""
    coverage, scorecard = evaluation.coverage, evaluation.scorecard
    sentences = [
        f"{evaluation.recipe}, trained on {card.data['title']}.",
        f"Judged on {scorecard.score('accuracy').n:,} cells of another study.",
        (
            f"{coverage.n_found:,} of the model's {coverage.n_genes:,} genes were found; they "
            f"carry {coverage.kept_weight:.0%} of its decisions."
        ),
        *evaluation.notes,
    ]
    if evaluation.left_out:
        labels = ", ".join(f"{label} ({n:,})" for label, n in evaluation.left_out.items())
        sentences.append(f"Labels without a counterpart are left out: {labels}.")
    if evaluation.n_unlabelled:
        sentences.append(
            f"{evaluation.n_unlabelled:,} cells without a label or without counts are left out."
        )
    reading = how_to_read(scorecard.score(metric) for metric in SHOWN)
    return (
        Finding("Another study", tuple(sentences)),
        Finding(
            f"Scores, {ANOTHER_STUDY.name} ({evaluation.tier})",
            (*reading, *tier_sentences([evaluation.tier])),
            Table(("label", "cells", "precision", "recall", "F1"), _rows(scorecard), numbers=(1,)),
            figure="confusion_matrix",
        ),
    )


def _rows(scorecard: Scorecard) -> tuple[tuple[Cell, ...], ...]:
    rows = []
    for label in scorecard.labels:
        n = scorecard.score("support", label).n
        if n == 0 and scorecard.score("precision", label).n == 0:
            continue  # neither there nor predicted
        scores = [scorecard.score(metric, label) for metric in ("precision", "recall", "f1")]
        # Of a label without cells, there is nothing to find again.
        rows.append((Cell(label), Cell(f"{n:,}"), *(score_cell(s if n else None) for s in scores)))
    for metric in SHOWN:
        score = scorecard.score(metric)
        title = METRICS[metric].title
        rows.append((Cell(title), Cell(f"{score.n:,}"), Cell(), Cell(), score_cell(score)))
    return tuple(rows)
