"""Held-out predictions in; every score, with its interval and what that is about, out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.intervals import (
    MIN_CELLS,
    OVER_TEST_CELLS,
    Drawn,
    Key,
    draw_scores,
    matrix_scores,
)
from scbaseline.judge.metrics import (
    LABEL_METRICS,
    LEVEL,
    METRICS,
    cell_scores,
    checked_probabilities,
    percentile_interval,
)
from scbaseline.judge.reliability import Bins, Reliability, bin_confidences

EQUAL_DRAWS = "every draw is equal"
"""Why a score has no interval where all cells go the same way."""


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
    value
        The mean over repeats.
    low, high
        Its 95 % interval; ``None`` where there is none.
    about
        What the interval is about, or why there is none.
    repeats
        The score in each repeat.
    n
        The number of cells that it is a share of, in the first repeat; for precision, those
        predicted so.
    """

    metric: str
    label: str | None
    value: float
    low: float | None
    high: float | None
    about: str
    repeats: tuple[float, ...]
    n: int


@dataclass(frozen=True, eq=False)
class Scorecard:
    """How one classifier did on held-out cells.

    Attributes
    ----------
    labels
        The names of the k labels of the first repeat.
    confusion_kk
        Number of judged cells of the first repeat, true label × predicted label.
    scores
        All scores, those over all labels first.
    reliability
        How often predictions are right at each level of confidence; ``None`` without
        probabilities.
    """

    labels: tuple[str, ...]
    confusion_kk: NDArray[np.int64]
    scores: tuple[Score, ...]
    reliability: Reliability | None = None

    def score(self, metric: str, label: str | None = None) -> Score:
        """Return one score by name.

        Raises
        ------
        KeyError
            It was not computed: without probabilities, there is no log loss.
        """
        for score in self.scores:
            if (score.metric, score.label) == (metric, label):
                return score
        raise KeyError(f"{metric} of {label or 'all labels'} is not among the scores")


def score_predictions(
    held_out: HeldOut,
    rng: np.random.Generator,
    *,
    n_draws: int,
    groups_n: NDArray[np.int64] | None = None,
    draws_apart: bool = False,
) -> Scorecard:
    """Score held-out predictions in every metric.

    Scores are computed on all cells of a repeat at once and averaged over repeats. For what
    the intervals hold fixed, see :func:`~scbaseline.judge.intervals.draw_scores`.

    Parameters
    ----------
    held_out
        Predictions of cells that the classifier was not trained on.
    rng
        Draws cells anew for the intervals.
    n_draws
        The number of bootstrap draws.
    groups_n
        The donor or batch of each cell, where whole groups were held out: the intervals are
        then over groups, and there is none with few of them.
    draws_apart
        Whether each repeat is a draw of its own counts and of its own test cells: the
        repeats are then the spread, and there is no interval.

    Raises
    ------
    InputError
        Probabilities of another shape, or that are none.
    """
    matrices = [confusion_kk[None].astype(np.float64) for confusion_kk in held_out.confusion_r]
    if draws_apart:
        drawn = Drawn({}, "the draws themselves are the spread")
    else:
        drawn = draw_scores(held_out, rng, n_draws=n_draws, groups_n=groups_n)
    repeats = _of_repeats(held_out)
    scores = {
        key: _score(held_out, key, float(value), repeats[key], drawn)
        for key, (value,) in matrix_scores(held_out, matrices).items()
    }
    is_one_test = drawn.about == OVER_TEST_CELLS
    by_probability, reliability = _probability_scores(held_out, is_one_test=is_one_test)
    ordered = [scores.get((name, None)) or by_probability.get(name) for name in METRICS]
    listed = [score for score in ordered if score is not None]
    if held_out.train_accuracy is not None:
        value = held_out.train_accuracy
        listed.append(
            Score(
                "train_accuracy", None, value, None, None,
                "of the training cells, mean over fits", (value,), round(held_out.n_train),
            )
        )  # fmt: skip
    if held_out.same_labels:
        listed += _in_order_of_labels(held_out, scores)
    return Scorecard(held_out.labels_r[0], held_out.confusion_r[0], tuple(listed), reliability)


def _of_repeats(held_out: HeldOut) -> dict[Key, tuple[float, ...]]:
    """Return each score's value in each repeat."""
    per_repeat = []
    for r, confusion_kk in enumerate(held_out.confusion_r):
        alone = HeldOut((held_out.labels_r[r],), held_out.true_rn[:0], held_out.predicted_rn[:0])
        per_repeat.append(matrix_scores(alone, [confusion_kk[None].astype(np.float64)]))
    shared = set.intersection(*(set(scores) for scores in per_repeat))
    return {key: tuple(float(s[key][0]) for s in per_repeat) for key in shared}


