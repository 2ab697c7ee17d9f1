"""Turns a 10x Genomics folder (matrix.mtx, barcodes.tsv, features.tsv) into an AnnData."""

import gzip
import re
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import anndata
import pandas as pd
from scipy import sparse

from scbaseline import keys
from scbaseline.data.encoding import is_gzipped
from scbaseline.data.lists import barcodes_of, features_of, has_header, read_list, rows_that_fit
from scbaseline.data.mtx import read_mtx
from scbaseline.data.other_rows import GENE_EXPRESSION
from scbaseline.errors import InputError

_MATRIX = ("matrix.mtx", "matrix.mtx.gz")
_BARCODES = ("barcodes.tsv", "barcodes.tsv.gz")
_FEATURES = ("features.tsv", "features.tsv.gz", "genes.tsv", "genes.tsv.gz")
_FILES = (*_MATRIX, *_BARCODES, *_FEATURES)
_DEPTH = 3  # filtered_gene_bc_matrices/hg19/ lies two below what 10x's archive unpacks into


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
    matrix = path if path.is_file() else _matrix_below(path)
    folder, prefix = matrix.parent, _prefix(matrix)
    barcodes = read_list(_beside(folder, prefix, _BARCODES))
    features = read_list(_beside(folder, prefix, _FEATURES))
    counts_gn = read_mtx(matrix)
    barcodes, features, counts_gn = _fitted(barcodes, features, counts_gn, matrix.name)
    var = features_of(features)
    types = set(var.get(keys.FEATURE_TYPES, ()))
    if types and GENE_EXPRESSION not in types:
        raise InputError(
            f"none of the features is of type {GENE_EXPRESSION!r}, but "
            f"{', '.join(sorted(types))}; pass gene expression"
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


def read_10x_tar(path: Path) -> anndata.AnnData:
    """Read the archive of a 10x folder, as 10x Genomics offers it for download."""
    with (
        gzip.open(path) if is_gzipped(path) else path.open("rb") as stream,
        tarfile.open(fileobj=stream) as archive,
        tempfile.TemporaryDirectory(prefix="scbaseline-") as folder,
    ):
        for member in archive:
            name = PurePosixPath(member.name)
            content = archive.extractfile(member) if name.name.endswith(_FILES) else None
            if content is not None:
                # One folder for each of the archive's, by a name that leads nowhere else;
                # extractall does that only from Python 3.11.4 on.
                inside = Path(folder) / re.sub(r"[^\w.-]+", "-", str(name.parent)).strip(".-")
                inside.mkdir(exist_ok=True)
                with content, (inside / name.name).open("wb") as target:
                    shutil.copyfileobj(content, target)
        stream.read()  # to the end, where gzip's checksum stands
        return read_10x_mtx(Path(folder))


def _matrix_below(folder: Path) -> Path:
    """Return the one matrix in a folder, or in the one 10x folder below it."""
    for depth in range(_DEPTH + 1):
        found = [
            path
            for path in sorted(folder.glob("*/" * depth + "*matrix.mtx*"))
            if path.is_file() and path.name.endswith(_MATRIX)
        ]
        bare = [path for path in found if path.name in _MATRIX]
        folders = sorted({path.parent for path in found})
        if len(folders) > 1:
            names = ", ".join(path.relative_to(folder).as_posix() for path in folders)
            raise InputError(f"holds several 10x folders: {names}; pass the path of one of them")
        # Without a prefix: the folder's own, beside which others may lie.
        if bare:
            return bare[0]
        if len({_prefix(path) for path in found}) > 1:
            names = ", ".join(path.name for path in found)
            raise InputError(f"holds several matrices: {names}; pass the path of one of them")
        if found:
            return found[0]
    raise InputError(f"holds no {' or '.join(_MATRIX)}; pass the folder that holds it")


def _prefix(matrix: Path) -> str:
    name = matrix.name
    return name[: name.rindex("matrix.mtx")]


def _beside(folder: Path, prefix: str, names: tuple[str, ...]) -> Path:
    wanted = tuple(f"{prefix}{name}" for name in names)
    path = next((folder / name for name in wanted if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"{folder.name} has a matrix, but no {' or '.join(wanted)}; add the file")
    return path
