"""Turns a 10x Genomics folder (matrix.mtx, barcodes.tsv, features.tsv) into an AnnData."""

import re
from pathlib import Path

import anndata
import pandas as pd
from scipy import sparse

from scbaseline.data.feature_types import GENE_EXPRESSION, types_of, which_are_genes
from scbaseline.data.folders import files_below, matrix_below
from scbaseline.data.lists import barcodes_of, features_of, has_header, read_list, rows_that_fit
from scbaseline.data.mtx import read_mtx
from scbaseline.errors import InputError

_BARCODES = ("barcodes.tsv", "barcodes.tsv.gz")
_FEATURES = ("features.tsv", "features.tsv.gz", "genes.tsv", "genes.tsv.gz")
_LIST = r"(?:[^A-Za-z][^.]*)?\.(?:tsv|csv|txt)(?:\.gz)?$"
_CELLS = re.compile(
    rf"(?i)(?:^|[^a-z])(?:cell[_-]?)?(?:barcodes?|cells?){_LIST}|\.mtx_cols(?:\.gz)?$"
)
_GENES = re.compile(rf"(?i)(?:^|[^a-z])(?:features?|genes?){_LIST}|\.mtx_rows(?:\.gz)?$")


class NoListError(InputError):
    """A matrix has no list of its cells or features beside it."""


def read_10x_mtx(path: Path) -> anndata.AnnData:
    """Read a 10x folder of version 2 or 3, each of its files plain or gzipped.

    Parameters
    ----------
    path
        The folder of the three files, which may have one prefix (``GSM1_matrix.mtx.gz``), or
        one that has exactly one such folder below it; or the matrix itself.

    Returns
    -------
    Cells × features, named by barcode and symbol (not yet unique), with ``gene_ids`` and,
    from version 3 on, ``feature_types`` in var.

    Raises
    ------
    InputError
        There is no such folder or more than one, or its files do not fit together.
    """
    matrix = path if path.is_file() else matrix_below(path, files_below(path))
    barcodes = read_list(_beside(matrix, _BARCODES, _CELLS))
    features = read_list(_beside(matrix, _FEATURES, _GENES))
    counts_gn = read_mtx(matrix)
    barcodes, features, counts_gn = _fitted(barcodes, features, counts_gn, matrix.name)
    var = features_of(features)
    types = types_of(var)
    if types and not which_are_genes(types).any():
        raise InputError(
            f"none of the features is of type {GENE_EXPRESSION!r}, but "
            f"{', '.join(sorted(set(types)))}; pass gene expression"
        )
    return anndata.AnnData(
        sparse.csr_matrix(counts_gn.T), obs=pd.DataFrame(index=barcodes_of(barcodes)), var=var
    )


def _fitted(
    barcodes: list[list[str]], features: list[list[str]], counts: sparse.coo_matrix, name: str
) -> tuple[list[list[str]], list[list[str]], sparse.coo_matrix]:
    """Return both lists without their headers, and the matrix as features × barcodes."""
    header_b = has_header(barcodes, of_barcodes=True)
    header_f = has_header(features, of_barcodes=False)
    for counts_gn in (counts, counts.T):  # some tools write cells × genes
        n_features, n_barcodes = counts_gn.shape
        fitting_f = rows_that_fit(features, n_wanted=n_features, is_header=header_f)
        fitting_b = rows_that_fit(barcodes, n_wanted=n_barcodes, is_header=header_b)
        if fitting_f is not None and fitting_b is not None:
            return fitting_b, fitting_f, counts_gn
    n_features, n_barcodes = counts.shape
    hint = "take the three files from one folder"
    for rows, n, what in ((features, n_features, "features"), (barcodes, n_barcodes, "barcodes")):
        if len(rows) == n + 1:
            hint += f", or take the first of the {what} out if it is a header ({rows[0][0][:40]!r})"
    raise InputError(
        f"{name} has {n_features} rows and {n_barcodes} columns, but "
        f"there are {len(features)} features and {len(barcodes)} barcodes; {hint}"
    )


def _beside(matrix: Path, names: tuple[str, ...], other: re.Pattern[str]) -> Path:
    """Return the list that belongs to a matrix: by 10x's names, or by words like them."""
    prefix, suffix = _around(matrix)
    wanted = tuple(f"{prefix}{name}" for name in names)
    path = next((matrix.parent / name for name in wanted if (matrix.parent / name).is_file()), None)
    if path is not None:
        return path
    found = [
        path
        for path in sorted(matrix.parent.iterdir())
        if path.is_file() and not path.name.startswith(".") and path != matrix
        and path.name.startswith(prefix) and suffix in path.name[len(prefix) :]
        and other.search(path.name[len(prefix) :])
    ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    seen = f" (seen: {', '.join(path.name for path in found[:5])})" if found else ""
    raise NoListError(
        f"{matrix.parent.name} has a matrix, but no {' or '.join(wanted)}{seen}; add the file"
    )


def _around(matrix: Path) -> tuple[str, str]:
    """Return what stands before and behind the word for the matrix in its name."""
    stem = re.sub(r"\.mtx(?:\.gz)?$", "", matrix.name)
    for word in ("matrix", "counts", "count"):
        if word in stem:
            prefix, _, suffix = stem.rpartition(word)
            return prefix, suffix
    return "", ""
