"""Resampling: out-of-fold predictions of repeated fits in; intervals over cells or groups out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import norm
from scipy.stats import t as student

from scbaseline.config import RunConfig
from scbaseline.judge.metrics import LEVEL, METRICS, confusion_scores, percentile_interval

OVER_CELLS = "given these draws, labels, training sets and donors: only the cells are drawn anew"
OVER_GROUPS = "over groups (donors, batches) like these"

MIN_GROUPS = 6
"""Fewer groups have too few ways to be drawn anew: no interval."""

MIN_GROUPS_OF_LABEL = 4
"""A label in fewer groups is missing from more draws than an interval cuts off at an end: it
would end where the mean is over other labels. No interval for means over labels, then."""

_BLOCK = 4_000_000  # numbers in a block of draws: 32 MB


@dataclass(frozen=True)
class Interval:
    """A score, and what it might have been.

    Attributes
    ----------
    value
        The score on the cells as they are, mean over repeats.
    low, high
        Its 95 % interval; None where every draw is equal, and with few groups.
    n
        What was drawn anew: the number of cells, or of groups.
    estimand
        What the interval is about, in words, or why few groups have none.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    estimand: str


def bootstrap_cells(
    true_rn: NDArray[np.int64],
    predicted_rn: NDArray[np.int64],
    *,
    n_labels_r: Sequence[int],
    config: RunConfig,
) -> dict[str, Interval]:
    """Return each confusion metric's interval over cells, mean over repeats of the fits.

    A cell that is drawn is drawn in every repeat, since repeats judge the same cells. The
    fits stay as they are: another training set would give other predictions. So do thinned
    counts and the clusters made from them, and the donors: other ones would differ by more
    than the interval says. A draw may
    hold no cell of a tiny label; its means over labels are over the others. The few cells of
    a label of three vary too little when drawn from themselves: balanced accuracy then covers
    about 80 % (``benchmarks/intervals.py``), which is why these are for cells out of fold.

    Parameters
    ----------
    true_rn, predicted_rn
        Label codes, repeats × cells, each repeat with labels of its own; −1 in either: the
        cell was not judged in that repeat.
    n_labels_r
        Number of labels in each repeat.
    config
        ``n_bootstrap``, ``seed``.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993.
    """
    pair_rn = _pairs(true_rn, predicted_rn, n_labels_r)
    pair_rn = pair_rn[:, (pair_rn >= 0).any(axis=0)]
    # Cells with the same labels and predictions in every repeat are alike: drawing how many
    # there are of each kind is drawing cells, and far fewer numbers.
    kind_ru, count_u = np.unique(pair_rn, axis=1, return_counts=True)
    return _intervals(
        [_one_hot(kind_u, k) for kind_u, k in zip(kind_ru, n_labels_r, strict=True)],
        count_u,
        config=config,
        tail=(100 - LEVEL) / 2,
        estimand=OVER_CELLS,
    )


def bootstrap_groups(
    true_rn: NDArray[np.int64],
    predicted_rn: NDArray[np.int64],
    groups_n: NDArray[np.generic],
    *,
    labels_r: Sequence[Sequence[str]],
    config: RunConfig,
) -> dict[str, Interval]:
    """Return each confusion metric's interval over groups of cells: donors, batches.

    Whole groups are drawn anew, with all of their cells. Percentiles of so few groups are
    too narrow; the interval is cut further out, as Student's distribution with as many
    groups would have it (Hesterberg's expanded percentile interval). With 6 or 8 groups, 91 %
    of such intervals held the truth of simulated donors (``benchmarks/intervals.py``).
    There is none with fewer than ``MIN_GROUPS`` groups that have judged cells; and none for
    means over labels where fewer than ``MIN_GROUPS_OF_LABEL`` groups have one of the labels.

    Parameters
    ----------
    true_rn, predicted_rn, config
        As for :func:`bootstrap_cells`.
    groups_n
        The group of each cell, by any kind of name.
    labels_r
        The names of each repeat's labels.

    References
    ----------
    Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician
    2015, section 5.3.
    """
    n_labels_r = [len(labels) for labels in labels_r]
    pair_rn = _pairs(true_rn, predicted_rn, n_labels_r)
    judged_n = (pair_rn >= 0).any(axis=0)
    names, group_n = np.unique(np.asarray(groups_n)[judged_n], return_inverse=True)
    n_groups = len(names)
    confusion_rgp = []
    for pair_n, k in zip(pair_rn[:, judged_n], n_labels_r, strict=True):
        there = pair_n >= 0
        flat = group_n[there] * k * k + pair_n[there]
        confusion_rgp.append(np.bincount(flat, minlength=n_groups * k * k).reshape(n_groups, -1))
    each_g = np.ones(n_groups, dtype=np.int64)
    if n_groups < MIN_GROUPS:
        why = f"{n_groups} groups are too few to draw from"
        return {
            name: Interval(float(seen), None, None, n_groups, why)
            for name, (seen,) in _mean_scores(
                confusion_rgp, each_g[None].astype(np.float64)
            ).items()
        }
    quantile = float(student.ppf(0.5 - LEVEL / 200, n_groups - 1))
    tail = 100 * float(norm.cdf(quantile * np.sqrt(n_groups / (n_groups - 1))))
    found = _intervals(confusion_rgp, each_g, config=config, tail=tail, estimand=OVER_GROUPS)
    few = {
        label: int(n)
        for confusion_gp, labels in zip(confusion_rgp, labels_r, strict=True)
        for label, n in zip(labels, _n_groups_of(confusion_gp), strict=True)
        if 0 < n < MIN_GROUPS_OF_LABEL
    }
    if few:
        told = ", ".join(f"{label} ({n})" for label, n in few.items())
        why = f"labels in fewer than {MIN_GROUPS_OF_LABEL} groups: {told}"
        for name, interval in found.items():
            if METRICS[name].over_labels:
                found[name] = replace(interval, low=None, high=None, estimand=why)
    return found


