"""Turns a 10x Genomics folder (matrix.mtx, barcodes.tsv, features.tsv) into an AnnData."""

import csv
import gzip
import re
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import anndata
import pandas as pd
import scipy.io
from scipy import sparse

from scbaseline import keys
from scbaseline.data.names import GENE_EXPRESSION
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
    barcodes = _read_table(folder, prefix, _BARCODES)[0]
    features = _read_table(folder, prefix, _FEATURES)
    counts_gn = sparse.coo_matrix(scipy.io.mmread(matrix))
    if counts_gn.shape == (len(barcodes), len(features)) != counts_gn.shape[::-1]:
        counts_gn = counts_gn.T  # some tools write cells × genes, and only one way fits
    if counts_gn.shape != (len(features), len(barcodes)):
        raise InputError(
            f"{matrix.name} has {counts_gn.shape[0]} rows and {counts_gn.shape[1]} columns, but "
            f"there are {len(features)} features and {len(barcodes)} barcodes; "
            "take the three files from one folder"
        )
    symbols = features[1 if 1 in features else 0]
    symbols = symbols.where(symbols != "", features[0])
    var = pd.DataFrame({keys.GENE_IDS: features[0].to_numpy()}, index=symbols.to_numpy())
    if 2 in features:
        var[keys.FEATURE_TYPES] = features[2].to_numpy()
        if len(var) and GENE_EXPRESSION not in set(var[keys.FEATURE_TYPES]):
            raise InputError(
                f"none of the features is of type {GENE_EXPRESSION!r}, but "
                f"{', '.join(sorted(set(var[keys.FEATURE_TYPES]))[:5])}; pass gene expression"
            )
    return anndata.AnnData(
        sparse.csr_matrix(counts_gn.T), obs=pd.DataFrame(index=barcodes.to_numpy()), var=var
    )


def read_10x_tar(path: Path) -> anndata.AnnData:
    """Read the archive of a 10x folder, as 10x Genomics offers it for download."""
    with (
        gzip.open(path) as stream,
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


def _read_table(folder: Path, prefix: str, names: tuple[str, ...]) -> pd.DataFrame:
    wanted = tuple(f"{prefix}{name}" for name in names)
    path = next((folder / name for name in wanted if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"{folder.name} has a matrix, but no {' or '.join(wanted)}; add the file")
    try:
        # A gene may be called NA, and a quote is a character like any other.
        table = pd.read_csv(
            path, sep="\t", header=None, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame({0: pd.Series(dtype=str)})
    if table.shape[1] > 1 and table.iloc[-1, -1] == "":
        raise InputError(f"{path.name} ends in the middle of a line; get the file again")
    return table