def _score(
    held_out: HeldOut, key: Key, value: float, repeats: tuple[float, ...], drawn: Drawn
) -> Score:
    metric, label = key
    confusion_kk = held_out.confusion_r[0]
    n = int(confusion_kk.sum())
    why_none = drawn.none.get(metric, "")
    if label is not None:
        k = held_out.labels_r[0].index(label)
        n_true = int(confusion_kk[k].sum())
        n = int(confusion_kk[:, k].sum()) if metric == "precision" else n_true
        if n_true < MIN_CELLS:
            why_none = f"fewer than {MIN_CELLS} test cells"
    if why_none or key not in drawn.draws:
        return Score(metric, label, value, None, None, why_none or drawn.about, repeats, n)
    low, high = percentile_interval(drawn.draws[key], tail=drawn.tail)
    if low is None or high is None:
        return Score(metric, label, value, None, None, EQUAL_DRAWS, repeats, n)
    if drawn.about == OVER_TEST_CELLS:
        # What tiny labels leave open can lie to one side of what was seen of them.
        low, high = min(low, value), max(high, value)
    return Score(metric, label, value, low, high, drawn.about, repeats, n)


def _in_order_of_labels(held_out: HeldOut, scores: dict[Key, Score]) -> list[Score]:
    listed = []
    for k, label in enumerate(held_out.labels_r[0]):
        listed += [scores[metric, label] for metric in LABEL_METRICS]
        n_r = tuple(float(confusion_kk[k].sum()) for confusion_kk in held_out.confusion_r)
        listed.append(
            Score("support", label, float(np.mean(n_r)), None, None, "a count", n_r, int(n_r[0]))
        )
    return listed


def _probability_scores(
    held_out: HeldOut, *, is_one_test: bool
) -> tuple[dict[str, Score], Reliability | None]:
    """Return the metrics that need probabilities, and the reliability of all repeats."""
    scores: dict[str, Score] = {}
    bins: dict[str, Bins] = {}
    for suffix, probability_r in (
        ("", held_out.probability_r),
        ("_uncalibrated", held_out.uncalibrated_r),
    ):
        if probability_r is None:
            continue
        ece_r, confidence, right = [], [], []
        values_of: dict[str, list[NDArray[np.float64]]] = {}
        for r, probability_nk in enumerate(probability_r):
            judged_n = held_out.judged_rn[r]
            true_n, predicted_n = held_out.true_rn[r, judged_n], held_out.predicted_rn[r, judged_n]
            p_nk = checked_probabilities(
                probability_nk[judged_n], n_cells=len(true_n), n_labels=len(held_out.labels_r[r])
            )
            confidence.append(p_nk[np.arange(len(true_n)), predicted_n])
            right.append(predicted_n == true_n)
            ece_r.append(bin_confidences(confidence[-1], right[-1]).ece)
            if not suffix:
                for name, values_n in cell_scores(true_n, p_nk).items():
                    values_of.setdefault(name, []).append(values_n)
        bins[suffix] = bin_confidences(np.concatenate(confidence), np.concatenate(right))
        n = held_out.n_cells
        scores[f"ece{suffix}"] = Score(
            f"ece{suffix}", None, float(np.mean(ece_r)), None, None,
            "no interval: chance alone raises it in small samples", tuple(ece_r), n,
        )  # fmt: skip
        for name, values_r in values_of.items():
            if len(values_r) == held_out.n_repeats:  # two labels have no top-2 accuracy
                scores[name] = _mean_score(name, values_r, is_one_test=is_one_test)
    if "" not in bins:
        return scores, None
    return scores, Reliability(bins[""], bins.get("_uncalibrated"))


def _mean_score(name: str, values_r: list[NDArray[np.float64]], *, is_one_test: bool) -> Score:
    """Return a mean over cells; of one set of test cells with Student's interval."""
    repeats = tuple(float(values_n.mean()) for values_n in values_r)
    value, n = float(np.mean(repeats)), len(values_r[0])
    if not is_one_test:
        why = "a mean over the cells of each repeat"
        return Score(name, None, value, None, None, why, repeats, n)
    if np.ptp(values_r[0]) < 1e-12:  # equal but for rounding
        return Score(name, None, value, None, None, "every cell is equal", repeats, n)
    error = float(np.std(values_r[0], ddof=1)) / n**0.5
    half = float(student.ppf(0.5 + LEVEL / 200, n - 1)) * error
    low, high = max(value - half, 0.0), min(value + half, METRICS[name].most)
    return Score(name, None, value, low, high, OVER_TEST_CELLS, repeats, n)
