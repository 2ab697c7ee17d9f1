"""Turns a 10x Genomics .h5 file, of Cell Ranger 2 or 3 and later, into an AnnData."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline import keys
from scbaseline.data.hdf5 import OtherHdf5Error, open_hdf5
from scbaseline.data.matrix import intact
from scbaseline.errors import InputError, did_you_mean, listed

_MATRIX = frozenset({"data", "indices", "indptr", "barcodes"})
_PARTS = ("data", "indices", "indptr", "shape", "barcodes")


class SeveralGenomesError(InputError):
    """A file holds the genes of several genomes, of which none was named."""

    def __init__(self, genomes: list[str]) -> None:
        super().__init__(
            f"holds several genomes: {', '.join(genomes)}; pass one of them, "
            f"e.g. --genome {genomes[0]}"
        )
        self.genomes = genomes


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
    with open_hdf5(path, what=".h5") as file:
        if "X" in file and "obs" in file:
            raise OtherHdf5Error("is an AnnData file; rename it to end in .h5ad")
        if "matrix" in file:
            return _read_v3(file["matrix"], genome)
        found = [name for name, group in file.items() if _keys(group) >= _MATRIX]
        if not found:
            raise InputError(
                f"holds no matrix of 10x ({listed(file) or 'nothing'} instead); "
                "pass filtered_feature_bc_matrix.h5"
            )
        if len(found) == 1 and "features" in file[found[0]]:
            return _read_v3(file[found[0]], genome)
        return _read_v2(file[_chosen(found, genome)])


def _read_v2(group: Any) -> AnnData:
    var = _features(group, ids="genes", names="gene_names")
    return AnnData(_counts(group, len(var)), obs=_cells(group), var=var)


def _read_v3(group: Any, genome: str | None) -> AnnData:
    if "features" not in group:  # CellBender puts version 2's parts there
        return _read_v2(group)
    features = group["features"]
    var = _features(features, ids="id", names="name")
    if "feature_type" in features:
        var[keys.FEATURE_TYPES] = _strings(features["feature_type"])
    adata = AnnData(_counts(group, len(var)), obs=_cells(group), var=var)
    if "genome" in features:
        genome_g = _strings(features["genome"])
        adata.var["genome"] = genome_g
        # Antibodies have none.
        genomes = list(dict.fromkeys(name for name in genome_g if name))
        if len(genomes) > 1 or genome is not None:
            return adata[:, genome_g == _chosen(genomes, genome)].copy()
    return adata


def _features(group: Any, *, ids: str, names: str) -> pd.DataFrame:
    """Return names as index and ids as ``gene_ids``; of the two, one will do."""
    if ids not in group and names not in group:
        raise InputError(
            f"{group.name} holds neither {ids!r} nor {names!r}, which name the genes; "
            "get the file again"
        )
    var = pd.DataFrame(index=_strings(group[names if names in group else ids]))
    if ids in group:
        var[keys.GENE_IDS] = _strings(group[ids])
    return var


def _chosen(genomes: list[str], genome: str | None) -> str:
    if genome is None:
        if len(genomes) > 1:
            raise SeveralGenomesError(genomes)
        return genomes[0]
    if genome not in genomes:
        raise InputError(f"holds no genome {genome!r}. {did_you_mean(genome, genomes)}")
    return genome


def _counts(group: Any, n_features: int) -> "sparse.csr_matrix[Any]":
    if absent := [name for name in _PARTS if name not in group]:
        raise InputError(f"holds no {group.name}/{absent[0]}; get the file again")
    shape = group["shape"][()].ravel().tolist()
    if len(shape) != 2:
        raise InputError(
            f"{group.name}/shape holds {listed(map(str, shape))}, not the numbers of features and "
            "of barcodes; get the file again"
        )
    n_rows, n_columns = map(int, shape)
    if (n_rows, n_columns) != (n_features, len(group["barcodes"])):
        raise InputError(
            f"says that its matrix is {n_rows} × {n_columns}, but lists {n_features} features "
            f"and {len(group['barcodes'])} barcodes; get the file again"
        )
    # Features × cells, compressed by cells: the same arrays are cells × features by rows.
    parts = (group["data"][:], group["indices"][:], group["indptr"][:])
    try:
        counts_ng: sparse.csr_matrix[Any] = sparse.csr_matrix(parts, shape=(n_columns, n_rows))
    except (TypeError, ValueError) as error:
        raise InputError(f"{group.name} is damaged ({error}); get the file again") from error
    # Before any of its genes are picked: a pick follows an index wherever it points.
    checked: sparse.csr_matrix[Any] = intact(counts_ng, name=str(group.name))
    return checked


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


def _keys(group: Any) -> set[str]:
    return set(group) if isinstance(group, h5py.Group) else set()
