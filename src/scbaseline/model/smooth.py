"""A query's cells and their neighbours in; probabilities smoothed over these out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import eigsh

from scbaseline import keys
from scbaseline.cells.neighbours import neighbour_graph
from scbaseline.config import RunConfig
from scbaseline.data.stream import CountStream
from scbaseline.learn.sparse import SparseRows
from scbaseline.model.serve import Served, serve

if TYPE_CHECKING:
    from scbaseline.model.classifier import Classifier

MIN_CELLS = 30
"""So many cells of a predicted label are needed, or their probabilities are left as they are."""

_STRONGEST, _STEPS = 0.8, 3
_N_NEIGHBORS, _N_COMPS = 16, 30  # the cell itself and 15 others


def smooth(classifier: "Classifier", stream: CountStream) -> pd.DataFrame:
    """Return ``smoothed_label`` and ``smoothed_probability`` of each cell of a query.

    Where a cell's label is unsure, those of similar cells of the query count, too; sure cells
    hardly change. Three times Q becomes (1 − a) P + a W Q. P are the probabilities, W the Gaussian
    weights of the 15 nearest cells, which add up to 1, and a = .8 (1 − the cell's largest
    probability). Cells of a predicted label with fewer than 30 cells keep their own: a rare
    type would be outvoted. The query is centred, but never standardised by its own spread,
    which in a query of one type would move real types apart.

    It reads the query twice more, computes on the CPU, and holds 30 components a cell in
    memory. Where ranks share the query, each reads its own cells, and rank 0 looks for
    neighbours among all.

    Parameters
    ----------
    classifier, stream
        The model and the query.
    """
    ranks = stream.ranks
    probability_nk, empty_n, pcs_nc = _seen(classifier, stream)
    codes_n = probability_nk.argmax(axis=1)
    n_k = np.bincount(codes_n[~empty_n], minlength=probability_nk.shape[1])
    is_free_n = (n_k[codes_n] >= MIN_CELLS) & ~empty_n
    smoothed_nk = probability_nk
    if len(pcs_nc) > _N_NEIGHBORS and is_free_n.any() and ranks.rank == 0:
        weights_nn = _neighbour_weights(pcs_nc)
        a_n1 = (_STRONGEST * (1 - probability_nk.max(axis=1)) * is_free_n)[:, None]
        for _ in range(_STEPS):
            smoothed_nk = (1 - a_n1) * probability_nk + a_n1 * (weights_nn @ smoothed_nk)
    smoothed_nk = ranks.gather(smoothed_nk if ranks.rank == 0 else smoothed_nk[:0])
    labels_n = np.asarray(classifier.card.labels, dtype=object)[smoothed_nk.argmax(axis=1)]
    labels_n[empty_n] = None
    highest_n = np.where(empty_n, np.nan, smoothed_nk.max(axis=1)).astype(np.float32)
    columns = {keys.SMOOTHED_LABEL: labels_n, keys.SMOOTHED_PROBABILITY: highest_n}
    return pd.DataFrame(columns, index=pd.Index(stream.cell_ids, name=keys.CELL_ID))


def _seen(
    classifier: "Classifier", stream: CountStream
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float32]]:
    """Return probabilities, which cells are empty, and the query's own principal components."""
    n_genes, ranks = len(classifier.card.gene_symbols), stream.ranks
    sum_g, gram_gg = np.zeros(n_genes), np.zeros((n_genes, n_genes))
    probabilities = [np.zeros((0, len(classifier.card.labels)), np.float32)]
    empty = [np.zeros(0, bool)]
    for block in _served(classifier, stream):
        x_ng = _dense(block)
        sum_g += x_ng.sum(axis=0)
        gram_gg += x_ng.T @ x_ng
        probabilities.append(block.probability_nk)
        empty.append(block.empty_n)
    n_cells = len(stream.cell_ids)
    mean_g = ranks.sum(sum_g) / n_cells
    axes_gc = _axes(ranks.sum(gram_gg) / n_cells - np.outer(mean_g, mean_g))
    offset_c = mean_g @ axes_gc
    pcs = [_dense(block) @ axes_gc - offset_c for block in _served(classifier, stream)]
    pcs_nc = ranks.gather(np.concatenate([offset_c[None][:0], *pcs]).astype(np.float32))
    probability_nk = ranks.gather(np.concatenate(probabilities)).astype(np.float64)
    return probability_nk, ranks.gather(np.concatenate(empty)), pcs_nc


def _served(classifier: "Classifier", stream: CountStream) -> Iterator[Served]:
    """Yield the query again, on the CPU: each cell's values are needed here."""
    return serve(classifier, stream, force=True, again=True, device="cpu")


def _dense(block: Served) -> NDArray[np.float32]:
    values = block.values_ng
    if values is None:
        raise AssertionError("values were not kept")
    full = values.dense() if isinstance(values, SparseRows) else values
    dense: NDArray[np.float32] = full.numpy()
    return dense


def _axes(covariance_gg: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the leading eigenvectors, genes × components."""
    n_comps = min(_N_COMPS, len(covariance_gg) - 1)
    vectors = eigsh(covariance_gg.astype(np.float64), k=n_comps, v0=np.ones(len(covariance_gg)))[1]
    axes_gc: NDArray[np.float64] = vectors
    return axes_gc


def _neighbour_weights(pcs_nc: NDArray[np.float32]) -> sparse.csr_matrix:
    """Return Gaussian weights of each cell's nearest cells; rows add up to 1.

    The width is the cell's distance to the farthest of them.
    """
    config = RunConfig(n_neighbors=_N_NEIGHBORS, n_pcs=pcs_nc.shape[1])
    graph = neighbour_graph(pcs_nc, config)
    square_nk = graph.distances_nk.astype(np.float64) ** 2
    weight_nk = np.exp(-square_nk / np.maximum(square_nk.max(axis=1, keepdims=True), 1e-12))
    weight_nk /= weight_nk.sum(axis=1, keepdims=True)
    weights = graph.distances.copy().astype(np.float64)
    weights.data = weight_nk.ravel()
    return weights
