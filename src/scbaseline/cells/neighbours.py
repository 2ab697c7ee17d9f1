"""Turns principal components into the neighbour graph that Leiden and UMAP read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.cells.platform import has_scranpy
from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.stages import usable_processors

# Every pair of cells is compared up to here; with more, that takes longer than the search:
# at 20,000 cells × 30 components 1.5 s against 1.8, at 50,000 8.8 s against 6.5.
_EXACT_UP_TO = 30_000
_EFFORTS = (
    {"num_links": 16, "ef_construction": 60, "ef_search": 60},
    {"num_links": 16, "ef_construction": 200, "ef_search": 200},
)
"""Of the approximate search. The first finds .98 of the neighbours of 50,000 cells and .97 of
those of 200,000 (``python benchmarks/neighbour_search.py``); the next is for where it does not."""

_MIN_RECALL = 0.95
_N_SAMPLE = 500  # cells whose neighbours are checked


@dataclass(frozen=True)
class NeighbourGraph:
    """Each cell's nearest cells, and how strongly cells hang together.

    Attributes
    ----------
    distances
        Cells × cells; in each row the ``n_neighbors - 1`` nearest other cells, nearest
        first, with their Euclidean distances.
    connectivities
        Cells × cells, symmetric, in (0, 1]: UMAP's fuzzy union of neighbourhoods.
    n_neighbors
        The size of a neighbourhood; it counts the cell itself, as in scanpy.
    approximate
        Whether some neighbours may not be the nearest.
    recall
        The share of neighbours that are truly among the nearest, on a sample of cells;
        ``None`` where every pair of cells was compared.
    uns
        What scanpy notes of a graph in ``uns["neighbors"]``.
    """

    distances: sparse.csr_matrix
    connectivities: sparse.csr_matrix
    n_neighbors: int
    approximate: bool
    recall: float | None
    uns: dict[str, Any]

    @property
    def indices_nk(self) -> NDArray[np.int32]:
        """The nearest other cells of each, nearest first."""
        return self.distances.indices.reshape(self.distances.shape[0], -1)

    @property
    def distances_nk(self) -> NDArray[np.float32]:
        """The distances to them."""
        return self.distances.data.reshape(self.distances.shape[0], -1)


def neighbour_graph(
    pcs_nc: NDArray[np.float32],
    config: RunConfig,
    *,
    exact_up_to: int = _EXACT_UP_TO,
    efforts: Sequence[Mapping[str, int]] = _EFFORTS,
) -> NeighbourGraph:
    """Find each cell's nearest cells and weigh them as ``scanpy.pp.neighbors`` does.

    With many cells the search is approximate; it is then checked against every cell for a
    sample. Where fewer than .95 of the neighbours found are truly the nearest, it is made again
    with more effort, and at last every pair is compared.

    Parameters
    ----------
    pcs_nc
        Principal components, cells × components.
    config
        ``n_neighbors``, ``n_pcs``, ``seed``, ``threads``. The number of threads changes no digit.
    exact_up_to
        The number of cells up to which every pair is compared.
    efforts
        Settings of the approximate search, the least first.

    Raises
    ------
    InputError
        Too few cells for a neighbourhood.

    References
    ----------
    Malkov & Yashunin, HNSW, IEEE TPAMI 2020; McInnes, Healy & Melville, UMAP, arXiv
    1802.03426, section 3.1.
    """
    n_cells, n_comps = pcs_nc.shape
    if n_cells <= config.n_neighbors:
        raise InputError(
            f"exploration: {n_cells} cells; more than n_neighbors ({config.n_neighbors}) are "
            "needed; lower --n-neighbors, or --min-genes to keep more cells"
        )
    n_pcs = min(config.n_pcs, n_comps)
    x_nc = np.ascontiguousarray(pcs_nc[:, :n_pcs])
    indices_nk, distances_nk, recall = _nearest(
        x_nc, config, efforts if n_cells > exact_up_to else ()
    )
    return NeighbourGraph(
        distances=_one_row_a_cell(distances_nk, indices_nk),
        connectivities=connectivities_of(indices_nk, distances_nk),
        n_neighbors=config.n_neighbors,
        approximate=recall is not None,
        recall=recall,
        uns={
            "connectivities_key": "connectivities",
            "distances_key": "distances",
            "params": {
                "n_neighbors": config.n_neighbors,
                "method": "umap",
                "random_state": config.seed,
                "metric": "euclidean",
                "n_pcs": n_pcs,
            },
        },
    )


def _nearest(
    x_nc: NDArray[np.float32], config: RunConfig, efforts: Sequence[Mapping[str, int]]
) -> tuple[NDArray[np.int32], NDArray[np.float32], float | None]:
    """Return the nearest other cells of each, their distances, and the recall if not all."""
    if efforts and has_scranpy():
        rng = np.random.default_rng(config.seed)
        sample_s = np.sort(rng.choice(len(x_nc), _N_SAMPLE, replace=False))
        for effort in efforts:
            indices_nk, distances_nk = _search(x_nc, config, effort)
            recall = _recall(x_nc, distances_nk, sample_s)
            if recall >= _MIN_RECALL:
                return indices_nk, distances_nk, recall
    from sklearn.neighbors import NearestNeighbors

    exact = NearestNeighbors(n_neighbors=config.n_neighbors - 1, algorithm="brute").fit(x_nc)
    distances_nk, indices_nk = exact.kneighbors()  # without the cell itself
    return indices_nk.astype(np.int32), distances_nk.astype(np.float32), None


def _search(
    x_nc: NDArray[np.float32], config: RunConfig, effort: Mapping[str, int]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Walk a navigable small world from cell to nearer cell."""
    import knncolle

    index = knncolle.build_index(knncolle.HnswParameters(**effort), x_nc.astype(np.float64))
    threads = config.threads or usable_processors()
    nearest = knncolle.find_knn(index, config.n_neighbors - 1, num_threads=threads)
    return nearest.index.astype(np.int32), nearest.distance.astype(np.float32)


