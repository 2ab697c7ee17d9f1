"""Probabilities of cells with known labels in; sets of labels at a chosen coverage out.

A set holds each label whose probability is not much lower than that of held-out cells which
truly carry it. It always holds the predicted label.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scbaseline.model.options import SET_LEVEL

MIN_CELLS = 20
"""Held-out cells that a label needs for a threshold of its own."""

_N_LEVELS = 1001


class PredictionSets(nn.Module):
    """How improbable the true label of held-out cells was, by label.

    The score of a label is 1 − its probability. A label is in a cell's set where its score is
    at most the ⌈(n + 1) × level⌉-th smallest of the n held-out cells that truly carry it. With
    fewer than 20 such cells the score is compared with those of all held-out cells.

    In training with folds, each held-out cell was scored by the fit of its fold, and the
    classifier is another fit, on all cells. So the guarantee is weaker than that of split
    conformal prediction: 1 − 2 α instead of 1 − α in theory, close to 1 − α in practice. None
    holds for cells of another study.

    A classifier that has test cells of its own (of a run, or trained from disk) learns its sets
    from validation cells, which also stopped and calibrated it: these sets are a little too small.

    Parameters
    ----------
    n_labels
        The number of labels, k; :meth:`fitted` makes one that has learnt from cells.

    Attributes
    ----------
    score_kq
        Quantiles of the scores for each label, and of all labels in the last row.
    n_k
        The number of held-out cells behind each row.

    References
    ----------
    Sadinle, Lei & Wasserman, Least ambiguous set-valued classifiers, JASA 2019; Vovk,
    Cross-conformal predictors, 2015; Barber et al., Predictive inference with the jackknife+,
    Annals of Statistics 2021.

    Examples
    --------
    >>> import numpy as np
    >>> probability = np.array([[0.8, 0.2], [0.7, 0.3], [0.4, 0.6], [0.1, 0.9]] * 10)
    >>> sets = PredictionSets.fitted(probability, np.array([0, 0, 0, 1] * 10))
    >>> sets.inside(np.array([[0.95, 0.05], [0.45, 0.55]]), level=0.9)
    array([[ True, False],
           [ True,  True]])
    """

    score_kq: Tensor
    n_k: Tensor

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        self.register_buffer("score_kq", torch.full((n_labels + 1, _N_LEVELS), torch.inf))
        self.register_buffer("n_k", torch.zeros(n_labels + 1, dtype=torch.int64))

    @classmethod
    def fitted(cls, probability_nk: NDArray[np.floating], codes_n: NDArray[np.integer]) -> Self:
        """Learn from cells that the classifier, or the fit of their fold, was not trained on.

        Parameters
        ----------
        probability_nk
            Their probabilities, cells × labels.
        codes_n
            The codes of their true labels.
        """
        n_labels = probability_nk.shape[1]
        sets = cls(n_labels)
        score_n = 1.0 - probability_nk[np.arange(len(codes_n)), codes_n].astype(np.float64)
        levels = np.arange(_N_LEVELS) / (_N_LEVELS - 1)
        for k in range(n_labels + 1):
            own_n = score_n if k == n_labels else score_n[codes_n == k]
            sets.n_k[k] = len(own_n)
            if len(own_n):
                rank_q = np.ceil(levels * len(own_n) - 1e-9).astype(int).clip(min=1)
                quantile_q = np.sort(own_n)[rank_q - 1]
                sets.score_kq[k] = torch.from_numpy(quantile_q.astype(np.float32))
        return sets

    def inside(
        self, probability_nk: NDArray[np.floating], *, level: float = SET_LEVEL
    ) -> NDArray[np.bool_]:
        """Return which labels are in each cell's set, cells × labels; none is empty.

        Parameters
        ----------
        probability_nk
            Probabilities of any cells.
        level
            The share of cells whose set is to hold their true label.
        """
        score_nk = 1.0 - probability_nk.astype(np.float32)
        inside_nk: NDArray[np.bool_] = score_nk <= self.thresholds(level)
        inside_nk[np.arange(len(inside_nk)), probability_nk.argmax(axis=1)] = True
        return inside_nk

    def thresholds(self, level: float) -> NDArray[np.float32]:
        """Return the largest score that each label may have in a set, one a label."""
        n_k = self.n_k.numpy()
        row_k = np.where(n_k[:-1] >= MIN_CELLS, np.arange(len(n_k) - 1), len(n_k) - 1)
        n_k = n_k[row_k]
        rank_k = np.ceil((n_k + 1) * level - 1e-9)
        place_k = rank_k / np.maximum(n_k, 1) * (_N_LEVELS - 1)
        # A kept quantile is one of the scores. With more scores than quantiles, go upwards: a
        # set may be too large, never too small.
        place_k = np.where(n_k < _N_LEVELS, np.floor(place_k + 1e-9), np.ceil(place_k - 1e-9))
        place_k = place_k.astype(int)
        threshold_k = self.score_kq.numpy()[row_k, np.minimum(place_k, _N_LEVELS - 1)]
        return np.where(rank_k <= n_k, threshold_k, np.float32(np.inf))


def joined_labels(
    inside_nk: NDArray[np.bool_], probability_nk: NDArray[np.floating], labels: Sequence[str]
) -> NDArray[np.object_]:
    """Return each cell's set as a text: its labels joined by ``|``, the most probable first."""
    texts_n: NDArray[np.object_] = np.asarray(labels, dtype=object)[inside_nk.argmax(axis=1)]
    several_n = np.flatnonzero(inside_nk.sum(axis=1) > 1)  # few cells, as a rule
    order_nk = np.argsort(-probability_nk[several_n], axis=1, kind="stable")
    is_inside_nk = np.take_along_axis(inside_nk[several_n], order_nk, axis=1)
    rows_rk, row_n = np.unique(np.where(is_inside_nk, order_nk, -1), axis=0, return_inverse=True)
    texts = ["|".join(labels[k] for k in row if k >= 0) for row in rows_rk]
    texts_n[several_n] = np.array(texts, dtype=object)[row_n.ravel()]
    return texts_n
