"""Predictions and groups in; how each donor or batch fared, out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.judge.metrics import confusion_scores
from scbaseline.study.labels import Groups


@dataclass(frozen=True)
class GroupScore:
    """How one classifier did on the cells of one donor or batch.

    Attributes
    ----------
    group
        Its name.
    n
        Its number of judged cells.
    accuracy, f1_macro
        Macro-F1 is over the labels that the group has.
    """

    group: str
    n: int
    accuracy: float
    f1_macro: float


def scores_by_group(
    true_n: NDArray[np.int64], predicted_n: NDArray[np.int64], groups: Groups
) -> tuple[GroupScore, ...]:
    """Score the predictions of each group's cells by themselves.

    Parameters
    ----------
    true_n, predicted_n
        Label codes per cell; −1 where a cell is not judged.
    groups
        The donor or batch of the same cells.
    """
    n_labels = int(max(true_n.max(), predicted_n.max())) + 1
    scores = []
    for code, name in enumerate(groups.names):
        rows = np.flatnonzero((groups.codes_n == code) & (true_n >= 0) & (predicted_n >= 0))
        if len(rows):
            pairs = true_n[rows] * n_labels + predicted_n[rows]
            confusion_kk = np.bincount(pairs, minlength=n_labels**2).reshape(n_labels, n_labels)
            found = confusion_scores(confusion_kk)
            scores.append(
                GroupScore(name, len(rows), float(found["accuracy"]), float(found["f1_macro"]))
            )
    return tuple(scores)
