"""An .h5ad in; the layout of its cells that it holds, if any, out."""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from scbaseline import keys


def own_layout(path: Path | None, *, n_cells: int) -> NDArray[np.float32] | None:
    """Return the coordinates in ``obsm["X_umap"]`` of a file; ``None`` where they cannot serve.

    Parameters
    ----------
    path
        The file; another format than .h5ad holds no layout.
    n_cells
        The number of cells that there must be.
    """
    if path is None or not path.is_file() or not h5py.is_hdf5(path):
        return None
    with h5py.File(path) as file:
        stored = file.get(f"obsm/{keys.X_UMAP}")
        if not isinstance(stored, h5py.Dataset) or stored.ndim != 2:
            return None
        if stored.shape[0] != n_cells or stored.shape[1] < 2 or stored.dtype.kind != "f":
            return None
        xy_n2 = stored[:, :2].astype(np.float32)
    return xy_n2 if np.isfinite(xy_n2).all() else None
