"""Turns the processed sample that is installed with scanpy back into raw counts."""

import warnings
from pathlib import Path

import anndata
import numpy as np
from anndata import AnnData

from scbaseline.data.datasets import DATASETS, EMBEDDED_DEFAULT
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.provenance import difference
from scbaseline.errors import InputError

NOTICE = (
    "This is the embedded sample (700 PBMCs × 765 genes, Zheng et al. 2017), not PBMC3k, which "
    "was neither found nor could be downloaded. Its genes were chosen by others on all of its "
    "cells. To get PBMC3k: `scbaseline run pbmc3k` on a machine with a network, or put "
    "pbmc3k_raw.h5ad into a folder and `SCBASELINE_DATA_DIR=/that/folder scbaseline run` "
    "(or `make run`)."
)
"""What is said first, last and in every output of a run on the embedded default."""

# The values are kept to three decimals of log1p; this leaves no count in doubt.
_MAX_ROUNDING_ERROR = 0.25


def read_embedded(path: Path) -> AnnData:
    """Read scanpy's ``pbmc68k_reduced`` and undo its normalisation exactly.

    ``raw.X`` holds log1p of counts per 10,000 of ``obs["n_counts"]``, the total over all
    genes, of which these are 765.

    Parameters
    ----------
    path
        The file, as :func:`~scbaseline.data.datasets.embedded_file` gives it.

    Returns
    -------
    Counts (CSR float32) with the annotation of cells; what was computed from the
    normalised values is left out.

    Raises
    ------
    InputError
        The counts do not come back as whole numbers, or are not the known ones.
    """
    dataset = DATASETS[EMBEDDED_DEFAULT]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file is in AnnData's format of 2018
        processed = anndata.read_h5ad(path)
    normalised_ng = canonical_csr(processed.raw.X)
    totals_n = processed.obs[dataset.total_key].to_numpy(dtype=np.float64)
    per_value = np.repeat(totals_n, np.diff(normalised_ng.indptr))
    values = np.expm1(normalised_ng.data.astype(np.float64)) * per_value / 1e4
    counts_ng = normalised_ng.copy()
    counts_ng.data = np.rint(values).astype(np.float32)
    worst = float(np.abs(values - counts_ng.data).max())
    if worst >= _MAX_ROUNDING_ERROR:
        raise InputError(
            f"{path.name}: a count is {worst:.2f} off a whole number, less than "
            f"{_MAX_ROUNDING_ERROR} is wanted; install scanpy again"
        )
    adata = AnnData(canonical_csr(counts_ng), obs=processed.obs, var=processed.raw.var)
    if differs := difference(adata, dataset):
        raise InputError(f"{path.name}: {differs}; install scanpy again")
    return adata
