"""Turns AnnData's own formats, .h5ad and .zarr, into an AnnData in memory or on disk."""

import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset

from scbaseline.data.foreign import LOOM, MUDATA
from scbaseline.data.hdf5 import OtherHdf5Error, missing_filter, open_hdf5, read_straight
from scbaseline.data.identifiers import texts
from scbaseline.data.zarr_parts import require_parts
from scbaseline.errors import InputError, ScbaselineWarning, listed

_PARTS = ("obs", "var")


def read_h5ad(path: Path) -> AnnData:
    """Read an .h5ad file into memory."""
    with _h5ad(path) as file:
        return _read(file, lambda: anndata.read_h5ad(path))


def read_zarr(path: Path) -> AnnData:
    """Read a .zarr store, a folder or zipped, into memory."""
    with _zarr(path) as group:
        return _zarr_in_memory(group)


@contextmanager
def open_h5ad(path: Path) -> Iterator[AnnData]:
    """Open an .h5ad file with X, layers and raw left on disk, until the context ends."""
    with _h5ad(path) as file, read_straight(_matrices(file)):
        # Files of AnnData before 0.7 keep tables as one array, which only the reader knows.
        is_old = not isinstance(file["obs"], h5py.Group) or "raw.X" in file
        yield anndata.read_h5ad(path) if is_old else _on_disk(file)


@contextmanager
def open_zarr(path: Path) -> Iterator[AnnData]:
    """Open a .zarr store with X, layers and raw left on disk, until the context ends."""
    with _zarr(path) as group:
        # anndata slices from the root of a store, wherever the group lies in it.
        yield _zarr_in_memory(group) if group.path else _on_disk(group)


@contextmanager
def _h5ad(path: Path) -> Iterator[Any]:
    with open_hdf5(path, what=".h5ad") as file:
        _require_parts(file)
        yield file


@contextmanager
def _zarr(path: Path) -> Iterator[Any]:
    import zarr

    if path.is_dir():
        group: Any = zarr.open_group(str(path), mode="r")
        _require_parts(group)
        require_parts(group, _matrices(group))
        yield group
        return
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            is_cut = file.read(2) == b"PK"
        what = "a zip archive that is cut short" if is_cut else "a file, but no zip archive"
        raise InputError(
            f"is {what}; a .zarr store is a folder, or a .zarr.zip as a whole; get it again"
        )
    with zipfile.ZipFile(path) as packed:
        if not any(name.endswith((".zgroup", "zarr.json")) for name in packed.namelist()):
            raise InputError(
                "is a zip archive without a .zarr store; unpack it, pass what it holds"
            )
    store = zarr.storage.ZipStore(path, mode="r", read_only=True)
    try:
        group = zarr.open_group(store, path=_folder_in(path), mode="r")
        _require_parts(group)
        require_parts(group, _matrices(group))
        yield group
    finally:
        store.close()


def _zarr_in_memory(group: Any) -> AnnData:
    return _read(group, lambda: read_elem(group) if group.path else anndata.read_zarr(group))


def _folder_in(packed: Path) -> str | None:
    """Return the folder of a zip file that holds the store, where its root does not."""
    with zipfile.ZipFile(packed) as file:
        names = file.namelist()
    tops = {name.split("/")[0] for name in names if not name.startswith("__MACOSX/")}
    is_root = any(name in names for name in (".zgroup", "zarr.json"))
    return tops.pop() if not is_root and len(tops) == 1 else None


def _require_parts(group: Any) -> None:
    if "matrix/barcodes" in group and "X" not in group:
        raise OtherHdf5Error("is a 10x file, not of AnnData; rename it to end in .h5")
    if "mod" in group and "X" not in group:
        raise InputError(MUDATA.format(first=next(iter(group["mod"]), "rna")))
    if tables := [name for name in group.get("tables", ()) if "X" in group["tables"][name]]:
        raise InputError(
            f"is a SpatialData store; pass one of its tables ({listed(tables)}), e.g. the folder "
            f"tables/{tables[0]} in it"
        )
    if "row_attrs" in group and "col_attrs" in group:
        raise InputError(LOOM)
    has_counts = "X" in group or len(group.get("layers", ())) or "X" in group.get("raw", ())
    absent = [] if has_counts else ["X"]
    if absent := absent + [name for name in _PARTS if name not in group]:
        raise InputError(f"holds no {', '.join(absent)}; pass a file of AnnData with raw counts")


