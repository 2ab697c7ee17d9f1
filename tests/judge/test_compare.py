"""Claims about the comparison of two classifiers over resampled splits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from scbaseline.judge.compare import Difference, compare_folds, verdict


def compare(
    differences: object, metric: str = "f1_macro", *, tests: list[int] | None = None
) -> Difference:
    differences = np.asarray(differences, dtype=float)
    return compare_folds(
        differences,
        tests_j=range(len(differences)) if tests is None else tests,
        n_train=80,
        n_test=20,
        name="hvg",
        reference="logistic",
        metric=metric,
    )


def test_it_equals_an_independent_computation() -> None:
    """Nadeau and Bengio's formula, with the tail of t integrated from its density."""
    d = np.array([0.01, 0.03, -0.02, 0.04, 0.02, 0.00, 0.05, 0.01, 0.02, 0.03])
    found = compare(d)
    spread = sum((x - 0.019) ** 2 for x in d) / 9
    statistic = 0.019 / ((0.1 + 0.25) * spread) ** 0.5
    tail = integrate.quad(lambda x: stats.t.pdf(x, 9), statistic, np.inf)[0]
    assert found.value == pytest.approx(0.019)
    assert found.p == pytest.approx(2 * tail)
    # Student's t with 9 degrees of freedom, from the printed table: 2.262.
    assert found.high == pytest.approx(0.019 + 2.262 * 0.019 / statistic, abs=1e-5)


@given(
    st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=3, max_size=20).filter(
        lambda d: len(set(d)) > 1
    )
)
def test_the_interval_and_p_agree(d: list[float]) -> None:
    """0 is outside of the interval where p < .05, and the sign only mirrors the result."""
    found, mirrored = compare(d), compare([-x for x in d])
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    if abs(found.p - 0.05) > 1e-9:
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
    assert found.low <= found.value <= found.high
    assert (mirrored.low, mirrored.p) == pytest.approx((-found.high, found.p))


def test_equal_classifiers_rarely_differ() -> None:
    """Under the null, the corrected test raises a false alarm at 7 % or less; the plain one more.

    Two nearest-centroid classifiers, each with half of exchangeable Gaussian features, are
    equally good on average over samples; each of 400 samples of 100 cells is judged by three
    five-fold cross-validations.
    """
    rng = np.random.default_rng(0)
    false_alarms = {"corrected": 0, "plain": 0}
    for _ in range(400):
        y = np.repeat([0, 1], 50)
        x = rng.normal(size=(100, 2, 4)) + 0.6 * y[:, None, None]
        d = []
        for _ in range(3):
            fold = rng.permutation(100) % 5
            for k in range(5):
                train, test = fold != k, fold == k
                center = np.stack([x[train & (y == c)].mean(axis=0) for c in (0, 1)])
                distance = ((x[test, None] - center) ** 2).sum(axis=-1)
                right = distance.argmin(axis=1) == y[test, None]
                d.append(right[:, 0].mean() - right[:, 1].mean())
        found = compare(d, "accuracy")
        false_alarms["corrected"] += found.p is not None and found.p < 0.05
        false_alarms["plain"] += stats.ttest_1samp(d, 0).pvalue < 0.05
    assert false_alarms["corrected"] / 400 <= 0.07
    assert false_alarms["plain"] / 400 >= 0.15


def test_repeats_on_the_same_test_cells_count_as_one() -> None:
    """Three repeats that leave out the same four donors are four observations, not twelve."""
    d = np.array([0.01, 0.04, -0.02, 0.05])
    noise = np.array([0.01, 0.0, -0.01])
    repeated = compare((d + noise[:, None]).ravel(), tests=[*range(4)] * 3)
    once = compare(d)
    assert (repeated.value, repeated.low, repeated.p) == pytest.approx(
        (once.value, once.low, once.p)
    )
    assert (repeated.n_fits, repeated.n_tests) == (12, 4)
    assert verdict(repeated).endswith("12 fits on 4 sets of test cells)")


def test_two_donors_have_no_verdict() -> None:
    """However often the two are left out in turn, there are two sets of test cells."""
    found = compare([0.1, 0.11, 0.1, 0.12, 0.11, 0.1], tests=[0, 1] * 3)
    assert (found.low, found.p) == (None, None)


SPREAD = np.tile([-0.01, 0.0, 0.01], 5)


@pytest.mark.parametrize(
    ("differences", "metric", "words"),
    [
        (SPREAD + 0.1, "f1_macro", "hvg beats logistic (Δ macro-F1 +0.100, 95 % +0.0"),
        (SPREAD - 0.1, "f1_macro", "hvg is worse than logistic (Δ macro-F1 −0.100, 95 % −0.1"),
        (SPREAD, "accuracy", "hvg does not beat logistic (Δ accuracy +0.000, 95 % −0.0"),
        (SPREAD + 0.1, "log_loss", "hvg is worse than logistic (Δ log loss +0.100"),
        (SPREAD - 0.1, "brier", "hvg beats logistic (Δ Brier score −0.100"),
        ([0.1], "accuracy", "one set of test cells says too little of chance (Δ accuracy +0.100)"),
        (
            [0.1, 0.3],
            "accuracy",
            "two sets of test cells say too little of chance (Δ accuracy +0.2",
        ),
        ([0.0] * 3, "accuracy", "hvg equals logistic in accuracy, in each of 3 fits"),
        ([0.1] * 3, "accuracy", "each of 3 fits differs by the same +0.100 in accuracy"),
    ],
)
def test_the_verdict_says_what_was_found(differences: object, metric: str, words: str) -> None:
    """One line, in the metric's own direction, with what is degenerate named."""
    assert words in verdict(compare(differences, metric))


def test_a_verdict_ends_with_its_evidence() -> None:
    """The interval and the number of fits stand in the line."""
    assert verdict(compare(SPREAD + 0.1)).endswith("to +0.110, 15 fits)")
