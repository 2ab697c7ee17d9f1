"""Metrics: one literal table, confusion matrices → scores, and draws → an interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.errors import InputError

LEVEL = 95.0
"""Every interval's level, in per cent."""


@dataclass(frozen=True)
class Metric:
    """What a score is, whoever computes it.

    Attributes
    ----------
    title
        Its name in a sentence.
    needs_probabilities
        Whether predicted labels alone do not give it.
    over_labels
        Whether it is a mean over labels, which weighs every label alike.
    higher_is_better
        Its direction.
    most
        The largest value that it can have.
    """

    title: str
    over_labels: bool = False
    needs_probabilities: bool = False
    higher_is_better: bool = True
    most: float = 1.0


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy"),
    "balanced_accuracy": Metric("balanced accuracy", over_labels=True),
    "f1_macro": Metric("macro-F1", over_labels=True),
    "f1_weighted": Metric("weighted F1"),
    "kappa": Metric("Cohen's kappa"),
    "top_2": Metric("top-2 accuracy", needs_probabilities=True),
    "log_loss": Metric(
        "log loss", needs_probabilities=True, higher_is_better=False, most=float("inf")
    ),
    "brier": Metric("Brier score", needs_probabilities=True, higher_is_better=False, most=2.0),
    "ece": Metric("calibration error (ECE)", needs_probabilities=True, higher_is_better=False),
    "ece_uncalibrated": Metric(
        "calibration error (ECE) before temperature",
        needs_probabilities=True,
        higher_is_better=False,
    ),
}
"""Scores over all labels, in the order of a table: ranks first, then probabilities."""

LABEL_METRICS = ("f1", "precision", "recall")
"""Scores of each label, in the order of a table."""


def confusion_scores(confusion_bkk: NDArray[np.number]) -> dict[str, NDArray[np.float64]]:
    """Return the scores that follow from confusion matrices, one per matrix.

    Means over labels are over those that have true cells in that matrix. Where a score is
    undefined it is 0: all of them without cells, and kappa where one label is all that is
    true and predicted, so that whoever always says the same has a kappa of 0.

    Parameters
    ----------
    confusion_bkk
        Numbers of cells, … × true labels × predicted labels; fractions are allowed.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy``, ``f1_macro``, ``f1_weighted``, ``kappa``, each
        of the leading shape.

    References
    ----------
    Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
    Measurement 1960 (kappa).
    """
    confusion = np.asarray(confusion_bkk, dtype=np.float64)
    true, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    n, n_right = true.sum(axis=-1), right.sum(axis=-1)
    n_present = (true > 0).sum(axis=-1)
    f1 = _ratio(2 * right, true + predicted)
    # In cells, not shares: integers of this size are exact, so a kappa of 0 is 0.
    by_chance = (true * predicted).sum(axis=-1)
    return {
        "accuracy": _ratio(n_right, n),
        "balanced_accuracy": _ratio(_ratio(right, true).sum(axis=-1), n_present),
        "f1_macro": _ratio(np.where(true > 0, f1, 0.0).sum(axis=-1), n_present),
        "f1_weighted": _ratio((true * f1).sum(axis=-1), n),
        "kappa": _ratio(n * n_right - by_chance, n * n - by_chance, least=1e-9 * n * n),
    }


def label_scores(confusion_bkk: NDArray[np.number]) -> dict[str, NDArray[np.float64]]:
    """Return each label's scores, one per confusion matrix and label.

    Parameters
    ----------
    confusion_bkk
        As for :func:`confusion_scores`.

    Returns
    -------
    dict
        ``f1``, ``precision``, ``recall``, of the leading shape × labels; 0 where undefined.
    """
    confusion = np.asarray(confusion_bkk, dtype=np.float64)
    true, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return {
        "f1": _ratio(2 * right, true + predicted),
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, true),
    }


def cell_scores(
    true_n: NDArray[np.int64], probability_nk: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """Return each cell's own part of the probability metrics that are means over cells.

    ``log_loss``: minus the log of its label's probability, which counts as no less than the
    smallest step of a float (scikit-learn's rule: a certainty that is wrong costs 36, not
    infinity). ``brier``: the squared error summed over labels, from 0 to 2. ``top_2``: 1
    where at most one label is likelier than the true one; only with three labels or more.

    Parameters
    ----------
    true_n
        Label codes.
    probability_nk
        Probabilities, cells × labels, as :func:`checked_probabilities` returns them.

    References
    ----------
    Brier, Verification of forecasts expressed in terms of probability, Monthly Weather
    Review 1950 (the sum over classes).
    """
    p_nk = np.asarray(probability_nk, dtype=np.float64)
    of_true_n = p_nk[np.arange(len(true_n)), true_n]
    scores = {
        "log_loss": -np.log(np.maximum(of_true_n, np.finfo(np.float64).eps)),
        "brier": (p_nk**2).sum(axis=1) - 2 * of_true_n + 1,
    }
    if p_nk.shape[1] > 2:
        scores["top_2"] = ((p_nk > of_true_n[:, None]).sum(axis=1) < 2).astype(np.float64)
    return scores


def checked_probabilities(
    probability_nk: NDArray[np.floating], *, n_cells: int, n_labels: int
) -> NDArray[np.float64]:
    """Return probabilities in double precision with rows that sum to 1.

    Raises
    ------
    InputError
        They have another shape, or are no probabilities.
    """
    p_nk = np.asarray(probability_nk, dtype=np.float64)
    if p_nk.shape != (n_cells, n_labels):
        raise InputError(
            f"probabilities: an array of {' × '.join(map(str, p_nk.shape))} was given; "
            f"{n_cells} cells × {n_labels} labels are wanted"
        )
    sums_n = p_nk.sum(axis=1)
    bad = np.flatnonzero(~((p_nk >= 0).all(axis=1) & (np.abs(sums_n - 1) < 1e-3)))
    if len(bad):
        raise InputError(
            f"probabilities: those of cell {bad[0]} sum to {sums_n[bad[0]]:.4g}, the smallest is "
            f"{p_nk[bad[0]].min():.4g}; numbers from 0 that sum to 1 are wanted: pass the "
            "softmax of logits"
        )
    checked: NDArray[np.float64] = p_nk / sums_n[:, None]
    return checked


def percentile_interval(
    draws_b: NDArray[np.float64], *, tail: float = (100 - LEVEL) / 2
) -> tuple[float, float] | tuple[None, None]:
    """Return the interval between two percentiles of bootstrap draws.

    None where all draws are equal: where all cells go the same way, so do all draws, and
    [1, 1] would claim a certainty that the cells do not give.

    Parameters
    ----------
    draws_b
        The statistic in each draw.
    tail
        Percentage to cut off at either end.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993.
    """
    if np.ptp(draws_b) < 1e-12:  # equal but for rounding
        return None, None
    low, high = np.percentile(draws_b, [tail, 100 - tail])
    return float(low), float(high)


def _ratio(
    part: NDArray[np.float64],
    whole: NDArray[np.floating | np.integer],
    *,
    least: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Divide; 0 where there is nothing to divide by."""
    there = whole > least
    ratio: NDArray[np.float64] = np.where(there, part, 0.0) / np.where(there, whole, 1.0)
    return ratio
