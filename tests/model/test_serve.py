"""Claims about serving: from non-zeros it computes what the module computes from all values."""

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from scbaseline.data.stream import stream_counts
from scbaseline.learn.ensemble import Ensemble
from scbaseline.learn.profile import CentredProfile
from scbaseline.learn.sparse import SparseRows, affine
from scbaseline.model.classifier import Classifier
from scbaseline.model.serve import serve


@pytest.fixture(scope="module")
def pbmc() -> Classifier:
    """The model that comes with the package; its recipe is ``robust``."""
    return Classifier.load("pbmc")


@pytest.mark.parametrize("lacking", [0.0, 0.4])
def test_labels_and_scores_are_those_of_the_module(pbmc: Classifier, lacking: float) -> None:
    """Few counts a cell, cells without any, and genes that are not in the file."""
    assert pbmc.unknown is not None
    rng = np.random.default_rng(1)
    symbols = np.array(pbmc.card.gene_symbols)
    measured_g = rng.random(len(symbols)) >= lacking
    depth_n1 = rng.choice([0.0, 50.0, 400.0, 4000.0], (60, 1))
    counts_ng = rng.poisson(depth_n1 * rng.dirichlet(np.full(len(symbols), 0.1), 60))
    counts_ng[:, ~measured_g] = 0
    var = pd.DataFrame(index=symbols[measured_g])
    adata = AnnData(sparse.csr_matrix(counts_ng[:, measured_g].astype(np.float32)), var=var)
    adata.obs_names = [f"cell{i}" for i in range(60)]
    stream = stream_counts(adata, model_genes=pbmc.card.genes)
    (served,) = serve(pbmc, stream, force=True, again=True, device="cpu")
    assert isinstance(served.values_ng, SparseRows)

    full_ng = torch.from_numpy(counts_ng.astype(np.float32))
    missing_g = torch.from_numpy(~measured_g)
    with torch.inference_mode():
        values_ng = pbmc.front(full_ng.masked_fill(missing_g, torch.nan), torch.ones(60))
        logits_nk = pbmc.network(values_ng)
        codes_n, ruler = logits_nk.argmax(dim=1), pbmc.unknown.ruler(missing_g)
        score_n = pbmc.unknown(values_ng, codes_n, full_ng, ruler)
        probability_nk = torch.softmax(logits_nk / pbmc.temperature, dim=1)
    full_n = ~served.empty_n
    np.testing.assert_allclose(served.values_ng.dense(), values_ng, atol=1e-5)
    np.testing.assert_allclose(served.probability_nk, probability_nk, atol=1e-5)
    assert served.score_n is not None
    np.testing.assert_allclose(served.score_n[full_n], score_n[full_n], atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    n_cells=st.integers(1, 12),
    n_genes=st.integers(4, 80),
    share=st.sampled_from([0.0, 0.02, 0.2, 0.9]),
    lacking=st.sampled_from([0.0, 0.3, 0.9]),
    seed=st.integers(0, 2**16),
)
def test_a_centred_profile_of_non_zeros_is_that_of_all_values(
    n_cells: int, n_genes: int, share: float, lacking: float, seed: int
) -> None:
    """Values, and the first layer of three networks at once."""
    rng = np.random.default_rng(seed)
    seen = sparse.csr_matrix(rng.poisson(0.4, (30, n_genes)).astype(np.float32))
    front = CentredProfile.fitted([seen], target_sum=1e4, max_value=3.0)
    network = Ensemble(n_genes, 4, hidden=(50, 7), members=3, dropout=0.1).eval()
    counts_ng = rng.poisson(2.0, (n_cells, n_genes)) * (rng.random((n_cells, n_genes)) < share)
    missing_g = rng.random(n_genes) < lacking
    counts_ng[:, missing_g] = 0
    full_ng = torch.from_numpy(np.where(missing_g, np.nan, counts_ng).astype(np.float32))
    csr = sparse.csr_matrix(counts_ng.astype(np.float32))
    with torch.inference_mode():
        values = front.sparse(csr, torch.ones(n_cells), missing_g=missing_g)
        expected_ng = front(full_ng)
        dense_ng = values.dense() if isinstance(values, SparseRows) else values
        torch.testing.assert_close(dense_ng, expected_ng, atol=1e-5, rtol=1e-5)
        first = affine(values, network.weight1, network.bias1)
        expected = torch.addmm(network.bias1, expected_ng, network.weight1)
        torch.testing.assert_close(first, expected, atol=1e-5, rtol=1e-5)


def test_weights_in_strips_give_the_same_product() -> None:
    """A table too large to be kept near is summed strip by strip."""
    rng = np.random.default_rng(0)
    difference_ng = sparse.random(40, 2100, density=0.05, format="csr", rng=rng, dtype=np.float32)
    rows = SparseRows.from_csr(
        rng.normal(size=2100), difference_ng,
        own_n=torch.from_numpy(rng.normal(size=40).astype(np.float32)),
        along_g=torch.from_numpy((rng.random(2100) < 0.5).astype(np.float32)),
    )  # fmt: skip
    weight_gh = torch.from_numpy(rng.normal(size=(2100, 150)).astype(np.float32))
    bias_h = torch.ones(150)
    expected = rows.dense().double() @ weight_gh.double() + 1
    with torch.inference_mode():
        torch.testing.assert_close(
            affine(rows, weight_gh, bias_h).double(), expected, atol=1e-3, rtol=1e-4
        )
    weight_gh.requires_grad_()
    trainable = SparseRows.from_csr(
        rows.constant_g.numpy(), difference_ng,
        trainable=True, own_n=rows.own_n, along_g=rows.along_g,
    )  # fmt: skip
    affine(trainable, weight_gh, bias_h).square().sum().backward()
    gradient_gh, weight_gh.grad = weight_gh.grad, None
    (rows.dense() @ weight_gh + bias_h).square().sum().backward()
    torch.testing.assert_close(gradient_gh, weight_gh.grad, atol=1e-1, rtol=1e-3)
