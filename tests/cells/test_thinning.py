"""Claims about thinned halves and structureless counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse, stats

from scbaseline.cells.thinning import structureless_counts, thin_counts
from scbaseline.counts import Counts


def counts_of(dense: np.ndarray, unseen: int = 0) -> Counts:
    counts_ng = sparse.csr_matrix(dense.astype(np.float32))
    return Counts(counts_ng, dense.sum(axis=1).astype(np.float64) + unseen)


matrices = arrays(
    np.int64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(0, 50)
)


@given(matrices, st.integers(0, 20), st.integers(0, 9), st.floats(0.05, 0.95))
@settings(deadline=None, max_examples=60)
def test_the_parts_add_up(dense: np.ndarray, unseen: int, seed: int, fraction: float) -> None:
    """Counts and totals of both parts sum to those of the whole; no zero is stored."""
    whole = counts_of(dense, unseen)
    a, b = thin_counts(whole, np.random.default_rng(seed), fraction=fraction)
    np.testing.assert_array_equal((a.counts_ng + b.counts_ng).toarray(), dense)
    np.testing.assert_array_equal(a.total_n + b.total_n, whole.total_n)
    assert np.all(a.counts_ng.data > 0)
    assert np.all(a.total_n >= a.counts_ng.sum(axis=1).A1)


def test_each_part_is_binomial() -> None:
    """Of many equal counts, the first part follows the binomial distribution."""
    whole = counts_of(np.full((100, 100), 10))
    a, _ = thin_counts(whole, np.random.default_rng(0), fraction=0.3)
    seen = np.bincount(a.counts_ng.toarray().astype(int).ravel(), minlength=11)
    expected = 10_000 * stats.binom.pmf(np.arange(11), 10, 0.3)
    few = expected < 5
    observed = np.append(seen[~few], seen[few].sum())
    assert stats.chisquare(observed, np.append(expected[~few], expected[few].sum())).pvalue > 0.001


def test_halves_of_poisson_counts_are_independent() -> None:
    """Their correlation is that of noise; halves of overdispersed counts are correlated."""
    rng = np.random.default_rng(1)
    poisson = rng.poisson(8.0, size=(20_000, 1))
    overdispersed = rng.poisson(rng.gamma(2.0, 4.0, size=(20_000, 1)))
    found = []
    for dense in (poisson, overdispersed):
        a, b = thin_counts(counts_of(dense), np.random.default_rng(2))
        found.append(
            np.corrcoef(a.counts_ng.toarray().ravel(), b.counts_ng.toarray().ravel())[0, 1]
        )
    assert abs(found[0]) < 0.03
    assert found[1] > 0.3


def test_the_unseen_remainder_is_thinned_too() -> None:
    """Where counts are of some genes only, each part has its own part of the rest."""
    whole = counts_of(np.full((500, 2), 5), unseen=100)
    a, b = thin_counts(whole, np.random.default_rng(0))
    rest = a.total_n - a.counts_ng.sum(axis=1).A1
    assert rest.mean() == pytest.approx(50, abs=1.5)
    assert rest.std() == pytest.approx(5, abs=1)
    assert np.all(b.total_n + a.total_n == 110)


@given(matrices, st.integers(0, 20), st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_structureless_counts_keep_every_depth(dense: np.ndarray, unseen: int, seed: int) -> None:
    """Each cell's total is kept, and no gene appears that no cell has."""
    whole = counts_of(dense, unseen)
    null = structureless_counts(whole, np.random.default_rng(seed))
    np.testing.assert_array_equal(null.total_n, whole.total_n)
    assert np.all(null.counts_ng.toarray()[:, dense.sum(axis=0) == 0] == 0)
    assert null.counts_ng.has_canonical_format


def test_structureless_counts_follow_the_pooled_frequencies() -> None:
    """Two types of cells become one: every cell has the pooled mixture."""
    dense = np.zeros((400, 4), dtype=np.int64)
    dense[:200, :2], dense[200:, 2:] = 50, 150  # other depths, other genes
    null = structureless_counts(counts_of(dense), np.random.default_rng(0)).counts_ng.toarray()
    pooled = dense.sum(axis=0) / dense.sum()
    for rows in (slice(0, 200), slice(200, 400)):
        share = null[rows].sum(axis=0) / null[rows].sum()
        np.testing.assert_allclose(share, pooled, atol=0.01)
    # As multinomial as it claims: the variance of a share is p (1 − p) / depth.
    variance = null[:200, 0].var() / (100 * pooled[0] * (1 - pooled[0]))
    assert variance == pytest.approx(1, abs=0.25)
