"""Claims about the test on half B: depth is no marker, real markers are found, few are skipped."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL
from scipy import sparse

from scbaseline.cells.half_test import LEAST_CELLS, judged_on_half_b
from scbaseline.cells.markers import one_versus_rest
from scbaseline.cells.thinning import equal_depth, thin_counts
from scbaseline.counts import Counts

N_CELLS, N_GENES = 1500, 600


def halves(seed: int, *, fold: float = 1.0) -> tuple[Counts, Counts, np.ndarray]:
    """Return halves of Poisson counts and quarters of the cells by depth in half A.

    The deepest quarter shows the first ten genes ``fold`` times as much.
    """
    rng = np.random.default_rng(seed)
    depth_n = rng.lognormal(0, 0.4, size=N_CELLS)
    rate_ng = depth_n[:, None] * rng.lognormal(-0.7, 1.3, size=N_GENES)
    rate_ng[depth_n > np.quantile(depth_n, 0.75), :10] *= fold
    counts_ng = sparse.csr_matrix(rng.poisson(rate_ng), dtype=np.float32)
    a, b = thin_counts(Counts(counts_ng, np.asarray(counts_ng.sum(axis=1)).ravel()), rng)
    codes_n = np.searchsorted(np.quantile(a.total_n, [0.25, 0.5, 0.75]), a.total_n)
    return a, b, codes_n


@pytest.mark.parametrize("seed", range(3))
def test_groups_of_equal_depth_only_have_no_markers(seed: int) -> None:
    """Grouped by depth, structureless counts look different; thinned to one depth, they do not."""
    a, b, codes_n = halves(seed)
    plain = one_versus_rest(b, codes_n, SMALL)
    shares = [(plain.p_values(k, np.arange(N_GENES)) < 0.05).mean() for k in range(4)]
    assert max(shares) > 0.2  # what the thinning is for
    config = replace(SMALL, seed=seed)
    tested = judged_on_half_b(a, b, codes_n, np.arange(4), config, n_genes=N_GENES)
    p_values = np.concatenate([p for _, p in tested.values()])
    assert len(tested) >= 3  # half A may show no marker of the shallowest
    assert len(p_values) > N_GENES
    assert (p_values < 0.05).mean() < 0.01


def test_markers_of_a_deep_group_are_found() -> None:
    """Genes that a group really shows more are chosen and significant; its depth adds none."""
    a, b, codes_n = halves(0, fold=4.0)
    genes, p = judged_on_half_b(a, b, codes_n, np.array([3]), SMALL, n_genes=30)[3]
    found = set(genes[p < 0.05].tolist())
    assert len(found & set(range(10))) >= 8
    assert len(found - set(range(10))) <= 1


def test_lower_genes_are_not_significant() -> None:
    """The test is one-sided: a gene that the other cells show more has a p-value near 1."""
    _, b, codes_n = halves(0, fold=4.0)
    markers = one_versus_rest(b, (codes_n == 3).astype(np.int64), SMALL)
    strong = np.argsort(-markers.z_kg[1])[:5]
    assert markers.p_values(1, strong).max() < 1e-6
    assert markers.p_values(0, strong).min() > 0.99


def test_half_b_does_not_choose_the_genes() -> None:
    """The same genes are tested whatever half B holds."""
    a, b, codes_n = halves(0, fold=4.0)
    other = Counts(b.counts_ng[:, ::-1].tocsr(), b.total_n)
    one = judged_on_half_b(a, b, codes_n, np.array([3]), SMALL, n_genes=10)[3]
    two = judged_on_half_b(a, other, codes_n, np.array([3]), SMALL, n_genes=10)[3]
    np.testing.assert_array_equal(one[0], two[0])
    assert two[1].min() > 0.01


def test_few_cells_are_not_tested_and_a_seed_repeats() -> None:
    """A cluster without enough deep cells is missing; the same seed gives the same p-values."""
    a, b, codes_n = halves(0, fold=4.0)
    few_n = np.where(np.arange(N_CELLS) < LEAST_CELLS - 1, 1, 0)
    assert judged_on_half_b(a, b, few_n, np.arange(2), SMALL, n_genes=10) == {}
    one, two = (
        judged_on_half_b(a, b, codes_n, np.array([3]), SMALL, n_genes=10)[3] for _ in range(2)
    )
    np.testing.assert_array_equal(one[1], two[1])


def test_equal_depth_keeps_unseen_genes_in_the_totals_and_refuses_shallow_cells() -> None:
    """Counts of genes that are not held are thinned alike; a cell cannot gain counts."""
    _, b, _ = halves(0)
    half = Counts(b.counts_ng, 2 * b.total_n).rows(b.total_n >= 100)
    thinned = equal_depth(half, 200, np.random.default_rng(0))
    assert abs(thinned.total_n.mean() - 200) < 2
    assert abs(thinned.counts_ng.sum() / thinned.total_n.sum() - 0.5) < 0.01
    with pytest.raises(ValueError, match="wanted: 100,000"):
        equal_depth(b, 100_000, np.random.default_rng(0))
