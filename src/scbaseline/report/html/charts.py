"""Evidence in; charts, tables and matrices of the recipes, out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scbaseline.judge.metrics import METRICS
from scbaseline.judge.scores import Scorecard
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.html.blocks import Chart, Matrix
from scbaseline.report.sections.words import score_cell
from scbaseline.study.evidence import Evidence

if TYPE_CHECKING:
    from scbaseline.learn.curve import TrainingCurve

_SHOWN = ("accuracy", "kappa", "balanced_accuracy", "f1_macro", "log_loss", "ece")
_MOST_LABELS = 80  # a larger matrix is a file's matter


def accuracy_chart(evidence: Evidence, *, recipes: Sequence[str]) -> Chart | None:
    """Show each recipe's accuracy under each protocol, with its interval or its range.

    Parameters
    ----------
    recipes
        Those that were asked for; the reference stands beside them.
    """
    protocols = list(evidence.protocols.values())
    shown = [
        recipe
        for recipe in dict.fromkeys((*recipes, REFERENCE))
        if any(recipe in p.scorecards for p in protocols)
    ]
    series = []
    for recipe in shown:
        points = []
        for row, protocol in enumerate(protocols):
            if recipe in protocol.scorecards:
                score = protocol.scorecards[recipe].score("accuracy")
                low = min(score.repeats) if score.low is None else score.low
                high = max(score.repeats) if score.high is None else score.high
                points.append([row, score.value, low, high])
        series.append({"name": recipe, "points": points})
    rows = [f"{p.protocol.name} ({p.tier})" for p in protocols]
    caption = (
        "Share of held-out cells whose label is predicted right, with its 95 % interval, or with "
        "its range over repeats. Below: the same numbers in a table."
    )
    spec = {"rows": rows, "series": series, "x": "accuracy"}
    return Chart("intervals", "Accuracy on held-out cells", caption, spec) if series else None


def score_table(scorecards: Mapping[tuple[str, str], Scorecard]) -> Finding:
    """Return all scores over all labels, a row for each recipe and protocol.

    Parameters
    ----------
    scorecards
        (protocol, recipe) → its scores.
    """
    metrics = [m for m in _SHOWN if any(_has(card, m) for card in scorecards.values())]
    rows = []
    for (protocol, recipe), card in scorecards.items():
        cells = [score_cell(card.score(m) if _has(card, m) else None) for m in metrics]
        n = card.score("accuracy").n
        rows.append((Cell(recipe), Cell(protocol), Cell(f"{n:,}"), *cells))
    titles = (METRICS[metric].title for metric in metrics)
    columns = ("recipe", "protocol", "test cells", *titles)
    sentence = "Click a heading to sort. Log loss and calibration error are better when lower."
    return Finding(
        "Scores of every recipe under every protocol",
        (sentence,),
        Table(columns, tuple(rows), numbers=tuple(range(2, len(columns)))),
    )


def label_table(card: Scorecard, *, title: str) -> Finding:
    """Return each label's F1, precision and recall."""
    rows = []
    for label in card.labels:
        n = card.score("support", label).n
        scores = [card.score(metric, label) for metric in ("f1", "precision", "recall")]
        rows.append((Cell(label), Cell(f"{n:,}"), *(score_cell(s if n else None) for s in scores)))
    columns = ("label", "test cells", "F1", "precision", "recall")
    return Finding(title, table=Table(columns, tuple(rows), numbers=(1, 2, 3, 4)))


def matrices(scorecards: Mapping[str, Scorecard]) -> list[Matrix]:
    """Return the confusion matrix of each; title → scores."""
    return [
        Matrix(title, card.labels, card.confusion_kk)
        for title, card in scorecards.items()
        if len(card.labels) <= _MOST_LABELS
    ]


def reliability_chart(scorecards: Mapping[str, Scorecard], *, where: str) -> Chart | None:
    """Show how often predictions are right at each level of confidence.

    Parameters
    ----------
    scorecards
        Recipe → its scores.
    where
        The protocol, or the study.
    """
    series = [
        {
            "name": recipe,
            "x": card.reliability.bins.confidence_b.round(4).tolist(),
            "y": card.reliability.bins.right_b.round(4).tolist(),
        }
        for recipe, card in scorecards.items()
        if card.reliability is not None
    ]
    if not series:
        return None
    caption = (
        "Held-out cells in bins of their probability: the mean probability of the predicted label "
        "(across), and the share that is right (up). On the dashed line both are equal; below it, "
        "the recipe is too sure."
    )
    spec = {
        "series": series, "x": "probability of the predicted label",
        "y": "share of cells that are right", "diagonal": True,
    }  # fmt: skip
    return Chart("lines", f"Reliability, {where}", caption, spec)


def curve_charts(curves: Mapping[str, "TrainingCurve"], *, held_out: str) -> list[Chart]:
    """Show loss and accuracy epoch by epoch, of each recipe's training and held-out cells.

    Parameters
    ----------
    held_out
        What the held-out cells are.
    """
    charts = []
    for metric, title in (("loss", "loss (cross-entropy)"), ("accuracy", "accuracy")):
        series = []
        for recipe, curve in curves.items():
            epochs = [epoch.number for epoch in curve.history]
            for part, words in (("train", "training cells"), ("held_out", held_out)):
                values = [round(getattr(e, f"{part}_{metric}"), 5) for e in curve.history]
                series.append(
                    {
                        "name": f"{recipe}, {words}", "x": epochs, "y": values,
                        "dashed": part == "train",
                    }
                )  # fmt: skip
        kept = "; ".join(f"{recipe}: epoch {c.kept_epoch} was kept" for recipe, c in curves.items())
        charts.append(
            Chart(
                "lines",
                f"Training curves: {title}",
                f"After each pass over the training cells, dropout off. {kept}.",
                {"series": series, "x": "epoch", "y": title, "pairs": True},
            )
        )
    return charts if curves else []


def _has(card: Scorecard, metric: str) -> bool:
    return any(score.metric == metric and score.label is None for score in card.scores)
