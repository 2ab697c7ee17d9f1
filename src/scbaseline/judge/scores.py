"""Evaluation: true and predicted label codes in; scores with intervals out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.judge.metrics import (
    METRICS,
    cell_scores,
    checked_probabilities,
    confusion_scores,
    percentile_interval,
)
from scbaseline.judge.reliability import Reliability, bin_confidences

MIN_CELLS_FOR_INTERVAL = 5
"""A label with fewer test cells gets no interval of its own."""

ESTIMAND = "given these labels, training cells and donors"
"""What the intervals are conditional on: only the test cells are drawn anew."""


_NOTHING = 1e-12  # in the place of 0, so that nothing of nothing is 0


@dataclass(frozen=True)
class Score:
    """One number for a reader.

    Attributes
    ----------
    metric
        A key of ``METRICS``; ``train_accuracy``; or, per label, ``f1``, ``precision``,
        ``recall``, ``support``.
    label
        The label that it is about; ``None``: all of them.
    value, low, high
        The value and its 95 % interval. None for counts, training figures and calibration
        errors, for labels with fewer than ``MIN_CELLS_FOR_INTERVAL`` test cells, and where
        every draw is equal.
    n
        The number of cells that it is a share of; for precision, those predicted so.
    """

    metric: str
    label: str | None
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Evaluation:
    """How one classifier did on the test cells.

    Attributes
    ----------
    confusion_kk
        Number of test cells, true label × predicted label.
    labels
        The names of the k labels.
    scores
        All scores, those over all labels first.
    reliability
        How often predictions are right at each level of confidence; None without
        probabilities.
    """

    confusion_kk: NDArray[np.int64]
    labels: tuple[str, ...]
    scores: tuple[Score, ...]
    reliability: Reliability | None = None

    def score(self, metric: str, label: str | None = None) -> Score:
        """Return one score by name.

        Raises
        ------
        KeyError
            It was not computed: without probabilities, there is no log loss.
        """
        found = next((s for s in self.scores if (s.metric, s.label) == (metric, label)), None)
        if found is None:
            raise KeyError(f"{metric} of {label or 'all labels'} is not among the scores")
        return found

    def without_intervals(self) -> "Evaluation":
        """Return the same scores without intervals, where cells are not what varies."""
        return replace(self, scores=tuple(replace(s, low=None, high=None) for s in self.scores))


def evaluate_predictions(
    true_n: NDArray[np.int64],
    predicted_n: NDArray[np.int64],
    labels: Sequence[str],
    *,
    config: RunConfig,
    train_accuracy: float | None,
    n_train: int,
    probability_nk: NDArray[np.floating] | None = None,
    uncalibrated_nk: NDArray[np.floating] | None = None,
) -> Evaluation:
    """Score predictions on the test cells, with bootstrap intervals over test cells.

    An interval holds the classifier fixed and draws the test cells anew: it says nothing
    of another training set, donor or clustering. For accuracy and the probability scores,
    cells are drawn from all test cells; for the other scores, within each label, so that
    every draw holds every label. One or two cells drawn from themselves never change, and
    macro-F1's interval would cover half the time with labels so small; where a label has
    fewer than ``MIN_CELLS_FOR_INTERVAL`` test cells, its share of right ones is drawn from
    what they leave open (a Beta distribution with Jeffreys' prior, the wrong ones spread
    evenly).
    Label sizes are held at those seen. As a statement about cells with other sizes drawn,
    macro-F1's interval is too narrow, since a tiny label's precision hangs on how many there
    are (``benchmarks/intervals.py``); :func:`scbaseline.judge.resample.bootstrap_cells` draws them.
    Calibration errors have no interval: see :attr:`scbaseline.judge.reliability.Bins.ece`.

    Parameters
    ----------
    true_n, predicted_n
        Label codes of the test cells.
    labels
        The names of the k labels; means over labels are over those with test cells.
    config
        ``n_bootstrap``, ``seed``.
    train_accuracy, n_train
        The share of training cells that the classifier gets right, and their number; None
        where the training cells are not at hand.
    probability_nk
        Probabilities, test cells × labels, as a user gets them.
    uncalibrated_nk
        The same before the temperature.

    Raises
    ------
    InputError
        ``probability_nk`` or ``uncalibrated_nk`` has another shape, or holds no
        probabilities.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993 (percentile intervals);
    Brown, Cai & DasGupta, Interval Estimation for a Binomial Proportion, Statistical
    Science 2001 (Jeffreys' prior).
    """
    codes = np.arange(len(labels))
    n = len(true_n)
    from sklearn.metrics import confusion_matrix

    confusion_kk = np.asarray(confusion_matrix(true_n, predicted_n, labels=codes))
    rng = np.random.default_rng(config.seed)
    # All scores depend on the cells through the confusion matrix alone, so drawing the
    # matrix is drawing the cells: by row where labels are strata, whole where not.
    correct = rng.binomial(n, np.trace(confusion_kk) / n, size=config.n_bootstrap) / n
    # What tiny labels leave open is not open to a classifier that always says the same.
    few = MIN_CELLS_FOR_INTERVAL if len(np.unique(predicted_n)) > 1 else 0
    drawn_bkk = np.stack(
        [
            _draw_cells(rng, k, confusion_kk[k], n_draws=config.n_bootstrap, few=few)
            for k in range(len(labels))
        ],
        axis=1,
    )
    draws = {**confusion_scores(drawn_bkk), "accuracy": correct}
    overall = {
        name: _score(name, None, float(value), draws=draws[name], n=n)
        for name, value in confusion_scores(confusion_kk).items()
    }
    binned = {}
    for suffix, given_nk in (("", probability_nk), ("_uncalibrated", uncalibrated_nk)):
        if given_nk is None:
            continue
        p_nk = checked_probabilities(given_nk, n_cells=n, n_labels=len(labels))
        bins = bin_confidences(p_nk[np.arange(n), predicted_n], predicted_n == true_n)
        binned[suffix] = bins
        overall[f"ece{suffix}"] = Score(f"ece{suffix}", None, bins.ece, None, None, n)
        if given_nk is probability_nk:
            of_cells = cell_scores(true_n, p_nk)
            means_bm = _mean_draws(rng, np.stack(list(of_cells.values())), config.n_bootstrap)
            for m, (name, values_n) in enumerate(of_cells.items()):
                value = float(values_n.mean())
                overall[name] = _score(name, None, value, draws=means_bm[:, m], n=n)
    scores = [overall[name] for name in METRICS if name in overall]
    if train_accuracy is not None:
        scores.append(Score("train_accuracy", None, train_accuracy, None, None, n_train))
    scores += _label_scores(true_n, predicted_n, labels, drawn_bkk=drawn_bkk)
    reliability = Reliability(binned[""], binned.get("_uncalibrated")) if "" in binned else None
    return Evaluation(confusion_kk, tuple(labels), tuple(scores), reliability)


def _label_scores(
    true_n: NDArray[np.int64],
    predicted_n: NDArray[np.int64],
    labels: Sequence[str],
    *,
    drawn_bkk: NDArray[np.float64],
) -> list[Score]:
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, support = precision_recall_fscore_support(
        true_n, predicted_n, labels=np.arange(len(labels)), zero_division=0
    )
    drawn = dict(zip(("precision", "recall", "f1"), _per_label(drawn_bkk), strict=True))
    scores = []
    for code, label in enumerate(labels):
        cells, predicted = int(support[code]), int((predicted_n == code).sum())
        for metric, values, n_of in (
            ("f1", f1, cells),
            ("precision", precision, predicted),
            ("recall", recall, cells),
        ):
            score = _score(metric, label, values[code], draws=drawn[metric][:, code], n=n_of)
            enough = cells >= MIN_CELLS_FOR_INTERVAL
            scores.append(score if enough else replace(score, low=None, high=None))
        scores.append(Score("support", label, float(cells), None, None, cells))
    return scores


def _draw_cells(
    rng: np.random.Generator, code: int, row_k: NDArray[np.int64], *, n_draws: int, few: int
) -> NDArray[np.float64]:
    """Draw one label's test cells anew: how many get which prediction, draws × labels."""
    n = row_k.sum()
    if n == 0:
        return np.zeros((n_draws, len(row_k)))
    if n >= few:
        return rng.multinomial(n, row_k / n, size=n_draws).astype(np.float64)
    prior_k = np.full(len(row_k), 0.5 / max(len(row_k) - 1, 1))
    prior_k[code] = 0.5
    drawn_bk: NDArray[np.float64] = n * rng.dirichlet(row_k + prior_k, size=n_draws)
    return drawn_bk


def _per_label(
    drawn_bkk: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return precision, recall and F1, draws × labels; 0 where nothing was predicted."""
    right = np.diagonal(drawn_bkk, axis1=1, axis2=2)
    predicted, true = drawn_bkk.sum(axis=1), drawn_bkk.sum(axis=2)
    return (
        right / np.maximum(predicted, _NOTHING),
        right / np.maximum(true, _NOTHING),
        2 * right / np.maximum(predicted + true, _NOTHING),
    )


def _mean_draws(
    rng: np.random.Generator, values_mn: NDArray[np.float64], n_draws: int
) -> NDArray[np.float64]:
    """Draw cells anew and return each metric's mean over them, draws × metrics."""
    n = values_mn.shape[1]
    # How often each cell was drawn, one draw at a time: 200,000 cells × all draws would be
    # 3 GB, and a sum over counts is quicker than taking every drawn cell from each metric.
    counts = (np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(n_draws))
    means_bm: NDArray[np.float64] = np.stack([values_mn @ count_n for count_n in counts]) / n
    return means_bm


def _score(
    metric: str, label: str | None, value: float, *, draws: NDArray[np.float64], n: int
) -> Score:
    low, high = percentile_interval(draws)
    if low is None or high is None:
        return Score(metric, label, float(value), None, None, n)
    # What tiny labels leave open can lie to one side of what was seen of them.
    return Score(metric, label, float(value), min(low, float(value)), max(high, float(value)), n)
