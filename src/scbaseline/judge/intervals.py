"""Held-out predictions in; what each score would be with the cells or groups drawn anew, out.

Every score of labels depends on the cells through confusion matrices alone, so that drawing
matrices is drawing cells. There is one engine, and three units that it draws: cells within
each label (one set of test cells), cells (several repeats that judge the same cells), and
groups of cells (donors, batches).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import norm
from scipy.stats import t as student

from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.metrics import (
    LABEL_METRICS,
    LEVEL,
    METRICS,
    confusion_scores,
    label_scores,
)

OVER_TEST_CELLS = "given these labels, training cells and donors"
OVER_CELLS = "given these draws, labels, training sets and donors: only the cells are drawn anew"
OVER_GROUPS = "over groups (donors, batches) like these"

MIN_CELLS = 5
"""A label with fewer test cells gets no interval of its own, and is drawn from what they leave
open."""

MIN_GROUPS = 6
"""Fewer groups have too few ways to be drawn anew: no interval."""

MIN_GROUPS_OF_LABEL = 4
"""A label in fewer groups is missing from more draws than an interval cuts off at an end: it
would end where the mean is over other labels. No interval for means over labels, then."""

TAIL = (100 - LEVEL) / 2
"""Percentage of the draws that an interval cuts off at either end."""

MOST_NUMBERS = 4_000_000
"""Draws are made in blocks of at most as many numbers: 32 MB."""

Key = tuple[str, str | None]
"""A metric, and the label that it is about; ``None``: all of them."""

Matrices = Sequence[NDArray[np.number]]
"""Per repeat: confusion matrices, draws × true × predicted label."""


@dataclass(frozen=True)
class Drawn:
    """Scores of drawn cells.

    Attributes
    ----------
    draws
        Metric and label → the score in each draw, mean over repeats.
    about
        What the draws tell, in words.
    tail
        Percentage to cut off at either end.
    none
        Metric → why it has no interval.
    """

    draws: dict[Key, NDArray[np.float64]]
    about: str
    tail: float = TAIL
    none: dict[str, str] = field(default_factory=dict)


def draw_scores(
    held_out: HeldOut,
    rng: np.random.Generator,
    *,
    n_draws: int,
    groups_n: NDArray[np.int64] | None = None,
    most_numbers: int = MOST_NUMBERS,
) -> Drawn:
    """Draw cells or groups anew and score each draw.

    One set of test cells is drawn within each label, so that every draw holds every label;
    accuracy is drawn from all test cells. One or two cells drawn from themselves never
    change, and macro-F1's interval would cover half the time with labels so small; where a
    label has fewer than ``MIN_CELLS`` test cells, its share of right ones is drawn from what
    they leave open (a Beta distribution with Jeffreys' prior, the wrong ones spread evenly).
    Label sizes are held at those seen: as a statement about cells with other sizes drawn,
    macro-F1's interval is too narrow (``benchmarks/intervals.py``).

    A cell of several repeats is drawn in every repeat, since repeats judge the same cells.
    The fits stay as they are: another training set would give other predictions. So do
    thinned counts, labels and donors.

    Groups are drawn with all of their cells. Percentiles of so few are too narrow; the
    interval is cut further out, as Student's distribution with as many groups would have it.
    With 6 or 8 groups, 91 % of such intervals held the truth of simulated donors.

    Parameters
    ----------
    held_out
        Predictions of cells that the classifier was not trained on.
    rng
        Draws.
    n_draws
        The number of draws.
    groups_n
        The group of each cell, −1 for none: groups are drawn, not cells.
    most_numbers
        How many numbers are held in memory at a time; the draws are the same.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993 (percentile intervals);
    Brown, Cai & DasGupta, Interval Estimation for a Binomial Proportion, Statistical
    Science 2001 (Jeffreys' prior); Hesterberg, What Teachers Should Know About the
    Bootstrap, The American Statistician 2015, section 5.3 (expanded percentiles).
    """
    if groups_n is not None:
        return _draw_groups(held_out, groups_n, rng, n_draws, most_numbers)
    if held_out.n_repeats == 1:
        return _draw_within_labels(held_out, rng, n_draws)
    pair_rn = _pairs(held_out)
    pair_rn = pair_rn[:, (pair_rn >= 0).any(axis=0)]
    # Cells with the same labels and predictions in every repeat are alike: drawing how many
    # there are of each kind is drawing cells, and far fewer numbers.
    kind_ru, count_u = np.unique(pair_rn, axis=1, return_counts=True)
    matrices_r = [
        _one_hot(kind_u, len(labels))
        for kind_u, labels in zip(kind_ru, held_out.labels_r, strict=True)
    ]
    draws = _scores_of_units(held_out, matrices_r, count_u, rng, n_draws, most_numbers)
    return Drawn(draws, OVER_CELLS)


def matrix_scores(held_out: HeldOut, matrices: Matrices) -> dict[Key, NDArray[np.float64]]:
    """Return the scores of confusion matrices, mean over repeats, one per draw.

    Scores of single labels are there where all repeats have the same labels.
    """
    of_repeats = [confusion_scores(matrices_bkk) for matrices_bkk in matrices]
    scores: dict[Key, NDArray[np.float64]] = {
        (name, None): np.mean([scores[name] for scores in of_repeats], axis=0)
        for name in of_repeats[0]
    }
    if held_out.same_labels:
        of_labels = [label_scores(matrices_bkk) for matrices_bkk in matrices]
        for name in of_labels[0]:
            mean_bk = np.mean([scores[name] for scores in of_labels], axis=0)
            scores |= {(name, label): mean_bk[:, k] for k, label in enumerate(held_out.labels_r[0])}
    return scores


def _draw_within_labels(held_out: HeldOut, rng: np.random.Generator, n_draws: int) -> Drawn:
    (confusion_kk,) = held_out.confusion_r
    n = confusion_kk.sum()
    correct_b = rng.binomial(n, np.trace(confusion_kk) / n, size=n_draws) / n
    # What tiny labels leave open is not open to a classifier that always says the same.
    few = MIN_CELLS if (confusion_kk.sum(axis=0) > 0).sum() > 1 else 0
    drawn_bkk = np.stack(
        [_draw_row(rng, k, row_k, n_draws, few) for k, row_k in enumerate(confusion_kk)], axis=1
    )
    draws = matrix_scores(held_out, [drawn_bkk])
    draws["accuracy", None] = correct_b
    return Drawn(draws, OVER_TEST_CELLS)


def _draw_row(
    rng: np.random.Generator, code: int, row_k: NDArray[np.int64], n_draws: int, few: int
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


def _draw_groups(
    held_out: HeldOut,
    groups_n: NDArray[np.int64],
    rng: np.random.Generator,
    n_draws: int,
    most_numbers: int,
) -> Drawn:
    pair_rn = _pairs(held_out)
    judged_n = (pair_rn >= 0).any(axis=0) & (groups_n >= 0)
    names, group_n = np.unique(groups_n[judged_n], return_inverse=True)
    n_groups = len(names)
    if n_groups < MIN_GROUPS:
        why = f"too few groups to draw from ({n_groups})"
        return Drawn({}, OVER_GROUPS, none=dict.fromkeys([*METRICS, *LABEL_METRICS], why))
    confusion_rgp = []
    for pair_n, labels in zip(pair_rn[:, judged_n], held_out.labels_r, strict=True):
        there, size = pair_n >= 0, len(labels) ** 2
        flat = group_n[there] * size + pair_n[there]
        confusion_rgp.append(np.bincount(flat, minlength=n_groups * size).reshape(n_groups, -1))
    quantile = float(student.ppf(0.5 - LEVEL / 200, n_groups - 1))
    tail = 100 * float(norm.cdf(quantile * np.sqrt(n_groups / (n_groups - 1))))
    each_g = np.ones(n_groups, dtype=np.int64)
    draws = _scores_of_units(held_out, confusion_rgp, each_g, rng, n_draws, most_numbers)
    few = _labels_in_few_groups(held_out, confusion_rgp)
    why = f"labels in fewer than {MIN_GROUPS_OF_LABEL} groups: {', '.join(few)}"
    over_labels = [name for name, metric in METRICS.items() if metric.over_labels]
    none = dict.fromkeys(over_labels, why) if few else {}
    # An interval of one label over groups is another question, which none asks yet.
    none |= dict.fromkeys(LABEL_METRICS, "intervals over groups are of all labels together")
    return Drawn(draws, OVER_GROUPS, tail=tail, none=none)


def _labels_in_few_groups(
    held_out: HeldOut, confusion_rgp: Sequence[NDArray[np.int64]]
) -> list[str]:
    few: dict[str, int] = {}
    for confusion_gp, labels in zip(confusion_rgp, held_out.labels_r, strict=True):
        k = len(labels)
        n_groups_k = (confusion_gp.reshape(-1, k, k).sum(axis=2) > 0).sum(axis=0)
        few |= {
            label: int(n)
            for label, n in zip(labels, n_groups_k, strict=True)
            if 0 < n < MIN_GROUPS_OF_LABEL
        }
    return [f"{label} ({n})" for label, n in few.items()]


def _pairs(held_out: HeldOut) -> NDArray[np.int64]:
    """Return each cell's place in its repeat's flattened confusion matrix; −1: not judged."""
    k_r1 = np.array([[len(labels)] for labels in held_out.labels_r], dtype=np.int64)
    pair_rn: NDArray[np.int64] = np.where(
        held_out.judged_rn, held_out.true_rn * k_r1 + held_out.predicted_rn, -1
    )
    return pair_rn


def _one_hot(pair_u: NDArray[np.int64], n_labels: int) -> sparse.csr_matrix:
    """Return the confusion matrix of one cell of each kind, kinds × flattened matrix."""
    there = np.flatnonzero(pair_u >= 0)
    ones = np.ones(len(there))
    return sparse.csr_matrix(
        (ones, (there, pair_u[there])), shape=(len(pair_u), n_labels * n_labels)
    )


def _scores_of_units(
    held_out: HeldOut,
    confusion_rup: Sequence[NDArray[np.int64] | sparse.csr_matrix],
    count_u: NDArray[np.int64],
    rng: np.random.Generator,
    n_draws: int,
    most_numbers: int,
) -> dict[Key, NDArray[np.float64]]:
    """Draw as many units as there are, with replacement, and score each draw."""
    blocks = []
    for weights_bu in _weights(confusion_rup, count_u, rng, n_draws, most_numbers):
        matrices = []
        for confusion_up, labels in zip(confusion_rup, held_out.labels_r, strict=True):
            drawn_bp = np.asarray(weights_bu @ confusion_up)
            matrices.append(drawn_bp.reshape(-1, len(labels), len(labels)))
        blocks.append(matrix_scores(held_out, matrices))
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}


def _weights(
    confusion_rup: Sequence[NDArray[np.int64] | sparse.csr_matrix],
    count_u: NDArray[np.int64],
    rng: np.random.Generator,
    n_draws: int,
    most_numbers: int,
) -> Iterator[NDArray[np.float64]]:
    """Yield how many units of each kind were drawn, draws × kinds."""
    n = int(count_u.sum())
    numbers_per_draw = len(count_u) + sum(matrix.shape[1] for matrix in confusion_rup)
    size = max(1, most_numbers // numbers_per_draw)
    for start in range(0, n_draws, size):
        n_block = min(size, n_draws - start)
        yield rng.multinomial(n, count_u / n, size=n_block).astype(np.float64)
