"""Claims about markers: they are those of an independent implementation, at any place."""

import numpy as np
import pytest
from conftest import SMALL, simulate
from scipy import sparse
from scipy.stats import false_discovery_control, mannwhitneyu

from scbaseline.cells.markers import MOST_ELSEWHERE, Markers, one_versus_rest
from scbaseline.counts import Counts
from scbaseline.scale import log_normalise

ADATA = simulate()
COUNTS = Counts.from_anndata(ADATA)
CODES_N = ADATA.obs["cell_type"].astype("category").cat.codes.to_numpy(np.int64)
LOG_NG = log_normalise(COUNTS.counts_ng, COUNTS.total_n, target_sum=1e4).astype(np.float32)


@pytest.fixture(scope="module")
def markers() -> Markers:
    """Return the markers of three simulated types."""
    return one_versus_rest(COUNTS, CODES_N, SMALL)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_auc_and_p_values_are_scipys(markers: Markers, k: int) -> None:
    """Ranks of the non-zeros alone give Mann and Whitney's statistic, ties and all."""
    x_ng = LOG_NG.toarray()
    own, others = x_ng[k == CODES_N], x_ng[k != CODES_N]
    test = mannwhitneyu(own, others, axis=0, method="asymptotic", alternative="greater")
    pairs = len(own) * len(others)
    np.testing.assert_allclose(markers.auc_kg[k], test.statistic / pairs, atol=1e-6)
    # Above .5, scipy's correction for continuity is another one.
    chosen = np.flatnonzero(test.pvalue < 0.5)[::2]
    assert len(chosen) > 20
    p = false_discovery_control(test.pvalue[chosen])
    np.testing.assert_allclose(markers.p_values(k, chosen), p, rtol=1e-3, atol=1e-7)


def test_shares_and_fold_changes_are_those_of_the_dense_counts(markers: Markers) -> None:
    """Each is what a loop over the cells gives."""
    x_ng = LOG_NG.toarray().astype(np.float64)
    own = CODES_N == 1
    np.testing.assert_allclose(markers.share_kg[1], (x_ng[own] > 0).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(markers.share_rest_kg[1], (x_ng[~own] > 0).mean(axis=0), rtol=1e-6)
    mean, rest = np.expm1(x_ng[own]).mean(axis=0), np.expm1(x_ng[~own]).mean(axis=0)
    np.testing.assert_allclose(
        markers.log2_fold_kg[1], np.log2((mean + 1) / (rest + 1)), rtol=1e-4, atol=1e-5
    )


def test_more_genes_than_a_block_are_the_same(markers: Markers) -> None:
    """Genes beyond the first block are compared as those in it are."""
    padding = 4200 - 100  # so that the simulated genes lie on both sides of a block's end
    shape = (len(CODES_N), padding)
    wide = sparse.hstack([sparse.csr_matrix(shape), COUNTS.counts_ng], format="csr")
    moved = one_versus_rest(Counts(wide.astype(np.float32), COUNTS.total_n), CODES_N, SMALL)
    np.testing.assert_array_equal(moved.auc_kg[:, padding:], markers.auc_kg)
    assert np.all(moved.auc_kg[:, :padding] == 0.5)
    assert np.all(moved.z_kg[:, :padding] == 0)


def test_top_markers_are_the_simulated_ones_and_not_everywhere(markers: Markers) -> None:
    """What sets a type apart comes first; what most other cells show is not called a marker."""
    for k in range(3):
        assert markers.top(k, 1)[0] in range(10 * k, 10 * k + 10)
        top = markers.top(k, 150)
        assert np.all(markers.share_rest_kg[k, top] <= MOST_ELSEWHERE)
        assert np.all(np.diff(markers.auc_kg[k, top]) <= 0)
        assert markers.auc_kg[k, top[-1]] > 0.5