def _n_groups_of(confusion_gp: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the groups that have cells of each label."""
    k = round(confusion_gp.shape[1] ** 0.5)
    n_groups_k: NDArray[np.int64] = (
        (confusion_gp.reshape(-1, k, k).sum(axis=2) > 0).sum(axis=0).astype(np.int64)
    )
    return n_groups_k


def _pairs(
    true_rn: NDArray[np.int64], predicted_rn: NDArray[np.int64], n_labels_r: Sequence[int]
) -> NDArray[np.int64]:
    """Return each cell's place in its repeat's flattened confusion matrix; −1: not judged."""
    k_r1 = np.asarray(n_labels_r, dtype=np.int64)[:, None]
    true, predicted = np.atleast_2d(true_rn), np.atleast_2d(predicted_rn)
    pair_rn: NDArray[np.int64] = np.where((true < 0) | (predicted < 0), -1, true * k_r1 + predicted)
    return pair_rn


def _one_hot(pair_u: NDArray[np.int64], n_labels: int) -> sparse.csr_matrix:
    """Return the confusion matrix of one cell of each kind, kinds × flattened matrix."""
    there = np.flatnonzero(pair_u >= 0)
    ones = np.ones(len(there))
    return sparse.csr_matrix(
        (ones, (there, pair_u[there])), shape=(len(pair_u), n_labels * n_labels)
    )


def _intervals(
    confusion_rup: Sequence[NDArray[np.int64] | sparse.csr_matrix],
    count_u: NDArray[np.int64],
    *,
    config: RunConfig,
    tail: float,
    estimand: str,
) -> dict[str, Interval]:
    """Draw kinds of units anew, score each draw's confusion matrices, cut the tails off."""
    value = _mean_scores(confusion_rup, count_u[None].astype(np.float64))
    blocks = [
        _mean_scores(confusion_rup, weights_bu)
        for weights_bu in _draws(confusion_rup, count_u, config)
    ]
    intervals = {}
    for name, (seen,) in value.items():
        draws_b = np.concatenate([block[name] for block in blocks])
        low, high = percentile_interval(draws_b, tail=tail)
        intervals[name] = Interval(float(seen), low, high, int(count_u.sum()), estimand)
    return intervals


def _draws(
    confusion_rup: Sequence[NDArray[np.int64] | sparse.csr_matrix],
    count_u: NDArray[np.int64],
    config: RunConfig,
) -> Iterator[NDArray[np.float64]]:
    """Draw as many units as there are, with replacement: units of each kind, draws × kinds."""
    rng = np.random.default_rng(config.seed)
    n = int(count_u.sum())
    size = max(1, _BLOCK // (len(count_u) + sum(one.shape[1] for one in confusion_rup)))
    for start in range(0, config.n_bootstrap, size):
        yield rng.multinomial(n, count_u / n, size=min(size, config.n_bootstrap - start)).astype(
            np.float64
        )


def _mean_scores(
    confusion_rup: Sequence[NDArray[np.int64] | sparse.csr_matrix],
    weights_bu: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Return each draw's scores, mean over repeats."""
    of_repeats = []
    for confusion_up in confusion_rup:
        drawn_bp = np.asarray(weights_bu @ confusion_up)
        k = round(drawn_bp.shape[1] ** 0.5)
        of_repeats.append(confusion_scores(drawn_bp.reshape(-1, k, k)))
    return {name: np.mean([one[name] for one in of_repeats], axis=0) for name in of_repeats[0]}
