"""A training in; what held-out cells say of the model, out."""

from scbaseline.judge.metrics import METRICS
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.scores import (
    SHOWN,
    few_cells,
    how_to_read,
    no_interval,
    tier_sentences,
)
from scbaseline.report.sections.words import score_cell
from scbaseline.study.results import Training


def training_finding(training: Training) -> Finding:
    """Return the scores of the recipe and of the simple ones, and what they are about."""
    (evidence,) = training.evidence.protocols.values()
    recipes = training.config.recipe or ()
    rows = [
        (
            Cell(recipe, faint=recipe not in recipes),
            *(score_cell(scorecard.score(metric)) for metric in SHOWN),
        )
        for recipe, scorecard in evidence.scorecards.items()
    ]
    scorecard = evidence.scorecards[recipes[0]]
    sentences = _judged_on(training, n=scorecard.score("accuracy").n)
    sentences += how_to_read(c.score(m) for c in evidence.scorecards.values() for m in SHOWN)
    sentences += [
        *no_interval([evidence], SHOWN),
        *few_cells(scorecard),
        *tier_sentences([evidence.tier]),
    ]
    columns = ("recipe", *(METRICS[metric].title for metric in SHOWN))
    title = f"Scores on held-out cells, {evidence.protocol.name} ({evidence.tier})"
    return Finding(title, tuple(sentences), Table(columns, tuple(rows)))


def _judged_on(training: Training, *, n: int) -> list[str]:
    if not training.n_folds:
        return [
            (
                "The counts were left on disk and read in blocks: one split, no cross-validation, "
                "no scores on poorer counts."
            ),
            f"Judged on n = {n:,} test cells, which the saved model has not seen.",
        ]
    return [
        (
            f"{training.n_folds}-fold cross-validation, n = {n:,} cells: each was predicted by a "
            "fit that had not seen it."
        ),
        (
            "The saved model was trained on all of them but a validation part. It has no test "
            "cells of its own."
        ),
    ]
