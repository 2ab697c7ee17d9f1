"""Turns AnnData's own formats, .h5ad and .zarr, into an AnnData in memory or on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset

from scbaseline.errors import InputError

_PARTS = ("X", "obs", "var")


def read_h5ad(path: Path) -> AnnData:
    """Read an .h5ad file into memory."""
    with _h5ad(path):
        return anndata.read_h5ad(path)


def read_zarr(path: Path) -> AnnData:
    """Read a .zarr store, a folder or zipped, into memory."""
    with _zarr(path) as group:
        adata: AnnData = anndata.read_zarr(group)
        missing_indices = [
            matrix for matrix in _matrices(group) if not _is_whole(matrix, "indices")
        ]
        for matrix in missing_indices:
            stored = sparse_dataset(matrix)[:]
            stored.has_canonical_format = False
            # A part that is all zeros is not written; one that was lost reads as zeros, too.
            if not stored.has_canonical_format:
                raise InputError(f"{matrix.name} lacks a part of its indices; copy the store again")
        return adata


@contextmanager
def open_h5ad(path: Path) -> Iterator[AnnData]:
    """Open an .h5ad file with X, layers and raw left on disk, until the context ends."""
    with _h5ad(path) as file:
        # Files of AnnData before 0.7 keep tables as one array, which only the reader knows.
        yield _on_disk(file) if isinstance(file["obs"], h5py.Group) else anndata.read_h5ad(path)


@contextmanager
def open_zarr(path: Path) -> Iterator[AnnData]:
    """Open a .zarr store with X, layers and raw left on disk, until the context ends."""
    with _zarr(path) as group:
        yield _on_disk(group)


@contextmanager
def _h5ad(path: Path) -> Iterator[Any]:
    if path.is_dir():
        raise InputError("is a folder, not a file; pass the .h5ad file")
    with path.open("rb"):
        pass  # for the plain words of an error of access: h5py's are long
    if not h5py.is_hdf5(path):
        raise InputError("is not an HDF5 file, as every .h5ad is; get the file again")
    with h5py.File(path) as file:
        _require_parts(file)
        yield file


@contextmanager
def _zarr(path: Path) -> Iterator[Any]:
    import zarr

    if path.is_dir():
        group: Any = zarr.open_group(str(path), mode="r")
        _require_whole(group)
        yield group
        return
    store = zarr.storage.ZipStore(path, mode="r", read_only=True)
    try:
        group = zarr.open_group(store, mode="r")
        _require_whole(group)
        yield group
    finally:
        store.close()


def _require_parts(group: Any) -> None:
    if "matrix/barcodes" in group and "X" not in group:
        raise InputError("is a 10x file, not of AnnData; rename it to end in .h5")
    if absent := [name for name in _PARTS if name not in group]:
        raise InputError(f"holds no {', '.join(absent)}; pass a file of AnnData with counts in X")


def _require_whole(group: Any) -> None:
    """Refuse a store that lost files: zarr reads what is not there as zeros, in silence."""
    _require_parts(group)
    needed = [matrix["data"] for matrix in _matrices(group)]
    for table in (group["obs"], group["var"]):
        needed += _never_all_zero(table)
    for array in needed:
        if array.nchunks_initialized < array.nchunks:
            raise InputError(
                f"{array.name} lacks {array.nchunks - array.nchunks_initialized} of its "
                f"{array.nchunks} parts; copy the store again"
            )


def _never_all_zero(table: Any) -> list[Any]:
    """Return the arrays of a table that have every part, if none was lost: names and labels."""
    arrays = [table[table.attrs.get("_index", "_index")]]
    for name in table:
        if table[name].attrs.get("encoding-type") == "categorical":
            categories, codes = table[name]["categories"], table[name]["codes"]
            arrays.append(categories)
            # One part of many may hold the first category alone, all of them hardly.
            if codes.nchunks_initialized == 0 and categories.shape[0] > 1:
                arrays.append(codes)
    return [array for array in arrays if hasattr(array, "nchunks")]


def _matrices(group: Any) -> list[Any]:
    """Return the sparse matrices that counts may be taken from."""
    found = [group["X"]]
    if "layers" in group:
        found += [group["layers"][name] for name in group["layers"]]
    if "raw" in group and "X" in group["raw"]:
        found.append(group["raw"]["X"])
    return [matrix for matrix in found if "encoding-type" in matrix.attrs and _is_sparse(matrix)]


def _is_sparse(element: Any) -> bool:
    kind = element.attrs.get("encoding-type", element.attrs.get("h5sparse_format", ""))
    return str(kind) in ("csr_matrix", "csc_matrix", "csr", "csc")


def _is_whole(matrix: Any, name: str) -> bool:
    return bool(matrix[name].nchunks_initialized == matrix[name].nchunks)


def _on_disk(group: Any) -> AnnData:
    layers = group.get("layers", {})
    raw = group.get("raw", {})
    return AnnData(
        X=_matrix(group["X"]),
        obs=read_elem(group["obs"]),
        var=read_elem(group["var"]),
        layers={name: _matrix(layers[name]) for name in layers},
        raw={"X": _matrix(raw["X"]), "var": read_elem(raw["var"])} if "X" in raw else None,
        uns=read_elem(group["uns"]) if "uns" in group else {},
    )


def _matrix(element: Any) -> Any:
    return sparse_dataset(element) if _is_sparse(element) else element
