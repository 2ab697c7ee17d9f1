"""Comparison: differences of two classifiers over splits in; an interval and a verdict out."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from scbaseline.judge.metrics import LEVEL, METRICS

MIN_TESTS = 3
"""Fewer sets of test cells, as two donors give, say too little of chance: no interval."""


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
        fewer than ``MIN_TESTS`` test sets, and where all differ by the same amount.
    p
        Two-sided p-value of no difference; None as above.
    n_fits
        Number of splits on which both were fitted and judged.
    n_tests
        Number of sets of test cells among them.
    """

    metric: str
    name: str
    reference: str
    value: float
    low: float | None
    high: float | None
    p: float | None
    n_fits: int
    n_tests: int


def compare_folds(
    differences_j: NDArray[np.float64],
    *,
    tests_j: Sequence[Hashable],
    n_train: float,
    n_test: float,
    name: str,
    reference: str,
    metric: str,
) -> Difference:
    """Test whether two classifiers differ, by the corrected resampled t-test.

    Fits that share most of their training cells are not independent, so the variance of
    their mean is not s² / J: it is taken as (1 / J + n_test / n_train) · s², and more
    repeats of the same cells bring no certainty. Fits on one set of test cells, as repeats
    that leave out one donor each, count as one, with their mean. The correction is a rule of
    thumb that keeps the rate of false alarms near its nominal 5 % (``tests/test_compare.py``).
    It is about splits of these donors' cells: another donor may differ more.

    Parameters
    ----------
    differences_j
        Score of ``name`` minus score of ``reference`` on each of J splits, all repeats of a
        cross-validation together.
    tests_j
        What tells each split's set of test cells from the others.
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
    same: dict[Hashable, list[float]] = {}
    for test, difference in zip(tests_j, differences_j, strict=True):
        same.setdefault(test, []).append(difference)
    means_t = np.array([np.mean(ones) for ones in same.values()])
    n_fits, n = len(differences_j), len(means_t)
    value = float(np.mean(means_t))
    if n < MIN_TESTS or np.ptp(means_t) < 1e-12:  # equal but for rounding
        return Difference(metric, name, reference, value, None, None, None, n_fits, n)
    error = float(np.sqrt((1 / n + n_test / n_train) * np.var(means_t, ddof=1)))
    half = float(student.ppf(0.5 + LEVEL / 200, n - 1)) * error
    p = 2 * float(student.sf(abs(value) / error, n - 1))
    return Difference(metric, name, reference, value, value - half, value + half, p, n_fits, n)


def verdict(difference: Difference) -> str:
    """Say in one line whether the one classifier beats the other.

    Parameters
    ----------
    difference
        As :func:`compare_folds` returns it.
    """
    d = difference
    title = METRICS[d.metric].title
    fits = f"{d.n_fits} fits"
    if d.n_tests < d.n_fits:
        fits += f" on {d.n_tests} sets of test cells"
    if d.low is None or d.high is None:
        if d.n_tests < MIN_TESTS:
            said = "one set of test cells says" if d.n_tests == 1 else "two sets of test cells say"
            return (
                f"{d.name} against {d.reference}: {said} too little of chance "
                f"(Δ {title} {_signed(d.value)})"
            )
        if abs(d.value) < 1e-12:
            return f"{d.name} equals {d.reference} in {title}, in each of {fits}"
        return (
            f"{d.name} against {d.reference}: each of {fits} differs by the same "
            f"{_signed(d.value)} in {title}, so there is no spread to judge it by"
        )
    better = d.low > 0 if METRICS[d.metric].higher_is_better else d.high < 0
    worse = d.high < 0 if METRICS[d.metric].higher_is_better else d.low > 0
    words = "beats" if better else "is worse than" if worse else "does not beat"
    return (
        f"{d.name} {words} {d.reference} (Δ {title} {_signed(d.value)}, "
        f"{LEVEL:.0f} % {_signed(d.low)} to {_signed(d.high)}, {fits})"
    )


def _signed(value: float) -> str:
    # The minus sign that the interval's dash is not.
    return f"{value:+.3f}".replace("-", "−")
