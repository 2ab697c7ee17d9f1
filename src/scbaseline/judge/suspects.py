"""Suspect labels: label codes and out-of-fold probabilities in; doubtful cells and pairs out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, roc_auc_score

from scbaseline.errors import InputError

PERHAPS_ONE = 0.75
"""Two labels told apart with less balanced accuracy than this may be one; .5 is guessing."""

_SUM_TOLERANCE = 1e-3  # probabilities may come as float16 or rounded


@dataclass(frozen=True)
class LabelAudit:
    """Which labels to look at again. A suspect is a cell to check, not an error found.

    Attributes
    ----------
    suspects
        One row per suspect cell, the largest margin first: ``row`` (its position),
        ``label``, ``suggested``, ``probability_of_label``, ``probability_of_suggested``
        (means over repeats), ``margin`` (their difference), ``agreement`` (the share of
        repeats in which the suggested label is the likeliest; 1 for every suspect) and
        ``n_repeats`` (the repeats that judged the cell).
    pairs
        One row per pair of labels that was confused at least once, the largest share
        first: ``label_a``, ``label_b``, ``n_a``, ``n_b`` (judged cells), ``a_as_b``,
        ``b_as_a`` (cells of one whose likeliest label is the other), ``share_confused``
        (both, of all cells of the pair), ``auroc`` and ``balanced_accuracy`` (of telling
        these two apart; .5 is guessing, whatever their sizes) and ``perhaps_one``.
    n_judged
        The cells with a label and a probability.
    n_wavering
        Cells that would be suspects, were the repeats of one mind.
    expected_by_chance, expected_sd
        How many suspects the classifier's own doubt accounts for, and the standard
        deviation of that number.
    """

    suspects: pd.DataFrame
    pairs: pd.DataFrame
    n_judged: int
    n_wavering: int
    expected_by_chance: float
    expected_sd: float


def suspect_labels(
    codes_n: NDArray[np.int64], probability_rnk: NDArray[np.floating], labels: Sequence[str]
) -> LabelAudit:
    """Find the cells whose label a classifier that never saw them contradicts with confidence.

    Confident learning: a label's threshold is its mean probability among the cells that
    carry it, so that a label that is hard to be sure of asks for less. A cell is suspect
    when another label is likelier than its own, reaches its own threshold, and is the
    likeliest in every repeat.

    Some suspects are expected even if every label is right. A cell whose likeliest label
    has the calibrated probability p carries another one with probability 1 − p; the sum of
    1 − p over all cells whose likeliest label reaches its threshold in every repeat is
    ``expected_by_chance``. Far more suspects than that: labels contradict the counts
    beyond the classifier's doubt (or its probabilities are too sure). About as many: the
    doubt accounts for their number, which does not show that the labels are right, since a
    classifier calibrated on labels with errors doubts by their share as well. Then the
    order still helps: the first suspects are the likeliest errors. Far fewer: the
    probabilities are too modest. An error in a label may also stay unseen: a classifier
    blunted by errors does not reach the threshold everywhere.

    Two labels are ``perhaps_one`` where the classifier tells their cells apart with a
    balanced accuracy below ``PERHAPS_ONE``. Within the pair, a cell is given to the label
    whose share of the two probabilities exceeds the label's share of the pair's cells:
    otherwise calibrated probabilities would give nearly all cells to a much larger label.

    Parameters
    ----------
    codes_n
        Index into ``labels`` per cell; −1 where the cell has no label.
    probability_rnk
        Calibrated probabilities, repeats × cells × labels, each from a classifier that was
        not trained (or calibrated) on the cell; NaN rows where a cell was not judged.
    labels
        The names of the k labels.

    Raises
    ------
    InputError
        Shapes or codes that do not fit; rows that are no probabilities; no cell judged.

    References
    ----------
    Northcutt, Jiang & Chuang, Confident Learning, Journal of Artificial Intelligence
    Research 2021.
    """
    judged_rn = _require_probabilities(codes_n, probability_rnk, labels)
    n_repeats_n = judged_rn.sum(axis=0)
    rows_m = np.flatnonzero((codes_n >= 0) & (n_repeats_n > 0))
    if not len(rows_m):
        raise InputError("label audit: no cell has both a label and probabilities; give some")
    given_m, n_repeats_m = codes_n[rows_m], n_repeats_n[rows_m]
    judged_rm1 = judged_rn[:, rows_m, None]
    p_rmk = np.where(judged_rm1, probability_rnk[:, rows_m], 0.0).astype(np.float64)
    p_mk = p_rmk.sum(axis=0) / n_repeats_m[:, None]
    likeliest_m = p_mk.argmax(axis=1)
    says_so_rm = judged_rm1[..., 0] & (p_rmk.argmax(axis=2) == likeliest_m)
    agreement_m = says_so_rm.sum(axis=0) / n_repeats_m

    cells = np.arange(len(rows_m))
    p_given_m, p_likeliest_m = p_mk[cells, given_m], p_mk[cells, likeliest_m]
    confident_m = p_likeliest_m >= _thresholds(given_m, p_mk)[likeliest_m]
    contradicted_m = confident_m & (p_likeliest_m > p_given_m)
    certain_m = agreement_m == 1
    suspect_m = contradicted_m & certain_m
    doubt_m = 1 - p_likeliest_m[confident_m & certain_m]
    names = np.asarray(labels, dtype=object)
    suspects = pd.DataFrame(
        {
            "row": rows_m,
            "label": names[given_m],
            "suggested": names[likeliest_m],
            "probability_of_label": p_given_m,
            "probability_of_suggested": p_likeliest_m,
            "margin": p_likeliest_m - p_given_m,
            "agreement": agreement_m,
            "n_repeats": n_repeats_m,
        }
    )[suspect_m]
    return LabelAudit(
        suspects=suspects.sort_values("margin", ascending=False, kind="stable", ignore_index=True),
        pairs=_pairs(given_m, p_mk, labels),
        n_judged=len(rows_m),
        n_wavering=int((contradicted_m & ~certain_m).sum()),
        expected_by_chance=float(doubt_m.sum()),
        expected_sd=float(np.sqrt((doubt_m * (1 - doubt_m)).sum())),
    )


def _require_probabilities(
    codes_n: NDArray[np.int64], probability_rnk: NDArray[np.floating], labels: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which cells were judged, repeats × cells."""
    n, k = len(codes_n), len(labels)
    if probability_rnk.ndim != 3 or probability_rnk.shape[1:] != (n, k):
        raise InputError(
            f"label audit: probabilities of the shape {probability_rnk.shape}; "
            f"give (repeats, {n}, {k}): one per repeat, cell and label"
        )
    if n and not -1 <= codes_n.min() <= codes_n.max() < k:
        raise InputError(
            f"label audit: label codes from {codes_n.min()} to {codes_n.max()}; give indices of "
            f"the {k} labels, and -1 where a cell has none"
        )
    judged_rn: NDArray[np.bool_] = ~np.isnan(probability_rnk).any(axis=2)
    p_jk = probability_rnk[judged_rn]
    wrong_j = (np.abs(p_jk.sum(axis=1, dtype=np.float64) - 1) > _SUM_TOLERANCE) | (p_jk < 0).any(1)
    if wrong_j.any():
        r, cell = np.argwhere(judged_rn)[wrong_j.argmax()]
        raise InputError(
            f"label audit: repeat {r}, cell {cell}: the values (sum "
            f"{probability_rnk[r, cell].sum():g}) are no probabilities; give those after the "
            "softmax, and NaN in the whole row where a cell was not judged"
        )
    return judged_rn


