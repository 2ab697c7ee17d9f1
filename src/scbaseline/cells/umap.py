"""Turns a neighbour graph into coordinates in the plane, with UMAP."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.neighbours import NeighbourGraph
from scbaseline.cells.platform import has_scranpy
from scbaseline.config import RunConfig

_FEW_CELLS, _MANY_CELLS = 10_000, 100_000

# The curve that umap-learn fits to spread 1 and scanpy's min_dist .5.
_A, _B = 0.5830300203414425, 1.3341669924314914


def umap_layout(
    graph: NeighbourGraph,
    pcs_nc: NDArray[np.float32],
    config: RunConfig,
    *,
    n_epochs: int | None = None,
) -> NDArray[np.float32]:
    """Lay the neighbour graph out in the plane, with the settings of ``scanpy.tl.umap``.

    It starts from the first two principal components, not from the graph's eigenvectors as
    umap-learn does: the layout keeps neighbours as well, also where the graph falls into
    pieces, and the search for eigenvectors took, at 50,000 cells, from no time to as long as
    all the rest. It takes one thread: scranpy has a setting for more, and does not pass it on.

    Parameters
    ----------
    graph
        The neighbour graph.
    pcs_nc
        The principal components that it was built on, cells × components.
    config
        ``seed``.
    n_epochs
        Passes over the graph; ``None``: as many as :func:`epochs_of` says.

    Returns
    -------
    Coordinates, cells × 2.

    References
    ----------
    McInnes, Healy & Melville, UMAP, arXiv 1802.03426; Lun, umappp,
    https://github.com/libscran/umappp; Kobak & Linderman, Nature Biotechnology 2021, on why
    the start matters.
    """
    if n_epochs is None:
        n_epochs = epochs_of(len(pcs_nc))
    if not has_scranpy():
        return _umap_learn_layout(graph, n_epochs, config.seed)
    import knncolle
    import scranpy

    xy_n2 = scranpy.run_umap(
        knncolle.FindKnnResults(
            graph.indices_nk.astype(np.uint32), graph.distances_nk.astype(np.float64)
        ),
        a=_A,
        b=_B,
        initialize_method="none",
        initial_coordinates=_start(pcs_nc),
        num_epochs=n_epochs,
        optimize_seed=config.seed,
    )
    return np.ascontiguousarray(xy_n2, dtype=np.float32)


def epochs_of(n_cells: int) -> int:
    """Return how often the layout goes over the graph: as umap-learn, but for many cells.

    At 200,000 cells, 100 passes keep neighbours as well as 200 do, in half of the time
    (``python benchmarks/layout.py``).
    """
    if n_cells > _MANY_CELLS:
        return 100
    return 500 if n_cells <= _FEW_CELLS else 200


def umap_uns() -> dict[str, Any]:
    """Return what scanpy notes of a layout in ``uns["umap"]``."""
    return {"params": {"a": _A, "b": _B}}


def _start(pcs_nc: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two components, in the range in which umap-learn begins."""
    start_n2 = np.zeros((len(pcs_nc), 2))
    start_n2[:, : pcs_nc.shape[1]] = pcs_nc[:, :2]
    largest = np.abs(start_n2).max()
    return start_n2 * (10 / largest) if largest > 0 else start_n2


def _umap_learn_layout(graph: NeighbourGraph, n_epochs: int, seed: int) -> NDArray[np.float32]:
    """Make the layout where scranpy has no wheels, after numba's compilation."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tensorflow", category=ImportWarning)
        # With few cells the spectral start falls back to a random one.
        warnings.filterwarnings("ignore", message="Spectral initialisation", category=UserWarning)
        from umap.umap_ import simplicial_set_embedding

        xy_n2, _ = simplicial_set_embedding(
            data=None,
            graph=graph.connectivities.tocoo(),
            n_components=2,
            initial_alpha=1.0,
            a=_A,
            b=_B,
            gamma=1.0,
            negative_sample_rate=5,
            n_epochs=n_epochs,
            init="spectral",
            random_state=np.random.RandomState(seed),
            metric="euclidean",
            metric_kwds={},
            densmap=False,
            densmap_kwds={},
            output_dens=False,
        )
    return np.asarray(xy_n2, dtype=np.float32)
