"""Turns a 10x Genomics .h5 file, of Cell Ranger 2 or 3 and later, into an AnnData."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline import keys
from scbaseline.errors import InputError, did_you_mean

_PARTS = ("data", "indices", "indptr", "shape", "barcodes")


def read_10x_h5(path: Path, *, genome: str | None = None) -> AnnData:
    """Read a 10x .h5 file.

    Parameters
    ----------
    path
        The file.
    genome
        The genome whose genes are wanted, where there are several.

    Returns
    -------
    Cells × features, named by barcode and symbol (not yet unique), with ``gene_ids`` and,
    from version 3 on, ``feature_types`` and ``genome`` in var.

    Raises
    ------
    InputError
        It is no such file, or holds several genomes of which none was named.
    """
    if path.is_dir():
        raise InputError("is a folder, not a file; pass the .h5 file")
    with path.open("rb"):
        pass  # for the plain words of an error of access: h5py's are long
    if not h5py.is_hdf5(path):
        raise InputError("is not an HDF5 file, as every .h5 of 10x is; get the file again")
    with h5py.File(path) as file:
        if "X" in file and "obs" in file:
            raise InputError("is an AnnData file; rename it to end in .h5ad")
        if "matrix" in file:
            return _read_v3(file["matrix"], genome)
        genomes = [name for name, group in file.items() if "barcodes" in _keys(group)]
        if not genomes:
            raise InputError(
                f"holds no matrix of 10x ({', '.join(list(file)[:5]) or 'nothing'} instead); "
                "pass filtered_feature_bc_matrix.h5"
            )
        return _read_v2(file[_chosen(genomes, genome)])


def _read_v2(group: Any) -> AnnData:
    var = pd.DataFrame(
        {keys.GENE_IDS: _strings(group["genes"])}, index=_strings(group["gene_names"])
    )
    return AnnData(_counts(group, len(var)), obs=_cells(group), var=var)


def _read_v3(group: Any, genome: str | None) -> AnnData:
    features = group["features"]
    var = pd.DataFrame(
        {
            keys.GENE_IDS: _strings(features["id"]),
            keys.FEATURE_TYPES: _strings(features["feature_type"]),
        },
        index=_strings(features["name"]),
    )
    adata = AnnData(_counts(group, len(var)), obs=_cells(group), var=var)
    if "genome" in features:
        genome_g = _strings(features["genome"])
        adata.var["genome"] = genome_g
        # Antibodies have none.
        genomes = list(dict.fromkeys(name for name in genome_g if name))
        if len(genomes) > 1 or genome is not None:
            return adata[:, genome_g == _chosen(genomes, genome)].copy()
    return adata


def _chosen(genomes: list[str], genome: str | None) -> str:
    if genome is None:
        if len(genomes) > 1:
            raise InputError(
                f"holds several genomes: {', '.join(genomes)}; pass one of them, "
                f"e.g. --genome {genomes[0]}"
            )
        return genomes[0]
    if genome not in genomes:
        raise InputError(f"holds no genome {genome!r}. {did_you_mean(genome, genomes)}")
    return genome


def _counts(group: Any, n_features: int) -> "sparse.csr_matrix[Any]":
    if absent := [name for name in _PARTS if name not in group]:
        raise InputError(f"holds no {group.name}/{absent[0]}; get the file again")
    n_rows, n_columns = (int(n) for n in group["shape"][:])
    if (n_rows, n_columns) != (n_features, len(group["barcodes"])):
        raise InputError(
            f"says that its matrix is {n_rows} × {n_columns}, but lists {n_features} features "
            f"and {len(group['barcodes'])} barcodes; get the file again"
        )
    # Features × cells, compressed by cells: the same arrays are cells × features by rows.
    counts_ng: sparse.csr_matrix[Any] = sparse.csr_matrix(
        (group["data"][:], group["indices"][:], group["indptr"][:]), shape=(n_columns, n_rows)
    )
    return counts_ng


def _cells(group: Any) -> pd.DataFrame:
    return pd.DataFrame(index=_strings(group["barcodes"]))


def _strings(dataset: Any) -> Any:
    return np.array(
        [
            text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
            for text in dataset[:]
        ],
        dtype=object,
    )


def _keys(group: Any) -> list[str]:
    return list(group) if isinstance(group, h5py.Group) else []