def _recall(
    x_nc: NDArray[np.float32], distances_nk: NDArray[np.float32], sample_s: NDArray[np.int64]
) -> float:
    """Return the share of found neighbours that are no farther than the last true one."""
    from sklearn.neighbors import NearestNeighbors

    exact = NearestNeighbors(n_neighbors=distances_nk.shape[1] + 1, algorithm="brute").fit(x_nc)
    farthest_s = exact.kneighbors(x_nc[sample_s])[0][:, -1]
    tolerance = 1e-4  # of float32's distances
    return float(np.mean(distances_nk[sample_s] <= farthest_s[:, None] * (1 + tolerance)))


def _one_row_a_cell(
    values_nk: NDArray[np.float32], indices_nk: NDArray[np.int32]
) -> sparse.csr_matrix:
    n_cells, k = indices_nk.shape
    starts = np.arange(0, n_cells * k + 1, k)
    return sparse.csr_matrix((values_nk.ravel(), indices_nk.ravel(), starts), (n_cells, n_cells))


def connectivities_of(
    indices_nk: NDArray[np.int32], distances_nk: NDArray[np.float32]
) -> sparse.csr_matrix:
    """Let each cell's memberships sum to log2 of the neighbourhood, and unite both views."""
    rho_n, sigma_n = _smooth_scales(distances_nk)
    beyond_nk = np.maximum(distances_nk - rho_n[:, None], 0)
    membership_nk = np.exp(-beyond_nk / sigma_n[:, None]).astype(np.float32)
    one_way = _one_row_a_cell(membership_nk, indices_nk)
    other_way = one_way.T.tocsr()
    # a or b or both: a + b - ab
    union = sparse.csr_matrix(one_way + other_way - one_way.multiply(other_way))
    union.eliminate_zeros()  # of neighbours too far for a membership in float32
    union.sort_indices()
    return union


def _smooth_scales(
    distances_nk: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distance to the nearest distinct cell, and the scale beyond it, per cell.

    The scale is found by bisection, with the bounds of umap-learn.
    """
    d_nk = distances_nk.astype(np.float64)
    n_cells, k = d_nk.shape
    wanted = np.log2(k + 1)  # the neighbourhood counts the cell itself
    distinct_nk = np.where(d_nk > 0, d_nk, np.inf)
    rho_n = distinct_nk.min(axis=1)
    rho_n[np.isinf(rho_n)] = 0.0  # all neighbours are copies of the cell
    beyond_nk = np.maximum(d_nk - rho_n[:, None], 0)
    low_n, high_n, sigma_n = np.zeros(n_cells), np.full(n_cells, np.inf), np.ones(n_cells)
    for _ in range(64):
        sums_n = np.exp(-beyond_nk / sigma_n[:, None]).sum(axis=1)
        off_n = sums_n - wanted
        open_n = np.abs(off_n) >= 1e-5
        if not open_n.any():
            break
        high_n = np.where(open_n & (off_n > 0), sigma_n, high_n)
        low_n = np.where(open_n & (off_n <= 0), sigma_n, low_n)
        middle_n = np.where(np.isinf(high_n), 2 * sigma_n, (low_n + high_n) / 2)
        sigma_n = np.where(open_n, middle_n, sigma_n)
    # No scale is below a thousandth of the mean distance, the cell's own zero included.
    mean_n = d_nk.sum(axis=1) / (k + 1)
    least_n = 1e-3 * np.where(rho_n > 0, mean_n, mean_n.mean())
    return rho_n, np.maximum(sigma_n, least_n)
