"""Out-of-fold predictions in; the rungs of the evidence ladder, one figure each, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scbaseline.config import RunConfig
from scbaseline.judge.metrics import METRICS, cell_scores, confusion_scores
from scbaseline.judge.reliability import bin_confidences
from scbaseline.judge.resample import Interval, bootstrap_cells, bootstrap_groups
from scbaseline.study.labels import Groups
from scbaseline.study.out_of_fold import OutOfFold, confusion

_OF_LABELS = tuple(name for name, metric in METRICS.items() if not metric.needs_probabilities)


@dataclass(frozen=True)
class Rung:
    """One figure of the ladder, with all that says what it is worth.

    Attributes
    ----------
    protocol, tier, label_source, label_origin
        How it was obtained.
    classifier, metric
        What was judged, and by what.
    value
        The mean over ``repeats``.
    low, high
        The 95 % interval; ``None`` where there is none.
    estimand
        What the interval is about, or why there is none.
    repeats
        The score of each repeat of the cross-validation, or of each draw.
    n_cells, n_labels
        Cells that were judged, and labels of the first repeat.
    """

    protocol: str
    tier: str
    label_source: str
    label_origin: str
    classifier: str
    metric: str
    value: float
    low: float | None
    high: float | None
    estimand: str
    repeats: tuple[float, ...]
    n_cells: int
    n_labels: int


def rungs_of(
    found: OutOfFold, config: RunConfig, *, groups: Groups | None = None
) -> tuple[Rung, ...]:
    """Score every classifier of a cross-validation, in every metric.

    Scores are computed on all cells of a repeat at once and averaged over repeats.

    Parameters
    ----------
    found
        Out-of-fold predictions.
    config
        ``n_bootstrap``, ``seed``.
    groups
        The donors or batches, where whole groups were held out: the interval is then over
        groups, and there is none with few of them, or with few that have a label.
    """
    true_rn = found.true_rn
    n_labels_r = [len(labels.names) for labels in found.labels_r]
    rungs = []
    for classifier in found.classifiers:
        predicted_rn = found.predicted_rn(classifier)
        if groups is None:
            intervals = bootstrap_cells(true_rn, predicted_rn, n_labels_r=n_labels_r, config=config)
        else:
            intervals = bootstrap_groups(
                true_rn,
                predicted_rn,
                groups.codes_n,
                labels_r=[labels.names for labels in found.labels_r],
                config=config,
            )
        scores_r = [
            confusion_scores(confusion(true, predicted, n_labels=k))
            for true, predicted, k in zip(true_rn, predicted_rn, n_labels_r, strict=True)
        ]
        for metric in scores_r[0]:
            values = tuple(float(scores[metric]) for scores in scores_r)
            rungs.append(_rung(found, classifier, metric, values, interval=intervals[metric]))
        for metric, values in _probability_scores(found, classifier).items():
            rungs.append(_rung(found, classifier, metric, values, why="means over cells and bins"))
    return tuple(rungs)


def control_rungs(draws: Sequence[OutOfFold]) -> tuple[Rung, ...]:
    """Score every classifier on structureless draws, one split each.

    Parameters
    ----------
    draws
        One per draw, all of one protocol.
    """
    rungs = []
    for classifier in draws[0].classifiers:
        for metric in _OF_LABELS:
            values = tuple(float(found.fold_scores(classifier, metric)[0]) for found in draws)
            why = "the draws themselves are the spread"
            rungs.append(_rung(draws[0], classifier, metric, values, why=why))
    return tuple(rungs)


def _rung(
    found: OutOfFold,
    classifier: str,
    metric: str,
    values: tuple[float, ...],
    *,
    interval: Interval | None = None,
    why: str = "",
) -> Rung:
    labels = found.labels_r[0]
    return Rung(
        protocol=found.protocol.name,
        tier=found.protocol.tier(labels.origin),
        label_source=labels.source,
        label_origin=labels.origin,
        classifier=classifier,
        metric=metric,
        value=float(np.mean(values)),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        estimand=why if interval is None else interval.estimand,
        repeats=values,
        n_cells=int((found.true_rn[0] >= 0).sum()),
        n_labels=len(labels.names),
    )


def _probability_scores(found: OutOfFold, classifier: str) -> dict[str, tuple[float, ...]]:
    """Return the metrics of probabilities per repeat; none where there are no probabilities."""
    scores: dict[str, list[float]] = {}
    for calibrated in (True, False):
        probability_r = found.probability_r(classifier, calibrated=calibrated)
        for true_n, probability_nk in zip(found.true_rn, probability_r or (), strict=False):
            codes_n, p_nk = true_n[true_n >= 0], probability_nk[true_n >= 0]
            right_n = p_nk.argmax(axis=1) == codes_n
            ece = bin_confidences(p_nk.max(axis=1), right_n).ece
            scores.setdefault("ece" if calibrated else "ece_uncalibrated", []).append(ece)
            for metric, values_n in cell_scores(codes_n, p_nk).items() if calibrated else ():
                scores.setdefault(metric, []).append(float(values_n.mean()))
    return {metric: tuple(values) for metric, values in scores.items()}
