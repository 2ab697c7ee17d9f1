"""Says whether counts on disk are too many for this machine's memory."""

import os
from pathlib import Path
from typing import Any

from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts
from scbaseline.data.shards import StackedRows, shards_of

SHARE_OF_MEMORY = 0.25
"""Of the machine's memory that a matrix may take: work in memory holds a few copies of it."""

_BYTES = 8  # of a non-zero: a float32 and an index


def too_large_for_memory(path: str | Path, options: ReadOptions) -> bool:
    """Say whether a file's counts would take more than ``SHARE_OF_MEMORY``.

    Only AnnData's own formats are looked at; the others are read whole in any case.

    Parameters
    ----------
    path, options
        As for :func:`~scbaseline.data.read.open_counts`.
    """
    is_store = str(path).endswith((".h5ad", ".zarr")) and Path(path).exists()
    if not is_store and not shards_of(Path(path)):
        return False
    with open_counts(path, options) as adata:
        return n_bytes(adata.X) > SHARE_OF_MEMORY * total_memory()


def n_bytes(matrix: Any) -> float:
    """Return what a matrix on disk would take in memory, as CSR; of one that is there, 0."""
    if isinstance(matrix, StackedRows):
        return matrix.n_bytes_in_memory
    group = getattr(matrix, "group", None)
    if group is not None:
        return float(_BYTES * group["data"].shape[0])
    on_disk = hasattr(matrix, "chunks")  # a dense one; how many of its values are zeros?
    return float(_BYTES * matrix.shape[0] * matrix.shape[1]) if on_disk else 0.0


def total_memory() -> float:
    """Return the machine's memory in bytes; infinity where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return float("inf")
