"""Predictions and groups in; how each donor or batch fared, out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.judge.held_out import HeldOut, confusion
from scbaseline.judge.metrics import confusion_scores


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
    held_out: HeldOut, groups_n: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[GroupScore, ...]:
    """Score the predictions of each group's cells by themselves, in the first repeat.

    Parameters
    ----------
    held_out
        Predictions of cells that the classifier was not trained on.
    groups_n
        Index into ``names`` per cell, −1 for none.
    names
        The groups.
    """
    true_n, predicted_n = held_out.true_rn[0], held_out.predicted_rn[0]
    scores = []
    for code, name in enumerate(names):
        own = groups_n == code
        confusion_kk = confusion(true_n[own], predicted_n[own], n_labels=len(held_out.labels_r[0]))
        if n := int(confusion_kk.sum()):
            of_group = confusion_scores(confusion_kk)
            scores.append(
                GroupScore(name, n, float(of_group["accuracy"]), float(of_group["f1_macro"]))
            )
    return tuple(scores)
