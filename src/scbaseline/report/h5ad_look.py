"""A file of predictions and its cells in the plane in; layout and clusters in the file, out."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.colours import contrasted
from scbaseline.colours import look as colour_and_marker
from scbaseline.study.look import Look


def add_look(path: Path, look: Look) -> None:
    """Write the layout, where the file has none, and the clusters into an .h5ad.

    Cells that were not laid out have no coordinates and no cluster. Where obs has a column
    ``leiden`` of the user's, ours is called ``leiden_scbaseline``.

    Parameters
    ----------
    path
        A copy of the query's file.
    look
        Its cells in the plane.
    """
    from anndata.io import write_elem

    with h5py.File(path, "r+") as file:
        if not look.own_layout:
            xy_n2 = np.full((look.n_all, 2), np.nan, dtype=np.float32)
            xy_n2[look.rows_n] = look.xy_n2
            if "obsm" not in file:
                write_elem(file, "obsm", {})
            write_elem(file["obsm"], keys.X_UMAP, xy_n2)
        obs = file["obs"]
        name = f"{keys.LEIDEN}_scbaseline" if keys.LEIDEN in obs else keys.LEIDEN
        names = sorted(set(look.clusters_n), key=int)
        cluster_n = np.full(look.n_all, None, dtype=object)
        cluster_n[look.rows_n] = look.clusters_n
        write_elem(obs, name, pd.Categorical(cluster_n, names))
        present = [str(column) for column in obs.attrs["column-order"]]
        obs.attrs["column-order"] = present + [c for c in [name] if c not in present]
        if "uns" not in file:
            write_elem(file, "uns", {})
        codes_n = pd.Categorical(look.clusters_n, names).codes.astype(np.int64)
        looks = contrasted(look.xy_n2, codes_n, len(names))
        colours = [colour_and_marker(number)[0] for number in looks]
        write_elem(file["uns"], f"{name}_colors", np.array(colours, dtype=object))
