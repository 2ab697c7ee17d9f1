"""Turns the path of a file or folder into an AnnData, by a table of formats."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anndata
import h5py
from anndata import AnnData

from scbaseline import keys
from scbaseline.data.genes import name_genes
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.tenx import GENE_EXPRESSION, read_10x_mtx, read_10x_tar
from scbaseline.errors import InputError


@dataclass(frozen=True)
class Format:
    """One format: what a person calls it, and what reads it."""

    title: str
    read: Callable[[Path], AnnData]


def read_path(path: Path) -> tuple[AnnData, int]:
    """Read a file or folder that exists, and bring it into one form.

    Parameters
    ----------
    path
        Its format is told by its ending; a folder without one of these is a 10x folder.

    Returns
    -------
    adata
        X is canonical CSR float32; genes are named by unique symbols, with Ensembl ids in
        ``var["gene_ids"]`` where known; only gene expression is kept.
    n_other_features
        How many antibodies, guides or peaks were left out.

    Raises
    ------
    InputError
        The format is not known, or the content is not of it.
    """
    file_format = _format_of(path)
    try:
        with warnings.catch_warnings():
            # Old formats and names that are not unique yet; both are seen to below.
            warnings.simplefilter("ignore")
            adata = file_format.read(path)
            adata, n_other_features = _only_genes(adata)
        adata.X = canonical_csr(adata.X)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except PermissionError as error:
        raise InputError(f"{path}: may not be read; ask its owner to allow it") from error
    except MemoryError as error:
        raise InputError(
            f"{path}: needs more memory than there is, or is damaged; pass fewer cells"
        ) from error
    except Exception as error:  # a damaged file makes h5py, pandas and tarfile raise anything
        raise InputError(
            f"{path}: cannot be read as {file_format.title} ({_first_line(error)}); "
            "it may be cut short or of another format, get the file again"
        ) from error
    adata.obs_names = adata.obs_names.astype(str)
    adata.var = name_genes(adata.var)
    return adata, n_other_features


def ending_of(name: str) -> str | None:
    """Return the ending of a file name that tells its format, or ``None``."""
    return next((ending for ending in FORMATS if name.lower().endswith(ending)), None)


def _format_of(path: Path) -> Format:
    ending = ending_of(path.name)
    if ending is not None:
        if path.is_file() and path.stat().st_size == 0:
            raise InputError(f"{path}: is empty; get the file again")
        return FORMATS[ending]
    if path.is_dir():
        return FOLDER
    raise InputError(
        f"{path}: its ending is not known; pass {', '.join(FORMATS)} or {FOLDER.title}"
    )


def _only_genes(adata: AnnData) -> tuple[AnnData, int]:
    if keys.FEATURE_TYPES not in adata.var:
        return adata, 0
    is_gene = (adata.var[keys.FEATURE_TYPES] == GENE_EXPRESSION).to_numpy()
    # The column may hold something else under the same name.
    if is_gene.all() or not is_gene.any():
        return adata, 0
    return adata[:, is_gene].copy(), int((~is_gene).sum())


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:160]


def _read_h5ad(path: Path) -> AnnData:
    if path.is_dir():
        raise InputError("is a folder, not a file; pass the .h5ad file")
    with path.open("rb"):
        pass  # for the plain words of an error of access: h5py's are long
    if not h5py.is_hdf5(path):
        raise InputError("is not an HDF5 file, as every .h5ad is; get the file again")
    with h5py.File(path) as file:
        if absent := [name for name in ("X", "obs", "var") if name not in file]:
            raise InputError(f"holds no {', '.join(absent)}; pass an .h5ad file with counts in X")
    return anndata.read_h5ad(path)


FOLDER = Format("a 10x folder with matrix.mtx", read_10x_mtx)

FORMATS: dict[str, Format] = {
    ".h5ad": Format("an .h5ad file", _read_h5ad),
    ".tar.gz": Format("the archive of a 10x folder", read_10x_tar),
}
