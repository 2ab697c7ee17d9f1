"""Claims about reliability bins and the calibration error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binned_statistic

from scbaseline.judge.reliability import MAX_BINS, MIN_CELLS_PER_BIN, bin_confidences


def cells(n: int, seed: int, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.beta(5, 1, size=n), decimals)
    return confidence, rng.random(n) < confidence


def test_the_error_equals_an_independent_computation() -> None:
    """600 cells, 15 bins between quantiles: scipy's binned means give the same error."""
    confidence, right = cells(600, 0, 9)
    edges = np.quantile(confidence, np.linspace(0, 1, 16), method="linear")
    means, counts = (
        binned_statistic(confidence, values, statistic=statistic, bins=edges).statistic
        for values, statistic in ((confidence - right, "mean"), (right, "count"))
    )
    found = bin_confidences(confidence, right)
    np.testing.assert_array_equal(found.n_b, counts)
    assert found.ece == pytest.approx((np.abs(means) * counts).sum() / 600)


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(0, 100), st.integers(0, 3))
def test_bins_hold_every_cell_in_order(n: int, seed: int, decimals: int) -> None:
    """For any confidences, tied or not: all cells, 10 or more a bin, at most 15 bins."""
    confidence, right = cells(n, seed, decimals)
    bins = bin_confidences(confidence, right)
    assert bins.n_b.sum() == n
    assert len(bins.n_b) <= MAX_BINS
    assert (bins.n_b >= min(n, MIN_CELLS_PER_BIN)).all()
    assert (np.diff(bins.confidence_b) > 0).all()
    assert (bins.n_b * bins.right_b).sum() == pytest.approx(right.sum())


@settings(deadline=None)
@given(st.integers(2, 300), st.integers(0, 100))
def test_the_order_of_the_cells_changes_nothing(n: int, seed: int) -> None:
    """Many cells of equal confidence, shuffled, give equal bins."""
    confidence, right = cells(n, seed, 1)
    order = np.random.default_rng(seed).permutation(n)
    one, two = bin_confidences(confidence, right), bin_confidences(confidence[order], right[order])
    np.testing.assert_array_equal(one.n_b, two.n_b)
    np.testing.assert_allclose(one.right_b, two.right_b)


def test_chance_alone_gives_an_error_in_small_samples() -> None:
    """500 cells that are right as often as they claim have an error near .04, not 0."""
    rng = np.random.default_rng(0)
    confidence = rng.normal(0.9, 0.001, size=(100, 500))
    errors = [bin_confidences(c, rng.random(500) < c).ece for c in confidence]
    assert 0.035 < np.mean(errors) < 0.047
