"""Several files of the same genes in; one data set of all their cells, left on disk, out."""

import warnings
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline import keys
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.rows import row_reader
from scbaseline.errors import InputError, ScbaselineWarning

_ENDINGS = (".h5ad", ".zarr")


def shards_of(folder: Path) -> list[Path]:
    """Return the ``.h5ad`` and ``.zarr`` files of a folder in the order of their names.

    A folder of 10x has none, whatever lies beside its matrix.
    """
    if not folder.is_dir() or any(folder.glob("*matrix.mtx*")):
        return []
    return sorted(path for path in folder.iterdir() if path.name.endswith(_ENDINGS))


class StackedRows:
    """The rows of several matrices, one below the other, as one matrix on disk.

    Parameters
    ----------
    shards
        Name and matrix of each, cells × genes, compressed by rows or dense, as AnnData holds
        them on disk.
    """

    format = "csr"

    def __init__(self, shards: Sequence[tuple[str, Any]]) -> None:
        matrices = [matrix for _, matrix in shards]
        self._names = [name for name, _ in shards]
        self._readers = [row_reader(matrix) for matrix in matrices]
        self._stops = np.cumsum([matrix.shape[0] for matrix in matrices])
        self.shape = int(self._stops[-1]), int(matrices[0].shape[1])
        self.n_bytes_in_memory: float = sum(map(_n_bytes, matrices))

    def __getitem__(self, rows: slice) -> "sparse.csr_matrix":
        first, last, _ = rows.indices(self.shape[0])
        parts: list[sparse.csr_matrix[np.float32]] = []
        start = 0
        shards = zip(self._names, self._readers, self._stops.tolist(), strict=True)
        for name, read, stop in shards:
            if first < stop and last > start:
                try:
                    part = read(max(first, start) - start, min(last, stop) - start)
                    parts.append(canonical_csr(part))
                except (InputError, OSError, RuntimeError) as error:
                    raise InputError(f"{name}: cannot be read ({error})") from error
            start = stop
        if not parts:  # no cell
            parts = [canonical_csr(self._readers[0](0, 0))]
        return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")


class Shards(AnnData):
    """An AnnData whose X is :class:`StackedRows`, which AnnData itself does not take.

    Parameters
    ----------
    rows
        X.
    obs, var, uns
        As in AnnData.
    """

    def __init__(self, rows: StackedRows, **parts: Any) -> None:
        super().__init__(None, **parts)
        self._rows = rows

    @property
    def X(self) -> StackedRows:  # noqa: N802 (AnnData's name)
        """Counts, cells × genes, on disk."""
        return self._rows

    def with_obs(self, obs: pd.DataFrame, uns: dict[str, Any]) -> "Shards":
        """Return the same cells with other annotations."""
        return Shards(self._rows, obs=obs, var=self.var, uns=uns)


def stacked(shards: Sequence[tuple[str, AnnData]]) -> Shards:
    """Return the cells of all shards, in order; uns names the columns of obs that some lack.

    Parameters
    ----------
    shards
        Name and cells of each, with X on disk.

    Raises
    ------
    InputError
        A shard has other genes than the first one; the message says which.
    """
    (first_name, first), *others = shards
    for name, adata in others:
        if difference := _difference(first.var_names, adata.var_names):
            raise InputError(f"{name} {difference} {first_name}; shards of one data set share them")
    for name, adata in shards:
        if adata.X is None:
            raise InputError(f"{name}: X is missing; name a layer of counts with --layer")
        if getattr(adata.X, "format", None) == "csc":
            raise InputError(f"{name}: X is compressed by columns; write it compressed by rows")
    obs = pd.concat([adata.obs for _, adata in shards])
    for column in obs:  # categories of all shards, not texts
        kinds = [adata.obs[column].dtype for _, adata in shards if column in adata.obs]
        if all(isinstance(kind, pd.CategoricalDtype) for kind in kinds):
            categories = reduce(pd.Index.append, [kind.categories for kind in kinds]).unique()
            obs[column] = pd.Categorical(obs[column], categories=categories)
    rows = StackedRows([(name, adata.X) for name, adata in shards])
    bare = {
        name: {"n_cells": adata.n_obs, "columns": [*map(str, absent)]}
        for name, adata in shards
        if len(absent := obs.columns.difference(adata.obs.columns))
    }
    return Shards(rows, obs=obs, var=first.var, uns={keys.BARE_SHARDS: bare})


def whole(shards: Shards) -> AnnData:
    """Return the same cells in memory."""
    return AnnData(shards.X[:], obs=shards.obs, var=shards.var, uns=dict(shards.uns))


def warn_of_bare_shards(adata: AnnData, label_key: str | None) -> None:
    """Warn of each shard without the label column: all its cells are unlabelled.

    Parameters
    ----------
    adata
        Cells of one file, or of a folder of shards.
    label_key
        The column of obs; ``None``: none is asked for.
    """
    bare = adata.uns.get(keys.BARE_SHARDS, {})
    lacking = [
        f"{name} ({shard['n_cells']:,} cells)"
        for name, shard in bare.items()
        if label_key in shard["columns"]
    ]
    if lacking:
        warnings.warn(
            f"--label-key {label_key}: no such column in {', '.join(lacking)}; these cells have "
            "no label. Add the column there, or give labels of all cells with --obs",
            ScbaselineWarning,
            stacklevel=3,
        )


def _difference(wanted: pd.Index, seen: pd.Index) -> str:
    if wanted.equals(seen):
        return ""
    if len(absent := wanted.difference(seen)):
        return f"lacks {len(absent):,} genes (the first: {absent[0]}) of"
    if len(more := seen.difference(wanted)):
        return f"has {len(more):,} more genes (the first: {more[0]}) than"
    position = int(np.argmax(np.asarray(wanted) != np.asarray(seen)))
    return (
        f"has gene {seen[position]} where {wanted[position]} is expected, in another order than"
        if len(wanted) == len(seen)
        else "names genes more than once, unlike"
    )


def _n_bytes(matrix: Any) -> float:
    group = getattr(matrix, "group", None)
    n_values = group["data"].shape[0] if group is not None else np.prod(matrix.shape)
    return 8.0 * float(n_values)
