"""Counts on disk in; the counts of chosen genes, written once to where they are quick to read, out.

A fit passes over its cells again and again, and sees a few thousand of their genes. A file of
all genes, compressed as it may be, would be read and unpacked anew each time.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.ahead import ahead
from scbaseline.counts import CHUNK_CELLS, Counts
from scbaseline.errors import OutputError
from scbaseline.files import temporary_prefix
from scbaseline.ranks import ranks_here

_ENTRY = np.dtype([("gene", np.int32), ("count", np.float32)])
_MARGIN = 1.2  # of what the sampled cells say that all cells need
_SAMPLES = 32  # places of the file at which cells are looked at for that


class Spill:
    """Files with the counts of chosen genes, one a rule; gone when the context ends.

    Counts in memory need none: nothing is written, and ``counts`` stays empty.

    Parameters
    ----------
    source
        Counts of all cells and genes.
    folder
        Where the files are put, in a folder of their own; by default the system's for
        temporary files.

    Attributes
    ----------
    counts
        Rule → the counts of all cells, of the genes that the rule chose and no others.
    """

    def __init__(self, source: Counts, folder: Path | None = None) -> None:
        self._source, self._parent = source, folder or Path(tempfile.gettempdir())
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.counts: dict[str, Counts] = {}

    def __enter__(self) -> Self:
        # Seen before another rank of this machine begins to write.
        self._free = shutil.disk_usage(self._parent).free
        return self

    def __exit__(self, *_: object) -> None:
        self.counts.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def write(self, genes: Mapping[str, NDArray[np.int64]]) -> None:
        """Write the counts of all cells in one pass, a file for each rule.

        Parameters
        ----------
        genes
            Rule → the genes that it chose.

        Raises
        ------
        OutputError
            The disk has no room for them; the message names the folder and the space needed.
        """
        if self._source.in_memory:
            return
        n_bytes = self._require_space(genes)
        try:
            self._folder = tempfile.TemporaryDirectory(
                dir=self._parent, prefix=temporary_prefix(), ignore_cleanup_errors=True
            )
            self.counts = self._written(genes, Path(self._folder.name))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                raise
            raise self._refusal(n_bytes, os.strerror(error.errno)) from error

    def _written(self, genes: Mapping[str, NDArray[np.int64]], folder: Path) -> dict[str, Counts]:
        paths = {rule: folder / f"{rule}.counts" for rule in genes}
        lengths: dict[str, list[NDArray[np.int64]]] = {
            rule: [np.zeros(1, np.int64)] for rule in genes
        }
        files: dict[str, BinaryIO] = {rule: path.open("wb") for rule, path in paths.items()}
        try:
            for counts_ng, _ in ahead(self._source.blocks()):
                for rule, genes_g in genes.items():
                    chosen_ng = counts_ng[:, genes_g]
                    entries = np.empty(chosen_ng.nnz, dtype=_ENTRY)
                    entries["gene"], entries["count"] = chosen_ng.indices, chosen_ng.data
                    files[rule].write(entries.data)
                    lengths[rule].append(np.diff(chosen_ng.indptr).astype(np.int64))
        finally:
            for file in files.values():
                file.close()
        return {
            rule: Counts.on_disk(
                _Entries(paths[rule], np.cumsum(np.concatenate(lengths[rule])), len(genes_g)),
                self._source.total_n,
            )
            for rule, genes_g in genes.items()
        }

    def _require_space(self, genes: Mapping[str, NDArray[np.int64]]) -> int:
        """Return the bytes that are needed, estimated on cells from all over the file.

        Each rank of a machine writes files of its own, to the same disk at the same time.
        """
        n_cells = self._source.shape[0]
        starts = np.unique(np.linspace(0, max(n_cells - CHUNK_CELLS, 0), _SAMPLES).astype(int))
        rows_n = np.unique((starts[:, None] + np.arange(CHUNK_CELLS)).clip(0, max(n_cells - 1, 0)))
        sample_ng = self._source.rows(rows_n).counts_ng
        n_values = sum(int(sample_ng[:, genes_g].nnz) for genes_g in genes.values())
        of_rank = _MARGIN * _ENTRY.itemsize * n_values * n_cells / max(len(rows_n), 1)
        n_bytes = int(of_rank * ranks_here())
        if self._free < n_bytes:
            raise self._refusal(n_bytes, os.strerror(errno.ENOSPC))
        return n_bytes

    def _refusal(self, n_bytes: int, reason: str) -> OutputError:
        free = shutil.disk_usage(self._parent).free
        whose = f" of {n_ranks} ranks" if (n_ranks := ranks_here()) > 1 else ""
        return OutputError(
            f"{self._parent}: the counts of the chosen genes{whose} need {n_bytes / 2**20:,.0f} "
            f"MiB for as long as training lasts, and {free / 2**20:,.0f} MiB are free ({reason}); "
            "make room there, or type TMPDIR=/another/folder before the command"
        )


class _Entries:
    """A file of genes and counts, cell after cell; a source on disk.

    Parameters
    ----------
    path
        The file.
    indptr
        Where each cell's entries begin, and last their number.
    n_genes
        The number of genes.
    """

    def __init__(self, path: Path, indptr: NDArray[np.int64], n_genes: int) -> None:
        self._path, self._indptr = path, indptr
        self.shape = len(indptr) - 1, n_genes

    def read(self, start: int, stop: int) -> "sparse.csr_matrix":
        """Return the counts of adjacent cells, CSR float32."""
        first, last = int(self._indptr[start]), int(self._indptr[stop])
        entries = np.fromfile(
            self._path, _ENTRY, count=last - first, offset=first * _ENTRY.itemsize
        )
        indptr = (self._indptr[start : stop + 1] - first).astype(np.int32)
        parts = entries["count"].copy(), entries["gene"].copy(), indptr
        return sparse.csr_matrix(parts, shape=(stop - start, self.shape[1]))