def _read(group: Any, read: Callable[[], AnnData]) -> AnnData:
    """Read everything; where a part that counts do not need cannot be read, do without it."""
    try:
        return read()
    except (InputError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (what is needed raises it again)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", ScbaselineWarning)
            adata = _on_disk(group)
        whole = AnnData(
            X=_whole(adata.X),
            obs=adata.obs,
            var=adata.var,
            layers=_whole_layers(group, adata),
            raw=_whole_raw(group, adata),
            uns=adata.uns,
        )
        for warning in said:
            _warn(str(warning.message))
        n_left_out = len(adata.layers) - len(whole.layers) + (adata.raw is not None) - (
            whole.raw is not None
        )  # fmt: skip
        if not said and not n_left_out:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
            _warn(f"a part that counts do not need cannot be read ({reason}); it is left out")
        return whole


def _on_disk(group: Any) -> AnnData:
    layers, raw = group.get("layers", {}), group.get("raw", {})
    has_raw = "X" in raw and "var" in raw
    return AnnData(
        X=_matrix(group["X"]) if "X" in group else None,
        obs=_table(group["obs"]),
        var=_table(group["var"]),
        layers={name: _matrix(layers[name]) for name in layers},
        raw={"X": _matrix(raw["X"]), "var": _table(raw["var"])} if has_raw else None,
        uns=_uns(group),
    )


def _table(element: Any) -> Any:
    """Read obs or var; a column that cannot be read is left out, with a warning."""
    try:
        return read_elem(element)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (an index that is damaged raises it again)
        index = str(element.attrs["_index"])
        names = texts(pd.Index(np.asarray(read_elem(element[index]), dtype=object)))
        table = pd.DataFrame(index=pd.Index(names, dtype=object))
        for name in element.attrs.get("column-order", ()):
            try:
                # Pandas takes a dict as a column, too, and breaks where it is used.
                values = np.asarray(read_elem(element[str(name)])).reshape(len(table))
                table[str(name)] = values
            except Exception as error:  # noqa: BLE001 (it is said, and the others are read)
                reason = (str(error).strip() or type(error).__name__).splitlines()[0][:100]
                _warn(f"{element.name}/{name} cannot be read ({reason}); it is left out")
        return table


def _uns(group: Any) -> dict[str, Any]:
    try:
        return dict(read_elem(group["uns"])) if "uns" in group else {}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (nothing in it is needed)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:100]
        _warn(f"uns cannot be read ({reason}); it is left out")
        return {}


def _warn(text: str) -> None:
    warnings.warn(text, ScbaselineWarning, stacklevel=3)


def _matrices(group: Any) -> list[Any]:
    """Return the matrices that counts may be taken from."""
    found = [group["X"]] if "X" in group else []
    if "layers" in group:
        found += [group["layers"][name] for name in group["layers"]]
    if "raw" in group and "X" in group["raw"]:
        found.append(group["raw"]["X"])
    return [
        matrix
        for matrix in found
        if hasattr(matrix, "nchunks") or ("encoding-type" in matrix.attrs and _is_sparse(matrix))
    ]


def _is_sparse(element: Any) -> bool:
    kind = element.attrs.get("encoding-type", element.attrs.get("h5sparse_format", ""))
    return str(kind) in ("csr_matrix", "csc_matrix", "csr", "csc")


def _matrix(element: Any) -> Any:
    if _is_sparse(element):
        return sparse_dataset(element)
    if not hasattr(element, "shape"):
        kind = element.attrs.get("encoding-type")
        said = "does not say its encoding" if kind is None else f"has the unknown encoding {kind!r}"
        raise InputError(
            f"{element.name} {said} (its attribute encoding-type must be csr_matrix or "
            "csc_matrix); write the file anew with adata.write_h5ad or adata.write_zarr"
        )
    return element


def _whole(matrix: Any) -> Any:
    """Return a matrix in memory; one of which a part is damaged raises as anndata does."""
    return None if matrix is None else matrix[:]


def _whole_layers(group: Any, adata: AnnData) -> dict[str, Any]:
    """Return the layers that can be read; one that cannot is left out, with a warning."""
    layers = {}
    for name in adata.layers:
        try:
            layers[name] = _whole(adata.layers[name])
        except (OSError, RuntimeError, ValueError) as error:
            _warn_of_part(group, f"layers/{name}", error)
    return layers


def _whole_raw(group: Any, adata: AnnData) -> dict[str, Any] | None:
    if adata.raw is None:
        return None
    try:
        return {"X": _whole(adata.raw.X), "var": adata.raw.var}
    except (OSError, RuntimeError, ValueError) as error:
        _warn_of_part(group, "raw", error)
        return None


def _warn_of_part(group: Any, name: str, error: Exception) -> None:
    reason = missing_filter(group[name]) if isinstance(group, h5py.Group) else ""
    reason = reason or (str(error).strip() or type(error).__name__).splitlines()[0][:160]
    _warn(f"{name} cannot be read ({reason}); it is left out")
