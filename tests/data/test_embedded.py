"""The sample that is installed with scanpy comes back as the counts that it was made of."""

import numpy as np
import scanpy

from scbaseline.data.read import read_counts


def test_embedded_sample_named_by_the_user_needs_no_notice() -> None:
    """Who asks for the embedded sample by name gets it with nothing to explain."""
    provenance = read_counts("pbmc68k_reduced").uns["scbaseline"]
    assert provenance["embedded"]
    assert provenance["notice"] == ""
    assert provenance["total_key"] == "n_counts"


def test_embedded_counts_give_scanpys_normalised_values_back() -> None:
    """log1p of counts per 10,000 of n_counts is what scanpy ships, to its three decimals."""
    shipped = scanpy.datasets.pbmc68k_reduced()
    adata = read_counts("pbmc68k_reduced")
    per_10k = adata.X.toarray() / adata.obs["n_counts"].to_numpy()[:, None] * 1e4
    # float32 made 0.001 of the largest values, 5.6 or so, a little less exact
    np.testing.assert_allclose(np.log1p(per_10k), shipped.raw.X.toarray(), atol=1.1e-3)
    assert adata.obs["bulk_labels"].equals(shipped.obs["bulk_labels"])
