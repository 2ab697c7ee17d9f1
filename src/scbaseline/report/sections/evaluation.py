"""An evaluation on another study in; what was judged, and each label's scores, out."""

from scbaseline.judge.metrics import METRICS
from scbaseline.judge.scores import Scorecard
from scbaseline.model.card import ModelCard
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.scores import SHOWN, how_to_read, tier_sentences
from scbaseline.report.sections.words import percent, score_cell
from scbaseline.study.evaluate import Evaluation
from scbaseline.study.label_map import LabelMatch
from scbaseline.study.protocols import ANOTHER_STUDY

_SHOWN = 20  # labels left out, of which more would fill the screen


def evaluation_findings(evaluation: Evaluation, card: ModelCard) -> tuple[Finding, ...]:
    """Say which cells of another study were judged, and how well the model did."""
    coverage, scorecard = evaluation.coverage, evaluation.scorecard
    sentences = [
        f"{evaluation.recipe}, trained on {card.data['title']}.",
        f"Judged on {scorecard.score('accuracy').n:,} cells of another study.",
        (
            f"{coverage.n_found:,} of the model's {coverage.n_genes:,} genes were found; they "
            f"carry {percent(coverage.kept_weight, digits=0)} of its decisions."
        ),
        *evaluation.notes,
    ]
    if evaluation.n_unlabelled:
        sentences.append(
            f"{evaluation.n_unlabelled:,} cells without a label or without counts are left out."
        )
    reading = how_to_read(scorecard.score(metric) for metric in SHOWN)
    return (
        *_left_out(evaluation.match),
        Finding("Another study", tuple(sentences)),
        Finding(
            f"Scores, {ANOTHER_STUDY.name} ({evaluation.tier})",
            (*reading, *tier_sentences([evaluation.tier])),
            Table(("label", "cells", "precision", "recall", "F1"), _rows(scorecard), numbers=(1,)),
            figure="confusion_matrix",
        ),
    )


def left_out_sentence(match: LabelMatch) -> str:
    """Say how many cells are left out since the model does not know their label, if any are."""
    if not match.left_out:
        return ""
    return (
        f"{percent(match.share_left_out, digits=0)} of the labelled cells ({match.n_left_out:,} of "
        f"{match.n_labelled:,}) are left out: the model does not know their labels."
    )


def _left_out(match: LabelMatch) -> tuple[Finding, ...]:
    if not match.left_out:
        return ()
    near = {label: [each.name for each in names] for label, names in match.suggestions.items()}
    rows = [
        (Cell(label), Cell(f"{n:,}"), Cell(" or ".join(near.get(label, []))))
        for label, n in list(match.left_out.items())[:_SHOWN]
    ]
    sentences = []
    if (more := len(match.left_out) - _SHOWN) > 0:
        sentences.append(f"{more:,} more labels are left out; --out writes them all.")
    sentences.append(
        "Say which label is which with --label-map FILE.toml; --label-map-draft FILE.toml "
        "writes a draft of one."
    )
    table = Table(("label left out", "cells", "near label of the model"), tuple(rows), (1,))
    return (Finding(left_out_sentence(match), tuple(sentences), table),)


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
