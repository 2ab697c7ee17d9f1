"""Claims about smoothing: unsure cells listen, sure and rare ones do not, and nothing is scaled."""

import dataclasses

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from scbaseline import Classifier, check_counts, train
from scbaseline.data.stream import stream_counts
from scbaseline.model.serve import serve
from scbaseline.model.smooth import MIN_CELLS, smooth

pytestmark = pytest.mark.xdist_group("smooth")


@pytest.fixture(scope="module")
def cells() -> AnnData:
    """Simulated cells."""
    return simulate(n_cells=400)


@pytest.fixture(scope="module")
def classifier(cells: AnnData) -> Classifier:
    """A network on half of the cells."""
    config = dataclasses.replace(SMALL, label_key="cell_type", folds=2, recipe=("hvg",))
    return train(check_counts(cells[:200].copy()), config).classifier


def expected(classifier: Classifier, query: AnnData) -> np.ndarray:
    """Return smoothed probabilities by scikit-learn's PCA and neighbours."""
    (block,) = serve(classifier, stream_counts(query), force=True, device="cpu")
    values = block.values_ng
    x_ng = (values if not hasattr(values, "dense") else values.dense()).numpy()
    p_nk = block.probability_nk.astype(np.float64)
    pcs_nc = PCA(min(30, x_ng.shape[1] - 1), svd_solver="full").fit_transform(x_ng)
    distance, near = NearestNeighbors(n_neighbors=16).fit(pcs_nc).kneighbors(pcs_nc)
    weight = np.exp(-((distance[:, 1:] / distance[:, -1:]) ** 2))
    weight /= weight.sum(axis=1, keepdims=True)
    codes_n = p_nk.argmax(axis=1)
    is_free_n = np.bincount(codes_n, minlength=p_nk.shape[1])[codes_n] >= MIN_CELLS
    a_n1 = (0.8 * (1 - p_nk.max(axis=1)) * is_free_n)[:, None]
    q_nk = p_nk
    for _ in range(3):
        q_nk = (1 - a_n1) * p_nk + a_n1 * np.einsum("nj,njk->nk", weight, q_nk[near[:, 1:]])
    return q_nk


def test_smoothing_is_that_of_its_description(cells: AnnData, classifier: Classifier) -> None:
    """Labels and probabilities are those of an independent way to compute them."""
    query = cells[200:].copy()
    q_nk = expected(classifier, query)
    table = smooth(classifier, stream_counts(query))
    labels = np.array(classifier.card.labels)
    assert (table["smoothed_label"].to_numpy(str) == labels[q_nk.argmax(axis=1)]).all()
    np.testing.assert_allclose(table["smoothed_probability"], q_nk.max(axis=1), atol=1e-4)


@pytest.mark.parametrize("n_cells", [1, 3, 20])
def test_few_cells_keep_their_own(n_cells: int, cells: AnnData, classifier: Classifier) -> None:
    """Fewer cells than a label needs to be smoothed: nothing changes."""
    query = cells[200 : 200 + n_cells].copy()
    table = classifier.predict(query, smooth=True)
    assert (table["smoothed_label"] == table["predicted_label"]).all()
    np.testing.assert_allclose(table["smoothed_probability"], table["probability"], atol=1e-6)
