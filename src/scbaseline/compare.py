"""Comparison: differences of two classifiers over splits in; an interval and a verdict out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from scbaseline.metrics import LEVEL, METRICS


@dataclass(frozen=True)
class Difference:
    """How much one classifier differs from another, over the same splits.

    Attributes
    ----------
    metric
        A key of ``METRICS``.
    name, reference
        The two classifiers.
    value
        Mean of ``name``'s score minus ``reference``'s.
    low, high
        Its 95 % interval, over training sets and test sets drawn from such cells; None with
        a single fit, and where every fit differs by the same amount.
    p
        Two-sided p-value of no difference; None as above.
    n_fits
        Number of splits on which both were fitted and judged.
    """

    metric: str
    name: str
    reference: str
    value: float
    low: float | None
    high: float | None
    p: float | None
    n_fits: int


def compare_folds(
    differences_j: NDArray[np.float64],
    *,
    n_train: float,
    n_test: float,
    name: str,
    reference: str,
    metric: str,
) -> Difference:
    """Test whether two classifiers differ, by the corrected resampled t-test.

    Fits that share most of their training cells are not independent, so the variance of
    their mean is not s² / J: it is taken as (1 / J + n_test / n_train) · s², and more
    repeats of the same cells bring no certainty. The correction is a rule of thumb that
    keeps the rate of false alarms near its nominal 5 % (``tests/test_compare.py``). It is
    about splits of these donors' cells: another donor may differ more.

    Parameters
    ----------
    differences_j
        Score of ``name`` minus score of ``reference`` on each of J splits, all repeats of a
        cross-validation together.
    n_train, n_test
        Cells fitted on and cells judged in one split; means where splits differ in size.
    name, reference, metric
        What was compared, by which key of ``METRICS``.

    References
    ----------
    Nadeau & Bengio, Inference for the generalization error, Machine Learning 2003;
    Bouckaert & Frank, Evaluating the replicability of significance tests for comparing
    learning algorithms, PAKDD 2004 (repeated cross-validation).
    """
    n_fits = len(differences_j)
    value = float(np.mean(differences_j))
    if n_fits < 2 or np.ptp(differences_j) < 1e-12:  # equal but for rounding
        return Difference(metric, name, reference, value, None, None, None, n_fits)
    variance = (1 / n_fits + n_test / n_train) * np.var(differences_j, ddof=1)
    error = float(np.sqrt(variance))
    half = float(student.ppf(0.5 + LEVEL / 200, n_fits - 1)) * error
    p = 2 * float(student.sf(abs(value) / error, n_fits - 1))
    return Difference(metric, name, reference, value, value - half, value + half, p, n_fits)


def verdict(difference: Difference) -> str:
    """Say in one line whether the one classifier beats the other.

    Parameters
    ----------
    difference
        As :func:`compare_folds` returns it.
    """
    d = difference
    title = METRICS[d.metric].title
    if d.low is None or d.high is None:
        if d.n_fits < 2:
            return (
                f"{d.name} against {d.reference}: one fit says nothing of chance "
                f"(Δ {title} {_signed(d.value)})"
            )
        if abs(d.value) < 1e-12:
            return f"{d.name} equals {d.reference} in {title}, in each of {d.n_fits} fits"
        return (
            f"{d.name} against {d.reference}: each of {d.n_fits} fits differs by the same "
            f"{_signed(d.value)} in {title}, so there is no spread to judge it by"
        )
    better = d.low > 0 if METRICS[d.metric].higher_is_better else d.high < 0
    worse = d.high < 0 if METRICS[d.metric].higher_is_better else d.low > 0
    words = "beats" if better else "is worse than" if worse else "does not beat"
    return (
        f"{d.name} {words} {d.reference} (Δ {title} {_signed(d.value)}, "
        f"{LEVEL:.0f} % {_signed(d.low)} to {_signed(d.high)}, {d.n_fits} fits)"
    )


def _signed(value: float) -> str:
    # The minus sign that the interval's dash is not.
    return f"{value:+.3f}".replace("-", "−")