def _thresholds(given_m: NDArray[np.int64], p_mk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each label's mean probability among its cells; out of reach if it has none."""
    k = p_mk.shape[1]
    n_k = np.bincount(given_m, minlength=k)
    sum_k = np.bincount(given_m, weights=p_mk[np.arange(len(p_mk)), given_m], minlength=k)
    return np.where(n_k > 0, sum_k / np.maximum(n_k, 1), np.inf)


def _pairs(
    given_m: NDArray[np.int64], p_mk: NDArray[np.float64], labels: Sequence[str]
) -> pd.DataFrame:
    k = len(labels)
    likeliest_m = p_mk.argmax(axis=1)
    confused_kk = confusion_matrix(given_m, likeliest_m, labels=np.arange(k))
    n_k = confused_kk.sum(axis=1)
    found = []
    for a, b in combinations(range(k), 2):
        confused = confused_kk[a, b] + confused_kk[b, a]
        # Without cells of both there is nothing to tell apart.
        if not confused or not (n_k[a] and n_k[b]):
            continue
        pair_m = (given_m == a) | (given_m == b)
        is_b_m = given_m[pair_m] == b
        p_a_m, p_b_m = p_mk[pair_m, a], p_mk[pair_m, b]
        both_m = p_a_m + p_b_m
        share_b_m = np.divide(p_b_m, both_m, out=np.full_like(both_m, 0.5), where=both_m > 0)
        says_b_m = share_b_m > is_b_m.mean()
        balanced = ((says_b_m & is_b_m).sum() / n_k[b] + (~says_b_m & ~is_b_m).sum() / n_k[a]) / 2
        found.append(
            {
                "label_a": labels[a],
                "label_b": labels[b],
                "n_a": int(n_k[a]),
                "n_b": int(n_k[b]),
                "a_as_b": int(confused_kk[a, b]),
                "b_as_a": int(confused_kk[b, a]),
                "share_confused": confused / (n_k[a] + n_k[b]),
                "auroc": float(roc_auc_score(is_b_m, share_b_m)),
                "balanced_accuracy": float(balanced),
                "perhaps_one": bool(balanced < PERHAPS_ONE),
            }
        )
    columns = "label_a label_b n_a n_b a_as_b b_as_a share_confused auroc balanced_accuracy"
    table = pd.DataFrame(found, columns=[*columns.split(), "perhaps_one"])
    return table.sort_values(
        ["share_confused", "balanced_accuracy"],
        ascending=[False, True],
        kind="stable",
        ignore_index=True,
    )
